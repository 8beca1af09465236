"""The proof that a map is a smooth bijection of ℝ^d with the inverse and log-determinant it claims.

A map with formulas is onto where the claimed inverse undoes it on the right, and one-to-one where
it undoes it on the left too, or where each coordinate is strictly monotone given those before it.
"""

from __future__ import annotations

from collections.abc import Iterable

import sympy
from sympy import Add, Expr, Mul, Pow, Symbol
from sympy.core.function import AppliedUndef

from onekl.symbolic.maps.smooth_map import LogDet, MapValue, SmoothMap
from onekl.symbolic.notation import latex
from onekl.symbolic.proof import NotProved, Proof
from onekl.symbolic.real_line import is_nonzero_at_a_point

_SMOOTH = (
    Add, Mul, sympy.exp, sympy.sinh, sympy.cosh, sympy.tanh, sympy.asinh, sympy.atan, sympy.sin,
    sympy.cos, sympy.Number, sympy.NumberSymbol, AppliedUndef, Symbol,
)  # fmt: skip


def prove_bijection(claimed: SmoothMap) -> Proof:
    """The proof for all points; NotProved, in one line, with what is missing."""
    if claimed.args[2].has(MapValue):
        return _prove_of_unknown_maps(claimed)
    premises = _parameter_premises(claimed)
    for coordinate in claimed.forward:
        _require_smooth(coordinate, claimed)
    for coordinate in (*claimed.forward, *claimed.inverse):
        _require_real(coordinate, claimed)
    for name, coordinate in zip(claimed.target, claimed.forward):
        _require_undone(coordinate.xreplace(claimed.to_source), name, "the map at the inverse")
    slopes = sympy.Matrix(claimed.forward).jacobian(claimed.source)
    _require_one_to_one(claimed, slopes)
    determinant = sympy.factor(sympy.simplify(slopes.det(method="berkowitz")))
    premises += _require_no_zero(determinant, claimed)
    _require_log_of(determinant, claimed.log_det)
    return Proof(needs=tuple(dict.fromkeys(premises)))


def vanishes(expression: Expr) -> bool:
    """Whether SymPy brings a real expression to 0, by exponentials if need be."""
    if is_nonzero_at_a_point(expression):
        return False
    if sympy.simplify(sympy.expand(expression)) == 0:
        return True
    return sympy.simplify(sympy.expand(expression.rewrite(sympy.exp).rewrite(sympy.log))) == 0


# Maps with formulas.


def _parameter_premises(claimed: SmoothMap) -> list[str]:
    """That denominators without coordinates are not 0, and that unknown functions are smooth."""
    found = [rf"{latex(base)} \neq 0" for base in _parameter_denominators(claimed)]
    unknown = claimed.args[2].atoms(AppliedUndef)
    return [*found, *smoothness(f for f in unknown if f.free_symbols & set(claimed.source))]


def smoothness(unknown: Iterable[AppliedUndef]) -> list[str]:
    """The premise that unknown functions have continuous slopes; none where there are none."""
    names = ", ".join(latex(Symbol(name)) for name in sorted({f.func.__name__ for f in unknown}))
    return [rf"{names} \text{{ differentiable, with continuous slopes}}"] if names else []


def _parameter_denominators(claimed: SmoothMap) -> list[Expr]:
    coordinates = {*claimed.source, *claimed.target}
    below = {
        power.base
        for side in claimed.args[2:4]
        for power in side.atoms(Pow)
        if power.exp.is_negative and not power.base.is_nonzero
    }
    return sorted((b for b in below if not b.free_symbols & coordinates), key=str)


def _require_smooth(coordinate: Expr, claimed: SmoothMap) -> None:
    """NotProved where a part of a formula is not seen to have a continuous slope everywhere."""
    for part in sympy.preorder_traversal(coordinate):
        if isinstance(part, Pow) and not isinstance(part, sympy.exp):
            whole = part.exp.is_integer and part.exp.is_nonnegative
            fine = whole or part.base.is_positive or part.base.is_nonzero and part.exp.is_integer
            fine = fine or part.base in _parameter_denominators(claimed)
        elif isinstance(part, sympy.log):
            fine = part.args[0].is_positive
        else:
            fine = isinstance(part, _SMOOTH)
        if not fine:
            raise NotProved(f"{latex(part)} is not seen to be smooth for all points")


def _require_real(coordinate: Expr, claimed: SmoothMap) -> None:
    """NotProved where a formula is not seen to be a real number at all points."""
    for symbol in (*claimed.source, *claimed.target):
        if not symbol.is_real or (symbol.is_nonnegative, symbol.is_nonpositive) != (None, None):
            raise NotProved(f"{symbol} must be a real symbol of no known sign, for all of the line")
    named = {base: sympy.Dummy(nonzero=True) for base in _parameter_denominators(claimed)}
    names = {*claimed.source, *claimed.target}
    inside = (a for f in coordinate.atoms(AppliedUndef) for a in f.args)
    for part in (coordinate, *(a for a in inside if a.free_symbols & names)):
        if not part.xreplace(named).is_real:
            raise NotProved(f"{latex(part)} is not seen to be a real number at all points")


def _require_undone(composed: Expr, name: Symbol, what: str) -> None:
    if not vanishes(composed - name):
        raise NotProved(f"{what} is {latex(sympy.expand(composed))}, not {latex(name)}")


def _require_one_to_one(claimed: SmoothMap, slopes: sympy.Matrix) -> None:
    """NotProved unless no two points have one image: by the slopes, or by the inverse."""
    diagonal = [slopes[i, i] for i in range(slopes.rows)]
    if slopes.is_lower and all(s.is_positive or s.is_negative for s in diagonal):
        return  # each coordinate is strictly monotone, given those before it
    for name, coordinate in zip(claimed.source, claimed.inverse):
        _require_undone(coordinate.xreplace(claimed.to_image), name, "the inverse of the image")


def _require_no_zero(determinant: Expr, claimed: SmoothMap) -> list[str]:
    """Nothing where the determinant is never 0, a premise where it holds parameters alone."""
    given = {base: sympy.Dummy(nonzero=True) for base in _parameter_denominators(claimed)}
    if determinant.is_nonzero or determinant.xreplace(given).is_nonzero:
        return []
    if determinant == 0 or determinant.free_symbols & set(claimed.source):
        raise NotProved(f"the determinant, {latex(determinant)}, is not seen to differ from 0")
    return [rf"{latex(_of_canonical_sign(determinant))} \neq 0"]


def _of_canonical_sign(expression: Expr) -> Expr:
    return -expression if expression.could_extract_minus_sign() else expression


def _require_log_of(determinant: Expr, claimed: Expr) -> None:
    """NotProved unless the claimed logarithm is real and that of the determinant's size."""
    for part in claimed.atoms(sympy.log):
        if not part.args[0].is_nonnegative:
            raise NotProved(f"{latex(part.args[0])} is not seen to be positive under its logarithm")
    size = -determinant if determinant.is_negative else determinant
    size = size if size.is_positive else sympy.Abs(determinant)
    ratio = sympy.exp(sympy.expand(claimed)) / size
    if claimed.has(sympy.I) or not vanishes(ratio - 1):
        raise NotProved(f"the log-determinant is {latex(sympy.log(size))}, not {latex(claimed)}")


# Compositions of unknown maps.


def _prove_of_unknown_maps(claimed: SmoothMap) -> Proof:
    """Undo one unknown map after the other, and add their log-determinants."""
    if len(claimed.source) > 1:
        raise NotProved("a map with formulas and unknown maps together is beyond this prover")
    (source,), (target,) = claimed.source, claimed.target
    (forward,), (inverse,) = claimed.forward, claimed.inverse
    for found, name, what in (
        (forward.xreplace(claimed.to_source), target, "the map at the inverse"),
        (inverse.xreplace(claimed.to_image), source, "the inverse of the image"),
    ):
        if found != name:
            raise NotProved(f"{what} is {latex(found)}, not {latex(name)}")
    log_det = _log_det(forward, source)
    if sympy.expand(log_det - claimed.log_det) != 0:
        raise NotProved(f"the log-determinant is {latex(log_det)}, not {latex(claimed.log_det)}")
    names = sorted({value.name for value in forward.atoms(MapValue)})
    premises = tuple(
        rf"{name} \text{{ is a bijection of }} \mathbb{{R}}^d "
        r"\text{, differentiable in both directions}"
        for name in names
    )
    return Proof(needs=premises)


def _log_det(value: Expr, source: Symbol) -> Expr:
    """The log-determinant of maps applied one after the other."""
    if value == source:
        return sympy.S.Zero
    if not isinstance(value, MapValue):
        raise NotProved(f"{latex(value)} is not made of unknown maps alone")
    own = LogDet(value.name, value.argument if value.power == 1 else value)
    return value.power * own + _log_det(value.argument, source)
