"""The provers for concrete families: integrals over the real line that SymPy carries out."""

from __future__ import annotations

from functools import cache

import sympy
from sympy import Expr, Pow, Symbol

from onekl.symbolic.algebra import define, integrate_real, variables_of
from onekl.symbolic.notation import latex
from onekl.symbolic.proof import NotProved, Proof


@cache
def closed_form(expression: Expr) -> Expr:
    """The expression with every functional defined, integrated and differentiated."""
    return integrate_real(define(expression)).doit()


def require_zero(expression: Expr, what: str) -> None:
    """Nothing, or NotProved naming `what` and what it is instead of 0."""
    rest = sympy.simplify(sympy.expand_log(sympy.expand(expression)))
    if rest != 0:
        raise NotProved(f"{what} is {rest}, not 0")


def assumptions(expression: Expr) -> tuple[str, ...]:
    """What a concrete statement takes for granted.

    That is the signs of its symbols, and that its denominators are not 0.
    """
    found = []
    for symbol in sorted(expression.free_symbols, key=str):
        if symbol.is_positive:
            found.append(f"{latex(symbol)} > 0")
        elif symbol.is_nonzero:
            found.append(rf"{latex(symbol)} \neq 0")
    below = {
        power.base
        for power in expression.atoms(Pow)
        if power.exp.is_negative and not power.base.is_nonzero
    }
    return (*found, *(rf"{latex(base)} \neq 0" for base in sorted(below, key=str)))


def prove_concrete(left: Expr, right: Expr) -> Proof:
    """Prove left = right by carrying out every integral; NotProved with what is left over."""
    left_value, right_value = closed_form(left), closed_form(right)
    require_zero(left_value - right_value, "left less right")
    return Proof(
        (r"\text{integrals over the real line by SymPy}",),
        assumptions(left - right),
        (latex(left_value),),
    )


def prove_change_of_variables(value: Expr, under: Expr, variable: Symbol, density: Expr) -> Proof:
    """Prove that `value`, a monotone map of the real line onto itself, has the density `density`.

    Its argument is drawn from `under`, and `variable` names its values. NotProved if it is not seen
    to be such a map, or if the density is another one.
    """
    (source,) = variables_of(under)
    if variable in value.free_symbols | under.free_symbols | {source}:
        raise NotProved(
            f"{variable} names the image and stands in the map or in the law drawn from: rename it"
        )
    _require_monotone_onto_the_line(value, source)
    (inverse,) = sympy.solve(sympy.Eq(variable, value), source)
    image = under.formula().subs(source, inverse) * sympy.Abs(sympy.diff(inverse, variable))
    require_zero(image / integrate_real(density) - 1, "the ratio of the two densities less 1")
    rules = (r"\text{change of variables for a monotone map}",)
    steps = (latex(sympy.Eq(source, inverse)), latex(sympy.simplify(image)))
    return Proof(rules, assumptions(value), steps)


def _require_monotone_onto_the_line(value: Expr, source: Symbol) -> None:
    slope = sympy.diff(value, source)
    if not (slope.is_positive or slope.is_negative):
        raise NotProved(f"the map is not seen to be monotone: its slope is {slope}")
    ends = {sympy.limit(value, source, end) for end in (sympy.oo, -sympy.oo)}
    if source.is_nonnegative is not None or ends != {sympy.oo, -sympy.oo}:
        raise NotProved("the map is not seen to take the real line onto the real line")
