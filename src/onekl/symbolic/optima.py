"""Statements about optima: over all densities, and over one positive number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import mpmath
import sympy
from sympy import Expr, Symbol

from onekl.symbolic.algebra import Density, SumOrIntegral
from onekl.symbolic.notation import latex
from onekl.symbolic.numeric import Assignment, Evaluator, Number, compiled
from onekl.symbolic.pointwise import require_integral_zero
from onekl.symbolic.proof import NotProved, Proof, has_functional, is_density
from onekl.symbolic.real_line import assumptions, closed_form, require_zero
from onekl.symbolic.statements import Statement, difference, shortfall


@dataclass(frozen=True, kw_only=True)
class Optimum(Statement):
    """Over all densities in place of `density`, the functional is largest at `at` alone."""

    functional: SumOrIntegral
    density: Density
    at: Expr
    mutable: ClassVar = ("functional", "at")

    def latex(self) -> str:
        """Arg max over the density of functional = at, in LaTeX."""
        left = rf"\mathop{{\arg\max}}_{{{latex(self.density)}}}"
        return rf"{left} {latex(self.functional)} = {latex(self.at)}"

    def accepts(self, name: str, changed: Expr) -> bool:
        """A functional stays one, and an optimum does not lie at what it is optimised over."""
        if name == "functional":
            return isinstance(changed, SumOrIntegral)
        return not changed.has(self.density)

    def _prove(self) -> Proof:
        """Find the stationary point of the pointwise Lagrangian, and exclude all others."""
        return _prove_optimum(self)

    def _compile(self) -> Evaluator:
        """By how much another density does better; or how far the optimum's mass is from 1.

        1 where another density does as well.
        """
        there = compiled(self.functional.xreplace({self.density: self.at}))
        elsewhere = compiled(self.functional)
        mass = compiled(SumOrIntegral(self.at, self.density.over))
        apart = compiled(SumOrIntegral((self.at - self.density) ** 2, self.density.over))

        def violation(instance: Assignment) -> Number:
            best, other = there(instance), elsewhere(instance)
            tie = best == other and apart(instance) > mpmath.mpf(10) ** -6
            missing = difference(mass(instance), mpmath.mpf(1))
            return max(missing, shortfall(best, other), mpmath.mpf(tie))

        return violation

    def same_as(self, other: Optimum) -> bool:
        """Whether the other has the same optimum, for a positive multiple of the functional."""
        ratio = sympy.simplify(other.functional.integrand / self.functional.integrand)
        return self.at == other.at and ratio.is_number and bool(ratio > 0)


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


def _prove_optimum(statement: Optimum) -> Proof:
    """Pointwise Lagrangian: a stationary point, strict concavity, no optimum on the boundary."""
    _require_pointwise(statement)
    q = sympy.Dummy("q", positive=True)
    integrand = statement.functional.integrand.xreplace({statement.density: q})
    slope = sympy.diff(integrand, q)
    multiplier = sympy.simplify(slope.subs(q, statement.at))
    if not multiplier.is_number:
        raise NotProved(
            f"not stationary: the derivative there is {multiplier}, "
            "which is not one multiplier for all points"
        )
    bend = sympy.simplify(sympy.diff(slope, q))
    if not bend.is_negative:
        raise NotProved(f"not a maximum: the second derivative is {bend}")
    others = {d: sympy.Dummy(str(d), positive=True) for d in slope.atoms(Density)}
    if sympy.limit(slope.xreplace(others), q, 0, "+") != sympy.oo:
        raise NotProved("the boundary, where the density vanishes, is not excluded")
    require_integral_zero(statement.at - statement.density, statement.density.over, rules := [])
    rules += [
        r"\text{stationary point of the pointwise Lagrangian, strict concavity, "
        r"infinite slope at the boundary}"
    ]
    best = statement.functional.xreplace({statement.density: statement.at})
    premises = (
        rf"{latex(statement.density)} \text{{ ranges over all densities}}",
        rf"{latex(best)} \text{{ is finite}}",
    )
    return Proof(tuple(dict.fromkeys(rules)), premises)


def _require_pointwise(statement: Optimum) -> None:
    """NotProved unless the functional is one integral of a function of the density at a point.

    The optimum has to be a density too, and has to count wherever another one does.
    """
    over = statement.density.over
    if (
        set(statement.functional.variables) != set(over)
        or not is_density(statement.at, over)
        or statement.at.free_symbols - set(over)
    ):
        raise NotProved(
            f"{latex(statement.at)} is not a density over the variables of the functional"
        )
    relatives = {
        d for d in statement.functional.atoms(Density) if d.family == statement.density.family
    } - {statement.density}
    if relatives or has_functional(statement.functional.integrand):
        raise NotProved(
            "the functional is not one integral of a function of the density at a point"
        )
    if statement.functional.atoms(Density) - statement.at.atoms(Density) - {statement.density}:
        raise NotProved("where another density vanishes, the optimum is not the only one")
