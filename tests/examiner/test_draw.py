"""Instances: zeros strike tables independently, premises are met, and half have full support."""

import numpy as np
import pytest
from sympy import Symbol, symbols

from onekl.chapters import claim
from onekl.claims.numbers import Trials
from onekl.examiner.draw import Unmet, draw, meets
from onekl.symbolic.algebra import KL, Joint
from onekl.symbolic.premises import Finite, Support
from onekl.symbolic.sampling import RandomParameters, RandomTables
from onekl.symbolic.vectors.numbers import RandomVectors

x, z = symbols("x z", real=True)
P, Q = Joint("p", (x, z)), Joint("q", (x, z))
TABLES = RandomTables((P, Q))


def struck(batches, family):
    """Which instances have a zero in a family's table."""
    return np.concatenate(
        [(b.tables[family] == 0).reshape(-1, b.count).any(axis=0) for b in batches]
    )


def test_as_many_instances_as_asked_for_half_of_them_without_a_zero():
    batches = draw(TABLES, 1000)
    assert sum(batch.count for batch in batches) == 1000
    p, q = struck(batches, "p"), struck(batches, "q")
    assert ((~p) & (~q)).sum() >= 500


def test_zeros_strike_each_table_for_itself():
    batches = draw(TABLES, 4000)
    p, q = struck(batches, "p"), struck(batches, "q")
    for one, other in ((p, q), (q, p), (p, ~q), (~p, q)):
        assert 0.05 < (one & other).mean()
    null = [(b.tables[f] == 0) for b in batches for f in ("p", "q") if b.sizes[x] == b.sizes[z]]
    kinds = np.concatenate([n.reshape(-1, n.shape[-1]).sum(axis=0) / n[..., 0].size for n in null])
    assert {0} < set(np.round(kinds, 2)) and kinds.max() < 1


def test_every_table_has_mass_and_sums_to_1():
    for batch in draw(TABLES, 500):
        for family in ("p", "q"):
            np.testing.assert_allclose(batch.table(family).sum(axis=(0, 1)), 1, rtol=1e-12)


def test_instances_meet_the_premises_and_do_so_with_zeros_too():
    premises = (Support((Q(x),), (P(x),)), Finite(KL(P(x), Q(x))))
    batches = draw(TABLES, 600, premises)
    assert sum(batch.count for batch in batches) == 600
    assert all(meets(batch, premises).all() for batch in batches)
    assert struck(batches, "p").sum() > 100
    assert struck(batches, "q").sum() > 20


def test_a_premise_that_no_instance_meets_is_named():
    impossible = Support((P(x, z),), ()), Finite(KL(P(x), Q(x)))
    assert draw(TABLES, 16, impossible[1:])
    with pytest.raises(Unmet, match="instances too few meet"):
        draw(TABLES, 1000, (Support((), ()),))


def test_instances_are_the_same_each_time():
    first, second = draw(TABLES, 50), draw(TABLES, 50)
    for one, other in zip(first, second):
        np.testing.assert_array_equal(one.tables["p"], other.tables["p"])
        np.testing.assert_array_equal(
            one.function("f", [np.array(1)]), other.function("f", [np.array(1)])
        )


def test_numbers_lie_in_their_ranges_and_vectors_have_one_to_four_coordinates():
    s = Symbol("s", positive=True)
    (batch,) = draw(RandomParameters(((s, 0.3, 2),)), 200)
    assert 0.3 <= batch.values[s].min() < batch.values[s].max() <= 2
    d = Symbol("d", integer=True, positive=True)
    batches = draw(RandomVectors((Joint("q", (z,)),), dimensions=(d,)), 80)
    assert {int(b.values[d][0]) for b in batches} == {1, 2, 3, 4}
    assert sum(b.count for b in batches) == 80 and any(b.zeros() for b in batches)


def test_the_numbers_of_a_claim_count_what_they_saw():
    _, bound = claim("su-4").statements
    numbers = Trials(bound, bound.prove().imposed).numbers()
    assert numbers.finite + numbers.infinite == numbers.tried == 1000
    assert 300 < numbers.zeros < 700 and numbers.infinite > 0
    assert 0 < numbers.strict <= 1000 and numbers.continuous > 0
    assert numbers.figure.startswith("least slack")
