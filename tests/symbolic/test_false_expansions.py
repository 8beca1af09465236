"""False expansions: each is refused, gets the premise that it needs, or is refuted by numbers."""

from random import Random

import mpmath
import pytest
import sympy
from sympy import Abs, Derivative, Function, S, exp, log, sqrt

from onekl.claims.numbers import Disagreement, Trials
from onekl.symbolic.algebra import (
    KL,
    ClassProbability,
    Expectation,
    Gaussian,
    Joint,
    SumOrIntegral,
    kl_div,
)
from onekl.symbolic.limits import Expansion
from onekl.symbolic.numeric import Assignment
from onekl.symbolic.proof import NotProved
from onekl.symbolic.sampling import RandomParameters, RandomTables
from provers import named

x, y, b, mu = sympy.symbols("x y b mu", real=True)
t, p, xp = sympy.symbols("t p x_p", positive=True)
A, B = Joint("a", (x,)), Joint("b", (x,))
PAIR = RandomTables((A, B))
ranges = RandomParameters(((b, 0.5, 1), (mu, -1, 1), (p, 0.2, 0.8)))
f, g = Function("f", real=True), Function("g", real=True)
normal = Gaussian(x, 0, 1)


def expansion(expression, value, order=2, instances=ranges, symbol=t):
    return Expansion(instances, expression=expression, symbol=symbol, order=order, value=value)


def summed(integrand):
    return SumOrIntegral(integrand, (x,))


path = A(x) * (1 - t * f(x))
CLOSED = [
    expansion(sqrt(t), S.Zero, order=0),
    expansion(t ** sympy.Rational(5, 2), S.Zero),
    expansion(t * log(t), S.Zero, order=0),
    expansion((mu**2) ** sympy.Rational(3, 2), S.Zero, order=3, symbol=mu),
    expansion(sqrt(mu**2 + mu**4), mu, order=1, symbol=mu),
    expansion(1 / t, S.Zero),
    expansion(t**b, S.Zero, order=0),
    expansion(Abs(mu) * mu, S.Zero, order=2, symbol=mu),
    expansion(log(p + t), log(p) + t / p + t**2 / (2 * p**2)),
    expansion(
        log((p + t) / p), S.Zero, order=1
    ),  # the uniform density on (0, p): KL is of first order
    expansion(KL(Gaussian(x, mu, 1), Gaussian(x, mu - t, 1)), t**2),
]
POINTWISE = [
    expansion(summed(kl_div(A(x), path)), t**2 * summed(A(x) * f(x) ** 2), instances=PAIR),
    expansion(
        summed(kl_div(A(x), path)), t**2 * summed(A(x) * f(x) ** 2 / 2), order=3, instances=PAIR
    ),
    expansion(summed(kl_div(path, A(x))), -(t**2) * summed(A(x) * f(x) ** 2 / 2), instances=PAIR),
    expansion(
        summed(A(x) * log(A(x) / path)), t**2 * summed(A(x) * f(x) ** 2 / 2), instances=PAIR
    ),  # needs ∫ a f = 0
    expansion(summed(kl_div(A(x), path)), t**2 * summed(B(x) * f(x) ** 2 / 2), instances=PAIR),
]
NO_INTEGRAL = [
    expansion(
        f(x) * summed(A(x)) * t**2, t**2 * f(x) * summed(A(x)), instances=PAIR
    ),  # x is open and bound
    expansion(summed(g(x, t) * A(x)), summed(g(x, 0) * A(x)), instances=PAIR),  # g may move with t
    expansion(
        t**2 * summed(A(x) * Derivative(f(x), x)), t**2 * summed(A(x) * f(x)), instances=PAIR
    ),
    expansion(
        t**2 * summed(A(x) * ClassProbability("D", x)),
        t**2 * summed(A(x) * ClassProbability("D", x)),
        instances=PAIR,
    ),
    expansion(
        SumOrIntegral(Gaussian(xp, 0, 1) * xp * t**2, (xp,)),
        t**2 * SumOrIntegral(Gaussian(xp, 0, 1) * Abs(xp), (xp,)),
    ),
]


@pytest.mark.parametrize(
    "statement", [*CLOSED, *POINTWISE, *NO_INTEGRAL], ids=lambda s: str(s.expression)[:40]
)
def test_a_false_expansion_is_refused_in_one_line(statement):
    with pytest.raises(NotProved) as refusal:
        statement.prove()
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("captured, name", [((t,), "t"), ((x, y), "y")])
def test_a_variable_of_no_joint_is_refused_when_the_expansion_is_made(captured, name):
    total = SumOrIntegral(f(captured[-1]) * A(x), captured)
    with pytest.raises(ValueError, match=f"{name} is integrated over but belongs to no joint"):
        expansion(total, t**2 * summed(A(x)), instances=PAIR)


def test_a_density_that_may_vanish_beside_the_other_becomes_a_premise():
    """Where a vanishes and b does not, ∫ℰ(a, a + tb) is of first order."""
    moved = expansion(
        summed(kl_div(A(x), A(x) + t * B(x))), t**2 * summed(B(x) ** 2 / (2 * A(x))), instances=PAIR
    )
    assert "a(x) > 0" in moved.prove().premises
    assert (
        "a(x) > 0"
        not in expansion(
            summed(kl_div(A(x), path)), t**2 * summed(A(x) * f(x) ** 2 / 2), instances=PAIR
        )
        .prove()
        .premises
    )


def test_remainders_that_do_not_add_up_become_a_premise():
    """At each x the integrands agree to first order; the integral is infinite for every t > 0."""
    heavy = expansion(
        SumOrIntegral(normal * exp(t * x**4), (x,)),
        SumOrIntegral(normal * (1 + t * x**4), (x,)),
        order=1,
    )
    assert any("remainders" in premise for premise in heavy.prove().premises)


def test_the_numbers_refute_what_is_infinite_or_no_number():
    heavy = expansion(
        SumOrIntegral(normal * exp(t**2 * x**80), (x,)),
        SumOrIntegral(normal * (1 + t**2 * x**80), (x,)),
    )
    with pytest.raises(Disagreement, match="off by"):
        Trials(heavy, heavy.prove().imposed).numbers()
    infinite = expansion(
        summed(kl_div(A(x), t * B(x))), t**2 * summed(A(x)), order=2, instances=PAIR
    )
    violation = infinite.compile()
    assert max(violation(PAIR.draw(Random(index), index)) for index in range(11)) > 1


def test_no_number_is_a_violation():
    assert expansion(b, S.Zero).compile()(Assignment(values={b: mpmath.nan})) == mpmath.inf


def test_true_expansions_are_still_proved():
    expansion(t ** sympy.Rational(5, 2), S.Zero, order=1).prove()
    expansion(sqrt(p + t), sqrt(p) + t / (2 * sqrt(p)), order=1).prove()
    expansion((exp(t) - 1) / t, 1 + t / 2, order=1).prove()
    expansion(f(mu - t), f(mu) - t * Derivative(f(mu), mu), order=1).prove()
    expansion(Expectation(normal, (x + t) ** 2), 1 + t**2).prove()


NO_WHOLE_POWERS = [
    expansion(t**t, S.One, order=0),
    expansion(t**t, 1 + t * log(t), order=1),
    expansion(f(sqrt(t)), f(S.Zero), order=0),
    expansion(f(Abs(mu)), f(S.Zero), order=0, symbol=mu),
]


@pytest.mark.parametrize("statement", NO_WHOLE_POWERS, ids=named)
def test_no_whole_powers_no_expansion(statement):
    with pytest.raises(NotProved):
        statement.prove()


@pytest.mark.parametrize(
    "statement",
    [
        expansion(sqrt(b**2 + mu**2), Abs(b), order=1, symbol=mu),
        expansion(log(b**2 + t), log(b**2), order=0),
    ],
)
def test_a_root_or_a_logarithm_of_what_may_be_0_gets_the_premise(statement):
    assert any(r"\neq 0" in premise for premise in statement.prove().premises)


def test_an_unknown_function_has_to_be_smooth():
    proof = expansion(f(t), f(S.Zero), order=0).prove()
    assert any("times continuously differentiable" in premise for premise in proof.premises)
