"""One explicit instance as a batch of one: given tables, given values of functions and symbols."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import sympy
from sympy import Expr, Symbol

from onekl.examiner.batch import Batch
from onekl.examiner.bounded import EPS, Bounded
from onekl.examiner.evaluate import NoRule
from onekl.examiner.vectors import Examiner
from onekl.symbolic.algebra import ClassProbability, Joint

Place = tuple[Expr, ...]


@dataclass
class GivenBatch(Batch):
    """A batch of one instance whose functions, and discriminators, have given values."""

    given: dict[str, np.ndarray] = field(default_factory=dict)

    def function(self, name: str, place: list[np.ndarray]) -> np.ndarray:
        """The given values at letters; NoRule for a function that has none."""
        if name not in self.given:
            raise NoRule(f"the instance has no value for {name}")
        return self.given[name][tuple(place)]

    def class_probability(self, outcome_one: ClassProbability, place: list[np.ndarray]) -> Bounded:
        """The given values of D, or of a label's probability."""
        found = self.function(outcome_one.name, place)
        return Bounded(found, EPS * abs(found))


def given(
    tables: Iterable[tuple[Joint, object]],
    functions: Iterable[tuple[str, Iterable[tuple[Place, Expr]]]],
    values: Mapping[Symbol, Expr],
) -> Examiner:
    """The examiner of an instance, whose cells and values may hold the symbols of `values`.

    A variable of the tables among these has that letter where it is not summed over.
    """
    batch = GivenBatch(1, 0)
    for joint, table in tables:
        cells = sympy.Array(table).xreplace(values)
        numbers = np.array(cells.tolist(), dtype=float)[..., None]
        batch.tables[joint.family], batch.axes[joint.family] = numbers, joint.variables
        batch.sizes |= dict(zip(joint.variables, cells.shape))
    batch.values = {
        symbol: np.array([float(value)])
        for symbol, value in values.items()
        if symbol not in batch.sizes
    }
    for name, pairs in functions:
        known = {tuple(map(int, place)): value for place, value in pairs}
        shape = [1 + max(axis) for axis in zip(*known)]
        array = np.full(shape, np.nan)
        for place, value in known.items():
            array[place] = float(sympy.sympify(value).xreplace(values))
        batch.given[name] = array
    examiner = Examiner(batch)
    letters = {v: float(value) for v, value in values.items() if v in batch.sizes}
    examiner.place.update({v: Bounded(letter) for v, letter in letters.items()})
    return examiner
