"""A statement about the smallest value of a function of one positive number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import mpmath
import sympy
from sympy import Expr, Symbol

from onekl.symbolic.notation import latex
from onekl.symbolic.numeric import Assignment, Evaluator, Number, compiled
from onekl.symbolic.proof import NotProved, Proof
from onekl.symbolic.real_line import assumptions, closed_form, require_zero
from onekl.symbolic.statements import Statement, shortfall


@dataclass(frozen=True, kw_only=True)
class Minimum(Statement):
    """As a function of `symbol` > 0, the expression is smallest at `at` alone."""

    expression: Expr
    symbol: Symbol
    at: Expr
    mutable: ClassVar = ("expression", "at")

    def latex(self) -> str:
        """Arg min over the symbol of [expression] = at, in LaTeX."""
        return rf"{self._left()} = {latex(self.at)}"

    def display(self) -> str:
        """The statement with the optimum on a line of its own."""
        return rf"\begin{{aligned}} &{self._left()} \\ &\quad = {latex(self.at)} \end{{aligned}}"

    def _left(self) -> str:
        return (
            rf"\mathop{{\arg\min}}_{{{latex(self.symbol)}>0}} \left[{latex(self.expression)}\right]"
        )

    def _prove(self) -> Proof:
        """Differentiate the closed form: slope 0 at the point, a positive bend everywhere."""
        function = closed_form(self.expression)
        slope = sympy.diff(function, self.symbol)
        require_zero(slope.subs(self.symbol, self.at), "the slope at the point")
        bend = sympy.simplify(sympy.diff(slope, self.symbol))
        if not self.symbol.is_positive or not self.at.is_positive:
            raise NotProved(f"{latex(self.at)} is not seen to be positive")
        if not bend.is_positive:
            raise NotProved(f"the second derivative {bend} is not positive everywhere")
        rules = (r"\text{a stationary point, and a positive second derivative everywhere}",)
        return Proof(rules, assumptions(function), (latex(sympy.simplify(slope)),))

    def _compile(self) -> Evaluator:
        """By how much the expression at another number falls below the one at the optimum."""
        expression, at = compiled(self.expression), compiled(self.at)

        def violation(instance: Assignment) -> Number:
            here, place = expression(instance), at(instance)
            if not place > 0:
                return mpmath.inf
            optimal = replace(instance, values={**instance.values, self.symbol: place})
            return shortfall(here, expression(optimal))

        return violation

    def same_as(self, other: Minimum) -> bool:
        """Whether the other has the same optimum, and a positive multiple of the slope."""
        slopes = [sympy.diff(closed_form(s.expression), self.symbol) for s in (self, other)]
        ratio = sympy.simplify(slopes[1] / slopes[0])
        return (
            sympy.simplify(self.at - other.at) == 0
            and not ratio.has(self.symbol)
            and bool(ratio.is_positive)
        )
