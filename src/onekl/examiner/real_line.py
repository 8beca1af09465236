"""One real variable: Gaussians by quadrature, other integrals, and derivatives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sympy import Derivative, Expr, Mul, Symbol

from onekl.examiner.bounded import EPS, Bounded
from onekl.examiner.evaluate import RULES, NoRule, TableExaminer
from onekl.examiner.jets import ONE, ZERO, Jet
from onekl.symbolic.algebra import Gaussian, SumOrIntegral, factors
from onekl.symbolic.gaussians import gaussian_chain

# Gauss–Hermite with five nodes is exact for polynomials up to degree nine.
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(5)
HERMITE = (
    Bounded(_NODES, 4 * EPS * abs(_NODES)),
    Bounded(_WEIGHTS / _WEIGHTS.sum(), 8 * EPS * _WEIGHTS),
)
# The trapezoidal rule in steps of σ/2 out to 10 σ leaves less than rounding.
STEPS = np.arange(-20, 21) / 2.0

# The double-exponential rule for the whole line: x = sinh(π/2 sinh t), in small steps of t.
_T = np.arange(-512, 513) / 128.0
LINE = np.sinh(np.pi / 2 * np.sinh(_T))
LINE_WEIGHTS = np.pi / 256 * np.cosh(_T) * np.cosh(np.pi / 2 * np.sinh(_T))


def root(variance: Bounded) -> Bounded:
    """The standard deviation; NaN where the variance is not positive."""
    positive = variance.start().value > 0
    return variance.unless(~positive, Bounded(np.nan)) ** Bounded(0.5)


class LineExaminer(TableExaminer):
    """Evaluates integrals over real numbers too."""

    def integral(self, expression: SumOrIntegral) -> Bounded:
        """The integral over Gaussians' variables or over the line, or the sum over letters."""
        if self.batch.sizes:
            return super().integral(expression)
        own = [
            f
            for f in factors(expression.integrand)
            if isinstance(f, Gaussian) and f.variable in expression.variables
        ]
        chain = gaussian_chain(Mul(*own)) if len(own) == len(expression.variables) else None
        if chain:
            return self._trapezoid(list(chain), expression.integrand)
        return self._over_the_line(expression)

    def _over_the_line(self, expression: SumOrIntegral) -> Bounded:
        """An integral over one real variable, by the double-exponential rule."""
        if len(expression.variables) > 1:
            raise NoRule(f"an integral over a plane without Gaussians: {expression}")
        (variable,) = expression.variables
        nodes, weights = (self.batch.along(variable, one) for one in (LINE, LINE_WEIGHTS))
        terms = Bounded(weights) * self.at(
            variable, Bounded(nodes), lambda: self._value(expression.integrand)
        )
        return terms.of_each(lambda one: self._sum_of_nodes(variable, one))

    def _sum_of_nodes(self, variable: Symbol, terms: Bounded) -> Bounded:
        """The sum; what every second node alone would change is part of the bound."""
        axis = self.batch.axis(variable)
        every_second = np.arange(len(LINE)) % 2 == 0
        whole = terms.sum(axis)
        half = (terms * Bounded(self.batch.along(variable, 2.0 * every_second))).sum(axis)
        return Bounded(whole.value, whole.error + abs(whole.value - half.value))

    def _trapezoid(self, chain: list[Gaussian], integrand: Expr) -> Bounded:
        """The integral over the Gaussians' variables, the first one outermost."""
        if not chain:
            return self._value(integrand)
        mean, deviation = self._value(chain[0].mean), root(self._value(chain[0].variance))
        variable = chain[0].variable
        nodes = mean + deviation * Bounded(self.batch.along(variable, STEPS))
        inner = self.at(variable, nodes, lambda: self._trapezoid(chain[1:], integrand))
        return (inner * deviation * Bounded(0.5)).sum(self.batch.axis(variable))

    def mean(self, weight: Expr, value: Callable[[], Bounded]) -> Bounded:
        """The quadrature under Gaussians, or the sum of weight · value."""
        chain = gaussian_chain(weight)
        return self._quadrature(list(chain), value) if chain else super().mean(weight, value)

    def _quadrature(self, chain: list[Gaussian], value: Callable[[], Bounded]) -> Bounded:
        if not chain:
            return value()
        mean, deviation = self._value(chain[0].mean), root(self._value(chain[0].variance))
        variable = chain[0].variable
        nodes, weights = (
            Bounded(self.batch.along(variable, one.value), self.batch.along(variable, one.error))
            for one in HERMITE
        )
        place = mean + deviation * nodes
        inner = self.at(variable, place, lambda: self._quadrature(chain[1:], value))
        return (inner * weights).sum(self.batch.axis(variable))

    def _gaussian(self, expression: Gaussian) -> Bounded:
        return self._value(expression.formula())

    def _derivative(self, expression: Derivative) -> Bounded:
        """A derivative in one number, from the expression's Taylor polynomial in it.

        NoRule for a derivative in several, and in what is no number.
        """
        (symbol, times), *others = expression.variable_count
        if others or not (symbol in self.place or symbol in self.batch.values):
            raise NoRule(f"no rule differentiates so: {expression}")
        here = self._value(symbol)
        moves = isinstance(here, Jet)  # the derivative is then a polynomial too
        if moves and here.coefficients[1:2] != (ONE,):
            raise NoRule(f"{symbol} moves at a speed of its own")
        order = int(times) + (len(here.coefficients) - 1 if moves else 0)
        place = Jet.moving(here.start(), ONE, order)
        found = self.along(symbol, place, expression.expr).derivative(int(times))
        return found if moves else found.start()

    def along(self, symbol: Symbol, place: Jet | tuple[Jet, ...], expression: Expr) -> Jet:
        """The Taylor polynomial of the expression while one symbol, or one vector, moves.

        NoRule where anything else in it moves.
        """
        for other in expression.free_symbols - {symbol}:
            if _jets(self.place.get(other)):
                raise NoRule(f"no rule differentiates what moves already: {expression}")
        still = _jets(place)[0] * ZERO
        return still + self.at(symbol, place, lambda: self._value(expression))


def _jets(place: Bounded | tuple[Bounded, ...] | None) -> list[Jet]:
    """What moves of a number, or of a vector's coordinates."""
    every = place if isinstance(place, tuple) else (place,)
    return [one for one in every if isinstance(one, Jet)]


RULES.update({Gaussian: LineExaminer._gaussian, Derivative: LineExaminer._derivative})
