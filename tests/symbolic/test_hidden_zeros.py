"""What SymPy cancels, or a fraction holds twice, cannot hide where a density vanishes."""

from random import Random

import mpmath
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Abs, Add, Function, Max, Min, Mul, Pow, S, log

from onekl.symbolic.algebra import (
    KL,
    ClassProbability,
    Dirac,
    Entropy,
    Expectation,
    Joint,
    SumOrIntegral,
    kl_div,
)
from onekl.symbolic.copies import copy_of
from onekl.symbolic.numeric import DIGITS, compiled
from onekl.symbolic.proof import NotProved
from onekl.symbolic.sampling import RandomTables
from onekl.symbolic.statements import Identity
from onekl.symbolic.zeros import _Point
from provers import refusal

x, z = sympy.symbols("x z", real=True)
P, Q, R = (Joint(name, (x,)) for name in "pqr")
p, q, r = P(x), Q(x), R(x)
TABLES = RandomTables((P, Q, R))
f = Function("f", real=True)(x)
WRONG = mpmath.mpf(10) ** -9


def over(integrand):
    return SumOrIntegral(integrand, (x,))


def product(*factors):
    return Mul(*factors, evaluate=False)


def below(factor):
    return Pow(factor, -1, evaluate=False)


def instances(count, tables=TABLES):
    """Instances in which every second cell is 0."""
    random = Random("zeros")
    while count:
        instance = tables.draw(random, 1)
        for cells in instance.tables.values():
            raw = {cell: value * random.randint(0, 1) for cell, value in cells.items()}
            whole = sum(raw.values())
            if whole:
                cells.update({cell: value / whole for cell, value in raw.items()})
        count -= 1
        yield instance


def agrees(statement, imposed, count=60):
    """Whether the numbers agree on all instances that keep to the premises.

    Where neither side has a value, ∞ − ∞, there is nothing to agree on.
    """
    with mpmath.workdps(DIGITS):
        violation = statement.compile()
        sides = compiled(statement.left), compiled(statement.right)
        return all(
            violation(instance) < WRONG or all(mpmath.isnan(side(instance)) for side in sides)
            for instance in instances(count, statement.instances)
            if not any(instance.breaks(premise) for premise in imposed)
        )


NEEDS_A_PREMISE = {
    "a mean over q of p/q": (Expectation(q, p / q * f), Expectation(p, f)),
    "in a sum": (Expectation(q, Add(p / q, 1, evaluate=False)), S(2)),
    "nested": (Expectation(r, Expectation(Q(x), p / q)), S.One),
    "a KL over another weight": (Expectation(q, p / q * log(p / r)), KL(p, r)),
    "a fraction written out": (over(product(q, product(p, q), below(product(p, q)))), S.One),
    "a fraction twice": (over(product(q, p, p, below(product(p, p)))), S.One),
    "an inverse beside a sum": (
        over(product(q, Add(p, r, evaluate=False), below(Add(p, r, evaluate=False)))), S.One
    ),
    "an inverse under a log's weight": (
        over(product(q, log(p / q), p, below(p))), over(q * log(p / q))
    ),
    "a factor and its inverse in a KL": (KL(p, product(q, r, below(r))), KL(p, q)),
    "a square": (Expectation(q, (p / q) ** 2 * q / p), S.One),
}  # fmt: skip


@pytest.mark.parametrize("name", NEEDS_A_PREMISE)
def test_a_cancelled_zero_is_a_premise_or_a_refusal(name):
    left, right = NEEDS_A_PREMISE[name]
    statement = Identity(TABLES, left=left, right=right)
    try:
        proof = statement.prove()
    except NotProved as refusal:
        assert "\n" not in str(refusal)
        return
    assert proof.imposed, name
    assert agrees(statement, proof.imposed) and not agrees(statement, ())


NEEDS_NONE = {
    "a KL by its definition": (Expectation(p, log(p / q)), KL(p, q)),
    "a common factor under a log": (KL(p, q), over(product(p, log(product(p, r) / (q * r))))),
    "an entropy": (Entropy(p), over(-p * log(p))),
    "a kl_div": (over(kl_div(p, q)), KL(p, q)),
    "a mean over a sum": (Expectation((p + q) / 2, f), (Expectation(p, f) + Expectation(q, f)) / 2),
}


@pytest.mark.parametrize("name", NEEDS_NONE)
def test_what_cancels_harmlessly_needs_no_support(name):
    left, right = NEEDS_NONE[name]
    statement = Identity(TABLES, left=left, right=right)
    proof = statement.prove()
    assert proof.support == () and agrees(statement, proof.imposed)


FACTORS = st.sampled_from([p, q, r, f, 1 + p, p + q, p * q])


@st.composite
def identities(draw):
    """A product under a mean, with some factors also below, and a right side that cancels some."""
    weight = draw(st.sampled_from([p, q, (p + q) / 2]))
    above = draw(st.lists(FACTORS, max_size=3))
    both = draw(st.lists(st.sampled_from([p, q, r, p + q, p * q]), max_size=2))
    inside = product(S.One, *above, *both, *map(below, both))
    value = draw(st.sampled_from([inside, inside.doit(), Add(inside, f, evaluate=False)]))
    rest = draw(st.sampled_from([S.One, S.One, log(p / q), S(2)]))
    left = Expectation(weight, product(value, rest))
    cancelled = weight * value.doit() * (rest if rest != 2 else S(3))
    return Identity(TABLES, left=left, right=over(sympy.expand(cancelled)))


@given(identities())
@settings(max_examples=60, deadline=None)
def test_what_is_proved_holds_wherever_its_premises_do(statement):
    try:
        proof = statement.prove()
    except NotProved as refusal:
        assert "\n" not in str(refusal) and "_Dummy" not in str(refusal)
        return
    assert agrees(statement, proof.imposed, count=12), (statement.latex(), proof.premises)


@pytest.mark.parametrize("factor", [1, 2, -1])
def test_a_variable_that_is_integrated_over_is_no_constant(factor):
    """A positive variable could make an integral infinite: its finiteness stays a premise."""
    y = sympy.Symbol("y", positive=True)
    A, B = Joint("a", (y,)), Joint("b", (y,))
    tables = RandomTables((A, B))
    left = SumOrIntegral(A(y) * y * log(A(y) / B(y)) + factor * A(y) * y, (y,))
    right = Add(
        SumOrIntegral(A(y) * y * log(A(y) / B(y)), (y,)),
        factor * Expectation(A(y), y),
        evaluate=False,
    )
    try:
        premises = Identity(tables, left=left, right=right).prove().premises
    except NotProved:
        return
    assert any("finite" in premise for premise in premises)


D = ClassProbability("D", x)
lam = sympy.Symbol("lambda", positive=True)
SCALED = RandomTables((P, Q, R), scalars=(lam,))
A, B = Joint("a", (z,)), Joint("b", (z,))
MAPS = RandomTables((P, A, B), maps=(("G", x), ("H", x)))
landing = Add(*(Dirac(x, Function(name)(z)) for name in "GH")) / 2
twice = copy_of(x)
f_twice = f.xreplace({x: twice})

# The quotient is 0/0 where two things that need not vanish are equal.
EQUAL_SOMEWHERE = {
    "two densities": (over((p**2 - q**2) / (p - q)), S(2)),
    "a function and a number": (Expectation(p, (f**2 - 1) / (f - 1)), Expectation(p, f + 1)),
    "D and one half": (Expectation(p, (4 * D**2 - 1) / (2 * D - 1)), Expectation(p, 2 * D + 1)),
    "a constant and 1": (
        Expectation(p, (lam**2 - 1) / (lam - 1) * f), (lam + 1) * Expectation(p, f)
    ),
    "a letter and 0": (Expectation(p, (x**2 + x) / x), Expectation(p, x + 1)),
    "a function at two letters": (
        SumOrIntegral(p * P(twice) * (f**2 - f_twice**2) / (f - f_twice), (x, twice)),
        2 * Expectation(p, f),
    ),
    "in logarithms of one integrand": (
        over(r * Add(log((p - q) ** 2 * r), -log((p - q) ** 2), evaluate=False)), over(r * log(r))
    ),
}  # fmt: skip

# A product with a factor that is 0 on a region says nothing there; elsewhere q = 0 < p is wrong.
ZERO_ON_A_REGION = {
    "a function above 1": Max(f - 1, 0),
    "a function below −3": Min(f + 3, 0),
    "a density above another": Max(r - p, 0),
    "the other way round": Max(p - r, 0),
    "D above one half": Max(D - S.Half, 0) * D.other,
    "a constant below 1": Max(1 - lam, 0),
    "negative letters": Max(-x, 0),
    "by an absolute value": Abs(f - 1) + f - 1,
}


@pytest.mark.parametrize("name", EQUAL_SOMEWHERE)
def test_a_difference_that_may_vanish_is_refused(name):
    left, right = EQUAL_SOMEWHERE[name]
    refusal(Identity(SCALED, left=left, right=right), "not seen to be other than 0")


@pytest.mark.parametrize("name", ZERO_ON_A_REGION)
def test_a_factor_that_is_0_on_a_region_hides_no_zero(name):
    factor = ZERO_ON_A_REGION[name]
    right = Expectation(p, factor)
    refusal(Identity(SCALED, left=Expectation(q, p / q * factor), right=right), "whole region")
    beside = Expectation(p, Add(factor, f, evaluate=False))  # nothing is divided by: no zeros
    total = Add(right, Expectation(p, f), evaluate=False)
    assert Identity(SCALED, left=beside, right=total).prove().support == ()


def test_a_mixture_of_maps_hides_no_zero():
    value = over(landing * f)
    left, right = Expectation(B(z), A(z) / B(z) * value), Expectation(A(z), value)
    refusal(Identity(MAPS, left=left, right=right), "whole region")


@pytest.mark.parametrize("exponent", [lam - 1, f - 3])
def test_a_power_whose_sign_is_open_is_refused(exponent):
    left = Expectation(r, product(q, q**exponent, below(q)))
    refusal(Identity(SCALED, left=left, right=Expectation(r, q**exponent)), "no known sign")


@pytest.mark.parametrize(
    "inside", [product(p, q, below(q)), product(p, q, q, below(product(q, q)))]
)
def test_a_finite_integral_says_nothing_of_what_has_cancelled_in_it(inside):
    """The premise is that ∫ r log p is finite, which it may be where q vanishes."""
    left = Add(Expectation(r, log(inside)), Expectation(r, log(p)), evaluate=False)
    statement = Identity(TABLES, left=left, right=2 * Expectation(r, log(p)))
    proof = statement.prove()
    assert proof.support and agrees(statement, proof.imposed)
    assert not agrees(statement, proof.finite)


@pytest.mark.parametrize("number", [-1, 3, S.Half])
def test_a_number_has_a_finite_mean_without_a_premise(number):
    left = Expectation(q, f**2 + number)
    right = Add(Expectation(q, f**2), Expectation(q, S(number)), evaluate=False)
    proof = Identity(TABLES, left=left, right=right).prove()
    assert proof.premises == ()


def test_what_the_tables_lack_is_named():
    W, c = Joint("w", (x,)), sympy.Symbol("c", real=True)
    for left, name in ((Expectation(W(x), f + 1), "w"), (c * Expectation(p, f + 1), "c")):
        refusal(Identity(TABLES, left=left, right=over(f)), f"of the name {name}$")


# Polynomials that vanish at simple values of D, of f and of a density: no point may be there.
VANISHING = [
    D - S(3) / 10,
    (f - S(7) / 10) * (f + S(17) / 10),
    (2 * r - 1) * (3 * r - 1) * (8 * r - 3),
]


@pytest.mark.parametrize("factor", VANISHING)
def test_a_factor_that_vanishes_at_a_simple_value_hides_no_zero(factor):
    left, right = Expectation(q, p / q * factor**2), Expectation(p, factor**2)
    proof = Identity(SCALED, left=left, right=right).prove()
    assert [premise.any_of for premise in proof.support] == [(q,)]


BOUNDED_BELOW = {
    "a KL beside a square": (Add(KL(p, q), over(r * f**2)), (log(p / q) * p, r * f**2)),
    "two KL": (Add(KL(p, q), KL(q, p)), (p * log(p / q), q * log(q / p))),
    "a measure of mass 2": (over(p * log(p / (p + q)) + r), (p * log(p / (p + q)), r)),
    "shares of D": (over(p * log(p / (D * q)) + r), (p * log(p / (D * q)), r)),
}


@pytest.mark.parametrize("name", BOUNDED_BELOW)
def test_a_mean_of_a_log_of_a_ratio_of_measures_needs_no_premise(name):
    left, parts = BOUNDED_BELOW[name]
    means = [Expectation(w, Mul(*(part / w,))) for w, part in zip(weights(parts), parts)]
    statement = Identity(TABLES, left=left, right=Add(*means, evaluate=False))
    proof = statement.prove()
    assert proof.imposed == () and agrees(statement, ())


def weights(parts):
    """The density that each part is an average under."""
    return [next(w for w in (p, q, r) if w in part.args or w == part) for part in parts]


def test_a_mean_that_may_be_minus_infinite_needs_one():
    for value in (log(q), -log(p / q), log(p / q) * f):
        right = Add(Expectation(p, value), Expectation(r, f**2), evaluate=False)
        assert Identity(TABLES, left=over(p * value + r * f**2), right=right).prove().finite


@pytest.mark.parametrize("number", [0, sympy.Rational(1, 2), 1])
def test_an_outcome_is_positive_where_its_own_probability_is(number):
    letter = sympy.Symbol("x")
    D, p = ClassProbability("D", letter), Joint("p", (letter,))(letter)
    point = _Point(densities={p: number}, outcomes={D: number})
    assert point.is_positive(D) is (number > 0) and point.is_positive(p) is (number > 0)
    assert point.is_positive(D.other) is (number < 1)
