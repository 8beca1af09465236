"""Arrays of numbers in double precision, each with a bound on its rounding error.

The conventions are those of the book's integrals: 0 times anything is 0, log 0 is −∞, and 1/0 is ∞.
What has no value, such as ∞ − ∞ or the logarithm of a negative number, is NaN.
An infinite number has the error 0 where it is certain, and ∞ where rounding could have made it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

EPS = 2.0**-52  # twice the rounding error of one operation
SMALLEST = 2.0**-1022  # what is nearer to 0 may have become 0


class NoRule(TypeError):
    """Something that the examiner has no rule for."""


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
        error = self.error + other.error
        return Bounded(value, _sure(value, error + EPS * abs(value), error, self, other))

    def __sub__(self, other: Bounded) -> Bounded:
        return self + -other

    def __mul__(self, other: Bounded) -> Bounded:
        a, b = abs(self.value), abs(other.value)
        value = self.value * other.value
        size = abs(value)
        error = a * other.error + self.error * (b + other.error) + EPS * size
        if size.size and size.min() < SMALLEST:
            error = error + SMALLEST * ((size < SMALLEST) & ~self.is_zero() & ~other.is_zero())
        if np.isfinite(error).all():
            return Bounded(value, error)
        nothing = self.is_zero() | other.is_zero()
        could_be_zero = np.where((self.error >= a) | (other.error >= b), np.inf, 0.0)
        error = _sure(value, error, could_be_zero, self, other)
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
        exact = self.is_zero() | (np.isinf(base) & (self.error == 0))
        error = np.where(np.isinf(value) | np.isinf(self.error), np.inf, error)
        error = error + SMALLEST * (abs(value) < SMALLEST)
        return Bounded(value, np.where(exact & (power.error == 0), 0.0, error))

    def _along_the_slope(self, exponent: np.ndarray, value: np.ndarray) -> np.ndarray:
        """The error of a power with an exact exponent that is 1 or more."""
        slope = exponent * (abs(self.value) + self.error) ** (exponent - 1)
        return slope * self.error + EPS * abs(value)

    def start(self) -> Bounded:
        """Where the number starts from: itself, for one that does not move."""
        return self

    def of_each(self, change: Callable[[Bounded], Bounded]) -> Bounded:
        """What a linear change makes of it."""
        return change(self)

    def is_zero(self) -> np.ndarray:
        """Where the number is exactly 0."""
        return (self.value == 0) & (self.error == 0)

    def _log_error(self) -> np.ndarray:
        """By how much, at most, the logarithm of the number's size is off; NaN at exactly 0."""
        return self.error / np.maximum(abs(self.value) - self.error, 0.0)

    def log(self) -> Bounded:
        """The logarithm: −∞ at 0, NaN below."""
        value = np.log(self.value)
        error = self._log_error() + EPS * abs(value)
        doubt = np.where(self.error == 0, 0.0, np.inf)  # −∞ is certain at exactly 0 alone
        return Bounded(value, np.where(np.isinf(value), doubt, error))

    def exp(self) -> Bounded:
        """The exponential."""
        value = np.exp(self.value)
        # e^(v+e) − e^v without the difference, whose rounding would be larger than a small error.
        error = -np.exp(self.value + self.error) * np.expm1(-self.error) + 2 * EPS * value
        error = error + SMALLEST * ((value < SMALLEST) & np.isfinite(self.value))
        return Bounded(value, _sure(value, error, self.error, self))

    def smooth(self, function: Callable[[np.ndarray], np.ndarray], slope: float) -> Bounded:
        """A function whose slope is nowhere steeper than `slope`."""
        value = function(self.value)
        return Bounded(value, slope * self.error + EPS * (1 + abs(value)))

    def sin(self) -> Bounded:
        """The sine."""
        return self.smooth(np.sin, 1.0)

    def sum(self, axis: int) -> Bounded:
        """The sum over an axis, counted from the last, which stays with length 1."""
        value, error = np.broadcast_arrays(self.value, self.error)
        total = value.sum(axis=axis, keepdims=True)
        size = np.where(np.isinf(value), 0.0, abs(value)).sum(axis=axis, keepdims=True)
        rounding = EPS * value.shape[axis] * size
        added = error.sum(axis=axis, keepdims=True)
        sure = np.isinf(value).any(axis=axis, keepdims=True) & np.isfinite(added)
        error = np.where(np.isinf(total), np.where(sure, 0.0, np.inf), added + rounding)
        return Bounded(total, error)

    def unless(self, condition: np.ndarray, other: Bounded) -> Bounded:
        """The number, or the other one where the condition holds."""
        return Bounded(
            np.where(condition, other.value, self.value),
            np.where(condition, other.error, self.error),
        )

    @staticmethod
    def where(condition: np.ndarray, one: Bounded, other: Bounded) -> Bounded:
        """One number where the condition holds, the other elsewhere."""
        return other.unless(condition, one)

    @staticmethod
    def extreme(numbers: Sequence[Bounded], pick: np.ufunc) -> Bounded:
        """The largest, or the smallest, of some numbers."""
        value = pick.reduce(np.broadcast_arrays(*(n.value for n in numbers)))
        return Bounded(value, np.maximum.reduce(np.broadcast_arrays(*(n.error for n in numbers))))


def _sure(
    value: np.ndarray, error: np.ndarray, doubt: np.ndarray, *operands: Bounded
) -> np.ndarray:
    """The error; for an infinite value 0 if an operand is infinite and the doubt finite, else ∞."""
    infinite = np.isinf(value)
    if not infinite.any():
        return error
    given = np.logical_or.reduce(np.broadcast_arrays(*(np.isinf(o.value) for o in operands)))
    return np.where(infinite, np.where(given & np.isfinite(doubt), 0.0, np.inf), error)
