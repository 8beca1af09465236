"""The ledger says what the notebooks proved, no more; and the command prints it."""

import copy
import json
import re
import shutil

import pytest

from onekl.chapters import CHAPTERS, claims_of, stated_claims
from onekl.claims.findings import MIME as FINDING
from onekl.claims.findings import VERDICTS, Finding
from onekl.claims.inventory import inventory, questions
from onekl.claims.marks import WORDS
from onekl.claims.numbers import INSTANCES
from onekl.claims.report import MIME
from onekl.cli import main
from onekl.ledger import LedgerError, answers, ledger, notebooks_folder, outputs
from onekl.reading.nodes import printed
from onekl.reading.steps import listed
from onekl.symbolic.counterexample import Counterexample
from onekl_site.ledger_page import SOURCES
from paths import NOTEBOOKS, ROOT, sections

FIELDS = (
    "verdict",
    "premises",
    "refuted",
    "check",
    "mutants_rejected",
    "mutants_total",
    "mutants_equivalent",
    "shown",
    "steps",
)
CLAIMS = [(chapter, one.id) for chapter in CHAPTERS for one in claims_of(chapter)]
# What is stated of the other texts than the article: if a claim went together with its notebook's
# cell, nothing else would miss it.
STATED = {
    *("rq-1", "rq-2", "rq-3", "rq-4", "rq-5"),
    *("gt-12", "gt-13"),
    *("sn-7", "sn-8", "sn-9", "sn-10"),
    *("avb-1", "avb-2", "avb-3", "avb-4", "avb-5", "avb-6", "avb-7", "avb-8"),
    *("avb-9", "avb-10"),
}


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


def test_each_claim_that_a_chapter_states_is_checked_in_its_own_notebook():
    rows = {row.id: row for row in ledger(NOTEBOOKS)}
    assert list(rows) == list(inventory()) and len(CLAIMS) == len(stated_claims())
    for chapter, id in CLAIMS:
        row = rows[id]
        assert row.check == f"notebooks/{chapter}-check.ipynb#{id}" and row.chapter == chapter
        assert all(getattr(row, name) is not None for name in FIELDS) and not row.empirical, id
        assert bool(row.refuted) == (row.verdict in ("slip", "bound only", "heuristic")), id
        assert [one["statement"] for one in row.shown] == [
            one.latex() for one in every_statement(stated_claims()[id])
        ]
        if row.repeats:  # counted where it is said first
            assert row.mutants_total == row.instances == len(row.numbers) == 0, id
            continue
        assert row.mutants_rejected == row.mutants_total > 0, id
        assert_tried(row)


def every_statement(claim):
    return [*claim.statements, *claim.also, *claim.refuted]


# What a number can say of a statement, by the kind of the statement.
ERROR = re.compile(r"error (?:0|below 1e-(\d+))")
FIGURE = re.compile(
    rf"{ERROR.pattern}|least slack [1-9]e[+-]\d+"
    r"|a generic minimiser comes within (?:0|1e-(?:0[89]|[1-3]\d)) of it, and not below"
    r"|observed order [1-9]\.\d|nearer than any power|grows on the way"
    r"|both sides again in doubles|the lines in doubles"
)


def assert_tried(row):
    """Every statement has a thousand instances, and every step of its proof was tried.

    An error is rounding, and no instance is lost.

    A counterexample has those that it names; one without a solution on each that it names.
    """
    for statement, one in zip(every_statement(stated_claims()[row.id]), row.shown):
        found = one["numbers"]
        assert found["finite"] + found["infinite"] == found["tried"], row.id
        wanted = INSTANCES
        if isinstance(statement, Counterexample):
            wanted = len(statement.at)
        assert found["tried"] == wanted, row.id
        assert found["zeros"] <= found["tried"] and found["strict"] <= found["tried"], row.id
        assert one["steps"]["pairs"] == sum(line["sign"] != "" for line in one["rows"]), row.id
        kind = FIGURE.fullmatch(found["figure"])
        assert kind, (row.id, found["figure"])
        if error := ERROR.fullmatch(found["figure"]):
            assert error[1] is None or int(error[1]) >= 8, (row.id, found["figure"])


def test_no_claim_of_the_other_sources_is_lost():
    assert STATED <= set(stated_claims())


def test_the_experiments_have_findings_with_seeds_and_conditions_in_their_chapters_notebooks():
    empirical = [row for row in ledger(NOTEBOOKS) if row.empirical]
    assert empirical and not {row.id for row in empirical} & set(stated_claims())
    for row in empirical:
        assert row.verdict in VERDICTS and row.seeds >= 3 and row.conditions, row.id
        notebook, _, id = row.check.partition(".ipynb#")
        assert notebook in sections()[row.chapter] and id == row.id
        assert row.mutants_total is None, row.id


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
    (tmp_path / "made-train.ipynb").write_text(
        json.dumps({"cells": [{"outputs": [output]}]}), encoding="utf-8"
    )
    with pytest.raises(LedgerError, match="no experiment"):
        ledger(tmp_path)
    output["data"][FINDING]["id"] = "su-t9"
    (tmp_path / "made-train.ipynb").write_text(
        json.dumps({"cells": [{"outputs": [output]}]}), encoding="utf-8"
    )
    row = {row.id: row for row in ledger(tmp_path)}["su-t9"]
    assert (row.verdict, row.seeds, row.effect, row.check) == (
        "supported",
        3,
        "e",
        "notebooks/made-train.ipynb#su-t9",
    )
    (tmp_path / "twin-train.ipynb").write_text(
        json.dumps({"cells": [{"outputs": [output]}]}), encoding="utf-8"
    )
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


def test_the_article_its_readers_questions_and_the_notes_have_a_verdict():
    rows = {row.id: row for row in ledger(NOTEBOOKS)}
    entries = [entry for entry in inventory().values() if entry.source in SOURCES]
    assert {entry.source for entry in entries} == set(SOURCES)
    assert [entry.id for entry in entries if rows[entry.id].verdict is None] == []
    # Experiments have findings, everything else is stated by a chapter.
    assert {entry.id for entry in entries if entry.kind == "experiment"} == {
        row.id for row in rows.values() if row.empirical
    }


def test_what_no_notebook_showed_has_no_verdict():
    shown = {
        one["id"]
        for path in NOTEBOOKS.glob("*.ipynb")
        for mime in (MIME, FINDING)
        for one in outputs(path, mime)
    }
    unchecked = [row for row in ledger(NOTEBOOKS) if row.id not in shown]
    assert unchecked
    for row in unchecked:
        assert (row.verdict, row.check, row.shown) == (None, None, None), row.id
        assert row.instances == 0 and row.numbers == row.additions == [], row.id


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
        "shown",
        "steps",
    }
    assert [row["id"] for row in rows] == list(inventory())
    assert promised | {"refuted", "seeds", "effect", "conditions"} <= set(rows[0])


STEP = {"place", "kind", "sign", "at", "words", "verdict", "premises", "shown"}


def test_the_json_has_the_steps_of_each_equation_with_their_words(capsys):
    assert main(["claims", "--json", "--notebooks", str(NOTEBOOKS)]) == 0
    rows = {row["id"]: row for row in json.loads(capsys.readouterr().out)}
    assert {id for id, row in rows.items() if row["steps"]} == set(printed())
    steps = [(id, step) for id in printed() for step in rows[id]["steps"]]
    assert [step["place"] for _, step in steps] == list(listed())
    assert all(set(step) == STEP for _, step in steps)
    signs = [(id, step) for id, step in steps if step["sign"]]
    assert len(signs) == 48
    for id, step in signs:
        assert step["verdict"] in WORDS, step
        assert printed()[id].startswith(step["sign"], step["at"]), step
    in_words = [step for _, step in steps if not step["sign"]]
    assert all(step["words"] and step["at"] is None for step in in_words)
    assert all(step["verdict"] in WORDS or step["shown"] for step in in_words)


def test_an_equation_has_the_word_of_its_weakest_sign():
    for row in ledger(NOTEBOOKS):
        if row.steps:
            own = [step["verdict"] for step in row.steps if step["sign"]]
            own = own or [step["verdict"] for step in row.steps if step["verdict"]]
            assert row.verdict == min(own, key=WORDS.index), row.id


def test_the_command_prints_a_table(capsys):
    assert main(["claims", "--notebooks", str(NOTEBOOKS)]) == 0
    out = capsys.readouterr().out
    done = sum(row.verdict is not None for row in ledger(NOTEBOOKS))
    assert f"{done} of {len(inventory())} claims checked" in out and "not yet" in out
    assert [line.split()[0] for line in out.splitlines()[1:-1]] == list(inventory())


def test_a_folder_without_notebooks_gives_one_line(tmp_path, capsys):
    assert main(["claims", "--notebooks", str(tmp_path)]) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith("onekl: ") and complaint.count("\n") == 1


def test_the_notebooks_are_found_from_anywhere(tmp_path):
    assert notebooks_folder(tmp_path) == NOTEBOOKS


def test_the_ledger_s_page_documents_each_key_and_each_kind_of_a_step():
    page = (ROOT / "book" / "ledger.md").read_text(encoding="utf-8")
    keys = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert len(keys) == len(STEP) and set(keys) == STEP
    (kinds,) = re.findall(r"\| `kind` \| what the step does: (.*) \|", page)
    assert set(re.split(r", |; in words also ", kinds)) == {step.kind for step in listed().values()}


def finding_notebook(**changed):
    """The text of a notebook whose one output is a finding."""
    finding = {
        "id": "ok-gan-1",
        "verdict": "supported",
        "seeds": 3,
        "effect": "e",
        "conditions": ["c"],
        "record": "gan",
    }
    output = {"output_type": "execute_result", "data": {FINDING: finding | changed}}
    return json.dumps({"cells": [{"outputs": [output]}]})


def test_each_question_of_the_book_has_an_answer_from_a_record_in_its_chapters_notebook():
    rows = answers(NOTEBOOKS)
    assert [row.id for row in rows] == list(questions()) and not questions().keys() & inventory()
    for row in rows:
        assert row.verdict in VERDICTS and row.seeds >= 3, row.id
        assert row.conditions[0].startswith("recorded run"), row.id
        notebook, _, id = row.check.partition(".ipynb#")
        assert notebook in sections()[row.chapter] and id == row.id


def test_a_question_without_an_answer_is_named(tmp_path):
    (tmp_path / "made-train.ipynb").write_text(finding_notebook(), encoding="utf-8")
    with pytest.raises(LedgerError, match="ok-gan-2") as raised:
        answers(tmp_path)
    assert "ok-gan-1" not in str(raised.value)


@pytest.mark.parametrize(
    "changed, words", [({"record": None}, "without a record"), ({"id": "ok-0"}, "no question")]
)
def test_an_answer_without_a_record_or_a_question_is_refused(tmp_path, changed, words):
    (tmp_path / "made-train.ipynb").write_text(finding_notebook(**changed), encoding="utf-8")
    with pytest.raises(LedgerError, match=words):
        answers(tmp_path)
