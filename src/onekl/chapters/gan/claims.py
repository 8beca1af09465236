"""The claims of the chapter "GAN and the optimal discriminator".

They are su-12 … su-20, su-t4, su-t5, su-t7, rq-2, rq-4, rq-5, gt-12 and gt-13.
"""

from __future__ import annotations

import sympy
from sympy import Abs, Add, Expr, Function, Mul, Rational, S, Symbol, log

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
from onekl.symbolic.notation import latex
from onekl.symbolic.objective import SameObjective
from onekl.symbolic.optima.discriminator import OptimalDiscriminator
from onekl.symbolic.premises import Equal
from onekl.symbolic.sampling import RandomParameters, RandomTables
from onekl.symbolic.statements import Bound, Identity, Pushforward
from onekl.symbolic.vectors.algebra import Vector
from onekl.symbolic.vectors.concentration import Concentration
from onekl.symbolic.vectors.normal import VectorGaussian
from onekl.symbolic.vectors.numbers import RandomVectors

x, z = sympy.symbols("x z", real=True)
y = Symbol("y", integer=True)
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

# su-12: a map of z, written as a conditional density.
G = Function("G")
image = Dirac(x, G(z))
pushed = SumOrIntegral(image * PRIOR(z), (z,))
MAPPED = RandomTables((Joint("p", (x,)), PRIOR), maps=(("G", x),))

# su-13, su-14: the label y joins data and samples; the data side labels the data alone.
# p₁ and p₀ stay letters; the article sets both to ½ after (13).
p_1 = ClassProbability("p", ())
p_0 = p_1.other
labelled = LabelledJoint(y, Mul(p_1, data, evaluate=False), Mul(p_0, model, evaluate=False))
judged = LabelledJoint(y, Mul(D, data, evaluate=False), Mul(not_D, data, evaluate=False))
joint = KL(labelled, judged)
EVEN = Equal(p_1, HALF)
both_labels = Add(p_1 * data, p_0 * model, evaluate=False)  # su-15's left side
# the mean surprise at the label
surprise = Add(
    SumOrIntegral(labelled.one * -log(D), (x,)),
    SumOrIntegral(labelled.zero * -log(not_D), (x,)),
    evaluate=False,
)
generator_side = SumOrIntegral(model * log(model / (not_D * data)), (x,))  # su-17
data_side = Expectation(data, -log(D))
discriminator_loss = Add(data_side, Expectation(model, -log(not_D)), evaluate=False)  # su-16

best_D = data / (data + model)  # su-18, with q for the present generator
old_best = {D: data / (data + old), not_D: old / (data + old)}  # su-18 with q°
ALL_D = Stated("any-D", r"D(x) \text{ ranges over all functions with values in } [0, 1]")


complete = Add(Expectation(model, -log(D)), KL(model, old), evaluate=False)  # su-19
marginal_bound = Bound(
    TABLES,
    upper=joint,
    lower=KL(both_labels, data),
    remainder=Add(
        SumOrIntegral(kl_div(p_1 * data, D * both_labels), (x,)),
        SumOrIntegral(kl_div(p_0 * model, not_D * both_labels), (x,)),
        evaluate=False,
    ),
)
# su-19's second line and su-20: a mean over samples is one over codes.
at_the_codes = Identity(
    MAPPED,
    left=SumOrIntegral(pushed * -log(D), (x,)),
    right=Expectation(PRIOR(z), -log(D.at(G(z)))),
)

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
    right = weight * SumOrIntegral(Abs(other - part), (x,))
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
    )


CLAIMS = (
    Claim("su-12", (Pushforward(MAPPED, value=G(z), under=PRIOR(z), variable=x, density=pushed),)),
    Claim(
        "su-13",
        (Identity(TABLES, left=S.One, right=SumOrIntegral(both_labels, (x,))),),
        also=(
            OptimalDiscriminator(
                TABLES,
                functional=surprise,
                probability=D,
                at=p_1 * data / (p_1 * data + p_0 * model),
            ),
        ),
        printed=rf"q(x, y) = {latex(labelled)}",
    ),
    Claim(
        "su-14",
        (
            Identity(
                TABLES,
                left=joint,
                right=Add(
                    SumOrIntegral(labelled.one * log(p_1 / D), (x,)),
                    SumOrIntegral(labelled.zero * log(labelled.zero / judged.zero), (x,)),
                    evaluate=False,
                ),
            ),
            half_of(TABLES, joint, Add(data_side, generator_side, evaluate=False), (D, model)),
        ),
        stated=(Stated("even", EVEN),),
    ),
    Claim(
        "su-15",
        (
            mixture_apart_from(data, p_0, model),
            marginal_bound,
        ),
    ),
    Claim(
        "su-16",
        (half_of(TABLES, joint, discriminator_loss, (D,), KL(model, data)),),
        stated=(Stated("even", EVEN),),
    ),
    Claim(
        "su-17",
        (half_of(TABLES, joint, generator_side, (model,), data_side),),
        stated=(Stated("even", EVEN),),
    ),
    Claim(
        "su-18",
        (
            OptimalDiscriminator(
                STEP,
                functional=discriminator_loss.xreplace({model: old}),
                probability=D,
                at=data / (data + old),
            ),
        ),
        stated=(ALL_D,),
    ),
    Claim(
        "su-19",
        (
            Identity(
                STEP, left=SumOrIntegral(model * log(model / (D * old)), (x,)), right=complete
            ),
            at_the_codes,
        ),
        also=(Identity(STEP, given=(AT_OLD_BEST,), left=generator_side, right=complete),),
    ),
    Claim("su-20", (at_the_codes,), repeats="su-19"),
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
        relation="argument",
    ),
    Claim(
        "su-t5",
        (
            Bound(
                TILTED,
                upper=Add(Expectation(model, -log(tilted)), KL(model, old), evaluate=False),
                lower=-log(Z),
                remainder=KL(model, BEST(x)),
            ),
            at_most_half(),
        ),
        printed=r"D(x)\, q^{o}(x) = Z\, q^{*}(x), \qquad Z = \int D(x)\, q^{o}(x)\,dx",
        refuted=(
            Counterexample(
                STEP,
                of=Identity(STEP, left=Expectation(old, data / (data + old)), right=S.Zero),
                at=(EQUAL,),
            ),
        ),
        relation="argument",
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
                of=Identity(TABLES, left=SumOrIntegral(Abs(data - model), (x,)), right=S.Zero),
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
        relation="argument",
    ),
)
