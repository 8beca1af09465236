"""The ledger: what the executed notebooks showed, beside the inventory of all claims.

It reads the reports in the outputs of `*-check.ipynb` and the findings in those of the
training notebooks, `*-train.ipynb` and `*-trial.ipynb`, so it cannot say what no notebook showed.
The book's own questions have no place in the inventory: `answers` has theirs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from onekl.chapters import stated_claims
from onekl.claims.findings import MIME as FINDING
from onekl.claims.fingerprint import fingerprint
from onekl.claims.inventory import Entry, inventory, questions
from onekl.claims.report import MIME

TRAINING = ("-train", "-trial")  # lessons, and long experiments


class LedgerError(ValueError):
    """The notebooks and the claims do not fit together; the message names claim and notebook."""


@dataclass(frozen=True)
class Row(Entry):
    """An entry of the inventory with what was shown of it; all None while nothing was."""

    verdict: str | None = None
    premises: list[str] | None = None
    stated: list[str] | None = None
    trusted: list[str] | None = None
    repeats: str | None = None
    refuted: list[str] | None = None
    steps: list[dict[str, Any]] | None = None
    shown: list[dict[str, Any]] | None = None
    check: str | None = None
    mutants_rejected: int | None = None
    mutants_total: int | None = None
    mutants_equivalent: int | None = None
    seeds: int | None = None
    effect: str | None = None
    conditions: list[str] | None = None

    @property
    def empirical(self) -> bool:
        """Whether the verdict is one on an experiment."""
        return self.effect is not None

    @property
    def additions(self) -> list[dict[str, Any]]:
        """What the book shows beside the claim."""
        return [one for one in self.shown or () if one["role"] == "beside"]

    @property
    def numbers(self) -> list[dict[str, Any]]:
        """What the numbers showed, of each statement that was tried."""
        return [one["numbers"] for one in self.shown or () if one["numbers"]]

    @property
    def instances(self) -> int:
        """How many instances were tried, of all statements together."""
        return sum(one["tried"] for one in self.numbers)


def ledger(notebooks: Path) -> list[Row]:
    """A row for each claim of the inventory, filled from what the folder's notebooks show.

    The rows stand in the sources' order; the claims that a report can be of, and that must have
    one, are those that the chapters in the list `onekl.chapters.CHAPTERS` state.
    Raises LedgerError for a report or finding of an unknown claim, a claim reported twice, a
    report in another chapter's notebook or of an older wording, a finding on a claim that is no
    experiment, and a claim that a chapter states and no notebook reports.
    """
    found = _collected(notebooks, ("-check",), MIME, _verify_report)
    missing = [id for id in stated_claims() if id not in found]
    if missing:
        raise LedgerError(
            f"no check notebook in {notebooks.name}/ reports {', '.join(missing)}: "
            "check them in their chapter's notebook"
        )
    found |= _collected(notebooks, TRAINING, FINDING, _verify_finding)
    return _rows(inventory(), found)


def answers(notebooks: Path) -> list[Row]:
    """A row for each of the book's own questions, filled from the folder's training notebooks.

    Raises LedgerError for a question without a finding, and for what `ledger` refuses of findings.
    """
    found = _collected(notebooks, TRAINING, FINDING, _verify_finding)
    missing = [id for id in questions() if id not in found]
    if missing:
        raise LedgerError(
            f"no training notebook in {notebooks.name}/ has a finding on {', '.join(missing)}: "
            "make one from its record"
        )
    return _rows(questions(), found)


def _rows(entries: Mapping[str, Entry], found: Mapping[str, dict[str, Any]]) -> list[Row]:
    return [Row(**asdict(entry), **found.get(entry.id, {})) for entry in entries.values()]


def as_json(rows: list[Row]) -> str:
    """The ledger as a JSON list of objects."""
    return json.dumps([asdict(row) for row in rows], indent=2, ensure_ascii=False)


def notebooks_folder(start: Path) -> Path:
    """The folder `notebooks/` in `start` or, failing that, beside the package's own source.

    Raises LedgerError if neither has a check notebook.
    """
    for base in (start, Path(__file__).resolve().parents[2]):
        if any((base / "notebooks").glob("*-check.ipynb")):
            return base / "notebooks"
    raise LedgerError(
        f"no check notebooks found in {start.name}/notebooks: "
        "run this in the book's repository, or name the folder with --notebooks"
    )


def outputs(path: Path, mime: str) -> Iterator[dict[str, Any]]:
    """What the outputs of a notebook carry of one MIME type, from the first cell to the last."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", ()):
            if mime in output.get("data", {}):
                yield output["data"][mime]


def _collected(
    notebooks: Path, kinds: Iterable[str], mime: str, verify: Callable[[dict[str, Any], Path], None]
) -> dict[str, dict[str, Any]]:
    """What the notebooks of some kinds show, by claim: the fields of a row."""
    taken = {field.name for field in fields(Row)} - {field.name for field in fields(Entry)}
    found = {}
    for path in sorted(path for kind in kinds for path in notebooks.glob(f"*{kind}.ipynb")):
        for shown in outputs(path, mime):
            id = shown["id"]
            verify(shown, path)
            if id in found:
                raise LedgerError(
                    f"{id} is reported twice, the second time in {path.name}: keep one report"
                )
            found[id] = {"check": f"notebooks/{path.name}#{id}"} | {
                name: value for name, value in shown.items() if name in taken
            }
    return found


def _verify_report(report: dict[str, Any], path: Path) -> None:
    """Raise LedgerError for a report that is unknown, in another's notebook, or out of date."""
    id = report["id"]
    if id not in inventory() or id not in stated_claims():
        raise LedgerError(
            f"{path.name} reports {id}, which the package does not state: "
            "add the claim or remove the cell"
        )
    chapter = path.name.removesuffix("-check.ipynb")
    if inventory()[id].chapter != chapter:
        raise LedgerError(
            f"{path.name} reports {id}, which belongs to the chapter {inventory()[id].chapter}: "
            "move the cell"
        )
    if report["fingerprint"] != fingerprint(stated_claims()[id]):
        raise LedgerError(
            f"the report of {id} in {path.name} is of another wording of the claim: "
            "run the notebook again"
        )


def _verify_finding(finding: dict[str, Any], path: Path) -> None:
    """Raise LedgerError for a finding on what is no experiment of the sources or of the book.

    An answer to a question of the book's own must come from a record.
    """
    id = finding["id"]
    known = inventory() | questions()
    if id not in known or known[id].kind != "experiment":
        raise LedgerError(
            f"{path.name} has a finding on {id}, which is no experiment of the inventory and no "
            "question of the book: check the id"
        )
    if id in questions() and not finding.get("record"):
        raise LedgerError(
            f"{path.name} answers {id} without a record: make it by Finding.from_record"
        )
