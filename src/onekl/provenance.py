"""A Sphinx extension: the foot of a notebook's page says what its outputs came from.

``tools/execute.py`` writes ``{"profile", "device", "versions"}`` under the key ``onekl`` of a notebook's metadata,
and the template ``provenance.html`` prints it.
"""

import json


def add_provenance(app, pagename, templatename, context, doctree):
    """Put the notebook's record into the page's template context as ``provenance``.

    A page that is no notebook gets None.
    Raises ValueError when a notebook carries no record, because its outputs could then be of any origin.
    """
    source = context.get("page_source_suffix", "")
    context["provenance"] = None
    if source != ".ipynb":
        return
    record = app.env.metadata[pagename].get("onekl")
    if record is None:
        raise ValueError(f"{pagename}.ipynb does not say where its outputs come from; run tools/execute.py on it")
    # myst_nb hands nested metadata on as JSON text
    context["provenance"] = json.loads(record) if isinstance(record, str) else record


def setup(app):
    """Register the hook with Sphinx."""
    app.connect("html-page-context", add_provenance)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
