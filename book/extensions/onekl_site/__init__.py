"""The Sphinx extension of the book: what only the site's build needs."""

from __future__ import annotations

from sphinx.application import Sphinx

PARTS = ("claim_boxes", "moving_figures", "framework", "museum", "audit_tables", "origin")


def setup(app: Sphinx) -> dict:
    """Register every part with Sphinx."""
    for part in PARTS:
        app.setup_extension(f"{__name__}.{part}")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
