"""The weakest premise of positivity that excludes the patterns of zeros where a proof fails.

A pattern says of each density whether it is positive at a point.
The premise is the negation of "one of the failing patterns", as few and as short clauses as
possible: at every point where some are positive, one of others is.
Patterns that cannot occur are left free, and of several ways to say the same the first in the order
of the densities is taken, so that the premise does not depend on their names.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from sympy import Expr

from onekl.symbolic.premises import Support
from onekl.symbolic.proof import NotProved

Pattern = tuple[bool, ...]  # for each density whether it is positive
Implicant = tuple[bool | None, ...]  # the same, where None stands for either


def weakest_premises(named: Sequence[Expr], failing: dict[Pattern, bool]) -> tuple[Support, ...]:
    """The premises for the patterns that can occur, each with whether the proof fails there.

    None where it fails nowhere.  NotProved where it fails though all are positive.
    """
    if not any(failing.values()):
        return ()
    if failing.get((True,) * len(named), False):
        raise NotProved("the two sides differ where all densities are positive")
    kept, failing = _without_irrelevant(list(named), failing)
    wrong = sorted(pattern for pattern, fails in failing.items() if fails)
    right = [pattern for pattern, fails in failing.items() if not fails]
    chosen = _fewest(list(_prime(len(kept), wrong, right)), wrong)
    return tuple(_clause(implicant, kept) for implicant in chosen)


def _without_irrelevant(
    kept: list[Expr], failing: dict[Pattern, bool]
) -> tuple[list[Expr], dict[Pattern, bool]]:
    """Only the densities that the outcome depends on; the last in the order are left out first."""
    for position in reversed(range(len(kept))):
        merged: dict[Pattern, set[bool]] = {}
        for pattern, fails in failing.items():
            merged.setdefault(pattern[:position] + pattern[position + 1 :], set()).add(fails)
        if all(len(outcomes) == 1 for outcomes in merged.values()):
            kept = kept[:position] + kept[position + 1 :]
            failing = {pattern: outcomes.pop() for pattern, outcomes in merged.items()}
    return kept, failing


def _covers(implicant: Implicant, pattern: Pattern) -> bool:
    return all(literal in (None, value) for literal, value in zip(implicant, pattern))


def _prime(count: int, wrong: list[Pattern], right: list[Pattern]) -> Iterator[Implicant]:
    """The shortest conjunctions that cover a failing pattern and none that is right.

    Shortest first; of each length in the order of the densities.
    """
    found: list[Implicant] = []
    for length in range(1, count + 1):
        for places in itertools.combinations(range(count), length):
            for values in itertools.product((False, True), repeat=length):
                literals = dict(zip(places, values))
                one = tuple(literals.get(k) for k in range(count))
                if any(_covers(one, pattern) for pattern in right):
                    continue
                if any(all(o in (None, v) for o, v in zip(other, one)) for other in found):
                    continue
                if any(_covers(one, pattern) for pattern in wrong):
                    found.append(one)
                    yield one


def _fewest(primes: list[Implicant], wrong: list[Pattern]) -> tuple[Implicant, ...]:
    """The first of the smallest sets of conjunctions that cover all failing patterns."""
    for count in range(1, len(primes) + 1):
        for chosen in itertools.combinations(primes, count):
            if all(any(_covers(one, pattern) for one in chosen) for pattern in wrong):
                return chosen
    raise AssertionError("every failing pattern is covered by a conjunction of its own")


def _clause(implicant: Implicant, kept: Sequence[Expr]) -> Support:
    """The negation of a conjunction: where its positive members are, one of the others is.

    NotProved where no member vanishes.
    """
    vanishing = tuple(d for d, literal in zip(kept, implicant) if literal is False)
    positive = tuple(d for d, literal in zip(kept, implicant) if literal is True)
    if not vanishing:
        raise NotProved("the two sides differ where densities are positive")
    return Support(vanishing, positive)
