r"""Vectors whose dimension may be a letter, and sums over their coordinates.

A vector is a SymPy matrix expression of one column: named ones are a `Vector`, or the value of an
unknown map; sums, multiples and products coordinate by coordinate are SymPy's.  `INDEX` names the
coordinate, so that `v[INDEX, 0]` is v_i; a `CoordinateSum` sums over it, and `SquaredNorm` and
`Dot` are such sums.
"""

from __future__ import annotations

from collections.abc import Iterable

import sympy
from sympy import Basic, Derivative, Expr, MatrixExpr, Symbol, Tuple
from sympy.core.symbol import Str
from sympy.printing.latex import LatexPrinter
from sympy.printing.str import StrPrinter

INDEX = Symbol("i", integer=True)  # the coordinate, the one bound variable of a CoordinateSum


class Vector(MatrixExpr):
    """A named vector of real coordinates: a variable, a constant, or an unknown map's value.

    `of` are the arguments of the map, symbols or vectors.
    """

    each_is_positive: bool | None = None
    each_is_zero: bool | None = None

    def __new__(
        cls, name: str | Str, dimension: Expr | Tuple | int, of: Iterable[Basic] = ()
    ) -> Vector:
        """The vector with that many coordinates; ValueError for a dimension that is no count."""
        # Under a Tuple SymPy's `args` hold no expression, so that a change of one keeps the shape.
        size = dimension if isinstance(dimension, Tuple) else Tuple(dimension)
        if not (size[0].is_integer and size[0].is_positive):
            raise ValueError(f"the dimension of {name} must be a positive integer, not {size[0]}")
        return MatrixExpr.__new__(cls, Str(str(name)), size, Tuple(*of))

    name = property(lambda self: self.args[0].name)
    shape = property(lambda self: (self.args[1][0], sympy.S.One))
    of = property(lambda self: tuple(self.args[2]))

    @property
    def is_symbol(self) -> bool:
        """Whether the vector is a variable or a constant, and no map's value."""
        return not self.of

    @property
    def free_symbols(self) -> set[Basic]:
        """The vector itself, or the symbols and vectors that a map is taken at."""
        return set().union(*(argument.free_symbols for argument in self.of)) if self.of else {self}

    def _entry(self, i: Expr, j: Expr, **_: bool) -> Expr:
        return Coordinate(self, i)

    def _latex(self, printer: LatexPrinter) -> str:
        name = printer.doprint(Symbol(self.name))
        return name + (f"({', '.join(map(printer.doprint, self.of))})" if self.of else "")

    def _sympystr(self, printer: StrPrinter) -> str:
        return self.name + (f"({', '.join(map(str, self.of))})" if self.of else "")


class PositiveVector(Vector):
    """A vector whose coordinates are all positive."""

    each_is_positive = True
    each_is_zero = False


class NonzeroVector(Vector):
    """A vector of whose coordinates none is 0."""

    each_is_zero = False


class ZeroVector(Vector):
    """The vector of zeros, printed as 0."""

    is_symbol = False

    def __new__(cls, dimension: Expr | Str, *rest: Basic) -> ZeroVector:
        """The vector of that many zeros."""
        return Vector.__new__(cls, "0", *(rest or (dimension,)))

    @property
    def free_symbols(self) -> set[Basic]:
        """None."""
        return set()

    def _entry(self, i: Expr, j: Expr, **_: bool) -> Expr:
        return sympy.S.Zero


class Coordinate(Expr):
    """One coordinate of a named vector, a real number."""

    is_commutative = True
    is_real = True

    vector = property(lambda self: self.args[0])
    index = property(lambda self: self.args[1])

    @property
    def free_symbols(self) -> set[Basic]:
        """What the vector depends on, and the index."""
        return self.vector.free_symbols | self.index.free_symbols

    def _eval_is_positive(self) -> bool | None:
        return self.vector.each_is_positive

    def _eval_is_zero(self) -> bool | None:
        return self.vector.each_is_zero

    def _eval_derivative(self, symbol: Symbol) -> Expr:
        if symbol in self.free_symbols:
            return Derivative(self, symbol, evaluate=False)
        return sympy.S.Zero

    def _latex(self, printer: LatexPrinter) -> str:
        vector, index = printer.doprint(self.vector), printer.doprint(self.index)
        return f"{vector}_{{{index}}}"

    def _sympystr(self, printer: StrPrinter) -> str:
        return f"{self.vector}_{self.index}"


class VectorDerivative(MatrixExpr):
    """The derivative of a map's value in one symbol: a vector."""

    shape = property(lambda self: self.args[0].shape)

    def __new__(cls, vector: Vector, symbol: Symbol) -> VectorDerivative:
        """The derivative; ValueError where the vector does not depend on the symbol."""
        if symbol not in vector.free_symbols:
            raise ValueError(f"{vector} does not depend on {symbol}")
        return MatrixExpr.__new__(cls, vector, symbol)

    def _entry(self, i: Expr, j: Expr, **_: bool) -> Expr:
        vector, symbol = self.args
        return Derivative(vector[i, 0], symbol)

    def _latex(self, printer: LatexPrinter) -> str:
        vector, symbol = map(printer.doprint, self.args)
        return rf"\frac{{\partial {vector}}}{{\partial {symbol}}}"


def require_vector(expression: Basic) -> MatrixExpr:
    """The expression, if it is a vector; ValueError for anything else."""
    if not isinstance(expression, MatrixExpr) or expression.shape[1] != 1:
        raise ValueError(f"{expression} is no vector")
    return expression


class CoordinateSum(Expr):
    """The sum of a summand, which may hold `INDEX`, over the coordinates of d dimensions."""

    is_commutative = True

    def __new__(cls, summand: Expr, dimension: Expr | Tuple | int) -> Expr:
        """The sum, or 0 for a summand 0; ValueError for vectors of another dimension."""
        summand = sympy.sympify(summand)
        size = dimension if isinstance(dimension, Tuple) else Tuple(dimension)
        for coordinate in _summed_coordinates(summand):
            if coordinate.vector.shape[0] != size[0]:
                raise ValueError(
                    f"{coordinate.vector} has {coordinate.vector.shape[0]} coordinates "
                    f"and stands in a sum over {size[0]}"
                )
        return Expr.__new__(cls, summand, size) if summand != 0 else sympy.S.Zero

    summand = property(lambda self: self.args[0])
    dimension = property(lambda self: self.args[1][0])

    @property
    def free_symbols(self) -> set[Basic]:
        """The summand's, without the index."""
        return self.summand.free_symbols - {INDEX}

    def _eval_is_real(self) -> bool | None:
        return self.summand.is_real

    def _eval_is_nonnegative(self) -> bool | None:
        return True if self.summand.is_nonnegative else None

    def _eval_derivative(self, symbol: Symbol) -> Expr:
        return CoordinateSum(self.summand.diff(symbol), self.dimension)

    def _latex(self, printer: LatexPrinter) -> str:
        body = printer.doprint(self.summand)
        body = rf"\left({body}\right)" if self.summand.is_Add else body
        return rf"\sum_{{{INDEX}=1}}^{{{printer.doprint(self.dimension)}}} {body}"

    def _sympystr(self, printer: StrPrinter) -> str:
        return f"sum_{INDEX}({self.summand})"


def _summed_coordinates(summand: Expr) -> set[Coordinate]:
    """The coordinates i of a summand that no sum inside it has summed away."""
    if isinstance(summand, Coordinate):
        return {summand} if summand.index == INDEX else set()
    if isinstance(summand, CoordinateSum):
        return set()
    return set().union(*(_summed_coordinates(a) for a in summand.args if isinstance(a, Expr)))


class Dot(Expr):
    """The scalar product of two vectors."""

    is_commutative = True
    is_real = True

    def __new__(cls, first: MatrixExpr, second: MatrixExpr) -> Dot:
        """The product; ValueError unless both are vectors of one dimension."""
        if require_vector(first).shape != require_vector(second).shape:
            raise ValueError(f"{first} and {second} differ in dimension")
        return Expr.__new__(cls, first, second)

    def definition(self) -> Expr:
        """The sum of the products of the coordinates."""
        first, second = self.args
        return CoordinateSum(first[INDEX, 0] * second[INDEX, 0], first.shape[0])

    def _eval_derivative(self, symbol: Symbol) -> Expr:
        return self.definition().diff(symbol)

    def _latex(self, printer: LatexPrinter) -> str:
        return rf"\langle {', '.join(map(printer.doprint, self.args))} \rangle"


class SquaredNorm(Expr):
    """‖v‖² of a vector."""

    is_commutative = True
    is_real = True
    is_nonnegative = True

    def __new__(cls, vector: MatrixExpr) -> SquaredNorm:
        """The squared norm; ValueError for what is no vector."""
        return Expr.__new__(cls, require_vector(vector))

    def definition(self) -> Expr:
        """The sum of the squares of the coordinates."""
        (vector,) = self.args
        return CoordinateSum(vector[INDEX, 0] ** 2, vector.shape[0])

    def _eval_derivative(self, symbol: Symbol) -> Expr:
        return self.definition().diff(symbol)

    def _latex(self, printer: LatexPrinter, exp: str | None = None) -> str:
        norm = rf"\Vert {printer.doprint(self.args[0])} \Vert"
        return rf"{norm}^2" if exp is None else rf"({norm}^2)^{{{exp}}}"
