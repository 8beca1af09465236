"""The loop of a notebook: each edit of what it rests on changes it, and nothing else does."""

import ast
import re

import nbformat
import pytest

from onekl.training.loop import constants_of, loop_of, records_of, statements
from paths import TRAINING

new = nbformat.v4
EACH = re.MULTILINE | re.DOTALL
SETUP = '''\
%pip install --quiet onekl
import math, copy
from onekl.training.run import Run, device
numbers = settings(quick={"rate": 1}, full={"rate": 2})
scale = 3
title = "a picture"'''
HELPERS = '''\
LOWEST = 2 * math.log(0.005)
sizes = {"hidden": 8}

def deeper(x):
    """Go deeper."""
    return x + scale

def drawn(x):
    title = x
    return title'''
LOOP = '''\
RATES = (1, 2)

class Net:
    """A net."""
    width = sizes["hidden"]

def train():
    """Train."""
    for step in Run("a").steps(3):
        loss = deeper(step) * f"{RATES!r}"  # su-4
    return loss'''
AFTER = 'values = train()\nrecord("made", numbers, range(3), values)\nscale = 4'


def written(tmp_path, *cells, tagged=(2,)):
    path = tmp_path / "made-train.ipynb"
    made = [new.new_code_cell(source, id=f"cell-{place}") for place, source in enumerate(cells)]
    for place in tagged:
        made[place].metadata.tags = ["loop"]
    nbformat.write(new.new_notebook(cells=[new.new_markdown_cell("# One"), *made]), path)
    return path


@pytest.fixture
def loop(tmp_path):
    """The loop of the toy notebook after an edit of its cells."""

    def of(old="", new_text=""):
        cells = [one.replace(old, new_text) for one in (SETUP, HELPERS, LOOP, AFTER)]
        assert not old or cells != [SETUP, HELPERS, LOOP, AFTER]
        return loop_of(written(tmp_path, *cells))

    return of


def test_the_loop_has_the_tagged_cells_and_what_they_use(loop):
    assert list(loop()) == ["Run", "scale", "sizes", "deeper", "RATES", "Net", "train"]


@pytest.mark.parametrize(
    "old, new_text, label",
    [
        ("RATES = (1, 2)", "RATES = (1, 3)", "RATES"),
        ("deeper(step) *", "deeper(step) +", "train"),
        ("steps(3)", "steps(4)", "train"),
        ('"hidden": 8', '"hidden": 9', "sizes"),
        ("scale = 3", "scale = 5", "scale"),
        ("x + scale", "x - scale", "deeper"),
        ('sizes["hidden"]', '2 * sizes["hidden"]', "Net"),
        ("{RATES!r}", "{RATES!s}", "train"),
        ("import Run, device", "import Walk as Run, device", "Run"),
        ('sizes = {"hidden": 8}', 'sizes = {"hidden": 8}\nsizes["depth"] = 2', "sizes (2)"),
        ('sizes = {"hidden": 8}', 'sizes = {"hidden": 8}\nsizes.clear()', "sizes (2)"),
        ("\nclass Net", "\nRATES = RATES[:1]\nclass Net", "RATES (2)"),
    ],
)
def test_an_edit_of_the_loop_changes_its_part(loop, old, new_text, label):
    before, after = loop(), loop(old, new_text)
    differ = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    assert label in differ and len(differ) == 1


@pytest.mark.parametrize(
    "old, new_text",
    [
        ("  # su-4", "  # su-5"),
        ('    """Train."""\n', ""),
        ('"""Go deeper."""', "'''Go\n\n    deeper.'''"),
        ('    """A net."""\n', ""),
        ("RATES = (1, 2)", "RATES = (\n    1,  # one\n    2,\n)"),
        ("Run, device", "Run, profile, device"),
        ("import math, copy", "import math, copy, json"),
        ('title = "a picture"', 'title = "another picture"'),
        ("return title", "return 2 * title"),
        ("LOWEST = 2", "LOWEST = 3"),
        ("scale = 4", "scale = 5"),
        ("%pip install --quiet onekl", "%pip install onekl"),
    ],
)
def test_another_edit_changes_nothing(loop, old, new_text):
    assert loop(old, new_text) == loop()


def test_digests_are_the_same_for_every_version_of_python():
    """What a later syntax tree has more is left out; the digests were found with Python 3.11."""
    source = "def f(x: int) -> str:\n    return f'{x!r:>{3}}' 'a'"
    (statement,) = statements(source)
    assert statement.digest == "fbf661ca2f81"
    statement.node.type_params = []
    statement.node._fields = (*statement.node._fields, "type_params")
    assert statement.digest == "fbf661ca2f81"


def test_constants_are_names_in_capitals_and_literals_with_plain_values(tmp_path):
    cells = (
        SETUP,
        "LIMIT, NET = math.log(2), object()\nsizes = {'a': (1, None)}\nresult = train()",
    )
    path = written(tmp_path, *cells, tagged=(1,))
    names = {"LIMIT": 0.7, "NET": object(), "sizes": {"a": (1, None)}, "result": 3, "scale": 3}
    assert constants_of(path, names) == {"LIMIT": 0.7, "sizes": {"a": [1, None]}}


def test_records_are_found_by_their_calls(tmp_path):
    path = written(tmp_path, SETUP, HELPERS, LOOP, AFTER + '\nlong = recorded("other")')
    assert records_of(path) == ["made"]


@pytest.mark.parametrize(
    "cells, tagged, words",
    [
        (["a = 1"], (), "no cell of .* has the tag 'loop'; tag those"),
        (["a = ("], (0,), "the cell cell-0 of .* is no Python: .*line 1"),
    ],
)
def test_a_notebook_without_a_readable_loop_is_one_clear_line(tmp_path, cells, tagged, words):
    with pytest.raises(ValueError, match=words) as told:
        loop_of(written(tmp_path, *cells, tagged=tagged))
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("text", ["", "[1]", '{"cells": 3}', '{"worksheets": []}'])
def test_what_is_no_notebook_is_one_clear_line(tmp_path, text):
    path = tmp_path / "made.ipynb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="made.ipynb is no notebook of format 4"):
        loop_of(path)
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        loop_of(tmp_path / "none.ipynb")


@pytest.mark.parametrize("path", TRAINING, ids=lambda path: path.stem)
def test_each_function_that_a_loop_of_the_book_uses_is_part_of_it(path, tmp_path):
    """With the cells that train tagged, an edit of a function that they use is seen."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code" and ".steps(" in cell.source:
            cell.metadata.tags = ["loop"]
    copy = tmp_path / "copy.ipynb"
    nbformat.write(notebook, copy)
    functions = [
        one
        for cell in notebook.cells
        if cell.cell_type == "code"
        for one in statements(cell.source)
        if isinstance(one.node, ast.FunctionDef)
    ]
    used = {one.digest for one in functions} & {*loop_of(copy).values()}
    for cell in notebook.cells:
        if cell.cell_type == "code" and "%pip" not in cell.source:
            cell.source = re.sub(r"^(def .*?:\n)", r"\1    changed = 1\n", cell.source, flags=EACH)
    nbformat.write(notebook, copy)
    assert used and not used & {*loop_of(copy).values()}
