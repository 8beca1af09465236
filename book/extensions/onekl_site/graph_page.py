"""The Sphinx extension of the page of the graph: each claim between what it rests on and its uses.

The page is a list; its script, `graph.js`, shows one claim of it at a time.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from onekl.chapters import CHAPTERS
from onekl.graph import Link, Node, Weak, graph
from onekl_site.claim_boxes import premises
from onekl_site.elements import LETTERS, badge, claim_link, link, mark, word_class
from onekl_site.ledger_page import rows
from onekl_site.proofs import RULES_PAGE, anchor

SAID = {
    "reads": "{claim} reads {places}",
    "within": "a side or a term of {on} stands in {claim}",
    "shows": "{on} shows {places}",
    "repeats": "{claim} repeats {on}",
}
WEAK = {"slip": "is a slip", "bound only": "is only a bound"}


class GraphDirective(SphinxDirective):
    """`{claims-graph} su-19`: all claims with their two lists; the script starts with this one."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The claims by their chapters; an error where the first one is none of them."""
        self.rows = rows(self.env)
        found = graph(self.rows)
        if self.arguments[0] not in found:
            raise self.error(f"the graph has no claim {self.arguments[0]!r}")
        shown = _container("graph")
        for chapter in CHAPTERS:
            title = (import_module(f"onekl.chapters.{chapter}").__doc__ or "").rstrip(".\n")
            some = {id: node for id, node in found.items() if self.rows[id].chapter == chapter}
            shown += [nodes.rubric("", title)] if some else []
            shown += [self._entry(id, node) for id, node in some.items()]
        return [shown]

    def _entry(self, id: str, node: Node) -> nodes.container:
        row = self.rows[id]
        name = claim_link(self.env, row, id, "onekl-claim-link")
        where = nodes.Text(f" {row.source}, {row.number} ")
        head = nodes.paragraph("", "", *_mark(row.verdict), name, where, badge(self.env, row))
        weak = (_weak(node, one) for one in node.weak)
        entry = _container("graph-entry")
        entry["ids"] = [id]
        entry["classes"] += ["onekl-graph-start"] if id == self.arguments[0] else []
        entry += [
            _container("graph-claim", head, nodes.paragraph("", row.words), *weak),
            self._list("Rests on", ((one.on, one) for one in node.rests_on)),
            self._list("Used by", ((one.claim, one) for one in node.used_by)),
            _container("graph-facts", *self._rules(node.rules), *premises(row)),
        ]
        return entry

    def _list(self, title: str, links: Iterable[tuple[str, Link]]) -> nodes.container:
        """The other claims as links, each with how the two are linked."""
        said: dict[str, list[str]] = {}
        for other, one in links:
            places = ", ".join(one.places) or one.on
            words = SAID[one.how].format(claim=one.claim, on=one.on, places=places)
            said.setdefault(other, []).append(words)
        cards = (self._card(other, "; ".join(hows)) for other, hows in said.items())
        listed = nodes.bullet_list("", *cards) if said else nodes.paragraph("", "No other claim.")
        name = "graph-" + title.lower().replace(" ", "-")
        return _container(name, nodes.paragraph("", title), listed)

    def _card(self, id: str, how: str) -> nodes.list_item:
        row = self.rows[id]
        target = _here(id, "", *_mark(row.verdict), nodes.strong("", id))
        target += nodes.Text(f" {row.words}")
        said = nodes.paragraph("", how, classes=["onekl-claim-facts"])
        return nodes.list_item("", nodes.paragraph("", "", target), said)

    def _rules(self, names: Iterable[str]) -> list[nodes.Node]:
        """The rules of its proofs as links."""
        line = nodes.paragraph("", "Rules of its proofs: ")
        for number, name in enumerate(names):
            line += nodes.Text("; " if number else "")
            line += link(self.env, f"{RULES_PAGE}#{anchor(name)}", name)
        return [line] if names else []


def _weak(node: Node, weak: Weak) -> nodes.paragraph:
    """That a claim rests on a slip or a bound: the way there, the step, what is read beside it."""
    on = weak.place.partition(".")[0]
    read = [p for one in node.rests_on if (one.on, one.how) == (on, "reads") for p in one.places]
    line = nodes.paragraph("", "", *_mark(weak.word), nodes.Text("Rests "))
    for other in weak.through:
        line += [nodes.Text("through "), _here(other, other), nodes.Text(" ")]
    beside = f"; it reads {', '.join(read)}" if read else ""
    said = nodes.Text(f", where {weak.place} {WEAK[weak.word]}{beside}")
    line += [nodes.Text("on "), _here(on, on), said]
    return line


def _mark(word: str) -> list[nodes.Node]:
    """The mark of a verdict; the whole word where it is that of an experiment."""
    if word in LETTERS:
        return mark(word)
    return [nodes.inline("", word, classes=["onekl-mark", word_class(word)]), nodes.Text(" ")]


def _here(id: str, text: str, *content: nodes.Node) -> nodes.reference:
    """A link to another claim on the page."""
    return nodes.reference("", text, *content, refid=id, internal=True)


def _container(name: str, *children: nodes.Node) -> nodes.container:
    return nodes.container("", *children, classes=[f"onekl-{name}"])


def _add_script(app: Sphinx, page: str, template: str, context: Any, tree: Any) -> None:
    """Give the page of the graph its script and its style."""
    if tree and any("onekl-graph" in one["classes"] for one in tree.findall(nodes.container)):
        app.add_js_file("graph.js", loading_method="defer")
        app.add_css_file("graph.css")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive and the hook with Sphinx."""
    app.add_directive("claims-graph", GraphDirective)
    app.connect("html-page-context", _add_script)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
