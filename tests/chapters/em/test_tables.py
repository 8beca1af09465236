"""The exact EM on finite alphabets: both half-steps, each decrease, and where they lead."""

import math
from functools import partial
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize

from onekl.chapters.em.tables import (
    alternate_em,
    decoder_half_step,
    em_limit,
    em_rate,
    encoder_half_step,
    product_step,
)
from onekl.tables import chain_rule, check_table, kl
from strategies import JOINTS

SEEDS = range(20)


def positive_start(seed, shape=None):
    """A random p̃(x) and a random q0(x, z) without zeros."""
    rng = np.random.default_rng(seed)
    shape = shape or rng.integers(2, 6, 2)
    return rng.dirichlet(np.ones(shape[0])), rng.dirichlet(np.ones(shape[0] * shape[1])).reshape(
        shape
    )


def product_model(prior, first, second):
    """q(x₁, x₂, z) = q(z) q(x₁|z) q(x₂|z), (A·B, Z), from tables (Z,), (A, Z) and (B, Z)."""
    return (first[:, None] * second[None] * prior).reshape(-1, len(prior))


def product_start(seed, letters=(2, 2), prior=(0.7, 0.3)):
    rng = np.random.default_rng(seed)
    parts = [rng.dirichlet(np.ones(n), len(prior)).T for n in letters]
    return product_model(np.array(prior), *parts)


def conditional_misfit(p, q):
    """E_{p(z)} KL(p(x|z) ‖ q(x|z)) column by column."""
    columns = [z for z in range(p.shape[1]) if p[:, z].sum() > 0]
    return sum(
        p[:, z].sum() * kl(p[:, z] / p[:, z].sum(), q[:, z] / q[:, z].sum()) for z in columns
    )


def odds_ratios(table):
    logs = np.log(table)
    return logs - logs[:1] - logs[:, :1] + logs[0, 0]


# ---- the half-steps


def random_joints(seed, shape=(4, 3)):
    rng = np.random.default_rng(seed)
    return [rng.dirichlet(np.full(math.prod(shape), 0.5)).reshape(shape) for _ in range(2)]


@pytest.mark.parametrize("seed", SEEDS)
def test_e_step_is_bayes_rule_and_its_decrease_is_the_remainder_of_su_4(seed):
    p_old, q = random_joints(seed)
    p_data = p_old.sum(axis=1)
    p = encoder_half_step(p_data, q)
    for x, z in product(*map(range, q.shape)):
        assert p[x, z] == pytest.approx(p_data[x] * q[x, z] / sum(q[x]), rel=1e-14)
    gaps = sum(p_data[x] * kl(p_old[x] / p_data[x], q[x] / q[x].sum()) for x in range(len(q)))
    assert kl(p_old, q) - kl(p, q) == pytest.approx(gaps, abs=1e-12)
    assert kl(p, q) == pytest.approx(kl(p_data, q.sum(axis=1)), abs=1e-12)  # the bound touches


@pytest.mark.parametrize("seed", SEEDS)
def test_m_step_decrease_and_what_is_left(seed):
    p, q_old = random_joints(seed)
    q, free = decoder_half_step(p, q_old), decoder_half_step(p, q_old, free_prior=True)
    assert q.sum(axis=0) == pytest.approx(q_old.sum(axis=0), abs=1e-15)
    assert kl(p, q_old) - kl(p, q) == pytest.approx(conditional_misfit(p, q_old), abs=1e-12)
    assert kl(p, q) == pytest.approx(kl(p.sum(axis=0), q_old.sum(axis=0)), abs=1e-12)
    assert kl(p, free) == 0


def softmax(logits, axis):
    weights = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return weights / weights.sum(axis=axis, keepdims=True)


@pytest.mark.parametrize("seed", range(5))
def test_half_steps_against_a_generic_minimiser(seed):
    p, q = random_joints(seed, (4, 2))
    start, prior = product_start(seed, (2, 2), q.sum(axis=0)), q.sum(axis=0)
    data = p.sum(axis=1)

    def after_e(w):
        return kl(data[:, None] * softmax(w.reshape(4, 2), 1), q)

    def after_m(w):
        return kl(p, softmax(w.reshape(4, 2), 0) * prior)

    def after_m_of_products(w):
        parts = (softmax(half.reshape(2, 2), 0) for half in (w[:4], w[4:]))
        return kl(p, product_model(prior, *parts))

    cases = {
        "E": (after_e, 8, kl(encoder_half_step(data, q), q)),
        "M": (after_m, 8, kl(p, decoder_half_step(p, q))),
        "M, products": (after_m_of_products, 8, kl(p, product_step(p, start, (2, 2)))),
    }
    for name, (loss, size, claimed) in cases.items():
        found = minimize(loss, np.zeros(size), method="BFGS", options={"gtol": 1e-9}).fun
        assert claimed == pytest.approx(found, abs=1e-9), name
        assert claimed <= found + 1e-13, name


@given(JOINTS)
def test_m_step_with_zeros_keeps_the_prior_and_is_no_worse(pair):
    p, q_old = pair
    q = decoder_half_step(p, q_old)
    check_table(q)
    assert q.sum(axis=0) == pytest.approx(q_old.sum(axis=0), abs=1e-14)
    unseen = p.sum(axis=0) == 0
    assert (q[:, unseen] == q_old[:, unseen]).all()
    assert kl(p, q) <= kl(p, q_old) + 1e-12


# ---- the alternation


def check_path(p_data, path):
    """Monotone, the decreases as named, and bound = divergence after every E half-step."""
    assert np.isfinite(path.objective).all()
    assert (path.decrease >= 0).all()
    assert -np.diff(path.objective) == pytest.approx(path.decrease, abs=1e-12)
    assert (np.diff(path.objective) <= 1e-15).all()
    assert path.objective[::2] == pytest.approx(path.divergence, abs=1e-12)
    assert (np.diff(path.divergence) <= 1e-15).all()
    for p, q, value in zip(path.p, path.q, path.objective[::2], strict=True):
        assert value == pytest.approx(kl(p, q), abs=1e-12)
        assert p.sum(axis=1) == pytest.approx(p_data, abs=1e-14)


@given(JOINTS, st.booleans())
@settings(deadline=None)
def test_paths_from_any_start_that_covers_the_data(pair, free):
    table, q0 = pair
    covered = np.where(q0.sum(axis=1) > 0, table.sum(axis=1), 0)
    if not covered.any():
        return
    p_data = covered / covered.sum()
    path = alternate_em(p_data, q0, 20, partial(decoder_half_step, free_prior=free))
    check_path(p_data, path)
    assert (path.p[:, q0 == 0] == 0).all() and (path.q[:, q0 == 0] == 0).all()  # a zero stays


@pytest.mark.parametrize("seed", SEEDS)
def test_positive_starts_reach_the_limit(seed):
    p_data, q0 = positive_start(seed)
    limit = em_limit(p_data, q0)
    rate = em_rate(limit)
    path = alternate_em(p_data, q0, 10 + math.ceil(math.log(1e-14) / math.log(max(rate, 1e-3))))
    check_path(p_data, path)
    assert limit.sum(axis=1) == pytest.approx(p_data, abs=1e-14)
    assert limit.sum(axis=0) == pytest.approx(q0.sum(axis=0), abs=1e-14)
    for table in (limit, path.p[-1], path.q[-1]):
        assert odds_ratios(table) == pytest.approx(odds_ratios(q0), abs=1e-10)
        assert table == pytest.approx(limit, abs=1e-10)
    assert path.objective[-1] < 1e-20
    assert (
        path.divergence.sum() <= kl(limit, q0) + 1e-12
    )  # KL(limit ‖ ·) falls by at least this much


@pytest.mark.parametrize("seed", SEEDS)
def test_rate_in_the_slowest_direction(seed):
    p_data, q0 = positive_start(seed)
    limit = em_limit(p_data, q0)
    prior, rate = q0.sum(axis=0), em_rate(limit)
    slowest = np.linalg.svd(limit / np.sqrt(np.outer(p_data, prior)))[0][:, 1] / np.sqrt(p_data)
    near = limit * np.exp(1e-4 * slowest)[:, None]  # the same odds ratios, so the same limit
    path = alternate_em(p_data, near * prior / near.sum(axis=0), 3)
    gaps = np.abs(path.q - limit).max(axis=(1, 2))
    assert gaps[1:] / gaps[:-1] == pytest.approx([rate] * 3, rel=0.01)
    assert path.divergence[1:] / path.divergence[:-1] == pytest.approx([rate**2] * 3, rel=0.01)


def test_limit_of_two_by_two_solves_the_quadratic():
    q0, p_data = np.array([[3, 1], [1, 1]]) / 6, [0.5, 0.5]
    prior = q0.sum(axis=0)  # (2/3, 1/3), odds ratio 3
    a = min(
        np.roots(
            [2, -(3 * (p_data[0] + prior[0]) + 1 - p_data[0] - prior[0]), 3 * p_data[0] * prior[0]]
        ).real
    )
    assert em_limit(p_data, q0)[0, 0] == pytest.approx(a, abs=1e-14)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_free_prior_ends_after_one_round(seed):
    p_data, q0 = positive_start(seed)
    path = alternate_em(p_data, q0, 2, partial(decoder_half_step, free_prior=True))
    check_path(p_data, path)
    assert path.objective[1] == 0
    assert path.q[1] == pytest.approx(path.p[0], abs=0)


def test_an_independent_start_stays_independent():
    p_data, prior = np.array([0.2, 0.3, 0.5]), np.array([0.6, 0.4])
    path = alternate_em(p_data, np.outer([0.5, 0.25, 0.25], prior), 1)
    assert path.p[0] == pytest.approx(np.outer(p_data, prior), abs=1e-16)
    assert path.objective[1] < 1e-30
    assert em_rate(path.p[0]) < 1e-30


# ---- zeros


def test_zeros_that_no_coupling_fits_hold_the_objective_up():
    p_data, q0 = np.array([0.7, 0.3]), np.diag([0.5, 0.5])
    path = alternate_em(p_data, q0, 50)
    assert path.q == pytest.approx(np.array([q0] * 51), abs=1e-15)
    assert path.divergence == pytest.approx([kl(p_data, [0.5, 0.5])] * 51, abs=1e-15)


def test_a_zero_that_forces_another_is_reached_slower_than_any_rate():
    path = alternate_em([0.5, 0.5], np.array([[0.25, 0.25], [0, 0.5]]) @ np.diag([2, 2 / 3]), 2000)
    extra = path.p[:, 0, 1]
    assert path.objective[-1] < 1e-6
    assert extra[1000] / extra[2000] == pytest.approx(2, rel=0.01)  # like 1/t


# ---- a family of decoders


@pytest.mark.parametrize("seed", SEEDS)
def test_products_keep_their_family_and_name_their_decrease(seed):
    p_data = np.random.default_rng(seed).dirichlet(np.ones(6))
    path = alternate_em(
        p_data, product_start(seed, (2, 3)), 200, partial(product_step, letters=(2, 3))
    )
    check_path(p_data, path)
    for q in path.q:
        check_table(q)
        assert q.sum(axis=0) == pytest.approx([0.7, 0.3], abs=1e-14)


@pytest.mark.parametrize("rare", [1e-140, 1e-146, 1e-160, 1e-300])
def test_cells_on_their_way_to_zero_do_not_make_the_objective_infinite(rare):
    first = second = np.array([[0.5, rare], [0.5, 1 - rare]])
    start = product_model(np.array([0.7, 0.3]), first, second)
    path = alternate_em([0.45, 0.05, 0.1, 0.4], start, 300, partial(product_step, letters=(2, 2)))
    check_path([0.45, 0.05, 0.1, 0.4], path)


def test_products_have_local_optima():
    """With independent parts, shares 0.7 and 0.3, the two namings of the classes end apart."""
    ends = [
        alternate_em(
            [0.45, 0.05, 0.1, 0.4], product_start(seed), 250, partial(product_step, letters=(2, 2))
        ).divergence[-1]
        for seed in range(20)
    ]
    low, high = min(ends), max(ends)
    assert 0 < low < 0.02 < 0.03 < high
    assert all(min(abs(end - low), abs(end - high)) < 1e-8 for end in ends)


# ---- bad input


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: encoder_half_step([0.5, 0.5], [[0.5, 0.5], [0, 0]]),
            "q(x) is 0 at x = 1, where p_data is 0.5",
        ),
        (lambda: encoder_half_step([0.5, 0.5], [[1.0], [1e-300]]), "q(x) is 0 at x = 1"),
        (
            lambda: encoder_half_step([0.5, 0.5], [[0.5, 0.5]]),
            "p_data has shape (2,) and q has shape (1, 2)",
        ),
        (lambda: encoder_half_step([0.5, 0.6], [[0.5], [0.5]]), "p_data sums to 1.1, not to one"),
        (lambda: encoder_half_step([1.0], [1.0]), "q has shape (1,)"),
        (
            lambda: decoder_half_step([[1.0]], [[0.5], [0.5]]),
            "p has shape (1, 1) and q_old has shape (2, 1)",
        ),
        (lambda: decoder_half_step([1.0], [1.0]), "p and q_old have shape (1,): give joint tables"),
        (
            lambda: decoder_half_step([[1.0]], [[-1.0]]),
            "q_old[0, 0] is -1.0: a probability is not negative",
        ),
        (
            lambda: product_step(np.ones((4, 1)) / 4, np.ones((4, 1)) / 4, (2, 3)),
            "letters is (2, 3)",
        ),
        (
            lambda: product_step(np.ones((4, 1)) / 4, [[0.5], [0], [0], [0.5]], (2, 2)),
            "q_old(x|z) is not a product",
        ),
        (lambda: alternate_em([1.0], [[1.0]], -1), "rounds is -1"),
        (lambda: alternate_em([1.0], [[1.0]], 1.5), "rounds is 1.5"),
        (lambda: alternate_em([1.0], [[math.nan]], 1), "q0[0, 0] is NaN"),
        (lambda: em_limit([0.5, 0.5], [[0.5, 0], [0.25, 0.25]]), "em_limit needs positive tables"),
        (
            lambda: em_rate([[0.5, 0.5], [0, 0]]),
            "limit is no table (X, Z) with mass in every row and column",
        ),
    ],
)
def test_bad_input_gives_one_clear_line(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@given(arrays(float, (3, 2), elements=st.floats(1e-6, 1.0)))
def test_limit_is_the_table_of_these_margins_nearest_to_the_start(weights):
    q0 = weights / weights.sum()
    p_data = np.array([0.2, 0.3, 0.5])
    limit = em_limit(p_data, q0)
    assert kl(limit, q0) == pytest.approx(chain_rule(limit, q0).joint, abs=1e-12)
    size = limit.min() / 2
    for move in ([[1, -1], [-1, 1], [0, 0]], [[0, 0], [1, -1], [-1, 1]]):
        for sign in (1, -1):
            assert kl(limit, q0) <= kl(limit + sign * size * np.array(move), q0) + 1e-12
