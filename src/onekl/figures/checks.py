"""Checks of a figure's state.

Each function makes a check: a function of a value and its name that returns plain Python or raises
ValueError, in one line that names the value.
"""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any

from onekl.tables import check_table

Check = Callable[[Any, str], Any]


def table(shape: tuple[int, ...], cells: str) -> Check:
    """A check for a probability table of this shape; it raises ValueError for anything else.

    `cells` says in words what the figure draws.
    """

    def check(value: Any, name: str) -> list:
        table = check_table(value, name)
        if table.shape != shape:
            raise ValueError(f"{name} has shape {table.shape}: the figure draws {cells}")
        return table.astype(float).tolist()

    return check


def positive(table: Check, cells: str) -> Check:
    """A check for what `table` accepts, with mass in each cell; it raises ValueError for others.

    `cells` are the cells in words.
    """

    def check(value: Any, name: str) -> list:
        values = table(value, name)
        if not all(v > 0 for v in values):
            raise ValueError(f"{name} has a cell without mass: give each of the {cells} some")
        return values

    return check


def within(low: float, high: float, rule: str = "its slider goes") -> Check:
    """A check for a real number from `low` to `high`; it raises ValueError for anything else.

    `rule` says in words what has this range.
    """

    def check(value: Any, name: str) -> float:
        if not isinstance(value, Real):
            kind = type(value).__name__
            raise ValueError(f"{name} is a {kind}, not a real number: {rule} from {low} to {high}")
        if not low <= value <= high:
            raise ValueError(f"{name} is {value}: {rule} from {low} to {high}")
        return float(value)

    return check


def numbers(count: int, low: float, high: float, rule: str = "its slider goes") -> Check:
    """A check for a list of `count` numbers that each pass `within`.

    It raises ValueError for another list, and for what is no list.
    """

    def check(value: Any, name: str) -> list[float]:
        try:
            values = list(value)
        except TypeError:
            raise ValueError(
                f"{name} is a {type(value).__name__}, not a list: the figure draws {count} numbers"
            ) from None
        if len(values) != count:
            raise ValueError(f"{name} has {len(values)} values: the figure draws {count}")
        return [within(low, high, rule)(v, f"{name}[{i}]") for i, v in enumerate(values)]

    return check
