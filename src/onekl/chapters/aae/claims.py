"""The claims of the chapter "AAE": su-27 … su-34, su-t11, su-t12.

The chapter's objects are written down here as the article prints them, mended where it slips;
`exchanged` makes the same objects out of those of the GAN chapter, and su-t11 compares the two.
"""

from __future__ import annotations

from dataclasses import replace

import sympy
from sympy import Add, Expr, Function, MatAdd, Mul, Rational, S, Symbol, log

from onekl.chapters.gan import claims as gan
from onekl.chapters.gan.claims import HALF, x, y, z
from onekl.claims.claim import Claim
from onekl.claims.stated import Stated
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
from onekl.symbolic.notation import latex
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
pushed = SumOrIntegral(Dirac(z, E(x)) * data, (x,))
AT_E = D.at(E(x))

# su-28, su-29: label 1 for codes, label 0 for the prior; the model side has the prior alone.
# p₁ and p₀ stay letters; the article sets both to ½ after (28).
p_1 = gan.p_1
p_0 = p_1.other
EVEN_STATED = Stated("even-codes", gan.EVEN)
labelled = LabelledJoint(y, Mul(p_1, codes, evaluate=False), Mul(p_0, prior, evaluate=False))
judged = LabelledJoint(y, Mul(not_D, prior, evaluate=False), Mul(D, prior, evaluate=False))
joint = KL(labelled, judged)
both_labels = Add(p_1 * codes, p_0 * prior, evaluate=False)
surprise = Add(
    SumOrIntegral(labelled.one * -log(not_D), (z,)),
    SumOrIntegral(labelled.zero * -log(D), (z,)),
    evaluate=False,
)
encoder_side = SumOrIntegral(codes * log(codes / (not_D * prior)), (z,))  # su-31
prior_side = Expectation(prior, -log(D))
# su-30, first line
discriminator_loss = Add(Expectation(codes, -log(not_D)), prior_side, evaluate=False)
old_best = {D: prior / (old + prior), not_D: old / (old + prior)}
complete = Add(Expectation(codes, -log(D)), KL(codes, old), evaluate=False)  # su-32, over codes
standard = Expectation(data, -log(AT_E))  # su-33
ALL_D = Stated("any-D-codes", r"D(z) \text{ ranges over all functions with values in } [0, 1]")
AT_OLD_BEST = Equal(D, old_best[D])
# su-33, and the last line of su-32: a mean over codes is one over data.
at_the_data = Identity(ENCODED, left=SumOrIntegral(pushed * -log(D), (z,)), right=standard)

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
lam = Symbol("lambda", positive=True)
d, k = sympy.symbols("d k", integer=True, positive=True)  # of x and of its code
point = Vector("x", d)
decoded = Vector("G", d, (Vector("E", k, (point,)),))
VECTORS = RandomVectors(scalars=(lam,), dimensions=(d, k))
cost = Function("c", nonnegative=True)
BOTH_MAPS = RandomTables((DATA, PRIOR), maps=(("E", z), ("G", x)), scalars=(lam,))
error = cost(x, G(E(x)))
together = Expectation(data, Add(-log(AT_E), lam * error, evaluate=False))
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

CLAIMS = (
    Claim(
        "su-27",
        (Pushforward(ENCODED, value=E(x), under=data, variable=z, density=pushed),),
        printed=r"p(z|x) = \delta(z - E(x)), \qquad p(z) = \int p(z|x)\, \tilde{q}(x) \,dx",
        refuted=(
            Counterexample(
                ENCODED,
                of=Pushforward(ENCODED, value=E(x), under=data, variable=z, density=SLIPS["su-12"]),
                at=(unequal,),
            ),
        ),
    ),
    Claim(
        "su-28",
        (Identity(TABLES, left=S.One, right=SumOrIntegral(both_labels, (z,))),),
        also=(
            OptimalDiscriminator(
                TABLES,
                functional=surprise,
                probability=D,
                at=p_0 * prior / (p_1 * codes + p_0 * prior),
            ),
        ),
        printed=rf"p(z, y) = {latex(labelled)}",
    ),
    Claim(
        "su-29",
        (
            Identity(
                TABLES,
                left=joint,
                right=Add(
                    SumOrIntegral(labelled.one * log(labelled.one / judged.one), (z,)),
                    SumOrIntegral(labelled.zero * log(p_0 / D), (z,)),
                    evaluate=False,
                ),
            ),
            gan.half_of(TABLES, joint, Add(encoder_side, prior_side, evaluate=False), (D, codes)),
        ),
        stated=(EVEN_STATED,),
    ),
    Claim(
        "su-30",
        (
            gan.half_of(TABLES, joint, discriminator_loss, (D,), KL(codes, prior)),
            Identity(
                ENCODED,
                left=SumOrIntegral(pushed * -log(not_D), (z,)),
                right=Expectation(data, surprise_at_E),
            ),
        ),
        stated=(EVEN_STATED,),
        printed=rf"\mathbb{{E}}_{{z\sim {latex(data)}}}\left[-\log (1 - D(E(x)))\right]"
        rf" + {latex(prior_side)}",
        refuted=tuple(
            Counterexample(
                ENCODED,
                of=Identity(
                    ENCODED, left=SumOrIntegral(pushed * -log(not_D), (z,)), right=SLIPS["rq-4"]
                ),
                at=(replace(coded, values=((x, S(letter)),)),),
            )
            for letter in (0, 1)
        ),
    ),
    Claim(
        "su-31",
        (gan.half_of(TABLES, joint, encoder_side, (codes,), prior_side),),
        stated=(EVEN_STATED,),
    ),
    Claim(
        "su-32",
        (
            OptimalDiscriminator(
                STEP,
                functional=discriminator_loss.xreplace({codes: old}),
                probability=D,
                at=old_best[D],
            ),
            Identity(STEP, given=(AT_OLD_BEST,), left=encoder_side, right=complete),
            at_the_data,
        ),
        printed=Add(standard, KL(codes, old), evaluate=False),
        stated=(
            ALL_D,
            Stated("best-D-codes", AT_OLD_BEST),
            Stated("prior-codes", Support((prior,))),
        ),
    ),
    Claim("su-33", (at_the_data,), repeats="su-32"),
    Claim(
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
            ),
        ),
        also=(
            VectorIdentity(
                VECTORS,
                left=lam * SquaredNorm(MatAdd(point, -decoded)),
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
        printed=r"\mathbb{E}_{x\sim \tilde{p}(x)}\left[-\log D(E(x)) "
        r"+ \lambda \Vert x - G(E(x)) \Vert^2\right]",
    ),
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
        printed=r"x \leftrightarrow z, \quad \tilde{p}(x) \leftrightarrow q(z), "
        r"\quad q(x) \to p(z), \quad q^{o}(x) \to p^{o}(z), "
        r"\quad G \to E, \quad y = 1 \leftrightarrow y = 0",
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
        printed=r"\mathrm{KL}\left(p(z, y) \,\Vert\, q(z, y)\right) "
        r"+ \lambda\, \mathbb{E}\Vert x - G(z) \Vert^2",
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
        relation="argument",
    ),
)
