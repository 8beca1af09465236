"""The Sphinx extension of claims: a directive `claim` for the box, a role `claim` for a link."""

from __future__ import annotations

from itertools import chain
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, SphinxRole

from onekl.chapters import claim, stated_claims
from onekl.claims.inventory import entry
from onekl.claims.report import REFUTED
from onekl.ledger import Row
from onekl_site import evidence
from onekl_site.article import in_the_article
from onekl_site.elements import (
    badge,
    box,
    claim_link,
    equation,
    head,
    headed_formulas,
    link,
    sentences,
)
from onekl_site.ledger_page import PAGE, rows
from onekl_site.printed_line import has_print, printed_line, true_lines
from onekl_site.proofs import proof


class ClaimDirective(SphinxDirective):
    """`{claim} su-4`: the claim's equations with number, badge, premises, proof and evidence."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The box; an error for an id that does not exist or that no chapter states."""
        found = rows(self.env)  # an inconsistent ledger is no page's error: it stops the build
        try:
            row = found[entry(self.arguments[0]).id]
            lines = self._lines(row)
        except ValueError as problem:
            raise self.error(str(problem)) from None
        where = [nodes.Text(f" {row.source}, "), in_the_article(row), nodes.Text(" ")]
        filled = box(f"claim-{row.id}")
        filled += head(nodes.strong("", row.id), *where, badge(self.env, row))
        filled += nodes.paragraph("", row.words)
        filled += lines
        filled += premises(row) + self._additions(row)
        if row.empirical:
            filled += [nodes.paragraph("", row.effect), sentences(row.conditions)]
        facts = nodes.paragraph("", _evidence(row), classes=["onekl-claim-facts"])
        filled += proof(self.env, row.shown, facts) if row.shown else facts
        if row.id in stated_claims():
            rests = link(self.env, f"book/graph#{row.id}", "What it rests on, and what rests on it")
            filled += nodes.paragraph("", "", rests, classes=["onekl-claim-facts"])
        return [filled]

    def _lines(self, row: Row) -> list[nodes.Node]:
        """What is printed with its marks, or the claim's equations where nothing is printed."""
        if has_print(row):
            return [*printed_line(self.env, row), *refuted(row), *true_lines(self.env, row)]
        return [*(equation(self.env, one) for one in _equations(row)), *refuted(row)]

    def _additions(self, row: Row) -> list[nodes.Node]:
        """What the book shows beside the claim, each with a word of its own."""
        shown: list[nodes.Node] = []
        if row.id not in stated_claims():
            return shown
        for statement, addition in zip(claim(row.id).also, row.additions):
            shown.append(nodes.paragraph("", f"Shown beside it ({addition['verdict']}):"))
            shown.append(equation(self.env, statement.display()))
            shown += headed_formulas("It holds if:", addition["premises"])
        return shown


def refuted(row: Row) -> list[nodes.Node]:
    """What was refuted, under the words that the verdict has for it; nothing where nothing was."""
    return headed_formulas(REFUTED.get(row.verdict, "").capitalize() + ":", row.refuted)


def premises(row: Row) -> list[nodes.Node]:
    """The premises by where they come from: left unsaid, stated in the source, taken on trust."""
    return [
        *_left_unsaid(row),
        *headed_formulas("Stated in the source:", row.stated),
        *headed_formulas("Taken on trust, and used by no proof here:", row.trusted),
    ]


def _left_unsaid(row: Row) -> list[nodes.Node]:
    """What the source leaves unsaid; by its steps, where these need different premises."""
    by_step = {s["place"]: s["premises"] for s in row.steps or () if s["premises"]}
    if all(set(some) == set(row.premises) for some in by_step.values()):
        return headed_formulas("It holds if:", row.premises)
    shown = [headed_formulas(f"{place} holds if:", some) for place, some in by_step.items()]
    said = {premise for some in by_step.values() for premise in some}
    rest = [premise for premise in row.premises if premise not in said]
    return [*chain.from_iterable(shown), *headed_formulas("What is shown of it holds if:", rest)]


def _equations(row: Row) -> list[str]:
    """The claim's equations, each once; an experiment that is stated in words alone has none."""
    if row.empirical and row.id not in stated_claims():
        return []
    return list(dict.fromkeys(claim(row.id).equations()))


def _evidence(row: Row) -> str:
    if row.empirical:
        return f"{row.seeds} seeds; see the training notebook"
    if row.repeats:
        return f"repeats {row.repeats}; nothing is counted again"
    return f"{evidence.mutants(vars(row))}; {evidence.together(row.shown).text()}"


class ClaimRole(SphinxRole):
    """`{claim}`su-4``: a link to the claim's box, or to the ledger while nothing has checked it."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """The link; an error for an id that does not exist."""
        found = rows(self.env)
        try:
            row = found[entry(self.text).id]
        except ValueError as problem:
            return [], [self.inliner.reporter.error(str(problem), line=self.lineno)]
        if row.verdict:
            return [claim_link(self.env, row, row.id, "onekl-claim-link")], []
        return [link(self.env, f"{PAGE}#ledger-{row.id}", row.id, "onekl-claim-link")], []


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive and the role with Sphinx."""
    app.add_directive("claim", ClaimDirective)
    app.add_role("claim", ClaimRole())
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
