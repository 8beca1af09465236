"""The check of a claim: prove each statement, show its lines, try it with numbers and mutants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import mpmath
import numpy as np

from onekl.claims.claim import Claim
from onekl.claims.counterexamples import altered, numbers_of, require_lines
from onekl.claims.fingerprint import fingerprint
from onekl.claims.marks import Outcome, steps_shown, weakest_of
from onekl.claims.numbers import Disagreement, Numbers, Trials
from onekl.claims.report import Mutants, Report, Row, Shown, StepShown
from onekl.claims.stated import places
from onekl.examiner.lines import Tried, WrongLine
from onekl.symbolic.counterexample import Counterexample
from onekl.symbolic.lines.display import display
from onekl.symbolic.lines.line import Lines, require_rules
from onekl.symbolic.mutants import mutants
from onekl.symbolic.notation import latex
from onekl.symbolic.numeric import DIGITS
from onekl.symbolic.premises import Finite, Premise, Support, follows, premise_latex
from onekl.symbolic.proof import NotProved, Proof
from onekl.symbolic.statements import Bound, Statement, provable


class CheckFailed(ValueError):
    """A check did not pass; the message says which part and shows the instance or the mutant."""


@dataclass(frozen=True)
class _Proved:
    """A statement, its proof with its lines, and its premises as objects."""

    statement: Statement
    proof: Proof
    lines: Lines
    role: str

    @property
    def premises(self) -> tuple[Premise, ...]:
        """The equations that it is given, and what its proof needs."""
        return (*self.statement.given, *self.proof.needed)

    def unstated(self, claim: Claim) -> tuple[str, ...]:
        """The premises that the claim's source does not state, in LaTeX."""
        known = [stated.premise for stated in claim.stated]
        return tuple(premise_latex(p) for p in self.premises if not follows(p, known))

    @property
    def in_words(self) -> bool:
        """Whether it is about a step that the source makes in words, beside its printed signs."""
        return self.statement.proves[-1:].isalpha()

    @cached_property
    def trials(self) -> Trials:
        """Its instances."""
        return Trials(self.statement, self.proof.imposed)


def check(claim: Claim) -> Report:
    """Prove, cross-examine and mutate every statement of a claim, and every line of its proof.

    Raises CheckFailed, in one line, when a statement is not proved, when the numbers disagree with
    it or with a line, when a mutant that is not equivalent gets through, or when a premise has no
    effect.
    """
    if not claim.statements:
        raise CheckFailed(f"{claim.id} has no statement to check yet")
    with mpmath.workdps(DIGITS), np.errstate(all="ignore"):  # ∞ − ∞ has rules of its own
        roles = ("claim", claim.statements), ("beside", claim.also), ("refuted", claim.refuted)
        every = [_proved(claim, one, role) for role, some in roles for one in some]
        _require_effect(claim, [one for one in every if one.role != "refuted"])
        shown = tuple(_shown(claim, one) for one in every)
    by_step = _by_step(claim, every)
    steps = steps_shown(claim.id, by_step)
    _require_all_signs(claim, steps, by_step)
    weakest = weakest_of(steps)
    has_signs = any(step.sign for step in steps)
    counting = [one for one in every if one.role == "claim" and not (has_signs and one.in_words)]
    premises = _distinct(line for one in counting for line in one.unstated(claim))
    mutants = [one.mutants for one in shown if one.mutants]
    rejected = sum(found.rejected for found in mutants)
    refuted = [one.proof for one in every if one.role == "refuted"]
    return Report(
        id=claim.id,
        verdict=weakest or _verdict(claim, premises),
        premises=premises,
        stated=tuple(stated.latex() for stated in claim.stated),
        trusted=_distinct(line for one in every for line in one.statement.trusted),
        repeats=claim.repeats,
        refuted=_distinct(step for proof in refuted for step in proof.steps),
        steps=steps,
        shown=shown,
        mutants_rejected=rejected,
        mutants_total=rejected,  # one that gets through has made the check fail
        mutants_equivalent=sum(found.equivalent for found in mutants),
        mutant_kinds=_distinct(sorted(kind for found in mutants for kind in found.kinds)),
        fingerprint=fingerprint(claim),
    )


def _shown(claim: Claim, one: _Proved) -> Shown:
    """A statement with its lines, which are tried, what the numbers show of it, its mutants."""
    numbers, steps = (None, None) if claim.repeats else _cross_examine(claim, one)
    mutants = None if claim.repeats else _mutants(claim, one)
    premises = one.unstated(claim) if one.role == "beside" else ()
    word = ("holds if" if premises else "exact") if one.role == "beside" else ""
    return Shown(
        statement=one.statement.latex(),
        role=one.role,
        proves=one.statement.proves,
        verdict=word,
        premises=premises,
        rows=tuple(Row(line.sign, latex(line.expression), line.rule) for line in one.lines),
        derivation=display(one.lines),
        equality=one.proof.equality,
        numbers=numbers,
        steps=steps,
        mutants=mutants,
    )


def _by_step(claim: Claim, every: list[_Proved]) -> dict[str, Outcome]:
    """What was shown of each step, by its place."""
    about: dict[str, list[_Proved]] = {}
    for one in every:
        if one.statement.proves:
            about.setdefault(one.statement.proves, []).append(one)
    bounded = any(isinstance(statement, Bound) for statement in claim.statements)
    return {
        place: Outcome(
            refuted=any(one.role == "refuted" for one in some),
            premises=_distinct(line for one in some for line in one.unstated(claim)),
            bounded=bounded,
        )
        for place, some in about.items()
    }


def _require_all_signs(
    claim: Claim, steps: tuple[StepShown, ...], outcomes: dict[str, Outcome]
) -> None:
    """CheckFailed for a printed sign that nothing proves and nothing refutes."""
    left_out = [step.place for step in steps if step.sign and step.place not in outcomes]
    if left_out:
        raise CheckFailed(
            f"{claim.id} proves nothing of {', '.join(left_out)}: give it in `proves`"
        )


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
    if claim.argument:
        if not claim.refuted:
            raise CheckFailed(
                f"{claim.id} is an argument: give the case where it fails, or state it as a fact"
            )
        return "heuristic"
    if claim.refuted:
        return "slip"
    return "holds if" if premises else "exact"


def _distinct(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))


def _proved(claim: Claim, statement: Statement, role: str) -> _Proved:
    try:
        proof, lines = statement.prove(), statement.derivation()
        require_rules(lines)
    except NotProved as reason:
        raise CheckFailed(f"{claim.id} is not proved: {statement.latex()}: {reason}") from None
    return _Proved(statement, proof, lines, role)


def _cross_examine(claim: Claim, one: _Proved) -> tuple[Numbers, Tried]:
    """What the numbers show of a statement and of its lines; CheckFailed where they disagree."""
    try:
        if isinstance(one.statement, Counterexample):
            return numbers_of(one.statement), require_lines(one.statement, one.lines)
        return one.trials.numbers(), one.trials.lined().require(one.lines)
    except (Disagreement, WrongLine) as found:
        shown = f"{one.statement.latex()}: {found}"
        raise CheckFailed(f"{claim.id} fails in numbers: {shown}") from None


def _mutants(claim: Claim, one: _Proved) -> Mutants:
    """What became of the mutants of one statement; CheckFailed for one that gets through."""
    outcomes = list(_try_mutants(claim, one))
    rejected = [name for name, outcome in outcomes if outcome == "rejected"]
    return Mutants(len(rejected), len(outcomes) - len(rejected), _distinct(sorted(rejected)))


def _try_mutants(claim: Claim, one: _Proved) -> Iterator[tuple[str, str]]:
    """The name and the outcome of each mutant; prover and numbers have to agree on it.

    One that an instance refutes must not be accepted by the prover; any other must be provably
    equivalent.
    """
    if isinstance(one.statement, Counterexample):
        yield from altered(one.statement)
        return
    statement, imposed, trials = one.statement.plain(), one.proof.imposed, one.trials
    for name, mutant in mutants(statement):
        refuted = trials.refute(mutant)
        if refuted == accepts(mutant, imposed):
            wrong = "the prover accepts" if refuted else "no instance refutes"
            raise CheckFailed(f"{claim.id}: {wrong} a mutant ({name}): {mutant.latex()}")
        yield name, "rejected" if refuted else "equivalent"


def accepts(mutant: Statement, imposed: tuple[Support | Finite, ...]) -> bool:
    """Whether the prover accepts a mutant under no more premises than the statement has."""
    try:
        proof = mutant.accepted()
    except NotProved:
        return False
    return all(follows(premise, imposed) for premise in proof.imposed)
