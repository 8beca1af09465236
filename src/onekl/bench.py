"""The speed figures of `onekl bench`: seeds as an axis, and the training step on images, each beside plain PyTorch.

Both sides of a comparison do the same arithmetic, which is checked before anything is timed, and take turns.
"""

import copy
import statistics
import time
from contextlib import nullcontext

import torch
from torch import nn

from onekl.chapters.regulariser.faces.dcgan import LATENT, Discriminator, Generator
from onekl.chapters.regulariser.faces.training import AdversarialTrainer
from onekl.training.losses.adversarial import discriminator_loss, generator_loss
from onekl.training.networks import SeedLinear, mlp
from onekl.training.run import device, provenance
from onekl.training.seeds import Seeds

TOLERANCE = 1e-4  # how far the two sides' losses may be apart, relatively, after a few steps in single precision


def bench():
    """All figures, as a dict of plain values: "device", "versions", "small networks" and "images"."""
    made_by = provenance()
    gpu = device().type == "cuda"
    return {
        "device": made_by["device"],
        "versions": made_by["versions"],
        "small networks": small_networks(),
        "images": images(side=64, dim=64) if gpu else images(side=32, dim=16, steps=3),
    }


def small_networks(counts=(1, 8, 64), hidden=64, batch=64, steps=10, repetitions=5):
    """Milliseconds per seed and step of a small GAN, for each count of seeds in ``counts``.

    A step is one Adam step of D and one of G, both 2 × ``hidden`` ReLU, on 2-D data, by default in the sizes of the
    book's ring and grid; all draws are made before.
    Sides: the seed axis, and a loop over the seeds with ``torch.nn.Linear``.
    Raises ValueError when the two do not compute the same numbers.
    """
    rows = []
    for count in counts:
        axis = pair(Seeds(range(count)), hidden)
        single = [tuple(plain(network, s) for network in axis) for s in range(count)]
        draws = Seeds(range(count), device())
        x, z = draws.normal(batch, 2), draws.normal(batch, 2)
        turns = [
            TimedSide([axis], [(x, z)]),
            TimedSide(single, [(x[s], z[s]) for s in range(count)]),
        ]
        require_equal(
            f"{count} seeds", *(torch.stack([turn() for _ in range(3)]) for turn in turns)
        )
        ours, loop = times(turns, steps, repetitions)
        rows.append(
            {
                "seeds": count,
                "seed axis": 1e3 * ours / count,
                "loop": 1e3 * loop / count,
                "ratio": loop / ours,
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


def pair(seeds, hidden):
    """G and D for all seeds side by side, on the device."""
    return tuple(mlp(seeds, [2, hidden, hidden, n_out]).to(device()) for n_out in (2, 1))


def plain(network, seed):
    """The network of one seed in plain torch modules, with the same weights."""
    layers = []
    for layer in network:
        if isinstance(layer, SeedLinear):
            _, n_in, n_out = layer.weight.shape
            linear = nn.Linear(n_in, n_out, device=layer.weight.device)
            linear.weight.data = layer.weight.data[seed].T.clone(
                memory_format=torch.contiguous_format
            )
            linear.bias.data = layer.bias.data[seed, 0].clone()
            layer = linear
        layers.append(layer)
    return nn.Sequential(*layers)


class TimedSide:
    """One side: a call takes one step of each pair of networks on its batch, and returns the losses (2 · seeds,)."""

    def __init__(self, pairs, batches):
        self.parts = [
            (g, d, adam(g, 1e-3), adam(d, 1e-3), x, z) for (g, d), (x, z) in zip(pairs, batches)
        ]

    def __call__(self):
        losses = [gan_step(*part) for part in self.parts]
        return torch.cat([loss.flatten() for kind in zip(*losses) for loss in kind])


def gan_step(generator, discriminator, g_adam, d_adam, x, z):
    """su-16 and then su-20 on x and z (..., B, 2); returns both losses, (...) each."""
    fake = generator(z)
    d_loss = discriminator_loss(
        discriminator(x)[..., 0], discriminator(fake.detach())[..., 0]
    ).mean(-1)
    step(d_adam, d_loss)
    g_loss = generator_loss(discriminator(fake)[..., 0]).mean(-1)
    step(g_adam, g_loss)
    return d_loss.detach(), g_loss.detach()


def adam(network, rate):
    return torch.optim.Adam(network.parameters(), rate, betas=(0.5, 0.999), fused=True)


def step(optimiser, loss):
    optimiser.zero_grad()
    loss.sum().backward()
    optimiser.step()


def images(side, dim, batch=64, steps=20, repetitions=5):
    """Images per second of one step of D and one of G of the article's networks at ``side`` and ``dim``.

    Ours is ``image_training.Game``, with the data on the device; beside it stands a plain loop in single precision,
    whose data lie in the host's memory in NCHW order.
    Raises ValueError when the two do not compute the same numbers, compared in single precision.
    """
    random = torch.Generator().manual_seed(0)
    data = 2 * torch.rand(8 * batch, 3, side, side, generator=random) - 1
    z = torch.randn(2, batch, LATENT, generator=random).to(device())
    networks = Generator(random, side, dim), Discriminator(random, side, dim)
    single = [game_step(networks, data, z, nullcontext), plain_step(networks, data, z)]
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        require_equal("images", *(torch.stack([turn() for _ in range(3)]) for turn in single))
    ours, plain_time = times(
        [game_step(networks, data, z), plain_step(networks, data, z)], steps, repetitions
    )
    return {
        "unit": "images per second",
        "side": side,
        "dim": dim,
        "batch": batch,
        "steps": steps,
        "repetitions": repetitions,
        "ours": batch / ours,
        "plain": batch / plain_time,
        "ratio": plain_time / ours,
    }


def game_step(networks, data, z, precision=None):
    """Our side: a function that takes one step of D and one of G and returns the losses (2,)."""
    game = AdversarialTrainer(*copy.deepcopy(networks), device())
    game.precision = precision or game.precision
    data = data.to(device(), memory_format=torch.channels_last)
    batches = cycle(data, z.shape[1])
    return lambda: torch.cat(
        [game.discriminator_step(next(batches), z[0]), game.generator_step(z[1])]
    )


def plain_step(networks, data, z):
    """The other side, as a PyTorch user would write it."""
    generator, discriminator = (network.to(device()) for network in copy.deepcopy(networks))
    g_adam, d_adam = adam(generator, 2e-4), adam(discriminator, 2e-4)
    cross_entropy, ones = nn.BCEWithLogitsLoss(), torch.ones(z.shape[1], device=device())
    batches = cycle(data, z.shape[1])

    def turn():
        x = next(batches).to(device())
        d_loss = cross_entropy(discriminator(x), ones) + cross_entropy(
            discriminator(generator(z[0]).detach()), 0 * ones
        )
        step(d_adam, d_loss)
        g_loss = cross_entropy(discriminator(generator(z[1])), ones)
        step(g_adam, g_loss)
        return torch.stack([d_loss.detach(), g_loss.detach()])

    return turn


def cycle(data, batch):
    while True:
        yield from data.split(batch)


def require_equal(name, ours, other):
    """ValueError unless the losses (T, n) of the two sides agree to ``TOLERANCE``."""
    apart = ((ours - other).abs() / other.abs()).max().item()
    if not apart <= TOLERANCE:
        raise ValueError(
            f"{name}: the two sides' losses are {apart:.1e} apart, so their times are not comparable"
        )


def times(turns, steps, repetitions):
    """Seconds a step of each of the two functions: medians over repetitions in which they take turns."""
    seconds = [[], []]
    for _ in range(repetitions + 1):
        for turn, found in zip(turns, seconds):
            synchronise()
            begin = time.perf_counter()
            for _ in range(steps):
                turn()
            synchronise()
            found.append((time.perf_counter() - begin) / steps)
    return [statistics.median(found[1:]) for found in seconds]  # the first repetition warms up


def synchronise():
    if device().type == "cuda":
        torch.cuda.synchronize()


def table(figures):
    """The figures of ``bench`` as text."""
    small, pictures = figures["small networks"], figures["images"]
    lines = [
        f"torch {figures['versions']['torch']} on {figures['device']}",
        "",
        f"small GAN, G and D 2 × {small['hidden']}, batch {small['batch']}: {small['unit']}, Adam, single precision",
        f"{'seeds':8}{'seed axis':12}{'loop':12}loop / seed axis",
    ]
    lines += [
        f"{row['seeds']:<8}{row['seed axis']:<12.3g}{row['loop']:<12.3g}{row['ratio']:.2f}"
        for row in small["rows"]
    ]
    lines += [
        "",
        f"the article's networks, {pictures['side']}×{pictures['side']}, dim {pictures['dim']}, batch {pictures['batch']}: "
        f"{pictures['unit']}, a step of D and one of G",
        f"{'ours':8}{'plain':8}ours / plain",
        f"{pictures['ours']:<8.0f}{pictures['plain']:<8.0f}{pictures['ratio']:.2f}",
    ]
    return "\n".join(lines)
