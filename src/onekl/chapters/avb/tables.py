"""AVB on finite alphabets: discriminator, encoder and decoder as tables (avb-9, avb-10).

Letters of x and z; p̃(x) is `p_data`, (X,), q(z) is `prior`, (Z,).
`encoder` holds p(z|x), which the notes call q_φ(z|x), and `decoder` holds q(x|z), which they call
p_θ(x|z); both are (X, Z) with x before z.
`logits` holds T(x, z), (X, Z), which is trained to be high at the encoder's pairs and low at those
of the reference: the prior q(z), or with adaptive contrast a table r(z|x).
All logarithms are natural.
"""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from onekl.chapters.aae.tables import best_decoder
from onekl.tables import check_table, jacobian, softmax


class EncoderPath(NamedTuple):
    """An alternation of exact steps, from its start to the encoder after the last one."""

    encoder: np.ndarray  # (steps + 1, X, Z)
    decoder: np.ndarray  # (steps + 1, X, Z)
    bound: np.ndarray  # (steps + 1, X), the bound of each x, in nats


class Players(NamedTuple):
    """What the gradient game moves: T(x, z) and the logits of p(z|x) and of q(x|z), each (X, Z)."""

    discriminator: np.ndarray
    encoder: np.ndarray
    decoder: np.ndarray


class Rates(NamedTuple):
    """The size of one gradient step of each player; 0 for a player that stays as it is.

    `count` is how many steps T takes before the others take theirs; with 0 all move at once.
    """

    discriminator: float
    encoder: float
    decoder: float = 0.0
    count: int = 0


class GamePath(NamedTuple):
    """The players at the end of a game, and its distances before each round and at the end."""

    players: Players
    encoder: np.ndarray  # (rounds + 1,), total variation of p(z|x) from q(z|x), mean over p̃
    discriminator: np.ndarray  # (rounds + 1,), mean of |T − T*| over the encoder's pairs
    model: np.ndarray  # (rounds + 1,), KL(p̃ ‖ q(x)) in nats


Reference = Callable[[np.ndarray], np.ndarray]  # r(z|x) of an encoder's table, (X, Z)


def optimal_logits(encoder: ArrayLike, reference: ArrayLike) -> np.ndarray:
    """avb-4: T*(x, z) = log p(z|x) − log r(z|x), shape (X, Z), with q(z), (Z,), or a table for r.

    −∞ where the encoder has no mass: there the discriminator is certain.
    Raises ValueError for bad tables, and where the encoder has mass and the reference has none.
    """
    encoder = _conditional(encoder, "encoder")
    reference = np.broadcast_to(np.asarray(reference, float), encoder.shape)
    if np.any((encoder > 0) & (reference <= 0)):
        raise ValueError(
            "the encoder has mass where the reference has none, so T* is +∞ there: "
            "give the reference mass on every z that the encoder draws"
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(encoder > 0, np.log(encoder) - np.log(reference), -np.inf)


def log_evidence(decoder: ArrayLike, prior: ArrayLike) -> np.ndarray:
    """log q(x) = log Σ_z q(x|z) q(z), shape (X,), in nats: what the bound is a bound of.

    Raises ValueError for bad tables.
    """
    decoder, prior = _model(decoder, prior)
    return np.log(decoder @ prior)


def posterior(decoder: ArrayLike, prior: ArrayLike) -> np.ndarray:
    """q(z|x) = q(x|z) q(z)/q(x), shape (X, Z).

    Raises ValueError for bad tables, and for an x that the decoder never draws.
    """
    joint = np.multiply(*_model(decoder, prior))
    return joint / joint.sum(axis=1, keepdims=True)


def bound(encoder: ArrayLike, decoder: ArrayLike, prior: ArrayLike) -> np.ndarray:
    """avb-2 for each x: E_{p(z|x)}[log q(x|z) + log q(z) − log p(z|x)], shape (X,), in nats.

    It is log q(x) − KL(p(z|x) ‖ q(z|x)), and −∞ where the encoder has a z that cannot give x.
    Raises ValueError for bad tables.
    """
    decoder, prior = _model(decoder, prior)
    return _bound(_conditional(encoder, "encoder", decoder.shape), decoder, prior)


def best_score(encoder: ArrayLike, decoder: ArrayLike, prior: ArrayLike) -> np.ndarray:
    """log q(x|z) − T*(x, z), shape (X, Z): what a z earns the encoder that T is the best for.

    −∞ where the decoder never makes x from z, and else +∞ where the encoder never draws z.
    Raises ValueError for bad tables.
    """
    decoder, prior = _model(decoder, prior)
    return _score(decoder, optimal_logits(encoder, prior))


def exact_step(score: ArrayLike, encoder_old: ArrayLike, size: float) -> np.ndarray:
    """The encoder that is best for a T that stays as it is, shape (X, Z).

    `score` is s(x, z) = log q(x|z) − T(x, z), and the answer maximises
    E_{p(z|x)}[s] − KL(p(z|x) ‖ p°(z|x))/`size`: it is p° exp(size · s), normalised.
    With an infinite size nothing holds the encoder back: all mass goes to the first z of the
    largest score, among all z and not only those that p° draws.
    With T at its optimum for p°, size 1 is the bound itself, for E T* = E T° + KL(p ‖ p°).
    Raises ValueError for bad tables and for a size that is not positive.
    """
    old = _conditional(encoder_old, "encoder_old")
    score = np.asarray(score, float)
    if score.shape != old.shape:
        raise ValueError(f"score has shape {score.shape}: give one number a pair, {old.shape}")
    if not size > 0:
        raise ValueError(f"size is {size!r}: the step size is a positive number, or infinite")
    if size == np.inf:
        return np.eye(old.shape[1])[np.argmax(score, axis=1)]
    with np.errstate(divide="ignore"):
        log_new = np.where(old > 0, np.log(old) + size * np.where(old > 0, score, 0), -np.inf)
    if np.any(log_new.max(axis=1) == -np.inf):
        raise ValueError(
            "an x gets no z: the encoder draws only z from which the decoder never makes that x"
        )
    return softmax(log_new, -1)


def alternate(
    p_data: ArrayLike,
    prior: ArrayLike,
    encoder: ArrayLike,
    decoder: ArrayLike,
    steps: int,
    size: float,
    fit: bool = False,
) -> EncoderPath:
    """`steps` times: T*, then `exact_step` of the encoder; with `fit` then the best decoder too.

    The logits of encoder and posterior approach as (1 − size)^t, on the z that the start draws.
    The best decoder is q(x|z) = p(x|z); with size 1 that is EM.
    Raises ValueError for bad tables and for `steps` that is no whole number from 0 on.
    """
    _check_count(steps, "steps")
    p_data = check_table(p_data, "p_data").astype(float)
    decoder, prior = _model(decoder, prior)
    encoder = _conditional(encoder, "encoder", decoder.shape)
    path = [(encoder, decoder, _bound(encoder, decoder, prior))]
    for _ in range(steps):
        encoder = exact_step(_score(decoder, optimal_logits(encoder, prior)), encoder, size)
        if fit:
            decoder = best_decoder(p_data, encoder).T
        path.append((encoder, decoder, _bound(encoder, decoder, prior)))
    return EncoderPath(*map(np.array, zip(*path)))


def frozen_gradient(
    p_data: ArrayLike,
    encoder: ArrayLike,
    decoder: ArrayLike,
    prior: ArrayLike,
    logits: ArrayLike,
    reference: ArrayLike | None = None,
) -> np.ndarray:
    """avb-9: what an encoder climbs that holds T, as a gradient in its logits, shape (X, Z).

    It is the gradient of E[log q(x|z) + log q(z) − log r(z|x) − T(x, z)] over p̃(x) p(z|x), with r
    held as well; None for `reference` is the prior, and leaves E[log q(x|z) − T].
    At T = T* it is the gradient of the bound, whatever r is.
    Raises ValueError for bad tables and for an encoder, a decoder or a prior with a cell of 0.
    """
    decoder, prior = _model(decoder, prior)
    _positive(decoder, "decoder")
    _positive(prior, "prior")
    encoder = _positive(_conditional(encoder, "encoder", decoder.shape), "encoder")
    p_data = check_table(p_data, "p_data").astype(float)
    r = prior if reference is None else _positive(np.asarray(reference, float), "reference")
    score = np.log(decoder) + np.log(prior) - np.log(r) - np.asarray(logits, float)
    return _encoder_slope(p_data, encoder, score)


def matched_reference(features: ArrayLike, base: ArrayLike) -> Reference:
    """The reference r(z|x) ∝ base(z) exp(Σ a_k(x) f_k(z)) with the encoder's moments E f_k.

    `features` are f_k(z), (F, Z), and `base` is a positive table (Z,); with f = (z, z²) on numbers
    z it is the Gaussian of adaptive contrast on a lattice.
    The moments are met to the last digits by Newton's method on the convex function
    log Σ base e^{a·f} − a·E f.
    Raises ValueError for shapes that do not fit and for a base with a cell of 0.
    """
    base = _positive(check_table(base, "base").astype(float), "base")
    features = np.asarray(features, float)
    if features.ndim != 2 or features.shape[1:] != base.shape:
        raise ValueError(
            f"features has shape {features.shape}: give one row for each feature, "
            f"(F, {base.shape[0]})"
        )

    def matched(encoder: np.ndarray) -> np.ndarray:
        return np.array([_matched_row(row, features, base) for row in encoder])

    return matched


def gradient_step(
    p_data: np.ndarray,
    prior: np.ndarray,
    players: Players,
    rates: Rates,
    reference: Reference | None = None,
) -> Players:
    """The players after one round of gradient steps; T and the encoder climb, so does the decoder.

    T climbs avb-3, E log σ(T) + E_r log(1 − σ(T)), the encoder and the decoder climb
    E[log q(x|z) + log q(z) − log r(z|x) − T] with T and r held; all means are over p̃(x), and
    `reference` makes r of the encoder's table (None: r is the prior).
    """
    encoder, decoder = softmax(players.encoder, -1), softmax(players.decoder, -2)
    r = prior + 0 * encoder if reference is None else reference(encoder)
    logits = players.discriminator
    for _ in range(max(rates.count, 1)):
        chance = 1 / (1 + np.exp(-logits))
        slope = p_data[:, None] * (encoder * (1 - chance) - r * chance)
        logits = logits + rates.discriminator * slope
    seen = logits if rates.count else players.discriminator
    score = np.log(decoder) + np.log(prior) - np.log(r) - seen
    joint = p_data[:, None] * encoder
    by_decoder = joint - decoder * joint.sum(axis=-2, keepdims=True)
    return Players(
        logits,
        players.encoder + rates.encoder * _encoder_slope(p_data, encoder, score),
        players.decoder + rates.decoder * by_decoder,
    )


def play(
    p_data: ArrayLike,
    prior: ArrayLike,
    players: Players,
    rounds: int,
    rates: Rates,
    reference: Reference | None = None,
) -> GamePath:
    """`rounds` of `gradient_step` from the players' start.

    Raises ValueError for bad tables and rates and for a number of rounds below 0.
    """
    _check_count(rounds, "rounds")
    p_data, prior, players = _checked_players(p_data, prior, players, rates)
    seen = [_distances(p_data, prior, players, reference)]
    for _ in range(rounds):
        players = gradient_step(p_data, prior, players, rates, reference)
        seen.append(_distances(p_data, prior, players, reference))
    return GamePath(players, *map(np.array, zip(*seen)))


def equilibrium(
    decoder: ArrayLike, prior: ArrayLike, reference: Reference | None = None
) -> Players:
    """The players that no step moves: the encoder is the posterior q(z|x), and T is T* for it.

    With the prior for the reference T = log q(x|z) − log q(x).
    The decoder is the one that is given; it stays where it is if it is at maximum likelihood.
    Raises ValueError for bad tables and for a decoder or a prior with a cell of 0.
    """
    decoder, prior = _model(decoder, prior)
    _positive(decoder, "decoder")
    _positive(prior, "prior")
    encoder = posterior(decoder, prior)
    r = prior if reference is None else reference(encoder)
    return Players(optimal_logits(encoder, r), np.log(encoder), np.log(decoder))


def linearised(
    p_data: ArrayLike,
    prior: ArrayLike,
    players: Players,
    rates: Rates,
    reference: Reference | None = None,
) -> np.ndarray:
    """The Jacobian of `gradient_step` at the players, (3XZ, 3XZ): T, encoder, decoder.

    It is computed by complex steps, and so to the last digits.
    A number added to all logits of one row of the encoder, or of one column of the decoder,
    changes no table: such directions have the eigenvalue 1.
    Raises ValueError for bad tables and rates.
    """
    p_data, prior, players = _checked_players(p_data, prior, players, rates)

    def step(logits: np.ndarray) -> np.ndarray:
        parts = Players(*logits.reshape(3, *players.encoder.shape))
        return np.ravel(gradient_step(p_data, prior, parts, rates, reference))

    return jacobian(step, np.ravel(players))


def _bound(encoder: np.ndarray, decoder: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """The bound of each x; a z that the encoder never draws has no term."""
    held = encoder > 0
    with np.errstate(divide="ignore"):
        score = np.log(decoder * prior) - np.log(np.where(held, encoder, 1))
    return np.sum(encoder * np.where(held, score, 0), axis=1)


def _score(decoder: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """log q(x|z) − T(x, z); −∞ where the decoder never makes x from z, also where T is −∞."""
    with np.errstate(divide="ignore"):
        return np.where(decoder > 0, np.log(decoder) - np.where(decoder > 0, logits, 0), -np.inf)


def _encoder_slope(p_data: np.ndarray, encoder: np.ndarray, score: np.ndarray) -> np.ndarray:
    """The slope of E[score] by the logits of p(z|x), with the score held."""
    mean = (encoder * score).sum(axis=-1, keepdims=True)
    return p_data[:, None] * encoder * (score - mean)


def _distances(
    p_data: np.ndarray, prior: np.ndarray, players: Players, reference: Reference | None
) -> tuple[float, float, float]:
    """What `GamePath` records of the players."""
    encoder, decoder = softmax(players.encoder, -1), softmax(players.decoder, -2)
    target = posterior(decoder, prior)
    r = prior if reference is None else reference(encoder)
    apart = players.discriminator - (np.log(encoder) - np.log(r))
    evidence = log_evidence(decoder, prior)
    return (
        p_data @ np.abs(encoder - target).sum(axis=1) / 2,
        p_data @ (encoder * np.abs(apart)).sum(axis=1),
        p_data @ (np.log(p_data) - evidence),
    )


def _matched_row(row: np.ndarray, features: np.ndarray, base: np.ndarray) -> np.ndarray:
    """The reference of one x; the row may be complex, for `linearised`."""
    wanted, tilt = features @ row, np.zeros(len(features), row.dtype)

    def excess(at: np.ndarray) -> float:
        return float(np.log(base @ np.exp((at @ features).real)) - (at @ wanted).real)

    for _ in range(100):
        found = softmax(np.log(base) + tilt @ features, -1)
        gap = wanted - features @ found
        centred = features - (features @ found)[:, None]
        move = np.linalg.solve((centred * found) @ centred.T, gap)
        while excess(tilt + move) > excess(tilt) + 1e-12:
            move = move / 2
        tilt = tilt + move
        if np.abs(move).max() < 1e-15 * (1 + np.abs(tilt).max()):
            break
    return softmax(np.log(base) + tilt @ features, -1)


def _conditional(table: ArrayLike, name: str, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """A table p(z|x) as floats; ValueError for another shape and for a row that is no table."""
    table = np.asarray(table)
    if table.ndim != 2 or (shape is not None and table.shape != shape):
        wanted = "(X, Z)" if shape is None else shape
        raise ValueError(
            f"{name} has shape {table.shape}: give one row for each x and one column for each z, "
            f"{wanted}"
        )
    return np.array([check_table(row, f"{name}[{x}]").astype(float) for x, row in enumerate(table)])


def _model(decoder: ArrayLike, prior: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """q(x|z) and q(z) as floats; ValueError for bad tables and for an x that has no probability."""
    prior, decoder = check_table(prior, "prior").astype(float), np.asarray(decoder)
    if decoder.ndim != 2 or decoder.shape[1:] != prior.shape:
        raise ValueError(
            f"decoder has shape {decoder.shape}: give one row for each x and one column for each "
            f"z, (X, {len(prior)})"
        )
    columns = [check_table(c, f"decoder[:, {z}]").astype(float) for z, c in enumerate(decoder.T)]
    decoder = np.array(columns).T
    for x in np.flatnonzero(decoder @ prior <= 0):
        raise ValueError(
            f"q(x) is 0 for x = {x}, which no z gives: its bound is −∞, so give the decoder some "
            "mass there"
        )
    return decoder, prior


def _positive(table: np.ndarray, name: str) -> np.ndarray:
    if not np.all(table > 0):
        raise ValueError(
            f"a cell of {name} is not positive: a gradient step in logits cannot start from 0, "
            "so give every cell some mass"
        )
    return table


def _check_count(count: int, name: str) -> None:
    if not isinstance(count, Integral) or count < 0:
        raise ValueError(f"{name} is {count!r}: give a whole number from 0 on")


def _checked_players(
    p_data: ArrayLike, prior: ArrayLike, players: Players, rates: Rates
) -> tuple[np.ndarray, np.ndarray, Players]:
    """The tables and the logits as floats; ValueError for bad tables, shapes and rates."""
    p_data = _positive(check_table(p_data, "p_data").astype(float), "p_data")
    prior = _positive(check_table(prior, "prior").astype(float), "prior")
    shape = (*p_data.shape, *prior.shape)
    for name, part in zip(Players._fields, players):
        if np.shape(part) != shape or not np.all(np.isfinite(part)):
            raise ValueError(
                f"the {name}'s logits have shape {np.shape(part)}: give one finite number a pair, "
                f"{shape}"
            )
    for name, size in zip(Rates._fields[:3], rates):
        if not 0 <= size < np.inf:
            raise ValueError(f"the {name}'s rate is {size!r}: give a number from 0 on")
    _check_count(rates.count, "count")
    return p_data, prior, Players(*(np.asarray(part, float) for part in players))
