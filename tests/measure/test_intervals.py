"""Intervals against their textbook values and their coverage."""

import math

import pytest
import torch

from onekl.measure import intervals


@pytest.mark.parametrize(
    "passed, word",
    [([True, True], "supported"), ([True, False], "mixed"), ([False], "not supported")],
)
def test_the_word_of_a_verdict(passed, word):
    assert intervals.verdict(passed) == word


def test_no_seeds_give_no_verdict():
    with pytest.raises(ValueError, match="at least one seed"):
        intervals.verdict([])


def test_interval_of_a_textbook_sample():
    # Mean 3, standard deviation √2.5, t(0.975; 4) = 2.776445:
    # the half width is 2.776445·√(2.5/5) = 1.963243.
    interval = intervals.confidence_interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert interval == pytest.approx((3, 3 - 1.963243, 3 + 1.963243), abs=1e-6)
    assert str(interval) == "3 [1.037, 4.963]"


def test_interval_covers_as_often_as_it_says():
    samples = torch.randn(2000, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = [intervals.confidence_interval(sample) for sample in samples]
    share = sum(i.low <= 0 <= i.high for i in found) / 2000
    assert share == pytest.approx(
        0.95, abs=4 * math.sqrt(0.95 * 0.05 / 2000)
    )  # four standard errors


@pytest.mark.parametrize(
    "values, message",
    [
        ([1.0], "two seeds or more"),
        ([[1.0, 2.0]], r"got shape \(1, 2\)"),
        ([1.0, math.nan, 2.0], "1 of 3 values are not finite"),
    ],
)
def test_what_has_no_interval_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        intervals.confidence_interval(values)


def test_paired_difference_drops_what_the_pairs_share():
    shared = torch.tensor([10.0, -40.0, 300.0])
    difference = intervals.paired_difference(shared + torch.tensor([1.0, 1.1, 0.9]), shared)
    assert difference.mean == pytest.approx(1, abs=1e-5)
    assert difference.low > 0.7
    with pytest.raises(ValueError, match=r"equal shapes, got \(3,\) and \(2,\)"):
        intervals.paired_difference(shared, shared[:2])
