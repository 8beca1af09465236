"""The list of steps: every printed sign is in it, with a kind that fits what is read."""

import re
from collections import Counter
from dataclasses import fields

import pytest
from sympy import Add, Basic, Expr, Mul, preorder_traversal

from onekl.chapters import stated_claims
from onekl.claims.inventory import inventory
from onekl.reading.nodes import printed
from onekl.reading.reader import ARTICLE, Best, Tends
from onekl.reading.steps import KINDS_OF_SIGNS, KINDS_OF_WORDS, listed, shape, steps_of
from onekl.symbolic.algebra import LabelledJoint
from onekl.symbolic.counterexample import Counterexample
from onekl.symbolic.lines.written import alike, negative

# Steps whose sides stand in their statements changed, and how.
CHANGED = {
    "su-19.2": "without the term of both sides, with the law of the map put in",
    "su-22.2": "with the scalar product in coordinates",
    "su-23.2": "the maps put in, compared while it is read",
    "su-23.3": "the integral read backwards as a KL",
    "su-27.2": "refuted with the map put in",
    "su-30.2": "without the term of both sides, with the law of the map put in",
    "su-34.1": "a cost for the squared norm, numbers for vectors",
}

SIGNS = {step.place: step for id in printed() for step in ARTICLE[id].steps}


def test_every_sign_is_listed_once_and_61_steps_are_made_in_words():
    in_words = Counter(step.place.split("-")[0] for step in listed().values() if step.words)
    assert {place for place in listed() if not listed()[place].words} == set(SIGNS)
    assert Counter(place.split("-")[0] for place in SIGNS) == {"su": 47, "avb": 1}
    assert in_words == {"su": 53, "avb": 8}
    places = [step.place for step in listed().values() if step.words]
    assert all(re.fullmatch(r"(su|avb)-\d+\.[a-c]", place) for place in places)


def test_the_list_is_in_the_order_of_the_sources():
    order = [*printed()]
    places = [order.index(step.equation) for step in listed().values()]
    assert places == sorted(places) and set(places) == set(range(len(order)))
    for id in printed():
        signs = [step.place for step in steps_of(id) if not step.words]
        assert signs == [step.place for step in ARTICLE[id].steps]


@pytest.mark.parametrize("place", SIGNS)
def test_the_kind_of_a_sign_fits_the_shape_that_is_read(place):
    assert shape(SIGNS[place]) in KINDS_OF_SIGNS[listed()[place].kind]


def test_words_have_a_kind_of_their_own_and_what_shows_them_exists():
    claims = stated_claims()
    for step in listed().values():
        if step.words:
            assert step.kind in KINDS_OF_WORDS, step
        if step.shown:
            assert step.words and (step.shown in listed() or step.shown in inventory()), step
        assert step.equation in claims


def test_every_sign_is_proved_or_refuted_and_every_step_in_words_is_shown():
    shown = Counter(
        statement.proves
        for claim in stated_claims().values()
        for statement in (*claim.statements, *claim.refuted)
        if statement.proves
    )
    assert set(shown) <= set(listed())
    for step in listed().values():
        by_itself = step.place in shown or step.kind in ("choice", "definition") and step.words
        assert by_itself or step.words and step.shown, step


def test_a_claim_proves_its_own_steps_alone():
    for claim in stated_claims().values():
        for statement in (*claim.statements, *claim.refuted, *claim.also):
            assert not statement.proves or statement.proves.startswith(f"{claim.id}.")


def terms(side):
    """What a side consists of: terms, or cases; nothing for a bare letter."""
    if isinstance(side, Best):
        side = side.objective
    if isinstance(side, Tends):
        side = side.expression
    if isinstance(side, LabelledJoint):
        return [side.one, side.zero]
    return list(Add.make_args(side)) if isinstance(side, Basic) and side.args else []


def nodes(statement):
    """Every expression in a statement, or in the one that a counterexample refutes."""
    if isinstance(statement, Counterexample):
        statement = statement.of
    values = [getattr(statement, f.name) for f in fields(statement)]
    every = [value for value in values if isinstance(value, Basic)]
    return [n for value in every for n in preorder_traversal(value) if isinstance(n, Expr)]


def stands_in(term, found):
    """Whether a term is one of the expressions, with either sign, or a factor of one."""
    if any(alike(term, one) or alike(negative(term), one) for one in found):
        return True
    wanted = Mul.make_args(term)
    products = (Mul.make_args(one) for one in found if one.is_Mul)
    return any(all(factor in own for factor in wanted) for own in products)


@pytest.mark.parametrize("place", [place for place in SIGNS if place not in CHANGED])
def test_the_sides_that_were_read_stand_in_the_statements_of_their_step(place):
    step, claim = SIGNS[place], stated_claims()[listed()[place].equation]
    proving = [s for s in (*claim.statements, *claim.refuted) if s.proves == place]
    found = [node for statement in proving for node in nodes(statement)]
    sides = (
        [step.right] if shape(step) in ("named", "limit", "optimum") else [step.left, step.right]
    )
    for term in (term for side in sides for term in terms(side)):
        assert stands_in(term, found), term


def test_a_step_whose_sides_are_changed_is_one():
    assert set(CHANGED) < set(SIGNS)
