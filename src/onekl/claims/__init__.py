"""The claims of the sources as objects: the inventory of all 103, and what has been stated of them so far."""

from __future__ import annotations

import csv
import importlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sympy import Expr

from onekl.notation import latex
from onekl.proofs import Counterexample, Statement

CHAPTERS = ("joint_kl", "vae", "gan", "missing_term", "regulariser", "em", "aae", "ali")  # the modules of this package that state claims


@dataclass(frozen=True)
class Entry:
    """One row of the inventory: a claim as the sources have it, checked or not."""

    id: str
    source: str
    number: str
    kind: str
    chapter: str
    words: str


@dataclass(frozen=True)
class Claim:
    """What a claim says, as statements that can be proved, tried with numbers and mutated.

    `printed` is the source's own expression where a statement only uses it;
    `stated` are the premises that the source itself states, as the prover words them.
    `refuted` are counterexamples to what is printed; `statements` then are what is true instead.
    `relation` is how the source puts it: "=" as an equation or a fact, "~" with ≈ or ∼, "argument" as a heuristic.
    """

    id: str
    statements: tuple[Statement, ...]
    stated: tuple[str, ...] = ()
    printed: Expr | str | None = None
    refuted: tuple[Counterexample, ...] = ()
    relation: str = "="

    def equations(self) -> list[str]:
        """The claim in LaTeX: what the page shows and what the check proves."""
        shown = [self.printed if isinstance(self.printed, str) else latex(self.printed)] if self.printed is not None else []
        return shown + [statement.display() for statement in self.statements]

    def _repr_mimebundle_(self, include=None, exclude=None):
        entry = inventory()[self.id]
        body = "\n\n".join(f"$$\n{line}\n$$" for line in self.equations())
        text = f"{self.id} ({entry.source}, {entry.number}): {entry.words}"
        return {"text/plain": text, "text/markdown": f"{text}\n\n{body}"}


@cache
def inventory() -> dict[str, Entry]:
    """All 103 claims of the sources by id, in the order of the sources."""
    with files(__package__).joinpath("inventory.csv").open(encoding="utf-8", newline="") as rows:
        return {row["id"]: Entry(**row) for row in csv.DictReader(rows)}


@cache
def stated_claims() -> dict[str, Claim]:
    """Every claim that a chapter's module states, by id; ValueError for an id that the inventory lacks."""
    found = {}
    for name in CHAPTERS:
        for claim_ in importlib.import_module(f"{__package__}.{name}").CLAIMS:
            entry(claim_.id)
            found[claim_.id] = claim_
    return found


def entry(id: str) -> Entry:
    """The inventory's row of a claim; ValueError for an id that does not exist."""
    if id not in inventory():
        raise ValueError(f"there is no claim {id!r}; ids look like su-4, su-t2, rq-1, gt-6, sn-9, avb-3 (see `onekl claims`)")
    return inventory()[id]


def claim(id: str) -> Claim:
    """The claim object; ValueError for an id that does not exist or that no chapter states yet."""
    entry(id)
    if id not in stated_claims():
        raise ValueError(f"claim {id!r} is in the inventory, but no chapter states it yet")
    return stated_claims()[id]
