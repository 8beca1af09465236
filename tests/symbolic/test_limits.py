"""Limits, finite and infinite, and expansions of integrals over unknown densities."""

import mpmath
import pytest
import sympy
from sympy import S, exp, log, oo, sqrt, symbols

from onekl.symbolic.algebra import KL, Expectation, Gaussian, Joint, SumOrIntegral, kl_div
from onekl.symbolic.limits import Expansion, Limit
from onekl.symbolic.proof import NotProved
from onekl.symbolic.sampling import RandomParameters, RandomTables
from provers import named, refusal, worst

x, b, mu = symbols("x b mu", real=True)
t, s, a = symbols("t s a", positive=True)
ranges = RandomParameters(((b, 0.2, 1), (mu, 0.2, 1), (s, 0.5, 1.5), (a, 0.5, 1.5)))
narrow = Gaussian(x, mu, t**2)
normal = Gaussian(x, 0, 1)
A, B = Joint("a", (x,)), Joint("b", (x,))
PAIR = RandomTables((A, B))
f = sympy.Function("f", real=True)


def limit(expression, value, point=S.Zero, symbol=t):
    return Limit(ranges, expression=expression, symbol=symbol, point=point, value=value)


TRUE = [
    (limit(-log(t), oo), ()),
    (limit(log(t), -oo), ()),
    (limit(a / t, oo), ("a > 0",)),
    (limit(KL(narrow, normal), oo), ()),
    (limit(KL(narrow, normal), oo, oo), ()),
    (limit(t - log(t), oo, oo), ()),
    (limit(t / (1 + t), S.One, oo), ()),
    (limit(t * exp(-t), S.Zero, oo), ()),
    (limit(exp(-s * t), S.Zero, oo), ("s > 0",)),
    (limit(Expectation(narrow, x**2), mu**2), ()),
    (limit(SumOrIntegral(normal * exp(t * x**2), (x,)), S.One), ()),
    (limit(b**2 / (b**2 + t), S.One), (r"b \neq 0",)),
    (limit((b * t + t**2) / (b * t + 2 * t**2), S.One), (r"b \neq 0",)),
    (limit((b * t**2 + t) / (b * t**2 + 2 * t), S.One, oo), (r"b \neq 0",)),
    (limit(log(b + t), log(b)), ("b > 0",)),
    (limit(sqrt(b) * t + 1, S.One), (r"b \geq 0",)),
]


@pytest.mark.parametrize(
    "statement, premises", TRUE, ids=lambda v: str(getattr(v, "expression", v))
)
def test_a_true_limit_is_proved_with_its_premises(statement, premises):
    assert statement.prove().premises == premises
    assert worst(statement, 3) < mpmath.mpf(10) ** -18


FALSE = [
    limit(-log(t), -oo),
    limit(-log(t), S.Zero),
    limit(1 / (1 + t), oo),
    limit(-1 / log(t), -oo),
    limit(-a / t, oo),
    limit(KL(normal, narrow), -oo),
    limit(t / (1 + t), oo, oo),
    limit(t / (1 + t), S.Zero, oo),
    limit(exp(-s * t), S.One, oo),
    limit(exp(s * t), S.Zero, oo),
    limit(Expectation(narrow, x**2), mu),
    limit((b * t + t**2) / (b * t + 2 * t**2), S.Half),
    limit(b / t, -oo),
    limit(exp(-b * t), S.One, oo),
]


@pytest.mark.parametrize("statement", FALSE, ids=lambda v: v.latex())
def test_a_false_limit_is_refused(statement):
    refusal(statement)
    assert worst(statement, 3) > mpmath.mpf(10) ** -9


@pytest.mark.parametrize(
    "statement, why",
    [
        (limit(b / t, oo), "sign"),
        (limit(exp(-b * t), S.Zero, oo), "sign"),
        (limit(sympy.sin(t), S.Zero, oo), "no limit"),
        (limit(t, t), "same object"),
        (limit(t + 1, t), "may not hold"),
        (limit(a, a + 0 * t), "same object"),
        (limit(a + 0 * t, S.One), "does not hold"),
        (limit(mu, S.Zero, symbol=mu), "either side"),
        (limit(t, S.Zero, -oo), "either side"),
        (limit(log(-t), S.Zero), "not defined"),
        (limit(SumOrIntegral(normal * exp(x**2 / t), (x,)), S.One), "vanishes|negative"),
    ],
)
def test_what_is_no_limit_is_refused_in_one_line(statement, why):
    refusal(statement, why)


def test_an_infinite_limit_prints_its_arrow():
    assert limit(t, oo, oo).latex() == r"\lim_{t\to \infty} t = \infty"
    assert limit(1 / t, oo).latex() == r"\lim_{t\downarrow 0} \frac{1}{t} = \infty"


def expansion(expression, value, order=1, instances=PAIR):
    return Expansion(instances, expression=expression, symbol=t, order=order, value=value)


def summed(integrand):
    return SumOrIntegral(integrand, (x,))


def test_an_expansion_with_the_value_0_asks_for_what_every_path_asks_for():
    gap = summed(kl_div(A(x), A(x) * (1 - t * f(x))))
    proof = expansion(gap, S.Zero).prove()
    assert r"\text{the remainders at all } x \text{ together are } O(t^{2})" in proof.premises
    tail = expansion(summed(kl_div(A(x), A(x) + t * B(x))), S.Zero).prove()
    assert "a(x) > 0" in tail.premises and len(tail.premises) == 2
    refusal(expansion(gap, S.Zero, order=2), "series")
    refusal(expansion(summed(A(x) * f(x)), S.Zero, order=0), "series")


def test_the_integrals_of_an_expansion_have_to_be_finite():
    gap = summed(kl_div(A(x), A(x) * (1 - t * f(x))))
    value = t**2 * summed(A(x) * f(x) ** 2 / 2)
    proof = expansion(gap, value, order=2).prove()
    assert any(r"f(x)^{2}" in p and r"\text{ is finite}" in p for p in proof.premises)
    assert [premise.total for premise in proof.finite] == [summed(A(x) * f(x) ** 2)]


def test_a_density_that_is_cancelled_still_has_to_be_positive():
    hidden = SumOrIntegral(sympy.Mul(A(x), t, B(x), 1 / B(x), evaluate=False), (x,))
    assert "b(x) > 0" in expansion(hidden, t * summed(A(x))).prove().premises


def test_an_expansion_keeps_the_conditions_near_0():
    width = SumOrIntegral(exp(-(b + t) * x**2), (x,))
    value = sqrt(sympy.pi / b) * (1 - t / (2 * b))
    assert "b > 0" in expansion(width, value, instances=ranges).prove().premises
    refusal(expansion(width, -value, instances=ranges), "series")
    logs = expansion(log(b + t), log(b) + t / b, instances=ranges)
    assert logs.prove().premises == ("b > 0",)


sign, Abs = sympy.sign, sympy.Abs
zero_or_more = sympy.Symbol("n", nonnegative=True)


def series(expression, value, order=1):
    return expansion(expression, value, order, ranges)


# What is claimed fails at the one value that the premise leaves out.
@pytest.mark.parametrize(
    "statement, premise",
    [
        (limit(sign(b + t), sign(b)), r"b \neq 0"),
        (limit(sign(b * t + mu), sign(mu)), r"\mu \neq 0"),
        (limit(sign(a - 1 + t), sign(a - 1)), r"a - 1 \neq 0"),
        (limit(zero_or_more**t, S.One), "n > 0"),
        (limit(a**t, S.One), "a > 0"),
        (series(sign(b + t), sign(b), 0), r"b \neq 0"),
        (series(Abs(b + t), Abs(b) + sign(b) * t), r"b \neq 0"),
        (series(sqrt((b + t) ** 2), Abs(b) + sign(b) * t), r"b \neq 0"),
        (series(Abs(a - 1 + t), Abs(a - 1) + sign(a - 1) * t), r"a - 1 \neq 0"),
        (
            expansion(
                summed(A(x) * Abs(f(x) + t)), summed(A(x) * Abs(f(x)) + t * A(x) * sign(f(x)))
            ),
            r"f(x) \neq 0",
        ),
        (expansion(summed(A(x) ** t * B(x)), summed(B(x)), 0), "a(x) > 0"),
    ],
    ids=named,
)
def test_a_jump_or_a_kink_is_kept_away_from(statement, premise):
    assert premise in statement.prove().premises


@pytest.mark.parametrize(
    "statement",
    [
        limit(Abs(b + t), Abs(b)),
        limit(a ** (1 + t), a),
        series(Abs(b + t), Abs(b), 0),
        expansion(summed(A(x) * Abs(f(x) + t)), summed(A(x) * Abs(f(x))), 0),
    ],
    ids=named,
)
def test_a_kink_that_does_no_harm_needs_no_premise(statement):
    assert not any(r"\neq" in line or "> 0" in line for line in statement.prove().premises)


@pytest.mark.parametrize(
    "jumping", [sympy.floor, sympy.ceiling, sympy.Heaviside, sympy.frac, sympy.tan, sympy.gamma]
)
def test_a_function_with_jumps_or_poles_is_refused(jumping):
    refusal(limit(jumping(b - t), jumping(b)), "may not be defined, or not continuous")
    refusal(series(jumping(b - t), jumping(b), 0), "may not be defined, or not continuous")


@pytest.mark.parametrize(
    "statement",
    [
        limit(1 / (1 + exp(-s * t)), S.One, oo),
        limit(log(1 + exp(s * t)) / t, s, oo),
        expansion(summed(A(x) * sympy.tanh(f(x) / t)), summed(A(x) * sign(f(x))), 0),
    ],
    ids=named,
)
def test_a_refusal_names_no_letter_of_the_prover(statement):
    with pytest.raises(NotProved) as refusal:
        statement.prove()
    assert "_u" not in str(refusal.value) and "_f" not in str(refusal.value)


@pytest.mark.parametrize("wave", [sympy.cos, sympy.sin])
def test_an_integral_that_oscillates_has_no_limit(wave):
    refusal(limit(exp(-t) * SumOrIntegral(wave(x), (x,)), S.Zero, oo), "diverges")
