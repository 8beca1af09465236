"""Neighbouring lines of a derivation on numbers: a wrong line is caught wherever it stands.

Two lines that are equal are tried on all instances in doubles; where the examiner has no rule for
what they hold, on some instances with 30 digits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random

import mpmath
import numpy as np
from sympy import Basic, Expr, Symbol

from onekl.examiner.bounded import Bounded
from onekl.examiner.evaluate import NoRule
from onekl.examiner.relations import sides, tried
from onekl.examiner.vectors import Examiner
from onekl.symbolic.algebra import SumOrIntegral
from onekl.symbolic.copies import alphabet
from onekl.symbolic.lines.line import AT_LEAST, EQUAL, SAME, START, TENDS, Line, Lines
from onekl.symbolic.numeric import DIGITS, Assignment, Evaluator, Number, compiled
from onekl.symbolic.premises import Equal, using
from onekl.symbolic.trials import Relation
from onekl.symbolic.vectors.algebra import INDEX, Vector
from onekl.symbolic.vectors.normal import VectorGaussian
from onekl.symbolic.vectors.numbers import by_quadrature

SLOWLY = 20  # instances for what is tried with 30 digits
WRONG = 1e-9  # lines that differ by more than this, relative to their size, are not equal
LARGE, SMALL = mpmath.mpf(10) ** -4, mpmath.mpf(10) ** -6  # where limits and orders are looked at


class WrongLine(ValueError):
    """A line that does not stand to the line before as it says, on an instance."""


@dataclass(frozen=True)
class Tried:
    """How many pairs of lines were tried, and on how many instances one of them was ∞ − ∞.

    There the line says nothing; what the ends of the derivation say is tried with the statement.
    """

    pairs: int
    valueless: int

    def text(self) -> str:
        """What was tried, in a few words."""
        steps = f"each of {self.pairs} steps tried" if self.pairs > 1 else "the step tried"
        missing = f", {self.valueless:,} times without a value, ∞ − ∞" if self.valueless else ""
        return steps + missing


class Lined:
    """The instances on which the lines of one derivation are tried.

    `examiners` hold the arrays; `slowly` gives instances for 30 digits; `given` are the equations
    under which the lines hold.
    """

    def __init__(
        self,
        examiners: Sequence[Examiner],
        slowly: Callable[[], Iterable[Assignment]],
        given: Sequence[Equal] = (),
    ) -> None:
        self.examiners, self.slowly, self.given = examiners, slowly, given
        self._valueless = 0

    def require(self, lines: Lines) -> Tried:
        """What was tried; WrongLine, with the line's number, where one fails."""
        pairs, self._valueless = 0, 0
        for number, (before, line) in enumerate(zip(lines, lines[1:]), 2):
            if line.sign == START:
                continue
            try:
                self._require_pair(using(before.expression, self.given), self._put_in(line))
            except WrongLine as wrong:
                raise WrongLine(f"line {number} ({line.rule}): {wrong}") from None
            pairs += 1
        return Tried(pairs, self._valueless)

    def _put_in(self, line: Line) -> Line:
        fields = {**vars(line), "expression": using(line.expression, self.given)}
        return Line(**fields)

    def _require_pair(self, before: Expr, line: Line) -> None:
        if line.sign == SAME:
            return self._require_same_objective(before, line)
        if line.sign not in (EQUAL, AT_LEAST):
            return self._require_near(before, line)
        try:
            self._require_relation(before, line)
        except NoRule:
            self._require_slowly(*_integrands(before, line.expression), line.sign, self.slowly())
        return None

    def _require_relation(self, before: Expr, line: Line) -> None:
        for value in self.examiners:
            relation = Relation(before, line.sign, line.expression)
            tally = tried(relation, [value])
            self._valueless += len(tally.valueless)
            if tally.wrong:
                _, k = tally.wrong[0]
                shown = [f"{_chosen(side.value, k):.6g}" for side in sides(relation, value)]
                raise WrongLine(f"the two sides are {shown[0]} and {shown[1]} on an instance")
            doubtful = (batch.assignment(k) for batch, k in tally.unsure)
            self._require_slowly(before, line.expression, line.sign, islice(doubtful, SLOWLY))

    def _require_slowly(
        self, before: Expr, after: Expr, sign: str, instances: Iterable[Assignment]
    ) -> None:
        """With 30 digits on each of the instances."""
        both = None
        with mpmath.workdps(DIGITS):
            for index, instance in enumerate(instances):
                both = both or (_slow(before), _slow(after))
                instance.values |= _open_values(instance, before, after, index)
                left, right = _values(both, instance)
                if mpmath.isnan(left) or mpmath.isnan(right):
                    continue
                off = abs(left - right) if sign == EQUAL else right - left
                if left != right and not off <= WRONG * (1 + abs(left) + abs(right)):
                    shown = f"{mpmath.nstr(left, 6)} and {mpmath.nstr(right, 6)}"
                    raise WrongLine(f"the two sides are {shown} on an instance")

    def _require_near(self, before: Expr, line: Line) -> None:
        """A line that is tended to, or that is right up to an order, at two small numbers."""
        left, right = _slow(before), _slow(line.expression)
        with mpmath.workdps(DIGITS):
            for instance in self.slowly():
                rests = [self._rest(left, right, line, instance, h) for h in (LARGE, SMALL)]
                if not _is_small(rests, line):
                    shown = " and ".join(mpmath.nstr(rest, 3) for rest in rests)
                    raise WrongLine(f"the rest is {shown} on the way")

    def _rest(
        self, left: Evaluator, right: Evaluator, line: Line, instance: Assignment, small: Number
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

    def _require_same_objective(self, before: Expr, line: Line) -> None:
        """Two choices of what is varied stand in the same order in both objectives."""
        for value in self.examiners:
            other = Examiner(value.batch.varied(line.uses))
            gaps = [self._gap(value, other, side) for side in (before, line.expression)]
            with np.errstate(all="ignore"):
                opposite = (gaps[0].value > gaps[0].error) & (gaps[1].value < -gaps[1].error)
                opposite |= (gaps[0].value < -gaps[0].error) & (gaps[1].value > gaps[1].error)
            if opposite.any():
                raise WrongLine("two choices stand in opposite orders on an instance")

    def _gap(self, value: Examiner, other: Examiner, side: Expr) -> Bounded:
        with np.errstate(all="ignore"):
            return other(side) - value(side)


def _chosen(numbers: np.ndarray, k: int) -> float:
    """The number of one instance; all instances may share one."""
    return float(numbers[k] if len(numbers) > 1 else numbers[0])


def _values(both: Sequence[Evaluator], instance: Assignment) -> tuple[Number, ...]:
    """The values of lines on an instance; WrongLine where there is none to try."""
    try:
        return tuple(side(instance) for side in both)
    except (KeyError, TypeError) as missing:
        raise WrongLine(f"no number can be taken of it: {missing}") from missing


def _integrands(before: Expr, after: Expr) -> tuple[Expr, Expr]:
    """The integrands of two integrals over the same vectors, which no rule sums; else both sides.

    They are equal at every point where one line only writes the integrand in another way.
    """
    both = (before, after)
    if all(isinstance(side, SumOrIntegral) for side in both):
        vectors = [v for v in before.variables if isinstance(v, Vector)]
        has_rule = all(side.has(VectorGaussian) for side in both)
        if vectors and before.variables == after.variables and not has_rule:
            return before.integrand, after.integrand
    return both


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


def _slow(expression: Expr) -> Evaluator:
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
