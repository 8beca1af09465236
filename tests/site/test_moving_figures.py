"""The live figure stands in a notebook's page where the notebook stores its picture."""

import json
from types import SimpleNamespace

import pytest

from onekl.chapters.vae.figure import GaussianKL
from onekl.figures.moving import MIME
from onekl_site.moving_figures import put_live_figures

STATE = {"mu": -2.0, "log_var": 1.0}  # not the start
STORED = {
    "text/plain": "GaussianKL(mu=-2.0, log_var=1.0)",
    "image/png": "iVBORw0KGgo=",
    MIME: {"chapter": "vae", "id": "onekl-vae", "state": STATE},
}
NUMBERS = {"text/plain": "2.0"}
NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "source": ["# Page"]},
        {"outputs": [{"data": NUMBERS}, {"data": STORED}, {"name": "stdout", "text": "2.0"}]},
        {"outputs": [{"data": STORED}]},
    ],
    "metadata": {"onekl": {}},
}
APP = SimpleNamespace(env=SimpleNamespace(doc2path="{}.ipynb".format))


def read(notebook):
    """What the site reads of a notebook."""
    source = [json.dumps(notebook)]
    put_live_figures(APP, "notebooks/vae-check", source)
    return json.loads(source[0])


def test_each_stored_figure_becomes_a_live_one_in_its_state():
    live = {"text/html": GaussianKL.html("onekl-vae", **STATE)}
    assert 'showOnPage(render, "onekl-vae", {"mu": -2.0, "log_var": 1.0})' in live["text/html"]
    first, *cells = NOTEBOOK["cells"]
    middle = {"outputs": [{"data": NUMBERS}, {"data": live}, cells[0]["outputs"][2]]}
    assert read(NOTEBOOK) == NOTEBOOK | {"cells": [first, middle, {"outputs": [{"data": live}]}]}


def test_a_page_that_is_no_notebook_stays_as_it_is():
    app, source = SimpleNamespace(env=SimpleNamespace(doc2path="{}.md".format)), ["# {Page"]
    put_live_figures(app, "book/vae", source)
    assert source == ["# {Page"]


@pytest.mark.parametrize(
    ("change", "message"),
    [({"chapter": "spiral"}, "no chapter 'spiral'"), ({"state": {"mu": 9}}, "mu is 9")],
)
def test_a_stored_figure_that_does_not_exist_is_an_error(change, message):
    with pytest.raises(ValueError, match=message):
        read({"cells": [{"outputs": [{"data": {MIME: STORED[MIME] | change}}]}]})
