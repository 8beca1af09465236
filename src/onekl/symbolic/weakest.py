"""The weakest premise of positivity that excludes the patterns of zeros where a proof fails.

A pattern says of each density whether it is positive at a point.
The premise is the negation of "one of the failing patterns", as few and as short clauses as
possible: at every point where some are positive, one of others is.
Patterns that cannot occur are left free, and of several ways to say the same the first in the order
of the densities is taken, so that the premise does not depend on their names.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy
from sympy import Expr, Symbol
from sympy.logic import And, Not, Or, SOPform

from onekl.symbolic.premises import Support
from onekl.symbolic.proof import NotProved

Pattern = tuple[bool, ...]  # for each density whether it is positive


def weakest_premises(named: Sequence[Expr], failing: dict[Pattern, bool]) -> tuple[Support, ...]:
    """The premises for the patterns that can occur, each with whether the proof fails there.

    None where it fails nowhere.  NotProved where it fails though all are positive.
    """
    if not any(failing.values()):
        return ()
    if failing.get((True,) * len(named), False):
        raise NotProved("the two sides differ where all densities are positive")
    kept, failing = _without_irrelevant(list(range(len(named))), failing)
    symbols = [Symbol(f"a{k:03d}") for k in range(len(kept))]
    possible = [list(map(int, pattern)) for pattern, _ in failing.items()]
    wrong = [list(map(int, pattern)) for pattern, fails in failing.items() if fails]
    impossible = [
        row
        for row in sympy.utilities.iterables.cartes([0, 1], repeat=len(kept))
        if list(row) not in possible
    ]
    found = SOPform(symbols, wrong, [list(row) for row in impossible])
    by_symbol = {symbol: named[k] for symbol, k in zip(symbols, kept)}
    return tuple(sorted((_clause(term, by_symbol) for term in Or.make_args(found)), key=_length))


def _without_irrelevant(
    kept: list[int], failing: dict[Pattern, bool]
) -> tuple[list[int], dict[Pattern, bool]]:
    """Only the densities that the outcome depends on; the last in the order are left out first."""
    for position in reversed(range(len(kept))):
        merged: dict[Pattern, set[bool]] = {}
        for pattern, fails in failing.items():
            merged.setdefault(pattern[:position] + pattern[position + 1 :], set()).add(fails)
        if all(len(outcomes) == 1 for outcomes in merged.values()):
            kept = kept[:position] + kept[position + 1 :]
            failing = {pattern: outcomes.pop() for pattern, outcomes in merged.items()}
    return kept, failing


def _clause(term: Expr, by_symbol: dict[Symbol, Expr]) -> Support:
    """The negation of a conjunction: where its positive members are, one of the others is."""
    literals = And.make_args(term)
    ordered = list(by_symbol)
    vanishing = [s for s in ordered if Not(s) in literals]
    positive = [s for s in ordered if s in literals]
    if not vanishing:
        raise NotProved("the two sides differ where densities are positive")
    return Support(tuple(by_symbol[s] for s in vanishing), tuple(by_symbol[s] for s in positive))


def _length(clause: Support) -> int:
    return len(clause.any_of) + len(clause.where)
