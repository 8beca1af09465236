"""The report of a check: what was proved, by which lines, and what the numbers showed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from onekl.claims.numbers import Numbers
from onekl.examiner.lines import Tried
from onekl.symbolic.notation import written

MIME = "application/vnd.onekl.report+json"
# What a counterexample says, by the verdict that it leads to.
REFUTED = {
    "slip": "refuted as printed",
    "bound only": "not an equality",
    "heuristic": "where the argument fails",
}


@dataclass(frozen=True)
class Row:
    """A line of a derivation: its sign, its LaTeX, and the rule that leads to it."""

    sign: str
    latex: str
    rule: str


@dataclass(frozen=True)
class Mutants:
    """What became of the mutants of one statement; `kinds` are those of the rejected ones."""

    rejected: int
    equivalent: int
    kinds: tuple[str, ...]

    def text(self) -> str:
        """How many were rejected of those that are wrong, in one line."""
        return f"{self.rejected} mutants rejected, {self.equivalent} equivalent"


@dataclass(frozen=True)
class Shown:
    """One statement of a claim: its derivation, and what the numbers showed of it.

    `role` is "claim", "beside" for what the book adds, or "refuted" for a counterexample; `proves`
    is the place of the printed step that it is about. An addition has a `verdict` and `premises` of
    its own. `derivation` are its `rows` as one formula.
    `steps` says how many steps from line to line were tried on the same instances, and `mutants`
    what became of wrong versions of the statement. A repetition has none of the three.
    """

    statement: str
    role: str
    proves: str
    verdict: str
    premises: tuple[str, ...]
    rows: tuple[Row, ...]
    derivation: str
    equality: str
    numbers: Numbers | None
    steps: Tried | None
    mutants: Mutants | None


@dataclass(frozen=True)
class StepShown:
    """One step of an equation: a printed sign at its place in the LaTeX, or one made in words.

    `verdict` is its own word, or "" for a step in words that another one shows, `shown`.
    """

    place: str
    kind: str
    sign: str
    at: int | None
    words: str
    verdict: str
    premises: tuple[str, ...]
    shown: str


@dataclass(frozen=True)
class Report:
    """What the check of one claim showed; it is shown in the notebook and read by the ledger.

    `premises` are derived by the proofs, or used by them and not stated in the source; `stated` are
    those that the source states, with their place; `trusted` are used by nothing here.
    `steps` are those of a printed equation, each with a word of its own.
    """

    id: str
    verdict: str
    premises: tuple[str, ...]
    stated: tuple[str, ...]
    trusted: tuple[str, ...]
    repeats: str
    refuted: tuple[str, ...]
    steps: tuple[StepShown, ...]
    shown: tuple[Shown, ...]
    mutants_rejected: int
    mutants_total: int
    mutants_equivalent: int
    mutant_kinds: tuple[str, ...]
    fingerprint: str

    @property
    def additions(self) -> tuple[Shown, ...]:
        """What the book shows beside the claim."""
        return tuple(one for one in self.shown if one.role == "beside")

    @property
    def instances(self) -> int:
        """How many instances were tried, of all statements together."""
        return sum(one.numbers.tried for one in self.shown if one.numbers)

    def facts(self, write: Callable[[str], str]) -> list[str]:
        """The facts of the report, one a line, with formulas written by `write`."""
        return [
            *(_said(step, write) for step in self.steps if step.verdict),
            *(f"{self._how_refuted()}: {write(refutation)}" for refutation in self.refuted),
            *(f"premise: {write(premise)}" for premise in self.premises),
            *(f"stated in the source: {write(premise)}" for premise in self.stated),
            *(f"taken on trust: {write(premise)}" for premise in self.trusted),
            *self._counts(),
        ]

    def _how_refuted(self) -> str:
        """What a counterexample says; of a step in words the equation's word says nothing."""
        return REFUTED.get(self.verdict, "refuted")

    def _counts(self) -> list[str]:
        """What was tried; a repetition counts nothing."""
        if self.repeats:
            return [f"repeats {self.repeats}: nothing is counted again"]
        kinds = f" ({', '.join(self.mutant_kinds)})" if self.mutant_kinds else ""
        rejected = f"{self.mutants_rejected} of {self.mutants_total} rejected{kinds}"
        return [f"mutants: {rejected}; {self.mutants_equivalent} equivalent"]

    def text(self) -> str:
        """The report in plain text."""
        lines = [f"{self.id}: {self.verdict}", *(f"  {fact}" for fact in self.facts(written))]
        for one in self.shown:
            lines += ["", f"  {_named(one)}", f"  {written(one.statement)}"]
            lines += [f"    {fact}" for fact in _facts(one, written)]
        return "\n".join(lines)

    def markdown(self) -> str:
        """The report as Markdown with LaTeX, for notebooks and the site."""
        write = partial(written, mark="$")
        lines = [f"**{self.id}: {self.verdict}**", "", *(f"- {f}" for f in self.facts(write))]
        for one in self.shown:
            lines += ["", f"{_named(one)}:", "", f"$$\n{one.derivation}\n$$", ""]
            lines += [f"- {fact}" for fact in _facts(one, write)]
        return "\n".join(lines)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {
            "text/plain": self.text(),
            "text/markdown": self.markdown(),
            MIME: json.loads(json.dumps(asdict(self))),
        }


def _said(step: StepShown, write: Callable[[str], str]) -> str:
    """A step and its word, in one line."""
    sign = f" {write(step.sign)}" if step.sign else ""
    return f"{step.place}{sign} ({step.kind}): {step.verdict}"


def _named(one: Shown) -> str:
    """What a derivation is one of."""
    if one.role == "beside":
        return f"Shown beside it, {one.verdict}"
    return "The counterexample" if one.role == "refuted" else "The proof"


def _facts(one: Shown, write: Callable[[str], str]) -> list[str]:
    """What is to be said of one statement below its derivation."""
    lines = [f"that premise: {write(premise)}" for premise in one.premises]
    if one.equality:
        equal = write(one.equality)
        lines.append(f"equality, where the lower side is finite, exactly when {equal}")
    if one.numbers:
        lines.append(f"numbers: {one.numbers.text()}; {one.steps.text()}; {one.mutants.text()}")
    return lines
