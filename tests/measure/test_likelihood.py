"""The likelihood of held-out data against models that can be solved."""

import math

import pytest
import torch
from torch.distributions import MultivariateNormal

from onekl.measure.likelihood import importance_sampled_log_likelihood
from onekl.training.networks import SeedLinear
from onekl.training.seeds import Seeds


@pytest.fixture
def linear_vae():
    """A linear decoder x = W z + b + noise.

    Its log q(x), and its posterior's mean and variance, are known.
    """
    seeds, noise_variance = Seeds([0, 1]).child("draws"), 0.2
    decoder = SeedLinear(seeds, 2, 3).double()
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    weight, bias = decoder.weight.detach(), decoder.bias.detach()
    covariance = weight.mT @ weight + noise_variance * torch.eye(3)
    exact = MultivariateNormal(bias, covariance[:, None]).log_prob(x)
    posterior_covariance = torch.linalg.inv(torch.eye(2) + weight @ weight.mT / noise_variance)
    posterior_mean = (x - bias) @ weight.mT @ posterior_covariance / noise_variance
    variances = posterior_covariance.diagonal(dim1=1, dim2=2)[:, None].expand(2, 4, 2)
    log_var = torch.tensor(math.log(noise_variance), dtype=torch.float64)
    return x, decoder, log_var, posterior_mean, torch.log(variances), seeds, exact


def test_importance_sampling_finds_the_exact_likelihood(linear_vae):
    *model, exact = linear_vae
    found = importance_sampled_log_likelihood(*model, samples=20_000, chunk=500)
    assert found.shape == (2, 4)
    torch.testing.assert_close(found, exact, rtol=0, atol=0.05)


def test_importance_sampling_survives_an_encoder_without_variance(linear_vae):
    x, decoder, log_var, mean, encoder_log_var, seeds, exact = linear_vae
    tiny = torch.full_like(encoder_log_var, -30.0)
    found = importance_sampled_log_likelihood(x, decoder, log_var, mean, tiny, seeds, 20_000, 500)
    torch.testing.assert_close(found, exact, rtol=0, atol=0.2)


def test_importance_sampling_does_not_depend_on_an_encoder_that_is_wrong(linear_vae):
    x, decoder, log_var, mean, encoder_log_var, seeds, exact = linear_vae
    found = importance_sampled_log_likelihood(
        x, decoder, log_var, mean + 1, encoder_log_var, seeds, 20_000, 500
    )
    torch.testing.assert_close(found, exact, rtol=0, atol=0.2)


@pytest.mark.parametrize("samples, chunk", [(10, 4), (9, 3)])
def test_chunks_that_do_not_fit_are_refused(linear_vae, samples, chunk):
    with pytest.raises(ValueError, match="chunk must be even and divide samples"):
        importance_sampled_log_likelihood(*linear_vae[:-1], samples, chunk)
