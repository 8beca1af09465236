"""The recorded run of the missing term's notebook, and the words and figures that rest on it."""

import json
import math

import pytest

from onekl.measure.intervals import confidence_interval
from onekl.training.records import recorded
from paths import NOTEBOOKS, ROOT

VALUES = recorded("missing_term")["values"]
EXACT, ALL, TRAINED = "exact D", "exact D, all z", "trained D"
PAGE = (ROOT / "book/missing_term.md").read_text(encoding="utf-8")
CELLS = json.loads((NOTEBOOKS / "missing_term-trial.ipynb").read_text(encoding="utf-8"))["cells"]
LAST = "".join(CELLS[-1]["source"])  # what the runs show
TRICKS = ("clipping", "Adam", "batch norm", "few steps")


def interval(name, measure="term", training=EXACT):
    """The ratio with the trick over without: its geometric mean, and the ends of its interval."""
    return [math.exp(one) for one in confidence_interval(VALUES[training][name][measure])]


def is_smaller(*asked):
    return interval(*asked)[2] < 1


def is_larger(*asked):
    return interval(*asked)[1] > 1


def require_printed(words, found):
    """AssertionError unless numbers such as `0.70 [0.49, 1.01]` are the found ones, rounded."""
    for word, number in zip(
        words.replace("−", "-").strip("]").replace(" [", ", ").split(", "), found, strict=True
    ):
        decimals = len(word.partition(".")[2])
        assert word == f"{number:.{decimals}f}"


@pytest.mark.parametrize(
    "words, asked",
    [
        ("0.13 [0.014, 1.2]", ("clipping, best, same progress",)),
        ("0.19 [0.052, 0.68]", ("clipping, best, same progress", "term", TRAINED)),
        ("1.3 [1.1, 1.5]", ("few steps, gentle, same phases",)),
    ],
)
def test_the_page_prints_the_record(words, asked):
    assert words in PAGE
    require_printed(words, interval(*asked))


@pytest.mark.parametrize(
    "words, asked",
    [
        ("0.099 [0.070, 0.14]", ("clipping, best, same setting",)),
        ("0.13 [0.014, 1.2]", ("clipping, best, same progress",)),
        ("1.2 [0.80, 1.7]", ("clipping, gentle, same progress",)),
        ("1.9 [1.4, 2.6]", ("clipping, gentle, same progress", "rises")),
        ("1.3 [1.1, 1.5], and so", ("few steps, gentle, same phases",)),
        ("its rises, 1.3 [1.1, 1.5]", ("few steps, gentle, same phases", "rises")),
        ("1.06 [1.03, 1.10]", ("few steps, gentle, same progress", "rises")),
        ("0.70 [0.49, 1.01]", ("batch norm, gentle, same progress", "rises")),
        ("0.19 [0.052, 0.68]", ("clipping, best, same progress", "term", TRAINED)),
        ("0.30 [0.097, 0.90]", ("clipping, best, same progress", "rises", TRAINED)),
        ("1.7 [1.1, 2.6]", ("Adam, gentle, same setting", "term", ALL)),
        ("0.94 [0.82, 1.09]", ("Adam, gentle, same progress", "rises", ALL)),
        ("0.11 [0.061, 0.18]", ("Adam, gentle, same setting", "term", TRAINED)),
        ("0.64 [0.42, 0.97]", ("batch norm, gentle, same progress", "rises", TRAINED)),
    ],
)
def test_the_notebook_tells_the_record(words, asked):
    assert words in LAST
    numbers = words[: words.index("]") + 1].rpartition("rises, ")[2]
    require_printed(numbers, interval(*asked))


@pytest.mark.parametrize(
    "words, name",
    [
        ("far smaller term (0.0092)", "Adam, best, same progress"),
        ("at the best rate (0.25)", "Adam, best, same setting"),
        ("at the same learning rate (1.5,", "batch norm, best, same setting"),
        ("and 6.4 at the gentle one", "batch norm, gentle, same setting"),
        ("the term is smaller (0.0018)", "batch norm, best, same progress"),
    ],
)
def test_the_notebook_tells_the_recorded_means(words, name):
    assert words in LAST
    (number,) = (word.strip("(),") for word in words.split() if "." in word)
    require_printed(number, interval(name)[:1])


def test_the_notebook_tells_what_clipping_does_to_the_progress():
    found = confidence_interval(VALUES[EXACT]["clipping, best, same setting"]["progress"])
    assert "differs by 0.002 nats [−0.012, 0.015]" in LAST
    require_printed("0.002 [−0.012, 0.015]", found)


def test_the_words_of_the_page_and_of_the_notebook_follow_from_the_record():
    best = {trick: f"{trick}, best, same setting" for trick in TRICKS}
    assert [trick for trick in TRICKS if is_smaller(best[trick])] == [
        "clipping",
        "Adam",
        "few steps",
    ]
    assert is_larger(best["batch norm"]) and is_larger("batch norm, gentle, same setting")
    for measure in ("term", "rises"):
        for training in (EXACT, ALL, TRAINED):
            found = [
                t for t in TRICKS if is_smaller(f"{t}, best, same progress", measure, training)
            ]
            assert found == [t for t in TRICKS if t != "clipping" or training == TRAINED]
    for measure in ("term", "rises"):
        assert is_larger("few steps, gentle, same phases", measure)
    assert not is_smaller("Adam, gentle, same setting")
    assert not is_smaller("clipping, gentle, same progress")


def test_the_rises_at_the_gentle_rate_are_told_as_they_are():
    """Where there are more, no more, and where the seeds leave it open."""
    assert is_larger("clipping, gentle, same progress", "rises")
    assert is_larger("few steps, gentle, same progress", "rises")
    for name in ("clipping, gentle, same progress", "few steps, gentle, same phases"):
        assert not is_larger(name, "rises", ALL)
    for training in (ALL, TRAINED):
        assert not is_larger("few steps, gentle, same progress", "rises", training)


def test_three_tricks_are_smaller_at_the_gentle_rate_whichever_the_training():
    for training in (EXACT, ALL, TRAINED):
        assert all(is_smaller(f"{t}, gentle, same progress", "term", training) for t in TRICKS[1:])
