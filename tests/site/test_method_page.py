"""The figures on the page "How a claim is checked" are those of the check that it tells of."""

import numpy as np

from changed_print import changed_prints
from onekl.chapters import claim
from onekl.claims.check import accepts
from onekl.claims.numbers import Trials
from onekl.examiner.relations import tried
from onekl.ledger import ledger
from onekl.reading.nodes import parse, printed
from onekl.reading.reader import ARTICLE
from onekl.symbolic.mutants import mutants
from onekl_site.audit import unbound
from paths import NOTEBOOKS, ROOT

PAGE = (ROOT / "book" / "method.md").read_text(encoding="utf-8")


def test_the_example_is_printed_and_read_as_the_page_has_it():
    lines = printed()["su-4"].removeprefix(r"\begin{aligned}").removesuffix(r"\end{aligned}")
    assert " ".join(lines.split()) in " ".join(PAGE.split())  # broken once more, for the width
    step = ARTICLE["su-4"].steps[1]
    assert step.sign == r"\geq" and f"\n{step.left}  ≥  {step.right}\n" in PAGE


def test_the_figures_of_the_example_are_those_of_its_check():
    row = {row.id: row for row in ledger(NOTEBOOKS)}["su-4"]
    shown = {one["proves"]: one for one in row.shown}["su-4.2"]
    numbers = shown["numbers"]
    assert len(shown["rows"]) == 8 and "has eight lines" in PAGE
    assert f"{numbers['tried']:,} pairs of random tables, {numbers['zeros']} with zeros" in PAGE
    assert numbers["figure"] == "least slack 3e-02"
    assert f"On {numbers['strict']} the left side is larger, by at least 0.03" in PAGE
    assert row.mutants_rejected == row.mutants_total == 48 and "All 48 mutants of (4)" in PAGE
    assert (row.verdict, row.premises) == ("exact", [])


def test_the_mutant_of_the_example_dies_as_the_page_says():
    statement = claim("su-4").statements[1]
    weighted = r"\int q(x) \mathrm{KL}\left(p(z|x) \,\Vert\, q(z|x)\right) \,dx"
    (mutant,) = (one for _, one in mutants(statement.plain()) if weighted in one.latex())
    assert not accepts(mutant, ())
    with np.errstate(all="ignore"):
        found = tried(mutant.trials()[0], Trials(statement, ()).examiners)
    assert (found.finite, found.unsure) == (0, []) and found.infinite == 1000 - len(found.wrong)
    assert f"all {len(found.wrong)} instances with finite sides refute it" in PAGE
    changed = printed()["su-4"].replace("dx", "dz")
    assert [use.variable for use in unbound(changed)] == ["x"] * len(unbound(changed)) != []


def test_the_number_of_changed_prints_is_theirs():
    number = sum(
        parse(changed) != parse(latex)
        for latex in printed().values()
        for _, changed in changed_prints(latex)
    )
    assert f"{number:,} tried, all but one noticed" in PAGE
