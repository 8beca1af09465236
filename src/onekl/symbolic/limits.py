"""Statements about limits and expansions in one symbol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import mpmath
import sympy
from sympy import Expr, Symbol

from onekl.symbolic.notation import latex
from onekl.symbolic.numeric import Assignment, Evaluator, Number, compiled
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
        """The limit from above = value, in LaTeX."""
        left = rf"\lim_{{{latex(self.symbol)}\downarrow {latex(self.point)}}}"
        return rf"{left} {latex(self.expression)} = {latex(self.value)}"

    def _prove(self) -> Proof:
        """Take the limit of the closed form."""
        if (
            not (self.symbol - self.point).is_positive
            or not sympy.sympify(self.point).is_nonnegative
        ):
            raise NotProved(
                f"{latex(self.symbol)} may be on either side of {latex(self.point)}; "
                "the limit is taken from above only"
            )
        found = sympy.limit(closed_form(self.expression), self.symbol, self.point, "+")
        require_zero(found - self.value, "the limit less the value")
        there = assumptions(denominators(closed_form(self.expression), self.symbol, self.point))
        premises = dict.fromkeys((*assumptions(self.expression - self.value), *there))
        return Proof((r"\text{limit taken by SymPy}",), tuple(premises), (latex(found),))

    def _compile(self) -> Evaluator:
        """How far the expression, 1e-25 above the point, is from the value; 0 below 1e-20."""
        expression, value = compiled(self.expression), compiled(self.value)
        point = compiled(sympy.sympify(self.point))

        def violation(instance: Assignment) -> Number:
            instance.values[self.symbol] = point(instance) + mpmath.mpf(10) ** -25
            apart = difference(expression(instance), value(instance))
            return apart if apart > mpmath.mpf(10) ** -20 else mpmath.mpf(0)

        return violation

    def same_as(self, other: Limit) -> bool:
        """Whether the other has the same value."""
        return sympy.simplify(self.value - other.value) == 0


@dataclass(frozen=True, kw_only=True)
class Expansion(Statement):
    """The expression equals `value` up to terms of higher order than `order` in `symbol`, at 0.

    Where the value still holds integrals (over unknown densities, or without a closed form), the
    integrands are expanded point by point, and that the sum of the remainders is as small becomes a
    premise.
    """

    expression: Expr
    symbol: Symbol
    order: int
    value: Expr
    mutable: ClassVar = ("value",)

    def latex(self) -> str:
        """expression = value + O(…), in LaTeX."""
        return rf"{latex(self.expression)} = {latex(self.value)} + {self._rest()}"

    def display(self) -> str:
        """The expansion; where it is long, with the value on its own lines."""
        if len(str(self.expression)) + len(str(self.value)) < 80:
            return self.latex()
        right = rf"{self._broken_value()} + {self._rest()}"
        return rf"\begin{{aligned}} & {latex(self.expression)} \\ &\quad = {right} \end{{aligned}}"

    def _broken_value(self) -> str:
        """The value; where it is a power of the symbol times a long sum, a line for each term."""
        inside, power = self.value.as_independent(self.symbol, as_Add=False)
        if not inside.is_Add or len(str(inside)) < 60:
            return latex(self.value)
        terms = r" \\ &\qquad + ".join(map(latex, inside.args))
        return rf"{latex(power)} \Big({terms}\Big)"

    def _rest(self) -> str:
        power = "" if self.order == 0 else rf"^{{{self.order + 1}}}"
        towards = rf" \quad ({latex(self.symbol)} \downarrow 0)" if self.symbol.is_positive else ""
        return rf"O({latex(self.symbol)}{power}){towards}"

    def _prove(self) -> Proof:
        """Expand the closed form, or each point's integrand where the value holds integrals."""
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

    def _compile(self) -> Evaluator:
        """The remainder over symbol^order at a small symbol; 0 where it is as small as that."""
        expression, value = compiled(self.expression), compiled(self.value)

        def violation(instance: Assignment) -> Number:
            # Rounding is then far below what is asked for.
            small = mpmath.mpf(10) ** -(24 // (self.order + 1))
            instance.values[self.symbol] = small
            apart = abs(expression(instance) - value(instance)) / small**self.order
            if apart <= small * 1000:
                return mpmath.mpf(0)
            return mpmath.inf if mpmath.isnan(apart) else apart

        return violation

    def same_as(self, other: Expansion) -> bool:
        """Whether the other has the same value."""
        return sympy.simplify(self.value - other.value) == 0
