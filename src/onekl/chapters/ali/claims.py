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
from onekl.claims.steps import best, cases, signed
from onekl.reading.reader import ARTICLE, Article
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
from onekl.symbolic.lines.written import negative, product, ratio, total, with_values
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

# The label joins the two kinds of pairs; the data side labels the encoder's alone.
D, not_D = ClassProbability("D", (x, z)), ClassProbability("D", (x, z), 0)
# p₁ and p₀ stay letters: for ALI the article does not set them to ½.
p_1 = gan.p_1
p_0 = p_1.other
joint = ARTICLE.in_words("su-36", r"KL(q(x,z,y)\Vert p(x,z,y))")
labelled, judged = joint.first, joint.second
both_sides = ARTICLE["su-37"].expression
encoder_side, generator_side = both_sides.args

# The step: the two sides before it, and D at its optimum there (su-39).
STEP = RandomTables((P, Q, OLD_P, OLD_Q))
old_encoder_pairs = Mul(OLD_P(z, given=x), P(x), evaluate=False)
old_generator_pairs = Mul(OLD_Q(x, given=z), Q(z), evaluate=False)
old_best = ARTICLE["su-39"].steps[0].right

# The losses: the discriminator's (su-38), and four of generator and encoder (su-40 to su-43).
discriminator_loss = best(ARTICLE["su-38"].steps[0], "min", "D")
complete_loss = ARTICLE["su-40"].expression
step_kl = Expectation(Q(z), KL(Q(x, given=z), OLD_Q(x, given=z)))  # (40)'s third term
code_term = complete_loss.args[3]
article_loss = ARTICLE["su-41"].expression
minimax_loss = ARTICLE["su-42"].expression
exchanged_loss = ARTICLE["su-43"].expression

# The one function that D, G and E lower (su-t16), with p(x, z) and q(x, z) for the pairs.
middle = Add(P(x, z) / 2, Q(x, z) / 2, evaluate=False)
mixed = Add(p_1 * P(x, z), p_0 * Q(x, z), evaluate=False)
one_function = KL(
    LabelledJoint(y, p_1 * P(x, z), p_0 * Q(x, z)),
    LabelledJoint(y, D * P(x, z), not_D * P(x, z)),
)


def labels(article: Article) -> Claim:
    """(35): the label joins the two kinds of pairs in one density."""
    (step,) = article["su-35"].steps
    f = Function("f", nonnegative=True)  # of a pair
    one, zero = cases(step)
    means = Add(
        p_1 * Expectation(P(x), Expectation(P(z, given=x), f(x, z))),
        p_0 * Expectation(Q(z), Expectation(Q(x, given=z), f(x, z))),
        evaluate=False,
    )
    surprise = over_pairs(labelled.one * -log(D), labelled.zero * -log(not_D))
    return Claim(
        "su-35",
        (
            Identity(
                TABLES,
                left=over_pairs(scaled(f(x, z), one), scaled(f(x, z), zero)),
                right=means,
                proves=step.place,
            ),
        ),
        also=(
            OptimalDiscriminator(
                TABLES,
                functional=surprise,
                probability=D,
                at=labelled.one / (labelled.one + labelled.zero),
            ),
        ),
    )


def divergence_of_labels(article: Article) -> Claim:
    """(36): the joint KL by the label's two values."""
    start = article.in_words("su-36", r"KL(q(x,z,y)\Vert p(x,z,y))")
    by_label = Identity(TABLES, left=start, right=article["su-36"].expression, proves="su-36.b")
    return Claim("su-36", (by_label,))


def without_the_label(article: Article) -> Claim:
    """(37): the same objective without the label's chances."""
    varied = (D, P(z, given=x), Q(x, given=z))
    start, other = (article[id].expression for id in ("su-36", "su-37"))
    return Claim("su-37", (gan.half_of(TABLES, start, other, varied, proves="su-37.a"),))


def lowered_by_d(article: Article) -> Claim:
    """(38): what the discriminator lowers."""
    (step,) = article["su-38"].steps
    pairs_kl = KL(generator_pairs, encoder_pairs)
    loss = best(step, "min", "D")
    start = article["su-36"].expression
    return Claim("su-38", (gan.half_of(TABLES, start, loss, (D,), pairs_kl, proves=step.place),))


def best_discriminator(article: Article) -> Claim:
    """(39): where the labelled loss is least, for the two sides before the step."""
    (step,) = article["su-39"].steps
    old_loss = over_pairs(
        scaled(-p_1 * log(D), old_encoder_pairs), scaled(-p_0 * log(not_D), old_generator_pairs)
    )
    optimum = OptimalDiscriminator(
        STEP,
        given=(gan.EVEN,),
        functional=old_loss,
        probability=signed(step, "=").left,
        at=step.right,
        proves=step.place,
    )
    every = r"D(x, z) \text{ ranges over all functions with values in } [0, 1]"
    return Claim("su-39", (optimum,), stated=(Stated("any-D-pairs", every),))


def complete(article: Article) -> Claim:
    """(40): the loss of generator and encoder at the best D, in four terms."""
    at_best = Equal(D, article["su-39"].steps[0].right)
    four_terms = Identity(
        STEP,
        given=(at_best,),
        left=article["su-37"].expression,
        right=article["su-40"].expression,
        proves="su-40.a",
    )
    return Claim(
        "su-40",
        (four_terms,),
        stated=(Stated("ali-best-D", at_best), Stated("prior", Support((Q(z),)))),
    )


def without_two_terms(article: Article) -> Claim:
    """(41), for maps too: E(x) and G(z) are maps, and the two densities are their laws."""
    loss = article["su-41"].expression
    E, G = Function("E"), Function("G")
    data = Joint("p", (x,), {(x,): r"\tilde{p}"})
    mapped = RandomTables((data, gan.PRIOR), maps=(("G", x), ("E", z)))
    maps = {P(z, given=x): Dirac(z, E(x)), Q(x, given=z): Dirac(x, G(z)), P(x): gan.P(x)}
    of_maps = Add(
        Expectation(gan.P(x), -log(D.at((x, E(x))))),
        Expectation(gan.PRIOR(z), -log(D.at((G(z), z)))),
        evaluate=False,
    )
    at_maps = Identity(mapped, left=with_values(loss, maps), right=of_maps, proves="su-41.a")
    return Claim("su-41", (at_maps,))


def least_spread(one: Expr, other: Expr) -> Expr:
    """log 4 − 2 JS of two kinds of pairs, twice their Jensen–Shannon divergence below log 4."""
    both = one + other
    return Add(log(4), *(-KL(pairs, both / 2) for pairs in (one, other)), evaluate=False)


def down_to_spread(loss: Expr, chance: ClassProbability, one: Expr, other: Expr) -> Lines:
    """The lines from a loss, −log of this chance over the pairs `one`, to log 4 − 2 JS."""
    all_pairs, least = one + other, least_spread(one, other)
    shares = ((one, chance), (other, chance.other))

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
        (total(least, over_pairs(*divergences)), DEFINITION),
        Line(least, NEVER_NEGATIVE, AT_LEAST),
    )


def at_least_spread(
    loss: Expr, chance: ClassProbability, one: Expr, other: Expr, proves: str
) -> Bound:
    """A loss, −log of this chance over the pairs `one`, is at least log 4 − 2 JS."""
    all_pairs = one + other
    return Bound(
        TABLES,
        upper=loss,
        lower=least_spread(one, other),
        remainder=over_pairs(
            kl_div(one, chance * all_pairs), kl_div(other, chance.other * all_pairs)
        ),
        by=down_to_spread(loss, chance, one, other),
        proves=proves,
    )


def minimax(article: Article) -> Claim:
    """(42): what the generator and the encoder lower, D raises, and no further than to 2 JS."""
    lowered = total(*map(negative, article["su-42"].expression.args))
    pairs = encoder_pairs, generator_pairs
    return Claim("su-42", (at_least_spread(lowered, D, *pairs, "su-42.a"),))


def exchanged(article: Article) -> Claim:
    """(43): the discriminator's loss with the labels exchanged; beside it, no minimax problem."""
    loss = article["su-43"].expression
    judged_loss = best(article["su-38"].steps[0], "min", "D")
    opposite = Counterexample(
        TABLES,
        of=Identity(TABLES, left=total(judged_loss, loss), right=S.Zero),
        at=(EVENLY_UNSURE,),
    )
    pairs = encoder_pairs, generator_pairs
    spread = at_least_spread(loss, not_D, *pairs, "su-43.a")
    return Claim("su-43", (spread,), also=(opposite,))


READ = {
    "su-35": labels,
    "su-36": divergence_of_labels,
    "su-37": without_the_label,
    "su-38": lowered_by_d,
    "su-39": best_discriminator,
    "su-40": complete,
    "su-41": without_two_terms,
    "su-42": minimax,
    "su-43": exchanged,
}


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
            argument=True,
        ),
        Claim(
            "su-t14",
            (differs(minimax_loss, article_loss), differs(exchanged_loss, article_loss)),
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
        refuted=(differs(both_sides, article_loss),),
        argument=True,
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
    *(read(ARTICLE) for read in READ.values()),
    *one_letter_claims(),
    one_function_claim(),
    five_models_claim(),
)
