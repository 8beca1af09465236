"""Where a formula is defined and real: denominators, logarithms and roots."""

from __future__ import annotations

import sympy
from sympy import Expr, Mul, Symbol
from sympy.logic.boolalg import Boolean

from onekl.symbolic.algebra import (
    KL,
    Density,
    Entropy,
    Expectation,
    Gaussian,
    SumOrIntegral,
    define,
    integrated,
    kl_div,
)
from onekl.symbolic.integrals import joined, positivity
from onekl.symbolic.notation import latex


def domain(expression: Expr, bound: tuple[Symbol, ...] = ()) -> tuple[Boolean, ...]:
    """The conditions, each not yet decided, under which an expression is a real number.

    ValueError where it never is, and where it need not be at some value of a bound variable; poles
    in a bound variable are left to the integration.
    """
    if isinstance(expression, Density):
        return ()
    if isinstance(expression, Gaussian):
        return joined(domain(part, bound) for part in (expression.mean, expression.variance))
    if isinstance(expression, (KL, Expectation, Entropy)):
        return domain(expression.definition(), bound)
    if isinstance(expression, SumOrIntegral):
        bound = (*bound, *expression.variables)
    own = tuple(c for c in _own_conditions(expression) if not _is_pole(c, bound))
    for condition in own:
        if condition.free_symbols & set(bound):
            raise ValueError(f"{latex(expression)} is not seen to be a real number everywhere")
    return joined((own, *(domain(part, bound) for part in expression.args)))


def _is_pole(condition: Boolean, bound: tuple[Symbol, ...]) -> bool:
    return isinstance(condition, sympy.Ne) and bool(condition.free_symbols & set(bound))


def _own_conditions(expression: Expr) -> tuple[Boolean, ...]:
    """What a power, a logarithm or a `kl_div` asks for at its own node."""
    undefined = f"{latex(expression)} is not defined"
    if isinstance(expression, kl_div):
        return joined(positivity(argument, undefined) for argument in expression.args)
    if not isinstance(expression, (sympy.log, sympy.Pow)):
        return ()
    base = expression.args[0]
    if base.has(SumOrIntegral, KL, Expectation, Entropy):
        base = integrated(define(base)).value
    if isinstance(expression, sympy.log):
        return positivity(base, undefined)
    exponent = expression.exp
    if exponent.is_integer:
        return () if exponent.is_nonnegative else _nonzero(base, undefined)
    if exponent.is_positive:
        return _not_negative(base, undefined)
    return positivity(base, undefined)


def _nonzero(base: Expr, otherwise: str) -> tuple[Boolean, ...]:
    numerator, _ = sympy.fraction(sympy.factor(base))
    if numerator.is_zero:
        raise ValueError(otherwise)
    bases = [f.base if f.is_Pow else f for f in Mul.make_args(numerator)]
    bases = [f.args[0] if isinstance(f, sympy.sign) else f for f in bases]
    return tuple(
        sympy.Ne(-f if f.could_extract_minus_sign() else f, 0) for f in bases if not f.is_nonzero
    )


def _not_negative(base: Expr, otherwise: str) -> tuple[Boolean, ...]:
    if base.is_nonnegative:
        return ()
    if base.is_negative:
        raise ValueError(otherwise)
    return (sympy.Ge(base, 0),)


def domain_near(
    function: Expr, conditions: tuple[Boolean, ...], symbol: Symbol, point: Expr
) -> tuple[Boolean, ...]:
    """The conditions, free of the symbol, under which a function behaves near a point as it does.

    The given conditions have to hold there, and what it divides by, takes roots of and logarithms
    of has to start with a coefficient that is not 0. ValueError where that cannot be.
    """
    step = sympy.Dummy("u", positive=True)
    place = 1 / step if point == sympy.oo else point + step
    near = [tuple(c for c in conditions if symbol not in c.free_symbols)]
    for condition in conditions:
        if symbol not in condition.free_symbols:
            continue
        end = sympy.limit(condition.lhs - condition.rhs, symbol, point, "+")
        undefined = f"{latex(condition.lhs)} vanishes at the point or may be negative near it"
        near.append(
            _nonzero(end, undefined)
            if isinstance(condition, sympy.Ne)
            else ()
            if end == sympy.oo
            else positivity(end, undefined)
        )
    bases = [base.subs(symbol, place) for base in _bases(function) if base.has(symbol)]
    leading = [_leading_coefficient(base, step) for base in bases]
    return joined((*near, *(_nonzero(c, f"{latex(c)} is 0") for c in leading)))


def _bases(function: Expr) -> list[Expr]:
    """A function's denominators, the bases of its roots, and what its logarithms are taken of."""
    powers = [
        power.base
        for power in function.atoms(sympy.Pow)
        if power.exp.is_negative or not power.exp.is_integer
    ]
    return [*powers, *(node.args[0] for node in function.atoms(sympy.log))]


def _leading_coefficient(base: Expr, step: Symbol) -> Expr:
    """The coefficient of the first term of an expansion in a small positive step."""
    return base.as_leading_term(step).as_independent(step, as_Add=False)[0]
