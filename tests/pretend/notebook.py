"""A training notebook, run cell by cell in this process."""

from __future__ import annotations

import ast
import contextlib
import io
import re
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import nbformat
from IPython.core.inputtransformer2 import TransformerManager

from pretend.cut import cut_made_settings
from pretend.lines import CELL, remember

# What a run says that was stopped and goes on: the one on the CPU is not stopped.
RESUMED = re.compile(r"^.* resumed at step .*\n", re.MULTILINE)


class Played(NamedTuple):
    """What a notebook left: its names, and for each cell what it printed and ended in."""

    names: dict[str, Any]
    printed: dict[str, str]
    ends: dict[str, Any]


def play(path, given, draw):
    """Run every code cell of the notebook, as Jupyter would, and cut settings that a cell makes.

    `given` is what `pretend.cut.cut_settings` takes.
    With `draw` the figures are laid out too, which is when matplotlib reads some of its data.
    """
    played = Played({"__name__": "__main__"}, {}, {})
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                played.ends[cell.id] = run_cell(cell.id, cell.source, played.names)
                cut_made_settings(played.names, given)
                for number in plt.get_fignums() if draw else ():
                    plt.figure(number).draw_without_rendering()
            plt.close("all")
            played.printed[cell.id] = RESUMED.sub("", printed.getvalue())
    return played


def run_cell(name, source, names):
    """Run a cell's source with the names of the cells before it, and return its last value."""
    source, file = TransformerManager().transform_cell(source), f"{CELL}{name}"
    remember(file, source)
    body = ast.parse(source, file)
    last = body.body.pop() if body.body and isinstance(body.body[-1], ast.Expr) else None
    exec(compile(body, file, "exec"), names)
    return eval(compile(ast.Expression(last.value), file, "eval"), names) if last else None
