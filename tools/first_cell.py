"""Put the first code cell, whose one source is `first_cell.ipy` beside this file, into notebooks.

Usage: `first_cell.py NOTEBOOK…`. Outputs and everything else in a notebook stay as they are.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import nbformat

SOURCE = Path(__file__).with_name("first_cell.ipy")


def first_cell() -> str:
    """The text of the cell, without a line break at its end."""
    return SOURCE.read_text(encoding="utf-8").rstrip("\n")


def put(path: Path) -> bool:
    """Put the cell into the notebook `path`; whether that changed it.

    ValueError where the notebook's first code cell is another one: it does not install `onekl`.
    """
    notebook = nbformat.read(path, as_version=4)
    cell = next((cell for cell in notebook.cells if cell.cell_type == "code"), None)
    if cell is None or "%pip install" not in cell.source or "onekl" not in cell.source:
        raise ValueError(f"{path}: the first code cell does not install onekl; put one there")
    if cell.source == first_cell():
        return False
    cell.source = first_cell()
    nbformat.write(notebook, path)
    return True


def main(paths: Iterable[str]) -> None:
    """Put the cell into every notebook, and print those that it changed."""
    for path in map(Path, paths):
        if put(path):
            print(path)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (ValueError, OSError) as error:
        sys.exit(str(error))
