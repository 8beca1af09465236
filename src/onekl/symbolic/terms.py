"""A sum of functionals taken apart into single integrals, so that two sums can be compared."""

from __future__ import annotations

from dataclasses import dataclass, replace

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


@dataclass(frozen=True)
class IntegralTerm:
    """coefficient · ∫ integrand over variables.

    `bounded` when it cannot be −∞, `nonnegative` when it is at least 0, as a KL is, `finite` when it is finite.
    """

    coefficient: Expr
    integrand: Expr
    variables: tuple[Symbol, ...]
    bounded: bool
    used: tuple[str, ...] = ()
    finite: bool = False
    nonnegative: bool = False


def integral_terms(expression: Expr) -> list[IntegralTerm]:
    """A sum of functionals as a list of single integrals, nested ones merged (Tonelli)."""
    if isinstance(expression, Add):
        return [piece for term in expression.args for piece in integral_terms(term)]
    if isinstance(expression, KL) and isinstance(expression.first, LabelledJoint):
        return integral_terms(expression.definition())
    if isinstance(expression, KL):
        divergence = is_divergence(expression)
        dominated = divergence and _dominates(expression.second, expression.first)
        return [
            IntegralTerm(
                sympy.S.One,
                expression.definition().integrand,
                expression.variables,
                divergence,
                finite=dominated,
                nonnegative=divergence,
            )
        ]
    if isinstance(expression, Entropy):
        density = expression.args[0]
        return [
            IntegralTerm(sympy.S.NegativeOne, density * log(density), expression.variables, False)
        ]
    if isinstance(expression, Expectation):
        return [_under(piece, expression.weight) for piece in integral_terms(expression.value)]
    if isinstance(expression, SumOrIntegral):
        if has_functional(expression.integrand):
            inner = integral_terms(sympy.expand_mul(expression.integrand))
            return [_inside(piece, sympy.S.One, expression.variables) for piece in inner]
        return [
            IntegralTerm(
                sympy.S.One,
                define(expression.integrand),
                expression.variables,
                _cannot_be_minus_infinity(expression),
                nonnegative=never_negative(expression.integrand),
            )
        ]
    if isinstance(expression, Mul) and has_functional(expression):
        return _product_pieces(expression)
    positive = never_negative(expression)
    return [IntegralTerm(sympy.S.One, define(expression), (), positive, nonnegative=positive)]


def _product_pieces(expression: Mul) -> list[IntegralTerm]:
    functional = [f for f in expression.args if has_functional(f)]
    if len(functional) > 1:
        raise NotProved(f"a product of two integrals is beyond this prover: {expression}")
    rest = Mul(*(f for f in expression.args if f not in functional))
    if rest.is_number:
        return [
            replace(piece, coefficient=rest * piece.coefficient)
            for piece in integral_terms(functional[0])
        ]
    return [_inside(piece, rest, ()) for piece in integral_terms(functional[0])]


def _under(piece: IntegralTerm, weight: Expr) -> IntegralTerm:
    """A piece under an expectation; a conditional over variables that the piece has summed away integrates to 1."""
    gone = [
        f for f in factors(weight) if isinstance(f, Density) and set(f.over) <= set(piece.variables)
    ]
    left = weight / Mul(*gone)
    used = tuple(normalisation(f) for f in gone)
    return _inside(
        replace(piece, used=(*piece.used, *used)),
        left,
        variables_of(left) if left.has(Density, Gaussian, Dirac) else (),
    )


def _inside(piece: IntegralTerm, weight: Expr, variables) -> IntegralTerm:
    """A piece inside another integral, times a weight. Refused where names clash or a zero would be cancelled."""
    if (weight.free_symbols | set(variables)) & set(piece.variables):
        raise NotProved(
            f"a variable is bound twice in {latex(weight)} and the integral under it: rename one"
        )
    if any(f.is_Pow and f.base in factors(weight) for f in Mul.make_args(piece.integrand)):
        raise NotProved(
            f"{latex(weight)} would be cancelled against a denominator, which hides where it vanishes"
        )
    used = (TONELLI,) if variables and piece.variables else ()
    positive, mean = never_negative(weight), is_finite_measure(weight, variables)
    return replace(
        piece, integrand=weight * piece.integrand, variables=(*variables, *piece.variables), used=(*piece.used, *used),
        bounded=piece.bounded and (mean or positive and piece.nonnegative), finite=piece.finite and mean, nonnegative=piece.nonnegative and positive,
    )  # fmt: skip


def _dominates(mixture: Expr, density: Expr) -> bool:
    """Whether a mixture has the density as a part, so that the KL to it is at most the log of one over the weight."""
    return mixture.is_Add and any(term.as_coeff_Mul()[1] == density for term in mixture.args)


def is_at_least_zero(factor: Expr) -> bool:
    """Whether a factor is never negative: by its sign, as an excess, or as the log of something that is at least 1."""
    if isinstance(factor, kl_div):
        return all(a.is_positive for a in factor.args)
    if isinstance(factor, log):
        inside = sympy.expand(factor.args[0])
        return isinstance(1 / inside, ClassProbability) or bool((inside - 1).is_nonnegative)
    return bool(factor.is_nonnegative)


def _cannot_be_minus_infinity(total: SumOrIntegral) -> bool:
    """Whether the integrand is at least 0, or is a log(a/b) with finite measures a, b (a KL, up to constants), or with a/b ≥ c > 0."""
    if never_negative(total.integrand):
        return True
    parts = Mul.make_args(total.integrand)
    logs = [f for f in parts if isinstance(f, log)]
    if len(logs) != 1:
        return False
    weight = total.integrand / logs[0]
    least, rest = sympy.expand(logs[0].args[0]).as_independent(
        Density, ClassProbability, as_Add=True
    )
    if is_constant(least) and rest.is_nonnegative and is_finite_measure(weight, total.variables):
        return True
    other = sympy.simplify(weight / logs[0].args[0])
    return is_finite_measure(weight, total.variables) and is_finite_measure(other, total.variables)


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
        f
        for part in Mul.make_args(product)
        for f in (flat(part) if part.is_Mul and part is not product else [part])
    ]


def _without_minus_log(product: Expr) -> list[Expr]:
    """The factors of a product, with −log(a) as log(1/a)."""
    every = flat(product)
    coefficient, parts = (
        Mul(*(f for f in every if f.is_number)),
        [f for f in every if not f.is_number],
    )
    logs = [f for f in parts if isinstance(f, log)]
    if coefficient.is_negative and len(logs) == 1:
        return [-coefficient, *(f for f in parts if f is not logs[0]), log(1 / logs[0].args[0])]
    return [coefficient, *parts]
