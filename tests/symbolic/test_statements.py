"""The provers: each kind proves a true statement, lists its premises, and refuses a false one."""

import pytest
import sympy
from sympy import Add, S, log, sqrt

from onekl.chapters.joint_kl.claims import TABLES, P, Q, x, z
from onekl.symbolic.algebra import KL, Entropy, Expectation, Gaussian, SumOrIntegral, kl_div
from onekl.symbolic.limits import Expansion, Limit
from onekl.symbolic.lines.display import display
from onekl.symbolic.optima.best_density import Optimum
from onekl.symbolic.optima.minimum import Minimum
from onekl.symbolic.sampling import RandomParameters
from onekl.symbolic.statements import Bound, Identity, Pushforward
from provers import refusal

mu = sympy.Symbol("mu", real=True)
sigma, t = sympy.symbols("sigma t", positive=True)
ranges = RandomParameters(((mu, -1, 1), (sigma, 0.5, 1), (t, 0.5, 1)))
joint, marginal = KL(P(x, z), Q(x, z)), KL(P(x), Q(x))
remainder = Expectation(P(x), KL(P(z, given=x), Q(z, given=x)))


def test_an_identity_shows_the_normalisation_it_uses_and_needs_no_premise_for_it():
    split = Identity(TABLES, left=joint, right=Add(marginal, remainder, evaluate=False))
    assert r"\int p(z|x) \,dz = 1" in display(split.derivation())
    assert split.prove().premises == ()


@pytest.mark.parametrize(
    "wrong",
    [
        marginal,
        marginal - remainder,
        marginal + Expectation(P(x), KL(Q(z, given=x), P(z, given=x))),
        marginal + Expectation(Q(x), KL(P(z, given=x), Q(z, given=x))),
        KL(Q(x), P(x)) + remainder,
        2 * marginal + remainder,
        marginal + remainder + 1,
    ],
)
def test_identity_refuses_what_is_false(wrong):
    refusal(Identity(TABLES, left=joint, right=wrong), "differ")


def test_splitting_off_an_entropy_needs_it_to_be_finite():
    split = Identity(
        TABLES,
        left=marginal,
        right=Add(-SumOrIntegral(P(x) * log(Q(x)), (x,)), -Entropy(P(x)), evaluate=False),
    )
    premises = split.prove().premises
    assert any(r"\tilde{p}(x) \log \tilde{p}(x)" in p and "finite" in p for p in premises)


def test_subtracting_infinities_needs_the_subtracted_one_to_be_finite():
    subtracted = Identity(TABLES, left=Add(joint, -marginal, evaluate=False), right=remainder)
    assert subtracted.prove().premises == (
        r"\int \tilde{p}(x) \log \frac{\tilde{p}(x)}{q(x)} \,dx \text{ is finite}",
    )


def test_bound_says_when_it_is_tight_and_refuses_a_remainder_of_unknown_sign():
    assert (
        Bound(TABLES, upper=joint, lower=marginal, remainder=remainder).prove().equality
        == r"p(z|x) = q(z|x) \text{ wherever } \tilde{p}(x) > 0"
    )
    refusal(Bound(TABLES, upper=marginal, lower=joint, remainder=-remainder), "negative sign")
    difference = SumOrIntegral(sqrt(P(x)) - sqrt(Q(x)), (x,))
    refusal(
        Bound(TABLES, upper=difference, lower=S.Zero, remainder=difference),
        "positive factor|not seen",
    )


def test_bound_needs_the_identity_too():
    refusal(Bound(TABLES, upper=joint, lower=marginal, remainder=2 * remainder), "differ")


def test_law_on_tables_and_on_the_real_line():
    Pushforward(
        TABLES, value=x, under=Q(x, z), variable=x, density=SumOrIntegral(Q(x, z), (z,))
    ).prove()
    refusal(
        Pushforward(
            TABLES, value=x, under=Q(x, z), variable=x, density=SumOrIntegral(P(x, z), (z,))
        )
    )
    eps = sympy.Symbol("epsilon", real=True)
    noise = Gaussian(eps, 0, 1)
    Pushforward(
        ranges, value=mu + sigma * eps, under=noise, variable=z, density=Gaussian(z, mu, sigma**2)
    ).prove()
    refusal(
        Pushforward(
            ranges, value=mu + sigma * eps, under=noise, variable=z, density=Gaussian(z, mu, sigma)
        )
    )
    refusal(
        Pushforward(ranges, value=mu * eps, under=noise, variable=z, density=Gaussian(z, 0, mu**2)),
        "monotone",
    )


def test_optimum_refuses_a_minimum_a_saddle_and_a_point_that_is_no_density():
    likelihood = SumOrIntegral(P(x) * log(Q(x)), (x,))
    assert Optimum(TABLES, functional=likelihood, density=Q(x), at=P(x)).prove().premises
    refusal(
        Optimum(TABLES, functional=SumOrIntegral(-P(x) * log(Q(x)), (x,)), density=Q(x), at=P(x)),
        "rise through 0",
    )
    refusal(Optimum(TABLES, functional=likelihood, density=Q(x), at=2 * P(x)))
    refusal(Optimum(TABLES, functional=likelihood, density=Q(x), at=P(x) ** 2), "not a density")
    refusal(
        Optimum(
            TABLES, functional=SumOrIntegral(P(x) ** 2 * log(Q(x)), (x,)), density=Q(x), at=P(x)
        ),
        "stationary",
    )
    bounded_slope = SumOrIntegral(P(x) * log(1 + Q(x) / P(x)), (x,))
    Optimum(TABLES, functional=bounded_slope, density=Q(x), at=P(x)).prove()


def test_minimum_limit_and_expansion():
    Minimum(ranges, expression=t - log(t), symbol=t, at=S.One).prove()
    refusal(Minimum(ranges, expression=t - log(t), symbol=t, at=S(2)), "slope")
    refusal(Minimum(ranges, expression=log(t) - t, symbol=t, at=S.One), "second derivative")
    Limit(ranges, expression=t * log(t), symbol=t, point=S.Zero, value=S.Zero).prove()
    refusal(Limit(ranges, expression=t * log(t), symbol=t, point=S.Zero, value=S.One), "limit")
    Expansion(ranges, expression=log(1 + t), symbol=t, order=2, value=t - t**2 / 2).prove()
    refusal(
        Expansion(ranges, expression=log(1 + t), symbol=t, order=2, value=t + t**2 / 2), "series"
    )


def test_concrete_identities_list_the_assumptions_on_symbols():
    proof = Identity(
        ranges, left=Expectation(Gaussian(z, mu, sigma**2), z**2), right=mu**2 + sigma**2
    ).prove()
    assert proof.premises == (r"\sigma \neq 0",)
    refusal(
        Identity(ranges, left=Expectation(Gaussian(z, mu, sigma**2), z**2), right=mu**2 + sigma),
        "left less right",
    )


def test_kl_div_integrates_to_the_divergence():
    Identity(TABLES, left=SumOrIntegral(kl_div(P(x), Q(x)), (x,)), right=marginal).prove()
    refusal(Identity(TABLES, left=SumOrIntegral(kl_div(Q(x), P(x)), (x,)), right=marginal))
