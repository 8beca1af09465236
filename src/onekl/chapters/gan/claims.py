"""The claims of the chapter "GAN and the optimal discriminator".

They are su-12 … su-20, su-t4, su-t5, su-t7, rq-2, rq-4, rq-5, gt-12 and gt-13.
"""

from __future__ import annotations

import sympy
from sympy import Abs, Add, Expr, Function, Mul, Rational, S, Symbol, log

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
from onekl.symbolic.limits import Limit
from onekl.symbolic.notation import aligned, latex
from onekl.symbolic.sampling import RandomParameters, RandomTables
from onekl.symbolic.statements import Bound, Counterexample, Identity, Pushforward

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
labelled = LabelledJoint(y, Mul(HALF, data, evaluate=False), Mul(HALF, model, evaluate=False))
judged = LabelledJoint(y, Mul(D, data, evaluate=False), Mul(not_D, data, evaluate=False))
joint = KL(labelled, judged)
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
best = {D: best_D, not_D: model / (data + model)}
old_best = {D: data / (data + old), not_D: old / (data + old)}  # su-18 with q°
FINITE_KL = r"\mathrm{KL}\left(q(x) \,\Vert\, \tilde{p}(x)\right) \text{ is finite}"
ALL_D = r"D(x) \text{ ranges over all functions with values in } [0, 1]"


def with_old_best(expression: Expr) -> Expr:
    """The expression with the discriminator at its optimum for the old generator, su-18 with q°."""
    return expression.xreplace(old_best)


complete = Add(Expectation(model, -log(D)), KL(model, old), evaluate=False)  # su-19
marginal_bound = Bound(
    TABLES,
    upper=joint,
    lower=KL(mixture, data),
    remainder=Add(
        SumOrIntegral(kl_div(data / 2, D * mixture), (x,)),
        SumOrIntegral(kl_div(model / 2, not_D * mixture), (x,)),
        evaluate=False,
    ),
)

# su-t4: D written as its largest value times a share of it.
highest = Symbol("D_{max}", positive=True)
share = ClassProbability("s", x)
SCALED = RandomTables((Q,), scalars=(highest,))
# su-t5: with Z q*(x) = D(x) q°(x), the generator's best step is q*.
Z = Symbol("Z", positive=True)
tilted = Mul(Z, BEST(x) / old)
TILTED = RandomTables((Q, OLD, BEST), scalars=(Z,))
EQUAL = ((P, [HALF, HALF]), (OLD, [HALF, HALF]))
APART = ((P, [S.One, S.Zero]), (Q, [S.Zero, S.One]))
AT_OLD_BEST = (r"D(x) = \frac{\tilde{p}(x)}{\tilde{p}(x) + q^{o}(x)} \text{ (su-18)}",)

# rq-5, su-12: a Gaussian around G(z) narrows down to the Dirac map.
centre = Symbol("G", real=True)  # G(z) at one z
sigma = Symbol("sigma", positive=True)
f = Function("f", nonnegative=True)
coefficients = sympy.symbols("c_0:4", real=True)
polynomial = sum(c * x**k for k, c in enumerate(coefficients))
around = RandomParameters(((centre, -2, 2), (sigma, 0.2, 2), *((c, -2, 2) for c in coefficients)))

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


CLAIMS = (
    Claim("su-12", (Pushforward(MAPPED, value=G(z), under=PRIOR(z), variable=x, density=pushed),)),
    Claim(
        "su-13",
        (
            Identity(TABLES, left=S.One, right=SumOrIntegral(mixture, (x,))),
            OptimalDiscriminator(TABLES, functional=surprise, probability=D, at=best_D),
        ),
        stated=(ALL_D,),
        printed=rf"q(x, y) = {latex(labelled)}",
    ),
    Claim(
        "su-14",
        (
            Identity(
                TABLES,
                left=joint,
                right=Add(Mul(HALF, data_side), Mul(HALF, generator_side), -log(2), evaluate=False),
            ),
        ),
    ),
    Claim(
        "su-15",
        (
            Identity(
                TABLES,
                left=SumOrIntegral(Abs(Add(data / 2, model / 2, -data)), (x,)),
                right=HALF * SumOrIntegral(Abs(model - data), (x,)),
            ),
            marginal_bound,
        ),
    ),
    Claim(
        "su-16",
        (
            Identity(
                TABLES,
                trusted=(FINITE_KL,),
                left=Mul(2, joint),
                right=Add(*discriminator_loss.args, KL(model, data), -2 * log(2), evaluate=False),
            ),
        ),
    ),
    Claim(
        "su-17",
        (
            Identity(
                TABLES,
                trusted=(r"\int \tilde{p}(x) \log D(x) \,dx \text{ is finite}",),
                left=Mul(2, joint),
                right=Add(generator_side, data_side, -2 * log(2), evaluate=False),
            ),
        ),
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
                STEP,
                trusted=AT_OLD_BEST,
                left=with_old_best(generator_side),
                right=with_old_best(complete),
            ),
            Identity(
                MAPPED,
                left=Expectation(PRIOR(z), -log(D.at(G(z)))),
                right=SumOrIntegral(pushed * -log(D), (x,)),
            ),
        ),
        printed=aligned(SumOrIntegral(model * log(model / (D * old)), (x,)), *complete.args),
        stated=AT_OLD_BEST,
    ),
    Claim(
        "su-20",
        (
            Identity(
                MAPPED,
                left=SumOrIntegral(pushed * -log(D), (x,)),
                right=Expectation(PRIOR(z), -log(D.at(G(z)))),
            ),
        ),
    ),
    Claim(
        "su-t4",
        (
            Bound(
                SCALED,
                trusted=(
                    r"D(x) = D_{max} \, s(x) \text{ with } s(x) = 1 \text{ at one point only}",
                ),
                upper=Expectation(model, -log(highest * share)),
                lower=-log(highest),
                remainder=Expectation(model, log(1 / share)),
            ),
        ),
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
            Bound(
                STEP,
                upper=HALF,
                lower=Expectation(old, data / (data + old)),
                remainder=SumOrIntegral((data - old) ** 2 / (4 * (data + old)), (x,)),
            ),
        ),
        printed=r"D(x)\, q^{o}(x) = Z\, q^{*}(x), \qquad Z = \int D(x)\, q^{o}(x)\,dx",
        refuted=(
            Counterexample(
                STEP, left=Expectation(old, data / (data + old)), right=S.Zero, tables=EQUAL
            ),
        ),
        relation="argument",
    ),
    Claim(
        "su-t7",
        (
            OptimalDiscriminator(TABLES, functional=joint, probability=D, at=best_D),
            Identity(TABLES, left=joint.xreplace(best), right=KL(mixture, data)),
            Identity(
                TABLES,
                left=KL(mixture, data),
                right=HALF
                * Add(KL(model, data), -KL(data, mixture), -KL(model, mixture), evaluate=False),
            ),
        ),
        stated=(ALL_D,),
    ),
    Claim(
        "rq-2",
        (
            Identity(
                TABLES,
                left=SumOrIntegral(Abs(Add(data / 2, model / 2, -model)), (x,)),
                right=HALF * SumOrIntegral(Abs(data - model), (x,)),
            ),
            Counterexample(
                TABLES, left=SumOrIntegral(Abs(data - model), (x,)), right=S.Zero, tables=APART
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
            Limit(
                around,
                trusted=(r"\text{in the limit, } f \text{ is a polynomial}",),
                expression=Expectation(Gaussian(x, centre, sigma**2), polynomial),
                symbol=sigma,
                point=0,
                value=polynomial.subs(x, centre),
            ),
        ),
        stated=(r"\sigma > 0",),
    ),
    Claim(
        "gt-12",
        (
            OptimalDiscriminator(TABLES, functional=discriminator_loss, probability=D, at=best_D),
            Bound(
                TABLES,
                trusted=(
                    r"\text{an equilibrium is read as the best } q"
                    r" \text{ against the best reply } D^{*}",
                ),
                upper=log(4),
                lower=discriminator_loss.xreplace(best),
                remainder=Add(KL(data, mixture), KL(model, mixture), evaluate=False),
            ),
        ),
        stated=(ALL_D,),
    ),
    Claim(
        "gt-13",
        (
            Identity(plays, left=after_a_step(a * b), right=(1 + eta**2) * (a**2 + b**2)),
            Identity(
                plays, left=after_a_step(curved), right=((1 - eta) ** 2 + eta**2) * (a**2 + b**2)
            ),
        ),
        refuted=(
            Counterexample(
                plays,
                left=after_a_step(curved),
                right=(1 + eta**2) * (a**2 + b**2),
                values=((a, S.One), (b, S.Zero), (eta, HALF)),
            ),
        ),
        relation="argument",
    ),
)
