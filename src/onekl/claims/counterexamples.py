"""Counterexamples against numbers: both sides again in doubles, and sides that are changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import mpmath
import numpy as np
import sympy
from sympy import Derivative, Expr, Symbol

from onekl.claims.numbers import Disagreement, Numbers
from onekl.examiner.bounded import Bounded
from onekl.examiner.evaluate import NoRule
from onekl.examiner.given import given
from onekl.examiner.lines import Lined, WrongLine
from onekl.symbolic.counterexample import Counterexample
from onekl.symbolic.instance import Instance
from onekl.symbolic.lines.instance import AT_THE_INSTANCE, instance_of
from onekl.symbolic.lines.line import START, TENDS, Line, Lines
from onekl.symbolic.mutants import mutants
from onekl.symbolic.numeric import Assignment
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
    return Numbers(tried, tried, 0, 0, 0, 0, figure)


def require_lines(counterexample: Counterexample, lines: Lines) -> None:
    """WrongLine where a line is not the one before, at the instance that it is taken at."""
    at = counterexample.at[0]
    for number, (before, line) in enumerate(zip(lines, lines[1:]), 2):
        at = instance_of(line.uses) if line.rule == AT_THE_INSTANCE.name else at
        if line.sign == TENDS:
            values = {symbol: mpmath.mpf(float(value)) for symbol, value in at.values}
            pair = (Line(before.expression, sign=START), line)
            Lined((), lambda: [Assignment(values=values)]).require(pair)  # noqa: B023
        elif line.sign != START:
            one, other = (_at(at, side) for side in (before.expression, line.expression))
            bound = CLOSE * (1 + abs(one.value)) + one.error + other.error
            if not abs(one.value - other.value) <= bound:
                shown = f"{one.value} and {other.value} at the instance"
                raise WrongLine(f"line {number} ({line.rule}): {shown}")


def _at(at: Instance, side: Expr) -> Bounded:
    """A line at an instance; symbols that it leaves open are fixed numbers."""
    values = dict(at.values)
    if isinstance(side, Derivative) and side.variables[0] in values:
        (symbol,) = side.variables
        up, down = (
            _at(_moved(at, symbol, values[symbol] + sign * STEP), side.expr) for sign in (1, -1)
        )
        return (up - down) / Bounded(2 * STEP)
    try:
        found = given(at.tables, at.functions, values)(side)
        return Bounded(found.value.reshape(-1)[0], found.error.reshape(-1)[0])
    except NoRule:
        formula = at.formula(side).subs(at.values)
        open_ = sorted(formula.free_symbols, key=str)
        fixed = {symbol: sympy.Rational(k + 2, 3) for k, symbol in enumerate(open_)}
        return Bounded(float(sympy.N(formula.subs(fixed))))


def _moved(at: Instance, symbol: Symbol, value: Expr) -> Instance:
    return replace(at, values=tuple({**dict(at.values), symbol: value}.items()))


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
