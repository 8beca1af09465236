"""The claims of the chapter "The regulariser": su-23 … su-26 and su-t8."""

from __future__ import annotations

import sympy
from sympy import (
    Abs,
    Add,
    Derivative,
    Expr,
    Function,
    MatAdd,
    MatrixExpr,
    Mul,
    Rational,
    S,
    exp,
    log,
)

from onekl.chapters.gan import claims as gan
from onekl.chapters.joint_kl.claims import Q, x, z
from onekl.claims.claim import Claim
from onekl.claims.stated import Stated
from onekl.claims.steps import as_kl, identity, signed
from onekl.reading.glossary import TILDE_Q
from onekl.reading.reader import ARTICLE, Article, NotRead, Tends
from onekl.symbolic.algebra import (
    KL,
    ClassProbability,
    Dirac,
    Expectation,
    Gaussian,
    Joint,
    SumOrIntegral,
)
from onekl.symbolic.counterexample import Counterexample
from onekl.symbolic.instance import Instance, table_of
from onekl.symbolic.limits import Limit
from onekl.symbolic.lines.arithmetic import ARITHMETIC
from onekl.symbolic.lines.chain import chain
from onekl.symbolic.lines.written import product, total, with_values
from onekl.symbolic.optima.minimum import Minimum
from onekl.symbolic.premises import Equal
from onekl.symbolic.sampling import RandomParameters, RandomTables
from onekl.symbolic.statements import Bound, Identity
from onekl.symbolic.vectors.algebra import SquaredNorm, Vector, VectorDerivative, ZeroVector
from onekl.symbolic.vectors.concentration import Concentration
from onekl.symbolic.vectors.laws import VectorSecondOrder
from onekl.symbolic.vectors.normal import VectorGaussian
from onekl.symbolic.vectors.numbers import RandomVectors
from onekl.symbolic.vectors.statements import VectorIdentity

y, t = sympy.symbols("y t", real=True)
sigma, lam, a, eta, m, u, r, w = sympy.symbols("sigma lambda a eta m u r w", positive=True)
k = sympy.Symbol("k", nonnegative=True)  # a number of generator steps
b, shift = sympy.symbols("b Delta", positive=True)  # the width of a Laplace kernel, and a shift
image, old_image, beta, old_beta = sympy.symbols(r"G G^{o} \beta \beta^{o}", real=True)
off = sympy.Symbol("x_0", real=True, nonzero=True)  # a point that is not the centre

OLD = Joint(r"q^{o}", (x, z))  # the generator before the step, with its noise
PAIR = RandomTables((Q, OLD))
TWO_MODELS = RandomTables((Q, TILDE_Q))  # the same pair as (23) names it
ranges = RandomParameters((
    (sigma, 0.3, 2), (lam, 0.2, 2), (a, 0.3, 2), (eta, 0.1, 1), (m, 0.3, 2), (k, 0, 6),
    (r, 0.1, 2), (w, 0.1, 2), (u, 0.1, 2), (off, 0.3, 2),
    (image, -2, 2), (old_image, -2, 2), (beta, -2, 0), (old_beta, 0.5, 2),
))  # fmt: skip

# su-23: with one prior on both sides, and then with a kernel in the place of δ.
joint = KL(Q(x, z), OLD(x, z))
new_side, old_side = (Mul(family(x, given=z), Q(z), evaluate=False) for family in (Q, OLD))
per_code = Expectation(Q(z), KL(Q(x, given=z), OLD(x, given=z)))
smoothed_kl = KL(Gaussian(x, image, sigma**2), Gaussian(x, old_image, sigma**2))  # in one dimension

# The lines for vectors of d coordinates, d a letter.
d = sympy.Symbol("d", integer=True, positive=True)
sample = Vector("x", d)
image_of, old_image_of = Vector("G", d, (z,)), Vector("G^{o}", d, (z,))
moved_image = MatAdd(image_of, -old_image_of)
VECTORS = RandomVectors((Q,), scalars=(sigma, lam), dimensions=(d,))


def sharp(place: MatrixExpr) -> VectorGaussian:
    """δ at a place, read as a Gaussian of width σ, su-24 before the limit."""
    return VectorGaussian(place, 0, sigma**2)


def noisy_kl(variance: Expr) -> KL:
    """The joint KL of the two generators with Gaussian noise of this variance, and one prior."""
    new, old = (VectorGaussian(sample, mean, variance) * Q(z) for mean in (image_of, old_image_of))
    return KL(new, old)


# su-23 as printed, with δ, and the article's way to read it: as a narrow Gaussian.
origin = ZeroVector(d)
at_origin, at_move = Dirac(origin, origin), Dirac(moved_image, origin)
SHARP = (
    *(
        Equal(Dirac(sample, m), VectorGaussian(sample, m, sigma**2))
        for m in (image_of, old_image_of)
    ),
    Equal(at_origin, sharp(origin)),
    Equal(at_move, sharp(moved_image)),
)

# The same with k(x) = exp(−|x|/b)/2b: the KL from k(x) to k(x − Δ), and log k(0)/k(Δ).
laplace_kl = SumOrIntegral(
    exp(-Abs(x) / b) / (2 * b) * Add(Abs(x - shift) / b, -Abs(x) / b, evaluate=False), (x,)
)
laplace_line = shift / b

# su-24: δ acts on a function by its mean, and away from 0 its values go to 0.
blur = Gaussian(x, 0, sigma**2)

NOISY = (
    r"\text{a sample is } G(z) \text{ plus Gaussian noise of variance } \sigma^2 = 1/2\lambda"
    r" \text{, for } D \text{ too}",
)

# su-25: the bound, λ, and two generators on the line: az + β and az + β°, with the laws N(β, a²)
# and N(β°, a²).
marginal = KL(Q(x), OLD(x))
remainder = Expectation(Q(x), KL(Q(z, given=x), OLD(z, given=x)))
prior = Gaussian(z, 0, 1)
new_image, old_image_on_line = (
    Add(Mul(a, z, evaluate=False), place, evaluate=False) for place in (beta, old_beta)
)
moved = Add(new_image, Mul(-1, old_image_on_line, evaluate=False), evaluate=False)
penalty = Expectation(prior, Mul(lam, moved**2, evaluate=False))
# On the line, two codes of one weight: the second generator is the first, and then its images are
# exchanged, which leaves the law of the samples as it is. "∼" leaves a factor and a constant open.
G, old_G = Function("G", real=True)(z), Function(r"G^{o}", real=True)(z)
on_the_line = Add(G, Mul(-1, old_G, evaluate=False), evaluate=False) ** 2
scale, constant = sympy.symbols("c R", real=True)
NO_NOISE = tuple(
    Identity(PAIR, left=SumOrIntegral(family(x, z) * Dirac(x, place), (x, z)), right=S.One)
    for family, place in ((Q, G), (OLD, old_G))
)


def two_codes(*old_images: int) -> Instance:
    """A generator that sends code 0 to 0 and code 1 to 1, and an old one with these images."""
    tables, functions = [], []
    for family, place, images in ((Q, G, (0, 1)), (OLD, old_G, old_images)):
        cells = [[Rational(int(i == j), 2) for j in images] for i in (0, 1)]
        tables.append((family, cells))
        functions.append(table_of(place.func, *images))
    return Instance(tuple(tables), tuple(functions), values=((lam, S.One),))


# su-26: the loss with the joint KL in the place of the marginal one, and what the penalty does
# along a curve θ(t).
D = ClassProbability("D", x)
adversarial = Expectation(Q(x), -log(D))
curve, start = Vector("g", d, (t, z)), Vector("g", d, (S.Zero, z))
moved_squared = SquaredNorm(MatAdd(curve, -start))
speed_squared = SquaredNorm(VectorDerivative(curve, t))

# su-t8: (G(z), G°(z)) couples the two generators; how far the minimiser goes, and gradient steps of
# length η.
PAIRED = Joint("q", (x, y, z))  # x for G(z), y for G°(z)
COUPLED = RandomTables((PAIRED,), maps=(("G", x), (r"G^{o}", y)))
coupling = Mul(Dirac(x, G), Dirac(y, old_G), PAIRED(z), evaluate=False)
h, cost = Function("h", nonnegative=True), Function("c", nonnegative=True)
FROZEN = (r"G^{o} \text{ stays frozen for at least two generator steps}",)
NEARBY = (
    r"\text{the adversarial loss is } -au \text{ and the mean squared move is } mu^2"
    r" \text{ at distance } u \text{ from } \theta^{o}",
)
SHORT = (r"\text{the steps are short enough, } r = 1 - 2\lambda m\eta > 0",)
near = -a * u + lam * m * u**2
# u after one gradient step of length η
after = Add(Mul(1 - 2 * lam * m * eta, u, evaluate=False), eta * a, evaluate=False)


def distance(count: Expr) -> Expr:
    """How far `count` gradient steps from u = 0 go.

    Each is u ↦ ru + (1 − r)w, with r = 1 − 2λmη and w = a/2λm.
    """
    return w * Add(1, -(r**count), evaluate=False)


one_step_more = Add(r * distance(k), (1 - r) * w, evaluate=False)
step_by_step = chain(
    distance(k + 1),
    (Add(w * r, -w * r * r**k, w, -w * r, evaluate=False), ARITHMETIC.name),
    (one_step_more, ARITHMETIC.name),
)


def joint_of_two_maps(article: Article) -> Claim:
    """(23): the joint KL of the two generators, with δ for each, down to a mean over codes."""
    products, maps, sifted = article["su-23"].steps
    one_prior = Equal(TILDE_Q(x, z), product(TILDE_Q(x, given=z), Q(z)))
    of_maps = as_kl(signed(sifted, "=").left)
    values = {Q(x, given=z): of_maps.first.args[0], TILDE_Q(x, given=z): of_maps.second.args[0]}
    if with_values(as_kl(signed(maps, "=").left), values) != of_maps:
        raise NotRead(f"{maps.place} does not put a map in the place of each density")
    return Claim(
        "su-23",
        (
            identity(products, TWO_MODELS, given=(one_prior,)),
            Identity(PAIR, left=KL(new_side, old_side), right=per_code, proves=maps.place),
            VectorIdentity(
                VECTORS, given=SHARP, left=of_maps, right=sifted.right, proves=sifted.place
            ),
        ),
        also=(
            Counterexample(
                ranges,
                of=Identity(ranges, left=laplace_kl, right=laplace_line),
                at=(Instance(values=((b, S.One), (shift, S.One))),),
            ),
        ),
        stated=(
            Stated("one-prior", one_prior),
            *(Stated("narrow-gaussian", equation) for equation in SHARP),
            Stated("width", r"\sigma \neq 0"),
        ),
    )


def delta_as_limit(article: Article) -> Claim:
    """(24): δ is what narrow Gaussians tend to."""
    (step,) = article["su-24"].steps
    limit = signed(step, "=").right
    if not isinstance(limit, Tends) or limit.point != 0 or step.left != Dirac(sample, origin):
        raise NotRead(f"{step.place} is no limit at 0 that δ(x) is")
    narrows = Concentration(
        VECTORS,
        kernel=limit.expression,
        variable=sample,
        symbol=limit.symbol,
        place=origin,
        proves=step.place,
    )
    values = {off: S.Zero, S.Zero: S.Infinity}
    at_points = (
        Limit(
            ranges,
            expression=Gaussian(point, 0, sigma**2),
            symbol=sigma,
            point=S.Zero,
            value=value,
        )
        for point, value in values.items()
    )
    return Claim("su-24", (narrows,), also=tuple(at_points))


def estimate_of_the_missing_term(article: Article) -> Claim:
    """(25): the mean squared move is the joint KL of noisy maps, an upper bound and no equality."""
    (step,) = article["su-25"].steps
    small, move = signed(step, r"\sim").left, step.right
    return Claim(
        "su-25",
        (
            Bound(PAIR, trusted=NOISY, upper=joint, lower=small, remainder=remainder),
            VectorIdentity(VECTORS, left=noisy_kl(1 / (2 * lam)), right=move, proves=step.place),
        ),
        also=(
            Identity(
                ranges,
                left=KL(Gaussian(x, beta, a**2), Gaussian(x, old_beta, a**2)),
                right=Mul(1 / (2 * lam * a**2), penalty, evaluate=False),
            ),
        ),
        refuted=(
            Counterexample(
                PAIR,
                of=Identity(
                    PAIR,
                    left=Add(scale * small, constant, evaluate=False),
                    right=move.xreplace({SquaredNorm(moved_image): on_the_line}),
                ),
                at=(two_codes(0, 1), two_codes(1, 0)),
                unknowns=(scale, constant),
                where=NO_NOISE,
                proves=step.place,
            ),
        ),
    )


def regularised_loss(article: Article) -> Claim:
    """(26): the loss with the mean squared move, which is the adversarial one and a joint KL."""
    weight, terms = article["su-26"].expression.args
    penalties = [term for term in terms.args if term.has(SquaredNorm)]
    others = [term.xreplace({image_of: gan.G(z)}) for term in terms.args if term not in penalties]
    return Claim(
        "su-26",
        (
            Bound(
                PAIR,
                trusted=NOISY,
                upper=Add(adversarial, joint, evaluate=False),
                lower=Add(adversarial, marginal, evaluate=False),
                remainder=remainder,
            ),
            VectorIdentity(
                VECTORS,
                left=noisy_kl(1 / (2 * lam)),
                right=SumOrIntegral(product(weight, *penalties), (z,)),
                proves="su-26.a",
            ),
            Identity(
                gan.MAPPED,
                left=SumOrIntegral(product(gan.pushed, adversarial.value), (x,)),
                right=Expectation(weight, total(*others)),
                proves="su-26.a",
            ),
        ),
        also=(
            VectorSecondOrder(
                VECTORS,
                weight=Q(z),
                symbol=t,
                point=S.Zero,
                value=lam * moved_squared,
                bend=2 * lam * speed_squared,
            ),
        ),
    )


READ = {
    "su-23": joint_of_two_maps,
    "su-24": delta_as_limit,
    "su-25": estimate_of_the_missing_term,
    "su-26": regularised_loss,
}

CLAIMS = (
    *(read(ARTICLE) for read in READ.values()),
    Claim(
        "su-t8",
        (
            Identity(
                COUPLED,
                left=SumOrIntegral(coupling * h(x), (x, y, z)),
                right=Expectation(PAIRED(z), h(G)),
            ),
            Identity(
                COUPLED,
                left=SumOrIntegral(coupling * h(y), (x, y, z)),
                right=Expectation(PAIRED(z), h(old_G)),
            ),
            Identity(
                COUPLED,
                left=SumOrIntegral(coupling * cost(x, y), (x, y, z)),
                right=Expectation(PAIRED(z), cost(G, old_G)),
            ),
            Minimum(ranges, trusted=NEARBY, expression=near, symbol=u, at=a / (2 * lam * m)),
            Identity(
                ranges,
                trusted=NEARBY,
                left=Add(u, -eta * Derivative(near, u), evaluate=False),
                right=after,
            ),
            Identity(
                ranges,
                trusted=(*FROZEN, *SHORT),
                left=distance(k + 1),
                right=one_step_more,
                by=step_by_step,
            ),
        ),
    ),
)
