"""ALI on finite alphabets: generator and encoder as tables, with the best discriminator (su-39).

In every round the discriminator is at its optimum for the tables before it, and the two take a step
on one of the losses su-40 to su-43.

Letters of x and z; p̃(x) is `p_data`, (X,), q(z) is `prior`, (Z,).
`encoder` holds p(z|x) and `generator` holds q(x|z), both (..., X, Z) with x before z and any
leading axes, for example starts.
p(x, z) = p̃(x) p(z|x) and q(x, z) = q(x|z) q(z) are the two joint tables, and r = q(x, z)/p(x, z),
so that D = 1/(1 + r).
The objective at the optimal discriminator, KL(m ‖ p) with m = (p + q)/2, is `objective_at_optimum`
of the GAN on pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from onekl.tables import check_table, jacobian, softmax

# The slope of each loss by p(x, z) and by q(x, z), with D and the old densities held where they
# are: of −log D = log(1 + r), of log(1 − D) = log r − log(1 + r), and of su-40's last term,
# −q log p, which gives −r.
SLOPES: dict[str, Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]] = {
    "su-40": lambda r: ((both := np.log1p(r)) - r, both),
    "su-41": lambda r: (both := np.log1p(r), both),
    "su-42": lambda r: (-(both := np.log1p(r)), np.log(r) - both),
    "su-43": lambda r: (np.log1p(1 / r), np.log1p(r)),
}


class Mismatch(NamedTuple):
    """Total variations, each (...): between the joint tables, and between their marginals.

    `x` is between q(x) and p̃(x), `z` between p(z) and q(z).
    """

    joint: np.ndarray
    x: np.ndarray
    z: np.ndarray


class DescentPath(NamedTuple):
    """The tables at the end of a run, (..., X, Z), and the mismatches on the way.

    `mismatch` is that before each round and at the end, (rounds + 1, ...).
    """

    encoder: np.ndarray
    generator: np.ndarray
    mismatch: Mismatch


def joints(
    p_data: ArrayLike, encoder: np.ndarray, prior: ArrayLike, generator: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The joint tables p(x, z) = p̃(x) p(z|x) and q(x, z) = q(x|z) q(z), each (..., X, Z)."""
    return np.asarray(p_data)[:, None] * encoder, np.asarray(prior) * generator


def mismatch(p: np.ndarray, q: np.ndarray) -> Mismatch:
    """How far two joint tables (..., X, Z) are apart, as a whole and in their marginals."""
    gap = p - q
    return Mismatch(
        joint=np.abs(gap).sum(axis=(-2, -1)) / 2,
        x=np.abs(gap.sum(-1)).sum(axis=-1) / 2,
        z=np.abs(gap.sum(-2)).sum(axis=-1) / 2,
    )


def gradient_step(
    objective: str,
    p_data: np.ndarray,
    prior: np.ndarray,
    encoder_logits: np.ndarray,
    generator_logits: np.ndarray,
    size: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Both logits after one gradient step on the objective, "su-40" to "su-43".

    D is at its optimum for the tables before the step.
    p(z|x) is the softmax of `encoder_logits` over z and q(x|z) that of `generator_logits` over x,
    both (..., X, Z).
    The old densities of su-40 are those before the step: its third term has no slope there, and its
    fourth only one for the encoder.
    """
    tables = _tables(encoder_logits, generator_logits)
    encoder_slope, generator_slope = _logit_slopes(objective, p_data, prior, *tables)
    return encoder_logits - size * encoder_slope, generator_logits - size * generator_slope


def simultaneous_descent(
    objective: str,
    p_data: ArrayLike,
    prior: ArrayLike,
    encoder: ArrayLike,
    generator: ArrayLike,
    rounds: int,
    size: float = 1.0,
) -> DescentPath:
    """`rounds` gradient steps of encoder and generator at once, each with a fresh optimal D.

    Raises ValueError for an unknown objective, for tables that are not positive or of other shapes,
    for a number of rounds below 0, and for a size that is not positive.
    """
    p_data, prior, encoder, generator = _checked(objective, p_data, prior, encoder, generator)
    if not isinstance(rounds, Integral) or rounds < 0:
        raise ValueError(
            f"rounds is {rounds!r}: give the number of rounds, a whole number from 0 on"
        )
    if not 0 < size < np.inf:
        raise ValueError(f"size is {size!r}: the step size is a positive number")
    # with the starts next to each other in memory, a sum over few letters runs along many starts
    of_encoder, of_generator = (np.log(np.asfortranarray(table)) for table in (encoder, generator))
    encoder, generator = _tables(of_encoder, of_generator)
    seen = [mismatch(*joints(p_data, encoder, prior, generator))]
    for _ in range(rounds):
        slopes = _logit_slopes(objective, p_data, prior, encoder, generator)
        of_encoder, of_generator = of_encoder - size * slopes[0], of_generator - size * slopes[1]
        encoder, generator = _tables(of_encoder, of_generator)
        seen.append(mismatch(*joints(p_data, encoder, prior, generator)))
    return DescentPath(encoder, generator, mismatch=Mismatch(*map(np.array, zip(*seen))))


def linearised(objective: str, joint: ArrayLike, size: float = 1.0) -> np.ndarray:
    """The Jacobian of `gradient_step` at p = q = `joint` (X, Z), in both logits: (2XZ, 2XZ).

    The first XZ rows and columns are the encoder's.
    It is computed by complex steps, and so to the last digits.
    Raises ValueError for an unknown objective and for a table with a cell that is not positive.
    """
    joint = check_table(joint, "joint").astype(float)
    p_data, prior = joint.sum(1), joint.sum(0)
    encoder, generator = joint / p_data[:, None], joint / prior
    _checked(objective, p_data, prior, encoder, generator)

    def step(logits: np.ndarray) -> np.ndarray:
        both = logits.reshape(2, *joint.shape)
        return np.ravel(gradient_step(objective, p_data, prior, *both, size))

    return jacobian(step, np.ravel([np.log(encoder), np.log(generator)]))


def _tables(
    encoder_logits: np.ndarray, generator_logits: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """p(z|x) and q(x|z) of the logits."""
    return softmax(encoder_logits, -1), softmax(generator_logits, -2)


def _logit_slopes(
    objective: str,
    p_data: np.ndarray,
    prior: np.ndarray,
    encoder: np.ndarray,
    generator: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """The objective's slopes by the logits of p(z|x) and of q(x|z), D at its optimum."""
    p, q = joints(p_data, encoder, prior, generator)
    by_p, by_q = SLOPES[objective](q / p)
    return (
        p * (by_p - (encoder * by_p).sum(axis=-1, keepdims=True)),
        q * (by_q - (generator * by_q).sum(axis=-2, keepdims=True)),
    )


def _checked(
    objective: str,
    p_data: ArrayLike,
    prior: ArrayLike,
    encoder: ArrayLike,
    generator: ArrayLike,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The four tables as floats; ValueError for an unknown objective and for bad tables."""
    if objective not in SLOPES:
        raise ValueError(f"no objective {objective!r}: choose one of {', '.join(SLOPES)}")
    p_data = check_table(p_data, "p_data").astype(float)
    prior = check_table(prior, "prior").astype(float)
    encoder, generator = np.asarray(encoder, float), np.asarray(generator, float)
    shape = (*p_data.shape, *prior.shape)
    for name, table, axis, letter in (
        ("encoder", encoder, -1, "z"),
        ("generator", generator, -2, "x"),
    ):
        if table.shape[-2:] != shape or len(shape) != 2:
            raise ValueError(
                f"{name} has shape {table.shape}: its last axes must be x and z, {shape}"
            )
        if not np.allclose(table.sum(axis), 1, rtol=0, atol=1e-9):
            raise ValueError(f"{name} does not sum to one over {letter}: divide it by its sums")
    if not all(np.all(table > 0) for table in (p_data, prior, encoder, generator)):
        raise ValueError(
            "a cell is not positive: a gradient step in logits cannot start from 0, "
            "so give every cell some mass"
        )
    return p_data, prior, encoder, generator
