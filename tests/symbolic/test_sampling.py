"""Numbers for symbols: the evaluator against independent arithmetic, and the random instances."""

import math
from random import Random

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from onekl.chapters.joint_kl.claims import TABLES, P, Q, x, z
from onekl.symbolic.algebra import KL, Entropy, Expectation, Gaussian, SumOrIntegral
from onekl.symbolic.numeric import HERMITE, Assignment, compiled
from onekl.symbolic.premises import Support
from onekl.symbolic.sampling import RandomParameters, RandomTables
from onekl.symbolic.statements import Identity
from onekl.tables import chain_rule, check_table

mu = sympy.Symbol("mu", real=True)


def arrays(instance):
    shape = instance.sizes[x], instance.sizes[z]
    return (np.array([float(v) for v in instance.tables[f].values()]).reshape(shape) for f in "pq")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_the_three_numbers_of_su_4_agree_with_the_finite_theory(seed):
    instance = RandomTables((P, Q)).draw(Random(seed), seed)
    expected = chain_rule(*arrays(instance))
    sides = (
        KL(P(x, z), Q(x, z)),
        KL(P(x), Q(x)),
        Expectation(P(x), KL(P(z, given=x), Q(z, given=x))),
    )
    undefined = (
        expected.marginal == math.inf
    )  # then q(z|x) is undefined somewhere, and each module has its own convention
    for side, number in zip(sides[: 2 if undefined else 3], expected):
        found = float(compiled(side)(instance))
        assert found == pytest.approx(number, rel=1e-9, abs=1e-12) or (
            math.isinf(found) and math.isinf(number)
        )


def test_instances_have_different_sizes_near_zero_cells_and_zero_cells():
    drawn = [TABLES.draw(Random(i), i) for i in range(200)]
    assert len({(d.sizes[x], d.sizes[z]) for d in drawn}) == 9
    cells = [cell for d in drawn for cell in d.tables["q"].values()]
    assert any(cell == 0 for cell in cells) and any(0 < cell < 1e-6 for cell in cells)
    for d in drawn:
        assert abs(sum(d.tables["p"].values()) - 1) < mpmath.mpf(10) ** -14
        check_table([list(d.tables["p"].values())], name="p")


def test_null_rows_of_either_variable_are_drawn():
    drawn = [TABLES.draw(Random(i), i) for i in range(100)]
    assert any(d.breaks(Support((Q(x),))) for d in drawn) and any(
        d.breaks(Support((Q(z),))) for d in drawn
    )


def test_a_premise_of_positivity_sorts_instances():
    quarter = mpmath.mpf(1) / 4
    cells = [(i, j) for i in range(2) for j in range(2)]
    p, q = dict.fromkeys(cells, quarter), dict(zip(cells, (0, 0, 2 * quarter, 2 * quarter)))
    instance = Assignment({x: 2, z: 2}, {"p": p, "q": q}, {"p": (x, z), "q": (x, z)})
    assert instance.breaks(Support((Q(x),), (P(x),))) and not instance.breaks(
        Support((P(x),), (Q(x),))
    )
    assert not instance.breaks(Support((Q(z),)))


def test_the_same_seed_gives_the_same_instance():
    one, two = (TABLES.draw(Random("a"), 3) for _ in range(2))
    assert one.tables == two.tables


def test_gauss_hermite_is_exact_to_degree_nine():
    with mpmath.workdps(30):
        for degree in range(10):
            moment = sum(weight * node**degree for node, weight in HERMITE)
            exact = 0 if degree % 2 else mpmath.fac2(degree - 1)
            assert abs(moment - exact) < mpmath.mpf(10) ** -26


def test_quadrature_and_trapezoid_agree_on_a_gaussian_mean():
    encoder = Gaussian(z, mu, sympy.Rational(1, 3))
    with mpmath.workdps(30):
        instance = RandomParameters(((mu, -2, 2),)).draw(Random(1), 1)
        by_nodes = compiled(Expectation(encoder, z**4))(instance)
        by_steps = compiled(SumOrIntegral(z**4 * encoder, (z,)))(instance)
        assert abs(by_nodes - by_steps) < mpmath.mpf(10) ** -26


def test_zero_times_infinity_is_zero_and_a_missing_cell_is_infinite():
    tables = {
        "p": {(0, 0): mpmath.mpf(1), (1, 0): mpmath.mpf(0)},
        "q": {(0, 0): mpmath.mpf(0), (1, 0): mpmath.mpf(1)},
    }
    instance = Assignment({x: 2, z: 1}, tables, {"p": (x, z), "q": (x, z)})
    assert compiled(KL(P(x), Q(x)))(instance) == mpmath.inf
    assert compiled(Entropy(P(x)))(instance) == 0


def test_an_expression_without_a_rule_is_refused():
    with pytest.raises(TypeError, match="no rule"):
        compiled(sympy.gamma(x))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: RandomTables(()), "at least one joint"),
        (lambda: RandomTables((P, P)), "two joints share a name"),
        (lambda: RandomTables((P,), maps=(("G", mu),)), "the map G is to mu"),
        (lambda: RandomTables((P,), scalars=(x,)), "x is a variable of a joint"),
        (
            lambda: Identity(TABLES, left=SumOrIntegral(mu, (mu,)), right=KL(P(x), Q(x))),
            "mu is integrated over but belongs to no joint",
        ),
    ],
)
def test_tables_that_do_not_fit_are_refused_in_one_line(make, message):
    with pytest.raises(ValueError, match=message) as refusal:
        make()
    assert "\n" not in str(refusal.value)
