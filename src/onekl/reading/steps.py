"""The steps of the sources: one for each printed sign, and those that they make in words.

`steps.csv` lists them in the order of the sources, each with its kind. The reader sees the shape of
a step's sides, and a kind has to fit the shape: a changed sign is a changed kind.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sympy import Basic
from sympy.core.function import AppliedUndef

from onekl.reading.reader import Best, Step, Tends
from onekl.symbolic.algebra import ClassProbability, Density, Dirac

# What a sign of that kind looks like, by `shape`.
KINDS_OF_SIGNS = {
    "definition": ("named", "equal"),
    "best value": ("named",),
    "identity": ("equal",),
    "optimum": ("optimum",),
    "equal optima": ("optima",),
    "same objective": (r"\sim",),
    "estimate": (r"\sim",),
    "approximation": (r"\approx",),
    "bound": (r"\geq",),
    "limit": (r"\to", "limit"),
}
KINDS_OF_WORDS = (
    "definition", "choice", "argument", "constant dropped", "held fixed", "estimate", "one draw",
    "rewritten", "substituted", "exchanged", "expansion", "best value", "same objective",
    "identity",
)  # fmt: skip
BY_DECISION = ("definition", "choice")  # what introduces or decides: its kind is its word


@dataclass(frozen=True)
class Listed:
    """A step of the list: its place, its kind, the source's words for one that is made in words.

    `shown` is the step or the claim that shows it, where that is another one.
    """

    place: str
    kind: str
    words: str
    shown: str

    @property
    def equation(self) -> str:
        """The equation that it belongs to."""
        return self.place.partition(".")[0]


@cache
def listed() -> dict[str, Listed]:
    """All steps by their place, in the order of the sources; ValueError for an unknown kind."""
    text = (files(__package__) / "steps.csv").read_text(encoding="utf-8")
    found = [Listed(**row) for row in csv.DictReader(text.splitlines())]
    for step in found:
        if step.kind not in (KINDS_OF_WORDS if step.words else KINDS_OF_SIGNS):
            raise ValueError(f"steps.csv: {step.place} has the unknown kind {step.kind!r}")
    return {step.place: step for step in found}


def steps_of(equation: str) -> list[Listed]:
    """The steps of one equation."""
    return [step for step in listed().values() if step.equation == equation]


def shape(step: Step) -> str:
    """What a sign with its two sides looks like: the sign, or for = what stands beside it."""
    if step.sign != "=":
        return step.sign
    left, right = (isinstance(side, Best) for side in (step.left, step.right))
    if right:
        return "optima" if left else "optimum"
    if isinstance(step.right, Tends):
        return "limit"
    named = not isinstance(step.left, Basic) or isinstance(
        step.left, (Density, ClassProbability, Dirac, AppliedUndef)
    )
    return "named" if named else "equal"
