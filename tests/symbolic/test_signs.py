"""Signs that are seen: of functions on intervals, of coordinates, of remainders, of infinities."""

import pytest
import sympy
from sympy import Function, S, Symbol, exp, log, oo, pi, sqrt, symbols

from onekl.symbolic.algebra import KL, Gaussian
from onekl.symbolic.limits import Expansion, Limit
from onekl.symbolic.proof import NotProved
from onekl.symbolic.sampling import RandomParameters
from onekl.symbolic.sign_on_interval import Between, Sign, direct_sign, sign_on, strict_sign
from onekl.symbolic.slack import equality_case
from onekl.symbolic.vectors.algebra import INDEX, NonzeroVector, PositiveVector, Vector, ZeroVector
from provers import named, refusal

x, z, b, u = symbols("x z b u", real=True)
t, s = symbols("t s", positive=True)
NONE = RandomParameters(())
POSITIVE = (Between(t, S.Zero, oo),)
BOTH = (Between(t, S.Zero, oo), Between(s, S.Zero, oo))
LINE = (Between(u, -oo, oo),)
PLANE = (*LINE, Between(x, -oo, oo))


@pytest.mark.parametrize(
    "function, box, sign, strict",
    [
        ((pi - 3) * t, POSITIVE, Sign.POSITIVE, 1),
        ((3 - pi) * t, POSITIVE, Sign.UNKNOWN, -1),
        ((1 - sqrt(2)) * t, POSITIVE, Sign.UNKNOWN, -1),
        (S(2), POSITIVE, Sign.POSITIVE, 1),
        (S.Zero, POSITIVE, Sign.NONNEGATIVE, 0),
        (-S.One, POSITIVE, Sign.UNKNOWN, -1),
        (1 + t, POSITIVE, Sign.POSITIVE, 1),
        (1 / (1 + t), POSITIVE, Sign.POSITIVE, 1),
        (-t / (1 + t) ** 2, POSITIVE, Sign.UNKNOWN, -1),
        (t - 1, POSITIVE, Sign.UNKNOWN, 0),
        ((t - 1) ** 2, POSITIVE, Sign.ISOLATED, 0),
        ((t - 1) ** 3, POSITIVE, Sign.UNKNOWN, 0),
        ((t - 1) ** 2 / t, POSITIVE, Sign.ISOLATED, 0),
        ((t - 1) ** 2 * (t - 2), POSITIVE, Sign.UNKNOWN, 0),
        (t * s, BOTH, Sign.POSITIVE, 1),
        (t - s, BOTH, Sign.UNKNOWN, 0),
        ((t - s) ** 2, BOTH, Sign.NONNEGATIVE, 0),
        (t**2 - t + 1, POSITIVE, Sign.POSITIVE, 1),
        (t**2 - 3 * t + 1, POSITIVE, Sign.UNKNOWN, 0),
        (u**2 + u + 1, LINE, Sign.POSITIVE, 1),
        (-(u**2) + u - 1, LINE, Sign.UNKNOWN, -1),
        (u**2, LINE, Sign.ISOLATED, 0),
        (u**2 - 1, LINE, Sign.UNKNOWN, 0),
        (u**2 + x**2, PLANE, Sign.UNKNOWN, 0),
        (u**2 + x**2 + 1, PLANE, Sign.POSITIVE, 1),
        (-(u**4) - x**2 - 3, PLANE, Sign.UNKNOWN, -1),
        (u * x + 1, PLANE, Sign.UNKNOWN, 0),
        (u**2 + t, (*LINE, *POSITIVE), Sign.POSITIVE, 1),
        (1 - t, (Between(t, S.Zero, S.One),), Sign.POSITIVE, 1),
        (t - 1, (Between(t, S.Zero, S.One),), Sign.UNKNOWN, -1),
        (t * (1 - t), (Between(t, S.Zero, S.One),), Sign.POSITIVE, 1),
        (t - 1, (Between(t, S.One, oo),), Sign.POSITIVE, 1),
        (2 - u, (Between(u, -oo, S(2)),), Sign.POSITIVE, 1),
        (exp(u), LINE, Sign.POSITIVE, 1),
        (exp(u) - 1, LINE, Sign.UNKNOWN, 0),
        (exp(2 * u) + exp(u), LINE, Sign.POSITIVE, 1),
        (log(1 + t), POSITIVE, Sign.POSITIVE, 1),
        (log(t), POSITIVE, Sign.UNKNOWN, 0),
        (log(t), (Between(t, S.Zero, S.One),), Sign.UNKNOWN, -1),
    ],
    ids=named,
)
def test_the_sign_by_factors(function, box, sign, strict):
    assert direct_sign(function, box) == sign and strict_sign(function, box) == strict


@pytest.mark.parametrize(
    "function, box, sign, depth",
    [
        (t - log(1 + t), POSITIVE, Sign.POSITIVE, 1),
        (exp(t) - 1 - t, POSITIVE, Sign.POSITIVE, 2),
        (exp(t) - 1 - t - t**2 / 2, POSITIVE, Sign.POSITIVE, 3),
        (t - 1 - log(t), (Between(t, S.One, oo),), Sign.POSITIVE, 1),
        (t - 1 - log(t), (Between(t, S.Zero, S.One),), Sign.POSITIVE, 1),
        ((t - 1) ** 2, POSITIVE, Sign.ISOLATED, 0),
        (log(1 + t) - t, POSITIVE, Sign.UNKNOWN, None),
        (log(1 + t) - t / 2, POSITIVE, Sign.UNKNOWN, None),
        (t + log(t), POSITIVE, Sign.UNKNOWN, None),
    ],
    ids=named,
)
def test_the_sign_by_derivatives_and_how_many_it_takes(function, box, sign, depth):
    assert sign_on(function, box) == sign
    if depth is not None:
        assert sign_on(function, box, depth) == sign
        assert depth == 0 or not sign_on(function, box, depth - 1)


@pytest.mark.parametrize(
    "kind, positive, zero", [(Vector, None, None), (NonzeroVector, None, False),
                             (PositiveVector, True, False)]
)  # fmt: skip
def test_what_is_known_of_a_coordinate(kind, positive, zero):
    coordinate = kind("v", 3)[INDEX, 0]
    assert coordinate.is_real and coordinate.is_positive is positive
    assert coordinate.is_zero is zero and coordinate.is_nonzero is (None if zero is None else True)
    assert ZeroVector(sympy.Integer(3))[INDEX, 0] == 0


@pytest.mark.parametrize(
    "first, second, case",
    [
        (Gaussian(x, 0, 1), Gaussian(x, b, s), r"0 = b \text{ and } 1 = s"),
        (Gaussian(x, b, 1), Gaussian(x, 0, 1), "b = 0"),
        (Gaussian(x, 0, s), Gaussian(x, 0, 1), "s = 1"),
    ],
    ids=named,
)
def test_two_gaussians_are_equal_where_their_parameters_are(first, second, case):
    assert equality_case(KL(first, second)) == case


@pytest.mark.parametrize(
    "first, second",
    [
        (Gaussian(x, 0, 1) * Gaussian(z, 0, 1), Gaussian(x, 1, 1)),
        (Gaussian(x, 0, 1), Gaussian(x, 1, 1) * Gaussian(z, 0, 1)),
        (Gaussian(x, 0, 1), Gaussian(z, 0, 1)),
        (Gaussian(x, x, 1), Gaussian(x, 0, 1)),
        (2 * Gaussian(x, 0, 1), Gaussian(x, 0, 1)),
    ],
    ids=named,
)
def test_a_kl_between_other_things_than_densities_of_the_same_variables_may_be_negative(
    first, second
):
    with pytest.raises(NotProved, match="between two densities of the same variables"):
        equality_case(KL(first, second))


@pytest.mark.parametrize(
    "expression, value, message",
    [
        (exp(-t), -oo, r"the limit is 0, not -\\infty"),
        (exp(-t), oo, r"the limit is 0, not \\infty"),
        (log(t), -oo, r"the limit is \\infty, not -\\infty"),
        (-log(t), S.Zero, r"the limit is -\\infty, not 0"),
        (exp(-t), S.One, "the limit less the value is -1, not 0"),
    ],
    ids=named,
)
def test_a_wrong_limit_is_refused_with_the_right_one(expression, value, message):
    refusal(Limit(NONE, expression=expression, symbol=t, point=oo, value=value), message)


@pytest.mark.parametrize("order", [0, 1, 2])
def test_an_unknown_function_needs_one_derivative_more_than_the_order(order):
    f, place = Function("f", real=True), Symbol("b", real=True)
    value = sympy.series(f(place + t), t, 0, order + 1).removeO().doit()
    ranges = RandomParameters(((place, -1, 1),))
    proof = Expansion(ranges, expression=f(place + t), symbol=t, order=order, value=value).prove()
    assert proof.premises == (rf"f \text{{ is {order + 1} times continuously differentiable}}",)
