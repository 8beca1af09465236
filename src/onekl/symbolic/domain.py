"""Where a formula is defined and real: denominators, logarithms and roots."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import sympy
from sympy import Expr, Mul, Symbol
from sympy.core.function import AppliedUndef
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
from onekl.symbolic.integrals import FINITE, joined, positivity
from onekl.symbolic.notation import latex
from onekl.symbolic.proof import has_functional

# They have a value at every real number, and only the sign jumps.
EVERYWHERE = (*FINITE, AppliedUndef, sympy.asinh, sympy.atan, sympy.erfc)


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


@lru_cache(maxsize=4096)  # a statement and its mutants share most of their nodes
def _own_conditions(expression: Expr) -> tuple[Boolean, ...]:
    """What a power, a logarithm or a `kl_div` asks for at its own node."""

    def undefined() -> str:
        return f"{latex(expression)} is not defined"

    if isinstance(expression, kl_div):
        return joined(positivity(argument, undefined) for argument in expression.args)
    if not isinstance(expression, (sympy.log, sympy.Pow)):
        _require_defined(expression)
        return ()
    base = expression.args[0]
    if has_functional(base):
        base = integrated(define(base)).value
    if isinstance(expression, sympy.log):
        return positivity(base, undefined)
    exponent = expression.exp
    if exponent.is_integer:
        return () if exponent.is_nonnegative else _nonzero(base, undefined)
    if exponent.is_positive:
        return _not_negative(base, undefined)
    return positivity(base, undefined)


def _require_defined(expression: Expr) -> None:
    """ValueError for a function that may have no value, or a jump, at some real number."""
    known = isinstance(expression, EVERYWHERE) or not expression.free_symbols
    if isinstance(expression, sympy.gamma):
        known = known or expression.args[0].is_positive
    if isinstance(expression, sympy.Function) and not known:
        raise ValueError(f"{latex(expression)} may not be defined, or not continuous, everywhere")


def _nonzero(base: Expr, otherwise: Callable[[], str]) -> tuple[Boolean, ...]:
    numerator, _ = sympy.fraction(sympy.factor(base))
    if numerator.is_zero:
        raise ValueError(otherwise())
    bases = [f.base if f.is_Pow else f for f in Mul.make_args(numerator)]
    bases = [f.args[0] if isinstance(f, sympy.sign) else f for f in bases]
    return tuple(
        sympy.Ne(-f if f.could_extract_minus_sign() else f, 0) for f in bases if not f.is_nonzero
    )


def _not_negative(base: Expr, otherwise: Callable[[], str]) -> tuple[Boolean, ...]:
    if base.is_nonnegative:
        return ()
    if base.is_negative:
        raise ValueError(otherwise())
    return (sympy.Ge(base, 0),)


def domain_near(
    function: Expr,
    conditions: tuple[Boolean, ...],
    symbol: Symbol,
    point: Expr,
    *,
    smooth: bool = False,
) -> tuple[Boolean, ...]:
    """The conditions, free of the symbol, under which a function behaves near a point as it does.

    The given conditions have to hold there, and what it divides by, takes roots, logarithms and
    signs of has to start with a coefficient that is not 0; where it has to be smooth, what it takes
    absolute values of, too. ValueError where that cannot be.
    """
    step = sympy.Dummy("u", positive=True)
    place = 1 / step if point == sympy.oo else point + step
    near = [tuple(c for c in conditions if symbol not in c.free_symbols)]
    for condition in conditions:
        if symbol not in condition.free_symbols:
            continue
        end = sympy.limit(condition.lhs - condition.rhs, symbol, point, "+")
        near.append(_near_the_end(condition, end))
    bases = [base for base in _bases(function, smooth) if base.has(symbol)]
    leading = [_leading_coefficient(base, symbol, step, place) for base in bases]
    near += [_nonzero(c, lambda c=c: f"{latex(c)} is 0") for c in leading]
    return joined((*near, *_where_exponents_move(function, symbol, point)))


def _near_the_end(condition: Boolean, end: Expr) -> tuple[Boolean, ...]:
    """What keeps a condition true near a point, from the value at its end."""

    def undefined() -> str:
        return f"{latex(condition.lhs)} vanishes at the point or may be negative near it"

    if isinstance(condition, sympy.Ne):
        return _nonzero(end, undefined)
    return () if end == sympy.oo else positivity(end, undefined)


def _where_exponents_move(function: Expr, symbol: Symbol, point: Expr) -> list[tuple[Boolean, ...]]:
    """That b > 0 for each bᵘ whose u moves and need not end above 0: 0ᵘ jumps there to 0⁰ = 1."""
    powers = [p for p in function.atoms(sympy.Pow) if p.exp.has(symbol) and not p.base.has(symbol)]
    return [
        positivity(power.base, lambda power=power: f"{latex(power)} is not defined")
        for power in powers
        if not power.exp.subs(symbol, point).is_extended_positive
    ]


def _bases(function: Expr, smooth: bool) -> list[Expr]:
    """A function's denominators, the bases of its roots, and what its logarithms are taken of.

    With its signs' arguments, and, where it has to be smooth, those of its absolute values.
    """
    powers = [
        power.base
        for power in function.atoms(sympy.Pow)
        if power.exp.is_negative or not power.exp.is_integer
    ]
    kinds = (sympy.log, sympy.sign, sympy.Abs) if smooth else (sympy.log, sympy.sign)
    return [*powers, *(node.args[0] for node in function.atoms(*kinds))]


def _leading_coefficient(base: Expr, symbol: Symbol, step: Symbol, place: Expr) -> Expr:
    """The coefficient of the first term of an expansion in a small positive step to the place."""
    try:
        first = base.subs(symbol, place).as_leading_term(step)
    except sympy.PoleError as error:
        raise ValueError(f"{latex(base)} has no first term in powers of a small step") from error
    return first.as_independent(step, as_Add=False)[0]
