"""Fully connected networks in which every weight has a leading seed axis S.

With a loss summed over the seeds and an elementwise optimiser such as Adam, the S networks train
independently of each other in one loop.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

from onekl.training.seeds import Stream


class SeedLinear(nn.Module):
    """S linear layers side by side, as one batched matrix product.

    `stream` is of length S and draws the weights, so seed s starts from the same weights whichever
    seeds stand beside it.
    Weights are (S, n_in, n_out) and biases (S, 1, n_out), uniform on ±1/√n_in as in
    `torch.nn.Linear`.
    """

    def __init__(self, stream: Stream, n_in: int, n_out: int) -> None:
        super().__init__()
        scale = 1 / math.sqrt(n_in)
        self.weight = nn.Parameter(scale * (2 * stream.uniform(n_in, n_out) - 1))
        self.bias = nn.Parameter(scale * (2 * stream.uniform(1, n_out) - 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map x (S, B, n_in) to (S, B, n_out); another shape raises ValueError."""
        size, n_in, _ = self.weight.shape
        _check_input(x, size, n_in)
        return torch.baddbmm(self.bias, x, self.weight)


class SeedBatchNorm(nn.Module):
    """S batch normalisations side by side, as `torch.nn.BatchNorm1d` does it, for x (S, B, n).

    In training mode each coordinate is shifted and scaled by its mean and variance over the batch,
    and the running averages move by a tenth of the way; in evaluation mode the running averages are
    used instead.
    Gain and bias are (S, 1, n), and start at 1 and 0.
    `size` is S, a positive whole number.
    """

    MOMENTUM, EPSILON = 0.1, 1e-5

    def __init__(self, size: int, n: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size, 1, n))
        self.bias = nn.Parameter(torch.zeros(size, 1, n))
        self.register_buffer("running_mean", torch.zeros(size, 1, n))
        self.register_buffer("running_var", torch.ones(size, 1, n))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise x (S, B, n), to the same shape.

        Another shape, or a batch of one in training mode, raises ValueError.
        """
        size, _, n = self.weight.shape
        _check_input(x, size, n)
        mean, var = self._batch(x) if self.training else (self.running_mean, self.running_var)
        return self.weight * (x - mean) * torch.rsqrt(var + self.EPSILON) + self.bias

    def _batch(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        if x.shape[1] < 2:
            raise ValueError(
                f"a batch of {x.shape[1]} has no variance; "
                "give batch normalisation two examples or more"
            )
        var, mean = torch.var_mean(x, 1, unbiased=False, keepdim=True)
        with torch.no_grad():
            # the running variance is the unbiased one, as in torch.nn.BatchNorm1d
            self.running_mean.lerp_(mean, self.MOMENTUM)
            self.running_var.lerp_(var * (x.shape[1] / (x.shape[1] - 1)), self.MOMENTUM)
        return mean, var


def mlp(
    stream: Stream, sizes: Sequence[int], activation: type[nn.Module] = nn.ReLU
) -> nn.Sequential:
    """S multilayer perceptrons side by side, from (S, B, sizes[0]) to (S, B, sizes[-1]).

    `stream` is of length S and draws the weights; each network of a run has one of its own.
    `activation` is a module class; it stands between the layers, not after the last.
    """
    layers: list[nn.Module] = []
    for n_in, n_out in zip(sizes, sizes[1:]):
        layers += [SeedLinear(stream, n_in, n_out), activation()]
    return nn.Sequential(*layers[:-1])


def _check_input(x: torch.Tensor, size: int, n: int) -> None:
    if x.ndim != 3 or x.shape[0] != size or x.shape[2] != n:
        raise ValueError(f"expected an input of shape ({size}, B, {n}), got {tuple(x.shape)}")
