"""ALI's claims: how the losses of (41), (42) and (43) are made of one another, as printed."""

from onekl.reading.reader import ARTICLE
from onekl.symbolic.lines.written import alike, negative

trained, minimax, exchanged = (ARTICLE[id].expression.args for id in ("su-41", "su-42", "su-43"))


def test_41_takes_minus_the_first_term_of_42_and_the_second_of_43():
    first, second = trained
    assert alike(first, negative(minimax[0])) and alike(second, exchanged[1])


def test_the_other_terms_of_42_and_43_are_no_terms_of_41():
    for term in (minimax[1], negative(minimax[1]), exchanged[0], negative(exchanged[0])):
        assert not any(alike(term, one) for one in trained)
