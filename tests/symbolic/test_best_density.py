"""The density at which a functional is largest is found; false neighbours are refused."""

from random import Random

import mpmath
import pytest
import sympy
from sympy import Add, Function, Symbol, log, sqrt

from onekl.symbolic.algebra import (
    KL,
    ClassProbability,
    Entropy,
    Expectation,
    Joint,
    SumOrIntegral,
)
from onekl.symbolic.mutants import mutants
from onekl.symbolic.numeric import DIGITS
from onekl.symbolic.optima.best_density import Optimum
from onekl.symbolic.proof import NotProved
from onekl.symbolic.sampling import RandomParameters, RandomTables
from provers import accepted, refusal, worst

x, z = sympy.symbols("x z")
P, Q, R = Joint("p", (x, z), {(x,): r"\tilde{p}"}), Joint("q", (x, z)), Joint("r", (x,))
TABLES = RandomTables((P, Q, R))
p, q, r = P(x), Q(x), R(x)
p_one = ClassProbability("s", ())


def integral(integrand, *variables):
    return SumOrIntegral(integrand, variables or (x,))


def best(functional, at, density=q, instances=TABLES):
    return Optimum(instances, functional=functional, density=density, at=at)


def E(weight, value):
    return Expectation(weight, value)


LIKELIHOOD = integral(p * log(q))
DECODER, POSTERIOR = Q(x, given=z), Q(z, given=x)
ELBO = E(p * POSTERIOR, log(P(x, z)) - log(POSTERIOR))

TRUE = {
    "the likelihood": best(LIKELIHOOD, p),
    "its negative surprise": best(-E(p, -log(q)), p),
    "the mean over pairs": best(E(P(x, z), log(q)), p),
    "with an entropy": best(integral(q * log(p) - q * log(q)), p),
    "two functionals": best(Add(E(q, log(p)), Entropy(q), evaluate=False), p),
    "a KL from it": best(-KL(q, p), p),
    "a KL to it": best(-KL(p, q), p),
    "a mixture": best(E(p, log(q)) + E(r, log(q)), p / 2 + r / 2),
    "a weighted mixture": best(
        p_one * E(p, log(q)) + p_one.other * E(r, log(q)), p_one * p + p_one.other * r
    ),
    "squares": best(integral(2 * p * q - q**2), p),
    "a square root": best(integral(sqrt(p * q)), p),
    "a slope that is finite at 0": best(integral(p * log(1 + q / p)), p),
    "a joint density": best(E(P(x, z), log(Q(x, z))), P(x, z), Q(x, z)),
    "a joint density as a product": best(E(P(x, z), log(Q(x, z))), p * P(z, given=x), Q(x, z)),
    "a decoder": best(E(P(x, z), log(DECODER)), P(x, given=z), DECODER),
    "an encoder": best(E(p * P(z, given=x), log(POSTERIOR)), P(z, given=x), POSTERIOR),
    "the posterior": best(ELBO, P(z, given=x), POSTERIOR),
}
FALSE = {
    "a minimum": best(-LIKELIHOOD, p),
    "another density": best(LIKELIHOOD, r),
    "the joint's other marginal": best(E(P(x, z), log(q)), r),
    "no density": best(LIKELIHOOD, 2 * p),
    "a square": best(integral(p**2 * log(q)), p),
    "an entropy forgotten": best(integral(q * log(p)), p),
    "an entropy twice": best(integral(q * log(p) - 2 * q * log(q)), p),
    "a KL with the wrong sign": best(KL(q, p), p),
    "other weights": best(E(p, log(q)) + 2 * E(r, log(q)), p / 2 + r / 2),
    "weights exchanged": best(
        p_one * E(p, log(q)) + p_one.other * E(r, log(q)), p_one.other * p + p_one * r
    ),
    "a power": best(integral(sqrt(p) * sqrt(sqrt(q))), p),
    "a convex functional": best(integral(q**2), p),
    "a linear functional": best(integral(p * q), p),
    "independent of the condition": best(E(P(x, z), log(DECODER)), p, DECODER),
    "of an independent pair": best(E(p * P(z), log(DECODER)), P(x, given=z), DECODER),
    "the prior for the posterior": best(ELBO, P(z), POSTERIOR),
    "the product of marginals": best(E(P(x, z), log(Q(x, z))), p * P(z), Q(x, z)),
}


@pytest.mark.parametrize("name", TRUE)
def test_a_true_optimum_is_proved_everywhere_and_the_numbers_agree(name):
    proof = TRUE[name].prove()
    assert proof.support == () and "ranges over all densities" in proof.premises[0]
    assert worst(TRUE[name], 40) < 1e-25


@pytest.mark.parametrize("name", FALSE)
def test_a_false_optimum_is_refused_in_one_line_and_refuted_by_numbers(name):
    with pytest.raises(NotProved) as refusal:
        FALSE[name].prove()
    assert "\n" not in str(refusal.value) and "density0" not in str(refusal.value)
    # A rival that is drawn at random is seldom better than an optimum that is nearly right.
    assert worst(FALSE[name], 400) > 1e-9


@pytest.mark.parametrize("name", ["a KL from it", "a KL to it", "a square root"])
def test_a_value_that_is_seen_to_be_finite_is_no_premise(name):
    assert len(TRUE[name].prove().premises) == 1


def test_a_value_that_may_be_infinite_is_a_premise():
    line = r"\int \tilde{p}(x) \log \tilde{p}(x) \,dx \text{ is finite}"
    assert TRUE["the likelihood"].prove().premises[1:] == (line,)


def test_where_a_weight_vanishes_the_optimum_is_not_the_only_one():
    """∫ r (p log q − q) is largest at p alone if r is positive everywhere."""
    statement = best(integral(r * (p * log(q) - q)), p)
    (premise,) = statement.prove().support
    assert premise.latex() == "r(x) > 0" and worst(statement, 40, [premise]) < 1e-25
    with mpmath.workdps(DIGITS):
        instance = TABLES.draw(Random(1), 1)
        instance.tables["p"] = {cell: mpmath.mpf(cell == (0, 0)) for cell in instance.tables["p"]}
        instance.tables["q"] = {cell: mpmath.mpf(cell == (1, 0)) for cell in instance.tables["q"]}
        instance.tables["r"] = {cell: mpmath.mpf(0) for cell in instance.tables["r"]}
        assert instance.breaks(premise) and statement.compile()(instance) == 1


@pytest.mark.parametrize("name", ["the likelihood", "a KL from it", "the posterior"])
def test_mutants_are_rejected_by_proof_and_by_numbers_or_are_the_same(name):
    found = mutants(TRUE[name])
    assert len(found) > 3
    for _, mutant in found:
        assert (worst(mutant, 50) < 1e-9) == accepted(TRUE[name], mutant)


REFUSED = {
    "itself": (best(LIKELIHOOD, q), "not a density over"),
    "a marginal beside it": (best(E(p, log(q) + log(Q(x, z))), p), "has to hold q"),
    "no functional of it": (best(integral(p * log(r)), p), "has to hold q"),
    "another condition": (
        best(E(P(x, z), log(DECODER)), P(x, given=z), Q(x)),
        "depends on z too|has to hold",
    ),
    "another variable": (best(integral(P(z) * log(q), z), p), "not an integral over x alone"),
    "a joint that is not there": (best(LIKELIHOOD, Joint("s", (x,))(x)), "belongs to no joint"),
    "parameters": (
        best(LIKELIHOOD, p, instances=RandomParameters(((Symbol("a"), 0, 1),))),
        "needs random tables",
    ),
    "an unknown function of both signs": (
        best(integral(Function("f")(x) * log(q)), p),
        "one multiplier|not stationary",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_makes_no_sense_is_refused_in_one_line(name):
    statement, complaint = REFUSED[name]
    refusal(statement, complaint)


def test_the_statement_in_latex():
    assert TRUE["the likelihood"].latex() == (
        r"\mathop{\arg\max}_{q(x)} \int \tilde{p}(x) \log q(x) \,dx = \tilde{p}(x)"
    )


UNDEFINED = {  # −KL(q ‖ p̃) by way of r: an infinity less an infinity where r = 0
    "in one integral": (integral(q * log(p / r) - q * log(q / r)), "r(x) > 0"),
    "in two integrals": (integral(q * log(p / r)) - integral(q * log(q / r)), "r(x) > 0"),
    "in one factor": (integral(q * (log(p / r) - log(q / r))), "r(x) > 0"),
    "beside its weight": (
        integral(p * log(q / r) - p * log(p / r)),
        r"r(x) > 0 \text{ wherever } \tilde{p}(x) > 0",
    ),
}


@pytest.mark.parametrize("name", UNDEFINED)
def test_infinities_that_cancel_do_not_hide_a_zero(name):
    functional, premise = UNDEFINED[name]
    assert premise in best(functional, p).prove().premises
