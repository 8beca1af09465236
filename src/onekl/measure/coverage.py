"""Which modes of a mixture a generator's samples cover."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch

from onekl.data.mixtures import Mixture
from onekl.training.inputs import in_float64, require_floats

HIGH_QUALITY = 3  # standard deviations from the nearest centre

FAIR = 0.2  # the part of its fair share that a mode needs to count as fairly covered


class Coverage(NamedTuple):
    """What a seed's samples cover: four tensors (S,)."""

    modes: torch.Tensor  # modes with at least one high-quality sample
    fair_modes: torch.Tensor  # modes with at least a fifth of their fair share, N/M samples
    high_quality: torch.Tensor  # share of the samples that are of high quality
    reverse_kl: torch.Tensor  # Σ_m ĉ_m log(M ĉ_m), in nats


def coverage(mixture: Mixture, x: torch.Tensor) -> Coverage:
    """Judge the samples x (S, N, 2) by their nearest centres, as a `Coverage`.

    A sample is of high quality if it lies within three standard deviations of its nearest centre
    (VEEGAN's rule).
    Only those samples are counted for modes: ĉ_m is mode m's share of a seed's high-quality
    samples, so the reverse KL is that of ĉ to the uniform distribution over the M modes and says
    nothing of the other samples.
    A seed without a high-quality sample gets its largest value, log M.
    Another shape, half precision, or a sample that is not finite raises ValueError.
    """
    counts = mode_counts(mixture, x)
    size, total = len(mixture.centres), counts.sum(-1)
    share = counts / total.clamp_min(1)[:, None]
    reverse_kl = torch.xlogy(share, size * share).sum(-1)
    return Coverage(
        modes=(counts > 0).to(counts).sum(-1),
        fair_modes=(counts >= FAIR * x.shape[1] / size).to(counts).sum(-1),
        high_quality=total / x.shape[1],
        reverse_kl=torch.where(total > 0, reverse_kl, math.log(size)),
    )


def mode_counts(mixture: Mixture, x: torch.Tensor) -> torch.Tensor:
    """How many high-quality samples of x (S, N, 2) each mode has: whole numbers, float64 (S, M).

    It raises what `coverage` raises.
    """
    _check(x)
    x = in_float64(x)
    # Without a matrix product, which loses digits where the points are far from 0.
    distance, nearest = torch.cdist(
        x, mixture.centres.to(x), compute_mode="donot_use_mm_for_euclid_dist"
    ).min(-1)
    good = (distance < HIGH_QUALITY * mixture.std).to(x)
    return good.new_zeros(len(x), len(mixture.centres)).scatter_add_(1, nearest, good)


def _check(x: torch.Tensor) -> None:
    require_floats(x=x)
    if x.ndim != 3 or x.shape[-1] != 2 or 0 in x.shape:
        raise ValueError(f"x: expected samples of shape (S, N, 2), got {tuple(x.shape)}")
    if not torch.isfinite(x).all():
        raise ValueError(
            f"{int((~torch.isfinite(x)).any(-1).sum())} samples are not finite; "
            "the generator has diverged"
        )
