"""Where instances come from.

Random tables for unknown densities, random parameters for concrete ones, and given tables.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import mpmath
import sympy
from sympy import Expr, Symbol

from onekl.symbolic.algebra import Joint
from onekl.symbolic.numeric import Assignment, Number, compiled
from onekl.tables import check_table

Cell = tuple[int, ...]  # a letter for each variable


@dataclass(frozen=True)
class RandomTables:
    """Random tables for abstract densities.

    Alphabets have 2 to 4 letters, cells go down to 1e-12, and some are exactly 0. `maps` names
    functions whose values are letters of a variable, as ("G", x); `scalars` are positive constants.
    """

    joints: tuple[Joint, ...]
    maps: tuple[tuple[str, Symbol], ...] = ()
    scalars: tuple[Symbol, ...] = ()

    def __post_init__(self) -> None:
        families = [joint.family for joint in self.joints]
        if len(set(families)) < len(families):
            raise ValueError(
                f"two joints share a name among {', '.join(families)}: "
                "their tables would be mixed up"
            )

    def draw(self, random: Random, index: int) -> Assignment:
        """The instance with this index, whose alphabets, tables and scalars are drawn at random."""
        sizes = {v: random.randint(2, 4) for v in all_variables(self)}
        tables, axes = {}, {}
        for joint in self.joints:
            cells = list(itertools.product(*(range(sizes[v]) for v in joint.variables)))
            null = _null_cells(random, cells, index)
            tables[joint.family] = _random_table(random, cells, null, near_zero=index % 3 == 0)
            axes[joint.family] = joint.variables
        values = {scalar: mpmath.mpf(random.uniform(0.1, 2)) for scalar in self.scalars}
        letters = {name: sizes[variable] for name, variable in self.maps}
        return Assignment(sizes, tables, axes, values, functions=_random_function(random, letters))


def _null_cells(random: Random, cells: list[Cell], index: int) -> set[Cell]:
    """Which cells are exactly 0.

    In a tenth of the tables each: one cell, a row of the first variable, one of the last.
    """
    if index % 10 in (5, 7):
        axis = 0 if index % 10 == 5 else -1
        letter = random.choice(cells)[axis]
        return {cell for cell in cells if cell[axis] == letter}
    return {random.choice(cells)} if index % 10 == 0 else set()


def _random_table(
    random: Random, cells: list[Cell], null: set[Cell], near_zero: bool
) -> dict[Cell, mpmath.mpf]:
    """Cells that sum to one, one of them between 1e-12 and 1e-6 before scaling when `near_zero`."""
    raw = {cell: mpmath.mpf(random.random()) + mpmath.mpf("1e-3") for cell in cells}
    if near_zero:
        raw[random.choice(cells)] = mpmath.mpf(10) ** -random.randint(6, 12)
    raw = {cell: mpmath.mpf(0) if cell in null else value for cell, value in raw.items()}
    whole = sum(raw.values())
    return {cell: value / whole for cell, value in raw.items()}


def _random_function(random: Random, maps: dict[str, int]) -> Callable[..., Number]:
    """Arbitrary functions of letters, by name.

    A new argument gets a random value, a letter for one of the `maps`, which is kept from then on.
    """
    memory = {}

    def value(name: str, *letters: Number) -> Number:
        if (name, *letters) not in memory:
            memory[name, *letters] = (
                random.randrange(maps[name]) if name in maps else mpmath.mpf(random.uniform(-2, 2))
            )
        return memory[name, *letters]

    return value


def all_variables(tables: RandomTables) -> tuple[Symbol, ...]:
    """The variables of all joints, each once, in order."""
    return tuple(dict.fromkeys(v for joint in tables.joints for v in joint.variables))


@dataclass(frozen=True)
class RandomParameters:
    """Random values for the parameters of concrete densities, each within its (low, high)."""

    ranges: tuple[tuple[Symbol, float, float], ...]

    def draw(self, random: Random, index: int) -> Assignment:
        """An instance with random values, and a random polynomial for unknown functions."""
        values = {
            symbol: mpmath.mpf(random.uniform(low, high)) for symbol, low, high in self.ranges
        }
        coefficients = [mpmath.mpf(random.uniform(-1, 1)) for _ in range(5)]

        def polynomial(name: str, t: Number) -> Number:
            return mpmath.polyval(coefficients, t)

        return Assignment(values=values, functions=polynomial)


def on_tables(expression: Expr, tables: dict[Joint, object]) -> Expr:
    """The expression on given tables (nested lists over the joint's variables), as a SymPy formula.

    Cells may be symbols. ValueError when a table does not match its joint, has a negative cell or
    does not sum to one.
    """
    instance = Assignment(symbolic=True)
    for joint, table in tables.items():
        _add_table(instance, joint, table)
    return sympy.sympify(compiled(expression)(instance))


def _add_table(instance: Assignment, joint: Joint, table: object) -> None:
    """Put a table into the instance; ValueError where it does not fit its joint or its tables."""
    array = sympy.Array(table)
    if len(array.shape) != len(joint.variables):
        raise ValueError(
            f"the table of {joint.family} has {len(array.shape)} axes; "
            f"{joint.family} has the variables {joint.variables}"
        )
    if not array.free_symbols:
        check_table(table, name=joint.family)
    for variable, size in zip(joint.variables, array.shape):
        if instance.sizes.setdefault(variable, size) != size:
            raise ValueError(
                f"{variable} has {instance.sizes[variable]} letters in one table "
                f"and {size} in the table of {joint.family}"
            )
    cells = itertools.product(*map(range, array.shape))
    instance.tables[joint.family] = {cell: array[cell] for cell in cells}
    instance.axes[joint.family] = joint.variables
