"""The Sphinx extension of the page of rules: `proof-rules` prints each rule with its uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from onekl.chapters.museum.specimen import MIME
from onekl.ledger import outputs
from onekl.symbolic.lines.display import display
from onekl.symbolic.lines.line import RULES, START, Line, Rule
from onekl_site.elements import equation, link
from onekl_site.ledger_page import rows
from onekl_site.museum import NOTEBOOK
from onekl_site.proofs import anchor

Uses = dict[str, Counter[str]]  # by rule, how often each derivation's check notebook and id use it


class RulesDirective(SphinxDirective):
    """`{proof-rules}`: a section for each rule, the one that is used most often first."""

    def run(self) -> list[nodes.Node]:
        """The sections, after a line of counts."""
        found = self._uses()
        known = sorted(RULES.values(), key=lambda rule: -found[rule.name].total())
        number = sum(uses.total() for uses in found.values())
        counts = f"{len(known)} rules lead to {number:,} lines."
        summary = nodes.paragraph("", counts, classes=["onekl-summary"])
        return [summary, *(self._rule(rule, found[rule.name]) for rule in known)]

    def _uses(self) -> Uses:
        claims = [(row.check, row.shown) for row in rows(self.env).values() if row.shown]
        notebook = f"{NOTEBOOK}.ipynb"
        museum = outputs(Path(self.env.srcdir) / notebook, MIME)
        specimens = [(f"{notebook}#{one['id']}", one["report"]["shown"]) for one in museum]
        return uses([*claims, *specimens])

    def _rule(self, rule: Rule, places: Counter[str]) -> nodes.section:
        before, line = rule.example
        return nodes.section(
            "",
            nodes.title("", rule.name),
            nodes.paragraph("", f"Premise: {rule.premise}."),
            equation(self.env, display((Line(before, sign=START), line))),
            nodes.paragraph("", "", *self._places(places), classes=["onekl-claim-facts"]),
            ids=[anchor(rule.name)],
            names=[nodes.fully_normalize_name(rule.name)],
        )

    def _places(self, places: Counter[str]) -> list[nodes.Node]:
        """How often a rule is used, with a link to each derivation that uses it."""
        if not places:
            return [nodes.Text("No derivation of the book uses it.")]
        times = "once" if places.total() == 1 else f"{places.total():,} times"
        said: list[nodes.Node] = [nodes.Text(f"Used {times}: ")]
        for number, (check, times) in enumerate(places.items()):
            notebook, _, id = check.partition(".ipynb#")
            said += [nodes.Text(", ")] if number else []
            said.append(link(self.env, f"{notebook}#{id}", id))
            said += [nodes.Text(f" ({times})")] if times > 1 else []
        return [*said, nodes.Text(".")]


def uses(derivations: Iterable[tuple[str, Iterable[Mapping[str, Any]]]]) -> Uses:
    """How often each rule leads to a line, by the place of the derivation, such as the ledger's."""
    found: Uses = {name: Counter() for name in RULES}
    for place, shown in derivations:
        for one in shown:
            for row in one["rows"]:
                if row["rule"]:
                    found[row["rule"]][place] += 1
    return found


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive with Sphinx."""
    app.add_directive("proof-rules", RulesDirective)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
