"""Inequalities in one variable, proved by derivatives, and what they say of all densities.

An `Inequality` holds at each number of an interval, whatever the parameters are.
A `DivergenceInequality` holds for all pairs of densities p and q: its integrand is q f(p/q) with a
function f that is never negative.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import ClassVar

import mpmath
import sympy
from sympy import Expr, Pow, Symbol, oo

from onekl.symbolic.notation import latex
from onekl.symbolic.numeric import DIGITS, Assignment, Evaluator, Number, compiled
from onekl.symbolic.proof import NotProved, Proof
from onekl.symbolic.sign_on_interval import (
    Between,
    Box,
    Sign,
    direct_sign,
    is_regular,
    sign_on,
    strict_sign,
    without_absolute_values,
)
from onekl.symbolic.statements import Statement, difference, shortfall

SEEN = mpmath.mpf(10) ** -9  # what numbers must exceed to refute
DRAWS = 60
# The values of a positive letter, and of a real one, at which an inequality is tried.
POSITIVE = [sympy.Rational(*pair) for pair in ((1, 99), (1, 6), (9, 11), (1, 1), (7, 2), (99, 1))]
REAL = [sign * value for sign in (-1, 1) for value in POSITIVE]


@dataclass(frozen=True, kw_only=True)
class Inequality(Statement):
    """lower ≤ upper for all values of the symbols in their open intervals.

    `domain` has (symbol, low, high) for each symbol, the variable of the proof first; the ends are
    numbers or ±∞. `at`, if it is given, is the value of the variable where the sides are equal.
    ValueError for a domain that does not fit the symbols or the instances.
    """

    lower: Expr
    upper: Expr
    domain: tuple[tuple[Symbol, Expr, Expr], ...]
    at: Expr | None = None
    mutable: ClassVar = ("lower", "upper")

    def __post_init__(self) -> None:
        known = {symbol for symbol, _, _ in self.domain}
        for symbol in sorted((self.lower.free_symbols | self.upper.free_symbols), key=str):
            if symbol not in known:
                raise ValueError(f"the inequality needs a domain for {symbol}")
        for symbol, low, high in self.domain:
            _require_interval(symbol, low, high)
        for symbol, low, high in self.instances.ranges:
            box = next((b for b in self.domain if b[0] == symbol), (symbol, 0, 0))
            if not (box[1] <= low and high <= box[2]):
                raise ValueError(f"the instances of {symbol} leave its domain")

    def latex(self) -> str:
        """Lower ≤ upper, and where, in LaTeX."""
        return rf"{latex(self.lower)} \leq {latex(self.upper)} \quad ({self._where()})"

    def accepts(self, name: str, changed: Expr) -> bool:
        """A weaker inequality is no mutant: the change has to be false at one of some points."""
        return refuted_somewhere(replace(self, **{name: changed}))

    def _where(self) -> str:
        return r",\ ".join(_range_latex(*each) for each in self.domain)

    def _prove(self) -> Proof:
        """The sign of upper − lower on both sides of `at`."""
        box = tuple(Between(s, sympy.sympify(a), sympy.sympify(b)) for s, a, b in self.domain)
        gap, at = self.upper - self.lower, self.at
        if at is not None:
            apart = sympy.simplify(gap.subs(self.domain[0][0], at))
            if apart != 0:
                raise NotProved(f"the sides are not equal at {at}: they differ by {apart}")
        sign = require_at_least_zero(gap, box, at)
        equality = ""
        if at is not None and sign == Sign.POSITIVE:
            equality = f"{latex(self.domain[0][0])} = {latex(at)}"
        return Proof(equality=equality)

    def _compile(self) -> Evaluator:
        """By how much upper falls short of lower, or how far the sides are apart at `at`."""
        lower, upper = compiled(self.lower), compiled(self.upper)
        place = compiled(sympy.sympify(self.at)) if self.at is not None else None

        def violation(instance: Assignment) -> Number:
            missing = shortfall(upper(instance), lower(instance))
            if place is None:
                return missing
            values = {**instance.values, self.domain[0][0]: place(instance)}
            there = replace(instance, values=values)
            return max(missing, difference(upper(there), lower(there)))

        return violation


def _require_interval(symbol: Symbol, low: Expr, high: Expr) -> None:
    """ValueError unless low < high are numbers and the symbol's own sign says no more than they."""
    low, high = sympy.sympify(low), sympy.sympify(high)
    if not (low.is_extended_real and high.is_extended_real and low < high):
        raise ValueError(f"the domain of {symbol} needs two numbers, the lower one first")
    too_much = (
        (symbol.is_nonnegative and low < 0)
        or (symbol.is_nonpositive and high > 0)
        or (symbol.is_nonzero and low < 0 < high)
        or symbol.is_integer is not None
        or not symbol.is_real
    )
    if too_much:
        raise ValueError(f"{symbol} must be a real symbol, of no sign that its domain lacks")


def _range_latex(symbol: Symbol, low: Expr, high: Expr) -> str:
    ends = [f"{latex(sympy.sympify(low))} < "] if low != -oo else []
    after = f" < {latex(sympy.sympify(high))}" if high != oo else ""
    line = "".join(ends) + latex(symbol) + after
    return line if ends or after else rf"{line} \in \mathbb{{R}}"


def refuted_somewhere(statement: Statement) -> bool:
    """Whether one of the statement's first instances refutes it."""
    with mpmath.workdps(DIGITS):
        violation, draw = statement.compile(), statement.instances.draw
        return any(violation(draw(Random(f"one-kl-{i}"), i)) > SEEN for i in range(DRAWS))


def require_at_least_zero(gap: Expr, box: Box, at: Expr | None) -> Sign:
    """The sign of a gap that is seen to be ≥ 0 all over the box; NotProved if it is not.

    It is looked for on both sides of `at`.
    """
    _require_no_negative_value(gap, box)
    gap, box, at = _without_roots(gap, box, at)
    if not is_regular(gap, box):
        raise NotProved(
            f"{latex(gap)} holds a logarithm, a root or a denominator that is not seen to be "
            "defined all over the domain"
        )
    return min(_require_sign(gap, part) for part in _split(gap, box, at))


def _require_sign(gap: Expr, box: Box) -> Sign:
    sign = sign_on(without_absolute_values(gap, box), box)
    if not sign:
        where = _range_latex(box[0].symbol, box[0].low, box[0].high)
        raise NotProved(f"{latex(gap)} is not seen to be at least 0 for {where}")
    return sign


def _split(gap: Expr, box: Box, at: Expr | None) -> Iterator[Box]:
    """The box, or its parts on the two sides of `at`, where the gap must be at least 0."""
    if at is None:
        yield box
        return
    first, *others = box
    inside = all(
        end.is_infinite or strict_sign(side * (at - end), tuple(others)) == 1
        for end, side in ((first.low, 1), (first.high, -1))
    )
    if not inside:
        raise NotProved(f"{latex(at)} is not seen to lie inside the domain of {first.symbol}")
    value = sympy.simplify(gap.xreplace({first.symbol: at}))
    if not direct_sign(value, tuple(others)):
        raise NotProved(f"upper − lower is {latex(value)} at {latex(at)}")
    for low, high in ((first.low, at), (at, first.high)):
        yield (Between(first.symbol, low, high), *others)


def _require_no_negative_value(gap: Expr, box: Box) -> None:
    """NotProved, with the place, where the gap is negative at one of some points."""
    with mpmath.workdps(DIGITS):
        terms = [compiled(term) for term in sympy.Add.make_args(gap)]
    letters = [b.by_letter() for b in box]
    tried = [POSITIVE if letter.is_positive else REAL for _, letter in letters]
    for chosen in itertools.product(*tried):
        places = {
            between.symbol: expression.subs(letter, number)
            for between, (expression, letter), number in zip(box, letters, chosen)
        }
        with mpmath.workdps(DIGITS):
            values = {symbol: mpmath.mpmathify(place) for symbol, place in places.items()}
            parts = [term(Assignment(values=values)) for term in terms]
            found, size = sum(parts), 1 + sum(map(abs, parts))
            if mpmath.im(found) or mpmath.isnan(found) or found < -(SEEN**2) * size:
                where = ", ".join(f"{symbol} = {place}" for symbol, place in places.items())
                raise NotProved(f"upper − lower is {mpmath.nstr(found, 3)} at {where}")


def _without_roots(gap: Expr, box: Box, at: Expr | None) -> tuple[Expr, Box, Expr | None]:
    """Symbols under roots written as powers of other positive symbols."""
    for index, between in enumerate(box):
        symbol = between.symbol
        roots = [p.exp.q for p in gap.atoms(Pow) if p.base == symbol and p.exp.is_Rational]
        power = math.lcm(*roots)
        if power == 1 or not between.low.is_nonnegative:
            continue
        root = Symbol(rf"{latex(symbol)}^{{1/{power}}}", positive=True)
        gap = gap.xreplace({symbol: root**power})
        ends = (sympy.root(between.low, power), sympy.root(between.high, power))
        if at is not None:
            at = sympy.root(at, power) if index == 0 else at.xreplace({symbol: root**power})
        box = (*box[:index], Between(root, *ends), *box[index + 1 :])
    return gap, box, at
