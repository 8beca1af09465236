"""Optima in numbers: rivals do worse, and a generic minimiser finds no better value."""

import numpy as np
import pytest
from sympy import Symbol, log, symbols

from onekl.examiner.draw import draw
from onekl.examiner.narrowing import distance_to_limit, order_of_approach
from onekl.examiner.optima import distance_to_best, rivals
from onekl.examiner.vectors import Examiner
from onekl.symbolic.algebra import ClassProbability, Expectation, Joint, SumOrIntegral
from onekl.symbolic.sampling import RandomParameters, RandomTables
from onekl.symbolic.trials import Best, Narrowing
from onekl.symbolic.vectors.algebra import Vector, ZeroVector
from onekl.symbolic.vectors.normal import VectorGaussian
from onekl.symbolic.vectors.numbers import RandomVectors

x = Symbol("x", real=True)
P, Q = Joint("p", (x,)), Joint("q", (x,))
TABLES = RandomTables((P, Q))
D = ClassProbability("D", x)
loss = Expectation(P(x), -log(D)) + Expectation(Q(x), -log(D.other))
u, a = symbols("u a", positive=True)
ranges = RandomParameters(((u, 0.2, 3), (a, 0.3, 2)))
TRUE = {
    "a discriminator": (TABLES, Best(loss, D, P(x) / (P(x) + Q(x)))),
    "a density": (TABLES, Best(-SumOrIntegral(P(x) * log(Q(x)), (x,)), Q(x), P(x))),
    "a number": (ranges, Best(u**2 - 2 * a * u, u, a)),
}
FALSE = {
    "labels exchanged": (TABLES, Best(loss, D, Q(x) / (P(x) + Q(x)))),
    "not a discriminator": (TABLES, Best(loss, D, 2 * P(x) / (P(x) + Q(x)))),
    "not a density": (TABLES, Best(-SumOrIntegral(P(x) * log(Q(x)), (x,)), Q(x), 2 * P(x))),
    "another density": (TABLES, Best(-SumOrIntegral(P(x) * log(Q(x)), (x,)), Q(x), P(x) ** 2)),
    "another number": (ranges, Best(u**2 - 2 * a * u, u, 2 * a)),
    "a tie": (TABLES, Best(Expectation(P(x), 0 * D), D, P(x) / (P(x) + Q(x)))),
}


def found(case):
    """Whether some rival does better than the optimum, or ties, on each of some instances."""
    source, best = case
    wrong = []
    for batch in draw(source, 300):
        *_, (short, bound, tied) = rivals(best, Examiner(batch))
        wrong.append((short > bound + 1e-9) | (tied > 0))
    return np.concatenate(wrong)


@pytest.mark.parametrize("name", TRUE)
def test_no_rival_is_as_good_as_the_optimum(name):
    assert not found(TRUE[name]).any()


@pytest.mark.parametrize("name", FALSE)
def test_a_false_optimum_has_a_rival(name):
    assert found(FALSE[name]).mean() > 0.2


@pytest.mark.parametrize("name", TRUE)
def test_a_generic_minimiser_comes_near_the_optimum_and_not_below(name):
    source, best = TRUE[name]
    above, rounding = distance_to_best(best, Examiner(draw(source, 200)[0]))
    assert (above >= -rounding - 1e-12).all() and above.max() < 1e-8


def test_a_generic_minimiser_finds_what_is_better_than_a_false_optimum():
    source, best = FALSE["another number"]
    above, _ = distance_to_best(best, Examiner(draw(source, 50)[0]))
    assert (above < -1e-3).all()


d = Symbol("d", integer=True, positive=True)
point, centre = Vector("x", d), Vector("m", d)
sigma = Symbol("sigma", positive=True)


def narrowing(mean, variance, place):
    trial = Narrowing(VectorGaussian(point, mean, variance), point, sigma, place)
    values = [Examiner(batch) for batch in draw(RandomVectors(dimensions=(d,)), 60)]
    both = [(distance_to_limit(trial, one), order_of_approach(trial, one)) for one in values]
    return tuple(np.concatenate(part) for part in zip(*both))


def test_a_narrow_gaussian_tends_to_its_centre_with_order_2():
    apart, orders = narrowing(centre, sigma**2, centre)
    assert apart.max() < 1e-6 and abs(np.median(orders) - 2) < 0.1


def test_a_kernel_that_narrows_elsewhere_or_not_at_all_does_not():
    apart, _ = narrowing(centre, sigma**2, ZeroVector(d))
    assert np.median(apart) > 1e-2
    apart, _ = narrowing(centre, sigma**2 + 1, centre)
    assert np.median(apart) > 1e-2
