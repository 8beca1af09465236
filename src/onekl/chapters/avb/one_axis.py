"""AVB on one axis: a posterior with two modes, encoders, and a discriminator of limited strength.

z has the prior q(z) = N(0, 1), and the decoder is q(x|z) = N(x; z², s²).
The encoder is a map of noise, z = f(ε), ε ~ N(0, 1); its density p(z|x) is known here only because
f rises on one axis.
Means are sums over `EPSILON` with `WEIGHTS`; all values are in nats.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

STEP = 0.02
EPSILON = -8 + STEP * (np.arange(800) + 0.5)  # the midpoint rule
_DENSITY = np.exp(-(EPSILON**2) / 2)
WEIGHTS = _DENSITY / _DENSITY.sum()

END = 4.0  # the discriminator's line has its knots in [-END, END], and is level beyond
# Without it, knots where neither side has mass would run off to infinity.
DECAY = 1e-6
# the ranges of `Knobs`
LOWEST = np.array([-2, 0.05, 0, -1])
HIGHEST = np.array([2, 1.5, 2, 2.7])


class Knobs(NamedTuple):
    """The black box z = c + a ε + b k ε/√(1 + k² ε²): a line, and one hidden unit.

    With b = 0 it is the Gaussian N(c, a²).
    """

    c: float
    a: float
    b: float
    log_k: float


def log_normal(z: ArrayLike) -> np.ndarray:
    """log N(z; 0, 1), in the shape of `z`."""
    return -(np.square(z) + np.log(2 * np.pi)) / 2


def log_likelihood(x: float, noise: float, z: ArrayLike) -> np.ndarray:
    """log q(x|z) = log N(x; z², s²) with s = `noise`, in the shape of `z`."""
    return log_normal((x - np.square(z)) / noise) - np.log(noise)


def log_evidence(x: float, noise: float) -> float:
    """log q(x), the mean of q(x|z) under the prior."""
    return float(np.log(WEIGHTS @ np.exp(log_likelihood(x, noise, EPSILON))))


def encode(knobs: Knobs) -> tuple[np.ndarray, np.ndarray]:
    """z = f(ε) at `EPSILON` and log p(z|x) there, each of shape (800,).

    The density of f(ε) is that of ε over f'(ε).
    """
    c, a, b, log_k = knobs
    k = np.exp(log_k)
    root = np.sqrt(1 + (k * EPSILON) ** 2)
    z = c + a * EPSILON + b * k * EPSILON / root
    return z, log_normal(EPSILON) - np.log(a + b * k / root**3)


def bound(x: float, noise: float, knobs: Knobs) -> float:
    """avb-2 for one x: the mean of log q(z) − log p(z|x) + log q(x|z) over the encoder."""
    z, log_encoder = encode(knobs)
    return float(WEIGHTS @ (log_normal(z) - log_encoder + log_likelihood(x, noise, z)))


def best_gaussian(x: float, noise: float) -> Knobs:
    """The N(c, a²) with the highest bound, and c ≥ 0: −c is as good.

    The bound's slopes in c and a² vanish at c = 0 with one a², and where c² = x − s²/2 − 3a² with
    12a⁴ − (4x − 2s²)a² + s² = 0, if that has roots; the smaller a² is the maximum of the two.
    """
    s2 = noise**2
    half = 2 * x - s2
    found = [(0.0, (half + np.sqrt(half**2 + 24 * s2)) / 12)]
    if half > 0 and half**2 >= 12 * s2:
        a2 = (half - np.sqrt(half**2 - 12 * s2)) / 12
        if (c2 := x - s2 / 2 - 3 * a2) > 0:
            found.append((float(np.sqrt(c2)), a2))
    gaussians = [Knobs(c, float(np.sqrt(a2)), 0.0, 0.0) for c, a2 in found]
    return max(gaussians, key=lambda knobs: bound(x, noise, knobs))


def best_black_box(x: float, noise: float) -> Knobs:
    """The best knobs that a search finds, one knob at a time in steps that are halved.

    It starts at a box with its two ends on ±√x, and at the best Gaussian, and keeps the better end.
    """
    starts = Knobs(0.0, 0.25, float(np.sqrt(max(x, 0))), 1.0), best_gaussian(x, noise)
    return max((_climb(x, noise, start) for start in starts), key=lambda k: bound(x, noise, k))


def _climb(x: float, noise: float, start: Knobs) -> Knobs:
    at, best, step = np.array(start), bound(x, noise, start), 0.25
    while step > 5e-4:
        before = best
        for move in step * np.vstack([np.eye(4), -np.eye(4)]):
            tried = np.clip(at + move, LOWEST, HIGHEST)
            if (value := bound(x, noise, Knobs(*tried))) > best:
                at, best = tried, value
        step = step / 2 if best == before else step
    return Knobs(*map(float, at))


def line_features(z: np.ndarray, pieces: int) -> np.ndarray:
    """What a broken line with knots at equal distances in ±`END` is linear in.

    Of shape (len(z), pieces + 1): `features @ heights` is the line through the heights at the
    knots, level beyond the ends.
    """
    knots = np.linspace(-END, END, pieces + 1)
    return np.stack([np.interp(z, knots, height) for height in np.eye(pieces + 1)], axis=-1)


def best_line(z: np.ndarray, pieces: int) -> np.ndarray:
    """The heights, (pieces + 1,), of the broken line T that tells `z` best from N(0, 1).

    `z`, of shape (800,), is at `EPSILON`; what is maximised is avb-3 for one x, with a decay of the
    heights: E log σ(T(z)) + E log(1 − σ(T(ε))) − ½ `DECAY` Σ heights².
    """
    shown, noise = line_features(z, pieces), line_features(EPSILON, pieces)
    decay = DECAY * np.eye(pieces + 1)

    def objective(heights: np.ndarray) -> float:
        loss = np.logaddexp(0, -shown @ heights) + np.logaddexp(0, noise @ heights)
        return float(-WEIGHTS @ loss - heights @ decay @ heights / 2)

    heights = np.zeros(pieces + 1)
    for _ in range(100):  # Newton's steps: about 10 do, and the objective is strictly concave
        miss = WEIGHTS / (1 + np.exp(shown @ heights))
        alarm = WEIGHTS / (1 + np.exp(-noise @ heights))
        slope = miss @ shown - alarm @ noise - decay @ heights
        bend = decay + sum(
            (part * (1 - part / WEIGHTS) * features.T) @ features
            for part, features in ((miss, shown), (alarm, noise))
        )
        step = np.linalg.solve(bend, slope)
        gain = slope @ step
        if gain < 1e-20:
            break
        # a step that does not climb is halved; close to the top, rounding would decide that
        while gain > 1e-10 and objective(heights + step) < objective(heights):
            step = step / 2
        heights = heights + step
    return heights


def reported_bound(x: float, noise: float, knobs: Knobs, pieces: int) -> float:
    """avb-5 for one x, with the best broken line in T*'s place: the mean of log q(x|z) − T(z)."""
    z, _ = encode(knobs)
    logits = line_features(z, pieces) @ best_line(z, pieces)
    return float(WEIGHTS @ (log_likelihood(x, noise, z) - logits))


def contrasted_bound(x: float, noise: float, knobs: Knobs, pieces: int) -> float:
    """The same with adaptive contrast, avb-7 mended: log q(x, z) − log r(z) − T(ẑ), in the mean.

    r is the Gaussian with the encoder's mean m and deviation d, and T tells ẑ = (z − m)/d from
    N(0, 1), avb-8.
    """
    z, _ = encode(knobs)
    mean, deviation = moments(z)
    standardised = (z - mean) / deviation
    log_reference = log_normal(standardised) - np.log(deviation)
    logits = line_features(standardised, pieces) @ best_line(standardised, pieces)
    log_joint = log_normal(z) + log_likelihood(x, noise, z)
    return float(WEIGHTS @ (log_joint - log_reference - logits))


def moments(z: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of f(ε), from its values at `EPSILON`."""
    mean = WEIGHTS @ z
    return float(mean), float(np.sqrt(WEIGHTS @ (z - mean) ** 2))
