"""The KL from samples to the prior, against distributions whose KL is known."""

import math

import pytest
import torch
from scipy import integrate

from onekl.measure import entropy
from onekl.measure.entropy import kl_to_prior


def normal(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("latent", [2, 8, 32])
def test_of_a_gaussian_it_is_the_closed_form(latent):
    """In any dimension, because the bias is taken off."""
    root = torch.eye(latent).double() * 0.3 + 0.1 * normal(latent, latent, seed=1).tril()
    mean = normal(latent, seed=2)
    z = mean + normal(24, 500, latent, seed=3) @ root.mT
    exact = 0.5 * (
        (root**2).sum() + (mean**2).sum() - latent - 2 * root.diagonal().abs().log().sum()
    )
    found = kl_to_prior(z, normal(24, 500, latent, seed=4))
    error = (found.gaussian - exact).std() / math.sqrt(24)
    assert (found.gaussian.mean() - exact).abs() < 4 * error
    assert found.shape.mean().abs() < 0.1


def test_the_gaussian_part_is_unbiased_in_many_dimensions_where_the_plain_one_is_not():
    latent, size = 32, 100
    z = normal(200, size, latent)
    found = kl_to_prior(z, normal(8, size, latent, seed=1)).gaussian
    covariance = torch.stack([torch.cov(one.mT) for one in z])
    plain = 0.5 * (covariance.diagonal(dim1=1, dim2=2).sum(-1) - latent - covariance.logdet())
    assert plain.mean() > 2 and found.mean().abs() < 4 * found.std() / math.sqrt(200)


def test_two_modes_in_the_plane():
    """Half N(−2, .2²), half N(2, .2²) along one axis; the integral is one of one variable."""
    signs = torch.sign(normal(16, 1000, 1, seed=1))
    z = torch.cat([2 * signs + 0.2 * normal(16, 1000, 1, seed=2), normal(16, 1000, 1, seed=3)], -1)

    def integrand(t):
        parts = [math.exp(-((t - s) ** 2) / 0.08) / (0.4 * math.sqrt(2 * math.pi)) for s in (-2, 2)]
        log_prior = -0.5 * (t**2 + math.log(2 * math.pi))
        return sum(parts) * (math.log(sum(parts)) - log_prior) if sum(parts) else 0

    exact, _ = integrate.quad(integrand, -6, 6, points=[-2, 2], limit=200)
    found = kl_to_prior(z, normal(16, 1000, 2, seed=4))
    assert (sum(found).mean() - exact).abs() < 0.05
    # KL(N(0, 4.04) ‖ N(0, 1)) along that axis, 0 along the other
    assert (found.gaussian.mean() - 0.5 * (4.04 - 1 - math.log(4.04))).abs() < 0.05


def test_eight_exponential_coordinates():
    """Each has the entropy 1, against ½ log 2πe of the Gaussian of its variance."""
    generator = torch.Generator().manual_seed(0)
    z = torch.empty(16, 2000, 8, dtype=torch.float64).exponential_(generator=generator)
    found = kl_to_prior(z, normal(16, 2000, 8)).shape.mean()
    exact = 8 * (0.5 * math.log(2 * math.pi * math.e) - 1)
    # With 2,000 points nearest neighbours blur a density's edge: they find about 60 % of it.
    assert 0.5 * exact < found < exact


def test_a_quarter_of_the_plane():
    """Its KL is log 4; its edges cost what the docstring says, and less with more draws."""
    lost, error = {}, {}
    for size in (500, 5000):
        found = sum(kl_to_prior(normal(24, size, 2).abs(), normal(24, size, 2, seed=1)))
        lost[size], error[size] = math.log(4) - found.mean(), found.std() / math.sqrt(12)
    assert abs(lost[500] - 0.08) < 2 * error[500] < 0.03
    assert abs(lost[5000] - 0.02) < 2 * error[5000] < 0.015


@pytest.mark.parametrize("latent", [1, 2, 3])
def test_a_tree_finds_the_neighbours_of_all_distances(latent, monkeypatch):
    z, noise = normal(3, 60, latent) ** 3, normal(2, 60, latent, seed=1)
    by_tree = kl_to_prior(z, noise)
    monkeypatch.setattr(entropy, "TREE", 0)
    torch.testing.assert_close(by_tree.shape, kl_to_prior(z, noise).shape, rtol=0, atol=1e-9)


def test_a_shift_and_a_turn_of_all_leave_the_shape_as_it_is():
    z = torch.cat([normal(3, 200, 2) ** 3, normal(3, 200, 2, seed=1)], -1)
    turn, _ = torch.linalg.qr(normal(4, 4, seed=2))
    noise = normal(3, 200, 4, seed=3)
    one, other = kl_to_prior(z, noise), kl_to_prior(5 + 3 * z @ turn, noise)
    torch.testing.assert_close(one.shape, other.shape, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    "z, noise",
    [
        (normal(2, 20, 3), normal(2, 21, 3)),
        (normal(2, 20, 3), normal(2, 20, 2)),
        (normal(2, 6, 3), normal(2, 6, 3)),
    ],
)
def test_shapes_that_do_not_fit_are_refused(z, noise):
    with pytest.raises(ValueError, match="z has shape .* and noise has shape") as caught:
        kl_to_prior(z, noise)
    assert "\n" not in str(caught.value)


def test_what_has_no_density_is_refused():
    flat = normal(2, 20, 3) * torch.tensor([1.0, 1.0, 0.0])
    with pytest.raises(ValueError, match="plane of fewer dimensions"):
        kl_to_prior(flat, normal(2, 20, 3))
    few = normal(1, 5, 2).repeat(1, 4, 1)
    with pytest.raises(ValueError, match="coincide"):
        kl_to_prior(few, normal(1, 20, 2))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_values_that_are_not_finite_are_refused_by_name(bad):
    good, broken = normal(2, 20, 3), normal(2, 20, 3)
    broken[1, 4, 2] = bad
    for z, noise, name in ((broken, good, "z"), (good, broken, "noise")):
        with pytest.raises(ValueError, match=f"values of {name} are not finite"):
            kl_to_prior(z, noise)


def test_half_precision_is_refused():
    with pytest.raises(ValueError, match="z is of torch.float16"):
        kl_to_prior(normal(2, 20, 3).half(), normal(2, 20, 3))
