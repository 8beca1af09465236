"""The claims of the chapter "AAE": su-27 … su-34, su-t11, su-t12.

The chapter's objects are written down here as the article prints them, mended where it slips;
`exchanged` makes the same objects out of those of the GAN chapter, and su-t11 compares the two.
"""

from __future__ import annotations

from dataclasses import replace

import sympy
from sympy import Add, Expr, Function, MatAdd, Mul, Rational, S, Symbol, log

from onekl.chapters.gan import claims as gan
from onekl.chapters.gan.claims import HALF
from onekl.claims.claim import Claim
from onekl.claims.stated import Stated
from onekl.claims.steps import (
    best,
    cases,
    drawn_from_its_own,
    lifted,
    of_samples,
    require_optima,
    signed,
)
from onekl.reading.glossary import TILDE_Q, d, k, lam, x, z
from onekl.reading.reader import ARTICLE, Article, Step
from onekl.symbolic.algebra import (
    KL,
    ClassProbability,
    Dirac,
    Expectation,
    Gaussian,
    Joint,
    LabelledJoint,
    SumOrIntegral,
    kl_div,
)
from onekl.symbolic.counterexample import Counterexample
from onekl.symbolic.instance import Instance, table_of
from onekl.symbolic.lines.written import product, total, with_values
from onekl.symbolic.objective import SameObjective
from onekl.symbolic.optima.discriminator import OptimalDiscriminator
from onekl.symbolic.premises import Equal, Support
from onekl.symbolic.sampling import RandomParameters, RandomTables
from onekl.symbolic.statements import Bound, Identity, Pushforward
from onekl.symbolic.vectors.algebra import SquaredNorm, Vector
from onekl.symbolic.vectors.normal import VectorGaussian
from onekl.symbolic.vectors.numbers import RandomVectors
from onekl.symbolic.vectors.statements import VectorIdentity

DATA = Joint("p", (x,), {(x,): r"\tilde{p}"})
CODES = Joint("p", (z,))  # the aggregated posterior
OLD = Joint("p^{o}", (z,))  # the same before the step
PRIOR = Joint("q", (z,))
SLIPPED = Joint(r"\tilde{q}", (x,))  # as su-27 is printed
PAIRS = Joint("p", (x, z), {(x,): r"\tilde{p}"})  # with an encoder that need not be a map
TABLES = RandomTables((CODES, PRIOR))
STEP = RandomTables((CODES, PRIOR, OLD))
ENCODED = RandomTables((DATA, PRIOR), maps=(("E", z),))

data, codes, old, prior = DATA(x), CODES(z), OLD(z), PRIOR(z)
# D(z) = q(0|z): the chance that the code is the prior's
D, not_D = ClassProbability("D", z), ClassProbability("D", z, 0)
adversarial = KL(Add(PAIRS(z) / 2, prior / 2, evaluate=False), prior)  # what is left at the best D

# su-27: a map of x, written as a conditional density.
E, G = Function("E"), Function("G")
pushed = SumOrIntegral(product(Dirac(z, E(x)), data), (x,))
AT_E = D.at(E(x))

# su-28, su-29: label 1 for codes, label 0 for the prior; the model side has the prior alone.
# p₁ and p₀ stay letters; the article sets both to ½ after (28).
p_1 = gan.p_1
p_0 = p_1.other
EVEN_STATED = Stated("even-codes", gan.EVEN)
joint = ARTICLE["su-29"].steps[0].left
labelled, judged = joint.first, joint.second
both_labels = Add(p_1 * codes, p_0 * prior, evaluate=False)
surprise = Add(
    SumOrIntegral(labelled.one * -log(not_D), (z,)),
    SumOrIntegral(labelled.zero * -log(D), (z,)),
    evaluate=False,
)
encoder_side = best(ARTICLE["su-31"].steps[0], "min", "E")
prior_side = Expectation(prior, -log(D))
discriminator_loss = best(ARTICLE["su-30"].steps[0], "min", "D")  # su-30's first line
old_best = {D: prior / (old + prior), not_D: old / (old + prior)}
standard_of_codes = Expectation(codes, -log(D))
complete = Add(standard_of_codes, KL(codes, old), evaluate=False)  # su-32, over codes
standard = ARTICLE["su-33"].expression
ALL_D = Stated("any-D-codes", r"D(z) \text{ ranges over all functions with values in } [0, 1]")
AT_OLD_BEST = Equal(D, old_best[D])
AT_THE_DATA = {codes: pushed}

# The slips of su-27 and su-30 on two letters, with the encoder E(x) = x; the second with
# D = ½ and ¾ at the two codes.
SEVEN_TO_THREE, EVENLY = [Rational(7, 10), Rational(3, 10)], [HALF, HALF]
unequal = Instance(
    tables=((DATA, SEVEN_TO_THREE), (SLIPPED, EVENLY), (PRIOR, EVENLY)),
    functions=(table_of(E, 0, 1), table_of("f", 0, 1)),
)
judging = table_of("D", HALF, Rational(3, 4))
coded = Instance(
    tables=((DATA, SEVEN_TO_THREE), (PRIOR, EVENLY)),
    functions=(table_of(E, 0, 1), judging),
)

# su-34: the error as a Gaussian's logarithm, and the encoder's KL taken apart.
point = Vector("x", d)
coded_point = Vector("E", k, (point,))
decoded = Vector("G", d, (coded_point,))
VECTORS = RandomVectors(scalars=(lam,), dimensions=(d, k))
cost = Function("c", nonnegative=True)
BOTH_MAPS = RandomTables((DATA, PRIOR), maps=(("E", z), ("G", x)), scalars=(lam,))
error = cost(x, G(E(x)))
ONE_ENCODER = RandomTables((PAIRS,))
SIDE_BY_SIDE = RandomTables((PAIRS, PRIOR), maps=(("G", x),), scalars=(lam,))
weighted_cost = SumOrIntegral(lam * PAIRS(x, z) * cost(x, G(z)), (x, z))
information = KL(PAIRS(x, z), Mul(PAIRS(x), PAIRS(z), evaluate=False))

# su-t12 on two letters: p̃ = (7/10, 3/10), q(z) = (1/2, 1/2); x = 1 has the code 1, and x = 0 has it
# with probability a.  With D at its optimum and the decoder at its best, x as the number 0 or 1.
a = Symbol("a", positive=True)
coded_pairs = [[Rational(7, 10) * (1 - a), Rational(7, 10) * a], [S.Zero, Rational(3, 10)]]
reconstruction = Expectation(PAIRS(x, z), Add(x, -G(z), evaluate=False) ** 2)
disturbed = Instance(
    tables=((PAIRS, coded_pairs), (PRIOR, EVENLY)),
    functions=(table_of(G, S.Zero, Rational(3, 5)), table_of("D", HALF, HALF)),
    values=((a, Rational(2, 7)), (lam, S.One)),
)
# And where the codes can be reshaped without loss: an invertible map to the prior.
mu, sigma = Symbol("mu", real=True), Symbol("sigma", positive=True)
bell = RandomParameters(((mu, -2, 2), (sigma, 0.3, 2)))


def exchanged(expression: Expr, labels: bool = True) -> Expr:
    """An expression of the GAN chapter with x and z, p and q, G and E, and the labels exchanged.

    Without `labels` the values 1 and 0 of y stay where they are.
    """
    roles = {
        x: z, z: x, gan.G(z): E(x),
        gan.data: prior, gan.model: codes, gan.old: old, gan.PRIOR(z): data,
    }  # fmt: skip
    turned = expression.xreplace(roles)
    if not labels:
        return turned
    exchanged_labels = turned.replace(
        LabelledJoint, lambda label, one, zero: LabelledJoint(label, zero, one)
    )
    return exchanged_labels.xreplace({p_1: p_0, p_0: p_1})


gan_surprise_at_G = Expectation(gan.PRIOR(z), -log(gan.D.at(gan.G(z)).other))
gan_standard = Expectation(gan.PRIOR(z), -log(gan.D.at(gan.G(z))))
surprise_at_E = -log(AT_E.other)
# The two chapters side by side: the GAN's equation and object, and this chapter's as printed,
# mended where it slips.
BESIDE = (
    ("su-12", gan.pushed, "su-27", pushed),
    ("su-13", gan.labelled, "su-28", labelled),
    ("su-14", gan.joint, "su-29", joint),
    ("su-16", gan.discriminator_loss, "su-30", discriminator_loss),
    ("rq-4", gan_surprise_at_G, "su-30", Expectation(data, surprise_at_E)),
    ("su-17", gan.generator_side, "su-31", encoder_side),
    ("su-18", gan.old_best[gan.D], "su-32", old_best[D]),
    ("su-19", gan.complete, "su-32", complete),
    ("su-20", gan_standard, "su-33", standard),
)
# As printed, where that is another object, by the GAN's equation.
SLIPS = {
    "su-12": pushed.xreplace({data: SLIPPED(x)}),
    "rq-4": SumOrIntegral(data * surprise_at_E, (z,)),
}
labels_matter = Instance(
    tables=((CODES, SEVEN_TO_THREE), (PRIOR, EVENLY)),
    functions=(("p", (((), Rational(1, 2)),)), judging),
)


def encoder(article: Article) -> Claim:
    """(27): a map of x as a conditional density, and the law of its codes, with a slip."""
    map_of_x, law = article["su-27"].steps
    image = signed(map_of_x, "=").right
    mended = {TILDE_Q(x): data}
    printed = signed(law, "=").right

    def forward(density: Expr) -> Pushforward:
        of_the_map = with_values(density, {map_of_x.left: image})
        return Pushforward(ENCODED, value=E(x), under=data, variable=z, density=of_the_map)

    mended_law = replace(law, right=with_values(printed, mended))
    return Claim(
        "su-27",
        (
            replace(forward(mended_law.right), proves=map_of_x.place),
            replace(lifted(mended_law, ONE_ENCODER, (z,)), proves=""),
        ),
        refuted=(Counterexample(ENCODED, of=forward(printed), at=(unequal,), proves=law.place),),
    )


def labels(article: Article) -> Claim:
    """(28): the label joins codes and the prior's in one density."""
    (step,) = article["su-28"].steps
    both = total(*cases(step))
    one = Identity(TABLES, left=S.One, right=SumOrIntegral(both, (z,)), proves=step.place)
    judge = OptimalDiscriminator(
        TABLES,
        functional=surprise,
        probability=D,
        at=p_0 * prior / (p_1 * codes + p_0 * prior),
    )
    return Claim("su-28", (one,), also=(judge,))


def divergence_of_labels(article: Article) -> Claim:
    """(29): the joint KL by the label's two values, and the same objective without the label."""
    statements = gan.label_and_no_label(article["su-29"], TABLES, (D, codes))
    return Claim("su-29", statements, stated=(EVEN_STATED,))


def lowered_by_d(article: Article) -> Claim:
    """(30): what the discriminator lowers, and its second line, with a slip."""
    first, second = article["su-30"].steps
    start = article["su-29"].steps[0].left
    loss = best(first, "min", "D")
    same = gan.half_of(TABLES, start, loss, (D,), KL(codes, prior), proves=first.place)
    require_optima(second)
    at_data = of_samples(second, ENCODED, AT_THE_DATA)
    mended = replace(second, right=drawn_from_its_own(second.right))
    of_x = replace(of_samples(mended, ENCODED, AT_THE_DATA), proves="")
    return Claim(
        "su-30",
        (same, of_x),
        stated=(EVEN_STATED,),
        refuted=tuple(
            Counterexample(
                ENCODED,
                of=at_data,
                at=(replace(coded, values=((x, S(letter)),)),),
                proves=second.place,
            )
            for letter in (0, 1)
        ),
    )


def lowered_by_e(article: Article) -> Claim:
    """(31): what the encoder lowers."""
    (step,) = article["su-31"].steps
    start = article["su-29"].steps[0].left
    loss = best(step, "min", "E")
    same = gan.half_of(TABLES, start, loss, (codes,), prior_side, proves=step.place)
    return Claim("su-31", (same,), stated=(EVEN_STATED,))


def at_best_discriminator(article: Article) -> Claim:
    """(32): the encoder's loss with the best D of the codes before the step."""
    before = best(article["su-30"].steps[0], "min", "D").xreplace({codes: old})
    loss = best(article["su-31"].steps[0], "min", "E")
    at_data = Step("su-32.b", complete, "=", article["su-32"].expression)
    return Claim(
        "su-32",
        (
            OptimalDiscriminator(
                STEP, functional=before, probability=D, at=old_best[D], proves="su-32.a"
            ),
            Identity(STEP, given=(AT_OLD_BEST,), left=loss, right=complete, proves="su-32.b"),
            of_samples(at_data, ENCODED, AT_THE_DATA),
        ),
        stated=(
            ALL_D,
            Stated("best-D-codes", AT_OLD_BEST),
            Stated("prior-codes", Support((prior,))),
        ),
    )


def without_the_new_term(article: Article) -> Claim:
    """(33): the first of the two terms of (32)."""
    step = Step("su-33.a", standard_of_codes, "=", article["su-33"].expression)
    return Claim("su-33", (of_samples(step, ENCODED, AT_THE_DATA),), repeats="su-32")


def with_reconstruction(article: Article) -> Claim:
    """(34): the adversarial loss of the codes and the error of reconstruction, together."""
    (step,) = article["su-34"].steps
    loss = best(step, "min", "G,E")
    of_vectors = lam * SquaredNorm(MatAdd(point, -decoded))
    together = loss.xreplace({SquaredNorm(MatAdd(point, -decoded)): error, coded_point: E(x)})
    return Claim(
        "su-34",
        (
            Identity(
                BOTH_MAPS,
                left=together,
                right=Add(
                    SumOrIntegral(pushed * -log(D), (z,)),
                    lam * Expectation(data, error),
                    evaluate=False,
                ),
                proves=step.place,
            ),
        ),
        also=(
            VectorIdentity(
                VECTORS,
                left=of_vectors,
                right=Add(
                    -log(VectorGaussian(point, decoded, 1 / (2 * lam))),
                    -HALF * d * log(sympy.pi / lam),
                    evaluate=False,
                ),
            ),
            Bound(
                SIDE_BY_SIDE,
                upper=Expectation(PAIRS(x), KL(PAIRS(z, given=x), prior)),
                lower=KL(PAIRS(z), prior),
                remainder=information,
            ),
        ),
    )


READ = {
    "su-27": encoder,
    "su-28": labels,
    "su-29": divergence_of_labels,
    "su-30": lowered_by_d,
    "su-31": lowered_by_e,
    "su-32": at_best_discriminator,
    "su-33": without_the_new_term,
    "su-34": with_reconstruction,
}

CLAIMS = (
    *(read(ARTICLE) for read in READ.values()),
    Claim(
        "su-t11",
        (
            Pushforward(
                ENCODED,
                value=exchanged(gan.G(z)),
                under=exchanged(gan.PRIOR(z)),
                variable=exchanged(x),
                density=exchanged(gan.pushed),
            ),
            OptimalDiscriminator(
                STEP,
                functional=exchanged(gan.discriminator_loss.xreplace({gan.model: gan.old})),
                probability=D,
                at=exchanged(gan.old_best[gan.D].xreplace({gan.D: D, gan.not_D: not_D})),
            ),
            Counterexample(
                TABLES,
                of=Identity(
                    TABLES,
                    left=KL(exchanged(gan.labelled, labels=False), judged),
                    right=KL(labelled, judged),
                ),
                at=(labels_matter,),
            ),
        ),
        repeats="su-27, su-32",
        stated=(ALL_D,),
    ),
    Claim(
        "su-t12",
        (
            Bound(
                SIDE_BY_SIDE,
                upper=Add(joint, weighted_cost, evaluate=False).xreplace({codes: PAIRS(z)}),
                lower=KL(both_labels, prior),
                remainder=Add(
                    SumOrIntegral(kl_div(p_1 * codes, not_D * both_labels), (z,)),
                    SumOrIntegral(kl_div(p_0 * prior, D * both_labels), (z,)),
                    weighted_cost,
                    evaluate=False,
                ),
            ),
        ),
        also=(
            Pushforward(
                bell,
                value=(x - mu) / sigma,
                under=Gaussian(x, mu, sigma**2),
                variable=z,
                density=Gaussian(z, 0, 1),
            ),
        ),
        refuted=(
            Counterexample(
                SIDE_BY_SIDE,
                of=SameObjective(
                    SIDE_BY_SIDE,
                    objective=Add(adversarial, lam * reconstruction, evaluate=False),
                    other=adversarial,
                    varied=(PAIRS(z, given=x),),
                ),
                at=(disturbed,),
                along=a,
            ),
        ),
        argument=True,
    ),
)
