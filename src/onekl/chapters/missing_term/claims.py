"""The claims of the chapter "The missing term": su-21 and su-22.

And the families that the expansion is tried on.
"""

from __future__ import annotations

import sympy
from sympy import Add, Expr, Function, Mul, Pow, Rational, S, Symbol, exp

from onekl.claims.claim import Claim
from onekl.claims.steps import signed
from onekl.reading.glossary import MOVING as now
from onekl.reading.glossary import c
from onekl.reading.glossary import step as move
from onekl.reading.glossary import theta as parameter
from onekl.reading.reader import ARTICLE, Article, NotRead
from onekl.symbolic.algebra import KL, Gaussian, Joint, SumOrIntegral, kl_div
from onekl.symbolic.counterexample import Counterexample
from onekl.symbolic.limits import Expansion
from onekl.symbolic.lines.arithmetic import ARITHMETIC
from onekl.symbolic.lines.calculus import COMPLETING_THE_SQUARE
from onekl.symbolic.lines.chain import chain
from onekl.symbolic.lines.written import product, with_values
from onekl.symbolic.parametric.densities import Along
from onekl.symbolic.parametric.families import FamilyInstance, RandomFamilies
from onekl.symbolic.parametric.small_steps import ParametricExpansion
from onekl.symbolic.parametric.statements import ParametricIdentity
from onekl.symbolic.sampling import RandomParameters, RandomTables
from onekl.symbolic.statements import Identity, Pushforward

x, z, theta, step, mu = sympy.symbols(r"x z theta \Delta\theta mu", real=True)
t, sigma, p, p_1, p_2, odds = sympy.symbols("t sigma p p_1 p_2 omega", positive=True)
v, v_1, v_2 = sympy.symbols("v v_1 v_2", real=True)  # a direction, Δθ = tv
F_11, F_22 = sympy.symbols("F_{11} F_{22}", positive=True)
F_12 = Symbol("F_{12}", real=True)

NEW = Joint("q", (x,), {(x,): r"q_{\theta}"})
LINE = RandomTables((NEW,))
ranges = RandomParameters((
    (theta, -1, 1), (step, -1, 1), (mu, -1, 1), (v, -1, 1), (v_1, -1, 1), (v_2, -1, 1),
    (sigma, 0.5, 2), (p, 0.2, 0.8), (p_1, 0.2, 0.4), (p_2, 0.2, 0.4), (odds, 0.3, 2),
    (F_11, 1, 3), (F_22, 1, 3), (F_12, -0.9, 0.9),
))  # fmt: skip

# su-21: a generator with parameter θ, before and after its step; then any family of densities, with
# a parameter of any dimension.
noise = Gaussian(z, 0, 1)
before = now.at(parameter - move)
FAMILY = RandomFamilies((now,), directions=(move,))
second_order = SumOrIntegral(Along(now(x), parameter, move) ** 2 / (2 * now(x)), (x,))  # su-22

# Three letters with probabilities p + θ₁, p + θ₂ and the rest, at θ = 0.
theta_1, theta_2, d_1, d_2, c_1, c_2 = sympy.symbols(
    r"theta_1 theta_2 \Delta\theta_1 \Delta\theta_2 c_1 c_2", real=True
)


def three_letters(first: int, second: int) -> FamilyInstance:
    """The three letters with p = 1/3, and the step (first, second)."""
    values = (first, second, 0, 0)
    return FamilyInstance(
        values=(
            *zip((d_1, d_2, theta_1, theta_2), map(sympy.Integer, values)),
            (p, Rational(1, 3)),
        ),
        families=((now, (p + theta_1, p + theta_2, 1 - 2 * p - theta_1 - theta_2)),),
        coordinates=((parameter, (theta_1, theta_2)), (move, (d_1, d_2))),
    )


# su-22: the density's relative derivatives at θ along v: s = v·∇log q, and h, r for the second and
# third.
s, h, r = (Function(name, real=True)(x) for name in ("s", "h", "r"))


def old_density(score: Expr) -> Expr:
    """q_{θ−tv}(x) by its Taylor expansion in t, for the score v·∇log q."""
    jet = Add(1, Mul(-1, t, score, evaluate=False), t**2 * h / 2, -(t**3) * r / 6, evaluate=False)
    return Mul(NEW(x), jet, evaluate=False)


def missing(score: Expr) -> SumOrIntegral:
    """KL(q_θ ‖ q_{θ−tv}) as an integral of ℰ, for the score v·∇log q."""
    return SumOrIntegral(kl_div(NEW(x), old_density(score)), (x,))


def root(radicand: Expr) -> Expr:
    """A square root that is printed as one."""
    return Pow(radicand, Rational(1, 2), evaluate=False)


# C with CᵀC = F/2, by Cholesky: one row for each square.
form = Mul(
    Rational(1, 2),
    Add(v_1**2 * F_11, 2 * v_1 * v_2 * F_12, v_2**2 * F_22, evaluate=False),
    evaluate=False,
)
squares = Add(
    Add(
        Mul(v_1, root(F_11 / 2), evaluate=False),
        Mul(v_2, F_12 / root(2 * F_11), evaluate=False),
        evaluate=False,
    )
    ** 2,
    v_2**2 * (F_11 * F_22 - F_12**2) / (2 * F_11),
    evaluate=False,
)

shifted = Mul(F_11 / 2, Add(v_1, F_12 / F_11 * v_2, evaluate=False) ** 2, evaluate=False)
completed = Add(shifted, squares.args[1], evaluate=False)


def one_step(article: Article) -> Claim:
    """(21): the old density is that of the parameter before its step."""
    old, new = article["su-21"].steps
    if new.left != new.right or old.right.point + move != new.right.point:
        raise NotRead(f"{old.place} and {new.place} are not one step of the parameter apart")
    sums_to_1 = tuple(
        ParametricIdentity(
            FAMILY,
            left=SumOrIntegral(signed(step, "=").right, (x,)),
            right=S.One,
            proves=step.place,
        )
        for step in (old, new)
    )
    also = (
        Pushforward(
            ranges,
            value=Add(Add(theta, -step, evaluate=False), sigma * z, evaluate=False),
            under=noise,
            variable=x,
            density=Gaussian(x, Add(theta, -step, evaluate=False), sigma**2),
        ),
        ParametricExpansion(
            FAMILY,
            expression=before(x),
            step=move,
            order=1,
            value=Add(now(x), -Along(now(x), parameter, move), evaluate=False),
        ),
    )
    return Claim("su-21", sums_to_1, also=also)


def second_order_and_square(article: Article) -> Claim:
    """(22): the missing KL is a quadratic form, and no square of one linear form."""
    quadratic, square = article["su-22"].steps
    form_of_step = signed(quadratic, r"\approx").right
    expansion_of_kl = ParametricExpansion(
        FAMILY,
        expression=quadratic.left,
        step=move,
        order=2,
        value=form_of_step,
        proves=quadratic.place,
    )
    coordinates = {product(move, c): d_1 * c_1 + d_2 * c_2}
    linear = with_values(signed(square, r"\approx").right, coordinates)
    _require_quadratic(linear, square.place)
    no_square = Counterexample(
        FAMILY,
        of=ParametricIdentity(FAMILY, left=form_of_step, right=linear),
        at=tuple(three_letters(*sides) for sides in ((1, 0), (0, 1), (1, 1))),
        unknowns=(c_1, c_2),
        proves=square.place,
    )
    two_squares = Identity(
        ranges,
        left=form,
        right=squares,
        by=chain(form, (completed, COMPLETING_THE_SQUARE.name), (squares, ARITHMETIC.name)),
    )
    return Claim("su-22", (expansion_of_kl,), also=(two_squares,), refuted=(no_square,))


def _require_quadratic(form: Expr, place: str) -> None:
    """NotRead for what is not of second order in the step."""
    doubled = form.xreplace({d_1: 2 * d_1, d_2: 2 * d_2})
    if sympy.expand(doubled - 4 * form) != 0:
        raise NotRead(f"{place} is not of second order in the step")


READ = {"su-21": one_step, "su-22": second_order_and_square}

CLAIMS = tuple(read(ARTICLE) for read in READ.values())


def jets(new: Expr, old: Expr) -> Expr:
    """The contribution ℰ(new, old) to the KL at one point, to the third order in t.

    With the derivatives g = v·∇q and k of q_{θ−tv} it is t²g²/2q + t³(g³/3q² − gk/2q).
    """
    g, k = -sympy.diff(old, t).subs(t, 0), sympy.diff(old, t, 2).subs(t, 0)
    return t**2 * g**2 / (2 * new) + t**3 * (g**3 / (3 * new**2) - g * k / (2 * new))


def letters(new: tuple[Expr, ...], old: tuple[Expr, ...]) -> Expr:
    """KL(new ‖ old) of two distributions on a few letters, as a sum of ℰ."""
    return Add(*(kl_div(a, b) for a, b in zip(new, old)), evaluate=False)


p_3 = 1 - p_1 - p_2
A, B = Joint("a", (x,)), Joint("b", (x,))  # the unknown components of a mixture with odds ω
blend = odds / (1 + odds) * A(x) + B(x) / (1 + odds)


def tilted(shift: Expr) -> Expr:
    """A mixture of N(θ − shift, 1) and N(0, 1) with odds ω, times 1 + ω and divided by N(θ, 1)."""
    return odds * exp(-shift * (x - theta) - shift**2 / 2) + exp(theta**2 / 2 - theta * x)


def sampler(weight: Expr, bias: Expr) -> tuple[Expr, ...]:
    """The three probabilities of a small neural sampler.

    z is 0 or 1 with equal chances, h = tanh(weight·z + bias), and x is drawn by softmax(h, −h, 0).
    """
    hidden = (sympy.tanh(bias), sympy.tanh(weight + bias))
    return tuple(
        sum(exp(u * unit) / (exp(unit) + exp(-unit) + 1) for unit in hidden) / 2 for u in (1, -1, 0)
    )


def expansion(
    instances: RandomParameters | RandomTables, expression: Expr, value: Expr
) -> Expansion:
    """KL(q_θ ‖ q_{θ−tv}) to the third order in t.

    So the first correction to su-22's quadratic form is there too.
    """
    return Expansion(instances, expression=expression, symbol=t, order=3, value=value)


FAMILIES = {
    "Bernoulli": expansion(
        ranges,
        letters((p, 1 - p), (p - t, 1 - p + t)),
        t**2 / 2 * (1 / p + 1 / (1 - p)) + t**3 / 3 * (1 / p**2 - 1 / (1 - p) ** 2),
    ),
    "categorical": expansion(
        ranges,
        letters((p_1, p_2, p_3), (p_1 - t * v_1, p_2 - t * v_2, p_3 + t * (v_1 + v_2))),
        t**2 / 2 * (v_1**2 / p_1 + v_2**2 / p_2 + (v_1 + v_2) ** 2 / p_3)
        + t**3 / 3 * (v_1**3 / p_1**2 + v_2**3 / p_2**2 - (v_1 + v_2) ** 3 / p_3**2),
    ),
    "Gaussian mean": expansion(
        ranges, KL(Gaussian(x, mu, sigma**2), Gaussian(x, mu - t, sigma**2)), t**2 / (2 * sigma**2)
    ),
    "Gaussian scale": expansion(
        ranges,
        KL(Gaussian(x, mu, sigma**2), Gaussian(x, mu, sigma**2 * exp(-2 * t))),
        t**2 + 2 * t**3 / 3,
    ),
    "mixture weight": expansion(
        RandomTables((A, B), scalars=(odds,)),
        SumOrIntegral(kl_div(blend, blend - t * A(x) + t * B(x)), (x,)),
        t**2 * SumOrIntegral((A(x) - B(x)) ** 2 / (2 * blend), (x,))
        + t**3 * SumOrIntegral((A(x) - B(x)) ** 3 / (3 * blend**2), (x,)),
    ),
    "mixture mean": expansion(
        ranges,
        SumOrIntegral(Gaussian(x, theta, 1) * kl_div(tilted(S.Zero), tilted(t)) / (1 + odds), (x,)),
        SumOrIntegral(Gaussian(x, theta, 1) * jets(tilted(S.Zero), tilted(t)) / (1 + odds), (x,)),
    ),
}
