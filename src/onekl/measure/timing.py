"""Fair timing of several ways to compute the same numbers: they take turns."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch.utils.benchmark import Timer

from onekl.training.inputs import require_floats, require_same_shape

# How far the two sides' losses may be apart, relatively, after a few steps in single precision.
TOLERANCE = 1e-4


class Benchmark(NamedTuple):
    """A comparison that `onekl bench` makes: `measure` takes it, `text` prints it, line by line."""

    measure: Callable[[], dict[str, Any]]
    text: Callable[[dict[str, Any]], list[str]]


def apart(ours: torch.Tensor, other: torch.Tensor) -> float:
    """By how much two sides' losses differ at most, relative to their size; ∞ without a number.

    `ours` and `other` are (T, n), of one shape: n losses of T steps.
    """
    require_floats(ours=ours, other=other)
    require_same_shape(ours=ours, other=other)
    if ours.numel() == 0:
        raise ValueError(f"ours has shape {tuple(ours.shape)}; give the losses of one step or more")
    relative = (ours - other).abs() / other.abs()
    found = relative.masked_fill(ours == other, 0).max().item()
    return found if math.isfinite(found) else math.inf


def apart_text(most: float) -> str:
    """How far two sides' losses are apart, in one line, with a warning above the tolerance."""
    found = f"the two sides' losses are {most:.1e} apart"
    if most <= TOLERANCE:
        return found
    return f"{found}, more than {TOLERANCE:.0e}: their times may be of different arithmetic"


def median_seconds(
    sides: Sequence[Callable[[], torch.Tensor]], steps: int, repetitions: int
) -> tuple[float, ...]:
    """Seconds that each of the functions `sides` needs for a step, which is one call of it.

    A turn is `steps` steps of one side, timed together by torch's own timer, which waits for a GPU;
    the sides take turns.
    A side's time is the median of its `repetitions` turns, after a turn to warm up.
    """
    turns = [[_seconds(side, steps) for side in sides] for _ in range(1 + repetitions)]
    return tuple(map(statistics.median, zip(*turns[1:])))


def _seconds(side: Callable[[], torch.Tensor], steps: int) -> float:
    """Seconds a step in one turn of a side."""
    timer = Timer("side()", globals={"side": side}, num_threads=torch.get_num_threads())
    return timer.timeit(steps).mean
