"""What is beyond a prover is refused with its reason, and what is just within reach is proved."""

import pytest
import sympy
from sympy import Abs, Derivative, Function, S, Symbol, exp, log, sqrt, symbols

from onekl.symbolic.algebra import KL, Dirac, Expectation, Gaussian, Joint, SumOrIntegral
from onekl.symbolic.divergences import DivergenceInequality
from onekl.symbolic.inequality import Inequality
from onekl.symbolic.limits import Expansion
from onekl.symbolic.maps.image_law import Bijection
from onekl.symbolic.maps.real_densities import RandomPoints
from onekl.symbolic.maps.smooth_map import LogDet, MapValue, SmoothMap, composed, unknown_map
from onekl.symbolic.notation import latex
from onekl.symbolic.optima.minimum import Minimum
from onekl.symbolic.parametric.densities import Gradient, Hessian, Outer, VectorSymbol, rank
from onekl.symbolic.proof import NotProved
from onekl.symbolic.sampling import RandomParameters, RandomTables
from onekl.symbolic.second_order import SecondOrder
from onekl.symbolic.statements import Bound, Identity
from onekl.symbolic.vectors.algebra import Dot, SquaredNorm, Vector
from onekl.symbolic.vectors.concentration import Concentration
from onekl.symbolic.vectors.normal import VectorGaussian
from onekl.symbolic.vectors.numbers import RandomVectors
from provers import named, refusal

x, y, z, u, v, b = symbols("x y z u v b", real=True)
t, a = symbols("t a", positive=True)
f = Function("f", real=True)
P, Q = Joint("p", (x, z)), Joint("q", (x, z))
A, B = Joint("p", (x,)), Joint("q", (x,))
PAIR, LINE = RandomTables((P, Q)), RandomParameters(((a, 0.5, 1), (b, 0.5, 1)))
p, q = P(x), Q(x)


def over(integrand, *variables):
    return SumOrIntegral(integrand, variables or (x,))


@pytest.mark.parametrize(
    "left, right, why",
    [
        (over(p * f(x)), f(x), "leaves x open: integrate over it or average it"),
        (over(P(x, z)), over(Q(x, z)), "leaves z open"),
        (over(p), b, "no joint and no constant of the name b"),
        (over(Joint("r", (x,))(x)), S.One, "no joint and no constant of the name r"),
        (over(p * Derivative(f(x), x)), S.One, "a derivative in a variable"),
        (over(Dirac(x, f(z)) * P(x, z), x, z), S.One, "cannot be sifted"),
        (over(Dirac(x, x + z) * Q(z), x, z), S.One, "cannot be sifted"),
        (over(p), over(p), "both sides are the same object"),
        (KL(p, q) + over(p), over(p) + KL(p, q), "both sides are the same object"),
        (KL(p, q), 2 * KL(p, q), "the integrands differ by"),
        (over(2 * p) + KL(p, q), over(p) + KL(p, q), "the integrals differ by 1"),
    ],
    ids=named,
)
def test_an_identity_is_refused(left, right, why):
    refusal(Identity(PAIR, left=left, right=right), why)


@pytest.mark.parametrize(
    "remainder, why",
    [
        (over(p * f(x)), "not seen to be at least 0"),
        (-KL(q, p), "has a negative sign"),
        (log(KL(q, p)), "not seen to be at least 0"),
        (KL(q, 2 * p), "not seen to be between two densities"),
        (Expectation(p, KL(P(z, given=x), Q(z, given=x)) - 1), "not seen to be at least 0"),
        (f(x) * KL(P(z, given=x), Q(z, given=x)), "the weight .* is not seen to be at least 0"),
    ],
    ids=named,
)
def test_a_remainder_that_could_be_negative_is_refused(remainder, why):
    refusal(Bound(PAIR, upper=KL(p, q) + remainder, lower=KL(p, q), remainder=remainder), why)


def divergences(lower, upper):
    return DivergenceInequality(
        RandomTables((A, B)), lower=sympy.sympify(lower), upper=sympy.sympify(upper),
        p=A(x), q=B(x), weight=(A(x) + B(x)) / 2,
    )  # fmt: skip


@pytest.mark.parametrize(
    "lower",
    [
        KL(A(x), B(x)) ** 2,
        over(A(x) * KL(A(x), B(x))) ** 2,
        over(Abs(A(x) - B(x))) ** 3,
        1 / over(Abs(A(x) - B(x))),
        -(over(Abs(A(x) - B(x))) ** 2),
        over(Abs(A(x) - B(x))) ** 2 * over(A(x)),
    ],
    ids=named,
)
def test_cauchy_schwarz_takes_positive_multiples_of_squares_of_integrals_alone(lower):
    refusal(divergences(lower, 1), "is not a positive multiple of")


@pytest.mark.parametrize(
    "expression, value, why",
    [
        (over(p * t) + t, t * over(p) + t, "must be an integral over the same variables"),
        (over(p * t), t * over(Q(z), z), "must be an integral over the same variables"),
        (over(p * t * f(z)), t * f(z) * over(p), "leaves a variable open"),
        (over(p / t), over(p), "no expansion in whole powers of t up to 2"),
        (over(p * sqrt(t)), over(p), "no expansion in whole powers"),
        (over(p * (1 + t + t**2)), over(p) + 2 * t * over(p), "the series less the value"),
    ],
    ids=named,
)
def test_an_expansion_is_refused(expression, value, why):
    refusal(Expansion(PAIR, expression=expression, symbol=t, order=1, value=value), why)


def test_an_expansion_is_asked_for_up_to_its_order_alone():
    def expansion(order, value):
        return Expansion(PAIR, expression=over(p * exp(t)), symbol=t, order=order, value=value)

    powers = [over(p) * t**k / sympy.factorial(k) for k in range(4)]
    for order in range(4):
        expansion(order, sum(powers[: order + 1])).prove()
        refusal(expansion(order, sum(powers[:order]) + 2 * powers[order]), "the series less")
    refusal(expansion(1, sum(powers[:3])), "the series less")


def second_order(value, bend, symbol=b, point=S.Zero, weight=p):
    return SecondOrder(PAIR, weight=weight, value=value, symbol=symbol, point=point, bend=bend)


@pytest.mark.parametrize(
    "statement, why",
    [
        (second_order(b**2 + 1, S(2)), "the value at b = 0 is off by 1"),
        (second_order(b**2 + b, S(2)), "the slope at b = 0 is off by 1"),
        (second_order(b**2, S.One), "the second derivative at b = 0 is off by 1"),
        (second_order(b**2, S(2), point=S.One), "the value at b = 1 is off by 1"),
        (second_order(sqrt(1 + b**2) - 1, S.One), "may have no second derivative"),
        (second_order(Abs(b) ** 3, S.Zero), "may have no second derivative"),
        (second_order(z**2, S(2), symbol=z, weight=P(x, given=z)), "stays as it is"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.latex(),
)
def test_a_bend_is_refused(statement, why):
    refusal(statement, why)


def test_a_bend_is_the_second_derivative():
    second_order(exp(b) - 1 - b, S.One).prove()
    second_order((b - 1) ** 2 * f(x) ** 2, 2 * f(x) ** 2, point=S.One).prove()


def bijection(*parts):
    return Bijection(RandomPoints((), coordinates=(x, z, u, v)), claimed=SmoothMap(*parts))


@pytest.mark.parametrize(
    "statement, why",
    [
        (bijection([z], [x], [2 * z], [x / 2], log(b)), "b is not seen to be positive under its"),
        (
            bijection([z, u], [x, v], [MapValue("g", z), u], [MapValue("g", x, -1), v], 0),
            "formulas and unknown maps together",
        ),
        (
            bijection(
                [z], [x], [MapValue("g", 2 * z)], [MapValue("g", x, -1) / 2], LogDet("g", 2 * z)
            ),
            "2 z is not made of unknown maps alone",
        ),
        (bijection([z], [x], [z**3 + z], [x], 0), "is .* not"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.latex(),
)
def test_a_map_is_refused(statement, why):
    refusal(statement, why)


def test_a_parameter_in_a_determinant_becomes_a_premise_with_one_sign():
    one = bijection([z], [x], [b * z], [x / b], log(Abs(b)))
    other = bijection([z], [x], [-b * z], [-x / b], log(Abs(b)))
    assert one.prove().premises == other.prove().premises == (r"b \neq 0",)
    c = sympy.Symbol("c", real=True)
    both = bijection([z], [x], [(c - b) * z], [-x / (b - c)], log(Abs(b - c)))
    assert both.prove().premises == (r"b - c \neq 0",)


def test_a_chain_of_maps_needs_each_to_be_a_bijection_and_the_log_determinants_of_all():
    space = RandomPoints((), points=(x, y, z), bijections=("f", "g"))
    one, other = unknown_map("g", z, x), unknown_map("f", x, y)
    both = composed(one, other)
    needs = [Bijection(space, claimed=claimed).prove().needs for claimed in (one, other, both)]
    assert len(needs[0]) == len(needs[1]) == 1 and needs[2] == needs[1] + needs[0]
    for lost in both.log_det.args:
        claimed = SmoothMap(*both.args[:4], both.log_det - lost)
        refusal(Bijection(space, claimed=claimed), "the log-determinant is")


def minimum(expression, at):
    return Minimum(LINE, expression=expression, symbol=t, at=at)


@pytest.mark.parametrize(
    "statement, why",
    [
        (minimum((t - a) ** 2 * (t - 2 * a) ** 2, a), "no minimum is seen"),
        (minimum(-((t - a) ** 2), a), "no minimum is seen"),
        (minimum((t + a) ** 2, -a), "not seen to be positive"),
        (minimum((t + 1) ** 2, -S.One), "not seen to be positive|> 0"),
        (minimum((t - a) ** 2, 2 * a), "not"),
        (minimum(t + a / t, 1 / sqrt(a)), "not"),
        (minimum((t - a) ** 2, t), "free of the point"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.latex(),
)
def test_a_place_that_is_no_minimum_is_refused(statement, why):
    refusal(statement, why)


def inequality(lower, upper, at):
    ranges = RandomParameters(((t, 0.1, 3),))
    return Inequality(ranges, lower=lower, upper=upper, domain=((t, S.Zero, sympy.oo),), at=at)


@pytest.mark.parametrize(
    "statement, why",
    [
        (inequality(log(t), t - 1, S(2)), "not equal at 2"),
        (inequality(log(t) + 1, t - 1, S.One), "not equal at 1"),
        (inequality(t - 1, log(t), S.One), "not|upper"),
        (inequality(log(t), t - 1 - (t - 1) ** 2 / 3, S.One), "not|upper"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.latex(),
)
def test_an_inequality_is_refused(statement, why):
    refusal(statement, why)


def test_no_single_instance_refutes_a_bend():
    with pytest.raises(NotProved, match="^a SecondOrder has no two sides to evaluate on an"):
        second_order(b**2, S(2)).relation()


def test_the_variance_of_a_gaussian_is_its_variance():
    mean = Expectation(Gaussian(z, b, a**2), (z - b) ** 2)
    assert Identity(LINE, left=mean, right=a**2).prove().premises == (r"a \neq 0",)
    refusal(Identity(LINE, left=mean, right=a), "left less right")


def test_a_value_that_must_not_be_0_is_not_taken_for_positive():
    """Both sides are only defined for b ≠ −1, and for b < −1 they differ."""
    refusal(Identity(LINE, left=1 / Abs(b + 1), right=1 / (b + 1)), "left less right")
    refusal(Identity(LINE, left=Abs(b + 1) / (b + 1), right=S.One), "left less right")
    assert "1 + b > 0" in Identity(
        LINE, left=Abs(b + 1) * log(b + 1), right=(b + 1) * log(b + 1)
    ).prove().premises  # fmt: skip


d = Symbol("d", integer=True, positive=True)
X, mu = Vector("x", d), Vector("mu", d)


def concentration(kernel, place, symbol=t):
    drawn = RandomVectors((), scalars=(t,), dimensions=(d,))
    return Concentration(drawn, kernel=kernel, variable=X, symbol=symbol, place=place)


@pytest.mark.parametrize(
    "statement, why",
    [
        (concentration(VectorGaussian(X, 0, t**2), mu, symbol=b), "must be positive and not in"),
        (concentration(VectorGaussian(X, t * mu, t**2), t * mu), "must be positive and not in"),
        (concentration(2 * VectorGaussian(X, mu, t**2), mu), "integral is not 1"),
        (concentration(exp(-(SquaredNorm(X) ** 2)), mu), "no product over coordinates"),
        (concentration(exp(-Dot(X, mu) / t), mu), "is not of second degree"),
        (concentration(exp(SquaredNorm(X - mu) / t), mu), "is not seen to be a Gaussian"),
        (concentration(VectorGaussian(X, mu, 1 + t), mu), "variance of a coordinate tends to 1"),
        (concentration(VectorGaussian(X, 2 * mu, t), mu), "mean of a coordinate tends to"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.latex(),
)
def test_a_kernel_that_does_not_narrow_down_to_the_place_is_refused(statement, why):
    refusal(statement, why)


def test_a_vector_names_what_its_map_is_taken_at():
    assert str(Vector("G", d, (z,))) == "G(z)" and str(mu) == "mu"
    assert latex(Vector("G", d, (z,))) == "G(z)" and latex(mu) == r"\mu"


theta, phi = VectorSymbol("theta"), VectorSymbol("phi")
moving = f(x) * log(Function("g", positive=True)(theta, x))
score, bends = Gradient(moving, theta), Hessian(moving, theta)


@pytest.mark.parametrize(
    "expression, expected",
    [
        (moving, 0), (score, 1), (bends, 2), (Outer(score, score), 2), (2 * a * score, 1),
        (Expectation(p, score), 1), (over(p * bends), 2), (score + 3 * score * f(x), 1),
    ],
    ids=named,
)  # fmt: skip
def test_numbers_vectors_and_matrices_are_told_apart(expression, expected):
    assert rank(expression) == expected


@pytest.mark.parametrize(
    "expression, why",
    [
        (Outer(score, moving), "must be the product of two vectors"),
        (Outer(moving, score), "must be the product of two vectors"),
        (Outer(bends, score), "must be the product of two vectors"),
        (Outer(score, bends), "must be the product of two vectors"),
        (score * Gradient(f(x) * moving, theta), "write Outer for the matrix"),
        (score + bends, "adds numbers, vectors or matrices"),
        (score + 1, "adds numbers, vectors or matrices"),
        (exp(score), "takes numbers"),
        (theta, "theta is a vector"),
        (Gradient(score, theta), "is a vector"),
    ],
    ids=named,
)
def test_what_mixes_numbers_vectors_and_matrices_is_refused(expression, why):
    with pytest.raises(ValueError, match=why) as refused:
        rank(expression)
    assert "\n" not in str(refused.value)
