"""A statement about the best function with real values: a critic, a logit, a regression."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import mpmath
import sympy
from sympy import Expr, Symbol
from sympy.core.function import AppliedUndef

from onekl.symbolic.algebra import Density, SumOrIntegral, define
from onekl.symbolic.lines.line import Lines
from onekl.symbolic.lines.optimum import slope_lines
from onekl.symbolic.lines.walk import walk
from onekl.symbolic.lines.written import merged, product, total
from onekl.symbolic.notation import latex, signed
from onekl.symbolic.numeric import Assignment, Evaluator, Number, Place, compiled
from onekl.symbolic.optima.best_at_a_point import REAL, BestAtAPoint, Values
from onekl.symbolic.optima.integrands import Integrand, integrand_over, require_function_of
from onekl.symbolic.proof import NotProved, Proof, is_constant, is_finite_measure
from onekl.symbolic.statements import Statement, shortfall
from onekl.symbolic.terms import is_at_most_a_mass
from onekl.symbolic.trials import Best

Settled = dict[Place, Number]  # the values of a function
_TIED = mpmath.mpf(10) ** -6  # values that are further apart than this are different
_FILLING, _NONE = mpmath.mpf("0.5"), mpmath.mpf(0)


class ArgBest(Statement):
    """What statements on the best function share: how "the functional is best at `at`" is written.

    `_left` says what is chosen.
    """

    functional: Expr
    at: Expr

    def latex(self) -> str:
        """Arg min, or arg max, of [functional] = at, in LaTeX."""
        return rf"{self._left()} \left[{latex(self.functional)}\right] = {latex(self.at)}"

    def display(self) -> str:
        """The statement with a line for each term of the functional."""
        terms = r" \\ &\quad ".join(signed(sympy.Add.make_args(self.functional)))
        return (
            rf"\begin{{aligned}} & {self._left()} \\ &\quad {terms} "
            rf"\\ &= {latex(self.at)} \end{{aligned}}"
        )

    def _left(self) -> str:
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class OptimalFunction(ArgBest):
    """Over all functions with real values, the functional is smallest at `at` alone, or largest.

    "Alone" is meant wherever `at` is defined, that is, not 0/0; elsewhere the function must not
    count.
    """

    functional: Expr
    function: AppliedUndef
    at: Expr
    sense: Literal["min", "max"] = "min"
    mutable: ClassVar = ("functional", "at")

    def __post_init__(self) -> None:
        if self.sense not in ("min", "max"):
            raise ValueError(f"the sense of an optimum is min or max, not {self.sense}")

    def _left(self) -> str:
        """Arg min, or arg max, over the function."""
        return rf"\mathop{{\arg\{self.sense}}}_{{{latex(self.function)}}}"

    def accepts(self, name: str, changed: Expr) -> bool:
        """The function stands in the functional, and not in its optimum."""
        return changed.has(self.function) == (name == "functional")

    def _least(self) -> Expr:
        """The functional that is smallest."""
        return self.functional if self.sense == "min" else -self.functional

    def _prove(self) -> Proof:
        """Minimise the integrand at each point, in every way in which densities can vanish."""
        self._require_one_function()
        integrand = self._integrand()
        support = self._at_a_point(integrand).support()
        return Proof(needs=(*self._premises(integrand), *support))

    def _integrand(self) -> Integrand:
        least = self._least()
        return integrand_over(least, self.function.args, self.function, self.instances)

    def _at_a_point(self, integrand: Integrand) -> BestAtAPoint:
        def unknown(value: Expr) -> Values:
            return {self.function: value}

        return BestAtAPoint(integrand.products, define(self.at), REAL, unknown, self.instances)

    def _require_one_function(self) -> None:
        """NotProved unless the function is an unknown one of distinct variables, taken there only.

        Its optimum must be a function of the same variables.
        """
        variables = self.function.args
        if len(set(variables)) < len(variables) or not all(
            isinstance(v, Symbol) for v in variables
        ):
            raise NotProved(f"{latex(self.function)} is not an unknown function of variables")
        if self.at.has(self.function.func):
            raise NotProved(f"{latex(self.function)} stands in its own optimum")
        taken = {f for f in self.functional.atoms(AppliedUndef) if f.func == self.function.func}
        if taken != {self.function}:
            raise NotProved(
                f"the functional must hold {latex(self.function)}, and at no other point"
            )
        require_function_of(variables, self.at, self.functional, self.instances)

    def _premises(self, integrand: Integrand) -> tuple[str, ...]:
        """What the function ranges over, and what has to be finite."""
        over = rf"{latex(self.function)} \text{{ ranges over all functions with real values}}"
        premises = (over, *integrand.premises(self.function))
        if is_seen_finite(self._best_value()):
            return premises
        word = "smallest" if self.sense == "min" else "largest"
        return (*premises, rf"\text{{the {word} value is finite}}")

    def _best_value(self) -> Expr:
        """The functional that is smallest, at its optimum, with fractions in logarithms as one."""
        there = define(self._least()).xreplace({self.function: self.at})
        return there.replace(sympy.log, lambda inside: sympy.log(sympy.cancel(inside)))

    def trials(self) -> tuple[Best, ...]:
        """The functional, or its negative, is smallest at the optimum."""
        plain = self.plain()
        return (Best(plain._least(), plain.function, plain.at),)

    def _derivation(self) -> Lines:
        """The functional as one integral, and the integrand's slope in the function's value."""
        plain = self.plain()
        variables = plain.function.args
        integrand = integrand_over(
            plain.functional, variables, plain.function, plain.instances
        ).products
        whole = total(*(SumOrIntegral(product(*factors), variables) for factors in integrand))
        as_integral = walk(plain.functional, whole, plain.instances.joints)
        return *as_integral, *slope_lines(whole, plain.function, plain.at)

    def _compile(self) -> Evaluator:
        """By how much another function, at one letter or at all of them, does better.

        1 where another function does as well, or where it counts and the optimum is not defined.
        """
        functional, best = compiled(self._least()), defined_value(self.at)
        another, variables = compiled(self.function), self.function.args
        conditions = [d for d in self.at.atoms(Density) if d.given]

        def violation(instance: Assignment) -> Number:
            optimum, others, free = {}, {}, set()
            for place in instance.visit(variables, instance.letters(variables)):
                optimum[place], others[place] = best(instance), another(instance)
                if any(instance.condition(d) == 0 for d in conditions):
                    free.add(place)
            known = {place: value for place, value in optimum.items() if value is not None}
            return worst_rival(functional, self._changed(instance), known, others, free)

        return violation

    def _changed(self, instance: Assignment) -> Callable[[Settled], Assignment]:
        """The instance with given values of the function."""
        name, others = self.function.func.__name__, instance.functions

        def changed(values: Settled) -> Assignment:
            def functions(called: str, *place: Number) -> Number:
                return values[place] if called == name else others(called, *place)

            return replace(instance, functions=functions)

        return changed


def worst_rival(
    functional: Evaluator,
    changed: Callable[[Settled], Assignment],
    optimum: Settled,
    others: Settled,
    free: set[Place],
) -> Number:
    """By how much the functional is smaller than at its optimum for another function.

    The other is taken at all letters, and at each letter alone; 1 where it does as well.
    A letter where the optimum is not defined must not count; at a `free` one another may do as
    well.
    """
    filled = {place: optimum.get(place, _FILLING) for place in others}
    low = functional(changed(filled))
    worst = shortfall(functional(changed(others)), low) if len(optimum) == len(others) else _NONE
    for place, other in others.items():
        high = functional(changed(filled | {place: other}))
        if place not in optimum and place not in free:
            found = mpmath.mpf(high != low)
        else:
            apart = place not in free and abs(filled[place] - other) > _TIED
            tie = apart and high == low and mpmath.isfinite(low)
            found = max(shortfall(high, low), mpmath.mpf(tie))
        worst = max(worst, found)
    return worst


def defined_value(at: Expr) -> Callable[[Assignment], Number | None]:
    """The value of an optimum; None where it is infinite, or where it is 0/0, as it is written."""
    value = compiled(define(at))
    products = [list(map(compiled, product.args)) for product in _products(define(at))]

    def found(instance: Assignment) -> Number | None:
        for parts in products:
            numbers = [part(instance) for part in parts]
            if any(n == 0 for n in numbers) and any(mpmath.isinf(n) for n in numbers):
                return None
        number = value(instance)
        return number if mpmath.isfinite(number) else None

    return found


def _products(expression: Expr) -> list[Expr]:
    """The products in an expression that stand in no integral."""
    if isinstance(expression, SumOrIntegral):
        return []
    inside = [product for part in expression.args for product in _products(part)]
    return [expression, *inside] if isinstance(expression, sympy.Mul) else inside


def is_seen_finite(functional: Expr) -> bool:
    """Whether a functional is a sum of integrals that are 0, a mass, or from 0 to a mass."""
    return all(_is_seen_finite(term) for term in sympy.Add.make_args(merged(functional)))


def _is_seen_finite(term: Expr) -> bool:
    total = next(iter(term.atoms(SumOrIntegral)), None)
    if total is None or not is_constant(sympy.Abs(term / total), frozenset(total.variables)):
        return term.is_number
    return (
        total.integrand == 0
        or is_finite_measure(total.integrand, total.variables, frozenset(total.variables))
        or any(
            is_at_most_a_mass(SumOrIntegral(sign * total.integrand, total.variables))
            for sign in (1, -1)
        )
    )
