r"""Unknown densities with a parameter: q_θ(x), q_θ(z|x), and their derivatives in θ.

A parameter is a `VectorSymbol`, a vector of any dimension, one among them.
`ParametricJoint("q", (x,), theta)` is a family; its densities know their parameter and the point
that they are taken at, θ or θ − tv.
`Along(e, theta, v)` is the derivative v·∇_θ e, a number; `Gradient` and `Hessian` are the vector
and the matrix, `Outer(a, b)` is the matrix abᵀ.
"""

from __future__ import annotations

from collections.abc import Iterable

import sympy
from sympy import Add, Expr, Mul, Pow, Symbol, Tuple
from sympy.core.function import AppliedUndef
from sympy.core.symbol import Str
from sympy.printing.latex import LatexPrinter
from sympy.printing.precedence import PRECEDENCE

from onekl.symbolic.algebra import Density, Joint, SumOrIntegral, _Functional


class VectorSymbol(Symbol):
    """A vector of any dimension: a parameter, or a direction that it moves in."""


class ParametricDensity(Density):
    """A density of a `ParametricJoint`: it also knows the parameter, and the point it is taken at.

    Made by a family, never by hand.
    """

    def __new__(
        cls,
        name: str | Str,
        family: str | Str,
        over: Iterable[Symbol],
        given: Iterable[Symbol],
        roles: Iterable[int],
        parameter: VectorSymbol,
        point: Expr,
    ) -> ParametricDensity:
        """The density of these names and variables at a point of the parameter's space."""
        plain = Density(name, family, over, given, roles)
        return Expr.__new__(cls, *plain.args[:4], Tuple(*plain.roles), parameter, point)

    base = property(lambda self: self.args[1].name)
    parameter = property(lambda self: self.args[5])
    point = property(lambda self: self.args[6])

    @property
    def family(self) -> str:
        """The family's name; another one at another point, for there it is another density."""
        return self.base if self.point == self.parameter else f"{self.base} at {self.point}"

    @property
    def at_parameter(self) -> ParametricDensity:
        """The density at the parameter itself."""
        return ParametricDensity(*self.args[:6], self.parameter)

    @property
    def plain(self) -> Density:
        """The density as one of a family that stays as it is."""
        return Density(self.name, self.base, self.over, self.given, self.roles)

    @property
    def free_symbols(self) -> set[Symbol]:
        """All its variables, the parameter and what the point holds."""
        return super().free_symbols | {self.parameter} | self.point.free_symbols

    def _latex(self, printer: LatexPrinter) -> str:
        step = self.point - self.parameter
        point = Add(self.parameter, step, evaluate=False) if step != 0 else self.parameter
        name = rf"{self.name}_{{{printer.doprint(point)}}}"
        return Density(name, self.base, self.over, self.given, self.roles)._latex(printer)


class ParametricJoint(Joint):
    r"""A joint density with a parameter, q_θ, which is smooth in it.

    `Q = ParametricJoint("q", (x, z), theta)` is called as a `Joint` is; `Q.at(theta - v)` is the
    same family at another point.
    """

    def __init__(
        self,
        family: str,
        variables: tuple[Symbol, ...],
        parameter: VectorSymbol,
        names: dict[tuple[Symbol, ...], str] | None = None,
    ) -> None:
        super().__init__(family, variables, names)
        if not isinstance(parameter, VectorSymbol):
            raise ValueError(f"the parameter {parameter} of {family} must be a VectorSymbol")
        self.parameter, self.point = parameter, parameter

    def _density(self, over: dict[Symbol, int], given: dict[Symbol, int]) -> Density:
        plain = super()._density(over, given)
        return ParametricDensity(*plain.args[:4], plain.roles, self.parameter, self.point)

    def at(self, point: Expr) -> ParametricJoint:
        """The family at a point: the parameter plus multiples of vectors.

        ValueError for a point of another parameter, and for one of another form.
        """
        if self.parameter not in point.free_symbols:
            raise ValueError(
                f"{self.family} has the parameter {self.parameter}; it is asked for at {point}"
            )
        steps(point, self.parameter)
        moved = ParametricJoint(self.family, self.variables, self.parameter, self.names)
        moved.point = point
        return moved


def steps(point: Expr, parameter: VectorSymbol) -> dict[VectorSymbol, Expr]:
    """The multiples c of the vectors v in a point θ + Σ cv; ValueError for another form."""
    rest = sympy.expand(point - parameter)
    vectors = sorted(rest.atoms(VectorSymbol), key=str)
    found = {v: rest.coeff(v, 1) for v in vectors}
    is_linear = sympy.expand(rest - Add(*(c * v for v, c in found.items()))) == 0
    if parameter in found or not is_linear or any(c.atoms(VectorSymbol) for c in found.values()):
        raise ValueError(f"the point {point} must be {parameter} plus multiples of vectors")
    return found


class _Derivative(Expr):
    """What the derivative nodes share; they stand in brackets in a product or a power."""

    is_commutative = True
    is_real = True
    precedence = PRECEDENCE["Add"]

    expr = property(lambda self: self.args[0])
    parameter = property(lambda self: self.args[1])

    def _body(self, printer: LatexPrinter) -> str:
        body = printer.doprint(self.expr)
        return rf"\left[{body}\right]" if self.expr.is_Add or self.expr.is_Mul else body


class Along(_Derivative):
    """The derivative of an expression in the parameter along directions: v·∇_θ, (v·∇_θ)(w·∇_θ)."""

    def __new__(
        cls, expr: Expr, parameter: VectorSymbol, directions: Iterable[VectorSymbol] | VectorSymbol
    ) -> Along:
        """The derivative along one direction, or along several in any order."""
        every = [directions] if isinstance(directions, Symbol) else list(directions)
        expr = sympy.sympify(expr)
        if isinstance(expr, Along) and expr.parameter == parameter:
            every, expr = [*every, *expr.directions], expr.expr
        return Expr.__new__(cls, expr, parameter, Tuple(*sorted(every, key=str)))

    directions = property(lambda self: tuple(self.args[2]))

    def _latex(self, printer: LatexPrinter) -> str:
        nabla = rf"\nabla_{{{printer.doprint(self.parameter)}}}"
        each = [rf"{printer.doprint(v)} \cdot {nabla}" for v in self.directions]
        if len(each) > 1:
            each = [rf"\left({one}\right)" for one in each]
        return rf"{''.join(each)} {self._body(printer)}"


class Gradient(_Derivative):
    """∇_θ of a number: a vector."""

    def __new__(cls, expr: Expr, parameter: VectorSymbol) -> Gradient:
        """The gradient of the expression in the parameter."""
        return Expr.__new__(cls, sympy.sympify(expr), parameter)

    def _latex(self, printer: LatexPrinter) -> str:
        return rf"\nabla_{{{printer.doprint(self.parameter)}}} {self._body(printer)}"


class Hessian(_Derivative):
    """∇²_θ of a number: the matrix of its second derivatives."""

    def __new__(cls, expr: Expr, parameter: VectorSymbol) -> Hessian:
        """The second derivatives of the expression in the parameter."""
        return Expr.__new__(cls, sympy.sympify(expr), parameter)

    def _latex(self, printer: LatexPrinter) -> str:
        return rf"\nabla^2_{{{printer.doprint(self.parameter)}}} {self._body(printer)}"


class Outer(_Derivative):
    """The matrix abᵀ of two vectors."""

    def __new__(cls, first: Expr, second: Expr) -> Outer:
        """The outer product of the two vectors, in this order."""
        return Expr.__new__(cls, sympy.sympify(first), sympy.sympify(second))

    def _latex(self, printer: LatexPrinter) -> str:
        first, second = (printer.parenthesize(a, PRECEDENCE["Mul"]) for a in self.args)
        return rf"{first} {second}^{{\mathsf T}}"


def rank(expression: Expr) -> int:
    """0 for a number, 1 for a vector, 2 for a matrix; ValueError where they are mixed up."""
    if isinstance(expression, (Gradient, Hessian)):
        _require_number(expression.expr)
        return 1 if isinstance(expression, Gradient) else 2
    if isinstance(expression, Outer):
        if [rank(a) for a in expression.args] != [1, 1]:
            raise ValueError(f"{expression} must be the product of two vectors")
        return 2
    if isinstance(expression, (_Functional, SumOrIntegral)):
        return _rank_of_functional(expression)
    if isinstance(expression, Add):
        return _common_rank(expression)
    if isinstance(expression, Mul):
        ranks = [r for r in map(rank, expression.args) if r]
        if len(ranks) > 1:
            raise ValueError(f"{expression} multiplies two vectors: write Outer for the matrix")
        return ranks[0] if ranks else 0
    _require_number(expression)
    return 0


def _rank_of_functional(expression: Expr) -> int:
    inside = [a for a in expression.args if isinstance(a, Expr)]
    ranks = [rank(a) for a in inside]
    if any(ranks[:-1]):
        raise ValueError(f"{expression} averages over a vector")
    return ranks[-1]


def _common_rank(total: Add) -> int:
    ranks = {rank(a) for a in total.args}
    if len(ranks) > 1:
        raise ValueError(f"{total} adds numbers, vectors or matrices to one another")
    return ranks.pop()


def _require_number(expression: Expr) -> None:
    """ValueError for a vector or a matrix inside what takes numbers, and for a bare vector."""
    if isinstance(expression, VectorSymbol):
        raise ValueError(
            f"{expression} is a vector: it can be a parameter, a direction, "
            "or the argument of a function"
        )
    if isinstance(expression, (ParametricDensity, Density)):
        return
    for argument in expression.args:
        is_slot = isinstance(expression, (AppliedUndef, Along)) and isinstance(
            argument, VectorSymbol
        )
        if isinstance(argument, Expr) and not is_slot and rank(argument):
            raise ValueError(f"{expression} takes numbers, and {argument} is none")


def in_directions(expression: Expr, first: VectorSymbol, second: VectorSymbol) -> Expr:
    """An entry of a vector or a matrix: the vector times `first`, firstᵀ · matrix · second."""
    if isinstance(expression, Gradient):
        return Along(expression.expr, expression.parameter, first)
    if isinstance(expression, Hessian):
        return Along(expression.expr, expression.parameter, (first, second))
    if isinstance(expression, Outer):
        row, column = expression.args
        return in_directions(row, first, second) * in_directions(column, second, first)
    if not expression.has(Gradient, Hessian, Outer):
        return expression
    return expression.func(*(in_directions(a, first, second) for a in expression.args))


def scaled(expression: Expr, step: VectorSymbol, scale: Expr) -> Expr:
    """The expression with a vector replaced by a multiple of it."""
    if isinstance(expression, ParametricDensity):
        *others, point = expression.args
        return ParametricDensity(*others, point.xreplace({step: scale * step}))
    if isinstance(expression, Along):
        inside = scaled(expression.expr, step, scale)
        power = Pow(scale, expression.directions.count(step))
        return power * Along(inside, expression.parameter, expression.directions)
    if not expression.args or step not in expression.free_symbols:
        return expression
    return expression.func(*(scaled(a, step, scale) for a in expression.args))
