"""The posterior of the eight schools: its density in two coordinates, its evidence, exact draws.

The model is μ, τ, η₁ … η₈ ~ N(0, 1) and yᵢ ~ N(μ + τηᵢ, σᵢ²); a point is z = (μ, τ, η₁ … η₈).
τ may be negative, and (μ, −τ, −η) is as probable as (μ, τ, η): the posterior has a mirror image.

The *centred* coordinates are v = (μ, log|τ|, θ₁ … θ₈) with θᵢ = μ + τηᵢ.
A point and its mirror image have the same v, so a density of v is one of both together.

Points are (..., 10), of float32 or float64; densities are returned in nats, (...).
Another last axis or half precision raises ValueError.
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import torch

from onekl.data.schools import EFFECTS, ERRORS
from onekl.training.inputs import require_floats
from onekl.training.losses.gaussian import gaussian_log_density
from onekl.training.seeds import Stream

SCHOOLS = len(EFFECTS)
DIMENSION = 2 + SCHOOLS
# Beyond, the prior of τ has e⁻⁵⁰ of its height; the step is far below what the density varies on.
FURTHEST, STEPS = 10.0, 20_000


def log_likelihood(z: torch.Tensor) -> torch.Tensor:
    """log p(y | z) = Σᵢ log N(yᵢ; μ + τηᵢ, σᵢ²) at the points z (..., 10): (...)."""
    mu, tau, eta = _parts(z=z)
    effects, errors = z.new_tensor(EFFECTS), z.new_tensor(ERRORS)
    return gaussian_log_density(effects - mu - tau * eta, 0.0, 2 * errors.log())


def log_joint(z: torch.Tensor) -> torch.Tensor:
    """log p(y, z) at the points z (..., 10): (...)."""
    return log_likelihood(z) + gaussian_log_density(z, 0.0, 0.0)


def mirrored(z: torch.Tensor) -> torch.Tensor:
    """(μ, −τ, −η), which is as probable as z = (μ, τ, η): both (..., 10)."""
    mu, tau, eta = _parts(z=z)
    return torch.cat([mu, -tau, -eta], -1)


def centred(z: torch.Tensor) -> torch.Tensor:
    """The centred coordinates v = (μ, log|τ|, μ + τη) of z = (μ, τ, η): both (..., 10)."""
    mu, tau, eta = _parts(z=z)
    return torch.cat([mu, tau.abs().log(), mu + tau * eta], -1)


def non_centred(v: torch.Tensor) -> torch.Tensor:
    """The point z with τ > 0 whose centred coordinates are v: both (..., 10)."""
    mu, log_tau, theta = _parts(v=v)
    return torch.cat([mu, log_tau.exp(), (theta - mu) * torch.exp(-log_tau)], -1)


def centred_log_joint(v: torch.Tensor) -> torch.Tensor:
    """log p(y, v), the density of the centred coordinates v (..., 10), dv for dz: (...).

    It is twice that of z, for z and its mirror image, times |∂z/∂v| = τ⁻⁷.
    """
    return log_joint(non_centred(v)) + math.log(2) - (SCHOOLS - 1) * v[..., 1]


class TauPosterior(NamedTuple):
    """Everything of the posterior that is not Gaussian: the law of τ, on a fine line of points."""

    tau: torch.Tensor  # (T,), evenly spaced, float64
    density: torch.Tensor  # (T,), p(τ | y)
    log_evidence: float  # log p(y)


@cache
def tau_posterior() -> TauPosterior:
    """p(τ | y) and log p(y), by the trapezoidal rule on a line.

    Given τ, yᵢ ~ N(μ, σᵢ² + τ²) and μ ~ N(0, 1), so μ is integrated out in closed form.
    The integrand is analytic and vanishes at both ends, where this rule is exact to rounding.
    """
    tau = torch.linspace(-FURTHEST, FURTHEST, STEPS + 1, dtype=torch.float64)
    precision, mean, log_density = _given_tau(tau)
    log_weight = log_density + gaussian_log_density(tau[:, None], 0.0, 0.0)
    step = 2 * FURTHEST / STEPS
    log_evidence = (torch.logsumexp(log_weight, 0) + math.log(step)).item()
    return TauPosterior(tau, torch.exp(log_weight - log_evidence), log_evidence)


def posterior_draws(stream: Stream, count: int) -> torch.Tensor:
    """`count` independent draws of p(z | y) for each seed of a stream of length S: (S, count, 10).

    τ by its distribution function, which is read off the line linearly between its points, then μ
    given τ and η given both, which are Gaussian.
    """
    tau = _drawn_tau(stream.uniform(count).double())
    precision, mean, _ = _given_tau(tau)
    mu = mean + stream.normal(count).double() / precision.sqrt()
    effects, errors = tau.new_tensor(EFFECTS), tau.new_tensor(ERRORS)
    slope = tau[..., None] / errors**2
    eta_precision = 1 + tau[..., None] * slope
    eta_mean = slope * (effects - mu[..., None]) / eta_precision
    eta = eta_mean + stream.normal(count, SCHOOLS).double() / eta_precision.sqrt()
    drawn = torch.cat([mu[..., None], tau[..., None], eta], -1)
    return drawn.to(torch.get_default_dtype())


def _drawn_tau(uniform: torch.Tensor) -> torch.Tensor:
    """The quantiles of p(τ | y) at numbers of [0, 1)."""
    line = tau_posterior()
    tau, density = line.tau.to(uniform.device), line.density.to(uniform.device)
    total = torch.cumulative_trapezoid(density, tau)
    above = torch.searchsorted(total, uniform * total[-1], right=True).clamp_max(STEPS - 1)
    lower = torch.where(above > 0, total[(above - 1).clamp_min(0)], 0.0)
    share = (uniform * total[-1] - lower) / (total[above] - lower)
    return tau[above] + share * (tau[1] - tau[0])


def _given_tau(tau: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The precision and the mean of p(μ | τ, y), and log p(y | τ), each in the shape of τ."""
    effects, errors = tau.new_tensor(EFFECTS), tau.new_tensor(ERRORS)
    variance = errors**2 + tau[..., None] ** 2
    precision = 1 + (1 / variance).sum(-1)
    mean = (effects / variance).sum(-1) / precision
    log_density = gaussian_log_density(effects.expand_as(variance), 0.0, variance.log())
    return precision, mean, log_density + 0.5 * (precision * mean**2 - precision.log())


def _parts(**points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The first, the second and the other eight coordinates, each with a last axis."""
    require_floats(**points)
    ((name, one),) = points.items()
    if one.ndim == 0 or one.shape[-1] != DIMENSION:
        raise ValueError(
            f"{name} has shape {tuple(one.shape)}; give points of {DIMENSION} coordinates, "
            "μ, τ and one for each school, on the last axis"
        )
    return one[..., :1], one[..., 1:2], one[..., 2:]
