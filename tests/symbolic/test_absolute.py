"""Maxima, minima and absolute values in one form, and their numbers."""

import mpmath
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Abs, Function, Max, Min, Rational, Symbol, log

from onekl.symbolic.absolute import without_max
from onekl.symbolic.algebra import Joint, SumOrIntegral
from onekl.symbolic.numeric import Assignment, compiled
from onekl.symbolic.sampling import on_tables
from provers import named

t, u, v, x = sympy.symbols("t u v x", real=True)
a = Symbol("a", positive=True)
P, Q = Joint("p", (x,)), Joint("q", (x,))
p, q = P(x), Q(x)
f = Function("f", real=True)(x)

EQUAL = [
    (Max(p - q, 0), Abs(p - q) / 2 + (p - q) / 2),
    (Max(p - q, 0), p - Min(p, q)),
    (Max(p, q) + Min(p, q), p + q),
    (Max(p, q) * Min(p, q), p * q),
    (Abs(p / q - 1) * q, Abs(q - p)),
    (Max(a * t, a * u), a * Max(t, u)),
    (Max(0, 1 - f) - Max(0, f - 1), 1 - f),
    (Max(0, 1 - f) + Max(0, 1 + f), 1 + (Abs(1 - f) + Abs(1 + f)) / 2),
    (Abs(t**2 - u**2), Abs(t - u) * Abs(t + u)),
    (Abs(2 * t - 2 * u), 2 * Abs(u - t)),
    (Abs((t - 1) / (u - 1)), Abs(1 - t) / Abs(1 - u)),
    (Abs(a * t - a * log(u**2 + 1)), a * Abs(log(1 + u**2) - t)),
    (1 / Abs(t - u), Abs(u - t) / (t - u) ** 2),
    (Max(t, -t), Abs(t)),
    (SumOrIntegral(Max(p - q, 0), (x,)), SumOrIntegral(Abs(q - p) / 2 + p / 2 - q / 2, (x,))),
]
DIFFERENT = [
    (Max(p - q, 0), Abs(p - q) / 2),
    (Max(p - q, 0), Max(q - p, 0)),
    (Max(p, q), Min(p, q)),
    (Max(0, 1 - f), Max(0, 1 + f)),
    (Abs(t - u), t - u),
    (Abs(t - u), Abs(t + u)),
    (Abs(t) * t, t**2),
    (Max(a * t, u), a * Max(t, u)),
]


def same(left, right):
    return sympy.expand(sympy.expand(without_max(left)) - sympy.expand(without_max(right))) == 0


@pytest.mark.parametrize(("left", "right"), EQUAL, ids=named)
def test_equal_expressions_have_one_form(left, right):
    assert left != right
    assert same(left, right)


@pytest.mark.parametrize(("left", "right"), DIFFERENT, ids=named)
def test_different_expressions_keep_apart(left, right):
    assert not same(left, right)


def test_what_is_not_seen_to_be_real_keeps_its_square():
    z = Symbol("z")
    assert without_max(Abs(z) ** 2) == Abs(z) ** 2
    assert without_max(Abs(a * z)) == a * Abs(z)


LETTERS = [t, u, v, t - u, 1 - t, t * u, 2 * v - 1]


@settings(max_examples=25)
@given(
    st.lists(st.sampled_from(LETTERS), min_size=1, max_size=2, unique=True),
    st.sampled_from([Max, Min]),
    st.tuples(*[st.fractions(-3, 3, max_denominator=7)] * 3),
)
def test_the_form_has_the_value_of_the_extreme(arguments, kind, numbers):
    expression = Abs(kind(*arguments, 0) - t) * kind(*arguments, Rational(1, 2))
    place = dict(zip((t, u, v), map(Rational, numbers)))
    assert without_max(expression).subs(place) == expression.subs(place)


def test_a_maximum_and_a_minimum_have_numbers_and_exact_values():
    instance = Assignment(values={t: mpmath.mpf(2), u: mpmath.mpf(-3)})
    assert compiled(Max(t, u, 1))(instance) == 2
    assert compiled(Min(t, u, 1))(instance) == -3
    half = Rational(1, 2)
    tables = {P: [half, half], Q: [Rational(1, 8), Rational(7, 8)]}
    assert on_tables(SumOrIntegral(Max(p - q, 0), (x,)), tables) == Rational(3, 8)
    assert on_tables(SumOrIntegral(Min(p, q), (x,)), tables) == Rational(5, 8)
