"""The losses, one function per equation.

Identifiers such as su-4 or sn-9 are those of the claims ledger.
p̃(x) is the data, p(z|x) the encoder, q(x, z) = q(x|z) q(z) the model.
Every function takes float32 or float64 tensors with any leading axes (for example seeds, then examples).
It returns one value per example, in nats: the caller takes the expectation over p̃(x), as a rule with ``.mean(-1)``.
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


def negative_log_likelihood(log_joint):
    """su-2 with su-1: −log q(x), where q(x) = Σ_z q(x, z).

    ``log_joint`` is log q(x, z), (..., Z), with z on the last axis.
    Returns (...).
    """
    return -torch.logsumexp(log_joint, -1)


def joint_kl(log_encoder, log_joint):
    """su-4's left side for a finite z, without the constant ∫ p̃ log p̃: Σ_z p(z|x) log [p(z|x) / q(x, z)].

    ``log_encoder`` is log p(z|x) and ``log_joint`` is log q(x, z), both (..., Z).
    A z with p(z|x) = 0 adds nothing, whatever q(x, z) is.
    Returns (...).
    """
    log_ratio = (log_encoder - log_joint).masked_fill(log_encoder == -math.inf, 0)
    return (torch.exp(log_encoder) * log_ratio).sum(-1)


def bound_gap(log_encoder, log_joint):
    """su-4's remainder: KL(p(z|x) ‖ q(z|x)) = Σ_z p(z|x) log [p(z|x) / q(z|x)], with q(z|x) = q(x, z) / q(x).

    It is computed from the posterior, not as the difference of ``joint_kl`` and ``negative_log_likelihood``.
    ``log_encoder`` is log p(z|x) and ``log_joint`` is log q(x, z), both (..., Z).
    Returns (...).
    """
    log_posterior = torch.log_softmax(log_joint, -1)
    return joint_kl(log_encoder, log_posterior)


def importance_weighted_log_likelihood(log_weights):
    """log of the mean of K importance weights w_k = q(x, z_k) / p(z_k|x), z_k ~ p(z|x).

    Its expectation is at most log q(x), because the logarithm is concave, and rises to it with K.
    ``log_weights`` is (..., K).
    Returns (...).
    """
    return torch.logsumexp(log_weights, -1) - math.log(log_weights.shape[-1])
