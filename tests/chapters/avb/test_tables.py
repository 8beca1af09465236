"""AVB on finite tables: the slope of T* that may be dropped, and where the game leads."""

import itertools
from fractions import Fraction as F

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onekl.chapters.avb.tables import (
    Players,
    Rates,
    alternate,
    best_score,
    bound,
    equilibrium,
    exact_step,
    frozen_gradient,
    gradient_step,
    linearised,
    log_evidence,
    matched_reference,
    optimal_logits,
    play,
    posterior,
)
from onekl.tables import kl
from paths import ROOT

SEEDS = st.integers(0, 10**6)
# The page's model: two x, three codes.
P_DATA, PRIOR = np.array([0.5, 0.5]), np.array([0.5, 0.25, 0.25])
DECODER = np.array([[0.2, 0.5, 0.8], [0.8, 0.5, 0.2]])
START = np.tile(PRIOR, (2, 1))  # the encoder that is the prior


def world(seed, x=3, z=4):
    """p̃, q(z), q(x|z) and p(z|x), a tenth of each uniform, so that no cell is tiny."""
    random = np.random.default_rng(seed)

    def rows(count, size):
        return 0.9 * random.dirichlet(np.ones(size), count) + 0.1 / size

    return rows(1, x)[0], rows(1, z)[0], rows(z, x).T, rows(x, z)


def softmax(logits):
    weights = np.exp(logits)
    return weights / weights.sum(axis=-1, keepdims=True)


def slopes(function, logits):
    """The gradient of a number in the encoder's logits, by complex steps."""
    found = np.zeros(logits.shape)
    for place in np.ndindex(logits.shape):
        moved = logits.astype(complex)
        moved[place] += 1e-30j
        found[place] = np.imag(function(softmax(moved))) / 1e-30
    return found


def mean_of(p_data, encoder, value):
    return p_data @ (encoder * value).sum(axis=1)


# ---- the bound and T*


def test_the_bound_and_its_gap_in_fractions():
    """q(z|x) and log q(x) by hand, and the bound of the prior as encoder."""
    prior = [F(1, 2), F(1, 4), F(1, 4)]
    decoder = [[F(1, 5), F(1, 2), F(4, 5)], [F(4, 5), F(1, 2), F(1, 5)]]
    by_hand = [[F(4, 17), F(5, 17), F(8, 17)], [F(16, 23), F(5, 23), F(2, 23)]]
    found = posterior(decoder, prior)
    assert found == pytest.approx(np.array(by_hand, float), abs=1e-15)
    evidence = [mpmath.log(mpmath.mpf(17) / 40), mpmath.log(mpmath.mpf(23) / 40)]
    assert log_evidence(decoder, prior) == pytest.approx(np.array(evidence, float), abs=1e-15)
    assert bound(found, decoder, prior) == pytest.approx(np.array(evidence, float), abs=1e-14)
    mean_log = [sum(float(q) * np.log(float(d)) for q, d in zip(prior, row)) for row in decoder]
    assert bound([prior, prior], decoder, prior) == pytest.approx(mean_log, abs=1e-15)


@given(SEEDS)
def test_the_bound_misses_the_evidence_by_the_kl_from_the_posterior(seed):
    p_data, prior, decoder, encoder = world(seed)
    gap = log_evidence(decoder, prior) - bound(encoder, decoder, prior)
    target = posterior(decoder, prior)
    assert gap == pytest.approx([kl(e, t) for e, t in zip(encoder, target)], abs=1e-12)
    value = mean_of(p_data, encoder, np.log(decoder) - optimal_logits(encoder, prior))
    assert value == pytest.approx(p_data @ bound(encoder, decoder, prior), abs=1e-12)


@given(SEEDS)
def test_no_t_is_better_at_its_own_objective(seed):
    p_data, prior, _, encoder = world(seed)

    def value(t):
        return mean_of(p_data, encoder, -np.log1p(np.exp(-t))) - mean_of(
            p_data, prior + 0 * encoder, np.log1p(np.exp(t))
        )

    best = optimal_logits(encoder, prior)
    random = np.random.default_rng(seed)
    for size in (1e-3, 0.1, 3):
        assert value(best) >= value(best + size * random.normal(size=best.shape))


def test_where_the_encoder_has_no_mass_t_is_certain():
    assert optimal_logits([[1.0, 0.0]], [0.5, 0.5]).tolist() == [[np.log(2), -np.inf]]
    assert best_score([[1.0, 0.0]], [[1.0, 1.0]], [0.5, 0.5]).tolist() == [[-np.log(2), np.inf]]
    dead = best_score([[0.5, 0.5], [0.5, 0.5]], [[1.0, 0.5], [0.0, 0.5]], [0.5, 0.5])
    assert dead[1, 0] == -np.inf


# ---- avb-9: the slope of T* may be dropped


@given(SEEDS)
def test_the_mean_slope_of_the_best_t_is_0(seed):
    p_data, prior, decoder, encoder = world(seed)
    found = slopes(lambda e: mean_of(p_data, encoder, np.log(e) - np.log(prior)), np.log(encoder))
    assert np.abs(found).max() < 1e-10


@given(SEEDS)
def test_with_the_best_t_held_the_gradient_is_that_of_the_bound(seed):
    p_data, prior, decoder, encoder = world(seed)

    def whole(e):
        return mean_of(p_data, e, np.log(decoder * prior) - np.log(e))

    held = frozen_gradient(p_data, encoder, decoder, prior, optimal_logits(encoder, prior))
    assert np.abs(held - slopes(whole, np.log(encoder))).max() < 1e-10


@given(SEEDS, st.floats(0, 2))
def test_with_another_t_it_is_the_gradient_of_something_else(seed, share):
    """T = c T* climbs E log q(x|z) − c KL(p(z|x) ‖ q(z)), and E ∇T is 0 all the same."""
    p_data, prior, decoder, encoder = world(seed)
    best = optimal_logits(encoder, prior)

    def other(e):
        return mean_of(p_data, e, np.log(decoder) - share * (np.log(e) - np.log(prior)))

    held = frozen_gradient(p_data, encoder, decoder, prior, share * best)
    assert np.abs(held - slopes(other, np.log(encoder))).max() < 1e-10
    exact = frozen_gradient(p_data, encoder, decoder, prior, best)
    mean = (encoder * best).sum(axis=1, keepdims=True)
    apart = p_data[:, None] * encoder * (1 - share) * (best - mean)  # ∫ (T* − T) ∇p
    assert np.abs(held - exact - apart).max() < 1e-10


@given(SEEDS)
def test_a_t_that_is_blind_to_x_climbs_what_the_aae_has_for_a_penalty(seed):
    """T(z) = log p(z)/q(z) is best among the T of z alone: the KL of the codes' law is held."""
    p_data, prior, decoder, encoder = world(seed)

    def blind(e):
        codes = p_data @ e
        return mean_of(p_data, e, np.log(decoder)) - codes @ (np.log(codes) - np.log(prior))

    t = np.log(p_data @ encoder) - np.log(prior) + 0 * encoder
    held = frozen_gradient(p_data, encoder, decoder, prior, t)
    assert np.abs(held - slopes(blind, np.log(encoder))).max() < 1e-10
    exact = frozen_gradient(p_data, encoder, decoder, prior, optimal_logits(encoder, prior))
    assert np.abs(held - exact).max() > 1e-3


@given(SEEDS)
def test_an_old_t_misses_the_kl_from_the_old_encoder(seed):
    p_data, prior, decoder, encoder = world(seed)
    old = world(seed + 1)[3]
    late = frozen_gradient(p_data, encoder, decoder, prior, optimal_logits(old, prior))
    exact = frozen_gradient(p_data, encoder, decoder, prior, optimal_logits(encoder, prior))
    missed = slopes(lambda e: mean_of(p_data, e, np.log(e) - np.log(old)), np.log(encoder))
    assert np.abs(late - exact - missed).max() < 1e-10
    assert np.abs(missed).max() > 1e-3


LATTICE = np.arange(-3.0, 4.0)
BELL = np.exp(-(LATTICE**2) / 2)
BELL /= BELL.sum()
MOMENTS = np.array([LATTICE, LATTICE**2])
TWO_BUMPS = 0.05 + 0.9 * np.exp(-((np.abs(LATTICE) - 2) ** 2) / 0.6)
BUMPS = np.array([TWO_BUMPS, 1 - TWO_BUMPS])  # a decoder of two x


@given(SEEDS)
def test_a_matched_reference_has_the_moments_and_no_mean_slope(seed):
    """E[∇ log r] = 0 where r has the encoder's moments, so T* on z may be held with r moving."""
    encoder = world(seed, 2, 7)[3]
    match = matched_reference(MOMENTS, BELL)
    reference = match(encoder)
    assert reference @ MOMENTS.T == pytest.approx(encoder @ MOMENTS.T, abs=1e-12)
    found = slopes(lambda e: mean_of(P_DATA, encoder, np.log(match(e))), np.log(encoder))
    assert np.abs(found).max() < 1e-10

    def half_matched(e):
        return np.log(match(0.5 * e + 0.5 * BELL))

    other = slopes(lambda e: mean_of(P_DATA, encoder, half_matched(e)), np.log(encoder))
    assert np.abs(other).max() > 1e-4  # without the match the slope of r counts


def test_the_reparametrised_gradient_of_a_black_box():
    """z = sinh(φε) with ε normal: d/dφ KL = E[∂T*/∂z · ∂z/∂φ], and E[∂T*/∂φ at fixed z] = 0."""
    with mpmath.workdps(30):
        phi = mpmath.mpf(7) / 10
        bell = lambda e: mpmath.exp(-(e**2) / 2) / mpmath.sqrt(2 * mpmath.pi)  # noqa: E731

        def mean(value):
            return mpmath.quad(lambda e: bell(e) * value(e), [-14, -6, -2, 0, 2, 6, 14])

        def t(z, width):
            own = mpmath.asinh(z) / width
            log_p = -(own**2) / 2 - mpmath.log(width) - mpmath.log(1 + z**2) / 2
            return log_p + z**2 / 2

        def divergence(width):
            return mean(lambda e: t(mpmath.sinh(width * e), width))

        along_z = mean(
            lambda e: mpmath.diff(lambda z: t(z, phi), mpmath.sinh(phi * e))
            * e * mpmath.cosh(phi * e)
        )  # fmt: skip
        dropped = mean(lambda e: mpmath.diff(lambda w: t(mpmath.sinh(phi * e), w), phi))
        assert abs(along_z - mpmath.diff(divergence, phi)) < 1e-10
        assert abs(dropped) < 1e-10


def test_where_the_support_moves_the_slope_may_not_be_dropped():
    """z = φε, ε even on [0, 1]: ∂T*/∂φ = −1/φ everywhere, and the held gradient lacks it."""
    phi = 0.8

    def divergence(width):  # from N(0, 1): −log φ + φ²/6 + ½ log 2π
        return -np.log(width) + width**2 / 6 + np.log(2 * np.pi) / 2

    slope = (divergence(phi + 1e-5) - divergence(phi - 1e-5)) / 2e-5
    held = phi / 3  # E[∂T*/∂z · ε] with ∂T*/∂z = z
    assert slope == pytest.approx(held - 1 / phi, abs=1e-8)
    # a bump whose ends slope to 0 may move with its support: E[∂ log p/∂φ] = −∫ p′ = 0
    z = np.linspace(-1, 1, 2001)
    bump, slope = 15 / 16 * (1 - z**2) ** 2, 15 / 4 * z * (1 - z**2)
    assert abs(np.trapezoid(bump, z) - 1) < 1e-6 and abs(np.trapezoid(slope, z)) < 1e-10
    # on letters: (φ, 1 − φ) at φ = 0, where the sum over p > 0 leaves the new letter out
    assert sum(slope for mass, slope in ((0, 1), (1, -1)) if mass > 0) == -1


# ---- avb-10: exact steps


@given(SEEDS, st.floats(0.05, 3))
def test_no_table_is_better_than_the_exact_step(seed, size):
    _, prior, decoder, old = world(seed)
    score = best_score(old, decoder, prior)

    def value(e):
        return (e * score).sum(axis=1) - np.array([kl(a, b) for a, b in zip(e, old)]) / size

    best = exact_step(score, old, size)
    for other in (old, world(seed + 1)[3], 0.999 * best + 0.001 * old):
        assert (value(best) >= value(other) - 1e-12).all()
    jump = exact_step(score, old, np.inf)
    assert ((jump * score).sum(axis=1) == score.max(axis=1)).all()


@given(SEEDS, st.sampled_from([0.25, 0.5, 1.0, 1.5, 1.9]))
def test_held_steps_go_to_the_posterior_at_a_rate_that_no_table_changes(seed, size):
    """p after t steps is p° to the power (1 − s)^t times q(z|x) to the rest, normalised."""
    p_data, prior, decoder, encoder = world(seed)
    path, target = alternate(p_data, prior, encoder, decoder, 60, size), posterior(decoder, prior)
    for t in range(61):
        left = (1 - size) ** t
        wanted = softmax(left * np.log(encoder) + (1 - left) * np.log(target))
        assert np.abs(path.encoder[t] - wanted).max() < 1e-10
    if abs(1 - size) <= 0.5:
        assert np.abs(path.encoder[-1] - target).max() < 1e-10
        assert path.bound[-1] == pytest.approx(log_evidence(decoder, prior), abs=1e-10)
    t_end = np.log(decoder) - log_evidence(decoder, prior)[:, None]
    if size == 1:
        assert np.abs(path.encoder[1] - target).max() < 1e-14
        assert np.abs(optimal_logits(path.encoder[1], prior) - t_end).max() < 1e-12


@given(SEEDS)
def test_twice_the_step_swings_for_ever_and_more_runs_away(seed):
    p_data, prior, decoder, encoder = world(seed)
    path = alternate(p_data, prior, encoder, decoder, 41, 2.0)
    assert np.abs(path.encoder[2::2] - encoder).max() < 1e-10
    assert np.abs(path.encoder[3::2] - path.encoder[1]).max() < 1e-10
    away = alternate(p_data, prior, encoder, decoder, 40, 2.5)
    assert away.encoder[-1].max(axis=1).min() > 0.999
    gap = log_evidence(decoder, prior) - away.bound[-1]
    own = (-np.log(posterior(decoder, prior)) * away.encoder[-1]).sum(axis=1)
    assert gap == pytest.approx(own, abs=1e-2)


@given(SEEDS)
def test_the_best_response_jumps_for_ever(seed):
    """One code a round, never the same twice, and the bound is the log of q(x, z) of that code."""
    p_data, prior, decoder, encoder = world(seed)
    path = alternate(p_data, prior, encoder, decoder, 30, np.inf)
    assert (path.encoder[1:].max(axis=-1) == 1).all()
    used = path.encoder[1:].argmax(axis=-1)
    assert (used[1:] != used[:-1]).all() and (used[3:] == used[1:-2]).all()
    ratio = posterior(decoder, prior) / encoder
    assert (used[0] == ratio.argmax(axis=1)).all()
    joint = np.log(decoder * prior)
    taken = np.take_along_axis(joint[None], used[..., None], -1)[..., 0]
    assert path.bound[1:] == pytest.approx(taken, abs=1e-12)


def test_with_one_code_there_is_nothing_to_jump_to():
    path = alternate([1.0], [1.0], [[1.0]], [[1.0]], 3, np.inf)
    assert path.encoder.ravel().tolist() == [1.0] * 4 and path.bound.ravel().tolist() == [0.0] * 4


@given(SEEDS)
def test_a_code_that_is_never_drawn_is_never_learned(seed):
    """The limit is the posterior on the codes that the start draws; the gap is −log of its mass."""
    p_data, prior, decoder, encoder = world(seed)
    encoder[:, seed % 4] = 0
    encoder /= encoder.sum(axis=1, keepdims=True)
    path, target = alternate(p_data, prior, encoder, decoder, 80, 0.5), posterior(decoder, prior)
    kept = np.where(encoder > 0, target, 0)
    mass = kept.sum(axis=1)
    assert (path.encoder[..., seed % 4] == 0).all()
    assert np.abs(path.encoder[-1] - kept / mass[:, None]).max() < 1e-10
    gap = log_evidence(decoder, prior) - path.bound[-1]
    assert gap == pytest.approx(-np.log(mass), abs=1e-10)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size", [0.5, 1.0])
def test_with_a_free_decoder_the_model_becomes_the_data(seed, size):
    """With size 1 it is EM. The mean bound never falls, and −H(p̃) is its largest value."""
    p_data, prior, decoder, encoder = world(seed)
    path = alternate(p_data, prior, encoder, decoder, 2000, size, fit=True)
    assert np.abs(path.decoder[-1] @ prior - p_data).max() < 1e-10
    assert np.abs(path.encoder[-1] - posterior(path.decoder[-1], prior)).max() < 1e-10
    values = path.bound @ p_data
    assert (np.diff(values) > -1e-12).all()
    assert values[-1] == pytest.approx(p_data @ np.log(p_data), abs=1e-10)


def test_which_decoder_is_reached_depends_on_the_start():
    ends = [
        alternate(*world(7)[:2], encoder, decoder, 300, 1.0, fit=True).decoder[-1]
        for _, _, decoder, encoder in (world(7), world(8))
    ]
    assert np.abs(ends[0] - ends[1]).max() > 0.01


# ---- avb-10: gradient steps


def covariance(table):
    """diag(p) − ppᵀ of each row p."""
    return np.array([np.diag(row) - np.outer(row, row) for row in table])


def moves_tables(jacobian, encoder):
    """The map on T and on the encoder's logits less their mean: what changes tables."""
    x, z = encoder.shape
    cells = x * z
    centre = np.kron(np.eye(x), np.eye(z) - np.ones((z, z)) / z)
    keep = np.block([[np.eye(cells), np.zeros((cells, cells))], [np.zeros((cells, cells)), centre]])
    return keep @ jacobian[: 2 * cells, : 2 * cells] @ keep


def spectral_radius(p_data, prior, decoder, rates, reference=None):
    end = equilibrium(decoder, prior, reference)
    jacobian = linearised(p_data, prior, end, rates, reference)
    encoder = posterior(decoder, prior)
    return np.abs(np.linalg.eigvals(moves_tables(jacobian, encoder))).max()


def climbed(p_data, prior, decoder, logits, size):
    """The encoder's logits after a gradient step with T at its best."""
    encoder = softmax(logits)
    best = optimal_logits(encoder, prior)
    return logits + size * frozen_gradient(p_data, encoder, decoder, prior, best)


@given(SEEDS)
def test_gradient_steps_with_the_best_t_have_the_covariance_for_a_spectrum(seed):
    """At the end a step is 1 − η p̃(x)(diag q(z|x) − q q'), whose eigenvalues are at most ½."""
    p_data, prior, decoder, _ = world(seed)
    target = posterior(decoder, prior)
    for x, own in enumerate(covariance(target)):
        values, vectors = np.linalg.eigh(own)
        assert values[-1] <= 0.5 + 1e-12
        for value, vector in zip(values[1:], vectors.T[1:]):
            nudge = np.zeros(target.shape)
            nudge[x] = 1e-6 * vector
            moved = climbed(p_data, prior, decoder, np.log(target) + nudge, 2.0) - np.log(target)
            assert np.abs(moved - (1 - 2 * p_data[x] * value) * nudge).max() < 1e-11


def test_gradient_steps_with_the_best_t_reach_the_posterior():
    logits = np.log(START)
    for _ in range(1000):
        logits = climbed(P_DATA, PRIOR, DECODER, logits, 4.0)
    assert np.abs(softmax(logits) - posterior(DECODER, PRIOR)).max() < 1e-10


@given(SEEDS)
def test_the_linearised_map_in_closed_form(seed):
    """T moves by −κ p̃ h (T − u), u by −η p̃ (diag q − qq')T, with h = q(z|x) q(z)/(their sum)."""
    p_data, prior, decoder, _ = world(seed)
    target = posterior(decoder, prior)
    x, z = target.shape
    h = np.diag((p_data[:, None] * target * prior / (target + prior)).ravel())
    pi = np.zeros((x * z, x * z))
    less_mean = np.eye(x * z)
    for row in range(x):
        own = slice(row * z, (row + 1) * z)
        pi[own, own] = p_data[row] * covariance(target)[row]
        less_mean[own, own] -= np.outer(np.ones(z), target[row])
    rates = Rates(0.7, 1.3)
    wanted = np.eye(2 * x * z) + np.block([[-0.7 * h, 0.7 * h @ less_mean], [-1.3 * pi, 0 * pi]])
    found = linearised(p_data, prior, equilibrium(decoder, prior), rates)[: 2 * x * z, : 2 * x * z]
    assert np.abs(found - wanted).max() < 1e-10
    first = np.block([[np.eye(x * z), 0 * pi], [-1.3 * pi, np.eye(x * z)]]) @ np.block(
        [[np.eye(x * z) - 0.7 * h, 0.7 * h @ less_mean], [0 * pi, np.eye(x * z)]]
    )
    in_turn = Rates(0.7, 1.3, count=1)
    found = linearised(p_data, prior, equilibrium(decoder, prior), in_turn)
    assert np.abs(found[: 2 * x * z, : 2 * x * z] - first).max() < 1e-10


@given(SEEDS)
def test_the_small_steps_game_is_a_damped_oscillator(seed):
    """λ² W/(κ p̃ h) + λ W + η p̃ Π² is singular at each eigenvalue λ of the flow, and Re λ < 0.

    W = diag q(z|x), Π = W − q q'; all three matrices are symmetric, the first two positive.
    Left out are the numbers added to all logits of a row, which change no table.
    """
    p_data, prior, decoder, _ = world(seed)
    target, end = posterior(decoder, prior), equilibrium(decoder, prior)
    flow = linearised(p_data, prior, end, Rates(0.7, 1.3)) - np.eye(3 * target.size)
    weight = np.diag(target.ravel())
    h = (p_data[:, None] * target * prior / (target + prior)).ravel()
    stiff = np.zeros(weight.shape)
    for row, own in enumerate(covariance(target)):
        at = slice(row * len(own), (row + 1) * len(own))
        stiff[at, at] = 1.3 * p_data[row] * own @ own
    values = np.linalg.eigvals(flow[: 2 * target.size, : 2 * target.size])
    moving = values[np.abs(values) > 1e-9]
    assert len(moving) == 2 * target.size - len(p_data) and moving.real.max() < 0
    for value in moving:
        pencil = value**2 * weight / (0.7 * h) + value * weight + stiff
        singular = np.linalg.svd(pencil, compute_uv=False)
        assert singular[-1] < 1e-10 * singular[0]


@given(SEEDS, st.floats(0.05, 3.9), st.floats(0.05, 1.95))
def test_all_at_once_is_stable_for_small_steps_on_every_table(seed, kappa, eta):
    """κ < 4 and η < 2 are enough, whatever the tables."""
    p_data, prior, decoder, _ = world(seed, 2, 4)
    assert spectral_radius(p_data, prior, decoder, Rates(kappa, eta)) < 1


@given(SEEDS, st.floats(0.05, 3.5), st.floats(0.02, 1))
def test_with_t_first_much_larger_steps_are_stable(seed, kappa, share):
    """κ(4 + η) < 16 is enough, whatever the tables."""
    eta = share * (16 / kappa - 4) * 0.99
    p_data, prior, decoder, _ = world(seed, 2, 4)
    assert spectral_radius(p_data, prior, decoder, Rates(kappa, eta, count=1)) < 1


def test_the_same_steps_run_away_at_once_and_settle_in_turn():
    at_once, in_turn = (Rates(1, 8), Rates(1, 8, count=1))
    assert spectral_radius(P_DATA, PRIOR, DECODER, at_once) > 1.01
    assert spectral_radius(P_DATA, PRIOR, DECODER, in_turn) < 0.98
    start = Players(np.zeros((2, 3)), np.log(START), np.log(DECODER))
    lost, found = (play(P_DATA, PRIOR, start, 3000, rates) for rates in (at_once, in_turn))
    assert lost.encoder[-500:].min() > 0.01 and found.encoder[-1] < 1e-10
    assert found.discriminator[-1] < 1e-10


@pytest.mark.parametrize("rates", [Rates(1, 1), Rates(1, 4), Rates(1, 4, count=1)])
def test_a_run_keeps_the_rate_of_the_spectrum(rates):
    start = Players(np.zeros((2, 3)), np.log(START), np.log(DECODER))
    run = play(P_DATA, PRIOR, start, 1500, rates)
    radius = spectral_radius(P_DATA, PRIOR, DECODER, rates)
    tops = [run.encoder[t : t + 200].max() for t in (200, 800)]  # it swings while it shrinks
    assert (tops[1] / tops[0]) ** (1 / 600) == pytest.approx(radius, abs=2e-3)


@given(SEEDS)
def test_the_equilibrium_stays_where_it_is_and_its_value_is_the_evidence(seed):
    p_data, prior, decoder, _ = world(seed)
    end = equilibrium(decoder, prior)
    best = np.log(decoder) - log_evidence(decoder, prior)[:, None]
    assert np.abs(end.discriminator - best).max() < 1e-10
    for rates in (Rates(1, 1), Rates(2, 3, count=4)):
        stepped = gradient_step(p_data, prior, end, rates)
        assert max(np.abs(a - b).max() for a, b in zip(stepped, end)) < 1e-12
    encoder = softmax(end.encoder)
    value = (encoder * (np.log(decoder) - end.discriminator)).sum(axis=1)
    assert value == pytest.approx(log_evidence(decoder, prior), abs=1e-10)
    assert np.abs(encoder - prior).max() > 1e-3  # and the encoder is not the prior


def three_players(seed, rounds, rates):
    p_data, prior, decoder, encoder = world(seed, 2, 3)
    start = Players(np.zeros(encoder.shape), np.log(encoder), np.log(decoder))
    run = play(p_data, prior, start, rounds, rates)
    return run, np.linalg.eigvals(linearised(p_data, prior, run.players, rates))


@pytest.mark.parametrize("seed", range(5))
def test_three_players_reach_the_data(seed):
    """The models that are the data are many: 2 directions among them, beside 5 that move no table.

    All other directions shrink.
    """
    run, values = three_players(seed, 8000, Rates(2, 1.5, 1))
    assert run.model[-1] < 1e-10 and run.encoder[-1] < 1e-10 and run.discriminator[-1] < 1e-10
    sizes = np.sort(np.abs(values))[::-1]
    assert sizes[:7] == pytest.approx([1] * 7, abs=1e-6) and sizes[7] < 1 - 1e-4


def test_three_players_with_larger_steps_creep_along_the_models_that_are_the_data():
    """Their errors fall as powers of the number of rounds, not at a rate."""
    run, _ = three_players(0, 16_000, Rates(3, 3, 3, count=1))
    assert run.encoder[-1] > 1e-6
    assert run.encoder[4000] / run.encoder[16_000] == pytest.approx(4, abs=0.5)


# ---- adaptive contrast


@given(SEEDS)
def test_with_the_best_t_no_reference_changes_a_step(seed):
    p_data, prior, decoder, encoder = world(seed)
    r = world(seed + 1)[3]
    plain = frozen_gradient(p_data, encoder, decoder, prior, optimal_logits(encoder, prior))
    against_r = frozen_gradient(p_data, encoder, decoder, prior, optimal_logits(encoder, r), r)
    assert np.abs(plain - against_r).max() < 1e-10


@given(SEEDS)
def test_with_any_reference_the_posterior_stays_and_small_steps_are_stable(seed):
    p_data, prior, decoder, _ = world(seed)
    r = world(seed + 1)[3]
    end = equilibrium(decoder, prior, lambda encoder: r + 0 * encoder)
    stepped = gradient_step(p_data, prior, end, Rates(1, 1), lambda encoder: r + 0 * encoder)
    assert max(np.abs(a - b).max() for a, b in zip(stepped, end)) < 1e-12
    assert softmax(end.encoder) == pytest.approx(posterior(decoder, prior), abs=1e-12)
    radius = spectral_radius(p_data, prior, decoder, Rates(3, 1.5), lambda encoder: r + 0 * encoder)
    assert radius < 1


def test_t_learns_a_code_at_the_harmonic_mean_of_the_two_chances():
    """Alone, T's error at (x, z) shrinks by κ p̃ p r/(p + r): faster than with q where r > q."""
    target, match = posterior(BUMPS, BELL), matched_reference(MOMENTS, BELL)
    r = match(target)
    end = equilibrium(BUMPS, BELL, match)
    map_ = linearised(P_DATA, BELL, end, Rates(1, 0), match)[:14, :14]
    wanted = 1 - (P_DATA[:, None] * target * r / (target + r)).ravel()
    assert np.abs(map_ - np.diag(wanted)).max() < 1e-10
    faster = wanted < 1 - (P_DATA[:, None] * target * BELL / (target + BELL)).ravel()
    assert (faster == (r > BELL).ravel()).all() and faster.any() and not faster.all()


def test_the_map_with_a_moving_reference_against_differences():
    match = matched_reference(MOMENTS, BELL)
    end, rates = equilibrium(BUMPS, BELL, match), Rates(1, 1, count=1)
    found = linearised(P_DATA, BELL, end, rates, match)
    at = np.concatenate([part.ravel() for part in end])

    def stepped(moved):
        parts = Players(*moved.reshape(3, 2, 7))
        return np.concatenate([a.ravel() for a in gradient_step(P_DATA, BELL, parts, rates, match)])

    for place in range(28):
        nudge = 1e-5 * np.eye(42)[place]
        slope = (stepped(at + nudge) - stepped(at - nudge)) / 2e-5
        assert np.abs(found[:, place] - slope).max() < 1e-8


def test_where_the_posterior_has_the_references_form_t_has_nothing_to_learn():
    """There T* = 0 along the family: those directions are exact gradient ascent, without T."""
    decoder = np.array([np.exp(0.4 * LATTICE - 0.2 * LATTICE**2) / 3])
    decoder = np.vstack([decoder, 1 - decoder])
    match = matched_reference(MOMENTS, BELL)
    assert np.abs(equilibrium(decoder, BELL, match).discriminator[0]).max() < 1e-10
    own = covariance(posterior(decoder, BELL))[0]
    rates = Rates(1, 1)
    map_ = linearised(P_DATA, BELL, equilibrium(decoder, BELL, match), rates, match)
    pushed = np.concatenate([np.zeros(14), LATTICE, np.zeros(7 + 14)])
    moved = map_ @ pushed - pushed
    assert np.abs(moved[:14]).max() < 1e-10  # T is where it was
    assert np.abs(moved[14:21] + 0.5 * own @ LATTICE).max() < 1e-10


def after_steps(encoder, reference, steps):
    """T after that many gradient steps of size 4 from T = 0, with the encoder held."""
    x, z = encoder.shape
    start = Players(np.zeros((x, z)), np.log(encoder), np.zeros((x, z)))
    run = play(P_DATA, BELL, start, steps, Rates(4, 0), reference)
    return run.players.discriminator


def held_error(steps, matched):
    """How far the held gradient is from the bound's, as a part of it, and KL less E T in nats.

    The encoder is halfway from the prior to a posterior of two bumps.
    """
    encoder = (posterior(BUMPS, BELL) + BELL) / 2
    r = matched_reference(MOMENTS, BELL)(encoder) if matched else BELL + 0 * encoder
    t = after_steps(encoder, lambda _: r, steps)
    exact = frozen_gradient(P_DATA, encoder, BUMPS, BELL, optimal_logits(encoder, r), r)
    found = frozen_gradient(P_DATA, encoder, BUMPS, BELL, t, r)
    error = np.linalg.norm(found - exact) / np.linalg.norm(exact)
    return error, mean_of(P_DATA, encoder, optimal_logits(encoder, r) - t)


def test_a_near_reference_helps_a_young_t_and_its_thin_tails_hinder_an_old_one():
    young = [held_error(10, matched)[0] for matched in (False, True)]
    old = [held_error(100, matched)[0] for matched in (False, True)]
    assert young[1] < young[0] / 3 and old[1] > 10 * old[0]
    assert held_error(0, True)[1] < held_error(0, False)[1] / 2


# ---- the page

PAGE = ROOT / "book" / "avb.md"
on_the_page = pytest.mark.skipif(not PAGE.exists(), reason="book/avb.md is not written yet")


def rows_below(head):
    """The rows of the page's table with this head: the first cell, and the numbers after it."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = lines.index(head) + 2
    rows = itertools.takewhile(lambda line: line.startswith("|"), lines[start:])
    cells = ([cell.strip() for cell in row.strip("|").split("|")] for row in rows)
    return {first: [float(cell) for cell in rest] for first, *rest in cells}


@on_the_page
def test_the_pages_gaps_of_exact_steps():
    rows = rows_below("| size of the step | start | 1 | 2 | 10 | 40 |")
    sizes = {"¼": 0.25, "½": 0.5, "1": 1, "1½": 1.5, "2": 2, "no limit": np.inf}
    assert rows.keys() == sizes.keys()
    for name, size in sizes.items():
        path = alternate(P_DATA, PRIOR, START, DECODER, 40, size)
        gap = (log_evidence(DECODER, PRIOR) - path.bound) @ P_DATA
        assert rows[name] == pytest.approx(gap[[0, 1, 2, 10, 40]], abs=5.1e-5)


@on_the_page
def test_the_pages_rates_of_gradient_steps():
    rows = rows_below("| the encoder's rate | all at once | $T$ first | ten steps of $T$ first |")
    assert list(rows) == ["1", "4", "8", "20"]
    for name, found in rows.items():
        rates = [Rates(1, float(name), count=count) for count in (0, 1, 10)]
        radii = [spectral_radius(P_DATA, PRIOR, DECODER, rate) for rate in rates]
        assert found == pytest.approx(radii, abs=5.1e-5)


@on_the_page
def test_the_pages_errors_of_a_held_t():
    head = "| steps of $T$ | error, prior | error, matched | KL − E T, prior | KL − E T, matched |"
    rows = rows_below(head)
    assert list(rows) == ["0", "10", "100", "1000"]
    for name, found in rows.items():
        pairs = [held_error(int(name), matched) for matched in (False, True)]
        errors, misses = zip(*pairs)
        assert found == pytest.approx([*errors, *misses], abs=5.1e-5)


# ---- bad input


UNIFORM = np.full((2, 2), 0.5)
FLAT = Players(np.zeros((2, 2)), np.zeros((2, 2)), np.zeros((2, 2)))


@pytest.mark.parametrize(
    "call, complaint",
    [
        (lambda: optimal_logits([[0.5, 0.6]], [0.5, 0.5]), r"^encoder\[0\] sums to 1.1"),
        (lambda: optimal_logits([0.5, 0.5], [0.5, 0.5]), r"^encoder has shape \(2,\)"),
        (lambda: optimal_logits([[0.5, 0.5]], [1.0, 0.0]), r"the reference has none.*\+∞"),
        (lambda: posterior([[0.5, 0.5]], [0.5, 0.5]), r"^decoder\[:, 0\] sums to 0.5"),
        (lambda: posterior([[1.0], [0.0]], [0.5, 0.5]), r"^decoder has shape \(2, 1\)"),
        (lambda: posterior([[1.0, 1.0], [0.0, 0.0]], [0.5, 0.5]), r"^q\(x\) is 0 for x = 1"),
        (lambda: bound([[1.0, 0.0]], UNIFORM, [0.5, 0.5]), r"^encoder has shape \(1, 2\)"),
        (lambda: exact_step([[1.0]], UNIFORM, 1.0), r"^score has shape \(1, 1\)"),
        (lambda: exact_step(UNIFORM, UNIFORM, 0.0), r"^size is 0.0"),
        (lambda: exact_step([[-np.inf, 0]], [[1.0, 0.0]], 1.0), "^an x gets no z"),
        (lambda: alternate([0.5, 0.5], [0.5, 0.5], UNIFORM, UNIFORM, -1, 1.0), "^steps is -1"),
        (
            lambda: frozen_gradient([0.5, 0.5], [[1, 0], [0.5, 0.5]], UNIFORM, [0.5, 0.5], UNIFORM),
            "^a cell of encoder is not positive",
        ),
        (lambda: matched_reference([[1.0, 2.0]], [1.0, 0.0]), "^a cell of base"),
        (lambda: matched_reference([1.0, 2.0], [0.5, 0.5]), r"^features has shape \(2,\)"),
        (lambda: equilibrium([[1.0, 0.5], [0.0, 0.5]], [0.5, 0.5]), "^a cell of decoder"),
        (lambda: play([0.5, 0.5], [0.5, 0.5], FLAT, -1, Rates(1, 1)), "^rounds is -1"),
        (lambda: play([0.5, 0.5], [0.5, 0.5], FLAT, 1, Rates(1, -1)), "^the encoder's rate is -1"),
        (lambda: play([0.5, 0.5], [0.5, 0.5], FLAT, 1, Rates(1, 1, 0, 0.5)), "^count is 0.5"),
        (
            lambda: play([0.5, 0.5], [1.0], FLAT, 1, Rates(1, 1)),
            r"^the discriminator's logits have shape \(2, 2\)",
        ),
    ],
)
def test_bad_input_is_one_clear_line(call, complaint):
    with pytest.raises(ValueError, match=complaint) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_a_round_climbs_the_objectives_that_it_names():
    """Central differences of avb-3 in T, and of the encoder's and the decoder's objective."""
    p_data, prior, decoder, encoder = world(11, 2, 3)
    t = np.random.default_rng(1).normal(size=encoder.shape)
    players = Players(t, np.log(encoder), np.log(decoder))
    stepped = gradient_step(p_data, prior, players, Rates(1, 1, 1))

    def values(discriminator, of_encoder, of_decoder):
        e = softmax(of_encoder)
        d = softmax(of_decoder.T).T
        real = -np.log1p(np.exp(-discriminator))
        own = mean_of(p_data, e, real) - mean_of(
            p_data, prior + 0 * e, np.log1p(np.exp(discriminator))
        )
        climbed = mean_of(p_data, e, np.log(d) - discriminator)
        return own, climbed, climbed

    for part, place in itertools.product(range(3), np.ndindex(2, 3)):
        nudged = [np.array(one) for one in players]
        nudged[part][place] += 1e-5
        up = values(*nudged)[part]
        nudged[part][place] -= 2e-5
        slope = (up - values(*nudged)[part]) / 2e-5
        assert stepped[part][place] - players[part][place] == pytest.approx(slope, abs=1e-8)
