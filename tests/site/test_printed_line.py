"""The source's own line on the page: a mark on each sign, broken where a person would."""

import re

import pytest

from onekl.ledger import ledger
from onekl.reading.nodes import printed
from onekl.reading.reader import ARTICLE
from onekl_site.broken_line import LONG, broken
from onekl_site.elements import LETTERS
from onekl_site.printed_line import has_print, marked
from paths import ROOT

ROWS = {row.id: row for row in ledger(ROOT / "notebooks")}


def bare(latex):
    """A line without its layout, a bracket without its size."""
    layout = (
        r"\\(?:begin|end)\{aligned\}|\\\\|&|\\(?:quad|enspace|left|right|Bigl|Bigr|Big)(?![.\\])|\s"
    )
    return re.sub(layout, "", latex)


def test_every_equation_of_the_two_sources_has_a_print_and_nothing_else_has():
    assert {id for id, row in ROWS.items() if has_print(row)} == set(printed())


@pytest.mark.parametrize("id", printed())
def test_the_marks_and_the_breaks_are_all_that_is_added_to_the_print(id):
    signs = [step for step in ROWS[id].steps if step["sign"]]
    line = marked(printed()[id], signs)
    colour = r"\\class\{onekl-sign onekl-word-[a-z-]+\}"
    over = rf"\\mathrel\{{{colour}\{{\\overset\{{\\mathsf\{{(.)\}}\}}\{{([^}}]+)\}}\}}\}}"
    marks = re.findall(over, line)
    assert marks == [(LETTERS[step["verdict"]], step["sign"]) for step in signs]
    assert bare(re.sub(over, r"\2", line)) == bare(printed()[id])


@pytest.mark.parametrize("id", printed())
def test_a_long_line_is_broken_and_a_short_one_is_not(id):
    line = broken(printed()[id], {})
    is_joint = r"\left\{" in line
    rows = re.split(r"\\\\", line)
    assert (len(rows) > 1 and line.startswith(r"\begin{aligned}")) or len(bare(line)) < 8 * LONG
    assert is_joint or line.count("&") in (0, len(rows))
    starts = [row.replace("&", "").replace(r"\enspace", "").strip()[:1] for row in rows[1:]]
    steps = len(ARTICLE[id].steps)
    assert is_joint or len([s for s in starts if s not in "+-"]) <= steps + len(ARTICLE[id].clauses)


def test_a_line_is_broken_before_its_signs_and_before_a_plus():
    apart = broken(printed()["su-4"], {})
    assert apart.count(r"\\ & \enspace") == 3
    assert all(rf"\\ & \enspace {sign}" in apart for sign in ("=", "+", r"\geq"))
    short = "D(x)=q(x)"
    assert broken(short, {}) == short
    both = broken(r"q(x)=q(x,z),\quad q(z)=q(x,z)", {})
    assert both == r"\begin{aligned} q(x) & =q(x,z), \\ q(z) & =q(x,z) \end{aligned}"


def test_a_long_bracket_is_broken_before_a_plus_and_never_inside_a_norm():
    line = broken(printed()["su-26"], {})
    assert r"\Bigl[-\log D(G(z)) \\ & \enspace +\lambda \Vert G(z) - G^{o}(z)\Vert^2\Bigr]" in line
    for id in printed():
        rows = broken(printed()[id], {}).split(r" \\ ")
        assert all(row.count(r"\left") == row.count(r"\right") for row in rows) or (
            r"\left\{" in printed()[id]  # cases keep their layout
        )
        assert all(row.count(r"\Vert") != 1 or "KL" in row for row in rows)
