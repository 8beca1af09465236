"""What is known of single integrals and of their factors: signs, ranges, masses."""

import pytest
import sympy
from sympy import Function, Mul, Rational, S, exp, log, symbols

from onekl.symbolic.algebra import (
    KL,
    ClassProbability,
    Entropy,
    Expectation,
    Joint,
    SumOrIntegral,
    bound_variables,
    kl_div,
)
from onekl.symbolic.proof import NotProved, is_constant, is_density, is_finite_measure
from onekl.symbolic.terms import (
    KnownRange,
    flat,
    integral_terms,
    is_at_least_zero,
    is_at_most_a_mass,
    never_negative,
)
from provers import named

x, y, z, b = symbols("x y z b", real=True)
c = sympy.Symbol("c", positive=True)
P, Q, R = Joint("p", (x, z)), Joint("q", (x, z)), Joint("r", (x, y, z))
f = Function("f", real=True)(x)
above = Function("g", nonnegative=True)(x)
D = ClassProbability("D", x)
p, q = P(x), Q(x)
half = Rational(1, 2)


@pytest.mark.parametrize(
    "factor, seen",
    [
        (S.Zero, True), (c, True), (b, False), (-c, False), (b**2, True), (p, True), (D, True),
        (f, False), (above, True), (kl_div(p, q), True), (kl_div(b, q), False),
        (kl_div(p, f), False), (log(1 + p), True), (log(1 + above), True), (log(p), False),
        (log(half + p), False), (log(S(2)), True), (log(half), False), (log(1 / D), True),
        (log(D), False), (log(1 + f), False), (exp(b), True),
    ],
    ids=named,
)  # fmt: skip
def test_the_sign_of_a_factor(factor, seen):
    assert is_at_least_zero(factor) is seen


@pytest.mark.parametrize(
    "product, seen",
    [
        (-p * log(D), True), (p * log(D), False), (-p * log(p), False), (p * q, True),
        (-p * q, False), (-2 * p * log(D) * above, True), (-p * log(D) * log(1 + p), False),
        (p * f, False), (-p * log(1 / (1 + q)), True), (p * log(1 / (1 + q)), False),
        (Mul(p, Mul(-1, log(D), evaluate=False), evaluate=False), True),
    ],
    ids=named,
)  # fmt: skip
def test_the_sign_of_a_product(product, seen):
    assert never_negative(product) is seen


def test_a_product_of_products_is_one_list_of_factors():
    inner = Mul(p, Mul(q, f, evaluate=False), evaluate=False)
    assert sorted(map(str, flat(Mul(c, inner, evaluate=False)))) == sorted(map(str, (c, p, q, f)))
    assert flat(p + q) == [p + q] and flat(p) == [p]


def known(expression):
    return [term.known for term in integral_terms(expression)]


RANGES = [
    (KL(p, q), KnownRange.NONNEGATIVE),
    (KL(p, (p + q) / 2), KnownRange.BOUNDED),
    (KL(p, p / 4 + 3 * q / 4), KnownRange.BOUNDED),
    (KL(p, q / 2 + P(z) / 2), KnownRange.UNKNOWN),
    (KL(p, 3 * q), KnownRange.BOUNDED_BELOW),
    (KL(p, above * q), KnownRange.UNKNOWN),
    (Expectation(p, log(p / q)), KnownRange.BOUNDED_BELOW),
    (Expectation(p, log(c + q)), KnownRange.BOUNDED_BELOW),
    (Expectation(p, log(1 + q)), KnownRange.NONNEGATIVE),
    (Expectation(p, log(q)), KnownRange.UNKNOWN),
    (Expectation(p, log(b + q)), KnownRange.UNKNOWN),
    (Expectation(p, f), KnownRange.UNKNOWN),
    (Expectation(p, above), KnownRange.NONNEGATIVE),
    (Expectation(p, KL(P(z, given=x), Q(z, given=x))), KnownRange.NONNEGATIVE),
    (Expectation(p, KL(P(z), P(z) / 2 + Q(z) / 2)), KnownRange.BOUNDED),
    (SumOrIntegral(above * KL(P(z), P(z) / 2 + Q(z) / 2), (x,)), KnownRange.NONNEGATIVE),
    (SumOrIntegral(f * KL(P(z), Q(z)), (x,)), KnownRange.UNKNOWN),
    (SumOrIntegral(q * log(q / p), (x,)), KnownRange.BOUNDED_BELOW),
    (SumOrIntegral(above * log(q / p), (x,)), KnownRange.UNKNOWN),
    (Entropy(p), KnownRange.UNKNOWN),
    (c * kl_div(p, q), KnownRange.NONNEGATIVE),
    (KL(P(z), Q(z)) * KL(p, q), KnownRange.NONNEGATIVE),
    (KL(P(z), Q(z)) * Expectation(p, f), KnownRange.UNKNOWN),
]


@pytest.mark.parametrize("expression, expected", RANGES, ids=named)
def test_what_is_known_of_an_integral(expression, expected):
    assert known(expression) == [expected]


def test_a_product_needs_its_factors_finite_unless_none_is_negative():
    (one,) = integral_terms(KL(P(z), Q(z)) * Expectation(p, f))
    assert set(one.finite) == {
        SumOrIntegral(P(z) * log(P(z) / Q(z)), (z,)),
        SumOrIntegral(p * f, (x,)),
    }
    assert one.nested and set(one.variables) == {x, z}
    (two,) = integral_terms(KL(P(z), Q(z)) * KL(p, q))
    assert two.finite == ()


@pytest.mark.parametrize(
    "expression, nested",
    [
        (KL(p, q), False),
        (-3 * f * KL(P(z), Q(z)), False),
        (Expectation(p, f), False),
        (SumOrIntegral(p * f, (x,)), False),
        (Expectation(p, KL(P(z, given=x), Q(z, given=x))), True),
        (2 * Expectation(p, f * KL(P(z), Q(z))), True),
        (Expectation(p, Expectation(P(z), f * KL(R(y), R(y, given=(x, z))))), True),
        (SumOrIntegral(f * KL(P(z), Q(z)), (x,)), True),
        (KL(p, q) ** 2, True),
    ],
    ids=named,
)
def test_a_term_is_nested_where_integrals_were_merged(expression, nested):
    (term,) = integral_terms(expression)
    assert term.nested is nested


def test_a_term_may_be_minus_infinite_unless_a_bound_or_a_sign_is_seen():
    def may_be(expression):
        (term,) = integral_terms(expression)
        return term.may_be_minus_infinity

    assert not may_be(KL(p, q)) and not may_be(3 * Expectation(p, log(p / q)))
    assert may_be(-KL(p, q)) and may_be(Expectation(p, f)) and may_be(b * KL(p, q))
    assert not may_be(-Expectation(p, log(D))) and may_be(Expectation(p, log(D)))


def test_an_entropy_is_minus_a_mean_of_a_log():
    (term,) = integral_terms(Entropy(p))
    assert (term.coefficient, term.parts, term.variables) == (-1, (p, log(p)), (x,))


def test_numbers_go_to_the_coefficient_and_powers_are_repeated():
    (scaled,) = integral_terms(-3 * KL(p, q))
    assert scaled.coefficient == -3
    (square,) = integral_terms(KL(p, q) ** 2)
    assert len(square.variables) == 2 == len(set(square.variables))
    with pytest.raises(NotProved, match="a function of an integral"):
        integral_terms(1 / KL(p, q))
    with pytest.raises(NotProved, match="a function of an integral"):
        integral_terms(log(KL(p, q)))


def test_a_letter_that_is_bound_twice_is_named():
    with pytest.raises(NotProved, match="^x is bound twice"):
        integral_terms(SumOrIntegral(q * KL(p, q), (x,)))
    with pytest.raises(NotProved, match="^x is bound twice"):
        integral_terms(f * KL(p, q))


def test_a_factor_beside_its_inverse_is_refused_under_a_kl():
    second = Mul(q, p, 1 / p, evaluate=False)
    with pytest.raises(NotProved, match="a factor and its inverse"):
        integral_terms(KL(p, second))


def test_the_variables_that_are_summed_away_anywhere():
    nested = Expectation(p, KL(P(z, given=x), Q(z, given=x)))
    assert bound_variables(nested) == {x, z} and bound_variables(p * f) == frozenset()


@pytest.mark.parametrize(
    "product, variables, seen",
    [
        (p, (x,), True), (p, (z,), False), (p, (x, z), False), (P(x, z), (z, x), True),
        (p * P(z, given=x), (x, z), True), (P(z, given=x), (z,), True),
        (P(z, given=x) * Q(x, given=z), (x, z), False), (p * q, (x,), False),
        (p * f, (x,), False), (2 * p, (x,), False), (p / 2 + q / 2, (x,), True),
        (p / 2 + q / 3, (x,), False), (p / 2 + Q(z) / 2, (x,), False), (2 * p - q, (x,), False),
        (c * p + (1 - c) * q, (x,), False), (D * p + (1 - D) * q, (x,), False),
        (R(x) * R(y, given=x) * R(z, given=(x, y)), (x, y, z), True),
    ],
    ids=named,
)  # fmt: skip
def test_what_integrates_to_one(product, variables, seen):
    assert is_density(product, variables) is seen


def test_a_mixture_may_have_the_probabilities_of_a_label():
    one = ClassProbability("p", ())
    assert is_density(one * p + one.other * q, (x,))
    assert not is_density(one * p + one * q, (x,))


@pytest.mark.parametrize(
    "product, variables, seen",
    [
        (3 * p, (x,), True), (c * p, (x,), True), (b * p, (x,), False), (-p, (x,), False),
        (D * p, (x,), True), (p + 2 * q, (x,), True), (c * (p + q), (x,), True),
        (p * q, (x,), False), (above * p, (x,), False),
        (q * p / (p + q), (x,), True), (q * p / (p + f), (x,), False), (p / (p + q), (x,), False),
        (exp(x) * p, (x,), False), (p, (z,), False),
    ],
    ids=named,
)  # fmt: skip
def test_what_has_a_finite_mass(product, variables, seen):
    assert is_finite_measure(product, variables, frozenset({x, z})) is seen


@pytest.mark.parametrize(
    "factor, seen",
    [(S(2), True), (-S(2), False), (S.Zero, False), (c, True), (b, False), (p, False),
     (D, False), (exp(x), False), (exp(y), True), (ClassProbability("p", ()), True)],
    ids=named,
)  # fmt: skip
def test_what_is_a_constant(factor, seen):
    assert is_constant(factor, frozenset({x, z})) is seen


@pytest.mark.parametrize(
    "integrand, seen",
    [
        (p * log(1 + D), True), (p * log(1 + above), False), (2 * p * log(1 + D), True),
        (p * log(D), False), (-p * log(1 + D), False), (p, False),
        (p * log(1 + q / p), True), (p * log(1 + D) * log(1 + D), False),
        (q * p * log(1 + D), False),
    ],
    ids=named,
)  # fmt: skip
def test_what_is_at_most_a_mass(integrand, seen):
    assert bool(is_at_most_a_mass(SumOrIntegral(integrand, (x,)))) is seen
