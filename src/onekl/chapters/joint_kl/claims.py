"""The claims of the chapter "The joint-KL upper bound": su-1 … su-4, su-t2, su-t3, rq-1, rq-3.

Those of equations are made of the steps that are read from the print.
"""

from __future__ import annotations

from sympy import Add, Expr, Mul, S, log, sqrt

from onekl.claims.claim import Claim
from onekl.claims.steps import at_least, best, identity, lifted
from onekl.reading.glossary import P, Q, x, z
from onekl.reading.reader import ARTICLE, Article
from onekl.symbolic.algebra import KL, Entropy, Expectation, SumOrIntegral, kl_div
from onekl.symbolic.counterexample import Counterexample
from onekl.symbolic.instance import Instance
from onekl.symbolic.lines.chain import chain
from onekl.symbolic.lines.line import AT_LEAST, Line
from onekl.symbolic.lines.rules import (
    DEFINITION,
    INTEGRATES_TO_1,
    LINEARITY,
    LOG_OF_PRODUCT,
    NEVER_NEGATIVE,
)
from onekl.symbolic.objective import SameObjective
from onekl.symbolic.optima.best_density import Optimum
from onekl.symbolic.sampling import RandomTables
from onekl.symbolic.statements import Bound, Identity

TABLES = RandomTables((P, Q))

marginal = KL(P(x), Q(x))
conditional = Expectation(P(x), KL(P(z, given=x), Q(z, given=x)))
log_likelihood = SumOrIntegral(P(x) * log(Q(x)), (x,))
elbo = SumOrIntegral(P(z, given=x) * log(Q(x, z) / P(z, given=x)), (z,))

# Same marginals, dependent against independent: the marginals agree and the joints do not.
SAME_MARGINALS = Instance(
    tables=(
        (P, [[S(3) / 8, S(1) / 8], [S(1) / 8, S(3) / 8]]),
        (Q, [[S(1) / 4, S(1) / 4], [S(1) / 4, S(1) / 4]]),
    )
)


def hellinger(a: Expr, b: Expr) -> Bound:
    """KL(a ‖ b) ≥ ∫ (√a − √b)² dx: a small divergence means close densities a(x), b(x)."""
    above, below = sqrt(a), sqrt(b)
    ratio, ratio_of_roots = log(a / b), log(above / below)
    gap = Add(above * ratio_of_roots, -above, below, evaluate=False)  # ℰ of the two roots
    both = (
        Add(Mul(a, ratio), b, -a, evaluate=False),
        Add(2 * a * ratio_of_roots, b, -a, evaluate=False),
    )
    lower = SumOrIntegral((above - below) ** 2, (x,))
    remainder = SumOrIntegral(2 * above * kl_div(above, below), (x,))
    apart = SumOrIntegral(Mul(2, above, gap, evaluate=False), (x,))
    return Bound(
        TABLES,
        upper=KL(a, b),
        lower=lower,
        remainder=remainder,
        by=chain(
            KL(a, b),
            (SumOrIntegral(a * ratio, (x,)), DEFINITION),
            (SumOrIntegral(both[0], (x,)), INTEGRATES_TO_1),
            (SumOrIntegral(both[1], (x,)), LOG_OF_PRODUCT),
            (Add(lower, apart, evaluate=False), LINEARITY),
            (Add(lower, remainder, evaluate=False), DEFINITION),
            Line(lower, NEVER_NEGATIVE, AT_LEAST),
        ),
    )


def is_stronger(joint: Expr, smaller: Expr) -> Counterexample:
    """The joint divergence is not the marginal one: where the marginals agree, it need not be 0."""
    equal = Identity(TABLES, left=joint, right=smaller)
    return Counterexample(TABLES, of=equal, at=(SAME_MARGINALS,))


def model_density(article: Article) -> Claim:
    """(1): the model's density of x."""
    (step,) = article["su-1"].steps
    return Claim("su-1", (lifted(step, TABLES, (x,)),))


def most_likely(article: Article) -> Claim:
    """(2): the best density, among all, is the data's."""
    (step,) = article["su-2"].steps
    likelihood = best(step, "max", r"\theta")
    optimum = Optimum(TABLES, functional=likelihood, density=Q(x), at=P(x), proves=step.place)
    return Claim("su-2", (optimum,))


def divergence(article: Article) -> Claim:
    """(3): what KL is."""
    (step,) = article["su-3"].steps
    return Claim("su-3", (identity(step, TABLES),))


def upper_bound(article: Article) -> Claim:
    """(4): the joint KL taken apart, and what is left when a part is left out."""
    apart, bound = article["su-4"].steps
    return Claim("su-4", (identity(apart, TABLES), at_least(bound, TABLES, apart.left)))


READ = {
    "su-1": model_density,
    "su-2": most_likely,
    "su-3": divergence,
    "su-4": upper_bound,
}

CLAIMS = (
    *(read(ARTICLE) for read in READ.values()),
    Claim(
        "su-t2",
        (
            Bound(
                TABLES,
                upper=KL(Q(x, z), P(x, z)),
                lower=KL(Q(x), P(x)),
                remainder=Expectation(Q(x), KL(Q(z, given=x), P(z, given=x))),
            ),
            hellinger(P(x), Q(x)),
            hellinger(Q(x), P(x)),
            is_stronger(KL(P(x, z), Q(x, z)), marginal),
            is_stronger(KL(Q(x, z), P(x, z)), KL(Q(x), P(x))),
        ),
    ),
    Claim(
        "su-t3",
        (
            SameObjective(
                TABLES,
                objective=marginal,
                other=-log_likelihood,
                varied=(Q(x),),
                rest=-Entropy(P(x)),
            ),
        ),
    ),
    Claim(
        "rq-1",
        (
            Identity(
                TABLES,
                left=KL(P(x, z), Q(x, z)),
                right=Add(-Expectation(P(x), elbo), -Entropy(P(x)), evaluate=False),
            ),
            Bound(
                TABLES,
                upper=Expectation(P(x), log(Q(x))),
                lower=Expectation(P(x), elbo),
                remainder=conditional,
            ),
        ),
    ),
    Claim(
        "rq-3",
        (
            Identity(
                TABLES,
                left=marginal,
                right=SumOrIntegral(Mul(P(x), P(z, given=x), log(P(x) / Q(x))), (x, z)),
            ),
        ),
    ),
)
