"""The specimens of the bug museum: the field's mistakes, which the check rejects, and what is true.

They are no claims of the sources and do not enter the ledger.  Their words are in `specimens.toml`.
"""

from __future__ import annotations

from dataclasses import replace

import sympy
from sympy import Add, Derivative, Expr, Integer, Mul, Rational, S, exp, log, pi

from onekl.chapters.joint_kl.claims import TABLES, P, Q, x, z
from onekl.chapters.museum.specimen import Specimen, make_specimen
from onekl.chapters.vae.claims import gaussian_kl, mu, s, sigma, slope, tau, v
from onekl.symbolic.algebra import KL, Expectation, Gaussian
from onekl.symbolic.instance import Instance
from onekl.symbolic.limits import Limit
from onekl.symbolic.lines.arithmetic import ARITHMETIC, LOGARITHMS
from onekl.symbolic.lines.calculus import POSITIVE_TERMS
from onekl.symbolic.lines.chain import chain
from onekl.symbolic.lines.line import AT_LEAST, Line
from onekl.symbolic.optima.minimum import Minimum
from onekl.symbolic.sampling import RandomParameters
from onekl.symbolic.statements import Bound, Identity

HALF = Rational(1, 2)
a, b, c, t, m, logit = sympy.symbols("a b c t m ell", real=True)
a_1, a_2, b_1, b_2, e_1, e_2 = sympy.symbols("a_1 a_2 b_1 b_2 epsilon_1 epsilon_2", real=True)
epsilon = sympy.Symbol("epsilon", real=True)
u, n, pixels = sympy.symbols("u n d", positive=True)
anywhere = (mu, v, x, z, a, b, c, t, m, logit, a_1, a_2, b_1, b_2, e_1, e_2)
ranges = RandomParameters((
    *((symbol, -2, 2) for symbol in anywhere),
    (sigma, 0.2, 2), (s, 0.3, 2), (slope, 0.3, 2), (tau, 0.1, 3),
    (u, 0.1, 0.9), (n, 3, 30), (pixels, 2, 30),
))  # fmt: skip

prior = Gaussian(z, 0, 1)
noise = Gaussian(epsilon, 0, 1)
D, not_D = 1 / Add(1, exp(-logit), evaluate=False), 1 / Add(1, exp(logit), evaluate=False)

CLAIMS = ()  # the specimens are no claims of the sources


def equal(left: Expr, right: Expr, *between: Expr) -> Identity:
    """left = right, for parameters in their ranges, with lines of arithmetic in between."""
    by = chain(left, *((line, ARITHMETIC.name) for line in (*between, right))) if between else ()
    return Identity(ranges, left=left, right=right, by=by)


def here(**values: int | str | Expr) -> Instance:
    """The instance with these values of symbols, by their names."""
    symbols = {symbol.name: symbol for symbol, _, _ in ranges.ranges}
    return Instance(
        values=tuple((symbols[name], sympy.sympify(value)) for name, value in values.items())
    )


def kl_with_wrong_sign() -> Specimen:
    """bug-1: the KL to the standard normal prior as it is written in two programs."""
    to_prior = KL(Gaussian(z, mu, sigma**2), prior)

    def half(*terms: Expr) -> Expr:
        """Half of a sum, as it is written."""
        return Mul(HALF, Add(*terms, evaluate=False), evaluate=False)

    sign_lost = half(1, log(sigma**2), -(mu**2), -(sigma**2))
    log_squared = half(sigma**2, mu**2, -1, log(sigma) ** 2)
    return make_specimen(
        "bug-1",
        said=(equal(to_prior, sign_lost), equal(to_prior, log_squared)),
        true=(equal(to_prior, gaussian_kl),),
        at=(here(mu=1, sigma=1), here(mu=0, sigma=sympy.E)),
    )


def log_variance_as_deviation() -> Specimen:
    """bug-2: v is the logarithm of the variance; z = μ + vε and z = μ + exp(v)ε do not have it."""

    def variance(scale: Expr) -> Expectation:
        """The variance of μ + scale · ε."""
        return Expectation(noise, Mul(scale, epsilon, evaluate=False) ** 2)

    return make_specimen(
        "bug-2",
        said=(equal(variance(v), exp(v)), equal(variance(exp(v)), exp(v))),
        true=(equal(variance(exp(v / 2)), exp(v)), equal(variance(v), v**2)),
        at=(here(v=0), here(v=2)),
    )


def sum_against_mean() -> Specimen:
    """bug-3: d pixels of one kind, each with the decoder's mean wz; the encoder's best variance."""
    encoder = Gaussian(z, mu, tau)
    one_pixel = Expectation(encoder, Add(x, -slope * z, evaluate=False) ** 2) / (2 * s**2)
    rate = KL(encoder, prior)
    summed = Add(pixels * one_pixel, rate, evaluate=False)
    averaged = Add(one_pixel, rate, evaluate=False)
    right_variance = s**2 / Add(s**2, pixels * slope**2, evaluate=False)
    wrong_variance = s**2 / Add(s**2, slope**2, evaluate=False)
    line = (
        r"\text{the decoder's mean is } wz \text{ at each of the } d \text{ pixels, "
        r"and is held fixed}",
    )

    def least(loss: Expr, at: Expr) -> Minimum:
        """The loss as a function of the encoder's variance is least there."""
        return Minimum(ranges, trusted=line, expression=loss, symbol=tau, at=at)

    return make_specimen(
        "bug-3",
        said=(least(averaged, right_variance),),
        true=(least(summed, right_variance), least(averaged, wrong_variance)),
        at=(here(s=1, w=1, d=3, x=0, mu=0, tau="1/2"),),
    )


def prior_dropped() -> Specimen:
    """bug-4: the bound with and without −log q(z), against the cross entropy of the data."""
    given_z, posterior, code_prior = Q(x, given=z), P(z, given=x), Q(z)

    def mean(*terms: Expr) -> Expectation:
        """The mean of a sum over data and their codes."""
        return Expectation(P(x), Expectation(posterior, Add(*terms, evaluate=False)))

    bound = mean(-log(given_z), -log(code_prior), log(posterior))
    no_prior = mean(-log(given_z), log(posterior))
    surprise = Expectation(P(x), -log(Q(x)))
    gap = Expectation(P(x), KL(posterior, Q(z, given=x)))
    flat = [[Rational(1, 4)] * 2] * 2
    return make_specimen(
        "bug-4",
        said=(Bound(TABLES, upper=no_prior, lower=surprise, remainder=gap),),
        true=(Bound(TABLES, upper=bound, lower=surprise, remainder=gap),),
        at=(Instance(tables=((P, flat), (Q, flat))),),
    )


def loss_near_0_where_it_diverges() -> Specimen:
    """bug-5: −log(1 − D) where D is close to 1; u is 1 − D, and D is the sigmoid of the logit."""
    loss = -log(not_D)
    above_the_logit = log(Add(1, exp(-logit), evaluate=False))
    by_the_exponential = Mul(exp(logit), Add(1, exp(-logit), evaluate=False), evaluate=False)
    return make_specimen(
        "bug-5",
        said=(Limit(ranges, expression=-log(u), symbol=u, point=S.Zero, value=S.Zero),),
        true=(
            equal(loss, log(Add(1, exp(logit), evaluate=False))),
            Bound(
                ranges,
                upper=loss,
                lower=logit,
                remainder=above_the_logit,
                by=chain(
                    loss,
                    (log(Add(1, exp(logit), evaluate=False)), LOGARITHMS.name),
                    (log(by_the_exponential, evaluate=False), ARITHMETIC.name),
                    (Add(logit, above_the_logit, evaluate=False), LOGARITHMS.name),
                    Line(logit, POSITIVE_TERMS.name, AT_LEAST),
                ),
            ),
        ),
        at=(here(),),
    )


def two_losses_said_to_be_one() -> Specimen:
    """bug-6: the slopes of −log D and of log(1 − D) by the logit."""
    standard_slope, minimax_slope = Derivative(-log(D), logit), Derivative(log(not_D), logit)
    return make_specimen(
        "bug-6",
        said=(equal(standard_slope, minimax_slope),),
        true=(equal(standard_slope, Add(D, -1, evaluate=False)), equal(minimax_slope, -D)),
        at=(here(ell=-log(99)),),
    )


def between(share: Expr, data: Expr, sample: Expr) -> Expr:
    """The point of a gradient penalty: share · data + (1 − share) · sample."""
    rest = Add(1, -share, evaluate=False)
    return Add(Mul(share, data), Mul(rest, sample, evaluate=False), evaluate=False)


def epsilon_per_pixel() -> Specimen:
    """bug-7: between the data point (a₁, a₂) and the sample (b₁, b₂), with ε₁ and ε₂ of its own."""
    from_sample_1 = Add(between(e_1, a_1, b_1), -b_1, evaluate=False)
    from_sample_2 = Add(between(e_2, a_2, b_2), -b_2, evaluate=False)
    off_the_line = Add(
        Mul(from_sample_1, a_2 - b_2, evaluate=False),
        -Mul(from_sample_2, a_1 - b_1, evaluate=False),
        evaluate=False,
    )
    along_1, along_2 = (
        Mul(*factors, evaluate=False)
        for factors in ((e_1, a_1 - b_1, a_2 - b_2), (-1, e_2, a_2 - b_2, a_1 - b_1))
    )
    apart = (e_1 - e_2) * (a_1 - b_1) * (a_2 - b_2)
    corner = dict(a_1=1, a_2=1, b_1=0, b_2=0, epsilon_1=1, epsilon_2=0)
    return make_specimen(
        "bug-7",
        said=(equal(off_the_line, S.Zero),),
        true=(equal(off_the_line, apart, Add(along_1, along_2, evaluate=False)),),
        at=(here(**corner),),
    )


def epsilon_normal() -> Specimen:
    """bug-8: ε(1 − ε) is at least 0 exactly on the segment; its mean and the point's, ε normal."""
    inside = Mul(epsilon, Add(1, -epsilon, evaluate=False), evaluate=False)
    mean_inside = Expectation(noise, inside)
    mean_point = Expectation(noise, between(epsilon, a, b))
    return make_specimen(
        "bug-8",
        said=(equal(mean_inside, Rational(1, 6)), equal(mean_point, (a + b) / 2)),
        true=(
            equal(
                Expectation(Gaussian(epsilon, m, sigma**2), inside),
                Add(m * (1 - m), -(sigma**2), evaluate=False),
            ),
            equal(mean_point, b),
        ),
        at=(here(), here(a=1, b=0)),
    )


def epsilon_fixed_at_1() -> Specimen:
    """bug-9: a critic with the slope 1 at the data point a alone, and its gap to the sample b."""
    critic = Add(x, c * (x - a) ** 2 / 2, evaluate=False)
    penalty = Add(Derivative(critic, x), -1, evaluate=False) ** 2
    gap = Add(critic.subs(x, a), -critic.subs(x, b), evaluate=False)
    return make_specimen(
        "bug-9",
        said=(equal(penalty, S.Zero), equal(gap, a - b)),
        true=(
            equal(penalty, c**2 * (x - a) ** 2),
            equal(
                gap,
                Add(a - b, -c * (a - b) ** 2 / 2, evaluate=False),
                Add(a, -b, -c * (b - a) ** 2 / 2, evaluate=False),
            ),
        ),
        at=(here(a=1, c=3, x=0), here(a=1, b=0, c=-10)),
    )


def ring_with_its_end() -> Specimen:
    """bug-10: the angle of the last of n centres on a ring, when the first is at 0."""
    before = Add(n, -1, evaluate=False)
    last_of_linspace = Mul(before, 2 * pi / before, evaluate=False)
    last_of_ring = Add(2 * pi, -2 * pi / n, evaluate=False)
    return make_specimen(
        "bug-10",
        said=(equal(last_of_linspace, last_of_ring),),
        true=(
            equal(Mul(before, 2 * pi / n, evaluate=False), last_of_ring),
            equal(last_of_linspace, 2 * pi),
        ),
        at=(here(n=8),),
    )


def mean_over_codes(*terms: Expr) -> Expectation:
    """The mean of a sum over data x ~ p̃(x) and their codes z ~ p(z|x)."""
    return Expectation(P(x), Expectation(P(z, given=x), Add(*terms, evaluate=False)))


def on_tables(left: Expr, right: Expr) -> Identity:
    """left = right for every joint distribution p(x, z) and q(x, z)."""
    return Identity(TABLES, left=left, right=right)


# AVB's bound (avb-2), and the KL in it, for which its T stands.
bound = mean_over_codes(log(Q(x, given=z)), log(Q(z)), -log(P(z, given=x)))
rate = Expectation(P(x), KL(P(z, given=x), Q(z)))
HALVES, FLAT = [[HALF, 0], [0, HALF]], [[Rational(1, 4)] * 2] * 2
APART = Instance(tables=((P, HALVES), (Q, FLAT)))  # each x has a code of its own


def discriminator_blind_to_x() -> Specimen:
    """bug-11: what the best T(z) stands for, and what the best T(x, z) does."""
    of_all_codes = KL(P(z), Q(z))
    information = Expectation(P(x), KL(P(z, given=x), P(z)))
    return make_specimen(
        "bug-11",
        said=(on_tables(rate, of_all_codes),),
        true=(on_tables(rate, Add(information, of_all_codes, evaluate=False)),),
        at=(APART,),
    )


def labels_swapped() -> Specimen:
    """bug-12: the best T for exchanged labels is log q(z) − log p(z|x), with its sign turned."""
    turned = mean_over_codes(log(Q(x, given=z)), -log(Q(z)), log(P(z, given=x)))
    return make_specimen(
        "bug-12",
        said=(on_tables(turned, bound),),
        true=(on_tables(turned, Add(bound, 2 * rate, evaluate=False)),),
        at=(APART,),
    )


def likelihood_per_pixel() -> Specimen:
    """bug-13: log q(x|z) as a mean over d pixels beside the whole T; both sides times d."""
    per_pixel = Add(mean_over_codes(log(Q(x, given=z))), -pixels * rate, evaluate=False)
    heavier = Mul(Add(pixels, -1, evaluate=False), rate, evaluate=False)
    tables = replace(TABLES, scalars=(pixels,))
    right = Add(bound, -heavier, evaluate=False)
    return make_specimen(
        "bug-13",
        said=(Identity(tables, left=per_pixel, right=bound),),
        true=(Identity(tables, left=per_pixel, right=right),),
        at=(replace(APART, values=((pixels, Integer(2)),)),),
    )


SPECIMENS = (
    kl_with_wrong_sign(),
    log_variance_as_deviation(),
    sum_against_mean(),
    prior_dropped(),
    loss_near_0_where_it_diverges(),
    two_losses_said_to_be_one(),
    epsilon_per_pixel(),
    epsilon_normal(),
    epsilon_fixed_at_1(),
    ring_with_its_end(),
    discriminator_blind_to_x(),
    labels_swapped(),
    likelihood_per_pixel(),
)
