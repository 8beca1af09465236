"""Point the first cells of a folder's notebooks at this checkout, and print that cell.

Usage: `colab.py FOLDER`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat

from repository import ROOT, current


def redirect(path: Path) -> str:
    """Replace the repository's address in the first code cell of the notebook `path`.

    Returns the cell's source.
    Raises ValueError when the cell does not install from that address.
    """
    notebook = nbformat.read(path, as_version=4)
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code")
    address = f"git+{current(ROOT)}"
    if f'"onekl @ {address}"' not in cell.source:
        raise ValueError(f"{path.name}: the first cell does not install onekl from {address}")
    cell.source = cell.source.replace(address, ROOT.as_uri())
    nbformat.write(notebook, path)
    return cell.source


if __name__ == "__main__":
    cells = {redirect(path) for path in sorted(Path(sys.argv[1]).glob("*.ipynb"))}
    if len(cells) != 1:
        sys.exit(f"the notebooks have {len(cells)} different first cells, not one")
    print(cells.pop())
