"""The claims of the chapter "EM": su-8 … su-11."""

from __future__ import annotations

from sympy import Function, Mul, log

from onekl.chapters.joint_kl.claims import TABLES, P, Q, conditional, marginal, x, z
from onekl.claims.claim import Claim
from onekl.claims.stated import Stated
from onekl.claims.steps import best, lifted, same_optimum, same_value, signed
from onekl.reading.reader import ARTICLE, Article, NotRead
from onekl.symbolic.algebra import KL, Entropy, Expectation, SumOrIntegral
from onekl.symbolic.lines.chain import chain
from onekl.symbolic.lines.line import Line
from onekl.symbolic.lines.rules import EQUATION, PRODUCT_RULE
from onekl.symbolic.lines.written import negative, product, ratio
from onekl.symbolic.objective import SameObjective
from onekl.symbolic.premises import Equal
from onekl.symbolic.statements import Bound, Identity

f = Function("f", nonnegative=True)

joint = KL(P(x, z), Q(x, z))  # su-4's left side: the one function that both half-steps lower

# The M half-step: the decoder p(x|z) of the data side, with the prior as it was.
fitted = Mul(P(x, given=z), Q(z), evaluate=False)
misfit = Expectation(P(z), KL(P(x, given=z), Q(x, given=z)))
# The E half-step: the encoder q(z|x) of the model side, which su-9 writes as q(x) q(z|x).
by_bayes = Mul(Q(x), Q(z, given=x), evaluate=False)
inferred = KL(Mul(P(x), Q(z, given=x), evaluate=False), by_bayes)

by_ratio, by_divergence, _ = (line.objective for line in ARTICLE["su-10"].clauses[0][1:])


def half_step_of_the_model(article: Article) -> Claim:
    """(8): with the data side fixed, the joint KL is lowered where the expected log is raised."""
    (step,) = article["su-8"].steps
    varied = step.left
    raised = SameObjective(
        TABLES,
        objective=article["su-5"].steps[0].left,
        other=negative(best(step, "max", str(varied))),
        varied=(varied,),
        rest=-Entropy(P(x, z)),
        proves=step.place,
    )
    also = (
        Bound(TABLES, upper=joint, lower=KL(P(x, z), fitted), remainder=misfit),
        Identity(TABLES, left=KL(P(x, z), fitted), right=KL(P(z), Q(z))),
    )
    return Claim("su-8", (raised,), also=also)


def bayes(article: Article) -> Claim:
    """(9): the model's density of x, and its posterior."""
    evidence_of, posterior = article["su-9"].steps
    return Claim(
        "su-9",
        (
            lifted(evidence_of, TABLES, (x,)),
            lifted(posterior, TABLES, (x, z), Q(x)),
        ),
    )


def three_lines(article: Article) -> Claim:
    """(10): with the model fixed, what is left of the joint KL in the encoder."""
    first, second, third = article["su-10"].steps
    varied = (first.left,)
    data_term = -Entropy(P(x))
    evidence_term = -SumOrIntegral(P(x) * log(Q(x)), (x,))
    start = SameObjective(
        TABLES,
        objective=article["su-5"].steps[0].left,
        other=best(first, "min", str(first.left)),
        varied=varied,
        rest=data_term,
        proves=first.place,
    )
    return Claim(
        "su-10",
        (
            start,
            same_value(second, TABLES),
            same_optimum(third, TABLES, varied, evidence_term),
        ),
    )


def exact_posterior(article: Article) -> Claim:
    """(11): the best encoder is the model's posterior."""
    (step,) = article["su-11"].steps
    if step.left != article["su-10"].steps[0].left:
        raise NotRead(f"{step.place} is of something else than what (10) varies")
    evidence_of = article["su-9"].steps[0]
    evidence = Equal(evidence_of.right, evidence_of.left)
    at_posterior = SumOrIntegral(product(f(x, z), P(x), Q(z, given=x)), (x, z))
    by_rule = SumOrIntegral(
        product(f(x, z), P(x), ratio(product(Q(x, given=z), Q(z)), Q(x))), (x, z)
    )
    as_printed = SumOrIntegral(product(f(x, z), P(x), signed(step, "=").right), (x, z))
    return Claim(
        "su-11",
        (
            Bound(
                TABLES,
                upper=KL(P(x, z), by_bayes),
                lower=inferred,
                remainder=conditional,
            ),
            Identity(TABLES, left=inferred, right=marginal),
            Identity(
                TABLES,
                given=(evidence,),
                left=at_posterior,
                right=as_printed,
                proves=step.place,
                by=chain(
                    at_posterior,
                    (by_rule, PRODUCT_RULE),
                    Line(as_printed, EQUATION, uses=(evidence,)),
                ),
            ),
        ),
        stated=(Stated("evidence", evidence),),
    )


READ = {
    "su-8": half_step_of_the_model,
    "su-9": bayes,
    "su-10": three_lines,
    "su-11": exact_posterior,
}

CLAIMS = tuple(read(ARTICLE) for read in READ.values())
