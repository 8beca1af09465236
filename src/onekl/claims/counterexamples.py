"""Counterexamples against numbers: both sides again in doubles, and sides that are changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import sympy
from sympy import Expr

from onekl.claims.numbers import Disagreement, Numbers
from onekl.examiner.evaluate import NoRule
from onekl.examiner.given import given
from onekl.symbolic.counterexample import Counterexample
from onekl.symbolic.instance import Instance
from onekl.symbolic.mutants import mutants
from onekl.symbolic.proof import NotProved
from onekl.symbolic.real_line import closed_form

CLOSE = 1e-6  # of values in doubles, slopes among them, to the exact ones
STEP = 1e-5  # of a slope


def numbers_of(counterexample: Counterexample) -> Numbers:
    """The two sides in doubles at the instance; Disagreement where they are not the exact ones."""
    tried = 0
    for at in counterexample.at if not counterexample.unknowns else ():
        for side in _sides(counterexample):
            exact = float(at.exact(side, counterexample.along))
            found = _in_doubles(side, at, counterexample)
            if exact != found and not abs(exact - found) <= CLOSE * (1 + abs(exact)):
                raise Disagreement(f"a side is {exact} at the instance, and {found} in doubles")
        tried += 1
    figure = "both sides again in doubles" if tried else "a basis of polynomials, no numbers"
    return Numbers(tried, tried, 0, 0, 0, figure)


def _sides(counterexample: Counterexample) -> tuple[Expr, Expr]:
    left, _, right = counterexample.of.plain().relation()
    return left, right


def _in_doubles(side: Expr, at: Instance, counterexample: Counterexample) -> float:
    """The side on the instance by the examiner, or its slope along the symbol."""
    along = counterexample.along
    if along is None:
        return _value(side, at, {})
    here = dict(at.values)[along]
    up, down = (_value(side, at, {along: here + sign * STEP}) for sign in (1, -1))
    return (up - down) / (2 * STEP)


def _value(side: Expr, at: Instance, moved: dict[Expr, Expr]) -> float:
    values = {**dict(at.values), **moved}
    try:
        value = given(at.tables, at.functions, values)(side).value
        return float(np.asarray(value).reshape(-1)[0])
    except NoRule:  # a limit, or an integral over the line: its closed form
        return float(sympy.N(closed_form(side).doit().subs(values)))


def altered(counterexample: Counterexample) -> Iterator[tuple[str, str]]:
    """The mutants of the refuted statement's sides, and whether the instance tells them apart.

    One is rejected where a side has another value at the instance than the counterexample says.
    """
    if counterexample.unknowns:
        return
    plain = counterexample.of.plain()
    at, along = counterexample.at[0], counterexample.along
    before = [at.exact(side, along) for side in _sides(counterexample)]
    for name, mutant in mutants(plain):
        try:
            changed = replace(counterexample, of=mutant)
            after = [at.exact(side, along) for side in _sides(changed)]
        except NotProved:
            yield name, "rejected"
            continue
        yield name, "equivalent" if _all_equal(before, after) else "rejected"


def _all_equal(before: list[Expr], after: list[Expr]) -> bool:
    return all(sympy.simplify(a - b) == 0 for a, b in zip(before, after))
