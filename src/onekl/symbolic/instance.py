"""Explicit instances: tables, functions and values on which an expression is an exact number."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import sympy
from sympy import Expr, Function, Symbol

from onekl.symbolic.algebra import ClassProbability, Density, Joint
from onekl.symbolic.notation import latex
from onekl.symbolic.numeric import Assignment, Number, Place, compiled
from onekl.symbolic.proof import NotProved
from onekl.symbolic.real_line import closed_form
from onekl.symbolic.sampling import put_table
from onekl.tables import check_table

DOMAIN = ("real", "integer", "positive", "negative", "nonnegative", "nonpositive", "nonzero")

Values = Mapping[Place, Expr]  # what an unknown function is at each of its arguments


@dataclass(frozen=True)
class Instance:
    """An explicit instance: tables of families, values of unknown functions and of symbols.

    A table is a nested list over the joint's variables; its cells may hold symbols, which get their
    values afterwards, so that a derivative in one of them is exact; a variable that the statement
    leaves open has a letter among the values.
    A function, or a discriminator by its name, has a value for each argument.
    """

    tables: tuple[tuple[Joint, object], ...] = ()
    functions: tuple[tuple[str, tuple[tuple[Place, Expr], ...]], ...] = ()
    values: tuple[tuple[Symbol, Expr], ...] = ()

    def __post_init__(self) -> None:
        families = [joint.family for joint, _ in self.tables]
        if len(set(families)) < len(families):
            raise ValueError(f"two tables for one family among {', '.join(families)}: keep one")

    @property
    def has_tables(self) -> bool:
        """Whether it gives tables, and not values of symbols alone."""
        return bool(self.tables)

    def places(self, variables: Iterable[Symbol]) -> list[Instance]:
        """The instance at every letter of those variables that its tables have and leave open."""
        sizes = self.assignment().sizes
        known = dict(self.values)
        open_ = [v for v in variables if v in sizes and v not in known]
        letters = itertools.product(*(range(sizes[v]) for v in open_))
        return [
            replace(self, values=(*self.values, *zip(open_, map(sympy.Integer, place))))
            for place in letters
        ]

    def formula(self, expression: Expr) -> Expr:
        """The expression on the instance's tables and functions, in the symbols of their cells."""
        expression = sympy.sympify(expression)
        if self.tables:
            return sympy.sympify(compiled(expression)(self.assignment())).doit()
        return closed_form(expression).doit()

    def exact(self, expression: Expr, along: Symbol | None = None) -> Expr:
        """The expression on the instance as a SymPy number, or its slope along a symbol.

        NotProved where it rests on a conditional of an event of probability 0.
        """
        expression = sympy.sympify(expression)
        # With numbers for the symbols an integral over the line takes SymPy a tenth of the time.
        if not (self.has_tables or along is not None or expression.has(sympy.Derivative)):
            expression = expression.xreplace(dict(self.values))
        found = self.formula(expression)
        found = found if along is None else sympy.diff(found, along)
        found = sympy.simplify(found.subs(self.values))
        null = [s for s in found.free_symbols if isinstance(s, _Undefined)]
        if null:
            raise NotProved(
                f"the instance rests on {null[0].name}, conditioned on an event of probability 0"
            )
        return found

    def assignment(self) -> Assignment:
        """The tables and functions in SymPy's numbers, with the letters among the values."""
        assignment = _Exact(symbolic=True, given=dict(self._function_values()), symbols=self.values)
        for joint, table in self.tables:
            put_table(assignment, joint, table)
        letters = {v: int(value) for v, value in self.values if v in assignment.sizes}
        assignment.values.update(letters)
        return assignment

    def _function_values(self) -> list[tuple[str, Values]]:
        return [(name, dict(pairs)) for name, pairs in self.functions]

    def require_in_domain(self) -> None:
        """NotProved where a symbol's value lacks what is assumed of the symbol."""
        for symbol, value in self.values:
            assumed = {k: known for k, known in symbol.assumptions0.items() if k in DOMAIN}
            if any(known != getattr(value, f"is_{name}") for name, known in assumed.items()):
                raise NotProved(
                    f"{latex(symbol)} = {latex(value)} is not in the domain of {latex(symbol)}"
                )

    def require_tables(self) -> None:
        """NotProved where a table is no probability table once its symbols have their values."""
        for joint, table in self.tables:
            cells = sympy.Array(table).subs(self.values)
            if cells.free_symbols:
                continue  # the sides are then no numbers
            try:
                check_table(cells.tolist(), name=joint.family)
            except ValueError as error:
                raise NotProved(str(error)) from error

    def latex(self) -> str:
        """The values of symbols, in LaTeX; nothing where there are none."""
        return ", ".join(f"{latex(symbol)} = {latex(value)}" for symbol, value in self.values)


class _Undefined(Symbol):
    """The free value of a conditional whose condition has probability 0."""


@dataclass
class _Exact(Assignment):
    """An assignment with explicit function values, where a null event leaves a symbol behind."""

    given: dict[str, Values] = field(default_factory=dict)
    symbols: tuple[tuple[Symbol, Expr], ...] = ()

    def __post_init__(self) -> None:
        self.functions = self._function

    def _function(self, name: str, *arguments: Number) -> Expr:
        try:
            return self.given[name][arguments]
        except KeyError:
            place = ", ".join(map(str, arguments))
            raise NotProved(f"the instance has no value for {name}({place})") from None

    def class_probability(self, outcome_one: ClassProbability, point: Place) -> Number:
        """The given value of D at the point; NotProved for one that is not from 0 to 1.

        The probability of a label, which is taken at no point, is neither 0 nor 1.
        """
        value = sympy.sympify(self._function(outcome_one.name, *point))
        number = value.subs(self.symbols)
        if number.is_number and not 0 <= number <= 1:
            raise NotProved(f"{outcome_one.name} is {number} somewhere, which is not from 0 to 1")
        if number in (0, 1) and not point:
            raise NotProved(f"the label's probability {latex(outcome_one)} is {number}")
        return value

    def probability(self, density: Density) -> Number:
        """The value of a density; a symbol of its own for a conditional of a null event."""
        if density.given and self.condition(density) == 0:
            letters = tuple(self.values[v] for v in density.over + density.given)
            return _Undefined(f"{latex(density)} at {letters}")
        return super().probability(density)


def table_of(function: Function | str, *values: Expr) -> tuple[str, tuple[tuple[Place, Expr], ...]]:
    """An unknown function of one letter, or a discriminator's name, with its value at each."""
    name = function if isinstance(function, str) else function.__name__
    return name, tuple(((letter,), sympy.sympify(v)) for letter, v in enumerate(values))


def table_of_pairs(name: str, rows: list[list[Expr]]) -> tuple[str, tuple[tuple[Place, Expr], ...]]:
    """A discriminator of two letters with its value at each pair."""
    pairs = itertools.product(range(len(rows)), range(len(rows[0])))
    return name, tuple(((i, j), sympy.sympify(rows[i][j])) for i, j in pairs)
