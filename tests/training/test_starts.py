"""Two networks of a run never start from the same numbers."""

import copy

import pytest
import torch
from torch import nn

from onekl.training.networks import SeedBatchNorm, SeedLinear, mlp
from onekl.training.seeds import Seeds
from onekl.training.starts import require_own_starts


def networks(first="generator", second="discriminator", sizes=((2, 16, 16, 2), (2, 16, 16, 1))):
    """Two networks whose streams have these names, each of its own `Seeds`."""
    return {
        name: mlp(Seeds([0, 1]).child(stream), size)
        for name, stream, size in zip("GD", (first, second), sizes)
    }


@pytest.mark.parametrize(
    "sizes",
    [
        ((2, 16, 16, 2), (2, 16, 16, 1)),  # the hidden layers are copies, bit for bit
        ((2, 16, 1), (2, 16, 1)),  # all of it is
        ((2, 16, 1), (8, 16, 1)),  # another width of the input scales the numbers
        ((4, 32), (2, 64, 3)),
    ],
)
def test_networks_of_one_stream_are_told(sizes):
    require_own_starts(networks(sizes=sizes))
    with pytest.raises(ValueError, match=r"D's 0.weight starts as a copy of G's 0.weight; draw"):
        require_own_starts(networks(second="generator", sizes=sizes))


def test_one_layer_in_the_middle_is_enough():
    shared, seeds = SeedLinear(Seeds([0]).child("layer"), 4, 4), Seeds([0])
    G = nn.Sequential(SeedLinear(seeds.child("a"), 2, 4), shared)
    D = nn.Sequential(SeedLinear(seeds.child("b"), 9, 4), nn.ReLU(), copy.deepcopy(shared))
    with pytest.raises(ValueError, match=r"D's 2.weight starts as a copy of G's 1.weight"):
        require_own_starts({"G": G, "D": D})


def test_a_copy_that_is_not_trained_and_constant_weights_are_no_networks_of_their_own():
    both = networks()
    require_own_starts({**both, "average": copy.deepcopy(both["G"]).requires_grad_(False)})
    require_own_starts({"one": SeedBatchNorm(2, 8), "other": SeedBatchNorm(2, 8)})
    zeros = [nn.Linear(8, 8) for _ in range(2)]
    for layer in zeros:
        nn.init.zeros_(layer.weight), nn.init.zeros_(layer.bias)
    require_own_starts(dict(zip("ab", zeros)))


def test_torchs_own_networks_are_told_too():
    def network(seed):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(16, 1))

    require_own_starts({"G": network(0), "D": network(1)})
    with pytest.raises(ValueError, match="starts as a copy"):
        require_own_starts({"G": network(0), "D": network(0)})
