"""The measures of pairs: scales, reconstruction against the best constant, neighbours."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier

from onekl.measure.pairs import nearest_neighbour_error, relative_error, scaled_pairs, spread
from onekl.training.seeds import Seeds


def test_spread_is_the_root_of_the_total_variance():
    x = Seeds(range(3)).child("draws").normal(50, 4) * 3 + 7
    torch.testing.assert_close(spread(x), x.var(1, unbiased=False).sum(-1).sqrt())


def test_pairs_have_unit_spread_in_each_part():
    seeds = Seeds(range(2)).child("draws")
    x, z = 100 * seeds.normal(80, 5), seeds.normal(80, 2) / 9
    pairs = scaled_pairs(x, z, spread(x), spread(z))
    assert pairs.shape == (2, 80, 7)
    torch.testing.assert_close(spread(pairs[..., :5]), torch.ones(2))
    torch.testing.assert_close(spread(pairs[..., 5:]), torch.ones(2))


def test_relative_error_is_zero_when_perfect_and_one_for_the_mean():
    target = Seeds(range(2)).child("draws").normal(30, 3) + 5
    mean = target.mean(1, keepdim=True).expand_as(target)
    torch.testing.assert_close(relative_error(target, target), torch.zeros(2))
    torch.testing.assert_close(relative_error(target, mean), torch.ones(2))
    torch.testing.assert_close(relative_error(target, 2 * mean - target), torch.full((2,), 4.0))


def test_neighbours_agree_with_scikit_learn_seed_by_seed():
    seeds = Seeds(range(4)).child("draws")
    codes, reference = seeds.normal(40, 2), seeds.normal(60, 2)
    labels, reference_labels = seeds.integers(3, 40), seeds.integers(3, 60)
    found = nearest_neighbour_error(codes, labels, reference, reference_labels)
    for s in range(4):
        judge = KNeighborsClassifier(1).fit(reference[s].numpy(), reference_labels[s].numpy())
        assert found[s] == pytest.approx(
            np.mean(judge.predict(codes[s].numpy()) != labels[s].numpy())
        )
    assert (
        nearest_neighbour_error(reference, reference_labels, reference, reference_labels).tolist()
        == [0] * 4
    )


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda x: scaled_pairs(x, x[:, :3], spread(x), spread(x)), "as many of both"),
        (lambda x: scaled_pairs(x, x, 0 * spread(x), spread(x)), "not positive"),
        (lambda x: relative_error(x, x[..., :1]), "must be the same"),
        (lambda x: relative_error(0 * x, x), "all equal"),
        (lambda x: nearest_neighbour_error(x, x[..., 0], x[:, :2], x[..., 0]), "do not fit"),
    ],
)
def test_bad_input_is_one_clear_line(call, words):
    with pytest.raises(ValueError, match=words) as error:
        call(Seeds(range(2)).child("draws").normal(5, 2))
    assert "\n" not in str(error.value)
