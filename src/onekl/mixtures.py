"""The two mixtures on which mode collapse is measured, and the figures that judge a generator's samples."""

import math
from typing import NamedTuple

import torch

from .objectives import gaussian_log_density

HIGH_QUALITY = 3  # standard deviations from the nearest centre
FAIR = 0.2  # the part of its fair share that a mode needs to count as fairly covered


class Mixture(NamedTuple):
    """M Gaussians of equal weight and one standard deviation in every direction."""

    centres: torch.Tensor  # (M, 2)
    std: float

    def sample(self, seeds, count):
        """``count`` draws for each seed of a ``Seeds`` of length S: (S, count, 2)."""
        centres = self.centres.to(seeds.device)
        return centres[seeds.integers(len(centres), count)] + self.std * seeds.normal(count, 2)

    def log_density(self, x):
        """log p̃(x) at the points x (..., 2): (...)."""
        log_var = torch.tensor(2 * math.log(self.std), dtype=x.dtype, device=x.device)
        parts = gaussian_log_density(x[..., None, :], self.centres.to(x), log_var)
        return torch.logsumexp(parts, -1) - math.log(len(self.centres))


class Coverage(NamedTuple):
    """What a seed's samples cover: four tensors (S,)."""

    modes: torch.Tensor  # modes with at least one high-quality sample
    fair_modes: torch.Tensor  # modes with at least a fifth of their fair share, N/M samples
    high_quality: torch.Tensor  # share of the samples that are of high quality
    reverse_kl: torch.Tensor  # Σ_m ĉ_m log(M ĉ_m), in nats


def ring():
    """The ring of 8: radius 1, σ = .01, at the distinct angles 2πk/8 for k = 0 … 7."""
    angles = 2 * math.pi * torch.arange(8, dtype=torch.float64) / 8
    return Mixture(torch.stack([angles.cos(), angles.sin()], -1).float(), 0.01)


def grid():
    """The grid of 25: {−4, −2, 0, 2, 4}², σ = .05."""
    line = torch.arange(-4.0, 5.0, 2.0)
    return Mixture(torch.cartesian_prod(line, line), 0.05)


def coverage(mixture, x):
    """Judge the samples x (S, N, 2) by their nearest centres, as a ``Coverage``.

    A sample is of high quality if it lies within three standard deviations of its nearest centre (VEEGAN's rule).
    Only those samples are counted for modes: ĉ_m is mode m's share of a seed's high-quality samples, so the
    reverse KL is that of ĉ to the uniform distribution over the M modes and says nothing of the other samples.
    A seed without a high-quality sample gets its largest value, log M.
    Another shape, or a sample that is not finite, raises ValueError.
    """
    if x.ndim != 3 or x.shape[-1] != 2:
        raise ValueError(f"expected samples of shape (S, N, 2), got {tuple(x.shape)}")
    if not torch.isfinite(x).all():
        raise ValueError(f"{int((~torch.isfinite(x)).any(-1).sum())} samples are not finite; the generator has diverged")
    counts = mode_counts(mixture, x)
    size, total = len(mixture.centres), counts.sum(-1)
    share = counts / total.clamp_min(1)[:, None]
    reverse_kl = torch.xlogy(share, size * share).sum(-1)
    return Coverage(
        modes=(counts > 0).sum(-1).double(),
        fair_modes=(counts >= FAIR * x.shape[1] / size).sum(-1).double(),
        high_quality=total / x.shape[1],
        reverse_kl=torch.where(total > 0, reverse_kl, math.log(size)),
    )


def mode_counts(mixture, x):
    """How many high-quality samples of x (S, N, 2) each mode has: whole numbers in float64, (S, M)."""
    distance, nearest = torch.cdist(x.double(), mixture.centres.to(x.device).double()).min(-1)
    good = (distance < HIGH_QUALITY * mixture.std).double()
    return good.new_zeros(len(x), len(mixture.centres)).scatter_add_(1, nearest, good)
