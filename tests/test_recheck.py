"""`onekl check` proves claims again, and says which are not as the committed notebooks show."""

import json
import re

import pytest

from onekl import recheck
from onekl.chapters import stated_claims
from onekl.claims.check import CheckFailed
from onekl.claims.report import MIME
from onekl.cli import main
from paths import NOTEBOOKS

LINE = re.compile(r"(\S+) +(\S.*?) +(\d+\.\d\d) s(?:  differs: (.+))?")


@pytest.fixture
def altered(tmp_path):
    """A folder of the check notebooks in which one report is changed."""

    def write(id, change):
        for path in NOTEBOOKS.glob("*-check.ipynb"):
            notebook = json.loads(path.read_text(encoding="utf-8"))
            for cell in notebook["cells"]:
                for output in cell.get("outputs", ()):
                    report = output.get("data", {}).get(MIME, {})
                    if report.get("id") == id:
                        change(report)
            (tmp_path / path.name).write_text(json.dumps(notebook), encoding="utf-8")
        return tmp_path

    return write


def checked(capsys, *ids, notebooks=NOTEBOOKS):
    """The exit status, the lines of the claims as (id, verdict, seconds, differences), the end."""
    status = main(["check", *ids, "--notebooks", str(notebooks)])
    said = capsys.readouterr()
    assert said.err == ""
    *lines, end = said.out.splitlines()
    return status, [LINE.fullmatch(line).groups() for line in lines], end


def refused(capsys, *ids, notebooks=NOTEBOOKS):
    """The one line on standard error, with nothing on the other."""
    assert main(["check", *ids, "--notebooks", str(notebooks)]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("onekl: ") and said.err.count("\n") == 1
    return said.err


def test_claims_that_are_as_committed_are_printed_with_verdict_and_seconds(capsys):
    status, lines, end = checked(capsys, "su-3", "su-1")
    assert status == 0
    assert [(id, verdict, apart) for id, verdict, _, apart in lines] == [
        ("su-3", "definition", None),
        ("su-1", "definition", None),
    ]
    assert all(float(seconds) > 0 for *_, seconds, _ in lines)
    total = re.fullmatch(r"2 claims in (\d+\.\d) s, all as committed", end)[1]
    assert float(total) == pytest.approx(sum(float(line[2]) for line in lines), abs=0.07)


@pytest.mark.parametrize(
    "change, part",
    [
        (lambda report: report.update(verdict="slip"), "verdict"),
        (lambda report: report.update(mutants_rejected=0), "mutants_rejected"),
        (lambda report: report["shown"][0]["rows"][-1].update(rule="magic"), "shown"),
        (lambda report: report["shown"][0]["numbers"].update(infinite=1000), "shown"),
        (lambda report: report.pop("premises"), "premises"),
    ],
)
def test_a_report_that_was_altered_is_found(altered, capsys, change, part):
    status, lines, end = checked(capsys, "su-1", "su-3", notebooks=altered("su-1", change))
    assert status == 1 and end.endswith("not as committed: su-1")
    assert [(id, apart) for id, _, _, apart in lines] == [("su-1", part), ("su-3", None)]


def test_a_check_that_fails_says_why_and_the_others_go_on(monkeypatch, capsys):
    def failing(claim):
        if claim.id == "su-1":
            raise CheckFailed("su-1 is not proved: left less right is 1, not 0")
        return passing(claim)

    passing = recheck.check
    monkeypatch.setattr(recheck, "check", failing)
    status, lines, end = checked(capsys, "su-1", "su-3")
    assert status == 1 and end.endswith("not as committed: su-1")
    (id, verdict, _, why), other = lines
    assert (id, verdict) == ("su-1", "fails") and why.startswith("su-1 is not proved: ")
    assert other[0] == "su-3" and other[3] is None


@pytest.mark.parametrize("id, why", [("su-99", "no claim 'su-99'"), ("gt-6", "no chapter states")])
def test_an_unknown_claim_is_refused_in_one_line_before_anything_is_proved(capsys, id, why):
    assert why in refused(capsys, "su-1", id)


def test_a_stale_notebook_is_refused_in_one_line_before_anything_is_proved(altered, capsys):
    """Also where the stale report is of another claim than the one that is asked for."""
    stale = altered("su-4", lambda report: report.update(fingerprint="0" * 12))
    told = refused(capsys, "su-1", notebooks=stale)
    assert "su-4" in told and "another wording" in told and "run the notebook again" in told


def test_a_folder_without_notebooks_is_refused_in_one_line(tmp_path, capsys):
    assert "no check notebook" in refused(capsys, "su-1", notebooks=tmp_path)


def test_without_ids_every_claim_that_a_chapter_states_is_proved():
    assert recheck.wanted(()) == list(stated_claims()) and len(recheck.wanted(())) > 60


def test_the_time_of_the_ledger_has_the_proofs_within_the_checks():
    found = recheck.time_of_ledger(("su-1", "su-3"))
    assert found["claims"] == 2 and found["unit"] == "s"
    assert 0 < found["proofs"] < found["whole check"]
    first, second = recheck.text_of_ledger(found)
    assert "2 claims" in first and f"{found['whole check']:.1f}" in second
