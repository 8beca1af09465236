"""What trying a relation on batches of instances shows: agreement, infinite values, slack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from onekl.examiner.batch import Batch
from onekl.examiner.bounded import Bounded
from onekl.examiner.evaluate import NoRule
from onekl.examiner.vectors import Examiner
from onekl.symbolic.trials import Relation

SURE = 1e-9  # a bound on the rounding error, relative to the numbers, above which 30 digits decide
WRONG = 1e-9  # what is off by more than this, relative to its size, is false


@dataclass
class Tally:
    """What was seen on the instances of some batches.

    `finite` and `infinite` count agreements.
    `error` is the largest possible difference of two sides that are equal, relative to their size,
    `slack` the least amount by which one side exceeds the other where it does, `strict` how often
    it does; both are None where nothing was seen.
    `wrong` are the instances that refute the relation, whatever the rounding; `valueless` those on
    which a side has no value, and `unsure` those on which rounding could hide that it is wrong:
    each is a batch and a number.
    """

    finite: int = 0
    infinite: int = 0
    strict: int = 0
    error: float | None = None
    slack: float | None = None
    wrong: list[tuple[Batch, int]] = field(default_factory=list)
    valueless: list[tuple[Batch, int]] = field(default_factory=list)
    unsure: list[tuple[Batch, int]] = field(default_factory=list)


def sides(relation: Relation, value: Examiner) -> tuple[Bounded, Bounded]:
    """The two sides on a batch, (count,) or (1,) each."""
    return tuple(_of_instances(value(side)) for side in (relation.left, relation.right))


def _of_instances(found: Bounded) -> Bounded:
    """Numbers that depend on the instance alone, without the axes of variables; else NoRule."""
    for part in (found.value, found.error):
        if part.size > 1 and part.size != part.shape[-1]:
            raise NoRule("a variable is left open: integrate over it")
    return Bounded(found.value.reshape(-1), found.error.reshape(-1))


def tried(relation: Relation, examiners: Sequence[Examiner]) -> Tally:
    """What trying the relation on the examiners' batches shows."""
    tally = Tally()
    for value in examiners:
        left, right = sides(relation, value)
        count(tally, relation.sign, left, right, value.batch)
    return tally


def count(tally: Tally, sign: str, left: Bounded, right: Bounded, batch: Batch) -> None:
    """Add to the tally what two sides, (count,) or (1,) each, show on a batch."""
    with np.errstate(all="ignore"):
        shape = np.zeros(batch.count)
        gap, size, bound = (
            shape + part
            for part in (
                left.value - right.value,
                1 + abs(left.value) + abs(right.value),
                left.error + right.error,
            )
        )
        bound = np.where(np.isnan(bound), np.inf, bound)
        same = (shape + left.value == right.value) & np.isinf(shape + left.value)
        missing = np.isnan(shape + left.value + right.value) & ~same
        missing |= np.isnan(shape + left.value) | np.isnan(shape + right.value)
        apart = ~same & ~missing & ~np.isfinite(gap)
        finite = np.isfinite(gap)
        if sign == ">=":
            apart &= gap < 0
            off, excess = -gap, finite & (gap > bound)
        else:
            off, excess = abs(gap), np.zeros(batch.count, dtype=bool)
        wrong = apart | (finite & (off - bound > WRONG * size))
        unsure = finite & ~wrong & ((off > bound) | (bound > SURE * size))
    unsure &= ~excess
    tally.finite += int((finite & ~wrong).sum())
    alike = ~finite & ~wrong & ~missing
    tally.infinite += int(alike.sum())
    tally.strict += int((excess | (alike & ~same)).sum())
    tally.wrong += [(batch, k) for k in np.flatnonzero(wrong)]
    tally.valueless += [(batch, k) for k in np.flatnonzero(missing)]
    tally.unsure += [(batch, k) for k in np.flatnonzero(unsure)]
    if sign == "=" and finite.any():
        worst = float(((off + bound)[finite] / size[finite]).max())
        tally.error = max(worst, tally.error or 0.0)
    if excess.any():
        least = float(gap[excess].min())
        tally.slack = min(least, np.inf if tally.slack is None else tally.slack)
