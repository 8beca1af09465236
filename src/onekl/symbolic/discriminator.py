"""A statement about the best function with values from 0 to 1: the optimal discriminator."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import ClassVar

import mpmath
import sympy
from sympy import Expr

from onekl.symbolic.algebra import ClassProbability, Density, SumOrIntegral, define
from onekl.symbolic.notation import latex, signed
from onekl.symbolic.numeric import Assignment, Evaluator, Number, Place, compiled
from onekl.symbolic.proof import NotProved, Proof
from onekl.symbolic.statements import Statement, provable, shortfall
from onekl.symbolic.terms import integral_terms, is_at_most_a_mass

_VALUE = sympy.Dummy("d", positive=True)  # the value of D at a point
_ODDS = sympy.Dummy("c", positive=True)  # D/(1 − D), so that 1 − D is seen to be positive
_TIED = mpmath.mpf(10) ** -6  # values of D that are further apart than this are different
_ROUNDING = mpmath.mpf(10) ** -25


@dataclass(frozen=True, kw_only=True)
class OptimalDiscriminator(Statement):
    """Over all functions D with values in [0, 1], the functional is smallest at `at` alone.

    "Alone" is meant wherever `at` is defined, that is, not 0/0; elsewhere D must not count.
    """

    functional: Expr
    probability: ClassProbability
    at: Expr
    mutable: ClassVar = ("functional", "at")

    def latex(self) -> str:
        """Arg min over D of [functional] = at, in LaTeX."""
        return rf"{self._left()} \left[{latex(self.functional)}\right] = {latex(self.at)}"

    def display(self) -> str:
        """The statement with a line for each term of the functional."""
        terms = r" \\ &\quad ".join(signed(sympy.Add.make_args(self.functional)))
        return (
            rf"\begin{{aligned}} & {self._left()} \\ &\quad {terms} "
            rf"\\ &= {latex(self.at)} \end{{aligned}}"
        )

    def _left(self) -> str:
        return rf"\mathop{{\arg\min}}_{{{latex(self.probability)}}}"

    def accepts(self, name: str, changed: Expr) -> bool:
        """D stands in the functional, and not in its optimum."""
        return changed.has(ClassProbability) == (name == "functional")

    def _prove(self) -> Proof:
        """Minimise the integrand at each point by its slope, at zeros by the ends of [0, 1]."""
        integrand = self._integrand()
        _require_real(integrand, self.probability)
        if self.at.atoms(Density) - integrand.atoms(Density):
            raise NotProved(
                f"{latex(self.at)} holds a density that the functional does not, "
                "and is not defined where that vanishes"
            )
        numbers = {p: sympy.Dummy(str(p), positive=True) for p in integrand.atoms(Density)}
        slope, best = self._slope().xreplace(numbers), self.at.xreplace(numbers)
        _require_interior_minimum(slope, best, latex(self.at))
        for count in range(1, len(numbers) + 1):
            for vanishing in itertools.combinations(numbers.values(), count):
                _require_boundary_minimum(slope, best, vanishing)
        rule = (
            r"\text{stationary at every point, strictly convex in } D "
            r"\text{; where densities vanish, the best end of } [0, 1]"
        )
        return Proof((rule,), self._premises())

    def _premises(self) -> tuple[str, ...]:
        every = (
            rf"{latex(self.probability)} \text{{ ranges over all functions with values in }} [0, 1]"
        )
        if self._smallest_value_is_finite():
            return (every,)
        return (every, r"\text{the smallest value is finite}")

    def _smallest_value_is_finite(self) -> bool:
        """Whether the smallest value is seen to be finite.

        It is where it is a sum of integrals that are at least 0 and at most a mass.
        """
        return all(
            isinstance(term, SumOrIntegral) and is_at_most_a_mass(term)
            for term in sympy.Add.make_args(self._smallest_value())
        )

    def _smallest_value(self) -> Expr:
        """The functional at its optimum."""
        optimum = {self.probability: self.at, self.probability.other: sympy.together(1 - self.at)}
        return define(self.functional).xreplace(optimum)

    def _integrand(self) -> Expr:
        """The functional as one integrand over the argument of D.

        NotProved if D also counts elsewhere, or if another function is unknown.
        """
        own = (self.probability.name, self.probability.argument)
        if any((c.name, c.argument) != own for c in self.functional.atoms(ClassProbability)):
            raise NotProved(
                f"something else than {latex(self.probability)} is unknown between 0 and 1 "
                "in the functional"
            )
        terms = integral_terms(self.functional)
        if any(set(term.variables) != set(self.probability.arguments) for term in terms):
            raise NotProved(
                "the functional is not an integral over "
                f"{', '.join(map(latex, self.probability.arguments))} alone"
            )
        return sum(term.coefficient * term.integrand for term in terms)

    def _slope(self) -> Expr:
        """The derivative of the integrand by the value of D at the point."""
        return sympy.diff(
            self._integrand().xreplace(
                {self.probability: _VALUE, self.probability.other: 1 - _VALUE}
            ),
            _VALUE,
        )

    def _compile(self) -> Evaluator:
        """By how much another D, at one letter or at all of them, falls below the optimum.

        ∞ where the optimum leaves [0, 1], and 1 where another D reaches the same value.
        """
        functional, lowest = compiled(self.functional), compiled(self._smallest_value())
        best, other = compiled(self.at), compiled(self.probability)
        denominator, arguments = compiled(_denominator(self.at)), self.probability.arguments

        def optimum_and_another(instance: Assignment) -> dict[Place, tuple[Number, Number]]:
            """D at its optimum and another D, at each letter where D counts."""
            return {
                place: (_back_on_its_end(best(instance)), other(instance))
                for place in instance.visit(arguments, instance.letters(arguments))
                if denominator(instance) != 0
            }

        def violation(instance: Assignment) -> Number:
            found, low = optimum_and_another(instance), lowest(instance)
            optimum = {place: value for place, (value, _) in found.items()}
            if not all(0 <= value <= 1 for value in optimum.values()):
                return mpmath.inf
            worst = shortfall(functional(instance), low)
            for place, (value, another) in found.items():
                changed = _with_discriminator(instance, optimum | {place: another})
                high = functional(changed)
                tie = high == low and mpmath.isfinite(low) and abs(value - another) > _TIED
                worst = max(worst, shortfall(high, low), mpmath.mpf(tie))
            return worst

        return violation

    def same_as(self, other: OptimalDiscriminator) -> bool:
        """Whether the other has the same optimum, for a positive multiple of the same slope."""
        if sympy.simplify(self.at - other.at) != 0 or not provable(other):
            return False
        ratio = sympy.simplify(other._slope() / self._slope())
        return ratio.is_number and bool(ratio > 0)


@dataclass
class _WithDiscriminator(Assignment):
    """An instance whose D has given values, and is 0.5 at the places that have none."""

    discriminator: dict[Place, Number] = field(default_factory=dict)

    def class_probability(self, outcome_one: ClassProbability, point: Place) -> Number:
        """The given value of D at the point."""
        return self.discriminator.get(point, mpmath.mpf("0.5"))


def _with_discriminator(instance: Assignment, values: dict[Place, Number]) -> Assignment:
    return _WithDiscriminator(**vars(instance), discriminator=values)


def _in_odds(expression: Expr) -> Expr:
    """The expression with the value of D written as c/(1 + c), by its odds c > 0."""
    return expression.subs(_VALUE, _ODDS / (1 + _ODDS))


def _require_real(integrand: Expr, probability: ClassProbability) -> None:
    """NotProved unless every logarithm is one of a positive number: the functional is then real."""
    shares = {probability: _ODDS / (1 + _ODDS), probability.other: 1 / (1 + _ODDS)}
    for logarithm in integrand.atoms(sympy.log):
        if not sympy.factor(logarithm.args[0].xreplace(shares)).is_positive:
            raise NotProved(
                f"{latex(logarithm.args[0])} is not seen to be positive, "
                "so its logarithm may not be real"
            )


def _require_interior_minimum(slope: Expr, best: Expr, named: str) -> None:
    """NotProved unless the optimum is inside (0, 1), its slope is 0, and the bend is positive."""
    if sympy.simplify(slope.subs(_VALUE, best)) != 0:
        raise NotProved(f"the slope at {named} is not 0")
    bend = sympy.factor(sympy.simplify(_in_odds(sympy.diff(slope, _VALUE))))
    is_inside = sympy.simplify(best / (1 - best)).is_positive is True
    if not bend.is_positive or not is_inside:
        raise NotProved(f"not a minimum between 0 and 1: the second derivative is {bend}")


def _require_boundary_minimum(slope: Expr, best: Expr, vanishing: tuple[sympy.Dummy, ...]) -> None:
    """NotProved unless, where some densities are 0, the best end of [0, 1] is the claimed optimum.

    The slope then has one sign, or D does not count there at all.
    """
    at_zero = dict.fromkeys(vanishing, 0)
    there = sympy.simplify(_in_odds(slope.subs(at_zero)))
    if there == 0 and _denominator(best).subs(at_zero) == 0:
        return
    end = sympy.simplify(best.subs(at_zero))
    if not (there.is_positive and end == 0 or there.is_negative and end == 1):
        raise NotProved(f"where {vanishing} is 0, the minimum is not at {end}")


def _denominator(best: Expr) -> Expr:
    """The denominator of the optimum, which is 0 where the optimum is not defined."""
    return sympy.denom(sympy.together(best))


def _back_on_its_end(value: Number) -> Number:
    """A value of D that rounding has carried out of [0, 1], put back on its end."""
    for end, is_outside in ((mpmath.mpf(0), value < 0), (mpmath.mpf(1), value > 1)):
        if is_outside and abs(value - end) < _ROUNDING:
            return end
    return value
