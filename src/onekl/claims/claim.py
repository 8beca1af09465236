"""A claim of the sources as an object: its statements and its premises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from onekl.claims.inventory import inventory
from onekl.claims.stated import Stated
from onekl.symbolic.counterexample import Counterexample
from onekl.symbolic.statements import Statement


@dataclass(frozen=True)
class Claim:
    """What a claim says, as statements that can be proved, tried with numbers and mutated.

    `statements` are what the source says; the verdict is theirs.
    `also` are what the book shows beside it, a special case or a stronger form, each with a word of
    its own.
    `stated` are the premises that the source itself states.
    `refuted` are counterexamples to statements that the claim makes; `statements` then are what is
    true instead. A statement of an equation names the printed step that it proves.
    `argument` says that the source argues with it, and does not state it as a fact.
    A claim that `repeats` another one's statements says so, and counts nothing of its own.
    """

    id: str
    statements: tuple[Statement, ...]
    stated: tuple[Stated, ...] = ()
    refuted: tuple[Counterexample, ...] = ()
    argument: bool = False
    also: tuple[Statement, ...] = ()
    repeats: str = ""

    def equations(self) -> list[str]:
        """The claim in LaTeX: what the check proves."""
        return [statement.display() for statement in self.statements]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        entry = inventory()[self.id]
        body = "\n\n".join(f"$$\n{line}\n$$" for line in self.equations())
        text = f"{self.id} ({entry.source}, {entry.number}): {entry.words}"
        return {"text/plain": text, "text/markdown": f"{text}\n\n{body}"}
