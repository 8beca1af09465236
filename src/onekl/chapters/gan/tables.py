"""The article's GAN on a finite alphabet: discriminator and objectives, exactly (su-14 to su-20).

Tables have shape (X,), one cell per letter.
p̃(x) is `p_data`, q(x) is `q`, q°(x) is `q_old`, D(x) is `discriminator`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from onekl.tables import check_pair, kl, kl_div


def optimal_discriminator(p_data: ArrayLike, q: ArrayLike) -> np.ndarray:
    """su-18: D*(x) = p̃(x)/(p̃(x) + q(x)), shape (X,).

    1 where only p̃ has mass and 0 where only q has.
    Where neither has, the discriminator's loss does not see D(x); it is taken to be 0, its value
    for every q(x) > 0.
    Raises ValueError for bad tables and for two shapes.
    """
    p_data, q = check_pair(p_data, q, ("p_data", "q"))
    total = p_data + q
    return np.divide(p_data, total, out=np.zeros_like(total), where=total > 0)


def objective(p_data: ArrayLike, q: ArrayLike, discriminator: ArrayLike) -> float:
    """su-14 with its constants, in nats: KL(q(x, y) ‖ p(x, y)), for any D(x) in [0, 1].

    q(x, 1) = ½p̃(x), q(x, 0) = ½q(x); p(x, 1) = D(x) p̃(x), p(x, 0) = (1 − D(x)) p̃(x).
    So it is ½[Σ p̃ log(1/D) + Σ q log(q/((1 − D) p̃))] − log 2.
    It is +∞ where p̃ has mass and D = 0, and where q has mass and D = 1 or p̃ = 0.
    Raises ValueError for bad tables, a D outside [0, 1], and different shapes.
    """
    p_data, q = check_pair(p_data, q, ("p_data", "q"))
    d = check_discriminator(discriminator, q)
    return kl(np.stack([p_data, q]) / 2, np.stack([d * p_data, (1 - d) * p_data]))


def objective_at_optimum(p_data: ArrayLike, q: ArrayLike) -> float:
    """The objective su-14 at D*, in nats: KL(m ‖ p̃) with m = (p̃ + q)/2.

    +∞ when q has mass where p̃ has none; 0 only for q = p̃.
    Its error is about 1e-16 of its square root.
    Raises ValueError for bad tables and for two shapes.
    """
    p_data, q = check_pair(p_data, q, ("p_data", "q"))
    return float(np.sum(kl_div((p_data + q) / 2, p_data)))


def jensen_shannon(p: ArrayLike, q: ArrayLike) -> float:
    """½KL(p ‖ m) + ½KL(q ‖ m) with m = (p + q)/2, in nats: the original GAN's divergence.

    It is at most log 2.

    Raises ValueError for bad tables and for two shapes.
    """
    p, q = check_pair(p, q)
    middle = (p + q) / 2
    return float(np.sum(kl_div(p, middle) + kl_div(q, middle)) / 2)


def generator_objective(
    q: ArrayLike, discriminator: ArrayLike, q_old: ArrayLike, term: bool = True
) -> float:
    """su-19, in nats: −E_q log D + KL(q ‖ q°); without the `term` KL(q ‖ q°) it is su-20.

    +∞ where q has mass and D = 0, and with the term where q has mass and q° has none.
    Raises ValueError for bad tables, a D outside [0, 1], and different shapes.
    """
    q, q_old = check_pair(q, q_old, ("q", "q_old"))
    held = q > 0
    with np.errstate(divide="ignore"):
        log_d = np.log(check_discriminator(discriminator, q)[held])
    return float(-np.sum(q[held] * log_d)) + (kl(q, q_old) if term else 0.0)


def check_discriminator(discriminator: ArrayLike, table: np.ndarray) -> np.ndarray:
    """D as an array of floats, of the table's shape.

    Raises ValueError for another shape and for a value outside [0, 1].
    """
    d = np.asarray(discriminator, float)
    if d.shape != table.shape:
        raise ValueError(
            f"discriminator has shape {d.shape}: give it the shape of the tables, {table.shape}"
        )
    for index, value in np.ndenumerate(d):
        if not 0 <= value <= 1:
            where = ", ".join(map(str, index))
            raise ValueError(
                f"discriminator[{where}] is {value}: D(x) is a probability, so keep it in [0, 1]"
            )
    return d


def check_letters(
    p_data: ArrayLike, q: ArrayLike, names: tuple[str, str] = ("p_data", "q0")
) -> tuple[np.ndarray, np.ndarray]:
    """Two tables of shape (X,) as floats, which an error calls by their `names`.

    Raises ValueError for bad tables and for any other shape.
    """
    p_data, q = check_pair(p_data, q, names)
    if q.ndim != 1:
        raise ValueError(
            f"{names[1]} has shape {q.shape}: give one probability per letter, shape (X,)"
        )
    return p_data, q
