"""The random functions, bijections and means that statements are tried on are what they say."""

from random import Random

import mpmath
import pytest

from onekl.symbolic.maps.real_densities import _random_bijection
from onekl.symbolic.numeric import DIGITS, Assignment
from onekl.symbolic.parametric.families import FamilyInstance, _forms, _smooth, tilted
from onekl.symbolic.vectors.functions import bounded_function
from onekl.symbolic.vectors.laws import _mean_of_polynomial

CLOSE = mpmath.mpf(10) ** -15


@pytest.fixture(autouse=True)
def digits():
    with mpmath.workdps(DIGITS):
        yield


def numbers(name, k):
    """A number for each name and place."""
    return mpmath.mpf(len(name) + 2 * k + 1) / 7


INSTANCE = Assignment(functions=numbers)


def _slopes(bijection, place, j):
    """The slopes of all coordinates of the image in one coordinate of the place."""

    def moved(i):
        return lambda t: bijection.forward((*place[:j], t, *place[j + 1 :]))[i]

    return [mpmath.diff(moved(i), place[j]) for i in range(len(place))]


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_a_bijection_is_undone_by_its_inverse_and_has_its_determinant(dimension):
    steep = set()
    for seed in range(12):
        random = Random(seed)
        bijection = _random_bijection(random, dimension)
        steep.add(bijection.steep)
        place = tuple(mpmath.mpf(random.uniform(-1, 1)) for _ in range(dimension))
        back = bijection.inverse(bijection.forward(place))
        assert all(abs(a - b) < CLOSE for a, b in zip(back, place))
        slopes = mpmath.matrix([_slopes(bijection, place, j) for j in range(dimension)])
        assert abs(mpmath.log(abs(mpmath.det(slopes))) - bijection.log_det(place)) < 1e-9
    assert steep == {False, True}


def test_a_bounded_function_is_bounded_smooth_and_no_constant():
    near, far = (mpmath.mpf(2), mpmath.mpf(-1)), (mpmath.mpf(300), mpmath.mpf(400))
    for place in (near, far):
        form = numbers("h", 0) + sum(numbers("h", i) * c for i, c in enumerate(place, 1))
        found = bounded_function(INSTANCE, "h", place)
        assert abs(found - mpmath.cos(form) - 1 / (1 + place[0] ** 2 + place[1] ** 2)) < CLOSE
        assert abs(found) <= 2


def test_the_mean_of_a_polynomial_weighs_places_whatever_the_weights_sum_to():
    places = [(mpmath.mpf(1), mpmath.mpf(2)), (mpmath.mpf(-1), mpmath.mpf(0))]
    values = [_mean_of_polynomial(INSTANCE, [place], [mpmath.mpf(5)]) for place in places]
    form = numbers("a", 1) + 2 * numbers("a", 2)
    assert abs(values[0] - sum(numbers("c", k) * form**k for k in range(5))) < CLOSE
    mean = _mean_of_polynomial(INSTANCE, places, [mpmath.mpf(2), mpmath.mpf(6)])
    assert abs(mean - (values[0] + 3 * values[1]) / 4) < CLOSE


def test_a_family_keeps_its_zeros_sums_to_one_and_moves():
    table = {(0,): mpmath.mpf("0.25"), (1,): mpmath.mpf("0.75"), (2,): mpmath.mpf(0)}
    random = Random(1)
    family = tilted(table, {cell: _forms(random, 2) for cell in table})
    here, there = (family((mpmath.mpf(a), mpmath.mpf(1))) for a in (0, 1))
    for cells in (here, there):
        assert cells[2,] == 0 and min(cells[0,], cells[1,]) > 0
        assert abs(sum(cells.values()) - 1) < CLOSE
    assert abs(here[0,] - there[0,]) > 1e-3


def test_a_smooth_function_has_all_of_its_three_parts():
    smooth = _smooth(_forms(Random(3), 1))
    bends = {round(float(mpmath.diff(lambda t: smooth((t,)), mpmath.mpf(t), 2)), 9) for t in (0, 1)}
    assert len(bends) == 2 and smooth((mpmath.mpf(0),)) != smooth((mpmath.mpf(1),))


def test_an_instance_without_families_has_no_tables():
    assert FamilyInstance().has_tables is False
