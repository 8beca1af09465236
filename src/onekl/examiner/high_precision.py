"""Pairs of lines with 30 digits: where the arrays have no rule, and on the way to a limit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random

import mpmath
from sympy import Basic, Expr, Symbol

from onekl.symbolic.copies import alphabet
from onekl.symbolic.lines.line import EQUAL, TENDS, Line
from onekl.symbolic.numeric import DIGITS, Assignment, Evaluator, Number, compiled
from onekl.symbolic.vectors.algebra import INDEX, Vector
from onekl.symbolic.vectors.numbers import by_quadrature

WRONG = 1e-9  # lines that differ by more than this, relative to their size, are not equal
LARGE, SMALL = mpmath.mpf(10) ** -4, mpmath.mpf(10) ** -6  # where limits and orders are looked at


class WrongLine(ValueError):
    """A line that does not stand to the line before as it says, on an instance."""


def require_precisely(
    before: Expr, after: Expr, sign: str, instances: Iterable[Assignment]
) -> None:
    """With 30 digits on each of the instances."""
    both = None
    with mpmath.workdps(DIGITS):
        for index, instance in enumerate(instances):
            both = both or (_precise(before), _precise(after))
            instance.values |= _open_values(instance, before, after, index)
            left, right = _values(both, instance)
            if mpmath.isnan(left) or mpmath.isnan(right):
                continue
            off = abs(left - right) if sign == EQUAL else right - left
            if left != right and not off <= WRONG * (1 + abs(left) + abs(right)):
                shown = f"{mpmath.nstr(left, 6)} and {mpmath.nstr(right, 6)}"
                raise WrongLine(f"the two sides are {shown} on an instance")


def require_near(before: Expr, line: Line, instances: Iterable[Assignment]) -> None:
    """A line that is tended to, or that is right up to an order, at two small numbers."""
    left, right = _precise(before), _precise(line.expression)
    with mpmath.workdps(DIGITS):
        for instance in instances:
            rests = [_rest(left, right, line, instance, h) for h in (LARGE, SMALL)]
            if not _is_small(rests, line):
                shown = " and ".join(mpmath.nstr(rest, 3) for rest in rests)
                raise WrongLine(f"the rest is {shown} on the way")


def _rest(
    left: Evaluator, right: Evaluator, line: Line, instance: Assignment, small: Number
) -> Number:
    """How far the line before is from the line, with the symbol near its point.

    One over it where the line is infinite.
    """
    place = small
    direction = instance.values.get(line.symbol)
    if isinstance(direction, tuple):  # a vector goes to 0 along itself
        place = tuple(small * coordinate for coordinate in direction)
    if line.sign == TENDS:
        point = compiled(line.point)(instance)
        place = 1 / small if mpmath.isinf(point) else point + small
    instance.values |= _open_values(instance, line.expression, line.expression, 0)
    for _ in instance.visit((line.symbol,), [(place,)]):
        numbers = left(instance), right(instance)
    if mpmath.isinf(numbers[1]):
        return 1 / (mpmath.sign(numbers[1]) * numbers[0])
    return abs(numbers[0] - numbers[1])


def _values(both: Sequence[Evaluator], instance: Assignment) -> tuple[Number, ...]:
    """The values of lines on an instance; WrongLine where there is none to try."""
    try:
        return tuple(side(instance) for side in both)
    except (KeyError, TypeError) as missing:
        raise WrongLine(f"no number can be taken of it: {missing}") from missing


def _open_values(
    instance: Assignment, before: Expr, after: Expr, index: int
) -> dict[Basic, Number | tuple[Number, ...]]:
    """Random values for symbols and vectors that the instance leaves open."""
    random = Random(f"open {index}")
    dimension = next(
        (int(value) for symbol, value in instance.values.items() if symbol.is_integer), 2
    )
    found: dict[Basic, Number | tuple[Number, ...]] = {}
    for symbol in sorted(before.free_symbols | after.free_symbols, key=str):
        if symbol in instance.values or symbol == INDEX:
            continue
        if alphabet(symbol) in instance.sizes:
            found[symbol] = random.randrange(instance.size(symbol))
        elif isinstance(symbol, Vector):
            found[symbol] = tuple(mpmath.mpf(random.uniform(-1, 1)) for _ in range(dimension))
        elif isinstance(symbol, Symbol):
            found[symbol] = mpmath.mpf(random.uniform(0.2, 1))
    return found


def _precise(expression: Expr) -> Evaluator:
    """The evaluation with 30 digits, of means under Gaussians of vectors too."""
    return compiled(by_quadrature(expression))


def _is_small(rests: Sequence[Number], line: Line) -> bool:
    """Whether what is left goes to 0 on the way; for an expansion, faster than its order."""
    large, small = rests
    if small == 0:
        return True
    if line.sign == TENDS:  # to ∞ it may be as slow as a logarithm
        return 0 <= small < large * mpmath.mpf("0.8")
    return large / small > (LARGE / SMALL) ** (line.order + mpmath.mpf("0.5"))
