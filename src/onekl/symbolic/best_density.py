"""A statement about the density, among all, at which a functional is largest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import mpmath
import sympy
from sympy import Expr

from onekl.symbolic.algebra import Density, SumOrIntegral
from onekl.symbolic.notation import latex
from onekl.symbolic.numeric import Assignment, Evaluator, Number, compiled
from onekl.symbolic.pointwise import require_integral_zero
from onekl.symbolic.proof import NotProved, Proof, has_functional, is_density
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
