"""The value of an expression on an instance: exact sums over tables, and quadrature for Gaussians.

`compiled` turns an expression of the algebra into a function of an `Assignment`, straight from the
definitions and without the provers, so that a proof and its numbers can disagree.
Values are mpmath numbers of 30 digits: the same on every machine.
With SymPy tables (`symbolic=True`) the same function gives a formula in symbolic probabilities.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import mpmath
import sympy
from sympy import Add, Derivative, Expr, Mul, Pow, Symbol
from sympy.core.function import AppliedUndef

from onekl.symbolic.algebra import (
    KL,
    ClassProbability,
    Density,
    Dirac,
    Entropy,
    Expectation,
    Gaussian,
    LabelledJoint,
    SumOrIntegral,
    factors,
    kl_div,
    variables_of,
)
from onekl.symbolic.copies import alphabet, is_symmetric
from onekl.symbolic.gaussians import gaussian_chain
from onekl.symbolic.premises import Finite, Support

DIGITS = 30
# Gauss–Hermite with five nodes is exact for polynomials up to degree nine in the variable of a
# Gaussian.
with mpmath.workdps(DIGITS + 5):
    _ROOT = mpmath.sqrt(10)
    _FAR, _NEAR = mpmath.sqrt(5 + _ROOT), mpmath.sqrt(5 - _ROOT)
    _W_FAR, _W_NEAR, _W_0 = (7 - 2 * _ROOT) / 60, (7 + 2 * _ROOT) / 60, mpmath.mpf(8) / 15
    HERMITE = [
        (-_FAR, _W_FAR),
        (-_NEAR, _W_NEAR),
        (mpmath.mpf(0), _W_0),
        (_NEAR, _W_NEAR),
        (_FAR, _W_FAR),
    ]

Number = mpmath.mpf | Expr | int  # a formula where the tables hold symbols
Place = tuple[Number, ...]  # one value for each of some variables, letters or real numbers


@dataclass
class Assignment:
    """One assignment of numbers to all that an expression leaves open.

    `sizes` are the numbers of letters of the variables, `tables` and `axes` the cells and the
    variables of each family, `values` the numbers of symbols; `functions` takes the name of an
    unknown function and its arguments to a number; `symbolic` says that the cells are SymPy
    expressions.
    """

    sizes: dict[Symbol, int] = field(default_factory=dict)
    tables: dict[str, dict[tuple[int, ...], Number]] = field(default_factory=dict)
    axes: dict[str, tuple[Symbol, ...]] = field(default_factory=dict)
    values: dict[Symbol, Number] = field(default_factory=dict)
    functions: Callable[..., Number] | None = None
    symbolic: bool = False
    _sums: dict[tuple[str, tuple], Number] = field(default_factory=dict)

    def breaks(self, premise: Support | Finite) -> bool:
        """Whether an integral is infinite, or the support is not where the premise says."""
        if isinstance(premise, Finite):
            return not mpmath.isfinite(compiled(premise.total)(self))
        positive, one_of = (
            [compiled(factor) for factor in some] for some in (premise.where, premise.any_of)
        )
        involved = set().union(*(f.free_symbols for f in (*premise.any_of, *premise.where)))
        variables = tuple(v for v in involved if alphabet(v) in self.sizes)
        return any(
            all(value(self) > 0 for value in positive) and all(value(self) == 0 for value in one_of)
            for _ in self.visit(variables, self.letters(variables))
        )

    def letters(self, variables: tuple[Symbol, ...]) -> Iterator[tuple[int, ...]]:
        """Every combination of letters of the variables."""
        return itertools.product(*(range(self.size(v)) for v in variables))

    def size(self, variable: Symbol) -> int:
        """The number of letters of a variable, or of a copy of it."""
        return self.sizes[alphabet(variable)]

    def visit(self, variables: tuple[Symbol, ...], places: Iterable[Place]) -> Iterator[Place]:
        """Give the variables the values of each place in turn, and yield the place.

        The old values are put back at the end.
        """
        kept = self.values
        try:
            for place in places:
                self.values = {**kept, **dict(zip(variables, place))}
                yield place
        finally:
            self.values = kept

    def log(self, number: Number) -> Number:
        """The logarithm of a positive number; a formula for a formula."""
        return sympy.log(number) if self.symbolic else mpmath.log(number)

    def probability(self, density: Density) -> Number:
        """The value of a density at the current letters; given a null event it is uniform."""
        letters = density.over + density.given
        place = dict(zip(density.axes(self.axes[density.family]), map(self.values.get, letters)))
        joint = self._marginal(density.family, place)
        if not density.given:
            return joint
        condition = self.condition(density)
        if condition == 0:
            return 1 / mpmath.mpf(math.prod(self.size(v) for v in density.over))
        return joint / condition

    def condition(self, density: Density) -> Number:
        """The probability of the letters that a density is conditioned on."""
        axes = density.axes(self.axes[density.family])[len(density.over) :]
        return self._marginal(density.family, dict(zip(axes, map(self.values.get, density.given))))

    def class_probability(self, outcome_one: ClassProbability, point: Place) -> Number:
        """The value of D at a point: a random function of it, now and then exactly 0 or 1.

        A label's own probability, without a point, is never 0 or 1.
        """
        number = self.functions(outcome_one.name, *point)
        if not point:
            return (number + mpmath.mpf("2.1")) / mpmath.mpf("4.2")
        return mpmath.mpf(number < 0) if abs(number) > 1.9 else (number + 2) / 4

    def _marginal(self, family: str, place: dict[int, int]) -> Number:
        """The sum of a family's cells that have the letters of the place, by axis; kept."""
        key = (family, tuple(sorted(place.items())))
        if key not in self._sums:
            cells = itertools.product(
                *(
                    [place[axis]] if axis in place else range(self.size(v))
                    for axis, v in enumerate(self.axes[family])
                )
            )
            self._sums[key] = sum(self.tables[family][cell] for cell in cells)
        return self._sums[key]


Evaluator = Callable[[Assignment], Number]


def compiled(expression: Expr) -> Evaluator:
    """A function that evaluates the expression on an instance, node by node, from the definitions.

    TypeError for a kind of node that has no rule.
    """
    for kind, build in _BUILDERS.items():
        if isinstance(expression, kind):
            return build(expression)
    raise TypeError(f"no rule evaluates {type(expression).__name__}: {expression}")


# Sums and integrals.


def _sum_over(variables: tuple[Symbol, ...], term: Evaluator) -> Evaluator:
    """The sum of a term over all letters of the variables."""

    def value(instance: Assignment) -> Number:
        return sum(term(instance) for _ in instance.visit(variables, instance.letters(variables)))

    return value


def _trapezoid(weight: Gaussian, term: Evaluator) -> Evaluator:
    """The trapezoidal rule over the real line: its steps, half a σ, leave an error below 1e-30."""
    mean, variance = compiled(weight.mean), compiled(weight.variance)

    def value(instance: Assignment) -> Number:
        width = variance(instance)
        if not width > 0:  # no density, so no number
            return mpmath.nan
        step = mpmath.sqrt(width) / 2
        start = int(mpmath.nint(mean(instance) / step))
        grid = [(k * step,) for k in range(start - 30, start + 31)]
        return sum(step * term(instance) for _ in instance.visit((weight.variable,), grid))

    return value


def _quadrature(weight: Gaussian, term: Evaluator) -> Evaluator:
    """Gauss–Hermite quadrature of a term under a Gaussian."""
    mean, variance = compiled(weight.mean), compiled(weight.variance)

    def value(instance: Assignment) -> Number:
        width = variance(instance)
        if not width > 0:
            return mpmath.nan
        centre, scale = mean(instance), mpmath.sqrt(width)
        places = [(centre + scale * node,) for node, _ in HERMITE]
        visited = instance.visit((weight.variable,), places)
        return sum(share * term(instance) for (_, share), _ in zip(HERMITE, visited))

    return value


def _average(weight: Expr, term: Evaluator) -> Evaluator:
    """The sum of weight · term over an alphabet, or quadrature under Gaussians."""
    chain = gaussian_chain(weight)
    if chain:
        for gaussian in reversed(chain):
            term = _quadrature(gaussian, term)
        return term
    density = compiled(weight)

    def product(instance: Assignment) -> Number:
        mass = density(instance)
        return 0 if mass == 0 else mass * term(instance)

    return _sum_over(variables_of(weight), product)


def _integral(expression: SumOrIntegral) -> Evaluator:
    integrand = compiled(expression.integrand)
    own = {
        f.variable: f
        for f in reversed(factors(expression.integrand))
        if isinstance(f, Gaussian) and f.variable in expression.variables
    }
    chain = gaussian_chain(Mul(*own.values())) if len(own) == len(expression.variables) else None
    if not chain:
        return _sum_or_quad(expression.variables, integrand)
    for gaussian in reversed(chain):
        integrand = _trapezoid(gaussian, integrand)
    return integrand


def _sum_or_quad(variables: tuple[Symbol, ...], term: Evaluator) -> Evaluator:
    """The sum over letters; for one variable without letters, quadrature over the real line."""
    total = _sum_over(variables, term)

    def value(instance: Assignment) -> Number:
        if instance.sizes or len(variables) > 1:
            return total(instance)

        def at(number: Number) -> Number:
            return sum(term(instance) for _ in instance.visit(variables, [(number,)]))

        return mpmath.quad(at, [-mpmath.inf, 0, mpmath.inf])

    return value


# Functionals.


def _expectation(expression: Expectation) -> Evaluator:
    return _average(expression.weight, compiled(expression.value))


def _kl(expression: KL) -> Evaluator:
    if isinstance(expression.first, LabelledJoint):
        return _labelled_kl(expression)
    first, second = compiled(expression.first), compiled(expression.second)

    def log_ratio(instance: Assignment) -> Number:
        below = second(instance)
        return mpmath.inf if below == 0 else instance.log(first(instance) / below)

    return _average(expression.first, log_ratio)


def _labelled_kl(expression: KL) -> Evaluator:
    cases = [compiled(case) for case in expression.cases()]

    def value(instance: Assignment) -> Number:
        return sum(case(instance) for case in cases)

    return value


def _entropy(expression: Entropy) -> Evaluator:
    density = compiled(expression.args[0])

    def surprise(instance: Assignment) -> Number:
        return -instance.log(density(instance))

    return _average(expression.args[0], surprise)


# Densities and probabilities.


def _density(expression: Density) -> Evaluator:
    def value(instance: Assignment) -> Number:
        return instance.probability(expression)

    return value


def _gaussian(expression: Gaussian) -> Evaluator:
    return compiled(expression.formula())


def _dirac(expression: Dirac) -> Evaluator:
    variable, image = expression.over[0], compiled(expression.image)

    def value(instance: Assignment) -> Number:
        return 1 if instance.values[variable] == image(instance) else 0

    return value


def _class_probability(expression: ClassProbability) -> Evaluator:
    outcome_one = ClassProbability(expression.name, expression.argument)
    point = [compiled(argument) for argument in expression.arguments]

    def value(instance: Assignment) -> Number:
        place = tuple(coordinate(instance) for coordinate in point)
        probability = instance.class_probability(outcome_one, place)
        return probability if expression.outcome else 1 - probability

    return value


# Arithmetic.


def _add(expression: Add) -> Evaluator:
    first, *others = [compiled(term) for term in expression.args]

    def value(instance: Assignment) -> Number:
        start = first(instance)
        return sum((other(instance) for other in others), start)

    return value


def _multiply(expression: Mul) -> Evaluator:
    parts = [compiled(factor) for factor in expression.args]

    def value(instance: Assignment) -> Number:
        numbers = [part(instance) for part in parts]
        if any(number == 0 for number in numbers):  # 0 · log 0 = 0, as in the definition of KL
            return 0
        return math.prod(numbers[1:], start=numbers[0])

    return value


def _power(expression: Pow) -> Evaluator:
    base, exponent = compiled(expression.base), compiled(expression.exp)

    def value(instance: Assignment) -> Number:
        below, power = base(instance), exponent(instance)
        if below == 0 and power < 0:
            return mpmath.inf
        return below**power

    return value


def _log(expression: sympy.log) -> Evaluator:
    inside = compiled(expression.args[0])

    def value(instance: Assignment) -> Number:
        number = inside(instance)
        return -mpmath.inf if number == 0 else instance.log(number)

    return value


def _exp(expression: sympy.exp) -> Evaluator:
    inside = compiled(expression.exp)  # of a power of E too

    def value(instance: Assignment) -> Number:
        return (sympy.exp if instance.symbolic else mpmath.exp)(inside(instance))

    return value


def _abs(expression: sympy.Abs) -> Evaluator:
    inside = compiled(expression.args[0])

    def value(instance: Assignment) -> Number:
        return abs(inside(instance))

    return value


def _extreme(expression: sympy.Max | sympy.Min) -> Evaluator:
    parts = [compiled(argument) for argument in expression.args]
    pick = max if isinstance(expression, sympy.Max) else min

    def value(instance: Assignment) -> Number:
        numbers = [part(instance) for part in parts]
        return expression.func(*numbers) if instance.symbolic else pick(numbers)

    return value


def _kl_div(expression: kl_div) -> Evaluator:
    first, second = map(compiled, expression.args)

    def value(instance: Assignment) -> Number:
        a, b = first(instance), second(instance)
        if a == 0:
            return b
        return mpmath.inf if b == 0 else a * instance.log(a / b) - a + b

    return value


# Numbers, symbols, unknown functions and their derivatives.


def _number(expression: Expr) -> Evaluator:
    exact = (
        mpmath.mpf(expression.p) / expression.q
        if expression.is_Rational
        else mpmath.mpf(str(expression.evalf(40)).replace("oo", "inf"))
    )

    def value(instance: Assignment) -> Number:
        return expression if instance.symbolic else exact

    return value


def _symbol(expression: Symbol) -> Evaluator:
    def value(instance: Assignment) -> Number:
        if instance.symbolic:
            return instance.values.get(expression, expression)
        return instance.values[expression]

    return value


def _unknown_function(expression: AppliedUndef) -> Evaluator:
    name, arguments = expression.func.__name__, [compiled(a) for a in expression.args]

    def value(instance: Assignment) -> Number:
        place = [argument(instance) for argument in arguments]
        number = instance.functions(name, *(sorted(place) if is_symmetric(expression) else place))
        # A random function may be negative; one that is said not to be is not.
        return abs(number) if expression.is_nonnegative else number

    return value


def _derivative(expression: Derivative) -> Evaluator:
    *others, (variable, order) = expression.variable_count
    inside = compiled(Derivative(expression.expr, *others) if others else expression.expr)

    def value(instance: Assignment) -> Number:
        def shifted(number: Number) -> Number:
            return sum(inside(instance) for _ in instance.visit((variable,), [(number,)]))

        return mpmath.diff(shifted, instance.values[variable], int(order))

    return value


def evaluates(kind: type) -> Callable[[Callable[[Expr], Evaluator]], Callable[[Expr], Evaluator]]:
    """A decorator: the function builds the evaluator of expressions of this kind."""

    def register(build: Callable[[Expr], Evaluator]) -> Callable[[Expr], Evaluator]:
        _BUILDERS[kind] = build
        return build

    return register


# The first kind that an expression is one of decides.
_BUILDERS: dict[type, Callable[[Expr], Evaluator]] = {
    Density: _density,
    SumOrIntegral: _integral,
    Expectation: _expectation,
    KL: _kl,
    Entropy: _entropy,
    Gaussian: _gaussian,
    Dirac: _dirac,
    ClassProbability: _class_probability,
    kl_div: _kl_div,
    Derivative: _derivative,
    sympy.log: _log,
    sympy.exp: _exp,
    sympy.Abs: _abs,
    sympy.Max: _extreme,
    sympy.Min: _extreme,
    Symbol: _symbol,
    sympy.Number: _number,
    sympy.NumberSymbol: _number,
    Pow: _power,
    Mul: _multiply,
    Add: _add,
    AppliedUndef: _unknown_function,
}
