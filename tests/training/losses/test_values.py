"""The losses against torch.distributions, quadrature, and each other."""

import math

import mpmath
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Categorical, Normal, kl_divergence

from held import EQUATION, holds
from onekl.training.losses.adversarial import (
    discriminator_loss,
    generator_loss,
    minimax_generator_loss,
    optimal_discriminator_logit,
    regularised_generator_loss,
    step_penalty,
)
from onekl.training.losses.gaussian import (
    gaussian_kl,
    gaussian_log_density,
    reconstruction_loss,
    reparameterise,
    vae_loss,
)
from onekl.training.losses.joint import (
    bound_gap,
    importance_weighted_log_likelihood,
    joint_kl,
    negative_log_likelihood,
)

DTYPES = [torch.float32, torch.float64]


def random_finite(seed, shape=(3, 5, 4)):
    """A random log p(z|x) and log q(x, z) with leading axes, and z last."""
    generator = torch.Generator().manual_seed(seed)
    first, second = 3 * torch.randn(2, *shape, generator=generator, dtype=torch.float64)
    return torch.log_softmax(first, -1), second


@settings(deadline=None)
@given(st.integers(0, 10**6))
def test_bound_minus_likelihood_is_the_gap(seed):
    log_encoder, log_joint = random_finite(seed)
    nll = negative_log_likelihood(log_joint)
    gap = bound_gap(log_encoder, log_joint)
    assert gap.shape == (3, 5)
    torch.testing.assert_close(joint_kl(log_encoder, log_joint) - nll, gap, rtol=1e-10, atol=1e-10)
    assert (gap > 0).all()


@settings(deadline=None)
@given(st.integers(0, 10**6))
def test_gap_is_the_kl_to_the_posterior(seed):
    log_encoder, log_joint = random_finite(seed)
    expected = kl_divergence(Categorical(logits=log_encoder), Categorical(logits=log_joint))
    torch.testing.assert_close(bound_gap(log_encoder, log_joint), expected, rtol=1e-10, atol=1e-10)


def test_exact_posterior_closes_the_gap():
    _, log_joint = random_finite(0)
    assert bound_gap(torch.log_softmax(log_joint, -1), log_joint).abs().max() < 1e-14


def test_joint_kl_is_the_sum_written_out():
    log_encoder, log_joint = random_finite(1, (3,))
    expected = sum(math.exp(p) * (p - q) for p, q in zip(log_encoder.tolist(), log_joint.tolist()))
    assert joint_kl(log_encoder, log_joint).item() == pytest.approx(expected, rel=1e-12)


def test_impossible_z_adds_nothing_and_keeps_gradients_finite():
    log_encoder = torch.tensor([0.0, -math.inf], requires_grad=True)
    log_joint = torch.tensor([-1.0, -math.inf], requires_grad=True)
    loss = joint_kl(log_encoder, log_joint)
    loss.backward()
    assert loss.item() == 1.0
    assert torch.isfinite(log_encoder.grad).all() and torch.isfinite(log_joint.grad).all()


def test_joint_kl_is_infinite_where_the_model_forbids_what_the_encoder_says():
    half = math.log(0.5)
    assert joint_kl(torch.tensor([half, half]), torch.tensor([0.0, -math.inf])).item() == math.inf


@pytest.mark.parametrize("dtype", DTYPES)
def test_likelihood_survives_logs_whose_exponentials_underflow(dtype):
    log_joint = torch.tensor([-5000.0, -5000.0], dtype=dtype)
    assert negative_log_likelihood(log_joint).item() == pytest.approx(5000 - math.log(2), rel=1e-6)


moments = st.tuples(st.floats(-20, 20), st.floats(-20, 20))


@settings(deadline=None)
@given(moments)
def test_gaussian_kl_is_torchs_and_not_negative(moment):
    mean, log_var = torch.tensor(moment, dtype=torch.float64)
    expected = kl_divergence(Normal(mean, torch.exp(log_var / 2)), Normal(0.0, 1.0))
    found = gaussian_kl(mean[None], log_var[None])
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)
    assert found >= 0


@settings(deadline=None)
@given(st.floats(-1e-3, 1e-3))
def test_gaussian_kl_keeps_its_digits_near_the_prior(log_var):
    # Near σ² = 1 the value is log_var²/4 + O(log_var³), far below float32's resolution of 1.
    found = gaussian_kl(torch.zeros(1), torch.tensor([log_var], dtype=torch.float32)).item()
    assert found >= 0
    assert found == pytest.approx(log_var**2 / 4, rel=1e-2, abs=abs(log_var) * 2**-23)


def test_gaussian_kl_is_zero_at_the_prior_alone():
    zero = torch.zeros(3)
    assert gaussian_kl(zero, zero).item() == 0
    assert gaussian_kl(zero + 0.1, zero).item() > 0


@pytest.mark.parametrize("dtype", DTYPES)
def test_gaussian_log_density_is_torchs_and_broadcasts(dtype):
    generator = torch.Generator().manual_seed(0)
    x, mean = torch.randn(2, 3, 5, 4, generator=generator, dtype=dtype)
    log_var = torch.tensor(-1.5, dtype=dtype)
    expected = Normal(mean, torch.exp(log_var / 2)).log_prob(x).sum(-1)
    found = gaussian_log_density(x, mean, log_var)
    assert found.shape == (3, 5) and found.dtype == dtype
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(reconstruction_loss(x, mean, log_var), -expected)


@holds(gaussian_log_density, EQUATION)
def test_gaussian_log_density_is_that_of_a_normal_distribution(seed):
    generator = torch.Generator().manual_seed(seed)
    x, mean, log_var = torch.randn(3, 5, 4, generator=generator, dtype=torch.float64)
    expected = Normal(mean, torch.exp(log_var / 2)).log_prob(x).sum(-1)
    torch.testing.assert_close(
        gaussian_log_density(x, mean, log_var), expected, rtol=1e-12, atol=1e-12
    )


def test_gaussian_log_density_integrates_to_one():
    x = torch.linspace(-20, 20, 4001, dtype=torch.float64)[:, None]
    mean, log_var = torch.tensor([1.0]), torch.tensor([0.7], dtype=torch.float64)
    density = torch.exp(gaussian_log_density(x, mean, log_var))
    assert torch.trapezoid(density, x[:, 0]).item() == pytest.approx(1, abs=1e-10)


def test_reparameterised_draws_have_the_stated_moments():
    noise = torch.randn(200_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    z = reparameterise(torch.tensor(3.0), torch.tensor(math.log(0.25)), noise)
    # Five standard errors: 5·0.5/√n for the mean, 5·0.5/√(2n) for the standard deviation.
    assert z.mean().item() == pytest.approx(3, abs=0.0056)
    assert z.std().item() == pytest.approx(0.5, abs=0.004)


def test_reparameterise_lets_gradients_through():
    mean, log_var = torch.tensor(0.3, requires_grad=True), torch.tensor(0.8, requires_grad=True)
    reparameterise(mean, log_var, torch.tensor(1.7)).backward()
    assert mean.grad.item() == 1
    assert log_var.grad.item() == pytest.approx(0.5 * 1.7 * math.exp(0.4), rel=1e-6)


def test_vae_loss_is_the_sum_of_its_two_terms():
    generator = torch.Generator().manual_seed(0)
    x, decoded = torch.randn(2, 3, 5, 6, generator=generator)
    mean, log_var = torch.randn(2, 3, 5, 2, generator=generator)
    kl = kl_divergence(Normal(mean, torch.exp(log_var / 2)), Normal(0.0, 1.0)).sum(-1)
    loss = vae_loss(x, decoded, torch.tensor(0.4), mean, log_var)
    torch.testing.assert_close(loss, -Normal(decoded, math.exp(0.2)).log_prob(x).sum(-1) + kl)


def test_vae_loss_bounds_the_likelihood_of_a_linear_gaussian_model():
    # z ~ N(0,1), x|z ~ N(z, s²): q(x) = N(0, 1+s²) and q(z|x) = N(x/(1+s²), s²/(1+s²)) are known.
    x, s2 = torch.tensor(0.9, dtype=torch.float64), 0.3
    noise = torch.linspace(-9, 9, 4001, dtype=torch.float64)
    weight = torch.exp(Normal(0.0, 1.0).log_prob(noise)) * (noise[1] - noise[0])
    nll = -Normal(0.0, math.sqrt(1 + s2)).log_prob(x)

    def expected_loss(mean, var):
        mean, log_var = (
            mean.expand(4001, 1),
            torch.tensor(math.log(var), dtype=torch.float64).expand(4001, 1),
        )
        z = reparameterise(mean, log_var, noise[:, None])
        return (weight * vae_loss(x[None], z, torch.tensor(math.log(s2)), mean, log_var)).sum()

    posterior_mean, posterior_var = x / (1 + s2), s2 / (1 + s2)
    torch.testing.assert_close(expected_loss(posterior_mean, posterior_var), nll, rtol=1e-7, atol=0)
    gap = kl_divergence(Normal(x, 0.5), Normal(posterior_mean, math.sqrt(posterior_var)))
    torch.testing.assert_close(expected_loss(x, 0.25), nll + gap, rtol=1e-7, atol=0)


@holds(importance_weighted_log_likelihood, EQUATION)
def test_importance_weighted_likelihood_is_the_log_of_the_mean_weight(seed):
    generator = torch.Generator().manual_seed(seed)
    weights = torch.rand(3, 7, generator=generator, dtype=torch.float64)
    found = importance_weighted_log_likelihood(torch.log(weights))
    expected = [math.log(math.fsum(row) / 7) for row in weights.tolist()]
    assert found.tolist() == pytest.approx(expected, rel=1e-12)


def test_importance_weighted_likelihood_survives_weights_that_underflow():
    weights = torch.tensor([[1.0, 2.0, 3.0], [4.0, 4.0, 4.0]], dtype=torch.float64)
    found = importance_weighted_log_likelihood(torch.log(weights) - 4000)
    torch.testing.assert_close(
        found, torch.log(torch.tensor([2.0, 4.0], dtype=torch.float64)) - 4000
    )


LOGITS = [-9.0, -2.5, -0.3, 0.0, 0.7, 3.0, 8.0]


def mpmath_losses(logit):
    """−log D, −log(1 − D) and their slopes in the logit, at 40 digits."""
    with mpmath.workdps(40):
        d = 1 / (1 + mpmath.exp(-mpmath.mpf(logit)))
        return [float(v) for v in (-mpmath.log(d), -mpmath.log(1 - d), d - 1, d)]


@pytest.mark.parametrize("logit", [*LOGITS, -700.0, -40.0, 25.0, 60.0])
def test_adversarial_losses_and_their_slopes_are_the_formulas(logit):
    minus_log_d, minus_log_rest, slope_d, slope_rest = mpmath_losses(logit)
    logits = torch.tensor(logit, dtype=torch.float64, requires_grad=True)
    zero = torch.zeros_like(logits).detach()
    expected = {
        generator_loss: (minus_log_d, slope_d),
        minimax_generator_loss: (-minus_log_rest, -slope_rest),
        lambda a: discriminator_loss(a, zero): (minus_log_d + math.log(2), slope_d),
        lambda a: discriminator_loss(zero, a): (math.log(2) + minus_log_rest, slope_rest),
    }
    for loss, (value, slope) in expected.items():
        found = loss(logits)
        assert found.item() == pytest.approx(value, rel=1e-13, abs=1e-300)
        assert torch.autograd.grad(found, logits)[0].item() == pytest.approx(
            slope, rel=1e-13, abs=1e-300
        )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sign", [-1, 1])
def test_adversarial_losses_stay_finite_at_extreme_logits(dtype, sign):
    logits = torch.tensor([sign * 1e4, sign * 1e30], dtype=dtype, requires_grad=True)
    losses = [
        generator_loss(logits),
        minimax_generator_loss(logits),
        discriminator_loss(logits, -logits),
    ]
    for loss in losses:
        assert torch.isfinite(loss).all()
        assert torch.isfinite(torch.autograd.grad(loss.sum(), logits)[0]).all()
    assert generator_loss(logits).tolist() == [0, 0] if sign > 0 else (-logits).tolist()


def test_minimax_and_usual_generator_loss_push_the_same_way_with_different_strength():
    logits = torch.tensor(LOGITS, dtype=torch.float64, requires_grad=True)
    (usual,) = torch.autograd.grad(generator_loss(logits).sum(), logits)
    (minimax,) = torch.autograd.grad(minimax_generator_loss(logits).sum(), logits)
    assert (usual < 0).all() and (minimax < 0).all()
    torch.testing.assert_close(usual / minimax, torch.exp(-logits))  # (1 − D) / D


def test_discriminator_loss_is_least_at_the_optimal_discriminator():
    # Three letters with exact expectations: su-16's slope in each logit is D (p̃ + q) − p̃.
    p_data, q = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]], dtype=torch.float64)
    logits = optimal_discriminator_logit(p_data.log(), q.log()).requires_grad_()
    loss = (p_data * generator_loss(logits)).sum() - (q * minimax_generator_loss(logits)).sum()
    assert torch.autograd.grad(loss, logits)[0].abs().max() < 1e-15
    torch.testing.assert_close(torch.sigmoid(logits), p_data / (p_data + q))
    middle = (p_data + q) / 2
    js = 0.5 * ((p_data * (p_data / middle).log()).sum() + (q * (q / middle).log()).sum())
    assert loss.item() == pytest.approx(math.log(4) - 2 * js.item(), rel=1e-14)


def test_optimal_discriminator_where_a_density_vanishes():
    nothing = torch.tensor(-math.inf)
    assert torch.sigmoid(optimal_discriminator_logit(torch.tensor(0.0), nothing)).item() == 1
    assert torch.sigmoid(optimal_discriminator_logit(nothing, torch.tensor(0.0))).item() == 0
    assert torch.isnan(optimal_discriminator_logit(nothing, nothing))


def test_regularised_generator_loss_is_its_two_terms_and_keeps_the_seeds_apart():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 5, generator=generator, dtype=torch.float64)
    x, x_old = torch.randn(2, 3, 5, 4, generator=generator, dtype=torch.float64)
    lam = torch.tensor([[0.0], [0.5], [2.0]], dtype=torch.float64)
    loss = regularised_generator_loss(logits, x, x_old, lam)
    assert loss.shape == (3, 5)
    for s, b in ((0, 0), (1, 4), (2, 3)):
        norm = sum((x[s, b, i] - x_old[s, b, i]).item() ** 2 for i in range(4))
        naive = -math.log(1 / (1 + math.exp(-logits[s, b].item()))) + lam[s].item() * norm
        assert loss[s, b].item() == pytest.approx(naive, rel=1e-13)
        alone = regularised_generator_loss(logits[s], x[s], x_old[s], lam[s].item())
        assert torch.equal(alone, loss[s])


def test_step_penalty_and_its_slope_are_zero_where_nothing_has_moved():
    x = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0), requires_grad=True)
    penalty = step_penalty(x, x.detach())
    assert penalty.abs().max() == 0 and torch.autograd.grad(penalty.sum(), x)[0].abs().max() == 0
    moved = step_penalty(x, x.detach() - 1)
    torch.testing.assert_close(torch.autograd.grad(moved.sum(), x)[0], torch.full_like(x, 2.0))


@pytest.mark.parametrize("lam", [-1e-9, float("nan"), torch.tensor([[0.0], [-1.0]])])
def test_a_weight_that_is_negative_is_refused(lam):
    with pytest.raises(ValueError, match="must not be negative"):
        regularised_generator_loss(
            torch.zeros(2, 3), torch.zeros(2, 3, 2), torch.zeros(2, 3, 2), lam
        )


@pytest.mark.parametrize(
    "call",
    [
        lambda: step_penalty(torch.zeros(5, 2), torch.zeros(5, 3)),
        lambda: regularised_generator_loss(
            torch.zeros(5, 1), torch.zeros(5, 2), torch.zeros(5, 2), 1.0
        ),
        lambda: discriminator_loss(torch.zeros(5, 1), torch.zeros(5)),
    ],
)
def test_shapes_that_would_broadcast_are_refused_and_named(call):
    with pytest.raises(ValueError, match=r"has shape \(5.*has shape \(5.*must be the same"):
        call()
