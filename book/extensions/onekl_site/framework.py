"""The Sphinx extension of the front page: `framework` draws the article as a tree of links with the ledger's verdicts."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from onekl_site.audit_tables import _audited
from onekl_site.claim_boxes import _badge, _link, _rows
from onekl_site.framework_tree import DIRECTIONS, ROOT, Branch, Choice, Direction


class FrameworkDirective(SphinxDirective):
    """`{framework}`: the root, the two directions, a card for each model, and all claims of its chapters as small links."""

    def run(self) -> list[nodes.Node]:
        root = self._container("root", self._node(ROOT), self._chips(("joint_kl",)))
        return [self._container("framework", root, *map(self._direction, DIRECTIONS))]

    def _direction(self, direction: Direction) -> nodes.container:
        head = nodes.paragraph(
            "", "", nodes.math("", direction.formula), nodes.Text(" " + direction.words)
        )
        branches = self._container("branches", *map(self._branch, direction.branches))
        return self._container("direction", head, branches)

    def _branch(self, branch: Branch) -> nodes.container:
        title = nodes.paragraph(
            "",
            "",
            _link(self.env, f"book/{branch.chapters[0]}", branch.model),
            classes=["onekl-model"],
        )
        return self._container(
            "branch", title, *map(self._node, branch.nodes), self._chips(branch.chapters)
        )

    def _node(self, node: Choice) -> nodes.container:
        """A choice: its words, its formula as a link to the claim, and the claim's verdict."""
        row = _rows(self.env)[node.claim]
        link = _link(self.env, f"book/{row.chapter}#claim-{row.id}", "")
        link += [nodes.math("", node.formula)]
        words = nodes.paragraph("", node.words + " ", classes=["onekl-words"])
        words += [_badge(self.env, row)]
        return self._container("node", words, nodes.paragraph("", "", link))

    def _chips(self, chapters: tuple[str, ...]) -> nodes.paragraph:
        """A small link for each claim of the chapters that the article or its readers make, in the colour of its verdict."""
        line = nodes.paragraph("", "", classes=["onekl-chips"])
        for row in _audited(self.env):
            if row.chapter in chapters:
                style = "onekl-" + (row.verdict or "none").replace(" ", "-")
                link = _link(
                    self.env, f"book/{row.chapter}#claim-{row.id}", row.id, "onekl-chip", style
                )
                link["reftitle"] = f"{row.verdict or 'not yet'}: {row.words}"
                line += [link, nodes.Text(" ")]
        return line

    @staticmethod
    def _container(name: str, *children: nodes.Node) -> nodes.container:
        return nodes.container("", *children, classes=[f"onekl-{name}"])


def setup(app: Sphinx) -> dict:
    app.add_directive("framework", FrameworkDirective)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
