"""The losses of Gaussian encoders and decoders: the VAE's (su-7) and its parts.

Identifiers such as su-4 or sn-9 are those of the claims ledger.
p̃(x) is the data, p(z|x) the encoder, q(x, z) = q(x|z) q(z) the model.
Every function takes float32 or float64 tensors.
As in every file of `onekl.training.losses`, any leading axes are allowed (for example seeds, then examples), and one value
per example comes out, in nats: the caller takes the expectation over p̃(x), as a rule with `.mean(-1)`.
"""

import math

import torch

LOG_2PI = math.log(2 * math.pi)


def gaussian_log_density(x, mean, log_var):
    """log N(x; mean, exp(log_var)), a Gaussian with independent coordinates.

    ``x``, ``mean`` and ``log_var`` are tensors (..., D) that broadcast against each other.
    Returns (...): the sum over the D coordinates.
    """
    squared = (x - mean) ** 2 * torch.exp(-log_var)
    return -0.5 * (squared + log_var + LOG_2PI).sum(-1)


def gaussian_kl(mean, log_var):
    """sn-9: KL(N(μ, σ²) ‖ N(0, 1)) = ½(μ² + σ² − log σ² − 1), summed over the last axis.

    ``mean`` is μ and ``log_var`` is log σ², both (..., L).
    Returns (...).
    """
    # expm1(v) − v keeps its digits near σ² = 1, where exp(v) − v − 1 loses them.
    return 0.5 * (mean**2 + torch.expm1(log_var) - log_var).sum(-1)


def reparameterise(mean, log_var, noise):
    """sn-10: z = μ + σ·ε; if ε ~ N(0, 1) then z ~ N(μ, σ²).

    ``mean`` is μ, ``log_var`` is log σ² and ``noise`` is ε, all (..., L).
    Returns z (..., L), through which gradients reach μ and log σ².
    """
    return mean + torch.exp(0.5 * log_var) * noise


def reconstruction_loss(x, decoder_mean, decoder_log_var):
    """The first term of su-7: −log q(x|z) for a Gaussian decoder.

    All three are (..., D) or broadcast to it; ``decoder_mean`` is the decoder's output at one z ~ p(z|x).
    Returns (...).
    """
    return -gaussian_log_density(x, decoder_mean, decoder_log_var)


def vae_loss(x, decoder_mean, decoder_log_var, mean, log_var):
    """su-7: −log q(x|z) + KL(p(z|x) ‖ q(z)), with p(z|x) = N(mean, exp(log_var)) and q(z) = N(0, 1).

    ``x``, ``decoder_mean`` and ``decoder_log_var`` are (..., D); ``mean`` and ``log_var`` are (..., L).
    Returns (...).
    """
    return reconstruction_loss(x, decoder_mean, decoder_log_var) + gaussian_kl(mean, log_var)
