"""What trying an expansion on batches of instances shows, coefficient by coefficient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from onekl.examiner.bounded import Bounded
from onekl.examiner.jets import ONE, Jet
from onekl.examiner.relations import Tally, count
from onekl.examiner.vectors import Examiner
from onekl.symbolic.trials import Expanded


def expanded(trial: Expanded, examiners: Sequence[Examiner]) -> Tally:
    """What trying the coefficients up to the order shows, at every letter of open variables.

    An instance is finite where all of them agree; a coefficient that is infinite has no value.
    """
    tally = Tally()
    for value in examiners:
        rows = Tally()
        for left, right in _coefficients(trial, value):
            count(rows, "=", left, right, value.batch)
        found = [{k for _, k in some} for some in (rows.wrong, rows.valueless, rows.unsure)]
        wrong, valueless, unsure = found[0], found[1] - found[0], found[2] - found[0] - found[1]
        for some, chosen in ((tally.wrong, wrong), (tally.valueless, valueless)):
            some += [(value.batch, k) for k in sorted(chosen)]
        tally.unsure += [(value.batch, k) for k in sorted(unsure)]
        tally.finite += value.batch.count - len(wrong) - len(valueless)
        tally.error = max(tally.error or 0.0, rows.error or 0.0)
    return tally


def _coefficients(trial: Expanded, value: Examiner) -> Iterator[tuple[Bounded, Bounded]]:
    """Each coefficient of both sides at each letter of what is left open, (count,)."""
    place = Jet.moving(value(trial.point), ONE, trial.order)
    with np.errstate(all="ignore"):
        sides = [value.along(trial.symbol, place, e) for e in (trial.expression, trial.value)]
    for both in zip(*(side.coefficients for side in sides)):
        shape = np.broadcast_shapes(
            (value.batch.count,), *(part.shape for one in both for part in (one.value, one.error))
        )
        left, right = (_rows(one, shape) for one in both)
        yield from zip(left, right)


def _rows(number: Bounded, shape: tuple[int, ...]) -> list[Bounded]:
    value = np.where(np.isfinite(number.value), number.value, np.nan)
    both = (np.broadcast_to(part, shape).reshape(-1, shape[-1]) for part in (value, number.error))
    return [Bounded(*row) for row in zip(*both)]
