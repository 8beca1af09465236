"""Integrals over the real line: their conditions, the weakest signs, and laws of maps."""

import mpmath
import pytest
import sympy
from sympy import Abs, S, Symbol, asinh, cos, exp, log, pi, sinh, sqrt, symbols

from onekl.symbolic.algebra import (
    KL,
    Entropy,
    Expectation,
    Gaussian,
    Joint,
    SumOrIntegral,
    integrate_real,
    integrated,
    kl_div,
)
from onekl.symbolic.proof import NotProved
from onekl.symbolic.real_line import is_nonzero_at_a_point
from onekl.symbolic.sampling import RandomParameters
from onekl.symbolic.statements import Identity, Pushforward
from provers import named, worst

x, z, u, b, mu, m, w = symbols("x z u b mu m w", real=True)
sigma, tau, s = symbols("sigma tau s", positive=True)
nonzero = Symbol("r", real=True, nonzero=True)
ranges = RandomParameters((
    (b, 0.1, 0.2), (mu, -1, 1), (m, -1, 1), (w, -1, 1), (sigma, 0.5, 1.5), (tau, 0.5, 1.5),
    (s, 0.5, 1.5), (nonzero, -1.5, -0.5),
))  # fmt: skip
normal = Gaussian(x, 0, 1)
wide = Gaussian(x, mu, sigma**2)


def over_line(integrand, *variables):
    return SumOrIntegral(integrand, variables or (x,))


def identity(left, right, instances=ranges):
    return Identity(instances, left=left, right=right)


def law(value, under, density):
    return Pushforward(ranges, value=value, under=under, variable=u, density=density)


def refuses(statement, why="."):
    with pytest.raises(NotProved, match=why) as refusal:
        statement.prove()
    assert "\n" not in str(refusal.value) and "_" not in str(refusal.value).replace("_{", "")


def agrees(statement):
    assert worst(statement, 4) < mpmath.mpf(10) ** -18


def is_refuted(statement):
    assert worst(statement, 4) > mpmath.mpf(10) ** -9


CONDITIONAL = [
    (over_line(exp(-b * x**2)), sqrt(pi / b), ("b > 0",)),
    (over_line(exp(-b * Abs(x))), 2 / b, ("b > 0",)),
    (over_line(x**2 * exp(-b * x**2)), sqrt(pi) / (2 * b ** sympy.Rational(3, 2)), ("b > 0",)),
    (over_line(normal * exp(b * x**2)), 1 / sqrt(1 - 2 * b), ("1 - 2 b > 0",)),
    (
        over_line(exp(-b * x**2) + exp(-2 * b * x**2)),
        sqrt(pi / b) * (1 + 1 / sqrt(2)),
        ("b > 0",),
    ),
]


@pytest.mark.parametrize("left, right, premises", CONDITIONAL, ids=named)
def test_a_condition_of_convergence_becomes_a_premise(left, right, premises):
    statement = identity(left, right)
    assert sorted(statement.prove().premises) == sorted(premises)
    agrees(statement)


@pytest.mark.parametrize(
    "left, right",
    [
        (over_line(exp(-b * x**2)), sqrt(-pi / b)),
        (over_line(exp(-b * x**2)), sqrt(pi / Abs(2 * b))),
        (over_line(exp(-b * Abs(x))), -2 / b),
        (over_line(normal * exp(b * x**2)), 1 / sqrt(1 + 2 * b)),
        (over_line(x**2 * exp(-b * x**2)), sqrt(pi) / (2 * sqrt(b))),
    ],
    ids=named,
)
def test_a_false_value_of_a_conditional_integral_is_refused(left, right):
    refuses(identity(left, right))
    is_refuted(identity(left, right))


@pytest.mark.parametrize(
    "integrand",
    [
        exp(sigma * x**2), exp(-(sigma**2) * x), exp(b * x), x, S.One, x**2, cos(x) ** 0,
        normal * exp(x**2), normal * exp(x**2 / 2), exp(-sigma * x**2) + x,
    ],
    ids=named,
)  # fmt: skip
def test_an_integral_that_diverges_is_refused(integrand):
    refuses(identity(over_line(integrand), S.Zero), "diverges")


def test_conditions_that_exclude_each_other_are_refused():
    both = over_line(exp(-b * x**2)) * over_line(exp(b * x**2))
    refuses(identity(both, pi / b), "never converge together")


def test_conditions_of_two_variables_are_both_listed():
    both = over_line(exp(-b * x**2 - w * z**2), x, z)
    assert identity(both, pi / sqrt(b * w)).prove().premises == ("b > 0", "w > 0")
    refuses(identity(both, pi / sqrt(b + w)), "left less right")


def test_an_inner_condition_may_not_hold_an_outer_variable():
    inner = over_line(exp(-x * z**2), z)
    refuses(identity(over_line(normal * inner), S.One), "only where x > 0")


@pytest.mark.parametrize(
    "integrand, why",
    [
        (normal / x, "pole"),
        (normal * exp(-log(Abs(x))), "pole"),
        (normal * sympy.tan(x), "pole"),
        (normal / (1 + exp(x)), "pole"),
        (normal * log(x), "real number everywhere"),
        (normal * sqrt(x), "real number everywhere"),
        (normal * sympy.Function("f", real=True)(x), "unknown"),
        (Joint("p", (x,))(x), "unknown density"),
    ],
)
def test_poles_unknowns_and_what_is_not_real_are_refused(integrand, why):
    refuses(identity(over_line(integrand), S.One), why)


def test_integrate_real_gives_no_value_under_a_condition():
    with pytest.raises(ValueError, match="only under the condition b > 0"):
        integrate_real(over_line(exp(-b * x**2)))
    assert integrated(over_line(exp(-b * x**2))).conditions == (b > 0,)


WEAKEST = [
    (Expectation(wide, x**2), mu**2 + sigma**2, (r"\sigma \neq 0",)),
    (Expectation(wide, tau * x), tau * mu, (r"\sigma \neq 0",)),
    (KL(wide, Gaussian(x, 0, 1)), (mu**2 + sigma**2 - 1) / 2 - log(sigma), (r"\sigma > 0",)),
    (KL(wide, Gaussian(x, 0, 1)), (mu**2 + sigma**2 - 1 - log(sigma**2)) / 2, (r"\sigma \neq 0",)),
    (KL(wide, Gaussian(x, m, sigma**2)), (mu - m) ** 2 / (2 * sigma**2), (r"\sigma \neq 0",)),
    (Expectation(Gaussian(x, mu, sigma), x**2), mu**2 + sigma, (r"\sigma > 0",)),
    (Expectation(Gaussian(x, 0, nonzero**2), x**2), nonzero**2, (r"r \neq 0",)),
    (Expectation(wide, sqrt(tau) * x), sqrt(tau) * mu, (r"\sigma \neq 0", r"\tau \geq 0")),
    (Entropy(wide), log(2 * pi * sympy.E * sigma**2) / 2, (r"\sigma \neq 0",)),
    (tau * sigma - sigma * tau + (tau + sigma) ** 2, tau**2 + 2 * tau * sigma + sigma**2, ()),
    (
        KL(wide, Gaussian(x, m, tau**2)),
        log(tau**2 / sigma**2) / 2 + (sigma**2 + (mu - m) ** 2) / (2 * tau**2) - S.Half,
        (r"\sigma \neq 0", r"\tau \neq 0"),
    ),
]


@pytest.mark.parametrize("left, right, premises", WEAKEST, ids=named)
def test_only_the_signs_that_the_proof_needs_are_listed(left, right, premises):
    statement = identity(left, right)
    assert statement.prove().premises == premises
    agrees(statement)


def test_premises_do_not_depend_on_names():
    """The same statement with the letters exchanged, in the same declared order."""

    def lines(first, second):
        a, c = symbols(f"{first} {second}", positive=True)
        declared = RandomParameters(((a, 0.5, 1), (c, 0.5, 1)))
        left = Expectation(Gaussian(x, 0, a**2), x**2 * log(c))
        proof = identity(left, a**2 * log(c), declared).prove()
        return [line.replace(first, "A").replace(second, "C") for line in proof.premises]

    assert lines("k", "h") == lines("h", "k") == [r"A \neq 0", "C > 0"]


def test_a_kl_div_needs_positive_numbers():
    statement = identity(kl_div(mu, w), mu * log(mu / w) - mu + w)
    assert statement.prove().premises == (r"\mu > 0", "w > 0")


def test_the_log_of_an_integral_is_decided_by_its_value():
    assert identity(log(over_line(wide * (x - mu) ** 2)), 2 * log(sigma)).prove().premises == (
        r"\sigma > 0",
    )
    refuses(identity(log(over_line(wide * -(x**2))), S.Zero), "not defined")


noise = Gaussian(z, 0, 1)
pair = Gaussian(z, mu, sigma**2) * Gaussian(x, m, tau**2)
chain = Gaussian(z, mu, sigma**2) * Gaussian(x, w * z, tau**2)
LAWS = [
    law(mu + sigma * z, noise, Gaussian(u, mu, sigma**2)),
    law(mu + nonzero * z, noise, Gaussian(u, mu, nonzero**2)),
    law(-z, noise, Gaussian(u, 0, 1)),
    law(b * z + x, pair, Gaussian(u, b * mu + m, b**2 * sigma**2 + tau**2)),
    law(x - z, pair, Gaussian(u, m - mu, sigma**2 + tau**2)),
    law(x, chain, Gaussian(u, w * mu, w**2 * sigma**2 + tau**2)),
    law(x + z + 1, chain, Gaussian(u, (1 + w) * mu + 1, (1 + w) ** 2 * sigma**2 + tau**2)),
]


@pytest.mark.parametrize("statement", LAWS, ids=lambda s: s.latex()[:60])
def test_a_true_law_is_proved(statement):
    statement.prove()
    agrees(statement)


@pytest.mark.parametrize(
    "statement",
    [
        law(mu + sigma * z, noise, Gaussian(u, mu, sigma)),
        law(mu + sigma * z, noise, Gaussian(u, -mu, sigma**2)),
        law(z + x, pair, Gaussian(u, mu + m, (sigma + tau) ** 2)),
        law(z - x, pair, Gaussian(u, mu + m, sigma**2 + tau**2)),
        law(b * z + x, pair, Gaussian(u, b * mu + m, b * sigma**2 + tau**2)),
        law(x, chain, Gaussian(u, w * mu, tau**2)),
        law(z * x, pair, Gaussian(u, mu * m, sigma**2 * tau**2)),
    ],
    ids=lambda s: s.latex()[:60],
)
def test_a_false_law_is_refused(statement):
    refuses(statement)
    is_refuted(statement)


def test_a_law_under_sinh():
    """Of a function that is no polynomial: 60 digits would be needed to integrate it."""
    density = exp(-(asinh(u) ** 2) / 2) / sqrt(2 * pi * (1 + u**2))
    law(sinh(z), noise, density).prove()
    refuses(law(sinh(z), noise, density * sqrt(1 + u**2)), "ratio")
    refuses(law(sinh(z), noise, Gaussian(u, 0, 1)), "ratio")
    refuses(law(mu * z, noise, Gaussian(u, 0, mu**2)), "monotone")
    refuses(law(z * (1 + sigma), Gaussian(z, x, 1) * Gaussian(x, z, 1), noise), "no Gaussian")


def assumed(**assumptions):
    return Symbol("k", **assumptions)


def whole_turns(number):
    """cos(2π k), written so that SymPy sees it only where it expands."""
    return cos(2 * pi * number * (b + 1) - 2 * pi * number * b)


def test_an_integer_stays_one_beside_a_condition_on_its_sign():
    number = assumed(integer=True)
    statement = identity(
        whole_turns(number) * over_line(exp(-number * x**2)),
        sqrt(pi / number),
        RandomParameters(((b, 0.1, 0.2), (number, 1, 2))),
    )
    assert set(statement.prove().premises) == {r"k \in \mathbb{Z}", "k > 0"}


@pytest.mark.parametrize(
    "kind", [{"even": True}, {"odd": True}, {"prime": True}, {"composite": True}], ids=named
)
def test_an_assumption_that_no_premise_says_is_refused(kind):
    number = assumed(**kind)
    refuses(identity(whole_turns(number) * over_line(normal), S.One), "more is assumed of k")


@pytest.mark.parametrize("kind", [{"rational": True}, {"even": True}, {"prime": True}], ids=named)
def test_an_assumption_that_is_not_needed_is_dropped(kind):
    number = assumed(**kind)
    assert identity(number * over_line(normal), number * (b + 1) - number * b).prove()


def test_a_formula_that_is_not_real_for_all_signs_is_no_closed_form():
    quartic = over_line(exp(-b * x**2 - m * x**4))
    besselled = sympy.besseli(-S(1) / 4, b**2 / (8 * m)) - sympy.besseli(S(1) / 4, b**2 / (8 * m))
    gammas = sympy.gamma(S(1) / 4) * sympy.gamma(S(3) / 4)
    value = b * (besselled * gammas) ** 2 * exp(b**2 / (4 * m)) / (16 * m)
    refuses(identity(quartic**2, value), "may not be defined")


@pytest.mark.parametrize(
    "function", [sympy.tan, sympy.gamma, sympy.asin, sympy.acosh, sympy.atanh, sympy.floor]
)
def test_a_function_that_need_not_be_real_everywhere_is_refused(function):
    refuses(identity(function(b) * over_line(normal), function(b)), "may not be defined")


@pytest.mark.parametrize("name", ["a", "y", "z"])
def test_a_condition_of_two_symbols_helps_whatever_their_names(name):
    other = Symbol(name, real=True)
    below = 1 - 2 * b - 2 * other**2
    statement = identity(
        over_line(normal * exp((b + other**2) * x**2)) * Abs(below),
        sqrt(below),
        RandomParameters(((b, 0.1, 0.2), (other, 0.1, 0.2))),
    )
    (premise,) = statement.prove().premises
    assert premise.endswith("> 0")


integer, even, odd = (Symbol("k", **{kind: True}) for kind in ("integer", "even", "odd"))
negative = Symbol("n", negative=True)


@pytest.mark.parametrize("expression", [integer - 1, integer * sigma - 3 * sigma / 2, mu - m])
def test_a_point_shows_what_is_not_0(expression):
    assert is_nonzero_at_a_point(expression)


@pytest.mark.parametrize(
    "expression",
    [
        cos(pi * integer) ** 2 - 1,
        cos(pi * even / 2) ** 2 - 1,
        cos(pi * odd / 2),
        sqrt(((negative - S("1/9")) ** 2).expand()) + negative - S("1/9"),
    ],
    ids=str,
)
def test_no_point_speaks_against_what_is_0_by_its_symbols(expression):
    """A number that the symbol cannot be would show that an expression is not 0."""
    assert not is_nonzero_at_a_point(expression)
