"""What a verdict rests on: intervals over seeds, paired differences, and likelihoods of held-out data."""

import math
from typing import NamedTuple

import torch
from scipy import stats

from .objectives import gaussian_log_density, importance_weighted_log_likelihood, reparameterise


class Interval(NamedTuple):
    """A mean over seeds with the two ends of its confidence interval."""

    mean: float
    low: float
    high: float

    def __str__(self):
        return f"{self.mean:.4g} [{self.low:.4g}, {self.high:.4g}]"


def verdict(passed):
    """The word for what the seeds showed: "supported" if all of them pass, "mixed" if some do, else "not supported".

    ``passed`` holds one truth value per seed; an empty one raises ValueError.
    """
    passed = list(passed)
    if not passed:
        raise ValueError("a verdict needs at least one seed; none was given")
    return "supported" if all(passed) else "mixed" if any(passed) else "not supported"


def confidence_interval(values, level=0.95):
    """The t-interval of the mean of ``values`` (S,), one value per seed, as an ``Interval``.

    Fewer than two values, another shape or a value that is not finite raises ValueError.
    """
    values = torch.as_tensor(values, dtype=torch.float64).cpu()
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(f"an interval needs one value per seed for two seeds or more, got shape {tuple(values.shape)}")
    if not torch.isfinite(values).all():
        raise ValueError(f"{int((~torch.isfinite(values)).sum())} of {len(values)} values are not finite")
    half = stats.t.ppf(0.5 + level / 2, len(values) - 1) * values.std().item() / math.sqrt(len(values))
    mean = values.mean().item()
    return Interval(mean, mean - half, mean + half)


def paired_difference(first, second, level=0.95):
    """The t-interval of the mean of first − second, seed by seed; both (S,).

    Different shapes raise ValueError, as does what ``confidence_interval`` refuses.
    """
    first, second = torch.as_tensor(first), torch.as_tensor(second)
    if first.shape != second.shape:
        raise ValueError(f"paired values need equal shapes, got {tuple(first.shape)} and {tuple(second.shape)}")
    return confidence_interval(first.double() - second.double(), level)


@torch.no_grad()
def importance_sampled_log_likelihood(x, decoder, decoder_log_var, mean, log_var, seeds, samples=128, chunk=32):
    """log q(x) of a VAE with prior q(z) = N(0, 1), estimated with ``samples`` draws of z per image.

    The proposal is r(z|x) = ½ N(z; mean, exp(log_var)) + ½ q(z), half of the draws from each part.
    As r ≥ ½ q(z), no weight exceeds 2 q(x|z): the estimate survives an encoder of tiny variance.
    In expectation it is at most log q(x).

    ``x`` is (N, D); ``decoder`` maps (S, B, L) to the means (S, B, D) of q(x|z); ``mean`` and ``log_var`` are
    (S, N, L); ``seeds`` draws the noise; ``chunk`` draws are decoded at a time.
    Returns (S, N).
    Raises ValueError unless ``chunk`` is even and divides ``samples``.
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


def _log_weights(x, z, decoder, decoder_log_var, mean, log_var):
    zero = torch.zeros_like(mean[:, None])
    log_prior = gaussian_log_density(z, zero, zero)
    log_near = gaussian_log_density(z, mean[:, None], log_var[:, None])
    log_proposal = torch.logaddexp(log_near, log_prior) - math.log(2)
    x_mean = decoder(z.flatten(1, 2)).unflatten(1, z.shape[1:3])
    return gaussian_log_density(x, x_mean, decoder_log_var) + log_prior - log_proposal
