"""The small words over a line: what a reader needs to do the step by hand, and nothing that is not
so."""

import re

import pytest
from sympy import Add, Derivative, Function, Mul, Rational, Symbol, log, symbols

from onekl.chapters import claim, stated_claims
from onekl.symbolic.algebra import ClassProbability, Gaussian, SumOrIntegral
from onekl.symbolic.lines.display import WIDEST, display, width
from onekl.symbolic.lines.line import START, Line
from onekl.symbolic.lines.printer import LinePrinter
from onekl.symbolic.lines.rules import EQUATION, INTEGRATES_TO_1, TWO_LABELS
from onekl.symbolic.lines.words import FORMULAS, SURPRISE, opening, words
from onekl.symbolic.premises import Equal


def told(statement, rule):
    """The name and the pieces of each line with this rule."""
    lines, printer = statement.derivation(), LinePrinter()
    return [
        words(before.expression, line, printer)
        for before, line in zip(lines, lines[1:])
        if line.rule == rule
    ]


def test_it_is_said_which_density_integrates_to_1_and_over_what():
    ((_, pieces),) = told(claim("su-4").statements[0], INTEGRATES_TO_1)
    assert pieces == (r"\int p(z|x) \,dz = 1",)


def test_a_joint_density_integrates_to_its_marginal():
    pieces = [p for _, p in told(claim("su-25").statements[0], INTEGRATES_TO_1)]
    assert pieces == [(r"\int q(z|x) \,dz = 1",)]
    found = {p for one in stated_claims().values() for s in one.statements
             for _, ps in told(s, INTEGRATES_TO_1) for p in ps}  # fmt: skip
    assert r"\int q(x, z) \,dz = q(x)" in found


def steps_by_densities():
    for one in stated_claims().values():
        for number, statement in enumerate((*one.statements, *one.also)):
            if any(line.rule == INTEGRATES_TO_1 for line in statement.derivation()):
                yield pytest.param(statement, id=f"{one.id}-{number}")


@pytest.mark.parametrize("statement", list(steps_by_densities()))
def test_each_step_by_densities_says_which(statement):
    assert all(pieces for _, pieces in told(statement, INTEGRATES_TO_1))


def test_the_labels_whose_chances_are_needed_are_named_and_no_others():
    ((_, pieces),) = told(claim("su-13").also[0], TWO_LABELS)
    assert pieces == ("D(x) + (1 - D(x)) = 1",)
    ((_, pieces),) = told(claim("su-15").statements[-1], TWO_LABELS)
    assert pieces == ("p_1 + p_0 = 1",)


def test_what_is_defined_is_named_and_a_formula_is_told_once():
    shown = display(claim("su-18").statements[0].derivation())
    assert r"\text{definition}\text{ of }\mathbb{E}}" in shown
    assert r"\text{definition}\text{ of }\mathbb{E}\text{ and }\mathcal{E}" in shown
    assert shown.count(SURPRISE) == 1
    moments = FORMULAS["a Gaussian's moments"]
    assert display(claim("sn-9").statements[0].derivation()).count(moments) == 1


def test_an_equation_for_d_is_told_with_its_odds_where_d_is_kept():
    ((_, pieces),) = told(claim("su-40").statements[0], EQUATION)
    best, odds, cancels = pieces
    assert best.startswith("D(x, z) = ")
    left, right = r"(1 - D(x, z)) p^{o}(z|x) \tilde{p}(x)", "D(x, z) q^{o}(x|z) q(z)"
    assert odds == rf"\text{{so }}{left} = {right}"
    assert "cancels" in cancels
    x = Symbol("x", real=True)
    D, f = ClassProbability("D", x), Function("f", nonnegative=True)(x)
    plainly = Line(
        SumOrIntegral(Mul(f, log(Rational(1, 3), evaluate=False)), (x,)),
        EQUATION,
        uses=(Equal(D, Rational(1, 3)),),
    )
    _, pieces = words(SumOrIntegral(f * log(D), (x,)), plainly, LinePrinter())
    assert pieces == (r"D(x) = \frac{1}{3}",)


def test_a_bound_says_what_is_never_negative_and_an_expansion_its_order():
    assert r"\mathrm{KL} \geq 0" in display(claim("su-4").statements[-1].derivation())
    shown = display(claim("su-22").statements[0].derivation())
    assert shown.count(r"\text{Taylor}\text{ up to order }2\text{ in }\Delta\theta") == 2
    assert shown.count(r"\mathcal{E}(a, b) \approx") == 1


def test_a_further_chain_is_set_off_and_says_what_it_is():
    shown = display(claim("su-18").statements[0].derivation())
    assert shown.count(r"\\[1em]") == 1
    assert r"\text{the slope in }D\text{ of what is integrated, at one point:}" in shown
    t, u = symbols("t u")
    assert opening(Derivative(t**2, (t, 2), evaluate=False)).endswith(r" in }t\text{:}")
    assert "second" in opening(Derivative(t**2, (t, 2), evaluate=False))
    assert opening(t * u) == ""
    assert r"\\[1em]" not in display((Line(t, sign=START), Line(Add(t, 0), "arithmetic")))


def test_the_words_of_an_instance_are_broken():
    shown = display(claim("su-t13").refuted[0].derivation())
    small = [row for row in re.split(r"\\\\(?:\[1em\])? ", shown) if r"\small" in row]
    assert max(map(width, small)) <= WIDEST


def test_a_derivative_stands_last_in_a_product():
    z, mu = symbols("z mu", real=True)
    f = Function("f")(z)
    slope = Derivative(Gaussian(z, mu, 1), mu)
    shown = LinePrinter().doprint(Mul(slope, f, evaluate=False))
    assert shown == r"f(z) \frac{\partial}{\partial \mu} \mathcal{N}(z; \mu, 1)"
