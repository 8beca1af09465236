"""The claims of the chapter "ALI / BiGAN": su-35 … su-43, su-t1, su-t13, su-t14, su-t16.

What several groups of claims share stands first: the pairs, the label that joins them, the step,
the losses.  What one group alone needs is inside its function.
"""

from __future__ import annotations

from sympy import Add, Expr, Function, Mul, Rational, S, Symbol, log

from onekl.chapters.ali.one_letter import EVENLY_UNSURE, FAR, OLD_P, OLD_Q, t
from onekl.chapters.gan import claims as gan
from onekl.chapters.joint_kl.claims import P, Q, conditional, marginal, x, z
from onekl.claims.claim import Claim
from onekl.claims.stated import Stated
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
from onekl.symbolic.counterexample import Counterexample
from onekl.symbolic.lines.chain import chain
from onekl.symbolic.lines.line import AT_LEAST, Line, Lines
from onekl.symbolic.lines.rules import (
    DEFINITION,
    INTEGRATES_TO_1,
    LOG_OF_PRODUCT,
    NEVER_NEGATIVE,
    TWO_LABELS,
)
from onekl.symbolic.lines.written import negative, product, ratio, total
from onekl.symbolic.notation import aligned, latex
from onekl.symbolic.objective import SameObjective
from onekl.symbolic.optima.discriminator import OptimalDiscriminator
from onekl.symbolic.premises import Equal, Support
from onekl.symbolic.sampling import RandomTables
from onekl.symbolic.statements import Bound, Identity

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
# p₁ and p₀ stay letters: for ALI the article does not set them to ½.
p_1 = gan.p_1
p_0 = p_1.other
labelled = LabelledJoint(y, scaled(p_1, encoder_pairs), scaled(p_0, generator_pairs))
judged = LabelledJoint(y, scaled(D, encoder_pairs), scaled(not_D, encoder_pairs))
joint = KL(labelled, judged)
encoder_side = over_encoder(log(1 / D))
generator_side = over_generator(log(generator_pairs / (not_D * encoder_pairs)))

# The step: the two sides before it, and D at its optimum there (su-39).
STEP = RandomTables((P, Q, OLD_P, OLD_Q))
old_encoder_pairs = Mul(OLD_P(z, given=x), P(x), evaluate=False)
old_generator_pairs = Mul(OLD_Q(x, given=z), Q(z), evaluate=False)
old_mixture = old_encoder_pairs + old_generator_pairs
old_best = ratio(old_encoder_pairs, old_mixture)

# The losses: the discriminator's (su-38), and four of generator and encoder (su-40 to su-43).
discriminator_loss = Add(over_encoder(-log(D)), over_generator(-log(not_D)), evaluate=False)
step_kl = Expectation(Q(z), KL(Q(x, given=z), OLD_Q(x, given=z)))  # su-40's third term
code_term = over_generator(log(OLD_P(z, given=x) / P(z, given=x)))  # its fourth
article_loss = Add(over_encoder(-log(D)), over_generator(-log(D)), evaluate=False)  # su-41
minimax_loss = Add(over_encoder(log(D)), over_generator(log(not_D)), evaluate=False)  # su-42
exchanged_loss = Add(over_encoder(-log(not_D)), over_generator(-log(D)), evaluate=False)  # su-43
complete_loss = Add(*article_loss.args, step_kl, code_term, evaluate=False)  # su-40

# Twice the Jensen–Shannon divergence of the two kinds of pairs (su-42, su-43).
all_pairs = encoder_pairs + generator_pairs
spread = tuple(KL(pairs, all_pairs / 2) for pairs in (encoder_pairs, generator_pairs))
least_spread = Add(log(4), *(-term for term in spread), evaluate=False)

# The one function that D, G and E lower (su-t16), with p(x, z) and q(x, z) for the pairs.
middle = Add(P(x, z) / 2, Q(x, z) / 2, evaluate=False)
mixed = Add(p_1 * P(x, z), p_0 * Q(x, z), evaluate=False)
one_function = KL(
    LabelledJoint(y, p_1 * P(x, z), p_0 * Q(x, z)),
    LabelledJoint(y, D * P(x, z), not_D * P(x, z)),
)


def label_claims() -> tuple[Claim, ...]:
    """su-35 to su-37: the joint of pairs and label, and its KL taken apart."""
    f = Function("f", nonnegative=True)  # of a pair
    label_surprise = over_pairs(labelled.one * -log(D), labelled.zero * -log(not_D))
    means = Add(
        p_1 * Expectation(P(x), Expectation(P(z, given=x), f(x, z))),
        p_0 * Expectation(Q(z), Expectation(Q(x, given=z), f(x, z))),
        evaluate=False,
    )
    return (
        Claim(
            "su-35",
            (
                Identity(
                    TABLES,
                    left=over_pairs(scaled(f(x, z), labelled.one), scaled(f(x, z), labelled.zero)),
                    right=means,
                ),
            ),
            also=(
                OptimalDiscriminator(
                    TABLES,
                    functional=label_surprise,
                    probability=D,
                    at=labelled.one / (labelled.one + labelled.zero),
                ),
            ),
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
        Claim(
            "su-37",
            (
                gan.half_of(
                    TABLES,
                    joint,
                    Add(encoder_side, generator_side, evaluate=False),
                    (D, P(z, given=x), Q(x, given=z)),
                ),
            ),
        ),
    )


def discriminator_claims() -> tuple[Claim, ...]:
    """su-38, su-39: the discriminator's loss and its optimum."""
    pairs_kl = KL(generator_pairs, encoder_pairs)
    old_loss = over_pairs(
        scaled(-p_1 * log(D), old_encoder_pairs), scaled(-p_0 * log(not_D), old_generator_pairs)
    )
    return (
        Claim(
            "su-38",
            (gan.half_of(TABLES, joint, discriminator_loss, (D,), pairs_kl),),
        ),
        Claim(
            "su-39",
            (
                OptimalDiscriminator(
                    STEP,
                    given=(gan.EVEN,),
                    functional=old_loss,
                    probability=D,
                    at=old_best,
                ),
            ),
            stated=(
                Stated(
                    "any-D-pairs",
                    r"D(x, z) \text{ ranges over all functions with values in } [0, 1]",
                ),
            ),
        ),
    )


def loss_claims() -> tuple[Claim, ...]:
    """su-40 to su-43: the complete loss of generator and encoder, the article's, and two others."""
    both_sides = Add(encoder_side, generator_side, evaluate=False)
    return (
        Claim(
            "su-40",
            (
                Identity(
                    STEP,
                    given=(Equal(D, old_best),),
                    left=both_sides,
                    right=complete_loss,
                ),
            ),
            stated=(
                Stated("ali-best-D", Equal(D, old_best)),
                Stated("prior", Support((Q(z),))),
            ),
            printed=aligned(both_sides, *complete_loss.args),
        ),
        article_claim(),
        minimax_claim(),
        exchanged_claim(),
    )


def down_to_spread(loss: Expr, chance: ClassProbability) -> Lines:
    """The lines from a loss, −log of this chance over the encoder's pairs, to log 4 − 2 JS."""
    shares = ((encoder_pairs, chance), (generator_pairs, chance.other))

    def mean_log(pairs: Expr, inside: Expr) -> SumOrIntegral:
        return SumOrIntegral(product(pairs, log(inside, evaluate=False)), (x, z))

    log_2 = [mean_log(pairs, S(2)) for pairs, _ in shares]
    from_middle = [negative(mean_log(p, ratio(p, all_pairs / 2))) for p, _ in shares]
    surprises = [product(p, log(ratio(p, product(v, all_pairs)))) for p, v in shares]
    zeros = [total(negative(p), product(v, all_pairs)) for p, v in shares]
    with_zero = [total(*pair) for pair in zip(surprises, zeros)]
    divergences = [kl_div(p, product(v, all_pairs)) for p, v in shares]
    return chain(
        loss,
        (total(*log_2, *from_middle, over_pairs(*surprises)), LOG_OF_PRODUCT),
        (total(log(4), *from_middle, over_pairs(*surprises)), INTEGRATES_TO_1),
        (total(log(4), *from_middle, over_pairs(*with_zero)), TWO_LABELS),
        (total(least_spread, over_pairs(*divergences)), DEFINITION),
        Line(least_spread, NEVER_NEGATIVE, AT_LEAST),
    )


def minimax_claim() -> Claim:
    """su-42: what the generator and the encoder lower, D raises, and no further than to 2 JS."""
    lowered = Add(*(-term for term in minimax_loss.args), evaluate=False)
    return Claim(
        "su-42",
        (
            Bound(
                TABLES,
                upper=lowered,
                lower=least_spread,
                remainder=over_pairs(
                    kl_div(encoder_pairs, D * all_pairs), kl_div(generator_pairs, not_D * all_pairs)
                ),
                by=down_to_spread(lowered, D),
            ),
        ),
        printed=minimax_loss,
    )


def exchanged_claim() -> Claim:
    """su-43: the discriminator's loss with the labels exchanged; beside it, no minimax problem."""
    return Claim(
        "su-43",
        (
            Bound(
                TABLES,
                upper=exchanged_loss,
                lower=least_spread,
                remainder=over_pairs(
                    kl_div(encoder_pairs, not_D * all_pairs), kl_div(generator_pairs, D * all_pairs)
                ),
                by=down_to_spread(exchanged_loss, not_D),
            ),
        ),
        also=(
            Counterexample(
                TABLES,
                of=Identity(
                    TABLES,
                    left=Add(*discriminator_loss.args, *exchanged_loss.args, evaluate=False),
                    right=S.Zero,
                ),
                at=(EVENLY_UNSURE,),
            ),
        ),
        printed=exchanged_loss,
    )


def article_claim() -> Claim:
    """su-41, for maps too: E(x) and G(z) are maps, and the two densities are their laws."""
    first, second = map(latex, article_loss.args)
    E, G = Function("E"), Function("G")
    data = Joint("p", (x,), {(x,): r"\tilde{p}"})
    mapped = RandomTables((data, gan.PRIOR), maps=(("G", x), ("E", z)))
    maps = {P(z, given=x): Dirac(z, E(x)), Q(x, given=z): Dirac(x, G(z)), P(x): gan.P(x)}
    article_loss_of_maps = Add(
        Expectation(gan.P(x), -log(D.at((x, E(x))))),
        Expectation(gan.PRIOR(z), -log(D.at((G(z), z)))),
        evaluate=False,
    )
    return Claim(
        "su-41",
        (Identity(mapped, left=article_loss.xreplace(maps), right=article_loss_of_maps),),
        printed=rf"\begin{{aligned}} & {first} \\ & + {second} \end{{aligned}}",
    )


def differs(objective: Expr, other: Expr) -> Counterexample:
    """The two are not the same objective: far from the match they go opposite ways in t."""
    same = SameObjective(TABLES, objective=objective, other=other, varied=(P(z, given=x),))
    return Counterexample(STEP, of=same, at=(FAR,), along=t)


def one_letter_claims() -> tuple[Claim, ...]:
    """su-t13, su-t14: what the dropped term does, and whether the losses are the same one."""
    old_code_kl, code_kl = (
        Expectation(Q(x), KL(Q(z, given=x), family(z, given=x))) for family in (OLD_P, P)
    )
    return (
        Claim(
            "su-t13",
            (
                Bound(STEP, upper=step_kl, lower=S.Zero, remainder=step_kl),
                Identity(STEP, left=code_term, right=Add(code_kl, -old_code_kl, evaluate=False)),
            ),
            refuted=(differs(complete_loss, article_loss),),
            relation="argument",
        ),
        Claim(
            "su-t14",
            (differs(minimax_loss, article_loss), differs(exchanged_loss, article_loss)),
            also=(
                Identity(
                    TABLES,
                    left=article_loss,
                    right=Add(-minimax_loss.args[0], exchanged_loss.args[1], evaluate=False),
                ),
            ),
        ),
    )


def one_function_claim() -> Claim:
    """su-t16: what D lowers is what G and E lower; but (41), which is trained, is not it."""
    least = KL(mixed, P(x, z))
    return Claim(
        "su-t16",
        (
            Bound(
                TABLES,
                upper=one_function,
                lower=least,
                remainder=over_pairs(
                    kl_div(p_1 * P(x, z), D * mixed), kl_div(p_0 * Q(x, z), not_D * mixed)
                ),
            ),
            Bound(TABLES, upper=least, lower=S.Zero, remainder=least),
        ),
        refuted=(differs(Add(encoder_side, generator_side, evaluate=False), article_loss),),
        relation="argument",
    )


def five_models_claim() -> Claim:
    """su-t1: the five models, by what is left of the one divergence."""
    which = (
        r"\text{GAN, AAE and ALI are read with their complete losses su-19, su-32, su-40, "
        r"not with the shorter ones that are trained}",
    )
    left_of_gan = KL(gan.mixture, gan.data)
    # The codes of AAE: p(z) against the prior q(z), with the label of its discriminator.
    code_tables = RandomTables((Joint("p", (z,)), Joint("q", (z,))))
    code_D, not_code_D = ClassProbability("D", z), ClassProbability("D", z, 0)
    code_kl = KL(
        LabelledJoint(y, p_1 * P(z), p_0 * Q(z)),
        LabelledJoint(y, Mul(not_code_D, Q(z), evaluate=False), Mul(code_D, Q(z), evaluate=False)),
    )
    left_of_aae = KL(Add(P(z) / 2, Q(z) / 2, evaluate=False), Q(z))
    left_of_ali = KL(middle, P(x, z))

    def at_best(
        tables: RandomTables, discriminator: Expr, best: Expr, left: Expr, right: Expr
    ) -> Identity:
        """One model: with even labels and the best D, this is left of the one divergence."""
        given = (gan.EVEN, Equal(discriminator, best))
        return Identity(tables, given=given, trusted=which, left=left, right=right)

    return Claim(
        "su-t1",
        (
            Bound(
                TABLES,
                upper=KL(encoder_pairs, generator_pairs),
                lower=marginal,
                remainder=conditional,
            ),
            at_best(gan.TABLES, gan.D, gan.best_D, gan.joint, left_of_gan),
            at_best(code_tables, code_D, Q(z) / (P(z) + Q(z)), code_kl, left_of_aae),
            at_best(TABLES, D, P(x, z) / (P(x, z) + Q(x, z)), one_function, left_of_ali),
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
