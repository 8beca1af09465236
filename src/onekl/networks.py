"""Fully connected networks in which every weight has a leading seed axis S.

With a loss summed over the seeds and an elementwise optimiser such as Adam, the S networks train
independently of each other in one loop.
"""

import math

import torch
from torch import nn


class SeedLinear(nn.Module):
    """S linear layers side by side, as one batched matrix product.

    ``seeds`` is a ``Seeds`` of length S, which also draws the weights, so seed s starts from the same
    weights whichever seeds stand beside it.
    Weights are (S, n_in, n_out) and biases (S, 1, n_out), uniform on ±1/√n_in as in ``torch.nn.Linear``.
    """

    def __init__(self, seeds, n_in, n_out):
        super().__init__()
        scale = 1 / math.sqrt(n_in)
        self.weight = nn.Parameter(scale * (2 * seeds.uniform(n_in, n_out) - 1))
        self.bias = nn.Parameter(scale * (2 * seeds.uniform(1, n_out) - 1))

    def forward(self, x):
        """Map x (S, B, n_in) to (S, B, n_out); another shape raises ValueError."""
        size, n_in, _ = self.weight.shape
        if x.ndim != 3 or x.shape[0] != size or x.shape[2] != n_in:
            raise ValueError(f"expected an input of shape ({size}, B, {n_in}), got {tuple(x.shape)}")
        return torch.baddbmm(self.bias, x, self.weight)


def mlp(seeds, sizes, activation=nn.ReLU):
    """S multilayer perceptrons side by side, from (S, B, sizes[0]) to (S, B, sizes[-1]).

    ``activation`` is a module class; it stands between the layers, not after the last.
    """
    layers = []
    for n_in, n_out in zip(sizes, sizes[1:]):
        layers += [SeedLinear(seeds, n_in, n_out), activation()]
    return nn.Sequential(*layers[:-1])
