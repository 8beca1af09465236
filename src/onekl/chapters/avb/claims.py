"""The claims of the chapter "Adversarial Variational Bayes"; avb-9 and avb-10 are in `game.py`.

The notes' letters are read into the book's: their encoder q_φ(z|x) is p(z|x) on the data side,
their decoder p_θ(x|z) and their prior p(z) are q(x|z) and q(z) on the model side.
"""

from __future__ import annotations

import sympy
from sympy import Expr, Function, HadamardPower, HadamardProduct, Rational, S, log

from onekl.chapters.ali.claims import encoder_pairs
from onekl.chapters.avb.game import CLAIMS as OF_THE_GAME
from onekl.claims.claim import Claim
from onekl.claims.stated import Stated
from onekl.claims.steps import best_of, signed
from onekl.reading.glossary import STANDARDISING, P, Q, R, hat_z, mu_x, sigma_x, x, z
from onekl.reading.reader import ARTICLE, Article, NotRead, sigmoid
from onekl.symbolic.algebra import KL, ClassProbability, Expectation, Gaussian
from onekl.symbolic.counterexample import Counterexample
from onekl.symbolic.instance import Instance
from onekl.symbolic.limits import Limit
from onekl.symbolic.lines.written import negative, product, ratio, replaced, total
from onekl.symbolic.maps.change_of_variables import ChangeOfVariables
from onekl.symbolic.maps.real_densities import RandomDensities
from onekl.symbolic.maps.smooth_map import image, unknown_map
from onekl.symbolic.objective import SameObjective
from onekl.symbolic.optima.best_function import OptimalFunction
from onekl.symbolic.optima.discriminator import OptimalDiscriminator
from onekl.symbolic.premises import Equal
from onekl.symbolic.sampling import RandomParameters, RandomTables
from onekl.symbolic.statements import Bound, Identity
from onekl.symbolic.vectors.algebra import PositiveVector, Vector
from onekl.symbolic.vectors.normal import VectorGaussian
from onekl.symbolic.vectors.numbers import RandomVectors
from onekl.symbolic.vectors.statements import VectorIdentity

TABLES, WITH_REFERENCE = RandomTables((P, Q)), RandomTables((P, Q, R))
encoder, prior, reference = P(z, given=x), Q(z), R(z, given=x)
BOTH = r"\theta,\phi"  # what the bound is raised over
prior_pairs = product(prior, P(x))  # an x of the data with a code that does not depend on it

# T is a real function of a pair, a logit; D = σ(T) is its chance that the pair is the encoder's.
T, T_best = (Function(name, real=True)(x, z) for name in ("T", "T^{*}"))
D = ClassProbability("D", (x, z))
ALL_T = Stated("any-T", r"T(x, z) \text{ ranges over all functions with real values}")
AT_CONTRAST = Equal(T_best, total(log(encoder), negative(log(reference))))

# The slip of avb-7, with one letter of x, so that q(x|z) = 1, and the codes 0 and 1. First all is
# even. Then p(1|x) is t, and the prior and the reference differ.
HALF, TWO_FIFTHS = Rational(1, 2), Rational(2, 5)
t = sympy.Symbol("t", positive=True)
even = Instance(tables=tuple((family, [[HALF, HALF]]) for family in (P, Q, R)))
at_the_prior = Instance(
    tables=((P, [[1 - t, t]]), (Q, [[1 - TWO_FIFTHS, TWO_FIFTHS]]), (R, [[HALF, HALF]])),
    values=((t, TWO_FIFTHS),),
)

# An encoder N(m, s²) that narrows down to the point m, beside the prior N(0, 1).
m = sympy.Symbol("m", real=True)
s, delta = sympy.symbols("s delta", positive=True)
NARROW = RandomParameters(((m, -2, 2), (s, 0.1, 1), (delta, 0.3, 2)))

# A code of one dimension, standardised; and one of d dimensions under any smooth bijection.
LINE = RandomDensities((P,), coordinates=(z, hat_z))
SPACE = RandomDensities((P, R), points=(z, hat_z), bijections=("g",))
dimension = sympy.Symbol("d", integer=True, positive=True)


def as_chance(objective: Expr) -> Expr:
    """An objective in T with D for σ(T), and 1 − D for 1 − σ(T)."""
    values = {sigmoid(T): D, total(1, negative(sigmoid(T))): D.other}
    return replaced(objective, values.get)


def bound(article: Article) -> Claim:
    """(1): the bound on the mean of log q(x), with its gap, which is 0 at the posterior.

    Beside it: with a minus it is (6) of the article.
    """
    lower = best_of(article["avb-1"], "max", BOTH)
    gap = Expectation(P(x), KL(encoder, Q(z, given=x)))
    evidence = Expectation(P(x), log(Q(x)))
    below = Bound(TABLES, upper=evidence, lower=lower, remainder=gap, proves="avb-1.a")
    vae = article["su-6"].expression
    return Claim("avb-1", (below,), also=(Identity(TABLES, left=negative(lower), right=vae),))


def written_out(article: Article) -> Claim:
    """(2): the bound with its KL as a mean of logarithms."""
    left, right = (best_of(article[id], "max", BOTH) for id in ("avb-1", "avb-2"))
    return Claim("avb-2", (Identity(TABLES, left=left, right=right, proves="avb-2.a"),))


def game(article: Article) -> Claim:
    """(3): what T raises makes sense: in D = σ(T) it is the loss of a best discriminator."""
    objective = best_of(article["avb-3"], "max", "T")
    loss = total(*(negative(as_chance(term)) for term in objective.args))
    share = ratio(encoder_pairs, total(encoder_pairs, prior_pairs))
    judge = OptimalDiscriminator(TABLES, functional=loss, probability=D, at=share, proves="avb-3.a")
    return Claim("avb-3", (judge,))


def best_logit(article: Article) -> Claim:
    """T* = log p(z|x) − log q(z), where both are positive; beside it a narrowing encoder."""
    (step,) = article["avb-4"].steps
    if signed(step, "=").left != T_best:
        raise NotRead(f"{step.place} names something else than the best T")
    optimum = OptimalFunction(
        TABLES,
        functional=best_of(article["avb-3"], "max", "T"),
        function=T,
        at=step.right,
        sense="max",
        proves=step.place,
    )
    return Claim("avb-4", (optimum,), stated=(ALL_T,), also=narrowing())


def narrowing() -> tuple[Identity | Limit, ...]:
    """T* for N(m, s²) and the prior N(0, 1), and its limits for s ↓ 0; the KL's limit."""
    place = m + delta
    beside = total(negative(log(s)), -(delta**2) / (2 * s**2), place**2 / 2)
    logit = total(log(Gaussian(place, m, s**2)), negative(log(Gaussian(place, 0, 1))))
    at_m = total(negative(log(s)), m**2 / 2)
    divergence = KL(Gaussian(z, m, s**2), Gaussian(z, 0, 1))

    def falling(expression: Expr, symbol: sympy.Symbol, value: Expr) -> Limit:
        return Limit(NARROW, expression=expression, symbol=symbol, point=S.Zero, value=value)

    return (
        Identity(NARROW, left=logit, right=beside),
        falling(beside, s, -sympy.oo),
        falling(at_m, s, sympy.oo),
        falling(divergence, s, sympy.oo),
    )


def with_logit(article: Article) -> Claim:
    """(4): the bound with T* in the place of the log ratio."""
    left, right = (best_of(article[id], "max", BOTH) for id in ("avb-2", "avb-5"))
    at_best = Equal(T_best, article["avb-4"].steps[0].right)
    same = Identity(TABLES, given=(at_best,), left=left, right=right, proves="avb-5.a")
    return Claim("avb-5", (same,), stated=(Stated("best-T", at_best),))


def with_reference(article: Article) -> Claim:
    """(5): the bound with a reference r(z|x)."""
    left = best_of(article["avb-1"], "max", BOTH)
    right = article["avb-6"].expression
    same = Identity(WITH_REFERENCE, left=left, right=right, proves="avb-6.a")
    return Claim("avb-6", (same,))


def contrast(article: Article) -> Claim:
    """(6): it has log q(x|z) where (5) has log q(x, z), a slip: the prior is lost.

    It is false with the T* that tells p(z|x) from r(z|x), and with the T* that is printed before
    (4); as an objective it is another one.
    """
    before = article["avb-6"].expression
    after = best_of(article["avb-7"], "max", BOTH)
    given = (AT_CONTRAST,)
    mended = replaced(after, {log(Q(x, given=z)): log(Q(x, z))}.get)
    lost = Expectation(P(z), log(prior))

    def same(value: Equal, right: Expr, place: str = "") -> Identity:
        return Identity(WITH_REFERENCE, given=(value,), left=before, right=right, proves=place)

    other = SameObjective(
        WITH_REFERENCE, given=given, objective=before, other=after, varied=(encoder,)
    )
    printed_T = Equal(T_best, article["avb-4"].steps[0].right)
    refuted = (
        Counterexample(WITH_REFERENCE, of=same(AT_CONTRAST, after), at=(even,), proves="avb-7.a"),
        Counterexample(WITH_REFERENCE, of=other, at=(at_the_prior,), along=t, proves="avb-7.a"),
        Counterexample(WITH_REFERENCE, of=same(printed_T, after), at=(even,), proves="avb-7.a"),
    )
    return Claim(
        "avb-7",
        (same(AT_CONTRAST, mended),),
        also=(same(AT_CONTRAST, total(after, lost)),),
        refuted=refuted,
    )


def standardised(article: Article) -> Claim:
    """The first KL of (5) for ẑ = (z − μ(x))/σ(x), where the reference is N(0, 1).

    Beside it: the same for any smooth bijection of ℝ^d, and for Gaussians in d dimensions.
    """
    left = article["avb-8"].expression
    divergence = next(iter(article["avb-6"].expression.atoms(KL)))
    of_codes = Expectation(P(x), divergence)
    fitted = Equal(reference, Gaussian(z, mu_x, sigma_x**2))
    same = ChangeOfVariables(
        LINE, given=(fitted,), claimed=STANDARDISING, left=left, right=of_codes, proves="avb-8.a"
    )
    g = unknown_map("g", z, hat_z)
    laws = (image(name, law, g) for name, law in ((r"\hat{p}", encoder), (r"\hat{r}", reference)))
    any_map = ChangeOfVariables(SPACE, claimed=g, left=Expectation(P(x), KL(*laws)), right=of_codes)
    stated = (Stated("gaussian-reference", fitted),)
    return Claim("avb-8", (same,), stated=stated, also=(any_map, standardised_vectors()))


def standardised_vectors() -> VectorIdentity:
    """KL of N(m, diag s²) to N(μ, diag σ²), before and after z ↦ (z − μ)/σ."""
    codes, moved = (Vector(name, dimension) for name in ("z", r"\hat{z}"))
    means, at = (Vector(name, dimension) for name in ("m", "mu"))
    spread, width = (PositiveVector(name, dimension) for name in ("s", "sigma"))
    standard_mean = HadamardProduct(HadamardPower(width, -1), means - at)
    standard_variance = HadamardProduct(HadamardPower(spread, 2), HadamardPower(width, -2))
    return VectorIdentity(
        RandomVectors(dimensions=(dimension,)),
        left=KL(
            VectorGaussian(moved, standard_mean, standard_variance), VectorGaussian(moved, 0, 1)
        ),
        right=KL(
            VectorGaussian(codes, means, HadamardPower(spread, 2)),
            VectorGaussian(codes, at, HadamardPower(width, 2)),
        ),
    )


READ = {
    "avb-1": bound,
    "avb-2": written_out,
    "avb-3": game,
    "avb-4": best_logit,
    "avb-5": with_logit,
    "avb-6": with_reference,
    "avb-7": contrast,
    "avb-8": standardised,
}

CLAIMS = (*(read(ARTICLE) for read in READ.values()), *OF_THE_GAME)
