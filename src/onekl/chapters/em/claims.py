"""The claims of the chapter "EM": su-8 … su-11."""

from __future__ import annotations

from sympy import Add, Function, Mul, log

from onekl.chapters.joint_kl.claims import TABLES, P, Q, conditional, marginal, x, z
from onekl.claims.claim import Claim
from onekl.symbolic.algebra import KL, Entropy, Expectation, SumOrIntegral
from onekl.symbolic.notation import latex
from onekl.symbolic.objective import SameObjective
from onekl.symbolic.statements import Bound, Identity, Pushforward

f = Function("f", nonnegative=True)

joint = KL(P(x, z), Q(x, z))  # su-4's left side: the one function that both half-steps lower
# su-8, the Q-function of EM
expected_log = Expectation(P(x), SumOrIntegral(P(z, given=x) * log(Q(x, z)), (z,)))

# The M half-step: the decoder p(x|z) of the data side, with the prior as it was.
fitted = Mul(P(x, given=z), Q(z), evaluate=False)
misfit = Expectation(P(z), KL(P(x, given=z), Q(x, given=z)))
# The E half-step: the encoder q(z|x) of the model side, which su-9 writes as q(x) q(z|x).
product = Mul(Q(x, given=z), Q(z), evaluate=False)
evidence = SumOrIntegral(product, (z,))
by_bayes = Mul(Q(x), Q(z, given=x), evaluate=False)
inferred = KL(Mul(P(x), Q(z, given=x), evaluate=False), by_bayes)
normaliser = Identity(
    TABLES, left=SumOrIntegral(f(x) * evidence, (x,)), right=SumOrIntegral(f(x) * Q(x), (x,))
)

# The three lines of su-10.
by_ratio = Expectation(
    P(x), SumOrIntegral(P(z, given=x) * log(P(z, given=x) / (Q(z, given=x) * Q(x))), (z,))
)
by_divergence = Expectation(P(x), Add(KL(P(z, given=x), Q(z, given=x)), -log(Q(x)), evaluate=False))

CLAIMS = (
    Claim(
        "su-8",
        (
            SameObjective(
                TABLES,
                objective=joint,
                other=-expected_log,
                varied=(Q(x, given=z),),
                rest=-Entropy(P(x, z)),
            ),
        ),
        also=(
            Bound(TABLES, upper=joint, lower=KL(P(x, z), fitted), remainder=misfit),
            Identity(TABLES, left=KL(P(x, z), fitted), right=KL(P(z), Q(z))),
        ),
        printed=rf"q(x|z) = \mathop{{\arg\max}}_{{q(x|z)}} {latex(expected_log)}",
    ),
    Claim(
        "su-9",
        (
            Pushforward(TABLES, value=x, under=product, variable=x, density=Q(x)),
            normaliser,
            Identity(
                TABLES,
                left=Expectation(Q(x), Expectation(Q(z, given=x), f(x, z))),
                right=Expectation(Q(z), Expectation(Q(x, given=z), f(x, z))),
            ),
        ),
        printed=rf"q(x) = {latex(evidence)}, \qquad q(z|x) = \frac{{{latex(product)}}}{{q(x)}}",
    ),
    Claim(
        "su-10",
        (
            SameObjective(
                TABLES,
                objective=joint,
                other=by_ratio,
                varied=(P(z, given=x),),
                rest=-Entropy(P(x)),
            ),
            Identity(TABLES, left=by_ratio, right=by_divergence),
            SameObjective(
                TABLES,
                objective=by_divergence,
                other=conditional,
                varied=(P(z, given=x),),
                rest=-SumOrIntegral(P(x) * log(Q(x)), (x,)),
            ),
        ),
    ),
    Claim(
        "su-11",
        (
            Bound(
                TABLES,
                upper=KL(P(x, z), by_bayes),
                lower=inferred,
                remainder=conditional,
            ),
            Identity(TABLES, left=inferred, right=marginal),
            normaliser,
            Identity(
                TABLES,
                left=Expectation(P(x), Expectation(Q(z, given=x), f(x, z))),
                right=SumOrIntegral(P(x) * product / Q(x) * f(x, z), (x, z)),
            ),
        ),
        printed=rf"p(z|x) = \frac{{{latex(product)}}}{{{latex(evidence)}}}",
    ),
)
