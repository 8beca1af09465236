"""Execute notebooks in place, and keep only what is the same on every machine.

Usage: `execute.py NOTEBOOK...`.
Each notebook runs in a fresh kernel in its own folder, with a fresh folder for checkpoints.
The profile is ONEKL_PROFILE's, or the one that the package finds.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat
import sympy
from nbclient import NotebookClient
from nbformat import NotebookNode

from onekl.figures.moving import MIME as FIGURE
from onekl.figures.panel import VIEW as WIDGET_VIEW

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
ORIGIN = "import json; from onekl.training.run import provenance; print(json.dumps(provenance()))"


def execute(notebook: NotebookNode, path: Path) -> dict[str, Any]:
    """Run `notebook` as the file `path`, and return what made its outputs (see `origin`).

    Raises nbclient's CellExecutionError when a cell fails.
    """
    place = {"metadata": {"path": path.parent}}
    client = NotebookClient(
        notebook, kernel_name="python3", timeout=1800, resources=place, coalesce_streams=True
    )
    with tempfile.TemporaryDirectory() as checkpoints:
        os.environ["ONEKL_CHECKPOINTS"] = checkpoints
        with client.setup_kernel():
            for index, cell in enumerate(notebook.cells):
                client.execute_cell(cell, index)
            notebook.metadata["language_info"] = {"name": "python"}
            return origin(client, notebook, path)


def origin(client: NotebookClient, notebook: NotebookNode, path: Path) -> dict[str, Any]:
    """The outputs' {"profile", "device", "versions"}: a training notebook's own, or a check's."""
    if path.stem.endswith("-check"):
        versions = {"sympy": sympy.__version__}
        return {
            "profile": "symbolic (the same on every machine)",
            "device": "CPU",
            "versions": versions,
        }
    notebook.cells.append(nbformat.v4.new_code_cell(ORIGIN))
    client.execute_cell(notebook.cells[-1], len(notebook.cells) - 1)
    return json.loads(notebook.cells.pop().outputs[0].text)


def clean(notebook: NotebookNode) -> None:
    """Strip what differs from run to run: widget views and their state, timings, colours."""
    notebook.metadata = {key: notebook.metadata[key] for key in ("language_info", "onekl")}
    notebook.metadata["kernelspec"] = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    for cell in notebook.cells:
        for noise in ("execution", "ExecuteTime", "collapsed"):
            cell.metadata.pop(noise, None)
        if cell.cell_type == "code":
            cell.outputs = [without_colours(out) for out in cell.outputs if not is_transient(out)]
            for out in cell.outputs:
                out.get("data", {}).pop(WIDGET_VIEW, None)


def is_transient(output: NotebookNode) -> bool:
    """Whether the output is a widget that shows nothing without a kernel.

    A progress bar is one; a moving figure and a panel, which has a picture of its stills, are not.
    """
    data = output.get("data", {})
    return WIDGET_VIEW in data and not {FIGURE, "image/png"} & data.keys()


def without_colours(output: NotebookNode) -> NotebookNode:
    """The output with the terminal's colour codes taken out of its text."""
    if "text" in output:
        output.text = ESCAPE.sub("", output.text)
    return output


def main(paths: Iterable[str]) -> None:
    """Execute each notebook of `paths` and write it back."""
    for path in map(Path, paths):
        notebook = nbformat.read(path, as_version=4)
        notebook.metadata["onekl"] = execute(notebook, path)
        clean(notebook)
        nbformat.write(notebook, path)
        print(f"{path}: profile {notebook.metadata['onekl']['profile']}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: execute.py NOTEBOOK...")
    main(sys.argv[1:])
