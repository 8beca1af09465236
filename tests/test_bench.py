"""The bench times equal arithmetic, and says what it timed.  How fast it is, no test asserts."""

import copy
import json
import math

import pytest
import torch

from onekl import bench, recheck
from onekl.chapters import CHAPTERS, part
from onekl.cli import main
from onekl.measure import timing
from onekl.measure.timing import Benchmark
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
    small, chapter = bench.small_networks, part("regulariser", "bench")
    monkeypatch.setattr(bench, "time_of_ledger", lambda: recheck.time_of_ledger(("su-1",)))
    monkeypatch.setattr(bench, "small_networks", lambda: small((1, 2), **TINY))
    images = Benchmark(lambda: chapter.images(**TINY_IMAGES), chapter.text)
    monkeypatch.setitem(chapter.BENCHMARKS, "images", images)


def test_the_json_has_device_sizes_and_times(tiny, capsys):
    assert main(["bench", "--json"]) == 0
    measures = json.loads(capsys.readouterr().out)
    assert set(measures) == {"device", "versions", "ledger", "small networks", "images"}
    assert measures["device"] and measures["ledger"]["claims"] == 1
    assert measures["ledger"]["proofs"] < measures["ledger"]["whole check"]
    assert [row["seeds"] for row in measures["small networks"]["rows"]] == [1, 2]
    for row in measures["small networks"]["rows"]:
        assert row["ratio"] == pytest.approx(row["loop"] / row["seed axis"])
    assert (
        TINY.items() <= measures["small networks"].items()
        and TINY_IMAGES.items() <= measures["images"].items()
    )
    assert measures["images"]["ratio"] == pytest.approx(
        measures["images"]["ours"] / measures["images"]["plain"]
    )
    assert all(math.isfinite(one) and one >= 0 for one in numbers(measures))


def test_the_text_says_the_same(tiny, capsys):
    assert main(["bench"]) == 0
    text = capsys.readouterr().out
    assert (
        "2 × 4, batch 3" in text and "16×16, dim 2, batch 2" in text and "loop / seed axis" in text
    )
    assert "the ledger, 1 claims" in text and "proofs alone" in text
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
    x, z = (draws.child(name).normal(16, 2).double() for name in ("x", "z"))
    loop = [tuple(bench.plain(network, s).double() for network in axis) for s in range(2)]
    first = copy.deepcopy(axis[0][0].weight.data)
    sides = (
        bench.TimedSide([axis], [(x, z)]),
        bench.TimedSide(loop, [(x[s], z[s]) for s in range(2)]),
    )
    losses = [torch.stack([side() for _ in range(10)]) for side in sides]
    torch.testing.assert_close(*losses, rtol=1e-10, atol=0)
    for s in range(2):
        for stacked, alone in zip(axis, loop[s]):
            torch.testing.assert_close(stacked[0].weight[s].T, alone[0].weight, rtol=0, atol=1e-10)
            torch.testing.assert_close(stacked[-1].bias[s, 0], alone[-1].bias, rtol=0, atol=1e-10)
    assert (axis[0][0].weight - first).abs().min() > 1e-4  # they did move


def test_every_benchmark_of_a_chapter_is_taken_and_printed(monkeypatch):
    """In the chapters' order, after the ledger and the small networks; no name stands twice."""
    monkeypatch.setattr(bench, "time_of_ledger", dict)
    monkeypatch.setattr(bench, "text_of_ledger", lambda measures: ["the ledger"])
    monkeypatch.setattr(bench, "small_networks", dict)
    monkeypatch.setattr(bench, "small_networks_text", lambda measures: ["small"])
    names = []
    for chapter in CHAPTERS:
        benchmarks = module.BENCHMARKS if (module := part(chapter, "bench")) else {}
        names += benchmarks
        for name in benchmarks:
            made = Benchmark(lambda name=name: {"name": name}, lambda taken: [taken["name"]])
            monkeypatch.setitem(benchmarks, name, made)
    found = bench.bench()
    assert "images" in names
    assert list(found) == ["device", "versions", "ledger", "small networks", *names]
    assert all(found[name] == {"name": name} for name in names)
    assert bench.table(found).splitlines()[2::2] == ["the ledger", "small", *names]


def test_benchmarks_under_another_name_are_an_error(monkeypatch):
    monkeypatch.delattr(part("regulariser", "bench"), "BENCHMARKS")
    with pytest.raises(AttributeError, match="BENCHMARKS"):
        bench.benchmarks()


def test_unequal_arithmetic_is_said_beside_its_times(monkeypatch):
    """With another learning rate on one side there are measures still, and a line that says so."""
    made, real = [], bench.adam

    def uneven(network, rate):
        made.append(network)
        return real(network, rate if len(made) > 2 else 20 * rate)

    monkeypatch.setattr(bench, "adam", uneven)
    measures = bench.small_networks((2,), **TINY)
    (row,) = measures["rows"]
    assert row["apart"] > timing.TOLERANCE and row["ratio"] > 0
    assert bench.small_networks_text(measures)[-1].endswith("may be of different arithmetic")


def test_equal_arithmetic_is_said_beside_its_times():
    measures = bench.small_networks((2,), **TINY)
    assert measures["rows"][0]["apart"] <= timing.TOLERANCE
    assert bench.small_networks_text(measures)[-1].endswith(" apart")
