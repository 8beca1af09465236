"""Many random instances of one shape, as arrays: tables, functions and numbers.

The instances are the last axis of every array. Each variable has an axis of its own before it, the
first variable the one next to it, so that arrays broadcast whatever variables they depend on.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar

import mpmath
import numpy as np
from sympy import Expr, Symbol

from onekl.examiner.bounded import EPS, Bounded
from onekl.symbolic.algebra import ClassProbability, Density
from onekl.symbolic.copies import alphabet
from onekl.symbolic.numeric import Assignment, Number

MOST_LETTERS = 4  # a variable's, or a vector's coordinates
ARGUMENTS = 16  # of functions: letters, and what a changed expression makes of them


@dataclass
class Batch:
    """Instances of one shape.

    `tables` are cells (…, count) that are never negative, still to be divided by their sums;
    `values` are numbers of symbols, (count,); `maps` are functions whose values are letters, with
    the number of these. Functions are drawn when they are first asked for, from the `seed` and the
    name.
    """

    real: ClassVar[bool] = False  # whether variables are real numbers

    count: int
    seed: int
    sizes: dict[Symbol, int] = field(default_factory=dict)
    tables: dict[str, np.ndarray] = field(default_factory=dict)
    axes: dict[str, tuple[Symbol, ...]] = field(default_factory=dict)
    values: dict[Symbol, np.ndarray] = field(default_factory=dict)
    maps: dict[str, int] = field(default_factory=dict)
    _axis: dict[Symbol, int] = field(default_factory=dict)
    _kept: dict[object, object] = field(default_factory=dict)

    def random(self, *name: object) -> np.random.Generator:
        """A stream of random numbers of that name."""
        return np.random.default_rng([self.seed, zlib.crc32(repr(name).encode())])

    def axis(self, variable: Symbol) -> int:
        """The variable's axis, counted from the last, which is −1 for the instances."""
        return -2 - self._axis.setdefault(variable, len(self._axis))

    def along(self, variable: Symbol, numbers: np.ndarray) -> np.ndarray:
        """Numbers on the axis of a variable, the same for all instances."""
        return numbers.reshape((len(numbers),) + (1,) * (-1 - self.axis(variable)))

    def size(self, variable: Symbol) -> int:
        """The number of letters of a variable, or of a copy of it."""
        return self.sizes[alphabet(variable)]

    def letters(self, variable: Symbol) -> np.ndarray:
        """All letters of a variable, on its axis."""
        return self.along(variable, np.arange(self.size(variable)))

    def place(self, number: Bounded) -> np.ndarray:
        """The letters that numbers stand for."""
        return number.value.astype(int)

    def total(self, variable: Symbol, number: Bounded) -> Bounded:
        """The sum over the variable's letters."""
        return number.of_each(lambda one: self._sum(variable, one))

    def _sum(self, variable: Symbol, number: Bounded) -> Bounded:
        if number.value.ndim < -self.axis(variable) and number.error.ndim < -self.axis(variable):
            return number * Bounded(float(self.size(variable)))
        return number.sum(self.axis(variable))

    def probability(self, density: Density, place: list[np.ndarray]) -> Bounded:
        """The values of a density at letters; given a null event it is some density, drawn once."""
        axes = density.axes(self.axes[density.family])
        joint = self._marginal(density.family, axes)[(*place, self._instances)]
        if not density.given:
            return Bounded(joint, self._rounding(density.family) * joint)
        k = len(density.over)
        condition = self._marginal(density.family, axes[k:])[(*place[k:], self._instances)]
        null = condition == 0
        ratio = np.divide(joint, condition, out=np.zeros(np.broadcast(joint, condition).shape),
                          where=~null)  # fmt: skip
        version = self._given_nothing(density.family, axes, k)[(*place, self._instances)]
        value = np.where(null, version, ratio)
        return Bounded(value, 3 * self._rounding(density.family) * value)

    @property
    def _instances(self) -> np.ndarray:
        return np.arange(self.count)

    def _rounding(self, family: str) -> float:
        return EPS * (4 + self.tables[family][..., 0].size)

    def table(self, family: str) -> np.ndarray:
        """The cells of a family, which sum to one up to rounding."""
        raw = self.tables[family]
        return raw / raw.sum(axis=tuple(range(raw.ndim - 1)))

    def mass(self, family: str, axes: tuple[int, ...], place: list[np.ndarray]) -> np.ndarray:
        """The probability that the variables of these axes have these letters."""
        return self._marginal(family, axes)[(*place, self._instances)]

    def _marginal(self, family: str, axes: tuple[int, ...]) -> np.ndarray:
        """The sums of cells that have the same letters on these axes, in this order."""
        key = ("marginal", family, axes)
        if key not in self._kept:
            table = self.table(family)
            others = tuple(k for k in range(table.ndim - 1) if k not in axes)
            left = [k for k in range(table.ndim - 1) if k in axes]
            order = [left.index(k) for k in axes]
            self._kept[key] = table.sum(axis=others).transpose(*order, len(axes))
        return self._kept[key]

    def _given_nothing(self, family: str, axes: tuple[int, ...], over: int) -> np.ndarray:
        """A random density over the first axes given the others."""
        key = ("given nothing", family, axes)
        if key not in self._kept:
            shape = [self.tables[family].shape[k] for k in axes]
            raw = self.random(*key).random((*shape, self.count)) + 0.1
            self._kept[key] = raw / raw.sum(axis=tuple(range(over)))
        return self._kept[key]

    def function(self, name: str, place: list[np.ndarray]) -> np.ndarray:
        """The values of an unknown function at letters: from −2 to 2, or a letter for a map."""
        key = ("function", name, len(place))
        if key not in self._kept:
            shape = (*[ARGUMENTS] * len(place), self.count)
            drawn = self.random(*key).random(shape)
            self._kept[key] = (
                (drawn * self.maps[name]).astype(int) if name in self.maps else 4 * drawn - 2
            )
        return self._kept[key][(*(at % ARGUMENTS for at in place), self._instances)]

    def smooth_function(self, name: str, arguments: Sequence[Bounded]) -> Bounded:
        """The values of an unknown function of real numbers: a random quartic in their sum."""
        key = ("smooth", name)
        if key not in self._kept:
            self._kept[key] = 2 * self.random(*key).random((5, self.count)) - 1
        at = arguments[0]
        for other in arguments[1:]:
            at = at + other
        found = Bounded(0.0)
        for coefficient in self._kept[key]:
            found = found * at + Bounded(coefficient)
        return found

    def coordinate(self, name: str, place: list[np.ndarray], smooth: list[Bounded]) -> Bounded:
        """A map's coordinates at letters, the first of which is the coordinate's own.

        In arguments that are real numbers it is a random cubic of their sum.
        """
        coefficients = self._cubics(name, len(place))[(slice(None), *place, self._instances)]
        found, at = Bounded(0.0), Bounded(0.0)
        for argument in smooth:
            at = at + argument
        for coefficient in coefficients:
            found = found * at + Bounded(coefficient)
        return found

    def _cubics(self, name: str, letters: int) -> np.ndarray:
        """The coefficients of a map's cubics, (4, letters …, count)."""
        key = ("coordinate", name, letters)
        if key not in self._kept:
            shape = (*[MOST_LETTERS] * letters, self.count, 4)
            self._kept[key] = np.moveaxis(2 * self.random(*key).random(shape) - 1, -1, 0)
        return self._kept[key]

    def class_probability(self, outcome_one: ClassProbability, place: list[np.ndarray]) -> Bounded:
        """The values of D at letters, now and then exactly 0 or 1; of a label never."""
        number = self.function(outcome_one.name, place)
        if not place:
            value = (number + 2.1) / 4.2
        else:
            value = np.where(abs(number) > 1.9, (number < 0).astype(float), (number + 2) / 4)
        return Bounded(value)

    def cells(self) -> int:
        """How many cells the tables of an instance have."""
        return sum(table[..., 0].size for table in self.tables.values())

    def zeros(self) -> int:
        """How many instances have a table with a cell that is 0."""
        struck = np.zeros(self.count, dtype=bool)
        for table in self.tables.values():
            struck |= (table == 0).reshape(-1, self.count).any(axis=0)
        return int(struck.sum())

    def varied(self, unknowns: Iterable[Expr]) -> Batch:
        """The same instances with other values of some unknown densities and discriminators.

        A conditional density changes and leaves the density of its condition as it is.
        """
        other = replace(self, tables=dict(self.tables), _kept=self._drawn())
        for unknown in unknowns:
            random = self.random("varied", str(unknown))
            if isinstance(unknown, ClassProbability):
                shape = (*[ARGUMENTS] * len(unknown.arguments), self.count)
                key = ("function", unknown.name, len(unknown.arguments))
                other._kept[key] = 4 * random.random(shape) - 2
                continue
            raw = self.table(unknown.family)
            axes = unknown.axes(self.axes[unknown.family])[len(unknown.over) :]
            summed = tuple(k for k in range(raw.ndim - 1) if k not in axes)
            fresh = np.where(raw > 0, random.random(raw.shape) + 1e-3, 0.0)
            mass, own = (t.sum(axis=summed, keepdims=True) for t in (fresh, raw))
            share = np.divide(own, mass, out=np.zeros(own.shape), where=mass > 0)
            other.tables[unknown.family] = fresh * share
        return other

    def _drawn(self) -> dict[object, np.ndarray]:
        """What has been drawn on demand, without the sums of the tables."""
        return {key: value for key, value in self._kept.items() if key[0] != "marginal"}

    def chosen(self, which: np.ndarray) -> Batch:
        """The instances with these numbers; what is drawn on demand is drawn before."""
        kept = {key: value[..., which] for key, value in self._drawn().items()}
        return replace(
            self,
            count=len(which),
            tables={family: table[..., which] for family, table in self.tables.items()},
            values={symbol: value[which] for symbol, value in self.values.items()},
            _axis=dict(self._axis),
            _kept=kept,
        )

    def assignment(self, k: int) -> Assignment:
        """One instance for the evaluation with 30 digits."""
        tables = {}
        for family, raw in self.tables.items():
            cells = {cell: mpmath.mpf(raw[(*cell, k)]) for cell in np.ndindex(raw.shape[:-1])}
            whole = sum(cells.values())
            tables[family] = {cell: value / whole for cell, value in cells.items()}

        values = {symbol: mpmath.mpf(float(value[k])) for symbol, value in self.values.items()}
        functions = partial(self._function_at, k)
        return Assignment(dict(self.sizes), tables, dict(self.axes), values, functions=functions)

    def _function_at(self, k: int, name: str, *place: Number | tuple[Number, ...]) -> Number:
        """The value of a function of one instance."""
        if not self.sizes:
            at = sum(place[1:], place[0])
            return mpmath.polyval([mpmath.mpf(c[k]) for c in self._kept["smooth", name]], at)
        if any(key[:2] == ("coordinate", name) for key in self._kept):
            return self._coordinate_at(k, name, *place)
        found = self.function(name, [np.array(int(letter)) for letter in place])[..., k]
        return int(found) if name in self.maps else mpmath.mpf(float(found))

    def _coordinate_at(
        self, k: int, name: str, number: int, *arguments: Number | tuple[Number, ...]
    ) -> Number:
        """A map's coordinate of that number, from 1 on, as `coordinate` has it in doubles.

        Arguments that are int are letters; a vector is taken as the examiner of vectors takes it.
        """
        letters = [a for a in arguments if isinstance(a, int)]
        others = [a for a in arguments if not isinstance(a, int)]
        at = mpmath.fsum(mpmath.tanh(mpmath.fsum(a)) if isinstance(a, tuple) else a for a in others)
        cubic = self._cubics(name, 1 + len(letters))[(slice(None), number - 1, *letters, k)]
        return mpmath.polyval([mpmath.mpf(float(c)) for c in cubic], at)
