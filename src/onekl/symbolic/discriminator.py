"""A statement about the best function with values from 0 to 1: the optimal discriminator."""

from __future__ import annotations

import copy
import itertools
from dataclasses import dataclass
from typing import ClassVar

import mpmath
import sympy
from sympy import Expr

from onekl.symbolic.algebra import ClassProbability, Density, SumOrIntegral, define
from onekl.symbolic.notation import latex, signed
from onekl.symbolic.numeric import Assignment, compiled
from onekl.symbolic.proof import NotProved, Proof
from onekl.symbolic.statements import Statement, provable, shortfall
from onekl.symbolic.terms import integral_terms, is_at_most_a_mass

_VALUE = sympy.Dummy("d", positive=True)  # the value of D at a point


def _judged(instance: Assignment, values: dict) -> Assignment:
    """The instance with given values of D by letter."""
    made = copy.copy(instance)
    made.chance = lambda chance, point: values.get(point, mpmath.mpf("0.5"))
    return made


@dataclass(frozen=True, kw_only=True)
class OptimalDiscriminator(Statement):
    """Over all functions D with values in [0, 1], the functional is smallest at `at`, and only there.

    "Only there" is meant wherever `at` is defined, that is, not 0/0; elsewhere D must not count.
    """

    functional: Expr
    chance: ClassProbability
    at: Expr
    mutable: ClassVar = ("functional", "at")

    def latex(self) -> str:
        return rf"{self._left()} \left[{latex(self.functional)}\right] = {latex(self.at)}"

    def display(self) -> str:
        terms = r" \\ &\quad ".join(signed(sympy.Add.make_args(self.functional)))
        return rf"\begin{{aligned}} & {self._left()} \\ &\quad {terms} \\ &= {latex(self.at)} \end{{aligned}}"

    def _left(self) -> str:
        return rf"\mathop{{\arg\min}}_{{{latex(self.chance)}}}"

    def prove(self) -> Proof:
        density = self._integrand()
        _require_real(density, self.chance)
        if self.at.atoms(Density) - density.atoms(Density):
            raise NotProved(
                f"{latex(self.at)} holds a density that the functional does not, and is not defined where that vanishes"
            )
        d, slope = _VALUE, self._slope()
        odds = sympy.Dummy("c", positive=True)  # D/(1 − D), so that 1 − D is seen to be positive
        numbers = {p: sympy.Dummy(str(p), positive=True) for p in density.atoms(Density)}
        slope, best = slope.xreplace(numbers), self.at.xreplace(numbers)
        if sympy.simplify(slope.subs(d, best)) != 0:
            raise NotProved(f"the slope at {latex(self.at)} is not 0")
        bend = sympy.factor(sympy.simplify(sympy.diff(slope, d).subs(d, odds / (1 + odds))))
        if not bend.is_positive or sympy.simplify(best / (1 - best)).is_positive is not True:
            raise NotProved(f"not a minimum between 0 and 1: the second derivative is {bend}")
        for count in range(1, len(numbers) + 1):
            for vanishing in itertools.combinations(numbers.values(), count):
                _require_boundary(slope, best, d, vanishing)
        rules = (
            r"\text{stationary at every point, strictly convex in } D \text{; where densities vanish, the best end of } [0, 1]",
        )
        every = rf"{latex(self.chance)} \text{{ ranges over all functions with values in }} [0, 1]"
        return Proof(
            rules, (every,) if self._finite() else (every, r"\text{the smallest value is finite}")
        )

    def _finite(self) -> bool:
        """Whether the smallest value is seen to be finite: a sum of integrals that are at least 0 and at most a mass."""
        best = define(self.functional).xreplace(self._optimum())
        return all(
            isinstance(term, SumOrIntegral) and is_at_most_a_mass(term)
            for term in sympy.Add.make_args(best)
        )

    def _optimum(self) -> dict:
        return {self.chance: self.at, self.chance.other: sympy.together(1 - self.at)}

    def _integrand(self) -> Expr:
        """The functional as one integrand over the argument of D; NotProved if D also counts elsewhere."""
        if any(
            (c.name, c.argument) != (self.chance.name, self.chance.argument)
            for c in self.functional.atoms(ClassProbability)
        ):
            raise NotProved(
                f"something else than {latex(self.chance)} is unknown between 0 and 1 in the functional"
            )
        found = integral_terms(self.functional)
        if any(set(piece.variables) != set(self.chance.arguments) for piece in found):
            raise NotProved(
                f"the functional is not an integral over {', '.join(map(latex, self.chance.arguments))} alone"
            )
        return sum(piece.coefficient * piece.integrand for piece in found)

    def _slope(self) -> Expr:
        """The derivative of the integrand by the value of D at the point."""
        return sympy.diff(
            self._integrand().xreplace({self.chance: _VALUE, self.chance.other: 1 - _VALUE}), _VALUE
        )

    def compile(self):
        functional, best, other = (
            compiled(self.functional),
            compiled(self.at),
            compiled(self.chance),
        )
        lowest = compiled(define(self.functional).xreplace(self._optimum()))
        arguments, below = self.chance.arguments, compiled(_below(self.at))

        def values(instance):
            """D at its optimum and another D, at each letter where D counts."""
            return {
                place: (_rounded(best(instance)), other(instance))
                for place in instance.visit(arguments, instance.letters(arguments))
                if below(instance) != 0
            }

        def violation(instance):
            found, low = values(instance), lowest(instance)
            if not all(0 <= optimum <= 1 for optimum, _ in found.values()):
                return mpmath.inf
            worst = shortfall(functional(instance), low)
            for letter, (optimum, another) in found.items():
                changed = {k: v for k, (v, _) in found.items()} | {letter: another}
                high = functional(_judged(instance, changed))
                tie = (
                    high == low
                    and mpmath.isfinite(low)
                    and abs(optimum - another) > mpmath.mpf(10) ** -6
                )
                worst = max(worst, shortfall(high, low), mpmath.mpf(1) if tie else mpmath.mpf(0))
            return worst

        return violation

    def same_as(self, other: OptimalDiscriminator) -> bool:
        if sympy.simplify(self.at - other.at) != 0 or not provable(other):
            return False
        ratio = sympy.simplify(other._slope() / self._slope())
        return ratio.is_number and bool(ratio > 0)


def _require_real(integrand: Expr, chance: ClassProbability) -> None:
    """Every logarithm is one of a positive number, so that the functional is real."""
    odds = sympy.Dummy("c", positive=True)
    for logarithm in integrand.atoms(sympy.log):
        inside = sympy.factor(
            logarithm.args[0].xreplace({chance: odds / (1 + odds), chance.other: 1 / (1 + odds)})
        )
        if not inside.is_positive:
            raise NotProved(
                f"{latex(logarithm.args[0])} is not seen to be positive, so its logarithm may not be real"
            )


def _rounded(chance):
    """A number that rounding has carried out of [0, 1], put back on its end."""
    end = mpmath.mpf(0) if chance < 0 else mpmath.mpf(1)
    return (
        end if (chance < 0 or chance > 1) and abs(chance - end) < mpmath.mpf(10) ** -25 else chance
    )


def _below(best: Expr) -> Expr:
    """The denominator of the optimum, which is 0 where the optimum is not defined."""
    return sympy.denom(sympy.together(best))


def _require_boundary(slope: Expr, best: Expr, d, vanishing) -> None:
    """Where some densities are 0, the slope has one sign and points to the claimed optimum, or D does not count there."""
    odds = sympy.Dummy("c", positive=True)
    gone = dict.fromkeys(vanishing, 0)
    there = sympy.simplify(slope.subs(gone).subs(d, odds / (1 + odds)))
    if there == 0 and _below(best).subs(gone) == 0:
        return
    end = sympy.simplify(best.subs(gone))
    if not (there.is_positive and end == 0 or there.is_negative and end == 1):
        raise NotProved(f"where {vanishing} is 0, the minimum is not at {end}")
