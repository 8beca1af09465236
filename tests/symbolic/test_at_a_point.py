"""Values of integrands at one point: how densities can vanish there, and what 0 and ∞ do."""

import pytest
import sympy
from sympy import Function, Mul, S, log, symbols

from onekl.symbolic.algebra import ClassProbability, Expectation, Joint, SumOrIntegral
from onekl.symbolic.optima.at_a_point import (
    Infinite,
    infinities_cancel,
    label_values,
    patterns,
    product_at,
    unknowns,
    value_at,
    with_conditions,
)
from onekl.symbolic.sampling import RandomTables
from provers import named

x, z = symbols("x z", real=True)
P, Q = Joint("p", (x, z)), Joint("q", (x, z))
TABLES = RandomTables((P, Q))
a = sympy.Symbol("a", positive=True)
f = Function("f", real=True)(x)


def ways(*densities):
    """Which of the densities are positive, in each of the patterns."""
    found = list(patterns(list(densities), TABLES))
    assert not any(one.vanishes(d) for one in found[:1] for d in densities)
    seen = [tuple(not one.vanishes(d) for d in densities) for one in found]
    assert len(set(seen)) == len(seen)
    return set(seen)


def test_densities_of_two_families_vanish_in_every_way():
    assert ways(P(x), Q(x)) == {(True, True), (True, False), (False, True), (False, False)}


def test_no_joint_density_is_positive_where_a_marginal_is_0():
    assert ways(P(x), P(x, z)) == {(True, True), (True, False), (False, False)}
    assert (True, True, False) in ways(P(x), P(z), P(x, z))
    assert not any(whole and not (one and two) for one, two, whole in ways(P(x), P(z), P(x, z)))
    assert len(ways(P(x), P(z), P(x, z))) == 5
    assert len(ways(Q(x), P(x, z))) == 4  # another family's marginal may vanish


def test_a_joint_density_is_its_condition_times_its_conditional():
    found = ways(*with_conditions([P(z, given=x)], TABLES))
    order = with_conditions([P(z, given=x)], TABLES)
    assert order == [P(x), P(x, z), P(z, given=x)]
    assert found == {
        (marginal, marginal and conditional, conditional)
        for marginal in (True, False)
        for conditional in (True, False)
    }


def test_two_conditionals_of_one_joint_agree():
    order = with_conditions([P(z, given=x), P(x, given=z)], TABLES)
    for one in patterns(order, TABLES):
        whole = not one.vanishes(P(x, z))
        for condition, conditional in ((P(x), P(z, given=x)), (P(z), P(x, given=z))):
            assert whole == (not one.vanishes(condition) and not one.vanishes(conditional))


def test_the_order_is_that_of_the_tables_and_not_of_the_names():
    swapped = RandomTables((Q, P))
    assert with_conditions([P(x), Q(x), Q(x, z)], swapped) == [Q(x), Q(x, z), P(x)]
    assert with_conditions([Q(x), P(z), P(x)], TABLES) == [P(x), P(z), Q(x)]


p, q = P(x), Q(x)
VALUES = {p: S.Zero, q: a, f: S(2)}


@pytest.mark.parametrize(
    "expression, value",
    [
        (p * q, S.Zero), (q + 1, a + 1), (q**2 / 2, a**2 / 2), (log(q), log(a)),
        (p * log(p), S.Zero), (p / p + q, 1 + a), (p**2, S.Zero), (p + q * f, 2 * a),
        (log(q / 3), log(a) - log(S(3))), (f, S(2)),
    ],
    ids=named,
)  # fmt: skip
def test_values_are_put_in_and_0_times_anything_is_0(expression, value):
    assert sympy.expand(value_at(expression, VALUES) - value) == 0


def test_a_pole_is_infinite_and_beside_a_0_it_does_not_count():
    pole = value_at(1 / p, VALUES)
    assert isinstance(pole, Infinite) and pole.is_positive and value_at(1 / p, VALUES) == pole
    assert product_at((p, 1 / p), VALUES) == 0  # as they are written, before anything cancels
    assert value_at(Mul(p, 1 / p, evaluate=False), VALUES) == 0
    assert value_at(p + 1 / p, VALUES) == pole
    assert value_at(p**-2, VALUES) != pole


def test_the_log_of_0_is_minus_infinite_and_adds_up():
    lost = value_at(log(p), VALUES)
    assert isinstance(-lost, Infinite)
    assert value_at(log(q / p), VALUES) == log(a) - lost
    assert value_at(log(p**2), VALUES) == 2 * lost
    assert value_at(q * log(p), VALUES) == a * lost


def test_infinities_of_two_signs_have_no_sum():
    pole, lost = value_at(1 / p, VALUES), value_at(log(p), VALUES)
    assert value_at(log(p) - log(p * q), VALUES) is sympy.nan
    assert infinities_cancel([pole, -pole]) and infinities_cancel([pole, 1 - pole, S(2)])
    assert not infinities_cancel([pole, pole]) and not infinities_cancel([pole, lost])
    assert not infinities_cancel([S.One, -S.One]) and not infinities_cancel([pole, -pole / 2])


def test_the_two_probabilities_of_a_label_are_positive_and_sum_to_one():
    one, D = ClassProbability("p", ()), ClassProbability("D", x)
    values = label_values([one.other, D, p])
    assert set(values) == {one, one.other}
    assert sympy.simplify(sum(values.values())) == 1
    assert all(value.is_positive for value in values.values())
    assert label_values([one]) == values  # the same odds each time, so that results can be kept


def test_what_an_integral_binds_is_no_unknown_of_its_own():
    D = ClassProbability("D", x)
    total = SumOrIntegral(P(z) * log(P(z)), (z,))
    assert unknowns(p * log(q) * D + total) == {p, q, D, total}
    assert unknowns(Expectation(p, q)) == {p, q} and unknowns(a * f) == set()
