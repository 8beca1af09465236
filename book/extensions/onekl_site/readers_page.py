"""The Sphinx extension of the page "Readers ask": `chapter-questions` gathers the chapters' own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from onekl.chapters import CHAPTERS
from onekl.claims.inventory import inventory
from onekl_site.elements import link, words_with_formulas
from onekl_site.ledger_page import READERS

SECTION = "Readers ask"


class QuestionsDirective(SphinxDirective):
    """`{chapter-questions}`: the questions of the chapters' pages, and how each answer begins."""

    def run(self) -> list[nodes.Node]:
        """A list of links for each chapter that has such questions, in reading order."""
        found = []
        for chapter in CHAPTERS:
            page = Path(self.env.srcdir) / "book" / f"{chapter}.md"
            if f"book/{chapter}" in self.env.found_docs:
                self.env.note_dependency(str(page))
                found += self._chapter(chapter, page.read_text(encoding="utf-8"))
        return found

    def _chapter(self, chapter: str, text: str) -> list[nodes.Node]:
        items = [self._item(chapter, *one) for one in questions(text)]
        title = re.search(r"^# (.+)$", text, re.M)[1]
        named = nodes.paragraph("", "", nodes.strong("", title))
        return [named, nodes.bullet_list("", *items)] if items else []

    def _item(self, chapter: str, question: str, answer: str) -> nodes.list_item:
        target = link(self.env, f"book/{chapter}#{SECTION.lower().replace(' ', '-')}", "")
        target += words_with_formulas(question)
        inline, messages = self.state.inline_text(answer, self.lineno)
        return nodes.list_item(
            "", nodes.paragraph("", "", target, nodes.Text(" "), *inline, *messages)
        )


def questions(page: str) -> list[tuple[str, str]]:
    """The questions of a page's section, each with the first two sentences of its answer.

    One with the box of a readers' question of the inventory is left out.
    """
    readers = {id for id, entry in inventory().items() if entry.source == READERS}
    section = page.partition(f"\n## {SECTION}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^\*\*(.+?)\*\*\n(.*?)(?=^\*\*|\Z)", section, re.M | re.S)
    return [
        (question, " ".join(answer.split("\n\n")[0].splitlines()[:2]))
        for question, answer in blocks
        if readers.isdisjoint(re.findall(r"\{claim\} ([\w-]+)", answer))
    ]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive with Sphinx."""
    app.add_directive("chapter-questions", QuestionsDirective)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
