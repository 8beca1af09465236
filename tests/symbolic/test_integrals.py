"""Integrals over the line against quadrature, and the signs that formulas ask for."""

import mpmath
import pytest
import sympy
from sympy import Abs, Ge, Gt, Ne, Rational, S, cos, exp, gamma, log, sign, sinh, sqrt, symbols

from onekl.symbolic.algebra import Gaussian, SumOrIntegral, kl_div
from onekl.symbolic.domain import domain, domain_near
from onekl.symbolic.integrals import integrated_over_line, joined, positivity
from provers import named

x, z, a, b, m = symbols("x z a b m", real=True)
s, t = symbols("s t", positive=True)
PLACE = {a: 0.7, b: -0.4, m: 1.3, s: 1.7, t: 0.6}

CONVERGENT = [
    (exp(-s * x**2 + b * x + m), ()),
    (x * exp(-s * x**2 + b * x), ()),
    (x**4 * exp(-((x - b) ** 2) / 2), ()),
    ((x**3 - 2 * x**2 + m * x - 1) * exp(-s * (x - b) ** 2), ()),
    (exp(-(x**2)) + 3 * x**2 * exp(-2 * x**2 + x), ()),
    (exp(-(x**2)) * exp(b * x) * (exp(x) - exp(-x)), ()),
    (sinh(x) ** 2 * exp(-(x**2)), ()),
    (exp(-a * x**2 + b * x), (Gt(a, 0),)),
    (exp(-(a - b) * x**2), (Gt(a - b, 0),)),
    (exp(-(a**2) * x**2), (Ne(a, 0),)),
    (exp(-Abs(x - b)), ()),
    (exp(-s * Abs(x - b)), ()),
    (exp(-Abs(x) - Abs(x - s)), ()),
    (exp(-2 * Abs(x) - Abs(x + s)), ()),
    (exp(-Abs(2 - 3 * x)), ()),
    (exp(-(x**2)) * Abs(x - 1), ()),
    (exp(-(x**2)) * Abs(b * x), ()),
    (exp(-a * Abs(x)), (Gt(a, 0),)),
    (exp(-(x**2)) * cos(x), ()),
    (exp(-(x**4)), ()),
]


@pytest.mark.parametrize("integrand, conditions", CONVERGENT, ids=named)
def test_an_integral_has_the_value_of_quadrature(integrand, conditions):
    found = integrated_over_line(integrand, x)
    assert found.conditions == conditions
    plain = sympy.lambdify(x, integrand.subs(PLACE), "mpmath")
    kinks = [-mpmath.inf, -1.7, -1, -0.4, 0, 2 / mpmath.mpf(3), 1, 1.7, mpmath.inf]
    by_quadrature = mpmath.quad(plain, kinks)
    assert abs(complex(found.value.subs(PLACE)) - by_quadrature) < 1e-9


@pytest.mark.parametrize(
    "integrand, why",
    [
        (exp(-Abs(x - b) - Abs(x - m)), "no closed form"),  # which kink comes first is not known
        (exp(-Abs(x**2 - b)), "no closed form"),
        (exp(x**3), "diverges|no closed form"),
        (exp(s * x**2), "diverges"),
        (exp(b * x), "diverges"),
        (S.One, "diverges"),
        (exp(-(x**2)) / x, "a denominator depends on x"),
        (1 / (1 + x**2), "a denominator depends on x"),
        (exp(-(x**2)) * gamma(x), "may have a pole, or is unknown"),
        (exp(-(x**2) - log(Abs(x))), "may have a pole|a denominator depends on x"),
    ],
    ids=named,
)
def test_what_diverges_or_is_not_found_is_refused_in_one_line(integrand, why):
    with pytest.raises(ValueError, match=why) as refused:
        integrated_over_line(integrand, x)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "variable",
    [t, sympy.Symbol("n", negative=True), sympy.Symbol("n", nonnegative=True), sympy.Symbol("n")],
)
def test_the_line_needs_a_real_variable_of_no_known_sign(variable):
    with pytest.raises(ValueError, match="must be a real symbol of no known sign"):
        integrated_over_line(exp(-(variable**2)), variable)


@pytest.mark.parametrize(
    "expression, conditions",
    [
        (s, ()), (S(3), ()), (b, (Gt(b, 0),)), (b**2, (Ne(b, 0),)), (s * b**2, (Ne(b, 0),)),
        (b * m, (Gt(b * m, 0),)), (b / m, (Gt(b * m, 0),)), (s - 1, (Gt(s - 1, 0),)),
        (b**2 * m, (Gt(m, 0), Ne(b, 0))), (2 * b - 2, (Gt(b - 1, 0),)), (s / b**2, (Ne(b, 0),)),
    ],
    ids=named,
)  # fmt: skip
def test_what_it_takes_to_be_positive(expression, conditions):
    assert positivity(expression, lambda: "never") == conditions


@pytest.mark.parametrize("expression", [S.Zero, S(-1), -s, -(b**2), -s / t], ids=named)
def test_what_is_never_positive_is_refused(expression):
    with pytest.raises(ValueError, match="^never$"):
        positivity(expression, lambda: "never")


def test_conditions_are_listed_once_and_have_to_hold_together():
    assert joined([[Gt(a, 0), Ne(b, 0)], [], [Gt(a, 0)]]) == (Gt(a, 0), Ne(b, 0))
    with pytest.raises(ValueError, match="never converge together"):
        joined([[Gt(a, 1)], [sympy.Lt(a, 0)]])
    with pytest.raises(ValueError, match="never converge together"):
        joined([[Gt(a, 0)], [Ne(b, 0)], [Gt(-a, 0)]])
    assert len(joined([[Gt(a, 0)], [sympy.Lt(a, 1)]])) == 2


DOMAINS = [
    (log(b), (Gt(b, 0),)),
    (log(b * m), (Gt(b * m, 0),)),
    (log(b**2), (Ne(b, 0),)),
    (1 / b, (Ne(b, 0),)),
    (b**-2, (Ne(b, 0),)),
    (b**2, ()),
    (1 / (b * m), (Ne(b, 0), Ne(m, 0))),
    (1 / (m - b), (Ne(b - m, 0),)),
    (1 / (1 + b**2), ()),
    (1 / sign(b), (Ne(b, 0),)),
    (sqrt(b), (Ge(b, 0),)),
    (sqrt(s), ()),
    (b**s, (Ge(b, 0),)),
    (b ** Rational(-1, 2), (Gt(b, 0),)),
    (s**m, ()),
    (gamma(s), ()),
    (kl_div(b, m), (Gt(b, 0), Gt(m, 0))),
    (log(b) / m + sqrt(a), {Gt(b, 0), Ne(m, 0), Ge(a, 0)}),
    (Gaussian(x, 1 / b, s), (Ne(b, 0),)),
]


@pytest.mark.parametrize("expression, conditions", DOMAINS, ids=[f"{d[0]}" for d in DOMAINS])
def test_where_a_formula_is_a_real_number(expression, conditions):
    found = domain(expression)
    assert (set(found) if isinstance(conditions, set) else found) == conditions


@pytest.mark.parametrize(
    "expression, why",
    [
        (log(-s), "is not defined"),
        (kl_div(b, -s), "is not defined"),
        (sympy.Pow(sympy.Symbol("n", negative=True), s), "is not defined"),
        (gamma(b), "may not be defined, or not continuous, everywhere"),
        (sympy.floor(b), "may not be defined, or not continuous, everywhere"),
        (SumOrIntegral(Gaussian(x, 0, 1) * log(x), (x,)), "real number everywhere"),
    ],
    ids=named,
)
def test_a_formula_that_is_no_real_number_is_refused(expression, why):
    with pytest.raises(ValueError, match=why) as refused:
        domain(expression)
    assert "\n" not in str(refused.value)


NEAR = [
    (1 / (b + t), (), S.Zero, (Ne(b, 0),)),
    (1 / (s + t), (), S.Zero, ()),
    (log(b + t) * m, (Gt(b + t, 0),), S.Zero, {Gt(b, 0), Ne(b, 0)}),
    (1 / (b * t + t**2), (), S.Zero, (Ne(b, 0),)),
    (1 / (b * t + m), (), sympy.oo, (Ne(b, 0),)),
    (Abs(b + t), (), S.Zero, ()),
    (sign(b + t), (), S.Zero, (Ne(b, 0),)),
    (b**t, (), S.Zero, (Gt(b, 0),)),
    (b ** (1 + t), (), S.Zero, ()),
    (m, (Gt(m, 0),), S.Zero, (Gt(m, 0),)),
]


@pytest.mark.parametrize("function, given, point, conditions", NEAR, ids=named)
def test_what_a_function_asks_for_near_a_point(function, given, point, conditions):
    found = domain_near(function, given, t, point)
    assert (set(found) if isinstance(conditions, set) else found) == conditions


def test_a_kink_counts_where_smoothness_is_asked_for():
    assert domain_near(Abs(b + t), (), t, S.Zero, smooth=True) == (Ne(b, 0),)


@pytest.mark.parametrize("condition", [Gt(a - 1, 0), Gt(-a, 0), Ne(a, 0), Gt(a, 0)], ids=named)
def test_a_condition_that_is_not_met_at_the_point_itself_is_refused(condition):
    with pytest.raises(ValueError, match="vanishes at the point or may be negative near it"):
        domain_near(a, (condition,), a, S.Zero)


def test_a_condition_that_grows_is_met_at_infinity():
    assert domain_near(t, (Gt(t - b, 0),), t, sympy.oo) == ()
