"""Proving again: each claim's check, timed, and held against what the committed notebook shows."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from onekl.chapters import claim, stated_claims
from onekl.claims.check import CheckFailed, check
from onekl.claims.report import MIME
from onekl.ledger import ledger, outputs


@dataclass(frozen=True)
class Rechecked:
    """One claim proved again: its verdict, the seconds that it took, and what is not as committed.

    `differences` are the parts of the report that differ; a check that fails has its message there.
    """

    id: str
    verdict: str
    seconds: float
    differences: tuple[str, ...]

    def text(self) -> str:
        """One line."""
        apart = f"  differs: {', '.join(self.differences)}" if self.differences else ""
        return f"{self.id:8}{self.verdict:13}{self.seconds:7.2f} s{apart}"


def wanted(ids: Sequence[str]) -> list[str]:
    """The ids, or all that chapters state where none is given; ValueError for an unknown one."""
    return [claim(id).id for id in ids] if ids else list(stated_claims())


def recheck(ids: Iterable[str], notebooks: Path) -> Iterator[Rechecked]:
    """Check the claims again, one after the other.

    Raises LedgerError, before the first one, where a notebook of the folder is stale.
    """
    ledger(notebooks)
    committed = _committed(notebooks)
    for id in ids:
        start = time.perf_counter()
        try:
            report = check(claim(id))
        except CheckFailed as failure:
            yield Rechecked(id, "fails", time.perf_counter() - start, (str(failure),))
            continue
        seconds = time.perf_counter() - start
        found = json.loads(json.dumps(asdict(report)))
        apart = tuple(key for key, value in found.items() if committed[id].get(key) != value)
        yield Rechecked(id, report.verdict, seconds, apart)


def _committed(notebooks: Path) -> dict[str, dict[str, Any]]:
    """The reports that the check notebooks show, by claim."""
    return {
        report["id"]: report
        for path in sorted(notebooks.glob("*-check.ipynb"))
        for report in outputs(path, MIME)
    }


def time_of_ledger(ids: Sequence[str] = ()) -> dict[str, Any]:
    """Seconds for the proofs alone and for all of their checks, on one core.

    The sides take turns, claim by claim; the first proof of each, which fills SymPy's caches,
    counts for both.
    """
    proofs = checks = 0.0
    for id in wanted(ids):
        start = time.perf_counter()
        one = claim(id)
        for statement in (*one.statements, *one.also, *one.refuted):
            statement.prove()
        middle = time.perf_counter()
        check(one)
        proofs += middle - start
        checks += time.perf_counter() - start
    return {"unit": "s", "claims": len(wanted(ids)), "proofs": proofs, "whole check": checks}


def text_of_ledger(measures: dict[str, Any]) -> list[str]:
    """The measures of `time_of_ledger` as lines of text."""
    return [
        f"the ledger, {measures['claims']} claims: {measures['unit']} on one core",
        f"proofs alone {measures['proofs']:.1f}, with lines, numbers and mutants "
        f"{measures['whole check']:.1f}",
    ]
