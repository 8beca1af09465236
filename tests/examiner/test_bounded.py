"""Numbers with bounds: the exact result of each operation lies within the bound."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onekl.examiner.bounded import EPS, Bounded

numbers = st.floats(-50, 50).filter(lambda x: x == 0 or abs(x) > 1e-6)
positive = st.floats(1e-6, 50)
errors = st.sampled_from([0.0, 1e-12, 1e-9])
OPERATIONS = {
    "sum": lambda a, b: a + b,
    "difference": lambda a, b: a - b,
    "product": lambda a, b: a * b,
}


def exact(number, shift):
    """A true number that the bounded one may stand for."""
    return mpmath.mpf(float(number.value)) + mpmath.mpf(shift) * mpmath.mpf(float(number.error))


def assert_within(found, true):
    assert abs(mpmath.mpf(float(found.value)) - true) <= float(found.error), (found.value, true)


@pytest.mark.parametrize("name", OPERATIONS)
@given(numbers, numbers, errors, errors, st.floats(-1, 1), st.floats(-1, 1))
def test_arithmetic_stays_within_its_bound(name, a, b, e, f, s, t):
    one, other = Bounded(a, e), Bounded(b, f)
    with mpmath.workdps(50):
        assert_within(
            OPERATIONS[name](one, other), OPERATIONS[name](exact(one, s), exact(other, t))
        )


@given(positive, st.sampled_from([-2, -1, 0.5, 1, 2, 3, 1.5]), st.floats(-1, 1))
def test_powers_logarithms_and_exponentials_stay_within_their_bound(a, power, s):
    number = Bounded(a, 1e-9 * a)
    with mpmath.workdps(50):
        true = exact(number, s)
        assert_within(number ** Bounded(power), true ** mpmath.mpf(power))
        assert_within(number.log(), mpmath.log(true))
        assert_within(number.exp(), mpmath.exp(true))


@given(st.lists(numbers, min_size=1, max_size=20))
def test_a_sum_over_an_axis_stays_within_its_bound(values):
    found = Bounded(np.array(values)[:, None]).sum(-2)
    with mpmath.workdps(50):
        true = mpmath.fsum(map(mpmath.mpf, values))
        assert abs(mpmath.mpf(float(found.value[0, 0])) - true) <= float(found.error[0, 0])


def test_the_conventions_at_0_and_at_infinity():
    zero, one, infinite = Bounded(0.0), Bounded(1.0), Bounded(np.inf)
    with np.errstate(all="ignore"):
        assert (zero * infinite).value == 0 and (zero * zero.log()).value == 0
        assert zero.log().value == -np.inf and (one / zero).value == np.inf
        assert np.isnan((infinite - infinite).value) and np.isnan(Bounded(-1.0).log().value)
        assert (infinite * Bounded(-2.0)).value == -np.inf
        assert (zero ** Bounded(2.0)).value == 0 and (zero ** Bounded(0.0)).value == 1


# A number, its error, and where within the error the true one is, in parts of it.
leaves = st.tuples(
    st.sampled_from([0.0, 1e-200, 1e-30, 1e-9, 0.5, 1.0, 3.0, 800.0, 1e30, 1e200]),
    st.sampled_from([0.0, 0.0, 1e-13, 1e-3, 1.5]),
    st.sampled_from([-1.0, 0.0, 0.3, 1.0]),
    st.booleans(),
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["sum", "difference", "product", "ratio"]), inner, inner),
        st.tuples(st.sampled_from(["log", "exp", "square", "inverse", "axis"]), inner),
    ),
    max_leaves=5,
)


HUGE = 1e6  # e to this is far beyond the doubles


def both(tree):
    """A tree's value with its bound, and the true one, None where it has none."""
    if isinstance(tree[0], float):
        size, share, shift, is_negative = tree
        number = Bounded(-size if is_negative else size, share * size if size else share)
        return number, exact(number, shift)
    name, found = tree[0], [both(part) for part in tree[1:]]
    numbers, true = zip(*found)
    if None in true:
        return numbers[0], None
    if name == "axis":  # the sum of the number and of 1 over an axis
        one = [np.array([[part], [extra]]) for part, extra in zip(parts_of(numbers[0]), (1.0, 0.0))]
        total = Bounded(*one).sum(-2)
        return Bounded(total.value[0, 0], total.error[0, 0]), true[0] + 1
    return RULES[name](*numbers), true_value(name, *true)


def parts_of(number):
    return float(number.value), float(number.error)


RULES = {
    **OPERATIONS,
    "ratio": lambda a, b: a / b,
    "log": lambda a: a.log(),
    "exp": lambda a: a.exp(),
    "square": lambda a: a ** Bounded(2.0),
    "inverse": lambda a: a ** Bounded(-1.0),
}


def true_value(name, a, b=None):
    """The exact result by the conventions; None for ∞ − ∞, and for the log of a negative number."""
    if name == "ratio":
        return true_value("product", a, true_value("inverse", b))
    if name == "product" and 0 in (a, b):
        return mpmath.mpf(0)
    if name == "inverse":
        return mpmath.inf if a == 0 else 1 / a
    if name == "log":
        return None if a < 0 else -mpmath.inf if a == 0 else mpmath.log(a)
    if name == "exp" and mpmath.isfinite(a):
        a = max(min(a, HUGE), -HUGE)  # beyond that mpmath has no number
    plain = {**OPERATIONS, "exp": mpmath.exp, "square": lambda a: a**2}
    found = plain[name](a, b) if b is not None else plain[name](a)
    return None if mpmath.isnan(found) else found


@settings(max_examples=500)
@given(trees)
def test_what_is_said_for_certain_is_true(tree):
    """A bound holds, 0 included, and ∞ without a doubt is ∞, also where doubles run out.

    The bound itself is rounded, so the last digits of it are allowed for.
    """
    with mpmath.workdps(60), np.errstate(all="ignore"):
        found, true = both(tree)
    value, error = parts_of(found)
    if true is None or np.isnan(value) or not np.isfinite(error):
        return
    if np.isinf(value):
        assert true == value
    else:
        with mpmath.workdps(60):
            assert mpmath.isfinite(true) and abs(true - mpmath.mpf(value)) <= error * (1 + 1e-9)


def test_a_number_that_may_be_0_has_no_bounded_logarithm():
    unsure = Bounded(1e-12, 1e-11)
    with np.errstate(all="ignore"):
        assert not np.isfinite(unsure.log().error)
        assert not np.isfinite((Bounded(1.0) / unsure).error)


def test_a_bound_is_small_where_nothing_cancels():
    found = (Bounded(1 / 3) + Bounded(1 / 7)) * Bounded(3.7).log()
    assert 0 < found.error < 10 * EPS * abs(found.value)


def test_a_power_of_what_may_be_0_has_a_bound_for_each_exponent_of_an_array():
    unsure, exponents = Bounded(1e-12, 1e-11), Bounded(np.array([1.0, 2.0, 0.5, -1.0]))
    with np.errstate(all="ignore"):
        found = unsure**exponents
        one_by_one = [float((unsure ** Bounded(e)).error) for e in exponents.value]
    np.testing.assert_array_equal(found.error, one_by_one)
    assert np.isfinite(found.error).tolist() == [True, True, False, False]
