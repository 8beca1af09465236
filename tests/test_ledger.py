"""The ledger says what the notebooks proved, no more; and the command prints it."""

import copy
import json
from dataclasses import fields
from pathlib import Path

import pytest

from onekl.claims import stated_claims
from onekl.claims.check import MIME
from onekl.claims.ledger import LedgerError, Row, ledger, notebooks_folder
from onekl.cli import main

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
CHECKED = ["su-1", "su-2", "su-3", "su-4", "su-5", "su-6", "su-7", "su-t2", "su-t3", "sn-7", "sn-8", "sn-9", "sn-10", "rq-1", "rq-3"]


@pytest.fixture
def copies(tmp_path):
    """The check notebooks as data, and a way to write them into a folder of their own."""
    loaded = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in NOTEBOOKS.glob("*-check.ipynb")}

    def write(notebooks):
        for name, notebook in notebooks.items():
            (tmp_path / name).write_text(json.dumps(notebook), encoding="utf-8")
        return tmp_path

    return copy.deepcopy(loaded), write


def reports(notebook):
    return [o["data"][MIME] for cell in notebook["cells"] for o in cell.get("outputs", []) if MIME in o.get("data", {})]


def test_the_committed_notebooks_check_the_first_two_chapters():
    rows = {row.id: row for row in ledger(NOTEBOOKS)}
    assert len(rows) == 103
    for id in CHECKED:
        row = rows[id]
        assert all(getattr(row, field.name) is not None for field in fields(Row)), id
        assert row.mutants_rejected == row.mutants_total > 0, id
        assert row.numeric_instances >= 1000 and row.max_error < 1e-18, id
        assert row.check.startswith(f"notebooks/{row.chapter}-check.ipynb#"), id


def test_what_no_notebook_proved_has_no_verdict():
    unchecked = [row for row in ledger(NOTEBOOKS) if row.id not in stated_claims()]
    assert unchecked and all(row.verdict is None and row.check is None and row.max_error is None for row in unchecked)


def test_a_claim_that_no_notebook_reports_is_an_orphan(copies):
    notebooks, write = copies
    cells = notebooks["vae-check.ipynb"]["cells"]
    for cell in cells:
        cell["outputs"] = [o for o in cell.get("outputs", []) if o.get("data", {}).get(MIME, {}).get("id") != "sn-9"]
    with pytest.raises(LedgerError, match="reports sn-9"):
        ledger(write(notebooks))


def test_a_report_of_an_unknown_claim_is_an_orphan(copies):
    notebooks, write = copies
    reports(notebooks["vae-check.ipynb"])[0]["id"] = "su-99"
    with pytest.raises(LedgerError, match="su-99"):
        ledger(write(notebooks))


def test_a_second_report_a_wrong_chapter_and_an_old_wording_are_refused(copies):
    notebooks, write = copies
    again = copy.deepcopy(notebooks)
    again["joint-kl-check.ipynb"]["cells"] += again["joint-kl-check.ipynb"]["cells"]
    with pytest.raises(LedgerError, match="twice"):
        ledger(write(again))
    moved = copy.deepcopy(notebooks)
    moved["joint-kl-check.ipynb"], moved["vae-check.ipynb"] = moved["vae-check.ipynb"], moved["joint-kl-check.ipynb"]
    with pytest.raises(LedgerError, match="belongs to the chapter"):
        ledger(write(moved))
    reports(notebooks["vae-check.ipynb"])[0]["fingerprint"] = "0" * 12
    with pytest.raises(LedgerError, match="another wording"):
        ledger(write(notebooks))


def test_the_command_prints_every_claim_as_json(capsys):
    assert main(["claims", "--json", "--notebooks", str(NOTEBOOKS)]) == 0
    rows = json.loads(capsys.readouterr().out)
    promised = {"id", "source", "number", "kind", "verdict", "premises", "check", "chapter",
                "mutants_rejected", "mutants_total", "mutants_equivalent", "numeric_instances", "max_error"}
    assert len(rows) == 103 and promised <= set(rows[0])


def test_the_command_prints_a_table(capsys):
    assert main(["claims", "--notebooks", str(NOTEBOOKS)]) == 0
    out = capsys.readouterr().out
    assert f"{len(stated_claims())} of 103 claims checked" in out and "not yet" in out


def test_a_folder_without_notebooks_gives_one_line(tmp_path, capsys):
    assert main(["claims", "--notebooks", str(tmp_path)]) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith("onekl: ") and complaint.count("\n") == 1


def test_the_notebooks_are_found_from_anywhere(tmp_path):
    assert notebooks_folder(tmp_path) == NOTEBOOKS
