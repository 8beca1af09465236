"""A Sphinx extension: the foot of a notebook's page says what its outputs came from.

``tools/execute.py`` writes ``{"profile", "device", "versions"}`` under the key ``onekl`` of a notebook's metadata,
and the template ``provenance.html`` prints it.
"""

import json


def add_provenance(app, pagename, templatename, context, doctree):
    """Put the notebook's record into the page's template context as ``provenance``.

    A page that is no notebook gets None.
    So does a notebook without a record, with a warning, because its outputs could be of any origin.
    """
    context["provenance"] = None
    if context.get("page_source_suffix") != ".ipynb":
        return
    record = app.env.metadata[pagename].get("onekl")
    if record:
        # myst_nb hands nested metadata on as JSON text
        context["provenance"] = json.loads(record)
        return
    from sphinx.util import logging

    logging.getLogger(__name__).warning(
        "%s.ipynb does not say what its outputs came from: run make notebooks", pagename
    )


def setup(app):
    """Register the hook with Sphinx."""
    app.connect("html-page-context", add_provenance)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
