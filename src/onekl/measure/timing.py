"""Fair timing of two ways to compute the same numbers: they take turns, and are compared first."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch

from onekl.training.inputs import require_floats, require_same_shape
from onekl.training.run import device

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
) -> tuple[float, float]:
    """Seconds that each of the two functions `sides` needs for a step, which is one call of it.

    A turn is `steps` steps of one side, timed together; the sides take turns.
    A side's time is the median of its `repetitions` turns, after a turn to warm up.
    """
    ours, other = sides
    _time_turn(ours, steps), _time_turn(other, steps)  # to warm up
    pairs = [(_time_turn(ours, steps), _time_turn(other, steps)) for _ in range(repetitions)]
    return tuple(map(statistics.median, zip(*pairs)))


def _time_turn(side: Callable[[], torch.Tensor], steps: int) -> float:
    """Seconds a step in one turn of a side, with the GPU's work waited for."""
    _wait_for_gpu()
    begin = time.perf_counter()
    for _ in range(steps):
        side()
    _wait_for_gpu()
    return (time.perf_counter() - begin) / steps


def _wait_for_gpu() -> None:
    if device().type == "cuda":
        torch.cuda.synchronize()
