"""The rule that puts values, or formulas, in the place of letters."""

from __future__ import annotations

import sympy
from sympy import Expr

from onekl.symbolic.lines.arithmetic import same
from onekl.symbolic.lines.line import EQUAL, Line, Rule, register
from onekl.symbolic.lines.written import with_values
from onekl.symbolic.premises import Equal

VALUES_PUT_IN = "put in"


def _puts_in(before: Expr, line: Line) -> bool:
    """Whether the two are the same once the equations, each of which occurs, are put into both."""
    values = {e.left: sympy.sympify(e.right) for e in line.uses if isinstance(e, Equal)}
    occur = all(before.has(left) or line.expression.has(left) for left in values)
    sides = (with_values(side, values) for side in (before, line.expression))
    return line.sign == EQUAL and bool(values) and occur and same(*sides)


_x, _a = sympy.symbols("x a", real=True)

register(
    Rule(
        VALUES_PUT_IN,
        "the equations are given",
        (
            (_x - _a) ** 2,
            Line((_x - 3) ** 2, VALUES_PUT_IN, uses=(Equal(_a, sympy.Integer(3)),)),
        ),
        _puts_in,
    )
)
