"""Integrals over the real line, with the conditions under which they converge.

A polynomial times the exponential of a quadratic polynomial is integrated by its moments; all else
is left to SymPy, whose conditions are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

import sympy
from sympy import Add, Expr, Mul, Piecewise, Symbol
from sympy.logic.boolalg import And, Boolean

# They are finite at every real number, so that no pole lies on the line.
FINITE = (sympy.exp, sympy.Abs, sympy.sign, sympy.sin, sympy.cos, sympy.sinh, sympy.cosh,
          sympy.tanh, sympy.erf, sympy.log)  # fmt: skip


@dataclass(frozen=True)
class Integrated:
    """A value, and the conditions, each not yet decided, under which its integrals converge."""

    value: Expr
    conditions: tuple[Boolean, ...] = ()


@cache
def integrated_over_line(integrand: Expr, variable: Symbol) -> Integrated:
    """The integral of a formula over one variable.

    ValueError where it diverges, where it may have a pole, for a variable whose sign is known, and
    where SymPy finds no closed form.
    """
    _require_free_real(variable)
    plain = sympy.expand_log(integrand.rewrite((sympy.sinh, sympy.cosh), sympy.exp))
    pieces = _gaussian_pieces(plain, variable)
    if pieces is None:
        _require_no_pole(plain, variable)
        return _by_sympy(plain, variable)
    parts = [
        _moments(polynomial, exponent, variable)
        for exponent, polynomial in pieces.items()
        if not polynomial.is_zero
    ]
    value = Add(*(part.value for part in parts))
    return Integrated(value, joined(part.conditions for part in parts))


def joined(groups: Iterable[Iterable[Boolean]]) -> tuple[Boolean, ...]:
    """All conditions, each once; ValueError where they are seen not to hold together."""
    every = tuple(dict.fromkeys(condition for group in groups for condition in group))
    for symbol in set().union(*(condition.free_symbols for condition in every)):
        alone = [c for c in every if c.free_symbols == {symbol} and c.lhs.is_polynomial(symbol)]
        if len(alone) > 1 and And(*alone).as_set() is sympy.S.EmptySet:
            raise ValueError("the integrals never converge together")
    return every


def positivity(expression: Expr, otherwise: Callable[[], str]) -> tuple[Boolean, ...]:
    """The condition that the expression is positive, none where it is seen to be.

    ValueError, with the message of `otherwise`, where it is seen not to be.
    """
    if expression.is_positive:
        return ()
    numerator, denominator = sympy.fraction(sympy.factor(expression))
    parts = [f for f in Mul.make_args(numerator * denominator) if not f.is_positive]
    squares = [f for f in parts if f.is_Pow and f.exp.is_even and f.base.is_real]
    signed = Mul(*(f for f in parts if f not in squares)).primitive()[1]
    conditions = (sympy.Gt(signed, 0), *(sympy.Ne(f.base, 0) for f in squares))
    if expression.is_extended_nonpositive or sympy.false in conditions:
        raise ValueError(otherwise())
    return tuple(condition for condition in conditions if condition != sympy.true)


def _require_free_real(variable: Symbol) -> None:
    """ValueError unless the variable is a real symbol of no known sign."""
    signs = (variable.is_nonnegative, variable.is_nonpositive)
    if not variable.is_real or signs != (None, None):
        raise ValueError(
            f"{variable} is integrated over the real line, "
            "so it must be a real symbol of no known sign"
        )


def _gaussian_pieces(integrand: Expr, variable: Symbol) -> dict[Expr, sympy.Poly] | None:
    """The polynomial before each exponential of a quadratic polynomial; None if there is more."""
    outer, rest = _without_exponentials(integrand)
    pieces: dict[Expr, list[Expr]] = {}
    for term in Add.make_args(sympy.expand(rest, power_exp=False)):
        inner, factor = _without_exponentials(term)
        exponent = sympy.expand(outer + inner)
        if not (exponent.is_polynomial(variable) and factor.is_polynomial(variable)):
            return None
        if sympy.degree(exponent, variable) > 2:
            return None
        pieces.setdefault(exponent, []).append(factor)
    return {exponent: _sum_of_polynomials(parts, variable) for exponent, parts in pieces.items()}


def _sum_of_polynomials(parts: list[Expr], variable: Symbol) -> sympy.Poly:
    """A sum of polynomials with each coefficient in its simplest form, found once."""
    total = sympy.Poly(Add(*parts), variable, domain="EX")
    return sympy.Poly([sympy.cancel(c).expand() for c in total.all_coeffs()], variable, domain="EX")


def _without_exponentials(product: Expr) -> tuple[Expr, Expr]:
    """The sum of the exponents in a product, and the product of its other factors."""
    parts = Mul.make_args(product)
    exponents = [f.args[0] for f in parts if isinstance(f, sympy.exp)]
    return Add(*exponents), Mul(*(f for f in parts if not isinstance(f, sympy.exp)))


def _moments(polynomial: sympy.Poly, exponent: Expr, variable: Symbol) -> Integrated:
    """∫ polynomial · exp(−a x² + b x + c) dx, which converges for a > 0 alone."""
    quadratic = sympy.Poly(exponent, variable)
    a, b, c = (quadratic.coeff_monomial(variable**k) for k in (2, 1, 0))
    a = sympy.factor(-a)
    conditions = positivity(a, lambda: f"the integral over {variable} diverges")
    centre = b / (2 * a)
    about = sympy.Poly(polynomial.as_expr().subs(variable, variable + centre), variable)
    mean = Add(
        *(
            coefficient * sympy.factorial2(k - 1) / (2 * a) ** (k // 2)
            for (k,), coefficient in about.terms()
            if k % 2 == 0
        )
    )
    top = sympy.simplify(c + b**2 / (4 * a))
    return Integrated(sympy.sqrt(sympy.pi / a) * sympy.exp(top) * mean, conditions)


def _require_no_pole(integrand: Expr, variable: Symbol) -> None:
    """ValueError unless the integrand is seen to be finite at every real number."""
    for part in integrand.atoms(sympy.Pow, sympy.Function):
        if not part.has(variable):
            continue
        # exp(−log|x|) is 1/|x|.
        if isinstance(part, FINITE) and (isinstance(part, sympy.log) or not part.has(sympy.log)):
            continue
        if not part.is_Pow:
            raise ValueError(f"{part.func} of {variable} may have a pole, or is unknown")
        if not part.exp.is_nonnegative:
            raise ValueError(
                f"a denominator depends on {variable}, so the integral may diverge at a pole"
            )


def _by_sympy(integrand: Expr, variable: Symbol) -> Integrated:
    """SymPy's integral, from kink to kink, and its conditions as signs of real expressions."""
    kinks = _kinks(integrand, variable) or []
    ends = [-sympy.oo, *kinks, sympy.oo]
    parts = [
        _between(_without_kinks(integrand, variable, kinks[:k], kinks[k:]), variable, low, high)
        for k, (low, high) in enumerate(zip(ends, ends[1:]))
    ]
    value = Add(*(part.value for part in parts))
    return Integrated(value, joined(part.conditions for part in parts))


def _between(integrand: Expr, variable: Symbol, low: Expr, high: Expr) -> Integrated:
    """SymPy's integral over an interval; ValueError where it diverges or is not found."""
    found = sympy.integrate(sympy.expand(integrand), (variable, low, high), conds="piecewise")
    found = sympy.piecewise_fold(found)
    value, condition = found.args[0] if isinstance(found, Piecewise) else (found, sympy.true)
    if value.has(sympy.Integral, Piecewise) or variable in value.free_symbols:
        raise ValueError(f"SymPy has no closed form for the integral over {variable}")
    condition = _with_real_signs(condition)
    infinite = value.has(sympy.nan, sympy.oo, -sympy.oo, sympy.zoo, sympy.AccumBounds)
    if infinite or condition == sympy.false:
        raise ValueError(f"the integral over {variable} diverges")
    return Integrated(value, () if condition == sympy.true else And.make_args(condition))


def _kinks(integrand: Expr, variable: Symbol) -> list[Expr] | None:
    """Where the insides of absolute values change their signs, from left to right.

    None where that is not seen.
    """
    found: list[Expr] = []
    for inside in (node.args[0] for node in integrand.atoms(sympy.Abs) if node.has(variable)):
        if not inside.is_polynomial(variable) or sympy.degree(inside, variable) != 1:
            return None
        slope, start = sympy.Poly(inside, variable).all_coeffs()
        if not (slope.is_positive or slope.is_negative):
            return None
        found.append(sympy.simplify(-start / slope))
    ordered: list[Expr] = []
    for kink in dict.fromkeys(found):
        below = [(kink - other).is_positive for other in ordered]
        if None in below or any((kink - o).is_zero for o in ordered):
            return None
        ordered.insert(sum(below), kink)
    return ordered


def _without_kinks(integrand: Expr, variable: Symbol, left: list[Expr], right: list[Expr]) -> Expr:
    """The integrand between two kinks, given all that lie to the left and to the right."""
    inside = {}
    for node in integrand.atoms(sympy.Abs):
        if node.has(variable) and (left or right):
            slope, start = sympy.Poly(node.args[0], variable).all_coeffs()
            rises = bool(slope.is_positive) == (sympy.simplify(-start / slope) in left)
            inside[node] = node.args[0] if rises else -node.args[0]
    return integrand.xreplace(inside)


def _with_real_signs(condition: Boolean) -> Boolean:
    """A condition on the arguments of real numbers, |arg b| < π/2, as one on their signs.

    ValueError for any other condition.
    """
    signs = {}
    for relation in condition.atoms(sympy.core.relational.Relational):
        angles = relation.atoms(sympy.arg)
        inside = next(iter(angles)).args[0] if len(angles) == 1 else sympy.I
        if not inside.is_real:
            raise ValueError("SymPy's condition for an integral to converge is not understood")
        for_positive, for_negative = (
            relation.subs(sympy.arg(inside), angle) == sympy.true for angle in (0, sympy.pi)
        )
        signs[relation] = {
            (True, True): sympy.Ne(inside, 0),
            (True, False): sympy.Gt(inside, 0),
            (False, True): sympy.Lt(inside, 0),
            (False, False): sympy.false,
        }[for_positive, for_negative]
    return sympy.simplify_logic(condition.xreplace(signs))
