"""The ledger says what the notebooks proved, no more; and the command prints it."""

import copy
import json
import shutil

import pytest

from onekl.chapters import stated_claims
from onekl.claims.check import MIME
from onekl.claims.findings import MIME as FINDING
from onekl.claims.findings import VERDICTS, Finding
from onekl.cli import main
from onekl.ledger import LedgerError, ledger, notebooks_folder
from paths import NOTEBOOKS

FIELDS = (
    "verdict",
    "premises",
    "refuted",
    "check",
    "mutants_rejected",
    "mutants_total",
    "mutants_equivalent",
    "numeric_instances",
    "max_error",
)
GAN = [
    *(f"su-{n}" for n in range(12, 21)),
    "su-t4",
    "su-t5",
    "su-t7",
    "rq-2",
    "rq-4",
    "rq-5",
    "gt-12",
    "gt-13",
]
CORE = [*GAN, *(f"su-{n}" for n in range(21, 27)), "su-t8"]
EM = [f"su-{n}" for n in range(8, 12)]
AAE = [*(f"su-{n}" for n in range(27, 35)), "su-t11", "su-t12"]
ALI = [*(f"su-{n}" for n in range(35, 44)), "su-t1", "su-t13", "su-t14", "su-t16"]
EXPERIMENTS = {
    "su-t15": "ali-train",
    "su-t6": "missing_term-train",
    "su-t9": "faces-train",
    "su-t10": "faces-train",
}
CHECKED = [
    *CORE,
    *EM,
    *AAE,
    *ALI,
    "su-1",
    "su-2",
    "su-3",
    "su-4",
    "su-5",
    "su-6",
    "su-7",
    "su-t2",
    "su-t3",
    "sn-7",
    "sn-8",
    "sn-9",
    "sn-10",
    "rq-1",
    "rq-3",
]


@pytest.fixture
def copies(tmp_path):
    """The check notebooks as data, and a way to write them into a folder of their own."""
    loaded = {
        path.name: json.loads(path.read_text(encoding="utf-8"))
        for path in NOTEBOOKS.glob("*-check.ipynb")
    }

    def write(notebooks):
        for name, notebook in notebooks.items():
            (tmp_path / name).write_text(json.dumps(notebook), encoding="utf-8")
        return tmp_path

    return copy.deepcopy(loaded), write


def reports(notebook):
    return [
        o["data"][MIME]
        for cell in notebook["cells"]
        for o in cell.get("outputs", [])
        if MIME in o.get("data", {})
    ]


def test_the_committed_notebooks_check_what_the_chapters_treat():
    rows = {row.id: row for row in ledger(NOTEBOOKS)}
    assert len(rows) == 103 and set(CHECKED) == set(stated_claims())
    for id in CHECKED:
        row = rows[id]
        assert all(getattr(row, name) is not None for name in FIELDS) and not row.empirical, id
        assert bool(row.refuted) == (row.verdict in ("slip", "bound only", "heuristic")), id
        assert row.mutants_rejected == row.mutants_total > 0, id
        assert row.numeric_instances >= 1000 and row.max_error < 1e-18, id
        assert row.check.startswith(f"notebooks/{row.chapter}-check.ipynb#"), id


def test_the_experiments_have_findings_with_seeds_and_conditions():
    rows = {row.id: row for row in ledger(NOTEBOOKS)}
    for id, notebook in EXPERIMENTS.items():
        row = rows[id]
        assert row.verdict in VERDICTS and row.empirical and row.seeds >= 3 and row.conditions, id
        assert row.check == f"notebooks/{notebook}.ipynb#{id}" and row.mutants_total is None, id


def test_a_finding_on_what_is_no_experiment_is_refused(tmp_path):
    for path in NOTEBOOKS.glob("*-check.ipynb"):
        shutil.copy(path, tmp_path)
    output = {
        "output_type": "execute_result",
        "data": {
            FINDING: {
                "id": "su-4",
                "verdict": "supported",
                "seeds": 3,
                "effect": "e",
                "conditions": ["c"],
            }
        },
    }
    (tmp_path / "made-train.ipynb").write_text(json.dumps({"cells": [{"outputs": [output]}]}))
    with pytest.raises(LedgerError, match="no experiment"):
        ledger(tmp_path)
    output["data"][FINDING]["id"] = "su-t9"
    (tmp_path / "made-train.ipynb").write_text(json.dumps({"cells": [{"outputs": [output]}]}))
    row = {row.id: row for row in ledger(tmp_path)}["su-t9"]
    assert (row.verdict, row.seeds, row.effect, row.check) == (
        "supported",
        3,
        "e",
        "notebooks/made-train.ipynb#su-t9",
    )
    (tmp_path / "twin-train.ipynb").write_text(json.dumps({"cells": [{"outputs": [output]}]}))
    with pytest.raises(LedgerError, match="twice"):
        ledger(tmp_path)


@pytest.mark.parametrize(
    "wrong", [{"verdict": "proved"}, {"seeds": 0}, {"effect": ""}, {"conditions": ()}]
)
def test_a_finding_needs_a_word_seeds_an_effect_and_conditions(wrong):
    right = {
        "id": "su-t9",
        "verdict": "mixed",
        "seeds": 3,
        "effect": "0.1 [0, 0.2]",
        "conditions": ("quick",),
    }
    assert Finding(**right).text().startswith("su-t9: mixed")
    with pytest.raises(ValueError, match="su-t9"):
        Finding(**right | wrong)


def test_the_whole_article_and_its_readers_questions_have_a_verdict():
    rows = {row.id: row for row in ledger(NOTEBOOKS)}
    article = [
        *(f"su-{n}" for n in range(1, 44)),
        *(f"su-t{n}" for n in range(1, 17)),
        *(f"rq-{n}" for n in range(1, 6)),
    ]
    assert [id for id in article if rows[id].verdict is None] == []
    assert [
        id
        for id in article
        if not rows[id].empirical and not rows[id].mutants_rejected == rows[id].mutants_total > 0
    ] == []


def test_what_no_notebook_showed_has_no_verdict():
    unchecked = [
        row
        for row in ledger(NOTEBOOKS)
        if row.id not in stated_claims() and row.id not in EXPERIMENTS
    ]
    assert unchecked and all(
        row.verdict is None and row.check is None and row.max_error is None for row in unchecked
    )


def test_a_claim_that_no_notebook_reports_is_an_orphan(copies):
    notebooks, write = copies
    cells = notebooks["vae-check.ipynb"]["cells"]
    for cell in cells:
        cell["outputs"] = [
            o
            for o in cell.get("outputs", [])
            if o.get("data", {}).get(MIME, {}).get("id") != "sn-9"
        ]
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
    again["joint_kl-check.ipynb"]["cells"] += again["joint_kl-check.ipynb"]["cells"]
    with pytest.raises(LedgerError, match="twice"):
        ledger(write(again))
    moved = copy.deepcopy(notebooks)
    moved["joint_kl-check.ipynb"], moved["vae-check.ipynb"] = (
        moved["vae-check.ipynb"],
        moved["joint_kl-check.ipynb"],
    )
    with pytest.raises(LedgerError, match="belongs to the chapter"):
        ledger(write(moved))
    reports(notebooks["vae-check.ipynb"])[0]["fingerprint"] = "0" * 12
    with pytest.raises(LedgerError, match="another wording"):
        ledger(write(notebooks))


def test_the_command_prints_every_claim_as_json(capsys):
    assert main(["claims", "--json", "--notebooks", str(NOTEBOOKS)]) == 0
    rows = json.loads(capsys.readouterr().out)
    promised = {
        "id",
        "source",
        "number",
        "kind",
        "verdict",
        "premises",
        "check",
        "chapter",
        "mutants_rejected",
        "mutants_total",
        "mutants_equivalent",
        "numeric_instances",
        "max_error",
    }
    assert len(rows) == 103 and promised | {"refuted", "seeds", "effect", "conditions"} <= set(
        rows[0]
    )


def test_the_command_prints_a_table(capsys):
    assert main(["claims", "--notebooks", str(NOTEBOOKS)]) == 0
    out = capsys.readouterr().out
    assert (
        f"{len(stated_claims()) + len(EXPERIMENTS)} of 103 claims checked" in out
        and "not yet" in out
    )


def test_a_folder_without_notebooks_gives_one_line(tmp_path, capsys):
    assert main(["claims", "--notebooks", str(tmp_path)]) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith("onekl: ") and complaint.count("\n") == 1


def test_the_notebooks_are_found_from_anywhere(tmp_path):
    assert notebooks_folder(tmp_path) == NOTEBOOKS
