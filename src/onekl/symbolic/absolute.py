"""Maxima, minima and absolute values in one form, so that two expressions can be compared."""

from __future__ import annotations

from functools import reduce

import sympy
from sympy import Abs, Expr, Max, Min, Mul, Pow

HALF = sympy.Rational(1, 2)


def without_max(expression: Expr) -> Expr:
    """The expression with max and min written by |·|, and each |·| in one form.

    max(a, b) = (a + b + |a − b|)/2 and min(a, b) = (a + b − |a − b|)/2; a product's |·| is the
    product of its factors' |·|, a positive factor stands outside, |−u| is |u| and |u|² is u².
    What is not seen to be real stays as it is.
    """
    if not expression.args or not expression.has(Max, Min, Abs):
        return expression
    rebuilt = expression.func(*map(without_max, expression.args))
    if isinstance(rebuilt, (Max, Min)):
        return _by_absolute_value(rebuilt)
    if isinstance(rebuilt, Abs):
        return absolute(rebuilt.args[0])
    if isinstance(rebuilt, Pow):
        return _even_power(rebuilt)
    # SymPy gathers |u|·|u| to a power of |u| when it builds the product.
    return Mul(*map(_even_power, rebuilt.args)) if rebuilt.is_Mul else rebuilt


def absolute(inside: Expr) -> Expr:
    """|inside| as a product over its factors; a factor of known sign stands outside."""
    numerator, denominator = sympy.fraction(sympy.together(inside))
    coefficient, above = sympy.factor_list(numerator)
    least, below = sympy.factor_list(denominator)
    powers = [*above, *((factor, -power) for factor, power in below)]
    return Abs(coefficient / least) * Mul(*(_of_power(base, power) for base, power in powers))


def _of_power(base: Expr, power: int) -> Expr:
    """|baseⁿ|, with |base| and |−base| written alike."""
    if base.is_nonnegative or base.is_nonpositive:
        return (base if base.is_nonnegative else -base) ** power
    base = sympy.expand(-base if base.could_extract_minus_sign() else base)
    return _even_power(Abs(base, evaluate=False) ** power)


def _even_power(power: Expr) -> Expr:
    """|u|ⁿ with the even part of n taken out of the |·|; any other expression as it is."""
    base, exponent = power.as_base_exp()
    if not (isinstance(base, Abs) and exponent.is_Integer and base.args[0].is_extended_real):
        return power
    odd = exponent % 2
    return base.args[0] ** (exponent - odd) * base**odd


def _by_absolute_value(extreme: Max | Min) -> Expr:
    """A maximum or a minimum by absolute values, two arguments at a time."""
    sign = 1 if isinstance(extreme, Max) else -1

    def of_two(a: Expr, b: Expr) -> Expr:
        return HALF * (a + b + sign * absolute(a - b))

    ordered = sorted(extreme.args, key=sympy.default_sort_key)
    return sympy.expand(reduce(of_two, ordered))
