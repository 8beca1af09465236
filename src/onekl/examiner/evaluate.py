"""The values of an expression on a batch of tables, node by node, from the definitions.

Nothing here knows a prover: the classes of the algebra's nodes are all that is imported of it.
What is integrated over real numbers and vectors is left to `real_line` and `vectors`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import sympy
from sympy import Add, Expr, Mul, Pow, Symbol
from sympy.core.function import AppliedUndef

from onekl.examiner.batch import Batch
from onekl.examiner.bounded import EPS, Bounded, NoRule
from onekl.symbolic.algebra import (
    KL,
    ClassProbability,
    Density,
    Dirac,
    Entropy,
    Expectation,
    LabelledJoint,
    SumOrIntegral,
    kl_div,
    variables_of,
)
from onekl.symbolic.copies import alphabet

INFINITE = Bounded(np.inf)
Known = Mapping[Expr, Bounded]


class TableExaminer:
    """Evaluates expressions on one batch; `known` are values that replace those of nodes."""

    def __init__(self, batch: Batch, known: Known | None = None) -> None:
        self.batch, self.known = batch, dict(known or {})
        self.place: dict[Symbol, Bounded] = {}
        self._kept: dict[Expr, Bounded] = {}

    def __call__(self, expression: Expr) -> Bounded:
        """The values of the expression, (…, count); NoRule for an unknown kind of node."""
        with np.errstate(all="ignore"):
            return self._value(sympy.sympify(expression))

    def _value(self, expression: Expr) -> Bounded:
        if expression in self.known:
            return self.known[expression]
        kept = not self.place and bool(expression.args)
        if kept and expression in self._kept:
            return self._kept[expression]
        kind = next((kind for kind in type(expression).__mro__ if kind in RULES), None)
        if kind is None:
            raise NoRule(f"no rule evaluates {type(expression).__name__}: {expression}")
        found = RULES[kind](self, expression)
        if kept:
            self._kept[expression] = found
        return found

    def letters(self, letter: Expr) -> np.ndarray:
        """The letters, or the real numbers, at which a function or a density is taken."""
        return self.batch.place(self._value(letter))

    def at(self, variable: Symbol, value: Bounded, rule: Callable[[], Bounded]) -> Bounded:
        """What the rule gives while the variable has this value."""
        before = self.place.get(variable)
        self.place[variable] = value
        try:
            return rule()
        finally:
            if before is None:
                del self.place[variable]
            else:
                self.place[variable] = before

    def total(self, variables: tuple[Symbol, ...], summand: Expr) -> Bounded:
        """The sum, or the integral, over all values of the variables."""
        return self.summed(variables, lambda: self._value(summand))

    def summed(self, variables: tuple[Symbol, ...], inside: Callable[[], Bounded]) -> Bounded:
        """The sum over the variables' letters, whatever letters they had before."""
        before = {v: self.place.pop(v) for v in variables if v in self.place}
        try:
            found = inside()
        finally:
            self.place.update(before)
        for variable in variables:
            found = self.batch.total(variable, found)
        return found

    # Sums, integrals and functionals.

    def integral(self, expression: SumOrIntegral) -> Bounded:
        """The sum over the variables' letters."""
        return self.total(expression.variables, expression.integrand)

    def mean(self, weight: Expr, value: Callable[[], Bounded]) -> Bounded:
        """The sum of weight · value."""
        return self.summed(variables_of(weight), lambda: self._value(weight) * value())

    def expectation(self, expression: Expectation) -> Bounded:
        """The mean."""
        return self.mean(expression.weight, lambda: self._value(expression.value))

    def kl(self, expression: KL) -> Bounded:
        """The divergence; for labelled densities the sum over the label."""
        if isinstance(expression.first, LabelledJoint):
            one, zero = map(self._value, expression.cases())
            return one + zero

        return self.mean(expression.first, lambda: self.log_ratio(expression))

    def log_ratio(self, expression: KL) -> Bounded:
        """The logarithm whose mean a KL is, ∞ where its second density is 0."""
        first, second = self._value(expression.first), self._value(expression.second)
        return (first / second).log().unless(second.is_zero(), INFINITE)

    def entropy(self, expression: Entropy) -> Bounded:
        """The entropy."""
        density = expression.args[0]
        return self.mean(density, lambda: -self._value(density).log())

    # Densities, probabilities, functions.

    def _density(self, expression: Density) -> Bounded:
        if expression.family not in self.batch.tables:
            raise NoRule(f"the instances have no table of {expression}")
        place = [self.letters(v) for v in expression.over + expression.given]
        return self.batch.probability(expression, place)

    def _dirac(self, expression: Dirac) -> Bounded:
        if self.batch.real:
            raise NoRule(f"{expression} has no values at real numbers")
        variable, image = self.letters(expression.over[0]), self.letters(expression.image)
        return Bounded((variable == image).astype(float))

    def _class_probability(self, expression: ClassProbability) -> Bounded:
        one = ClassProbability(expression.name, expression.argument)
        place = [self.letters(argument) for argument in expression.arguments]
        chance = self.known.get(one) or self.batch.class_probability(one, place)
        return chance if expression.outcome else Bounded(1.0) - chance

    def _function(self, expression: AppliedUndef) -> Bounded:
        name = expression.func.__name__
        if not self.batch.sizes:
            return self.batch.smooth_function(name, [self._value(a) for a in expression.args])
        number = Bounded(self.batch.function(name, [self.letters(a) for a in expression.args]))
        return Bounded(abs(number.value)) if expression.is_nonnegative else number

    def _symbol(self, expression: Symbol) -> Bounded:
        if expression in self.place:
            return self.place[expression]
        if expression in self.batch.values:
            return Bounded(self.batch.values[expression])
        if alphabet(expression) not in self.batch.sizes:
            raise NoRule(f"the instances give no value to {expression}")
        return Bounded(self.batch.letters(expression))

    # Arithmetic.

    def _number(self, expression: Expr) -> Bounded:
        nearest = float(expression)
        exact = expression.is_Rational and sympy.Rational(nearest) == expression
        return Bounded(nearest, 0.0 if exact or np.isinf(nearest) else EPS * abs(nearest))

    def _add(self, expression: Add) -> Bounded:
        first, *others = map(self._value, expression.args)
        for other in others:
            first = first + other
        return first

    def _multiply(self, expression: Mul) -> Bounded:
        first, *others = map(self._value, expression.args)
        for other in others:
            first = first * other
        return first

    def _power(self, expression: Pow) -> Bounded:
        return self._value(expression.base) ** self._value(expression.exp)

    def _extreme(self, expression: sympy.Max | sympy.Min) -> Bounded:
        pick = np.maximum if isinstance(expression, sympy.Max) else np.minimum
        return Bounded.extreme([self._value(a) for a in expression.args], pick)

    def _abs(self, expression: sympy.Abs) -> Bounded:
        inside = self._value(expression.args[0])
        return Bounded(abs(inside.value), inside.error)

    def _kl_div(self, expression: kl_div) -> Bounded:
        a, b = map(self._value, expression.args)
        general = a * (a / b).log() - a + b
        return general.unless(b.is_zero(), INFINITE).unless(a.is_zero(), b)


RULES: dict[type, Callable[[TableExaminer, Expr], Bounded]] = {
    Density: TableExaminer._density,
    SumOrIntegral: lambda self, e: self.integral(e),  # a kind of examiner has its own
    Expectation: TableExaminer.expectation,
    KL: TableExaminer.kl,
    Entropy: TableExaminer.entropy,
    Dirac: TableExaminer._dirac,
    ClassProbability: TableExaminer._class_probability,
    kl_div: TableExaminer._kl_div,
    sympy.log: lambda self, e: self._value(e.args[0]).log(),
    sympy.exp: lambda self, e: self._value(e.exp).exp(),  # of a power of E too
    sympy.tanh: lambda self, e: self._value(e.args[0]).smooth(np.tanh, 1.0),
    sympy.Abs: TableExaminer._abs,
    sympy.Max: TableExaminer._extreme,
    sympy.Min: TableExaminer._extreme,
    Symbol: TableExaminer._symbol,
    sympy.Number: TableExaminer._number,
    sympy.NumberSymbol: TableExaminer._number,
    Pow: TableExaminer._power,
    Mul: TableExaminer._multiply,
    Add: TableExaminer._add,
    AppliedUndef: TableExaminer._function,
}
