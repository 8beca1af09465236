"""Unknown densities with a parameter: gradients under the integral, and small steps of θ."""

from random import Random

import mpmath
import pytest
import sympy
from sympy import Add, Function, S, exp, log

from onekl.claims.numbers import Trials
from onekl.symbolic.algebra import (
    KL,
    Entropy,
    Expectation,
    Gaussian,
    Joint,
    SumOrIntegral,
    kl_div,
)
from onekl.symbolic.mutants import mutants
from onekl.symbolic.parametric.densities import (
    Along,
    Gradient,
    Hessian,
    Outer,
    ParametricJoint,
    VectorSymbol,
)
from onekl.symbolic.parametric.families import FamilyAssignment, RandomFamilies, on_family
from onekl.symbolic.parametric.small_steps import ParametricExpansion
from onekl.symbolic.parametric.statements import ParametricIdentity
from onekl.symbolic.proof import NotProved
from onekl.symbolic.sampling import RandomTables
from onekl.symbolic.statements import provable

x, z = sympy.symbols("x z", real=True)
theta, phi, step = (VectorSymbol(name) for name in ("theta", "phi", r"\Delta\theta"))
Q = ParametricJoint("q", (x,), theta)
P = Joint("p", (x, z))
R = ParametricJoint("r", (x, z), phi)
ONE = RandomFamilies((Q, P), directions=(step,))
TWO = RandomFamilies((R, P), directions=(step,))
f, b = Function("f", real=True), Function("b", real=True)
OLD, NEW = Q.at(theta - step)(x), Q(x)
SCORE, SCORE_STEP = Gradient(log(NEW), theta), Along(log(NEW), theta, step)
RZ = R(z, given=x)
T_STAR = log(RZ) - log(P(z))
ELBO = log(P(x, z)) - log(RZ)
HALVES = (NEW + P(x)) / 2
FISHER = SumOrIntegral(Along(NEW, theta, step) ** 2 / (2 * NEW), (x,))
WRONG = mpmath.mpf(10) ** -9
RIGHT = mpmath.mpf(10) ** -18


def mean(value, weight=NEW):
    return Expectation(weight, value)


def same(left, right, instances=ONE):
    return ParametricIdentity(instances, left=left, right=right)


def small(expression, value, order=2, instances=ONE, along=step):
    return ParametricExpansion(
        instances, expression=expression, step=along, order=order, value=value
    )


def grad(value, parameter=theta):
    return Gradient(value, parameter)


def violations(statement, support=(), tries=11):
    """The violations on the first instances, of those that fit, one after the other."""
    violation = statement.compile()
    with mpmath.workdps(30):
        drawn = [statement.instances.draw(Random(f"{k}"), k) for k in range(tries)]
        for instance in drawn:
            if not any(instance.breaks(premise) for premise in support):
                yield violation(instance)


def refuted(statement, support=()):
    return any(found > WRONG for found in violations(statement, support))


both = Add(mean(f(theta, x) * SCORE), mean(grad(f(theta, x))), evaluate=False)
TRUE = {
    "score": same(mean(SCORE), S.Zero),
    "score of a joint": same(mean(grad(log(R(x, z)), phi), R(x, z)), S.Zero, TWO),
    "score of a marginal": same(
        mean(grad(log(R(x)), phi), R(x, z)), mean(grad(log(R(x)), phi), R(x)), TWO
    ),
    "baseline": same(mean(Expectation(RZ, b(x) * grad(log(RZ), phi)), P(x)), S.Zero, TWO),
    "score function": same(grad(mean(f(x))), mean(f(x) * SCORE)),
    "f moves too": same(grad(mean(f(theta, x))), both),
    "avb-9": same(mean(grad(T_STAR, phi), RZ), S.Zero, TWO),
    "avb-9 averaged": same(mean(mean(grad(T_STAR, phi), RZ), P(x)), S.Zero, TWO),
    "evidence bound": same(grad(mean(ELBO, RZ), phi), mean(grad(log(RZ), phi) * ELBO, RZ), TWO),
    "Fisher": same(mean(Outer(SCORE, SCORE)), -mean(Hessian(log(NEW), theta))),
    "along a step": same(mean(SCORE_STEP**2), -mean(Along(log(NEW), theta, (step, step)))),
    "KL from q": same(grad(KL(NEW, P(x))), mean(SCORE * log(NEW / P(x)))),
    "KL to q": same(grad(KL(P(x), NEW)), -mean(SCORE, P(x))),
    "Entropy": same(grad(Entropy(NEW)), -mean(SCORE * log(NEW))),
    "Jensen-Shannon": same(
        grad(KL(NEW, HALVES) / 2 + KL(P(x), HALVES) / 2), mean(SCORE * log(NEW / HALVES)) / 2
    ),
    "KL to a moved density": small(KL(P(x), OLD), KL(P(x), NEW) + mean(SCORE_STEP, P(x)), order=1),
    "Hessian of KL": same(Hessian(KL(P(x), NEW), theta), -mean(Hessian(log(NEW), theta), P(x))),
    "an exponential": same(grad(mean(exp(f(x)))), mean(exp(f(x)) * SCORE)),
    "missing term": small(KL(NEW, OLD), FISHER),
    "missing term reversed": small(KL(OLD, NEW), FISHER),
    "half Fisher": small(KL(NEW, OLD), mean(SCORE_STEP**2) / 2),
    "minus half the Hessian": small(KL(NEW, OLD), -mean(Along(log(NEW), theta, (step, step))) / 2),
    "as an integral of ℰ": small(SumOrIntegral(kl_div(NEW, OLD), (x,)), FISHER),
    "two steps": small(KL(NEW, Q.at(theta + 2 * step)(x)), 4 * FISHER),
    "both directions": small(KL(NEW, OLD) - KL(OLD, NEW), S.Zero),
    "third order": small(
        KL(NEW, OLD),
        FISHER
        + SumOrIntegral(
            Along(NEW, theta, step) ** 3 / (3 * NEW**2)
            - Along(NEW, theta, step) * Along(NEW, theta, (step, step)) / (2 * NEW),
            (x,),
        ),
        order=3,
    ),
    "a mean": small(mean(f(x), OLD), mean(f(x)) - mean(f(x) * SCORE_STEP), order=1),
    "conditional": small(
        mean(KL(RZ, R.at(phi - step)(z, given=x)), P(x)),
        mean(mean(Along(log(RZ), phi, step) ** 2, RZ), P(x)) / 2,
        instances=TWO,
    ),
    "of a joint": small(
        KL(R(x, z), R.at(phi - step)(x, z)),
        mean(Along(log(R(x, z)), phi, step) ** 2, R(x, z)) / 2,
        instances=TWO,
    ),
}
FALSE = {
    "a mixture that moves": same(grad(KL(NEW, HALVES)), mean(SCORE * log(NEW / HALVES))),
    "log lost": same(mean(grad(NEW)), S.Zero),
    "wrong density": same(mean(SCORE, P(x)), S.Zero),
    "weighted score": same(mean(f(x) * SCORE), S.Zero),
    "wrong sign": same(grad(mean(f(x))), -mean(f(x) * SCORE)),
    "log lost in the gradient": same(grad(mean(f(x))), mean(f(x) * grad(NEW))),
    "wrong density under the mean": same(grad(mean(f(x))), mean(f(x) * SCORE, P(x))),
    "second term lost": same(grad(mean(f(theta, x))), mean(f(theta, x) * SCORE)),
    "first term lost": same(grad(mean(f(theta, x))), mean(grad(f(theta, x)))),
    "a frozen f": same(mean(grad(f(theta, x))), S.Zero),
    "avb-9 under p": same(mean(grad(T_STAR, phi), P(z)), S.Zero, TWO),
    "avb-9 with the marginal": same(mean(grad(log(R(z)), phi), RZ), S.Zero, TWO),
    "avb-9 with the wrong weight": same(mean(T_STAR * grad(T_STAR, phi), RZ), S.Zero, TWO),
    "a baseline of z": same(mean(Expectation(RZ, b(z) * grad(log(RZ), phi)), P(x)), S.Zero, TWO),
    "Fisher's sign": same(mean(Outer(SCORE, SCORE)), mean(Hessian(log(NEW), theta))),
    "Fisher's half": same(mean(Outer(SCORE, SCORE)), -mean(Hessian(log(NEW), theta)) / 2),
    "Fisher without a log": same(mean(Outer(SCORE, SCORE)), -mean(Hessian(NEW, theta))),
    "Fisher under p": same(mean(Outer(SCORE, SCORE), P(x)), -mean(Hessian(log(NEW), theta), P(x))),
    "KL's other gradient": same(grad(KL(P(x), NEW)), -mean(SCORE)),
    "KL from q without the log": same(grad(KL(NEW, P(x))), mean(SCORE * NEW / P(x))),
    "half lost": small(KL(NEW, OLD), 2 * FISHER),
    "a first-order term": small(
        KL(NEW, OLD), FISHER + SumOrIntegral(f(x) * Along(NEW, theta, step), (x,))
    ),
    "q² below": small(
        KL(NEW, OLD), SumOrIntegral(Along(NEW, theta, step) ** 2 / (2 * NEW**2), (x,))
    ),
    "negative": small(KL(OLD, NEW), -FISHER),
    "no third order": small(KL(NEW, OLD), FISHER, order=3),
    "directions differ to the third order": small(KL(NEW, OLD) - KL(OLD, NEW), S.Zero, order=3),
    "twice the step": small(KL(NEW, Q.at(theta + 2 * step)(x)), 2 * FISHER),
    "the mean's sign": small(mean(f(x), OLD), mean(f(x)) + mean(f(x) * SCORE_STEP), order=1),
    "cross-entropy": small(-mean(log(OLD)), FISHER),
    "p below": small(KL(NEW, OLD), SumOrIntegral(Along(NEW, theta, step) ** 2 / (2 * P(x)), (x,))),
}


@pytest.mark.parametrize("name", TRUE)
def test_a_true_statement_is_proved_and_agrees_with_numbers(name):
    statement = TRUE[name]
    proof = statement.prove()
    found = list(violations(statement, proof.support))
    assert len(found) > 3
    assert max(found) < RIGHT
    assert not any("Dummy" in line or "_u" in line for line in proof.premises)


@pytest.mark.parametrize("name", FALSE)
def test_a_false_neighbour_is_refused_in_one_line_and_by_numbers(name):
    statement = FALSE[name]
    with pytest.raises(NotProved) as refusal:
        statement.prove()
    assert "\n" not in str(refusal.value)
    assert "differ" in str(refusal.value)
    assert "Dummy" not in str(refusal.value)
    assert "_u" not in str(refusal.value)
    assert refuted(statement)


@pytest.mark.parametrize("name", ["score", "avb-9", "f moves too", "Fisher", "missing term"])
def test_prover_and_numbers_agree_on_every_mutant(name):
    statement = TRUE[name]
    support = statement.prove().support
    tried = mutants(statement)
    assert len(tried) >= 2
    for change, mutant in tried:
        assert refuted(mutant, support) != provable(mutant), (change, mutant.latex())


def expansions(statements):
    return [name for name, one in statements.items() if isinstance(one, ParametricExpansion)]


@pytest.mark.parametrize("name", expansions(TRUE))
def test_a_true_expansion_agrees_on_arrays(name):
    support = TRUE[name].prove().support
    trials = Trials(TRUE[name], support)
    assert trials._has_rules
    assert trials.numbers().finite == 1000


@pytest.mark.parametrize("name", expansions(FALSE))
def test_a_false_expansion_is_refuted_on_arrays(name):
    trials = Trials(FALSE[name], ())
    assert trials._has_rules
    assert trials.refute(FALSE[name])


def premises(statement):
    return " ".join(statement.prove().premises)


def test_the_premises_say_what_is_needed_and_no_more():
    assert TRUE["score"].prove().premises == (
        r"q_{\theta}(x) \text{ is continuously differentiable in } \theta",
        r"\text{differentiation in } \theta \text{ may be taken under } \int q_{\theta}(x) \,dx",
    )
    assert r"\int q_{\theta}(x) f(x) \,dx" in premises(TRUE["score function"])
    assert "taken twice under" in premises(TRUE["Fisher"])
    assert "stays 0" in premises(TRUE["Fisher"])
    assert "stays 0" not in premises(TRUE["score function"])
    assert "p(z) > 0" in premises(TRUE["avb-9"])
    missing = TRUE["missing term"].prove().premises
    assert len(missing) == 3
    assert "three times continuously differentiable" in missing[0]
    assert "stays 0" in missing[1]
    assert r"O(\lVert \Delta\theta \rVert^{3})" in missing[2]
    assert "is finite" in premises(TRUE["f moves too"])


def test_a_support_that_others_hold_still_need_not_stay():
    """Where p > 0, q is positive near θ; elsewhere it does not count."""
    proof = TRUE["KL to a moved density"].prove()
    assert [premise.latex() for premise in proof.support] == [
        r"q_{\theta}(x) > 0 \text{ wherever } p(x) > 0"
    ]
    assert not any("stays 0" in line for line in proof.premises)


def test_a_cancelled_density_becomes_a_premise():
    """∫ over p > 0 of ∇q is 0 if p > 0 wherever q > 0, and not otherwise."""
    statement = same(mean(SCORE * NEW / P(x), P(x)), S.Zero)
    (premise,) = statement.prove().support
    assert premise.latex() == r"p(x) > 0 \text{ wherever } q_{\theta}(x) > 0"
    assert max(violations(statement, (premise,))) < RIGHT
    drawn = (ONE.draw(Random(f"{k}"), k) for k in range(5, 205, 10))  # a row of p is 0
    broken = [instance for instance in drawn if instance.breaks(premise)]
    with mpmath.workdps(30):
        assert max(map(statement.compile(), broken)) > WRONG


def moving():
    """q_θ = (θ², 1 − θ²) at θ = 0: its support moves."""

    def at(place):
        return {(0,): place[0] ** 2, (1,): 1 - place[0] ** 2}

    values = {theta: (mpmath.mpf(0),), step: (mpmath.mpf(1),)}
    return FamilyAssignment(
        sizes={x: 2}, axes={"q": (x,)}, values=values, families={"q": at}, tables={}
    )


@pytest.mark.parametrize("name", ["Fisher", "along a step", "missing term", "half Fisher"])
def test_where_the_support_moves_the_second_order_is_false(name):
    assert "the support does not move" in premises(TRUE[name])
    with mpmath.workdps(30):
        assert TRUE[name].compile()(moving()) > WRONG


def test_the_first_order_needs_no_support_that_stays():
    assert "support" not in premises(TRUE["score"])
    with mpmath.workdps(30):
        assert TRUE["score"].compile()(moving()) < RIGHT


@pytest.mark.parametrize("name", ["avb-9", "Fisher", "missing term"])
def test_premises_do_not_depend_on_names(name):
    before = TRUE[name].prove().premises
    letters = {"q": "w", "p": "z_0", "r": "a"}
    renamed = {
        "avb-9": lambda P, Q, R: same(
            mean(grad(log(R(z, given=x)) - log(P(z)), phi), R(z, given=x)),
            S.Zero,
            RandomFamilies((R, P)),
        ),
        "Fisher": lambda P, Q, R: same(
            mean(Outer(grad(log(Q(x))), grad(log(Q(x)))), Q(x)),
            -mean(Hessian(log(Q(x)), theta), Q(x)),
            RandomFamilies((Q,)),
        ),
        "missing term": lambda P, Q, R: small(
            KL(Q(x), Q.at(theta - step)(x)),
            SumOrIntegral(Along(Q(x), theta, step) ** 2 / (2 * Q(x)), (x,)),
            instances=RandomFamilies((Q,), directions=(step,)),
        ),
    }[name]
    other = renamed(
        Joint(letters["p"], (x, z)),
        ParametricJoint(letters["q"], (x,), theta),
        ParametricJoint(letters["r"], (x, z), phi),
    )
    after = other.prove().premises
    for old, new in {"q_{": "w_{", "p(": "z_0(", "r_{": "a_{"}.items():
        before = tuple(line.replace(old, new) for line in before)
    assert after == before


# Families given exactly.

t_1, t_2, d_1, d_2 = sympy.symbols("theta_1 theta_2 d_1 d_2", real=True)
p = sympy.Symbol("p", positive=True)
THREE = {Q: (p + t_1, p + t_2, 1 - 2 * p - t_1 - t_2)}
PLACE = {theta: (t_1, t_2), step: (d_1, d_2)}
ZERO = {t_1: 0, t_2: 0}


def test_the_missing_term_on_three_letters_is_the_exact_quadratic_form():
    found = on_family(FISHER, THREE, PLACE).subs(ZERO)
    claimed = d_1**2 / (2 * p) + d_2**2 / (2 * p) + (d_1 + d_2) ** 2 / (2 * (1 - 2 * p))
    assert sympy.simplify(found - claimed) == 0


def test_the_exact_divergence_on_three_letters_bends_by_that_form():
    s = sympy.Symbol("s", real=True)
    line = on_family(KL(NEW, OLD), THREE, PLACE).subs(ZERO).subs({d_1: s * d_1, d_2: s * d_2})
    bend = sympy.diff(line, s, 2).subs(s, 0) / 2
    form = on_family(mean(SCORE_STEP**2), THREE, PLACE).subs(ZERO) / 2
    assert sympy.simplify(bend - form) == 0
    assert sympy.simplify(sympy.diff(line, s).subs(s, 0)) == 0


def test_second_derivatives_of_a_family_are_exact():
    hessian = mean(Along(log(NEW), theta, (step, step)))
    total = on_family(hessian, THREE, PLACE) + on_family(mean(SCORE_STEP**2), THREE, PLACE)
    assert sympy.simplify(total) == 0


# LaTeX and bad input.


def test_the_book_notation():
    assert TRUE["score"].latex() == (
        r"\mathbb{E}_{x\sim q_{\theta}(x)}\left[\nabla_{\theta} \log q_{\theta}(x)\right] = 0"
    )
    assert TRUE["avb-9"].latex().endswith(r"= 0 \quad \text{for every } x")
    assert TRUE["missing term"].latex() == (
        r"\mathrm{KL}\left(q_{\theta}(x) \,\Vert\, q_{\theta - \Delta\theta}(x)\right) = "
        r"\int \frac{\left(\Delta\theta \cdot \nabla_{\theta} q_{\theta}(x)\right)^{2}}"
        r"{2 q_{\theta}(x)} \,dx + O(\lVert \Delta\theta \rVert^{3})"
    )
    assert r"^{\mathsf T}" in TRUE["Fisher"].latex()
    assert TRUE["both directions"].latex().endswith(r"= O(\lVert \Delta\theta \rVert^{3})")


UNIT = VectorSymbol("e_{i}")
BAD = {
    "another parameter": (lambda: Q.at(phi - step), "it is asked for at"),
    "no multiple of a vector": (lambda: Q.at(theta + x), "plus multiples of vectors"),
    "twice the parameter": (lambda: Q.at(2 * theta), "plus multiples of vectors"),
    "a product of vectors": (lambda: Q.at(theta + step * phi), "plus multiples of vectors"),
    "a scalar symbol": (lambda: ParametricJoint("q", (x,), x), "must be a VectorSymbol"),
    "gradient in no parameter": (
        lambda: same(mean(grad(log(NEW), phi)), S.Zero), "no family .* has the parameter phi"),
    "a family that is not drawn": (
        lambda: same(mean(SCORE), S.Zero, TWO), "q is no family of the instances"),
    "tables without a parameter": (
        lambda: same(mean(SCORE), S.Zero, RandomTables((P,))), "needs RandomFamilies"),
    "number and vector": (lambda: same(mean(SCORE + f(x)), S.Zero), "adds numbers"),
    "vector and matrix": (
        lambda: same(mean(SCORE), mean(Outer(SCORE, SCORE))), "both be numbers, vectors"),
    "a product of gradients": (lambda: same(mean(SCORE**2), S.Zero), "takes numbers"),
    "two gradients": (lambda: same(mean(SCORE * grad(NEW)), S.Zero), "write Outer"),
    "log of a vector": (lambda: same(mean(log(SCORE)), S.Zero), "takes numbers"),
    "a bare vector": (lambda: same(mean(theta * f(x)), S.Zero), "theta is a vector"),
    "an unknown direction": (
        lambda: small(KL(NEW, Q.at(theta - phi)(x)), FISHER), "no value to the vector phi"),
    "no step": (
        lambda: small(KL(NEW, P(x)), mean(f(x))), "neither side depends on the step"),
    "a negative order": (lambda: small(KL(NEW, OLD), FISHER, order=-1), "the order must be"),
    "half an order": (
        lambda: small(KL(NEW, OLD), FISHER, order=sympy.Rational(1, 2)), "the order must be"),
    "a direction named as a unit vector": (
        lambda: same(
            SCORE * Along(f(theta, x), theta, UNIT),
            grad(f(theta, x)) * Along(log(NEW), theta, UNIT),
            RandomFamilies((Q,), directions=(UNIT,))),
        "the name .* is taken"),
    "a parameter as a step": (lambda: small(KL(NEW, OLD), FISHER, along=theta), "and no step"),
    "cells that do not sum to one": (
        lambda: on_family(FISHER, {Q: (p, p + t_1)}, PLACE), "do not sum to one"),
    "a negative cell": (lambda: on_family(FISHER, {Q: (S(2), -S.One)}, PLACE), "is negative"),
    "a cell that is negative for each p": (
        lambda: on_family(FISHER, {Q: (1 + t_1**2 + 1, -(t_1**2) - 1)}, PLACE), "is negative"),
    "a vector without coordinates": (
        lambda: on_family(FISHER, THREE, {theta: (t_1, t_2)}), "no coordinates are given for"),
    "a table of two variables": (
        lambda: on_family(FISHER, {R: (p, 1 - p)}, PLACE), "must have one variable"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_clear_line(name):
    make, why = BAD[name]
    with pytest.raises(ValueError, match=why) as error:
        make()
    assert "\n" not in str(error.value)
    assert not isinstance(error.value, NotProved)


normal = Gaussian(x, 0, 1)
REFUSED = {
    "the same object": (same(mean(SCORE), mean(SCORE)), "same object"),
    "a Gaussian": (same(grad(mean(f(x), normal)), S.Zero), "beyond the prover"),
    "a kink": (same(grad(mean(sympy.Abs(f(theta, x)))), S.Zero), "not seen to be differentiable"),
    "a log of what may be negative": (same(mean(grad(log(f(theta, x)))), S.Zero), "positive"),
    "an exponent that moves": (same(mean(grad(NEW ** f(theta, x))), S.Zero), "exponent moves"),
    "a product of means": (
        same(grad(mean(f(x)) * mean(b(x))), mean(SCORE)), "product of two integrals"),
    "a log of a mean": (same(grad(log(mean(exp(f(x))))), S.Zero), "no sum of means"),
    "bound twice": (same(mean(f(x) * mean(SCORE)), S.Zero), "bound twice"),
    "a derivative elsewhere": (
        small(SumOrIntegral(Along(OLD, theta, step), (x,)), S.Zero), "another point"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_beyond_the_prover_is_refused_with_its_reason(name):
    statement, why = REFUSED[name]
    with pytest.raises(NotProved, match=why) as refusal:
        statement.prove()
    assert "\n" not in str(refusal.value)


KINKS = {
    "a maximum": (sympy.Max(NEW, OLD), S.One, 1),
    "a positive part": (sympy.Max(NEW - OLD, 0), S.Zero, 1),
    "an absolute value": (sympy.Abs(NEW - OLD), S.Zero, 1),
    "an absolute value, further": (sympy.Abs(NEW - OLD), S.Zero, 2),
}


@pytest.mark.parametrize("name", KINKS)
def test_a_kink_at_no_step_is_refused_and_refuted(name):
    integrand, value, order = KINKS[name]
    false = small(SumOrIntegral(integrand, (x,)), value + 0 * NEW, order=order)
    with pytest.raises(NotProved) as refusal:
        false.prove()
    assert "\n" not in str(refusal.value)
    assert refuted(false)


def test_a_function_of_two_parameters_is_smooth_in_both():
    both_move = f(theta, phi, x)
    families = RandomFamilies((Q, R), directions=(step,))
    premises = same(
        grad(mean(both_move)), Add(mean(both_move * SCORE), mean(grad(both_move)), evaluate=False),
        families,
    ).prove().premises  # fmt: skip
    for parameter in (r"\theta", r"\phi"):
        wanted = rf"f(\theta, \phi, x) \text{{ is continuously differentiable in }} {parameter}"
        assert wanted in premises
