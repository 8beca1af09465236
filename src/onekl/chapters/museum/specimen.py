"""A specimen of the bug museum: what is said, what is true, and the check that tells them apart."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.resources import files
from itertools import count
from random import Random
from typing import Any

import mpmath
import sympy

from onekl.claims.check import CheckFailed, check
from onekl.claims.claim import Claim
from onekl.claims.fingerprint import fingerprint
from onekl.claims.numbers import WRONG
from onekl.claims.report import Report
from onekl.symbolic.counterexample import Counterexample
from onekl.symbolic.instance import Instance
from onekl.symbolic.notation import latex, written
from onekl.symbolic.numeric import DIGITS
from onekl.symbolic.statements import Statement

# Not a report's: the ledger holds the sources' claims alone.
MIME = "application/vnd.onekl.specimen+json"


@dataclass(frozen=True)
class Specimen:
    """One mistake of the field.

    `said` states the mistake, `true` what holds instead, with exact counterexamples to what is said
    in its `refuted`; `seen` are the places where it stands or stood, `effect` is what it does to
    training, `catch` a test of one line with a comment.
    """

    said: Claim
    true: Claim
    title: str
    seen: tuple[str, ...]
    effect: str
    catch: str

    @property
    def id(self) -> str:
        """bug-1, bug-2 and so on, the anchor of its heading and of its box."""
        return self.said.id

    def fingerprint(self) -> str:
        """A short hash of what is said and of what is true.

        By it an examination of an older wording is recognised.
        """
        both = fingerprint(self.said) + fingerprint(self.true)
        return hashlib.sha256(both.encode()).hexdigest()[:12]


@cache
def prose() -> dict[str, dict[str, Any]]:
    """The words of `specimens.toml`, by a specimen's id: its title, seen, effect and catch."""
    return tomllib.loads((files(__package__) / "specimens.toml").read_text(encoding="utf-8"))


def make_specimen(
    id: str,
    said: tuple[Statement, ...],
    true: tuple[Statement, ...],
    at: tuple[Instance, ...],
) -> Specimen:
    """The specimen of what is said, what is true and where each false statement fails.

    Raises ValueError for an id that has no words in `specimens.toml`, and unless there is one
    instance for each false statement.
    """
    if id not in prose():
        raise ValueError(f"{id} has no words: give it a title, seen, effect and catch")
    words = prose()[id]
    if len(said) != len(at):
        raise ValueError(
            f"{id} has {len(said)} false statements and {len(at)} instances: give one for each"
        )
    refuted = tuple(Counterexample(s.instances, of=s, at=(i,)) for s, i in zip(said, at))
    return Specimen(
        said=Claim(id, said),
        true=Claim(id, true, refuted=refuted),
        title=words["title"],
        seen=tuple(words["seen"]),
        effect=words["effect"],
        catch=words["catch"],
    )


@dataclass(frozen=True)
class Examination:
    """Why the check rejects each false statement of a specimen, and the true one's report.

    `rejected` has three lines of LaTeX for each false statement: by proof, by numbers, and exactly,
    at its counterexample.
    """

    id: str
    fingerprint: str
    rejected: tuple[str, ...]
    report: Report

    def text(self) -> str:
        """The examination in plain text."""
        return "\n".join(
            [
                f"{self.id}, as it is said: rejected",
                *(f"  {written(line)}" for line in self.rejected),
                f"{self.id}, mended: proved",
                *self._mended().text().splitlines()[1:],
            ]
        )

    def markdown(self) -> str:
        """The examination as Markdown with LaTeX, for notebooks and the site."""
        return "\n".join(
            [
                f"**{self.id}, as it is said: rejected**",
                "",
                *(f"- {written(line, '$')}" for line in self.rejected),
                "",
                f"**{self.id}, mended: proved**",
                *self._mended().markdown().splitlines()[1:],
            ]
        )

    def _mended(self) -> Report:
        """The report without what the counterexamples say: it stands among the rejections."""
        return replace(self.report, refuted=())

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        return {
            "text/plain": self.text(),
            "text/markdown": self.markdown(),
            MIME: json.loads(json.dumps(asdict(self))),
        }


def examine(specimen: Specimen) -> Examination:
    """Reject what is said, by proof, by numbers and at the counterexamples, and prove what is true.

    Raises CheckFailed, in one line, when a false statement is not rejected in each of the three
    ways, or a true one not proved.
    """
    id, said, found = specimen.id, specimen.said.statements, specimen.true.refuted
    rejected = []
    for number, (statement, counterexample) in enumerate(zip(said, found), 1):
        line = f"line {number}, " if len(said) > 1 else ""
        exactly = _at_the_counterexample(counterexample)
        rejected += [
            rf"\text{{{line}refused by proof: }}{_refusal(id, statement)}",
            rf"\text{{{line}refuted by numbers: {_on_an_instance(id, statement)}}}",
            rf"\text{{{line}refuted exactly: }}{exactly}",
        ]
    return Examination(id, specimen.fingerprint(), tuple(rejected), check(specimen.true))


def _refusal(id: str, statement: Statement) -> str:
    """Why the check rejects one statement, in LaTeX."""
    try:
        check(Claim(id, (statement,)))
    except CheckFailed as failure:
        reason = str(failure).removeprefix(f"{id} is not proved: ")
        return _in_latex(id, reason.removeprefix(statement.latex() + ": "))
    raise CheckFailed(
        f"{id} as it is said passes the check: {statement.latex()}; then it is no specimen"
    )


def _in_latex(id: str, reason: str) -> str:
    """The prover's message, such as "left less right is x - 1, not 0", in LaTeX."""
    parts = re.fullmatch(r"(.+? (?:is|by)) (.+?)(, not .+)?", reason)
    if not parts:
        raise CheckFailed(
            f"{id} as it is said: the refusal names nothing that is left over: {reason}"
        )
    words, rest, end = parts.groups(default="")
    words = words.replace("left less right", "the left side less the right side")
    return rf"\text{{{words} }}{rest}" + (rf"\text{{{end}}}" if end else "")


def _on_an_instance(id: str, statement: Statement) -> str:
    """The first random instance on which numbers refute the statement."""
    with mpmath.workdps(DIGITS):
        violation = statement.compile()
        for index in count():
            found = violation(statement.instances.draw(Random(f"one-kl-{index}"), index))
            if found > WRONG:
                return f"random instance {index} is off by {mpmath.nstr(found, 3)}"
            if index > 100:
                raise CheckFailed(f"{id} as it is said: no instance refutes {statement.latex()}")


def _at_the_counterexample(found: Counterexample) -> str:
    """The two sides of the statement at the counterexample."""
    found.prove()
    left, right = map(latex, found.sides())
    sides = rf"\text{{the left side is }}{left}\text{{ and the right side }}{right}"
    return _place(found.at[0]) + sides


def _place(at: Instance) -> str:
    """Where a counterexample lies, in LaTeX: its tables and its values; nothing if it has none."""
    tables = [rf"{joint.family} = {latex(sympy.Matrix(table))}" for joint, table in at.tables]
    values = [at.latex()] if at.values else []
    if not tables and not values:
        return ""
    before = r"\text{with the tables }" if tables else r"\text{at }"
    return before + r"\text{, }".join((*tables, *values)) + r"\text{, }"
