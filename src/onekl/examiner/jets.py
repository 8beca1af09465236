"""Taylor polynomials: numbers with bounds that move along a line, to a fixed order.

A jet is c₀ + c₁s + … + cₙsⁿ, without what is of higher order in s, each coefficient with the bound
on its rounding. What is computed of jets is exact but for that: there are no differences.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import factorial

import numpy as np

from onekl.examiner.bounded import Bounded, NoRule

ZERO, ONE = Bounded(0.0), Bounded(1.0)


class Jet(Bounded):
    """A Taylor polynomial, by its coefficients; it stands wherever a number stands.

    NoRule for what asks for its value as one number.
    """

    __slots__ = ("coefficients",)

    def __init__(self, coefficients: Sequence[Bounded]) -> None:
        self.coefficients = tuple(coefficients)

    @classmethod
    def moving(cls, start: Bounded, speed: Bounded, order: int) -> Jet:
        """start + speed · s, to the order."""
        return cls([start, speed, *[ZERO] * (order - 1)][: order + 1])

    @property
    def value(self) -> np.ndarray:
        """There is none."""
        raise NoRule("no rule takes this of a number that moves")

    error = value

    def start(self) -> Bounded:
        """Its first coefficient."""
        return self.coefficients[0]

    def derivative(self, times: int) -> Jet:
        """The polynomial differentiated so often, whose order is lower by as much."""
        each = enumerate(self.coefficients[times:], times)
        return Jet([c * Bounded(float(factorial(k) // factorial(k - times))) for k, c in each])

    def of_each(self, change: Callable[[Bounded], Bounded]) -> Jet:
        """What a linear change makes of it, coefficient by coefficient."""
        return Jet([change(c) for c in self.coefficients])

    def _both(self, other: Bounded) -> tuple[tuple[Bounded, ...], tuple[Bounded, ...]]:
        """The coefficients of both numbers, of which the other one may stand still."""
        own = self.coefficients
        others = other.coefficients if isinstance(other, Jet) else (other, *[ZERO] * (len(own) - 1))
        if len(own) != len(others):
            raise NoRule("two numbers move to different orders")
        return own, others

    def __neg__(self) -> Jet:
        return self.of_each(lambda c: -c)

    def __add__(self, other: Bounded) -> Jet:
        return Jet([a + b for a, b in zip(*self._both(other))])

    __radd__ = __add__

    def __sub__(self, other: Bounded) -> Jet:
        return self + -other

    def __rsub__(self, other: Bounded) -> Jet:
        return -self + other

    def __mul__(self, other: Bounded) -> Jet:
        if not isinstance(other, Jet):
            return self.of_each(lambda c: c * other)
        a, b = self._both(other)
        return Jet([_total(a[j] * b[k - j] for j in range(k + 1)) for k in range(len(a))])

    __rmul__ = __mul__

    def __truediv__(self, other: Bounded) -> Jet:
        if not isinstance(other, Jet):
            return self.of_each(lambda c: c / other)
        a, b = self._both(other)
        found: list[Bounded] = []
        for k in range(len(a)):
            known = _total(found[j] * b[k - j] for j in range(k))
            found.append((a[k] - known) / b[0])
        return Jet(found)

    def __rtruediv__(self, other: Bounded) -> Jet:
        return Jet([other, *[ZERO] * (len(self.coefficients) - 1)]) / self

    def __pow__(self, power: Bounded) -> Jet:
        """NoRule where the exponent moves, or is not the same exact number everywhere."""
        exponent = power.value
        if exponent.size != 1 or power.error.any():
            raise NoRule("a power of a number that moves has an exponent that is no fixed number")
        size = float(exponent.reshape(()))
        if size >= 0 and size.is_integer():
            found: Bounded = ONE
            for _ in range(int(size)):
                found = self * found
            return found if isinstance(found, Jet) else Jet(self._both(ONE)[1])
        return self._root(size, power)

    def _root(self, size: float, power: Bounded) -> Jet:
        """The power from the differential equation b p′ = r p b′."""
        b = self.coefficients
        found = [b[0] ** power]
        for k in range(1, len(b)):
            terms = (Bounded(j * size - (k - j)) * b[j] * found[k - j] for j in range(1, k + 1))
            found.append(_total(terms) / (Bounded(float(k)) * b[0]))
        return Jet(found)

    def is_zero(self) -> np.ndarray:
        """Where the polynomial is exactly 0."""
        each = np.broadcast_arrays(*(c.is_zero() for c in self.coefficients))
        return np.logical_and.reduce(each)

    def log(self) -> Jet:
        """The logarithm."""
        b = self.coefficients
        found = [b[0].log()]
        for k in range(1, len(b)):
            known = _total(_share(j, k) * found[j] * b[k - j] for j in range(1, k))
            found.append((b[k] - known) / b[0])
        return Jet(found)

    def exp(self) -> Jet:
        """The exponential."""
        a = self.coefficients
        found = [a[0].exp()]
        for k in range(1, len(a)):
            found.append(_total(_share(j, k) * a[j] * found[k - j] for j in range(1, k + 1)))
        return Jet(found)

    def sin(self) -> Jet:
        """The sine, beside its cosine."""
        a = self.coefficients
        sine, cosine = [a[0].sin()], [a[0].smooth(np.cos, 1.0)]
        for k in range(1, len(a)):
            shares = [(_share(j, k) * a[j], k - j) for j in range(1, k + 1)]
            rise, fall = (_total(s * one[i] for s, i in shares) for one in (cosine, sine))
            sine.append(rise)
            cosine.append(-fall)
        return Jet(sine)

    def smooth(self, function: Callable[[np.ndarray], np.ndarray], slope: float) -> Bounded:
        """NoRule: the function's derivatives are not known."""
        raise NoRule("no rule differentiates this function of a number that moves")

    def sum(self, axis: int) -> Jet:
        """The sum over an axis."""
        return self.of_each(lambda c: c.sum(axis))

    def unless(self, condition: np.ndarray, other: Bounded) -> Jet:
        """The polynomial, or the other one where the condition holds."""
        pairs = zip(*self._both(other))
        return Jet([own.unless(condition, instead) for own, instead in pairs])


def _total(terms: Sequence[Bounded]) -> Bounded:
    return sum(terms, ZERO)


def _share(part: int, whole: int) -> Bounded:
    """A fraction, with the rounding of the division."""
    return Bounded(float(part)) / Bounded(float(whole))
