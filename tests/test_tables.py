"""Exact arithmetic on tables: which it accepts, and su-4 on random joint tables with zeros."""

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given
from scipy import special

from onekl.tables import chain_rule, check_table, jacobian, kl, kl_div, softmax
from strategies import JOINTS


def close(a, b):
    return a == b or math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12)


@given(JOINTS)
def test_joint_is_marginal_plus_remainder(pair):
    for p, q in (pair, pair[::-1]):
        joint, marginal, remainder = chain_rule(p, q)
        assert close(joint, marginal + remainder)


@given(JOINTS)
def test_each_term_is_what_its_name_says(pair):
    p, q = pair
    rule = chain_rule(p, q)
    assert close(rule.joint, kl(p, q))
    assert close(rule.marginal, kl(p.sum(axis=1), q.sum(axis=1)))
    rows = [x for x in range(len(p)) if p[x].sum() > 0 and q[x].sum() > 0]
    gaps = [p[x].sum() * kl(p[x] / p[x].sum(), q[x] / q[x].sum()) for x in rows]
    assert close(rule.remainder, sum(gaps))


@given(JOINTS)
def test_terms_are_never_negative(pair):
    assert min(chain_rule(*pair)) >= -1e-12


@given(JOINTS)
def test_kl_exceeds_pinsker_bound_so_it_is_zero_only_for_equal_tables(pair):
    p, q = pair
    assert kl(p, q) >= np.abs(p - q).sum() ** 2 / 2 - 1e-12


@given(JOINTS)
def test_kl_of_equal_tables_is_exactly_zero(pair):
    for table in pair:
        assert kl(table, table) == 0
        assert chain_rule(table, table).joint == 0


@given(JOINTS)
def test_kl_is_infinite_exactly_when_q_misses_a_cell_of_p(pair):
    p, q = pair
    assert math.isinf(kl(p, q)) == bool(((p > 0) & (q == 0)).any())


def test_kl_by_hand():
    assert kl([0.5, 0.5], [0.25, 0.75]) == pytest.approx(0.5 * math.log(4 / 3), abs=1e-15)
    assert kl([1, 0], [0.5, 0.5]) == pytest.approx(math.log(2), abs=1e-15)
    assert kl([0.5, 0.5], [1, 0]) == math.inf


def test_directions_differ():
    p, q = [0.9, 0.1], [0.5, 0.5]
    assert abs(kl(p, q) - kl(q, p)) > 0.1


def test_tiny_cell_of_q_does_not_overflow():
    assert kl([1.0, 0.0], [5e-324, 1.0]) == pytest.approx(-math.log(5e-324))


def test_zero_inside_a_row_leaves_the_marginal_finite():
    rule = chain_rule([[0.25, 0.25], [0.25, 0.25]], [[0, 0.5], [0.25, 0.25]])
    assert rule == (math.inf, 0, math.inf)


def test_row_that_q_never_reaches_adds_nothing_to_the_remainder():
    rule = chain_rule([[0.3, 0.2], [0.25, 0.25]], [[0, 0], [0.5, 0.5]])
    assert rule == (math.inf, math.inf, 0)


def test_row_that_p_never_reaches_has_no_term():
    rule = chain_rule([[0, 0], [0.5, 0.5]], [[0.25, 0.25], [0.25, 0.25]])
    assert rule == (pytest.approx(math.log(2)), pytest.approx(math.log(2)), 0)


def test_exact_tables_are_accepted_and_kept():
    half, third = sympy.Rational(1, 2), sympy.Rational(1, 3)
    table = check_table([[third, third], [third, 0]])
    assert table[0, 0] == third and table.shape == (2, 2)
    assert kl([half, half], [Fraction(1, 4), Fraction(3, 4)]) == kl([0.5, 0.5], [0.25, 0.75])


def test_mpmath_and_algebraic_tables_are_accepted():
    assert check_table([mpmath.mpf(1) / 3] * 3).shape == (3,)
    assert check_table([sympy.sqrt(2) / 2, 1 - sympy.sqrt(2) / 2]).shape == (2,)


def test_exact_sum_is_compared_exactly():
    tiny = Fraction(1, 10**30)
    with pytest.raises(ValueError, match="p sums to"):
        check_table([Fraction(1, 2), Fraction(1, 2) + tiny])
    check_table([0.5, 0.5 + 1e-30])


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([], "q is empty (shape (0,))"),
        ([[], []], "q is empty (shape (2, 0))"),
        ([[1.1, -0.1]], "q[0, 1] is -0.1: a probability is not negative"),
        ([sympy.Rational(4, 3), sympy.Rational(-1, 3)], "q[1] is -1/3"),
        ([0.5, math.nan], "q[1] is NaN"),
        ([sympy.nan, 1], "q[0] is NaN"),
        ([0.5, 0.4], "q sums to 0.9, not to one"),
        ([1, math.inf], "q sums to inf, not to one"),
        ([0.5, 0.5 + 2e-9], "not to one"),
        ([[0.5], [0.25, 0.25]], "q[0] is [0.5], not a number"),
        (["0.5", "0.5"], "q[0] is '0.5', not a number"),
        ([None, 1], "q[0] is None, not a number"),
        ([1 + 0j], "q[0] is (1+0j), not a number"),
        ([sympy.Symbol("a"), 1], "q[0] is a, not a number"),
    ],
)
def test_bad_table_gives_one_clear_line(table, message):
    with pytest.raises(ValueError) as caught:
        check_table(table, "q")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bad_second_table_is_named_q():
    for function in (kl, chain_rule):
        with pytest.raises(ValueError, match=r"q\[0, 0\] is -1"):
            function([[0.5, 0.5]], [[-1, 2]])


def test_shapes_must_fit():
    with pytest.raises(ValueError, match="the same shape"):
        kl([0.5, 0.5], [[0.5, 0.5]])
    with pytest.raises(ValueError, match=r"shape \(X, Z\)"):
        chain_rule([0.5, 0.5], [0.5, 0.5])


@given(JOINTS)
def test_kl_div_is_scipys(pair):
    np.testing.assert_allclose(kl_div(*pair), special.kl_div(*pair), rtol=1e-12, atol=1e-15)


def test_kl_div_keeps_the_digits_that_scipys_loses():
    a, b = 0.3 * (1 + 1e-8), 0.3
    with mpmath.workdps(50):
        exact = float(mpmath.mpf(a) * mpmath.log(mpmath.mpf(a) / b) - mpmath.mpf(a) + b)
    assert float(kl_div(a, b)) == pytest.approx(exact, rel=1e-14, abs=0)
    assert abs(special.kl_div(a, b) - exact) > 0.1 * exact  # if this fails, SciPy has mended it


def test_the_jacobian_of_a_softmax_is_the_known_one():
    table = np.array([0.1, 0.2, 0.7])
    found = jacobian(lambda logits: softmax(logits, 0), np.log(table) + 3)
    np.testing.assert_allclose(found, np.diag(table) - np.outer(table, table), atol=1e-15)
