"""Which line of a notebook or of the package is being run."""

from __future__ import annotations

import linecache
import sys
from pathlib import Path
from typing import NamedTuple

import onekl

PACKAGE = str(Path(onekl.__file__).parent)
CELL = "cell "  # how the file of a cell or of a snippet begins


class Line(NamedTuple):
    """A line of a cell or of the package."""

    file: str
    number: int
    text: str

    def __str__(self):
        return f"{self.file}, line {self.number}: {self.text}"


def line_now():
    """The innermost line of a cell or of the package that is being run."""
    frame = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith((CELL, PACKAGE)):
            text = linecache.getline(file, frame.f_lineno).strip()
            return Line(file.removeprefix(PACKAGE + "/"), frame.f_lineno, text)
        frame = frame.f_back
    return Line("no cell", 0, "")


def remember(file, source):
    """Let errors and `line_now` show the lines of a source that is not a file."""
    linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
