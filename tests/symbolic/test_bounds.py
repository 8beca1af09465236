"""Bounds whose slack has a sign, and minima with one change of slope."""

import mpmath
import pytest
import sympy
from sympy import Abs, Add, E, Function, S, exp, log, sqrt, symbols

from onekl.symbolic.algebra import (
    KL,
    ClassProbability,
    Expectation,
    Gaussian,
    Joint,
    kl_div,
)
from onekl.symbolic.mutants import mutants
from onekl.symbolic.optima.minimum import Minimum
from onekl.symbolic.sampling import RandomParameters, RandomTables
from onekl.symbolic.statements import Bound, Pushforward, provable
from provers import named, refusal, worst

x, z, u, b, m, w, mu = symbols("x z u b m w mu", real=True)
t, s, c, a, lam = symbols("t s c a lambda", positive=True)
r = sympy.Symbol("r", real=True, nonzero=True)
ranges = RandomParameters((
    (b, -1, -0.2), (m, 0.2, 1), (w, -1, 1), (mu, -1, 1), (t, 0.3, 3), (s, 0.5, 0.9),
    (c, 1.1, 1.5), (a, 0.5, 2), (lam, 0.5, 2), (r, 0.5, 1),
))  # fmt: skip
P, Q = Joint("p", (x,)), Joint("q", (x,))
TABLES = RandomTables((P, Q), scalars=(lam,))
near, far = Gaussian(x, m, s**2), Gaussian(x, b, c**2)
gap = KL(near, far)
formula = log(c / s) + (s**2 + (m - b) ** 2) / (2 * c**2) - S.Half
first = Gaussian(z, m, s**2) * Gaussian(x, w * z, 1)
second = Gaussian(z, b, 1) * Gaussian(x, r * z, a**2)
inner = KL(Gaussian(x, w * z, 1), Gaussian(x, r * z, a**2))
outer = KL(Gaussian(z, m, s**2), Gaussian(z, b, 1))
f, g = (sympy.Function(name, real=True)(x) for name in "fg")


def bound(upper, lower, remainder, instances=ranges):
    return Bound(instances, upper=upper, lower=lower, remainder=remainder)


BOUNDS = [
    (bound(gap, S.Zero, gap), r"m = b \text{ and } s^{2} = c^{2}"),
    (bound(formula, S.Zero, gap), r"m = b \text{ and } s^{2} = c^{2}"),
    (
        bound(
            formula,
            S.Zero,
            Add(kl_div(1, s**2 / c**2) / 2, (m - b) ** 2 / (2 * c**2), evaluate=False),
        ),
        r"\left(m - b\right)^{2}",
    ),
    (bound(KL(first, second), S.Zero, KL(first, second)), r"\mathcal{N}(x; w z, 1)"),
    (bound(KL(first, second), outer, Expectation(Gaussian(z, m, s**2), inner)), "w z = "),
    (bound(lam * gap + b, b, lam * gap), "m = b"),
    (
        bound(Expectation(near, x**2), m**2, Expectation(near, (x - m) ** 2)),
        r"\left(x - m\right)^{2} = 0",
    ),
    (
        bound(lam * Expectation(near, x**2), lam * m**2, lam * Expectation(near, (x - m) ** 2)),
        r"\left(x - m\right)^{2} = 0",
    ),
    (
        bound(
            Expectation(P(x), f**2),
            Expectation(P(x), 2 * f * g - g**2),
            Expectation(P(x), (f - g) ** 2),
            TABLES,
        ),
        r"wherever } p(x) > 0",
    ),
    (bound(lam * KL(P(x), Q(x)), S.Zero, lam * KL(P(x), Q(x)), TABLES), "p(x) = q(x)"),
    (bound(Expectation(P(x), Abs(f)), S.Zero, Expectation(P(x), Abs(f)), TABLES), "p(x) > 0"),
]


@pytest.mark.parametrize("statement, case", BOUNDS, ids=lambda v: str(v)[:50])
def test_a_slack_that_is_never_negative_is_seen(statement, case):
    assert case in statement.prove().equality
    assert worst(statement, 6) < mpmath.mpf(10) ** -18


WRONG = [
    bound(S.Zero, gap, -gap),
    bound(b * gap, S.Zero, b * gap),
    bound(Expectation(near, x**3), m**3, Expectation(near, x**3 - m**3 - 9)),
    bound(-lam * gap, S.Zero, -lam * gap),
    bound(formula - 1, S.Zero, Add(gap, -1, evaluate=False)),
    bound(gap, S.Zero, kl_div(s**2, c**2)),
    bound(KL(first, second), outer, Expectation(Gaussian(z, b, 1), inner)),
    bound(KL(first, second), outer, 2 * Expectation(Gaussian(z, m, s**2), inner)),
    bound(Expectation(P(x), f), S.Zero, Expectation(P(x), f), TABLES),
    bound(
        Expectation(P(x), f**2),
        Expectation(P(x), f * g - g**2),
        Expectation(P(x), (f - g) ** 2),
        TABLES,
    ),
]


@pytest.mark.parametrize("statement", WRONG, ids=lambda v: v.latex()[:60])
def test_a_slack_of_unknown_sign_or_a_wrong_one_is_refused(statement):
    refusal(statement)
    assert worst(statement, 6) > mpmath.mpf(10) ** -9


def test_a_circle_of_conditionals_is_no_density():
    circle = Gaussian(z, x, 1) * Gaussian(x, z, 1)
    refusal(bound(gap, S.Zero, KL(circle, first)), "two densities")
    refusal(bound(gap, S.Zero, KL(near, Gaussian(z, 0, 1))), "two densities")


def minimum(expression, at):
    return Minimum(ranges, expression=expression, symbol=t, at=at)


variance = s**2 + (m - b) ** 2
MINIMA = [
    (t - log(t), S.One),
    (log(t) + a / t, a),
    (log(t) ** 2, S.One),
    (-t / (1 + t**2), S.One),
    (-t * exp(-t), S.One),
    (exp(t) - 3 * t, log(3)),
    (log(1 + t**2) - log(t), S.One),
    (1 - exp(-((t - 2) ** 2)), S(2)),
    (sqrt(t) - log(t), S(4)),
    (-log(t) / t, E),
    (log(t / s) + variance / (2 * t**2), sqrt(variance)),
    (KL(near, Gaussian(x, b, t)), variance),
    ((t - 1) ** 2 / (t**2 + a), S.One),
]


@pytest.mark.parametrize("expression, at", MINIMA, ids=named)
def test_one_change_of_slope_is_a_minimum(expression, at):
    minimum(expression, at).prove()
    assert worst(minimum(expression, at), 6) < mpmath.mpf(10) ** -18


@pytest.mark.parametrize(
    "expression, at",
    [
        (t - log(t), S(2)),
        (log(t) - t, S.One),
        (log(t) - a / t, a),
        (-(log(t) ** 2), S.One),
        (t / (1 + t**2), S.One),
        (t * exp(-t), S.One),
        (t**3 - 3 * t**2, S.One),
        (log(t) / t, E),
        (log(t / s) + variance / (2 * t**2), variance),
        (KL(Gaussian(x, b, t), near), s),
        ((t - 1) ** 3, S.One),
        ((t - 1) ** 2 * (t - 2) ** 2 + (t - 1) ** 2 * (t - 3), S.One),
    ],
    ids=named,
)
def test_a_place_that_is_no_minimum_is_refused(expression, at):
    refusal(minimum(expression, at))
    assert worst(minimum(expression, at), 20) > mpmath.mpf(10) ** -9


@pytest.mark.parametrize(
    "expression, at, why",
    [
        ((t - 1) ** 2 * (t - 2) ** 2, S.One, "no minimum is seen"),
        (Abs(t - 1), S.One, "slope everywhere"),
        (t + 1 / t, S.NegativeOne, "not seen to be positive"),
        (t + log(t - 1), S(2), "asks for"),
        (t**2 - 2 * b * t, b, "not seen to be positive"),
        (t + 1 / t, t, "free of the point"),
    ],
)
def test_what_is_not_seen_to_be_a_minimum_is_refused_in_one_line(expression, at, why):
    refusal(minimum(expression, at), why)


LAW = Pushforward(
    ranges,
    value=w * z + x,
    under=Gaussian(z, m, s**2) * Gaussian(x, mu, c**2),
    variable=u,
    density=Gaussian(u, w * m + mu, w**2 * s**2 + c**2),
)


@pytest.mark.parametrize(
    "statement",
    [
        bound(formula, S.Zero, gap),
        bound(Expectation(near, x**2), m**2, Expectation(near, (x - m) ** 2)),
        minimum(log(t) + a / t, a),
        minimum(-t * exp(-t), S.One),
        LAW,
    ],
    ids=lambda v: v.latex()[:40],
)
def test_prover_and_numbers_agree_on_every_mutant(statement):
    changed = [mutant for _, mutant in mutants(statement)]
    assert len(changed) > 5
    for mutant in changed:
        refuted = worst(mutant, 6) > mpmath.mpf(10) ** -9
        assert refuted != provable(mutant)


D = ClassProbability("D", x)
odds = exp(Function("h", real=True)(x))
R = Joint("r", (x,))
THREE = RandomTables((P, Q, R))


@pytest.mark.parametrize(
    ("one", "other"), [(D, D.other), (1 / (1 + odds), odds / (1 + odds))], ids=["D", "a function"]
)
def test_a_mixture_with_weights_that_vary_is_no_density(one, other):
    """Its mass need not be 1: with p, q = (9, 1)/10, (1, 9)/10 and D = (1, 9)/10 it is 0.36."""
    mixture = one * P(x) + other * Q(x)
    for gap in (KL(mixture, R(x)), KL(R(x), mixture)):
        refusal(bound(gap, S.Zero, gap, THREE))
    constant = P(x) / 3 + 2 * Q(x) / 3
    assert bound(KL(constant, R(x)), S.Zero, KL(constant, R(x)), THREE).prove().premises == ()


@pytest.mark.parametrize("upper", [KL(P(x), Q(x)), Expectation(P(x), D)])
def test_a_lower_side_with_the_remainder_taken_off_needs_it_finite(upper):
    gap = KL(P(x), R(x))
    proof = bound(upper, upper - gap, gap, THREE).prove()
    assert len(proof.finite) == 1
    assert bound(upper - gap + gap, S.Zero, upper, THREE).prove().premises == ()
