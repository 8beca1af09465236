"""Whether two networks of a run start from the same random numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

import torch
from torch import nn

FEW = 8  # numbers at the start of a weight; so many do not agree by chance


def require_own_starts(networks: Mapping[str, nn.Module]) -> None:
    """ValueError, with their names, where a weight of one network starts like one of another.

    Weights of two layers count as alike when they differ by a factor alone, as those of layers of
    two widths that were drawn from one stream do. A copy that is not trained, one without
    `requires_grad` such as a moving average, is no network of its own.
    """
    starts = {name: dict(_starts(network)) for name, network in networks.items()}
    for (one, of_one), (other, of_other) in combinations(starts.items(), 2):
        for name, first in of_one.items():
            for other_name, second in of_other.items():
                if _alike(first, second):
                    raise ValueError(
                        f"{other}'s {other_name} starts as a copy of {one}'s {name}; draw each "
                        f"network from a stream of its own, such as seeds.child({other!r})"
                    )


def _starts(network: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """The first numbers of each trained weight, over the first; constant weights have no start."""
    for name, weight in network.named_parameters():
        few = weight.detach().flatten()[:FEW].double().cpu() if weight.numel() >= FEW else None
        if weight.requires_grad and few is not None and (few != few[0]).any() and few[0] != 0:
            yield name, few / few[0]


def _alike(first: torch.Tensor, second: torch.Tensor) -> bool:
    return torch.allclose(first, second, rtol=1e-5, atol=0)
