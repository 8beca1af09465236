"""Vectors of d coordinates, d a letter: true lines are proved, false ones refused and refuted."""

from random import Random

import mpmath
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import (
    HadamardPower,
    HadamardProduct,
    MatAdd,
    Rational,
    S,
    Symbol,
    exp,
    log,
    pi,
    sqrt,
)

from onekl.claims.numbers import Trials
from onekl.symbolic.algebra import KL, Entropy, Expectation, Joint, SumOrIntegral
from onekl.symbolic.mutants import mutants
from onekl.symbolic.notation import latex
from onekl.symbolic.proof import NotProved
from onekl.symbolic.statements import provable
from onekl.symbolic.vectors import reduction
from onekl.symbolic.vectors.algebra import (
    INDEX,
    CoordinateSum,
    Dot,
    PositiveVector,
    SquaredNorm,
    Vector,
    VectorDerivative,
    ZeroVector,
    require_vector,
)
from onekl.symbolic.vectors.concentration import BOUNDED, CONTINUOUS, Concentration
from onekl.symbolic.vectors.gaussians import conditional_step, divergence_step, mean_step
from onekl.symbolic.vectors.laws import VectorPushforward, VectorSecondOrder, law_step
from onekl.symbolic.vectors.normal import VectorGaussian
from onekl.symbolic.vectors.numbers import MOST_COORDINATES, RandomVectors
from onekl.symbolic.vectors.statements import VectorIdentity
from provers import refusal, worst

TOLERANCE, WRONG, TRIES = mpmath.mpf(10) ** -18, mpmath.mpf(10) ** -9, 8

d, k = sympy.symbols("d k", integer=True, positive=True)
z, w = sympy.symbols("z w")
t, c = sympy.symbols("t c", real=True)
s, tau, lam = sympy.symbols("sigma tau lambda", positive=True)
Q, R = Joint("q", (z,)), Joint("r", (z,))
W = Joint("s", (w,))
x, eps, mu, nu = (Vector(name, d) for name in ("x", "epsilon", "mu", "nu"))
spread = PositiveVector("sigma", d)
G, old_G = Vector("G", d, (z,)), Vector("G^{o}", d, (z,))
moved = MatAdd(G, -old_G)
decoded = Vector("G", d, (Vector("E", k, (x,)),))
DRAWN = RandomVectors((Q, R), scalars=(s, tau, lam), dimensions=(d, k))
N = VectorGaussian
i = INDEX
HALF = Rational(1, 2)


def sharp(vector):
    return N(vector, 0, s**2)


def noisy(mean):
    return N(x, mean, 1 / (2 * lam))


smoothed = KL(N(x, G, s**2), N(x, old_G, s**2))
penalty = lam * SumOrIntegral(Q(z) * SquaredNorm(moved), (z,))
to_prior = KL(N(x, mu, HadamardPower(spread, 2)), N(x, 0, 1))
summand = mu[i, 0] ** 2 + spread[i, 0] ** 2 - log(spread[i, 0] ** 2) - 1
error = lam * SquaredNorm(MatAdd(x, -decoded))
two_widths = KL(N(x, mu, s**2), N(x, nu, tau**2))
gap = SquaredNorm(MatAdd(mu, -nu))
bell = N(x, mu, s**2)

TRUE = {
    "su-23, one width": (smoothed, SquaredNorm(moved) / (2 * s**2)),
    "su-23, at 0": (log(sharp(ZeroVector(d)) / sharp(moved)), SquaredNorm(moved) / (2 * s**2)),
    "su-25, mean of KL": (Expectation(Q(z), KL(noisy(G), noisy(old_G))), penalty),
    "su-25, joint KL": (KL(noisy(G) * Q(z), noisy(old_G) * Q(z)), penalty),
    "su-34": (error, -log(noisy(decoded)) - d / 2 * log(pi / lam)),
    "sn-9": (to_prior, HALF * CoordinateSum(summand, d)),
    "two widths": (
        two_widths, d * log(tau / s) + (d * s**2 + gap) / (2 * tau**2) - Rational(1, 2) * d
    ),
    "the density": (bell, (2 * pi * s**2) ** (-d / 2) * exp(-SquaredNorm(x - mu) / (2 * s**2))),
    "entropy": (Entropy(bell), d / 2 * log(2 * pi * s**2) + d / 2),
    "second moment": (Expectation(bell, SquaredNorm(x)), SquaredNorm(mu) + d * s**2),
    "as an integral": (SumOrIntegral(bell * SquaredNorm(x - mu), (x,)), d * s**2),
    "scalar product": (Expectation(bell, Dot(x, nu)), Dot(mu, nu)),
    "polarisation": (SquaredNorm(mu + nu) - SquaredNorm(mu - nu), 4 * Dot(mu, nu)),
    "two Gaussians": (
        Expectation(N(x, eps, s**2) * N(eps, 0, 1), SquaredNorm(x)), d * (1 + s**2)
    ),
    "a number of coordinates": (
        KL(N(Vector("y", 3), 0, s**2), N(Vector("y", 3), 0, 1)), 3 * (s**2 - log(s**2) - 1) / 2
    ),
    "a posterior's error": (
        Expectation(Q(z), Expectation(noisy(G), lam * SquaredNorm(MatAdd(x, -old_G)))),
        penalty + d / 2,
    ),
}  # fmt: skip

FALSE = {
    "su-23: a half lost": (smoothed, SquaredNorm(moved) / s**2),
    "su-23: a square lost": (smoothed, sqrt(SquaredNorm(moved)) / (2 * s**2)),
    "su-23: the width's square lost": (smoothed, SquaredNorm(moved) / (2 * s)),
    "su-23: a mean of coordinates": (smoothed, SquaredNorm(moved) / (2 * d * s**2)),
    "su-23: a sum of vectors": (smoothed, SquaredNorm(G + old_G) / (2 * s**2)),
    "su-23: upside down": (
        log(sharp(moved) / sharp(ZeroVector(d))), SquaredNorm(moved) / (2 * s**2)
    ),
    "su-25: lambda is 1/sigma²": (
        Expectation(Q(z), KL(N(x, G, 1 / lam), N(x, old_G, 1 / lam))), penalty
    ),
    "su-25: another density of z": (Expectation(R(z), KL(noisy(G), noisy(old_G))), penalty),
    "su-25: one map alone": (
        KL(noisy(G) * Q(z), noisy(old_G) * Q(z)), lam * SumOrIntegral(Q(z) * SquaredNorm(G), (z,))
    ),
    "su-25: two priors": (KL(noisy(G) * Q(z), noisy(old_G) * R(z)), penalty),
    "su-34: d lost": (error, -log(noisy(decoded)) - HALF * log(pi / lam)),
    "su-34: a half lost": (error, -log(noisy(decoded)) - d * log(pi / lam)),
    "su-34: the constant's sign": (error, -log(noisy(decoded)) + d / 2 * log(pi / lam)),
    "su-34: the variance 1/lambda": (
        error, -log(N(x, decoded, 1 / lam)) - d / 2 * log(2 * pi / lam)
    ),
    "sn-9: a mean of coordinates": (to_prior, CoordinateSum(summand, d) / (2 * d)),
    "sn-9: 1 without a sum": (to_prior, HALF * (CoordinateSum(summand + 1, d) - 1)),
    "sn-9: sigma for sigma²": (
        to_prior, HALF * CoordinateSum(summand + log(spread[i, 0] ** 2) - log(spread[i, 0]), d)
    ),
    "two widths: reversed": (
        two_widths, d * log(s / tau) + (d * tau**2 + gap) / (2 * s**2) - Rational(1, 2) * d
    ),
    "two widths: d lost": (two_widths, log(tau / s) + (s**2 + gap) / (2 * tau**2) - HALF),
    "the density: d lost": (
        bell, (2 * pi * s**2) ** -HALF * exp(-SquaredNorm(x - mu) / (2 * s**2))
    ),
    "the density: d for d/2": (
        bell, (2 * pi * s**2) ** -d * exp(-SquaredNorm(x - mu) / (2 * s**2))
    ),
    "the density: 2 lost": (bell, (2 * pi * s**2) ** (-d / 2) * exp(-SquaredNorm(x - mu) / s**2)),
    "entropy: d lost": (Entropy(bell), HALF * log(2 * pi * s**2) + HALF),
    "second moment: d lost": (Expectation(bell, SquaredNorm(x)), SquaredNorm(mu) + s**2),
    "second moment: the mean lost": (Expectation(bell, SquaredNorm(x)), d * s**2),
    "polarisation: 2 for 4": (SquaredNorm(mu + nu) - SquaredNorm(mu - nu), 2 * Dot(mu, nu)),
    "two Gaussians: one": (Expectation(N(x, eps, s**2) * N(eps, 0, 1), SquaredNorm(x)), d * s**2),
    "an unknown density's mean": (
        Expectation(Q(z), SquaredNorm(G)), Expectation(R(z), SquaredNorm(G))
    ),
    "norm and squared norm": (
        Expectation(Q(z), SquaredNorm(G)), Expectation(Q(z), SquaredNorm(G)) + d
    ),
}  # fmt: skip


def identity(sides):
    return VectorIdentity(DRAWN, left=sides[0], right=sides[1])


@pytest.mark.parametrize("name", TRUE)
def test_a_true_line_is_proved_in_d_dimensions_and_agrees_with_numbers(name):
    statement = identity(TRUE[name])
    statement.prove()
    assert worst(statement, TRIES) < TOLERANCE


@pytest.mark.parametrize("name", FALSE)
def test_a_false_neighbour_is_refused_and_refuted(name):
    refusal(identity(FALSE[name]))
    assert worst(identity(FALSE[name]), TRIES) > WRONG


@pytest.mark.parametrize("name", ["su-23, one width", "su-25, joint KL", "su-34", "sn-9"])
def test_every_mutant_is_equivalent_or_refused_and_refuted(name):
    statement = identity(TRUE[name])
    found = mutants(statement)
    assert len(found) > 5
    for kind, mutant in found:
        assert provable(mutant) == (worst(mutant, TRIES) < WRONG), (kind, mutant.latex())


@settings(max_examples=15, deadline=None)
@given(*(st.integers(-3, 3).filter(bool) for _ in range(4)))
def test_means_of_quadratic_forms_are_found_and_their_neighbours_are_not(a, b, shift, wrong):
    value = a * SquaredNorm(x + shift * nu) + b * Dot(x, nu)
    mean = a * (SquaredNorm(mu + shift * nu) + d * s**2) + b * Dot(mu, nu)
    true = identity((Expectation(bell, value), mean))
    assert true.prove() and worst(true, 2) < TOLERANCE
    false = identity((Expectation(bell, value), mean + wrong * s**2))
    assert refusal(false) and worst(false, 2) > WRONG


PREMISES = {
    "su-23, one width": (r"\sigma \neq 0",),
    "su-25, joint KL": (r"\lambda > 0",),
    "su-34": (r"\lambda > 0",),
    "sn-9": (r"\sigma_{i} \neq 0 \text{ for every } i",),
    "polarisation": (),
}


@pytest.mark.parametrize("name", PREMISES)
def test_the_signs_are_the_weakest_that_the_proof_bears_under_any_name(name):
    assert identity(TRUE[name]).prove().premises == PREMISES[name]
    renamed = {s: sympy.Symbol("a", positive=True), lam: sympy.Symbol("b", positive=True)}
    renamed[spread] = PositiveVector("a", d)
    sides = [side.xreplace(renamed) for side in TRUE[name]]
    letters = {r"\sigma": "a", r"\lambda": "b"}
    expected = PREMISES[name]
    for old, new in letters.items():
        expected = tuple(premise.replace(old, new) for premise in expected)
    assert identity(sides).prove().premises == expected


@pytest.mark.parametrize(
    ("known", "variance", "premise"),
    [
        ({"positive": True}, lambda v: v, ("v > 0",)),
        ({"negative": True}, lambda v: -v, ("v < 0",)),
        ({"negative": True}, lambda v: v**2, (r"v \neq 0",)),
        ({"nonzero": True, "real": True}, lambda v: v**2, (r"v \neq 0",)),
        ({"nonnegative": True}, lambda v: v + 1, (r"v \geq 0",)),
        ({"nonnegative": True}, lambda v: v**2 + 1, ()),
    ],
)
def test_every_sign_that_a_line_needs_is_a_premise(known, variance, premise):
    v = variance(sympy.Symbol("v", **known))
    line = identity((KL(N(x, mu, v), N(x, nu, v)), gap / (2 * v)))
    assert line.prove().premises == premise


@pytest.mark.parametrize("names", ["ab", "ba"])
def test_which_of_two_signs_is_kept_does_not_depend_on_their_letters(names):
    one, two = sympy.symbols(" ".join(names), positive=True)
    v = one**2 + two**2
    drawn = RandomVectors((), scalars=(one, two), dimensions=(d,))
    line = VectorIdentity(drawn, left=KL(N(x, mu, v), N(x, nu, v)), right=gap / (2 * v))
    assert line.prove().premises == (rf"{names[1]} \neq 0",)


def test_two_symbols_of_one_name_stay_two():
    other = sympy.Symbol(s.name, real=True)
    line = identity((KL(N(x, other * mu, s), N(x, other * nu, s)), other**2 * gap / (2 * s)))
    assert line.prove().premises == (r"\sigma > 0",)


OPEN_ENTROPIES = {
    "of a product": (Entropy(bell * Q(z)), d / 2 * log(2 * pi * s**2) + d / 2),
    "of a joint": (Entropy(N(x, G, s**2) * Q(z)), d / 2 * log(2 * pi * s**2) + d / 2),
    "of two densities beside it": (Entropy(bell * Q(z) * W(w)), Entropy(bell * Q(z))),
}


@pytest.mark.parametrize("name", OPEN_ENTROPIES)
def test_the_entropy_of_an_unknown_density_is_not_left_out(name):
    drawn = RandomVectors((Q, W), scalars=(s,), dimensions=(d,))
    left, right = OPEN_ENTROPIES[name]
    false = VectorIdentity(drawn, left=left, right=right)
    assert "stays open" in refusal(false) and worst(false, TRIES) > WRONG


def test_a_number_is_a_side_like_any_other():
    assert refusal(identity((SquaredNorm(x), 0)))


def test_without_the_sign_of_the_variance_the_line_is_refused():
    unknown = sympy.Symbol("v", real=True)
    left = KL(N(x, mu, unknown), N(x, nu, unknown))
    assert "variance" in refusal(identity((left, gap / (2 * unknown))))


def test_means_that_stand_in_a_sum_must_be_finite():
    first, second = Expectation(Q(z), SquaredNorm(G)), Expectation(Q(z), SquaredNorm(old_G))
    apart = sympy.Add(first, -second, evaluate=False)
    together = Expectation(Q(z), SquaredNorm(G) - SquaredNorm(old_G))
    premises = identity((apart, together)).prove().premises
    assert len(premises) == 2 and all("is finite" in premise for premise in premises)
    cancelled = sympy.Add(first, -first, evaluate=False)
    assert "is finite" in identity((cancelled, S.Zero)).prove().premises[0]


@pytest.mark.parametrize(
    "step", [divergence_step, mean_step, conditional_step, law_step], ids=lambda f: f.__name__
)
def test_the_step_from_some_coordinates_to_one_more_is_itself_proved(step):
    step().prove()
    assert worst(step(), TRIES) < TOLERANCE


def _no_step():
    raise NotProved("the step is not proved")


@pytest.mark.parametrize("step", ["divergence_step", "mean_step", "conditional_step"])
def test_a_line_is_refused_where_a_step_that_it_rests_on_is_not_proved(monkeypatch, step):
    reduction.reduced.cache_clear()
    monkeypatch.setattr(reduction, step, _no_step)
    refusal(identity(TRUE["su-25, joint KL"]), "the step is not proved")
    identity(TRUE["polarisation"]).prove()  # it holds no Gaussian


REFUSED = {
    "the same object": ((smoothed, smoothed), "the same object"),
    "an open coordinate": ((mu[i, 0], nu[i, 0]), "is left open"),
    "a fourth moment": (
        (Expectation(bell, SquaredNorm(x) ** 2), SquaredNorm(mu) ** 2), "single coordinates"
    ),
    "an exponential's mean": ((Expectation(bell, CoordinateSum(exp(x[i, 0]), d)), d), "polynomial"),
    "a map's mean": (
        (Expectation(bell, SquaredNorm(Vector("G", k, (x,)))), k), "polynomial"
    ),
    "a log of a norm": ((log(SquaredNorm(mu)), log(SquaredNorm(-mu))), "logarithm"),
    "a number that may be 0": ((d / c + d / c, SquaredNorm(mu)), "may be 0"),
    "a variance from the variable": ((KL(N(x, x, s**2), N(x, mu, s**2)), d), "its own variable"),
    "a mean of a mean": (
        (Expectation(Q(z), Expectation(W(w), SquaredNorm(Vector("H", d, (w, z))))), d), "under"
    ),
    "a squared mean": ((Expectation(Q(z), SquaredNorm(G)) ** 2, d), "no mean times a number"),
    "a Gaussian beside its own code": (
        (Expectation(N(x, 0, 1) * Joint("q", (z, x))(z, given=x), SquaredNorm(x)), d), "factor"
    ),
    "KL to another variable": ((KL(N(x, 0, 1), N(eps, 0, 1)), d), "same variables"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_beyond_the_prover_is_refused_with_what_is_missing(name):
    (left, right), words = REFUSED[name]
    drawn = RandomVectors((Joint("q", (z, x)), W), dimensions=(d, k))
    assert words in refusal(VectorIdentity(drawn, left=left, right=right))


BAD = {
    "a dimension that is no count": lambda: Vector("x", -2),
    "a dimension of unknown sign": lambda: Vector("x", sympy.Symbol("d")),
    "a norm of a number": lambda: SquaredNorm(s),
    "vectors of two dimensions": lambda: Dot(mu, Vector("y", k)),
    "a mean of another dimension": lambda: N(x, Vector("y", k), 1),
    "a diagonal of another dimension": lambda: N(x, 0, Vector("y", k)),
    "a density of a number": lambda: N(s, 0, 1),
    "a sum over other coordinates": lambda: CoordinateSum(mu[i, 0], k),
    "a derivative of a constant": lambda: VectorDerivative(mu, t),
    "a mean over no joint's variable": lambda: identity(
        (Expectation(Joint("q", (w,))(w), SquaredNorm(mu)), SquaredNorm(mu))
    ),
    "a mean at a point": lambda: KL(sharp(moved), sharp(G)),
    "an assumption that nothing uses": lambda: narrowing(bell, mu, assumed=(BOUNDED, "smooth")),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_clear_line(name):
    with pytest.raises(ValueError) as error:
        BAD[name]()
    assert 0 < len(str(error.value)) < 160 and "\n" not in str(error.value)


def test_instances_have_every_number_of_coordinates():
    drawn = [DRAWN.draw(Random(n), n) for n in range(60)]
    assert {instance.values[d] for instance in drawn} == set(range(1, MOST_COORDINATES + 1))


def test_the_book_prints_vectors_as_the_source_does():
    assert latex(penalty).endswith(r"\Vert G(z) - G^{o}(z) \Vert^2 \,dz")
    assert latex(N(x, mu, s**2)) == r"\mathcal{N}(x; \mu, \sigma^{2} I)"
    assert latex(CoordinateSum(mu[i, 0] ** 2, d)) == r"\sum_{i=1}^{d} \mu_{i}^{2}"


# The limits of su-24 and rq-5.


def narrowing(kernel, place, **more):
    return Concentration(DRAWN, kernel=kernel, variable=x, symbol=s, place=place, **more)


zero, norm = ZeroVector(d), SquaredNorm(x)
as_printed = (2 * pi * s**2) ** (-d / 2) * exp(-norm / (2 * s**2))
NARROW = {
    "su-24": (as_printed, zero),
    "rq-5": (N(x, G, s**2), G),
    "another width": (N(x, G, 3 * s), G),
    "a mean that moves in": (N(x, MatAdd(G, s * mu), s**2), G),
    "a diagonal": (N(x, mu, s * HadamardPower(spread, 2)), mu),
    "without the factor of 2": ((pi * s**2) ** (-d / 2) * exp(-norm / s**2), zero),
}
NOT_NARROW = {
    "d lost": ((2 * pi * s**2) ** -HALF * exp(-norm / (2 * s**2)), zero),
    "d for d/2": ((2 * pi * s**2) ** -d * exp(-norm / (2 * s**2)), zero),
    "2 lost": ((2 * pi * s**2) ** (-d / 2) * exp(-norm / s**2), zero),
    "a square lost": ((2 * pi * s) ** (-d / 2) * exp(-norm / (2 * s**2)), zero),
    "the sign of the exponent": ((2 * pi * s**2) ** (-d / 2) * exp(norm / (2 * s**2)), zero),
    "a width that stays": (N(x, G, s**2 + 1), G),
    "another place": (N(x, G, s**2), old_G),
    "a mean that stays away": (N(x, MatAdd(G, mu), s**2), G),
}


@pytest.mark.parametrize("name", NARROW)
def test_a_kernel_narrows_down_to_delta(name):
    statement = narrowing(*NARROW[name])
    assert statement.prove().premises[:2] == (BOUNDED, CONTINUOUS)
    assert worst(statement, 4) < TOLERANCE


@pytest.mark.parametrize("name", NOT_NARROW)
def test_a_kernel_that_does_not_is_refused_and_refuted(name):
    refusal(narrowing(*NOT_NARROW[name]))
    assert worst(narrowing(*NOT_NARROW[name]), TRIES) > WRONG


@pytest.mark.parametrize(
    ("assumed", "word"),
    [((BOUNDED,), "discontinuous"), ((CONTINUOUS,), "unbounded"), ((), "unbounded")],
)
@pytest.mark.parametrize("name", ["su-24", "rq-5"])
def test_without_its_premise_the_limit_is_refused_and_refuted(name, assumed, word):
    statement = narrowing(*NARROW[name], assumed=assumed)
    assert word in refusal(statement)
    assert worst(statement, 2) > WRONG


KERNEL_SIGNS = {
    "in the mean alone": (N(x, tau * mu, s**2), tau * mu, ()),
    "squared": (N(x, mu, (s * tau) ** 2), mu, (r"\tau \neq 0",)),
    "as it is": (N(x, mu, s * tau), mu, (r"\tau > 0",)),
    "a diagonal": (
        N(x, mu, s * HadamardPower(PositiveVector("v", d), 2)), mu,
        (r"v_{i} \neq 0 \text{ for every } i",),
    ),
    "negative": (N(x, mu, -s * sympy.Symbol("v", negative=True)), mu, ("v < 0",)),
}  # fmt: skip


@pytest.mark.parametrize("name", KERNEL_SIGNS)
def test_a_kernel_needs_the_weakest_signs(name):
    kernel, place, signs = KERNEL_SIGNS[name]
    assert narrowing(kernel, place).prove().premises == (BOUNDED, CONTINUOUS, *signs)


def test_mutants_of_a_limit_are_equivalent_or_refused_and_refuted():
    statement = narrowing(as_printed, zero)
    for kind, mutant in mutants(statement):
        if provable(mutant):
            assert worst(mutant, 3) < TOLERANCE, kind
        else:
            assert worst(mutant, TRIES) > WRONG, kind


def test_a_kernel_with_norm_for_squared_norm_is_refused():
    kernel = (2 * pi * s**2) ** (-d / 2) * exp(-sqrt(norm) / (2 * s**2))
    assert "root" in refusal(narrowing(kernel, zero))


# sn-10's map.

affine = MatAdd(mu, HadamardProduct(spread, eps))
DIAGONAL = HadamardPower(spread, 2)


def pushed(value, density, under=None):
    return VectorPushforward(
        DRAWN, value=value, under=under or N(eps, 0, 1), variable=x, density=density
    )


LAWS = {
    "sn-10": (affine, N(x, mu, DIAGONAL)),
    "one width": (MatAdd(mu, s * eps), N(x, mu, s**2)),
    "reflected": (MatAdd(mu, -s * eps), N(x, mu, s**2)),
    "back": (MatAdd(eps, -nu) / s, N(x, 0, 1), N(eps, nu, s**2)),
}
NO_LAWS = {
    "a square lost": (affine, N(x, mu, spread)),
    "the mean lost": (affine, N(x, 0, DIAGONAL)),
    "another scale": (MatAdd(mu, 2 * s * eps), N(x, mu, s**2)),
    "a constant": (mu, N(x, mu, s**2)),
    "the variance for the scale": (MatAdd(mu, s**2 * eps), N(x, mu, s**2)),
}


@pytest.mark.parametrize("name", LAWS)
def test_an_affine_image_of_a_gaussian_vector_has_its_law(name):
    statement = pushed(*LAWS[name])
    statement.prove()
    assert worst(statement, TRIES) < TOLERANCE


def test_a_law_is_refused_where_the_step_that_it_rests_on_is_not_proved(monkeypatch):
    monkeypatch.setattr("onekl.symbolic.vectors.laws.law_step", _no_step)
    refusal(pushed(*LAWS["sn-10"]), "the step is not proved")


@pytest.mark.parametrize("name", NO_LAWS)
def test_another_law_is_refused_and_refuted(name):
    refusal(pushed(*NO_LAWS[name]))
    assert worst(pushed(*NO_LAWS[name]), TRIES) > WRONG


@pytest.mark.parametrize("name", ["sn-10", "one width"])
def test_mutants_of_a_law_are_equivalent_or_refused_and_refuted(name):
    statement = pushed(*LAWS[name])
    for kind, mutant in mutants(statement):
        assert (worst(mutant, TRIES) < TOLERANCE) == provable(mutant), kind


def test_a_map_that_mixes_coordinates_is_refused():
    mixed = MatAdd(eps, Dot(eps, mu) * nu)
    assert "coordinate by coordinate" in refusal(pushed(mixed, N(x, 0, 1)))


# su-26's curve.

curve, start = (Vector("G", d, (place, z)) for place in (t, S.Zero))
travelled = lam * SquaredNorm(MatAdd(curve, -start))
speed = SquaredNorm(VectorDerivative(curve, t))


def bending(value, bend, point=S.Zero):
    return VectorSecondOrder(DRAWN, weight=Q(z), value=value, symbol=t, point=point, bend=bend)


BENT = {
    "su-26": (travelled, 2 * lam * speed),
    "times t": (travelled * (1 + t), 2 * lam * speed),
    "a product": (
        Dot(MatAdd(curve, -start), t * curve),
        2 * Dot(VectorDerivative(curve, t), start),
    ),
}
STRAIGHT = {
    "2 lost": (travelled, lam * speed),
    "lambda lost": (travelled, 2 * speed),
    "a mean of coordinates": (travelled, 2 * lam * speed / d),
    "not from the start": (lam * SquaredNorm(curve), 2 * lam * speed),
    "a slope": (lam * Dot(MatAdd(curve, -start), start), S.Zero),
    "half the curve": (lam * SquaredNorm(MatAdd(curve, -start / 2)), 2 * lam * speed),
    "bent itself": (lam * SquaredNorm(MatAdd(Vector("G", d, (t**2, z)), -start)), 2 * lam * speed),
}


@pytest.mark.parametrize("name", BENT)
def test_the_penalty_bends_as_said_along_a_curve(name):
    statement = bending(*BENT[name])
    assert statement.prove().premises
    assert worst(statement, 4) < TOLERANCE


@pytest.mark.parametrize("name", STRAIGHT)
def test_another_bend_is_refused_and_refuted(name):
    refusal(bending(*STRAIGHT[name]))
    assert worst(bending(*STRAIGHT[name]), 4) > WRONG


@pytest.mark.parametrize("name", BENT)
def test_the_penalty_bends_as_said_on_arrays(name):
    trials = Trials(bending(*BENT[name]), ())
    assert trials._has_rules and trials.numbers().finite == 1000


@pytest.mark.parametrize("name", STRAIGHT)
def test_another_bend_is_refuted_on_arrays(name):
    statement = bending(*STRAIGHT[name])
    trials = Trials(statement, ())
    assert trials._has_rules and trials.refute(statement)


def test_mutants_of_a_bend_are_refused_and_refuted():
    statement = bending(*BENT["su-26"])
    for kind, mutant in mutants(statement):
        assert provable(mutant) == (worst(mutant, 4) < WRONG), kind


def test_a_norm_has_no_second_derivative_to_speak_of():
    refusal(bending(sqrt(travelled), S.Zero))


def test_a_map_may_not_have_the_name_of_a_derivative():
    """Nothing ties the map A^(1, 0) to the slope of A."""
    first = Vector("A", d, (t, z))
    apart = SquaredNorm(first - Vector("A", d, (S.Zero, z)))
    false = bending(apart, 2 * SquaredNorm(Vector("A^{(1, 0)}", d, (t, z))))
    assert "rename the map" in refusal(false) and worst(false, TRIES) > WRONG


@pytest.mark.parametrize(
    "matrix", [sympy.MatrixSymbol("A", d, d), sympy.MatrixSymbol("r", 1, d), Symbol("s"), S.One]
)
def test_what_is_no_column_is_no_vector(matrix):
    with pytest.raises(ValueError, match="is no vector"):
        require_vector(matrix)
