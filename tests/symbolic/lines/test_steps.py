"""The steps of a walk keep the value of a sum of integrals, and write what a person would write."""

import itertools

import numpy as np
import pytest
from sympy import Function, Integer, Mul, Rational, Symbol, log, symbols

from onekl.examiner.draw import draw
from onekl.examiner.vectors import Examiner
from onekl.symbolic.algebra import (
    KL,
    ClassProbability,
    Entropy,
    Expectation,
    Joint,
    LabelledJoint,
    SumOrIntegral,
    kl_div,
)
from onekl.symbolic.lines.families import bases
from onekl.symbolic.lines.form import (
    ABSOLUTE,
    BAYES,
    CANCEL,
    DEFINE,
    DISTRIBUTE,
    LABEL,
    LINEAR,
    LOGS,
    MERGE,
    NORMALISE,
    Rewriting,
)
from onekl.symbolic.lines.rows import Ratio, Row, defined, ratio_of, rows_of, written
from onekl.symbolic.lines.steps import (
    cancelled,
    in_bases,
    joined_logs,
    lifted,
    marginalised,
    multiplied_out,
    put_in,
    split,
    split_in_full,
    vocabulary,
    without_what_cancels,
)
from onekl.symbolic.premises import Equal
from onekl.symbolic.sampling import RandomTables

x, z = symbols("x z", real=True)
P, Q = Joint("p", (x, z)), Joint("q", (x, z))
TABLES = RandomTables((P, Q))
BATCHES = [batch for batch in draw(TABLES, 40) if not batch.zeros()]
f = Function("f", real=True)
D = ClassProbability("D", x)
label = Symbol("c")
p, q, joint = P(x), Q(x), P(x, z)
mixture = p / 2 + q / 2

SUMS = {
    "KL": KL(p, q),
    "KL of joints": KL(joint, Q(x, z)),
    "KL to a mixture": KL(p, mixture) + KL(q, mixture),
    "KL from a mixture": 3 * KL(mixture, q),
    "KL of conditionals": Expectation(P(x), KL(P(z, given=x), Q(z, given=x))),
    "entropy": Entropy(p) - 2 * Entropy(Q(x)),
    "E": SumOrIntegral(kl_div(p, 2 * q), (x,)),
    "E of a mixture": SumOrIntegral(kl_div(p + q, p), (x,)) / 3,
    "a loss": Expectation(p, -log(D)) + Expectation(q, -log(D.other)),
    "numbers in logs": SumOrIntegral(p * log(3 * p / (2 * q), evaluate=False), (x,)),
    "a small number": SumOrIntegral(q * log(Mul(Rational(1, 3), q), evaluate=False), (x,)),
    "roots and squares": SumOrIntegral(p**2 / q * log(p**2 / q**3), (x,)),
    "a weight below": SumOrIntegral(joint * Q(x) / P(x) * f(x), (x, z)),
    "a mixture of quotients": SumOrIntegral((p + p**2 / (3 * q)) * log(q), (x,)),
    "several terms": Expectation(p + 2 * q, log(p) - 3 * log(q) + 1),
    "nested": SumOrIntegral(P(x) * SumOrIntegral(P(z, given=x) * log(P(z)), (z,)), (x,)),
    "a product with a number": -4 * SumOrIntegral(Rational(2, 3) * p * f(x), (x,)),
}


def values(expression):
    """The values on the instances."""
    return np.concatenate(
        [np.broadcast_to(Examiner(b)(expression).value.ravel(), (b.count,)) for b in BATCHES]
    )


def assert_same_value(one, other):
    np.testing.assert_allclose(values(one), values(other), rtol=1e-9, atol=1e-12)


STEPS = {
    "cancelled": cancelled,
    "multiplied out": multiplied_out,
    "joined logs": joined_logs,
    "split in full": split_in_full,
    "marginalised": lambda rows: marginalised(rows, TABLES.joints),
    "lifted": lambda rows: lifted(rows, rows_of(KL(joint, Q(x, z))), TABLES.joints),
    "split like another": lambda rows: split(rows, rows_of(Entropy(p) + Expectation(p, log(q)))),
    "split like KL": lambda rows: split(rows, rows_of(KL(p, q))),
    "joined after a split": lambda rows: joined_logs(split_in_full(rows)),
    "split after a product": lambda rows: split_in_full(multiplied_out(rows)),
}


@pytest.mark.parametrize("name", SUMS)
def test_definitions_and_rows_keep_the_value(name):
    assert_same_value(defined(SUMS[name]), SUMS[name])
    assert_same_value(written(rows_of(SUMS[name])), SUMS[name])


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("name", SUMS)
def test_each_step_keeps_the_value(name, step):
    assert_same_value(written(STEPS[step](rows_of(SUMS[name]))), SUMS[name])


@pytest.mark.parametrize("name", SUMS)
def test_each_choice_of_bases_keeps_the_value(name):
    words = vocabulary(SUMS["KL of conditionals"] + SUMS["KL of joints"])
    ways = bases(TABLES.joints, words, every=True)
    found = list(in_bases(rows_of(SUMS[name]), ways))
    assert len(found) == len(ways[0]) * len(ways[1])
    for rows in found:
        assert_same_value(written(rows), SUMS[name])


@pytest.mark.parametrize("right", [p / (p + q), Rational(1, 3), 2 * p / (2 * p + 3 * q)])
def test_an_optimum_put_in_has_its_value(right):
    loss = SUMS["a loss"]
    expected = loss.xreplace({D.other: 1 - right, D: right})
    found = list(put_in(rows_of(loss), (Equal(D, right),), loss))
    assert len(found) == 4
    for rows in found:
        inside = written(rows).xreplace({D.other: 1 - right, D: right})
        assert_same_value(inside, expected)


def test_nothing_is_put_in_without_an_equation():
    assert list(put_in(rows_of(KL(p, q)), (), KL(p, q))) == []


def test_a_split_has_a_row_for_each_factor_and_none_for_what_cancels():
    (row,) = rows_of(SUMS["numbers in logs"])
    found = split_in_full((row,))
    inside = [one.inside and one.inside.expression() for one in found]
    assert {None, p, q} == set(inside) and len(found) == 4
    numbers = {(one.number, one.weight.above) for one in found if one.inside is None}
    assert numbers == {(1, (log(3), p)), (-1, (log(2), p))}
    (left,) = split_in_full(rows_of(Expectation(p, log(q)) - Expectation(p, log(q) + f(x))))
    assert left == Row(Integer(-1), Ratio((p, f(x))), None, (x,))
    assert split_in_full(rows_of(KL(p, q) + Entropy(p) + Expectation(p, log(q)))) == ()


def test_logs_of_one_factor_twice_are_one_row_with_a_number():
    rows = rows_of(Expectation(p, log(q)) + Expectation(p, 4 * log(q)))
    (row,) = split_in_full(rows)
    assert row.number == 5 and row.inside == Ratio((q,))


def test_the_log_of_a_number_below_1_is_less_than_0():
    row = Row(Integer(1), Ratio((p,)), Ratio((Rational(1, 4),)), (x,))
    (found,) = split_in_full((row,))
    assert (found.number, found.weight.above, found.inside) == (-1, (log(4), p), None)
    row = Row(Integer(3), Ratio((p,)), Ratio((Integer(5),)), (x,))
    (found,) = split_in_full((row,))
    assert (found.number, found.weight.above, found.inside) == (3, (log(5), p), None)


def test_logs_are_joined_under_one_weight_and_number_alone():
    one, other, double = Expectation(p, log(q)), Expectation(p, -log(p)), Expectation(p, 2 * log(p))
    (row,) = joined_logs(rows_of(one + other))
    assert row.inside.cancelled() == Ratio((q,), (p,))
    assert len(joined_logs(rows_of(one + double))) == 2
    assert len(joined_logs(rows_of(one + Expectation(q, log(p))))) == 2


def test_measures_alone_are_left_out_and_functions_and_logs_stay():
    rows = rows_of(KL(p, q) + SumOrIntegral(q - p, (x,)) + SumOrIntegral(p * f(x), (x,)))
    kept = without_what_cancels(rows)
    assert len(rows) == 4 and len(kept) == 2
    assert kept[0].inside is not None and kept[1].weight.above == (p, f(x))


def test_what_stands_above_and_below_cancels_once():
    ratio = Ratio((p, q, p), (p, q, q))
    assert ratio.cancelled() == Ratio((p,), (q,)) and ratio.inverse().inverse() == ratio
    assert ratio_of(p**2 / (3 * q)) == ratio_of(Mul(p, p)) * ratio_of(1 / (3 * q))
    assert ratio_of(Rational(2, 3)) == Ratio((Integer(2),), (Integer(3),))
    assert ratio_of(Rational(1, 3)) == Ratio((), (Integer(3),)) and ratio_of(Integer(1)) == Ratio()


def test_a_number_stands_before_the_integral():
    assert str(defined(SUMS["a product with a number"])).startswith("-8*")


# Forms: what two expressions share after some kinds of rewriting.

KINDS = (DEFINE, LINEAR, DISTRIBUTE, MERGE, LOGS, CANCEL, BAYES, NORMALISE, LABEL, ABSOLUTE)
FULL = Rewriting(*KINDS)
SAME = {
    "the definition": ((DEFINE,), KL(p, q), SumOrIntegral(p * log(p / q), (x,))),
    "entropy": ((DEFINE,), Entropy(p), -SumOrIntegral(p * log(p), (x,))),
    "a mean": ((DEFINE,), Expectation(p, f(x)), SumOrIntegral(p * f(x), (x,))),
    "E": ((DEFINE,), kl_div(p, q), p * log(p / q) - p + q),
    "labels": (
        (DEFINE, LINEAR, LOGS),
        KL(LabelledJoint(label, p, q), LabelledJoint(label, q, p)),
        SumOrIntegral(p * log(p / q), (x,)) + SumOrIntegral(q * log(q / p), (x,)),
    ),
    "linearity": (
        (LINEAR,),
        SumOrIntegral(p * f(x) * log(p) + 2 * q * log(q), (x,)),
        SumOrIntegral(p * f(x) * log(p), (x,)) + 2 * SumOrIntegral(q * log(q), (x,)),
    ),
    "a product with a sum": ((DISTRIBUTE,), p * (p + 2 * q), p**2 + 2 * p * q),
    "a power of a sum": ((DISTRIBUTE,), (p + q) ** 2, p**2 + 2 * p * q + q**2),
    "one integral": (
        (MERGE,),
        SumOrIntegral(p * SumOrIntegral(joint * log(q), (z,)), (x,)),
        SumOrIntegral(p * joint * log(q), (x, z)),
    ),
    "the log of a ratio": ((LOGS,), log(p**2 / (3 * q)), 2 * log(p) - log(3) - log(q)),
    "the log of a number": ((LOGS,), log(Rational(12, 5)), 2 * log(2) + log(3) - log(5)),
    "a log upside down": ((), log(q / (3 * p)), -log(3 * p / q)),
    "cancelling": ((CANCEL,), Mul(p, q, 1 / p, evaluate=False), q),
    "the product rule": ((BAYES, CANCEL), P(x) * P(z, given=x), joint),
    "integrates to 1": ((NORMALISE,), SumOrIntegral(joint * f(x), (x, z)),
                        SumOrIntegral(p * f(x), (x,))),
    "two labels": ((LABEL,), 3 * D.other, 3 - 3 * D),
    "absolute values": ((ABSOLUTE,), abs(p * f(x) - p * D), p * abs(D - f(x))),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_a_rewriting_makes_two_expressions_one(name):
    kinds, one, other = SAME[name]
    assert Rewriting(*kinds).form(one) == Rewriting(*kinds).form(other)
    if kinds and name != "the log of a number":  # no rule is needed for that
        assert Rewriting().form(one) != Rewriting().form(other)


@pytest.mark.parametrize("left_out", KINDS)
def test_expressions_of_one_form_have_one_value(left_out):
    every = [*SUMS.values(), *(e for _, *pair in SAME.values() for e in pair if not e.free_symbols)]
    rewriting = Rewriting(*(kind for kind in KINDS if kind != left_out))
    several = [*every, *(-e for e in every), *(e + 1 for e in every), *(e / 2 for e in every)]
    found = {}
    for expression in several:
        found.setdefault(rewriting.form(expression), []).append(expression)
    assert any(len(same) > 1 for same in found.values())
    for same in found.values():
        for one, other in itertools.pairwise(same):
            assert_same_value(one, other)


def test_a_full_rewriting_tells_false_equations_from_true_ones():
    true = KL(joint, Q(x, z)), KL(p, q) + Expectation(p, KL(P(z, given=x), Q(z, given=x)))
    assert FULL.form(true[0]) == FULL.form(true[1])
    conditionals = true[1] - KL(p, q)
    for wrong in (KL(q, p), 2 * KL(p, q), KL(p, q) - Entropy(p), KL(P(z), Q(z)), -KL(p, q)):
        assert FULL.form(true[0]) != FULL.form(wrong + conditionals)
