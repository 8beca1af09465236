"""Two sides that are timed must agree, and both are timed."""

import math

import pytest
import torch

from onekl.measure.timing import TOLERANCE, median_seconds, require_equal


def test_losses_that_are_not_numbers_are_not_equal():
    with pytest.raises(ValueError, match="nan apart"):
        require_equal("both", torch.tensor([math.nan]), torch.tensor([math.nan]))


def test_losses_may_differ_by_the_tolerance_and_no_more():
    one = torch.ones(3, 2, dtype=torch.float64)
    require_equal("near", one * (1 + 0.9 * TOLERANCE), one)
    with pytest.raises(ValueError, match="^far: "):
        require_equal("far", one * (1 + 1.1 * TOLERANCE), one)


def test_the_two_sides_take_turns_and_warm_up_once():
    calls = []
    found = median_seconds([lambda: calls.append("a"), lambda: calls.append("b")], 2, 3)
    assert calls == ["a", "a", "b", "b"] * 4 and len(found) == 2
    assert all(math.isfinite(seconds) and seconds > 0 for seconds in found)
