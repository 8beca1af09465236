"""One objective: a positive factor, and a rest that does not vary and is finite."""

from dataclasses import replace
from random import Random

import mpmath
import pytest
from sympy import Add, Function, Rational, S, Symbol, log

from onekl.chapters.gan import claims as gan
from onekl.chapters.joint_kl.claims import TABLES, P, Q, conditional, marginal, x, z
from onekl.symbolic.algebra import KL, Entropy, Expectation, Joint, SumOrIntegral
from onekl.symbolic.copies import copy_of
from onekl.symbolic.kernels import Moved
from onekl.symbolic.mutants import mutants
from onekl.symbolic.numeric import DIGITS
from onekl.symbolic.objective import SameObjective
from onekl.symbolic.premises import Equal
from onekl.symbolic.proof import NotProved
from onekl.symbolic.sampling import RandomTables
from onekl.symbolic.statements import provable

HALF = Rational(1, 2)
joint = KL(P(x, z), Q(x, z))
log_likelihood = SumOrIntegral(P(x) * log(Q(x)), (x,))
likelihood = SameObjective(
    TABLES, objective=marginal, other=-log_likelihood, varied=(Q(x),), rest=-Entropy(P(x))
)
inference = SameObjective(
    TABLES, objective=joint, other=conditional, varied=(P(z, given=x),), rest=marginal
)
doubled = replace(likelihood, objective=2 * marginal, scale=S(2), rest=-2 * Entropy(P(x)))
TRUE = {"likelihood": likelihood, "inference": inference, "doubled": doubled}
FALSE = {
    "a negative factor": replace(likelihood, scale=S.NegativeOne, other=log_likelihood),
    "a factor of unknown sign": replace(likelihood, scale=Symbol("s", real=True)),
    "the likelihood with another sign": replace(likelihood, other=log_likelihood),
    "a rest that varies": replace(
        likelihood, other=-2 * log_likelihood, rest=Add(log_likelihood, -Entropy(P(x)))
    ),
    "a rest that varies with the varied conditional": replace(
        inference, other=marginal, rest=conditional
    ),
    "a wrong factor": replace(doubled, scale=S(3)),
    "a lost rest": replace(likelihood, rest=S.Zero),
    "another data's entropy": replace(likelihood, rest=-Entropy(P(z))),
}


@pytest.mark.parametrize("name", TRUE)
def test_a_true_one_is_proved_and_agrees_with_numbers(name):
    statement = TRUE[name]
    proof = statement.prove()
    with mpmath.workdps(DIGITS):
        violation = statement.compile()
        for index in range(30):
            instance = statement.instances.draw(Random(f"{index}"), index)
            if not any(instance.breaks(premise) for premise in proof.imposed):
                assert violation(instance) < 1e-18


@pytest.mark.parametrize("name", FALSE)
def test_a_false_one_is_refused_in_one_line(name):
    with pytest.raises(NotProved) as refusal:
        FALSE[name].prove()
    assert "\n" not in str(refusal.value)


def test_the_rest_has_to_be_finite_and_nothing_else():
    assert likelihood.prove().premises == (
        r"\int \tilde{p}(x) \log \tilde{p}(x) \,dx \text{ is finite}",
    )
    assert len(inference.prove().premises) == 1


def test_a_rest_that_is_bounded_needs_no_premise():
    mixture = Add(gan.data / 2, gan.model / 2, evaluate=False)
    bounded = SameObjective(
        gan.STEP,
        objective=Add(KL(gan.old, gan.data), KL(gan.data, mixture), evaluate=False),
        other=KL(gan.old, gan.data),
        varied=(gan.old,),
        rest=KL(gan.data, mixture),
    )
    assert bounded.prove().premises == ()


def test_a_conditional_leaves_the_density_of_its_condition():
    assert provable(inference)
    assert not provable(replace(inference, varied=(P(x, z),)))


def test_every_mutant_is_refused():
    for _, mutant in mutants(likelihood):
        assert not provable(mutant), mutant.latex()


def test_the_page_shows_the_factor_the_rest_and_the_sign():
    shown = replace(doubled, other=-log_likelihood).display()
    assert r"\sim" in shown and "2" in shown and "H" in shown
    assert r"\sim" in likelihood.latex()


x_after = copy_of(x)
K = Joint("k", (x, x_after))
M, OTHER = Moved("m", K), Joint("o", (x,))
MOVED = RandomTables((K, M, OTHER))
fit = Expectation(M(x), KL(K(x_after, given=x), OTHER(x_after)))
STEP = K(x_after, given=x)


def test_a_kernel_moves_the_law_after_its_step_and_not_the_one_before():
    def objective(rest, varied):
        return SameObjective(MOVED, objective=fit + rest, other=fit, rest=rest, varied=(varied,))

    before, after = Entropy(M(x)), Entropy(M(x_after))
    assert provable(objective(before, STEP))
    for rest, varied in ((after, STEP), (before, M(x)), (Entropy(K(x)), K(x, x_after))):
        with pytest.raises(NotProved, match="varies with"):
            objective(rest, varied).prove()


@pytest.mark.parametrize("varied", [Function("f")(x), x, P(x) * Q(x)])
def test_what_cannot_be_varied_is_refused(varied):
    with pytest.raises(ValueError, match="cannot be varied"):
        replace(likelihood, varied=(varied,))


@pytest.mark.parametrize("known", [P(x), OTHER(x), P(x) / 2 + OTHER(x) / 2])
def test_a_given_equation_cannot_say_what_is_varied(known):
    with pytest.raises(ValueError, match="cannot be varied"):
        replace(likelihood, given=(Equal(Q(x), known),))
