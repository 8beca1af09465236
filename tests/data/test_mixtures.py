"""The mixtures against their moments and sums by hand."""

import math

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given, settings

import numerics
from numerics import DTYPES, REFUSED, extremes, refusal, wrong
from onekl.data.mixtures import grid, ring, two_component_sample
from onekl.measure.coverage import coverage, mode_counts
from onekl.training.seeds import Seeds


def test_mixture_has_the_stated_moments():
    x = two_component_sample(
        Seeds([0, 1]).child("draws"), 100_000, (0.3, 0.7), (-2.0, 2.0), (0.5, 1.5)
    )
    assert x.shape == (2, 100_000)
    mean = -2 * 0.3 + 2 * 0.7
    variance = 0.3 * (0.25 + 4) + 0.7 * (2.25 + 4) - mean**2
    error = math.sqrt(variance / 100_000)
    assert (x.mean(1) - mean).abs().max() < 5 * error
    # The fourth central moment is below 3 variance² here, so this is at least five standard errors.
    assert (x.var(1) - variance).abs().max() < 5 * math.sqrt(2 / 100_000) * variance
    assert not torch.equal(x[0], x[1])


def test_the_ring_has_eight_modes_not_seven():
    centres = ring().centres
    assert centres.shape == (8, 2)
    torch.testing.assert_close(centres.norm(dim=1), torch.ones(8))
    gaps = torch.cdist(centres, centres) + 9 * torch.eye(8)
    torch.testing.assert_close(gaps.amin(1), torch.full((8,), 2 * math.sin(math.pi / 8)))


def test_angles_with_both_ends_would_be_caught():
    angles = torch.linspace(0, 2 * math.pi, 8)
    seven = torch.stack([angles.cos(), angles.sin()], -1)
    assert (torch.cdist(seven, seven) + 9 * torch.eye(8)).min() < 1e-3


def test_the_grid_has_25_modes_two_apart():
    centres = grid().centres
    assert {tuple(c) for c in centres.tolist()} == {
        (a, b) for a in (-4, -2, 0, 2, 4) for b in (-4, -2, 0, 2, 4)
    }
    assert grid().std == 0.05 and ring().std == 0.01


@pytest.mark.parametrize("mixture", [ring(), grid()])
def test_samples_have_the_mixtures_weights_and_spread(mixture):
    x = mixture.sample(Seeds([0, 1, 2]).child("draws"), 20_000)
    assert x.shape == (3, 20_000, 2)
    judged = coverage(mixture, x)
    size = len(mixture.centres)
    assert judged.modes.tolist() == [size] * 3 == judged.fair_modes.tolist()
    inside = 1 - math.exp(-4.5)  # P(|N(0, I₂)| < 3)
    assert (judged.high_quality - inside).abs().max() < 5 * math.sqrt(
        inside * (1 - inside) / 20_000
    )
    counts = mode_counts(mixture, x)
    assert (counts - counts.mean()).abs().max() < 5 * math.sqrt(20_000 / size)
    assert judged.reverse_kl.max() < 5 * size / 40_000  # its mean is (M − 1) / 2N


def test_a_seed_draws_the_same_whichever_seeds_stand_beside_it():
    assert torch.equal(
        ring().sample(Seeds([3, 7]).child("draws"), 50)[1],
        ring().sample(Seeds([7]).child("draws"), 50)[0],
    )


@pytest.mark.parametrize("mixture", [ring(), grid()])
def test_log_density_is_the_sum_over_the_modes(mixture):
    x = mixture.sample(Seeds([0]).child("draws"), 5)[0].double()
    naive = [
        np.log(
            sum(
                math.exp(-(((p - c) ** 2).sum()) / (2 * mixture.std**2))
                for c in mixture.centres.double().numpy()
            )
            / (2 * math.pi * mixture.std**2 * len(mixture.centres))
        )
        for p in x.numpy()
    ]
    np.testing.assert_allclose(mixture.log_density(x).numpy(), naive, rtol=1e-10)
    assert mixture.log_density(x.expand(3, 5, 2)).shape == (3, 5)


def test_log_density_integrates_to_one_and_stays_finite_far_away():
    line = torch.linspace(-1.3, 1.3, 1301, dtype=torch.float64)
    density = ring().log_density(torch.cartesian_prod(line, line)).exp()
    assert density.sum().item() * 0.002**2 == pytest.approx(1, abs=1e-9)
    assert torch.isfinite(ring().log_density(torch.tensor([50.0, 50.0])))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mixture", [ring(), grid()])
def test_log_density_is_its_formula_at_all_finite_points(mixture, dtype):
    pool = extremes(dtype)
    places = torch.randint(len(pool), (200, 2), generator=torch.Generator().manual_seed(0))
    x = pool[places]
    log_var = 2 * mpmath.log(mpmath.mpf(mixture.std))
    with mpmath.workdps(60):
        for point, found in zip(x.tolist(), mixture.log_density(x).tolist()):
            squares = [
                sum((mpmath.mpf(a) - mpmath.mpf(b)) ** 2 for a, b in zip(point, centre))
                / mpmath.mpf(mixture.std) ** 2
                for centre in mixture.centres.tolist()
            ]
            least = min(squares)
            total = sum(mpmath.exp(-min(one - least, 1e6) / 2) for one in squares)
            constant = log_var + mpmath.log(2 * mpmath.pi) + mpmath.log(len(squares))
            right = mpmath.log(total) - least / 2 - constant
            # the coordinates' own differences from the centres are as exact as the points
            size = least + 2 * abs(log_var) + 10
            assert wrong(found, right, size, dtype) is None, point


@settings(max_examples=100)
@given(numerics.shapes({"x": "... 2"}))
def test_points_of_another_shape_are_refused_by_name(shapes):
    x = torch.zeros(shapes["x"])
    if x.ndim and x.shape[-1] == 2:
        assert ring().log_density(x).shape == x.shape[:-1]
    else:
        refusal(ring().log_density, ["x"], x)


@pytest.mark.parametrize("dtype", REFUSED)
def test_points_of_another_dtype_are_refused_by_name(dtype):
    refusal(ring().log_density, ["x"], torch.zeros(3, 2).to(dtype))


def test_points_that_are_nan_are_refused_by_name():
    line = refusal(ring().log_density, ["x"], torch.tensor([[0.0, math.nan], [0.0, 0.0]]))
    assert line.startswith("1 points of x are NaN")


@pytest.mark.parametrize(
    "name, bad",
    [
        ("weights", (0.5, 0.4)),
        ("weights", (1.5, -0.5)),
        ("weights", (1.0,)),
        ("weights", (math.nan, 0.5)),
        ("means", (0.0, 1.0, 2.0)),
        ("stds", (1.0, 0.0)),
        ("stds", (1.0, -1.0)),
    ],
)
def test_two_components_have_two_of_each_and_proper_ones(name, bad):
    refusal(two_component_sample, [name], Seeds([0]), 3, **{name: bad})
