"""The proofs in the boxes: closed at first, each derivation with its rules and its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.writers.html5 import HTML5Translator

from onekl.claims.numbers import Numbers
from onekl.claims.report import Mutants
from onekl.examiner.lines import Tried
from onekl_site.elements import equation, headed_formulas, link

RULES_PAGE = "book/rules"
TITLES = {"claim": "", "beside": "What is shown beside it:", "refuted": "The counterexample:"}

Shown = Mapping[str, Any]  # a statement of a report, as the notebook stores it


class Details(nodes.General, nodes.Element):
    """What a reader opens with a click on its `title`; it needs no script."""


def proof(env: BuildEnvironment, shown: Sequence[Shown], facts: nodes.Node) -> Details:
    """The derivations of some statements line by line, with links to the rules; then the evidence.

    Where there are several, each has its own numbers below it.
    """
    closed = Details(title="Proof, line by line, and evidence")
    for one in shown:
        closed += _derivation(env, one, len(shown) > 1)
    closed += facts
    return closed


def _derivation(env: BuildEnvironment, one: Shown, has_numbers: bool) -> list[nodes.Node]:
    title = " ".join(
        part for part in (one["proves"] and f"{one['proves']}.", TITLES[one["role"]]) if part
    )
    shown = [nodes.paragraph("", title)] if title else []
    shown.append(equation(env, one["derivation"]))
    if one["equality"]:
        words = "Equality, where the lower side is finite, exactly when:"
        shown += headed_formulas(words, [one["equality"]])
    said = [*_rules(env, one["rows"]), nodes.Text(_tried(one, has_numbers))]
    return [*shown, nodes.paragraph("", "", *said, classes=["onekl-claim-facts"])]


def _rules(env: BuildEnvironment, rows: Sequence[Mapping[str, str]]) -> Iterator[nodes.Node]:
    """The rules of a derivation, each once, as links."""
    names = list(dict.fromkeys(row["rule"] for row in rows if row["rule"]))
    for place, name in enumerate(names):
        yield nodes.Text("; " if place else "Rules: ")
        yield link(env, f"{RULES_PAGE}#{anchor(name)}", name)
    if names:
        yield nodes.Text(". ")


def _tried(one: Shown, has_numbers: bool) -> str:
    """What was tried of the lines, and of the statement; nothing of a repetition."""
    if not one["steps"]:
        return ""
    steps = Tried(**one["steps"]).text()
    if not has_numbers:
        return f"{steps.capitalize()}."
    mutants = Mutants(**one["mutants"]).text()
    return f"Numbers: {Numbers(**one['numbers']).text()}; {steps}; {mutants}."


def anchor(rule: str) -> str:
    """The anchor of a rule on the page of rules."""
    return f"rule-{nodes.make_id(rule)}"


def _open(writer: HTML5Translator, node: Details) -> None:
    writer.body.append(writer.starttag(node, "details", CLASS="onekl-proof"))
    writer.body.append(f"<summary>{writer.encode(node['title'])}</summary>\n")


def _close(writer: HTML5Translator, node: Details) -> None:
    writer.body.append("</details>\n")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the node with Sphinx."""
    app.add_node(Details, html=(_open, _close))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
