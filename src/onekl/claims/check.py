"""The check of a claim: prove each statement, cross-examine it with numbers, try its mutants."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from functools import partial
from itertools import count, islice
from random import Random
from typing import Any

import mpmath
import sympy
from mpmath import mpf

from onekl.claims.claim import Claim
from onekl.claims.stated import places
from onekl.symbolic.algebra import Joint
from onekl.symbolic.counterexample import Counterexample
from onekl.symbolic.mutants import mutants
from onekl.symbolic.notation import written
from onekl.symbolic.numeric import DIGITS, Assignment
from onekl.symbolic.premises import Finite, Premise, Support, follows, premise_latex
from onekl.symbolic.proof import NotProved, Proof
from onekl.symbolic.statements import Bound, Statement, provable

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
class Addition:
    """What the book shows beside a claim: a statement with a word and premises of its own."""

    statement: str
    verdict: str
    premises: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """What the check of one claim showed; it is shown in the notebook and read by the ledger.

    `premises` are derived by the proofs, or used by them and not stated in the source; `stated` are
    those that the source states, with their place; `trusted` are used by nothing here.
    """

    id: str
    statements: tuple[str, ...]
    verdict: str
    premises: tuple[str, ...]
    stated: tuple[str, ...]
    trusted: tuple[str, ...]
    additions: tuple[Addition, ...]
    repeats: str
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
        return [
            *(f"{REFUTED[self.verdict]}: {write(refutation)}" for refutation in self.refuted),
            *(f"premise: {write(premise)}" for premise in self.premises),
            *(f"stated in the source: {write(premise)}" for premise in self.stated),
            *(f"taken on trust: {write(premise)}" for premise in self.trusted),
            *(f"used: {write(rule)}" for rule in self.rules),
            *(
                f"equality, where the lower side is finite, exactly when {write(case)}"
                for case in self.equality
            ),
            *(line for addition in self.additions for line in _added(addition, write)),
            *self._counts(),
        ]

    def _counts(self) -> list[str]:
        """What was tried; a repetition counts nothing."""
        if self.repeats:
            return [f"repeats {self.repeats}: nothing is counted again"]
        kinds = f" ({', '.join(self.mutant_kinds)})" if self.mutant_kinds else ""
        rejected = f"{self.mutants_rejected} of {self.mutants_total} rejected{kinds}"
        instances = f"{self.numeric_instances:,} random instances"
        return [
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


def _added(addition: Addition, write: Callable[[str], str]) -> list[str]:
    """The lines of an addition: its statement with its word, then its premises."""
    premises = [f"that premise: {write(premise)}" for premise in addition.premises]
    return [f"shown beside it, {addition.verdict}: {write(addition.statement)}", *premises]


@dataclass(frozen=True)
class _Proved:
    """A statement, its proof, and its premises as objects."""

    statement: Statement
    proof: Proof

    @property
    def premises(self) -> tuple[Premise, ...]:
        """The equations that it is given, and what its proof needs."""
        return (*self.statement.given, *self.proof.needs)

    def unstated(self, claim: Claim) -> tuple[str, ...]:
        """The premises that the claim's source does not state, in LaTeX."""
        known = [stated.premise for stated in claim.stated]
        return tuple(premise_latex(p) for p in self.premises if not follows(p, known))


def check(claim: Claim) -> Report:
    """Prove, cross-examine and mutate every statement of a claim.

    Raises CheckFailed, in one line, when a statement is not proved, when the numbers disagree with
    it, when a mutant that is not equivalent gets through, or when a premise has no effect.
    """
    if not claim.statements:
        raise CheckFailed(f"{claim.id} has no statement to check yet")
    with mpmath.workdps(DIGITS):
        refutations = [_prove(claim, statement) for statement in claim.refuted]
        main, beside = (
            [_Proved(statement, _prove(claim, statement)) for statement in statements]
            for statements in (claim.statements, claim.also)
        )
        every = [*main, *beside]
        _require_effect(claim, every)
        tried = [] if claim.repeats else [one for one in every if _is_tried(one.statement)]
        errors = [_cross_examine(claim, one) for one in tried]
        outcomes = [outcome for one in tried for outcome in _try_mutants(claim, one)]
    premises = _distinct(line for one in main for line in one.unstated(claim))
    rejected = [name for name, outcome in outcomes if outcome == "rejected"]
    equivalent = sum(outcome == "equivalent" for _, outcome in outcomes)
    return Report(
        id=claim.id,
        statements=tuple(statement.latex() for statement in claim.statements),
        verdict=_verdict(claim, premises),
        premises=premises,
        stated=tuple(stated.latex() for stated in claim.stated),
        trusted=_distinct(line for one in every for line in one.statement.trusted),
        additions=tuple(_addition(claim, one) for one in beside),
        repeats=claim.repeats,
        refuted=_distinct(step for proof in refutations for step in proof.steps),
        rules=_distinct(rule for one in every for rule in one.proof.rules),
        equality=_distinct(one.proof.equality for one in every if one.proof.equality),
        mutants_rejected=len(rejected),
        mutants_total=len(outcomes) - equivalent,
        mutants_equivalent=equivalent,
        mutant_kinds=_distinct(sorted(rejected)),
        numeric_instances=INSTANCES * len(errors),
        max_error=float(mpmath.nstr(max(errors), 2)) if errors else 0.0,
        fingerprint=fingerprint(claim),
    )


def _is_tried(statement: Statement) -> bool:
    """Whether a statement has instances and mutants; a counterexample is one instance itself."""
    return not isinstance(statement, Counterexample)


def _addition(claim: Claim, one: _Proved) -> Addition:
    premises = one.unstated(claim)
    return Addition(one.statement.latex(), "holds if" if premises else "exact", premises)


def _require_effect(claim: Claim, every: list[_Proved]) -> None:
    """CheckFailed for a premise that nothing needs, or that is stated for other claims only."""
    for one in every:
        for equation in one.statement.given:
            others = tuple(e for e in one.statement.given if e is not equation)
            if provable(replace(one.statement, given=others)):
                raise CheckFailed(
                    f"{claim.id}: {one.statement.latex()} is proved without the premise "
                    f"{equation.latex()}: leave it out"
                )
    needed = [premise for one in every for premise in one.premises]
    for stated in claim.stated:
        if claim.id not in places()[stated.key].claims:
            raise CheckFailed(f"{stated.key} is not stated for {claim.id} in the source")
        if not any(follows(premise, [stated.premise]) for premise in needed):
            raise CheckFailed(f"{claim.id}: no proof needs what is stated, {stated.latex()}")


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
    return "holds if" if premises else "exact"


def fingerprint(claim: Claim) -> str:
    """A short hash of what the claim says, so that a report of an older wording is recognised."""
    said = [_spelt(getattr(claim, f.name)) for f in fields(claim)]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:12]


def _spelt(value: Any) -> str:
    """An expression with its symbols' assumptions, anything else by its kind and its fields."""
    if isinstance(value, sympy.Basic):
        return sympy.srepr(value)
    if isinstance(value, Joint):
        return value.family
    if is_dataclass(value):
        inside = " ".join(_spelt(getattr(value, f.name)) for f in fields(value))
        return f"{type(value).__name__}({inside})"
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


def _instances(statement: Statement, imposed: tuple[Support | Finite, ...]) -> Iterator[Assignment]:
    """The first instances that satisfy the premises, and only those that do not are left out."""
    drawn = (statement.instances.draw(Random(f"one-kl-{index}"), index) for index in count())
    fitting = (i for i in drawn if not any(i.breaks(premise) for premise in imposed))
    return islice(fitting, INSTANCES)


def _cross_examine(claim: Claim, one: _Proved) -> mpf:
    """The largest violation of a statement on random instances; CheckFailed where it is no 0."""
    violation, worst = one.statement.compile(), mpf(0)
    for index, instance in enumerate(_instances(one.statement, one.proof.imposed)):
        found = violation(instance)
        if found > TOLERANCE:
            raise CheckFailed(
                f"{claim.id} fails on instance {index}: "
                f"{one.statement.latex()} is off by {mpmath.nstr(found, 3)}"
            )
        worst = max(worst, found)
    return worst


def _try_mutants(claim: Claim, one: _Proved) -> Iterator[tuple[str, str]]:
    """The name and the outcome of each mutant; prover and numbers have to agree on it.

    One that an instance refutes must not be accepted by the prover; any other must be provably
    equivalent.
    """
    statement, imposed = one.statement.plain(), one.proof.imposed
    for name, mutant in mutants(statement):
        violation = mutant.compile()
        refuted = any(violation(instance) > WRONG for instance in _instances(mutant, imposed))
        shown = f"({name}): {mutant.latex()}"
        if refuted and _accepts(mutant, imposed):
            raise CheckFailed(f"{claim.id}: the prover accepts a mutant {shown}")
        if not refuted and not statement.same_as(mutant):
            raise CheckFailed(f"{claim.id}: no instance refutes a mutant {shown}")
        yield name, "rejected" if refuted else "equivalent"


def _accepts(mutant: Statement, imposed: tuple[Support | Finite, ...]) -> bool:
    """Whether the prover accepts a mutant under no more premises than the statement has."""
    try:
        proof = mutant.prove()
    except NotProved:
        return False
    return all(follows(premise, imposed) for premise in proof.imposed)
