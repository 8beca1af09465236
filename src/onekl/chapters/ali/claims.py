"""The claims of the chapter "ALI / BiGAN": su-35 … su-43, su-t1, su-t13, su-t14, su-t16.

What several groups of claims share stands first: the pairs, the label that joins them, the step,
the losses.  What one group alone needs is inside its function.
"""

from __future__ import annotations

import sympy
from sympy import Add, Derivative, Expr, Function, Mul, Rational, S, Symbol, log, sign

from onekl.chapters.ali.one_letter import FAR, codes, d_0, d_1, dropped, kept, kept_exchanged, r, t
from onekl.chapters.gan import claims as gan
from onekl.chapters.joint_kl.claims import P, Q, conditional, marginal, x, z
from onekl.claims.claim import Claim
from onekl.symbolic.algebra import (
    KL,
    ClassProbability,
    Dirac,
    Expectation,
    Joint,
    LabelledJoint,
    SumOrIntegral,
    kl_div,
)
from onekl.symbolic.discriminator import OptimalDiscriminator
from onekl.symbolic.notation import aligned, latex
from onekl.symbolic.sampling import RandomParameters, RandomTables
from onekl.symbolic.statements import Bound, Counterexample, Identity

HALF = Rational(1, 2)
y = Symbol("y", integer=True)


def scaled(factor: Expr, product: Expr) -> Expr:
    """factor · product as one product, in the order in which it is written."""
    return Mul(factor, *product.args, evaluate=False)


def over_pairs(*terms: Expr) -> Expr:
    """The sum of ∫∫ term dx dz."""
    return Add(*(SumOrIntegral(term, (x, z)) for term in terms), evaluate=False)


# The pairs: an x with its code, and a code with its x.
TABLES = RandomTables((P, Q))
encoder_pairs = Mul(P(z, given=x), P(x), evaluate=False)
generator_pairs = Mul(Q(x, given=z), Q(z), evaluate=False)


def over_encoder(value: Expr) -> SumOrIntegral:
    """∫∫ p(z|x) p̃(x) value dx dz."""
    return SumOrIntegral(Mul(*encoder_pairs.args, value, evaluate=False), (x, z))


def over_generator(value: Expr) -> SumOrIntegral:
    """∫∫ q(x|z) q(z) value dx dz."""
    return SumOrIntegral(Mul(*generator_pairs.args, value, evaluate=False), (x, z))


# The label joins the two kinds of pairs; the data side labels the encoder's alone.
D, not_D = ClassProbability("D", (x, z)), ClassProbability("D", (x, z), 0)
ALL_D = r"D(x, z) \text{ ranges over all functions with values in } [0, 1]"
labelled = LabelledJoint(y, scaled(HALF, encoder_pairs), scaled(HALF, generator_pairs))
judged = LabelledJoint(y, scaled(D, encoder_pairs), scaled(not_D, encoder_pairs))
joint = KL(labelled, judged)
encoder_side = over_encoder(log(1 / D))
generator_side = over_generator(log(generator_pairs / (not_D * encoder_pairs)))

# The step: the two sides before it, and D at its optimum there (su-39).
OLD_P, OLD_Q = Joint("p^{o}", (x, z)), Joint("q^{o}", (x, z))
STEP = RandomTables((P, Q, OLD_P, OLD_Q))
old_encoder_pairs = Mul(OLD_P(z, given=x), P(x), evaluate=False)
old_generator_pairs = Mul(OLD_Q(x, given=z), Q(z), evaluate=False)
old_mixture = old_encoder_pairs + old_generator_pairs
old_best = {D: old_encoder_pairs / old_mixture, not_D: old_generator_pairs / old_mixture}

# The losses: the discriminator's (su-38), and four of generator and encoder (su-40 to su-43).
discriminator_loss = Add(over_encoder(-log(D)), over_generator(-log(not_D)), evaluate=False)
step_kl = Expectation(Q(z), KL(Q(x, given=z), OLD_Q(x, given=z)))  # su-40's third term
code_term = over_generator(log(OLD_P(z, given=x) / P(z, given=x)))  # its fourth
article_loss = Add(over_encoder(-log(D)), over_generator(-log(D)), evaluate=False)  # su-41
minimax_loss = Add(over_encoder(log(D)), over_generator(log(not_D)), evaluate=False)  # su-42
exchanged_loss = Add(over_encoder(-log(not_D)), over_generator(-log(D)), evaluate=False)  # su-43
complete_loss = Add(*article_loss.args, step_kl, code_term, evaluate=False)  # su-40

# The one function that D, G and E lower (su-t16), with p(x, z) and q(x, z) for the pairs.
middle = Add(P(x, z) / 2, Q(x, z) / 2, evaluate=False)
one_function = KL(
    LabelledJoint(y, P(x, z) / 2, Q(x, z) / 2), LabelledJoint(y, D * P(x, z), not_D * P(x, z))
)


def label_claims() -> tuple[Claim, ...]:
    """su-35 to su-37: the joint of pairs and label, and its KL taken apart."""
    f = Function("f", nonnegative=True)  # of a pair
    label_surprise = over_pairs(labelled.one * -log(D), labelled.zero * -log(not_D))
    means = Add(
        HALF * Expectation(P(x), Expectation(P(z, given=x), f(x, z))),
        HALF * Expectation(Q(z), Expectation(Q(x, given=z), f(x, z))),
        evaluate=False,
    )
    halves = Add(Mul(HALF, encoder_side), Mul(HALF, generator_side), -log(2), evaluate=False)
    return (
        Claim(
            "su-35",
            (
                Identity(
                    TABLES,
                    left=over_pairs(scaled(f(x, z), labelled.one), scaled(f(x, z), labelled.zero)),
                    right=means,
                ),
                OptimalDiscriminator(
                    TABLES,
                    functional=label_surprise,
                    probability=D,
                    at=encoder_pairs / (encoder_pairs + generator_pairs),
                ),
            ),
            stated=(ALL_D,),
            printed=rf"q(x, z, y) = {latex(labelled)}",
        ),
        Claim(
            "su-36",
            (
                Identity(
                    TABLES,
                    left=joint,
                    right=over_pairs(
                        labelled.one * log(labelled.one / judged.one),
                        labelled.zero * log(labelled.zero / judged.zero),
                    ),
                ),
            ),
        ),
        Claim("su-37", (Identity(TABLES, left=joint, right=halves),)),
    )


def discriminator_claims() -> tuple[Claim, ...]:
    """su-38, su-39: the discriminator's loss and its optimum."""
    finite_kl = (
        r"\mathrm{KL}\left(q(x|z)\, q(z) \,\Vert\, p(z|x)\, \tilde{p}(x)\right) \text{ is finite}"
    )
    pairs_kl = KL(generator_pairs, encoder_pairs)
    old_loss = over_pairs(
        scaled(-log(D), old_encoder_pairs), scaled(-log(not_D), old_generator_pairs)
    )
    return (
        Claim(
            "su-38",
            (
                Identity(
                    TABLES,
                    trusted=(finite_kl,),
                    left=Mul(2, joint),
                    right=Add(*discriminator_loss.args, pairs_kl, -2 * log(2), evaluate=False),
                ),
            ),
        ),
        Claim(
            "su-39",
            (OptimalDiscriminator(STEP, functional=old_loss, probability=D, at=old_best[D]),),
            stated=(ALL_D,),
        ),
    )


def loss_claims() -> tuple[Claim, ...]:
    """su-40 to su-43: the complete loss of generator and encoder, the article's, and two others."""
    at_old_best = (rf"D(x, z) = {latex(old_best[D])} \text{{ (su-39)}}",)
    both_sides = Add(encoder_side, generator_side, evaluate=False)
    first, second = map(latex, article_loss.args)
    # E(x) and G(z) are maps, and the two densities are push-forwards of pairs.
    E, G = Function("E"), Function("G")
    data = Joint("p", (x,), {(x,): r"\tilde{p}"})
    mapped = RandomTables((data, gan.PRIOR), maps=(("G", x), ("E", z)))
    maps = {P(z, given=x): Dirac(z, E(x)), Q(x, given=z): Dirac(x, G(z)), P(x): gan.P(x)}
    article_loss_of_maps = Add(
        Expectation(gan.P(x), -log(D.at((x, E(x))))),
        Expectation(gan.PRIOR(z), -log(D.at((G(z), z)))),
        evaluate=False,
    )
    return (
        Claim(
            "su-40",
            (
                Identity(
                    STEP,
                    trusted=at_old_best,
                    left=both_sides.xreplace(old_best),
                    right=complete_loss.xreplace(old_best),
                ),
            ),
            printed=aligned(both_sides, *complete_loss.args),
            stated=at_old_best,
        ),
        Claim(
            "su-41",
            (Identity(mapped, left=article_loss.xreplace(maps), right=article_loss_of_maps),),
            printed=rf"\begin{{aligned}} & {first} \\ & + {second} \end{{aligned}}",
        ),
        Claim(
            "su-42",
            (
                Identity(
                    TABLES,
                    left=minimax_loss,
                    right=Add(*(-term for term in discriminator_loss.args), evaluate=False),
                ),
            ),
        ),
        Claim(
            "su-43",
            (
                Identity(
                    TABLES,
                    left=exchanged_loss,
                    right=discriminator_loss.xreplace({D: not_D, not_D: D}),
                ),
                Counterexample(
                    codes,
                    left=-2 * log(d_0) - 2 * log(1 - d_0),
                    right=S.Zero,
                    values=((d_0, HALF),),
                ),
            ),
        ),
    )


def one_letter_claims() -> tuple[Claim, ...]:
    """su-t13, su-t14: what the dropped term does, and whether the losses are the same one."""
    old_code_kl, code_kl = (
        Expectation(Q(x), KL(Q(z, given=x), family(z, given=x))) for family in (OLD_P, P)
    )
    # One cell: p(x, z) is u, and u_0 before the step, q(x, z) is w; D = 1/(1 + r) is held, and
    # r = w/u_0 at its optimum.
    u, w, u_0 = sympy.symbols("u w u_0", positive=True)
    cells = RandomParameters(((u, 0.1, 0.9), (w, 0.1, 0.9), (u_0, 0.1, 0.9), (r, 0.1, 5)))
    kept_cell, dropped_cell = Mul(u, log(1 + r)), Mul(w, log(u_0 / u))

    def differs_in_sign(other: Expr) -> Counterexample:
        """Far from the match the kept part of su-41 and the other go opposite ways in t."""
        return Counterexample(
            codes, left=sign(Derivative(kept, t)), right=sign(Derivative(other, t)), values=FAR
        )

    return (
        Claim(
            "su-t13",
            (
                Bound(STEP, upper=step_kl, lower=S.Zero, remainder=step_kl),
                Identity(STEP, left=code_term, right=Add(code_kl, -old_code_kl, evaluate=False)),
                Identity(cells, left=Derivative(kept_cell, u), right=log(1 + r)),
                Identity(
                    cells,
                    left=Derivative(Add(kept_cell, dropped_cell, evaluate=False), u),
                    right=Add(log(1 + r), -w / u, evaluate=False),
                ),
            ),
            refuted=(differs_in_sign(Add(kept, dropped, evaluate=False)),),
            stated=("u > 0", "w > 0", "r > 0", "u_{0} > 0"),
            relation="argument",
        ),
        Claim(
            "su-t14",
            (
                Identity(
                    TABLES,
                    left=article_loss,
                    right=Add(-minimax_loss.args[0], exchanged_loss.args[1], evaluate=False),
                ),
                Identity(codes, left=Derivative(kept, t), right=log(d_0) - log(d_1)),
                Identity(
                    codes, left=Derivative(kept_exchanged, t), right=log(1 - d_0) - log(1 - d_1)
                ),
                differs_in_sign(kept_exchanged),
            ),
            stated=(r"d_{0} > 0", r"d_{1} > 0", r"t > 0"),
        ),
    )


def one_function_claim() -> Claim:
    """su-t16: what D lowers is what G and E lower."""
    least = KL(middle, P(x, z))
    return Claim(
        "su-t16",
        (
            Bound(
                TABLES,
                upper=one_function,
                lower=least,
                remainder=over_pairs(
                    kl_div(P(x, z) / 2, D * middle), kl_div(Q(x, z) / 2, not_D * middle)
                ),
            ),
            Bound(TABLES, upper=least, lower=S.Zero, remainder=least),
        ),
    )


def five_models_claim() -> Claim:
    """su-t1: the five models, by what is left of the one divergence."""
    which = (
        r"\text{for GAN, AAE and ALI the hidden variable is the label, "
        r"and } D \text{ is at its optimum}",
        r"\text{the three are read with their complete losses su-19, su-32, su-40, "
        r"not with the shorter ones that are trained}",
    )

    left_of_gan = KL(gan.mixture, gan.data)
    # The codes of AAE: p(z) against the prior q(z), with the label of its discriminator.
    code_tables = RandomTables((Joint("p", (z,)), Joint("q", (z,))))
    code_D, not_code_D = ClassProbability("D", z), ClassProbability("D", z, 0)
    code_kl = KL(
        LabelledJoint(y, Mul(HALF, P(z), evaluate=False), Mul(HALF, Q(z), evaluate=False)),
        LabelledJoint(y, Mul(not_code_D, Q(z), evaluate=False), Mul(code_D, Q(z), evaluate=False)),
    )
    best_for_codes = {code_D: Q(z) / (P(z) + Q(z)), not_code_D: P(z) / (P(z) + Q(z))}
    left_of_aae = KL(Add(P(z) / 2, Q(z) / 2, evaluate=False), Q(z))
    best_for_pairs = {
        D: P(x, z) / (P(x, z) + Q(x, z)),
        not_D: Q(x, z) / (P(x, z) + Q(x, z)),
    }
    left_of_ali = KL(middle, P(x, z))
    return Claim(
        "su-t1",
        (
            Bound(
                TABLES,
                upper=KL(encoder_pairs, generator_pairs),
                lower=marginal,
                remainder=conditional,
            ),
            Identity(
                gan.TABLES, trusted=which, left=gan.joint.xreplace(gan.best), right=left_of_gan
            ),
            Identity(
                code_tables, trusted=which, left=code_kl.xreplace(best_for_codes), right=left_of_aae
            ),
            Identity(
                TABLES, trusted=which, left=one_function.xreplace(best_for_pairs), right=left_of_ali
            ),
        ),
    )


CLAIMS = (
    *label_claims(),
    *discriminator_claims(),
    *loss_claims(),
    *one_letter_claims(),
    one_function_claim(),
    five_models_claim(),
)
