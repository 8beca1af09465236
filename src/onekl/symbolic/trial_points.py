"""Integrands at three trial points, in doubles: most false equations are seen there at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from random import Random

import sympy
from sympy import Add, Expr, Mul, Pow, Symbol, log
from sympy.core.function import AppliedUndef

from onekl.symbolic.algebra import ClassProbability, Density, Joint, kl_div
from onekl.symbolic.terms import IntegralTerm

CLOSE = 1e-9  # relative to the sizes of what is added


class NoValue(Exception):
    """An expression that has no value here: its kind is unknown, or it is infinite."""


def could_be_additive(
    sides: Sequence[Sequence[IntegralTerm]], joints: tuple[Joint, ...]
) -> bool | None:
    """Whether left less right could be a sum of densities times constants: 0 is one.

    The densities of the third point are the sums of those of the other two; what else depends on a
    variable, such as D, is another number at each. False is certain up to rounding; True is no
    proof; None is for what has no value there.
    """
    try:
        gaps, sizes = zip(*(_gap(sides, point) for point in _points(joints)))
    except (NoValue, OverflowError, ZeroDivisionError, ValueError):
        return None
    return abs(gaps[0] + gaps[1] - gaps[2]) <= CLOSE * (1 + sum(sizes))


@lru_cache(maxsize=64)  # a statement and its mutants have the same joints
def _points(joints: tuple[Joint, ...]) -> tuple[_Point, ...]:
    return tuple(_Point(joints, number) for number in range(3))


def _gap(sides: Sequence[Sequence[IntegralTerm]], point: _Point) -> tuple[float, float]:
    """The left integrand less the right one, and the size of what is added."""
    terms = [
        sign * math.prod(map(point.value, (term.coefficient, *term.parts)))
        for sign, side in zip((1, -1), sides)
        for term in side
    ]
    return math.fsum(terms), math.fsum(map(abs, terms))


class _Point:
    """A number for each density, D, function and symbol; values of expressions are kept."""

    def __init__(self, joints: tuple[Joint, ...], number: int) -> None:
        self.families = {joint.family: joint for joint in joints}
        self.number = number
        self._kept: dict[Expr, float] = {}

    def value(self, expression: Expr) -> float:
        """The value here; NoValue where there is none."""
        if expression not in self._kept:
            self._kept[expression] = self._found(expression)
        return self._kept[expression]

    def _found(self, expression: Expr) -> float:
        rule = _RULES.get(expression.func)
        if rule is not None:
            return rule([self.value(argument) for argument in expression.args])
        if isinstance(expression, ClassProbability):
            return self._probability(expression)
        if isinstance(expression, Density):
            return self._density(expression)
        if isinstance(expression, (Symbol, AppliedUndef)):
            drawn = _drawn(str(expression))
            return drawn[self.number] if expression.args else drawn[0]
        if not expression.is_number:
            raise NoValue
        number = complex(expression)
        if number.imag or not math.isfinite(number.real):
            raise NoValue
        return number.real

    def _probability(self, expression: ClassProbability) -> float:
        """From 0 to 1; that of a label is the same at all points."""
        one = expression if expression.outcome else expression.other
        odds = _drawn(str(one))[self.number if one.arguments else 0]
        return (odds if expression.outcome else 1.0) / (1 + odds)

    def _density(self, density: Density) -> float:
        """A conditional is made of the joint and of its condition."""
        if density.given:
            joint = self.families[density.family]
            return self.value(joint.whole(density)) / self.value(joint.condition(density))
        one, two, _ = _drawn(str(density))
        return (one, two, one + two)[self.number]


@lru_cache(maxsize=4096)
def _drawn(name: str) -> tuple[float, ...]:
    """Three positive numbers for a name, neither large nor small."""
    random = Random(name)
    return tuple(random.uniform(0.2, 2.0) for _ in range(3))


def _power(arguments: list[float]) -> float:
    base, exponent = arguments
    if base < 0 and exponent != round(exponent):
        raise NoValue
    return base**exponent


def _divergence(arguments: list[float]) -> float:
    a, b = arguments
    return a * math.log(a / b) - a + b


_RULES = {
    Add: math.fsum,
    Mul: math.prod,
    Pow: _power,
    log: lambda arguments: math.log(arguments[0]),
    sympy.exp: lambda arguments: math.exp(arguments[0]),
    sympy.Abs: lambda arguments: abs(arguments[0]),
    sympy.Max: max,
    sympy.Min: min,
    kl_div: _divergence,
}
