"""A statement about the density, among all, at which a functional is largest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import mpmath
import sympy
from sympy import Expr, Mul, Symbol

from onekl.symbolic.algebra import Density, SumOrIntegral, define
from onekl.symbolic.lines.line import Lines
from onekl.symbolic.lines.optimum import density_lines
from onekl.symbolic.notation import latex
from onekl.symbolic.numeric import Assignment, Evaluator, Number, Place, compiled
from onekl.symbolic.optima.at_a_point import patterns, unknowns, with_conditions
from onekl.symbolic.optima.best_at_a_point import NOT_NEGATIVE, BestAtAPoint, Product, Values
from onekl.symbolic.optima.best_function import is_seen_finite
from onekl.symbolic.optima.integrands import Integrand, integrand_over, require_function_of
from onekl.symbolic.proof import NotProved, Proof, is_density
from onekl.symbolic.statements import Statement, difference, shortfall
from onekl.symbolic.trials import Best

_TIED = mpmath.mpf(10) ** -6  # densities that are further apart than this are different
_VALUE = sympy.Dummy("q", positive=True)  # the density's value at a point


@dataclass(frozen=True, kw_only=True)
class Optimum(Statement):
    """Over all densities in place of `density`, the functional is largest at `at` alone.

    The density may be a conditional one. "Alone" is meant wherever `at` is defined: p(x|z) where
    p(z) > 0; elsewhere the density must not count.
    """

    functional: Expr
    density: Density
    at: Expr
    mutable: ClassVar = ("functional", "at")

    def latex(self) -> str:
        """Arg max over the density of functional = at, in LaTeX."""
        left = rf"\mathop{{\arg\max}}_{{{latex(self.density)}}}"
        return rf"{left} {latex(self.functional)} = {latex(self.at)}"

    def accepts(self, name: str, changed: Expr) -> bool:
        """The density stands in the functional, alone of its family, and not in its optimum."""
        if name == "functional":
            return self._relatives(changed) == {self.density}
        return not changed.has(self.density)

    def _relatives(self, functional: Expr) -> set[Density]:
        """The densities of the unknown one's family that a functional holds."""
        return {d for d in functional.atoms(Density) if d.family == self.density.family}

    @property
    def _variables(self) -> tuple[Symbol, ...]:
        return self.density.over + self.density.given

    def _prove(self) -> Proof:
        """Maximise the pointwise Lagrangian, in every way in which densities can vanish."""
        self._require_densities()
        integrand = self._integrand()
        multiplier = self._multiplier(integrand.products)
        products = (*integrand.products, (-multiplier, self.density))
        best = BestAtAPoint(products, self.at, NOT_NEGATIVE, self._unknown, self.instances)
        support = best.support()
        return Proof(needs=(*self._premises(integrand), *support))

    def _require_densities(self) -> None:
        """NotProved unless the optimum is a density like the unknown one, which stands alone."""
        if self.at.has(self.density) or not is_density(self.at, self.density.over):
            raise NotProved(
                f"{latex(self.at)} is not a density over the variables of {latex(self.density)}"
            )
        require_function_of(self._variables, self.at, self.functional, self.instances)
        if self._relatives(self.functional) != {self.density}:
            raise NotProved(
                f"of its family the functional has to hold {latex(self.density)} alone, "
                "one function of it at each point"
            )

    def _integrand(self) -> Integrand:
        """What is smallest at each point: the functional with its sign changed."""
        return integrand_over(-self.functional, self._variables, self.density, self.instances)

    def _unknown(self, value: Expr) -> Values:
        return {self.density: value}

    def _slope(self, products: tuple[Product, ...]) -> Expr:
        """The derivative of the integrand by the density's value at the point."""
        total = sum(Mul(*product) for product in products)
        return sympy.diff(total.xreplace({self.density: _VALUE}), _VALUE)

    def _multiplier(self, products: tuple[Product, ...]) -> Expr:
        """The slope at the optimum, which has to be one number for each condition."""
        slope = self._slope(products)
        found = unknowns(slope) | unknowns(self.at)
        named = with_conditions((d for d in found if isinstance(d, Density)), self.instances)
        symbols = next(patterns(named, self.instances)).values
        there = slope.xreplace(symbols).subs(_VALUE, self.at.xreplace(symbols))
        back = {symbol: d for d, symbol in symbols.items() if symbol.is_Dummy}
        multiplier = sympy.simplify(there).xreplace(back)
        if multiplier.free_symbols & set(self.density.over):
            slope_there = latex(sympy.simplify(-multiplier))
            raise NotProved(
                f"not stationary: the slope at {latex(self.at)} is {slope_there}, "
                "which is not one multiplier for all points"
            )
        return multiplier

    def _premises(self, integrand: Integrand) -> tuple[str, ...]:
        """What the density ranges over, and what has to be finite."""
        best = self.functional.xreplace({self.density: self.at})
        over = rf"{latex(self.density)} \text{{ ranges over all densities}}"
        premises = (over, *integrand.premises(self.density))
        if is_seen_finite(define(best)):
            return premises
        return (*premises, rf"{latex(best)} \text{{ is finite}}")

    def trials(self) -> tuple[Best, ...]:
        """The functional with its sign changed is smallest at the optimum."""
        plain = self.plain()
        return () if plain.density.given else (Best(-plain.functional, plain.density, plain.at),)

    def _derivation(self) -> Lines:
        """The functional, with its sign changed, as a KL and its least value."""
        return density_lines(self.functional, self.density, self.at)

    def _compile(self) -> Evaluator:
        """By how much another density does better; or how far the optimum's mass is from 1.

        The other is taken given everything, and given one event alone; 1 where it does as well.
        """
        functional, optimum = compiled(self.functional), compiled(self.at)
        mass, given = compiled(SumOrIntegral(self.at, self.density.over)), self.density.given
        distance = self._distance()

        def violation(instance: Assignment) -> Number:
            def value(elsewhere: set[Place]) -> Number:
                fields = {"density": self.density, "optimum": optimum, "elsewhere": elsewhere}
                return functional(_Mixed(**vars(instance), **fields))

            best, apart, worst = value(set()), {}, mpmath.mpf(0)
            for place in instance.visit(given, instance.letters(given)):
                worst = max(worst, difference(mass(instance), mpmath.mpf(1)))
                apart[place] = distance(instance)
            for elsewhere in (set(apart), *({place} for place in apart)):
                other, far = value(elsewhere), any(apart[place] > _TIED for place in elsewhere)
                tie = far and best == other and mpmath.isfinite(best)
                worst = max(worst, shortfall(best, other), mpmath.mpf(tie))
            return worst

        return violation

    def _distance(self) -> Evaluator:
        """How far the density is from the optimum at most; 0 given what is not defined there."""
        gap, variables = compiled(self.at - self.density), self.density.over
        conditions = [d for d in self.at.atoms(Density) if d.given]

        def value(instance: Assignment) -> Number:
            gaps = [mpmath.mpf(0)]
            for _ in instance.visit(variables, instance.letters(variables)):
                if all(instance.condition(d) > 0 for d in conditions):
                    gaps.append(abs(gap(instance)))
            return max(gaps)

        return value


@dataclass
class _Mixed(Assignment):
    """An instance whose density is the optimum, except given the events `elsewhere`."""

    density: Density | None = None
    optimum: Evaluator | None = None
    elsewhere: set[Place] = field(default_factory=set)

    def probability(self, density: Density) -> Number:
        """The optimum's value in place of the density's own."""
        place = tuple(self.values[v] for v in density.given)
        if density != self.density or place in self.elsewhere:
            return super().probability(density)
        return self.optimum(self)
