"""The generator's step on a finite alphabet, in turns with the best discriminator.

The step is exact, su-19 over all tables, or made of gradient steps in logits.
"""

from __future__ import annotations

from numbers import Integral
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from onekl.chapters.gan.tables import (
    check_discriminator,
    check_letters,
    objective_at_optimum,
    optimal_discriminator,
)
from onekl.tables import check_table


class Partial(NamedTuple):
    """`count` gradient steps of size `size` in softmax logits, in place of the exact step.

    D stays frozen while they are taken.
    """

    count: int
    size: float


class AlternationPath(NamedTuple):
    """An alternation, from its start to the q after its last step."""

    q: np.ndarray  # (steps + 1, X)
    objective: np.ndarray  # (steps + 1,), KL(m ‖ p̃) of each q with m = (p̃ + q)/2, in nats
    z: np.ndarray  # (steps + 1,), Z = Σ D* q of each q


def exact_step(discriminator: ArrayLike, q_old: ArrayLike, term: bool = True) -> np.ndarray:
    """The q of shape (X,) that minimises su-19 over all tables, or su-20 without the `term`.

    With the term it is D q°/Z, Z = Σ D q°, and the loss there is −log Z.
    Without it, every q on the letters where D is largest is a minimiser: taken is all mass on the
    first such letter.
    Raises ValueError for bad input, and with the term when D = 0 wherever q° has mass (every q has
    loss +∞).
    """
    d, q_old = _check_step(discriminator, q_old)
    if not term:
        return np.eye(len(d))[np.argmax(d)]
    return _normalised(d * q_old)


def partial_step(
    discriminator: ArrayLike, q_old: ArrayLike, count: int, size: float, term: bool = True
) -> np.ndarray:
    """The q of shape (X,) after `count` gradient steps of size `size` on su-19.

    Without the `term` they are steps on su-20.

    The parameters are logits l, q = softmax(l), begun at log q°; D and q° stay fixed.
    A letter without mass has the logit −∞ and keeps it.
    A letter with mass and D = 0 has loss +∞ at any finite logit, so its logit is sent to −∞ before
    the first step.
    The first step is the same with and without the term, bit for bit: KL(q ‖ q°) has gradient 0 at
    q = q°.
    Raises ValueError for bad input, for count < 1 or size ≤ 0, and when D = 0 wherever q° has mass.
    """
    d, q_old = _check_step(discriminator, q_old)
    _check_partial(count, size)
    held = (q_old > 0) & (d > 0)
    log_d, logits = np.log(d[held]), np.log(_normalised(np.where(held, q_old, 0))[held])
    # computed as log_q below, so that their first difference is exactly 0
    log_old = _log_softmax(logits)
    for _ in range(count):
        log_q = _log_softmax(logits)
        slope = (log_q - log_old if term else 0.0) - log_d
        q = np.exp(log_q)
        logits = logits - size * q * (slope - np.sum(q * slope))
    answer = np.zeros_like(q_old)
    answer[held] = np.exp(_log_softmax(logits))
    return answer / answer.sum()


def alternate(
    p_data: ArrayLike,
    q0: ArrayLike,
    steps: int,
    term: bool = True,
    partial: Partial | None = None,
) -> AlternationPath:
    """`steps` times from q0: the best discriminator (su-18), then the generator's step.

    `p_data` is p̃(x) and `q0` the generator's start, tables (X,).
    The step is `exact_step`, or `partial_step` when `partial` is a `Partial`.
    With the term and exact steps, u = p̃/q obeys u ← Z(1 + u) on the letters of q, Z ≤ ½.
    Raises ValueError for bad input, and where the step has no minimiser (see `exact_step`).
    """
    p_data, q = check_letters(p_data, q0)
    if not isinstance(steps, Integral) or steps < 0:
        raise ValueError(f"steps is {steps!r}: give the number of steps, a whole number from 0 on")
    path = [q]
    for _ in range(steps):
        d = optimal_discriminator(p_data, path[-1])
        path.append(
            exact_step(d, path[-1], term)
            if partial is None
            else partial_step(d, path[-1], *partial, term)
        )
    z = [np.sum(optimal_discriminator(p_data, q) * q) for q in path]
    return AlternationPath(
        np.array(path), np.array([objective_at_optimum(p_data, q) for q in path]), np.array(z)
    )


def limit(p_data: ArrayLike, q0: ArrayLike) -> np.ndarray:
    """Where the exact steps with the term lead, shape (X,).

    It is p̃ on the letters where q0 has mass, normalised.
    With P the mass of p̃ there, Z → P/(1 + P): the rate of q, and its square the rate of the
    objective.
    So ½ and ¼ when q0 misses no letter of p̃.
    Raises ValueError for bad tables, and when the two share no letter.
    """
    p_data, q0 = check_letters(p_data, q0)
    return _normalised(np.where(q0 > 0, p_data, 0))


def _check_step(discriminator: ArrayLike, q_old: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    q_old = check_table(q_old, "q_old").astype(float)
    if q_old.ndim != 1:
        raise ValueError(
            f"q_old has shape {q_old.shape}: give one probability per letter, shape (X,)"
        )
    return check_discriminator(discriminator, q_old), q_old


def _check_partial(count: int, size: float) -> None:
    if not isinstance(count, Integral) or count < 1:
        raise ValueError(f"count is {count!r}: take at least one gradient step, a whole number")
    if not 0 < size < np.inf:
        raise ValueError(f"size is {size!r}: the step size is a positive number")


def _normalised(weights: np.ndarray) -> np.ndarray:
    if not weights.any():
        raise ValueError(
            "the data and the generator share no letter: "
            "give the generator mass where the data has some"
        )
    return weights / weights.sum()


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max()
    return shifted - np.log(np.sum(np.exp(shifted)))
