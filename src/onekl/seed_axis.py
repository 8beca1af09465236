"""The speed of seeds as an axis: small GANs beside a loop over the seeds, and beside torch.func."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import nn
from torch.func import functional_call, stack_module_state, vmap

from onekl.measure.timing import apart, apart_text, median_seconds
from onekl.training.losses.adversarial import discriminator_loss, generator_loss
from onekl.training.networks import SeedLinear, mlp
from onekl.training.optimisers import adam, descend
from onekl.training.run import device
from onekl.training.seeds import Seeds

Network = Callable[[torch.Tensor], torch.Tensor]
SIDES = ("seed axis", "loop", "torch.func")


def small_networks(
    counts: Sequence[int] = (1, 8, 64, 256),
    widths: Sequence[int] = (16, 64),
    batch: int = 64,
    steps: int = 10,
    repetitions: int = 5,
) -> dict[str, Any]:
    """Milliseconds per seed and step of a small GAN, for each width and each count of seeds.

    A step is one Adam step of D and one of G, both of two ReLU layers of that width, on 2-D data;
    all draws are made before.
    Sides: the seed axis, a loop over the seeds with `torch.nn.Linear`, and the loop's modules
    stacked by torch.func. Each row has in "apart" how far the sides' losses are apart at most.
    """
    rows = []
    for hidden in widths:
        for count in counts:
            sides = three_sides(count, hidden, batch)
            ours, *others = (torch.stack([side() for _ in range(3)]) for side in sides)
            seconds = median_seconds(sides, steps, repetitions)
            times = {name: 1e3 * one / count for name, one in zip(SIDES, seconds)}
            far = max(apart(ours, other) for other in others)
            rows.append({"hidden": hidden, "seeds": count, **times, "apart": far})
    return {
        "unit": "ms per seed and step",
        "batch": batch,
        "steps": steps,
        "repetitions": repetitions,
        "rows": rows,
    }


def small_networks_text(measures: dict[str, Any]) -> list[str]:
    """The measures of `small_networks` as lines of text."""
    return [
        f"small GAN, two layers, batch {measures['batch']}: {measures['unit']}, Adam, single "
        "precision",
        f"{'width':7}{'seeds':7}" + "".join(f"{name:12}" for name in SIDES) + "loop and torch.func",
        f"{'':50}" + "over the seed axis",
        *map(_line, measures["rows"]),
        apart_text(max(row["apart"] for row in measures["rows"])),
    ]


def _line(row: dict[str, Any]) -> str:
    ours = row["seed axis"]
    return (
        f"{row['hidden']:<7}{row['seeds']:<7}"
        + "".join(f"{row[name]:<12.3g}" for name in SIDES)
        + f"{row['loop'] / ours:<9.2f}{row['torch.func'] / ours:.2f}"
    )


def three_sides(count: int, hidden: int, batch: int) -> list[TimedSide]:
    """The sides for `count` seeds, with the same weights and the same draws."""
    seeds = Seeds(range(count), device())
    axis = pair(Seeds(range(count)), hidden)
    single = [tuple(plain(network, s) for network in axis) for s in range(count)]
    stacked = tuple(Stacked(networks) for networks in zip(*single))
    x, z = (seeds.child(name).normal(batch, 2) for name in ("x", "z"))
    loop = TimedSide(single, [(x[s], z[s]) for s in range(count)])
    return [TimedSide([axis], [(x, z)]), loop, TimedSide([stacked], [(x, z)])]


def pair(seeds: Seeds, hidden: int) -> tuple[nn.Sequential, nn.Sequential]:
    """G and D for all seeds side by side, on the device."""
    return tuple(
        mlp(seeds.child(name), [2, hidden, hidden, n_out]).to(device())
        for name, n_out in (("generator", 2), ("discriminator", 1))
    )


def plain(network: nn.Sequential, seed: int) -> nn.Sequential:
    """The network of one seed in plain torch modules, with the same weights."""
    return nn.Sequential(
        *(linear(layer, seed) if isinstance(layer, SeedLinear) else layer for layer in network)
    )


def linear(layer: SeedLinear, seed: int) -> nn.Linear:
    """The layer of one seed in plain torch, with the same weights."""
    _, n_in, n_out = layer.weight.shape
    single = nn.Linear(n_in, n_out, device=layer.weight.device)
    single.weight.data = layer.weight.data[seed].T.clone(memory_format=torch.contiguous_format)
    single.bias.data = layer.bias.data[seed, 0].clone()
    return single


class Stacked:
    """Plain networks of one shape as torch.func stacks them: (S, B, n) to (S, B, m)."""

    def __init__(self, networks: Sequence[nn.Sequential]) -> None:
        self.weights, _ = stack_module_state(list(networks))
        one = networks[0]
        self._all = vmap(lambda weights, x: functional_call(one, weights, (x,)))

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """The S networks, each at its own x."""
        return self._all(self.weights, x)

    def parameters(self) -> Iterable[torch.Tensor]:
        """The stacked weights."""
        return self.weights.values()


class TimedSide:
    """One side of a comparison: pairs of networks, with a batch of x and of z for each."""

    def __init__(
        self,
        pairs: Iterable[tuple[Network, Network]],
        batches: Iterable[tuple[torch.Tensor, torch.Tensor]],
    ) -> None:
        self.parts = [
            (g, d, adam(g, 1e-3), adam(d, 1e-3), x, z) for (g, d), (x, z) in zip(pairs, batches)
        ]

    def __call__(self) -> torch.Tensor:
        """One step of each pair on its batch; returns the losses (2 · seeds,), first those of D."""
        losses = [gan_step(*part) for part in self.parts]
        return torch.cat([loss.flatten() for kind in zip(*losses) for loss in kind])


def gan_step(
    generator: Network,
    discriminator: Network,
    g_adam: torch.optim.Adam,
    d_adam: torch.optim.Adam,
    x: torch.Tensor,
    z: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """su-16 and then su-20 on x and z (..., B, 2); returns both losses, (...) each."""
    fake = generator(z)
    real_logits, fake_logits = discriminator(x)[..., 0], discriminator(fake.detach())[..., 0]
    d_loss = discriminator_loss(real_logits, fake_logits).mean(-1)
    descend(d_adam, d_loss)
    g_loss = generator_loss(discriminator(fake)[..., 0]).mean(-1)
    descend(g_adam, g_loss)
    return d_loss.detach(), g_loss.detach()
