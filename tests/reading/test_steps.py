"""The list of steps: every printed sign is in it, with a kind that fits what is read."""

import re
from collections import Counter

import pytest

from onekl.chapters import stated_claims
from onekl.claims.inventory import inventory
from onekl.reading.nodes import printed
from onekl.reading.reader import ARTICLE
from onekl.reading.steps import KINDS_OF_SIGNS, KINDS_OF_WORDS, listed, shape, steps_of

SIGNS = {step.place: step for id in printed() for step in ARTICLE[id].steps}


def test_every_sign_is_listed_once_and_53_steps_are_made_in_words():
    in_words = [step for step in listed().values() if step.words]
    assert {place for place in listed() if not listed()[place].words} == set(SIGNS)
    assert (len(SIGNS), len(in_words)) == (47, 53)
    assert all(re.fullmatch(r"su-\d+\.[a-c]", step.place) for step in in_words)


def test_the_list_is_in_the_order_of_the_article():
    numbers = [int(step.equation[3:]) for step in listed().values()]
    assert numbers == sorted(numbers) and set(numbers) == set(range(1, 44))
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
