"""Densities with an energy: log Z, its bound and its gradient, with false neighbours of each."""

import mpmath
import pytest
from sympy import Add, Derivative, Function, S, Symbol, diff, log

from onekl.symbolic.algebra import KL, Entropy, Expectation, Joint, SumOrIntegral
from onekl.symbolic.energies.gibbs import LogPartition, RandomEnergies, gibbs
from onekl.symbolic.energies.partition import UNDER_THE_INTEGRAL, EnergyBound, EnergyIdentity
from onekl.symbolic.notation import latex
from onekl.symbolic.proof import NotProved
from onekl.symbolic.sampling import RandomTables
from provers import assert_mutants_agree, refusal, worst

x, h, theta = (Symbol(name, real=True) for name in ("x", "h", "theta"))
P, Q, R = Joint("p", (x,)), Joint("q", (x,)), Joint("r", (x,))
BOTH, OTHER = Joint("p", (x, h)), Joint("q", (x, h))
E, F = Function("E", real=True), Function("F", real=True)
f = Function("f", real=True)
TABLES = RandomEnergies((P, Q, R), scalars=(theta,))
PAIRS = RandomEnergies((BOTH, OTHER))

q = Q(x)
p = gibbs(P(x), E(x))
moving = gibbs(P(x), E(theta, x))
tilted = gibbs(P(x), theta * f(x))
other = gibbs(R(x), F(x))
pair = gibbs(BOTH(x, h), E(x, h))
twofold = gibbs(P(x), E(2 * theta, x))
slope = Derivative(E(theta, x), theta)


def plus(*terms):
    return Add(*terms, evaluate=False)


def equal(left, *right, instances=TABLES):
    return EnergyIdentity(instances, left=left, right=plus(*right) if right[1:] else right[0])


def bound(lower, remainder, upper=p.log_partition):
    return EnergyBound(TABLES, upper=upper, lower=lower, remainder=remainder)


FREE_ENERGY = plus(-Expectation(q, E(x)), Entropy(q))
TRUE = {
    "log p": equal(Expectation(q, log(p)), -Expectation(q, E(x)), -p.log_partition),
    "KL to p": equal(KL(q, p), Expectation(q, E(x)), -Entropy(q), p.log_partition),
    "KL from p": equal(KL(p, q), -Expectation(p, E(x)), -p.log_partition, -Expectation(p, log(q))),
    "bound": bound(FREE_ENERGY, KL(q, p)),
    "equality": equal(p.log_partition, -Expectation(p, E(x)), Entropy(p)),
    "two energies": equal(
        KL(p, other), Expectation(p, F(x) - E(x)), other.log_partition, -p.log_partition
    ),
    "two variables": equal(
        KL(OTHER(x, h), pair),
        Expectation(OTHER(x, h), E(x, h)),
        -Entropy(OTHER(x, h)),
        pair.log_partition,
        instances=PAIRS,
    ),
    "gradient": equal(Derivative(moving.log_partition, theta), -Expectation(moving, slope)),
    "exponential family": equal(
        Derivative(tilted.log_partition, theta), -Expectation(tilted, f(x))
    ),
    "gradient of the loss": equal(
        Derivative(Expectation(q, -log(moving)), theta),
        Expectation(q, slope),
        -Expectation(moving, slope),
    ),
}
FALSE = {
    "sign of log Z": equal(Expectation(q, log(p)), -Expectation(q, E(x)), p.log_partition),
    "log Z lost": equal(Expectation(q, log(p)), -Expectation(q, E(x))),
    "log Z twice": equal(Expectation(q, log(p)), -Expectation(q, E(x)), -2 * p.log_partition),
    "sign of E": equal(KL(q, p), -Expectation(q, E(x)), -Entropy(q), p.log_partition),
    "entropy lost": equal(KL(q, p), Expectation(q, E(x)), p.log_partition),
    "sign of the entropy": equal(KL(q, p), Expectation(q, E(x)), Entropy(q), p.log_partition),
    "entropy of p": equal(KL(q, p), Expectation(q, E(x)), -Entropy(p), p.log_partition),
    "mean over p": equal(KL(q, p), Expectation(p, E(x)), -Entropy(q), p.log_partition),
    "KL reversed": equal(KL(p, q), Expectation(q, E(x)), -Entropy(q), p.log_partition),
    "bound without entropy": bound(-Expectation(q, E(x)), KL(q, p)),
    "bound with the KL reversed": bound(FREE_ENERGY, KL(p, q)),
    "bound of −log Z": bound(FREE_ENERGY, KL(q, p), upper=-p.log_partition),
    "equality at q": equal(p.log_partition, -Expectation(q, E(x)), Entropy(q)),
    "another energy's log Z": equal(
        KL(p, other), Expectation(p, F(x) - E(x)), p.log_partition, -other.log_partition
    ),
    "gradient's sign": equal(Derivative(moving.log_partition, theta), Expectation(moving, slope)),
    "gradient over q": equal(Derivative(moving.log_partition, theta), -Expectation(q, slope)),
    "gradient without the slope": equal(
        Derivative(moving.log_partition, theta), -Expectation(moving, E(theta, x))
    ),
    "gradient's factor": equal(
        Derivative(tilted.log_partition, theta), -2 * Expectation(tilted, f(x))
    ),
    "loss without its second phase": equal(
        Derivative(Expectation(q, -log(moving)), theta), Expectation(q, slope)
    ),
    "a mean over p stands still": equal(
        Derivative(Expectation(moving, f(x)), theta), Expectation(moving, S.Zero)
    ),
}

second = Derivative(E(theta, x), theta, 2)
conditional = gibbs(P(x), E(x, h))
OF_H, ELSE_OF_H = Joint("u", (h,)), Joint("v", (h,))
LETTERS = RandomEnergies((P, Q, OF_H, ELSE_OF_H))
FALSE |= {
    "a log Z that varies, under another mean": equal(
        Expectation(OF_H(h), conditional.log_partition),
        Expectation(ELSE_OF_H(h), conditional.log_partition),
        instances=LETTERS,
    ),
    "a KL to what varies, under another mean": equal(
        Expectation(OF_H(h), KL(q, conditional)),
        Expectation(OF_H(h) * q, E(x, h)),
        -Entropy(q),
        Expectation(ELSE_OF_H(h), conditional.log_partition),
        instances=LETTERS,
    ),
    "second derivative for first": equal(
        Expectation(q, second), Expectation(q, slope), p.log_partition, -p.log_partition
    ),
    "second derivative in a gradient": equal(
        Derivative(moving.log_partition, theta), -Expectation(moving, second)
    ),
    "the integral of a constant": equal(
        Derivative(SumOrIntegral(moving.log_partition, (x,)), theta), -Expectation(moving, slope)
    ),
    "the integral of log p": equal(
        Derivative(SumOrIntegral(log(moving), (x,)), theta),
        -SumOrIntegral(slope, (x,)),
        Expectation(moving, slope),
    ),
    "a symbol named log Z": equal(
        Expectation(q, log(p)), -Expectation(q, E(x)), -Symbol(r"\log Z", real=True),
        instances=RandomEnergies((P, Q), scalars=(Symbol(r"\log Z", real=True),)),
    ),
    "a function named as a slope": equal(
        Derivative(moving.log_partition, theta),
        -Expectation(moving, Function("E'_theta", real=True)(theta, x)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TRUE)
def test_a_true_statement_is_proved_and_the_numbers_agree(name):
    proof = TRUE[name].prove()
    assert any("Z" in premise and r"\infty" in premise for premise in proof.premises)
    assert worst(TRUE[name], 20) < mpmath.mpf(10) ** -20


@pytest.mark.parametrize("name", FALSE)
def test_a_false_neighbour_is_refused_and_the_numbers_refute_it(name):
    refusal(FALSE[name])
    assert worst(FALSE[name], 20) > 1e-6


@pytest.mark.parametrize("name", TRUE)
def test_prover_and_numbers_agree_on_every_mutant(name):
    assert_mutants_agree(TRUE[name], 12)


def test_differentiation_under_the_integral_is_a_premise_where_it_is_used_and_only_there():
    assert UNDER_THE_INTEGRAL in TRUE["gradient"].prove().premises
    assert UNDER_THE_INTEGRAL not in TRUE["equality"].prove().premises


def test_the_bound_is_tight_at_p_alone():
    assert TRUE["bound"].prove().equality == "q(x) = p(x)"


def test_means_that_cancel_have_to_be_finite():
    """log Z = −E_p[E] + H(p) is ∞ − ∞ for an energy without a mean."""
    premises = TRUE["equality"].prove().premises
    assert any("finite" in premise and "E(x)" in premise for premise in premises)


def test_importance_weights_need_a_positive_density():
    weighted = equal(Expectation(q, p / q * f(x)), Expectation(p, f(x)))
    try:
        assert any("q" in s.latex() for s in weighted.prove().support)
    except NotProved as reason:
        assert "vanishes" in str(reason)


def test_how_it_is_printed():
    assert latex(moving) == r"p_{\theta}(x)"
    assert latex(moving.log_partition) == r"\log Z_{\theta}"
    assert latex(log(p)) == r"\log p(x)"
    assert latex(slope) == r"\frac{\partial}{\partial \theta} E(\theta, x)"
    assert latex(second) == r"\frac{\partial^{2}}{\partial \theta^{2}} E(\theta, x)"
    assert latex(Derivative(E(x), x, 2)) == "E''(x)"
    assert TRUE["two energies"].prove().premises[:2] == (
        r"0 < Z^{(1)} < \infty",
        r"0 < Z^{(2)} < \infty",
    )


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: gibbs(BOTH(x, given=h), E(x)), "conditional"),
        (lambda: gibbs(P(x), E(theta)), "depend"),
        (lambda: LogPartition(E(x), ()), "depend"),
        (lambda: EnergyIdentity(RandomTables((P, Q)), left=KL(q, p), right=S.Zero), "energies"),
    ],
)
def test_bad_input_is_refused_in_one_line(make, why):
    with pytest.raises(ValueError, match=why) as refused:
        make()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (equal(KL(q, P(x)), KL(P(x), q)), "no density of the statement has an energy"),
        (equal(KL(q, p), KL(q, P(x))), "with none"),
        (equal(KL(p, q), KL(gibbs(P(x), F(x)), q)), "another energy"),
        (equal(p.log_partition**2, p.log_partition), "another way than as a term"),
        (equal(KL(q, p), KL(q, p)), "same object"),
        (equal(Derivative(moving.log_partition, theta, 2), S.Zero), "first derivative"),
        (
            equal(Derivative(LogPartition(E(theta, x), (x,)), theta), -Expectation(q, slope)),
            "no density of the statement has the energy",
        ),
        (equal(Derivative(KL(moving, q), theta), S.Zero), "depends on"),
        (
            equal(
                Derivative(twofold.log_partition, theta),
                -Expectation(twofold, diff(E(2 * theta, x), theta)),
            ),
            "must be taken at what it is differentiated in",
        ),
    ],
)
def test_what_the_prover_cannot_do_it_says(statement, why):
    assert why in refusal(statement)


def test_a_multiple_of_a_mean_is_differentiated_by_the_product_rule():
    mean = Expectation(q, E(theta, x))
    left = Derivative(theta**2 * mean + moving.log_partition, theta)
    change = Expectation(q, slope)
    equal(left, 2 * theta * mean, theta**2 * change, -Expectation(moving, slope)).prove()
    refusal(equal(left, 2 * theta * mean, theta * change, -Expectation(moving, slope)))
    refusal(equal(left, 2 * theta * mean, change, -Expectation(moving, slope)))


def test_what_multiplies_log_z_is_a_number_with_all_its_factors():
    total = SumOrIntegral(3 * q * p.log_partition, (x,))
    equal(2 * total, 6 * p.log_partition).prove()
    equal(2 * Expectation(q, 3 * p.log_partition) + p.log_partition, 7 * p.log_partition).prove()
    refusal(equal(2 * total, 5 * p.log_partition), "what multiplies .* is not the same")
    refusal(equal(2 * total, 3 * p.log_partition), "what multiplies .* is not the same")
