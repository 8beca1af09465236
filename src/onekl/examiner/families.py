"""Densities with a parameter on batches: tables that move smoothly with it, and their derivatives.

The table at θ is a random table times exp of random smooth functions of θ, one for each cell, as
the instances for 30 digits have it. Every vector of a batch has the same number of coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

import mpmath
import numpy as np
from sympy import Expr

from onekl.examiner.batch import Batch
from onekl.examiner.bounded import Bounded, NoRule
from onekl.examiner.evaluate import RULES
from onekl.examiner.jets import Jet
from onekl.examiner.vectors import Examiner
from onekl.symbolic.parametric.densities import Along, ParametricDensity, VectorSymbol
from onekl.symbolic.parametric.families import FamilyAssignment, RandomFamilies, tilted

DIMENSIONS = 3  # of the vectors, from 1 on
Coordinates = tuple[Bounded, ...]  # of a vector


@dataclass
class FamilyBatch(Batch):
    """Instances with vectors, (d, count), and with families that move along them.

    `tilts` are the coefficients (3, 1 + d, …, count) of three affine forms for each cell.
    """

    vectors: dict[VectorSymbol, np.ndarray] = field(default_factory=dict)
    tilts: dict[str, np.ndarray] = field(default_factory=dict)

    def table_at(self, family: str, place: Coordinates) -> Bounded:
        """The cells (…, count) that a family has where its parameter is at this place."""
        raw = Bounded(self.tables[family]) * self._tilt(family, place).exp()
        whole = raw
        for axis in range(2, raw.start().value.ndim + 1):
            whole = whole.sum(-axis)
        return raw / whole

    def _tilt(self, family: str, place: Coordinates) -> Bounded:
        forms = []
        for constant, *slopes in self.tilts[family]:
            form = Bounded(constant)
            for slope, coordinate in zip(slopes, place):
                form = form + Bounded(slope) * coordinate
            forms.append(form)
        first, second, third = forms
        return first + second.sin() + third * third * Bounded(0.5)

    def probability_at(
        self, density: ParametricDensity, table: Bounded, letters: list[np.ndarray]
    ) -> Bounded:
        """The values of a density at letters, of a table; given a null event it is some density."""
        family, k = density.base, len(density.over)
        axes = density.axes(self.axes[family])
        joint = self._marginal_of(table, axes, letters)
        if not density.given:
            return joint
        condition = self._marginal_of(table, axes[k:], letters[k:])
        version = self._given_nothing(family, axes, k)[(*letters, self._instances)]
        return (joint / condition).unless(condition.is_zero(), Bounded(version))

    def _marginal_of(
        self, table: Bounded, axes: tuple[int, ...], letters: list[np.ndarray]
    ) -> Bounded:
        """The sum of the cells that have these letters on these axes."""
        order = table.start().value.ndim - 1
        for axis in set(range(order)) - set(axes):
            table = table.sum(axis - order - 1)
        place: list[object] = [0] * order
        for axis, at in zip(axes, letters):
            place[axis] = at
        return table.of_each(partial(_chosen, place=(*place, self._instances)))

    def chosen(self, which: np.ndarray) -> FamilyBatch:
        """The instances with these numbers."""
        return replace(
            super().chosen(which),
            vectors={vector: value[:, which] for vector, value in self.vectors.items()},
            tilts={family: value[..., which] for family, value in self.tilts.items()},
        )

    def assignment(self, k: int) -> FamilyAssignment:
        """One instance for the evaluation with 30 digits."""
        plain = super().assignment(k)
        families = {f: tilted(plain.tables[f], self._forms(f, k)) for f in self.tilts}
        plain.values |= {v: tuple(map(mpmath.mpf, at[:, k])) for v, at in self.vectors.items()}
        return FamilyAssignment(**vars(plain), families=families)

    def _forms(self, family: str, k: int) -> dict[tuple[int, ...], list[list[mpmath.mpf]]]:
        """The coefficients of the forms of each cell, of one instance."""
        own = self.tilts[family][..., k]
        cells = np.ndindex(own.shape[2:])
        return {
            cell: [[mpmath.mpf(c) for c in form[(slice(None), *cell)]] for form in own]
            for cell in cells
        }


def _chosen(number: Bounded, place: tuple[object, ...]) -> Bounded:
    value, error = np.broadcast_arrays(number.value, number.error)
    return Bounded(value[place], error[place])


def moving(batch: Batch, source: RandomFamilies, dimension: int) -> FamilyBatch:
    """The batch with random families and vectors of that many coordinates."""

    def drawn(*name: object, shape: tuple[int, ...]) -> np.ndarray:
        return 2 * batch.random(*name).random((*shape, batch.count)) - 1

    vectors = {
        v: drawn("vector", v.name, shape=(dimension,))
        for v in (*source.parameters, *source.directions)
    }
    tilts = {
        joint.family: drawn(
            "tilt",
            joint.family,
            shape=(3, 1 + dimension, *batch.tables[joint.family].shape[:-1]),
        )
        for joint in source.moving
    }
    return FamilyBatch(**vars(batch), vectors=vectors, tilts=tilts)


# The rules.


def _density(value: Examiner, expression: ParametricDensity) -> Bounded:
    batch = value.batch
    if not isinstance(batch, FamilyBatch) or expression.base not in batch.tilts:
        raise NoRule(f"the instances have no family of {expression}")
    table = batch.table_at(expression.base, _coordinates(value, expression.point))
    letters = [value.letters(v) for v in expression.over + expression.given]
    return batch.probability_at(expression, table, letters)


def _coordinates(value: Examiner, point: Expr) -> Coordinates:
    """The coordinates of a sum of multiples of vectors."""
    vectors = {v: _vector(value, v) for v in point.atoms(VectorSymbol)}

    def coordinate(k: int) -> Bounded:
        rule = partial(value, point)
        for vector, places in vectors.items():
            rule = partial(value.at, vector, places[k], rule)
        return rule()

    return tuple(map(coordinate, range(len(next(iter(vectors.values()))))))


def _vector(value: Examiner, vector: VectorSymbol) -> Coordinates:
    """A vector's coordinates, where it is now."""
    if not isinstance(value.batch, FamilyBatch) or vector not in value.batch.vectors:
        raise NoRule(f"the instances give no value to the vector {vector}")
    return value.place.get(vector) or tuple(map(Bounded, value.batch.vectors[vector]))


def _one_coordinate(value: Examiner, vector: VectorSymbol) -> Bounded:
    """The coordinate that is being computed."""
    found = value.place.get(vector)
    if not isinstance(found, Bounded):
        raise NoRule(f"the vector {vector} is no number")
    return found


def _along(value: Examiner, expression: Along) -> Bounded:
    """The derivative along one direction, once or often; NoRule along several."""
    direction, *others = expression.directions
    if any(other != direction for other in others):
        raise NoRule(f"no rule differentiates so: {expression}")
    starts, speeds = (_vector(value, v) for v in (expression.parameter, direction))
    order = len(expression.directions)
    place = tuple(Jet.moving(start, speed, order) for start, speed in zip(starts, speeds))
    return value.along(expression.parameter, place, expression.expr).derivative(order).start()


RULES.update({ParametricDensity: _density, Along: _along, VectorSymbol: _one_coordinate})
