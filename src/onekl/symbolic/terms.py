"""A sum of functionals taken apart into single integrals, so that two sums can be compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cached_property, lru_cache, partial

import sympy
from sympy import Add, Expr, Mul, Pow, Symbol, log

from onekl.symbolic.algebra import (
    KL,
    ClassProbability,
    Density,
    Entropy,
    Expectation,
    LabelledJoint,
    SumOrIntegral,
    bound_variables,
    define,
    factors,
    kl_div,
    variables_of,
)
from onekl.symbolic.copies import fresh
from onekl.symbolic.notation import latex
from onekl.symbolic.proof import (
    NotProved,
    has_functional,
    is_constant,
    is_divergence,
    is_finite_measure,
)

Bound = frozenset[Symbol]  # the variables that are integrated over anywhere in an expression


class KnownRange(IntEnum):
    """What is known of an integral's value; each member says all that the ones before it say."""

    UNKNOWN = 0  # it may be −∞
    BOUNDED_BELOW = 1  # by a constant
    NONNEGATIVE = 2
    BOUNDED = 3  # between 0 and a constant

    def under(self, weight: Expr, variables: tuple[Symbol, ...], bound: Bound) -> KnownRange:
        """What is known of ∫ weight · value over the variables, for a value of this range."""
        if is_finite_measure(weight, variables, bound):
            return self
        if self >= KnownRange.NONNEGATIVE and never_negative(weight):
            return KnownRange.NONNEGATIVE
        return KnownRange.UNKNOWN


@dataclass(frozen=True)
class IntegralTerm:
    """coefficient · ∫ product of the parts over variables.

    The parts stand as they are written: multiplied by SymPy they could cancel, and what happens
    where a cancelled factor vanishes could no longer be seen.
    `known` is the range of the integral without its coefficient, which `range_of` finds where it is
    asked for; `nested` says that it was an integral of integrals, or a product of them, merged into
    one (Tonelli), and `finite` are the integrals that had to be finite on the way.
    """

    coefficient: Expr
    parts: tuple[Expr, ...]
    variables: tuple[Symbol, ...]
    range_of: Callable[[], KnownRange] = field(default=lambda: KnownRange.UNKNOWN, compare=False)
    nested: bool = False
    finite: tuple[SumOrIntegral, ...] = ()

    @cached_property
    def known(self) -> KnownRange:
        """What is known of the integral's value."""
        return self.range_of()

    @property
    def integrand(self) -> Expr:
        """The product of the parts by their definitions, with all that cancels cancelled."""
        return Mul(*map(define, self.parts))

    @property
    def total(self) -> SumOrIntegral:
        """The integral without its coefficient."""
        return SumOrIntegral(self.integrand, self.variables)

    @property
    def may_be_minus_infinity(self) -> bool:
        """Whether coefficient · integral is not seen to be bounded below."""
        if self.coefficient.is_positive and self.known >= KnownRange.BOUNDED_BELOW:
            return False
        return not never_negative(self.coefficient * self.integrand)


def integral_terms(expression: Expr, bound: Bound | None = None) -> list[IntegralTerm]:
    """A sum of functionals as a list of single integrals, nested ones merged (Tonelli).

    NotProved for a variable that is bound twice, and for a functional inside a function.
    """
    bound = bound_variables(expression) if bound is None else bound
    if isinstance(expression, Add):
        return [term for part in expression.args for term in integral_terms(part, bound)]
    if isinstance(expression, KL):
        return _terms_of_kl(expression, bound)
    if isinstance(expression, Entropy):
        density = expression.args[0]
        minus = sympy.S.NegativeOne
        return [IntegralTerm(minus, (*flat(density), log(density)), expression.variables)]
    if isinstance(expression, Expectation):
        terms = integral_terms(expression.value, bound)
        return [_averaged(term, expression.weight, bound) for term in terms]
    if isinstance(expression, SumOrIntegral):
        return _terms_of_integral(expression, bound)
    if has_functional(expression):
        return _terms_of_product(expression, bound)
    return [IntegralTerm(sympy.S.One, tuple(flat(expression)), (), partial(_sign_of, expression))]


def _sign_of(expression: Expr) -> KnownRange:
    return KnownRange.NONNEGATIVE if never_negative(expression) else KnownRange.UNKNOWN


@lru_cache(maxsize=4096)
def _terms_of_kl(kl: KL, bound: Bound) -> list[IntegralTerm]:
    if isinstance(kl.first, LabelledJoint):
        return [term for case in kl.cases() for term in integral_terms(case, bound)]
    _require_no_inverse(kl.second)
    parts = (*flat(kl.first), log(kl.first / kl.second))
    known = partial(_known_range_of_kl, kl, bound)
    return [IntegralTerm(sympy.S.One, parts, kl.variables, known)]


def _require_no_inverse(second: Expr) -> None:
    """NotProved where a factor stands beside its inverse: the ratio of a KL would cancel them."""
    parts = flat(second)
    for inverse in (f for f in parts if f.is_Pow and f.exp.is_negative):
        if any(factor in parts for factor in flat(inverse.base)):
            raise NotProved(
                f"{latex(second)} holds a factor and its inverse: "
                "cancel them, or say where the factor is positive"
            )


def _known_range_of_kl(kl: KL, bound: Bound) -> KnownRange:
    if not is_divergence(kl):
        return _known_range_of_integral(kl.definition(), bound)
    return KnownRange.BOUNDED if _dominates(kl.second, kl.first) else KnownRange.NONNEGATIVE


@lru_cache(maxsize=4096)
def _terms_of_integral(total: SumOrIntegral, bound: Bound) -> list[IntegralTerm]:
    if has_functional(total.integrand):
        inner = integral_terms(total.integrand, bound)
        return [_nested(term, (), total.variables, bound) for term in inner]
    known = partial(_known_range_of_integral, total, bound)
    return [IntegralTerm(sympy.S.One, tuple(flat(total.integrand)), total.variables, known)]


def _terms_of_product(product: Expr, bound: Bound) -> list[IntegralTerm]:
    """A product of functionals and of other factors, each of which may be a sum."""
    every = flat(product)
    functional = [g for f in every if has_functional(f) for g in _repeated(f)]
    rest = tuple(f for f in every if not has_functional(f))
    terms = integral_terms(functional[0], bound)
    for factor in functional[1:]:
        terms = [_multiplied(a, b, bound) for a in terms for b in integral_terms(factor, bound)]
    number = Mul(*(f for f in rest if f.is_number))
    weight = tuple(f for f in rest if not f.is_number)
    scaled = [replace(term, coefficient=number * term.coefficient) for term in terms]
    return [_nested(term, weight, (), bound) for term in scaled] if weight else scaled


def _repeated(factor: Expr) -> list[Expr]:
    """A power of a functional as that many factors; NotProved for another function of one."""
    if isinstance(factor, Pow) and factor.exp.is_Integer and factor.exp.is_positive:
        return [factor.base] * int(factor.exp)
    if not isinstance(factor, (Add, KL, Expectation, Entropy, SumOrIntegral)):
        raise NotProved(
            f"{latex(factor)} is a function of an integral, and no sum or product of integrals"
        )
    return [factor]


def _multiplied(one: IntegralTerm, other: IntegralTerm, bound: Bound) -> IntegralTerm:
    """The product of two integrals as one integral (Fubini), the second over fresh letters."""
    names = fresh(other.variables, one.variables, bound)
    other = replace(
        other,
        parts=tuple(part.xreplace(names) for part in other.parts),
        variables=tuple(names.get(v, v) for v in other.variables),
    )
    nonnegative = min(one.known, other.known) >= KnownRange.NONNEGATIVE
    finite = () if nonnegative else (one.total, other.total)
    return IntegralTerm(
        one.coefficient * other.coefficient,
        (*one.parts, *other.parts),
        (*one.variables, *other.variables),
        lambda: KnownRange.NONNEGATIVE if nonnegative else KnownRange.UNKNOWN,
        nested=True,
        finite=(*one.finite, *other.finite, *finite),
    )


def _averaged(term: IntegralTerm, weight: Expr, bound: Bound) -> IntegralTerm:
    """A term under an expectation.

    A conditional over variables that the term has summed away integrates to 1 and is left out.
    """
    every = flat(weight)
    summed_away = [
        f for f in every if isinstance(f, Density) and set(f.over) <= set(term.variables)
    ]
    left = tuple(f for f in every if f not in summed_away)
    variables = variables_of(Mul(*left)) if any(factors(f) or f.is_Add for f in left) else ()
    averaged = _nested(term, left, variables, bound)
    if not variables:
        return averaged
    total = SumOrIntegral(Mul(*averaged.parts), averaged.variables)
    return replace(
        averaged, range_of=lambda: max(averaged.known, _known_range_of_integral(total, bound))
    )


def _nested(
    term: IntegralTerm, weight: tuple[Expr, ...], variables: tuple[Symbol, ...], bound: Bound
) -> IntegralTerm:
    """A term inside another integral, times a weight; NotProved where names clash."""
    free = set().union(*(f.free_symbols for f in weight))
    twice = (free | set(variables)) & set(term.variables)
    if twice:
        names = ", ".join(sorted(map(latex, twice)))
        raise NotProved(f"{names} is bound twice, by an integral and by one inside it: rename one")
    return replace(
        term,
        parts=(*weight, *term.parts),
        variables=(*variables, *term.variables),
        range_of=lambda: term.known.under(Mul(*weight), variables, bound),
        nested=term.nested or bool(variables and term.variables),
    )


def _dominates(mixture: Expr, density: Expr) -> bool:
    """Whether a mixture has the density as a part, with some weight w.

    The KL from the density to the mixture is then at most log(1/w).
    """
    return mixture.is_Add and any(term.as_coeff_Mul()[1] == density for term in mixture.args)


@lru_cache(maxsize=4096)  # a statement and its mutants share most of their integrals
def _known_range_of_integral(total: SumOrIntegral, bound: Bound) -> KnownRange:
    if never_negative(total.integrand):
        return KnownRange.NONNEGATIVE
    return KnownRange.BOUNDED_BELOW if _is_log_of_ratio(total, bound) else KnownRange.UNKNOWN


def _is_log_of_ratio(total: SumOrIntegral, bound: Bound) -> bool:
    """Whether the integrand is a log r, with a finite measure a, and the integral is bounded below.

    It is where r ≥ c > 0, and where r = a/b with a finite measure b (a KL, up to constants).
    """
    parts = flat(total.integrand)
    logs = [f for f in parts if isinstance(f, log)]
    if len(logs) != 1:
        return False
    (ratio,) = logs[0].args
    weight = Mul(*(f for f in parts if f is not logs[0]))
    if not is_finite_measure(weight, total.variables, bound):
        return False
    least, rest = sympy.expand(ratio).as_independent(Density, ClassProbability, as_Add=True)
    if is_constant(least, bound) and rest.is_nonnegative:
        return True
    return is_finite_measure(sympy.simplify(weight / ratio), total.variables, bound)


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
    bound = frozenset(total.variables)
    parts = _without_minus_log(total.integrand)
    if not all(map(is_at_least_zero, parts)):
        return total.integrand == 0
    logs = [f for f in parts if isinstance(f, log)]
    if len(logs) != 1:
        return False
    rest = Mul(*(f for f in parts if f is not logs[0]))
    mass = sympy.simplify(rest * (logs[0].args[0] - 1))
    return mass == 0 or is_finite_measure(mass, total.variables, bound)


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
