"""The inventory: every claim that the sources make; and the book's own questions."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Entry:
    """One row of the inventory: a claim as the sources have it, checked or not."""

    id: str
    source: str
    number: str
    kind: str
    chapter: str
    words: str


@cache
def inventory() -> dict[str, Entry]:
    """All claims of the sources by id, in the order of the sources."""
    return _entries("inventory.csv")


@cache
def questions() -> dict[str, Entry]:
    """What the training notebooks ask that no source claims, by id, in the order of the book.

    The words are those of a claim, which a recorded run can support or not.
    """
    return _entries("questions.csv")


def _entries(name: str) -> dict[str, Entry]:
    with files(__package__).joinpath(name).open(encoding="utf-8", newline="") as rows:
        return {row["id"]: Entry(**row) for row in csv.DictReader(rows)}


def entry(id: str) -> Entry:
    """The inventory's row of a claim; ValueError for an id that does not exist."""
    if id not in inventory():
        firsts = {known.rstrip("0123456789"): known for known in reversed(inventory())}
        examples = ", ".join(reversed(firsts.values()))
        raise ValueError(f"there is no claim {id!r}; ids look like {examples} (see `onekl claims`)")
    return inventory()[id]
