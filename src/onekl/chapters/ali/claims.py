"""The claims of the chapter "ALI / BiGAN": su-35 … su-43, su-t1, su-t13, su-t14, su-t16."""

import sympy
from sympy import Add, Derivative, Function, Mul, Rational, S, Symbol, log, sign

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
OLD_P, OLD_Q = Joint("p^{o}", (x, z)), Joint("q^{o}", (x, z))  # the two sides before the step
TABLES, STEP = RandomTables((P, Q)), RandomTables((P, Q, OLD_P, OLD_Q))

encoder_pairs = Mul(P(z, given=x), P(x), evaluate=False)
generator_pairs = Mul(Q(x, given=z), Q(z), evaluate=False)
old_encoder_pairs = Mul(OLD_P(z, given=x), P(x), evaluate=False)
old_generator_pairs = Mul(OLD_Q(x, given=z), Q(z), evaluate=False)
D, not_D = ClassProbability("D", (x, z)), ClassProbability("D", (x, z), 0)


def times(factor, product):
    """factor · product as one product, in the order in which it is written."""
    return Mul(factor, *product.args, evaluate=False)


def over_encoder(value):
    """∫∫ p(z|x) p̃(x) value dx dz."""
    return SumOrIntegral(Mul(P(z, given=x), P(x), value, evaluate=False), (x, z))


def over_generator(value):
    """∫∫ q(x|z) q(z) value dx dz."""
    return SumOrIntegral(Mul(Q(x, given=z), Q(z), value, evaluate=False), (x, z))


f = Function("f", nonnegative=True)  # of a pair

# su-35 to su-37: the label joins the two kinds of pairs; the data side labels the encoder's alone.
labelled = LabelledJoint(y, times(HALF, encoder_pairs), times(HALF, generator_pairs))
judged = LabelledJoint(y, times(D, encoder_pairs), times(not_D, encoder_pairs))
joint = KL(labelled, judged)
surprise = Add(
    SumOrIntegral(labelled.one * -log(D), (x, z)),
    SumOrIntegral(labelled.zero * -log(not_D), (x, z)),
    evaluate=False,
)  # of the label
encoder_side = over_encoder(log(1 / D))
generator_side = over_generator(log(generator_pairs / (not_D * encoder_pairs)))
discriminator_loss = Add(
    over_encoder(-log(D)), over_generator(-log(not_D)), evaluate=False
)  # su-38

best = {D: P(x, z) / (P(x, z) + Q(x, z)), not_D: Q(x, z) / (P(x, z) + Q(x, z))}
old_best_D = old_encoder_pairs / (old_encoder_pairs + old_generator_pairs)  # su-39
old_best = {D: old_best_D, not_D: old_generator_pairs / (old_encoder_pairs + old_generator_pairs)}
AT_OLD_BEST = (rf"D(x, z) = {latex(old_best_D)} \text{{ (su-39)}}",)
ALL_D = r"D(x, z) \text{ ranges over all functions with values in } [0, 1]"
FINITE_KL = (
    r"\mathrm{KL}\left(q(x|z)\, q(z) \,\Vert\, p(z|x)\, \tilde{p}(x)\right) \text{ is finite}"
)

# su-t16: the one function that D, G and E lower, with p(x, z) and q(x, z) for the pairs.
middle = Add(P(x, z) / 2, Q(x, z) / 2, evaluate=False)
one_function = KL(
    LabelledJoint(y, P(x, z) / 2, Q(x, z) / 2), LabelledJoint(y, D * P(x, z), not_D * P(x, z))
)

# su-40 to su-43: the four losses of generator and encoder.
step_kl = Expectation(Q(z), KL(Q(x, given=z), OLD_Q(x, given=z)))  # su-40's third term
code_term = over_generator(log(OLD_P(z, given=x) / P(z, given=x)))  # its fourth
article_loss = Add(over_encoder(-log(D)), over_generator(-log(D)), evaluate=False)  # su-41
minimax_loss = Add(over_encoder(log(D)), over_generator(log(not_D)), evaluate=False)  # su-42
exchanged_loss = Add(over_encoder(-log(not_D)), over_generator(-log(D)), evaluate=False)  # su-43
complete_loss = Add(*article_loss.args, step_kl, code_term, evaluate=False)  # su-40

# Deterministic maps: E(x) and G(z), with the two densities as push-forwards of pairs.
E, G = Function("E"), Function("G")
MAPPED = RandomTables(
    (Joint("p", (x,), {(x,): r"\tilde{p}"}), gan.PRIOR), maps=(("G", x), ("E", z))
)
mapped_pairs = {P(z, given=x): Dirac(z, E(x)), Q(x, given=z): Dirac(x, G(z)), P(x): gan.P(x)}


def as_maps(value_of_encoder, value_of_generator):
    """The mean over x of the first value at (x, E(x)) and over z of the second at (G(z), z)."""
    return Add(
        Expectation(gan.P(x), value_of_encoder(D.at((x, E(x))))),
        Expectation(gan.PRIOR(z), value_of_generator(D.at((G(z), z)))),
        evaluate=False,
    )


# su-t13, su-t14: one letter of x, codes 0 and 1; p(1|x) is b before the step and t after it, q(1) is s, and D is d at the codes.
b, s, t, r, d_0, d_1 = sympy.symbols("b s t r d_0 d_1", positive=True)
codes = RandomParameters(
    ((b, 0.1, 0.9), (s, 0.1, 0.9), (t, 0.1, 0.9), (r, 0.1, 5), (d_0, 0.1, 0.9), (d_1, 0.1, 0.9))
)
kept = Add(
    Mul(-t, log(d_1)), Mul(-(1 - t), log(d_0)), evaluate=False
)  # the encoder's part of su-41; of su-42 it is −kept
kept_exchanged = Add(Mul(-t, log(1 - d_1)), Mul(-(1 - t), log(1 - d_0)), evaluate=False)  # of su-43
dropped = Add(
    Mul(s, log(b / t)), Mul(1 - s, log((1 - b) / (1 - t))), evaluate=False
)  # su-40's fourth term
# The same by one cell: p(x, z) is u, u_0 before the step, and q(x, z) is w; D = 1/(1 + r) is held, and r = w/u_0 at its optimum.
u, w, u_0 = sympy.symbols("u w u_0", positive=True)
cells = RandomParameters(((u, 0.1, 0.9), (w, 0.1, 0.9), (u_0, 0.1, 0.9), (r, 0.1, 5)))
kept_cell = Mul(u, log(1 + r))  # −u log D
dropped_cell = Mul(w, log(u_0 / u))
FAR = (
    (b, Rational(1, 4)),
    (s, HALF),
    (t, Rational(1, 4)),
    (d_0, Rational(3, 5)),
    (d_1, Rational(1, 3)),
)  # D at its optimum
old_code_kl, code_kl = (
    Expectation(Q(x), KL(Q(z, given=x), family(z, given=x))) for family in (OLD_P, P)
)

# su-t1: the five models, by what is left of the one divergence.
CODES = RandomTables((Joint("p", (z,)), Joint("q", (z,))))
codes_mixture = Add(P(z) / 2, Q(z) / 2, evaluate=False)
code_D, not_code_D = ClassProbability("D", z), ClassProbability("D", z, 0)
code_labelled = LabelledJoint(y, Mul(HALF, P(z), evaluate=False), Mul(HALF, Q(z), evaluate=False))
code_judged = LabelledJoint(
    y, Mul(not_code_D, Q(z), evaluate=False), Mul(code_D, Q(z), evaluate=False)
)
WHICH = (
    r"\text{for GAN, AAE and ALI the hidden variable is the label, and } D \text{ is at its optimum}",
    r"\text{the three are read with their complete losses su-19, su-32, su-40, not with the shorter ones that are trained}",
)

CLAIMS = (
    Claim(
        "su-35",
        (
            Identity(
                TABLES,
                left=Add(
                    SumOrIntegral(times(f(x, z), labelled.one), (x, z)),
                    SumOrIntegral(times(f(x, z), labelled.zero), (x, z)),
                    evaluate=False,
                ),
                right=Add(
                    HALF * Expectation(P(x), Expectation(P(z, given=x), f(x, z))),
                    HALF * Expectation(Q(z), Expectation(Q(x, given=z), f(x, z))),
                    evaluate=False,
                ),
            ),
            OptimalDiscriminator(
                TABLES,
                functional=surprise,
                chance=D,
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
                right=Add(
                    SumOrIntegral(labelled.one * log(labelled.one / judged.one), (x, z)),
                    SumOrIntegral(labelled.zero * log(labelled.zero / judged.zero), (x, z)),
                    evaluate=False,
                ),
            ),
        ),
    ),
    Claim(
        "su-37",
        (
            Identity(
                TABLES,
                left=joint,
                right=Add(
                    Mul(HALF, encoder_side), Mul(HALF, generator_side), -log(2), evaluate=False
                ),
            ),
        ),
    ),
    Claim(
        "su-38",
        (
            Identity(
                TABLES,
                assuming=(FINITE_KL,),
                left=Mul(2, joint),
                right=Add(
                    *discriminator_loss.args,
                    KL(generator_pairs, encoder_pairs),
                    -2 * log(2),
                    evaluate=False,
                ),
            ),
        ),
    ),
    Claim(
        "su-39",
        (
            OptimalDiscriminator(
                STEP,
                functional=Add(
                    SumOrIntegral(times(-log(D), old_encoder_pairs), (x, z)),
                    SumOrIntegral(times(-log(not_D), old_generator_pairs), (x, z)),
                    evaluate=False,
                ),
                chance=D,
                at=old_best_D,
            ),
        ),
        stated=(ALL_D,),
    ),
    Claim(
        "su-40",
        (
            Identity(
                STEP,
                AT_OLD_BEST,
                left=Add(encoder_side, generator_side, evaluate=False).xreplace(old_best),
                right=complete_loss.xreplace(old_best),
            ),
        ),
        printed=aligned(Add(encoder_side, generator_side, evaluate=False), *complete_loss.args),
        stated=AT_OLD_BEST,
    ),
    Claim(
        "su-41",
        (
            Identity(
                MAPPED,
                left=article_loss.xreplace(mapped_pairs),
                right=as_maps(lambda chance: -log(chance), lambda chance: -log(chance)),
            ),
        ),
        printed=rf"\begin{{aligned}} & {latex(article_loss.args[0])} \\ & + {latex(article_loss.args[1])} \end{{aligned}}",
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
                codes, left=-2 * log(d_0) - 2 * log(1 - d_0), right=S.Zero, values=((d_0, HALF),)
            ),
        ),
    ),
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
        refuted=(
            Counterexample(
                codes,
                left=sign(Derivative(kept, t)),
                right=sign(Derivative(Add(kept, dropped, evaluate=False), t)),
                values=FAR,
            ),
        ),
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
            Identity(codes, left=Derivative(kept_exchanged, t), right=log(1 - d_0) - log(1 - d_1)),
            Counterexample(
                codes,
                left=sign(Derivative(kept, t)),
                right=sign(Derivative(kept_exchanged, t)),
                values=FAR,
            ),
        ),
        stated=(r"d_{0} > 0", r"d_{1} > 0", r"t > 0"),
    ),
    Claim(
        "su-t16",
        (
            Bound(
                TABLES,
                upper=one_function,
                lower=KL(middle, P(x, z)),
                remainder=Add(
                    SumOrIntegral(kl_div(P(x, z) / 2, D * middle), (x, z)),
                    SumOrIntegral(kl_div(Q(x, z) / 2, not_D * middle), (x, z)),
                    evaluate=False,
                ),
            ),
            Bound(TABLES, upper=KL(middle, P(x, z)), lower=S.Zero, remainder=KL(middle, P(x, z))),
        ),
    ),
    Claim(
        "su-t1",
        (
            Bound(
                TABLES,
                upper=KL(encoder_pairs, generator_pairs),
                lower=marginal,
                remainder=conditional,
            ),
            Identity(
                gan.TABLES,
                WHICH,
                left=gan.joint.xreplace(gan.best),
                right=KL(gan.mixture, gan.data),
            ),
            Identity(
                CODES,
                WHICH,
                left=KL(code_labelled, code_judged).xreplace(
                    {code_D: Q(z) / (P(z) + Q(z)), not_code_D: P(z) / (P(z) + Q(z))}
                ),
                right=KL(codes_mixture, Q(z)),
            ),  # fmt: skip
            Identity(TABLES, WHICH, left=one_function.xreplace(best), right=KL(middle, P(x, z))),
        ),
    ),
)
