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

from onekl.symbolic.algebra import (
    Joint,
    LabelledJoint,
    bound_variables,
)
from onekl.symbolic.copies import alphabet, copies_in
from onekl.symbolic.nodes import nodes_of
from onekl.symbolic.numeric import Assignment, Number, compiled
from onekl.tables import check_table

Cell = tuple[int, ...]  # a letter for each variable


@dataclass(frozen=True)
class RandomTables:
    """Random tables for abstract densities.

    Alphabets have 2 to 4 letters, cells go down to 1e-12, and some are exactly 0. `maps` names
    functions whose values are letters of a variable, as ("G", x); `scalars` are positive constants.
    ValueError where they do not fit together.
    """

    joints: tuple[Joint, ...]
    maps: tuple[tuple[str, Symbol], ...] = ()
    scalars: tuple[Symbol, ...] = ()

    def __post_init__(self) -> None:
        families = [joint.family for joint in self.joints]
        if not families:
            raise ValueError("random tables need at least one joint: there is no variable")
        if len(set(families)) < len(families):
            raise ValueError(
                f"two joints share a name among {', '.join(families)}: "
                "their tables would be mixed up"
            )
        for place, joint in enumerate(self.joints):
            missing = set(joint.built_on) - set(families[:place])
            if missing:
                raise ValueError(f"{joint.family} needs {missing.pop()} to stand before it")
        self._require_known_letters()

    def _require_known_letters(self) -> None:
        """ValueError for a map to a variable of no joint, and for a scalar that is a variable."""
        own = {alphabet(v) for v in all_variables(self)}
        for name, variable in self.maps:
            if alphabet(variable) not in own:
                raise ValueError(f"the map {name} is to {variable}, which belongs to no joint")
        for scalar in self.scalars:
            if alphabet(scalar) in own:
                raise ValueError(f"{scalar} is a variable of a joint, so it is no constant")

    def draw(self, random: Random, index: int) -> Assignment:
        """The instance with this index, whose alphabets, tables and scalars are drawn at random."""
        own = dict.fromkeys(alphabet(v) for v in all_variables(self))
        sizes = {v: random.randint(2, 4) for v in own}
        tables, axes = {}, {}
        for joint in self.joints:
            cells = list(itertools.product(*(range(sizes[alphabet(v)]) for v in joint.variables)))
            null = _null_cells(random, cells)
            table = _random_table(random, cells, null, near_zero=random.randrange(3) == 0)
            tables[joint.family] = joint.conform(table, tables)
            axes[joint.family] = joint.variables
        values = {scalar: mpmath.mpf(random.uniform(0.1, 2)) for scalar in self.scalars}
        letters = {name: sizes[alphabet(variable)] for name, variable in self.maps}
        return Assignment(sizes, tables, axes, values, functions=_random_function(random, letters))


def _null_cells(random: Random, cells: list[Cell]) -> set[Cell]:
    """Which cells are exactly 0.

    In a tenth of the tables each, drawn for each table alone: one cell, a row of the first
    variable, one of the last.
    """
    kind = random.randrange(10)
    if kind in (1, 2):
        axis = 0 if kind == 1 else -1
        letter = random.choice(cells)[axis]
        return {cell for cell in cells if cell[axis] == letter}
    return {random.choice(cells)} if kind == 0 else set()


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


def all_variables(tables: RandomTables, *expressions: Expr) -> tuple[Symbol, ...]:
    """The variables of all joints, each once, in order; then their copies in the expressions."""
    own = dict.fromkeys(v for joint in tables.joints for v in joint.variables)
    alphabets = {alphabet(v) for v in own}
    copies = [copy for copy in copies_in(expressions) if copy.original in alphabets]
    return tuple(dict.fromkeys((*own, *copies)))


def require_own_variables(tables: RandomTables, *expressions: Expr) -> None:
    """ValueError where an integral is over a variable that belongs to no joint."""
    labels = {labelled.label for one in expressions for labelled in nodes_of(LabelledJoint, one)}
    known = {*all_variables(tables, *expressions), *labels}
    bound = frozenset().union(*map(bound_variables, expressions))
    for variable in sorted(bound - known, key=str):
        raise ValueError(f"{variable} is integrated over but belongs to no joint")


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
        put_table(instance, joint, table)
    return sympy.sympify(compiled(expression)(instance))


def put_table(instance: Assignment, joint: Joint, table: object) -> None:
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
        if instance.sizes.setdefault(alphabet(variable), size) != size:
            raise ValueError(
                f"{variable} has {instance.size(variable)} letters in one table "
                f"and {size} in the table of {joint.family}"
            )
    cells = {cell: array[cell] for cell in itertools.product(*map(range, array.shape))}
    missing = set(joint.built_on) - set(instance.tables)
    if missing:
        raise ValueError(f"{joint.family} needs the table of {missing.pop()} before its own")
    conforming = joint.conform(cells, instance.tables)
    if any(sympy.simplify(cells[cell] - conforming[cell]) != 0 for cell in cells):
        raise ValueError(f"the table of {joint.family} is not {joint.promise}")
    instance.tables[joint.family] = cells
    instance.axes[joint.family] = joint.variables
