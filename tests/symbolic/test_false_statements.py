"""False statements of many shapes: each is refused, or gets the premise that it needs."""

import pytest
import sympy
from sympy import Abs, Add, Derivative, Function, Mul, S, exp, log

from onekl.chapters.joint_kl.claims import TABLES, P, Q, x, z
from onekl.claims.check import CheckFailed, check
from onekl.claims.claim import Claim
from onekl.symbolic.algebra import KL, Expectation, Gaussian, Joint, SumOrIntegral, kl_div
from onekl.symbolic.limits import Expansion, Limit
from onekl.symbolic.optima.best_density import Optimum
from onekl.symbolic.optima.minimum import Minimum
from onekl.symbolic.proof import NotProved
from onekl.symbolic.sampling import RandomParameters, RandomTables
from onekl.symbolic.statements import Bound, Identity, Pushforward

f = Function("f", real=True)
OTHER = Joint("q'", (x, z))  # a second model
three = RandomTables((P, Q, OTHER))
mu, eps, b = sympy.symbols("mu epsilon b", real=True)
t, sigma, zp = sympy.symbols("t sigma z_p", positive=True)
ranges = RandomParameters(((mu, -1, 1), (t, 0.5, 1), (sigma, 0.5, 1), (b, 0.5, 1)))
pzx, qzx = P(z, given=x), Q(z, given=x)
noise = Gaussian(eps, 0, 1)


def identity(left, right, instances=TABLES):
    return Identity(instances, left=left, right=right)


CAPTURED = [
    identity(
        Expectation(P(x, z), KL(pzx, qzx)), SumOrIntegral(P(x, z) * pzx * log(pzx / qzx), (x, z))
    ),
    identity(
        Expectation(P(x) * pzx, KL(P(x, given=z), Q(x, given=z))),
        SumOrIntegral(pzx * P(x, given=z) * log(P(x, given=z) / Q(x, given=z)), (x, z)),
    ),
    identity(
        SumOrIntegral(P(x) * f(x) * SumOrIntegral(P(x) * f(x), (x,)), (x,)),
        SumOrIntegral(P(x) ** 2 * f(x) ** 2, (x,)),
    ),
]
OPEN = [identity(KL(P(x), Q(x, given=z)), SumOrIntegral(P(x) * log(P(x) / Q(x, given=z)), (x,)))]
FORCED = [
    identity(Expectation(P(x), log((P(x) - Q(x)) ** 2)), Expectation(P(x), 2 * log(P(x) - Q(x)))),
]
NO_REMAINDER = [
    Bound(TABLES, upper=KL(P(x, z), Q(x)), lower=S.Zero, remainder=KL(P(x, z), Q(x))),
    Bound(TABLES, upper=KL(P(x), 2 * Q(x)), lower=S.Zero, remainder=KL(P(x), 2 * Q(x))),
    Bound(
        TABLES,
        upper=-Expectation(P(x), KL(pzx, qzx)),
        lower=S.Zero,
        remainder=Expectation(-P(x), KL(pzx, qzx)),
    ),
    Bound(
        TABLES,
        upper=-KL(P(x), Q(x)),
        lower=S.Zero,
        remainder=SumOrIntegral(kl_div(-P(x), -Q(x)), (x,)),
    ),
]
NO_OPTIMUM = [
    Optimum(
        TABLES,
        functional=SumOrIntegral(P(x, given=z) * log(Q(x)), (x, z)),
        density=Q(x),
        at=P(x, given=z),
    ),
    Optimum(
        three,
        functional=SumOrIntegral(log(Q(x)) - Q(x) / (2 * P(x) - OTHER(x)), (x,)),
        density=Q(x),
        at=2 * P(x) - OTHER(x),
    ),
    Optimum(TABLES, functional=SumOrIntegral(P(z) * log(Q(x)), (z,)), density=Q(x), at=P(x)),
    Minimum(ranges, expression=(t + 1) ** 2, symbol=t, at=S.NegativeOne),
]
ONE_SIDED = [
    Limit(ranges, expression=Abs(mu) / mu, symbol=mu, point=S.Zero, value=S.One),
    Expansion(ranges, expression=Abs(mu), symbol=mu, order=1, value=mu),
]
NO_LAW = [
    Pushforward(ranges, value=exp(eps), under=noise, variable=z, density=Gaussian(z, 0, 1)),
    Pushforward(ranges, value=sympy.atan(eps), under=noise, variable=z, density=Gaussian(z, 0, 1)),
    Pushforward(ranges, value=eps**2, under=noise, variable=z, density=Gaussian(z, 0, 1)),
]
DERIVATIVES = [
    identity(SumOrIntegral(f(x) * Derivative(P(x), x), (x,)), S.Zero),
    identity(SumOrIntegral(P(x) * Derivative(log(P(x)), x) ** 2, (x,)), S.Zero),
    identity(Expectation(P(x, z), Derivative(log(pzx), x) * f(x)), S.Zero),
]
FROM_A_SECOND_LOOK = [
    Pushforward(ranges, value=eps + 2 * z, under=noise, variable=z, density=Gaussian(z, 0, 1)),
    Pushforward(
        ranges, value=eps, under=Gaussian(eps, z, 1), variable=z, density=Gaussian(z, z, 1)
    ),
    Pushforward(
        ranges, value=eps, under=Gaussian(eps, 2 * z, 1), variable=z, density=Gaussian(z, 0, 1)
    ),
    Limit(ranges, expression=Abs(t), symbol=t, point=S.NegativeOne, value=S.NegativeOne),
]
ALL = [
    *DERIVATIVES,
    *FROM_A_SECOND_LOOK,
    *CAPTURED,
    *OPEN,
    *FORCED,
    *NO_REMAINDER,
    *NO_OPTIMUM,
    *ONE_SIDED,
    *NO_LAW,
]


@pytest.mark.parametrize("statement", ALL, ids=lambda s: type(s).__name__)
def test_a_false_statement_is_refused_in_one_line(statement):
    with pytest.raises(NotProved) as refusal:
        statement.prove()
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("integrand", [Abs(zp) * Gaussian(zp, 0, 1), zp * Gaussian(zp, 0, 1)])
def test_an_integration_variable_with_a_sign_is_refused(integrand):
    with pytest.raises(ValueError, match="no known sign"):
        identity(SumOrIntegral(integrand, (zp,)), S.Zero, ranges).prove()


def test_a_pole_under_the_integral_is_refused():
    with pytest.raises(ValueError, match="pole"):
        identity(SumOrIntegral(Gaussian(z, 0, 1) / z, (z,)), S.Zero, ranges).prove()


def test_denominators_that_could_vanish_become_premises():
    assert r"b - 1 \neq 0" in premises((b**2 - 1) / (b - 1), b + 1, ranges).replace(
        "-1 + b", "b - 1"
    )
    limit = Limit(ranges, expression=b**2 / (b**2 + t), symbol=t, point=S.Zero, value=S.One)
    assert any(r"\neq 0" in premise for premise in limit.prove().premises)
    series = Expansion(ranges, expression=t**2 / (b + t), symbol=t, order=1, value=S.Zero)
    assert any(r"b \neq 0" in premise for premise in series.prove().premises)


def test_a_kl_div_of_negatives_is_not_bounded_below():
    left = Add(SumOrIntegral(kl_div(-P(x), -Q(x)), (x,)), KL(P(x), Q(x)), evaluate=False)
    assert "finite" in premises(left, S.Zero)


def test_the_case_of_equality_names_a_weight_that_may_vanish():
    bound = Bound(
        three,
        upper=SumOrIntegral(OTHER(x) * P(x) * log(P(x) / Q(x)), (x,)),
        lower=SumOrIntegral(OTHER(x) * (P(x) - Q(x)), (x,)),
        remainder=SumOrIntegral(OTHER(x) * kl_div(P(x), Q(x)), (x,)),
    )
    assert "wherever" in bound.prove().equality


def test_a_variance_of_unknown_sign_is_refused():
    with pytest.raises(ValueError, match="not seen to be positive"):
        identity(Expectation(Gaussian(z, mu, b), z), mu, ranges).prove()


def premises(left, right, instances=TABLES):
    return " ; ".join(identity(left, right, instances).prove().premises)


def test_differences_of_infinite_integrals_need_finiteness():
    assert "finite" in premises(
        KL(P(x), Q(x)),
        Add(Expectation(P(x), log(P(x))), Expectation(P(x), -log(Q(x))), evaluate=False),
    )
    assert "finite" in premises(
        SumOrIntegral(P(x) * log(P(x) / Q(x) ** 2), (x,)),
        Add(KL(P(x), Q(x)), SumOrIntegral(P(x) * log(1 / Q(x)), (x,)), evaluate=False),
    )


def test_exchanging_integrals_of_a_function_of_any_sign_needs_finiteness():
    g = f(x, z)
    left = Expectation(P(x), SumOrIntegral(pzx * g, (z,)))
    right = Expectation(P(z), SumOrIntegral(P(x, given=z) * g, (x,)))
    assert "finite" in premises(left, right)


def test_a_conditional_written_as_a_quotient_needs_its_denominator():
    left = SumOrIntegral(Mul(Q(x), P(x, z) / P(x), f(z)), (x, z))
    right = Expectation(Q(x), SumOrIntegral(pzx * f(z), (z,)))
    assert r"\tilde{p}(x) > 0" in premises(left, right)


def test_a_difference_of_divergences_needs_the_subtracted_one_to_be_finite():
    left = Add(KL(P(x), OTHER(x)), -KL(P(x), Q(x)), evaluate=False)
    right = Expectation(P(x), log(Q(x) / OTHER(x)))
    assert identity(left, right, three).prove().premises == (
        r"\int \tilde{p}(x) \log \frac{\tilde{p}(x)}{q(x)} \,dx \text{ is finite}",
    )


def test_what_needs_a_premise_gets_it():
    mean = Expectation(Gaussian(z, mu, sigma**2), log(mu**2))
    assert r"\mu > 0" in premises(mean, 2 * log(mu), ranges)
    weighted = Optimum(
        three,
        functional=SumOrIntegral(OTHER(x) * (P(x) * log(Q(x)) - Q(x)), (x,)),
        density=Q(x),
        at=P(x),
    )
    assert weighted.prove().support


def test_the_check_refuses_them_too():
    with pytest.raises(CheckFailed):
        check(Claim("su-4", (CAPTURED[0],)))
