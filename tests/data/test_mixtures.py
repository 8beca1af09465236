"""The mixtures and the figures that judge samples, against sums by hand."""

import math

import numpy as np
import pytest
import torch

from onekl.data.mixtures import Mixture, grid, ring
from onekl.measure.coverage import coverage, mode_counts
from onekl.training.seeds import Seeds


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
    assert {tuple(c) for c in centres.tolist()} == {(a, b) for a in (-4, -2, 0, 2, 4) for b in (-4, -2, 0, 2, 4)}
    assert grid().std == 0.05 and ring().std == 0.01


@pytest.mark.parametrize("mixture", [ring(), grid()])
def test_samples_have_the_mixtures_weights_and_spread(mixture):
    x = mixture.sample(Seeds([0, 1, 2]), 20_000)
    assert x.shape == (3, 20_000, 2)
    judged = coverage(mixture, x)
    size = len(mixture.centres)
    assert judged.modes.tolist() == [size] * 3 == judged.fair_modes.tolist()
    inside = 1 - math.exp(-4.5)  # P(|N(0, I₂)| < 3)
    assert (judged.high_quality - inside).abs().max() < 5 * math.sqrt(inside * (1 - inside) / 20_000)
    counts = mode_counts(mixture, x)
    assert (counts - counts.mean()).abs().max() < 5 * math.sqrt(20_000 / size)
    assert judged.reverse_kl.max() < 5 * size / 40_000  # its mean is (M − 1) / 2N


def test_a_seed_draws_the_same_whichever_seeds_stand_beside_it():
    assert torch.equal(ring().sample(Seeds([3, 7]), 50)[1], ring().sample(Seeds([7]), 50)[0])


@pytest.mark.parametrize("mixture", [ring(), grid()])
def test_log_density_is_the_sum_over_the_modes(mixture):
    x = mixture.sample(Seeds([0]), 5)[0].double()
    naive = [
        np.log(sum(math.exp(-(((p - c) ** 2).sum()) / (2 * mixture.std**2)) for c in mixture.centres.double().numpy())
               / (2 * math.pi * mixture.std**2 * len(mixture.centres)))
        for p in x.numpy()
    ]
    np.testing.assert_allclose(mixture.log_density(x).numpy(), naive, rtol=1e-10)
    assert mixture.log_density(x.expand(3, 5, 2)).shape == (3, 5)


def test_log_density_integrates_to_one_and_stays_finite_far_away():
    line = torch.linspace(-1.3, 1.3, 1301, dtype=torch.float64)
    density = ring().log_density(torch.cartesian_prod(line, line)).exp()
    assert density.sum().item() * 0.002**2 == pytest.approx(1, abs=1e-9)
    assert torch.isfinite(ring().log_density(torch.tensor([50.0, 50.0])))


def by_hand():
    """Two modes at 0 and 10 with σ = 1; 20 samples, so a fair share is 10 and a fifth of it is 2."""
    mixture = Mixture(torch.tensor([[0.0, 0.0], [10.0, 0.0]]), 1.0)
    far, near, edge = [5.0, 9.0], [0.0, 2.9], [10.0, 3.1]
    rows = [[near] * 18 + [[10.0, 0.0]] * 2, [near] * 19 + [[10.0, 0.0]], [near] * 10 + [far] * 9 + [edge], [far] * 20]
    return mixture, torch.tensor(rows)


def test_coverage_by_hand():
    mixture, x = by_hand()
    judged = coverage(mixture, x)
    assert mode_counts(mixture, x).tolist() == [[18, 2], [19, 1], [10, 0], [0, 0]]
    assert judged.modes.tolist() == [2, 2, 1, 0]
    assert judged.fair_modes.tolist() == [2, 1, 1, 0]  # one sample is a mode, but no fair share
    assert judged.high_quality.tolist() == [1, 1, 0.5, 0]
    kl = [sum(c * math.log(2 * c) for c in pair) for pair in ((0.9, 0.1), (0.95, 0.05))]
    # only high-quality samples are counted; a seed with none gets the largest value
    assert judged.reverse_kl.tolist() == pytest.approx([*kl, math.log(2), math.log(2)], rel=1e-12)


def test_coverage_treats_the_seeds_apart():
    mixture, x = by_hand()
    for s in range(len(x)):
        for whole, alone in zip(coverage(mixture, x), coverage(mixture, x[s : s + 1])):
            assert whole[s] == alone[0]


@pytest.mark.parametrize("shape", [(20, 2), (4, 20, 3), (4, 20)])
def test_samples_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"expected samples of shape \(S, N, 2\), got"):
        coverage(ring(), torch.zeros(shape))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_samples_that_are_not_finite_are_refused(bad):
    x = torch.zeros(2, 5, 2)
    x[1, 3, 0] = bad
    with pytest.raises(ValueError, match="1 samples are not finite"):
        coverage(ring(), x)
