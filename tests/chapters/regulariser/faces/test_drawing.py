"""The drawn faces, and the measures that count what a generator of them covers."""

import math

import numpy as np
import pytest
import torch

from onekl.chapters.regulariser.faces import drawing
from onekl.chapters.regulariser.faces.measures import (
    Classified,
    classify,
    frechet_distance,
    sample_measures,
    total_variation,
    train_classifier,
)
from onekl.training.seeds import Seeds

MANY = drawing.draw(np.arange(6000), 16)


def test_there_are_enough_combinations():
    assert drawing.COMBINATIONS == math.prod(map(len, drawing.ATTRIBUTES.values())) >= 1000
    assert len(drawing.COLOURS["eyes"]) == len(drawing.ATTRIBUTES["eyes"])


@pytest.mark.parametrize("side", [16, 32, 64])
def test_shapes_range_and_levels(side):
    images, attributes, places = drawing.draw(range(40), side)
    assert images.shape == (40, 3, side, side) and images.dtype == torch.float32
    assert images.min() >= -1 and images.max() <= 1 and images.max() - images.min() > 1.5
    assert torch.equal(((images + 1) * 127.5).round() / 127.5 - 1, images)
    assert attributes.shape == (40, len(drawing.SIZES)) and places.shape == (
        40,
        len(drawing.PLACES),
    )
    assert (attributes >= 0).all() and (attributes < torch.tensor(drawing.SIZES)).all()
    low, high = torch.tensor(list(drawing.PLACES.values()), dtype=torch.float64).T
    assert (places >= low).all() and (places < high).all()


def test_a_face_is_the_same_in_whichever_batch():
    """To the bit, alone, in another order, and across the border of what is drawn at a time."""
    side, numbers = 64, np.random.default_rng(0).permutation(50)
    whole = drawing.draw(range(50), side)
    assert len(numbers) * side**2 > drawing.PIXELS_AT_A_TIME
    for other, place in ((drawing.draw(numbers, side), numbers), (drawing.draw([17], side), [17])):
        assert all(torch.equal(one, two[place]) for one, two in zip(other, whole))


def test_another_seed_draws_other_faces():
    one, two = drawing.draw(range(50), 16), drawing.draw(range(50), 16, seed=1)
    assert (one.attributes == two.attributes).double().mean() < 0.5
    assert torch.equal(drawing.draw(range(50), 16, seed=1).images, two.images)


def test_a_far_index_is_a_face_too():
    assert drawing.draw([10**15], 16).images.isfinite().all()


def test_attributes_and_places_are_uniform_and_independent():
    """χ² of every pair of attributes, the correlation of all numbers: five standard deviations."""
    for i in range(len(drawing.SIZES)):
        for j in range(i):
            cells = drawing.SIZES[i] * drawing.SIZES[j]
            count = torch.bincount(
                MANY.attributes[:, i] * drawing.SIZES[j] + MANY.attributes[:, j], minlength=cells
            )
            chi = ((count - 6000 / cells) ** 2 / (6000 / cells)).sum()
            assert abs(chi - (cells - 1)) < 5 * math.sqrt(2 * (cells - 1))
    correlation = torch.cat([MANY.attributes.double(), MANY.places], 1).T.corrcoef()
    assert (correlation - torch.eye(len(correlation))).abs().max() < 5 / math.sqrt(6000)


@pytest.mark.parametrize("side", [16, 32])
def test_each_attribute_is_visible(side):
    """Whatever the others are: another value changes some pixel by over a tenth of the range."""
    some = drawing.draw(range(300), side)
    attributes, places = some.attributes.numpy(), some.places.numpy()
    for column, size in enumerate(drawing.SIZES):
        other = attributes.copy()
        other[:, column] = (other[:, column] + 1) % size
        change = np.abs(drawing.paint(other, places, side) - some.images.numpy()).max((1, 2, 3))
        assert change.min() > 0.2, list(drawing.ATTRIBUTES)[column]


@pytest.mark.parametrize(
    "indices, side, message",
    [
        ([], 64, "indices must be a list of whole numbers"),
        ([-1], 64, "indices must be"),
        ([0.5], 64, "indices must be"),
        ([0], 4, "a face needs a side of at least 8 pixels, got 4"),
    ],
)
def test_bad_requests_are_told_in_one_line(indices, side, message):
    with pytest.raises(ValueError, match=message) as caught:
        drawing.draw(indices, side)
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def classifier():
    return train_classifier(MANY, 300, Seeds([0]).child("classifier"))


@pytest.fixture(scope="module")
def held_out(classifier):
    fresh = drawing.draw(np.arange(10**6, 10**6 + 1500), 16)
    return fresh, classify(classifier, fresh.images)


def test_classifier_names_attributes_of_faces_it_has_not_seen(held_out):
    fresh, seen = held_out
    right = (seen.attributes == fresh.attributes).double().mean(0)
    assert right.mean() > 0.9 and right.min() > 0.7  # 300 steps; the notebooks train for longer


def test_classifier_is_a_function_of_its_stream():
    few = drawing.draw(range(200), 16)
    one, two = (train_classifier(few, 3, Seeds([5]).child("classifier")) for _ in range(2))
    before = torch.get_rng_state()
    train_classifier(few, 1, Seeds([5]).child("classifier"))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters()))
    assert torch.equal(torch.get_rng_state(), before)


def test_measures_tell_collapse_from_the_truth(classifier, held_out):
    reference = classify(classifier, MANY.images)
    fresh, seen = held_out
    honest = sample_measures(seen, reference)
    collapsed = sample_measures(
        classify(classifier, fresh.images[:3].repeat(500, 1, 1, 1)), reference
    )
    noise = sample_measures(
        classify(
            classifier,
            Seeds([0]).child("noise").uniform(1500, 3, 16, 16)[0] * 2 - 1,
        ),
        reference,
    )
    assert collapsed["combinations"] <= 3 < 1000 < honest["combinations"]
    assert honest["two attributes"] < 0.1 < 0.7 < collapsed["two attributes"]
    assert honest["distance"] < 0.05 < collapsed["distance"] < noise["distance"]
    assert (
        noise["clear combinations"] < honest["clear combinations"]
        and noise["clear"] < honest["clear"]
    )


def test_measures_count_what_is_clear():
    attributes = torch.zeros(4, 7, dtype=torch.int64)
    attributes[1, 0] = attributes[2, 3] = 1
    probabilities = torch.ones(4, 7)
    probabilities[2, 6] = 0.5
    some = Classified(attributes, probabilities, torch.randn(4, 3))
    found = sample_measures(some, some)
    assert (found["combinations"], found["clear combinations"]) == (3, 2)
    assert found["clear"] == 0.75
    assert found["confidence"] == pytest.approx(1 - 0.5 / 28)


def test_total_variation_of_known_tables():
    every = torch.cartesian_prod(*map(torch.arange, drawing.SIZES))
    assert (
        total_variation(every, [0]) == total_variation(every, [2, 5]) == pytest.approx(0, abs=1e-6)
    )
    assert total_variation(every[:1], [0, 1]) == pytest.approx(15 / 16)
    assert total_variation(every[every[:, 4] < 2], [4]) == pytest.approx(1 / 3, abs=1e-6)


def test_frechet_distance_of_known_gaussians():
    """Of samples that are stretched and moved copies of each other: a closed form."""
    x = torch.randn(500, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    variance = x.T.cov().trace()
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(x + 2, x) == pytest.approx((16 / variance).item())
    shift = (3 * x.mean(0) - x.mean(0)).square().sum()
    assert frechet_distance(3 * x, x) == pytest.approx(((shift + 4 * variance) / variance).item())
