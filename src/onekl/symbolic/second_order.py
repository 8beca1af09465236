"""A statement about a mean along a curve: it is 0 with slope 0 at a point, and bends there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import ClassVar

import mpmath
import sympy
from sympy import Derivative, Expr, Symbol
from sympy.core.function import AppliedUndef
from sympy.core.symbol import Str

from onekl.symbolic.algebra import Density, Expectation, define
from onekl.symbolic.notation import latex
from onekl.symbolic.numeric import DIGITS, Assignment, Evaluator, Number, compiled, evaluates
from onekl.symbolic.proof import NotProved, Proof, is_density
from onekl.symbolic.sampling import RandomTables
from onekl.symbolic.statements import Statement, difference
from onekl.symbolic.taylor import ANALYTIC
from onekl.symbolic.trials import Expanded

STEP = mpmath.mpf(10) ** -(DIGITS // 2)  # of the differences along the curve
UNDER_THE_INTEGRAL = (
    r"\text{the functions are twice differentiable, "
    r"and differentiation may be taken under the integral}"
)


@evaluates(sympy.Subs)
def _at_a_point(expression: sympy.Subs) -> Evaluator:
    """An expression with values for some of its symbols."""
    inside, places = compiled(expression.expr), [compiled(p) for p in expression.point]

    def value(instance: Assignment) -> Number:
        place = tuple(p(instance) for p in places)
        return sum(inside(instance) for _ in instance.visit(expression.variables, [place]))

    return value


# What has all derivatives where it has a value: elementary, or an unknown smooth function.
SMOOTH = (*ANALYTIC, AppliedUndef, Derivative, sympy.Tuple, Density, Str)


@dataclass(frozen=True)
class SmoothFunctions(RandomTables):
    """Instances as of `RandomTables`, whose unknown functions are smooth in the first argument."""

    def draw(self, random: Random, index: int) -> Assignment:
        """The instance of `RandomTables`, with a random cubic for each function and its letters."""
        cubics = {}

        def value(name: str, t: Number, *letters: Number) -> Number:
            cubic = cubics.setdefault(
                (name, *letters), [mpmath.mpf(random.uniform(-1, 1)) for _ in range(4)]
            )
            return mpmath.polyval(cubic, t)

        return replace(super().draw(random, index), functions=value)


@dataclass(frozen=True, kw_only=True)
class SecondOrder(Statement):
    """E_weight[value] is 0 with slope 0 in `symbol` at `point`, and bends there by E_weight[bend].

    The bend is the second derivative.
    """

    weight: Density
    value: Expr
    symbol: Symbol
    point: Expr
    bend: Expr
    mutable: ClassVar = ("value", "bend")

    def latex(self) -> str:
        """R(t) = the mean, R = R′ = 0 and R″ = the bend at the point, in LaTeX."""
        return r", \quad ".join(self._lines())

    def display(self) -> str:
        """The three equations below each other."""
        rows = r" \\ ".join(line.replace(" = ", " &= ", 1) for line in self._lines())
        return rf"\begin{{aligned}} {rows} \end{{aligned}}"

    def _lines(self) -> tuple[str, str, str]:
        t, point = latex(self.symbol), latex(self.point)
        bend = rf"\left. {latex(Expectation(self.weight, self.bend))} \right|_{{{t}={point}}}"
        return (
            rf"R({t}) = {latex(Expectation(self.weight, self.value))}",
            f"R({point}) = R'({point}) = 0",
            f"R''({point}) = {bend}",
        )

    def _prove(self) -> Proof:
        """Differentiate the value twice under the mean."""
        if not is_density(self.weight, self.weight.over) or self.symbol in self.weight.free_symbols:
            raise NotProved(
                f"{latex(self.weight)} is not a density that stays as it is along the curve"
            )
        value = define(self.value)
        if not all(isinstance(node, SMOOTH) for node in sympy.preorder_traversal(value)) or any(
            not p.exp.is_integer for p in value.atoms(sympy.Pow)
        ):
            raise NotProved(
                f"{latex(self.value)} may have no second derivative: "
                "it holds an absolute value, a sign, a maximum or a root"
            )
        slope = sympy.diff(value, self.symbol)
        for what, found in (
            ("value", value),
            ("slope", slope),
            ("second derivative", sympy.diff(slope, self.symbol) - self.bend),
        ):
            rest = sympy.simplify(found.doit().subs(self.symbol, self.point))
            if rest != 0:
                raise NotProved(
                    f"the {what} at {self.symbol} = {self.point} is off by {rest} under the mean"
                )
        return Proof(needs=(UNDER_THE_INTEGRAL,))

    def trials(self) -> tuple[Expanded, ...]:
        """The mean is the bend times half the square, up to the second order."""
        plain = self.plain()
        mean, bend = (Expectation(plain.weight, one) for one in (plain.value, plain.bend))
        square = (plain.symbol - plain.point) ** 2
        return (Expanded(mean, square / 2 * bend, plain.symbol, plain.point, order=2),)

    def _compile(self) -> Evaluator:
        """The largest error of the mean, its slope and its bend, by finite differences."""
        mean = compiled(Expectation(self.weight, self.value))
        bend = compiled(Expectation(self.weight, self.bend))
        point = compiled(self.point)

        def violation(instance: Assignment) -> Number:
            place = point(instance)

            def mean_at(number: Number) -> Number:
                return self._along(instance, mean, number)

            with mpmath.workdps(2 * DIGITS):  # the differences lose half of the digits
                down, level, up = (mean_at(place + k * STEP) for k in (-1, 0, 1))
                slope, second = (up - down) / (2 * STEP), (up - 2 * level + down) / STEP**2
            claimed = self._along(instance, bend, place)
            return max(abs(level), abs(slope), difference(second, claimed))

        return violation

    def _along(self, instance: Assignment, expression: Evaluator, number: Number) -> Number:
        """The expression at a value of the symbol."""
        return sum(expression(instance) for _ in instance.visit((self.symbol,), [(number,)]))
