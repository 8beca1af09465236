"""Counterexamples against numbers: sides and lines again in doubles, and sides that are changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

import mpmath
import sympy
from sympy import Derivative, Expr, Symbol

from onekl.claims.numbers import Disagreement, Numbers
from onekl.examiner.bounded import Bounded
from onekl.examiner.evaluate import NoRule
from onekl.examiner.given import given
from onekl.examiner.lines import Lined, Tried, WrongLine
from onekl.symbolic.counterexample import Counterexample
from onekl.symbolic.instance import Instance
from onekl.symbolic.lines.instance import AT_THE_INSTANCE, instance_of
from onekl.symbolic.lines.line import START, TENDS, Line, Lines
from onekl.symbolic.mutants import mutants
from onekl.symbolic.numeric import Assignment
from onekl.symbolic.proof import NotProved

CLOSE = 1e-6  # of values in doubles, slopes among them, to the exact ones
STEP = 1e-5  # of a slope


def numbers_of(counterexample: Counterexample) -> Numbers:
    """The two sides in doubles at the instance; Disagreement where they are not the exact ones."""
    along, places = counterexample.along, counterexample.at
    for at in places if not counterexample.unknowns else ():
        for side in _sides(counterexample):
            exact = float(at.exact(side, along))
            found = _in_doubles(at, side, along)
            if exact != found.value and not abs(exact - found.value) <= _close(found):
                raise Disagreement(f"a side is {exact} at the instance, {found.value} in doubles")
    word = "both sides again in doubles"
    figure = "the lines in doubles" if counterexample.unknowns else word
    return Numbers(len(places), len(places), 0, 0, 0, 0, figure)


def _sides(counterexample: Counterexample) -> tuple[Expr, Expr]:
    left, _, right = counterexample.of.plain().relation()
    return left, right


def require_lines(counterexample: Counterexample, lines: Lines) -> Tried:
    """What was tried; WrongLine where a line is not the one before, at the instance of its own."""
    at = counterexample.at[0]
    for number, (before, line) in enumerate(zip(lines, lines[1:]), 2):
        if line.rule == AT_THE_INSTANCE.name:
            at = _with_values(instance_of(line.uses), dict(at.values))
        if line.sign == TENDS:
            values = {symbol: mpmath.mpf(float(value)) for symbol, value in at.values}
            instances = [Assignment(values=values)]
            Lined((), instances.copy).require((Line(before.expression, sign=START), line))
        elif line.sign != START:
            one, other = (_at(at, side) for side in (before.expression, line.expression))
            if not abs(one.value - other.value) <= _close(one) + other.error:
                shown = f"{one.value} and {other.value} at the instance"
                raise WrongLine(f"line {number} ({line.rule}): {shown}")
    return Tried(sum(line.sign != START for line in lines), 0)


def _with_values(at: Instance, values: dict[Symbol, Expr]) -> Instance:
    """The instance, with these values for symbols that it has none for."""
    return replace(at, values=tuple({**values, **dict(at.values)}.items()))


def _close(found: Bounded) -> float:
    """How far another number may be from what was found."""
    return CLOSE * (1 + abs(found.value)) + found.error


def _in_doubles(at: Instance, side: Expr, along: Symbol | None) -> Bounded:
    """A side at an instance, or its slope along a symbol."""
    return _at(at, side) if along is None else _slope(at, side, along)


def _at(at: Instance, side: Expr) -> Bounded:
    """A side, or a line, at an instance; symbols that it leaves open are fixed numbers."""
    values = dict(at.values)
    if isinstance(side, Derivative) and side.variables[0] in values:
        return _slope(at, side.expr, side.variables[0])
    try:
        found = given(at.tables, at.functions, values)(side)
        return Bounded(found.value.reshape(-1)[0], found.error.reshape(-1)[0])
    except NoRule:
        formula = at.formula(side).subs(at.values)
        open_ = sorted(formula.free_symbols, key=str)
        fixed = {symbol: sympy.Rational(k + 2, 3) for k, symbol in enumerate(open_)}
        return Bounded(float(sympy.N(formula.subs(fixed))))


def _slope(at: Instance, side: Expr, along: Symbol) -> Bounded:
    """The slope of a side along a symbol of the instance, by a difference."""
    here = dict(at.values)[along]
    moved = ({**dict(at.values), along: here + move} for move in (STEP, -STEP))
    up, down = (_at(replace(at, values=tuple(values.items())), side) for values in moved)
    return (up - down) / Bounded(2 * STEP)


def altered(counterexample: Counterexample) -> Iterator[tuple[str, str]]:
    """The mutants of the refuted statement's sides, and whether an instance tells them apart.

    One is rejected where a side has another value at an instance than the counterexample says.
    """
    places, along = counterexample.at, counterexample.along
    # A mutant leaves one of the sides as it is.
    exact = [cache(lambda side, at=at: at.exact(side, along)) for at in places]
    in_doubles = [cache(lambda side, at=at: _in_doubles(at, side, along)) for at in places]
    before = _sides(counterexample)
    for name, mutant in mutants(counterexample.of.plain()):
        pairs = [*zip(before, _sides(replace(counterexample, of=mutant)))]
        if any(_is_another_number(*pair, at) for at in in_doubles for pair in pairs):
            yield name, "rejected"
            continue
        try:
            off = [at(one) - at(other) for at in exact for one, other in pairs]
        except NotProved:  # it has no number, or rests on a null event
            yield name, "rejected"
            continue
        except (KeyError, ValueError):  # it holds what the instance lacks: no version of it
            continue
        yield name, "equivalent" if all(sympy.simplify(gap) == 0 for gap in off) else "rejected"


def _is_another_number(before: Expr, after: Expr, in_doubles: Callable[[Expr], Bounded]) -> bool:
    """Whether a side is seen in doubles to have another value; False says nothing."""
    if before == after:
        return False
    try:
        one, other = in_doubles(before), in_doubles(after)
    except (KeyError, TypeError, ValueError):
        return False
    return abs(one.value - other.value) > 100 * (_close(one) + other.error)
