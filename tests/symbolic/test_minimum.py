"""What is seen of the slope of a function of one positive number."""

import pytest
from sympy import Symbol, exp, log, sqrt

from onekl.symbolic.optima.minimum import _has_no_root, _rises, _sign_and_rest

t, s = Symbol("t", positive=True), Symbol("s", positive=True)


@pytest.mark.parametrize(
    "factor, expected",
    [
        (t**2 - t + 1, True),
        (t**2 + t, True),
        (t**3 - t**2 + t, True),
        (t**2 - 1, False),
        (t - 2, False),
        (t**2 - 4 * t + 4, False),
        (-(t**2) + t - 1, False),
        (t + s, False),
        (sqrt(2) * t + 1, False),
        (exp(t), False),
        (2 * t**2 / 3 - t / 5 + 1, True),
    ],
)
def test_a_polynomial_without_a_positive_root_is_seen_to_be_positive(factor, expected):
    assert _has_no_root(factor, t) is expected


@pytest.mark.parametrize(
    "slope, sign, rest",
    [
        (t**2 - t + 1, 1, []),
        (-(t**2) + t - 1, -1, []),
        ((t - 1) * (t**2 - t + 1) / t, 1, [t - 1]),
        ((1 - t) ** 3 * s, 1, [1 - t]),
        (-((t - 1) ** 2), -1, [(t - 1) ** 2]),
    ],
)
def test_a_slope_is_a_sign_times_the_factors_that_may_change_it(slope, sign, rest):
    found, left = _sign_and_rest(slope, t)
    turned = [-factor for factor in left]
    assert (found, left) == (sign, rest) or (found, turned) == (-sign, rest)


@pytest.mark.parametrize(
    "function, expected",
    [(log(t), True), (t**2, True), (-log(t), False), (t - log(t), False), (t**3 + t, True)],
)
def test_a_function_rises_where_its_slope_is_positive(function, expected):
    assert _rises(function, t) is expected
