"""Why the remainder of a bound cannot be negative, told by the case in which it is 0."""

from __future__ import annotations

import sympy
from sympy import Expr, Mul, log

from onekl.symbolic.algebra import KL, Expectation, SumOrIntegral, kl_div
from onekl.symbolic.notation import latex
from onekl.symbolic.proof import NotProved, is_divergence
from onekl.symbolic.terms import is_at_least_zero, never_negative


def equality_case(term: Expr) -> str:
    """Why a term of a remainder cannot be negative, told by the case in which it is 0.

    NotProved if it could be.
    """
    coefficient, rest = term.as_coeff_Mul()
    if not coefficient.is_positive:
        raise NotProved(f"the remainder's term {term} has a negative sign")
    inner, weight, where = rest, sympy.S.One, ""
    if isinstance(rest, Expectation):
        inner, weight = rest.value, rest.weight
        if not weight.is_nonnegative:
            raise NotProved(f"the weight {weight} is not seen to be at least 0")
        where = _wherever_positive(weight)
    if isinstance(inner, log) and is_at_least_zero(inner):
        return f"{latex(inner.args[0])} = 1{where}"
    if isinstance(inner, KL) and is_divergence(inner):
        return f"{latex(inner.first)} = {latex(inner.second)}{where}"
    if isinstance(inner, SumOrIntegral):
        gaps = [f for f in Mul.make_args(inner.integrand) if isinstance(f, kl_div)]
        if len(gaps) == 1 and _is_positive_multiple(inner.integrand, gaps[0]):
            return _equality_of_kl_div(gaps[0], Mul(inner.integrand / gaps[0], weight))
        if not gaps and never_negative(inner.integrand):
            return rf"{latex(inner.integrand)} = 0 \text{{ everywhere}}{where}"
    raise NotProved(f"the remainder's term {term} is not seen to be at least 0")


def _is_positive_multiple(integrand: Expr, gap: kl_div) -> bool:
    """Whether the integrand is a positive factor times a `kl_div` of positive numbers."""
    return bool((integrand / gap).is_positive) and all(a.is_positive for a in gap.args)


def _equality_of_kl_div(gap: kl_div, weight: Expr) -> str:
    """Where weight · gap is 0, for a weight of at least 0."""
    first, second = gap.args
    factor = weight.as_coeff_Mul()[1]
    where = "" if factor.is_number else _wherever_positive(factor)
    return f"{latex(first)} = {latex(second)}{where}"


def _wherever_positive(weight: Expr) -> str:
    return rf" \text{{ wherever }} {latex(weight)} > 0"
