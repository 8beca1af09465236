"""Statements about limits and expansions in one symbol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import mpmath
import sympy
from sympy import Expr, Symbol

from onekl.evaluation import compiled
from onekl.notation import latex
from onekl.proofs.basis import NotProved, Proof
from onekl.proofs.real_line import assumptions, closed_form, require_zero
from onekl.proofs.statements import Statement, difference


@dataclass(frozen=True, kw_only=True)
class Limit(Statement):
    """The expression tends to `value` as `symbol` falls to `point`."""

    expression: Expr
    symbol: Symbol
    point: Expr
    value: Expr
    mutable: ClassVar = ("value",)

    def latex(self) -> str:
        return rf"\lim_{{{latex(self.symbol)}\downarrow {latex(self.point)}}} {latex(self.expression)} = {latex(self.value)}"

    def prove(self) -> Proof:
        if not (self.symbol - self.point).is_positive or not sympy.sympify(self.point).is_nonnegative:
            raise NotProved(f"{latex(self.symbol)} may be on either side of {latex(self.point)}; the limit is taken from above only")
        found = sympy.limit(closed_form(self.expression), self.symbol, self.point, "+")
        require_zero(found - self.value, "the limit less the value")
        there = assumptions(_at(closed_form(self.expression), self.symbol, self.point))
        premises = dict.fromkeys((*assumptions(self.expression - self.value), *there))
        return Proof((r"\text{limit taken by SymPy}",), tuple(premises), (latex(found),))

    def compile(self):
        expression, value, point = compiled(self.expression), compiled(self.value), compiled(sympy.sympify(self.point))

        def violation(instance):
            instance.values[self.symbol] = point(instance) + mpmath.mpf(10) ** -25
            apart = difference(expression(instance), value(instance))
            return apart if apart > mpmath.mpf(10) ** -20 else mpmath.mpf(0)

        return violation

    def same_as(self, other: Limit) -> bool:
        return sympy.simplify(self.value - other.value) == 0


@dataclass(frozen=True, kw_only=True)
class Expansion(Statement):
    """The expression equals `value` up to terms of higher order than `order` in `symbol`, at 0."""

    expression: Expr
    symbol: Symbol
    order: int
    value: Expr
    mutable: ClassVar = ("value",)

    def latex(self) -> str:
        return rf"{latex(self.expression)} = {latex(self.value)} + O({latex(self.symbol)}^{{{self.order + 1}}})"

    def prove(self) -> Proof:
        if not self.symbol.is_positive:
            mirrored = closed_form(self.expression).subs(self.symbol, -self.symbol)
            left = sympy.series(mirrored, self.symbol, 0, self.order + 1).removeO()
            require_zero(left - self.value.subs(self.symbol, -self.symbol), "the series from below less the value")
        function = closed_form(self.expression)
        series = sympy.series(function, self.symbol, 0, self.order + 1).removeO()
        require_zero(series - self.value, "the series less the value")
        premises = dict.fromkeys((*assumptions(function), *assumptions(_at(function, self.symbol, sympy.S.Zero))))
        return Proof((r"\text{Taylor expansion by SymPy}",), tuple(premises), (latex(series),))

    def compile(self):
        expression, value = compiled(self.expression), compiled(self.value)

        def violation(instance):
            small = mpmath.mpf(10) ** -6
            instance.values[self.symbol] = small
            apart = abs(expression(instance) - value(instance)) / small**self.order
            return apart if apart > small * 1000 else mpmath.mpf(0)

        return violation

    def same_as(self, other: Expansion) -> bool:
        return sympy.simplify(self.value - other.value) == 0


def _at(function: Expr, symbol: Symbol, point: Expr) -> Expr:
    """The denominators of a function at a point, as one expression, to ask which of them could be 0 there."""
    below = [power.base.subs(symbol, point) for power in function.atoms(sympy.Pow) if power.exp.is_negative]
    return sympy.Add(*(1 / base for base in below if base.free_symbols), evaluate=False)
