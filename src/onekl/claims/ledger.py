"""The ledger: what the executed check notebooks proved, beside the inventory of all claims.

It reads the reports that stand in the outputs of `*-check.ipynb`, so it cannot say what no notebook proved.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from onekl.claims import Entry, inventory, stated_claims
from onekl.claims.check import MIME, fingerprint


class LedgerError(ValueError):
    """The notebooks and the claims do not fit together; the message names the claim and the notebook."""


@dataclass(frozen=True)
class Row(Entry):
    """An entry of the inventory with what was shown of it; None in every field while no notebook has checked it."""

    verdict: str | None = None
    premises: list[str] | None = None
    check: str | None = None
    mutants_rejected: int | None = None
    mutants_total: int | None = None
    mutants_equivalent: int | None = None
    numeric_instances: int | None = None
    max_error: float | None = None


def ledger(notebooks: Path) -> list[Row]:
    """A row for each claim of the inventory, filled from the reports in the folder's check notebooks.

    Raises LedgerError for a report of an unknown claim, a claim reported twice or in another chapter's notebook,
    a report of an older wording, and a claim that is stated in the package but reported by no notebook.
    """
    found = _reports(notebooks)
    missing = [id for id in stated_claims() if id not in found]
    if missing:
        raise LedgerError(f"no check notebook in {notebooks.name}/ reports {', '.join(missing)}: check them in their chapter's notebook")
    return [_row(entry, found.get(entry.id)) for entry in inventory().values()]


def as_json(rows: list[Row]) -> str:
    """The ledger as a JSON list of objects."""
    return json.dumps([asdict(row) for row in rows], indent=2, ensure_ascii=False)


def notebooks_folder(start: Path) -> Path:
    """The folder `notebooks/` in `start` or, failing that, beside the package's own source."""
    for base in (start, Path(__file__).resolve().parents[3]):
        if any((base / "notebooks").glob("*-check.ipynb")):
            return base / "notebooks"
    raise LedgerError(f"no check notebooks found in {start.name}/notebooks: run this in the book's repository, or name the folder with --notebooks")


def _reports(notebooks: Path) -> dict[str, tuple[str, dict]]:
    found = {}
    for path in sorted(notebooks.glob("*-check.ipynb")):
        for report in _outputs(path):
            _verify(report, path, found)
            found[report["id"]] = (f"notebooks/{path.name}#{report['id']}", report)
    return found


def _outputs(path: Path):
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", ()):
            if MIME in output.get("data", {}):
                yield output["data"][MIME]


def _verify(report: dict, path: Path, found: dict) -> None:
    id = report["id"]
    if id not in inventory() or id not in stated_claims():
        raise LedgerError(f"{path.name} reports {id}, which the package does not state: add the claim or remove the cell")
    if id in found:
        raise LedgerError(f"{id} is reported twice, the second time in {path.name}: keep one report")
    chapter = path.name.removesuffix("-check.ipynb")
    if inventory()[id].chapter != chapter:
        raise LedgerError(f"{path.name} reports {id}, which belongs to the chapter {inventory()[id].chapter}: move the cell")
    if report["fingerprint"] != fingerprint(stated_claims()[id]):
        raise LedgerError(f"the report of {id} in {path.name} is of another wording of the claim: run the notebook again")


def _row(entry: Entry, reported: tuple[str, dict] | None) -> Row:
    if reported is None:
        return Row(**asdict(entry))
    check, report = reported
    taken = ("verdict", "premises", "mutants_rejected", "mutants_total", "mutants_equivalent", "numeric_instances", "max_error")
    return Row(**asdict(entry), check=check, **{name: report[name] for name in taken})
