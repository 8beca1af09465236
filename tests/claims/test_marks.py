"""The words of an equation's steps, and the equation's own: that of its weakest printed sign."""

import itertools

import pytest

from onekl.claims.marks import WORDS, Outcome, steps_shown, weakest_of
from onekl.claims.report import StepShown
from onekl.reading.nodes import printed
from onekl.reading.reader import ARTICLE
from onekl.reading.steps import listed, steps_of

SHOWN, WANTING, REFUTED = Outcome(False, ()), Outcome(False, ("a premise",)), Outcome(True, ())
IN_ORDER = ("slip", "holds if", "exact", "choice", "definition")  # the weakest word first
IN_WORDS = [step.place for step in listed().values() if step.words]
WITHOUT_A_SIGN = [id for id in printed() if not ARTICLE[id].steps]


def words(id, outcomes):
    """The words of the steps by their places, and that of the equation."""
    steps = steps_shown(id, outcomes)
    return {step.place: step.verdict for step in steps}, weakest_of(steps)


def every_sign(id, outcome=SHOWN):
    return {step.place: outcome for step in ARTICLE[id].steps}


def made_up(*verdicts, sign="="):
    """Steps with these words, all with a printed sign or all in words."""
    return tuple(
        StepShown(f"su-1.{k}", "identity", sign, k if sign else None, "", verdict, (), "")
        for k, verdict in enumerate(verdicts)
    )


@pytest.mark.parametrize("sign", ["=", ""])
@pytest.mark.parametrize("weaker, stronger", [*itertools.combinations(IN_ORDER, 2)])
def test_the_weakest_word_is_the_equations(weaker, stronger, sign):
    for some in ((weaker, stronger), (stronger, weaker), (stronger, weaker, stronger)):
        assert weakest_of(made_up(*some, sign=sign)) == weaker


def test_the_order_of_the_words_is_the_one_that_is_promised():
    assert tuple(word for word in WORDS if word in IN_ORDER) == IN_ORDER
    assert WORDS[:2] == ("slip", "bound only")  # that it is no equality is said before a premise


@pytest.mark.parametrize(
    "outcome, word", [(SHOWN, "exact"), (WANTING, "holds if"), (REFUTED, "slip")]
)
def test_what_was_shown_of_one_sign_decides_the_word_of_both(outcome, word):
    """(4) has two signs, an identity and a bound."""
    for place, other in (("su-4.1", "su-4.2"), ("su-4.2", "su-4.1")):
        found, whole = words("su-4", {place: outcome, other: SHOWN})
        assert (found[place], found[other], whole) == (word, "exact", word)


def test_a_definition_that_holds_is_one_and_one_that_is_refuted_is_a_slip():
    """(27) is two definitions, and its second is printed with a density that is not introduced."""
    found, whole = words("su-27", every_sign("su-27"))
    assert {*found.values(), whole} == {"definition", ""}
    found, whole = words("su-27", {"su-27.1": SHOWN, "su-27.2": REFUTED})
    assert (found["su-27.1"], found["su-27.2"], whole) == ("definition", "slip", "slip")


@pytest.mark.parametrize("id", [id for id in printed() if ARTICLE[id].steps])
@pytest.mark.parametrize("bounded", [False, True])
def test_only_a_refuted_tilde_with_a_bound_in_its_place_is_a_bound_only(id, bounded):
    for step in ARTICLE[id].steps:
        found, whole = words(id, every_sign(id) | {step.place: Outcome(True, (), bounded)})
        tilde = step.sign in (r"\sim", r"\approx")
        assert found[step.place] == whole == ("bound only" if tilde and bounded else "slip")


@pytest.mark.parametrize("place", IN_WORDS)
def test_a_step_in_words_has_its_own_word_and_a_printed_sign_keeps_its_own(place):
    id = listed()[place].equation
    plain, whole = words(id, every_sign(id))
    for outcome, word in ((WANTING, "holds if"), (REFUTED, "slip")):
        found, with_it = words(id, every_sign(id) | {place: outcome})
        decided = listed()[place].kind in ("choice", "definition") and outcome is WANTING
        assert found[place] == (listed()[place].kind if decided else word)
        assert {**found, place: plain[place]} == plain
        if ARTICLE[id].steps:
            assert with_it == whole


@pytest.mark.parametrize("id", WITHOUT_A_SIGN)
def test_an_equation_without_a_sign_takes_its_word_from_its_steps_in_words(id):
    kinds = {step.place: step.kind for step in steps_of(id)}
    found, whole = words(id, dict.fromkeys(kinds, SHOWN))
    expected = [kind if kind in ("choice", "definition") else "exact" for kind in kinds.values()]
    assert [*found.values()] == expected
    assert whole == min(expected, key=IN_ORDER.index)
    for place in kinds:
        assert words(id, dict.fromkeys(kinds, SHOWN) | {place: REFUTED})[1] == "slip"


def test_what_is_shown_elsewhere_has_no_word_and_what_is_no_equation_no_steps():
    found, whole = words("su-22", every_sign("su-22"))
    assert found["su-22.b"] == "" and whole == "exact"
    assert steps_shown("su-t2", {}) == () and weakest_of(()) == ""


def test_the_steps_are_shown_in_the_order_of_the_article_with_what_is_listed_and_read():
    for id in printed():
        steps = steps_shown(id, every_sign(id))
        assert [(s.place, s.kind, s.words, s.shown) for s in steps] == [
            (s.place, s.kind, s.words, s.shown) for s in steps_of(id)
        ]
        signs = [(step.place, step.sign, step.at) for step in steps if step.sign]
        assert signs == [(step.place, step.sign, step.at) for step in ARTICLE[id].steps]
