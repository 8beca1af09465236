"""The Sphinx extension of the page "Slips and silent premises": the ledger and the audit on a page.

It covers two sources, the article with its readers' questions and the notes on AVB.
Directives: `not-exact` prints their entries with the given verdicts beside what is true;
`audit` prints a table or the counts of the audit of the printed equations.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import partial
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from onekl.chapters import claim
from onekl.ledger import Row
from onekl.reading.nodes import printed
from onekl_site.article import in_the_article
from onekl_site.audit import ROLES, accounts, running_text, symbols, unbound, unnamed
from onekl_site.claim_boxes import premises, refuted
from onekl_site.elements import (
    badge,
    box,
    claim_link,
    equation,
    head,
    table,
    table_row,
    words_with_formulas,
)
from onekl_site.ledger_page import SHORT, audited
from onekl_site.printed_line import has_print, printed_line, true_lines

Lines = list[tuple[str, ...]]
AS_PRINTED = (None, "exact", "definition", "choice")  # what the page of slips does not list


class NotExactDirective(SphinxDirective):
    """`{not-exact} slip, heuristic`: the entries with these verdicts, and what is true instead."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """A box for each entry."""
        verdicts = re.split(r",\s*", self.arguments[0])
        boxes = [self._box(row) for row in audited(self.env) if row.verdict in verdicts]
        return boxes or [nodes.paragraph("", "None.")]

    def _box(self, row: Row) -> nodes.container:
        filled = box(f"entry-{row.id}", "onekl-entry")
        name = nodes.strong("", "", claim_link(self.env, row, row.id))
        place = [nodes.Text(f" {row.source}, "), in_the_article(row), nodes.Text(" ")]
        filled += head(name, *place, badge(self.env, row))
        filled += nodes.paragraph("", row.words)
        if row.empirical:
            filled += nodes.paragraph("", f"Measured with {row.seeds} seeds: {row.effect}.")
        else:
            filled += self._mathematics(row)
        return filled

    def _mathematics(self, row: Row) -> list[nodes.Node]:
        if has_print(row):
            return [
                *printed_line(self.env, row),
                *refuted(row),
                *true_lines(self.env, row),
                *premises(row),
            ]
        heading = nodes.paragraph("", "True instead:" if row.refuted else "Proved:")
        proved = (equation(self.env, line) for line in claim(row.id).equations())
        return [*refuted(row), heading, *proved, *premises(row)]


class AuditDirective(SphinxDirective):
    """`{audit} unbound`: one table of the audit, its counts, or how many entries have a verdict."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The table or the sentence; an error for a name that does not exist."""
        name = self.arguments[0]
        if name == "counts":
            return [nodes.paragraph("", _counts())]
        if name == "progress":
            return [nodes.paragraph("", _progress(audited(self.env)))]
        if name == "overview":
            return [self._overview()]
        if name not in TABLES:
            raise self.error(
                f"there is no table {name!r} of the audit: "
                f"use counts, overview, progress, {', '.join(TABLES)}"
            )
        columns, lines = TABLES[name]
        rows = (table_row(map(words_with_formulas, line)) for line in lines())
        return [table([1] * len(columns), columns, rows, "onekl-audit")]

    def _overview(self) -> nodes.Node:
        """A line for each entry: a link to its box, its place, its word, what it says."""
        listed = [row for row in audited(self.env) if row.verdict not in AS_PRINTED]
        rows = (
            table_row(
                (
                    [nodes.reference("", row.id, refid=f"entry-{row.id}", internal=True)],
                    [nodes.Text(SHORT[row.source])],
                    [in_the_article(row)],
                    [badge(self.env, row)],
                    [nodes.Text(row.words)],
                )
            )
            for row in listed
        )
        names = ("entry", "source", "where", "word", "what it says")
        return table((1, 1, 1, 1, 5), names, rows, "onekl-audit")


def _counts() -> str:
    """What has been accounted for, in one sentence."""
    total = Counter()
    for latex in printed().values():
        total += symbols(latex)
    roles = Counter()
    for account in accounts():
        roles[account.role] += account.times
    kinds = ", ".join(f"{role} {roles[role]}" for role in ROLES)
    return (
        f"{len(printed())} equations, {sum(total.values())} symbols in them, "
        f"{len(total)} of them different; by role: {kinds}."
    )


def _progress(rows: list[Row]) -> str:
    """How many of the rows have a verdict, which verdicts, and which rows have none."""
    kinds = Counter(row.verdict for row in rows if row.verdict).most_common()
    missing = [row.id for row in rows if row.verdict is None]
    said = (
        f"{len(rows) - len(missing)} of {len(rows)} entries have a verdict: "
        f"{', '.join(f'{count} {kind}' for kind, count in kinds)}."
    )
    return f"{said} Not checked yet: {', '.join(missing)}." if missing else said


def _slips(*kinds: str) -> Lines:
    return [
        (SHORT[slip.source], slip.place, slip.printed, slip.meant, slip.why)
        for slip in running_text()
        if slip.kind in kinds
    ]


def _unbound() -> Lines:
    remarks = _remarks()
    return [
        (id, f"${use.variable}$", f"${use.within}$", remarks[id, use.variable])
        for id, latex in printed().items()
        for use in unbound(latex)
    ]


def _read_otherwise() -> Lines:
    return [
        (account.equation, f"${account.symbol}$", account.introduced, account.remark)
        for account in accounts()
        if account.introduced == "nowhere" or account.remark.startswith("must be")
    ]


def _unnamed() -> Lines:
    remarks = _remarks()
    return [
        (id, f"${name}$", remarks[id, name])
        for id, latex in printed().items()
        for name in unnamed(latex)
    ]


def _remarks() -> dict[tuple[str, str], str]:
    """The accounts' remarks by equation and symbol."""
    return {(account.equation, account.symbol): account.remark for account in accounts()}


TEXT = ("source", "where", "printed", "meant, or true", "why")
TABLES = {
    "letters": (TEXT, partial(_slips, "letter")),
    "sentences": (TEXT, partial(_slips, "word", "sentence")),
    "unbound": (("equation", "variable", "in", "what to read"), _unbound),
    "read-otherwise": (("equation", "symbol", "introduced", "remark"), _read_otherwise),
    "unnamed": (("equation", "varied", "remark"), _unnamed),
}


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives with Sphinx."""
    app.add_directive("not-exact", NotExactDirective)
    app.add_directive("audit", AuditDirective)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
