"""An unknown number that depends on a vector, such as f(G(z) + σu)."""

from __future__ import annotations

import mpmath
from sympy import Basic, Expr, MatrixExpr
from sympy.core.symbol import Str
from sympy.printing.latex import LatexPrinter

from onekl.symbolic.numeric import Assignment, Evaluator, Number, Place, evaluates
from onekl.symbolic.vectors.algebra import require_vector
from onekl.symbolic.vectors.numbers import coordinates


class FunctionOfVector(Expr):
    """The value of an unknown bounded continuous function at a vector, a real number."""

    is_commutative = True
    is_real = True

    def __new__(cls, name: str | Str, place: MatrixExpr) -> FunctionOfVector:
        """The value at the place; ValueError for what is no vector."""
        return Expr.__new__(cls, Str(str(name)), require_vector(place))

    name = property(lambda self: self.args[0].name)
    place = property(lambda self: self.args[1])

    @property
    def free_symbols(self) -> set[Basic]:
        """The place's."""
        return self.place.free_symbols

    def _latex(self, printer: LatexPrinter) -> str:
        return f"{self.name}({printer.doprint(self.place)})"


def bounded_function(instance: Assignment, name: str, place: Place) -> Number:
    """A smooth bounded function of a place, drawn by its name."""
    number = instance.functions
    form = sum((number(name, i) * c for i, c in enumerate(place, 1)), number(name, 0))
    return mpmath.cos(form) + 1 / (1 + sum(c * c for c in place))


@evaluates(FunctionOfVector)
def _function_of_vector(expression: FunctionOfVector) -> Evaluator:
    place = coordinates(expression.place)

    def value(instance: Assignment) -> Number:
        return bounded_function(instance, expression.name, place(instance))

    return value
