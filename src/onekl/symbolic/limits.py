"""Statements about limits and expansions in one symbol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import mpmath
import sympy
from sympy import Expr, Symbol

from onekl.symbolic.notation import latex
from onekl.symbolic.numeric import compiled
from onekl.symbolic.proof import NotProved, Proof, has_functional
from onekl.symbolic.real_line import assumptions, closed_form, require_zero
from onekl.symbolic.statements import Statement, difference
from onekl.symbolic.taylor import denominators, expand_under_the_integral, smoothness, taylor


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
        if (
            not (self.symbol - self.point).is_positive
            or not sympy.sympify(self.point).is_nonnegative
        ):
            raise NotProved(
                f"{latex(self.symbol)} may be on either side of {latex(self.point)}; the limit is taken from above only"
            )
        found = sympy.limit(closed_form(self.expression), self.symbol, self.point, "+")
        require_zero(found - self.value, "the limit less the value")
        there = assumptions(denominators(closed_form(self.expression), self.symbol, self.point))
        premises = dict.fromkeys((*assumptions(self.expression - self.value), *there))
        return Proof((r"\text{limit taken by SymPy}",), tuple(premises), (latex(found),))

    def compile(self):
        expression, value, point = (
            compiled(self.expression),
            compiled(self.value),
            compiled(sympy.sympify(self.point)),
        )

        def violation(instance):
            instance.values[self.symbol] = point(instance) + mpmath.mpf(10) ** -25
            apart = difference(expression(instance), value(instance))
            return apart if apart > mpmath.mpf(10) ** -20 else mpmath.mpf(0)

        return violation

    def same_as(self, other: Limit) -> bool:
        return sympy.simplify(self.value - other.value) == 0


@dataclass(frozen=True, kw_only=True)
class Expansion(Statement):
    """The expression equals `value` up to terms of higher order than `order` in `symbol`, at 0.

    Where the value still holds integrals (over unknown densities, or without a closed form), the integrands are
    expanded point by point, and that the sum of the remainders is as small becomes a premise.
    """

    expression: Expr
    symbol: Symbol
    order: int
    value: Expr
    mutable: ClassVar = ("value",)

    def latex(self) -> str:
        return rf"{latex(self.expression)} = {latex(self.value)} + {self._rest()}"

    def display(self) -> str:
        if len(str(self.expression)) + len(str(self.value)) < 80:
            return self.latex()
        inside, power = self.value.as_independent(self.symbol, as_Add=False)
        if not inside.is_Add or len(str(inside)) < 60:
            return rf"\begin{{aligned}} & {latex(self.expression)} \\ &\quad = {latex(self.value)} + {self._rest()} \end{{aligned}}"
        terms = r" \\ &\qquad + ".join(map(latex, inside.args))
        return rf"\begin{{aligned}} & {latex(self.expression)} \\ &\quad = {latex(power)} \Big({terms}\Big) + {self._rest()} \end{{aligned}}"

    def _rest(self) -> str:
        power = "" if self.order == 0 else rf"^{{{self.order + 1}}}"
        towards = rf" \quad ({latex(self.symbol)} \downarrow 0)" if self.symbol.is_positive else ""
        return rf"O({latex(self.symbol)}{power}){towards}"

    def prove(self) -> Proof:
        if has_functional(self.value):
            return expand_under_the_integral(
                self.expression, self.value, self.symbol, self.order, self.instances
            )
        function = closed_form(self.expression)
        series = taylor(function, self.value, self.symbol, self.order)
        signs = assumptions(sympy.Add(*function.free_symbols - {self.symbol}))
        nonzero = assumptions(denominators(function, self.symbol, sympy.S.Zero))
        premises = dict.fromkeys((*signs, *nonzero, *smoothness(function, self.symbol, self.order)))
        return Proof((r"\text{Taylor expansion by SymPy}",), tuple(premises), (latex(series),))

    def compile(self):
        expression, value = compiled(self.expression), compiled(self.value)

        def violation(instance):
            small = mpmath.mpf(10) ** -(
                24 // (self.order + 1)
            )  # rounding is then far below what is asked for
            instance.values[self.symbol] = small
            apart = abs(expression(instance) - value(instance)) / small**self.order
            return (
                mpmath.mpf(0)
                if apart <= small * 1000
                else mpmath.inf
                if mpmath.isnan(apart)
                else apart
            )

        return violation

    def same_as(self, other: Expansion) -> bool:
        return sympy.simplify(self.value - other.value) == 0
