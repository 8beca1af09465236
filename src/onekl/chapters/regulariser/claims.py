"""The claims of the chapter "The regulariser": su-23 … su-26 and su-t8."""

from __future__ import annotations

import sympy
from sympy import Abs, Add, Derivative, Expr, Function, Mul, Rational, S, exp, log

from onekl.chapters.joint_kl.claims import Q, x, z
from onekl.claims.claim import Claim
from onekl.symbolic.algebra import (
    KL,
    ClassProbability,
    Dirac,
    Expectation,
    Gaussian,
    Joint,
    SumOrIntegral,
)
from onekl.symbolic.counterexample import Counterexample, Instance
from onekl.symbolic.limits import Limit
from onekl.symbolic.optima import Minimum
from onekl.symbolic.sampling import RandomParameters, RandomTables
from onekl.symbolic.second_order import SecondOrder, SmoothFunctions
from onekl.symbolic.statements import Bound, Identity

y, t, k_1, k_2, c_0, c_1, c_2, c_3, c_4 = sympy.symbols("y t k_1 k_2 c_0:5", real=True)
sigma, lam, a, eta, m, u, r, w = sympy.symbols("sigma lambda a eta m u r w", positive=True)
k = sympy.Symbol("k", nonnegative=True)  # a number of generator steps
b, shift = sympy.symbols("b Delta", positive=True)  # the width of a Laplace kernel, and a shift
image, old_image, beta, old_beta = sympy.symbols(r"G G^{o} \beta \beta^{o}", real=True)
off = sympy.Symbol("x_0", real=True, nonzero=True)  # a point that is not the centre

OLD = Joint(r"q^{o}", (x, z))  # the generator before the step, with its noise
PAIR = RandomTables((Q, OLD))
ranges = RandomParameters((
    (sigma, 0.3, 2), (lam, 0.2, 2), (a, 0.3, 2), (eta, 0.1, 1), (m, 0.3, 2), (k, 0, 6),
    (r, 0.1, 2), (w, 0.1, 2), (u, 0.1, 2), (off, 0.3, 2),
    (image, -2, 2), (old_image, -2, 2), (beta, -2, 0), (old_beta, 0.5, 2), (k_1, -2, 2),
    (k_2, -2, 2), (c_0, -2, 2), (c_1, -2, 2), (c_2, -2, 2), (c_3, -2, 2), (c_4, -2, 2),
))  # fmt: skip

# su-23: with one prior on both sides, and then with a kernel in the place of δ.
joint = KL(Q(x, z), OLD(x, z))
new_side, old_side = (Mul(family(x, given=z), Q(z), evaluate=False) for family in (Q, OLD))
per_code = Expectation(Q(z), KL(Q(x, given=z), OLD(x, given=z)))
SHARP = (
    r"\delta(x - G(z)) \text{ and } \delta(x - G^{o}(z))"
    r" \text{ are read as Gaussians of one width } \sigma > 0",
)
smoothed_kl = KL(Gaussian(x, image, sigma**2), Gaussian(x, old_image, sigma**2))  # at one z


def sharp(place: Expr | int) -> Expr:
    """δ at a place, read as a Gaussian of width σ, su-24 before the limit."""
    return Gaussian(sympy.sympify(place), 0, sigma**2)


# The same with k(x) = exp(−|x|/b)/2b: the KL from k(x) to k(x − Δ), and log k(0)/k(Δ).
laplace_kl = SumOrIntegral(
    exp(-Abs(x) / b) / (2 * b) * Add(Abs(x - shift) / b, -Abs(x) / b, evaluate=False), (x,)
)
laplace_line = shift / b

# su-24: what δ does to a function, for exponentials (and so for every bounded continuous function)
# and quartics.
plane = sum(k * v for k, v in ((k_1, x), (k_2, y)))
quartic = sum(c * x**power for power, c in enumerate((c_0, c_1, c_2, c_3, c_4)))
blur, other_blur = (Gaussian(v, 0, sigma**2) for v in (x, y))
IN_THE_MEAN = (r"\text{the limit is that of expectations, not that of values at points}",)

ONE_PRIOR = r"q^{o}(z) = q(z)"
NOISY = (
    r"\text{a sample is } G(z) \text{ plus Gaussian noise of variance } \sigma^2 = 1/2\lambda"
    r" \text{, for } D \text{ too}",
)

# su-25: the bound, λ, and two generators on the line: az + β and az + β°, with the laws N(β, a²)
# and N(β°, a²).
marginal = KL(Q(x), OLD(x))
remainder = Expectation(Q(x), KL(Q(z, given=x), OLD(z, given=x)))
prior = Gaussian(z, 0, 1)
moved = Add(Add(a * z, beta, evaluate=False), -Add(a * z, old_beta, evaluate=False), evaluate=False)
penalty = Expectation(prior, Mul(lam, moved**2, evaluate=False))
# The prior is uniform on two codes whose images are exchanged, with one part noise in a hundred.
EXCHANGED = Instance(
    tables=(
        (Q, [[Rational(99, 200), Rational(1, 200)], [Rational(1, 200), Rational(99, 200)]]),
        (OLD, [[Rational(1, 200), Rational(99, 200)], [Rational(99, 200), Rational(1, 200)]]),
    )
)

# su-26: the loss with the joint KL in the place of the marginal one, and what the penalty does
# along a curve θ(t).
D = ClassProbability("D", x)
adversarial = Expectation(Q(x), -log(D))
g_1, g_2 = (Function(f"g_{i}", real=True) for i in (1, 2))
moved_squared = Add(
    *(Add(g(t, z), -g(0, z), evaluate=False) ** 2 for g in (g_1, g_2)), evaluate=False
)
speed_squared = Add(Derivative(g_1(t, z), t) ** 2, Derivative(g_2(t, z), t) ** 2, evaluate=False)

# su-t8: (G(z), G°(z)) couples the two generators; how far the minimiser goes, and gradient steps of
# length η.
PAIRED = Joint("q", (x, y, z))  # x for G(z), y for G°(z)
COUPLED = RandomTables((PAIRED,), maps=(("G", x), (r"G^{o}", y)))
G, old_G = Function("G", real=True)(z), Function(r"G^{o}", real=True)(z)
coupling = Mul(Dirac(x, G), Dirac(y, old_G), PAIRED(z), evaluate=False)
h, cost = Function("h", nonnegative=True), Function("c", nonnegative=True)
FROZEN = (r"G^{o} \text{ stays frozen for at least two generator steps}",)
NEARBY = (
    r"\text{the adversarial loss is } -au \text{ and the mean squared move is } mu^2"
    r" \text{ at distance } u \text{ from } \theta^{o}",
)
SHORT = (r"\text{the steps are short enough, } r = 1 - 2\lambda m\eta > 0",)
near = -a * u + lam * m * u**2
# u after one gradient step of length η
after = Add(Mul(1 - 2 * lam * m * eta, u, evaluate=False), eta * a, evaluate=False)


def distance(count: Expr) -> Expr:
    """How far `count` gradient steps from u = 0 go.

    Each is u ↦ ru + (1 − r)w, with r = 1 − 2λmη and w = a/2λm.
    """
    return w * Add(1, -(r**count), evaluate=False)


CLAIMS = (
    Claim(
        "su-23",
        (
            Identity(PAIR, left=KL(new_side, old_side), right=per_code),
            Identity(
                ranges,
                trusted=SHARP,
                left=smoothed_kl,
                right=log(sharp(0) / sharp(image - old_image)),
            ),
            Counterexample(
                ranges,
                of=Identity(ranges, left=laplace_kl, right=laplace_line),
                at=(Instance(values=((b, S.One), (shift, S.One))),),
            ),
        ),
    ),
    Claim(
        "su-24",
        (
            Limit(
                ranges,
                trusted=IN_THE_MEAN,
                expression=Expectation(blur, Expectation(other_blur, exp(plane))),
                symbol=sigma,
                point=S.Zero,
                value=S.One,
            ),
            Limit(
                ranges,
                trusted=IN_THE_MEAN,
                expression=Expectation(blur, quartic),
                symbol=sigma,
                point=S.Zero,
                value=c_0,
            ),
            Limit(ranges, expression=sharp(off), symbol=sigma, point=S.Zero, value=S.Zero),
            Limit(ranges, expression=1 / sharp(0), symbol=sigma, point=S.Zero, value=S.Zero),
        ),
        printed=(
            r"\delta(x) = \lim_{\sigma \to 0} \frac{1}{(2\pi\sigma^2)^{d/2}}"
            r" \exp\left(-\frac{\Vert x \Vert^2}{2\sigma^2}\right)"
        ),
    ),
    Claim(
        "su-25",
        (
            Bound(
                PAIR, trusted=(ONE_PRIOR, *NOISY), upper=joint, lower=marginal, remainder=remainder
            ),
            Identity(ranges, left=smoothed_kl, right=(image - old_image) ** 2 / (2 * sigma**2)),
            Identity(
                ranges,
                left=KL(Gaussian(x, beta, a**2), Gaussian(x, old_beta, a**2)),
                right=Mul(1 / (2 * lam * a**2), penalty, evaluate=False),
            ),
        ),
        printed=(
            r"\mathrm{KL}(q(x) \,\Vert\, q^{o}(x))"
            r" \sim \lambda \int q(z) \Vert G(z) - G^{o}(z) \Vert^2 \, dz"
        ),
        refuted=(
            Counterexample(PAIR, of=Identity(PAIR, left=marginal, right=per_code), at=(EXCHANGED,)),
        ),
        relation="~",
    ),
    Claim(
        "su-26",
        (
            Bound(
                PAIR,
                upper=Add(adversarial, joint, evaluate=False),
                lower=Add(adversarial, marginal, evaluate=False),
                remainder=remainder,
                trusted=(ONE_PRIOR, *NOISY),
            ),
            SecondOrder(
                SmoothFunctions((Q,), scalars=(lam,)),
                weight=Q(z),
                symbol=t,
                point=S.Zero,
                value=Mul(lam, moved_squared, evaluate=False),
                bend=2 * lam * speed_squared,
            ),
        ),
        printed=(
            r"\mathbb{E}_{z \sim q(z)}\left["
            r"-\log D(G(z)) + \lambda \Vert G(z) - G^{o}(z) \Vert^2\right]"
        ),
    ),
    Claim(
        "su-t8",
        (
            Identity(
                COUPLED,
                left=SumOrIntegral(coupling * h(x), (x, y, z)),
                right=Expectation(PAIRED(z), h(G)),
            ),
            Identity(
                COUPLED,
                left=SumOrIntegral(coupling * h(y), (x, y, z)),
                right=Expectation(PAIRED(z), h(old_G)),
            ),
            Identity(
                COUPLED,
                left=SumOrIntegral(coupling * cost(x, y), (x, y, z)),
                right=Expectation(PAIRED(z), cost(G, old_G)),
            ),
            Minimum(ranges, trusted=NEARBY, expression=near, symbol=u, at=a / (2 * lam * m)),
            Identity(
                ranges,
                trusted=NEARBY,
                left=Add(u, -eta * Derivative(near, u), evaluate=False),
                right=after,
            ),
            Identity(
                ranges,
                trusted=(*FROZEN, *SHORT),
                left=distance(k + 1),
                right=Add(r * distance(k), (1 - r) * w, evaluate=False),
            ),
        ),
    ),
)
