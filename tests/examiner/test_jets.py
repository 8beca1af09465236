"""Taylor polynomials of numbers with bounds: the exact coefficients lie within the bounds."""

import inspect

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onekl.examiner.bounded import Bounded, NoRule
from onekl.examiner.jets import Jet

ORDER = 4
away = st.floats(0.25, 4)
slopes = st.lists(st.floats(-2, 2), min_size=ORDER, max_size=ORDER)

# Each operation on jets, and on functions of one exact number.
ONE = {
    "__neg__": (lambda a: -a, lambda a: -a),
    "log": (lambda a: a.log(), mpmath.log),
    "exp": (lambda a: a.exp(), mpmath.exp),
    "sin": (lambda a: a.sin(), mpmath.sin),
    "__pow__": (lambda a: a ** Bounded(-1.5), lambda a: a ** mpmath.mpf(-1.5)),
    "__pow__ by 3": (lambda a: a ** Bounded(3.0), lambda a: a**3),
    "__pow__ by 0": (lambda a: a ** Bounded(0.0), lambda a: mpmath.mpf(1)),
    "__radd__": (lambda a: Bounded(2.5) + a, lambda a: 2.5 + a),
    "__rsub__": (lambda a: Bounded(2.5) - a, lambda a: 2.5 - a),
    "__rmul__": (lambda a: Bounded(2.5) * a, lambda a: 2.5 * a),
    "__rtruediv__": (lambda a: Bounded(2.5) / a, lambda a: 2.5 / a),
}
TWO = {
    "__add__": lambda a, b: a + b,
    "__sub__": lambda a, b: a - b,
    "__mul__": lambda a, b: a * b,
    "__truediv__": lambda a, b: a / b,
}
OF_SHAPE = {"value", "error", "moving", "start", "derivative", "of_each", "is_zero", "sum",
            "unless", "smooth"}  # fmt: skip


def jet(first, others):
    return Jet([Bounded(first), *map(Bounded, others)])


def moving(first, others):
    """The polynomial as a function."""
    return lambda s: mpmath.polyval([*map(mpmath.mpf, reversed(others)), mpmath.mpf(first)], s)


def assert_within(found, function):
    with mpmath.workdps(60):
        exact = mpmath.taylor(function, 0, ORDER)
        for coefficient, true in zip(found.coefficients, exact):
            off = abs(mpmath.mpf(float(coefficient.value)) - true)
            # The coefficients of mpmath are differences, good to more than 30 digits.
            assert off <= float(coefficient.error) + 1e-30 * max(map(abs, exact))
            assert float(coefficient.error) <= 1e-9 * (1 + max(map(abs, exact)))


def test_every_operation_has_a_case():
    own = {name for name in vars(Jet) if inspect.isfunction(getattr(Jet, name))}
    public = {name for name in own if not name.startswith("_") or name.endswith("__")}
    cases = {name.split(" ")[0] for name in (*ONE, *TWO)}
    assert public - {"__init__"} - OF_SHAPE == cases


@pytest.mark.parametrize("name", ONE)
@settings(max_examples=25)
@given(away, slopes)
def test_one_number_s_polynomial_stays_within_its_bounds(name, first, others):
    ours, exact = ONE[name]
    path = moving(first, others)
    assert_within(ours(jet(first, others)), lambda s: exact(path(s)))


@pytest.mark.parametrize("name", TWO)
@settings(max_examples=25)
@given(away, slopes, away, slopes)
def test_two_numbers_polynomial_stays_within_its_bounds(name, a, rise, b, fall):
    one, other = moving(a, rise), moving(b, fall)
    found = TWO[name](jet(a, rise), jet(b, fall))
    assert_within(found, lambda s: TWO[name](one(s), other(s)))


def test_a_derivative_lowers_the_order():
    found = jet(1.0, [2.0, 3.0, 4.0]).derivative(2)
    assert [float(c.value) for c in found.coefficients] == [6.0, 24.0]


def test_a_sum_and_a_choice_are_taken_coefficient_by_coefficient():
    both = Jet([Bounded(np.array([[1.0, 2.0], [3.0, 4.0]])), Bounded(np.array([[5.0], [6.0]]))])
    total = both.sum(-2)
    assert [c.value.ravel().tolist() for c in total.coefficients] == [[4.0, 6.0], [11.0]]
    chosen = both.unless(np.array([[True, False]]), Bounded(7.0))
    assert chosen.coefficients[0].value.tolist() == [[7.0, 2.0], [7.0, 4.0]]
    assert chosen.coefficients[1].value.tolist() == [[0.0, 5.0], [0.0, 6.0]]


def test_only_what_is_0_to_every_order_is_0():
    assert jet(0.0, [0.0, 0.0]).is_zero() and not jet(0.0, [1.0, 0.0]).is_zero()


@pytest.mark.parametrize("ask", [
    lambda a: a.value,
    lambda a: a.error,
    lambda a: a.smooth(np.tanh, 1.0),
    lambda a: a ** jet(1.0, [1.0, 0.0]),
    lambda a: Bounded.extreme([a, Bounded(1.0)], np.maximum),
    lambda a: a + jet(1.0, [1.0]),
])  # fmt: skip
def test_what_is_no_polynomial_has_no_rule(ask):
    with pytest.raises(NoRule):
        ask(jet(1.0, [2.0, 3.0]))
