"""The speed measures of `onekl bench`: the ledger, seeds as an axis, and what the chapters time.

The ledger's checks stand beside their proofs alone; the others are comparisons with plain PyTorch,
whose two sides do the same arithmetic and take turns; how far their losses are apart is printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import nn

from onekl.chapters import CHAPTERS, part
from onekl.measure.timing import Benchmark, apart, apart_text, median_seconds
from onekl.recheck import text_of_ledger, time_of_ledger
from onekl.training.losses.adversarial import discriminator_loss, generator_loss
from onekl.training.networks import SeedLinear, mlp
from onekl.training.optimisers import adam, descend
from onekl.training.run import device, provenance
from onekl.training.seeds import Seeds

Pair = tuple[nn.Sequential, nn.Sequential]  # G and D


def benchmarks() -> dict[str, Benchmark]:
    """Every comparison by name: the ledger, the seed axis, the chapters' `BENCHMARKS`."""
    found = {
        "ledger": Benchmark(time_of_ledger, text_of_ledger),
        "small networks": Benchmark(small_networks, small_networks_text),
    }
    for chapter in CHAPTERS:
        if module := part(chapter, "bench"):
            found |= module.BENCHMARKS
    return found


def bench() -> dict[str, Any]:
    """All measures, as a dict of plain values: "device", "versions", and each comparison's."""
    made_by = provenance()
    about = {key: made_by[key] for key in ("device", "versions")}
    return about | {name: one.measure() for name, one in benchmarks().items()}


def table(measures: dict[str, Any]) -> str:
    """The measures of `bench` as text."""
    lines = [f"torch {measures['versions']['torch']} on {measures['device']}"]
    for name, one in benchmarks().items():
        lines += ["", *one.text(measures[name])]
    return "\n".join(lines)


def small_networks(
    counts: Sequence[int] = (1, 8, 64),
    hidden: int = 64,
    batch: int = 64,
    steps: int = 10,
    repetitions: int = 5,
) -> dict[str, Any]:
    """Milliseconds per seed and step of a small GAN, for each count of seeds in `counts`.

    A step is one Adam step of D and one of G, both 2 × `hidden` ReLU, on 2-D data, by default in
    the sizes of the book's ring and grid; all draws are made before.
    Sides: the seed axis, and a loop over the seeds with `torch.nn.Linear`.
    Each row has in "apart" how far the two sides' losses are apart, as `apart` says it.
    """
    rows = []
    for count in counts:
        sides = two_sides(count, hidden, batch)
        losses = [torch.stack([side() for _ in range(3)]) for side in sides]
        ours, loop = median_seconds(sides, steps, repetitions)
        rows.append(
            {
                "seeds": count,
                "seed axis": 1e3 * ours / count,
                "loop": 1e3 * loop / count,
                "ratio": loop / ours,
                "apart": apart(*losses),
            }
        )
    return {
        "unit": "ms per seed and step",
        "hidden": hidden,
        "batch": batch,
        "steps": steps,
        "repetitions": repetitions,
        "rows": rows,
    }


def two_sides(count: int, hidden: int, batch: int) -> tuple[TimedSide, TimedSide]:
    """The seed axis and the loop over `count` seeds, with the same weights and the same draws."""
    axis = pair(Seeds(range(count)), hidden)
    single = [tuple(plain(network, s) for network in axis) for s in range(count)]
    seeds = Seeds(range(count), device())
    x, z = (seeds.child(name).normal(batch, 2) for name in ("x", "z"))
    return TimedSide([axis], [(x, z)]), TimedSide(single, [(x[s], z[s]) for s in range(count)])


def pair(seeds: Seeds, hidden: int) -> Pair:
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


class TimedSide:
    """One side of a comparison: pairs of networks, with a batch of x and of z for each."""

    def __init__(
        self, pairs: Iterable[Pair], batches: Iterable[tuple[torch.Tensor, torch.Tensor]]
    ) -> None:
        self.parts = [
            (g, d, adam(g, 1e-3), adam(d, 1e-3), x, z) for (g, d), (x, z) in zip(pairs, batches)
        ]

    def __call__(self) -> torch.Tensor:
        """One step of each pair on its batch; returns the losses (2 · seeds,), first those of D."""
        losses = [gan_step(*part) for part in self.parts]
        return torch.cat([loss.flatten() for kind in zip(*losses) for loss in kind])


def gan_step(
    generator: nn.Sequential,
    discriminator: nn.Sequential,
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


def small_networks_text(measures: dict[str, Any]) -> list[str]:
    """The measures of `small_networks` as lines of text."""
    hidden, batch = measures["hidden"], measures["batch"]
    return [
        f"small GAN, G and D 2 × {hidden}, batch {batch}: {measures['unit']}, "
        "Adam, single precision",
        f"{'seeds':8}{'seed axis':12}{'loop':12}loop / seed axis",
        *(
            f"{row['seeds']:<8}{row['seed axis']:<12.3g}{row['loop']:<12.3g}{row['ratio']:.2f}"
            for row in measures["rows"]
        ),
        apart_text(max(row["apart"] for row in measures["rows"])),
    ]
