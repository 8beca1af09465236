"""Neighbouring lines of a derivation on numbers: a wrong line is caught wherever it stands.

Two lines that are equal are tried on all instances in doubles; where the examiner has no rule for
what they hold, on some instances with 30 digits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from sympy import Expr

from onekl.examiner.bounded import Bounded
from onekl.examiner.evaluate import NoRule
from onekl.examiner.high_precision import WrongLine, require_near, require_precisely
from onekl.examiner.relations import sides, tried
from onekl.examiner.vectors import Examiner
from onekl.symbolic.algebra import SumOrIntegral
from onekl.symbolic.lines.line import AT_LEAST, EQUAL, SAME, START, Line, Lines
from onekl.symbolic.numeric import Assignment
from onekl.symbolic.premises import Equal, using
from onekl.symbolic.trials import Relation
from onekl.symbolic.vectors.algebra import Vector
from onekl.symbolic.vectors.normal import VectorGaussian

SLOWLY = 20  # instances for what is tried with 30 digits


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
            return require_near(before, line, self.slowly())
        try:
            self._require_relation(before, line)
        except NoRule:
            require_precisely(*_integrands(before, line.expression), line.sign, self.slowly())
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
            require_precisely(before, line.expression, line.sign, islice(doubtful, SLOWLY))

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
