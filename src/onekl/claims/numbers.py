"""A statement against numbers: a thousand instances at once, and 30 digits where they matter.

The examiner tries what a statement says on arrays, with a bound on the rounding of each number.
An instance on which rounding could decide is tried again with 30 digits; so are all instances of a
statement that the examiner has no rule for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import count, islice
from random import Random

import mpmath
import numpy as np

from onekl.examiner.batch import Batch
from onekl.examiner.continuous import continuous
from onekl.examiner.draw import Unmet, draw
from onekl.examiner.evaluate import NoRule
from onekl.examiner.expansions import expanded
from onekl.examiner.lines import SLOWLY, Lined
from onekl.examiner.narrowing import distance_to_limit, order_of_approach
from onekl.examiner.optima import distance_to_best, rivals
from onekl.examiner.relations import Tally, sides, tried
from onekl.examiner.vectors import Examiner
from onekl.symbolic.numeric import DIGITS, Assignment, Evaluator
from onekl.symbolic.premises import Finite, Support
from onekl.symbolic.sampling import RandomParameters, RandomTables
from onekl.symbolic.statements import Statement
from onekl.symbolic.trials import Best, Expanded, Narrowing, Relation, Trial

INSTANCES = 1000
MINIMISED = 40  # instances on which a generic minimiser is set against a claimed optimum
TOLERANCE = mpmath.mpf(10) ** -18  # of what is tried with 30 digits
WRONG = 1e-9  # a statement, or a mutant, that is off by more than this is false
QUADRATURE = 1e-9  # of what is tried on continuous densities
NEAR, FAR = 1e-3, 1e-2  # a mean that is on its way to its limit is nearer than this, or not there

Imposed = tuple[Support | Finite, ...]


class Disagreement(ValueError):
    """The numbers refute a statement; the message says by how much."""


@dataclass(frozen=True)
class Numbers:
    """What trying a statement on instances showed.

    `finite` and `infinite` count the instances on which it holds, with finite or with equally
    infinite values; on `zeros` of them a table has a cell that is 0, and on `strict` an inequality
    is strict; `continuous` counts mixtures of Gaussians beside them. `figure` is the honest figure
    of its kind, in words.
    """

    tried: int
    finite: int
    infinite: int
    zeros: int
    strict: int
    continuous: int
    figure: str

    def text(self) -> str:
        """What was tried and what it showed, in one line."""
        alike = f", {self.infinite:,} infinite alike" if self.infinite else ""
        zeros = f"; {self.zeros:,} with a zero" if self.zeros else ""
        strict = f"; strict on {self.strict:,}" if self.strict else ""
        counts = f"{self.finite:,} finite{alike}{zeros}{strict}"
        mixtures = f" and {self.continuous} continuous ones" if self.continuous else ""
        word = "instance" if self.tried == 1 else "instances"
        return f"{self.tried:,} {word} ({counts}){mixtures}, {self.figure}"


@dataclass
class _Seen:
    """What has been seen so far, and on which instances the numbers refute the statement."""

    finite: int = 0
    infinite: int = 0
    strict: int = 0
    figures: list[str] = field(default_factory=list)
    wrong: list[tuple[Batch, int]] = field(default_factory=list)
    unsure: list[tuple[Batch, int]] = field(default_factory=list)


@cache
def _examiners(source: RandomTables | RandomParameters, imposed: Imposed) -> list[Examiner]:
    """The instances of a source that meet the premises, for all statements that need them."""
    return [Examiner(batch) for batch in draw(source, INSTANCES, imposed)]


class Trials:
    """The instances of one statement, and what it and its mutants show on them."""

    def __init__(self, statement: Statement, imposed: Imposed) -> None:
        self.statement, self.imposed = statement, imposed
        self._compiled: dict[Statement, Evaluator] = {}

    @cached_property
    def examiners(self) -> list[Examiner]:
        """The arrays of instances; Unmet where none meet the premises."""
        return _examiners(self.statement.instances, self.imposed)

    @cached_property
    def assignments(self) -> list[Assignment]:
        """The instances for 30 digits, of a statement that the examiner has no rule for.

        They are its own: their functions are drawn in the order in which they are asked for.
        """
        source = self.statement.instances
        drawn = (source.draw(Random(f"one-kl-{index}"), index) for index in count())
        fitting = (i for i in drawn if not any(i.breaks(premise) for premise in self.imposed))
        return list(islice(fitting, INSTANCES))

    def lined(self) -> Lined:
        """The instances for the lines of its proof."""
        return Lined(self.examiners, lambda: islice(self._slowly(), SLOWLY), self.statement.given)

    def numbers(self) -> Numbers:
        """What the statement shows; Disagreement, in one line, where an instance refutes it."""
        try:
            seen = self._seen()
        except NoRule:
            return self._with_30_digits()
        except Unmet as reason:
            raise Disagreement(str(reason)) from reason
        if seen.wrong:  # 30 digits say by how much, and decide nothing
            batch, k = seen.wrong[0]
            off = self._violation(self.statement, batch.assignment(k))
            raise Disagreement(f"it is off by {mpmath.nstr(off, 3)} on {_named(batch, k)}")
        for batch, k in seen.unsure:
            self._require(batch.assignment(k), _named(batch, k))
        zeros = sum(value.batch.zeros() for value in self.examiners)
        tried = sum(value.batch.count for value in self.examiners)
        counts = (tried, seen.finite, seen.infinite, zeros, seen.strict, self._on_mixtures())
        return Numbers(*counts, seen.figures[0])

    def _on_mixtures(self) -> int:
        """On how many mixtures of Gaussians the relations hold; Disagreement where one fails."""
        batch = continuous(self.statement.instances)
        relations = [t for t in self.statement.trials() if isinstance(t, Relation)]
        if batch is None or not relations:
            return 0
        for relation in relations:
            try:
                left, right = sides(relation, Examiner(batch))
            except NoRule:
                return 0
            off = right.value - left.value
            off = abs(off) if relation.sign == "=" else off
            if not (off <= QUADRATURE * (1 + abs(left.value) + abs(right.value))).all():
                raise Disagreement(f"it is off by {off.max():.3g} on a mixture of Gaussians")
        return batch.count

    def _seen(self) -> _Seen:
        seen = _Seen()
        for trial in self.statement.trials() or _no_trial(self.statement):
            _KINDS[type(trial)](seen, trial, self.examiners)
        return seen

    def _require(self, instance: Assignment, name: str) -> mpmath.mpf:
        found = self._violation(self.statement, instance)
        if not found <= TOLERANCE:  # no number is no agreement
            raise Disagreement(f"it is off by {mpmath.nstr(found, 3)} on {name}")
        return found

    def _violation(self, statement: Statement, instance: Assignment) -> mpmath.mpf:
        with mpmath.workdps(DIGITS):
            try:
                if statement not in self._compiled:
                    self._compiled[statement] = statement.compile()
                return self._compiled[statement](instance)
            except TypeError:  # a mutant that is no number, such as a root of a negative one
                return mpmath.inf

    def _with_30_digits(self) -> Numbers:
        """All instances one after the other."""
        worst = mpmath.mpf(0)
        for index, instance in enumerate(self.assignments):
            worst = max(worst, self._require(instance, f"instance {index}"))
        with mpmath.workdps(DIGITS):
            figure = self.statement.plain().figure(self.assignments)
        figure = figure or _error(float(worst))
        number = len(self.assignments)
        zeros = sum(_has_zero(instance) for instance in self.assignments)
        return Numbers(number, number, 0, zeros, 0, 0, figure)

    def refute(self, mutant: Statement) -> bool:
        """Whether an instance refutes a mutant of the statement."""
        try:
            return self._refute_at_once(mutant)
        except NoRule:
            return any(not self._violation(mutant, one) <= WRONG for one in self._slowly())

    def _refute_at_once(self, mutant: Statement) -> bool:
        trials = mutant.trials() or _no_trial(mutant)
        for value in self.examiners:
            seen = _Seen()
            for trial in trials:
                _KINDS[type(trial)](seen, trial, [value], False)
            if seen.wrong or any(
                not self._violation(mutant, batch.assignment(k)) <= WRONG
                for batch, k in seen.unsure
            ):
                return True
        return False

    @cached_property
    def _has_rules(self) -> bool:
        """Whether the examiner has a rule for all that the statement says."""
        first = self.examiners[:1]
        try:
            for trial in self.statement.trials() or _no_trial(self.statement):
                _KINDS[type(trial)](_Seen(), trial, first, False)
        except NoRule:
            return False
        return True

    def _slowly(self) -> Iterable[Assignment]:
        """The instances for 30 digits: the examiner's own, where it has rules for them."""
        return _one_by_one(self.examiners) if self._has_rules else self.assignments


def _named(batch: Batch, k: int) -> str:
    return f"instance {k} of {batch.count}"


def _no_trial(statement: Statement) -> tuple[Trial, ...]:
    raise NoRule(f"{type(statement).__name__} is tried with 30 digits")


def _one_by_one(examiners: Iterable[Examiner]) -> Iterator[Assignment]:
    for value in examiners:
        for k in range(value.batch.count):
            yield value.batch.assignment(k)


def _has_zero(instance: Assignment) -> bool:
    return any(cell == 0 for table in instance.tables.values() for cell in table.values())


def _at_most(number: float) -> str:
    """A bound on a number, as the next power of ten: the same on every machine."""
    return f"1e{int(np.ceil(np.log10(number))):+03d}" if number > 0 else "0"


def _error(number: float) -> str:
    return f"error below {_at_most(number)}" if number > 0 else "error 0"


# What each kind of trial shows.


def _relation(
    seen: _Seen, trial: Relation, examiners: list[Examiner], figures: bool = True
) -> None:
    found: Tally = tried(trial, examiners)
    if trial.sign == "=":
        seen.finite += found.finite
        seen.infinite += found.infinite
        if figures:
            seen.figures.append(_error(found.error or 0.0))
    else:
        seen.strict += found.strict
        if figures and found.slack is not None:
            seen.figures.insert(0, f"least slack {found.slack:.0e}")
    seen.wrong += [*found.wrong, *found.valueless]  # no value is no agreement
    seen.unsure += found.unsure


def _best(seen: _Seen, trial: Best, examiners: list[Examiner], figures: bool = True) -> None:
    for value in examiners:
        for short, bound, tied in rivals(trial, value):
            wrong, ties = short - bound > WRONG, tied > 0
            if wrong.any() and not figures:  # a mutant is refuted by its first rival
                break
        # Where a weight is tiny, another choice may do as well by rounding: 30 digits decide.
        unsure = ~wrong & ((short > bound) | (bound > WRONG) | np.isnan(bound) | ties)
        seen.finite += int((~wrong).sum())
        seen.strict += int((short < -bound).sum())
        seen.wrong += [(value.batch, k) for k in np.flatnonzero(wrong)]
        seen.unsure += [(value.batch, k) for k in np.flatnonzero(unsure)]
    if figures:
        seen.figures.append(_against_a_minimiser(trial, examiners))


def _against_a_minimiser(trial: Best, examiners: list[Examiner]) -> str:
    """How near a generic minimiser comes; Disagreement where it finds a better value."""
    farthest = 0.0
    for value in sorted(examiners, key=lambda value: value.batch.cells())[:2]:
        some = Examiner(value.batch.chosen(np.arange(min(value.batch.count, MINIMISED // 2))))
        above, rounding = distance_to_best(trial, some)
        if (above < -rounding - WRONG).any():
            raise Disagreement(f"a minimiser finds a value that is {-above.min():.3g} better")
        farthest = max(farthest, float(np.nanmax(np.where(np.isfinite(above), above, 0.0))))
    return f"a generic minimiser comes within {_at_most(farthest)} of it, and not below"


def _narrowing(
    seen: _Seen, trial: Narrowing, examiners: list[Examiner], figures: bool = True
) -> None:
    for value in examiners:
        apart = distance_to_limit(trial, value)
        seen.finite += int((apart < NEAR).sum())
        seen.wrong += [(value.batch, k) for k in np.flatnonzero((apart > FAR) & (apart < np.inf))]
        unsure = ((apart >= NEAR) & (apart <= FAR)) | np.isinf(apart)
        seen.unsure += [(value.batch, k) for k in np.flatnonzero(unsure)]
    if figures:
        orders = np.concatenate([order_of_approach(trial, value) for value in examiners])
        seen.figures.append(f"observed order {np.median(orders):.1f}")


def _expanded(
    seen: _Seen, trial: Expanded, examiners: list[Examiner], figures: bool = True
) -> None:
    found = expanded(trial, examiners)
    seen.finite += found.finite
    if figures:
        seen.figures.append(_error(found.error or 0.0))
    seen.wrong += [*found.wrong, *found.valueless]
    seen.unsure += found.unsure


_KINDS = {Relation: _relation, Best: _best, Narrowing: _narrowing, Expanded: _expanded}
