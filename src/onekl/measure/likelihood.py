"""The likelihood of held-out data under a model with a continuous z."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from onekl.training.losses.gaussian import gaussian_log_density, reparameterise
from onekl.training.losses.joint import importance_weighted_log_likelihood
from onekl.training.seeds import Seeds


@torch.no_grad()
def importance_sampled_log_likelihood(
    x: torch.Tensor,
    decoder: Callable[[torch.Tensor], torch.Tensor],
    decoder_log_var: torch.Tensor,
    mean: torch.Tensor,
    log_var: torch.Tensor,
    seeds: Seeds,
    samples: int = 128,
    chunk: int = 32,
) -> torch.Tensor:
    """log q(x) of a VAE with prior q(z) = N(0, 1), estimated with `samples` draws of z per image.

    The proposal is r(z|x) = ½ N(z; mean, exp(log_var)) + ½ q(z), half of the draws from each part.
    As r ≥ ½ q(z), no weight exceeds 2 q(x|z): the estimate survives an encoder of tiny variance.
    In expectation it is at most log q(x).

    `x` is (N, D); `decoder` maps (S, B, L) to the means (S, B, D) of q(x|z); `mean` and `log_var`
    are (S, N, L); `seeds` draws the noise; `chunk` draws are decoded at a time.
    Returns (S, N), in nats.
    Raises ValueError unless `chunk` is even and divides `samples`.
    """
    if chunk % 2 or samples % chunk:
        raise ValueError(f"chunk must be even and divide samples, got {chunk} and {samples}")
    parts = []
    for _ in range(samples // chunk):
        noise = seeds.normal(chunk, *mean.shape[1:]).to(mean)
        near = reparameterise(mean[:, None], log_var[:, None], noise[:, : chunk // 2])
        z = torch.cat([near, noise[:, chunk // 2 :]], 1)  # (S, chunk, N, L)
        parts.append(_log_weights(x, z, decoder, decoder_log_var, mean, log_var))
    return importance_weighted_log_likelihood(torch.cat(parts, 1).movedim(1, -1))


def _log_weights(
    x: torch.Tensor,
    z: torch.Tensor,
    decoder: Callable[[torch.Tensor], torch.Tensor],
    decoder_log_var: torch.Tensor,
    mean: torch.Tensor,
    log_var: torch.Tensor,
) -> torch.Tensor:
    zero = torch.zeros_like(mean[:, None])
    log_prior = gaussian_log_density(z, zero, zero)
    log_near = gaussian_log_density(z, mean[:, None], log_var[:, None])
    log_proposal = torch.logaddexp(log_near, log_prior) - math.log(2)
    x_mean = decoder(z.flatten(1, 2)).unflatten(1, z.shape[1:3])
    return gaussian_log_density(x, x_mean, decoder_log_var) + log_prior - log_proposal
