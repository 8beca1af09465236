"""What holds Gaussians of vectors, reduced to sums over coordinates."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import sympy
from sympy import Add, Basic, Derivative, Dummy, Expr, MatrixExpr, Mul, Pow, exp, log
from sympy.core.function import AppliedUndef

from onekl.symbolic.algebra import KL, Density, Entropy, Expectation, SumOrIntegral, factors
from onekl.symbolic.notation import latex
from onekl.symbolic.proof import NotProved, has_functional, is_density
from onekl.symbolic.vectors.algebra import (
    INDEX,
    Coordinate,
    CoordinateSum,
    Dot,
    SquaredNorm,
    Vector,
)
from onekl.symbolic.vectors.gaussians import conditional_step, divergence_step, mean_step
from onekl.symbolic.vectors.normal import VectorGaussian


@dataclass
class Reduction:
    """Expressions reduced to polynomials in sums over coordinates.

    Means under unknown densities are left as they are; their values are reduced. `finite` are the
    premises that means in a sum are finite.
    """

    finite: list[str] = field(default_factory=list)

    def of(self, expression: Expr) -> Expr:
        """The reduced expression; NotProved, naming it, for what is beyond the reduction."""
        if isinstance(expression, VectorGaussian):
            _require_positive_variance(expression)
            return exp(self.of(expression.log_density()))
        if isinstance(expression, (SquaredNorm, Dot)):
            return self.of(expression.definition())
        if isinstance(expression, CoordinateSum):
            return summed(self.of(expression.summand), expression.dimension)
        if has_functional(expression) and not isinstance(expression, (Add, Mul, Pow, log, exp)):
            return self._functional(expression)
        if isinstance(expression, (Coordinate, Density, Derivative, AppliedUndef)):
            return expression
        if expression.is_Symbol or expression.is_number:
            return expression
        if isinstance(expression, (Add, Mul, Pow, log, exp)):
            return self._arithmetic(expression)
        raise NotProved(f"{latex(expression)} is beyond the algebra of vectors")

    def _arithmetic(self, expression: Expr) -> Expr:
        """A sum, a product, a power, a log or an exp of reduced arguments."""
        arguments = [self.of(a) for a in expression.args]
        if isinstance(expression, (Pow, log)):
            _require_defined(expression, *arguments)
        means = [a for a, r in zip(expression.args, arguments) if has_functional(r)]
        if isinstance(expression, Add) and len(means) > 1:  # where ∞ − ∞ could stand
            self.finite += [
                rf"{latex(mean.as_coeff_Mul()[1])} \text{{ is finite}}" for mean in means
            ]
        return _tidy(expression.func(*arguments))

    def _functional(self, expression: Expr) -> Expr:
        if isinstance(expression, KL):
            return self._divergence(expression)
        if isinstance(expression, Entropy):
            (density,) = expression.args
            if _unknown(density) != 1:
                raise NotProved(
                    f"{latex(expression)}: the entropy of an unknown density stays open"
                )
            return self.mean(density, -_log_of_product(density))
        if isinstance(expression, Expectation):
            return self.mean(expression.weight, expression.value)
        if isinstance(expression, SumOrIntegral):
            weight = Mul(*(f for f in factors(expression.integrand) if _is_weight(f, expression)))
            if set(expression.variables) == _variables(weight):
                return self.mean(weight, expression.integrand / weight)
        raise NotProved(f"{latex(expression)} is no mean under Gaussians and unknown densities")

    def _divergence(self, kl: KL) -> Expr:
        """KL as the mean of the difference of the logarithms, coordinate by coordinate."""
        unknown = [_unknown(side) for side in kl.args]
        if unknown[0] != unknown[1] or _variables(kl.first) != _variables(kl.second):
            raise NotProved(
                f"{latex(kl)}: both sides need Gaussians of the same variables "
                "and the same unknown densities beside them"
            )
        divergence_step()  # proved: it is what makes a KL a sum over coordinates
        if unknown[0] != 1:
            conditional_step()  # proved: the KL is averaged over what both sides share
        difference = _log_of_product(kl.first) - _log_of_product(kl.second)
        return self.mean(kl.first, difference)

    def mean(self, weight: Expr, value: Expr) -> Expr:
        """The mean of a value: Gaussians are integrated out, unknown densities are kept."""
        parts, value = factors(weight), self.of(value)
        if Mul(*parts) != weight:
            raise NotProved(f"{latex(weight)} is no product of Gaussians and unknown densities")
        while gaussians := [f for f in parts if isinstance(f, VectorGaussian)]:
            free = [g for g in gaussians if not _mentions([p for p in parts if p != g], g.variable)]
            if not free:
                raise NotProved(f"{latex(weight)}: another factor depends on the Gaussian variable")
            parts.remove(free[0])
            value = self._gaussian_mean(free[0], value)
        return _mean_of_unknown(Mul(*parts), value) if parts else value

    def _gaussian_mean(self, gaussian: VectorGaussian, value: Expr) -> Expr:
        """The mean of a sum over coordinates of polynomials in the Gaussian's variable."""
        _require_positive_variance(gaussian)
        _require_own_variable(gaussian)
        total = sympy.S.Zero
        for term in Add.make_args(sympy.expand(value)):
            held = [f for f in Mul.make_args(term) if gaussian.variable in f.free_symbols]
            if not held:
                total += term
                continue
            if len(held) > 1 or not isinstance(held[0], CoordinateSum):
                raise NotProved(
                    f"the mean of {latex(Mul(*held))} under {latex(gaussian)} "
                    "is not a sum of means of single coordinates"
                )
            mean_step()  # proved: it is what makes the mean a sum over coordinates
            moment = _moment(gaussian, held[0].summand)
            total += term / held[0] * summed(moment, gaussian.dimension)
        return sympy.expand(total)


@lru_cache(maxsize=256)  # a mutant leaves one of the sides as it is
def reduced(expression: Expr) -> tuple[Expr, tuple[str, ...]]:
    """The reduced expression, and the premises that means are finite."""
    reduction = Reduction()
    found = reduction.of(expression)
    return found, tuple(reduction.finite)


def summed(summand: Expr, dimension: Expr) -> Expr:
    """The sum over coordinates, term by term, with what does not depend on i before the sum."""
    total = sympy.S.Zero
    for term in Add.make_args(_tidy(summand)):
        inside = Mul(*(f for f in Mul.make_args(term) if INDEX in f.free_symbols))
        total += term / inside * (CoordinateSum(inside, dimension) if inside != 1 else dimension)
    return total


def _moment(gaussian: VectorGaussian, summand: Expr) -> Expr:
    """The mean of a polynomial in one coordinate; NotProved for any other function of it."""
    mean, variance = gaussian.parameters()
    u, scale = Dummy(real=True), Dummy(positive=True)
    standard = summand.xreplace({gaussian.variable[INDEX, 0]: mean + scale * u})
    if gaussian.variable in standard.free_symbols or not standard.is_polynomial(u):
        raise NotProved(
            f"{latex(summand)} is no polynomial in the coordinates of {latex(gaussian.variable)}"
        )
    powers = sympy.Poly(sympy.expand(standard), u).terms()
    even = sum(c * sympy.factorial2(k - 1) for (k,), c in powers if k % 2 == 0)
    return sympy.expand(even).subs(scale, sympy.sqrt(variance))


def _mean_of_unknown(weight: Expr, value: Expr) -> Expr:
    """The mean under unknown densities, without terms that it leaves as they are."""
    variables = tuple(v for f in factors(weight) for v in f.over)
    if not is_density(weight, variables):
        raise NotProved(f"{latex(weight)} is no density of {', '.join(map(latex, variables))}")
    if has_functional(value):
        raise NotProved(f"a mean stands under the mean over {latex(weight)}")
    terms = Add.make_args(sympy.expand(value))
    inside = [t for t in terms if t.free_symbols & set(variables)]
    outside = Add(*(t for t in terms if t not in inside))
    return outside + (Expectation(weight, Add(*inside)) if inside else 0)


def _unknown(product: Expr) -> Expr:
    """The unknown densities of a product."""
    return Mul(*(f for f in factors(product) if not isinstance(f, VectorGaussian)))


def _variables(product: Expr) -> set[Basic]:
    """The variables of a product of densities."""
    return {v for f in factors(product) for v in f.over}


def _is_weight(factor: Expr, total: SumOrIntegral) -> bool:
    return set(factor.over) <= set(total.variables)


def _mentions(parts: list[Expr], variable: MatrixExpr) -> bool:
    return any(variable in part.free_symbols for part in parts)


def _log_of_product(product: Expr) -> Expr:
    """The logarithm of a product of Gaussians, without the unknown densities beside them.

    NotProved for a factor of another kind.
    """
    parts = factors(product)
    if Mul(*parts) != product or not any(isinstance(f, VectorGaussian) for f in parts):
        raise NotProved(f"{latex(product)} is no product of densities with a Gaussian among them")
    return Add(*(log(f) for f in parts if isinstance(f, VectorGaussian)))


def _require_positive_variance(gaussian: VectorGaussian) -> None:
    variance = gaussian.parameters()[1]
    if not variance.is_positive:
        raise NotProved(f"the variance {latex(variance)} is not seen to be positive")


def _require_own_variable(gaussian: VectorGaussian) -> None:
    """NotProved unless the density is one of a variable that its parameters do not hold."""
    variable = gaussian.variable
    if not isinstance(variable, Vector) or variable.of:
        raise NotProved(f"{latex(gaussian)} is a density at a point, and no mean can be under it")
    if any(variable in a.free_symbols for a in gaussian.args[1:]):
        raise NotProved(f"the parameters of {latex(gaussian)} depend on its own variable")


def _require_defined(expression: Expr, base: Expr, exponent: Expr = sympy.S.One) -> None:
    """NotProved where a denominator may be 0, or a log or a root is not seen to be defined."""
    if isinstance(expression, log) and not base.is_positive:
        raise NotProved(f"{latex(base)} under a logarithm is not seen to be positive")
    if exponent.is_negative is not False and not base.is_nonzero:
        raise NotProved(f"{latex(base)} may be 0 and stands in a denominator")
    if not exponent.is_integer and not base.is_positive:
        raise NotProved(f"{latex(base)} under a root is not seen to be positive")


def _tidy(expression: Expr) -> Expr:
    return sympy.expand(sympy.expand_log(expression))
