"""The bug museum: what is said is rejected in three ways, and what is true instead is proved.

The three ways are by proof, by numbers and at a counterexample.
"""

import io
import json
import re
import shutil
from dataclasses import replace
from functools import cache
from random import Random

import mpmath
import pytest
from bs4 import BeautifulSoup
from sphinx.application import Sphinx
from sympy import Symbol, log

from onekl.chapters import stated_claims
from onekl.chapters.museum.claims import SPECIMENS
from onekl.chapters.museum.specimen import MIME, examine, make_specimen, prose
from onekl.claims.check import CheckFailed, check
from onekl.claims.claim import Claim
from onekl.claims.inventory import inventory
from onekl.claims.numbers import INSTANCES, WRONG
from onekl.symbolic.lines.line import RULES
from onekl.symbolic.notation import latex
from onekl.symbolic.numeric import DIGITS
from onekl.symbolic.proof import NotProved
from onekl.symbolic.statements import Identity
from onekl_site.evidence import together
from onekl_site.museum import examination, specimen
from paths import ROOT

BY_ID = {one.id: one for one in SPECIMENS}
SAID = [(one.id, statement) for one in SPECIMENS for statement in one.said.statements]


# What the numbers say of a true statement: rounding, a bound's slack, or the place of a best value.
SMALL = re.compile(
    r"error (?:0|below 1e-(?:1[0-9]|[23][0-9]))|least slack [1-9]e-\d+"
    r"|a generic minimiser comes within (?:0|1e-(?:0[89]|[1-3]\d)) of it, and not below"
    r"|both sides again in doubles"
)


@cache
def examined(id):
    return examine(BY_ID[id])


def test_there_are_thirteen_and_none_is_in_the_ledger():
    assert list(BY_ID) == [f"bug-{k}" for k in range(1, 14)]
    assert not set(BY_ID) & (set(inventory()) | set(stated_claims()))


@pytest.mark.parametrize("id, statement", SAID)
def test_what_is_said_is_rejected_by_proof(id, statement):
    with pytest.raises(NotProved):
        statement.prove()
    with pytest.raises(CheckFailed, match=f"{id} is not proved"):
        check(Claim(id, (statement,)))


@pytest.mark.parametrize("id, statement", SAID)
def test_what_is_said_is_refuted_by_numbers(id, statement):
    """Without the prover: at least five of twenty instances are off by far more than rounding."""
    with mpmath.workdps(DIGITS):
        violation = statement.compile()
        found = [violation(statement.instances.draw(Random(f"museum-{k}"), k)) for k in range(20)]
    assert sum(off > 1000 * WRONG for off in found) >= 5


@pytest.mark.parametrize("id", BY_ID)
def test_what_is_true_is_proved_with_every_mutant_rejected(id):
    found = examined(id)
    report = found.report
    assert report.mutants_rejected == report.mutants_total > 0
    assert len(report.refuted) == len(BY_ID[id].said.statements)
    said = {"claim": BY_ID[id].true.statements, "refuted": BY_ID[id].true.refuted}
    for role, statements in said.items():
        shown = [one for one in report.shown if one.role == role]
        assert [one.statement for one in shown] == [one.latex() for one in statements]
        for one in shown:
            wanted = INSTANCES if role == "claim" else 1
            assert one.numbers.tried == one.numbers.finite + one.numbers.infinite == wanted
            assert SMALL.fullmatch(one.numbers.figure), one.numbers.figure
            assert len(one.rows) > 1 and all(row.rule in RULES for row in one.rows if row.rule)


@pytest.mark.parametrize("id", BY_ID)
def test_every_false_line_is_rejected_in_three_ways_and_without_the_prover_s_spelling(id):
    ways = [
        re.search(r"refused by proof|refuted by numbers|refuted exactly", line)[0]
        for line in examined(id).rejected
    ]
    assert ways == ["refused by proof", "refuted by numbers", "refuted exactly"] * len(
        BY_ID[id].said.statements
    )
    assert not any(
        "**" in line or "oo" in line.split() for line in examined(id).text().splitlines()
    )


def test_the_left_over_is_printed_in_the_book_s_notation():
    assert (
        r"\mu^{2} + \sigma^{2} - 2 \log \sigma - 1\text{, not 0}" in examined("bug-1").rejected[0]
    )
    product = (
        r"\left(a_{1} - b_{1}\right) \left(a_{2} - b_{2}\right) "
        r"\left(\epsilon_{1} - \epsilon_{2}\right)"
    )
    assert product in examined("bug-7").rejected[0]
    assert r"\infty\text{, not 0}" in examined("bug-5").rejected[0]


def test_a_true_statement_is_no_specimen():
    one = BY_ID["bug-6"]
    with pytest.raises(CheckFailed, match="passes the check"):
        examine(replace(one, said=replace(one.said, statements=one.true.statements[:1])))


def test_a_specimen_without_an_instance_for_each_line_is_refused():
    one = BY_ID["bug-1"]
    at = one.true.refuted[0].at
    with pytest.raises(
        ValueError, match="^bug-1 has 2 false statements and 1 instances: "
    ) as caught:
        make_specimen("bug-1", one.said.statements, one.true.statements, at)
    assert "\n" not in str(caught.value)


def test_a_specimen_that_is_not_mended_is_refused():
    one = BY_ID["bug-6"]
    with pytest.raises(CheckFailed, match="bug-6 is not proved"):
        examine(replace(one, true=replace(one.true, statements=one.said.statements)))


def test_every_specimen_has_its_words_and_all_words_belong_to_a_specimen():
    assert list(prose()) == list(BY_ID)
    assert all(set(words) == {"title", "seen", "effect", "catch"} for words in prose().values())


def test_a_specimen_without_words_is_one_clear_line():
    one = BY_ID["bug-6"]
    with pytest.raises(ValueError, match="^bug-99 has no words: ") as caught:
        make_specimen("bug-99", one.said.statements, one.true.statements, one.true.refuted[0].at)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("id", BY_ID)
def test_every_label_is_filled_in(id):
    one = BY_ID[id]
    assert (
        one.title and one.seen and one.effect and one.catch.splitlines()[-1].startswith("assert ")
    )


@pytest.mark.parametrize("id", BY_ID)
def test_the_committed_notebook_examines_it_in_the_present_wording(id):
    """The notebook's record equals a fresh examination; the box reads the notebook."""
    assert examination(id, ROOT) == json.loads(json.dumps(examined(id)._repr_mimebundle_()[MIME]))


def test_an_unknown_specimen_and_an_older_wording_are_one_clear_line(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="there is no specimen 'bug-99'"):
        specimen("bug-99")
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "museum-check.ipynb").write_text('{"cells": []}', encoding="utf-8")
    with pytest.raises(ValueError, match="does not examine bug-1"):
        examination("bug-1", tmp_path)
    monkeypatch.setattr("onekl.chapters.museum.specimen.Specimen.fingerprint", lambda self: "older")
    with pytest.raises(ValueError, match="another wording"):
        examination("bug-1", ROOT)


def test_a_power_of_a_logarithm_prints_its_exponent():
    x = Symbol("x", positive=True)
    assert latex(log(x) ** 2) == r"\left(\log x\right)^{2}"


def test_the_fingerprint_follows_both_claims():
    one = BY_ID["bug-10"]
    other = Identity(
        one.said.statements[0].instances,
        left=one.said.statements[0].left,
        right=Symbol("n", positive=True),
    )
    assert (
        one.fingerprint() != replace(one, said=replace(one.said, statements=(other,))).fingerprint()
    )
    assert (
        one.fingerprint() != replace(one, true=replace(one.true, statements=(other,))).fingerprint()
    )


@pytest.fixture
def build(tmp_path):
    """Build a page from Markdown; returns its HTML and the warnings."""

    def run(text, page="index"):
        source = tmp_path / "source"
        (source / "notebooks").mkdir(parents=True)
        shutil.copy(ROOT / "notebooks" / "museum-check.ipynb", source / "notebooks")
        (source / "conf.py").write_text(
            "extensions = ['myst_parser', 'onekl_site.proofs', 'onekl_site.museum']\n"
            "exclude_patterns = ['**.ipynb']\n",
            encoding="utf-8",
        )
        (source / "index.md").write_text("# Front\n", encoding="utf-8")
        (source / f"{page}.md").write_text(f"# Page\n\n{text}\n", encoding="utf-8")
        warnings = io.StringIO()
        Sphinx(
            source,
            source,
            tmp_path / "out",
            tmp_path / "trees",
            "html",
            status=None,
            warning=warnings,
        ).build()
        said = [
            line for line in warnings.getvalue().splitlines() if "already registered" not in line
        ]
        return (tmp_path / "out" / f"{page}.html").read_text(encoding="utf-8"), "\n".join(said)

    return run


def test_a_box_shows_what_is_said_why_not_what_is_true_and_where_it_was_seen(build):
    html, warnings = build("\n\n".join(f"```{{specimen}} {id}\n```" for id in BY_ID))
    assert not warnings
    for id, one in BY_ID.items():
        box = html.split(f'id="specimen-{id}"')[1].split('id="specimen-')[0]
        assert (
            one.title in box
            and f'href="notebooks/museum-check.html#{id}"' in box
            and "mutants rejected" in box
        )
        assert all(
            box.count(way) == len(one.said.statements)
            for way in ("refused by proof", "refuted by numbers", "refuted exactly")
        )
        assert (
            box.index("What is said")
            < box.index("What is true")
            < box.index("Where it was seen")
            < box.index("How to catch it")
            < box.index("Proof, line by line")
        )
        shown = examination(id, ROOT)["report"]["shown"]
        proof = BeautifulSoup(box, "html.parser").find("details")
        assert shown and all(one["derivation"] in proof.text for one in shown)
        assert together(shown).text() in box


def test_a_specimen_that_does_not_exist_is_one_clear_warning(build):
    _, warnings = build("```{specimen} bug-99\n```")
    assert "there is no specimen 'bug-99'" in warnings


def test_a_heading_of_the_check_notebook_gets_the_anchor(build):
    headings = "\n\n".join(f"## {id}: a title" for id in BY_ID)
    html, warnings = build(headings, page="notebooks/museum-check")
    assert all(f'id="{id}"' in html for id in BY_ID) and "no heading" not in warnings


def test_every_specimen_has_a_heading_in_the_check_notebook_and_a_box_on_the_page():
    page = (ROOT / "book" / "museum.md").read_text(encoding="utf-8")
    cells = json.loads((ROOT / "notebooks" / "museum-check.ipynb").read_text(encoding="utf-8"))[
        "cells"
    ]
    prose = "".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    assert all(f"```{{specimen}} {id}\n" in page and f"## {id}: " in prose for id in BY_ID)
