"""The bench times equal arithmetic, and says what it timed.  How fast it is, no test asserts."""

import copy
import json
import math

import pytest
import torch

from onekl import bench
from onekl.chapters.regulariser.faces.dcgan import LATENT, Discriminator, Generator
from onekl.cli import main
from onekl.training.seeds import Seeds

TINY = {"hidden": 4, "batch": 3, "steps": 1, "repetitions": 1}
TINY_IMAGES = {"side": 16, "dim": 2, "batch": 2, "steps": 1, "repetitions": 1}


def numbers(tree):
    """The numbers in a nest of dicts and lists."""
    if isinstance(tree, (dict, list)):
        return [
            one
            for part in (tree.values() if isinstance(tree, dict) else tree)
            for one in numbers(part)
        ]
    return [tree] if isinstance(tree, (int, float)) else []


@pytest.fixture
def tiny(monkeypatch):
    """The command's bench at tiny sizes."""
    small, images = bench.small_networks, bench.images
    monkeypatch.setattr(bench, "small_networks", lambda: small((1, 2), **TINY))
    monkeypatch.setattr(bench, "images", lambda **sizes: images(**{**sizes, **TINY_IMAGES}))


def test_the_json_has_device_sizes_and_times(tiny, capsys):
    assert main(["bench", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert set(figures) == {"device", "versions", "small networks", "images"} and figures["device"]
    assert [row["seeds"] for row in figures["small networks"]["rows"]] == [1, 2]
    for row in figures["small networks"]["rows"]:
        assert row["ratio"] == pytest.approx(row["loop"] / row["seed axis"])
    assert (
        TINY.items() <= figures["small networks"].items()
        and TINY_IMAGES.items() <= figures["images"].items()
    )
    assert figures["images"]["ratio"] == pytest.approx(
        figures["images"]["ours"] / figures["images"]["plain"]
    )
    assert all(math.isfinite(one) and one > 0 for one in numbers(figures))


def test_the_text_says_the_same(tiny, capsys):
    assert main(["bench"]) == 0
    text = capsys.readouterr().out
    assert (
        "2 × 4, batch 3" in text and "16×16, dim 2, batch 2" in text and "loop / seed axis" in text
    )
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize(
    "arguments, wrong",
    [
        (["bench", "--fast"], "--fast"),
        (["bench", "more"], "more"),
        (["bank"], "bank"),
        ([], "command"),
    ],
)
def test_bad_arguments_get_one_line(arguments, wrong, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    told = capsys.readouterr().err
    assert stop.value.code == 2 and told.count("\n") == 1 and wrong in told


def test_the_loop_trains_the_same_networks_as_the_seed_axis():
    """In double precision, after ten steps, every weight of every seed."""
    axis = tuple(network.double() for network in bench.pair(Seeds([4, 9]), 8))
    draws = Seeds([0, 1])
    x, z = draws.normal(16, 2).double(), draws.normal(16, 2).double()
    loop = [tuple(bench.plain(network, s).double() for network in axis) for s in range(2)]
    first = copy.deepcopy(axis[0][0].weight.data)
    turns = (
        bench.TimedSide([axis], [(x, z)]),
        bench.TimedSide(loop, [(x[s], z[s]) for s in range(2)]),
    )
    losses = [torch.stack([turn() for _ in range(10)]) for turn in turns]
    torch.testing.assert_close(*losses, rtol=1e-10, atol=0)
    for s in range(2):
        for stacked, alone in zip(axis, loop[s]):
            torch.testing.assert_close(stacked[0].weight[s].T, alone[0].weight, rtol=0, atol=1e-10)
            torch.testing.assert_close(stacked[-1].bias[s, 0], alone[-1].bias, rtol=0, atol=1e-10)
    assert (axis[0][0].weight - first).abs().min() > 1e-4  # they did move


def test_our_image_step_computes_the_plain_loops_losses():
    random = torch.Generator().manual_seed(1)
    networks = Generator(random, 16, 4), Discriminator(random, 16, 4)
    data, z = (
        2 * torch.rand(24, 3, 16, 16, generator=random) - 1,
        torch.randn(2, 8, LATENT, generator=random),
    )
    turns = (
        bench.game_step(networks, data, z, bench.nullcontext),
        bench.plain_step(networks, data, z),
    )
    losses = [torch.stack([turn() for _ in range(4)]) for turn in turns]
    torch.testing.assert_close(*losses, rtol=1e-4, atol=0)
    assert (losses[0][0] - losses[0][-1]).abs().min() > 1e-2  # the losses did move


@pytest.mark.parametrize(
    "part", [lambda: bench.small_networks((2,), **TINY), lambda: bench.images(**TINY_IMAGES)]
)
def test_unequal_arithmetic_is_not_timed(part, monkeypatch):
    """With another learning rate on one side there are no figures."""
    made, real = [], bench.adam
    monkeypatch.setattr(
        bench,
        "adam",
        lambda network, rate: real(network, rate * (1 if made.append(0) or len(made) > 2 else 20)),
    )
    with pytest.raises(ValueError, match="their times are not comparable"):
        part()


def test_losses_that_are_not_numbers_are_not_equal():
    with pytest.raises(ValueError, match="nan apart"):
        bench.require_equal("both", torch.tensor([math.nan]), torch.tensor([math.nan]))
