"""The likelihood of held-out data under a model with a continuous z."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from onekl.training.inputs import (
    require_finite_values,
    require_fit,
    require_floats,
    require_last_axis,
    require_same_shape,
)
from onekl.training.losses.gaussian import gaussian_log_density, reparameterise
from onekl.training.losses.joint import importance_weighted_log_likelihood
from onekl.training.seeds import Stream

LogLikelihood = Callable[[torch.Tensor], torch.Tensor]


@torch.no_grad()
def importance_sampled_log_likelihood(
    x: torch.Tensor,
    decoder: Callable[[torch.Tensor], torch.Tensor],
    decoder_log_var: torch.Tensor,
    mean: torch.Tensor,
    log_var: torch.Tensor,
    stream: Stream,
    samples: int = 128,
    chunk: int = 32,
) -> torch.Tensor:
    """log q(x) of a VAE with prior q(z) = N(0, 1), estimated with `samples` draws of z per image.

    The proposal is r(z|x) = ½ N(z; mean, exp(log_var)) + ½ q(z), half of the draws from each part.
    As r ≥ ½ q(z), no weight exceeds 2 q(x|z): the estimate survives an encoder of any finite
    variance.
    In expectation it is at most log q(x).

    `x` is (N, D); `decoder` maps (S, B, L) to the means (S, B, D) of q(x|z); `mean` and `log_var`
    are (S, N, L); `decoder_log_var` fits (S, chunk, N, D), as a number or as (S, 1, 1, 1);
    `stream`, of length S, draws the noise; `chunk` draws are decoded at a time.
    Returns (S, N), in nats.
    Raises ValueError unless `chunk` is even and divides `samples`, for other shapes, for half
    precision, and for values that are not finite, in the decoder's output for NaN.
    """
    _check_chunk(samples, chunk)
    _check(x, decoder_log_var, mean, log_var, stream, chunk)

    def log_likelihood(z: torch.Tensor) -> torch.Tensor:
        return gaussian_log_density(x, _decoded(decoder, z, x), decoder_log_var)

    return _sampled(log_likelihood, mean, log_var, stream, samples, chunk)


@torch.no_grad()
def importance_sampled_log_marginal(
    log_likelihood: LogLikelihood,
    mean: torch.Tensor,
    log_var: torch.Tensor,
    stream: Stream,
    samples: int = 128,
    chunk: int = 32,
) -> torch.Tensor:
    """log q(x) as in `importance_sampled_log_likelihood`, for a decoder of any kind.

    An encoder without a density has no `mean` and `log_var` of its own: then they are those of its
    samples, and only the proposal's fit depends on them, not what is estimated.

    `log_likelihood` maps z (S, chunk, N, L) to log q(x|z) (S, chunk, N); the other arguments, the
    result (S, N) in nats and the errors are those of `importance_sampled_log_likelihood`, and a
    likelihood of another shape or with NaN raises ValueError too.
    """
    _check_chunk(samples, chunk)
    _check_proposal(mean, log_var, stream)

    def checked(z: torch.Tensor) -> torch.Tensor:
        found = at_each_code(log_likelihood, z)
        if torch.isnan(found).any():
            raise ValueError("log_likelihood returned NaN; look at the decoder")
        return found

    return _sampled(checked, mean, log_var, stream, samples, chunk)


def at_each_code(log_likelihood: LogLikelihood, z: torch.Tensor) -> torch.Tensor:
    """log q(x|z) at codes (..., L), (...); ValueError where a decoder gives another shape."""
    found = log_likelihood(z)
    if found.shape != z.shape[:-1]:
        raise ValueError(
            f"log_likelihood returned shape {tuple(found.shape)} for codes {tuple(z.shape)}; "
            f"it must give one number for each of {tuple(z.shape[:-1])}"
        )
    return found


def _sampled(
    log_likelihood: LogLikelihood,
    mean: torch.Tensor,
    log_var: torch.Tensor,
    stream: Stream,
    samples: int,
    chunk: int,
) -> torch.Tensor:
    parts = []
    for _ in range(samples // chunk):
        noise = stream.normal(chunk, *mean.shape[1:]).to(mean)
        z, log_proposal = _proposed(mean[:, None], log_var[:, None], *noise.chunk(2, 1))
        log_prior = _log_standard(z)
        # Where q(z) is 0 to the last digit, so is the weight; no decoder has to bear such a z.
        never = log_prior == -math.inf
        log_weights = log_likelihood(z.masked_fill(never[..., None], 0)) + log_prior - log_proposal
        parts.append(log_weights.masked_fill(never, -math.inf))
    return importance_weighted_log_likelihood(torch.cat(parts, 1).movedim(1, -1))


def _proposed(
    mean: torch.Tensor, log_var: torch.Tensor, noise: torch.Tensor, prior: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draws z (S, chunk, N, L) of r(z|x), and log r at them, (S, chunk, N).

    `noise` makes those near the mean, and `prior` holds those of the prior.
    """
    z = torch.cat([reparameterise(mean, log_var, noise), prior], 1)
    # Near the mean from the noise itself: z − mean has no digits left where σ is tiny.
    log_near = torch.cat(
        [
            _log_standard(noise) - 0.5 * log_var.sum(-1),
            gaussian_log_density(prior, mean, log_var),
        ],
        1,
    )
    return z, torch.logaddexp(log_near, _log_standard(z)) - math.log(2)


def _log_standard(z: torch.Tensor) -> torch.Tensor:
    """log N(z; 0, 1), summed over the last axis."""
    return gaussian_log_density(z, 0.0, 0.0)


def _decoded(
    decoder: Callable[[torch.Tensor], torch.Tensor], z: torch.Tensor, x: torch.Tensor
) -> torch.Tensor:
    """The means (S, chunk, N, D) of q(x|z) at z (S, chunk, N, L)."""
    flat = z.flatten(1, 2)
    x_mean = decoder(flat)
    if x_mean.shape != (*flat.shape[:2], x.shape[-1]):
        raise ValueError(
            f"decoder returned shape {tuple(x_mean.shape)} for codes {tuple(flat.shape)}; "
            f"it must map them to {(*flat.shape[:2], x.shape[-1])}"
        )
    if torch.isnan(x_mean).any():
        raise ValueError("decoder returned NaN; lower the learning rate of the run that made it")
    return x_mean.unflatten(1, z.shape[1:3])


def _check_chunk(samples: int, chunk: int) -> None:
    if chunk < 2 or chunk % 2 or samples < 1 or samples % chunk:
        raise ValueError(f"chunk must be even and divide samples, got {chunk} and {samples}")


def _check_proposal(mean: torch.Tensor, log_var: torch.Tensor, stream: Stream) -> None:
    require_floats(mean=mean, log_var=log_var)
    require_same_shape(mean=mean, log_var=log_var)
    require_last_axis(mean=mean)
    if mean.ndim != 3:
        raise ValueError(f"mean has shape {tuple(mean.shape)}; give the codes' means as (S, N, L)")
    if len(stream) != len(mean):
        raise ValueError(
            f"the stream has {len(stream)} seeds, and mean has {len(mean)}; give as many"
        )
    require_finite_values(mean=mean, log_var=log_var)


def _check(
    x: torch.Tensor,
    decoder_log_var: torch.Tensor,
    mean: torch.Tensor,
    log_var: torch.Tensor,
    stream: Stream,
    chunk: int,
) -> None:
    require_floats(x=x, decoder_log_var=decoder_log_var)
    require_last_axis(x=x)
    _check_proposal(mean, log_var, stream)
    if x.ndim != 2 or len(x) != mean.shape[1]:
        raise ValueError(
            f"x has shape {tuple(x.shape)} and mean has shape {tuple(mean.shape)}; "
            "give the images as (N, D) and the codes' means as (S, N, L)"
        )
    require_fit((len(stream), chunk, *x.shape), decoder_log_var=decoder_log_var)
    require_finite_values(x=x, decoder_log_var=decoder_log_var)
