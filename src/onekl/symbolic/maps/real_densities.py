"""Instances on ℝ^d: random smooth densities, functions and bijections, and numbers for maps.

Slopes are differences of the map itself, so that a claimed log-determinant can be wrong.
Integrals are sums over a grid: for mixtures of Gaussians of variance 1 it leaves less than 1e-20.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from random import Random

import mpmath
import sympy
from sympy import Expr, Symbol
from sympy.combinatorics import Permutation

from onekl.symbolic.algebra import Density, variables_of
from onekl.symbolic.maps.smooth_map import DensityAt, Image, LogDet, MapValue, SmoothMap
from onekl.symbolic.numeric import Assignment, Evaluator, Number, Place, compiled, evaluates
from onekl.symbolic.premises import Finite, Support
from onekl.symbolic.sampling import RandomParameters, RandomTables, all_variables

STEP, REACH = mpmath.mpf("0.6"), 18  # a grid from −10.8 to 10.8
NUDGE = mpmath.mpf(10) ** -17
Component = dict[Symbol, list[mpmath.mpf]]  # means of a real variable, or a letter's probabilities
Rows = list[list[mpmath.mpf]]
_compiled = cache(compiled)


@dataclass
class RealAssignment(Assignment):
    """An instance whose densities are mixtures.

    `dimensions` has how many coordinates a variable has that stands for a point of ℝ^d; `mixtures`
    the components of each family, with weights; `bijections` the unknown maps by name.
    """

    dimensions: dict[Symbol, int] = field(default_factory=dict)
    mixtures: dict[str, list[tuple[Number, Component]]] = field(default_factory=dict)
    bijections: dict[str, _Bijection] = field(default_factory=dict)

    def breaks(self, premise: Support | Finite) -> bool:
        """Never: mixtures are positive everywhere, and give smooth functions finite means."""
        return False

    def probability(self, density: Density) -> Number:
        """A ratio of marginals of a mixture; for a law that a map carries over, its formula."""
        if isinstance(density, Image):
            return _law(density)(self)
        whole = self._density_of(density.family, density.over + density.given)
        return whole / self._density_of(density.family, density.given)

    def _density_of(self, family: str, variables: tuple[Symbol, ...]) -> Number:
        return sum(
            weight * math.prod(self._factor(v, component[v]) for v in variables)
            for weight, component in self.mixtures[family]
        )

    def _factor(self, variable: Symbol, numbers: list[mpmath.mpf]) -> Number:
        if variable in self.sizes:
            return numbers[self.values[variable]]
        apart = zip(flat([self.values[variable]]), numbers)
        distance = sum((value - mean) ** 2 for value, mean in apart)
        return mpmath.exp(-distance / 2) / (2 * mpmath.pi) ** (mpmath.mpf(len(numbers)) / 2)

    def shaped(self, names: tuple[Symbol, ...], numbers: list[Number]) -> Place:
        """A list of numbers as one value for each name: a number, or a point of ℝ^d."""
        rest, size = iter(numbers), self.dimensions
        return tuple(
            tuple(itertools.islice(rest, size[name])) if name in size else next(rest)
            for name in names
        )

    def at(self, names: tuple[Symbol, ...], place: Place, value: Evaluator) -> Number:
        """The value where the names have the numbers of the place."""
        return next(value(self) for _ in self.visit(names, [place]))


@cache
def _law(law: Image) -> Evaluator:
    return compiled(law.formula())


@dataclass(frozen=True)
class _Bijection:
    """φ(Az + b) with φ = sinh or its inverse, coordinate by coordinate."""

    matrix: Rows
    inverse_matrix: Rows
    shift: list[mpmath.mpf]
    steep: bool

    def forward(self, place: Place) -> Place:
        bend = mpmath.sinh if self.steep else mpmath.asinh
        return tuple(map(bend, self._inside(place)))

    def inverse(self, place: Place) -> Place:
        unbend = mpmath.asinh if self.steep else mpmath.sinh
        return tuple(
            _times(self.inverse_matrix, [unbend(n) - b for n, b in zip(place, self.shift)])
        )

    def log_det(self, place: Place) -> Number:
        inside = self._inside(place)
        bends = [mpmath.cosh(u) if self.steep else 1 / mpmath.sqrt(1 + u**2) for u in inside]
        return mpmath.log(abs(_determinant(self.matrix)) * math.prod(bends))

    def _inside(self, place: Place) -> list[Number]:
        return [n + b for n, b in zip(_times(self.matrix, place), self.shift)]


class BentLine(_Bijection):
    """sinh(az + b) on a line."""

    @staticmethod
    def of(a: Number, b: Number) -> BentLine:
        """The map for a, which is not 0, and b."""
        return BentLine([[a]], [[1 / a]], [b], steep=True)


def _times(matrix: Rows, point: Place | list[Number]) -> list[Number]:
    return [sum(a * n for a, n in zip(row, point)) for row in matrix]


def flat(place: Place | list) -> list[Number]:
    """The coordinates of all values of a place."""
    return [n for value in place for n in (value if isinstance(value, tuple) else (value,))]


# Where instances come from.


@dataclass(frozen=True)
class RandomPoints(RandomParameters):
    """Random parameters within their ranges, points, smooth functions and unknown bijections.

    `coordinates` are real numbers, `points` are points of ℝ^d, all with one d from 1 to 3.
    """

    coordinates: tuple[Symbol, ...] = ()
    points: tuple[Symbol, ...] = ()
    bijections: tuple[str, ...] = ()

    def draw(self, random: Random, index: int) -> RealAssignment:
        """The instance with this index."""
        return _drawn(self, random, dimension=1 + index % 3)


@dataclass(frozen=True)
class RandomDensities(RandomTables):
    """Random densities that are smooth in the coordinates or points among their variables.

    Their other variables have alphabets of 2 or 3 letters; points have one coordinate, and two in
    every hundredth instance. Parameters are drawn within their `ranges`.
    """

    coordinates: tuple[Symbol, ...] = ()
    points: tuple[Symbol, ...] = ()
    bijections: tuple[str, ...] = ()
    ranges: tuple[tuple[Symbol, float, float], ...] = ()

    def draw(self, random: Random, index: int) -> RealAssignment:
        """The instance with this index."""
        instance = _drawn(self, random, dimension=1 + (index % 100 == 7))
        real = (*self.coordinates, *self.points)
        for variable in all_variables(self):
            if variable not in real:
                instance.sizes[variable] = random.randint(2, 3)
                instance.values[variable] = random.randrange(instance.sizes[variable])
        for joint in self.joints:
            weight = mpmath.mpf(random.uniform(0.2, 0.8))
            instance.mixtures[joint.family] = [
                (share, {v: _component(random, instance, v) for v in joint.variables})
                for share in (weight, 1 - weight)
            ]
        return instance


def _component(random: Random, instance: RealAssignment, variable: Symbol) -> list[mpmath.mpf]:
    if variable not in instance.sizes:
        return _uniform(random, 1, instance.dimensions.get(variable, 1))
    raw = [mpmath.mpf(random.uniform(0.1, 1)) for _ in range(instance.sizes[variable])]
    return [value / sum(raw) for value in raw]


def _drawn(
    source: RandomPoints | RandomDensities, random: Random, dimension: int
) -> RealAssignment:
    values = {s: mpmath.mpf(random.uniform(low, high)) for s, low, high in source.ranges}
    values |= {name: _uniform(random, 1.5, 1)[0] for name in source.coordinates}
    values |= {name: tuple(_uniform(random, 1.5, dimension)) for name in source.points}
    return RealAssignment(
        values=values,
        functions=_smooth_functions(random),
        dimensions=dict.fromkeys(source.points, dimension),
        bijections={name: _random_bijection(random, dimension) for name in source.bijections},
    )


def _uniform(random: Random, size: float, count: int) -> list[mpmath.mpf]:
    return [mpmath.mpf(random.uniform(-size, size)) for _ in range(count)]


def _random_bijection(random: Random, dimension: int) -> _Bijection:
    """A matrix near the identity keeps it invertible."""
    indices = range(dimension)
    near = [_uniform(random, 0.3, dimension) for _ in indices]
    matrix = [[near[i][j] + (i == j) for j in indices] for i in indices]
    inverse = mpmath.inverse(mpmath.matrix(matrix)).tolist()
    return _Bijection(matrix, inverse, _uniform(random, 0.5, dimension), random.random() < 0.5)


def _smooth_functions(random: Random) -> Callable[..., Number]:
    """A wave for each name and number of arguments."""
    waves = {}

    def value(name: str, *arguments: Number | Place) -> Number:
        inside = flat(arguments)
        level, size, phase, *slopes = waves.setdefault(
            (name, len(inside)), _uniform(random, 0.8, 3 + len(inside))
        )
        return level + size * mpmath.sin(phase + sum(a * b for a, b in zip(slopes, inside)))

    return value


# The numbers of a map.


def image_of(instance: RealAssignment, smooth: SmoothMap, numbers: list[Number]) -> list[Number]:
    """The coordinates of g(z) for those of z."""
    place = instance.shaped(smooth.source, numbers)
    return flat([instance.at(smooth.source, place, _compiled(f)) for f in smooth.forward])


def determinant_size(
    instance: RealAssignment, smooth: SmoothMap, numbers: list[Number]
) -> mpmath.mpf:
    """|det ∂g/∂z| at the coordinates of z."""
    return slope_size(lambda point: image_of(instance, smooth, point), numbers)


def slope_size(image: Callable[[list[Number]], list[Number]], point: list[Number]) -> mpmath.mpf:
    """The size of the determinant of a function's slopes, by central differences."""
    with mpmath.workdps(2 * mpmath.mp.dps):
        rows = []
        for index in range(len(point)):
            after, before = (image(_nudged(point, index, nudge)) for nudge in (NUDGE, -NUDGE))
            rows.append([(a - b) / (2 * NUDGE) for a, b in zip(after, before)])
        size = abs(_determinant(rows))
    return +size


def _determinant(rows: list[list[Number]]) -> Number:
    """By the definition, which also takes what a wrong formula gives: NaN or complex numbers."""
    indices = range(len(rows))
    return sum(
        Permutation(order).signature() * math.prod(rows[i][order[i]] for i in indices)
        for order in itertools.permutations(indices)
    )


def _nudged(numbers: list[Number], index: int, nudge: Number) -> list[Number]:
    return [n + nudge if i == index else n for i, n in enumerate(numbers)]


def source_grid(instance: RealAssignment, names: tuple[Symbol, ...]) -> Iterator[list[Number]]:
    """The points of a grid over all coordinates of the names, each for STEP^d of the volume."""
    count = sum(instance.dimensions.get(name, 1) for name in names)
    axis = [STEP * k for k in range(-REACH, REACH + 1)]
    return map(list, itertools.product(axis, repeat=count))


# Evaluators.


@evaluates(MapValue)
def _map_value(expression: MapValue) -> Evaluator:
    argument = compiled(expression.argument)

    def value(instance: RealAssignment) -> Place:
        named = instance.bijections[expression.name]
        return (named.forward if expression.power == 1 else named.inverse)(argument(instance))

    return value


@evaluates(LogDet)
def _log_det(expression: LogDet) -> Evaluator:
    argument = compiled(expression.argument)

    def value(instance: RealAssignment) -> Number:
        return instance.bijections[expression.name].log_det(argument(instance))

    return value


@evaluates(DensityAt)
def _density_at(expression: DensityAt) -> Evaluator:
    density, place = compiled(expression.density), list(map(compiled, expression.place))
    names = variables_of(expression.density)

    def value(instance: RealAssignment) -> Number:
        return instance.at(names, tuple(part(instance) for part in place), density)

    return value


def _evaluates_elementary(kind: type, function: Callable[[Number], Number]) -> None:
    @evaluates(kind)
    def build(expression: Expr) -> Evaluator:
        inside = compiled(expression.args[0])
        return lambda instance: function(inside(instance))


for _kind in (sympy.sinh, sympy.cosh, sympy.tanh, sympy.asinh, sympy.atan, sympy.sin, sympy.cos):
    _evaluates_elementary(_kind, getattr(mpmath, _kind.__name__))
