"""The Sphinx extension of a notebook's foot: it says what the notebook's outputs came from.

`tools/execute.py` writes `{"profile", "device", "versions"}` under the key `onekl` of a notebook's
metadata, and the template `provenance.html` prints it.
"""

from __future__ import annotations

import json
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)


def add_provenance(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Put what made a notebook's outputs into its page's template context as `provenance`.

    A page that is no notebook gets None.
    So does a notebook that does not say it, with a warning: its outputs could be of any origin.
    """
    context["provenance"] = None
    if context.get("page_source_suffix") != ".ipynb":
        return
    said = app.env.metadata[pagename].get("onekl")
    if said:
        # myst_nb hands nested metadata on as JSON text.
        context["provenance"] = json.loads(said)
        return
    LOGGER.warning("%s.ipynb does not say what its outputs came from: run make notebooks", pagename)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the hook with Sphinx."""
    app.connect("html-page-context", add_provenance)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
