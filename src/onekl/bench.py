"""The speed measures of `onekl bench`: the ledger, seeds as an axis, and what the chapters time.

The ledger's checks stand beside their proofs alone; the others are comparisons with plain PyTorch,
torch.func and scikit-learn, whose sides do the same arithmetic and take turns; how far their losses
are apart is printed.
"""

from __future__ import annotations

from typing import Any

from onekl.chapters import CHAPTERS, part
from onekl.measure.timing import Benchmark
from onekl.recheck import text_of_ledger, time_of_ledger
from onekl.seed_axis import small_networks, small_networks_text
from onekl.training.run import provenance


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
