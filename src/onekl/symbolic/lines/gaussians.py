"""Rules for Gaussian densities of one number: their formula, log, moments and KL."""

from __future__ import annotations

from collections.abc import Callable

import sympy
from sympy import Add, Basic, Expr, MatAdd, MatrixExpr, Mul, Pow, Rational, Symbol, log, pi

from onekl.symbolic.algebra import KL, Expectation, Gaussian, SumOrIntegral
from onekl.symbolic.lines.arithmetic import by_rewriting, normal, with_logs_split
from onekl.symbolic.lines.line import Line, Rule, register
from onekl.symbolic.lines.written import product, ratio, replaced, total
from onekl.symbolic.vectors.algebra import SquaredNorm, ZeroVector
from onekl.symbolic.vectors.normal import VectorGaussian

HALF = Rational(1, 2)

# The formula.


def with_formulas(expression: Expr) -> Expr:
    """Each Gaussian as its formula."""
    return replaced(expression, lambda part: _formula(part) if _is_isotropic(part) else None)


def _formula(gaussian: Gaussian) -> Expr:
    """exp(−(z − μ)²/2σ²)/√(2πσ²), to the power d for a vector."""
    scale = Pow(2 * pi * gaussian.variance, _dimension(gaussian) / 2, evaluate=False)
    return ratio(sympy.exp(-_square(gaussian) / (2 * gaussian.variance)), scale)


# The logarithm.


def with_logs_of_gaussians(expression: Expr) -> Expr:
    """log N(z; μ, σ²) as −(z − μ)²/2σ² − ½ log 2πσ², and that of a ratio as ½ [… − …].

    Numbers are taken out of integrals.
    """

    def change(part: Basic) -> Basic | None:
        if not isinstance(part, log):
            return None
        inside = part.args[0]
        if _is_isotropic(inside):
            return log_density(inside)
        pair = _ratio(inside)
        return None if pair is None else _log_of_ratio(*pair)

    return replaced(replaced(expression, change), _number_first)


def _number_first(part: Basic) -> Basic | None:
    """An integral of a number times a sum as the number times the integral."""
    inside = Mul.make_args(part.integrand) if isinstance(part, SumOrIntegral) else ()
    numbers = [f for f in inside if f.is_Rational]
    if not numbers or not any(f.is_Add for f in inside):
        return None
    rest = product(*(f for f in inside if f not in numbers))
    return product(*numbers, SumOrIntegral(rest, part.variables))


def log_density(gaussian: Gaussian) -> Expr:
    """−(z − μ)²/2σ² − ½ log 2πσ²."""
    variance, count = gaussian.variance, _dimension(gaussian)
    return total(-_square(gaussian) / (2 * variance), -count * log(2 * pi * variance) / 2)


def _dimension(gaussian: Gaussian) -> Expr:
    return gaussian.dimension if isinstance(gaussian, VectorGaussian) else sympy.S.One


def _square(gaussian: Gaussian) -> Expr:
    """(z − μ)², or ‖z − μ‖² of vectors."""
    place, mean = gaussian.variable, gaussian.mean
    if not isinstance(gaussian, VectorGaussian):
        return total(place, -mean) ** 2
    if isinstance(mean, ZeroVector):
        return sympy.S.Zero if isinstance(place, ZeroVector) else SquaredNorm(place)
    return SquaredNorm(MatAdd(place, -mean))


def _ratio(inside: Expr) -> tuple[Gaussian, Gaussian] | None:
    """The two Gaussians of a ratio; None for anything else."""
    above, below = inside.as_numer_denom()
    return (above, below) if _is_isotropic(above) and _is_isotropic(below) else None


def _is_isotropic(density: Expr) -> bool:
    """Whether a density is a Gaussian of a number, or of a vector with one variance for all."""
    return isinstance(density, Gaussian) and not isinstance(density.variance, MatrixExpr)


def _log_of_ratio(above: Gaussian, below: Gaussian) -> Expr:
    terms = (
        _square(below) / below.variance,
        -_square(above) / above.variance,
        _dimension(above) * (log(below.variance) - log(above.variance)),
    )
    left = [term for term in terms if term != 0]
    return HALF * left[0] if len(left) == 1 else product(HALF, total(*left))


def _settled(expression: Expr) -> Expr:
    """The expression with the logs of products split."""
    return with_logs_split(normal(expression))


# The moments.


def with_moments(expression: Expr) -> Expr:
    """Each mean of a polynomial under a Gaussian carried out, term by term."""
    return _at_means(expression, _mean)


def about_the_means(expression: Expr) -> Expr:
    """Each polynomial under a Gaussian in powers of z − μ, where it is no known moment already."""

    def centred(weight: Gaussian, value: Expr) -> Expr | None:
        if all(_known_moment(term, weight) for term in _terms(value)):
            return None
        powers = _about_the_mean(value, weight)
        distance = weight.variable - weight.mean
        return total(*(product(c, distance**k) for k, c in powers.items()))

    def change(part: Basic) -> Basic | None:
        pair = _weight_and_value(part)
        found = centred(*pair) if pair else None
        if found is None or found == pair[1]:
            return None
        if isinstance(part, Expectation):
            return Expectation(part.weight, found)
        return SumOrIntegral(product(pair[0], found), part.variables)

    return replaced(expression, change)


def _at_means(expression: Expr, mean: Callable[[Gaussian, Expr], Expr | None]) -> Expr:
    def change(part: Basic) -> Basic | None:
        pair = _weight_and_value(part)
        return mean(*pair) if pair else None

    return replaced(expression, change)


def _weight_and_value(part: Basic) -> tuple[Gaussian, Expr] | None:
    """The Gaussian of a mean and a polynomial in its variable; None for anything else."""
    if isinstance(part, Expectation) and isinstance(part.weight, Gaussian):
        weight, value = part.weight, part.value
    elif isinstance(part, SumOrIntegral):
        inside = Mul.make_args(part.integrand)
        own = [f for f in inside if isinstance(f, Gaussian) and f.over == part.variables]
        if len(own) != 1:
            return None
        weight, value = own[0], product(*(f for f in inside if f is not own[0]))
    else:
        return None
    is_plain = isinstance(weight.variable, Symbol) and value.is_polynomial(weight.variable)
    return (weight, value) if is_plain else None


def _terms(value: Expr) -> tuple[Expr, ...]:
    """The terms of a sum, also of one that a number stands before."""
    parts = Mul.make_args(value)
    sums = [f for f in parts if f.is_Add]
    rest = [f for f in parts if not f.is_Add]
    if len(sums) == 1 and all(f.is_number for f in rest):
        return tuple(product(*rest, term) for term in sums[0].args)
    return Add.make_args(value)


def _known_moment(term: Expr, weight: Gaussian) -> bool:
    """Whether a term is a number times z, z², or a power of z − μ, for the Gaussian's z."""
    held = [f for f in Mul.make_args(term) if weight.variable in f.free_symbols]
    if len(held) > 1:
        return False
    base, power = held[0].as_base_exp() if held else (weight.variable, 1)
    is_centred = sympy.expand(base - weight.variable + weight.mean) == 0
    return is_centred or (base == weight.variable and power <= 2)


def _mean(weight: Gaussian, value: Expr) -> Expr:
    """The mean of a polynomial: of each term, from its powers of z − μ."""
    parts = Mul.make_args(value)
    numbers = [f for f in parts if f.is_number]
    terms = _terms(product(*(f for f in parts if not f.is_number)))
    means = (
        c * sympy.factorial2(k - 1) * weight.variance ** (k // 2)
        for term in terms
        for k, c in _about_the_mean(term, weight).items()
        if k % 2 == 0
    )
    return product(*numbers, total(*means))


def _about_the_mean(value: Expr, weight: Gaussian) -> dict[int, Expr]:
    """The coefficients of the powers of z − μ in a polynomial, without zeros."""
    if sympy.expand(value) == 0:
        return {0: sympy.S.Zero}
    found, slope = {}, value
    for power in range(int(sympy.degree(sympy.expand(value), weight.variable)) + 1):
        there = slope.subs(weight.variable, weight.mean) / sympy.factorial(power)
        if sympy.expand(there) != 0:
            found[power] = there if power == 0 else sympy.factor(there)
        slope = sympy.diff(slope, weight.variable)
    return found


# The KL of two Gaussians.


def with_gaussian_kl(expression: Expr) -> Expr:
    """KL(N(μ, v) ‖ N(m, w)) as ½ ((μ − m)²/w + v/w − log(v/w) − 1)."""

    def change(part: Basic) -> Basic | None:
        if not isinstance(part, KL) or not all(isinstance(side, Gaussian) for side in part.args):
            return None
        first, second = part.args
        if not isinstance(first.variable, Symbol) or first.variable != second.variable:
            return None
        quotient = first.variance / second.variance
        shift = total(first.mean, -second.mean) ** 2 / second.variance
        if quotient == 1:
            return shift / 2
        return product(HALF, total(shift, quotient, -log(quotient), -1))

    return replaced(expression, change)


_z, _m = sympy.symbols("z mu", real=True)
_s = Symbol("sigma", positive=True)
_bell, _standard = Gaussian(_z, _m, _s**2), Gaussian(_z, 0, 1)

FORMULA = register(
    Rule(
        "a Gaussian's formula",
        "the variance is positive",
        (Gaussian(0, 0, _s**2), Line(1 / sympy.sqrt(2 * pi * _s**2), "a Gaussian's formula")),
        by_rewriting(with_formulas),
    )
)

LOG_OF_A_GAUSSIAN = register(
    Rule(
        "log of a Gaussian",
        "the variance is positive",
        (log(_bell), Line(log_density(_bell), "log of a Gaussian")),
        by_rewriting(with_logs_of_gaussians, _settled),
    )
)

MOMENTS = register(
    Rule(
        "a Gaussian's moments",
        "E[z] = μ, E[(z − μ)²] = σ², and so on for every polynomial",
        (Expectation(_bell, _z**2), Line(_m**2 + _s**2, "a Gaussian's moments")),
        by_rewriting(with_moments, normal),
    )
)

GAUSSIAN_KL = register(
    Rule(
        "KL of two Gaussians",
        "both variances are positive",
        (
            KL(_bell, _standard),
            Line((_m**2 + _s**2 - log(_s**2) - 1) / 2, "KL of two Gaussians"),
        ),
        by_rewriting(with_gaussian_kl, with_logs_split),
    )
)
