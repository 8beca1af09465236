"""The Sphinx extension of the ledger: the table of all claims, its line of counts, three numbers.

Directives: `claims-ledger` prints the whole table, `own-questions` that of the book's own
questions, `claims-summary` one line of counts, `printed-signs` another of the printed signs,
`trusted-premises` what is taken on trust, `examiner-parts` what of the examiner each kind of claim
needs beside its core.
The substitution `{{ claims }}` is the number of claims in the inventory, `{{ examiner }}` that of
the examiner's lines, `{{ examiner_core }}` that of the lines of its core.
"""

from __future__ import annotations

from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

from onekl.claims.inventory import inventory
from onekl.ledger import Row, answers, ledger
from onekl_site.elements import (
    LETTERS,
    badge,
    claim_link,
    formulas,
    mark,
    table,
    table_row,
    words_with_formulas,
)
from onekl_site.evidence import together

PAGE = "book/ledger"
EXAMINER_CORE = ("lines", "relations", "evaluate", "bounded")  # as the method page lists them
# What a claim of each kind needs of the examiner besides.
EXAMINER_PARTS = {
    "every claim: its random instances": ("batch", "draw"),
    "sums and integrals on the real line": ("real_line", "continuous"),
    "vectors": ("vectors",),
    "a parameter, an expansion, a derivative": ("families", "jets", "expansions"),
    "an optimum": ("optima",),
    "a change of variables": ("mapped",),
    "a limit; 30 digits where rounding could hide an error": ("narrowing", "high_precision"),
    "one explicit example": ("given",),
}
ARTICLE, READERS, NOTES = SOURCES = ("Su 2018", "Readers' questions", "AVB reading notes")
SHORT = {ARTICLE: "article", READERS: "readers", NOTES: "AVB notes"}  # for the columns of tables


def ledger_rows(app: Sphinx) -> dict[str, Row]:
    """The ledger by the claims' ids, read once a build; LedgerError as `ledger` raises it."""
    if not hasattr(app, "onekl_rows"):
        app.onekl_rows = {row.id: row for row in ledger(Path(app.srcdir) / "notebooks")}
    return app.onekl_rows


def own_rows(app: Sphinx) -> dict[str, Row]:
    """The book's own questions by id, read once a build; LedgerError as `answers` raises it."""
    if not hasattr(app, "onekl_answers"):
        app.onekl_answers = {row.id: row for row in answers(Path(app.srcdir) / "notebooks")}
    return app.onekl_answers


def rows(env: BuildEnvironment) -> dict[str, Row]:
    """The ledger for the page at hand, which then depends on the notebooks."""
    _depend_on_notebooks(env)
    return ledger_rows(env.app)


def _depend_on_notebooks(env: BuildEnvironment) -> None:
    for path in (Path(env.srcdir) / "notebooks").glob("*.ipynb"):
        env.note_dependency(str(path))


def audited(env: BuildEnvironment) -> list[Row]:
    """The ledger's rows of the sources that are read from end to end."""
    return [row for row in rows(env).values() if row.source in SOURCES]


class LedgerDirective(SphinxDirective):
    """`{claims-ledger}`: every claim of the inventory with its verdict and what showed it."""

    HEAD = ("claim", "verdict", "what it says", "where", "mutants", "instances", "figure")
    WIDTHS = (8, 10, 46, 14, 8, 8, 18)

    def run(self) -> list[nodes.Node]:
        """The table."""
        lines = (self._row(row) for row in rows(self.env).values())
        return [table(self.WIDTHS, self.HEAD, lines, "onekl-ledger")]

    def _row(self, row: Row) -> nodes.row:
        name = claim_link(self.env, row, row.id) if row.verdict else nodes.Text(row.id)
        texts = (row.words, f"{row.source} {row.number}", *_evidence(row))
        cells = [name, badge(self.env, row), *map(nodes.Text, texts)]
        return table_row(([cell] for cell in cells), id=f"ledger-{row.id}")


class QuestionsDirective(SphinxDirective):
    """`{own-questions}`: what the book itself asked, with the verdict of its recorded run."""

    HEAD = ("question", "verdict", "what was asked", "what was found", "seeds")
    WIDTHS = (12, 12, 34, 46, 8)

    def run(self) -> list[nodes.Node]:
        """The table."""
        _depend_on_notebooks(self.env)
        lines = [
            table_row(
                [
                    [nodes.Text(row.id)],
                    [badge(self.env, row)],
                    words_with_formulas(row.words),
                    [nodes.Text(row.effect)],
                    [nodes.Text(str(row.seeds))],
                ],
                id=f"ledger-{row.id}",
            )
            for row in own_rows(self.env.app).values()
        ]
        return [table(self.WIDTHS, self.HEAD, lines, "onekl-ledger")]


def _evidence(row: Row) -> tuple[str, str, str]:
    """What showed it: mutants, instances or seeds, and the figures of each kind."""
    if row.verdict is None:
        return "", "", ""
    if row.empirical:
        return "", f"{row.seeds} seeds", ""
    mutants = f"{row.mutants_rejected}/{row.mutants_total}"
    return mutants, f"{row.instances:,}", together(row.shown).figure


class SummaryDirective(SphinxDirective):
    """`{claims-summary}`: how many claims are checked, and by how much."""

    def run(self) -> list[nodes.Node]:
        """The line of counts."""
        everything = list(rows(self.env).values())
        done = [row for row in everything if row.verdict]
        proved = [row for row in done if not row.empirical]
        text = (
            f"{len(done)} of {len(everything)} claims checked so far: "
            f"{sum(row.mutants_rejected for row in proved):,} wrong versions rejected, "
            f"{sum(row.instances for row in proved):,} random instances tried."
        )
        return [nodes.paragraph("", text, classes=["onekl-summary"])]


class SignsDirective(SphinxDirective):
    """`{printed-signs}`: how many signs the sources print, and how many have which word."""

    def run(self) -> list[nodes.Node]:
        """The line of counts, the number first; each word with its mark."""
        equations = [row for row in rows(self.env).values() if row.steps]
        words = Counter(s["verdict"] for row in equations for s in row.steps if s["sign"])
        line = nodes.paragraph("", classes=["onekl-summary"])
        line += nodes.Text(
            f"{words.total()} signs in the {len(equations)} equations that the two sources print: "
        )
        for place, word in enumerate(w for w in LETTERS if w in words):
            line += nodes.Text(", " if place else "")
            line += [*mark(word), nodes.Text(f"{words[word]} {word}")]
        line += nodes.Text(".")
        return [line]


class TrustedDirective(SphinxDirective):
    """`{trusted-premises}`: how many premises are taken on trust, and which, with their claims."""

    def run(self) -> list[nodes.Node]:
        """The count, and a line for each premise with links to its claims."""
        claims: dict[str, list[Row]] = {}
        for row in rows(self.env).values():
            for premise in row.trusted or ():
                claims.setdefault(premise, []).append(row)
        verb = "premise is" if len(claims) == 1 else "premises are"
        shown = nodes.paragraph("", f"{len(claims)} {verb} taken on trust:")
        lines = formulas(claims)
        for item, found in zip(lines, claims.values()):
            for row in found:
                item[0] += [nodes.Text(" "), claim_link(self.env, row, row.id)]
        return [shown, lines]


class ExaminerDirective(SphinxDirective):
    """`{examiner-parts}`: what each kind of claim needs beside the examiner's core, with lines."""

    HEAD, WIDTHS = ("a claim on", "files", "lines"), (40, 40, 10)

    def run(self) -> list[nodes.Node]:
        """The table."""
        lines = _lines("onekl.examiner")
        found = [
            (kind, ", ".join(f"{name}.py" for name in names), sum(lines[f"{n}.py"] for n in names))
            for kind, names in EXAMINER_PARTS.items()
        ]
        shown = (table_row([[nodes.Text(str(cell))] for cell in row]) for row in found)
        return [table(self.WIDTHS, self.HEAD, shown, "onekl-ledger")]


def _provide_numbers(app: Sphinx, config: Config) -> None:
    """Let the prose take the number of claims from the inventory, and the examiner's lines."""
    examiner = _lines("onekl.examiner")
    found = {
        "claims": len(inventory()),
        "examiner": f"{sum(examiner.values()):,}",
        "examiner_core": sum(examiner[f"{name}.py"] for name in EXAMINER_CORE),
    }
    config.myst_substitutions = {**config.myst_substitutions, **found}


def _lines(package: str) -> dict[str, int]:
    """How many lines each Python file of a package has, with comments and docstrings."""
    modules = (one for one in files(package).iterdir() if one.name.endswith(".py"))
    return {one.name: len(one.read_text(encoding="utf-8").splitlines()) for one in modules}


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives and the substitution with Sphinx."""
    app.add_directive("claims-ledger", LedgerDirective)
    app.add_directive("own-questions", QuestionsDirective)
    app.add_directive("claims-summary", SummaryDirective)
    app.add_directive("printed-signs", SignsDirective)
    app.add_directive("trusted-premises", TrustedDirective)
    app.add_directive("examiner-parts", ExaminerDirective)
    app.connect("config-inited", _provide_numbers)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
