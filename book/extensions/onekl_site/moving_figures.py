"""The moving figures on the site: a directive, and the live figure in a notebook's page."""

from __future__ import annotations

import json

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from onekl.chapters import CHAPTERS, part
from onekl.figures.moving import MIME, MovingFigure


def moving_figure(chapter: str) -> type[MovingFigure]:
    """The figure of a chapter; ValueError for a chapter that does not exist or has none."""
    found = {one: module for one in CHAPTERS if (module := part(one, "figure"))}
    if chapter not in found:
        raise ValueError(
            f"there is no chapter {chapter!r} with a moving figure: it must be one of "
            f"{', '.join(found)}"
        )
    return found[chapter].FIGURE


class MovingFigureDirective(SphinxDirective):
    """`{moving-figure} joint_kl`: the chapter's figure, which computes in the reader's browser."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The figure's HTML, without another file."""
        chapter = self.arguments[0]
        try:
            html = moving_figure(chapter).html(f"moving-{chapter.replace('_', '-')}")
        except ValueError as problem:
            raise self.error(str(problem)) from None
        return [nodes.raw("", html, format="html")]


def put_live_figures(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put the live figure, in its state, where a notebook's output holds its still picture."""
    if not str(app.env.doc2path(docname)).endswith(".ipynb"):
        return
    notebook = json.loads(source[0])
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            if (stored := output.get("data", {}).get(MIME)) is not None:
                figure = moving_figure(stored["chapter"])
                output["data"] = {"text/html": figure.html(stored["id"], **stored["state"])}
    source[0] = json.dumps(notebook)


def setup(app: Sphinx) -> dict:
    """Register the directive, and the hook that reads a notebook's source."""
    app.add_directive("moving-figure", MovingFigureDirective)
    app.connect("source-read", put_live_figures)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
