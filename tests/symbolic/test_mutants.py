"""The wrong versions that are made of a statement: which changes, and none twice."""

import pytest
from sympy import Function, Rational, S, Symbol, exp, log, sqrt, symbols

from onekl.symbolic.algebra import (
    KL,
    ClassProbability,
    Entropy,
    Expectation,
    Joint,
    LabelledJoint,
    SumOrIntegral,
)
from onekl.symbolic.mutants import mutants
from onekl.symbolic.sampling import RandomParameters, RandomTables
from onekl.symbolic.statements import Bound, Identity

x, z, b, y = symbols("x z b y", real=True)
s = Symbol("s", positive=True)
f = Function("f", real=True)
A, B = Joint("p", (x,)), Joint("q", (x,))
P, Q = Joint("p", (x, z)), Joint("q", (x, z))
D = ClassProbability("D", x)
NUMBERS = RandomParameters(((s, 1, 2), (b, 0, 1)))
ONE, TWO = RandomTables((A, B)), RandomTables((P, Q))
half = Rational(1, 2)
step = P(x) * P(z, given=x)


def over(integrand):
    return SumOrIntegral(integrand, (x,))


def made(instances, right):
    """The wrong right sides by the name of the change, without −right and 2·right."""
    found = [
        (name, one.right) for name, one in mutants(Identity(instances, left=S.Zero, right=right))
    ]
    assert ("sign", -right) in found and ("constant", 2 * right) in found
    return {(name, one) for name, one in found if one not in (-right, 2 * right)}


CHANGES = [
    (NUMBERS, 3 * b, set()),
    (NUMBERS, b * s, {("square added", b * s**2)}),
    (NUMBERS, b**2 / 2, {("square lost", b / 2)}),
    (NUMBERS, sqrt(s) * b, {("root lost", b * s)}),
    (NUMBERS, log(s), set()),  # log s² is 2 log s, which is there, and log(−s) is no number
    (
        NUMBERS, exp(s) + b,
        {
            ("sign", exp(s) - b), ("sign", b - exp(s)), ("dropped term", exp(s)),
            ("dropped term", b), ("exponent doubled", exp(2 * s) + b),
            ("square added", exp(s**2) + b),
        },
    ),
    (
        ONE, KL(A(x), B(x)),
        {
            ("KL reversed", KL(B(x), A(x))), ("p and q exchanged", KL(A(x), A(x))),
            ("p and q exchanged", KL(B(x), B(x))),
        },
    ),
    (ONE, Entropy(A(x)), {("p and q exchanged", Entropy(B(x)))}),
    (
        ONE, over(A(x) * f(x) / 2),
        {("p and q exchanged", over(B(x) * f(x) / 2)), ("half lost", over(A(x) * f(x)))},
    ),
    (
        ONE, over(A(x) * D),
        {
            ("D and 1 − D exchanged", over(A(x) * D.other)),
            ("p and q exchanged", over(B(x) * D)), ("sign", over(-A(x) * D)),
        },
    ),
    (
        TWO, Entropy(P(x)),
        {
            ("another marginal", Entropy(P(z))), ("another marginal", Entropy(P(x, z))),
            ("p and q exchanged", Entropy(Q(x))),
        },
    ),
    (
        TWO, KL(P(x), Q(x)),
        {
            ("KL reversed", KL(Q(x), P(x))), ("another marginal", KL(P(z), Q(z))),
            ("another marginal", KL(P(x, z), Q(x, z))), ("p and q exchanged", KL(Q(x), Q(x))),
            ("p and q exchanged", KL(P(x), P(x))),
        },
    ),
    (
        TWO, Expectation(step, f(x)),
        {
            ("p and q exchanged", Expectation(Q(x) * P(z, given=x), f(x))),
            ("p and q exchanged", Expectation(P(x) * Q(z, given=x), f(x))),
            ("condition added", Expectation(P(x, given=z) * P(z, given=x), f(x))),
            ("condition dropped", Expectation(P(x) * P(z), f(x))),
            ("joint for conditional", Expectation(P(x) * P(x, z), f(x))),
            ("another density", Expectation(P(x) * Q(z), f(x))),
        },
    ),
]  # fmt: skip


@pytest.mark.parametrize("instances, right, expected", CHANGES, ids=[f"{c[1]}" for c in CHANGES])
def test_every_change_of_one_place_is_made_once(instances, right, expected):
    assert made(instances, right) == expected


def test_a_half_that_is_lost_is_called_so():
    names = {name for name, _ in made(NUMBERS, b + s / 2)}
    assert "half lost" in names
    assert ("constant", b + 6 * s) in made(NUMBERS, b + 3 * s)


def test_a_term_of_a_product_may_change_its_sign_and_a_multiple_not_twice():
    found = made(NUMBERS, exp(b * s) + log(s))
    assert ("sign", exp(-b * s) + log(s)) in found
    assert ("sign", exp(-2 * b) + s) not in made(NUMBERS, exp(2 * b) + s)


def test_the_labels_of_a_labelled_divergence_are_exchanged():
    label = Symbol("y")
    first = LabelledJoint(label, A(x) / 2, B(x) / 2)
    second = LabelledJoint(label, D * A(x), D.other * A(x))
    found = made(ONE, KL(first, second))
    exchanged = LabelledJoint(label, B(x) / 2, A(x) / 2)
    assert ("labels exchanged", KL(exchanged, second)) in found
    assert ("labels exchanged", KL(first, second.func(label, second.zero, second.one))) in found


def test_each_side_that_may_change_is_changed():
    rest = Expectation(P(x), KL(P(z, given=x), Q(z, given=x)))
    bound = Bound(TWO, upper=KL(P(x, z), Q(x, z)), lower=KL(P(x), Q(x)), remainder=rest)
    found = [one for _, one in mutants(bound)]
    changed = [
        [name for name in bound.mutable if getattr(one, name) != getattr(bound, name)]
        for one in found
    ]
    assert all(len(names) == 1 for names in changed)
    assert {name for names in changed for name in names} == set(bound.mutable)
    assert KL(Q(x), P(x)) in {one.lower for one in found}
    assert -rest in {one.remainder for one in found}


def test_a_change_that_leaves_a_variable_open_or_a_weight_that_is_none_is_not_made():
    for _, one in mutants(Identity(TWO, left=S.Zero, right=Expectation(step, f(x)))):
        assert not one.right.free_symbols & {x, z}
        for mean in one.right.atoms(Expectation):
            assert not mean.weight.could_extract_minus_sign()
            assert set(mean.variables) == {x, z}
