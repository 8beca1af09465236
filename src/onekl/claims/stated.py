"""What the sources state: premises with their place, and the claims that they are stated for.

The lines of `stated.csv` are the only premises that can count as stated.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from onekl.symbolic.premises import Premise, premise_latex


@dataclass(frozen=True)
class Place:
    """Where a source states a premise: its own words there, and for which claims it says so."""

    key: str
    place: str
    quote: str
    claims: tuple[str, ...]


@cache
def places() -> dict[str, Place]:
    """The lines of `stated.csv`, by their key."""
    text = (files(__package__) / "stated.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {
        row["key"]: Place(row["key"], row["place"], row["quote"], tuple(row["claims"].split()))
        for row in rows
    }


@dataclass(frozen=True)
class Stated:
    """A premise that a source states, under its key in `stated.csv`.

    ValueError for a key that is not there.
    """

    key: str
    premise: Premise

    def __post_init__(self) -> None:
        if self.key not in places():
            raise ValueError(
                f"no line {self.key!r} in stated.csv: give the place in the source and its words"
            )

    def latex(self) -> str:
        """The premise and its place, in LaTeX."""
        return rf"{premise_latex(self.premise)} \text{{ ({places()[self.key].place})}}"
