"""The one writer of the notebooks' tables: HTML on a page, aligned text in a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import torch

from onekl.measure.intervals import Interval, confidence_interval


class Table:
    """A table with a name for each row and each column.

    `rows` is {row: {column: entry}}; a row may lack columns. An entry is

    - a text, printed as it is,
    - True or False, printed as yes or no,
    - a whole number, or one that is printed with so many decimals as `digits` says,
    - an `Interval`, or the values of the seeds, a tensor (S,), which stand as their mean with its
      95 % interval.

    `digits` is one number of decimals for all columns, or {column: decimals} with 2 for the others.
    `corner` is what stands above the rows' names, and `title` above the table.
    ValueError for no rows, and for a tensor of another shape.
    """

    def __init__(
        self,
        rows: Mapping[str, Mapping[str, Any]],
        digits: int | Mapping[str, int] = 2,
        corner: str = "",
        title: str = "",
    ) -> None:
        if not rows:
            raise ValueError("a table needs at least one row")
        self.columns = list(dict.fromkeys(name for row in rows.values() for name in row))
        self.title = title
        self.lines = [[corner, *self.columns]] + [
            [
                name,
                *(_text(row.get(column, ""), _digits(digits, column)) for column in self.columns),
            ]
            for name, row in rows.items()
        ]

    def text(self) -> str:
        """The table in aligned columns, the names on the left, everything else on the right."""
        widths = [max(map(len, column)) for column in zip(*self.lines)]
        lines = [
            "  ".join(
                entry.ljust(width) if place == 0 else entry.rjust(width)
                for place, (entry, width) in enumerate(zip(line, widths))
            ).rstrip()
            for line in self.lines
        ]
        return "\n".join([self.title, *lines] if self.title else lines)

    def html(self) -> str:
        """The table as HTML, whose first row and first column are headings."""
        head, *body = self.lines
        caption = f"<caption>{escape(self.title)}</caption>\n" if self.title else ""
        names = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
        rows = "\n".join(
            f'<tr><th scope="row">{escape(name)}</th>'
            + "".join(f"<td>{escape(entry)}</td>" for entry in entries)
            + "</tr>"
            for name, *entries in body
        )
        return (
            f'<table class="onekl-table">\n{caption}<thead><tr>{names}</tr></thead>\n'
            f"<tbody>\n{rows}\n</tbody>\n</table>"
        )

    def __repr__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": self.text(), "text/html": self.html()}


def _digits(digits: int | Mapping[str, int], column: str) -> int:
    return digits if isinstance(digits, int) else digits.get(column, 2)


def _text(entry: Any, digits: int) -> str:
    if isinstance(entry, str):
        return entry
    if isinstance(entry, bool):
        return "yes" if entry else "no"
    if isinstance(entry, torch.Tensor) and entry.ndim:
        entry = confidence_interval(entry)
    if isinstance(entry, Interval):
        mean, low, high = (_number(part, digits) for part in entry)
        return f"{mean} [{low}, {high}]"
    return _number(entry, 0 if isinstance(entry, int) else digits)


def _number(value: float, digits: int) -> str:
    return f"{value:z,.{digits}f}".replace("-", "−")
