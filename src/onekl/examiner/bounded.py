"""Arrays of numbers in double precision, each with a bound on its rounding error.

The conventions are those of the book's integrals: 0 times anything is 0, log 0 is −∞, and 1/0 is ∞.
What has no value, such as ∞ − ∞ or the logarithm of a negative number, is NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

EPS = 2.0**-52  # twice the rounding error of one operation


class Bounded:
    """Numbers with bounds: the true number at each place is within `error` of `value`.

    The two arrays broadcast against each other and against those of other numbers.
    """

    __slots__ = ("value", "error")

    def __init__(self, value: np.ndarray | float, error: np.ndarray | float = 0.0) -> None:
        self.value = np.asarray(value, dtype=float)
        self.error = np.asarray(error, dtype=float)

    def __neg__(self) -> Bounded:
        return Bounded(-self.value, self.error)

    def __add__(self, other: Bounded) -> Bounded:
        value = self.value + other.value
        return Bounded(value, _finite(value, self.error + other.error + EPS * abs(value)))

    def __sub__(self, other: Bounded) -> Bounded:
        return self + -other

    def __mul__(self, other: Bounded) -> Bounded:
        a, b = abs(self.value), abs(other.value)
        value = self.value * other.value
        error = a * other.error + self.error * (b + other.error) + EPS * abs(value)
        if np.isfinite(error).all():
            return Bounded(value, error)
        nothing = self.is_zero() | other.is_zero()
        unsure = ((self.error >= a) | (other.error >= b)) & ~nothing
        error = np.where(np.isinf(value), np.where(unsure, np.inf, 0.0), error)
        return Bounded(np.where(nothing, 0.0, value), np.where(nothing, 0.0, error))

    def __truediv__(self, other: Bounded) -> Bounded:
        return self * other ** Bounded(-1.0)

    def __pow__(self, power: Bounded) -> Bounded:
        base, exponent = self.value + 0.0, power.value  # a base is never −0
        value = base**exponent
        # From the exponent 1 on the slope is largest at the far end, whether or not that is near 0.
        steep = (exponent >= 1) & (power.error == 0)
        if steep.all():
            error = self._along_the_slope(exponent, value)
        else:
            relative = abs(exponent) * self._log_error() + EPS
            if power.error.any():
                relative = relative + abs(np.log(abs(base))) * power.error
            error = abs(value) * np.expm1(relative)
            if steep.any():
                error = np.where(steep, self._along_the_slope(exponent, value), error)
        return Bounded(value, np.where(self.is_zero() | np.isinf(base), 0.0, _finite(value, error)))

    def _along_the_slope(self, exponent: np.ndarray, value: np.ndarray) -> np.ndarray:
        """The error of a power with an exact exponent that is 1 or more."""
        slope = exponent * (abs(self.value) + self.error) ** (exponent - 1)
        return slope * self.error + EPS * abs(value)

    def is_zero(self) -> np.ndarray:
        """Where the number is exactly 0."""
        return (self.value == 0) & (self.error == 0)

    def _log_error(self) -> np.ndarray:
        """By how much, at most, the logarithm of the number's size is off; NaN at exactly 0."""
        return self.error / np.maximum(abs(self.value) - self.error, 0.0)

    def log(self) -> Bounded:
        """The logarithm: −∞ at 0, NaN below."""
        value = np.log(self.value)
        return Bounded(value, _finite(value, self._log_error() + EPS * abs(value)))

    def exp(self) -> Bounded:
        """The exponential."""
        value = np.exp(self.value)
        # e^(v+e) − e^v without the difference, whose rounding would be larger than a small error.
        error = -np.exp(self.value + self.error) * np.expm1(-self.error) + 2 * EPS * value
        return Bounded(value, _finite(value, error))

    def smooth(self, function: Callable[[np.ndarray], np.ndarray], slope: float) -> Bounded:
        """A function whose slope is nowhere steeper than `slope`."""
        value = function(self.value)
        return Bounded(value, _finite(value, slope * self.error + EPS * (1 + abs(value))))

    def sum(self, axis: int) -> Bounded:
        """The sum over an axis, counted from the last, which stays with length 1."""
        value, error = np.broadcast_arrays(self.value, self.error)
        total = value.sum(axis=axis, keepdims=True)
        size = np.where(np.isinf(value), 0.0, abs(value)).sum(axis=axis, keepdims=True)
        rounding = EPS * value.shape[axis] * size
        return Bounded(total, _finite(total, error.sum(axis=axis, keepdims=True) + rounding))

    @staticmethod
    def where(condition: np.ndarray, one: Bounded, other: Bounded) -> Bounded:
        """One number where the condition holds, the other elsewhere."""
        return Bounded(
            np.where(condition, one.value, other.value), np.where(condition, one.error, other.error)
        )

    @staticmethod
    def extreme(numbers: Sequence[Bounded], pick: np.ufunc) -> Bounded:
        """The largest, or the smallest, of some numbers."""
        value = pick.reduce(np.broadcast_arrays(*(n.value for n in numbers)))
        return Bounded(value, np.maximum.reduce(np.broadcast_arrays(*(n.error for n in numbers))))


def _finite(value: np.ndarray, error: np.ndarray) -> np.ndarray:
    """The error; 0 where the value is infinite."""
    return np.where(np.isinf(value), 0.0, error)
