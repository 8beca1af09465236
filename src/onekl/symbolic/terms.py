"""A sum of functionals taken apart into single integrals, so that two sums can be compared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import sympy
from sympy import Add, Expr, Mul, Symbol, log

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
    define,
    factors,
    kl_div,
    variables_of,
)
from onekl.symbolic.notation import latex
from onekl.symbolic.proof import (
    TONELLI,
    NotProved,
    has_functional,
    is_constant,
    is_divergence,
    is_finite_measure,
    normalisation,
)


class KnownRange(IntEnum):
    """What is known of an integral's value; each member says all that the ones before it say."""

    UNKNOWN = 0  # it may be −∞
    BOUNDED_BELOW = 1  # by a constant
    NONNEGATIVE = 2
    BOUNDED = 3  # between 0 and a constant

    def under(self, weight: Expr, variables: tuple[Symbol, ...]) -> KnownRange:
        """What is known of ∫ weight · value over the variables, for a value of this range."""
        if is_finite_measure(weight, variables):
            return self
        if self >= KnownRange.NONNEGATIVE and never_negative(weight):
            return KnownRange.NONNEGATIVE
        return KnownRange.UNKNOWN


@dataclass(frozen=True)
class IntegralTerm:
    """coefficient · ∫ integrand over variables.

    `known` is the range of the integral without its coefficient, `used` the rules that led to it.
    """

    coefficient: Expr
    integrand: Expr
    variables: tuple[Symbol, ...]
    known: KnownRange = KnownRange.UNKNOWN
    used: tuple[str, ...] = ()

    @property
    def may_be_minus_infinity(self) -> bool:
        """Whether coefficient · integral is not seen to be bounded below."""
        if self.coefficient.is_positive and self.known >= KnownRange.BOUNDED_BELOW:
            return False
        return not never_negative(self.coefficient * self.integrand)


def integral_terms(expression: Expr) -> list[IntegralTerm]:
    """A sum of functionals as a list of single integrals, nested ones merged (Tonelli).

    NotProved for a product of two integrals, for a variable that is bound twice, and where merging
    would cancel a factor that may be 0.
    """
    if isinstance(expression, Add):
        return [term for part in expression.args for term in integral_terms(part)]
    if isinstance(expression, KL):
        return _terms_of_kl(expression)
    if isinstance(expression, Entropy):
        density = expression.args[0]
        return [IntegralTerm(sympy.S.NegativeOne, density * log(density), expression.variables)]
    if isinstance(expression, Expectation):
        return [_averaged(term, expression.weight) for term in integral_terms(expression.value)]
    if isinstance(expression, SumOrIntegral):
        return _terms_of_integral(expression)
    if isinstance(expression, Mul) and has_functional(expression):
        return _terms_of_product(expression)
    known = KnownRange.NONNEGATIVE if never_negative(expression) else KnownRange.UNKNOWN
    return [IntegralTerm(sympy.S.One, define(expression), (), known)]


def _terms_of_kl(kl: KL) -> list[IntegralTerm]:
    if isinstance(kl.first, LabelledJoint):
        return integral_terms(kl.definition())
    return [
        IntegralTerm(sympy.S.One, kl.definition().integrand, kl.variables, _known_range_of_kl(kl))
    ]


def _known_range_of_kl(kl: KL) -> KnownRange:
    if not is_divergence(kl):
        return KnownRange.UNKNOWN
    return KnownRange.BOUNDED if _dominates(kl.second, kl.first) else KnownRange.NONNEGATIVE


def _terms_of_integral(total: SumOrIntegral) -> list[IntegralTerm]:
    if has_functional(total.integrand):
        inner = integral_terms(sympy.expand_mul(total.integrand))
        return [_nested(term, sympy.S.One, total.variables) for term in inner]
    known = _known_range_of_integral(total)
    return [IntegralTerm(sympy.S.One, define(total.integrand), total.variables, known)]


def _terms_of_product(product: Mul) -> list[IntegralTerm]:
    functional = [f for f in product.args if has_functional(f)]
    if len(functional) > 1:
        raise NotProved(f"a product of two integrals is beyond this prover: {product}")
    rest = Mul(*(f for f in product.args if f not in functional))
    terms = integral_terms(functional[0])
    if rest.is_number:
        return [replace(term, coefficient=rest * term.coefficient) for term in terms]
    return [_nested(term, rest, ()) for term in terms]


def _averaged(term: IntegralTerm, weight: Expr) -> IntegralTerm:
    """A term under an expectation.

    A conditional over variables that the term has summed away integrates to 1 and is left out.
    """
    summed_away = [
        f for f in factors(weight) if isinstance(f, Density) and set(f.over) <= set(term.variables)
    ]
    left = weight / Mul(*summed_away)
    used = (*term.used, *(normalisation(f) for f in summed_away))
    variables = variables_of(left) if left.has(Density, Gaussian, Dirac) else ()
    return _nested(replace(term, used=used), left, variables)


def _nested(term: IntegralTerm, weight: Expr, variables: tuple[Symbol, ...]) -> IntegralTerm:
    """A term inside another integral, times a weight.

    NotProved where names clash or a zero would be cancelled.
    """
    if (weight.free_symbols | set(variables)) & set(term.variables):
        raise NotProved(
            f"a variable is bound twice in {latex(weight)} and the integral under it: rename one"
        )
    if any(f.is_Pow and f.base in factors(weight) for f in Mul.make_args(term.integrand)):
        raise NotProved(
            f"{latex(weight)} would be cancelled against a denominator, "
            "which hides where it vanishes"
        )
    return replace(
        term,
        integrand=weight * term.integrand,
        variables=(*variables, *term.variables),
        known=term.known.under(weight, variables),
        used=(*term.used, TONELLI) if variables and term.variables else term.used,
    )


def _dominates(mixture: Expr, density: Expr) -> bool:
    """Whether a mixture has the density as a part, with some weight w.

    The KL from the density to the mixture is then at most log(1/w).
    """
    return mixture.is_Add and any(term.as_coeff_Mul()[1] == density for term in mixture.args)


def _known_range_of_integral(total: SumOrIntegral) -> KnownRange:
    if never_negative(total.integrand):
        return KnownRange.NONNEGATIVE
    return KnownRange.BOUNDED_BELOW if _is_log_of_ratio(total) else KnownRange.UNKNOWN


def _is_log_of_ratio(total: SumOrIntegral) -> bool:
    """Whether the integrand is a log r, with a finite measure a, and the integral is bounded below.

    It is where r ≥ c > 0, and where r = a/b with a finite measure b (a KL, up to constants).
    """
    logs = [f for f in Mul.make_args(total.integrand) if isinstance(f, log)]
    if len(logs) != 1:
        return False
    (ratio,) = logs[0].args
    weight = total.integrand / logs[0]
    least, rest = sympy.expand(ratio).as_independent(Density, ClassProbability, as_Add=True)
    if is_constant(least) and rest.is_nonnegative and is_finite_measure(weight, total.variables):
        return True
    other = sympy.simplify(weight / ratio)
    return is_finite_measure(weight, total.variables) and is_finite_measure(other, total.variables)


def is_at_least_zero(factor: Expr) -> bool:
    """Whether a factor is never negative.

    It is seen by its sign, as a `kl_div`, or as the log of something that is at least 1.
    """
    if isinstance(factor, kl_div):
        return all(a.is_positive for a in factor.args)
    if isinstance(factor, log):
        inside = sympy.expand(factor.args[0])
        return isinstance(1 / inside, ClassProbability) or bool((inside - 1).is_nonnegative)
    return bool(factor.is_nonnegative)


def never_negative(product: Expr) -> bool:
    """Whether no factor of a product is ever negative, with −log(a) read as log(1/a)."""
    return all(map(is_at_least_zero, _without_minus_log(product)))


def is_at_most_a_mass(total: SumOrIntegral) -> bool:
    """Whether 0 ≤ ∫ a log(1 + b) ≤ ∫ ab, a finite measure, so that the integral is finite."""
    parts = _without_minus_log(total.integrand)
    if not all(map(is_at_least_zero, parts)):
        return total.integrand == 0
    logs = [f for f in parts if isinstance(f, log)]
    if len(logs) != 1:
        return False
    rest = Mul(*(f for f in parts if f is not logs[0]))
    mass = sympy.simplify(rest * (logs[0].args[0] - 1))
    return mass == 0 or is_finite_measure(mass, total.variables)


def flat(product: Expr) -> list[Expr]:
    """The factors of a product and of the products in it."""
    return [
        factor
        for part in Mul.make_args(product)
        for factor in (flat(part) if part.is_Mul and part is not product else [part])
    ]


def _without_minus_log(product: Expr) -> list[Expr]:
    """The factors of a product, with −log(a) as log(1/a)."""
    every = flat(product)
    coefficient = Mul(*(f for f in every if f.is_number))
    parts = [f for f in every if not f.is_number]
    logs = [f for f in parts if isinstance(f, log)]
    if coefficient.is_negative and len(logs) == 1:
        return [-coefficient, *(f for f in parts if f is not logs[0]), log(1 / logs[0].args[0])]
    return [coefficient, *parts]
