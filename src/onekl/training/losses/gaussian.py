"""The losses of Gaussian encoders and decoders: the VAE's (su-7) and its parts.

Identifiers such as su-4 or sn-9 are those of the claims ledger.
p̃(x) is the data, p(z|x) the encoder, q(x, z) = q(x|z) q(z) the model.
Every function takes float32 or float64 tensors.
"""

from __future__ import annotations

import math

import torch

LOG_2PI = math.log(2 * math.pi)  # of the normalising constant of a Gaussian, in nats


def gaussian_log_density(
    x: torch.Tensor, mean: torch.Tensor, log_var: torch.Tensor
) -> torch.Tensor:
    """Equation: log N(x; μ, σ²), a Gaussian with independent coordinates.

    `mean` is μ and `log_var` is log σ²; these and `x` are (..., D) and broadcast.
    Returns (...): the sum over the D coordinates, in nats.
    """
    squared = (x - mean) ** 2 * torch.exp(-log_var)
    return -0.5 * (squared + log_var + LOG_2PI).sum(-1)


def gaussian_kl(mean: torch.Tensor, log_var: torch.Tensor) -> torch.Tensor:
    """sn-9: KL(N(μ, σ²) ‖ N(0, 1)) = ½(μ² + σ² − log σ² − 1), summed over the last axis.

    `mean` is μ and `log_var` is log σ², both (..., L).
    Returns (...), in nats.
    """
    # expm1(v) − v keeps its digits near σ² = 1, where exp(v) − v − 1 loses them.
    return 0.5 * (mean**2 + torch.expm1(log_var) - log_var).sum(-1)


def reparameterise(mean: torch.Tensor, log_var: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """sn-10: z = μ + σ·ε; if ε ~ N(0, 1) then z ~ N(μ, σ²).

    `mean` is μ, `log_var` is log σ² and `noise` is ε, all (..., L).
    Returns z (..., L), through which gradients reach μ and log σ².
    """
    return mean + torch.exp(0.5 * log_var) * noise


def reconstruction_loss(
    x: torch.Tensor, decoder_mean: torch.Tensor, decoder_log_var: torch.Tensor
) -> torch.Tensor:
    """su-7, its first term: −log q(x|z) for a Gaussian decoder.

    All three are (..., D) or broadcast to it; `decoder_mean` is the decoder's output at one
    z ~ p(z|x).
    Returns (...), in nats.
    """
    return -gaussian_log_density(x, decoder_mean, decoder_log_var)


def vae_loss(
    x: torch.Tensor,
    decoder_mean: torch.Tensor,
    decoder_log_var: torch.Tensor,
    mean: torch.Tensor,
    log_var: torch.Tensor,
) -> torch.Tensor:
    """su-7: −log q(x|z) + KL(p(z|x) ‖ q(z)), with p(z|x) = N(μ, σ²) and q(z) = N(0, 1).

    `x`, `decoder_mean` and `decoder_log_var` are (..., D); `mean` is μ and `log_var` is log σ²,
    both (..., L).
    Returns (...), in nats.
    """
    return reconstruction_loss(x, decoder_mean, decoder_log_var) + gaussian_kl(mean, log_var)
