"""What a verdict rests on: intervals over seeds, and paired differences."""

from __future__ import annotations

import math
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
    `passed` holds one truth value per seed; an empty one raises ValueError.
    """
    passed = list(passed)
    if not passed:
        raise ValueError("a verdict needs at least one seed; none was given")
    return "supported" if all(passed) else "mixed" if any(passed) else "not supported"


def confidence_interval(values: torch.Tensor | Sequence[float], level: float = 0.95) -> Interval:
    """The t-interval of the mean of `values` (S,), one value per seed, as an `Interval`.

    Fewer than two values, another shape or a value that is not finite raises ValueError.
    """
    values = torch.as_tensor(values, dtype=torch.float64).cpu()
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(
            "an interval needs one value per seed for two seeds or more, "
            f"got shape {tuple(values.shape)}"
        )
    if not torch.isfinite(values).all():
        raise ValueError(
            f"{int((~torch.isfinite(values)).sum())} of {len(values)} values are not finite"
        )
    quantile = stats.t.ppf(0.5 + level / 2, len(values) - 1)
    half = quantile * values.std().item() / math.sqrt(len(values))
    mean = values.mean().item()
    return Interval(mean, mean - half, mean + half)


def paired_difference(
    first: torch.Tensor | Sequence[float],
    second: torch.Tensor | Sequence[float],
    level: float = 0.95,
) -> Interval:
    """The t-interval of the mean of first − second, seed by seed; both (S,).

    Different shapes raise ValueError, as does what `confidence_interval` refuses.
    """
    first, second = torch.as_tensor(first), torch.as_tensor(second)
    if first.shape != second.shape:
        raise ValueError(
            f"paired values need equal shapes, got {tuple(first.shape)} and {tuple(second.shape)}"
        )
    return confidence_interval(first.double() - second.double(), level)
