"""Anchors in the executed notebooks: a heading "su-4: …" gets the anchor `su-4`."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

from onekl.claims.inventory import inventory, questions
from onekl_site.ledger_page import ledger_rows, own_rows

LOGGER = logging.getLogger(__name__)
NOTEBOOKS = "notebooks/"  # where the documents lie that badges point to


def anchor_headings(
    document: nodes.document, docname: str, known: Collection[str], wanted: Collection[str]
) -> None:
    """Give the first heading that begins with a known id that id as its anchor.

    `wanted` are the ids whose badges point to this page: one without a heading is a warning.
    """
    headings: dict[str, nodes.section] = {}
    for section in document.findall(nodes.section):
        headings.setdefault(re.match(r"[\w-]*", section[0].astext())[0], section)
    for id, section in headings.items():
        if id in known and id not in section["ids"]:
            section["ids"].append(id)  # not first: the first id carries the section number
    for id in wanted:
        if id not in headings:
            LOGGER.warning(
                "no heading begins with %r, where its badge points", id, location=docname
            )


def _anchor_claims(app: Sphinx, document: nodes.document) -> None:
    docname = app.env.docname
    if not docname.startswith(NOTEBOOKS):
        return
    everything = (ledger_rows(app) | own_rows(app)).values()
    reported = [row.id for row in everything if row.check == f"{docname}.ipynb#{row.id}"]
    anchor_headings(document, docname, inventory() | questions(), reported)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the hook with Sphinx."""
    app.connect("doctree-read", _anchor_claims)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
