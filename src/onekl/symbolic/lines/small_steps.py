"""The lines for a small step of a parameter: KL as ∫ ℰ, and Taylor at every point."""

from __future__ import annotations

import sympy
from sympy import Add, Expr, Symbol, log

from onekl.symbolic.algebra import KL, SumOrIntegral, define, kl_div
from onekl.symbolic.lines.chain import chain
from onekl.symbolic.lines.line import UP_TO_ORDER, Line, Lines, Rule, register
from onekl.symbolic.lines.rules import DEFINITION, INTEGRATES_TO_1
from onekl.symbolic.lines.written import product, ratio, total
from onekl.symbolic.parametric.densities import (
    Along,
    ParametricDensity,
    ParametricJoint,
    VectorSymbol,
    scaled,
)
from onekl.symbolic.parametric.jets import jet, taylor_coefficient
from onekl.symbolic.proof import NotProved


def expansion_lines(expression: Expr, step: VectorSymbol, order: int, value: Expr) -> Lines:
    """The expression and its Taylor polynomial; a KL first as ∫ ℰ, and ℰ(a, b) as (a − b)²/2a."""

    def near(found: Expr) -> Line:
        return Line(found, TAYLOR.name, UP_TO_ORDER, symbol=step, order=order)

    if not isinstance(expression, KL):
        return chain(expression, near(value))
    first, second = expression.args
    surprise = product(first, log(ratio(first, second), evaluate=False))
    integrands = (surprise, total(surprise, -first, second), kl_div(first, second))
    rules = (DEFINITION, INTEGRATES_TO_1, DEFINITION)
    over = expression.variables
    square = ratio(total(first, -second) ** 2, 2 * first)
    return chain(
        expression,
        *((SumOrIntegral(inside, over), rule) for inside, rule in zip(integrands, rules)),
        *([near(SumOrIntegral(square, over))] if order == 2 else []),
        near(value),
    )


def _expands(before: Expr, line: Line) -> bool:
    """Whether the integrands of both lines have the same Taylor polynomial at every point."""
    if line.sign != UP_TO_ORDER:
        return False
    t = sympy.Dummy("t", positive=True)
    sides = [_integrands(scaled(side, line.symbol, t)) for side in (before, line.expression)]
    if set(sides[0]) != set(sides[1]):
        return False
    pairs = [(sides[0][over], sides[1][over]) for over in sides[0]]
    try:
        return all(_agree(*pair, t, line.order) for pair in pairs)
    except NotProved:
        return False


def _integrands(expression: Expr) -> dict[tuple[Symbol, ...], Expr]:
    """The sum of the integrands over the same variables; over none for what is no integral."""
    found: dict[tuple[Symbol, ...], Expr] = {}
    for term in Add.make_args(define(expression)):
        is_integral = isinstance(term, SumOrIntegral)
        over, inside = (term.variables, term.integrand) if is_integral else ((), term)
        found[over] = found.get(over, sympy.S.Zero) + inside
    return found


def _agree(one: Expr, other: Expr, t: Symbol, order: int) -> bool:
    """Whether two integrands have the same coefficients up to an order in t."""
    lines = [
        side.xreplace({d: jet(d, order) for d in side.atoms(ParametricDensity)})
        for side in (one, other)
    ]
    gaps = (
        sympy.expand(taylor_coefficient(lines[0], t, k) - taylor_coefficient(lines[1], t, k))
        for k in range(order + 1)
    )
    return all(gap == 0 for gap in gaps)


_x = Symbol("x")
_theta, _step = VectorSymbol("theta"), VectorSymbol(r"\Delta\theta")
_now = ParametricJoint("q", (_x,), _theta)
_before = _now.at(_theta - _step)

TAYLOR = register(
    Rule(
        "Taylor",
        "smooth in the parameter, and the remainders at all points together are of that order",
        (
            _before(_x),
            Line(
                _now(_x) - Along(_now(_x), _theta, _step),
                "Taylor",
                UP_TO_ORDER,
                symbol=_step,
                order=1,
            ),
        ),
        _expands,
    )
)
