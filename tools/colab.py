"""Point the first cells of a folder's notebooks at this checkout, and print that cell.

Usage: `colab.py FOLDER`.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import nbformat

from first_cell import first_cell
from repository import ROOT


def redirect(path: Path) -> str:
    """Replace the address and the tag in the first code cell of the notebook `path`.

    Returns the cell's source.
    Raises ValueError when the cell is not that of `first_cell.ipy`.
    """
    notebook = nbformat.read(path, as_version=4)
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code")
    if cell.source != first_cell():
        raise ValueError(f"{path.name} has another first cell: run `make first-cell`")
    cell.source = re.sub(r'(?<="onekl @ )[^"]+', ROOT.as_uri(), cell.source)
    nbformat.write(notebook, path)
    return cell.source


if __name__ == "__main__":
    cells = {redirect(path) for path in sorted(Path(sys.argv[1]).glob("*.ipynb"))}
    if len(cells) != 1:
        sys.exit(f"the notebooks have {len(cells)} different first cells, not one")
    print(cells.pop())
