"""The value of an expression on an instance: exact sums over tables, and quadrature for Gaussians.

`compiled` turns an expression of the algebra into a function of an `Assignment`, straight from the
definitions and without the provers, so that a proof and its numbers can disagree.
Values are mpmath numbers of 30 digits: the same on every machine.
With SymPy tables (`symbolic=True`) the same function gives a formula in symbolic probabilities.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import mpmath
import sympy
from sympy import Add, Derivative, Expr, Mul, Pow, Symbol

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

DIGITS = 30
# Gauss–Hermite with five nodes is exact for polynomials up to degree nine in the variable of a Gaussian.
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


@dataclass
class Assignment:
    """One assignment of numbers: tables of the families, the alphabets, values of symbols and functions."""

    sizes: dict[Symbol, int] = field(default_factory=dict)
    tables: dict[str, dict[tuple, object]] = field(default_factory=dict)
    axes: dict[str, tuple[Symbol, ...]] = field(default_factory=dict)
    values: dict[Symbol, object] = field(default_factory=dict)
    functions: Callable | None = None
    symbolic: bool = False
    _sums: dict = field(default_factory=dict)

    def vanishes_against(self, density: Density, where: Density | None) -> bool:
        """Whether a density is 0 at some letter (where another one is not)."""
        variables = tuple(
            dict.fromkeys((*density.over, *density.given, *(where.over if where else ())))
        )
        return any(
            self.probability(density) == 0 and (where is None or self.probability(where) > 0)
            for _ in self.visit(variables, self.letters(variables))
        )

    def letters(self, variables: tuple[Symbol, ...]):
        """Every combination of letters of the variables."""
        return itertools.product(*(range(self.sizes[v]) for v in variables))

    def visit(self, variables: tuple[Symbol, ...], places):
        """Give the variables the values of each place in turn, yield the place, and put the old values back at the end."""
        kept = self.values
        try:
            for place in places:
                self.values = {**kept, **dict(zip(variables, place))}
                yield place
        finally:
            self.values = kept

    @property
    def log(self) -> Callable:
        return sympy.log if self.symbolic else mpmath.log

    def probability(self, density: Density):
        """The value of a density at the current values of its variables; a conditional on a null event is uniform."""
        above = self._marginal(density.family, density.over + density.given)
        if not density.given:
            return above
        below = self._marginal(density.family, density.given)
        if below == 0:
            count = 1
            for variable in density.over:
                count *= self.sizes[variable]
            return 1 / mpmath.mpf(count)
        return above / below

    def chance(self, chance: ClassProbability, point):
        """The value of D at a point: a random function of it, now and then exactly 0 or 1."""
        number = self.functions(chance.name, *point)
        return mpmath.mpf(number < 0) if abs(number) > 1.9 else (number + 2) / 4

    def _marginal(self, family: str, variables: tuple[Symbol, ...]):
        place = tuple((v, self.values[v]) for v in self.axes[family] if v in variables)
        if (family, place) not in self._sums:
            fixed = dict(place)
            cells = itertools.product(
                *([fixed[v]] if v in fixed else range(self.sizes[v]) for v in self.axes[family])
            )
            self._sums[family, place] = sum(self.tables[family][cell] for cell in cells)
        return self._sums[family, place]


def compiled(expression: Expr) -> Callable[[Assignment], object]:
    """A function that evaluates the expression on an instance, node by node, from the definitions."""
    for kind, build in _BUILDERS.items():
        if isinstance(expression, kind):
            return build(expression)
    raise TypeError(f"no rule evaluates {type(expression).__name__}: {expression}")


def _total(expression):
    summed = _sum_over(expression.variables, compiled(expression.integrand))
    gaussians = [f for f in factors(expression.integrand) if isinstance(f, Gaussian)]
    return _trapezoid(gaussians[0], compiled(expression.integrand)) if gaussians else summed


def _trapezoid(weight: Gaussian, term):
    """The trapezoidal rule over the real line: with steps of half a standard deviation its error is below 1e-30."""
    mean, variance = compiled(weight.mean), compiled(weight.variance)

    def value(instance):
        step = mpmath.sqrt(variance(instance)) / 2
        start = int(mpmath.nint(mean(instance) / step))
        grid = [(k * step,) for k in range(start - 30, start + 31)]
        return sum(step * term(instance) for _ in instance.visit((weight.variable,), grid))

    return value


def _sum_over(variables, term):
    return lambda instance: sum(
        term(instance) for _ in instance.visit(variables, instance.letters(variables))
    )


def _weighted(weight: Expr, term) -> Callable:
    """Sum of weight × term over an alphabet, or Gauss–Hermite quadrature under a Gaussian."""
    if isinstance(weight, Gaussian):
        return _quadrature(weight, term)
    density = compiled(weight)

    def product(instance):
        mass = density(instance)
        return 0 if mass == 0 else mass * term(instance)

    return _sum_over(variables_of(weight), product)


def _quadrature(weight: Gaussian, term):
    mean, variance = compiled(weight.mean), compiled(weight.variance)

    def value(instance):
        centre, scale = mean(instance), mpmath.sqrt(variance(instance))
        shares = {centre + scale * node: share for node, share in HERMITE}
        return sum(
            shares[z] * term(instance) for (z,) in instance.visit((weight.variable,), zip(shares))
        )

    return value


def _chance(expression):
    point, one = (
        [compiled(a) for a in expression.arguments],
        ClassProbability(expression.name, expression.argument),
    )

    def value(instance):
        probability = instance.chance(one, tuple(part(instance) for part in point))
        return probability if expression.outcome else 1 - probability

    return value


def _kl(expression):
    if isinstance(expression.first, LabelledJoint):
        cases = [compiled(case) for case in expression.cases()]
        return lambda instance: sum(case(instance) for case in cases)
    first, second = compiled(expression.first), compiled(expression.second)

    def log_ratio(instance):
        below = second(instance)
        return mpmath.inf if below == 0 else instance.log(first(instance) / below)

    return _weighted(expression.first, log_ratio)


def _entropy(expression):
    density = compiled(expression.args[0])
    return _weighted(expression.args[0], lambda instance: -instance.log(density(instance)))


def _multiply(expression):
    parts = [compiled(a) for a in expression.args]

    def value(instance):
        numbers = [part(instance) for part in parts]
        if any(n == 0 for n in numbers):  # 0 · log 0 = 0, as in the definition of KL
            return 0
        result = numbers[0]
        for number in numbers[1:]:
            result = result * number
        return result

    return value


def _power(expression):
    base, exponent = compiled(expression.base), compiled(expression.exp)

    def value(instance):
        below, power = base(instance), exponent(instance)
        if below == 0 and power < 0:
            return mpmath.inf
        return below**power

    return value


def _add(expression):
    parts = [compiled(a) for a in expression.args]
    return lambda instance: sum((part(instance) for part in parts[1:]), parts[0](instance))


def _logarithm(expression):
    inside = compiled(expression.args[0])

    def value(instance):
        number = inside(instance)
        return -mpmath.inf if number == 0 else instance.log(number)

    return value


def _excess(expression):
    first, second = map(compiled, expression.args)

    def value(instance):
        a, b = first(instance), second(instance)
        if a == 0:
            return b
        return mpmath.inf if b == 0 else a * instance.log(a / b) - a + b

    return value


def _gaussian(expression):
    return compiled(expression.formula())


def _dirac(expression):
    variable, image = expression.over[0], compiled(expression.image)
    return lambda instance: 1 if instance.values[variable] == image(instance) else 0


def _number(expression):
    exact = (
        mpmath.mpf(expression.p) / expression.q
        if expression.is_Rational
        else mpmath.mpf(str(expression.evalf(40)))
    )
    return lambda instance: expression if instance.symbolic else exact


def _applied(expression):
    name, arguments = expression.func.__name__, [compiled(a) for a in expression.args]
    if expression.is_nonnegative:  # a random function may be negative, this one is not
        return lambda instance: abs(instance.functions(name, *(a(instance) for a in arguments)))
    return lambda instance: instance.functions(name, *(a(instance) for a in arguments))


def _derivative(expression):
    variable, inside = expression.variable_count[0][0], compiled(expression.expr)

    def value(instance):
        def shifted(number):
            return sum(inside(instance) for _ in instance.visit((variable,), [(number,)]))

        return mpmath.diff(shifted, instance.values[variable])

    return value


_BUILDERS = {
    Density: lambda e: lambda instance: instance.probability(e),
    SumOrIntegral: _total,
    Expectation: lambda e: _weighted(e.weight, compiled(e.value)),
    KL: _kl,
    Entropy: _entropy,
    Gaussian: _gaussian,
    Dirac: _dirac,
    ClassProbability: _chance,
    kl_div: _excess,
    Derivative: _derivative,
    sympy.log: _logarithm,
    sympy.exp: lambda e: (lambda inside: lambda instance: mpmath.exp(inside(instance)))(
        compiled(e.args[0])
    ),
    sympy.Abs: lambda e: (lambda inside: lambda instance: abs(inside(instance)))(
        compiled(e.args[0])
    ),
    Symbol: lambda e: lambda instance: instance.values[e],
    sympy.Number: _number,
    sympy.NumberSymbol: _number,
    Pow: _power,
    Mul: _multiply,
    Add: _add,
    sympy.core.function.AppliedUndef: _applied,
}
