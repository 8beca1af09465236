"""The lessons: short, narrow, with described pictures, a panel, and things to try.

A lesson is `NAME-train.ipynb`; long comparisons stand in `NAME-trial.ipynb`.
"""

import unicodedata

import nbformat
import pytest

from onekl.figures.panel import VIEW
from paths import NOTEBOOKS, TRAINING

LESSONS = sorted(path.stem for path in NOTEBOOKS.glob("*-train.ipynb"))
LINES, CELL, COLUMNS = 200, 40, 88  # design.md: of a lesson, of a cell, of a line
ALT = 40  # letters, of the shortest description of a picture that says something


def read(name):
    return nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)


def code_cells(name):
    """The lesson's own code: the first cell installs the package, and is the same everywhere."""
    return [cell for cell in read(name).cells if cell.cell_type == "code"][1:]


def code_lines(cell):
    """Its lines of code, without empty lines and comments."""
    lines = map(str.strip, cell.source.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def columns(line):
    """The width of a line: p̃ is one column, although it is two characters."""
    return sum(not unicodedata.combining(one) for one in line)


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_is_short(name):
    sizes = {cell.id: len(code_lines(cell)) for cell in code_cells(name)}
    assert {id: size for id, size in sizes.items() if size > CELL} == {}
    assert sum(sizes.values()) <= LINES


@pytest.mark.parametrize("path", TRAINING, ids=lambda path: path.stem)
def test_no_line_is_wider_than_the_page(path):
    lines = [line for cell in code_cells(path.stem) for line in cell.source.splitlines()]
    assert [line for line in lines if columns(line) > COLUMNS] == []


@pytest.mark.parametrize("path", TRAINING, ids=lambda path: path.stem)
def test_marks_for_the_test_runner_are_tags(path):
    assert [cell.id for cell in code_cells(path.stem) if "NBVAL" in cell.source] == []


def pictures(name):
    return [
        cell
        for cell in code_cells(name)
        if any("image/png" in output.get("data", {}) for output in cell.outputs)
    ]


@pytest.mark.parametrize("path", TRAINING, ids=lambda path: path.stem)
def test_each_picture_has_a_description(path):
    """In the cell's metadata, where the site takes it from."""
    shown = {
        cell.id: cell.metadata.get("mystnb", {}).get("image", {}) for cell in pictures(path.stem)
    }
    assert {id: image for id, image in shown.items() if len(image.get("alt", "")) < ALT} == {}


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_ends_in_a_panel_and_things_to_try(name):
    """The panel's stills stand on the page; the outcomes of what is to try are folded."""
    cells = read(name).cells
    headings = [cell.source.splitlines()[0] for cell in cells if cell.cell_type == "markdown"]
    assert "## What to look for" in headings and headings[-1] == "## Change it and see"
    assert 2 <= cells[-1].source.count("<details>") <= 3
    assert cells[-1].source.count("</details>") == cells[-1].source.count("<details>")
    assert "panel" in cells[-2].metadata.get("tags", []) and "Panel(" in cells[-2].source
    assert any("image/png" in output.get("data", {}) for output in cells[-2].outputs)
    assert not any(VIEW in output.get("data", {}) for output in cells[-2].outputs)
    # JupyterLab keeps the arrow keys for itself, so a Dropdown there needs the mouse
    assert "Dropdown(" not in cells[-2].source


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_writes_its_tables_by_the_one_writer(name):
    """No columns are put beside each other by hand; a verdict is compared."""
    sources = [cell.source for cell in code_cells(name)]
    assert any("Table(" in source for source in sources)
    assert not any(".rjust(" in source or ".ljust(" in source for source in sources)
    marked = [c for c in code_cells(name) if "nbval-check-output" in c.metadata.get("tags", [])]
    assert marked
