"""Random instances: batches of tables, half of them with zeros, and of numbers for symbols.

Zeros strike each table for itself: no cell, one, a row, a column, or about half of the cells. A
third of the tables has a cell that is nearly 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from onekl.examiner.batch import Batch
from onekl.examiner.families import DIMENSIONS, moving
from onekl.examiner.mapped import mapped
from onekl.examiner.vectors import Examiner
from onekl.symbolic.algebra import Joint
from onekl.symbolic.copies import alphabet
from onekl.symbolic.maps.real_densities import RandomDensities
from onekl.symbolic.parametric.families import RandomFamilies
from onekl.symbolic.premises import Finite, Support
from onekl.symbolic.sampling import RandomParameters, RandomTables
from onekl.symbolic.vectors.algebra import INDEX
from onekl.symbolic.vectors.numbers import MOST_COORDINATES, RandomVectors

SHAPES = 4  # combinations of alphabet sizes
ROUNDS = 60  # of drawing, before the premises count as impossible to meet


class Unmet(ValueError):
    """No instance was drawn that meets the premises."""


def draw(
    source: RandomTables | RandomParameters, count: int, premises: Iterable[Support | Finite] = ()
) -> list[Batch]:
    """Batches of `count` instances that meet the premises, half of the tables without a zero.

    Unmet where too few are found.
    """
    if isinstance(source, RandomParameters):
        return [_numbers(source, count)]
    if isinstance(source, RandomDensities):
        return [mapped(source, count)]
    if isinstance(source, RandomVectors):
        kinds = [(d, zeros) for d in range(1, MOST_COORDINATES + 1) for zeros in (False, True)]
        return [
            _vectors(source, _share(count, len(kinds), k), d, zeros)
            for k, (d, zeros) in enumerate(kinds)
        ]
    premises = tuple(premises)
    batches = []
    for shape in range(SHAPES):
        for zeros in (False, True):
            wanted = _share(count, 2 * SHAPES, 2 * shape + zeros)
            batches += _meeting(source, wanted, shape, zeros, premises)
    return batches


def _share(count: int, parts: int, index: int) -> int:
    """The size of one of nearly equal parts."""
    return count // parts + (index < count % parts)


def _meeting(
    source: RandomTables,
    wanted: int,
    shape: int,
    zeros: bool,
    premises: tuple[Support | Finite, ...],
) -> Iterator[Batch]:
    """Batches of one shape with as many instances as wanted that meet the premises."""
    for round_ in range(ROUNDS):
        batch = tables(source, max(wanted, 16), seed=1000 * shape + 2 * round_ + zeros, zeros=zeros)
        met = np.flatnonzero(meets(batch, premises))[:wanted]
        if len(met):
            yield batch.chosen(met)
        wanted -= len(met)
        if wanted <= 0:
            return
    raise Unmet(f"{wanted} instances too few meet {'; '.join(p.latex() for p in premises)}")


def tables(source: RandomTables, count: int, seed: int, zeros: bool) -> Batch:
    """Instances of one shape, which the seed decides: of its tables each may have zeros."""
    own = dict.fromkeys(alphabet(v) for joint in source.joints for v in joint.variables)
    batch = Batch(count, seed)
    shapes = np.random.default_rng(seed // 1000)
    batch.sizes = {v: int(shapes.integers(2, 5)) for v in own}
    for joint in source.joints:
        shape = [batch.sizes[alphabet(v)] for v in joint.variables]
        batch.tables[joint.family] = _cells(
            batch.random("table", joint.family), shape, count, zeros
        )
        batch.axes[joint.family] = joint.variables
        _conform(joint, batch)
    uniform = batch.random("scalars").random
    batch.values = {scalar: 0.1 + 1.9 * uniform(count) for scalar in source.scalars}
    batch.maps = {name: batch.size(variable) for name, variable in source.maps}
    if isinstance(source, RandomFamilies):
        return moving(batch, source, dimension=1 + seed // 1000 % DIMENSIONS)
    return batch


def _cells(random: np.random.Generator, shape: list[int], count: int, zeros: bool) -> np.ndarray:
    """Random cells, never all 0."""
    raw = random.random((*shape, count)) + 1e-3
    flat = raw.reshape(-1, count)
    near_zero = random.integers(0, len(flat), count)
    tiny = np.where(random.random(count) < 1 / 3, 10.0 ** -random.integers(6, 13, count), 1.0)
    flat[near_zero, np.arange(count)] *= tiny
    if zeros:
        raw[_null(random, shape, count)] = 0.0
    return raw


def _null(random: np.random.Generator, shape: list[int], count: int) -> np.ndarray:
    """Which cells are exactly 0; one cell, drawn at random, is not."""
    cells = int(np.prod(shape))
    one = np.arange(cells)[:, None] == random.integers(0, cells, count)
    letters = np.indices(shape).reshape(len(shape), cells)
    row, column = (
        letters[axis][:, None] == random.integers(0, shape[axis], count) for axis in (0, -1)
    )
    half = random.random((cells, count)) < 0.5
    none = np.zeros((cells, count), dtype=bool)
    kind = random.integers(0, 5, count)
    null = np.select([kind == k for k in range(4)], [none, one, row, column], half)
    null[random.integers(0, cells, count), np.arange(count)] = False
    return null.reshape(*shape, count)


def _conform(joint: Joint, batch: Batch) -> None:
    """Make the tables of a family with a promise keep it, one instance after the other."""
    if type(joint).conform is Joint.conform:
        return
    raw = batch.tables[joint.family]
    for k in range(batch.count):
        cells = {
            family: {cell: table[(*cell, k)] for cell in np.ndindex(table.shape[:-1])}
            for family, table in batch.tables.items()
        }
        for cell, value in joint.conform(cells[joint.family], cells).items():
            raw[(*cell, k)] = value


def _vectors(source: RandomVectors, count: int, dimension: int, zeros: bool) -> Batch:
    """Instances whose vectors have that many coordinates."""
    batch = tables(source, count, seed=1000 * dimension + zeros, zeros=zeros)
    batch.sizes[INDEX] = dimension
    batch.values |= {d: np.full(count, float(dimension)) for d in source.dimensions}
    return batch


def _numbers(source: RandomParameters, count: int) -> Batch:
    """Numbers for symbols within their ranges, in one batch."""
    batch = Batch(count, 0)
    batch.values = {
        symbol: low + (high - low) * batch.random("number", symbol.name).random(count)
        for symbol, low, high in source.ranges
    }
    return batch


def meets(batch: Batch, premises: tuple[Support | Finite, ...]) -> np.ndarray:
    """Which instances meet the premises, (count,)."""
    met = np.ones(batch.count, dtype=bool)
    value = Examiner(batch)
    for premise in premises:
        if isinstance(premise, Finite):
            met &= np.isfinite(value(premise.total).value).reshape(-1)
        else:
            met &= ~_breaks(batch, value, premise)
    return met


def _breaks(batch: Batch, value: Examiner, premise: Support) -> np.ndarray:
    """Where all of `where` are positive at some letters and all of `any_of` are 0."""
    bad = np.ones(batch.count, dtype=bool)
    for factor in premise.where:
        bad = bad & (value(factor).value > 0)
    for factor in premise.any_of:
        bad = bad & (value(factor).value == 0)
    return bad.reshape(-1, batch.count).any(axis=0)
