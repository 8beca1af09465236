"""The measures of coverage, by hand."""

import math

import pytest
import torch

from onekl.data.mixtures import Mixture, ring
from onekl.measure.coverage import coverage, mode_counts


def by_hand():
    """Two modes at 0 and 10 with σ = 1.

    There are 20 samples, so a fair share is 10 and a fifth of it is 2.
    """
    mixture = Mixture(torch.tensor([[0.0, 0.0], [10.0, 0.0]]), 1.0)
    far, near, edge = [5.0, 9.0], [0.0, 2.9], [10.0, 3.1]
    rows = [
        [near] * 18 + [[10.0, 0.0]] * 2,
        [near] * 19 + [[10.0, 0.0]],
        [near] * 10 + [far] * 9 + [edge],
        [far] * 20,
    ]
    return mixture, torch.tensor(rows)


def test_coverage_by_hand():
    mixture, x = by_hand()
    judged = coverage(mixture, x)
    assert mode_counts(mixture, x).tolist() == [[18, 2], [19, 1], [10, 0], [0, 0]]
    assert judged.modes.tolist() == [2, 2, 1, 0]
    assert judged.fair_modes.tolist() == [2, 1, 1, 0]  # one sample is a mode, but no fair share
    assert judged.high_quality.tolist() == [1, 1, 0.5, 0]
    kl = [sum(c * math.log(2 * c) for c in pair) for pair in ((0.9, 0.1), (0.95, 0.05))]
    # only high-quality samples are counted; a seed with none gets the largest value
    assert judged.reverse_kl.tolist() == pytest.approx([*kl, math.log(2), math.log(2)], rel=1e-12)


def test_coverage_treats_the_seeds_apart():
    mixture, x = by_hand()
    for s in range(len(x)):
        for whole, alone in zip(coverage(mixture, x), coverage(mixture, x[s : s + 1])):
            assert whole[s] == alone[0]


@pytest.mark.parametrize("shape", [(20, 2), (4, 20, 3), (4, 20)])
def test_samples_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"expected samples of shape \(S, N, 2\), got"):
        coverage(ring(), torch.zeros(shape))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_samples_that_are_not_finite_are_refused(bad):
    x = torch.zeros(2, 5, 2)
    x[1, 3, 0] = bad
    with pytest.raises(ValueError, match="1 samples are not finite"):
        coverage(ring(), x)
