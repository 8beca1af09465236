"""The exact AAE on finite alphabets: the values, the steps, and when both parts can be perfect.

And what λ does when they cannot.
"""

import itertools
import math
from fractions import Fraction as F

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from onekl.chapters.aae.tables import (
    adversarial_value,
    aggregated,
    best_decoder,
    can_be_perfect,
    descend,
    grouping,
    perfect_encoder,
    reconstruction_error,
    total_value,
)
from onekl.chapters.gan.tables import objective, optimal_discriminator
from onekl.tables import kl
from paths import ROOT

TWO = np.array([0.7, 0.3])  # the two letters of su-t12, with the prior HALF
HALF = np.array([0.5, 0.5])
WEIGHTS = (0.001, 0.03, 0.2, 1, 30)


def random_tables(seed, x=3, z=4):
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(x)), rng.dirichlet(np.ones(z), size=x), rng.dirichlet(np.ones(z))


def starts(count, x, z, seed=0):
    return np.random.default_rng(seed).dirichlet(np.ones(z), size=(count, x))


def best(p_data, prior, lam, count=40):
    """The least total among gradient runs from random starts, and its encoder."""
    ends = descend(p_data, prior, lam, starts(count, len(p_data), len(prior)), 3000, 2.0)
    values = [total_value(p_data, e, prior, lam) for e in ends]
    return min(values), ends[int(np.argmin(values))]


# ---- the values


def test_by_hand():
    encoder = [[5 / 7, 2 / 7], [0, 1]]
    assert aggregated(TWO, encoder) == pytest.approx(HALF, abs=1e-15)
    assert best_decoder(TWO, encoder) == pytest.approx(np.array([[1, 0], [0.4, 0.6]]), abs=1e-15)
    assert reconstruction_error(TWO, encoder) == pytest.approx(0.42 * (2 / 7) / 0.5, abs=1e-15)
    assert adversarial_value(TWO, encoder, HALF) == pytest.approx(0, abs=1e-15)
    assert adversarial_value(TWO, np.eye(2), HALF) == pytest.approx(
        0.6 * math.log(1.2) + 0.4 * math.log(0.8), abs=1e-15
    )


@pytest.mark.parametrize("seed", range(6))
def test_the_adversarial_value_is_the_objective_at_the_best_discriminator_and_the_decoder_the_best(
    seed,
):
    p, encoder, q = random_tables(seed)
    codes, rng = aggregated(p, encoder), np.random.default_rng(seed)
    assert codes == pytest.approx(sum(p[x] * encoder[x] for x in range(3)), abs=1e-15)
    assert adversarial_value(p, encoder, q) == pytest.approx(
        objective(q, codes, optimal_discriminator(q, codes)), abs=1e-12
    )
    assert adversarial_value(p, encoder, q) == pytest.approx(kl((codes + q) / 2, q), abs=1e-12)

    def error(decoder):
        return sum(
            p[x] * encoder[x, z] * np.sum((np.eye(3)[x] - decoder[z]) ** 2)
            for x in range(3)
            for z in range(4)
        )

    decoder = best_decoder(p, encoder)
    assert reconstruction_error(p, encoder) == pytest.approx(error(decoder), abs=1e-13)
    assert all(
        error(decoder) < error(decoder + rng.normal(0, 0.01, decoder.shape)) for _ in range(20)
    )
    assert total_value(p, encoder, q, 0.3) == pytest.approx(
        adversarial_value(p, encoder, q) + 0.3 * error(decoder), abs=1e-13
    )


def test_codes_without_mass_do_not_count():
    assert reconstruction_error(TWO, [[1, 0, 0], [0, 1, 0]]) == 0
    assert best_decoder(TWO, [[1, 0, 0], [0, 1, 0]])[2].tolist() == TWO.tolist()


# ---- the steps


@pytest.mark.parametrize("seed", range(4))
def test_a_step_follows_the_numerical_gradient_in_the_logits(seed):
    p, encoder, q = random_tables(seed)
    small, tiny = 1e-6, 1e-6
    moved = (
        np.log(descend(p, q, 0.4, encoder, 1, tiny) / encoder) / -tiny
    )  # the slope, less its mean in each row
    for x, z in itertools.product(range(3), range(4)):
        values = []
        for sign in (1, -1):
            logits = np.log(encoder)
            logits[x, z] += sign * small
            other = np.exp(logits)
            values.append(total_value(p, other / other.sum(1, keepdims=True), q, 0.4))
        assert p[x] * encoder[x, z] * moved[x, z] == pytest.approx(
            (values[0] - values[1]) / (2 * small), abs=1e-7
        )


def test_many_starts_at_once_are_the_single_ones_and_a_zero_stays():
    begun = starts(3, 3, 2)
    begun[1, 0] = [0, 1]
    ends = descend([0.2, 0.3, 0.5], HALF, 0.1, begun, 50, 1.0)
    assert ends[1, 0].tolist() == [0, 1]
    for one, end in zip(begun, ends):
        assert descend([0.2, 0.3, 0.5], HALF, 0.1, one, 50, 1.0) == pytest.approx(end, abs=1e-14)


def test_many_weights_at_once_are_the_single_ones():
    begun = starts(3, 3, 2)
    ends = descend([0.2, 0.3, 0.5], HALF, [[0.1], [1]], begun, 50, 1.0)
    assert ends.shape == (2, 3, 3, 2) and np.abs(ends[0] - ends[1]).max() > 0.01
    for lam, end in zip((0.1, 1), ends):
        alone = descend([0.2, 0.3, 0.5], HALF, lam, begun, 50, 1.0)
        assert alone == pytest.approx(end, abs=1e-14)


# ---- when both can be perfect


def pushed(prior, groups, letters):
    return [
        sum((q for q, x in zip(prior, groups) if x == letter), F(0)) for letter in range(letters)
    ]


exact_priors = (
    st.lists(st.integers(0, 6), min_size=1, max_size=5)
    .filter(any)
    .map(lambda w: [F(v, sum(w)) for v in w])
)


@given(exact_priors, st.data())
def test_where_a_map_pushes_the_prior_to_the_data_the_perfect_encoder_has_total_0_for_every_weight(
    prior, data
):
    letters = data.draw(st.integers(1, 3))
    groups = data.draw(
        st.lists(st.integers(0, letters - 1), min_size=len(prior), max_size=len(prior))
    )
    p = pushed(prior, groups, letters)
    assert can_be_perfect(p, prior) and pushed(prior, grouping(p, prior), letters) == p
    encoder = perfect_encoder(p, prior)
    assert all(sum(row) == 1 for row in encoder)
    assert [sum(p[x] * encoder[x, z] for x in range(letters)) for z in range(len(prior))] == prior
    assert all(abs(total_value(p, encoder, prior, lam)) < 1e-10 for lam in WEIGHTS)


@given(exact_priors, st.lists(st.integers(0, 5), min_size=1, max_size=3).filter(any))
@settings(max_examples=60)
def test_it_can_be_perfect_exactly_if_one_of_all_maps_fits(prior, weights):
    p = [F(v, sum(weights)) for v in weights]
    every = itertools.product(range(len(p)), repeat=len(prior))
    assert can_be_perfect(p, prior) == any(pushed(prior, groups, len(p)) == p for groups in every)


@pytest.mark.parametrize(
    "p, q", [([F(1, 2), F(1, 4), F(1, 4)], [F(1, 4)] * 4), ([F(1, 3), F(2, 3)], [F(1, 3)] * 3)]
)
@pytest.mark.parametrize("lam", WEIGHTS[1:])  # with the smallest the steps need longer
def test_where_it_can_be_perfect_the_least_total_is_0_and_gradient_steps_find_it(p, q, lam):
    assert can_be_perfect(p, q)
    value, encoder = best(p, q, lam)
    assert value < 1e-10 and reconstruction_error(p, encoder) < 1e-10 / lam
    assert aggregated(p, encoder) == pytest.approx(
        np.array(q, float), abs=1e-4
    )  # the value is the square of that


# ---- when they cannot


def on_the_edge(lam):
    """The best probability a of code 1 for x = 0 when x = 1 has code 1.

    It is the root of the total's slope, or 0.
    """

    def slope(a):
        return 0.35 * math.log((8 + 7 * a) / (12 - 7 * a)) + lam * 0.126 / (0.3 + 0.7 * a) ** 2

    grid = np.linspace(0, 2 / 7, 2001)
    roots = [
        brentq(slope, lo, hi, xtol=1e-15)
        for lo, hi in zip(grid, grid[1:])
        if slope(lo) < 0 <= slope(hi)
    ]
    return min([0.0, *roots], key=lambda a: total_value(TWO, [[1 - a, a], [0, 1]], HALF, lam))


@pytest.mark.parametrize("lam", [0.001, 0.01, 0.05, 0.09, 0.2, 1])
def test_two_letters_every_weight_disturbs(lam):
    a = on_the_edge(lam)
    value, encoder = best(TWO, HALF, lam)
    assert value == pytest.approx(total_value(TWO, [[1 - a, a], [0, 1]], HALF, lam), abs=1e-10)
    apart = abs(aggregated(TWO, encoder) - HALF).sum() / 2
    assert apart == pytest.approx(0.7 * (2 / 7 - a), abs=1e-6) and apart > min(0.72 * lam, 0.19)
    undisturbed = total_value(
        TWO, [[5 / 7, 2 / 7], [0, 1]], HALF, lam
    )  # the best encoder with p(z) = q(z)
    assert value < undisturbed - 0.18 * min(lam, 0.1) ** 2


def test_the_page_prints_the_best_encoders_of_two_letters():
    lines = (ROOT / "book" / "aae.md").read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(r"| $\lambda$ | 0.001"))
    weights, errors, apart = (
        [float(cell) for cell in lines[start + k].strip("|").split("|")[1:]] for k in (0, 2, 3)
    )
    for lam, error, gap in zip(weights, errors, apart, strict=True):
        a = on_the_edge(lam)
        assert error == pytest.approx(reconstruction_error(TWO, [[1 - a, a], [0, 1]]), abs=5.1e-5)
        assert gap == pytest.approx(0.7 * (2 / 7 - a), abs=5.1e-5)


def test_two_letters_the_best_encoder_that_meets_the_prior():
    """Along p(z) = q(z), the segment 0.7 a₀ + 0.3 a₁ = ½, the error is concave.

    So it is least at the ends, which are alike.
    """
    errors = [
        reconstruction_error(TWO, [[1 - a, a], [1 - b, b]])
        for b in np.linspace(0, 1, 201)
        for a in [(0.5 - 0.3 * b) / 0.7]
    ]
    assert errors[0] == pytest.approx(errors[-1], abs=1e-14) and min(errors) == pytest.approx(
        errors[0], abs=1e-14
    ) == pytest.approx(0.24, abs=1e-14)
    assert all(np.diff(errors, 2) < 1e-12)


TIES = {  # p̃, q, the least error with p(z) = q(z), a small weight and a large one
    "three letters on two codes": ([F(1, 3)] * 3, [F(1, 2)] * 2, 4 / 9, 0.1, 0.14),
    "four letters on four codes": ([F(1, 6)] * 3 + [F(1, 2)], [F(1, 4)] * 4, 2 / 9, 0.1, 0.2),
}


@pytest.mark.parametrize("name", TIES)
def test_a_tie_keeps_a_small_weight_from_disturbing_although_no_encoder_is_perfect(name):
    p, q, error, small, large = TIES[name]
    assert not can_be_perfect(p, q)
    value, encoder = best(p, q, small, count=80)
    assert value == pytest.approx(small * error, abs=1e-10)
    assert aggregated(p, encoder) == pytest.approx(np.array(q, float), abs=1e-10)
    value, encoder = best(p, q, large, count=80)
    assert value < large * error - 1e-3
    assert abs(aggregated(p, encoder) - np.array(q, float)).sum() / 2 > 0.1


def test_no_encoder_on_a_grid_beats_the_tie():
    grid = np.linspace(0, 1, 61)
    a = np.stack(np.meshgrid(grid, grid, grid), -1).reshape(-1, 3)
    codes = np.stack([1 - a, a], -1).mean(1)
    m = (codes + 0.5) / 2
    values = (m * np.log(2 * m)).sum(-1) + 0.125 * (
        1 - (np.stack([1 - a, a], -1) ** 2 / 9 / np.maximum(codes, 1e-300)[:, None]).sum((1, 2))
    )
    assert values.min() >= 0.125 * 4 / 9 - 1e-12


def test_local_minima_exist_even_where_it_can_be_perfect():
    """Four codes for two equal letters, one for x = 0 and three for x = 1.

    Nothing near is better if λ > ¼ log(9/5).
    """
    p, q = [0.5, 0.5], [0.25] * 4
    stuck = np.array([[1, 0, 0, 0], [0, 1 / 3, 1 / 3, 1 / 3]])
    value = 3 / 8 * math.log(3 / 2) + 5 / 8 * math.log(5 / 6)
    assert can_be_perfect([F(1, 2)] * 2, [F(1, 4)] * 4) and total_value(
        p, stuck, q, 0.3
    ) == pytest.approx(value, abs=1e-14)
    near = 0.99 * stuck + 0.01 * starts(20, 2, 4)
    assert all(total_value(p, e, q, 0.3) > value for e in near)
    held = descend(p, q, 0.3, near, 3000, 2.0)
    freed = descend(p, q, 0.1, near, 3000, 2.0)
    assert max(total_value(p, e, q, 0.3) for e in held) == pytest.approx(value, abs=1e-10)
    assert min(total_value(p, e, q, 0.3) for e in held) == pytest.approx(value, abs=1e-10)
    assert max(total_value(p, e, q, 0.1) for e in freed) < 1e-10


# ---- bad input


@pytest.mark.parametrize(
    "call, complaint",
    [
        (lambda: aggregated([0.5, 0.6], np.eye(2)), r"^p_data sums to 1.1"),
        (lambda: aggregated(TWO, [[1, 0], [0.5, 0.4]]), r"^encoder\[1\] sums to 0.9"),
        (lambda: aggregated(TWO, [[1, 0]]), r"^encoder has shape \(1, 2\).*\(2, 2\)"),
        (lambda: aggregated(TWO, [1, 0]), r"^encoder has shape \(2,\)"),
        (lambda: adversarial_value(TWO, np.eye(2), [0.5, 0.25, 0.25]), "same shape"),
        (lambda: total_value(TWO, np.eye(2), HALF, -1), r"^lam is -1"),
        (lambda: descend(TWO, HALF, math.nan, np.eye(2), 1, 1.0), r"^lam is nan"),
        (lambda: descend(TWO, HALF, [1, -0.5], np.eye(2), 1, 1.0), r"^lam is -0.5"),
        (lambda: descend(TWO, [1, 0], 1, np.eye(2), 1, 1.0), r"least q\(z\) is 0.0"),
        (lambda: descend(TWO, HALF, 1, np.eye(2), 1, 0), r"^size is 0"),
        (lambda: descend(TWO, HALF, 1, np.eye(3), 1, 1.0), r"^encoder has shape \(3, 3\)"),
        (lambda: can_be_perfect([0.7, 0.3], [F(1, 2)] * 2), r"^p_data\[0\] is .*0.7.*Fractions"),
        (
            lambda: perfect_encoder([F(7, 10), F(3, 10)], [F(1, 2)] * 2),
            "^no encoder is perfect here",
        ),
    ],
)
def test_bad_input_is_one_clear_line(call, complaint):
    with pytest.raises(ValueError, match=complaint) as caught:
        call()
    assert "\n" not in str(caught.value)
