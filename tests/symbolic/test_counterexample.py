"""A counterexample evaluates the statement's own sides, exactly, on one explicit instance."""

from dataclasses import replace

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Add, Mul, Rational, S, log

from onekl.chapters import stated_claims
from onekl.chapters.gan import claims as gan
from onekl.chapters.joint_kl.claims import TABLES, P, Q, conditional, marginal, x, z
from onekl.symbolic.algebra import KL, ClassProbability, Expectation, Joint, SumOrIntegral
from onekl.symbolic.counterexample import Counterexample
from onekl.symbolic.instance import Instance, table_of, table_of_pairs
from onekl.symbolic.limits import Limit
from onekl.symbolic.objective import SameObjective
from onekl.symbolic.optima.minimum import Minimum
from onekl.symbolic.premises import Equal
from onekl.symbolic.proof import NotProved
from onekl.symbolic.sampling import RandomParameters, RandomTables
from onekl.symbolic.statements import Bound, Identity
from provers import refusal

HALF, THIRD = Rational(1, 2), Rational(1, 3)
t, u = sympy.symbols("t u", positive=True)
c_1, c_2 = sympy.symbols("c_1 c_2", real=True)
ranges = RandomParameters(((t, 0.1, 0.9), (u, 0.1, 2)))
joint = KL(P(x, z), Q(x, z))
reversed_kl = Identity(TABLES, left=joint, right=KL(Q(x, z), P(x, z)))
UNLIKE = Instance(
    tables=((P, [[HALF, 0], [0, HALF]]), (Q, [[Rational(1, 4)] * 2, [Rational(1, 4)] * 2]))
)
POSITIVE = Instance(
    tables=(
        (P, [[Rational(3, 5), Rational(1, 5)], [Rational(1, 10), Rational(1, 10)]]),
        (Q, [[Rational(1, 4)] * 2, [Rational(1, 4)] * 2]),
    )
)


def refutes(statement, *at, **more):
    return Counterexample(statement.instances, of=statement, at=at, **more)


# What is false is refuted, by each kind of statement.

FALSE = {
    "an identity": refutes(reversed_kl, POSITIVE),
    "an identity that is infinite on one side": refutes(
        Identity(TABLES, left=KL(Q(x, z), P(x, z)), right=joint), UNLIKE
    ),
    "a bound": refutes(
        Bound(TABLES, upper=marginal, lower=joint, remainder=conditional), POSITIVE
    ),
    "a law": refutes(
        replace(gan.CLAIMS[0].statements[0], density=gan.P(x)),
        Instance(
            tables=((gan.PRIOR, [THIRD, 2 * THIRD]), (gan.P, [HALF, HALF])),
            functions=(table_of(gan.G, 1, 1), table_of("f", 0, 1)),
        ),
    ),
    "a minimum": refutes(
        Minimum(ranges, expression=(t - 1) ** 2, symbol=t, at=S(2)), Instance(values=((t, S.One),))
    ),
    "a limit": refutes(
        Limit(ranges, expression=1 / t, symbol=t, point=S.Zero, value=S.Zero), Instance()
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FALSE)
def test_a_false_statement_is_refuted(name):
    counterexample = FALSE[name]
    proof = counterexample.prove()
    assert proof.steps and not proof.premises
    with pytest.raises(NotProved):
        counterexample.of.prove()


TRUE = {
    "an identity": refutes(Identity(TABLES, left=joint, right=marginal + conditional), POSITIVE),
    "a bound": refutes(Bound(TABLES, upper=joint, lower=marginal, remainder=conditional), POSITIVE),
    "both sides infinite": refutes(
        Identity(TABLES, left=KL(Q(x, z), P(x, z)), right=2 * KL(Q(x, z), P(x, z))), UNLIKE
    ),
    "a minimum": refutes(
        Minimum(ranges, expression=(t - 1) ** 2, symbol=t, at=S.One), Instance(values=((t, S(3)),))
    ),
}


@pytest.mark.parametrize("name", TRUE)
def test_an_instance_on_which_the_statement_holds_refutes_nothing(name):
    refusal(TRUE[name], "no counterexample")


@given(st.lists(st.integers(1, 9), min_size=4, max_size=4))
@settings(max_examples=25, deadline=None)
def test_on_no_table_is_a_true_statement_refuted(cells):
    whole = sum(cells)
    rows = [[Rational(cells[2 * i + j], whole) for j in (0, 1)] for i in (0, 1)]
    flat = [[Rational(1, 4)] * 2] * 2
    true = Bound(TABLES, upper=joint, lower=marginal, remainder=conditional)
    refusal(refutes(true, Instance(tables=((P, rows), (Q, flat)))), "no counterexample")


# Conditionals of events of probability 0 decide nothing.

EMPTY_ROW = [[HALF, HALF], [0, 0]]
given_x = Expectation(Q(x), SumOrIntegral(P(z, given=x) * z, (z,)))


@pytest.mark.parametrize("weight", [Rational(1, 4), Rational(1, 9), 1])
def test_a_conditional_of_a_null_event_refutes_nothing(weight):
    rows = [[(1 - weight) / 2] * 2, [weight / 2] * 2]
    false = Identity(TABLES, left=given_x, right=HALF)
    instance = Instance(tables=((P, EMPTY_ROW), (Q, rows)))
    refusal(refutes(false, instance), "probability 0")


def test_a_null_event_that_has_no_weight_is_no_hindrance():
    instance = Instance(tables=((P, EMPTY_ROW), (Q, [[HALF, HALF], [0, 0]])))
    refutes(Identity(TABLES, left=given_x, right=S.Zero), instance).prove()


# Objectives: slopes of opposite signs, or one that is 0 alone.

varied = RandomTables((P, Q))
rows = [[1 - t, t]]
ONE_LETTER = Instance(tables=((P, rows), (Q, [[HALF, HALF]])), values=((t, Rational(1, 4)),))
to_model = KL(P(x, z), Q(x, z))


def objectives(one, other):
    return SameObjective(TABLES, objective=one, other=other, varied=(P(z, given=x),))


@pytest.mark.parametrize("factor", [1, 3, HALF])
def test_objectives_that_go_the_same_way_are_not_told_apart(factor):
    refusal(refutes(objectives(factor * to_model, to_model), ONE_LETTER, along=t), "no counterex")


@pytest.mark.parametrize("factor", [-1, -HALF])
def test_objectives_that_go_opposite_ways_are(factor):
    (step,) = refutes(objectives(factor * to_model, to_model), ONE_LETTER, along=t).prove().steps
    assert r"\partial" in step and "but" in step


def test_an_objective_that_moves_an_optimum_is_another():
    at_optimum = replace(ONE_LETTER, values=((t, HALF),))
    moved = Add(to_model, SumOrIntegral(P(x, z) * z, (x, z)), evaluate=False)
    refutes(objectives(moved, to_model), at_optimum, along=t).prove()


def test_two_objectives_need_a_symbol_and_nothing_else_does():
    refusal(refutes(objectives(-to_model, to_model), ONE_LETTER), "along a symbol")
    refusal(refutes(reversed_kl, ONE_LETTER, along=t), "along a symbol")


# "For some constants": no values of them satisfy the equation on all the instances.

square = Identity(ranges, left=t**2 + u**2, right=(c_1 * t + c_2 * u) ** 2)
STEPS = tuple(
    Instance(values=((t, sympy.sympify(a)), (u, sympy.sympify(b))))
    for a, b in ((1, 2), (2, 1), (1, 1))
)


def test_no_constants_make_a_sum_of_two_squares_a_square():
    (step,) = refutes(square, *STEPS, unknowns=(c_1, c_2)).prove().steps
    assert "for no" in step


@pytest.mark.parametrize("at, left", [(STEPS[:2], t**2 + u**2), (STEPS, (t - 3 * u) ** 2)])
def test_constants_that_exist_are_found(at, left):
    refusal(refutes(replace(square, left=left), *at, unknowns=(c_1, c_2)), "have a solution")


@pytest.mark.parametrize("coefficient", [log(2), sympy.pi, sympy.sqrt(2), sympy.cos(1)])
def test_coefficients_whose_zeros_are_not_seen_are_refused(coefficient):
    scaled = replace(square, left=coefficient * square.left)
    refusal(refutes(scaled, *STEPS, unknowns=(c_1, c_2)), "rational coefficients")


# Bad input: one clear line each.


def test_an_instance_outside_the_domain_of_a_symbol_is_refused():
    refusal(refutes(square, Instance(values=((t, -S.One), (u, S.One)))), "domain")


def test_an_instance_that_contradicts_a_given_equation_is_refused():
    D = gan.D
    claimed = Identity(
        gan.TABLES, given=(Equal(D, gan.best_D),), left=Expectation(gan.data, D), right=S.Zero
    )
    tables = ((gan.P, [HALF, HALF]), (gan.Q, [HALF, HALF]))
    wrong = Instance(tables=tables, functions=(table_of("D", THIRD, HALF),))
    refusal(refutes(claimed, wrong), "contradicts the premise")
    right = Instance(tables=tables, functions=(table_of("D", HALF, HALF),))
    for instance in (right, Instance(tables=tables)):
        refutes(claimed, instance).prove()


def test_an_instance_on_which_what_is_supposed_fails_is_refused():
    supposed = Identity(TABLES, left=marginal, right=S.Zero)
    refusal(refutes(reversed_kl, POSITIVE, where=(supposed,)), "does not satisfy")


@pytest.mark.parametrize("value", [4, -HALF, Rational(3, 2)])
def test_a_discriminator_outside_0_and_1_is_refused(value):
    claimed = Identity(gan.TABLES, left=Expectation(gan.data, gan.D), right=S.Zero)
    tables = ((gan.P, [HALF, HALF]),)
    outside = Instance(tables=tables, functions=(table_of("D", HALF, value),))
    refusal(refutes(claimed, outside), "not from 0 to 1")


def test_a_function_without_a_value_is_named():
    refusal(
        refutes(
            Identity(gan.TABLES, left=Expectation(gan.data, gan.D), right=S.Zero),
            Instance(tables=((gan.P, [HALF, HALF]),)),
        ),
        r"no value for D\(0\)",
    )


def test_two_tables_for_one_family_are_refused():
    with pytest.raises(ValueError, match="two tables for one family"):
        Instance(tables=((P, EMPTY_ROW), (P, EMPTY_ROW)))


def test_a_table_that_does_not_sum_to_one_is_refused():
    refusal(refutes(reversed_kl, Instance(tables=((P, [[1, 1], [0, 0]]), (Q, EMPTY_ROW)))), "sum")


# The book's own.


def refutations():
    return [
        pytest.param(counterexample, id=f"{id}-{index}")
        for id, claim in stated_claims().items()
        for index, counterexample in enumerate(claim.refuted)
    ]


@pytest.mark.parametrize("counterexample", refutations())
def test_what_a_claim_refutes_is_not_proved(counterexample):
    counterexample.prove()
    with pytest.raises(NotProved):
        counterexample.of.prove()


def test_a_table_of_pairs_has_a_value_for_each():
    name, pairs = table_of_pairs("D", [[HALF, THIRD]])
    assert name == "D" and dict(pairs) == {(0, 0): HALF, (0, 1): THIRD}
    D = ClassProbability("D", (x, z))
    one = Joint("p", (x, z))
    instance = Instance(tables=((one, [[HALF, HALF]]),), functions=((name, pairs),))
    mean = Expectation(one(x, z), Mul(D, log(sympy.E)))
    assert instance.exact(mean) == Rational(5, 12)


SMALL = Joint("s", (x,)), Joint("r", (x,))
LAWS = RandomTables(SMALL)
s_x, r_x = (joint(x) for joint in SMALL)
EVEN = [HALF, HALF]


@pytest.mark.parametrize("cells", [[t, t], [1 - 2 * t, t], [1 + t, -t]])
def test_a_table_that_is_none_at_its_symbols_values_refutes_nothing(cells):
    least = Bound(LAWS, upper=KL(s_x, r_x), lower=S.Zero, remainder=KL(s_x, r_x))
    at = Instance(tables=((SMALL[0], cells), (SMALL[1], EVEN)), values=((t, Rational(1, 10)),))
    refusal(refutes(least, at), "sums to|not negative")


@pytest.mark.parametrize("chance", [S.Zero, S.One, 1 + t])
def test_a_label_has_a_probability_between_0_and_1(chance):
    label = ClassProbability("y", ())
    sure = Bound(LAWS, upper=log(2 / label), lower=log(S(2)), remainder=log(1 / label))
    at = Instance(
        tables=((SMALL[0], EVEN),), functions=(("y", (((), chance),)),), values=((t, THIRD),)
    )
    refusal(refutes(sure, at), "probability|from 0 to 1")


def test_objectives_are_told_apart_along_what_they_vary():
    """The slopes of KL(s ‖ r) and of −E_s log r in s differ, and only r is varied."""
    likelihood = SameObjective(
        LAWS,
        objective=KL(s_x, r_x),
        other=-Expectation(s_x, log(r_x)),
        varied=(r_x,),
        rest=Expectation(s_x, log(s_x)),
    )
    moving = [t, 1 - t]
    value = ((t, Rational(1, 10)),)
    for other in (EVEN, [Rational(1, 4), Rational(3, 4)], moving):
        at = Instance(tables=((SMALL[0], moving), (SMALL[1], other)), values=value)
        refusal(refutes(likelihood, at, along=t), "do not vary")
    at = Instance(tables=((SMALL[0], EVEN), (SMALL[1], moving)), values=value)
    refusal(refutes(likelihood, at, along=t), "no counterexample")
    assert refutes(replace(likelihood, other=Expectation(s_x, log(r_x))), at, along=t).prove()


def test_open_constants_refute_equations_alone():
    """KL ≥ −c² for every c, though KL = −c² has no real c."""
    gap = KL(s_x, r_x)
    bound = Bound(LAWS, upper=gap, lower=-(c_1**2), remainder=gap + c_1**2)
    at = [Instance(tables=((SMALL[0], EVEN), (SMALL[1], [k, 1 - k]))) for k in (HALF, THIRD)]
    refusal(refutes(bound, *at, unknowns=(c_1,)), "only for an equation")
    refusal(refutes(bound), "needs an instance")
    apart = SumOrIntegral(sympy.Abs(s_x - r_x), (x,))
    assert refutes(Identity(LAWS, left=apart, right=c_1), *at, unknowns=(c_1,)).prove().steps
