"""A specimen of the bug museum: what is said, what is true, and the examination that tells them apart."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, replace
from itertools import count
from random import Random

import mpmath
import sympy

from onekl.claims.check import WRONG, CheckFailed, Report, check, fingerprint
from onekl.claims.claim import Claim
from onekl.symbolic.notation import latex, written
from onekl.symbolic.numeric import DIGITS
from onekl.symbolic.statements import Bound, Counterexample, Identity, Statement

MIME = "application/vnd.onekl.specimen+json"  # not a report's: the ledger holds the sources' claims alone


@dataclass(frozen=True)
class Specimen:
    """One mistake of the field.

    `said` states the mistake, `true` what holds instead, with exact counterexamples to what is said in its `refuted`;
    `seen` are the places where it stands or stood, `effect` is what it does to training, `catch` a test of one line with a comment.
    """

    said: Claim
    true: Claim
    title: str
    seen: tuple[str, ...]
    effect: str
    catch: str

    @property
    def id(self) -> str:
        """bug-1 … bug-10, the anchor of its heading and of its box."""
        return self.said.id

    def fingerprint(self) -> str:
        """A short hash of what is said and of what is true, so that an examination of an older wording is recognised."""
        return hashlib.sha256(
            (fingerprint(self.said) + fingerprint(self.true)).encode()
        ).hexdigest()[:12]


@dataclass(frozen=True)
class Examination:
    """What the check said of a specimen: why each false statement is rejected, and the true one's report.

    `rejected` has three lines of LaTeX for each false statement: by proof, by numbers, and exactly, at its counterexample.
    """

    id: str
    fingerprint: str
    rejected: tuple[str, ...]
    report: Report

    def text(self) -> str:
        """The examination in plain text."""
        lines = [f"  {written(line)}" for line in self.rejected]
        return "\n".join(
            [
                f"{self.id}, as it is said: rejected",
                *lines,
                f"{self.id}, mended: proved",
                *self._mended().text().splitlines()[1:],
            ]
        )

    def markdown(self) -> str:
        """The examination as Markdown with LaTeX, for notebooks and the site."""
        lines = [f"- {written(line, '$')}" for line in self.rejected]
        mended = self._mended().markdown().splitlines()[1:]
        return "\n".join(
            [
                f"**{self.id}, as it is said: rejected**",
                "",
                *lines,
                "",
                f"**{self.id}, mended: proved**",
                *mended,
            ]
        )

    def _mended(self) -> Report:
        return replace(
            self.report, refuted=()
        )  # the counterexamples stand among the rejections already

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {
            "text/plain": self.text(),
            "text/markdown": self.markdown(),
            MIME: json.loads(json.dumps(asdict(self))),
        }


def examine(specimen: Specimen) -> Examination:
    """Reject what is said, by proof, by numbers and at the counterexamples, and prove what is true.

    Raises CheckFailed, in one line, when a false statement is not rejected in each of the three ways, or a true one not proved.
    """
    said, found = specimen.said.statements, specimen.true.refuted
    if len(said) != len(found):
        raise CheckFailed(
            f"{specimen.id} has {len(said)} false statements and {len(found)} counterexamples: give one for each"
        )
    rejected = []
    for number, (statement, counterexample) in enumerate(zip(said, found), 1):
        line = f"line {number}, " if len(said) > 1 else ""
        rejected += [rf"\text{{{line}refused by proof: }}{_refusal(specimen.id, statement)}"]
        rejected += [
            rf"\text{{{line}refuted by numbers: {_on_an_instance(specimen.id, statement)}}}"
        ]
        rejected += [
            rf"\text{{{line}refuted exactly: }}{_at_the_counterexample(statement, counterexample)}"
        ]
    return Examination(specimen.id, specimen.fingerprint(), tuple(rejected), check(specimen.true))


def _refusal(id: str, statement: Statement) -> str:
    """Why the check rejects one statement, in LaTeX."""
    try:
        check(Claim(id, (statement,)))
    except CheckFailed as reason:
        plain = (
            str(reason).removeprefix(f"{id} is not proved: ").removeprefix(statement.latex() + ": ")
        )
        return _in_the_book_s_notation(id, plain)
    raise CheckFailed(
        f"{id} as it is said passes the check: {statement.latex()}; then it is no specimen"
    )


def _in_the_book_s_notation(id: str, reason: str) -> str:
    """The prover's message, such as "left less right is v**2 - exp(v), not 0", in LaTeX."""
    parts = re.fullmatch(r"(.+? (?:is|by)) (.+?)(, not 0)?", reason)
    if not parts:
        raise CheckFailed(
            f"{id} as it is said: the refusal names nothing that is left over: {reason}"
        )
    words, rest, end = parts.groups(default="")
    written = sympy.sympify(rest)
    shortest = min(written, sympy.factor(written), key=sympy.count_ops)
    words = words.replace("left less right", "the left side less the right side")
    return rf"\text{{{words} }}{latex(shortest)}" + (rf"\text{{{end}}}" if end else "")


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


def _at_the_counterexample(statement: Statement, found: Counterexample) -> str:
    """The two sides of the statement at the counterexample, or of the counterexample where the statement has no two sides."""
    (step,) = found.prove().steps
    if _sides(statement) != (found.left, found.right):
        return step
    tables = (rf"{joint.family} = {latex(sympy.Matrix(table))}" for joint, table in found.tables)
    where = r"\text{, }".join(
        (*tables, *(f"{latex(symbol)} = {latex(value)}" for symbol, value in found.values))
    )
    left, right = map(latex, found.sides())
    place = (
        (r"\text{with the tables }" if found.tables else r"\text{at }") + where + r"\text{, }"
        if where
        else ""
    )
    return rf"{place}\text{{the left side is }}{left}\text{{ and the right side }}{right}"


def _sides(statement: Statement):
    """The two sides that a statement says are equal; None for one that says something else."""
    if isinstance(statement, Bound):
        return statement.upper, sympy.Add(statement.lower, statement.remainder, evaluate=False)
    return (statement.left, statement.right) if isinstance(statement, Identity) else None
