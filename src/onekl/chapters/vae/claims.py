"""The claims of the chapter "VAE": su-5 … su-7 and sn-7 … sn-10."""

from __future__ import annotations

import sympy
from sympy import Add, Derivative, Expr, HadamardPower, Mul, Rational, S, exp, log

from onekl.chapters.joint_kl.claims import TABLES, P, Q, x, z
from onekl.claims.claim import Claim
from onekl.claims.stated import Stated
from onekl.claims.steps import identity
from onekl.reading.reader import ARTICLE, Article
from onekl.symbolic.algebra import KL, Entropy, Expectation, Gaussian, SumOrIntegral
from onekl.symbolic.limits import Limit
from onekl.symbolic.objective import SameObjective
from onekl.symbolic.optima.minimum import Minimum
from onekl.symbolic.premises import Equal
from onekl.symbolic.sampling import RandomParameters
from onekl.symbolic.statements import Identity, Pushforward
from onekl.symbolic.vectors.algebra import INDEX, CoordinateSum, PositiveVector, Vector
from onekl.symbolic.vectors.normal import VectorGaussian
from onekl.symbolic.vectors.numbers import RandomVectors
from onekl.symbolic.vectors.statements import VectorIdentity

mu, v, b = sympy.symbols("mu v b", real=True)
# the standard deviations of the encoder and of the decoder
sigma, s = sympy.symbols("sigma s", positive=True)
epsilon = sympy.Symbol("epsilon", real=True)
tau = sympy.Symbol("tau", positive=True)  # a variance, σ²
slope = sympy.Symbol("w", real=True, nonzero=True)  # of the linear decoder x̂ = wz + b

WIDTH = Stated("log-variance", r"\sigma \neq 0")

ranges = RandomParameters(
    (
        (mu, -2, 2),
        (v, -2, 2),
        (sigma, 0.2, 2),
        (s, 0.3, 2),
        (x, -2, 2),
        (z, -2, 2),
        (b, -1, 1),
        (slope, 0.3, 2),
        (tau, 0.1, 3),
    )
)

objective = ARTICLE["su-5"].steps[0].right
one_sample = ARTICLE["su-7"].expression.value  # before the mean over x
to_prior = one_sample.args[1]

encoder = Gaussian(z, mu, sigma**2)
noise = Gaussian(epsilon, 0, 1)
decoded = Add(Mul(slope, z, evaluate=False), b, evaluate=False)  # x̂(z) = wz + b
image = sympy.Function(r"\hat{x}", real=True)(z)  # the decoder's mean
squared_error = Add(x, -image, evaluate=False) ** 2
noiseless = (x - slope * mu - b) ** 2  # the same at z = μ, without noise
gaussian_kl = Mul(
    Rational(1, 2), Add(mu**2, sigma**2, -log(sigma**2), -1, evaluate=False), evaluate=False
)  # sn-9
LINEAR = (Equal(image, decoded),)
# sn-9 for codes of d coordinates, d a letter.
d = sympy.Symbol("d", integer=True, positive=True)
code, means, spread = Vector("z", d), Vector("mu", d), PositiveVector("sigma", d)
gaussian_kl_of_one = means[INDEX, 0] ** 2 + spread[INDEX, 0] ** 2 - log(spread[INDEX, 0] ** 2) - 1
VECTORS = RandomVectors(dimensions=(d,))
# Enough to differentiate under the integral and to drop the boundary terms.
GROWTH = (
    r"f \text{ is continuously differentiable and }"
    r" |f(z)| + |f'(z)| \leq C e^{c|z|} \text{ for some } C, c",
)
f = sympy.Function("f", real=True)(z)
narrow = Gaussian(z, mu, tau)  # the encoder by its variance
with_kl = Add(
    Expectation(narrow, squared_error) / (2 * s**2), KL(narrow, Gaussian(z, 0, 1)), evaluate=False
)


def transport(parameter: Expr, velocity: Expr) -> Identity:
    """sn-10's gradient, ∂E[f] = E[f′ · velocity], for a parameter ∂ of the encoder N(z; μ, σ²).

    f ∂N − f′ · velocity · N is a derivative in z, so its integral vanishes.
    """
    moved = Mul(f, Derivative(encoder, parameter), evaluate=False)
    carried = (
        Mul(-1, Derivative(f, z), velocity, encoder, evaluate=False)
        if velocity != 1
        else -Derivative(f, z) * encoder
    )
    flow = Mul(f, velocity, encoder, evaluate=False) if velocity != 1 else f * encoder
    return Identity(
        ranges, trusted=GROWTH, left=Add(moved, carried, evaluate=False), right=-Derivative(flow, z)
    )


def joint_as_products(article: Article) -> Claim:
    """(5): the joint KL with both sides written as products."""
    (step,) = article["su-5"].steps
    return Claim("su-5", (identity(step, TABLES),))


def without_the_constant(article: Article) -> Claim:
    """(6): the objective of (5) without the term that does not vary."""
    (step,) = article["su-5"].steps
    loss = SameObjective(
        TABLES,
        objective=step.left,
        other=article["su-6"].expression,
        varied=(P(z, given=x), Q(x, z)),
        rest=-Entropy(P(x)),
        proves="su-6.a",
    )
    return Claim("su-6", (loss,))


def one_draw(article: Article) -> Claim:
    """(7): the loss of (6) for one z, averaged over the draws of z."""
    weight, value = article["su-7"].expression.args
    drawn = Expectation(weight, Expectation(P(z, given=x), value))
    loss = article["su-6"].expression
    return Claim("su-7", (Identity(TABLES, left=loss, right=drawn, proves="su-7.a"),))


READ = {
    "su-5": joint_as_products,
    "su-6": without_the_constant,
    "su-7": one_draw,
}

CLAIMS = (
    *(read(ARTICLE) for read in READ.values()),
    Claim(
        "sn-7",
        (
            Identity(ranges, left=SumOrIntegral(z * Gaussian(z, mu, exp(v)), (z,)), right=mu),
            Identity(
                ranges,
                left=SumOrIntegral((z - mu) ** 2 * Gaussian(z, mu, exp(v)), (z,)),
                right=exp(v),
            ),
            Identity(
                ranges,
                left=log(SumOrIntegral((z - mu) ** 2 * Gaussian(z, mu, exp(v)), (z,))),
                right=v,
            ),
        ),
    ),
    Claim(
        "sn-8",
        (
            Identity(
                ranges,
                given=LINEAR,
                left=Expectation(encoder, squared_error),
                right=noiseless + slope**2 * sigma**2,
            ),
            Identity(
                ranges,
                given=LINEAR,
                left=Derivative(Expectation(encoder, squared_error), sigma),
                right=2 * slope**2 * sigma,
            ),
            Limit(
                ranges,
                given=LINEAR,
                expression=Expectation(encoder, squared_error),
                symbol=sigma,
                point=0,
                value=noiseless,
            ),
            Minimum(
                ranges,
                given=LINEAR,
                expression=with_kl,
                symbol=tau,
                at=s**2 / Add(s**2, slope**2, evaluate=False),
            ),
        ),
        stated=(WIDTH,),
    ),
    Claim(
        "sn-9",
        (Identity(ranges, left=KL(encoder, Gaussian(z, 0, 1)), right=gaussian_kl),),
        also=(
            VectorIdentity(
                VECTORS,
                left=KL(
                    VectorGaussian(code, means, HadamardPower(spread, 2)),
                    VectorGaussian(code, 0, 1),
                ),
                right=Rational(1, 2) * CoordinateSum(gaussian_kl_of_one, d),
            ),
        ),
        stated=(WIDTH,),
    ),
    Claim(
        "sn-10",
        (
            Pushforward(
                ranges,
                value=Add(mu, Mul(sigma, epsilon, evaluate=False), evaluate=False),
                under=noise,
                variable=z,
                density=encoder,
            ),
            transport(mu, S.One),
            transport(sigma, (z - mu) / sigma),
        ),
        stated=(WIDTH,),
    ),
)
