"""The joint KL of su-4 and its parts, for a finite z: what EM and the VAE lower.

Every function takes float32 or float64 tensors; other dtypes, and shapes that are not meant, raise
ValueError.
So does a p(z|x) that does not sum to one; its values are looked at on the CPU alone, and elsewhere
it gives NaN (see `onekl.training.inputs`).
"""

from __future__ import annotations

import math

import torch

from onekl.training.inputs import (
    require_floats,
    require_last_axis,
    require_normalised,
    require_same_shape,
)
from onekl.training.scaled import times_exp

# Far below the logarithm of any positive number, and small against the largest ones.
NEVER = -1e30


def negative_log_likelihood(log_joint: torch.Tensor) -> torch.Tensor:
    """su-2 with su-1: −log q(x), where q(x) = Σ_z q(x, z).

    `log_joint` is log q(x, z), (..., Z), with z on the last axis.
    Returns (...), in nats: +∞ where every q(x, z) is 0.
    """
    require_floats(log_joint=log_joint)
    require_last_axis(log_joint=log_joint)
    return -torch.logsumexp(log_joint, -1)


def joint_kl(log_encoder: torch.Tensor, log_joint: torch.Tensor) -> torch.Tensor:
    """su-4's left side without the constant ∫ p̃ log p̃: Σ_z p(z|x) log [p(z|x) / q(x, z)].

    `log_encoder` is log p(z|x) and `log_joint` is log q(x, z), both (..., Z), for a finite z.
    A z with p(z|x) = 0 adds nothing, whatever q(x, z) is; one with q(x, z) = 0 alone makes it +∞.
    Returns (...), in nats.
    """
    require_floats(log_encoder=log_encoder, log_joint=log_joint)
    require_same_shape(log_encoder=log_encoder, log_joint=log_joint)
    require_last_axis(log_encoder=log_encoder)
    log_encoder = require_normalised(log_encoder=log_encoder)
    # The difference of two logarithms may overflow where p(z|x) is as good as 0: not below NEVER.
    log_ratio = log_encoder.clamp_min(NEVER) - log_joint
    log_ratio = log_ratio.masked_fill(log_encoder == -math.inf, 0)
    return times_exp(log_ratio, log_encoder).sum(-1)


def bound_gap(log_encoder: torch.Tensor, log_joint: torch.Tensor) -> torch.Tensor:
    """su-4's remainder: KL(p(z|x) ‖ q(z|x)) = Σ_z p(z|x) log [p(z|x) / q(z|x)].

    It is computed from the posterior q(z|x) = q(x, z) / q(x), not as the difference of `joint_kl`
    and `negative_log_likelihood`.
    `log_encoder` is log p(z|x) and `log_joint` is log q(x, z), both (..., Z).
    Returns (...), in nats: NaN where every q(x, z) is 0, because there is no posterior.
    """
    require_floats(log_encoder=log_encoder, log_joint=log_joint)
    require_same_shape(log_encoder=log_encoder, log_joint=log_joint)
    require_last_axis(log_encoder=log_encoder)
    log_posterior = torch.log_softmax(log_joint, -1)
    return joint_kl(log_encoder, log_posterior)


def importance_weighted_log_likelihood(log_weights: torch.Tensor) -> torch.Tensor:
    """Equation: log (1/K) Σ_k w_k, with weights w_k = q(x, z_k) / p(z_k|x) at z_k ~ p(z|x).

    Its expectation is at most log q(x), because the logarithm is concave, and rises to it with K.
    `log_weights` is log w, (..., K).
    Returns (...), in nats.
    """
    require_floats(log_weights=log_weights)
    require_last_axis(log_weights=log_weights)
    return torch.logsumexp(log_weights, -1) - math.log(log_weights.shape[-1])
