"""The two-sample statistic: its value by hand, its level under the null, and its power."""

import math

import pytest
import torch
from scipy import stats

from onekl.measure.two_sample import two_sample_test, wasserstein
from onekl.training.seeds import Seeds


def by_hand(x, y, widths):
    """The unbiased statistic of one seed, by loops."""
    pooled = torch.cat([x, y]).double()
    middle = (torch.cdist(pooled, pooled) ** 2).flatten().median()

    def k(a, b):
        return sum(
            math.exp(-float(((a - b) ** 2).sum()) / (2 * w**2 * middle)) for w in widths
        ) / len(widths)

    def within(s):
        return sum(k(a, b) for i, a in enumerate(s) for j, b in enumerate(s) if i != j) / (
            len(s) * (len(s) - 1)
        )

    x, y = x.double(), y.double()
    return within(x) + within(y) - 2 * sum(k(a, b) for a in x for b in y) / (len(x) * len(y))


def test_the_statistic_is_the_unbiased_mmd():
    seeds = Seeds([0, 1]).child("draws")
    x, y = seeds.normal(6, 2), 0.5 + seeds.normal(4, 2)
    found = two_sample_test(x, y, seeds, 5, widths=(1.0, 3.0))
    for s in range(2):
        assert found.statistic[s].item() == pytest.approx(
            by_hand(x[s], y[s], (1.0, 3.0)), rel=1e-10
        )
    assert found.null.shape == (2, 5) and found.p_value.shape == (2,)


def test_the_level_holds_and_the_null_is_centred():
    """Of 200 tests of samples from one distribution, about a tenth reject at that level."""
    seeds = Seeds(range(200)).child("draws")
    found = two_sample_test(seeds.normal(40, 2), seeds.normal(30, 2), seeds, 99)
    assert 5 <= (found.p_value <= 0.1).sum() <= 36  # 20 expected; beyond with a probability of 1e-4
    assert abs(found.null.mean()) < 4 * found.null.std() / math.sqrt(found.null.numel() / 99)


def test_a_shift_is_found():
    seeds = Seeds(range(20)).child("draws")
    found = two_sample_test(seeds.normal(100, 2), 0.8 + seeds.normal(100, 2), seeds, 99)
    assert (found.p_value == 0.01).all()


def test_the_same_shuffles_whichever_seeds_stand_beside():
    both, one = Seeds([3, 4]).child("draws"), Seeds([4]).child("draws")
    x, y = both.normal(10, 2), both.normal(10, 2)
    z, w = one.normal(10, 2), one.normal(10, 2)
    torch.testing.assert_close(
        two_sample_test(x, y, both).null[1:], two_sample_test(z, w, one).null
    )


@pytest.mark.parametrize(
    "x, y, complaint",
    [
        (torch.zeros(2, 3, 1), torch.zeros(2, 3, 2), "two samples"),
        (torch.zeros(2, 3, 1), torch.zeros(1, 3, 1), "two samples"),
        (torch.zeros(2, 1, 1), torch.zeros(2, 3, 1), "two points or more"),
        (torch.full((1, 3, 1), math.nan), torch.zeros(1, 3, 1), "not finite"),
    ],
)
def test_samples_that_do_not_fit_are_refused(x, y, complaint):
    with pytest.raises(ValueError, match=complaint):
        two_sample_test(x, y, Seeds(range(len(x))).child("draws"))


def test_the_distance_of_each_coordinate_is_scipy_s():
    seeds = Seeds([0, 1]).child("draws")
    x, y = seeds.normal(50, 3), 0.5 + 2 * seeds.normal(50, 3)
    found = wasserstein(x, y)
    assert found.shape == (2, 3)
    for s in range(2):
        for d in range(3):
            expected = stats.wasserstein_distance(x[s, :, d].numpy(), y[s, :, d].numpy())
            assert found[s, d].item() == pytest.approx(expected, rel=1e-5)
