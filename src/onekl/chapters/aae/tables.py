"""The AAE of the article on finite alphabets, exactly (su-29 to su-34).

p(z), the adversarial value, the reconstruction error, and their sum.
p̃(x) is `p_data` (X,), q(z) is `prior` (Z,), and the encoder p(z|x) is `encoder` (X, Z), a
distribution in each row.
An x is read as its one-hot vector, so that ‖x − G(z)‖² is 0 for the right letter and G(z) may lie
between letters.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from numbers import Rational

import numpy as np
from numpy.typing import ArrayLike

from onekl.chapters.gan.tables import objective_at_optimum
from onekl.tables import check_table


def aggregated(p_data: ArrayLike, encoder: ArrayLike) -> np.ndarray:
    """su-27: p(z) = Σ p̃(x) p(z|x), shape (Z,).

    Raises ValueError for bad tables and for shapes that do not fit.
    """
    return _joint(p_data, encoder).sum(axis=0)


def best_decoder(p_data: ArrayLike, encoder: ArrayLike) -> np.ndarray:
    """The decoder with the least error, G(z) = p(x|z), shape (Z, X).

    It is p̃ for a code without mass, where any would do.
    Raises ValueError as `aggregated` does.
    """
    joint = _joint(p_data, encoder).T
    mass = joint.sum(axis=1, keepdims=True)
    free = np.broadcast_to(np.asarray(p_data, float), joint.shape).copy()
    return np.divide(joint, mass, out=free, where=mass > 0)


def reconstruction_error(p_data: ArrayLike, encoder: ArrayLike) -> float:
    """The error E‖x − G(z)‖² of the best decoder: 1 − Σ p(x, z)²/p(z).

    It is in [0, 1], and 0 when no code is shared.
    Raises ValueError as `aggregated` does.
    """
    joint, decoder = _joint(p_data, encoder), best_decoder(p_data, encoder)
    return float(np.sum(joint * (1 - decoder.T)))


def adversarial_value(p_data: ArrayLike, encoder: ArrayLike, prior: ArrayLike) -> float:
    """su-29 at the best discriminator, in nats: KL(m ‖ q(z)) with m = ½(p(z) + q(z)).

    Raises ValueError for bad tables and for shapes that do not fit.
    """
    return objective_at_optimum(prior, aggregated(p_data, encoder))


def total_value(p_data: ArrayLike, encoder: ArrayLike, prior: ArrayLike, lam: float) -> float:
    """su-29 plus λ times the reconstruction error, at the best discriminator and decoder.

    The first part is in nats.
    Raises ValueError for bad tables, shapes that do not fit and a negative λ.
    """
    adversarial = adversarial_value(p_data, encoder, prior)
    return adversarial + _check_weight(lam) * reconstruction_error(p_data, encoder)


def descend(
    p_data: ArrayLike, prior: ArrayLike, lam: ArrayLike, encoder: ArrayLike, count: int, size: float
) -> np.ndarray:
    """The encoder after `count` steps down `total_value`.

    Discriminator and decoder are at their best before each step.
    A step takes `size` times the slope at (x, z), per unit of p(x, z), from the logit of p(z|x):
    the gradient in the logits, each of its rows seen from inside (natural).
    A 0 of the encoder stays 0.
    `encoder` is one table (X, Z), or many starts at once, (..., X, Z), and `lam` is one weight, or
    several, with axes that are broadcast against the starts': (L, 1) takes each of S starts with
    each of L weights.
    The result is (..., X, Z), with the axes of both.
    Raises ValueError for bad tables, a prior with a letter of mass 0, a negative λ and a size that
    is not positive.
    """
    encoder = np.asarray(encoder, float)
    for start in encoder.reshape(-1, *encoder.shape[-2:]):
        p_data, q = _check(p_data, start, prior)
    if not size > 0 or not (q > 0).all():
        raise ValueError(
            f"size is {size!r} and the least q(z) is {q.min()}: both have to be positive"
        )
    for weight in np.ravel(lam).tolist():
        _check_weight(weight)
    lam = np.asarray(lam, float)[..., None, None]
    runs = np.broadcast_shapes(encoder.shape, lam.shape)
    # with the first axes next to each other in memory, a sum over few letters runs along many runs
    encoder = np.asfortranarray(np.broadcast_to(encoder, runs))
    for _ in range(count):
        slope = _slope(p_data[:, None] * encoder, q, lam)
        weights = encoder * np.exp(-size * slope)
        encoder = weights / weights.sum(axis=-1, keepdims=True)
    return encoder


def _slope(joint: np.ndarray, prior: np.ndarray, lam: np.ndarray) -> np.ndarray:
    """The derivative of the total by p(x, z), shape (..., X, Z).

    It is ½ log(m/q) of the adversarial part, and −2p(x|z) + Σ p(x′|z)² of the error.
    """
    mass = joint.sum(axis=-2, keepdims=True)
    given = np.divide(joint, mass, out=np.zeros_like(joint), where=mass > 0)
    adversarial = np.log((mass + prior) / (2 * prior)) / 2
    error = (given**2).sum(axis=-2, keepdims=True) - 2 * given
    return adversarial + lam * error


def grouping(p_data: ArrayLike, prior: ArrayLike) -> tuple[int, ...] | None:
    """A map z ↦ x, as a tuple of letters (Z,), that pushes q(z) to p̃(x) (su-12).

    None if there is none.
    The question is one of exact numbers: the cells have to be Fractions or integers.
    Raises ValueError for other numbers and for bad tables.
    """
    room, masses = _exact(p_data, "p_data"), _exact(prior, "prior")
    heaviest_first = sorted(range(len(masses)), key=lambda z: -masses[z])

    @cache
    def place(done: int, room: tuple[Fraction | int, ...]) -> tuple[int, ...] | None:
        """The letters x of the masses from number `done` on, with what `room` each x has left."""
        if done == len(masses):
            return ()
        mass = masses[heaviest_first[done]]
        for x in (x for x, free in enumerate(room) if free >= mass):
            rest = place(done + 1, (*room[:x], room[x] - mass, *room[x + 1 :]))
            if rest is not None:
                return x, *rest
        return None

    found = place(0, room)
    return None if found is None else tuple(x for _, x in sorted(zip(heaviest_first, found)))


def can_be_perfect(p_data: ArrayLike, prior: ArrayLike) -> bool:
    """Whether some encoder has p(z) = q(z) and error 0 at once: whether `grouping` finds a map.

    Error 0 means that no code is shared, so each z with mass belongs to one x, and p(z) = q(z) then
    gives the group of codes of x the mass p̃(x).
    Raises ValueError as `grouping` does.
    """
    return grouping(p_data, prior) is not None


def perfect_encoder(p_data: ArrayLike, prior: ArrayLike) -> np.ndarray:
    """The posterior of the map that `grouping` finds: Fractions, (X, Z).

    p(z|x) = q(z)/p̃(x) within the group of x; the row of an x without mass is q.
    Raises ValueError as `grouping` does, and where no encoder is perfect.
    """
    groups = grouping(p_data, prior)
    if groups is None:
        raise ValueError(
            "no encoder is perfect here: no groups of the prior's letters have the masses of p_data"
        )
    p_data, prior = _exact(p_data, "p_data"), _exact(prior, "prior")
    rows = [
        [q * (x == owner) / mass for q, owner in zip(prior, groups)] if mass else list(prior)
        for x, mass in enumerate(p_data)
    ]
    return np.array(rows, dtype=object)


def _joint(p_data: ArrayLike, encoder: ArrayLike) -> np.ndarray:
    """p(x, z) = p̃(x) p(z|x), shape (X, Z)."""
    p_data, _ = _check(p_data, encoder)
    return p_data[:, None] * np.asarray(encoder).astype(float)


def _check(
    p_data: ArrayLike, encoder: ArrayLike, prior: ArrayLike | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """p̃ and q as floats; ValueError for bad tables and for shapes that do not fit."""
    encoder, p_data = np.asarray(encoder), check_table(p_data, "p_data").astype(float)
    q = p_data if prior is None else check_table(prior, "prior").astype(float)
    wanted = (*p_data.shape, *(encoder.shape[1:2] if prior is None else q.shape))
    if encoder.shape != wanted or len(wanted) != 2:
        raise ValueError(
            f"encoder has shape {encoder.shape}: give it one row for each x and one column for "
            f"each z, {wanted}"
        )
    for x, row in enumerate(encoder):
        check_table(row, f"encoder[{x}]")
    return p_data, q


def _check_weight(lam: float) -> float:
    if not 0 <= lam < np.inf:
        raise ValueError(f"lam is {lam!r}: the weight of the reconstruction is a number from 0 on")
    return lam


def _exact(table: ArrayLike, name: str) -> tuple[Fraction | int, ...]:
    """The cells of a table; ValueError for bad tables and for cells that are not exact numbers."""
    cells = check_table(table, name)
    for index, cell in np.ndenumerate(cells):
        if not isinstance(cell, Rational):
            raise ValueError(
                f"{name}[{', '.join(map(str, index))}] is {cell!r}: whether masses are equal "
                "needs exact numbers, so give Fractions"
            )
    return tuple(cells.ravel().tolist())
