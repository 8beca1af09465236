"""KL divergences of tables, the tables that are accepted, and steps in the logits of tables."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Rational
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

TOLERANCE = 1e-9  # how far a sum of floats may be from one
COMPLEX_STEP = 1e-30


class ChainRule(NamedTuple):
    """The three numbers of su-4, in nats: joint = marginal + remainder."""

    joint: float
    marginal: float
    remainder: float


def check_table(table: ArrayLike, name: str = "p") -> np.ndarray:
    """Return `table` as an array (its own shape and numbers) if it is a probability table.

    The cells may be Python, NumPy, SymPy or mpmath numbers.
    A table of rational numbers must sum to exactly one, any other to one within 1e-9.
    Raises ValueError when the table is empty, a cell is not a number, NaN or negative,
    or the sum is not one; the message names the table and the cell or the sum.
    """
    cells = np.asarray(table, dtype=object)
    if cells.size == 0:
        raise ValueError(f"{name} is empty (shape {cells.shape}): give it at least one cell")
    for index, cell in np.ndenumerate(cells):
        _check_cell(cell, f"{name}[{', '.join(map(str, index))}]")
    _check_sum(cells.ravel().tolist(), name)
    return np.asarray(table)


def _check_cell(cell: Any, where: str) -> None:
    try:
        value = float(cell + 0)  # the addition turns away strings, which float() would parse
    except (TypeError, ValueError):
        raise ValueError(
            f"{where} is {cell!r}, not a number: give each cell one real number"
        ) from None
    if math.isnan(value):
        raise ValueError(f"{where} is NaN: find the 0/0 or the missing value that made it")
    if cell < 0:
        raise ValueError(f"{where} is {cell}: a probability is not negative, so mend that cell")


def _check_sum(cells: list, name: str) -> None:
    exact = all(isinstance(cell, Rational) for cell in cells)
    total = sum(cells) if exact else math.fsum(map(float, cells))
    # "not <=" also turns away an infinite sum
    if (total != 1) if exact else not abs(total - 1) <= TOLERANCE:
        raise ValueError(f"{name} sums to {total}, not to one: divide it by its sum")


def kl(p: ArrayLike, q: ArrayLike) -> float:
    """KL(p ‖ q) = Σ p log(p/q) in nats, in 64-bit floats; p and q are tables of one shape.

    0·log 0 = 0 and p·log(p/0) = +∞, so the result lies in [0, ∞] (up to rounding).
    Raises ValueError for a bad table (see `check_table`) or for two shapes.
    """
    return _divergence(*check_pair(p, q))


def chain_rule(p: ArrayLike, q: ArrayLike) -> ChainRule:
    """The three numbers of su-4 for joint tables p(x, z), q(x, z) of shape (X, Z), in nats.

    joint      KL(p(x, z) ‖ q(x, z))
    marginal   KL(p̃(x) ‖ q(x))
    remainder  Σ_x p̃(x) KL(p(z|x) ‖ q(z|x))

    Each is summed from its own definition; joint = marginal + remainder holds in [0, ∞].
    Where p̃(x) = 0 the remainder has no term.
    Where p̃(x) > 0 and q(x) = 0, q(z|x) is undefined and may be chosen freely: it is taken to be
    p(z|x), which adds 0.  The identity does not depend on that choice, because joint and marginal
    are both +∞ there and the remainder is never negative.
    The other direction is chain_rule(q, p).  Raises ValueError for bad tables and shapes.
    """
    p, q = check_pair(p, q)
    if p.ndim != 2:
        raise ValueError(f"p and q have shape {p.shape}: give joint tables of shape (X, Z)")
    p_data, q_x = p.sum(axis=1), q.sum(axis=1)
    remainder = sum(
        p_data[x] * _divergence(p[x] / p_data[x], q[x] / q_x[x])
        for x in range(len(p))
        if p_data[x] > 0 and q_x[x] > 0
    )
    return ChainRule(_divergence(p, q), _divergence(p_data, q_x), float(remainder))


def kl_div(a: ArrayLike, b: ArrayLike) -> np.ndarray:
    """The integrand of KL for each pair of cells: ℰ(a, b) = a log(a/b) − a + b, in nats.

    It is never negative, and 0 only at a = b.
    `a` and `b` are arrays of one shape with a, b ≥ 0; the result has that shape, with ℰ(0, b) = b
    and ℰ(a, 0) = +∞.
    `scipy.special.kl_div` is the same function; this one exists because SciPy takes the formula as
    it stands and loses its digits where a is close to b, and here a divergence of 1e-25 has a
    meaning.
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        v = (a - b) / (a + b)
        # log(a/b) = 2 artanh v: unlike the difference of two logs it keeps its digits where a and b
        # are close
        log = np.where(np.abs(v) < 0.5, 2 * np.arctanh(v), np.log(a) - np.log(b))
        plain = np.where(a > 0, a * log, 0) - a + b
    # and where they are closer still, the first term of its series cancels against −a + b up to
    # (a − b)²/(a + b)
    series = (a - b) * v + 2 * a * sum(v ** (2 * j + 1) / (2 * j + 1) for j in range(1, 9))
    return np.where(np.abs(v) < 0.1, series, plain)


def check_pair(
    p: ArrayLike, q: ArrayLike, names: tuple[str, str] = ("p", "q")
) -> tuple[np.ndarray, np.ndarray]:
    """Two tables of one shape as arrays of floats.

    Raises ValueError as `check_table` does, or for two shapes.
    """
    p, q = (
        check_table(table, name).astype(float) for table, name in zip((p, q), names, strict=True)
    )
    if p.shape != q.shape:
        raise ValueError(
            f"{names[0]} has shape {p.shape} and {names[1]} has shape {q.shape}: "
            "give both the same shape"
        )
    return p, q


def softmax(logits: np.ndarray, axis: int) -> np.ndarray:
    """The tables of logits, over an axis; the logits may be complex, for `jacobian`."""
    shifted = np.exp(logits - logits.real.max(axis=axis, keepdims=True))
    return shifted / shifted.sum(axis=axis, keepdims=True)


def jacobian(step: Callable[[np.ndarray], np.ndarray], at: np.ndarray) -> np.ndarray:
    """The Jacobian at `at`, (n,), of a step that maps numbers (n,) to numbers (m,): (m, n).

    It is computed by complex steps, and so to the last digits; `step` is given complex numbers.
    """
    columns = []
    for place in range(len(at)):
        moved = at.astype(complex)
        moved[place] += COMPLEX_STEP * 1j
        columns.append(np.imag(step(moved)) / COMPLEX_STEP)
    return np.array(columns).T


def _divergence(p: np.ndarray, q: np.ndarray) -> float:
    # log p - log q instead of log(p/q): the quotient overflows when q is tiny
    held = p > 0
    with np.errstate(divide="ignore"):
        return float(np.sum(p[held] * (np.log(p[held]) - np.log(q[held]))))
