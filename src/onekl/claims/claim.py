"""A claim of the sources as an object: its statements, its premises and what it prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sympy import Expr

from onekl.claims.inventory import inventory
from onekl.symbolic.notation import latex
from onekl.symbolic.statements import Counterexample, Statement


@dataclass(frozen=True)
class Claim:
    """What a claim says, as statements that can be proved, tried with numbers and mutated.

    `printed` is the source's own expression where a statement only uses it;
    `stated` are the premises that the source itself states, as the prover words them.
    `refuted` are counterexamples to what is printed; `statements` then are what is true instead.
    `relation` is how the source puts it: "=" as an equation or a fact, "~" with ≈ or ∼,
    "argument" as a heuristic.
    """

    id: str
    statements: tuple[Statement, ...]
    stated: tuple[str, ...] = ()
    printed: Expr | str | None = None
    refuted: tuple[Counterexample, ...] = ()
    relation: str = "="

    def equations(self) -> list[str]:
        """The claim in LaTeX: what the page shows and what the check proves."""
        statements = [statement.display() for statement in self.statements]
        if self.printed is None:
            return statements
        printed = self.printed if isinstance(self.printed, str) else latex(self.printed)
        return [printed, *statements]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        entry = inventory()[self.id]
        body = "\n\n".join(f"$$\n{line}\n$$" for line in self.equations())
        text = f"{self.id} ({entry.source}, {entry.number}): {entry.words}"
        return {"text/plain": text, "text/markdown": f"{text}\n\n{body}"}
