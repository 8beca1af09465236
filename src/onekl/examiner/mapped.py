"""Laws of x = g(z) on batches: mixtures on a line, g a smooth bijection of it.

An integral over x is the sum over the images of a grid in z, each node with the slope of g there.
The inverse and the log-determinant that a map claims stand in the densities alone, so that a wrong
one is seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import mpmath
import numpy as np
import sympy
from sympy import Expr, Symbol

from onekl.examiner.batch import Batch
from onekl.examiner.bounded import EPS, Bounded
from onekl.examiner.evaluate import RULES, NoRule, TableExaminer
from onekl.symbolic.algebra import Density, variables_of
from onekl.symbolic.copies import alphabet
from onekl.symbolic.maps.real_densities import (
    REACH,
    STEP,
    BentLine,
    RandomDensities,
    RealAssignment,
)
from onekl.symbolic.maps.smooth_map import DensityAt, Image, LogDet, MapValue, SmoothMap
from onekl.symbolic.numeric import Number

LETTERS = 3
GRID = float(STEP) * np.arange(-REACH, REACH + 1)


@dataclass
class MappedBatch(Batch):
    """Instances with mixtures of two components, each a product over the variables.

    `weights` are (2, count) for a family; `components` are its means of a real variable,
    (2, count), or its probabilities of letters, (2, letters, count). `maps_of_the_line` are a and
    b of sinh(az + b), by name, (2, count).
    """

    real_variables: tuple[Symbol, ...] = ()
    points: tuple[Symbol, ...] = ()  # those of them that stand for a point of ℝ^d, with d = 1 here
    weights: dict[str, np.ndarray] = field(default_factory=dict)
    components: dict[str, dict[Symbol, np.ndarray]] = field(default_factory=dict)
    maps_of_the_line: dict[str, np.ndarray] = field(default_factory=dict)

    def size(self, variable: Symbol) -> int:
        """The number of nodes, or of letters."""
        return len(GRID) if variable in self.real_variables else super().size(variable)

    def letters(self, variable: Symbol) -> np.ndarray:
        """The nodes of the grid, or the letters, on the variable's axis."""
        if variable in self.real_variables:
            return self.along(variable, GRID)
        return super().letters(variable)

    def place(self, number: Bounded) -> np.ndarray:
        """Real numbers, and letters, as they are."""
        return number.value

    def total(self, variable: Symbol, number: Bounded) -> Bounded:
        """The sum over the letters, or over the grid with the width of its cells."""
        whole = super().total(variable, number)
        return whole * Bounded(float(STEP)) if variable in self.real_variables else whole

    def probability(self, density: Density, place: list[np.ndarray]) -> Bounded:
        """The values of a density: a mixture, or a joint mixture over one of the condition."""
        own = self.axes[density.family]
        names = [own[axis] for axis in density.axes(own)]
        found, k = self._mixed(density.family, names, place), len(density.over)
        if density.given:
            found = found / self._mixed(density.family, names[k:], place[k:])
        return Bounded(found, 100 * EPS * found)

    def _mixed(self, family: str, names: list[Symbol], place: list[np.ndarray]) -> np.ndarray:
        found = 0.0
        for number, weight in enumerate(self.weights[family]):
            parts = (self._factor(family, v, number, at) for v, at in zip(names, place))
            component = weight
            for part in parts:
                component = component * part
            found = found + component
        return found

    def _factor(self, family: str, variable: Symbol, number: int, at: np.ndarray) -> np.ndarray:
        component = self.components[family][variable][number]
        if variable in self.real_variables:
            return np.exp(-((at - component) ** 2) / 2) / np.sqrt(2 * np.pi)
        return component[at.astype(int), self._instances]

    def function(self, name: str, place: list[np.ndarray]) -> np.ndarray:
        """The values of an unknown function at letters, of a size from 0.5 to 2."""
        if any((at != at.astype(int)).any() for at in place):
            raise NoRule(f"{name} is taken at real numbers")
        found = super().function(name, [at.astype(int) for at in place])
        return np.sign(found) * (0.5 + 0.75 * abs(found))

    def of_the_line(self, name: str, number: Bounded, *, inverse: bool = False) -> Bounded:
        """sinh(az + b), or what it is taken at, with what the slope makes of an error."""
        a, b = self.maps_of_the_line[name]
        if inverse:
            value = (np.arcsinh(number.value) - b) / a
            slope = 1 / (abs(a) * np.sqrt(1 + number.value**2))
        else:
            value, slope = np.sinh(a * number.value + b), self.slope(name, number.value)
        return Bounded(value, 2 * slope * number.error + 8 * EPS * (1 + abs(value)))

    def slope(self, name: str, at: np.ndarray) -> np.ndarray:
        """|a cosh(az + b)|."""
        a, b = self.maps_of_the_line[name]
        return abs(a) * np.cosh(a * at + b)

    def assignment(self, k: int) -> RealAssignment:
        """One instance for the evaluation with 30 digits."""
        line = {
            name: BentLine.of(*(mpmath.mpf(float(n)) for n in numbers[:, k]))
            for name, numbers in self.maps_of_the_line.items()
        }
        mixtures = {
            family: [
                (mpmath.mpf(float(weight[k])), self._component_at(k, family, number))
                for number, weight in enumerate(weights)
            ]
            for family, weights in self.weights.items()
        }
        at = {symbol: mpmath.mpf(float(value[k])) for symbol, value in self.values.items()}
        functions = partial(self._function_at, k)
        return RealAssignment(
            sizes={v: size for v, size in self.sizes.items() if v not in self.real_variables},
            values=at | self._points(),
            functions=functions,
            dimensions=dict.fromkeys(self.points, 1),
            mixtures=mixtures,
            bijections=line,
        )

    def _points(self) -> dict[Symbol, Number | tuple[Number]]:
        """A place for each variable, a letter, a number or a point, where nothing sums it away."""
        half = mpmath.mpf("0.5")
        real = {v: (half,) if v in self.points else half for v in self.real_variables}
        return dict.fromkeys(self.sizes, 0) | real

    def _component_at(self, k: int, family: str, number: int) -> dict[Symbol, list[Number]]:
        return {
            v: [mpmath.mpf(float(n)) for n in np.atleast_1d(numbers[number][..., k])]
            for v, numbers in self.components[family].items()
        }


def mapped(source: RandomDensities, count: int) -> MappedBatch:
    """Instances of a source of densities on a line."""
    real = (*source.coordinates, *source.points)
    own = dict.fromkeys(alphabet(v) for joint in source.joints for v in joint.variables)
    batch = MappedBatch(count, 0, real_variables=real, points=source.points)
    batch.sizes = {v: len(GRID) if v in real else LETTERS for v in (*own, *real)}
    for joint in source.joints:
        random = batch.random("mixture", joint.family)
        share = 0.2 + 0.6 * random.random(count)
        batch.tables[joint.family] = np.ones((1, count))
        batch.axes[joint.family] = joint.variables
        batch.weights[joint.family] = np.stack([share, 1 - share])
        batch.components[joint.family] = {
            v: _component(random, count, is_real=v in real) for v in joint.variables
        }
    for name in source.bijections:
        a, b = batch.random("bijection", name).random((2, count))
        batch.maps_of_the_line[name] = np.stack([0.7 + 0.6 * a, b - 0.5])
    for symbol, low, high in source.ranges:
        batch.values[symbol] = low + (high - low) * batch.random("number", symbol.name).random(
            count
        )
    return batch


def _component(random: np.random.Generator, count: int, *, is_real: bool) -> np.ndarray:
    """Means from −1 to 1, or probabilities of letters, of two components."""
    if is_real:
        return 2 * random.random((2, count)) - 1
    raw = random.random((2, LETTERS, count)) + 0.1
    return raw / raw.sum(axis=1, keepdims=True)


def map_onto(variables: tuple[Symbol, ...], expression: Expr) -> SmoothMap | None:
    """The map whose images' laws, over these variables, stand in the expression; None for none.

    NoRule for more than one variable.
    """
    laws = [law for law in expression.atoms(Image) if set(law.over) == set(variables)]
    if laws and len(variables) > 1:
        raise NoRule(f"a map of more than one variable: {laws[0].carried_by}")
    return laws[0].carried_by if laws else None


def over_image(value: TableExaminer, smooth: SmoothMap, inside: Callable[[], Bounded]) -> Bounded:
    """The integral over the image of the grid."""
    (source,), (target,), (forward,) = smooth.source, smooth.target, smooth.forward

    def there() -> Bounded:
        return value.at(target, value(forward), inside) * _slope(value, smooth)

    return value.summed((source,), there)


def _slope(value: TableExaminer, smooth: SmoothMap) -> Bounded:
    """The slope of the map itself, whatever log-determinant it claims."""
    (source,), (forward,) = smooth.source, smooth.forward
    if isinstance(forward, MapValue) and forward.argument == source:
        size = value.batch.slope(forward.name, value(source).value)
        return Bounded(size, 8 * EPS * size)
    return value(sympy.Abs(sympy.diff(forward, source)))


def _density_at(value: TableExaminer, expression: DensityAt) -> Bounded:
    (name,), (place,) = variables_of(expression.density), expression.place
    return value.at(name, value(place), lambda: value(expression.density))


def _map_value(value: TableExaminer, expression: MapValue) -> Bounded:
    at, inverse = value(expression.argument), expression.power == -1
    return value.batch.of_the_line(expression.name, at, inverse=inverse)


def _log_det(value: TableExaminer, expression: LogDet) -> Bounded:
    at = value(expression.argument)
    found = np.log(value.batch.slope(expression.name, at.value))
    return Bounded(found, 4 * at.error + 8 * EPS * (1 + abs(found)))


RULES.update(
    {
        Image: lambda value, law: value(law.formula()),
        DensityAt: _density_at,
        MapValue: _map_value,
        LogDet: _log_det,
    }
)
