"""What boxes and tables on the pages are made of: links, badges, lists, equations, rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from docutils import nodes
from sphinx.environment import BuildEnvironment

from onekl.ledger import Row
from onekl.symbolic.notation import words_and_maths

# The letter of each word of a step, from the strongest to the weakest.
LETTERS = {
    "definition": "D",
    "choice": "C",
    "exact": "E",
    "holds if": "H",
    "heuristic": "A",
    "bound only": "B",
    "slip": "S",
}


def word_class(word: str) -> str:
    """The class that colours the mark of a word."""
    return "onekl-word-" + word.replace(" ", "-")


def mark(word: str) -> list[nodes.Node]:
    """The mark of a word, a letter in its colour, and a space after it."""
    return [
        nodes.inline("", LETTERS[word], classes=["onekl-mark", word_class(word)]),
        nodes.Text(" "),
    ]


def link(env: BuildEnvironment, target: str, text: str, *classes: str) -> nodes.reference:
    """A reference to `docname#anchor` from the page at hand."""
    docname, _, anchor = target.partition("#")
    uri = env.app.builder.get_relative_uri(env.docname, docname) + (f"#{anchor}" if anchor else "")
    return nodes.reference("", text, refuri=uri, internal=True, classes=list(classes))


def claim_link(env: BuildEnvironment, row: Row, text: str, *classes: str) -> nodes.reference:
    """A reference to the claim's box in its chapter."""
    return link(env, f"book/{row.chapter}#claim-{row.id}", text, *classes)


def badge(env: BuildEnvironment, row: Row) -> nodes.Node:
    """The verdict, linked to the proof; "not yet" for a claim that nothing has checked."""
    if row.verdict is None:
        return nodes.inline("", "not yet", classes=["onekl-badge", "onekl-none"])
    return link(env, row.check.replace(".ipynb", ""), row.verdict, "onekl-badge", style(row))


def style(row: Row) -> str:
    """The class that colours a verdict."""
    return "onekl-" + (row.verdict or "none").replace(" ", "-")


def box(id: str, *classes: str) -> nodes.container:
    """An empty box with an anchor."""
    return nodes.container(ids=[id], classes=["onekl-claim", *classes])


def head(*content: nodes.Node) -> nodes.paragraph:
    """The first line of a box."""
    return nodes.paragraph("", "", *content, classes=["onekl-claim-head"])


def equation(env: BuildEnvironment, latex: str) -> nodes.math_block:
    """A displayed equation; its number stands in the head of its box."""
    # An environment of its own: Sphinx would wrap lines in `split`.
    body = rf"\begin{{equation*}} {latex} \end{{equation*}}"
    return nodes.math_block(body, body, docname=env.docname, nowrap=True, number=None, label=None)


def sentences(lines: Iterable[str]) -> nodes.bullet_list:
    """Lines of plain words as a list."""
    return _bullets([nodes.Text(line)] for line in lines)


def formulas(lines: Iterable[str]) -> nodes.bullet_list:
    """Lines of LaTeX as a list, with their words as words, so that a line can break in them."""
    return _bullets(
        [
            nodes.Text(part) if kind == "words" else nodes.math(part, part)
            for kind, part in words_and_maths(line)
        ]
        for line in lines
    )


def headed_formulas(title: str, lines: Sequence[str] | None) -> list[nodes.Node]:
    """Lines of LaTeX as a list under a title; nothing where there are none."""
    return [nodes.paragraph("", title), formulas(lines)] if lines else []


def words_with_formulas(text: str) -> list[nodes.Node]:
    """Words with formulas between $ signs."""
    return [
        nodes.math(part, part) if index % 2 else nodes.Text(part)
        for index, part in enumerate(text.split("$"))
    ]


def table_row(cells: Iterable[Sequence[nodes.Node]], id: str | None = None) -> nodes.row:
    """A row of a table, with an anchor where `id` gives one."""
    entries = (nodes.entry("", nodes.paragraph("", "", *cell)) for cell in cells)
    return nodes.row("", *entries, ids=[id] if id else [])


def table(
    widths: Sequence[int], names: Iterable[str], rows: Iterable[nodes.row], kind: str
) -> nodes.container:
    """A table with the columns' names on top, in a container of the class `kind`."""
    columns = (nodes.colspec(colwidth=width) for width in widths)
    group = nodes.tgroup("", *columns, cols=len(widths))
    group += nodes.thead("", table_row([nodes.Text(name)] for name in names))
    group += nodes.tbody("", *rows)
    return nodes.container("", nodes.table("", group), classes=[kind])


def _bullets(items: Iterable[Sequence[nodes.Node]]) -> nodes.bullet_list:
    return nodes.bullet_list(
        "", *(nodes.list_item("", nodes.paragraph("", "", *item)) for item in items)
    )
