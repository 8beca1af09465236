"""Vectors on batches: coordinates on an axis of their own, and quadrature under their Gaussians.

A batch of vectors has one dimension. The values of a map are random numbers for the letters that it
is taken at, and random cubics in arguments that are real numbers.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
from sympy import Expr, Mul

from onekl.examiner.bounded import EPS, Bounded
from onekl.examiner.evaluate import RULES, Examiner, NoRule
from onekl.symbolic.algebra import KL, Entropy, Expectation, SumOrIntegral, factors
from onekl.symbolic.copies import alphabet
from onekl.symbolic.vectors.algebra import (
    INDEX,
    Coordinate,
    CoordinateSum,
    Dot,
    SquaredNorm,
    Vector,
)
from onekl.symbolic.vectors.normal import VectorGaussian

# Gauss–Hermite with three nodes: exact up to degree five in each coordinate.
NODES = ((-np.sqrt(3.0), 1 / 6), (0.0, 2 / 3), (np.sqrt(3.0), 1 / 6))


def _coordinate(value: Examiner, expression: Coordinate) -> Bounded:
    """A coordinate of a bound variable, or of a map's value."""
    vector = expression.vector
    if expression.index != INDEX:
        raise NoRule(f"{expression} is one coordinate, and no sum over them")
    if vector in value.place:
        return value.place[vector]
    if not all(argument.is_symbol and argument.is_scalar for argument in vector.of):
        raise NoRule(f"a map of vectors: {vector}")
    letters = [a for a in vector.of if alphabet(a) in value.batch.sizes]
    smooth = [value(a) for a in vector.of if a not in letters]
    number = value.batch.coordinate(
        vector.name, [value.letters(INDEX), *map(value.letters, letters)], smooth
    )
    return Bounded(abs(number.value) + 0.25, number.error) if expression.is_positive else number


def _coordinate_sum(value: Examiner, expression: CoordinateSum) -> Bounded:
    return value.batch.total(INDEX, value(expression.summand))


def _defined(value: Examiner, expression: SquaredNorm | Dot) -> Bounded:
    return value(expression.definition())


def mean(value: Examiner, weight: Expr, inside: Callable[[], Bounded]) -> Bounded:
    """The mean of what is inside under a product of Gaussians of vectors and other densities."""
    gaussians = [f for f in factors(weight) if isinstance(f, VectorGaussian)]
    rest = Mul(*(f for f in Mul.make_args(weight) if f not in gaussians))
    variables = {g.variable for g in gaussians}
    first = next(
        (g for g in gaussians if not (g.mean.free_symbols | g.variance.free_symbols) & variables),
        None,
    )
    if first is None:
        return value.mean(rest, inside) if rest != 1 else inside()
    left = Mul(rest, *(g for g in gaussians if g is not first))
    return _under(value, first, lambda: mean(value, left, inside))


def _under(value: Examiner, gaussian: VectorGaussian, inside: Callable[[], Bounded]) -> Bounded:
    """The mean under one Gaussian: its product rule has an axis of nodes, named by the variable."""
    variable = gaussian.variable
    if not isinstance(variable, Vector) or variable.of:
        raise NoRule(f"{gaussian} is a density at a point")
    centre, variance = map(value, gaussian.parameters())
    positive = variance.value > 0
    deviation = Bounded.where(positive, variance, Bounded(np.nan)) ** Bounded(0.5)
    chosen = list(itertools.product(NODES, repeat=value.batch.size(INDEX)))
    weights = value.batch.along(variable, np.array([np.prod([w for _, w in c]) for c in chosen]))
    nodes = np.array([[node for node, _ in c] for c in chosen])  # (nodes, d)
    shape = [1] * max(-value.batch.axis(variable), -value.batch.axis(INDEX))
    shape[value.batch.axis(variable)], shape[value.batch.axis(INDEX)] = nodes.shape
    if value.batch.axis(variable) > value.batch.axis(INDEX):
        nodes = nodes.T
    places = Bounded(nodes.reshape(shape), EPS * abs(nodes.reshape(shape)))
    found = value.at(variable, centre + deviation * places, inside)
    return (found * Bounded(weights, 4 * EPS * weights)).sum(value.batch.axis(variable))


def _has_vectors(density: Expr) -> bool:
    return any(isinstance(f, VectorGaussian) for f in factors(density))


def _expectation(value: Examiner, expression: Expectation) -> Bounded:
    if not _has_vectors(expression.weight):
        return Examiner.expectation(value, expression)
    return mean(value, expression.weight, lambda: value(expression.value))


def _kl(value: Examiner, expression: KL) -> Bounded:
    if not _has_vectors(expression.first):
        return Examiner.kl(value, expression)
    return mean(value, expression.first, lambda: value.log_ratio(expression))


def _entropy(value: Examiner, expression: Entropy) -> Bounded:
    density = expression.args[0]
    if not _has_vectors(density):
        return Examiner.entropy(value, expression)
    return mean(value, density, lambda: -value(density).log())


def _integral(value: Examiner, expression: SumOrIntegral) -> Bounded:
    own = [
        f
        for f in factors(expression.integrand)
        if isinstance(f, VectorGaussian) and f.variable in expression.variables
    ]
    if not own:
        return Examiner.integral(value, expression)
    rest = Mul(*(f for f in Mul.make_args(expression.integrand) if f not in own))
    found = mean(value, Mul(*own), lambda: value(rest))
    for variable in expression.variables:
        if not isinstance(variable, Vector):
            found = value.batch.total(variable, found)
    return found


RULES.update(
    {
        Coordinate: _coordinate,
        CoordinateSum: _coordinate_sum,
        SquaredNorm: _defined,
        Dot: _defined,
        Expectation: _expectation,
        KL: _kl,
        Entropy: _entropy,
        SumOrIntegral: _integral,
    }
)
