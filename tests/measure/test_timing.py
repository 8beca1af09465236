"""How far two sides that are timed are apart is measured, and both are timed."""

import math

import torch

from onekl.measure.timing import TOLERANCE, apart, apart_text, median_seconds


def test_losses_that_are_no_numbers_are_infinitely_far_apart():
    """A NaN is never taken for agreement."""
    one, lost = torch.ones(2, 2), torch.tensor([[1.0, math.nan], [1.0, 1.0]])
    for pair in ((one, lost), (lost, one), (lost, lost)):
        assert apart(*pair) == math.inf
        assert "different arithmetic" in apart_text(apart(*pair))


def test_how_far_losses_are_apart_is_relative():
    one = torch.tensor([[1.0, 1000.0]], dtype=torch.float64)
    assert apart(one, one) == 0
    for share, warned in ((0.9, False), (1.1, True)):
        found = apart(one * (1 + share * TOLERANCE), one)
        assert abs(found - share * TOLERANCE) < 1e-9
        assert ("different arithmetic" in apart_text(found)) == warned


def test_the_two_sides_take_turns_and_warm_up_once():
    calls = []
    found = median_seconds([lambda: calls.append("a"), lambda: calls.append("b")], 2, 3)
    assert "".join(dict.fromkeys(calls)) == "ab" and len(found) == 2
    turns = "".join(calls).replace("bba", "bb a").split()
    assert len(turns) == 4 and {turn[-2:] for turn in turns} == {"bb"}
    assert all(math.isfinite(seconds) and seconds > 0 for seconds in found)
