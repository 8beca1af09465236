"""The Sphinx extension of the front page's figure: the article as a tree of links with verdicts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from onekl_site.elements import badge, claim_link, link, style
from onekl_site.framework_tree import DIRECTIONS, Branch, Choice, Direction, branches
from onekl_site.ledger_page import audited, rows


class FrameworkDirective(SphinxDirective):
    """`{framework}`: the root, the two directions, a card for each model, its claims as links."""

    def run(self) -> list[nodes.Node]:
        """The tree."""
        root, *models = branches()
        directions = (
            self._direction(direction, (model for model in models if model.direction == name))
            for name, direction in DIRECTIONS.items()
        )
        top = _container("root", *map(self._node, root.nodes), self._chips(root.chapters))
        return [_container("framework", top, *directions)]

    def _direction(self, direction: Direction, models: Iterable[Branch]) -> nodes.container:
        formula, words = nodes.math("", direction.formula), nodes.Text(" " + direction.words)
        cards = _container("branches", *map(self._branch, models))
        return _container("direction", nodes.paragraph("", "", formula, words), cards)

    def _branch(self, branch: Branch) -> nodes.container:
        page = link(self.env, f"book/{branch.chapters[0]}", branch.model)
        title = nodes.paragraph("", "", page, classes=["onekl-model"])
        choices = map(self._node, branch.nodes)
        return _container("branch", title, *choices, self._chips(branch.chapters))

    def _node(self, node: Choice) -> nodes.container:
        """A choice: its words, its formula as a link to the claim, and the claim's verdict."""
        row = rows(self.env)[node.claim]
        target = claim_link(self.env, row, "")
        target += nodes.math("", node.formula)
        words = nodes.paragraph("", node.words + " ", classes=["onekl-words"])
        words += badge(self.env, row)
        return _container("node", words, nodes.paragraph("", "", target))

    def _chips(self, chapters: tuple[str, ...]) -> nodes.paragraph:
        """A small link in its verdict's colour for each claim of the sources that are audited."""
        line = nodes.paragraph("", "", classes=["onekl-chips"])
        for row in audited(self.env):
            if row.chapter in chapters:
                chip = claim_link(self.env, row, row.id, "onekl-chip", style(row))
                chip["reftitle"] = f"{row.verdict or 'not yet'}: {row.words}"
                line += [chip, nodes.Text(" ")]
        return line


def _container(name: str, *children: nodes.Node) -> nodes.container:
    return nodes.container("", *children, classes=[f"onekl-{name}"])


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive with Sphinx."""
    app.add_directive("framework", FrameworkDirective)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
