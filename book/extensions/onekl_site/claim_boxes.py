"""The Sphinx extension of the book: claims, their badges and the ledger, read from the executed check notebooks.

Directives: `claim` prints a claim's equations with number, badge and premises; `claims-ledger` the whole table;
`claims-summary` one line of counts. The role `claim` links to a claim.
"""

from __future__ import annotations

import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, SphinxRole

from onekl.chapters import claim, stated_claims
from onekl.claims.check import REFUTED
from onekl.claims.inventory import entry
from onekl.ledger import Row, ledger
from onekl.symbolic.notation import words_and_maths

LEDGER_PAGE = "book/ledger"


def _rows(env) -> dict[str, Row]:
    """The ledger, read once a build; every page that uses it depends on the notebooks."""
    folder = Path(env.srcdir) / "notebooks"
    for path in folder.glob("*.ipynb"):
        env.note_dependency(str(path))
    if not hasattr(env.app, "onekl_rows"):
        env.app.onekl_rows = {row.id: row for row in ledger(folder)}
    return env.app.onekl_rows


def _link(env, target: str, text: str, *classes: str) -> nodes.reference:
    """A reference to `docname#anchor` from the page at hand."""
    docname, _, anchor = target.partition("#")
    uri = env.app.builder.get_relative_uri(env.docname, docname) + (f"#{anchor}" if anchor else "")
    return nodes.reference("", text, refuri=uri, internal=True, classes=list(classes))


def _badge(env, row: Row) -> nodes.Node:
    """The verdict, linked to the proof; "not yet" for a claim that nothing has checked."""
    if row.verdict is None:
        return nodes.inline("", "not yet", classes=["onekl-badge", "onekl-none"])
    style = "onekl-" + row.verdict.replace(" ", "-")
    return _link(env, row.check.replace(".ipynb", ""), row.verdict, "onekl-badge", style)


def _listed(lines) -> nodes.bullet_list:
    """Lines of LaTeX as a list, with their words as words, so that a line can break between them."""
    parts = (
        [
            nodes.Text(part) if kind == "words" else nodes.math(part, part)
            for kind, part in words_and_maths(line)
        ]
        for line in lines
    )
    return nodes.bullet_list(
        "", *(nodes.list_item("", nodes.paragraph("", "", *line)) for line in parts)
    )


def _premises(line: str, lines: list[str] | None) -> list[nodes.Node]:
    return [nodes.paragraph("", line), _listed(lines)] if lines else []


def _facts(row: Row) -> str:
    if row.empirical:
        return f"{row.seeds} seeds; see the training notebook"
    equivalent = f" ({row.mutants_equivalent} equivalent)" if row.mutants_equivalent else ""
    return (
        f"{row.mutants_rejected} of {row.mutants_total} mutants rejected{equivalent}; "
        f"{row.numeric_instances:,} random instances, largest error {row.max_error:.0e}"
    )


class ClaimDirective(SphinxDirective):
    """`{claim} su-4`: the claim's equations from the claim object, its number, badge, premises and evidence."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        try:
            row = _rows(self.env)[entry(self.arguments[0]).id]
            equations = (
                [] if row.empirical and row.id not in stated_claims() else claim(row.id).equations()
            )
        except ValueError as problem:
            raise self.error(str(problem)) from None
        box = nodes.container(ids=[f"claim-{row.id}"], classes=["onekl-claim"])
        head = nodes.paragraph(
            "",
            "",
            nodes.strong("", row.id),
            nodes.Text(f" {row.source}, {row.number} "),
            _badge(self.env, row),
        )
        head["classes"].append("onekl-claim-head")
        box += [head, nodes.paragraph("", row.words)]
        box += [
            self._equation(line, row.id if index == 0 else None)
            for index, line in enumerate(equations)
        ]
        box += _premises(REFUTED.get(row.verdict, "").capitalize() + ":", row.refuted) + _premises(
            "It holds if:", row.premises
        )
        if row.empirical:
            box += [
                nodes.paragraph("", row.effect),
                nodes.bullet_list(
                    "", *(nodes.list_item("", nodes.paragraph("", line)) for line in row.conditions)
                ),
            ]
        box += nodes.paragraph("", _facts(row), classes=["onekl-claim-facts"])
        return [box]

    def _equation(self, latex: str, tag: str | None) -> nodes.math_block:
        # An environment of its own: Sphinx would wrap lines in `split`, which allows no tag.
        numbered = rf"{latex} \tag{{{tag}}}" if tag else latex
        body = rf"\begin{{equation*}} {numbered} \end{{equation*}}"
        return nodes.math_block(
            body, body, docname=self.env.docname, nowrap=True, number=None, label=None
        )


class ClaimRole(SphinxRole):
    """`{claim}`su-4``: a link to where the reader meets the claim, with its verdict as the style."""

    def run(self):
        try:
            found = entry(self.text)
        except ValueError as problem:
            return [], [self.inliner.reporter.error(str(problem), line=self.lineno)]
        row = _rows(self.env)[found.id]
        place = (
            f"book/{row.chapter}#claim-{row.id}"
            if row.verdict
            else f"{LEDGER_PAGE}#ledger-{row.id}"
        )
        return [_link(self.env, place, row.id, "onekl-claim-link")], []


class LedgerDirective(SphinxDirective):
    """`{claims-ledger}`: every claim of the inventory with its verdict and what showed it."""

    HEAD = ("claim", "verdict", "what it says", "where", "mutants", "instances", "largest error")

    def run(self) -> list[nodes.Node]:
        group = nodes.tgroup(
            "",
            *(nodes.colspec(colwidth=width) for width in (8, 10, 50, 14, 10, 10, 10)),
            cols=len(self.HEAD),
        )
        group += nodes.thead(
            "", nodes.row("", *(nodes.entry("", nodes.paragraph("", name)) for name in self.HEAD))
        )
        group += nodes.tbody("", *(self._row(row) for row in _rows(self.env).values()))
        return [nodes.container("", nodes.table("", group), classes=["onekl-ledger"])]

    def _row(self, row: Row) -> nodes.row:
        name = (
            _link(self.env, f"book/{row.chapter}#claim-{row.id}", row.id)
            if row.verdict
            else nodes.Text(row.id)
        )
        counts = ["", "", ""]
        if row.empirical:
            counts = ["", f"{row.seeds} seeds", ""]
        elif row.verdict:
            counts = [
                f"{row.mutants_rejected}/{row.mutants_total}",
                f"{row.numeric_instances:,}",
                f"{row.max_error:.0e}",
            ]
        where = nodes.Text(f"{row.source} {row.number}")
        cells = [
            name,
            _badge(self.env, row),
            nodes.Text(row.words),
            where,
            *map(nodes.Text, counts),
        ]
        return nodes.row(
            "",
            *(nodes.entry("", nodes.paragraph("", "", cell)) for cell in cells),
            ids=[f"ledger-{row.id}"],
        )


class SummaryDirective(SphinxDirective):
    """`{claims-summary}`: how many claims are checked, and by how much."""

    def run(self) -> list[nodes.Node]:
        rows = list(_rows(self.env).values())
        done = [row for row in rows if row.verdict]
        proved = [row for row in done if not row.empirical]
        text = (
            f"{len(done)} of {len(rows)} claims checked so far: {sum(r.mutants_rejected for r in proved):,} wrong versions rejected, "
            f"{sum(r.numeric_instances for r in proved):,} random instances tried."
        )
        return [nodes.paragraph("", text, classes=["onekl-summary"])]


def _anchor_claim_headings(app: Sphinx, doctree: nodes.document) -> None:
    """A check notebook's heading "su-4: …" gets the anchor `su-4`, and "bug-4: …" `bug-4`, which the badges point to."""
    for section in doctree.findall(nodes.section):
        match = re.match(r"((?:su|rq|gt|sn|avb|bug)-[a-z]?\d+)\b", section[0].astext())
        if match and match[1] not in section["ids"]:
            section["ids"].append(match[1])  # not first: the first id carries the section number


def setup(app: Sphinx) -> dict:
    app.add_directive("claim", ClaimDirective)
    app.add_directive("claims-ledger", LedgerDirective)
    app.add_directive("claims-summary", SummaryDirective)
    app.add_role("claim", ClaimRole())
    app.connect("doctree-read", _anchor_claim_headings)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
