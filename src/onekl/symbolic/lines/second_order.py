"""The lines for a mean along a curve: the mean, its slope and how it bends, each at one point."""

from __future__ import annotations

import sympy
from sympy import Basic, Derivative, Expr, Pow, Subs, Symbol
from sympy.core.function import Application, AppliedUndef

from onekl.symbolic.algebra import Expectation, Joint
from onekl.symbolic.lines.arithmetic import by_rewriting, same
from onekl.symbolic.lines.chain import chain
from onekl.symbolic.lines.line import TENDS, Line, Lines, Rule, register
from onekl.symbolic.lines.vectors import NORM, with_norms_as_sums
from onekl.symbolic.lines.written import replaced
from onekl.symbolic.vectors.algebra import INDEX, CoordinateSum, Vector


def second_order_lines(mean: Expectation, symbol: Symbol, point: Expr, bend: Expr) -> Lines:
    """Three chains: the mean and its slope tend to 0 at the point, the bend to E[bend] there."""
    plain = with_norms_as_sums(mean)
    slope, second = (Derivative(plain, (symbol, order), evaluate=False) for order in (1, 2))

    def there(expression: Expr) -> Line:
        return Line(expression, CONTINUITY.name, TENDS, symbol=symbol, point=point)

    bent = Subs(Expectation(mean.weight, bend), symbol, point)
    return (
        *chain(mean, (plain, NORM.name), there(sympy.S.Zero)),
        *chain(slope, (differentiated(slope), UNDER_THE_MEAN.name), there(sympy.S.Zero)),
        *chain(second, (differentiated(second), UNDER_THE_MEAN.name), there(bent)),
    )


def differentiated(expression: Expr) -> Expr:
    """Each derivative of a mean as the mean of the derivative."""

    def change(part: Basic) -> Basic | None:
        if not isinstance(part, Derivative) or not isinstance(part.expr, Expectation):
            return None
        weight, value = part.expr.args
        if set(part.variables) & weight.free_symbols:
            return None
        for variable in part.variables:  # one at a time: SymPy rewrites what it takes in one go
            value = sympy.diff(value, variable)
        return Expectation(weight, value)

    return replaced(expression, change)


def _tends_by_continuity(before: Expr, line: Line) -> bool:
    """Whether the two are the same with the symbol at the point, derivatives as functions of it."""
    if line.sign != TENDS or line.symbol not in before.free_symbols or not _is_polynomial(before):
        return False
    names: dict[Basic, str] = {}
    sides = (_at(side, line.symbol, line.point, names) for side in (before, line.expression))
    return same(*sides)


def _is_polynomial(expression: Expr) -> bool:
    """Whether an expression holds no function but unknown ones, and divides by nothing."""
    powers = all(power.exp.is_nonnegative for power in expression.atoms(Pow))
    return powers and not expression.atoms(Application) - expression.atoms(AppliedUndef)


def _at(expression: Expr, symbol: Symbol, point: Expr, names: dict[Basic, str]) -> Expr:
    """The expression at the point, with a vector for each derivative of a map there."""

    def change(part: Basic) -> Basic | None:
        if isinstance(part, Subs) and part.variables == (symbol,) and part.point == (point,):
            return replaced(part.expr, change)
        if isinstance(part, Derivative) and part.variables[0] == symbol:
            name = names.setdefault(part, f"v_{len(names)}")
            return Vector(name, part.expr.vector.shape[0])[INDEX, 0]
        return None

    return replaced(with_norms_as_sums(expression), change).xreplace({symbol: point})


_t, _z = sympy.symbols("t z", real=True)
_d = Symbol("d", integer=True, positive=True)
_g = Vector("g", _d, (_t, _z))[INDEX, 0]
_q = Joint("q", (_z,))(_z)
_mean = Expectation(_q, CoordinateSum(_g**2, _d))
_slope = Derivative(_mean, _t, evaluate=False)

UNDER_THE_MEAN = register(
    Rule(
        "derivative under the mean",
        "the functions are twice differentiable, and differentiation may be taken under the mean",
        (_slope, Line(differentiated(_slope), "derivative under the mean")),
        by_rewriting(differentiated),
    )
)

CONTINUITY = register(
    Rule(
        "continuity",
        "the functions and their derivatives are continuous, also under the mean",
        (
            _mean,
            Line(
                _mean.xreplace({_t: sympy.S.Zero}),
                "continuity",
                TENDS,
                symbol=_t,
                point=sympy.S.Zero,
            ),
        ),
        _tends_by_continuity,
    )
)
