"""A specimen of the bug museum: what is said, what is true, and the examination that tells them apart."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from itertools import count
from random import Random

import mpmath

from onekl.claims import Claim
from onekl.claims.check import WRONG, CheckFailed, Report, check, fingerprint
from onekl.evaluation import DIGITS
from onekl.proofs import Statement

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
        return hashlib.sha256((fingerprint(self.said) + fingerprint(self.true)).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Examination:
    """What the check said of a specimen: why each false statement is rejected, where numbers refute it, the true one's report."""

    id: str
    fingerprint: str
    rejected: tuple[str, ...]
    off_by: tuple[str, ...]
    report: Report

    def text(self) -> str:
        """The examination in plain text."""
        lines = [f"  {line}" for line in self._rejections()]
        return "\n".join([f"{self.id}, as it is said: rejected", *lines, f"{self.id}, mended: proved", *self.report.text().splitlines()[1:]])

    def markdown(self) -> str:
        """The examination as Markdown with LaTeX, for notebooks and the site."""
        lines = [f"- `{line}`" for line in self._rejections()]
        mended = self.report.markdown().splitlines()[1:]
        return "\n".join([f"**{self.id}, as it is said: rejected**", "", *lines, "", f"**{self.id}, mended: proved**", *mended])

    def _rejections(self) -> list[str]:
        return [line for pair in zip(self.rejected, self.off_by) for line in pair]

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": self.text(), "text/markdown": self.markdown(), MIME: json.loads(json.dumps(asdict(self)))}


def examine(specimen: Specimen) -> Examination:
    """Reject what is said, by proof and by numbers, and prove what is true.

    Raises CheckFailed, in one line, when a false statement passes either of the two, or a true one does not.
    """
    rejected = tuple(_rejection(specimen.id, statement) for statement in specimen.said.statements)
    off_by = tuple(_on_an_instance(specimen.id, statement) for statement in specimen.said.statements)
    return Examination(specimen.id, specimen.fingerprint(), rejected, off_by, check(specimen.true))


def _rejection(id: str, statement: Statement) -> str:
    """Why the check rejects one statement."""
    try:
        check(Claim(id, (statement,)))
    except CheckFailed as reason:
        return str(reason).removeprefix(f"{id} is ").replace(statement.latex() + ": ", "")
    raise CheckFailed(f"{id} as it is said passes the check: {statement.latex()}; then it is no specimen")


def _on_an_instance(id: str, statement: Statement) -> str:
    """The first random instance on which numbers refute the statement."""
    with mpmath.workdps(DIGITS):
        violation = statement.compile()
        for index in count():
            found = violation(statement.instances.draw(Random(f"one-kl-{index}"), index))
            if found > WRONG:
                return f"numbers: instance {index} is off by {mpmath.nstr(found, 3)}"
            if index > 100:
                raise CheckFailed(f"{id} as it is said: no instance refutes {statement.latex()}")
