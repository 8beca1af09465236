"""The examiner's values are those of the evaluation with 30 digits, whose code is another."""

import mpmath
import numpy as np
import pytest
from sympy import Abs, Function, Max, Symbol, exp, log, symbols

from onekl.chapters import stated_claims
from onekl.examiner.batch import Batch
from onekl.examiner.bounded import Bounded
from onekl.examiner.continuous import continuous
from onekl.examiner.draw import draw, tables
from onekl.examiner.evaluate import NoRule
from onekl.examiner.given import given
from onekl.examiner.vectors import Examiner
from onekl.symbolic.algebra import (
    KL,
    ClassProbability,
    Dirac,
    Entropy,
    Expectation,
    Gaussian,
    Joint,
    SumOrIntegral,
    kl_div,
)
from onekl.symbolic.numeric import DIGITS, compiled
from onekl.symbolic.parametric.families import RandomFamilies
from onekl.symbolic.sampling import RandomParameters, RandomTables
from onekl.symbolic.trials import Relation
from onekl.symbolic.vectors.algebra import INDEX
from onekl.symbolic.vectors.numbers import RandomVectors, by_quadrature

x, z = symbols("x z", real=True)
P, Q = Joint("p", (x, z)), Joint("q", (x, z))
TABLES = RandomTables((P, Q))
f = Function("f", real=True)
D = ClassProbability("D", (x, z))

EXPRESSIONS = {
    "KL": KL(P(x, z), Q(x, z)),
    "KL of conditionals": Expectation(P(x), KL(P(z, given=x), Q(z, given=x))),
    "entropy": Entropy(P(x)),
    "E": SumOrIntegral(kl_div(P(x), Q(x)), (x,)),
    "a mixture": KL(P(x), P(x) / 2 + Q(x) / 2),
    "D": Expectation(P(x, z), -log(D)) + Expectation(Q(x, z), -log(D.other)),
    "functions": SumOrIntegral(P(x, z) * f(x) * exp(f(z)), (x, z)),
    "absolute values": SumOrIntegral(Abs(P(x) - Q(x)) + Max(P(x), Q(x)), (x,)),
    "a square": SumOrIntegral(P(x) ** 2 / Q(x), (x,)),
}


def instance(found, k):
    """The number of one instance."""
    parts = (np.broadcast_to(np.ravel(part), max(np.size(part), k + 1)) for part in
             (found.value, found.error))  # fmt: skip
    return Bounded(*(part[k] for part in parts))


def agree(number, instance, expression):
    """Whether 30 digits give the examiner's value, within its bound; infinite ones alike."""
    with mpmath.workdps(DIGITS):
        exact = compiled(by_quadrature(expression))(instance)
    value, error = float(number.value), float(number.error)
    if mpmath.isnan(exact) or np.isnan(value):
        return bool(mpmath.isnan(exact)) and bool(np.isnan(value))
    if mpmath.isinf(exact) or np.isinf(value):
        return float(exact) == value
    return abs(exact - mpmath.mpf(value)) <= error


@pytest.mark.parametrize("name", EXPRESSIONS)
@pytest.mark.parametrize("zeros", [False, True])
def test_values_on_tables_are_those_of_30_digits(name, zeros):
    if zeros and name == "KL of conditionals":
        name = "KL"  # a conditional on a null event is any density, and not the same one in both
    for shape in range(3):
        batch = tables(TABLES, 20, seed=1000 * shape, zeros=zeros)
        found = Examiner(batch)(EXPRESSIONS[name])
        for k in range(batch.count):
            assert agree(instance(found, k), batch.assignment(k), EXPRESSIONS[name]), k


KNOWN = (RandomTables, RandomParameters, RandomVectors, RandomFamilies)


def relations_of_the_book():
    """A batch of 40 instances, a side of a relation, and its values, for all that has rules."""
    for claim in stated_claims().values():
        for statement in (*claim.statements, *claim.also):
            if type(statement.instances) not in KNOWN:
                continue
            for relation in (t for t in statement.trials() if isinstance(t, Relation)):
                batch = draw(statement.instances, 40)[0]
                sides = relation.left, relation.right
                try:
                    found = [Examiner(batch)(side) for side in sides]
                except NoRule:
                    continue
                yield from zip((batch, batch), sides, found)


def test_values_of_the_book_s_relations_are_those_of_30_digits():
    """One instance of full support for each, as a conditional on a null event may be anything."""
    tried, of_vectors = 0, 0
    for batch, side, found in relations_of_the_book():
        assert agree(instance(found, 0), batch.assignment(0), side), side
        tried += 1
        of_vectors += INDEX in batch.sizes
    assert tried > 150 and of_vectors >= 8


def test_chosen_instances_have_the_values_that_they_had():
    for batch, side, found in relations_of_the_book():
        which = np.array([3, 0, 3, batch.count - 1])
        whole = np.broadcast_to(found.value.ravel(), batch.count)
        again = Examiner(batch.chosen(which))(side).value.ravel()
        np.testing.assert_allclose(np.broadcast_to(again, 4), whole[which], 1e-12, 1e-12, str(side))


def test_a_conditional_on_a_null_event_is_a_random_density_and_always_the_same():
    batch = Batch(1, 0, sizes={x: 2, z: 2}, axes={"p": (x, z)})
    batch.tables["p"] = np.array([[0.5, 0.5], [0.0, 0.0]])[..., None]
    value = Examiner(batch)
    one = value(P(z, given=x)).value
    again = Examiner(batch)(P(z, given=x)).value
    np.testing.assert_array_equal(one, again)
    np.testing.assert_allclose(value(SumOrIntegral(P(z, given=x), (z,))).value.ravel(), [1, 1])
    assert not np.allclose(one.reshape(2, 2)[:, 1], 0.5)


def test_a_kind_without_a_rule_is_named():
    strange = Function("g")(x, z).diff(x)
    with pytest.raises(NoRule, match="differentiates"):
        Examiner(tables(TABLES, 2, seed=0, zeros=False))(strange)
    with pytest.raises(NoRule, match="gives? no value to t|no value"):
        Examiner(tables(TABLES, 2, seed=0, zeros=False))(Symbol("t"))


def test_integrals_over_the_line_are_those_of_calculus():
    m, s = symbols("m s", positive=True)
    batch = draw(RandomParameters(((m, 0.2, 2), (s, 0.5, 2))), 50)[0]
    value = Examiner(batch)
    mean, deviation = batch.values[m], batch.values[s]
    moment = value(SumOrIntegral(z**2 * Gaussian(z, m, s**2), (z,)))
    np.testing.assert_allclose(moment.value.ravel(), mean**2 + deviation**2, rtol=1e-13)
    laplace = value(SumOrIntegral(exp(-Abs(z) / s), (z,)))
    off = abs(laplace.value.ravel() - 2 * deviation)
    assert (off <= laplace.error.ravel() + 1e-4).all() and off.max() < 1e-4
    divergence = value(KL(Gaussian(z, m, 1), Gaussian(z, 0, s**2)))
    expected = np.log(deviation) + (1 + mean**2) / (2 * deviation**2) - 0.5
    np.testing.assert_allclose(divergence.value.ravel(), expected, rtol=1e-12)


def test_mixtures_on_a_line_and_in_a_plane_integrate_to_1_and_have_their_marginals():
    batch = continuous(TABLES)
    value = Examiner(batch)
    np.testing.assert_allclose(value(SumOrIntegral(P(x, z), (x, z))).value.ravel(), 1, rtol=1e-12)
    gap = SumOrIntegral(Abs(SumOrIntegral(P(x, z), (z,)) - P(x)), (x,))
    assert value(gap).value.max() < 1e-12
    dependent = KL(P(x, z), P(x) * P(z))
    assert (value(dependent).value > 1e-3).all()
    line = continuous(RandomTables((Joint("p", (x,)),)))
    assert line.count > batch.count


def test_a_source_with_maps_or_three_variables_has_no_mixtures():
    y = Symbol("y", real=True)
    assert continuous(RandomTables((P,), maps=(("G", x),))) is None
    assert continuous(RandomTables((Joint("p", (x, y, z)),))) is None
    assert continuous(RandomParameters(())) is None


def test_an_explicit_instance_has_its_own_letters_and_functions():
    half = [[1, 1], [1, 1]]
    tables_ = ((P, [[cell * 0.25 for cell in row] for row in half]),)
    functions = (("f", (((0,), 3), ((1,), 5))),)
    value = given(tables_, functions, {x: 1})
    assert value(f(x)).value == 5 and value(P(x)).value.ravel() == [0.5]
    assert value(SumOrIntegral(P(x) * f(x), (x,))).value.ravel() == [4]
    with pytest.raises(NoRule, match="no value for g"):
        value(Function("g")(x))
    assert value(SumOrIntegral(Dirac(x, 1) * P(x), (x,))).value.ravel() == [0.5]
