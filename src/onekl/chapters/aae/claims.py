"""The claims of the chapter "AAE": su-27 … su-34, su-t11, su-t12.

The chapter's objects are written down here as the article prints them, mended where it slips;
`exchanged` makes the same objects out of those of the GAN chapter, and su-t11 compares the two.
"""

from __future__ import annotations

import sympy
from sympy import Add, Derivative, Expr, Function, Mul, Rational, S, Symbol, log

from onekl.chapters.gan import claims as gan
from onekl.chapters.gan.claims import HALF, x, y, z
from onekl.claims.claim import Claim
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
from onekl.symbolic.discriminator import OptimalDiscriminator
from onekl.symbolic.notation import latex
from onekl.symbolic.sampling import RandomParameters, RandomTables
from onekl.symbolic.statements import Bound, Counterexample, Identity, Pushforward

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
mixture = Add(codes / 2, prior / 2, evaluate=False)

# su-27: a map of x, written as a conditional density.
E, G = Function("E"), Function("G")
pushed = SumOrIntegral(Dirac(z, E(x)) * data, (x,))
AT_E = D.at(E(x))

# su-28, su-29: label 1 for codes, label 0 for the prior; the model side has the prior alone.
labelled = LabelledJoint(y, Mul(HALF, codes, evaluate=False), Mul(HALF, prior, evaluate=False))
judged = LabelledJoint(y, Mul(not_D, prior, evaluate=False), Mul(D, prior, evaluate=False))
joint = KL(labelled, judged)
surprise = Add(
    SumOrIntegral(labelled.one * -log(not_D), (z,)),
    SumOrIntegral(labelled.zero * -log(D), (z,)),
    evaluate=False,
)
encoder_side = SumOrIntegral(codes * log(codes / (not_D * prior)), (z,))  # su-31
prior_side = Expectation(prior, -log(D))
# su-30, first line
discriminator_loss = Add(Expectation(codes, -log(not_D)), prior_side, evaluate=False)
best_D = prior / (codes + prior)
old_best = {D: prior / (old + prior), not_D: old / (old + prior)}
complete = Add(Expectation(codes, -log(D)), KL(codes, old), evaluate=False)  # su-32, over codes
standard = Expectation(data, -log(AT_E))  # su-33
ALL_D = r"D(z) \text{ ranges over all functions with values in } [0, 1]"
FINITE_KL = rf"{latex(KL(codes, prior))} \text{{ is finite}}"
AT_OLD_BEST = (rf"D(z) = {latex(old_best[D])}",)

# The slips of su-27 and su-30 on two letters, with the encoder E(x) = x; the second with
# D(z) = 1 − 2^−(1 + z).
SEVEN_TO_THREE, EVEN = [Rational(7, 10), Rational(3, 10)], [HALF, HALF]
UNEQUAL = ((DATA, SEVEN_TO_THREE), (SLIPPED, EVEN), (PRIOR, EVEN))
CODED = ((CODES, SEVEN_TO_THREE),)
not_so_sure = Mul(1 + z, log(2), evaluate=False)  # −log(1 − D(z))

# su-34: the error as a Gaussian's logarithm, and the encoder's KL taken apart.
lam = Symbol("lambda", positive=True)
image = Symbol("G", real=True)  # G(E(x)) at one x
line = RandomParameters(((x, -2, 2), (image, -2, 2), (lam, 0.1, 3)))
cost = Function("c", nonnegative=True)
BOTH_MAPS = RandomTables((DATA, PRIOR), maps=(("E", z), ("G", x)), scalars=(lam,))
error = cost(x, G(E(x)))
together = Expectation(data, Add(-log(AT_E), lam * error, evaluate=False))
SIDE_BY_SIDE = RandomTables((PAIRS, PRIOR), maps=(("G", x),), scalars=(lam,))
weighted_cost = SumOrIntegral(lam * PAIRS(x, z) * cost(x, G(z)), (x, z))
information = KL(PAIRS(x, z), Mul(PAIRS(x), PAIRS(z), evaluate=False))

# su-t12 on two letters: p̃ = (7/10, 3/10), q(z) = (1/2, 1/2); x = 1 has the code 1, and x = 0 has it
# with probability a.
a = Symbol("a", positive=True)
ten_shares = Add(3, 7 * a, evaluate=False)  # 10 p(z = 1)
met = Mul(Rational(1, 20), Add(8, 7 * a, evaluate=False), evaluate=False)  # m(1)
missed = Mul(Rational(1, 20), Add(12, -7 * a, evaluate=False), evaluate=False)  # m(0)
adversarial = Add(met * log(2 * met), missed * log(2 * missed), evaluate=False)  # KL(m ‖ q(z))
# with the best decoder, and x as the number 0 or 1
least_error = Mul(21, a, 1 / Add(30, 70 * a, evaluate=False), evaluate=False)
letters = RandomParameters(((a, 0.05, 0.95), (lam, 0.1, 3)))
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
    return (
        turned.replace(LabelledJoint, lambda label, one, zero: LabelledJoint(label, zero, one))
        if labels
        else turned
    )


EXCHANGED = (
    r"\text{with } x \text{ and } z \text{ are exchanged the names } p \text{ and } q "
    r"\text{, and the label's values } 1 \text{ and } 0",
)
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
guess = {D: (1 + z) / 4, not_D: (3 - z) / 4}  # some D, for a counterexample

CLAIMS = (
    Claim(
        "su-27",
        (Pushforward(ENCODED, value=E(x), under=data, variable=z, density=pushed),),
        printed=r"p(z|x) = \delta(z - E(x)), \qquad p(z) = \int p(z|x)\, \tilde{q}(x) \,dx",
        refuted=(
            Counterexample(
                ENCODED,
                left=SumOrIntegral(z * SumOrIntegral(Dirac(z, x) * SLIPPED(x), (x,)), (z,)),
                right=Expectation(data, x),
                tables=UNEQUAL,
            ),
        ),
    ),
    Claim(
        "su-28",
        (
            Identity(TABLES, left=S.One, right=SumOrIntegral(mixture, (z,))),
            OptimalDiscriminator(TABLES, functional=surprise, probability=D, at=best_D),
        ),
        stated=(ALL_D,),
        printed=rf"p(z, y) = {latex(labelled)}",
    ),
    Claim(
        "su-29",
        (
            Identity(
                TABLES,
                left=joint,
                right=Add(Mul(HALF, encoder_side), Mul(HALF, prior_side), -log(2), evaluate=False),
            ),
        ),
    ),
    Claim(
        "su-30",
        (
            Identity(
                TABLES,
                trusted=(FINITE_KL,),
                left=Mul(2, joint),
                right=Add(*discriminator_loss.args, KL(codes, prior), -2 * log(2), evaluate=False),
            ),
            OptimalDiscriminator(TABLES, functional=discriminator_loss, probability=D, at=best_D),
            Identity(
                ENCODED,
                left=SumOrIntegral(pushed * -log(not_D), (z,)),
                right=Expectation(data, surprise_at_E),
            ),
        ),
        stated=(ALL_D,),
        printed=rf"\mathbb{{E}}_{{z\sim {latex(data)}}}\left[-\log (1 - D(E(x)))\right]"
        rf" + {latex(prior_side)}",
        refuted=tuple(
            Counterexample(
                TABLES,
                left=Expectation(codes, not_so_sure),
                right=not_so_sure.subs(z, letter),
                tables=CODED,
            )
            for letter in (0, 1)
        ),
    ),
    Claim(
        "su-31",
        (
            Identity(
                TABLES,
                trusted=(r"\int q(z) \log D(z) \,dz \text{ is finite}",),
                left=Mul(2, joint),
                right=Add(encoder_side, prior_side, -2 * log(2), evaluate=False),
            ),
        ),
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
            Identity(
                STEP,
                trusted=AT_OLD_BEST,
                left=encoder_side.xreplace(old_best),
                right=complete.xreplace(old_best),
            ),
            Identity(ENCODED, left=SumOrIntegral(pushed * -log(D), (z,)), right=standard),
        ),
        printed=Add(standard, KL(codes, old), evaluate=False),
        stated=(ALL_D, *AT_OLD_BEST),
    ),
    Claim(
        "su-33", (Identity(ENCODED, left=SumOrIntegral(pushed * -log(D), (z,)), right=standard),)
    ),
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
            Identity(
                line,
                left=lam * Add(x, -image, evaluate=False) ** 2,
                right=Add(
                    -log(Gaussian(x, image, 1 / (2 * lam))),
                    -HALF * log(sympy.pi / lam),
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
        stated=(r"\lambda > 0",),
    ),
    Claim(
        "su-t11",
        (
            Pushforward(
                ENCODED,
                trusted=EXCHANGED,
                value=exchanged(gan.G(z)),
                under=exchanged(gan.PRIOR(z)),
                variable=exchanged(x),
                density=pushed,
            ),
            Identity(TABLES, trusted=EXCHANGED, left=exchanged(gan.joint), right=joint),
            Identity(
                TABLES,
                trusted=EXCHANGED,
                left=exchanged(gan.discriminator_loss),
                right=discriminator_loss,
            ),
            OptimalDiscriminator(
                STEP,
                trusted=EXCHANGED,
                functional=exchanged(gan.discriminator_loss.xreplace({gan.model: gan.old})),
                probability=D,
                at=old_best[D],
            ),
            Identity(
                TABLES, trusted=EXCHANGED, left=exchanged(gan.generator_side), right=encoder_side
            ),
            Identity(
                STEP,
                trusted=EXCHANGED,
                left=exchanged(gan.with_old_best(gan.complete)),
                right=complete.xreplace(old_best),
            ),
            Identity(ENCODED, trusted=EXCHANGED, left=exchanged(gan_standard), right=standard),
            Counterexample(
                TABLES,
                left=KL(exchanged(gan.labelled, labels=False), judged.xreplace(guess)),
                right=KL(labelled, judged.xreplace(guess)),
                tables=(*CODED, (PRIOR, EVEN)),
            ),
        ),
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
                lower=KL(mixture, prior),
                remainder=Add(
                    SumOrIntegral(kl_div(codes / 2, not_D * mixture), (z,)),
                    SumOrIntegral(kl_div(prior / 2, D * mixture), (z,)),
                    weighted_cost,
                    evaluate=False,
                ),
            ),
            Pushforward(
                bell,
                value=(x - mu) / sigma,
                under=Gaussian(x, mu, sigma**2),
                variable=z,
                density=Gaussian(z, 0, 1),
            ),
            Identity(
                letters,
                left=Derivative(adversarial, a),
                right=Rational(7, 20) * Add(log(met), -log(missed), evaluate=False),
            ),
            Identity(
                letters,
                left=Derivative(lam * least_error, a),
                right=Mul(Rational(63, 10), lam, 1 / ten_shares**2, evaluate=False),
            ),
        ),
        printed=r"\mathrm{KL}\left(p(z, y) \,\Vert\, q(z, y)\right) "
        r"+ \lambda\, \mathbb{E}\Vert x - G(z) \Vert^2",
        stated=(r"\lambda > 0", r"a > 0", r"\sigma > 0"),
        refuted=(
            Counterexample(
                letters,
                left=Derivative(Add(adversarial, lam * least_error, evaluate=False), a),
                right=S.Zero,
                values=((a, Rational(2, 7)), (lam, S.One)),
            ),
        ),
        relation="argument",
    ),
)
