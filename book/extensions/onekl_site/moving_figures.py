"""The directive `moving-figure`: a chapter's figure, which computes in the reader's browser."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from onekl.chapters import CHAPTERS, part


class MovingFigureDirective(SphinxDirective):
    """`{moving-figure} joint_kl`: the moving figure of a chapter."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The figure's HTML; an error for a chapter that does not exist or has no figure."""
        chapter = self.arguments[0]
        found = part(chapter, "figure") if chapter in CHAPTERS else None
        if found is None:
            raise self.error(f"no chapter {chapter!r} has a moving figure")
        return [
            nodes.raw("", found.FIGURE.html(f"moving-{chapter.replace('_', '-')}"), format="html")
        ]


def setup(app: Sphinx) -> dict:
    """Register the directive with Sphinx."""
    app.add_directive("moving-figure", MovingFigureDirective)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
