"""The lines for optima: an identity with ℰ, a bound, and a slope that changes its sign at them."""

from dataclasses import replace

import mpmath
import pytest
import sympy
from sympy import Add, Rational, S, log, symbols

from onekl.symbolic.algebra import (
    KL,
    ClassProbability,
    Expectation,
    Gaussian,
    Joint,
    LabelledJoint,
    SumOrIntegral,
    kl_div,
)
from onekl.symbolic.counterexample import Counterexample
from onekl.symbolic.instance import Instance, table_of
from onekl.symbolic.lines.concrete import least_lines
from onekl.symbolic.lines.line import AT_LEAST, START, require_rules
from onekl.symbolic.lines.optimum import VALUE, density_lines, discriminator_lines
from onekl.symbolic.lines.written import plain
from onekl.symbolic.numeric import Assignment, compiled
from onekl.symbolic.optima.minimum import Minimum
from onekl.symbolic.proof import NotProved
from onekl.symbolic.sampling import RandomParameters, RandomTables
from onekl.symbolic.statements import Identity

x, y = symbols("x y", real=True)
a, u, tau = symbols("a u tau", positive=True)
P, Q = Joint("p", (x,)), Joint("q", (x,))
p, q = P(x), Q(x)
D = ClassProbability("D", x)
loss = Add(Expectation(p, -log(D)), Expectation(q, -log(D.other)), evaluate=False)
best = p / (p + q)


def test_the_loss_is_its_least_value_and_two_divergences():
    lines = discriminator_lines(loss, D, best)
    require_rules(lines)
    (bound,) = (line for line in lines if line.sign == AT_LEAST)
    before = lines[lines.index(bound) - 1].expression
    dropped = [t for t in before.args if t not in bound.expression.args]
    assert list(map(plain, dropped)) == [
        SumOrIntegral(kl_div(p, D * (p + q)), (x,)),
        SumOrIntegral(kl_div(q, D.other * (p + q)), (x,)),
    ]


def test_the_lines_hold_where_d_is_0_or_1_and_densities_vanish():
    tables = {"p": {(0,): 0, (1,): 1, (2,): 0}, "q": {(0,): mpmath.mpf(1) / 2, (1,): 0, (2,): 0}}
    tables["q"][2,] = mpmath.mpf(1) / 2
    axes = {"p": (x,), "q": (x,)}
    for values in ((0, 1, 0), (1, 0, 0.5), (0, 1, 1)):
        chances = dict(zip(range(3), map(mpmath.mpf, values)))
        instance = _WithD({x: 3}, tables, axes, functions=None)
        instance.chances = chances
        lines = discriminator_lines(loss, D, best)
        first = lines[: next(k for k, ln in enumerate(lines) if k and ln.sign == START)]
        numbers = [compiled(line.expression)(instance) for line in first]
        equal, least = numbers[:-1], numbers[-1]
        assert all(n == equal[0] or abs(n - equal[0]) < 1e-20 for n in equal)
        assert equal[0] >= least


class _WithD(Assignment):
    """An instance with given values of D."""

    def class_probability(self, outcome_one, point):
        return self.chances[point[0]]


def test_the_slope_at_a_point_is_0_at_the_optimum_alone():
    *_, fraction = discriminator_lines(loss, D, best)
    above, below = sympy.fraction(fraction.expression)
    assert sympy.solve(above, VALUE) == [best]
    assert sympy.expand(below - VALUE * (1 - VALUE)) == 0


def test_a_labelled_kl_ends_at_a_kl_of_the_mixture():
    share = ClassProbability("s", ())
    first = LabelledJoint(y, share * p, share.other * q)
    second = LabelledJoint(y, D * p, D.other * p)
    whole = share * p + share.other * q
    lines = discriminator_lines(KL(first, second), D, share * p / whole)
    require_rules(lines)
    last = [line for line in lines if isinstance(line.expression, KL)][-1]
    assert last.expression == KL(whole, p)


@pytest.mark.parametrize("wrong", [q / (p + q), p / (2 * p + q), p / (p + q) / 2, S.Half])
def test_another_optimum_has_no_lines(wrong):
    with pytest.raises(NotProved):
        discriminator_lines(loss, D, wrong)


def test_another_loss_has_no_lines():
    squares = Expectation(p, D**2) + Expectation(q, D.other**2)
    with pytest.raises(NotProved, match="logarithm"):
        discriminator_lines(squares, D, best)


def test_the_best_density_is_found_by_a_kl():
    functional = SumOrIntegral(p * log(q), (x,))
    lines = density_lines(functional, q, p)
    require_rules(lines)
    assert lines[-2].expression.has(KL(p, q)) and lines[-1].sign == AT_LEAST
    with pytest.raises(NotProved):
        density_lines(functional, q, q)
    with pytest.raises(NotProved):
        density_lines(SumOrIntegral(p * q, (x,)), q, p)


def test_a_least_value_has_a_slope_with_one_factor_that_changes_its_sign():
    lines = least_lines(u - a * log(u), u, a)
    require_rules(lines)
    last = lines[-1].expression
    assert last.subs(u, a) == 0 and (last / (u - a)).is_positive
    with pytest.raises(NotProved, match="slope"):
        least_lines(u - a * log(u), u, 2 * a)
    with pytest.raises(NotProved, match="slope"):
        least_lines(a * log(u) - u, u, a)


# Counterexamples.


def counterexample(left, right, at, tables=(P,)):
    instances = RandomTables(tables) if tables else RandomParameters(())
    return Counterexample(instances, of=Identity(instances, left=left, right=right), at=(at,))


def test_a_side_is_spelled_out_letter_by_letter_without_its_zeros():
    third = Rational(1, 3)
    at = Instance(tables=((P, [third, 0, 1 - third]),))
    lines = counterexample(SumOrIntegral(p**2, (x,)), S.One, at).derivation()
    require_rules(lines)
    assert [line.expression for line in lines[1:]] == [
        Add(Rational(1, 9), Rational(4, 9), evaluate=False),
        Rational(5, 9),
    ]


def test_a_long_sum_is_told_by_its_number_alone():
    at = Instance(tables=((P, [Rational(1, 8)] * 8),))
    lines = counterexample(SumOrIntegral(p**2, (x,)), S.One, at).derivation()
    assert [line.expression for line in lines[1:]] == [Rational(1, 8)]


def test_functions_of_letters_are_told_with_the_tables():
    f = sympy.Function("f", nonnegative=True)(x)
    at = Instance(tables=((P, [S.Half, S.Half]),), functions=(table_of("f", 1, 3),))
    lines = counterexample(Expectation(p, f), S.One, at).derivation()
    require_rules(lines)
    assert {use.left for use in lines[1].uses} == {p, f}
    wrong = Instance(tables=((P, [S.Half, S.Half]),), functions=(table_of("f", 1, 5),))
    other = counterexample(Expectation(p, f), S.One, wrong).derivation()
    assert other[-1].expression == 3 != lines[-1].expression


def test_a_value_that_is_not_the_instances_does_not_follow():
    at = Instance(tables=((P, [S.Half, S.Half]),))
    start, *rest = counterexample(SumOrIntegral(p**2, (x,)), S.One, at).derivation()
    other = counterexample(
        SumOrIntegral(p**2, (x,)), S.One, Instance(tables=((P, [S.One, S.Zero]),))
    ).derivation()
    with pytest.raises(NotProved, match="^line 2"):
        require_rules((start, replace(other[1], uses=rest[0].uses)))


def test_a_minimum_of_an_integral_is_taken_without_it():
    bell = Gaussian(x, 0, tau)
    ranges = RandomParameters(((a, 0.3, 2), (tau, 0.3, 2)))
    expression = Add(Expectation(bell, x**2), -a * log(tau), evaluate=False)
    lines = Minimum(ranges, expression=expression, symbol=tau, at=a).derivation()
    require_rules(lines)
    assert lines[1].rule == "a Gaussian's moments"
