"""Intervals against their textbook values and their coverage; likelihoods against models that can be solved."""

import math

import pytest
import torch
from torch.distributions import MultivariateNormal

from onekl.measure import intervals
from onekl.measure.likelihood import importance_sampled_log_likelihood
from onekl.training.networks import SeedLinear
from onekl.training.seeds import Seeds


@pytest.mark.parametrize(
    "passed, word",
    [([True, True], "supported"), ([True, False], "mixed"), ([False], "not supported")],
)
def test_the_word_of_a_verdict(passed, word):
    assert intervals.verdict(passed) == word


def test_no_seeds_give_no_verdict():
    with pytest.raises(ValueError, match="at least one seed"):
        intervals.verdict([])


def test_interval_of_a_textbook_sample():
    # Mean 3, standard deviation √2.5, t(0.975; 4) = 2.776445: the half width is 2.776445·√(2.5/5) = 1.963243.
    interval = intervals.confidence_interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert interval == pytest.approx((3, 3 - 1.963243, 3 + 1.963243), abs=1e-6)
    assert str(interval) == "3 [1.037, 4.963]"


def test_interval_covers_as_often_as_it_says():
    samples = torch.randn(2000, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = [intervals.confidence_interval(sample) for sample in samples]
    share = sum(i.low <= 0 <= i.high for i in found) / 2000
    assert share == pytest.approx(
        0.95, abs=4 * math.sqrt(0.95 * 0.05 / 2000)
    )  # four standard errors


@pytest.mark.parametrize(
    "values, message",
    [
        ([1.0], "two seeds or more"),
        ([[1.0, 2.0]], r"got shape \(1, 2\)"),
        ([1.0, math.nan, 2.0], "1 of 3 values are not finite"),
    ],
)
def test_what_has_no_interval_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        intervals.confidence_interval(values)


def test_paired_difference_drops_what_the_pairs_share():
    shared = torch.tensor([10.0, -40.0, 300.0])
    difference = intervals.paired_difference(shared + torch.tensor([1.0, 1.1, 0.9]), shared)
    assert difference.mean == pytest.approx(1, abs=1e-5)
    assert difference.low > 0.7
    with pytest.raises(ValueError, match=r"equal shapes, got \(3,\) and \(2,\)"):
        intervals.paired_difference(shared, shared[:2])


@pytest.fixture
def linear_vae():
    """A linear decoder x = W z + b + noise, whose log q(x), posterior mean and variance are known."""
    seeds, noise_variance = Seeds([0, 1]), 0.2
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
