"""The convolutional GAN of the article's experiments, at 64×64 and at smaller sides.

The layers and their starts are those of the author's public code; a side of 32 or 16 leaves out the
widest stages.
Images are (B, 3, side, side) in [−1, 1].
PyTorch pads a stride-2 convolution by one pixel more before than after, TensorFlow the other way
round: a mirror image.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

from onekl.training.seeds import Stream

LATENT = 100  # z ~ N(0, I) has as many dimensions in the article's code
SIDES = (16, 32, 64)
# Every layer's weights are N(0, .02²); decay .9 of a running average is momentum .1 in PyTorch.
START_STD, MOMENTUM, EPSILON = 0.02, 0.1, 1e-5


def widths(side: int, dim: int) -> list[int]:
    """The channels at 4×4, 8×8, … up to half of `side`: [8 dim, 4 dim, 2 dim, dim] at 64.

    A side that is not in `SIDES` raises ValueError.
    """
    if side not in SIDES:
        raise ValueError(
            f"the networks are made for a side of {', '.join(map(str, SIDES))} pixels, got {side}"
        )
    return [dim * 2**i for i in reversed(range(int(math.log2(side)) - 2))]


def truncated_normal(shape: Sequence[int], stream: Stream, cut: float = math.inf) -> torch.Tensor:
    """N(0, .02²) numbers of this shape, drawn from `stream`, which is of one seed.

    Those beyond `cut` standard deviations are drawn again.
    A stream of several seeds raises ValueError.
    """
    if len(stream) != 1:
        raise ValueError(f"the stream is of {len(stream)} seeds; one network needs one")
    x = stream.normal(*shape)[0]
    while (far := x.abs() > cut).any():
        x[far] = stream.normal(int(far.sum()))[0]
    return START_STD * x


class Generator(nn.Module):
    """G: z (B, 100) to images (B, 3, side, side).

    A linear layer to 4×4, then transposed convolutions 5×5 of stride 2, the last of `dim` channels
    to 3 colours.
    ReLU between the layers, after batch normalisation if `batch_norm`; tanh at the end.
    No layer but the last has a bias.
    The weights are drawn from `stream`, which is of one seed.
    A side that is not in `SIDES` raises ValueError.
    """

    def __init__(
        self, stream: Stream, side: int = 64, dim: int = 64, batch_norm: bool = True
    ) -> None:
        super().__init__()
        sizes = widths(side, dim)
        self.first = nn.Linear(LATENT, 16 * sizes[0], bias=False)
        # The author's code normalises the linear layer's outputs one by one, before they become
        # channels.
        layers = [nn.BatchNorm1d(16 * sizes[0], EPSILON, MOMENTUM)] if batch_norm else []
        layers += [nn.ReLU(), nn.Unflatten(1, (sizes[0], 4, 4))]
        for n_in, n_out in zip(sizes, sizes[1:]):
            layers += [
                doubling(n_in, n_out, bias=False),
                *normalisation(n_out, batch_norm),
                nn.ReLU(),
            ]
        self.rest = nn.Sequential(*layers, doubling(sizes[-1], 3, bias=True), nn.Tanh())
        draw_weights(self, stream)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """G(z) in [−1, 1], (B, 3, side, side)."""
        return self.rest(self.first(z))


class Discriminator(nn.Module):
    """D: images (B, 3, side, side) to logits (B,).

    Convolutions 5×5 of stride 2 down to 4×4, the first to `dim` channels, then a linear layer.
    Leaky ReLU with slope .2 between the layers, after batch normalisation if `batch_norm`, except
    in the first.
    The weights are drawn from `stream`, which is of one seed.
    A side that is not in `SIDES` raises ValueError.
    """

    def __init__(
        self, stream: Stream, side: int = 64, dim: int = 64, batch_norm: bool = True
    ) -> None:
        super().__init__()
        sizes = widths(side, dim)[::-1]
        layers = [halving(3, sizes[0], bias=True), nn.LeakyReLU(0.2)]
        for n_in, n_out in zip(sizes, sizes[1:]):
            layers += [
                halving(n_in, n_out, bias=False),
                *normalisation(n_out, batch_norm),
                nn.LeakyReLU(0.2),
            ]
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(16 * sizes[-1], 1))
        draw_weights(self, stream)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The logits of D(x), (B,)."""
        return self.layers(x)[:, 0]


def doubling(n_in: int, n_out: int, bias: bool) -> nn.ConvTranspose2d:
    """The layer that doubles an image's side."""
    return nn.ConvTranspose2d(n_in, n_out, 5, stride=2, padding=2, output_padding=1, bias=bias)


def halving(n_in: int, n_out: int, bias: bool) -> nn.Conv2d:
    """The layer that halves an image's side."""
    return nn.Conv2d(n_in, n_out, 5, stride=2, padding=2, bias=bias)


def normalisation(channels: int, batch_norm: bool) -> list[nn.Module]:
    """The layers of batch normalisation: one, or none without `batch_norm`."""
    return [nn.BatchNorm2d(channels, EPSILON, MOMENTUM)] if batch_norm else []


@torch.no_grad()
def draw_weights(network: nn.Module, stream: Stream) -> None:
    """Draw the network's weights as the author's code does, in place.

    Normal, for convolutions cut at two standard deviations; biases are 0.
    """
    for layer in network.modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            cut = 2 if isinstance(layer, nn.Conv2d) else math.inf
            layer.weight.copy_(truncated_normal(layer.weight.shape, stream, cut))
            if layer.bias is not None:
                layer.bias.zero_()


def multiplications(side: int = 64, dim: int = 64) -> tuple[int, int]:
    """Multiply-adds of one image's way forwards through G and through D."""
    sizes = [*widths(side, dim), 3]
    inner = sum(
        25 * n_in * n_out * (4 * 2**i) ** 2 for i, (n_in, n_out) in enumerate(zip(sizes, sizes[1:]))
    )
    return LATENT * 16 * sizes[0] + inner, inner + 16 * sizes[0]
