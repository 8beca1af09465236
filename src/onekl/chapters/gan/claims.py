"""The claims of the chapter "GAN and the optimal discriminator".

They are su-12 … su-20, su-t4, su-t5, su-t7, rq-2, rq-4, rq-5, gt-12 and gt-13.
"""

from __future__ import annotations

from dataclasses import replace

import sympy
from sympy import Abs, Add, Expr, Function, Mul, Rational, S, Symbol, log

from onekl.claims.claim import Claim
from onekl.claims.stated import Stated
from onekl.claims.steps import best, cases, identity, lifted, of_samples, signed
from onekl.reading.glossary import Q as PAIRED
from onekl.reading.glossary import p_0, p_1, x, z
from onekl.reading.reader import ARTICLE, Article, Equation, Step
from onekl.symbolic.algebra import (
    KL,
    ClassProbability,
    Dirac,
    Expectation,
    Joint,
    SumOrIntegral,
    kl_div,
)
from onekl.symbolic.counterexample import Counterexample
from onekl.symbolic.instance import Instance, table_of
from onekl.symbolic.lines.arithmetic import ARITHMETIC
from onekl.symbolic.lines.chain import chain
from onekl.symbolic.lines.line import AT_LEAST, Line, Lines
from onekl.symbolic.lines.rules import (
    CANCELLING,
    DEFINITION,
    EQUATION,
    INTEGRATES_TO_1,
    LINEARITY,
    LOG_OF_PRODUCT,
    MULTIPLY_OUT,
    NEVER_NEGATIVE,
    OUT_OF_ABS,
    TWO_LABELS,
)
from onekl.symbolic.lines.written import negative, product, ratio, total
from onekl.symbolic.objective import SameObjective
from onekl.symbolic.optima.discriminator import OptimalDiscriminator
from onekl.symbolic.premises import Equal
from onekl.symbolic.sampling import RandomParameters, RandomTables
from onekl.symbolic.statements import Bound, Identity, Pushforward
from onekl.symbolic.vectors.algebra import Vector
from onekl.symbolic.vectors.concentration import Concentration
from onekl.symbolic.vectors.normal import VectorGaussian
from onekl.symbolic.vectors.numbers import RandomVectors

HALF = Rational(1, 2)
P = Joint("p", (x,), {(x,): r"\tilde{p}"})  # the data
Q = Joint("q", (x,))  # the generator's distribution
OLD = Joint("q^{o}", (x,))  # the same before the step
BEST = Joint("q^{*}", (x,))  # the generator's best step
PRIOR = Joint("q", (z,))
TABLES = RandomTables((P, Q))
STEP = RandomTables((P, Q, OLD))

data, model, old = P(x), Q(x), OLD(x)
D, not_D = ClassProbability("D", x), ClassProbability("D", x, 0)
mixture = Add(data / 2, model / 2, evaluate=False)
APART_AT_A_POINT = Abs(Add(data, -model, evaluate=False), evaluate=False)

# su-12: a map of z, written as a conditional density.
G = Function("G")
pushed = SumOrIntegral(product(Dirac(x, G(z)), PRIOR(z)), (z,))
MAPPED = RandomTables((Joint("p", (x,)), PRIOR), maps=(("G", x),))

# su-13, su-14: the label y joins data and samples; the data side labels the data alone.
# p₁ and p₀ stay letters; the article sets both to ½ after (13).
joint = ARTICLE["su-14"].steps[0].left
labelled, judged = joint.first, joint.second
EVEN = Equal(p_1, HALF)
both_labels = Add(p_1 * data, p_0 * model, evaluate=False)  # su-15's left side
# the mean surprise at the label
surprise = Add(
    SumOrIntegral(labelled.one * -log(D), (x,)),
    SumOrIntegral(labelled.zero * -log(not_D), (x,)),
    evaluate=False,
)
data_side = Expectation(data, -log(D))
discriminator_loss = best(ARTICLE["su-16"].steps[0], "min", "D")
generator_side = best(ARTICLE["su-17"].steps[0], "min", "G")

best_D = data / (data + model)  # su-18, with q for the present generator
old_best = {D: data / (data + old), not_D: old / (data + old)}  # su-18 with q°
ALL_D = Stated("any-D", r"D(x) \text{ ranges over all functions with values in } [0, 1]")


complete = ARTICLE["su-19"].steps[0].right
# su-t4: D written as its largest value times a share of it.
highest = Symbol("D_{max}", positive=True)
share = ClassProbability("s", x)
SCALED = RandomTables((Q,), scalars=(highest,))
least_loss = Bound(
    SCALED,
    upper=Expectation(model, -log(highest * share)),
    lower=-log(highest),
    remainder=Expectation(model, log(1 / share)),
)
# Three letters, the data even on all, the generator before the step on the first alone: its best D
# is 1 on the other two, and a generator on both of them is as good as on one.
TIED = Instance(
    tables=((Q, [S.Zero, HALF, HALF]),),
    functions=(table_of("s", HALF, S.One, S.One),),
    values=((highest, S.One),),
)
# su-t5: with Z q*(x) = D(x) q°(x), the generator's best step is q*.
Z = Symbol("Z", positive=True)
tilted = Mul(Z, BEST(x) / old)
TILTED = RandomTables((Q, OLD, BEST), scalars=(Z,))
EQUAL = Instance(tables=((P, [HALF, HALF]), (OLD, [HALF, HALF])))
APART = Instance(tables=((P, [S.One, S.Zero]), (Q, [S.Zero, S.One])))
AT_OLD_BEST = Equal(D, old_best[D])

# rq-5, su-12: a Gaussian around G(z) narrows down to the Dirac map, in d dimensions.
d = Symbol("d", integer=True, positive=True)
sigma = Symbol("sigma", positive=True)
sample, image_of_one = Vector("x", d), Vector("G", d)  # G(z) at one z
VECTORS = RandomVectors(scalars=(sigma,), dimensions=(d,))
f = Function("f", nonnegative=True)

# gt-13: one simultaneous gradient step of two players in a, b with step size η.
a, b = sympy.symbols("a b", real=True)
eta = Symbol("eta", positive=True)
plays = RandomParameters(((a, -2, 2), (b, -2, 2), (eta, 0.1, 0.9)))
curved = a**2 / 2 + a * b - b**2 / 2


def after_a_step(game: Expr) -> Expr:
    """The squared distance from 0 after a step in which a moves down and b up the game's value."""
    return Add(
        (a - eta * sympy.diff(game, a)) ** 2, (b + eta * sympy.diff(game, b)) ** 2, evaluate=False
    )


def worked_out(game: Expr, *between: tuple[Expr, ...]) -> Lines:
    """The lines of gt-13 from that distance on: sums of these terms."""
    sums = ((Add(*terms, evaluate=False), ARITHMETIC.name) for terms in between)
    return chain(after_a_step(game), *sums)


slower, faster = (grown * (a**2 + b**2) for grown in (1 + eta**2, (1 - eta) ** 2 + eta**2))
# The terms with ab cancel; for the curved game, with what each player keeps of its place.
plain_squares = (a**2, -2 * eta * a * b, eta**2 * b**2, b**2, 2 * eta * a * b, eta**2 * a**2)
kept = 1 - eta
curved_steps = (kept * a - eta * b) ** 2, (kept * b + eta * a) ** 2
cross = 2 * eta * kept * a * b
curved_squares = (
    kept**2 * a**2, -cross, eta**2 * b**2, kept**2 * b**2, cross, eta**2 * a**2
)  # fmt: skip


def mixture_apart_from(part: Expr, weight: Expr, other: Expr) -> Identity:
    """∫ |p₁p̃ + p₀q − part| = weight · ∫ |other − part|, where `part` has the rest of the weight."""
    left = SumOrIntegral(Abs(Add(p_1 * data, p_0 * model, -part, evaluate=False)), (x,))
    apart = Add(other, -part, evaluate=False)
    right = weight * SumOrIntegral(Abs(apart, evaluate=False), (x,))
    gap = Add(weight * other, -weight * part, evaluate=False)
    return Identity(
        TABLES,
        left=left,
        right=right,
        by=chain(left, (SumOrIntegral(Abs(gap), (x,)), TWO_LABELS), (right, OUT_OF_ABS)),
    )


def at_most_half() -> Bound:
    """E_q°[D] ≤ ½ at the best D: the two differ by a square."""
    both = Add(data, old, evaluate=False)
    mean, square = Expectation(old, data / both), (data - old) ** 2 / (4 * both)
    in_fours = Add(data / 4, old / 4, evaluate=False)
    doubled = Mul(Rational(1, 4), both**2, 1 / both, evaluate=False)
    apart = Mul(
        Rational(1, 4),
        Add(4 * data * old, Add(data, -old, evaluate=False) ** 2, evaluate=False),
        1 / both,
        evaluate=False,
    )
    remainder = SumOrIntegral(square, (x,))
    two = Add(SumOrIntegral(Mul(old, data / both), (x,)), remainder, evaluate=False)
    return Bound(
        STEP,
        upper=HALF,
        lower=mean,
        remainder=remainder,
        by=chain(
            HALF,
            (SumOrIntegral(in_fours, (x,)), INTEGRATES_TO_1),
            (SumOrIntegral(doubled, (x,)), CANCELLING),
            (SumOrIntegral(apart, (x,)), MULTIPLY_OUT),
            (two, LINEARITY),
            (Add(mean, remainder, evaluate=False), DEFINITION),
            Line(mean, NEVER_NEGATIVE, AT_LEAST),
        ),
    )


def at_most_log_4() -> Bound:
    """log 4 is the loss at the best D and two KLs, which are never negative."""
    both, best = data + model, Equal(D, best_D)
    pairs = ((data, D), (model, not_D))

    def mean_log(part: Expr, inside: Expr) -> SumOrIntegral:
        return SumOrIntegral(product(part, log(inside, evaluate=False)), (x,))

    apart = [mean_log(part, ratio(part, mixture)) for part, _ in pairs]
    at_best = [negative(mean_log(part, ratio(part, both))) for part, _ in pairs]
    at_D = [negative(mean_log(part, value)) for part, value in pairs]
    kls = [KL(part, mixture) for part, _ in pairs]
    return Bound(
        TABLES,
        given=(best,),
        upper=log(4),
        lower=discriminator_loss,
        remainder=total(*kls),
        by=chain(
            log(4),
            (total(*(mean_log(part, S(2)) for part, _ in pairs)), INTEGRATES_TO_1),
            (total(*(mean_log(part, ratio(both, mixture)) for part, _ in pairs)), CANCELLING),
            (total(*at_best, *apart), LOG_OF_PRODUCT),
            Line(total(*at_D, *apart), EQUATION, uses=(best,)),
            (total(discriminator_loss, *kls), DEFINITION),
            Line(discriminator_loss, NEVER_NEGATIVE, AT_LEAST),
        ),
    )


def half_of(
    tables: RandomTables,
    labelled_kl: KL,
    other: Expr,
    varied: tuple[Expr, ...],
    rest: Expr | None = None,
    proves: str = "",
) -> SameObjective:
    """With even labels the labelled KL is half of the other loss, half of the rest, and −log 2."""
    half_rest = -log(2) if rest is None else Add(HALF * rest, -log(2), evaluate=False)
    return SameObjective(
        tables,
        given=(EVEN,),
        objective=labelled_kl,
        other=other,
        varied=varied,
        scale=HALF,
        rest=half_rest,
        proves=proves,
    )


def label_and_no_label(
    equation: Equation, tables: RandomTables, varied: tuple[Expr, ...]
) -> tuple[Identity, SameObjective]:
    """A labelled KL by the label's two values, and the same objective without the label."""
    by_label, objective = equation.steps
    without = signed(objective, r"\sim").right
    same = half_of(tables, objective.left, without, varied, proves=objective.place)
    return identity(by_label, tables), same


def generator(article: Article) -> Claim:
    """(12): a map of z as a conditional density, and the law of its samples."""
    map_of_z, law = article["su-12"].steps
    image = signed(map_of_z, "=").right
    of_the_map = signed(law, "=").right.xreplace({map_of_z.left: image})
    pushed_forward = Pushforward(
        MAPPED,
        value=G(z),
        under=PRIOR(z),
        variable=x,
        density=of_the_map,
        proves=map_of_z.place,
    )
    return Claim("su-12", (pushed_forward, lifted(law, RandomTables((PAIRED,)), (x,))))


def labels(article: Article) -> Claim:
    """(13): the label joins data and samples in one density."""
    (step,) = article["su-13"].steps
    both = total(*cases(step))
    one = Identity(TABLES, left=S.One, right=SumOrIntegral(both, (x,)), proves=step.place)
    judge = OptimalDiscriminator(
        TABLES,
        functional=surprise,
        probability=D,
        at=p_1 * data / (p_1 * data + p_0 * model),
    )
    return Claim("su-13", (one,), also=(judge,))


def divergence_of_labels(article: Article) -> Claim:
    """(14): the joint KL by the label's two values, and the same objective without the label."""
    statements = label_and_no_label(article["su-14"], TABLES, (D, model))
    return Claim("su-14", statements, stated=(Stated("even", EVEN),))


def matched_mixture(article: Article) -> Claim:
    """(15): where the joint KL is small the mixture is near the data, and so is the model."""
    by_label, tends, over_labels = article["su-15"].steps
    # What the arrow's right side is stands in the third step.
    label_by_label = (
        SumOrIntegral(product(f(x), case), (x,)) for case in Add.make_args(by_label.right)
    )
    by_cases = Identity(
        TABLES,
        left=SumOrIntegral(product(f(x), signed(by_label, "=").left), (x,)),
        right=total(*label_by_label),
        proves=by_label.place,
    )
    near = mixture_bound(signed(tends, r"\to").left, over_labels.right, article)
    return Claim(
        "su-15",
        (
            by_cases,
            replace(near, proves=tends.place),
            lifted(over_labels, TABLES, (x,)),
            mixture_apart_from(over_labels.right, p_0, model),
        ),
    )


def mixture_bound(mixed: Expr, tends_to: Expr, article: Article) -> Bound:
    """KL of the joints ≥ KL of what they are without the label."""
    return Bound(
        TABLES,
        upper=article["su-14"].steps[0].left,
        lower=KL(mixed, tends_to),
        remainder=total(
            SumOrIntegral(kl_div(p_1 * data, D * mixed), (x,)),
            SumOrIntegral(kl_div(p_0 * model, not_D * mixed), (x,)),
        ),
    )


def lowered_by_d(article: Article) -> Claim:
    """(16): what the discriminator lowers."""
    (step,) = article["su-16"].steps
    start = article["su-14"].steps[0].left
    loss = best(step, "min", "D")
    same = half_of(TABLES, start, loss, (D,), KL(model, data), proves=step.place)
    return Claim("su-16", (same,), stated=(Stated("even", EVEN),))


def lowered_by_g(article: Article) -> Claim:
    """(17): what the generator lowers."""
    (step,) = article["su-17"].steps
    start = article["su-14"].steps[0].left
    loss = best(step, "min", "G")
    same = half_of(TABLES, start, loss, (model,), data_side, proves=step.place)
    return Claim("su-17", (same,), stated=(Stated("even", EVEN),))


def best_discriminator(article: Article) -> Claim:
    """(18): where the loss of (16) is least, for the generator before the step."""
    (step,) = article["su-18"].steps
    before = best(article["su-16"].steps[0], "min", "D").xreplace({model: old})
    optimum = OptimalDiscriminator(
        STEP,
        functional=before,
        probability=signed(step, "=").left,
        at=step.right,
        proves=step.place,
    )
    return Claim("su-18", (optimum,), stated=(ALL_D,))


def without_the_data(article: Article) -> Claim:
    """(19): the generator's loss with the data's density solved for; its second line by codes."""
    apart, at_codes = article["su-19"].steps
    at_best = Equal(D, article["su-18"].steps[0].right)
    loss = best(article["su-17"].steps[0], "min", "G")
    substituted = Identity(STEP, given=(at_best,), left=loss, right=apart.right, proves="su-19.a")
    return Claim(
        "su-19",
        (substituted, identity(apart, STEP), of_samples(at_codes, MAPPED, {model: pushed})),
        stated=(Stated("best-D", at_best),),
    )


def without_the_new_term(article: Article) -> Claim:
    """(20): the first of the two terms of (19)."""
    first, *_ = article["su-19"].steps[0].right.args
    step = Step("su-20.a", first, "=", article["su-20"].expression)
    return Claim("su-20", (of_samples(step, MAPPED, {model: pushed}),), repeats="su-19")


READ = {
    "su-12": generator,
    "su-13": labels,
    "su-14": divergence_of_labels,
    "su-15": matched_mixture,
    "su-16": lowered_by_d,
    "su-17": lowered_by_g,
    "su-18": best_discriminator,
    "su-19": without_the_data,
    "su-20": without_the_new_term,
}

CLAIMS = (
    *(read(ARTICLE) for read in READ.values()),
    Claim(
        "su-t4",
        (least_loss,),
        refuted=(
            Counterexample(
                SCALED,
                of=Identity(SCALED, left=SumOrIntegral(model**2, (x,)), right=S.One),
                where=(Identity(SCALED, left=least_loss.upper, right=least_loss.lower),),
                at=(TIED,),
            ),
        ),
        argument=True,
    ),
    Claim(
        "su-t5",
        (
            Bound(
                TILTED,
                given=(Equal(D, tilted),),
                upper=Add(Expectation(model, -log(D)), KL(model, old), evaluate=False),
                lower=-log(Z),
                remainder=KL(model, BEST(x)),
            ),
            at_most_half(),
        ),
        refuted=(
            Counterexample(
                STEP,
                of=Identity(STEP, left=Expectation(old, data / (data + old)), right=S.Zero),
                at=(EQUAL,),
            ),
        ),
        argument=True,
    ),
    Claim(
        "su-t7",
        (
            OptimalDiscriminator(
                TABLES,
                functional=joint,
                probability=D,
                at=p_1 * data / (p_1 * data + p_0 * model),
            ),
            Identity(
                TABLES,
                given=(EVEN, Equal(D, best_D)),
                left=joint,
                right=KL(mixture, data),
            ),
            Identity(
                TABLES,
                left=KL(mixture, data),
                right=HALF
                * Add(KL(model, data), -KL(data, mixture), -KL(model, mixture), evaluate=False),
            ),
        ),
        stated=(ALL_D, Stated("even", EVEN)),
    ),
    Claim(
        "rq-2",
        (
            mixture_apart_from(model, p_1, data),
            Counterexample(
                TABLES,
                of=Identity(TABLES, left=SumOrIntegral(APART_AT_A_POINT, (x,)), right=S.Zero),
                at=(APART,),
            ),
        ),
    ),
    Claim(
        "rq-4",
        (
            Identity(
                MAPPED,
                left=Expectation(PRIOR(z), -log(D.at(G(z)).other)),
                right=SumOrIntegral(pushed * -log(not_D), (x,)),
            ),
        ),
    ),
    Claim(
        "rq-5",
        (
            Identity(
                MAPPED,
                left=Expectation(PRIOR(z), f(G(z))),
                right=SumOrIntegral(pushed * f(x), (x,)),
            ),
            Concentration(
                VECTORS,
                kernel=VectorGaussian(sample, image_of_one, sigma**2),
                variable=sample,
                symbol=sigma,
                place=image_of_one,
            ),
        ),
    ),
    Claim(
        "gt-12",
        (
            OptimalDiscriminator(TABLES, functional=discriminator_loss, probability=D, at=best_D),
            at_most_log_4(),
        ),
        stated=(Stated("enough-model", ALL_D.premise),),
    ),
    Claim(
        "gt-13",
        (
            Identity(
                plays,
                left=after_a_step(a * b),
                right=slower,
                by=(*worked_out(a * b, plain_squares), Line(slower, ARITHMETIC.name)),
            ),
            Identity(
                plays,
                left=after_a_step(curved),
                right=faster,
                by=(
                    *worked_out(curved, curved_steps, curved_squares),
                    Line(faster, ARITHMETIC.name),
                ),
            ),
        ),
        refuted=(
            Counterexample(
                plays,
                of=Identity(plays, left=after_a_step(curved), right=slower),
                at=(Instance(values=((a, S.One), (b, S.Zero), (eta, HALF))),),
            ),
        ),
        argument=True,
    ),
)
