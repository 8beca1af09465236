"""Numbers for unknown densities with a parameter: random smooth families on finite alphabets.

And families that are given as formulas, on which an expression is an exact formula again.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random

import mpmath
import sympy
from sympy import Expr, Symbol

from onekl.symbolic.algebra import Density
from onekl.symbolic.instance import Instance
from onekl.symbolic.numeric import Assignment, Evaluator, Number, compiled, evaluates
from onekl.symbolic.parametric.densities import (
    Along,
    ParametricDensity,
    ParametricJoint,
    VectorSymbol,
)
from onekl.symbolic.sampling import RandomTables

Vector = tuple[Number, ...]  # the coordinates of a vector
Family = Callable[[Vector], dict[tuple[int, ...], Number]]  # the table at a parameter


@dataclass
class FamilyAssignment(Assignment):
    """An instance whose densities with a parameter move with it.

    `families` takes a family's name to its table as a function of the parameter; the value of a
    `VectorSymbol` is the tuple of its coordinates.
    """

    families: dict[str, Family] = field(default_factory=dict)
    _at: dict[tuple, Assignment] = field(default_factory=dict)
    _latest: dict[tuple[str, Expr], tuple[tuple, Assignment]] = field(default_factory=dict)

    def probability(self, density: Density) -> Number:
        """The value of a density at the current letters, at the point that it is taken at."""
        if not isinstance(density, ParametricDensity):
            return super().probability(density)
        return self._at_point_of(density).probability(density.plain)

    def condition(self, density: Density) -> Number:
        """The probability of the letters that a density is conditioned on."""
        if not isinstance(density, ParametricDensity):
            return super().condition(density)
        return self._at_point_of(density).condition(density.plain)

    def _at_point_of(self, density: ParametricDensity) -> Assignment:
        """The instance with the one table that the density's family has at its point.

        It is kept, for the precision that the table was computed with.
        """
        vectors, scalars, _ = _coordinate_of(density.point)
        here = (mpmath.mp.prec, *map(self.values.get, (*vectors, *scalars)))
        asked = (density.base, density.point)
        if asked not in self._latest or self._latest[asked][0] != here:  # a letter has moved alone
            self._latest[asked] = here, self._at_place(density.base, self._place(density.point))
        found = self._latest[asked][1]
        found.values = self.values  # the current letters
        return found

    def _at_place(self, family: str, place: Vector) -> Assignment:
        """The instance with the family's table at this place, computed once."""
        key = (family, place, mpmath.mp.prec)
        if key not in self._at:
            tables = {family: self.families[family](place)}
            self._at[key] = Assignment(sizes=self.sizes, tables=tables, axes=self.axes)
        return self._at[key]

    def _place(self, point: Expr) -> Vector:
        """The coordinates of a point, one at a time: a sum of multiples of vectors."""
        vectors, _, value = _coordinate_of(point)
        rows = zip(*(self.values[v] for v in vectors))
        return tuple(value(self) for _ in self.visit(vectors, rows))


@lru_cache(maxsize=256)
def _coordinate_of(point: Expr) -> tuple[tuple[VectorSymbol, ...], tuple[Symbol, ...], Evaluator]:
    """The vectors and the numbers that a point is made of, and its coordinate as a function."""
    vectors = point.atoms(VectorSymbol)
    scalars = point.free_symbols - vectors
    return (*(tuple(sorted(some, key=str)) for some in (vectors, scalars)), compiled(point))


@evaluates(Along)
def _along(expression: Along) -> Evaluator:
    """Differences of the expression as its parameter moves; the exact derivative of a formula."""
    parameter, inside = expression.parameter, compiled(expression.expr)

    def value(instance: Assignment) -> Number:
        start = instance.values[parameter]
        ways = [instance.values[v] for v in expression.directions]
        if instance.symbolic:
            return _formula_along(inside(instance), start, ways)

        def moved(*sizes: Number) -> Number:
            place = tuple(
                begin + sum(size * way[k] for size, way in zip(sizes, ways))
                for k, begin in enumerate(start)
            )
            return sum(inside(instance) for _ in instance.visit((parameter,), [(place,)]))

        zeros, ones = (0,) * len(ways), (1,) * len(ways)
        return mpmath.diff(moved, zeros, ones)

    return value


def _formula_along(formula: Expr, start: Vector, ways: Sequence[Vector]) -> Expr:
    for way in ways:
        formula = sympy.Add(
            *(size * sympy.diff(formula, symbol) for size, symbol in zip(way, start))
        )
    return formula


@dataclass(frozen=True)
class RandomFamilies(RandomTables):
    """Instances as of `RandomTables`, whose parametric joints are random smooth families.

    The table at θ is a random table times exp of random smooth functions of θ, one for each cell:
    a cell that is 0 stays 0. `directions` are vectors that a statement leaves open. All vectors
    have 1 to 3 coordinates. Functions of a parameter are smooth in it.
    """

    directions: tuple[VectorSymbol, ...] = ()

    @property
    def moving(self) -> tuple[ParametricJoint, ...]:
        """The joints that have a parameter."""
        return tuple(joint for joint in self.joints if isinstance(joint, ParametricJoint))

    @property
    def parameters(self) -> tuple[VectorSymbol, ...]:
        """The parameters of the joints."""
        return tuple(dict.fromkeys(joint.parameter for joint in self.moving))

    def draw(self, random: Random, index: int) -> FamilyAssignment:
        """The instance with this index."""
        instance = super().draw(random, index)
        size = 1 + index % 3
        vectors = {
            v: tuple(mpmath.mpf(random.uniform(-1, 1)) for _ in range(size))
            for v in (*self.parameters, *self.directions)
        }
        families = {}
        for joint in self.moving:
            table = instance.tables[joint.family]
            families[joint.family] = tilted(table, {cell: _forms(random, size) for cell in table})
        instance.values |= vectors
        functions = _smooth_in_vectors(random, instance.functions)
        return FamilyAssignment(**(vars(instance) | {"functions": functions}), families=families)


Forms = Sequence[Sequence[Number]]  # three affine forms: a constant and a slope a coordinate


def tilted(table: dict[tuple[int, ...], Number], forms: Mapping[tuple[int, ...], Forms]) -> Family:
    """θ ↦ table · exp(smooth functions of θ, by their forms), made to sum to one."""
    tilts = {cell: _smooth(own) for cell, own in forms.items()}

    def at(place: Vector) -> dict[tuple[int, ...], Number]:
        raw = {cell: mass * mpmath.exp(tilts[cell](place)) for cell, mass in table.items()}
        whole = sum(raw.values())
        return {cell: mass / whole for cell, mass in raw.items()}

    return at


def _forms(random: Random, size: int) -> Forms:
    return [[mpmath.mpf(random.uniform(-1, 1)) for _ in range(size + 1)] for _ in range(3)]


def _smooth(forms: Forms) -> Callable[[Vector], Number]:
    """A function of a vector: one form, the sine of another and half the square of the third."""

    def value(place: Vector) -> Number:
        first, second, third = (w[0] + mpmath.fdot(w[1:], place) for w in forms)
        return first + mpmath.sin(second) + third**2 / 2

    return value


def _smooth_in_vectors(random: Random, plain: Callable[..., Number]) -> Callable[..., Number]:
    """Random functions of letters and vectors by name, smooth in the vectors."""
    memory = {}

    def value(name: str, *arguments: Number | Vector) -> Number:
        place = tuple(itertools.chain(*(a for a in arguments if isinstance(a, tuple))))
        letters = tuple(a for a in arguments if not isinstance(a, tuple))
        if not place:
            return plain(name, *letters)
        if (name, letters) not in memory:
            memory[name, letters] = _smooth(_forms(random, len(place)))
        return memory[name, letters](place)

    return value


def on_family(
    expression: Expr,
    tables: Mapping[ParametricJoint, Sequence[Expr]],
    coordinates: Mapping[VectorSymbol, Sequence[Expr]],
    values: Mapping[Symbol, Expr] | None = None,
) -> Expr:
    """The expression on families given cell by cell, exactly, as a SymPy formula.

    Each table holds the probabilities of the letters of the joint's one variable, as formulas in
    the coordinates of its parameter, which are symbols. ValueError for a joint of several
    variables, for cells that do not sum to one, and for a vector without coordinates.
    """
    instance = _family_assignment(tables, coordinates, values or {})
    missing = expression.atoms(VectorSymbol) - set(coordinates)
    if missing:
        raise ValueError(f"no coordinates are given for {', '.join(sorted(map(str, missing)))}")
    return sympy.sympify(compiled(expression)(instance))


def _family_assignment(
    tables: Mapping[ParametricJoint, Sequence[Expr]],
    coordinates: Mapping[VectorSymbol, Sequence[Expr]],
    values: Mapping[Symbol, Expr],
) -> FamilyAssignment:
    """The families as formulas in the coordinates."""
    instance = FamilyAssignment(symbolic=True, values={**coordinates, **values})
    for joint, cells in tables.items():
        _require_family(joint, cells, coordinates)
        (variable,) = joint.variables
        instance.sizes[variable], instance.axes[joint.family] = len(cells), joint.variables
        instance.families[joint.family] = _given(cells, coordinates[joint.parameter])
    return instance


@dataclass(frozen=True)
class FamilyInstance(Instance):
    """An explicit instance whose densities have a parameter: families cell by cell.

    `families` and `coordinates` are as `on_family` takes them; the coordinates' symbols have their
    numbers among the values.
    """

    families: tuple[tuple[ParametricJoint, tuple[Expr, ...]], ...] = ()
    coordinates: tuple[tuple[VectorSymbol, tuple[Expr, ...]], ...] = ()

    @property
    def has_tables(self) -> bool:
        """Whether it gives families."""
        return bool(self.families)

    def assignment(self) -> FamilyAssignment:
        """The families as formulas in the coordinates of their parameters."""
        return _family_assignment(dict(self.families), dict(self.coordinates), {})

    def formula(self, expression: Expr) -> Expr:
        """The expression on the families, in the symbols of their cells."""
        return on_family(sympy.sympify(expression), dict(self.families), dict(self.coordinates))


def _require_family(
    joint: ParametricJoint, cells: Sequence[Expr], coordinates: Mapping[VectorSymbol, object]
) -> None:
    """ValueError unless the cells are a family over the joint's one variable."""
    if len(joint.variables) != 1:
        raise ValueError(f"{joint.family} must have one variable to be given as a list of cells")
    if joint.parameter not in coordinates:
        raise ValueError(f"no coordinates are given for {joint.parameter}")
    if sympy.simplify(sympy.Add(*cells) - 1) != 0:
        raise ValueError(f"the cells of {joint.family} do not sum to one for every parameter")
    if any(sympy.sympify(cell).is_negative for cell in cells):
        raise ValueError(f"a cell of {joint.family} is negative")


def _given(cells: Sequence[Expr], symbols: Sequence[Expr]) -> Family:
    def at(place: Vector) -> dict[tuple[int, ...], Number]:
        moved = dict(zip(symbols, place))
        return {(k,): sympy.sympify(c).xreplace(moved) for k, c in enumerate(cells)}

    return at
