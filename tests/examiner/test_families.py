"""Densities with a parameter on arrays: their values are those of the evaluation with 30 digits."""

import mpmath
import numpy as np
import pytest
import sympy
from sympy import Function, log

from onekl.examiner.bounded import Bounded, NoRule
from onekl.examiner.draw import draw, tables
from onekl.examiner.expansions import expanded
from onekl.examiner.vectors import Examiner
from onekl.symbolic.algebra import KL, Expectation, Joint, SumOrIntegral
from onekl.symbolic.numeric import DIGITS, compiled
from onekl.symbolic.parametric.densities import Along, ParametricJoint, VectorSymbol
from onekl.symbolic.parametric.families import RandomFamilies
from onekl.symbolic.trials import Expanded

x, z = sympy.symbols("x z", real=True)
t = sympy.Symbol("t", positive=True)
theta, step, other = (VectorSymbol(name) for name in ("theta", "v", "w"))
Q, P = ParametricJoint("q", (x, z), theta), Joint("p", (x, z))
DRAWN = RandomFamilies((Q, P), directions=(step, other))
OLD = Q.at(theta - step)
f = Function("f", real=True)


def mean(value):
    return Expectation(Q(x, z), value)


CLOSED = {
    "sums to 1": SumOrIntegral(OLD(x), (x,)),
    "a square": SumOrIntegral(OLD(x, z) ** 2, (x, z)),
    "a KL between two places": KL(OLD(x), Q(x)),
    "a KL of conditionals": mean(log(Q(z, given=x)) - log(OLD(z, given=x))),
    "beside a table": KL(P(z), Q.at(theta + 2 * step - other)(z)),
    "a slope": SumOrIntegral(f(x) * Along(Q(x), theta, step), (x,)),
    "a bend": SumOrIntegral(f(x) * Along(Q(x), theta, (step, step)), (x,)),
    "a score": mean(Along(log(Q(z, given=x)), theta, step) ** 2),
    "the slope of a mean": Along(mean(f(x) * f(z)), theta, other),
    "the bend of a KL": Along(KL(P(x), Q(x)), theta, (step, step)),
}


def agree(number, k, exact):
    value, error = (np.broadcast_to(part.ravel(), 20)[k] for part in (number.value, number.error))
    return abs(mpmath.mpf(float(value)) - exact) <= float(error) + 1e-24 * abs(exact)


@pytest.mark.parametrize("name", CLOSED)
def test_values_are_those_of_30_digits(name):
    """The derivatives there are differences, which are good to 24 digits at least."""
    for shape in range(3):  # vectors of one, two and three coordinates
        batch = tables(DRAWN, 20, seed=1000 * shape, zeros=False)
        found = Examiner(batch)(CLOSED[name])
        with mpmath.workdps(DIGITS + 10):
            exact = compiled(CLOSED[name])
            assert all(agree(found, k, exact(batch.assignment(k))) for k in range(0, 20, 5))
        assert (found.error < 1e-9 * (1 + abs(found.value))).all()


def test_a_cell_that_is_0_stays_0_and_does_not_move():
    batch = tables(DRAWN, 40, seed=1, zeros=True)
    null = batch.tables["q"] == 0
    assert null.any()
    value = Examiner(batch)
    moved = batch.table_at("q", tuple(map(Bounded, batch.vectors[theta])))
    assert ((moved.value == 0) == null).all() and (moved.error[null] == 0).all()
    assert np.isfinite(value(KL(Q(x, z), OLD(x, z))).value).all()


def test_chosen_instances_have_the_values_that_they_had():
    batch = tables(DRAWN, 20, seed=2000, zeros=False)
    which = np.array([3, 0, 3, 19])
    for expression in CLOSED.values():
        found = Examiner(batch)(expression).value.ravel()
        again = Examiner(batch.chosen(which))(expression).value.ravel()
        np.testing.assert_allclose(again, found[which], 1e-12, 1e-12)


@pytest.mark.parametrize("strange", [
    mean(f(theta, x)),
    Along(mean(f(x)), theta, (step, other)),
    SumOrIntegral(Q.at(theta + VectorSymbol("u"))(x), (x,)),
    SumOrIntegral(ParametricJoint("r", (x,), theta)(x), (x,)),
])  # fmt: skip
def test_what_has_no_rule_says_so(strange):
    with pytest.raises(NoRule):
        Examiner(tables(DRAWN, 4, seed=0, zeros=False))(strange)


def tally(expression, value, order):
    batches = draw(DRAWN, 100)
    trial = Expanded(expression, value, t, sympy.S.Zero, order)
    return expanded(trial, [Examiner(batch) for batch in batches])


LINE = Q.at(theta - t * step)(x)
TANGENT = Q(x) - t * Along(Q(x), theta, step)


def test_an_expansion_that_holds_agrees_at_every_open_letter():
    found = tally(LINE, TANGENT, order=1)
    assert (found.finite, found.wrong, found.valueless, found.unsure) == (100, [], [], [])
    assert 0 < found.error < 1e-9


@pytest.mark.parametrize("value, order", [
    (TANGENT, 2),
    (Q(x) + t * Along(Q(x), theta, step), 1),
    (Q(x), 1),
    (TANGENT + t**2 * Along(Q(x), theta, (step, step)), 2),
    (P(x) - t * Along(Q(x), theta, step), 1),
])  # fmt: skip
def test_an_expansion_that_is_off_is_wrong(value, order):
    found = tally(LINE, value, order)
    assert len(found.wrong) > 50 and not found.unsure


def test_a_coefficient_that_is_infinite_is_no_agreement():
    found = tally(log(t) * LINE, log(t) * LINE, order=1)
    assert found.finite == 0 and len(found.valueless) == 100
