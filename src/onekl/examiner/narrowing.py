"""Kernels that narrow down: the mean of a smooth bounded function on the way to its limit."""

from __future__ import annotations

import itertools

import numpy as np
from sympy import Basic, Expr

from onekl.examiner.bounded import Bounded
from onekl.examiner.evaluate import NoRule
from onekl.examiner.vectors import Examiner
from onekl.symbolic.trials import Narrowing
from onekl.symbolic.vectors.algebra import INDEX

COARSE, FINE, FINEST = 2.0**-5, 2.0**-7, 2.0**-14  # values of the symbol
GAUSSIAN = 1e-6  # ratios of a kernel to a Gaussian that differ by more are of another shape

Place = np.ndarray  # (d, count)


def order_of_approach(trial: Narrowing, value: Examiner) -> np.ndarray:
    """The order in which the mean approaches its limit, (count,)."""
    coarse, fine = (distance_to_limit(trial, value, size) for size in (COARSE, FINE))
    with np.errstate(all="ignore"):
        return np.log2(coarse / fine) / np.log2(COARSE / FINE)


def distance_to_limit(trial: Narrowing, value: Examiner, size: float = FINEST) -> np.ndarray:
    """How far the mean is from its limit at a value of the symbol, (count,).

    It is ∞ where the kernel has no maximum. NoRule for a kernel that is no Gaussian.
    """
    there = Examiner(value.batch, {trial.symbol: Bounded(size)})
    target = _coordinates(there, trial.place)
    log_density = _LogDensity(there, trial.kernel, trial.variable)
    with np.errstate(all="ignore"):
        centre, variance = _shape(log_density, target, size)
        # Far from the centre differences lose digits: they are taken there once more.
        centre, variance = _shape(log_density, centre, size)
        deviation = np.sqrt(variance)
        normal = (-0.5 - 0.5 * np.log(2 * np.pi * variance)).sum(axis=0)
        signs = list(itertools.product((-1.0, 1.0), repeat=len(target)))
        nodes = [centre + np.array(chosen)[:, None] * deviation for chosen in signs]
        weights = [np.exp(log_density(node) - normal) for node in nodes]
        for other in weights[1:]:
            if (abs(other / weights[0] - 1) > GAUSSIAN).any():
                raise NoRule(f"a kernel that is no Gaussian: {trial.kernel}")
        random = value.batch.random("bounded function").random((2, *target.shape))
        mean = sum(w * _bounded(node, random) for w, node in zip(weights, nodes)) / len(signs)
        apart = abs(mean - _bounded(target, random))
    return np.where(np.isfinite(apart), apart, np.inf)


class _LogDensity:
    """The logarithm of a kernel as a function of the place of its variable, (count,)."""

    def __init__(self, value: Examiner, kernel: Expr, variable: Basic) -> None:
        self.value, self.kernel, self.variable = value, kernel, variable

    def __call__(self, place: Place) -> np.ndarray:
        axis = -self.value.batch.axis(INDEX) - 2
        shaped = place.reshape(len(place), *[1] * axis, place.shape[-1])
        found = self.value.at(self.variable, Bounded(shaped), lambda: self.value(self.kernel))
        return np.log(found.value).reshape(-1)


def _coordinates(value: Examiner, vector: Basic) -> Place:
    found = value(vector[INDEX, 0]).value
    size, count = value.batch.size(INDEX), value.batch.count
    axis = -value.batch.axis(INDEX) - 2
    return np.broadcast_to(found, (size, *[1] * axis, count)).reshape(size, count)


def _shape(log_density: _LogDensity, target: Place, size: float) -> tuple[Place, Place]:
    """The mean and the variance in each coordinate, by differences of the logarithm.

    The steps are as small as the symbol, or as its square where the kernel is as narrow as that.
    """
    found = _differences(log_density, target, size)
    return found if np.isfinite(found).all() else _differences(log_density, target, size**2)


def _differences(log_density: _LogDensity, target: Place, step: float) -> tuple[Place, Place]:
    peak, centre, variance = log_density(target), [], []
    for i in range(len(target)):
        move = step * (np.arange(len(target)) == i)[:, None]
        up, down = log_density(target + move), log_density(target - move)
        bend, slope = (2 * peak - up - down) / step**2, (up - down) / (2 * step)
        variance.append(np.where(bend > 0, 1 / bend, np.nan))
        centre.append(target[i] + slope * variance[-1])
    return np.array(centre), np.array(variance)


def _bounded(place: Place, random: np.ndarray) -> np.ndarray:
    """A random smooth bounded function, (count,)."""
    form = ((2 * random[0] - 1) * place).sum(axis=0) + random[1].sum(axis=0)
    return np.cos(form) + 1 / (1 + (place**2).sum(axis=0))
