"""A statement about the best function with values from 0 to 1: the optimal discriminator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import mpmath
import sympy
from sympy import Expr

from onekl.algebra import Chance, Density, define
from onekl.evaluation import compiled
from onekl.notation import aligned, latex
from onekl.proofs.basis import NotProved, Proof
from onekl.proofs.pieces import pieces
from onekl.proofs.statements import Statement, provable, shortfall

_VALUE = sympy.Dummy("d", positive=True)  # the value of D at a point


@dataclass(frozen=True, kw_only=True)
class BestChance(Statement):
    """Over all functions D with values in [0, 1], the functional is smallest at `at`, and only there.

    "Only there" is meant wherever one of the densities is positive: elsewhere D does not count.
    """

    functional: Expr
    chance: Chance
    at: Expr
    mutable: ClassVar = ("functional", "at")

    def latex(self) -> str:
        return rf"\mathop{{\arg\min}}_{{{latex(self.chance)}}} \left[{latex(self.functional)}\right] = {latex(self.at)}"

    def display(self) -> str:
        return aligned(sympy.Symbol(rf"\mathop{{\arg\min}}_{{{latex(self.chance)}}}"), *sympy.Add.make_args(self.functional)).replace("&= ", r"&\quad ") \
            .replace(r"\end{aligned}", rf"\\ &= {latex(self.at)} \end{{aligned}}")

    def prove(self) -> Proof:
        density = self._integrand()
        _require_real(density, self.chance)
        d, slope = _VALUE, self._slope()
        odds = sympy.Dummy("c", positive=True)  # D/(1 − D), so that 1 − D is seen to be positive
        numbers = {p: sympy.Dummy(str(p), positive=True) for p in density.atoms(Density)}
        slope, best = slope.xreplace(numbers), self.at.xreplace(numbers)
        if sympy.simplify(slope.subs(d, best)) != 0:
            raise NotProved(f"the slope at {latex(self.at)} is not 0")
        bend = sympy.factor(sympy.simplify(sympy.diff(slope, d).subs(d, odds / (1 + odds))))
        if not bend.is_positive or sympy.simplify(best / (1 - best)).is_positive is not True:
            raise NotProved(f"not a minimum between 0 and 1: the second derivative is {bend}")
        for vanishing in numbers.values():
            _require_boundary(slope, best, d, vanishing)
        rules = (r"\text{stationary at every } x \text{, strictly convex in } D \text{; where one density vanishes, the best end of } [0, 1]",)
        premises = (rf"{latex(self.chance)} \text{{ ranges over all functions with values in }} [0, 1]",)
        return Proof(rules, premises)

    def _integrand(self) -> Expr:
        """The functional as one integrand over the argument of D."""
        found = pieces(self.functional)
        if any(piece.variables != (self.chance.argument,) for piece in found):
            raise NotProved(f"the functional is not an integral over {latex(self.chance.argument)} alone")
        return sum(piece.coefficient * piece.integrand for piece in found)

    def _slope(self) -> Expr:
        """The derivative of the integrand by the value of D at the point."""
        return sympy.diff(self._integrand().xreplace({self.chance: _VALUE, self.chance.other: 1 - _VALUE}), _VALUE)

    def compile(self):
        there = compiled(define(self.functional).xreplace({self.chance: self.at, self.chance.other: sympy.together(1 - self.at)}))
        elsewhere, best, other = compiled(self.functional), compiled(self.at), compiled(self.chance)
        argument = self.chance.argument
        densities = [compiled(p) for p in self.functional.atoms(Density)]

        def violation(instance):
            apart = mpmath.mpf(0)
            for _ in instance.visit((argument,), instance.letters((argument,))):
                if any(p(instance) > 0 for p in densities):
                    value = best(instance)
                    if not 0 <= value <= 1:
                        return mpmath.inf
                    apart = max(apart, abs(value - other(instance)))
            low, high = there(instance), elsewhere(instance)
            tie = mpmath.mpf(1) if low == high and mpmath.isfinite(low) and apart > mpmath.mpf(10) ** -6 else mpmath.mpf(0)
            return max(shortfall(high, low), tie)

        return violation

    def same_as(self, other: BestChance) -> bool:
        if sympy.simplify(self.at - other.at) != 0 or not provable(other):
            return False
        ratio = sympy.simplify(other._slope() / self._slope())
        return ratio.is_number and bool(ratio > 0)


def _require_real(integrand: Expr, chance: Chance) -> None:
    """Every logarithm is one of a positive number, so that the functional is real."""
    odds = sympy.Dummy("c", positive=True)
    for logarithm in integrand.atoms(sympy.log):
        inside = sympy.factor(logarithm.args[0].xreplace({chance: odds / (1 + odds), chance.other: 1 / (1 + odds)}))
        if not inside.is_positive:
            raise NotProved(f"{latex(logarithm.args[0])} is not seen to be positive, so its logarithm may not be real")


def _require_boundary(slope: Expr, best: Expr, d, vanishing) -> None:
    """Where one of the densities is 0, the slope has one sign, and the claimed optimum is the end that it points to."""
    odds = sympy.Dummy("c", positive=True)
    there = sympy.simplify(slope.subs(vanishing, 0).subs(d, odds / (1 + odds)))
    end = sympy.simplify(best.subs(vanishing, 0))
    if not (there.is_positive and end == 0 or there.is_negative and end == 1):
        raise NotProved(f"where {vanishing} is 0, the minimum is not at {end}")
