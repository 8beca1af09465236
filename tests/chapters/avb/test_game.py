"""avb-9 and avb-10: what the check makes of them."""

from dataclasses import replace

import pytest
from sympy import Rational, S, log

from onekl.chapters.avb.game import CLAIMS, slope_of_best, to_the_prior
from onekl.claims.check import check
from onekl.symbolic.instance import Instance
from onekl.symbolic.proof import NotProved


@pytest.mark.parametrize("claim, verdict", [*zip(CLAIMS, ("holds if", "slip"))])
def test_the_verdicts(claim, verdict):
    assert check(claim).verdict == verdict


def test_the_premises_of_the_dropped_slope():
    premises = " ".join(slope_of_best().prove().premises)
    assert "differentiable" in premises and "may be taken under" in premises
    assert "q(z) > 0" in premises and "support" not in premises


def test_the_counterexample_is_an_equilibrium_and_its_encoder_is_not_the_prior():
    left, right = to_the_prior().sides()
    assert (left - (3 * log(3) / 4 - log(2))).simplify() == 0 and right == 0
    even = [[Rational(1, 4)] * 2] * 2
    at = tuple((joint, even) for joint, _ in to_the_prior().at[0].tables)
    with pytest.raises(NotProved, match="no counterexample"):
        replace(to_the_prior(), at=(Instance(tables=at),)).prove()
    apart = (at[0], to_the_prior().at[0].tables[1])
    with pytest.raises(NotProved, match="does not satisfy"):
        replace(to_the_prior(), at=(Instance(tables=apart),)).prove()


def test_the_slope_of_a_t_that_is_no_best():
    mixed, halfway = CLAIMS[0].also[1:]
    assert mixed.sides() == (Rational(-4, 15), S.Zero)
    held, exact = halfway.sides()
    assert (exact + log(3)).simplify() == 0 and (2 * held - exact).simplify() == 0
