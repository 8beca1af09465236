"""Vectors on batches: coordinates on an axis of their own, and quadrature under their Gaussians.

A batch of vectors has one dimension. The values of a map are random numbers for the letters that it
is taken at, and random cubics in arguments that are real numbers; a vector is taken as a bounded
function of the sum of its coordinates.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
from sympy import Basic, Expr, MatrixExpr, Mul

from onekl.examiner.bounded import EPS, Bounded
from onekl.examiner.evaluate import RULES, NoRule
from onekl.examiner.mapped import map_onto, over_image
from onekl.examiner.real_line import LineExaminer, root
from onekl.symbolic.algebra import SumOrIntegral, factors, variables_of
from onekl.symbolic.copies import alphabet
from onekl.symbolic.maps.smooth_map import Image
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


def _coordinate(value: LineExaminer, expression: Coordinate) -> Bounded:
    """A coordinate of a bound variable, or of a map's value."""
    vector = expression.vector
    if expression.index != INDEX:
        raise NoRule(f"{expression} is one coordinate, and no sum over them")
    if vector in value.place:
        return value.place[vector]
    letters = [a for a in vector.of if a.is_symbol and alphabet(a) in value.batch.sizes]
    smooth = [_one_number(value, a) for a in vector.of if a not in letters]
    number = value.batch.coordinate(
        vector.name, [value.letters(INDEX), *map(value.letters, letters)], smooth
    )
    return Bounded(abs(number.value) + 0.25, number.error) if expression.is_positive else number


def _one_number(value: LineExaminer, argument: Basic) -> Bounded:
    """An argument of a map as a number."""
    if not isinstance(argument, MatrixExpr):
        return value(argument)
    return value.batch.total(INDEX, value(argument[INDEX, 0])).smooth(np.tanh, 1.0)


def _coordinate_sum(value: LineExaminer, expression: CoordinateSum) -> Bounded:
    return value.batch.total(INDEX, value(expression.summand))


def _defined(value: LineExaminer, expression: SquaredNorm | Dot) -> Bounded:
    return value(expression.definition())


class Examiner(LineExaminer):
    """Evaluates all that the examiner has rules for: tables, the line, images on it, vectors."""

    def mean(self, weight: Expr, value: Callable[[], Bounded]) -> Bounded:
        """The mean under a product of Gaussians of vectors and other densities, or under a law."""
        smooth = map_onto(variables_of(weight), weight) if weight.has(Image) else None
        if smooth:
            return over_image(self, smooth, lambda: self._value(weight) * value())
        gaussians = [f for f in factors(weight) if isinstance(f, VectorGaussian)]
        rest = Mul(*(f for f in Mul.make_args(weight) if f not in gaussians))
        variables = {g.variable for g in gaussians}
        first = next(
            (
                g
                for g in gaussians
                if not (g.mean.free_symbols | g.variance.free_symbols) & variables
            ),
            None,
        )
        if first is None:
            return super().mean(rest, value) if rest != 1 else value()
        left = Mul(rest, *(g for g in gaussians if g is not first))
        return self._under(first, lambda: self.mean(left, value))

    def _under(self, gaussian: VectorGaussian, inside: Callable[[], Bounded]) -> Bounded:
        """The mean under one Gaussian: its rule has an axis of nodes, named by the variable."""
        variable = gaussian.variable
        if not isinstance(variable, Vector) or variable.of:
            raise NoRule(f"{gaussian} is a density at a point")
        mean, variance = map(self._value, gaussian.parameters())
        axis, along = self.batch.axis(variable), self.batch.axis(INDEX)
        chosen = list(itertools.product(NODES, repeat=self.batch.size(INDEX)))
        weights = self.batch.along(variable, np.array([np.prod([w for _, w in c]) for c in chosen]))
        nodes = np.array([[node for node, _ in c] for c in chosen])  # (nodes, d)
        shape = [1] * max(-axis, -along)
        shape[axis], shape[along] = nodes.shape
        places = (nodes.T if axis > along else nodes).reshape(shape)
        place = mean + root(variance) * Bounded(places, EPS * abs(places))
        found = self.at(variable, place, inside)
        return (found * Bounded(weights, 4 * EPS * weights)).sum(axis)

    def integral(self, expression: SumOrIntegral) -> Bounded:
        """The integral over Gaussians of vectors, over the image of a map, and over all else."""
        smooth = map_onto(expression.variables, expression.integrand)
        if smooth:
            return over_image(self, smooth, lambda: self._value(expression.integrand))
        own = [
            f
            for f in factors(expression.integrand)
            if isinstance(f, VectorGaussian) and f.variable in expression.variables
        ]
        if not own:
            return super().integral(expression)
        rest = Mul(*(f for f in Mul.make_args(expression.integrand) if f not in own))
        found = self.mean(Mul(*own), lambda: self._value(rest))
        for variable in expression.variables:
            if not isinstance(variable, Vector):
                found = self.batch.total(variable, found)
        return found


RULES.update(
    {Coordinate: _coordinate, CoordinateSum: _coordinate_sum, SquaredNorm: _defined, Dot: _defined}
)
