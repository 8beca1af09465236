"""avb-9 and avb-10: the gradient of T* that is dropped, and where AVB's game leads.

The notes' q_φ(z|x) is the encoder p(z|x) of the data side, their p(z) the prior q(z).
T is high at the encoder's pairs, so that T* = log p(z|x) − log q(z).
"""

from __future__ import annotations

import sympy
from sympy import Add, Expr, Function, Rational, S, log

from onekl.claims.claim import Claim
from onekl.reading.glossary import OLD_P, P, Q, x, z
from onekl.symbolic.algebra import KL, Entropy, Expectation, Joint, SumOrIntegral
from onekl.symbolic.counterexample import Counterexample
from onekl.symbolic.instance import Instance
from onekl.symbolic.lines.chain import chain
from onekl.symbolic.lines.moving_densities import CHAIN_RULE, STAYS_1, UNDER_THE_INTEGRAL
from onekl.symbolic.lines.rules import DEFINITION, LINEARITY
from onekl.symbolic.lines.written import negative, product, ratio, total
from onekl.symbolic.parametric.densities import Along, ParametricJoint, VectorSymbol
from onekl.symbolic.parametric.families import FamilyInstance, RandomFamilies
from onekl.symbolic.parametric.statements import ParametricIdentity
from onekl.symbolic.premises import Equal
from onekl.symbolic.sampling import RandomTables
from onekl.symbolic.statements import Bound, Identity

HALF = Rational(1, 2)


def log_ratio(above: Expr, below: Expr) -> Expr:
    """log(above/below) as it is written."""
    return log(ratio(above, below), evaluate=False)


# avb-9: an encoder with a parameter of any dimension, and any direction that φ may move in.
phi, v = VectorSymbol("phi"), VectorSymbol("v")
DATA = Joint(r"\tilde{p}", (x,))
ENCODER = ParametricJoint("p", (x, z), phi)
REFERENCE = ParametricJoint("r", (x, z), phi)
FAMILIES = RandomFamilies((DATA, ENCODER, Q), directions=(v,))
CONTRAST = RandomFamilies((DATA, ENCODER, REFERENCE), directions=(v,))
encoder, reference = ENCODER(z, given=x), REFERENCE(z, given=x)
whole = SumOrIntegral(encoder, (z,))

# At one x, which is left out: the codes' law p_φ(z) and what a code earns, g(z) = log q(x|z).
CODES = ParametricJoint("p", (z,), phi)
AT_ONE_X = RandomFamilies((CODES, Joint("q", (z,))), directions=(v,))
codes, prior = CODES(z), Q(z)
earned = Function("g", real=True)(z)

# Two codes with the chances φ and 1 − φ, at φ = ¼, and an even prior.
first, second, move = sympy.symbols("phi_1 phi_2 v_1", real=True)
TWO_CODES = FamilyInstance(
    values=((first, Rational(1, 4)), (move, S.One)),
    families=((CODES, (first, 1 - first)),),
    coordinates=((phi, (first,)), (v, (move,))),
)


def along(expression: Expr) -> Along:
    """v·∇_φ of the expression."""
    return Along(expression, phi, v)


def over_codes(integrand: Expr) -> SumOrIntegral:
    """∫ integrand dz."""
    return SumOrIntegral(integrand, (z,))


def over_data(inside: Expr) -> SumOrIntegral:
    """∫ p̃(x) inside dx."""
    return SumOrIntegral(product(DATA(x), inside), (x,))


def mean_over_pairs(inside: Expr) -> Expectation:
    """E over p̃(x), and over the encoder's z at x."""
    return Expectation(DATA(x), Expectation(encoder, inside))


def slope_of_best() -> ParametricIdentity:
    """E[∇_φ T*] = 0: the mean slope of T* is that of ∫ p_φ = 1."""
    slope = along(log_ratio(encoder, prior))
    start = mean_over_pairs(slope)
    lines = chain(
        start,
        (over_data(over_codes(product(encoder, slope))), DEFINITION),
        (over_data(over_codes(along(encoder))), CHAIN_RULE.name),
        (over_data(along(whole)), UNDER_THE_INTEGRAL.name),
        (S.Zero, STAYS_1.name),
    )
    return ParametricIdentity(FAMILIES, left=start, right=S.Zero, by=lines)


def slope_of_bound() -> ParametricIdentity:
    """∇_φ of the bound at one x is that of E[g − T] with T held at T*."""
    score = total(earned, negative(log_ratio(codes, prior)))
    start = along(over_codes(product(codes, score)))
    held, rest = product(score, along(codes)), along(codes)
    lines = chain(
        start,
        (over_codes(along(product(codes, score))), UNDER_THE_INTEGRAL.name),
        (over_codes(total(held, negative(rest))), CHAIN_RULE.name),
        (total(over_codes(held), negative(over_codes(rest))), LINEARITY),
        (total(over_codes(held), negative(along(over_codes(codes)))), UNDER_THE_INTEGRAL.name),
        (over_codes(held), STAYS_1.name),
    )
    return ParametricIdentity(AT_ONE_X, left=start, right=over_codes(held), by=lines)


def slope_against_moving_reference() -> ParametricIdentity:
    """E[∇_φ T*] = −E[∇_φ log r] where T* is against a reference that moves with φ too."""
    slope = along(log_ratio(encoder, reference))
    start, of_r = mean_over_pairs(slope), along(log(reference))
    left_of_r = negative(over_data(over_codes(product(encoder, of_r))))
    end = mean_over_pairs(negative(of_r))
    lines = chain(
        start,
        (over_data(over_codes(product(encoder, slope))), DEFINITION),
        (
            over_data(over_codes(total(along(encoder), negative(product(encoder, of_r))))),
            CHAIN_RULE.name,
        ),
        (total(over_data(over_codes(along(encoder))), left_of_r), LINEARITY),
        (total(over_data(along(whole)), left_of_r), UNDER_THE_INTEGRAL.name),
        (left_of_r, STAYS_1.name),
        (end, DEFINITION),
    )
    return ParametricIdentity(CONTRAST, left=start, right=end, by=lines)


def mixed_is_no_best() -> Counterexample:
    """E[∇_φ T] = 0 is false of a T that is the best against half of the prior."""
    blurred = log(Add(codes, HALF, evaluate=False), evaluate=False)
    dropped = over_codes(product(codes, along(blurred)))
    return Counterexample(
        AT_ONE_X,
        of=ParametricIdentity(AT_ONE_X, left=dropped, right=S.Zero),
        at=(TWO_CODES,),
    )


def halfway_is_no_slope() -> Counterexample:
    """With T halfway to T* the held slope is another than the KL's."""
    held = over_codes(product(HALF, log(2 * codes), along(codes)))
    of_kl = along(over_codes(product(codes, log(2 * codes))))
    return Counterexample(
        AT_ONE_X,
        of=ParametricIdentity(AT_ONE_X, left=held, right=of_kl),
        at=(TWO_CODES,),
    )


# avb-10: the game of T with encoder and decoder.
TABLES = RandomTables((P, Q))
STEP = RandomTables((P, Q, OLD_P))
T = Function("T", real=True)(x, z)
data, code, old_code = P(x), P(z, given=x), OLD_P(z, given=x)
BEST_T = Equal(T, log(code / prior))
evidence = Expectation(data, log(Q(x)))

# A model and its own data: two x, two codes, an even prior, and the posterior ¾ and ¼.
FITTED = [[Rational(3, 8), Rational(1, 8)], [Rational(1, 8), Rational(3, 8)]]
AT_THE_END = Instance(tables=((P, FITTED), (Q, FITTED)))


def over_pairs(inside: Expr) -> Expectation:
    """E over p̃(x) p(z|x)."""
    return Expectation(data, Expectation(code, inside))


def ends_at_the_posterior() -> Bound:
    """With T at its best the objective is log q(x) less the encoder's KL from the posterior."""
    return Bound(
        TABLES,
        given=(BEST_T,),
        upper=evidence,
        lower=over_pairs(total(negative(T), log(Q(x, given=z)))),
        remainder=Expectation(data, KL(code, Q(z, given=x))),
    )


def ends_at_maximum_likelihood() -> Bound:
    """Over all decoders, the mean of log q(x) is largest where q(x) is the data."""
    return Bound(
        TABLES,
        upper=-Entropy(data),
        lower=evidence,
        remainder=KL(data, Q(x)),
    )


def held_t_loses_a_kl() -> Identity:
    """E T* is E T for the T of the old encoder, and the KL from the old encoder to the new one."""
    return Identity(
        STEP,
        left=Expectation(data, KL(code, prior)),
        right=total(over_pairs(log_ratio(old_code, prior)), Expectation(data, KL(code, old_code))),
    )


def other_game() -> Bound:
    """If the encoder lowered what T raises, it would go to the prior: −log 4 is reached there."""
    own = Joint("p", (z,))(z)  # p(z|x) at one x, which is left out
    middle = Add(own / 2, prior / 2, evaluate=False)
    value = total(*(over_codes(product(s, log_ratio(s, own + prior))) for s in (own, prior)))
    return Bound(
        RandomTables((Joint("p", (z,)), Joint("q", (z,)))),
        upper=value,
        lower=-log(4),
        remainder=total(*(KL(side, middle) for side in (own, prior))),
    )


def to_the_prior() -> Counterexample:
    """As the notes say it: at the equilibrium, where p(z|x) = q(z|x), the encoder is the prior."""
    is_posterior = Identity(TABLES, left=Expectation(data, KL(code, Q(z, given=x))), right=S.Zero)
    is_prior = Identity(TABLES, left=Expectation(data, KL(code, prior)), right=S.Zero)
    return Counterexample(TABLES, of=is_prior, at=(AT_THE_END,), where=(is_posterior,))


CLAIMS = (
    Claim(
        "avb-9",
        (slope_of_best(), slope_of_bound()),
        also=(slope_against_moving_reference(), mixed_is_no_best(), halfway_is_no_slope()),
    ),
    Claim(
        "avb-10",
        (ends_at_the_posterior(), ends_at_maximum_likelihood()),
        also=(held_t_loses_a_kl(), other_game()),
        refuted=(to_the_prior(),),
    ),
)
