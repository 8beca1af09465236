"""A normalising flow of affine couplings: a family of densities that is not Gaussian, in a stack.

Each coupling keeps one half of the coordinates and shifts and scales the other half by what a
network makes of the first (Dinh and others, 2017), so the density stays known.
"""

from __future__ import annotations

import torch
from torch import nn

from onekl.training.losses.gaussian import gaussian_log_density
from onekl.training.networks import mlp
from onekl.training.seeds import Stream

ROLL = 3  # of the coordinates between two couplings: prime to ten, so that the halves mix


class AffineCouplings(nn.Module):
    """S flows side by side, from noise ε ~ N(0, 1) to points with a known density.

    `stream` is of length S and draws the weights; `dimension` is even, `layers` the number of
    couplings, and their networks have two hidden layers of `hidden` units.
    The flows start at the identity, but for the order of the coordinates.
    """

    def __init__(self, stream: Stream, dimension: int, layers: int, hidden: int) -> None:
        super().__init__()
        self.half = dimension // 2
        sizes = [self.half, hidden, hidden, dimension]
        self.networks = nn.ModuleList(mlp(stream, sizes) for _ in range(layers))
        for network in self.networks:
            with torch.no_grad():
                network[-1].weight.zero_()
                network[-1].bias.zero_()

    def forward(self, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The points (S, B, D) that the noise (S, B, D) becomes, and their log density (S, B)."""
        points, log_density = noise, gaussian_log_density(noise, 0.0, 0.0)
        for network in self.networks:
            kept, moved = points.split(self.half, -1)
            shift, log_scale = self._shift_and_scale(network, kept)
            points = torch.cat([kept, shift + moved * log_scale.exp()], -1).roll(ROLL, -1)
            log_density = log_density - log_scale.sum(-1)
        return points, log_density

    def log_density(self, points: torch.Tensor) -> torch.Tensor:
        """The log density (S, B) at any points (S, B, D), through the inverse."""
        log_scales = torch.zeros_like(points[..., 0])
        for network in reversed(self.networks):
            kept, moved = points.roll(-ROLL, -1).split(self.half, -1)
            shift, log_scale = self._shift_and_scale(network, kept)
            points = torch.cat([kept, (moved - shift) * torch.exp(-log_scale)], -1)
            log_scales = log_scales + log_scale.sum(-1)
        return gaussian_log_density(points, 0.0, 0.0) - log_scales

    @staticmethod
    def _shift_and_scale(
        network: nn.Module, kept: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The shift, and the logarithm of the scale, which a tanh keeps between −2 and 2."""
        shift, raw = network(kept).chunk(2, -1)
        return shift, 2 * torch.tanh(raw / 2)
