"""su-t11: the GAN chapter's own objects, exchanged, are the AAE chapter's, one by one.

Nothing less than the whole exchange does it.
"""

import pytest
import sympy

from onekl.chapters import claim
from onekl.chapters.aae import claims as aae
from onekl.chapters.aae.claims import BESIDE, SLIPS, exchanged
from onekl.chapters.gan import claims as gan
from onekl.reading.glossary import x, y, z
from onekl.reading.reader import ARTICLE
from onekl.symbolic.algebra import Density, Expectation


def rebuilt(expression):
    """In SymPy's own order, and with the number before a mean inside it, as (32) prints a minus."""

    def inside(*factors):
        number, mean = sympy.Mul(*factors).as_coeff_Mul()
        is_mean = isinstance(mean, Expectation)
        return Expectation(mean.weight, number * mean.value) if is_mean else number * mean

    return expression.doit().replace(sympy.Mul, inside)


@pytest.mark.parametrize(
    "here, there, number, expected", BESIDE, ids=[f"{row[0]}-{row[2]}" for row in BESIDE]
)
def test_the_exchanged_object_is_the_one_of_this_chapter(here, there, number, expected):
    assert rebuilt(exchanged(there)) == rebuilt(expected)
    assert rebuilt(there) != rebuilt(expected)  # so that the exchange has something to do


def test_every_equation_from_su_27_to_su_33_has_its_counterpart():
    assert {row[2] for row in BESIDE} == {f"su-{n}" for n in range(27, 34)}


def test_the_objects_are_those_that_the_claims_are_made_of():
    for _, _, number, expected in BESIDE:
        parts = [
            getattr(s, name)
            for s in claim(number).statements
            for name in ("left", "right", "objective", "other", "functional", "at", "density")
            if hasattr(s, name)
        ]
        sides = [side for clause in ARTICLE[number].clauses for side in clause]
        parts += [side for side in sides if isinstance(side, sympy.Basic)]
        terms = set(map(rebuilt, sympy.Add.make_args(expected)))
        inside = {rebuilt(node) for part in parts for node in sympy.preorder_traversal(part)}
        with_best = {rebuilt(expected.xreplace(aae.old_best))}
        assert terms <= inside or with_best <= inside, number


def test_whatever_is_left_out_of_the_exchange_shows():
    labels_kept = [
        row[2] for row in BESIDE if rebuilt(exchanged(row[1], labels=False)) != rebuilt(row[3])
    ]
    assert labels_kept == ["su-28", "su-29"]
    letters_only = [
        row[2] for row in BESIDE if rebuilt(row[1].xreplace({x: z, z: x})) != rebuilt(row[3])
    ]
    assert letters_only == [row[2] for row in BESIDE]
    assert [
        row[2]
        for row in BESIDE
        if row[0] in SLIPS and rebuilt(SLIPS[row[0]]) != rebuilt(exchanged(row[1]))
    ] == ["su-27", "su-30"]


def test_the_slips_differ_where_the_page_says():
    assert SLIPS["su-12"].atoms(Density) - aae.pushed.atoms(Density) == {aae.SLIPPED(x)}
    assert SLIPS["rq-4"].free_symbols == {x} and aae.BESIDE[4][3].free_symbols == set()


def test_the_labels_move_with_their_parts():
    turned = exchanged(gan.labelled)
    here = (y, aae.p_1 * aae.codes, aae.p_0 * aae.prior)
    assert (turned.label, turned.one, turned.zero) == here
    assert exchanged(gan.best_D) == aae.prior / (aae.codes + aae.prior)
