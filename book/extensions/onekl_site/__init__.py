"""The Sphinx extension of the book: what only the site's build needs."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

PARTS = (
    "ledger_page",
    "proofs",
    "claim_boxes",
    "anchors",
    "moving_figures",
    "framework",
    "museum",
    "rules_page",
    "graph_page",
    "audit_tables",
    "readers_page",
    "origin",
)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register every part with Sphinx."""
    for part in PARTS:
        app.setup_extension(f"{__name__}.{part}")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
