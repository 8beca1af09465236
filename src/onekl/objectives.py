"""The losses, one function per equation.

Identifiers such as su-4 or sn-9 are those of the claims ledger.
p̃(x) is the data, p(z|x) the encoder, q(x, z) = q(x|z) q(z) the model.
Every function takes float32 or float64 tensors with any leading axes (for example seeds, then examples).
It returns one value per example, in nats: the caller takes the expectation over p̃(x), as a rule with ``.mean(-1)``.
"""

import math

import torch
from torch.nn.functional import logsigmoid

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


def discriminator_loss(real_logits, fake_logits):
    """su-16: −log D(x) − log(1 − D(G(z))), with D = sigmoid(logit).

    ``real_logits`` are the discriminator's at x ~ p̃(x), ``fake_logits`` those at G(z); both (...), of one shape.
    Returns (...).
    Different shapes raise ValueError: they would broadcast to pairs that nobody drew.
    """
    _same_shape("real_logits", real_logits, "fake_logits", fake_logits)
    return -logsigmoid(real_logits) - logsigmoid(-fake_logits)


def generator_loss(fake_logits):
    """su-20: −log D(G(z)), the generator's usual loss, from the discriminator's logits (...) at G(z).

    Returns (...).
    """
    return -logsigmoid(fake_logits)


def minimax_generator_loss(fake_logits):
    """log(1 − D(G(z))), which the generator of the original minimax game minimises, from the logits (...) at G(z).

    Its gradient in the logit is −D, so it vanishes where the discriminator is sure that G(z) is not data.
    Returns (...).
    """
    return logsigmoid(-fake_logits)


def step_penalty(x, x_old):
    """The norm in su-26: ‖G(z) − G°(z)‖², summed over the data's dimensions.

    ``x`` is G(z) and ``x_old`` is G°(z) at the same z, both (..., D); images are flattened to D first.
    Returns (...).
    Different shapes raise ValueError.
    """
    _same_shape("x", x, "x_old", x_old)
    return ((x - x_old) ** 2).sum(-1)


def regularised_generator_loss(fake_logits, x, x_old, lam):
    """su-26: −log D(G(z)) + λ‖G(z) − G°(z)‖².

    ``fake_logits`` are the discriminator's at ``x`` = G(z), (...); ``x`` and ``x_old`` = G°(z) are (..., D), and
    ``x_old`` carries no gradient.
    ``lam`` is λ ≥ 0, a number or a tensor that broadcasts with (...), for example (S, 1) for one weight per seed.
    Returns (...).
    A negative λ raises ValueError, as do shapes that do not fit.
    """
    weights = torch.as_tensor(lam)
    if not (weights >= 0).all():
        raise ValueError(f"lam is {weights[~(weights >= 0)].flatten()[0]:g}; the regulariser's weight λ must not be negative")
    penalty = step_penalty(x, x_old)
    _same_shape("fake_logits", fake_logits, "the penalty of x", penalty)
    return generator_loss(fake_logits) + lam * penalty


def optimal_discriminator_logit(log_p_data, log_q):
    """su-18 as a logit: log p̃(x) − log q(x), whose sigmoid is D*(x) = p̃(x) / (p̃(x) + q(x)).

    Both are log densities at the same points and broadcast to (...).
    Returns (...): ±∞ where one density vanishes, NaN where both do, because D is free there.
    """
    return log_p_data - log_q


def _same_shape(first_name, first, second_name, second):
    if first.shape != second.shape:
        raise ValueError(f"{first_name} has shape {tuple(first.shape)} and {second_name} has shape "
                         f"{tuple(second.shape)}; they must be the same")
