"""The bench times equal arithmetic, and says what it timed.  How fast it is, no test asserts."""

import json
import math

import pytest

from onekl import bench, recheck
from onekl.chapters import CHAPTERS, part
from onekl.cli import main
from onekl.measure.timing import Benchmark

TINY = {"widths": (4,), "batch": 3, "steps": 1, "repetitions": 1}
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
    em = part("em", "bench")
    few = Benchmark(lambda: em.mixtures((2,), steps=2, repetitions=1), em.text)
    monkeypatch.setitem(em.BENCHMARKS, "EM", few)


def test_the_json_has_device_sizes_and_times(tiny, capsys):
    assert main(["bench", "--json"]) == 0
    measures = json.loads(capsys.readouterr().out)
    assert set(measures) == {"device", "versions", "ledger", "small networks", "EM", "images"}
    assert measures["device"] and measures["ledger"]["claims"] == 1
    assert measures["ledger"]["proofs"] < measures["ledger"]["whole check"]
    assert [row["seeds"] for row in measures["small networks"]["rows"]] == [1, 2]
    assert measures["small networks"]["batch"] == 3 and TINY_IMAGES.items() <= (
        measures["images"].items()
    )
    assert [row["starts"] for row in measures["EM"]["rows"]] == [2]
    assert measures["images"]["ratio"] == pytest.approx(
        measures["images"]["ours"] / measures["images"]["plain"]
    )
    assert all(math.isfinite(one) and one >= 0 for one in numbers(measures))


def test_the_text_says_the_same(tiny, capsys):
    assert main(["bench"]) == 0
    text = capsys.readouterr().out
    assert "batch 3" in text and "16×16, dim 2, batch 2" in text and "torch.func" in text
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
