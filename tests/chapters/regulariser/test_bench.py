"""The image bench times equal arithmetic.  How fast it is, no test asserts."""

import math
from contextlib import nullcontext

import pytest
import torch

from onekl.chapters.regulariser import bench
from onekl.chapters.regulariser.faces.dcgan import LATENT, Discriminator, Generator
from onekl.measure import timing
from onekl.training.seeds import Seeds

TINY = {"side": 16, "dim": 2, "batch": 2, "steps": 1, "repetitions": 1}


def test_the_measures_have_sizes_and_speeds():
    measured = bench.images(**TINY)
    assert TINY.items() <= measured.items() and measured["unit"] == "images per second"
    assert measured["ratio"] == pytest.approx(measured["ours"] / measured["plain"])
    assert all(math.isfinite(measured[side]) and measured[side] > 0 for side in ("ours", "plain"))


def test_our_image_step_computes_the_plain_loops_losses():
    seeds = Seeds([1])
    networks = (
        Generator(seeds.child("generator"), 16, 4),
        Discriminator(seeds.child("discriminator"), 16, 4),
    )
    data = 2 * seeds.child("data").uniform(24, 3, 16, 16)[0] - 1
    z = seeds.child("z").normal(2, 8, LATENT)[0]
    turns = (
        bench.trainer_step(networks, data, z, nullcontext),
        bench.plain_step(networks, data, z),
    )
    losses = [torch.stack([turn() for _ in range(4)]) for turn in turns]
    torch.testing.assert_close(*losses, rtol=1e-4, atol=0)
    assert (losses[0][0] - losses[0][-1]).abs().min() > 1e-2  # the losses did move


def test_unequal_arithmetic_is_said_beside_its_times(monkeypatch):
    """With another learning rate on the plain side the table says how far the two are apart."""
    real = bench.adam
    monkeypatch.setattr(bench, "adam", lambda network, rate: real(network, 20 * rate))
    measures = bench.images(**TINY)
    assert measures["apart"] > timing.TOLERANCE and measures["ratio"] > 0
    assert "different arithmetic" in bench.text(measures)[-1]
