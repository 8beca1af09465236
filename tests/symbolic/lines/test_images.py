"""The rule for integrals over an image: it leads to z, and to nothing else."""

from dataclasses import replace

import pytest
import sympy
from sympy import Function, log

from onekl.symbolic.algebra import KL, Entropy, Expectation, Gaussian, Joint, SumOrIntegral
from onekl.symbolic.lines.images import LAW_OF_AN_IMAGE, image_lines, in_source
from onekl.symbolic.lines.line import Line, require_rules
from onekl.symbolic.lines.written import product
from onekl.symbolic.maps.smooth_map import SmoothMap, image, unknown_map
from onekl.symbolic.proof import NotProved

x, z = sympy.symbols("x z", real=True)
P, Q = Joint("p", (z,)), Joint("q", (z,))
f = Function("f", real=True)
sigma = sympy.Symbol("sigma", positive=True)
scaled = SmoothMap([z], [x], [z / sigma], [sigma * x], -log(sigma))
g = unknown_map("g", z, x)
law = image("a", P(z), scaled)
before = SumOrIntegral(product(law, f(x)), (x,))
after = SumOrIntegral(product(P(z), f(z / sigma)), (z,))


def test_the_mean_of_a_function_of_x_is_one_of_z():
    assert in_source(before) == after
    assert LAW_OF_AN_IMAGE.leads(before, Line(after, LAW_OF_AN_IMAGE.name))


@pytest.mark.parametrize(
    "wrong",
    [
        SumOrIntegral(product(P(z), f(z)), (z,)),
        SumOrIntegral(product(Q(z), f(z / sigma)), (z,)),
        SumOrIntegral(product(sigma, P(z), f(z / sigma)), (z,)),
        before,
    ],
    ids=["f at z", "another density", "a determinant too many", "nothing done"],
)
def test_the_rule_leads_nowhere_else(wrong):
    assert not LAW_OF_AN_IMAGE.leads(before, Line(wrong, LAW_OF_AN_IMAGE.name))


def test_in_a_logarithm_the_law_has_its_determinant():
    surprise = SumOrIntegral(product(law, log(law, evaluate=False)), (x,))
    wanted = SumOrIntegral(product(P(z), log(product(P(z), sigma), evaluate=False)), (z,))
    assert in_source(surprise) == wanted


@pytest.mark.parametrize(
    "smooth, second, right",
    [
        (g, image("b", Q(z), g), Q(z)),
        (scaled, image("b", Q(z), scaled), Q(z)),
        (scaled, Gaussian(x, 0, 1), Gaussian(z, 0, sigma**2)),
    ],
    ids=["any map", "scaled", "a Gaussian"],
)
def test_the_lines_from_one_divergence_to_the_other(smooth, second, right):
    lines = image_lines(KL(image("a", P(z), smooth), second), KL(P(z), right))
    require_rules(lines)
    with pytest.raises(NotProved, match="line 3"):
        require_rules(tuple(replace(one, expression=2 * one.expression) if k == 2 else one
                            for k, one in enumerate(lines)))  # fmt: skip


def test_what_is_no_divergence_has_no_lines_of_this_kind():
    with pytest.raises(NotProved, match="write them by hand"):
        image_lines(Entropy(law), Expectation(P(z), -log(P(z))))
