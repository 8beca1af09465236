"""Counterexamples: a statement's own two sides, evaluated exactly on one explicit instance."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import sympy
from sympy import Add, Expr, Function, Symbol

from onekl.symbolic.algebra import ClassProbability, Density, Joint
from onekl.symbolic.notation import latex
from onekl.symbolic.numeric import Assignment, Number, Place, compiled
from onekl.symbolic.proof import NotProved, Proof
from onekl.symbolic.real_line import closed_form
from onekl.symbolic.sampling import put_table
from onekl.symbolic.statements import Statement
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

    def places(self, variables: Iterable[Symbol]) -> list[Instance]:
        """The instance at every letter of those variables that its tables have and leave open."""
        sizes = self._assignment().sizes
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
            return sympy.sympify(compiled(expression)(self._assignment())).doit()
        return closed_form(expression).doit()

    def exact(self, expression: Expr, along: Symbol | None = None) -> Expr:
        """The expression on the instance as a SymPy number, or its slope along a symbol.

        NotProved where it rests on a conditional of an event of probability 0.
        """
        found = self.formula(expression)
        found = found if along is None else sympy.diff(found, along)
        found = sympy.simplify(found.subs(self.values))
        null = [s for s in found.free_symbols if isinstance(s, _Undefined)]
        if null:
            raise NotProved(
                f"the instance rests on {null[0].name}, conditioned on an event of probability 0"
            )
        return found

    def _assignment(self) -> Assignment:
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


@dataclass(frozen=True, kw_only=True)
class Counterexample(Statement):
    """An explicit instance on which the statement `of` fails, exactly.

    Where the statement leaves constants open (`unknowns`, "for some c"), `at` are several
    instances, and no values of the constants satisfy the equation on all of them.
    Two objectives are told apart by their slopes `along` a symbol of the tables: they have opposite
    signs, or one of them alone is 0.
    `where` are relations that the statement supposes, which hold on the instance.
    """

    of: Statement
    at: tuple[Instance, ...]
    unknowns: tuple[Symbol, ...] = ()
    along: Symbol | None = None
    where: tuple[Statement, ...] = ()

    def latex(self) -> str:
        """The negation of the statement's relation, in general."""
        left, sign, right = self.of.plain().relation()
        negated = {"=": r"\neq", r"\geq": r"\not\geq", r"\sim": r"\not\sim"}[sign]
        return rf"{latex(left)} {negated} {latex(right)} \text{{ in general}}"

    def sides(self) -> tuple[Expr, Expr]:
        """The two sides, or their slopes, on the first instance, as exact SymPy numbers."""
        left, _, right = self.of.plain().relation()
        return self.at[0].exact(left, self.along), self.at[0].exact(right, self.along)

    def _prove(self) -> Proof:
        """Evaluate both sides; NotProved where they are no real numbers or satisfy the relation."""
        if not self.at:
            raise NotProved("a counterexample needs an instance")
        for instance in self.at:
            instance.require_in_domain()
            instance.require_tables()
            self._require_supposed(instance)
            self._require_given(instance)
        rules = (r"\text{evaluated exactly at one instance}",)
        _, sign, _ = self.of.plain().relation()
        if self.unknowns:
            return self._without_solution(sign)
        if (sign == r"\sim") != (self.along is not None):
            raise NotProved("two objectives, and only they, are compared along a symbol")
        if self.along is not None:
            self._require_rest_unmoved()
        left, right = self.sides()
        if not _fails(left, sign, right):
            raise NotProved(f"no counterexample: the sides are {left} and {right}")
        step = self._slopes(left, right) if self.along else self._step(left, right)
        return Proof(rules, (), (step,))

    def _require_supposed(self, instance: Instance) -> None:
        """NotProved unless the relations that the statement supposes hold on the instance."""
        for supposed in self.where:
            left, sign, right = supposed.plain().relation()
            if _fails(instance.exact(left), sign, instance.exact(right)):
                raise NotProved(f"the instance does not satisfy {supposed.latex()}")

    def _require_given(self, instance: Instance) -> None:
        """NotProved where the instance has a value for what a given equation says otherwise."""
        for equation in self.of.given:
            sides = (equation.left, sympy.sympify(equation.right))
            for place in instance.places(sorted(sides[0].free_symbols, key=str)):
                try:
                    left = place.exact(sides[0])
                except NotProved:  # the instance leaves it open, and the equation gives it
                    continue
                if sides[0] != left and left != place.exact(sides[1]):
                    raise NotProved(f"the instance contradicts the premise {equation.latex()}")

    def _require_rest_unmoved(self) -> None:
        """NotProved where the symbol moves what the two objectives do not vary."""
        objectives = self.of.plain()
        both = Add(objectives.objective, objectives.other, evaluate=False)
        for factor in sorted(both.atoms(Density, ClassProbability), key=str):
            if objectives.varies(factor):
                continue
            letters = sorted(factor.free_symbols, key=str)
            places = self.at[0].places(letters)
            if any(place.exact(factor, self.along) != 0 for place in places):
                raise NotProved(
                    f"{latex(self.along)} moves {latex(factor)}, which the objectives do not vary"
                )

    def _slopes(self, left: Expr, right: Expr) -> str:
        of_left, _, of_right = self.of.plain().relation()
        slopes = [
            rf"\frac{{\partial}}{{\partial {latex(self.along)}}} "
            rf"\left[{latex(side)}\right] = {latex(value)}"
            for side, value in ((of_left, left), (of_right, right))
        ]
        return r" \text{, but } ".join(slopes) + rf"\text{{ at }}{self.at[0].latex()}"

    def _step(self, left: Expr, right: Expr) -> str:
        of_left, sign, of_right = self.of.plain().relation()
        other = latex(of_right)
        if not of_right.is_number:
            other += f" = {latex(right)}"
        words = r"\text{ and not }" if sign == "=" else r"\text{, less than }"
        place = self.at[0].latex()
        where = rf"\text{{ at }}{place}" if place else ""
        return f"{latex(of_left)} = {latex(left)} {words} {other}{where}"

    def _without_solution(self, sign: str) -> Proof:
        """The equations on the instances, as polynomials in the unknowns, have no common root.

        NotProved for a relation that is no equation, and for coefficients that are not rational.
        """
        if sign != "=":
            raise NotProved("constants that are left open have no values only for an equation")
        left, _, right = self.of.plain().relation()
        equations = [instance.exact(left - right) for instance in self.at]
        if not all(_is_rational_polynomial(e, self.unknowns) for e in equations):
            raise NotProved(
                f"an equation is no polynomial with rational coefficients in "
                f"{', '.join(map(latex, self.unknowns))}: a zero among others would not be seen"
            )
        basis = sympy.groebner(equations, *self.unknowns)
        if list(basis.exprs) != [1]:
            raise NotProved(f"the equations on the instances have a solution: {basis.exprs[0]} = 0")
        lines = r",\; ".join(f"{latex(equation)} = 0" for equation in equations)
        names = ", ".join(map(latex, self.unknowns))
        step = rf"{lines} \text{{ for no }} {names}"
        return Proof((r"\text{a Gröbner basis of the equations is } 1",), (), (step,))


def _is_rational_polynomial(equation: Expr, unknowns: tuple[Symbol, ...]) -> bool:
    """Whether an expression is a polynomial in the unknowns with rational coefficients."""
    return equation.is_polynomial(*unknowns) and all(
        coefficient.is_Rational for coefficient in sympy.Poly(equation, *unknowns).coeffs()
    )


def _fails(left: Expr, sign: str, right: Expr) -> bool:
    """Whether a relation of two exact numbers is false.

    NotProved unless they are real and one of them, at least, is finite.
    """
    if sign == "=" and sympy.S.Infinity in (left, right):
        return left != right and (left.is_finite or right.is_finite)
    gap = sympy.N(left - right, 50)
    if gap.free_symbols or not gap.is_real or not gap.is_finite:
        raise NotProved(f"both sides must be finite numbers, not {left} and {right}")
    small = sympy.Float(10) ** -30
    if sign == r"\sim":
        signs = [sympy.sign(sympy.N(side, 50, chop=small)) for side in (left, right)]
        return signs[0] != signs[1]
    return bool(abs(gap) > small) if sign == "=" else bool(gap < -small)


def table_of(function: Function | str, *values: Expr) -> tuple[str, tuple[tuple[Place, Expr], ...]]:
    """An unknown function of one letter, or a discriminator's name, with its value at each."""
    name = function if isinstance(function, str) else function.__name__
    return name, tuple(((letter,), sympy.sympify(v)) for letter, v in enumerate(values))


def table_of_pairs(name: str, rows: list[list[Expr]]) -> tuple[str, tuple[tuple[Place, Expr], ...]]:
    """A discriminator of two letters with its value at each pair."""
    pairs = itertools.product(range(len(rows)), range(len(rows[0])))
    return name, tuple(((i, j), sympy.sympify(rows[i][j])) for i, j in pairs)
