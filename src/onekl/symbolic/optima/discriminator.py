"""A statement about the best function with values from 0 to 1: the optimal discriminator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import mpmath
import sympy
from sympy import Expr

from onekl.symbolic.algebra import ClassProbability, Density, define
from onekl.symbolic.lines.line import Lines
from onekl.symbolic.lines.optimum import discriminator_lines
from onekl.symbolic.notation import latex
from onekl.symbolic.numeric import Assignment, Evaluator, Number, Place, compiled
from onekl.symbolic.optima.best_at_a_point import ZERO_TO_ONE, BestAtAPoint, Values
from onekl.symbolic.optima.best_function import (
    ArgBest,
    Settled,
    defined_value,
    is_seen_finite,
    worst_rival,
)
from onekl.symbolic.optima.integrands import Integrand, integrand_over, require_function_of
from onekl.symbolic.proof import NotProved, Proof
from onekl.symbolic.trials import Best

_ROUNDING = mpmath.mpf(10) ** -25


@dataclass(frozen=True, kw_only=True)
class OptimalDiscriminator(ArgBest):
    """Over all functions D with values in [0, 1], the functional is smallest at `at` alone.

    "Alone" is meant wherever `at` is defined, that is, not 0/0; elsewhere D must not count.
    """

    functional: Expr
    probability: ClassProbability
    at: Expr
    mutable: ClassVar = ("functional", "at")

    def _left(self) -> str:
        """Arg min over D."""
        return rf"\mathop{{\arg\min}}_{{{latex(self.probability)}}}"

    def accepts(self, name: str, changed: Expr) -> bool:
        """D stands in the functional, and not in its optimum."""
        own = (self.probability, self.probability.other)
        return changed.has(*own) == (name == "functional")

    def _prove(self) -> Proof:
        """Minimise the integrand at each point, in every way in which densities can vanish."""
        variables = self.probability.arguments
        require_function_of(variables, self.at, self.functional, self.instances)
        integrand = self._integrand()
        best = BestAtAPoint(
            integrand.products, self.at, ZERO_TO_ONE, self._outcomes, self.instances
        )
        support = best.support()
        return Proof(needs=(*self._premises(integrand), *support))

    def _outcomes(self, value: Expr) -> Values:
        """The values of D and 1 − D, for a value of D."""
        return {self.probability: value, self.probability.other: sympy.together(1 - value)}

    def _premises(self, integrand: Integrand) -> tuple[str, ...]:
        every = (
            rf"{latex(self.probability)} \text{{ ranges over all functions with values in }} [0, 1]"
        )
        premises = (every, *integrand.premises(self.probability, self.probability.other))
        if is_seen_finite(self._smallest_value()):
            return premises
        return (*premises, r"\text{the smallest value is finite}")

    def _smallest_value(self) -> Expr:
        """The functional at its optimum."""
        return define(self.functional).xreplace(self._outcomes(self.at))

    def _integrand(self) -> Integrand:
        """The functional as one integral over the argument of D.

        NotProved if D also counts elsewhere, or if another function is unknown.
        """
        own = (self.probability.name, self.probability.argument)
        found = {c for c in self.functional.atoms(ClassProbability) if c.arguments}
        if any((c.name, c.argument) != own for c in found):
            raise NotProved(
                f"something else than {latex(self.probability)} is unknown between 0 and 1 "
                "in the functional"
            )
        return integrand_over(
            self.functional, self.probability.arguments, self.probability, self.instances
        )

    def trials(self) -> tuple[Best, ...]:
        """The functional is smallest at the optimum."""
        plain = self.plain()
        return (Best(plain.functional, plain.probability, plain.at),)

    def _derivation(self) -> Lines:
        """The loss as its least value and ℰ, which is never negative."""
        return discriminator_lines(self.functional, self.probability, self.at, self.given)

    def _compile(self) -> Evaluator:
        """By how much another D, at one letter or at all of them, falls below the optimum.

        ∞ where the optimum leaves [0, 1]; 1 where another D reaches the same value, or where D
        counts and the optimum is not defined.
        """
        functional, best = compiled(self.functional), defined_value(self.at)
        other, arguments = compiled(self.probability), self.probability.arguments
        conditions = [d for d in self.at.atoms(Density) if d.given]

        def violation(instance: Assignment) -> Number:
            optimum, others, free = {}, {}, set()
            for place in instance.visit(arguments, instance.letters(arguments)):
                optimum[place], others[place] = best(instance), other(instance)
                if any(instance.condition(d) == 0 for d in conditions):
                    free.add(place)
            known = {p: _back_on_its_end(v) for p, v in optimum.items() if v is not None}
            if not all(0 <= value <= 1 for value in known.values()):
                return mpmath.inf
            return worst_rival(functional, self._changed(instance), known, others, free)

        return violation

    def _changed(self, instance: Assignment) -> Callable[[Settled], Assignment]:
        """The instance with given values of D."""

        def changed(values: Settled) -> Assignment:
            return _WithDiscriminator(
                **vars(instance), name=self.probability.name, discriminator=values
            )

        return changed


@dataclass
class _WithDiscriminator(Assignment):
    """An instance whose D has given values, and is 0.5 at the places that have none."""

    name: str = ""
    discriminator: dict[Place, Number] = field(default_factory=dict)

    def class_probability(self, outcome_one: ClassProbability, point: Place) -> Number:
        """The given value of D at the point; another probability is what it was."""
        if outcome_one.name != self.name:
            return super().class_probability(outcome_one, point)
        return self.discriminator.get(point, mpmath.mpf("0.5"))


def _back_on_its_end(value: Number) -> Number:
    """A value of D that rounding has carried out of [0, 1], put back on its end."""
    for end, is_outside in ((mpmath.mpf(0), value < 0), (mpmath.mpf(1), value > 1)):
        if is_outside and abs(value - end) < _ROUNDING:
            return end
    return value
