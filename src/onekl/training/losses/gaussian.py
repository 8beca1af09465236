"""The losses of Gaussian encoders and decoders: the VAE's (su-7) and its parts.

Identifiers such as su-4 or sn-9 are those of the claims ledger.
p̃(x) is the data, p(z|x) the encoder, q(x, z) = q(x|z) q(z) the model.
Every function takes float32 or float64 tensors; other dtypes, and shapes that are not meant, raise
ValueError.
They are right at every finite input whose sum over the last axis stays within the dtype.
"""

from __future__ import annotations

import math

import torch

from onekl.training.inputs import (
    require_either_fits,
    require_fit,
    require_floats,
    require_last_axis,
    require_same_shape,
    shape_of_pairs,
)
from onekl.training.scaled import times_exp

LOG_2PI = math.log(2 * math.pi)  # of the normalising constant of a Gaussian, in nats


def gaussian_log_density(
    x: torch.Tensor, mean: torch.Tensor | float, log_var: torch.Tensor | float
) -> torch.Tensor:
    """Equation: log N(x; μ, σ²), a Gaussian with independent coordinates.

    `x` is (..., D), `mean` is μ, (..., D), and `log_var` is log σ², (..., D) or (..., 1).
    The last axes of one may be all that another has; with as many axes each may have length 1
    where another has more, for example (N, 1, D) and (1, K, D) for all pairs.
    A number for `mean` or `log_var` stands for all coordinates.
    Returns (...): the sum over the D coordinates, in nats.
    """
    mean, log_var = _as_tensor(mean, x), _as_tensor(log_var, x)
    _require_gaussian(x=x, mean=mean, log_var=log_var)
    # Halves where σ > 1, so that x − μ does not overflow where (x − μ)/σ does not.
    part = torch.where(log_var > 0, 0.5, 1.0).to(x.dtype)
    standard = times_exp(part * x - part * mean, -0.5 * log_var) / part
    return -0.5 * (standard**2 + log_var + LOG_2PI).sum(-1)


def gaussian_kl(mean: torch.Tensor, log_var: torch.Tensor) -> torch.Tensor:
    """sn-9: KL(N(μ, σ²) ‖ N(0, 1)) = ½(μ² + σ² − log σ² − 1), summed over the last axis.

    `mean` is μ and `log_var` is log σ², both (..., L).
    Returns (...), in nats.
    """
    require_floats(mean=mean, log_var=log_var)
    require_same_shape(mean=mean, log_var=log_var)
    require_last_axis(mean=mean)
    # expm1(v) − v keeps its digits near σ² = 1, where exp(v) − v − 1 loses them.
    return 0.5 * (mean**2 + torch.expm1(log_var) - log_var).sum(-1)


def reparameterise(mean: torch.Tensor, log_var: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """sn-10: z = μ + σ·ε; if ε ~ N(0, 1) then z ~ N(μ, σ²).

    `noise` is ε and `mean` is μ, (..., L), and `log_var` is log σ².
    One of the first two may have the last axes of the other alone, or none, or length 1 along some,
    where its numbers are shared; `log_var` may too.
    Returns z (..., L), through which gradients reach μ and log σ².
    """
    require_floats(mean=mean, log_var=log_var, noise=noise)
    require_fit(require_either_fits(mean=mean, noise=noise), log_var=log_var)
    return mean + times_exp(noise, 0.5 * log_var)


def reconstruction_loss(
    x: torch.Tensor, decoder_mean: torch.Tensor, decoder_log_var: torch.Tensor | float
) -> torch.Tensor:
    """su-7, its first term: −log q(x|z) for a Gaussian decoder.

    `x` and `decoder_mean`, the decoder's output at one z ~ p(z|x), are (..., D), and
    `decoder_log_var` is (..., D) or (..., 1).
    One of the first two may have the last axes of the other alone, or length 1 along some of them.
    Returns (...), in nats.
    """
    decoder_log_var = _as_tensor(decoder_log_var, x)
    _require_gaussian(x=x, decoder_mean=decoder_mean, decoder_log_var=decoder_log_var)
    require_either_fits(x=x, decoder_mean=decoder_mean)
    return -gaussian_log_density(x, decoder_mean, decoder_log_var)


def vae_loss(
    x: torch.Tensor,
    decoder_mean: torch.Tensor,
    decoder_log_var: torch.Tensor | float,
    mean: torch.Tensor,
    log_var: torch.Tensor,
) -> torch.Tensor:
    """su-7: −log q(x|z) + KL(p(z|x) ‖ q(z)), with p(z|x) = N(μ, σ²) and q(z) = N(0, 1).

    `x`, `decoder_mean` and `decoder_log_var` are (..., D), as in `reconstruction_loss`; `mean` is
    μ and `log_var` is log σ², both (..., L), with the leading axes of the reconstruction.
    Returns (...), in nats.
    """
    reconstruction, kl = (
        reconstruction_loss(x, decoder_mean, decoder_log_var),
        gaussian_kl(mean, log_var),
    )
    if reconstruction.shape != kl.shape:
        raise ValueError(
            f"x and decoder_mean give losses {tuple(reconstruction.shape)}, and mean has shape "
            f"{tuple(mean.shape)}; its axes before the last must be the same"
        )
    return reconstruction + kl


def _as_tensor(number: torch.Tensor | float, x: torch.Tensor) -> torch.Tensor:
    if isinstance(number, (int, float)) and isinstance(x, torch.Tensor):
        return x.new_full((), number)
    return number


def _require_gaussian(**tensors: torch.Tensor) -> None:
    """Raise ValueError unless x, μ and log σ², with the names that they come with, fit."""
    require_floats(**tensors)
    (x_name, x), (mean_name, mean), (log_var_name, log_var) = tensors.items()
    require_last_axis(**{x_name: x})
    whole = shape_of_pairs(**{x_name: x, mean_name: mean})
    if mean.ndim and x.shape[-1] != mean.shape[-1]:
        raise ValueError(
            f"{x_name} has {x.shape[-1]} coordinates and {mean_name} has {mean.shape[-1]}; "
            "the last axes must be the same"
        )
    require_fit(whole, **{log_var_name: log_var})
