"""The best real function is found: critics, logits, regressions; false neighbours are refused."""

from itertools import count, islice
from random import Random

import mpmath
import pytest
import sympy
from sympy import Function, Mul, Rational, S, exp, log

from onekl.symbolic.algebra import ClassProbability, Expectation, Joint, SumOrIntegral
from onekl.symbolic.mutants import mutants
from onekl.symbolic.numeric import DIGITS
from onekl.symbolic.optima.best_function import OptimalFunction
from onekl.symbolic.proof import NotProved
from onekl.symbolic.sampling import RandomParameters, RandomTables
from provers import accepted, refusal, worst

x, y, z = sympy.symbols("x y z")
P, Q = Joint("p", (x, z), {(x,): r"\tilde{p}"}), Joint("q", (x, z))
TABLES = RandomTables((P, Q))
LABELS = RandomTables((Joint("p", (x, y)),))
p, q, p_xy = P(x), Q(x), LABELS.joints[0]
T, pair = Function("T", real=True)(x), Function("T", real=True)(x, z)
f = Function("f", real=True)(x)
mean = Expectation(p_xy(y, given=x), y)
on_pairs, off_pairs = P(x) * Q(z, given=x), P(x) * Q(z)


def best(functional, at, function=T, instances=TABLES, sense="min"):
    return OptimalFunction(instances, functional=functional, function=function, at=at, sense=sense)


def softplus(value):
    return log(1 + exp(value))


def sigmoid(value):
    return 1 / (1 + exp(-value))


def E(weight, value):
    return Expectation(weight, value)


LOGIT = E(q, softplus(-T)) + E(p, softplus(T))
DONSKER = E(p, T) - E(q, exp(T - 1))
SQUARES = E(p, (sigmoid(T) - 1) ** 2) + E(q, sigmoid(T) ** 2)
AVB = E(on_pairs, softplus(-pair)) + E(off_pairs, softplus(pair))
REGRESSION = E(p_xy(x, y), (f - y) ** 2)
ONE = r"\tilde{p}(x) > 0 \text{ wherever } q(x) > 0"
OTHER = r"q(x) > 0 \text{ wherever } \tilde{p}(x) > 0"
LEAST, MOST = r"\text{the smallest value is finite}", r"\text{the largest value is finite}"
MEAN = r"\int y p(y|x) \,dy \text{ is finite}"

# Each true statement with what it supposes beyond the range of the function.
TRUE = {
    "a logit": (best(LOGIT, log(q / p)), {ONE, OTHER}),
    "a logit, weighted": (best(3 * LOGIT, log(q) - log(p)), {ONE, OTHER}),
    "least squares of a sigmoid": (best(SQUARES, log(p / q)), {ONE, OTHER, LEAST}),
    "an f-GAN's critic": (best(DONSKER, 1 + log(p / q), sense="max"), {ONE, OTHER, MOST}),
    "a ratio of densities": (best(E(q, T**2) - 2 * E(p, T), p / q), {OTHER, LEAST}),
    "a share": (best(E(p, (T - 1) ** 2) + E(q, T**2), p / (p + q)), {LEAST}),
    "a constant": (best(E(p, (T - 3) ** 2), S(3)), {r"\tilde{p}(x) > 0"}),
    "a regression": (best(REGRESSION, mean, f, LABELS), {LEAST, MEAN}),
    "a regression on 2y": (
        best(E(p_xy(x, y), (f - 2 * y) ** 2), 2 * mean, f, LABELS),
        {LEAST, MEAN},
    ),
    "a function of x on pairs": (
        best(E(P(x, z), (T - 1) ** 2) + E(Q(x, z), T**2), p / (p + q)),
        {LEAST},
    ),
}
FALSE = {
    "the ratio upside down": best(LOGIT, log(p / q)),
    "a constant forgotten": best(DONSKER, log(p / q), sense="max"),
    "a minimum for a maximum": best(DONSKER, 1 + log(p / q)),
    "a maximum for a minimum": best(LOGIT, log(q / p), sense="max"),
    "a factor": best(E(q, T**2) - E(p, T), p / q),
    "a square": best(E(q, T**2) - 2 * E(p, T), (p / q) ** 2),
    "the other's share": best(E(p, (T - 1) ** 2) + E(q, T**2), q / (p + q)),
    "twice the mean": best(REGRESSION, 2 * mean, f, LABELS),
    "the mean of the square": best(REGRESSION, E(p_xy(y, given=x), y**2), f, LABELS),
    "two wells": best(E(p, (T**2 - 1) ** 2), S.One),
    "nothing to be found": best(E(p, T), S.Zero),
    "AVB's ratio upside down": best(AVB, log(Q(z) / Q(z, given=x)), pair),
}


@pytest.mark.parametrize("name", TRUE)
def test_a_true_optimum_is_proved_with_its_premises_and_the_numbers_agree(name):
    statement, supposed = TRUE[name]
    proof = statement.prove()
    assert set(proof.premises[1:]) == supposed and "ranges over" in proof.premises[0]
    assert worst(statement, 60, proof.support) < 1e-25


@pytest.mark.parametrize("name", FALSE)
def test_a_false_optimum_is_refused_in_one_line_and_refuted_by_numbers(name):
    with pytest.raises(NotProved) as refusal:
        FALSE[name].prove()
    assert "\n" not in str(refusal.value) and "_" not in str(refusal.value).replace("_{", "")
    assert worst(FALSE[name], 60) > 1e-9


def without_a_row(family):
    """Five instances where this family's density of x vanishes at one letter, and no other does."""
    drawn = (TABLES.draw(Random(k), k) for k in count())
    full = (i for i in drawn if all(c > 0 for t in i.tables.values() for c in t.values()))
    for instance in islice(full, 5):
        table = instance.tables[family]
        kept = {cell: value * (cell[0] != 0) for cell, value in table.items()}
        instance.tables[family] = {cell: value / sum(kept.values()) for cell, value in kept.items()}
        yield instance


@pytest.mark.parametrize("name", ["a logit", "an f-GAN's critic", "a ratio of densities"])
def test_where_a_premise_on_supports_is_broken_the_numbers_refute_it(name):
    statement = TRUE[name][0]
    with mpmath.workdps(DIGITS):
        violation = statement.compile()
        for one in statement.prove().support:
            broken = list(without_a_row(one.any_of[0].family))
            assert all(instance.breaks(one) for instance in broken)
            assert max(map(violation, broken)) > 1e-9


def test_the_avb_critic_needs_that_neither_density_vanishes_alone():
    statement = best(AVB, log(Q(z, given=x) / Q(z)), pair)
    proof = statement.prove()
    assert proof.support and worst(statement, 40, proof.support) < 1e-25
    assert worst(statement, 40) > 1e-9


@pytest.mark.parametrize("name", ["a logit", "an f-GAN's critic", "a share"])
def test_mutants_are_rejected_by_proof_and_by_numbers_or_are_the_same(name):
    statement = TRUE[name][0]
    support = statement.prove().support
    found = mutants(statement)
    assert len(found) > 3
    for _, mutant in found:
        assert (worst(mutant, 40, support) < 1e-9) == accepted(statement, mutant)


HIDDEN = Mul(q, p, 1 / p, T**2, evaluate=False)
REFUSED = {
    "no function of x": (best(LOGIT, log(q / Q(z))), "depends on z too"),
    "itself in its optimum": (best(LOGIT, T + 1), "stands in its own optimum"),
    "at another point": (best(LOGIT + E(Q(z), T.func(z) ** 2), log(q / p)), "at no other point"),
    "no function": (best(E(p, log(q)), log(q / p)), "must hold T"),
    "one variable twice": (
        best(E(p, T.func(x, x) ** 2), S.Zero, T.func(x, x)),
        "not an unknown function of variables",
    ),
    "no joint": (best(E(Joint("s", (x,))(x), T**2), S.Zero), "belongs to no joint"),
    "another unknown": (
        best(SumOrIntegral(ClassProbability("D", x) * p * T**2, (x,)), S.Zero),
        "is unknown too",
    ),
    "a kink": (best(E(p, sympy.Abs(T)), S.Zero), "real and smooth"),
    "no integral over x": (best(E(Q(z), z) + E(p, T**2), S.Zero), "not an integral over x alone"),
    "parameters": (
        best(LOGIT, log(q / p), instances=RandomParameters(((sympy.Symbol("a"), 0, 1),))),
        "needs random tables",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_makes_no_sense_is_refused_in_one_line(name):
    statement, complaint = REFUSED[name]
    refusal(statement, complaint)


def test_a_factor_beside_its_inverse_hides_no_zero():
    """∫ q (p/p) T² does not count where p is 0, whatever q: the optimum needs p > 0."""
    statement = best(SumOrIntegral(HIDDEN, (x,)) - E(q, T), Rational(1, 2))
    proof = statement.prove()
    assert {one.latex() for one in proof.support} == {"q(x) > 0", r"\tilde{p}(x) > 0"}
    assert worst(statement, 60, proof.support) < 1e-25
    with mpmath.workdps(DIGITS):
        assert max(map(statement.compile(), without_a_row("p"))) > 1e-9


def test_a_sense_that_is_none():
    with pytest.raises(ValueError, match="min or max"):
        best(LOGIT, log(q / p), sense="largest")


def test_the_statement_in_latex():
    shown = best(E(p, T), S.Zero, sense="max")
    mean_of_t = r"\mathbb{E}_{x\sim \tilde{p}(x)}\left[T(x)\right]"
    assert shown.latex() == rf"\mathop{{\arg\max}}_{{T(x)}} \left[{mean_of_t}\right] = 0"
    assert shown.display().startswith(r"\begin{aligned}")
