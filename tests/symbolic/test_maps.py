"""Smooth bijections: inverse, determinant, laws, KL and entropy; false neighbours of each."""

from random import Random

import mpmath
import pytest
import sympy
from sympy import Abs, Add, Function, MatrixSymbol, S, asinh, cosh, exp, log, sinh, sqrt, symbols

from onekl.symbolic.algebra import KL, Entropy, Expectation, Gaussian, Joint, SumOrIntegral
from onekl.symbolic.maps.change_of_variables import ChangeOfVariables
from onekl.symbolic.maps.image_law import Bijection, ImageLaw
from onekl.symbolic.maps.real_densities import RandomDensities, RandomPoints
from onekl.symbolic.maps.smooth_map import (
    DensityAt,
    LogDet,
    MapValue,
    SmoothMap,
    composed,
    image,
    unknown_map,
)
from onekl.symbolic.maps.triangular import TriangularMap
from onekl.symbolic.numeric import DIGITS, compiled
from onekl.symbolic.sampling import RandomTables
from provers import assert_mutants_agree, refusal, worst

x, y, u, v, z, x1, x2, x3, z1, z2, z3 = symbols("x y u v z x1 x2 x3 z1 z2 z3", real=True)
a, b, c, d, mu = symbols("a b c d mu", real=True)
sigma = symbols("sigma", positive=True)
s, t = Function("s", real=True), Function("t", real=True)
RANGES = (
    (a, 1, 2), (b, -0.5, 0.5), (c, -0.5, 0.5), (d, 1, 2), (mu, -1, 1), (sigma, 1.2, 2),
)  # fmt: skip
LINE = RandomPoints(RANGES, coordinates=(x, z, x1, x2, x3, z1, z2, z3))
SPACE = RandomPoints((), points=(x, y, z), bijections=("f", "g"))

determinant = a * d - b * c
back = (x2 - x1**2 / 4) * exp(-s(x1 / 2))  # z2 of the triangular map
triangular = (2 * z1, z2 * exp(s(z1)) + z1**2, z3 * exp(t(z1, z2)) + z1 * z2)
affine = SmoothMap([z], [x], [mu + sigma * z], [(x - mu) / sigma], log(sigma))
bend = SmoothMap([z], [x], [sinh(z)], [asinh(x)], log(cosh(z)))
cubic = SmoothMap([z], [x], [z + z**3 / 3], [2 * sinh(asinh(3 * x / 2) / 3)], log(1 + z**2))
coupling = SmoothMap(
    [z1, z2], [x1, x2], [z1, z2 * exp(s(z1)) + t(z1)], [x1, (x2 - t(x1)) * exp(-s(x1))], s(z1)
)
matrix_inverse = [(d * x1 - b * x2) / determinant, (a * x2 - c * x1) / determinant]
g, f = unknown_map("g", z, x), unknown_map("f", x, y)
BIJECTIONS = {
    "affine": affine,
    "reflected": SmoothMap([z], [x], [mu - sigma * z], [(mu - x) / sigma], log(sigma)),
    "sinh": bend,
    "cubic": cubic,
    "matrix": SmoothMap(
        [z1, z2], [x1, x2], [a * z1 + b * z2, c * z1 + d * z2], matrix_inverse,
        log(Abs(determinant)),
    ),
    "shear": SmoothMap([z1, z2], [x1, x2], [z1 + z2**2, z2], [x1 - x2**2, x2], 0),
    "not triangular": SmoothMap(
        [z1, z2], [x1, x2], [z2, a * z1 + z2**2], [(x2 - x1**2) / a, x1], log(Abs(a))
    ),
    "coupling": coupling,
    "triangular": SmoothMap(
        [z1, z2, z3], [x1, x2, x3], triangular,
        [x1 / 2, back, (x3 - x1 / 2 * back) * exp(-t(x1 / 2, back))],
        log(2) + s(z1) + t(z1, z2),
    ),
    "two after each other": composed(
        SmoothMap([z], [x1], [sinh(z)], [asinh(x1)], log(cosh(z))),
        SmoothMap([x1], [x], [mu + sigma * x1], [(x - mu) / sigma], log(sigma)),
    ),
}  # fmt: skip
UNKNOWN = {
    "any map": g,
    "any two": composed(g, f),
    "the inverse": SmoothMap(
        [z], [x], [MapValue("g", z, -1)], [MapValue("g", x)],
        -LogDet("g", MapValue("g", z, -1)),
    ),
}  # fmt: skip
NO_BIJECTIONS = {
    "inverse's sign": SmoothMap([z], [x], [mu + sigma * z], [(x + mu) / sigma], log(sigma)),
    "inverse's factor": SmoothMap([z], [x], [mu + sigma * z], [sigma * (x - mu)], log(sigma)),
    "determinant upside down": SmoothMap(
        [z], [x], [mu + sigma * z], [(x - mu) / sigma], -log(sigma)
    ),
    "square of the determinant": SmoothMap([z], [x], [sinh(z)], [asinh(x)], 2 * log(cosh(z))),
    "trace for determinant": SmoothMap(
        [z1, z2], [x1, x2], [a * z1 + b * z2, c * z1 + d * z2], matrix_inverse, log(Abs(a + d))
    ),
    "product of the diagonal": SmoothMap(
        [z1, z2], [x1, x2], [a * z1 + b * z2, c * z1 + d * z2], matrix_inverse, log(Abs(a * d))
    ),
    "sign of s": SmoothMap(
        [z1, z2], [x1, x2], coupling.forward, coupling.inverse, -s(z1)
    ),
    "s in the inverse": SmoothMap(
        [z1, z2], [x1, x2], coupling.forward, [x1, (x2 - t(x1)) * exp(s(x1))], s(z1)
    ),
    "no inverse": SmoothMap([z1, z2], [x1, x2], [z1 + z2, z1 + z2], [x1, x2], 0),
    "two points in one": SmoothMap([z], [x], [z**2], [sqrt(Abs(x))], log(2 * Abs(z))),
    "not onto": SmoothMap([z], [x], [exp(z)], [log(Abs(x))], z),
}  # fmt: skip
NOT_ALONE = {  # a formula that is right where it is defined, on a part of the line
    "a slope of 0": SmoothMap([z], [x], [z**3], [sympy.cbrt(x)], log(3 * z**2)),
    "a pole": SmoothMap([z], [x], [1 / z], [1 / x], -2 * log(Abs(z))),
    "a corner": SmoothMap([z], [x], [z + Abs(z) / 2], [x - Abs(x) / 3], S.Zero),
    "half a line": SmoothMap([z], [x], [exp(z)], [log(x)], z),
    "an interval": SmoothMap([z], [x], [sympy.atan(z)], [sympy.tan(x)], -log(1 + z**2)),
    "a known sign": SmoothMap([sigma], [x], [log(sigma)], [exp(x)], -log(sigma)),
}


def bijection(claimed, instances=LINE):
    return Bijection(instances, claimed=claimed)


ALL = {name: bijection(claimed) for name, claimed in BIJECTIONS.items()} | {
    name: bijection(claimed, SPACE) for name, claimed in UNKNOWN.items()
}


@pytest.mark.parametrize("name", ALL)
def test_a_bijection_is_proved_and_the_numbers_agree(name):
    ALL[name].prove()
    assert worst(ALL[name], 6) < mpmath.mpf(10) ** -20


@pytest.mark.parametrize("name", sorted(BIJECTIONS.keys() - {"sinh", "triangular", "cubic"}))
def test_mutants_of_bijections(name):
    assert_mutants_agree(ALL[name], 4)


@pytest.mark.parametrize("name", NO_BIJECTIONS)
def test_a_wrong_map_is_refused_and_the_numbers_refute_it(name):
    refusal(bijection(NO_BIJECTIONS[name]))
    assert worst(bijection(NO_BIJECTIONS[name]), 6) > 1e-3


@pytest.mark.parametrize("name", NOT_ALONE)
def test_a_map_of_a_part_of_the_line_is_refused(name):
    assert "not seen" in (why := refusal(bijection(NOT_ALONE[name]))) or "no known sign" in why


def test_parameters_of_unknown_sign_become_premises():
    assert ALL["matrix"].prove().premises == (r"a d - b c \neq 0",)
    assert ALL["not triangular"].prove().premises == (r"a \neq 0",)
    assert ALL["affine"].prove().premises == ()


@pytest.mark.parametrize(
    "log_det",
    [
        LogDet("g", z) + LogDet("f", z),
        LogDet("g", z),
        LogDet("f", MapValue("g", z)) - LogDet("g", z),
    ],
)
def test_the_log_determinants_of_two_maps_add_at_the_right_points(log_det):
    two = composed(g, f)
    wrong = bijection(SmoothMap([z], [y], two.forward, two.inverse, log_det), SPACE)
    assert "log-determinant" in refusal(wrong)
    assert worst(wrong, 6) > 1e-3


def test_inverses_follow_in_the_other_order():
    swapped = [MapValue("f", MapValue("g", y, -1), -1)]
    two = composed(g, f)
    wrong = bijection(SmoothMap([z], [y], two.forward, swapped, two.log_det), SPACE)
    assert "the map at the inverse" in refusal(wrong)
    assert worst(wrong, 6) > 1e-3


# Triangular maps of any size.

DIFFERENTIABLE = r"\text{ differentiable, with continuous slopes}"
before, zi, xi = symbols("z_{<i} z_i x_i", real=True)
S_, T_ = s(before), t(before)
ANY_SIZE = RandomPoints((), points=(before,))


def steps(forward, inverse, log_slope, kept=False):
    return TriangularMap(
        ANY_SIZE,
        coordinate=zi,
        image=xi,
        before=before,
        forward=forward,
        inverse=inverse,
        log_slope=log_slope,
        kept=kept,
    )


FLOW = (zi * exp(S_) + T_, (xi - T_) * exp(-S_), S_)
STEPS = {
    "autoregressive": steps(*FLOW),
    "coupling": steps(*FLOW, kept=True),
    "monotone": steps(sinh(zi) + T_, asinh(xi - T_), log(cosh(zi))),
    "scaled": steps(zi * S_ + T_, (xi - T_) / S_, log(Abs(S_))),
}
WRONG_STEPS = {
    "sign of s": steps(*FLOW[:2], -S_),
    "t for s": steps(*FLOW[:2], T_),
    "sign of t": steps(FLOW[0], (xi + T_) * exp(-S_), S_),
    "the same s in the inverse": steps(FLOW[0], (xi - T_) * exp(S_), S_),
    "no logarithm": steps(zi * exp(S_) + T_, (xi - T_) * exp(-S_), exp(S_)),
    "coupling without its scale": steps(*FLOW[:2], S.Zero, kept=True),
    "not one-to-one": steps(zi**2 + T_, sqrt(Abs(xi - T_)), log(2 * Abs(zi))),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_triangular_map_of_any_size(name):
    proof = STEPS[name].prove()
    smooth = [premise for premise in proof.premises if "differentiable" in premise]
    assert smooth == [rf"{'t' if name == 'monotone' else 's, t'} {DIFFERENTIABLE}"]
    assert worst(STEPS[name], 9) < mpmath.mpf(10) ** -20
    assert_mutants_agree(STEPS[name], 6)


def test_the_determinant_is_that_of_a_matrix_with_zeros_above_its_diagonal(monkeypatch):
    def full(rows, columns):
        return MatrixSymbol("v", rows, columns)

    monkeypatch.setattr("onekl.symbolic.maps.triangular.ZeroMatrix", full)
    refusal(STEPS["autoregressive"], "^the determinant of k . 1 coordinates is ")


@pytest.mark.parametrize("name", WRONG_STEPS)
def test_a_wrong_triangular_map_is_refused(name):
    refusal(WRONG_STEPS[name])
    assert worst(WRONG_STEPS[name], 6) > 1e-3


def test_coordinates_before_may_stand_in_functions_only():
    assert "unknown functions only" in refusal(steps(zi + before, xi - before, S.Zero))


# Laws.

P, Q = Joint("p", (z,)), Joint("q", (z,))
P1, P2 = Joint("p_1", (z1,)), Joint("p_2", (z2,))
PAIR = Joint("p", (z1, z2))
ON_LINE = RandomDensities((P, Q), coordinates=(x, z), ranges=RANGES)
IN_SPACE = RandomDensities((P, Q), points=(x, z), bijections=("g",))
IN_PLANE = RandomDensities((PAIR,), coordinates=(x1, x2, z1, z2), ranges=RANGES)
APART = RandomDensities((P1, P2), coordinates=(x1, x2, z1, z2), ranges=RANGES)
at_inverse = DensityAt(P(z), [(x - mu) / sigma])
rotated = BIJECTIONS["matrix"]
independent = DensityAt(P1(z1), [rotated.inverse[0]]) * DensityAt(P2(z2), [rotated.inverse[1]])


def law(claimed, under, density, instances=ON_LINE):
    return ImageLaw(instances, claimed=claimed, under=under, law=density)


LAWS = {
    "affine": law(affine, P(z), at_inverse / sigma),
    "Gaussian": law(affine, Gaussian(z, 0, 1), Gaussian(x, mu, sigma**2)),
    "sinh": law(bend, P(z), DensityAt(P(z), [asinh(x)]) / sqrt(1 + x**2)),
    "any map": law(g, P(z), DensityAt(P(z), g.inverse) * exp(-LogDet("g", g.inverse[0])), IN_SPACE),
    "coupling": law(
        coupling, PAIR(z1, z2), DensityAt(PAIR(z1, z2), coupling.inverse) * exp(-s(x1)), IN_PLANE
    ),
    "sources": law(rotated, P1(z1) * P2(z2), independent / Abs(determinant), APART),
}
WRONG_LAWS = {
    "no determinant": law(affine, P(z), at_inverse),
    "determinant upside down": law(affine, P(z), at_inverse * sigma),
    "at the wrong point": law(affine, P(z), DensityAt(P(z), [(x + mu) / sigma]) / sigma),
    "another density": law(affine, P(z), DensityAt(Q(z), [(x - mu) / sigma]) / sigma),
    "deviation for variance": law(affine, Gaussian(z, 0, 1), Gaussian(x, mu, sigma)),
    "determinant at x": law(bend, P(z), DensityAt(P(z), [asinh(x)]) / cosh(x)),
    "sign of log-det": law(
        g, P(z), DensityAt(P(z), g.inverse) * exp(LogDet("g", g.inverse[0])), IN_SPACE
    ),
    "coupling's sign": law(
        coupling, PAIR(z1, z2), DensityAt(PAIR(z1, z2), coupling.inverse) * exp(s(x1)), IN_PLANE
    ),
    "a root of the determinant": law(
        rotated, P1(z1) * P2(z2), independent / sqrt(Abs(determinant)), APART
    ),
    "no bijection": law(
        NO_BIJECTIONS["two points in one"],
        P(z),
        DensityAt(P(z), [sqrt(Abs(x))]) / (2 * sqrt(Abs(x))),
    ),
}


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_proved_and_the_numbers_agree(name):
    LAWS[name].prove()
    assert worst(LAWS[name], 9) < mpmath.mpf(10) ** -20


@pytest.mark.parametrize("name", WRONG_LAWS)
def test_a_wrong_law_is_refused_and_the_numbers_refute_it(name):
    refusal(WRONG_LAWS[name])
    assert worst(WRONG_LAWS[name], 6) > 1e-3


@pytest.mark.parametrize("name", ["affine", "Gaussian", "sources"])
def test_mutants_of_laws(name):
    assert_mutants_agree(LAWS[name], 4)


@pytest.mark.parametrize("claimed", [affine, bend, cubic])
def test_a_law_is_one_by_plain_quadrature(claimed):
    """∫ h(x) p_x(x) dx over x, for a random wave h, is the mean of h(g(z)): no determinants."""
    with mpmath.workdps(DIGITS):
        instance = ON_LINE.draw(Random("quadrature"), 0)
        density, forward = compiled(image("p_x", P(z), claimed)), compiled(claimed.forward[0])
        prior = compiled(P(z))

        def in_x(point):
            return mpmath.cos(point) * instance.at((x,), (point,), density)

        def in_z(point):
            there = instance.at((z,), (point,), forward)
            return mpmath.cos(there) * instance.at((z,), (point,), prior)

        edges = (-4, -2, 0, 2, 4)
        ends = [instance.at((z,), (mpmath.mpf(edge),), forward) for edge in edges]
        found, expected = mpmath.quad(in_x, ends), mpmath.quad(in_z, edges)
    assert abs(found - expected) < 1e-9


# What a change of variables keeps, and what it changes.

letter = symbols("y")
mean, deviation = Function("mu", real=True)(letter), Function("sigma", positive=True)(letter)
standardised = SmoothMap(
    [z], [u], [(z - mean) / deviation], [mean + deviation * u], -log(deviation)
)
DATA, ENCODER, PRIOR = Joint("d", (letter,)), Joint("q", (letter, z)), Joint("p", (z,))
ENCODERS = RandomDensities((DATA, ENCODER, PRIOR), coordinates=(u, z))
gp, gq = image(r"g_{\#}p", P(z), g), image(r"g_{\#}q", Q(z), g)
curved_p, curved_q = image("p_x", P(z), cubic), image("q_x", Q(z), cubic)
encoded = image("q_u", ENCODER(z, given=letter), standardised)
prior = image("p_u", PRIOR(z), standardised)


def plus(*terms):
    return Add(*terms, evaluate=False)


def changed(claimed, left, right, instances=IN_SPACE):
    return ChangeOfVariables(instances, claimed=claimed, left=left, right=right)


def averaged(left, right):
    sides = (Expectation(DATA(letter), side) for side in (left, right))
    return changed(standardised, *sides, ENCODERS)


posterior = ENCODER(z, given=letter)
CHANGES = {
    "KL under any map": changed(g, KL(gp, gq), KL(P(z), Q(z))),
    "KL under a curve": changed(cubic, KL(curved_p, curved_q), KL(P(z), Q(z)), ON_LINE),
    "entropy under any map": changed(
        g, Entropy(gp), plus(Entropy(P(z)), Expectation(P(z), g.log_det))
    ),
    "entropy under a scale": changed(
        affine, Entropy(image("p_x", P(z), affine)), plus(Entropy(P(z)), log(sigma)), ON_LINE
    ),
    "a mean": changed(cubic, Expectation(curved_p, x**2), Expectation(P(z), (z + z**3 / 3) ** 2),
                      ON_LINE),
    "standardised": averaged(KL(encoded, prior), KL(posterior, PRIOR(z))),
    "contrast to N(0, 1)": averaged(
        KL(encoded, Gaussian(u, 0, 1)), KL(posterior, Gaussian(z, mean, deviation**2))
    ),
}  # fmt: skip
WRONG_CHANGES = {
    "KL reversed": changed(g, KL(gp, gq), KL(Q(z), P(z))),
    "KL with a determinant": changed(
        g, KL(gp, gq), plus(KL(P(z), Q(z)), Expectation(P(z), g.log_det))
    ),
    "entropy is kept": changed(g, Entropy(gp), Entropy(P(z))),
    "entropy's sign of log-det": changed(
        g, Entropy(gp), plus(Entropy(P(z)), -Expectation(P(z), g.log_det))
    ),
    "log-det under another density": changed(
        g, Entropy(gp), plus(Entropy(P(z)), Expectation(Q(z), g.log_det))
    ),
    "variance for deviation": changed(
        affine, Entropy(image("p_x", P(z), affine)), plus(Entropy(P(z)), 2 * log(sigma)), ON_LINE
    ),
    "a mean without the map": changed(
        cubic, Expectation(curved_p, x**2), Expectation(P(z), z**2), ON_LINE
    ),
    "the prior kept as it is": averaged(
        KL(encoded, Gaussian(u, 0, 1)), KL(posterior, Gaussian(z, 0, 1))
    ),
    "deviation as variance": averaged(
        KL(encoded, Gaussian(u, 0, 1)), KL(posterior, Gaussian(z, mean, deviation))
    ),
    "a map that is none": changed(
        (none := NO_BIJECTIONS["two points in one"]),
        KL(image("p_x", P(z), none), image("q_x", Q(z), none)),
        KL(P(z), Q(z)),
        ON_LINE,
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_variables_is_proved_and_the_numbers_agree(name):
    CHANGES[name].prove()
    assert worst(CHANGES[name], 2) < mpmath.mpf(10) ** -18


@pytest.mark.parametrize("name", WRONG_CHANGES)
def test_a_wrong_change_of_variables_is_refused_and_the_numbers_refute_it(name):
    refusal(WRONG_CHANGES[name])
    assert worst(WRONG_CHANGES[name], 2) > 1e-3


@pytest.mark.parametrize("name", ["KL under any map", "entropy under any map"])
def test_mutants_of_changes_of_variables(name):
    assert_mutants_agree(CHANGES[name], 1)


def test_the_invariance_of_kl_needs_the_map_alone_and_in_two_dimensions_too():
    assert CHANGES["KL under any map"].prove().premises == g_premise()
    assert CHANGES["contrast to N(0, 1)"].prove().premises == ()
    with mpmath.workdps(DIGITS):
        plane = IN_SPACE.draw(Random("plane"), 7)
        assert len(plane.values[z]) == 2
        assert CHANGES["KL under any map"].compile()(plane) < mpmath.mpf(10) ** -18


def g_premise():
    return (
        r"g \text{ is a bijection of } \mathbb{R}^d \text{, differentiable in both directions}",
    )


def test_entropies_have_to_be_finite():
    assert sum("finite" in p for p in CHANGES["entropy under any map"].prove().premises) == 2


def test_what_a_change_of_variables_cannot_do_it_says():
    of_f = image("p_x", P(z), bend)
    assert "another map" in refusal(changed(cubic, Entropy(of_f), Entropy(P(z)), ON_LINE))
    there = Joint("r", (x,))
    three = RandomDensities((P, Q, there), coordinates=(x, z))
    assert "unknown density at the image" in refusal(
        changed(cubic, KL(curved_p, there(x)), KL(P(z), Q(z)), three)
    )


# Bad input.


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: SmoothMap([z], [x1, x2], [z, z], [x1], 0), "as many coordinates"),
        (lambda: SmoothMap([], [], [], [], 0), "as many coordinates"),
        (lambda: SmoothMap([z], [z], [z], [z], 0), "different names"),
        (lambda: SmoothMap([z], [x], [z + x], [x], 0), "the map must not depend on x"),
        (lambda: SmoothMap([z], [x], [2 * z], [z], log(2)), "the inverse must not depend on z"),
        (lambda: SmoothMap([z], [x], [z], [x], log(Abs(x))), "must not depend on x"),
        (lambda: composed(affine, bend), "starts from"),
        (lambda: image("p_x", P(z), coupling), "no density over"),
        (lambda: DensityAt(P(z), [x1, x2]), "coordinates"),
        (lambda: changed(g, KL(gp, gq), KL(P(z), Q(z)), RandomTables((P, Q))), "instances"),
    ],
)
def test_bad_input_is_refused_in_one_line(make, why):
    with pytest.raises(ValueError, match=why) as refused:
        make()
    assert "\n" not in str(refused.value)


def test_a_law_needs_a_density_of_its_source():
    assert "not seen to be a density" in refusal(law(affine, P(z) * Q(z), at_inverse / sigma))
    wrong = Gaussian(z, 0, mu)
    assert "variance" in refusal(law(affine, wrong, Gaussian(x, mu, mu * sigma**2)))


# One name, two meanings.

h = Function("h", real=True)
image_of_z = mu + sigma * z
free = image("q_x", Q(z), affine)
TWO_MEANINGS = {
    "a free z beside a mean over the image": changed(
        affine, Expectation(free, s(x) * h(z)), Expectation(Q(z), s(image_of_z) * h(z)), ON_LINE
    ),
    "a bound z around a mean over the image": changed(
        affine,
        Expectation(P(z), Expectation(free, s(x) * h(z))),
        Expectation(P(z), Expectation(Q(z), s(image_of_z) * h(z))),
        ON_LINE,
    ),
    "a free z under an integral": changed(
        affine, SumOrIntegral(free * h(z), (x,)), SumOrIntegral(Q(z) * h(z), (z,)), ON_LINE
    ),
    "a function with the map's name": changed(
        g, Expectation(gp, s(x)), Expectation(P(z), s(Function("g", real=True)(z)))
    ),
    "the law of another map": law(affine, P(z), image("p_x", P(z), bend)),
    "a variance of any sign": changed(
        affine,
        KL(image("p_x", P(z), affine), Gaussian(x, mu, b * sigma**2)),
        KL(P(z), Gaussian(z, 0, b)),
        ON_LINE,
    ),
}


@pytest.mark.parametrize("name", TWO_MEANINGS)
def test_one_name_with_two_meanings_is_refused_and_the_numbers_refute_it(name):
    refusal(TWO_MEANINGS[name])
    assert worst(TWO_MEANINGS[name], 8) > 1e-3


def test_a_mean_over_the_image_may_stand_beside_a_function_of_another_z():
    """The z that h is taken at is bound outside, and the mean over x does not hold it."""
    apart = changed(
        affine,
        Expectation(P(z), h(z) * Expectation(free, s(x))),
        Expectation(P(z), h(z) * Expectation(Q(z), s(image_of_z))),
        ON_LINE,
    )
    apart.prove()
    assert worst(apart, 2) < 1e-18


def test_a_gaussian_of_a_number_is_no_density_of_a_point():
    normal = changed(g, KL(gp, Gaussian(x, 0, 1)), KL(P(z), Gaussian(z, 0, 1)))
    assert "no point" in refusal(normal)


@pytest.mark.parametrize("power", [0, 2, -2, S.Half])
def test_an_unknown_map_has_no_powers(power):
    with pytest.raises(ValueError, match="power of g"):
        MapValue("g", z, power)


@pytest.mark.parametrize("factors", [(a, d), (a, -d), (a, a * d)])
def test_factors_that_are_not_0_make_a_determinant_that_is_not(factors):
    one, two = factors
    stretched = SmoothMap(
        [z1, z2], [x1, x2], [one * z1, two * z2], [x1 / one, x2 / two], log(Abs(one * two))
    )
    assert sorted(bijection(stretched).prove().premises) == [r"a \neq 0", r"d \neq 0"]
    assert worst(bijection(stretched), 6) < 1e-20


def test_a_step_of_slope_1_may_be_given_the_number_0():
    shift = steps(zi + T_, xi - T_, 0)
    shift.prove()
    assert worst(shift, 6) < 1e-20
