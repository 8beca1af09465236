"""Annealed importance sampling against models whose likelihood is known or can be summed."""

import math

import pytest
import torch
from torch.distributions import MultivariateNormal

from onekl.measure.annealed import annealed_log_likelihood
from onekl.measure.likelihood import importance_sampled_log_marginal
from onekl.training.losses.gaussian import gaussian_log_density
from onekl.training.networks import mlp
from onekl.training.seeds import Seeds

BETAS = torch.linspace(0, 1, 101, dtype=torch.float64)


@pytest.fixture
def linear():
    """x = W z + b + noise, for two seeds, 4 images of 6 coordinates and 3 of z."""
    generator = torch.Generator().manual_seed(1)
    weight, bias = torch.randn(2, 3, 6, generator=generator), torch.randn(6, generator=generator)
    weight, bias = weight.double(), bias.double()
    x = torch.randn(4, 6, generator=generator).double()
    covariance = weight.mT @ weight + 0.2 * torch.eye(6)
    exact = MultivariateNormal(bias, covariance[:, None]).log_prob(x)

    def log_likelihood(z):
        means = z @ weight[:, None] + bias
        return gaussian_log_density(x, means, math.log(0.2))

    return log_likelihood, exact


def stream(count=2):
    return Seeds(range(count)).child("chains")


def test_it_finds_the_exact_likelihood_of_a_linear_model(linear):
    log_likelihood, exact = linear
    found = annealed_log_likelihood(log_likelihood, (4, 3), BETAS, stream(), chains=1000)
    assert found.shape == (2, 4) and found.dtype == torch.float64
    torch.testing.assert_close(found, exact, rtol=0, atol=0.1)


def test_the_weights_are_the_likelihood_on_average(linear):
    """Also with few betas, where a single weight is far from it: the error is that of a mean."""
    log_likelihood, exact = linear
    few = torch.linspace(0, 1, 11, dtype=torch.float64)
    found = annealed_log_likelihood(log_likelihood, (4, 3), few, stream(), chains=20_000)
    torch.testing.assert_close(found, exact, rtol=0, atol=0.15)


def test_more_betas_come_nearer_from_below(linear):
    log_likelihood, exact = linear
    gaps = []
    for count in (5, 30, 200):
        betas = torch.linspace(0, 1, count, dtype=torch.float64)
        found = annealed_log_likelihood(log_likelihood, (4, 3), betas, stream(), chains=4)
        gaps.append((exact - found).mean().item())
    assert gaps[0] > 3 * gaps[1] > 0 and gaps[1] > gaps[2]


def bernoulli_model():
    """A network's probabilities for 12 binary pixels from z in the plane; 5 images of it."""
    decoder = mlp(Seeds(range(2)).child("decoder"), [2, 16, 12]).double()
    with torch.no_grad():
        for weight in decoder.parameters():
            weight *= 3  # so that the posterior is no Gaussian
    x = (torch.rand(5, 12, generator=torch.Generator().manual_seed(0)) < 0.5).double()

    def log_likelihood(z):
        logits = decoder(z.flatten(1, 2)).unflatten(1, z.shape[1:3])
        return (x * logits - torch.nn.functional.softplus(logits)).sum(-1)

    return log_likelihood


def summed(log_likelihood):
    """log q(x) over a grid of the plane, (2, 5)."""
    side = torch.linspace(-7, 7, 281, dtype=torch.float64)
    grid = torch.cartesian_prod(side, side)
    z = grid[None, :, None].expand(2, -1, 5, -1)
    log_prior = gaussian_log_density(grid, 0.0, 0.0) + 2 * math.log(14 / 280)
    with torch.no_grad():
        return torch.logsumexp(log_prior[:, None] + log_likelihood(z), 1)


def test_it_finds_what_a_grid_finds_in_the_plane():
    log_likelihood = bernoulli_model()
    found = annealed_log_likelihood(log_likelihood, (5, 2), BETAS**2, stream(), chains=1000)
    torch.testing.assert_close(found, summed(log_likelihood), rtol=0, atol=0.1)


def test_importance_sampling_finds_it_too_from_any_proposal():
    log_likelihood = bernoulli_model()
    generator = torch.Generator().manual_seed(2)
    mean = torch.randn(2, 5, 2, generator=generator, dtype=torch.float64)
    found = importance_sampled_log_marginal(
        log_likelihood, mean, 0 * mean - 1, stream(), samples=20_000, chunk=500
    )
    torch.testing.assert_close(found, summed(log_likelihood), rtol=0, atol=0.1)


@pytest.mark.parametrize(
    "betas",
    [[0.0, 0.5], [0.1, 1.0], [0.0, 0.6, 0.5, 1.0], [0.0, math.nan, 1.0], [[0.0, 1.0]], [1.0], []],
)
def test_betas_that_do_not_rise_from_0_to_1_are_refused(linear, betas):
    with pytest.raises(ValueError, match="betas must rise from 0 to 1") as caught:
        annealed_log_likelihood(linear[0], (4, 3), torch.tensor(betas), stream())
    assert "\n" not in str(caught.value)


def test_betas_that_are_no_floats_are_refused(linear):
    for betas in (torch.tensor([0, 1]), [0.0, 1.0]):
        with pytest.raises(ValueError, match="betas"):
            annealed_log_likelihood(linear[0], (4, 3), betas, stream())


@pytest.mark.parametrize("wrong", [{"chains": 0}, {"leapfrogs": 0}])
def test_no_chain_and_no_leapfrog_step_is_refused(linear, wrong):
    with pytest.raises(ValueError, match="one or more of each"):
        annealed_log_likelihood(linear[0], (4, 3), BETAS, stream(), **wrong)


def test_a_likelihood_of_another_shape_or_without_a_value_is_refused(linear):
    for wrong, message in (
        (lambda z: z, "one number for each"),
        (lambda z: z.sum(-1) * math.nan, "not finite"),
    ):
        with pytest.raises(ValueError, match=message):
            annealed_log_likelihood(wrong, (4, 3), BETAS, stream())
        if message != "not finite":
            continue
        with pytest.raises(ValueError, match="NaN"):
            zero = torch.zeros(2, 4, 3)
            importance_sampled_log_marginal(wrong, zero, zero, stream())
