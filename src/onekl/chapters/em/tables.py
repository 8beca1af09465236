"""EM on finite alphabets, exactly: the half-steps of su-8 and su-11, and where they lead.

p(x, z) and q(x, z) are joint tables of shape (X, Z), p̃(x) has shape (X,), and the prior q(z) is
`q.sum(axis=0)`.
With a decoder q(x|z) that may be any table and a fixed prior, EM is iterative proportional fitting.
"""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from onekl.tables import TOLERANCE, check_pair, check_table, kl_div

# Cells below it are taken as 0: on their way there they would underflow in q and not in p.
TINY = 1e-290


class EMPath(NamedTuple):
    """EM from q0, half-step by half-step: E, then M and E `rounds` times; divergences in nats.

    `decrease` is summed from the divergence that names it:
    E_{p(z)} KL(q(x|z) ‖ q°(x|z)) + KL(q(z) ‖ q°(z)) for M, and E_p̃ KL(p°(z|x) ‖ q(z|x)) for E.
    """

    p: np.ndarray  # (rounds + 1, X, Z), p(x, z) after each E half-step
    q: np.ndarray  # (rounds + 1, X, Z), q(x, z) that this E half-step answered
    objective: np.ndarray  # (2 rounds + 1,), the joint KL after every half-step, E, M, E, …, E
    decrease: np.ndarray  # (2 rounds,), by how much each M and E lowered it
    divergence: np.ndarray  # (rounds + 1,), KL(p̃ ‖ q(x)) of each q


def encoder_half_step(p_data: ArrayLike, q: ArrayLike) -> np.ndarray:
    """su-11, the E half-step: p(x, z) = p̃(x) q(z|x), shape (X, Z).

    It has the smallest joint KL over all encoders p(z|x).
    Raises ValueError for bad tables, and where p̃(x) > 0 = q(x): there q(z|x) is 0/0, and every
    encoder has +∞.
    """
    p_data, q = check_table(p_data, "p_data").astype(float), check_table(q, "q").astype(float)
    if q.ndim != 2 or p_data.shape != q.shape[:1]:
        raise ValueError(
            f"p_data has shape {p_data.shape} and q has shape {q.shape}: give (X,) and (X, Z)"
        )
    return _encoder_half_step(p_data, q)


def decoder_half_step(p: ArrayLike, q_old: ArrayLike, free_prior: bool = False) -> np.ndarray:
    """su-8, the M half-step, over all decoders: q(x, z) = p(x|z) q(z), shape (X, Z).

    With a `free_prior` it is p(x, z) itself.
    Where p(z) = 0 the objective does not see the decoder, and q(x|z) stays as it was.
    Raises ValueError for bad tables and for two shapes.
    """
    p, q_old = _check_joints(p, q_old)
    return p if free_prior else _with_prior(p, q_old)


def product_step(p: ArrayLike, q_old: ArrayLike, letters: tuple[int, int]) -> np.ndarray:
    """su-8, the M half-step, over decoders under which the parts of x = (x₁, x₂) are independent.

    It is q(x₁|z) = p(x₁|z) and q(x₂|z) = p(x₂|z), as a table q(x, z) of shape (X, Z).
    `letters` is (A, B) with A·B = X, and row i of the tables is x₁ = i // B, x₂ = i % B.
    The prior stays q_old's.
    Raises ValueError for bad tables, two shapes, letters that do not fit, and a q_old that is no
    such decoder.
    """
    p, q_old = _check_joints(p, q_old)
    if len(letters) != 2 or np.prod(letters) != len(p):
        raise ValueError(f"letters is {letters}: give two numbers whose product is X = {len(p)}")
    product = _with_prior(_product(q_old, letters), q_old)
    if not np.abs(product - q_old).max() <= TOLERANCE:
        raise ValueError(
            "q_old(x|z) is not a product of q(x₁|z) and q(x₂|z): start from one that is"
        )
    return _with_prior(_product(p, letters), q_old)


def alternate_em(
    p_data: ArrayLike,
    q0: ArrayLike,
    rounds: int,
    step: Callable[[np.ndarray, np.ndarray], np.ndarray] = decoder_half_step,
) -> EMPath:
    """EM from q0: an E half-step, then `rounds` times an M and an E half-step.

    `step` is the M half-step, a function of (p, q_old).
    With `decoder_half_step` this is iterative proportional fitting: rows to p̃(x), columns to q(z).
    Raises ValueError as `encoder_half_step` does, and for a number of rounds that is no whole
    number from 0 on.
    """
    if not isinstance(rounds, Integral) or rounds < 0:
        raise ValueError(
            f"rounds is {rounds!r}: give the number of rounds, a whole number from 0 on"
        )
    q = [check_table(q0, "q0").astype(float)]
    p = [encoder_half_step(p_data, q[0])]
    p_data = np.asarray(p_data).astype(float)
    for _ in range(rounds):
        q.append(step(p[-1], q[-1]))
        p.append(_encoder_half_step(p_data, q[-1]))
    return _measured(p_data, np.array(p), np.array(q))


def _measured(p_data: np.ndarray, p: np.ndarray, q: np.ndarray) -> EMPath:
    """The path of the tables after each round, (rounds + 1, X, Z), with its divergences."""
    after_e, after_m = _kl(p, q), _kl(p[:-1], q[1:])
    prior = q.sum(axis=-2)
    in_m = _mean_kl(p[:-1].sum(axis=-2), q[1:], q[:-1]) + _kl(prior[1:], prior[:-1], axes=-1)
    in_e = _mean_kl(p[0].sum(axis=-1), p[:-1].mT, q[1:].mT)
    return EMPath(
        p,
        q,
        objective=np.append(after_e[:1], np.stack([after_m, after_e[1:]], axis=1)),
        decrease=np.stack([in_m, in_e], axis=1).ravel(),
        divergence=_kl(p_data, q.sum(axis=-1), axes=-1),
    )


def em_limit(p_data: ArrayLike, q0: ArrayLike) -> np.ndarray:
    """Where EM with free decoders and the fixed prior leads from a q0 without zeros, shape (X, Z).

    The one table with row sums p̃(x), column sums q0(z) and the odds ratios of q0:
    q0(x, z) e^{u(x) + v(z)}.
    Found by Newton's method in (u, v), not by the alternation.
    Raises ValueError for bad tables and for a table with a zero.
    """
    table = encoder_half_step(p_data, q0)
    if not (table > 0).all():
        raise ValueError(
            "em_limit needs positive tables: with a zero in p_data or q0 the limit may not exist"
        )
    rows, prior = table.sum(axis=1), np.asarray(q0, float).sum(axis=0)
    for _ in range(100):
        gap = np.concatenate([rows - table.sum(axis=1), prior - table.sum(axis=0)])
        if np.abs(gap).max() < 1e-14:
            return table / table.sum()
        slope = np.block(
            [[np.diag(table.sum(axis=1)), table], [table.T, np.diag(table.sum(axis=0))]]
        )
        move = np.linalg.lstsq(slope, gap, rcond=None)[0]
        move /= max(1.0, np.abs(move).max())  # full steps only where the Newton step is small
        table = table * np.exp(move[: len(rows), None] + move[len(rows) :])
    raise ValueError(
        f"Newton's method is still {np.abs(gap).max():.0e} off after 100 steps: "
        "are the smallest cells too small?"
    )


def em_rate(limit: ArrayLike) -> float:
    """The factor per round by which EM with free decoders nears its `limit` (X, Z).

    It is the squared maximal correlation of x and z at the limit: σ₂², σ₂ the second singular value
    of p(x, z)/√(p̃(x) q(z)).
    It is 0 for a single row or column.
    Raises ValueError for a bad table and for one with an empty row or column.
    """
    limit = check_table(limit, "limit").astype(float)
    if limit.ndim != 2 or not (limit.any(axis=0).all() and limit.any(axis=1).all()):
        raise ValueError(
            "limit is no table (X, Z) with mass in every row and column: leave out what has none"
        )
    scaled = limit / np.sqrt(np.outer(limit.sum(axis=1), limit.sum(axis=0)))
    return float(np.sum(np.linalg.svd(scaled, compute_uv=False)[1:2] ** 2))


def _encoder_half_step(p_data: np.ndarray, q: np.ndarray) -> np.ndarray:
    """`encoder_half_step` of arrays that are known to be tables; the ValueError of a q(x) = 0."""
    q = np.where(q < TINY, 0.0, q)
    model = q.sum(axis=1)
    lost = np.flatnonzero((p_data > 0) & (model == 0))
    if lost.size:
        raise ValueError(
            f"q(x) is 0 at x = {lost[0]}, where p_data is {p_data[lost[0]]}: "
            "give the model mass wherever there are data"
        )
    return q * np.divide(p_data, model, out=np.zeros_like(model), where=model > 0)[:, None]


def _kl(p: np.ndarray, q: np.ndarray, axes: int | tuple[int, int] = (-2, -1)) -> np.ndarray:
    """KL(p ‖ q) over the axes of a table, for each of the others, in nats."""
    # summed from terms that are never negative, so that its digits stay right near 0
    return kl_div(p, q).sum(axis=axes)


def _mean_kl(weights: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Σ_z weights(z) KL(first(x|z) ‖ second(x|z)), the conditionals of two tables' columns.

    `weights` are (..., Z) and the tables (..., X, Z); the result is (...).
    """
    seen = (weights > 0)[..., None, :]
    conditionals = (
        np.divide(table, table.sum(axis=-2, keepdims=True), out=np.zeros_like(table), where=seen)
        for table in (first, second)
    )
    return np.sum(weights * kl_div(*conditionals).sum(axis=-2), axis=-1)


def _check_joints(p: ArrayLike, q_old: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    p, q_old = check_pair(p, q_old, ("p", "q_old"))
    if p.ndim != 2:
        raise ValueError(f"p and q_old have shape {p.shape}: give joint tables of shape (X, Z)")
    return p, q_old


def _product(table: np.ndarray, letters: tuple[int, int]) -> np.ndarray:
    """t(x₁, z) t(x₂, z) for a table t(x₁, x₂, z), in the table's shape.

    For each z it is in proportion to t(x₁|z) t(x₂|z).
    """
    grid = table.reshape(*letters, -1)
    return (grid.sum(axis=1)[:, None] * grid.sum(axis=0)[None]).reshape(table.shape)


def _with_prior(weights: np.ndarray, q_old: np.ndarray) -> np.ndarray:
    """The columns of `weights`, scaled to the column sums of q_old; an empty one stays q_old's."""
    total, prior = weights.sum(axis=0), q_old.sum(axis=0)
    return np.where(
        total > 0,
        weights * np.divide(prior, total, out=np.zeros_like(total), where=total > 0),
        q_old,
    )
