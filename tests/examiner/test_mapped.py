"""Laws of images on arrays: the same numbers as with 30 digits, and a wrong map is seen."""

import mpmath
import numpy as np
import pytest
import sympy
from sympy import Function, log

from onekl.chapters import claim
from onekl.claims.numbers import Trials
from onekl.examiner.bounded import NoRule
from onekl.examiner.draw import draw
from onekl.examiner.high_precision import WrongLine
from onekl.examiner.vectors import Examiner
from onekl.symbolic.algebra import KL, Entropy, Expectation, Gaussian, Joint, SumOrIntegral
from onekl.symbolic.lines.line import Line
from onekl.symbolic.lines.written import product
from onekl.symbolic.maps.change_of_variables import ChangeOfVariables
from onekl.symbolic.maps.real_densities import RandomDensities
from onekl.symbolic.maps.smooth_map import SmoothMap, image, unknown_map
from onekl.symbolic.numeric import DIGITS

x, z, w = sympy.symbols("x z w", real=True)
mu, sigma = Function("mu", real=True)(w), Function("sigma", positive=True)(w)
P, Q = Joint("p", (w, z)), Joint("q", (w, z))
code, other = P(z, given=w), Q(z, given=w)
LINE = RandomDensities((P, Q), coordinates=(x, z))
ANY = RandomDensities((P, Q), points=(x, z), bijections=("g",))
affine = SmoothMap([z], [x], [(z - mu) / sigma], [mu + sigma * x], -log(sigma))
g = unknown_map("g", z, x)


def divergence(smooth, instances, first=code, second=other):
    left = Expectation(P(w), KL(image("a", first, smooth), image("b", second, smooth)))
    return ChangeOfVariables(
        instances, claimed=smooth, left=left, right=Expectation(P(w), KL(first, second))
    )


STATEMENTS = {
    "affine": divergence(affine, LINE),
    "any map": divergence(g, ANY),
    "the chapter's": claim("avb-8").statements[0],
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_the_arrays_agree_with_30_digits_and_with_the_statement(name):
    statement = STATEMENTS[name].plain()
    (batch,) = draw(statement.instances, 40)
    left, right = (Examiner(batch)(side) for side in (statement.left, statement.right))
    assert (abs(left.value - right.value) <= left.error + right.error).all()
    assert (left.error < 1e-9).all()
    with mpmath.workdps(DIGITS):
        violation = statement.compile()
        for k in range(3):
            assert violation(batch.assignment(k)) < 1e-20
    assert Trials(STATEMENTS[name], ()).numbers().tried == 1000


@pytest.mark.parametrize(
    "wrong",
    [
        SmoothMap([z], [x], [(z - mu) / sigma], [mu + sigma * x], log(sigma)),
        SmoothMap([z], [x], [(z - mu) / sigma], [mu - sigma * x], -log(sigma)),
    ],
    ids=["determinant upside down", "sign of the inverse"],
)
def test_a_wrong_map_is_seen_by_the_arrays(wrong):
    """The mass of the law of the image is not 1, or its mean is another one."""
    law = image("a", code, wrong)
    (batch,) = draw(LINE, 40)
    mass, mean = (
        Examiner(batch)(Expectation(P(w), SumOrIntegral(product(law, value), (x,))))
        for value in (sympy.S.One, x)
    )
    true = Examiner(batch)(Expectation(P(w), SumOrIntegral(code * (z - mu) / sigma, (z,))))
    off = np.maximum(abs(mass.value - 1), abs(mean.value - true.value)).reshape(-1)
    assert (off > 1e-3).all()


def test_a_wrong_line_of_a_derivation_is_refused_on_arrays():
    statement = STATEMENTS["affine"]
    lined, lines = Trials(statement, ()).lined(), statement.derivation()
    assert lined.require(lines).pairs == len(lines) - 1
    for k, line in enumerate(lines[1:], 1):
        doubled = Line(product(2, line.expression), line.rule, uses=line.uses)
        with pytest.raises(WrongLine, match=f"line {k + 1} "):
            lined.require((*lines[:k], doubled))


def test_the_entropy_of_an_image_has_the_log_determinant():
    (batch,) = draw(LINE, 40)
    of_image = Examiner(batch)(Expectation(P(w), Entropy(image("a", code, affine))))
    of_code = Examiner(batch)(Expectation(P(w), Entropy(code) - log(sigma)))
    assert (abs(of_image.value - of_code.value) < 1e-10).all()


def test_a_gaussian_at_a_real_number_and_its_law_are_one():
    """N(x; 0, 1) at x = (z − μ)/σ is σ N(z; μ, σ²)."""
    (batch,) = draw(LINE, 40)
    value = Examiner(batch)
    law = image("a", code, affine)
    standard = Expectation(P(w), Expectation(law, log(Gaussian(x, 0, 1))))
    scaled = Expectation(P(w), Expectation(code, log(sigma) + log(Gaussian(z, mu, sigma**2))))
    assert (abs(value(standard).value - value(scaled).value) < 1e-10).all()


def test_what_has_no_rule_is_left_to_30_digits():
    z1, z2, x1, x2 = sympy.symbols("z1 z2 x1 x2", real=True)
    pair = Joint("p", (z1, z2))
    plane = RandomDensities((pair,), coordinates=(x1, x2, z1, z2))
    swap = SmoothMap([z1, z2], [x1, x2], [z2, z1], [x2, x1], 0)
    law = image("a", pair(z1, z2), swap)
    (batch,) = draw(plane, 4)
    with pytest.raises(NoRule, match="more than one variable"):
        Examiner(batch)(Entropy(law))
    (batch,) = draw(LINE, 4)
    with pytest.raises(NoRule, match="real numbers"):
        Examiner(batch)(Expectation(P(w), Expectation(code, Function("f", real=True)(z))))
