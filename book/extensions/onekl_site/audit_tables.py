"""The Sphinx extension of the pages "Slips and silent premises" and "Readers ask": the ledger and the audit as pages.

Directives: `not-exact` prints the article's entries with the given verdicts beside what is true; `audit` prints a table
or the counts of the audit of the printed equations; `chapter-questions` gathers the chapters' sections "Readers ask".
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from onekl.chapters import CHAPTERS, claim
from onekl.claims.check import REFUTED
from onekl.claims.printed import printed
from onekl.ledger import Row
from onekl_site.audit import ROLES, accounts, running_text, symbols, unbound, unnamed
from onekl_site.claim_boxes import ClaimDirective, _badge, _link, _premises, _rows

SOURCES = ("Su 2018", "Readers' questions")
SECTION = "Readers ask"


def _audited(env) -> list[Row]:
    """The ledger's rows of the article and of its readers."""
    return [row for row in _rows(env).values() if row.source in SOURCES]


class NotExactDirective(ClaimDirective):
    """`{not-exact} slip, heuristic`: the entries with these verdicts: what is printed, what is true, and why."""

    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        verdicts = re.split(r",\s*", self.arguments[0])
        boxes = [self._box(row) for row in _audited(self.env) if row.verdict in verdicts]
        return boxes or [nodes.paragraph("", "None.")]

    def _box(self, row: Row) -> nodes.container:
        box = nodes.container(ids=[f"entry-{row.id}"], classes=["onekl-claim", "onekl-entry"])
        name = _link(self.env, f"book/{row.chapter}#claim-{row.id}", row.id)
        head = nodes.paragraph(
            "", "", nodes.strong("", "", name), nodes.Text(f" {row.number} "), _badge(self.env, row)
        )
        head["classes"].append("onekl-claim-head")
        box += [head, nodes.paragraph("", row.words)]
        if row.id in printed():
            box += [nodes.paragraph("", "Printed:"), self._equation(printed()[row.id], None)]
        box += self._experiment(row) if row.empirical else self._mathematics(row)
        return box

    def _mathematics(self, row: Row) -> list[nodes.Node]:
        refuted = _premises(REFUTED.get(row.verdict, "").capitalize() + ":", row.refuted)
        stated = claim(
            row.id
        )  # an entry in words needs the definitions that its claim prints first
        lines = (
            [statement.display() for statement in stated.statements]
            if row.id in printed()
            else stated.equations()
        )
        proved = [self._equation(line, None) for line in lines]
        heading = nodes.paragraph("", "True instead:" if row.refuted else "Proved:")
        return [*refuted, heading, *proved, *_premises("It holds if:", row.premises)]

    def _experiment(self, row: Row) -> list[nodes.Node]:
        return [nodes.paragraph("", f"Measured with {row.seeds} seeds: {row.effect}.")]


class AuditDirective(SphinxDirective):
    """`{audit} unbound`: one table of the audit, its counts, or how many entries have a verdict."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        if self.arguments[0] == "counts":
            return [nodes.paragraph("", _counts())]
        if self.arguments[0] == "progress":
            return [nodes.paragraph("", _progress(_audited(self.env)))]
        if self.arguments[0] not in TABLES:
            raise self.error(
                f"there is no table {self.arguments[0]!r} of the audit: use counts, progress, {', '.join(TABLES)}"
            )
        head, rows = TABLES[self.arguments[0]]
        return [_table(head, rows())]


class QuestionsDirective(SphinxDirective):
    """`{chapter-questions}`: the questions of the chapters' sections "Readers ask", linked, with how each answer begins."""

    def run(self) -> list[nodes.Node]:
        found = []
        for chapter in CHAPTERS:
            page = Path(self.env.srcdir) / "book" / f"{chapter}.md"
            if f"book/{chapter}" in self.env.found_docs:
                self.env.note_dependency(str(page))
                found += self._chapter(chapter, page.read_text(encoding="utf-8"))
        return found

    def _chapter(self, chapter: str, text: str) -> list[nodes.Node]:
        listed = nodes.bullet_list()
        for question, answer in questions(text):
            link = _link(self.env, f"book/{chapter}#{SECTION.lower().replace(' ', '-')}", "")
            link += _words(question)
            inline, messages = self.state.inline_text(answer, self.lineno)
            listed += nodes.list_item(
                "", nodes.paragraph("", "", link, nodes.Text(" "), *inline, *messages)
            )
        title = re.search(r"^# (.+)$", text, re.M)[1]
        return [nodes.paragraph("", "", nodes.strong("", title)), listed] if len(listed) else []


def questions(page: str) -> list[tuple[str, str]]:
    """The questions of a page's section, each with the first two sentences of its answer's first paragraph.

    One that a readers' question's own box answers is left out.
    """
    section = page.partition(f"\n## {SECTION}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^\*\*(.+?)\*\*\n(.*?)(?=^\*\*|\Z)", section, re.M | re.S)
    return [
        (question, " ".join(answer.split("\n\n")[0].splitlines()[:2]))
        for question, answer in blocks
        if "{claim} rq-" not in answer
    ]


def _words(text: str) -> list[nodes.Node]:
    """Words with formulas between $ signs."""
    return [
        nodes.math(part, part) if index % 2 else nodes.Text(part)
        for index, part in enumerate(text.split("$"))
    ]


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> nodes.container:
    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in head), cols=len(head))
    row = lambda cells: nodes.row(
        "", *(nodes.entry("", nodes.paragraph("", "", *_words(cell))) for cell in cells)
    )
    group += [nodes.thead("", row(head)), nodes.tbody("", *map(row, rows))]
    return nodes.container("", nodes.table("", group), classes=["onekl-audit"])


def _counts() -> str:
    """What has been accounted for, in one sentence."""
    total = Counter()
    for latex in printed().values():
        total += symbols(latex)
    roles = Counter()
    for account in accounts():
        roles[account.role] += account.times
    kinds = ", ".join(f"{role} {roles[role]}" for role in ROLES)
    return f"{len(printed())} equations, {sum(total.values())} symbols in them, {len(total)} of them different; by role: {kinds}."


def _progress(rows: list[Row]) -> str:
    """How many of the article's and its readers' entries have a verdict, which verdicts, and which entries have none."""
    kinds = Counter(row.verdict for row in rows if row.verdict)
    missing = [row.id for row in rows if row.verdict is None]
    said = f"{len(rows) - len(missing)} of {len(rows)} entries have a verdict: {', '.join(f'{count} {kind}' for kind, count in kinds.most_common())}."
    return f"{said} Not checked yet: {', '.join(missing)}." if missing else said


def _unbound_rows() -> list[tuple[str, ...]]:
    remarks = {(a.equation, a.symbol): a.remark for a in accounts()}
    found = [(id, use) for id, latex in printed().items() for use in unbound(latex)]
    return [
        (id, f"${use.variable}$", f"${use.within}$", remarks[id, use.variable]) for id, use in found
    ]


def _read_otherwise() -> list[tuple[str, ...]]:
    return [
        (a.equation, f"${a.symbol}$", a.introduced, a.remark)
        for a in accounts()
        if a.introduced == "nowhere" or a.remark.startswith("must be")
    ]


def _unnamed_rows() -> list[tuple[str, ...]]:
    remarks = {(a.equation, a.symbol): a.remark for a in accounts()}
    return [
        (id, f"${name}$", remarks[id, name])
        for id, latex in printed().items()
        for name in unnamed(latex)
    ]


def _slips(kinds: tuple[str, ...]):
    return lambda: [
        (slip.place, slip.printed, slip.meant, slip.why)
        for slip in running_text()
        if slip.kind in kinds
    ]


TEXT = ("where", "printed", "meant, or true", "why")
TABLES = {
    "letters": (TEXT, _slips(("letter",))),
    "sentences": (TEXT, _slips(("word", "sentence"))),
    "unbound": (("equation", "variable", "in", "what to read"), _unbound_rows),
    "read-otherwise": (("equation", "symbol", "introduced", "remark"), _read_otherwise),
    "unnamed": (("equation", "varied", "remark"), _unnamed_rows),
}


def setup(app: Sphinx) -> dict:
    app.setup_extension("onekl_site.claim_boxes")
    app.add_directive("not-exact", NotExactDirective)
    app.add_directive("audit", AuditDirective)
    app.add_directive("chapter-questions", QuestionsDirective)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
