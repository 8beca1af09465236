"""The speed of the training step on images, beside plain PyTorch."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import nn

from onekl.chapters.regulariser.faces.dcgan import LATENT, Discriminator, Generator
from onekl.chapters.regulariser.faces.training import AdversarialTrainer
from onekl.measure.timing import Benchmark, apart, apart_text, median_seconds
from onekl.training.optimisers import adam
from onekl.training.run import device
from onekl.training.seeds import Seeds


def bench() -> dict[str, Any]:
    """The measures of `images`: the article's size on a GPU, a small one on CPUs."""
    if device().type == "cuda":
        return images(side=64, dim=64)
    return images(side=32, dim=16, steps=3)


def images(
    side: int, dim: int, batch: int = 64, steps: int = 20, repetitions: int = 5
) -> dict[str, Any]:
    """Images per second of one step of D and one of G of the article's networks.

    `side` and `dim` are the networks' sizes, as `dcgan` takes them.
    Ours is `AdversarialTrainer`, with the data on the device; beside it stands a plain loop in
    single precision, whose data lie in the host's memory in NCHW order.
    In "apart" is how far the two sides' losses are apart in single precision, as `apart` says it.
    """
    seeds = Seeds([0])
    data = 2 * seeds.child("data").uniform(8 * batch, 3, side, side)[0] - 1
    z = seeds.child("z").normal(2, batch, LATENT)[0].to(device())
    networks = (
        Generator(seeds.child("generator"), side, dim),
        Discriminator(seeds.child("discriminator"), side, dim),
    )
    single = [trainer_step(networks, data, z, nullcontext), plain_step(networks, data, z)]
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        off = apart(*(torch.stack([step() for _ in range(3)]) for step in single))
    ours, plain = median_seconds(
        [trainer_step(networks, data, z), plain_step(networks, data, z)], steps, repetitions
    )
    return {
        "unit": "images per second",
        "side": side,
        "dim": dim,
        "batch": batch,
        "steps": steps,
        "repetitions": repetitions,
        "ours": batch / ours,
        "plain": batch / plain,
        "ratio": plain / ours,
        "apart": off,
    }


def trainer_step(
    networks: tuple[Generator, Discriminator],
    data: torch.Tensor,
    z: torch.Tensor,
    precision: Callable[[], AbstractContextManager] | None = None,
) -> Callable[[], torch.Tensor]:
    """Our side: a function that takes one step of D and one of G and returns the losses (2,).

    `data` are images (N, 3, side, side), `z` is (2, B, 100), for D's step and for G's; `precision`
    stands in for the trainer's own.
    """
    trainer = AdversarialTrainer(*copy.deepcopy(networks), device())
    trainer.precision = precision or trainer.precision
    batches = cycle(data.to(device(), memory_format=torch.channels_last), z.shape[1])
    return lambda: torch.cat(
        [trainer.discriminator_step(next(batches), z[0]), trainer.generator_step(z[1])]
    )


def plain_step(
    networks: tuple[Generator, Discriminator], data: torch.Tensor, z: torch.Tensor
) -> Callable[[], torch.Tensor]:
    """The other side, as a PyTorch user would write it; shapes as for `trainer_step`."""
    generator, discriminator = (network.to(device()) for network in copy.deepcopy(networks))
    g_adam, d_adam = adam(generator, 2e-4), adam(discriminator, 2e-4)
    cross_entropy, ones = nn.BCEWithLogitsLoss(), torch.ones(z.shape[1], device=device())
    batches = cycle(data, z.shape[1])

    def step() -> torch.Tensor:
        x = next(batches).to(device())
        real, fake = discriminator(x), discriminator(generator(z[0]).detach())
        d_loss = cross_entropy(real, ones) + cross_entropy(fake, 0 * ones)
        d_adam.zero_grad()
        d_loss.backward()
        d_adam.step()
        g_loss = cross_entropy(discriminator(generator(z[1])), ones)
        g_adam.zero_grad()
        g_loss.backward()
        g_adam.step()
        return torch.stack([d_loss.detach(), g_loss.detach()])

    return step


def cycle(data: torch.Tensor, batch: int) -> Iterator[torch.Tensor]:
    """The batches of `data` (N, ...) in their order, over and over: (batch, ...) each."""
    while True:
        yield from data.split(batch)


def text(measures: dict[str, Any]) -> list[str]:
    """The measures of `images` as lines of text."""
    side, dim, batch = (measures[key] for key in ("side", "dim", "batch"))
    return [
        f"the article's networks, {side}×{side}, dim {dim}, batch {batch}: "
        f"{measures['unit']}, a step of D and one of G",
        f"{'ours':8}{'plain':8}ours / plain",
        f"{measures['ours']:<8.0f}{measures['plain']:<8.0f}{measures['ratio']:.2f}",
        apart_text(measures["apart"]),
    ]


BENCHMARKS = {"images": Benchmark(bench, text)}
