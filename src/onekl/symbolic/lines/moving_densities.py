"""Rules for derivatives of unknown densities along a direction of their parameter."""

from __future__ import annotations

from sympy import Basic, Expr, S, Symbol, log

from onekl.symbolic.algebra import SumOrIntegral
from onekl.symbolic.lines.form import CANCEL, DISTRIBUTE, Rewriting
from onekl.symbolic.lines.line import EQUAL, Line, Rule, register
from onekl.symbolic.lines.written import product, ratio, replaced, total
from onekl.symbolic.parametric.densities import (
    Along,
    ParametricDensity,
    ParametricJoint,
    VectorSymbol,
)
from onekl.symbolic.parametric.score import carried_out
from onekl.symbolic.proof import NotProved, has_functional


def _differentiated(part: Basic) -> Basic | None:
    """A derivative of what has no integral, down to those of densities; None for anything else."""
    if not isinstance(part, Along) or has_functional(part.expr):
        return None
    try:
        return carried_out(part)
    except NotProved:
        return None


def _by_chain_rule(before: Expr, line: Line) -> bool:
    """Whether the lines are one when derivatives are carried out, and one of them is."""
    sides = before, line.expression
    carried = [replaced(side, _differentiated) for side in sides]
    one, other = map(Rewriting(CANCEL, DISTRIBUTE).form, carried)
    return line.sign == EQUAL and one == other and sides[0].atoms(Along) != sides[1].atoms(Along)


def _pushed_in(part: Basic) -> Basic | None:
    """The derivative of an integral as the integral of the derivative."""
    if not isinstance(part, Along) or not isinstance(part.expr, SumOrIntegral):
        return None
    integral = part.expr
    inside = Along(integral.integrand, part.parameter, part.directions)
    return SumOrIntegral(inside, integral.variables)


def _under_the_integral(before: Expr, line: Line) -> bool:
    """Whether the lines are one when derivatives stand under the integrals, and one is moved."""
    sides = before, line.expression
    one, other = (Rewriting().form(replaced(side, _pushed_in)) for side in sides)
    return line.sign == EQUAL and one == other and sides[0].atoms(Along) != sides[1].atoms(Along)


def _of_a_whole(part: Basic) -> Basic | None:
    """0 for the derivative of the integral of one density over all of its variables."""
    if not isinstance(part, Along) or not isinstance(part.expr, SumOrIntegral):
        return None
    density = part.expr.integrand
    whole = isinstance(density, ParametricDensity) and set(density.over) == set(part.expr.variables)
    return S.Zero if whole else None


def _stays_1(before: Expr, line: Line) -> bool:
    """Whether the line is the one before without derivatives of what integrates to 1."""
    without = replaced(before, _of_a_whole)
    same = Rewriting().form(without) == Rewriting().form(line.expression)
    return line.sign == EQUAL and same and without != before


_x = Symbol("x", real=True)
_theta, _v = VectorSymbol("theta"), VectorSymbol("v")
_q = ParametricJoint("q", (_x,), _theta)(_x)
_slope = Along(_q, _theta, _v)
_whole = SumOrIntegral(_q, (_x,))

CHAIN_RULE = register(
    Rule(
        "derivative in the parameter",
        "the densities are smooth in the parameter, and positive where a log is taken",
        (Along(log(_q), _theta, _v), Line(ratio(_slope, _q), "derivative in the parameter")),
        _by_chain_rule,
    )
)
UNDER_THE_INTEGRAL = register(
    Rule(
        "differentiate under the integral",
        "differentiation and integration may be exchanged",
        (
            SumOrIntegral(_slope, (_x,)),
            Line(Along(_whole, _theta, _v), "differentiate under the integral"),
        ),
        _under_the_integral,
    )
)
STAYS_1 = register(
    Rule(
        "a density integrates to 1 for every parameter",
        "none: what is always 1 has the derivative 0",
        (
            total(product(2, _q), Along(_whole, _theta, _v)),
            Line(2 * _q, "a density integrates to 1 for every parameter"),
        ),
        _stays_1,
    )
)
