"""One real variable: Gaussians by quadrature, other integrals, and derivatives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sympy import Derivative, Expr, Mul, Symbol

from onekl.examiner.bounded import EPS, Bounded
from onekl.examiner.evaluate import RULES, NoRule, TableExaminer
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

STEP = 2.0**-12  # of a derivative


def root(variance: Bounded) -> Bounded:
    """The standard deviation; NaN where the variance is not positive."""
    positive = variance.value > 0
    return Bounded.where(positive, variance, Bounded(np.nan)) ** Bounded(0.5)


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
        """An integral over one real variable, by the double-exponential rule.

        What every second node alone would change is part of the bound.
        """
        if len(expression.variables) > 1:
            raise NoRule(f"an integral over a plane without Gaussians: {expression}")
        (variable,) = expression.variables
        nodes, weights = (self.batch.along(variable, one) for one in (LINE, LINE_WEIGHTS))
        axis = self.batch.axis(variable)
        terms = Bounded(weights) * self.at(
            variable, Bounded(nodes), lambda: self._value(expression.integrand)
        )
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
        """A first derivative by differences of four values; what half the step changes is a bound.

        NoRule for other derivatives, and in what is no number.
        """
        (symbol, order), *others = expression.variable_count
        if others or order != 1 or symbol not in self.batch.values:
            raise NoRule(f"no rule differentiates so: {expression}")
        fine, coarse = (self._difference(expression.expr, symbol, h) for h in (STEP, 2 * STEP))
        return Bounded(fine.value, fine.error + abs(fine.value - coarse.value))

    def _difference(self, function: Expr, symbol: Symbol, step: float) -> Bounded:
        here = self._value(symbol)
        near, far = (
            self.at(symbol, here + Bounded(k * step), lambda: self._value(function))
            - self.at(symbol, here - Bounded(k * step), lambda: self._value(function))
            for k in (1, 2)
        )
        return (near * Bounded(8.0) - far) * Bounded(1 / (12 * step))


RULES.update({Gaussian: LineExaminer._gaussian, Derivative: LineExaminer._derivative})
