"""Mixtures of Gaussians: two components on the line, and the ring and grid of mode collapse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch

from onekl.training.inputs import require_floats
from onekl.training.losses.gaussian import gaussian_log_density
from onekl.training.seeds import Stream


def two_component_sample(
    stream: Stream,
    count: int,
    weights: Sequence[float] = (0.5, 0.5),
    means: Sequence[float] = (-2.0, 2.0),
    stds: Sequence[float] = (0.5, 1.5),
) -> torch.Tensor:
    """`count` draws per seed from the mixture Σ_z weights[z] N(means[z], stds[z]²) on the line.

    `stream` is of length S.
    Returns x (S, count).
    Other than two of each, weights that are negative or do not sum to one, and standard deviations
    that are not positive raise ValueError.
    """
    if not len(weights) == len(means) == len(stds) == 2:
        raise ValueError(
            f"weights, means and stds have {len(weights)}, {len(means)} and {len(stds)} entries; "
            "give one for each of the two components"
        )
    if not (min(weights) >= 0 and abs(sum(weights) - 1) <= 1e-9):
        raise ValueError(
            f"weights is {tuple(weights)}; give two that are not negative and sum to one"
        )
    if not min(stds) > 0:
        raise ValueError(f"stds is {tuple(stds)}; give two that are above 0")
    second = (stream.uniform(count) >= weights[0]).long()
    mean = torch.tensor(means, device=second.device)[second]
    std = torch.tensor(stds, device=second.device)[second]
    return mean + std * stream.normal(count)


class Mixture(NamedTuple):
    """M Gaussians of equal weight and one standard deviation in every direction."""

    centres: torch.Tensor  # (M, 2)
    std: float

    def sample(self, stream: Stream, count: int) -> torch.Tensor:
        """`count` draws for each seed of a stream of length S: (S, count, 2)."""
        centres = self.centres.to(stream.device)
        return centres[stream.integers(len(centres), count)] + self.std * stream.normal(count, 2)

    def log_density(self, x: torch.Tensor) -> torch.Tensor:
        """log p̃(x) at the points x (..., 2): (...), in nats.

        Another shape, half precision or NaN raises ValueError.
        """
        require_floats(x=x)
        if x.ndim == 0 or x.shape[-1] != 2:
            raise ValueError(f"x: expected points of shape (..., 2), got {tuple(x.shape)}")
        if torch.isnan(x).any():
            raise ValueError(
                f"{int(torch.isnan(x).any(-1).sum())} points of x are NaN; leave them out"
            )
        points = x[..., None, :]
        centres = self.centres.to(x)[(None,) * (x.ndim - 1)]
        parts = gaussian_log_density(points, centres, 2 * math.log(self.std))
        return torch.logsumexp(parts, -1) - math.log(len(self.centres))


def ring() -> Mixture:
    """The ring of 8: radius 1, σ = .01, at the distinct angles 2πk/8 for k = 0 … 7."""
    angles = 2 * math.pi * torch.arange(8, dtype=torch.float64) / 8
    return Mixture(torch.stack([angles.cos(), angles.sin()], -1).float(), 0.01)


def grid() -> Mixture:
    """The grid of 25: {−4, −2, 0, 2, 4}², σ = .05."""
    line = torch.arange(-4.0, 5.0, 2.0)
    return Mixture(torch.cartesian_prod(line, line), 0.05)
