"""The check of a claim: prove each statement, cross-examine it with numbers, try its mutants."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from functools import partial
from itertools import count, islice
from random import Random
from typing import Any

import mpmath
import sympy
from mpmath import mpf

from onekl.claims.claim import Claim
from onekl.symbolic.algebra import Joint
from onekl.symbolic.mutants import mutants
from onekl.symbolic.notation import written
from onekl.symbolic.numeric import DIGITS, Assignment
from onekl.symbolic.premises import Support
from onekl.symbolic.proof import NotProved, Proof
from onekl.symbolic.sampling import RandomParameters, RandomTables
from onekl.symbolic.statements import Bound, Counterexample, Statement, provable

INSTANCES = 1000
TOLERANCE = mpf(10) ** -18  # numbers carry 30 digits
WRONG = mpf(10) ** -9  # a mutant must be off by more than this somewhere
MIME = "application/vnd.onekl.report+json"
# What a counterexample says, by the verdict that it leads to.
REFUTED = {
    "slip": "refuted as printed",
    "bound only": "not an equality",
    "heuristic": "where the argument fails",
}


class CheckFailed(ValueError):
    """A check did not pass; the message says which part and shows the instance or the mutant."""


@dataclass(frozen=True)
class Report:
    """What the check of one claim showed; it is shown in the notebook and read by the ledger."""

    id: str
    statements: tuple[str, ...]
    verdict: str
    premises: tuple[str, ...]
    refuted: tuple[str, ...]
    rules: tuple[str, ...]
    equality: tuple[str, ...]
    mutants_rejected: int
    mutants_total: int
    mutants_equivalent: int
    mutant_kinds: tuple[str, ...]
    numeric_instances: int
    max_error: float
    fingerprint: str

    def lines(self, write: Callable[[str], str]) -> list[str]:
        """The facts of the report, one a line, with formulas written by `write`."""
        kinds = f" ({', '.join(self.mutant_kinds)})" if self.mutant_kinds else ""
        rejected = f"{self.mutants_rejected} of {self.mutants_total} rejected{kinds}"
        instances = f"{self.numeric_instances:,} random instances"
        return [
            *(f"{REFUTED[self.verdict]}: {write(refutation)}" for refutation in self.refuted),
            *(f"premise: {write(premise)}" for premise in self.premises),
            *(f"used: {write(rule)}" for rule in self.rules),
            *(
                f"equality, where the lower side is finite, exactly when {write(case)}"
                for case in self.equality
            ),
            f"mutants: {rejected}; {self.mutants_equivalent} equivalent",
            f"numbers: {instances}, largest error {self.max_error:.0e}",
        ]

    def text(self) -> str:
        """The report in plain text."""
        return "\n".join([f"{self.id}: {self.verdict}", *(f"  {line}" for line in self.lines(str))])

    def markdown(self) -> str:
        """The report as Markdown with LaTeX, for notebooks and the site."""
        facts = self.lines(partial(written, mark="$"))
        return "\n".join([f"**{self.id}: {self.verdict}**", "", *(f"- {fact}" for fact in facts)])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {
            "text/plain": self.text(),
            "text/markdown": self.markdown(),
            MIME: json.loads(json.dumps(asdict(self))),
        }


def check(claim: Claim) -> Report:
    """Prove, cross-examine and mutate every statement of a claim.

    Raises CheckFailed, in one line, when a statement is not proved, when the numbers disagree with
    it, or when a mutant that is not equivalent gets through.
    """
    if not claim.statements:
        raise CheckFailed(f"{claim.id} has no statement to check yet")
    with mpmath.workdps(DIGITS):
        refutations = [_prove(claim, statement) for statement in claim.refuted]
        proofs = [_prove(claim, statement) for statement in claim.statements]
        tried = [
            (statement, proof.support)
            for statement, proof in zip(claim.statements, proofs)
            if not isinstance(statement, Counterexample)
        ]
        errors = [_cross_examine(claim, *one) for one in tried]
        outcomes = [outcome for one in tried for outcome in _try_mutants(claim, *one)]
    premises = _distinct(
        premise
        for statement, proof in zip(claim.statements, proofs)
        for premise in (*statement.trusted, *proof.premises)
    )
    rejected = [name for name, outcome in outcomes if outcome == "rejected"]
    equivalent = sum(outcome == "equivalent" for _, outcome in outcomes)
    return Report(
        id=claim.id,
        statements=tuple(statement.latex() for statement in claim.statements),
        verdict=_verdict(claim, premises),
        premises=tuple(premise for premise in premises if premise not in claim.stated),
        refuted=_distinct(step for proof in refutations for step in proof.steps),
        rules=_distinct(rule for proof in proofs for rule in proof.rules),
        equality=_distinct(proof.equality for proof in proofs if proof.equality),
        mutants_rejected=len(rejected),
        mutants_total=len(outcomes) - equivalent,
        mutants_equivalent=equivalent,
        mutant_kinds=_distinct(sorted(rejected)),
        numeric_instances=INSTANCES * len(errors),
        max_error=float(mpmath.nstr(max(errors), 2)) if errors else 0.0,
        fingerprint=fingerprint(claim),
    )


def _verdict(claim: Claim, premises: tuple[str, ...]) -> str:
    """The word for what the check showed, by one rule for all claims."""
    if claim.relation == "argument":
        if not claim.refuted:
            raise CheckFailed(
                f"{claim.id} is an argument: give the case where it fails, or state it as a fact"
            )
        return "heuristic"
    if claim.refuted:
        bounded = any(isinstance(statement, Bound) for statement in claim.statements)
        return "bound only" if claim.relation == "~" and bounded else "slip"
    return "exact" if set(premises) <= set(claim.stated) else "holds if"


def fingerprint(claim: Claim) -> str:
    """A short hash of what the claim says, so that a report of an older wording is recognised."""
    said = [
        (type(s).__name__, s.given, s.trusted, [_spelt(getattr(s, f.name)) for f in fields(s)])
        for s in (*claim.statements, *claim.refuted)
    ]
    whole = repr((said, claim.stated, claim.relation, _spelt(claim.printed)))
    return hashlib.sha256(whole.encode()).hexdigest()[:12]


def _spelt(value: Any) -> str:
    """An expression with its symbols' assumptions, a range with its ends; joints by their names."""
    if isinstance(value, sympy.Basic):
        return sympy.srepr(value)
    if isinstance(value, Joint):
        return value.family
    if isinstance(value, (RandomTables, RandomParameters)):
        return " ".join(_spelt(getattr(value, f.name)) for f in fields(value))
    if isinstance(value, (tuple, list)):
        return "(" + " ".join(map(_spelt, value)) + ")"
    return repr(value)


def _distinct(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))


def _prove(claim: Claim, statement: Statement) -> Proof:
    try:
        return statement.prove()
    except NotProved as reason:
        raise CheckFailed(f"{claim.id} is not proved: {statement.latex()}: {reason}") from None


def _instances(statement: Statement, support: tuple[Support, ...]) -> Iterator[Assignment]:
    """The first instances that satisfy the premises of positivity, and only those are left out."""
    drawn = (statement.instances.draw(Random(f"one-kl-{index}"), index) for index in count())
    fitting = (i for i in drawn if not any(i.breaks(premise) for premise in support))
    return islice(fitting, INSTANCES)


def _cross_examine(claim: Claim, statement: Statement, support: tuple[Support, ...]) -> mpf:
    """The largest violation of a statement on random instances; CheckFailed where it is no 0."""
    violation, worst = statement.compile(), mpf(0)
    for index, instance in enumerate(_instances(statement, support)):
        found = violation(instance)
        if found > TOLERANCE:
            raise CheckFailed(
                f"{claim.id} fails on instance {index}: "
                f"{statement.latex()} is off by {mpmath.nstr(found, 3)}"
            )
        worst = max(worst, found)
    return worst


def _try_mutants(
    claim: Claim, statement: Statement, support: tuple[Support, ...]
) -> Iterator[tuple[str, str]]:
    """The name and the outcome of each mutant; prover and numbers have to agree on it."""
    for name, mutant in mutants(statement):
        violation = mutant.compile()
        refuted = any(violation(instance) > WRONG for instance in _instances(mutant, support))
        same = statement.same_as(mutant)
        shown = f"({name}): {mutant.latex()}"
        if not same and provable(mutant):
            raise CheckFailed(f"{claim.id}: the prover accepts a mutant {shown}")
        if same and refuted:
            raise CheckFailed(
                f"{claim.id}: numbers refute a mutant that is said to be equivalent {shown}"
            )
        if not same and not refuted:
            raise CheckFailed(f"{claim.id}: no instance refutes a mutant {shown}")
        yield name, "equivalent" if same else "rejected"
