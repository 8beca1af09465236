"""The rules on the real line, on vectors, on small steps and at instances: what each leads to."""

from dataclasses import replace

import pytest
import sympy
from sympy import Add, Derivative, Rational, S, exp, log, oo, symbols

from onekl.symbolic import counterexample  # noqa: F401  registers all rules of these kinds
from onekl.symbolic.algebra import KL, Expectation, Gaussian, Joint, SumOrIntegral
from onekl.symbolic.lines import concentration, second_order, small_steps  # noqa: F401
from onekl.symbolic.lines.concrete import concrete_lines
from onekl.symbolic.lines.gaussians import about_the_means
from onekl.symbolic.lines.line import (
    AT_LEAST,
    EQUAL,
    RULES,
    TENDS,
    UP_TO_ORDER,
    Line,
    require_rules,
)
from onekl.symbolic.lines.vectors import VECTOR_STEPS
from onekl.symbolic.lines.written import alike, product, ratio, replaced, total
from onekl.symbolic.premises import Equal
from onekl.symbolic.proof import NotProved
from onekl.symbolic.vectors.algebra import SquaredNorm, Vector
from onekl.symbolic.vectors.normal import VectorGaussian

OWN = (
    "arithmetic",
    "logarithms of numbers",
    "a Gaussian's formula",
    "log of a Gaussian",
    "a Gaussian's moments",
    "KL of two Gaussians",
    "derivative",
    "limit",
    "change of variables",
    "completing the square",
    "the slope changes its sign once",
    "positive terms dropped",
    "put in",
    "a density that both sides share",
    "independent coordinates",
    "a norm by its coordinates",
    "substitution",
    "dominated convergence",
    "derivative under the mean",
    "continuity",
    "Taylor",
    "at the instance",
    "integrated over the line",
)
x, z, mu, v = symbols("x z mu v", real=True)
a, b, t, s = symbols("a b t s", positive=True)
bell, standard = Gaussian(z, mu, s**2), Gaussian(z, 0, 1)


def leads(before, after, rule, **fields):
    return RULES[rule].leads(before, Line(sympy.sympify(after), rule, **fields))


@pytest.mark.parametrize("name", OWN)
def test_a_rules_example_leads_and_a_changed_one_does_not(name):
    before, line = RULES[name].example
    assert RULES[name].leads(before, line)
    for changed in (product(2, line.expression), Add(line.expression, 1, evaluate=False)):
        assert not RULES[name].leads(before, replace(line, expression=changed))


@pytest.mark.parametrize("name", OWN)
def test_a_rule_has_one_sign(name):
    before, line = RULES[name].example
    for sign in {EQUAL, AT_LEAST, TENDS, UP_TO_ORDER} - {line.sign}:
        other = replace(line, sign=sign, symbol=t, point=S.Zero, order=1)
        assert not RULES[name].leads(before, other)


def test_only_what_is_continuous_tends_to_its_value():
    fields = {"sign": TENDS, "symbol": t, "point": S.Zero}
    assert leads(a + b * t, a, "continuity", **fields)
    assert not leads(sympy.sign(t) + a, a, "continuity", **fields)
    assert not leads(a / t, a, "continuity", **fields)


@pytest.mark.parametrize("name", OWN)
def test_a_rules_premise_is_said(name):
    assert RULES[name].premise


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("other", ("arithmetic", "a Gaussian's moments", "derivative", "limit"))
def test_no_other_rule_leads_to_a_rules_example(name, other):
    before, line = RULES[name].example
    # To complete a square is arithmetic, told by what it is for.
    if name != other and (name, other) != ("completing the square", "arithmetic"):
        assert not RULES[other].leads(before, line)


# (before, after, the rule that leads there, one that does not)
EQUAL_VALUES = [
    (Expectation(bell, z**2), mu**2 + s**2, "a Gaussian's moments", "arithmetic"),
    ((a + b) ** 2, a**2 + 2 * a * b + b**2, "arithmetic", "a Gaussian's moments"),
    (log(a * b), log(a) + log(b), "logarithms of numbers", "arithmetic"),
    (log(a * exp(v)), log(a) + v, "logarithms of numbers", "log of a Gaussian"),
    (Derivative(t**2, t), 2 * t, "derivative", "arithmetic"),
    (
        KL(bell, standard),
        (mu**2 + s**2 - 2 * log(s) - 1) / 2,
        "KL of two Gaussians",
        "a Gaussian's moments",
    ),
    (bell, bell.formula(), "a Gaussian's formula", "arithmetic"),
    (
        SumOrIntegral(exp(-(x**2)), (x,)),
        sympy.sqrt(sympy.pi),
        "integrated over the line",
        "a Gaussian's moments",
    ),
]


@pytest.mark.parametrize("before, after, rule, other", EQUAL_VALUES)
def test_equal_values_are_not_enough_for_any_rule(before, after, rule, other):
    assert leads(before, after, rule)
    assert not leads(before, after, other)


def test_arithmetic_does_not_cancel_what_may_be_0():
    p, q = Joint("p", (x,))(x), Joint("q", (x,))(x)
    fraction = ratio(product(p, q), p)
    assert not leads(fraction, q, "arithmetic")
    assert leads(ratio(product(a, b), a), b, "arithmetic")


FALSE = [
    (Expectation(bell, z**2), mu**2 + s, "a Gaussian's moments"),  # the square lost
    (Expectation(bell, (z - mu) ** 4), s**4, "a Gaussian's moments"),  # 3 σ⁴
    (log(bell), -((z - mu) ** 2) / s**2 - log(2 * sympy.pi * s**2) / 2, "log of a Gaussian"),
    (log(a + b), log(a) + log(b), "logarithms of numbers"),
    (log(v**2), 2 * log(v), "logarithms of numbers"),  # v may be negative
    (Derivative(bell, mu), (mu - z) / s**2 * bell, "derivative"),
    (KL(bell, standard), (mu**2 + s**2 - log(s) - 1) / 2, "KL of two Gaussians"),
]


@pytest.mark.parametrize("before, after, rule", FALSE)
def test_a_false_line_does_not_follow(before, after, rule):
    assert not leads(before, after, rule)


def test_a_limit_from_above_may_be_infinite_and_is_no_other():
    for value, holds in ((oo, True), (-oo, False), (S.Zero, False)):
        assert leads(-log(t), value, "limit", sign=TENDS, symbol=t, point=S.Zero) == holds


def test_a_least_value_needs_a_slope_that_rises_through_0():
    uses = (Equal(t, a),)
    rule = "the slope changes its sign once"
    bowl, hill = (t - a) ** 2 + b, b - (t - a) ** 2
    assert leads(bowl, b, rule, sign=AT_LEAST, uses=uses)
    assert not leads(hill, b, rule, sign=AT_LEAST, uses=uses)
    assert not leads((t - a) ** 3 + b, b, rule, sign=AT_LEAST, uses=uses)


def test_only_what_is_never_negative_is_dropped():
    rule = "positive terms dropped"
    assert leads(x + log(1 + a), x, rule, sign=AT_LEAST)
    assert leads(x + v**2, x, rule, sign=AT_LEAST)
    assert not leads(x + v, x, rule, sign=AT_LEAST)
    assert not leads(x + log(a), x, rule, sign=AT_LEAST)


def test_a_change_of_variables_keeps_the_slope_and_its_sign():
    f = sympy.Function("f", real=True)
    source = SumOrIntegral(f(a * x + b) * Gaussian(x, 0, 1), (x,))
    there = SumOrIntegral(f(z) * Gaussian((z - b) / a, 0, 1) / a, (z,))
    without_slope = SumOrIntegral(f(z) * Gaussian((z - b) / a, 0, 1), (z,))
    rule, uses = "change of variables", (Equal(z, a * x + b),)
    assert leads(source, there, rule, uses=uses)
    assert not leads(source, without_slope, rule, uses=uses)
    falling = SumOrIntegral(f(b - a * x) * Gaussian(x, 0, 1), (x,))
    moved = SumOrIntegral(f(z) * Gaussian((b - z) / a, 0, 1) / -a, (z,))
    assert not leads(falling, moved, rule, uses=(Equal(z, b - a * x),))


def test_values_that_do_not_occur_are_not_put_in():
    assert leads(x * a, 3 * a, "put in", uses=(Equal(x, S(3)),))
    assert not leads(x * a, x * a, "put in", uses=(Equal(z, S(3)),))
    assert not leads(x * a, 3 * a, "put in")


def test_an_instance_says_what_its_tables_are():
    p = Joint("p", (x,))(x)
    table = sympy.Array([Rational(1, 3), Rational(2, 3)])
    rule, uses = "at the instance", (Equal(p, table),)
    assert leads(SumOrIntegral(p**2, (x,)), Rational(5, 9), rule, uses=uses)
    assert not leads(SumOrIntegral(p**2, (x,)), Rational(4, 9), rule, uses=uses)
    assert not leads(SumOrIntegral(p**2, (x,)), Rational(5, 9), rule)


def test_a_kl_of_vectors_is_taken_coordinate_by_coordinate():
    d = sympy.Symbol("d", integer=True, positive=True)
    one, other = Vector("x", d), Vector("y", d)
    kl = KL(VectorGaussian(one, 0, s**2), VectorGaussian(one, other, s**2))
    half = SquaredNorm(other) / (2 * s**2)
    lines = concrete_lines(kl, half, steps=VECTOR_STEPS)
    require_rules(lines)
    assert [line.rule for line in lines[1:3]] == ["independent coordinates", "KL of two Gaussians"]
    twice = SquaredNorm(other) / s**2
    with pytest.raises(NotProved, match="do not meet"):
        concrete_lines(kl, twice, steps=VECTOR_STEPS)


# Walks.


def test_a_false_identity_has_no_lines():
    with pytest.raises(NotProved, match="do not meet"):
        concrete_lines(KL(bell, standard), (mu**2 + s**2 - log(s**2)) / 2)


def test_a_polynomial_is_written_about_the_mean_before_its_mean_is_taken():
    lines = concrete_lines(Expectation(bell, (a * z + b) ** 2), (a * mu + b) ** 2 + a**2 * s**2)
    require_rules(lines)
    assert [line.rule for line in lines[1:]] == ["arithmetic", "a Gaussian's moments"]
    assert lines[1].expression.has((z - mu) ** 2)


def test_higher_moments_are_taken():
    lines = concrete_lines(Expectation(bell, (z - mu) ** 4), 3 * s**4)
    require_rules(lines)


@pytest.mark.parametrize("known", [z, z**2 + z, 3 * (z - mu) ** 2, product(S(2), z**2 + z)])
def test_what_is_a_known_moment_is_not_written_about_the_mean(known):
    mean = Expectation(bell, known)
    assert about_the_means(mean) == mean
    other = Expectation(bell, product(S(2), z**3 + z))
    assert about_the_means(other) != other


# What is written stays as it is written.


def test_a_replaced_part_leaves_the_order_and_what_could_cancel():
    fraction = ratio(a, a)
    written = total(b, product(2, fraction), a)
    new = replaced(written, lambda part: t if part == b else None)
    assert new.args[0] == t and new.args[2] == a
    assert new.args[1] == product(2, fraction) != 2


def test_expressions_are_alike_by_order_and_brackets_alone():
    nested = Add(a, Add(b, t, evaluate=False), evaluate=False)
    assert alike(nested, total(t, b, a))
    assert not alike(ratio(a * b, a), b)
    assert not alike(log(ratio(S.One, a), evaluate=False), -log(a))
