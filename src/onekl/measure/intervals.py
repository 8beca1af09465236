"""What a verdict rests on: intervals over seeds, and paired differences."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from scipy import stats


class Interval(NamedTuple):
    """A mean over seeds with the two ends of its confidence interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.4g} [{self.low:.4g}, {self.high:.4g}]"


def verdict(passed: Iterable[bool]) -> str:
    """The word for what the seeds showed.

    It is "supported" if all of them pass, "mixed" if some do, else "not supported".
    `passed` holds one truth value per seed; an empty one raises ValueError, as does a number in the
    place of a truth value, because NaN would count as true.
    """
    if getattr(passed, "ndim", 1) != 1:
        raise ValueError(f"passed has shape {tuple(passed.shape)}; give one truth value per seed")
    passed = [one.tolist() if hasattr(one, "tolist") else one for one in passed]
    if not passed:
        raise ValueError("passed is empty; a verdict needs at least one seed")
    for one in passed:
        if not isinstance(one, bool):
            raise ValueError(f"passed holds {one!r}; give one True or False for each seed")
    return "supported" if all(passed) else "mixed" if any(passed) else "not supported"


def confidence_interval(values: torch.Tensor | Sequence[float], level: float = 0.95) -> Interval:
    """The t-interval of the mean of `values` (S,), one value per seed, as an `Interval`.

    It is computed in float64 on the CPU, from numbers of any real dtype.
    Fewer than two values, another shape, a value that is not finite or a level that is not between
    0 and 1 raises ValueError.
    """
    values = _in_float64("values", values)
    if not 0 < level < 1:
        raise ValueError(f"level is {level:g}; give a probability between 0 and 1")
    # exact sums, so that neither a common shift nor the size of the values costs digits
    mean, deviation = statistics.mean(values), statistics.stdev(values)
    half = stats.t.ppf(0.5 + level / 2, len(values) - 1).item() * deviation / math.sqrt(len(values))
    return Interval(mean, mean - half, mean + half)


def paired_difference(
    first: torch.Tensor | Sequence[float],
    second: torch.Tensor | Sequence[float],
    level: float = 0.95,
) -> Interval:
    """The t-interval of the mean of first − second, seed by seed; both (S,).

    Different shapes raise ValueError, as does what `confidence_interval` refuses.
    """
    first, second = _in_float64("first", first), _in_float64("second", second)
    if len(first) != len(second):
        raise ValueError(
            "first and second: paired values need equal shapes, "
            f"got ({len(first)},) and ({len(second)},)"
        )
    return confidence_interval([one - other for one, other in zip(first, second)], level)


def _in_float64(name: str, values: torch.Tensor | Sequence[float]) -> list[float]:
    """The values (S,) as floats.

    Raises ValueError, with their name, unless they are two or more, real and finite.
    """
    values = values.cpu() if isinstance(values, torch.Tensor) else values
    if isinstance(values, torch.Tensor) and values.is_complex():
        raise ValueError(f"{name} is of {values.dtype}; an interval needs real numbers")
    values = torch.as_tensor(values, dtype=torch.float64)
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(
            f"{name}: an interval needs one value per seed for two seeds or more, "
            f"got shape {tuple(values.shape)}"
        )
    if not torch.isfinite(values).all():
        raise ValueError(
            f"{name}: {int((~torch.isfinite(values)).sum())} of {len(values)} values are not finite"
        )
    return values.tolist()
