"""The lines for a kernel that narrows down: a substitution, and dominated convergence."""

from __future__ import annotations

import sympy
from sympy import Expr, MatAdd, MatMul, MatrixExpr, Symbol

from onekl.symbolic.algebra import SumOrIntegral
from onekl.symbolic.lines.chain import chain
from onekl.symbolic.lines.gaussians import FORMULA
from onekl.symbolic.lines.line import EQUAL, TENDS, Line, Lines, Rule, register
from onekl.symbolic.lines.written import alike, product
from onekl.symbolic.premises import Equal
from onekl.symbolic.vectors.algebra import INDEX, Vector, ZeroVector
from onekl.symbolic.vectors.functions import FunctionOfVector
from onekl.symbolic.vectors.normal import VectorGaussian


def narrowing_lines(
    kernel: Expr, gaussian: VectorGaussian, symbol: Symbol, place: MatrixExpr
) -> Lines:
    """∫ f(x) kernel dx = ∫ f(m + σu) N(u; 0, I) du → f(place), for the kernel N(x; m, σ²I)."""
    x, mean = gaussian.variable, gaussian.mean
    start = SumOrIntegral(product(FunctionOfVector("f", x), kernel), (x,))
    named = SumOrIntegral(product(FunctionOfVector("f", x), gaussian), (x,))
    u = Vector("u", gaussian.dimension)
    spread = MatMul(sympy.sqrt(gaussian.variance), u)
    moved = spread if isinstance(mean, ZeroVector) else MatAdd(mean, spread)
    value, target = (FunctionOfVector("f", at) for at in (moved, place))
    in_u = SumOrIntegral(product(value, VectorGaussian(u, 0, 1)), (u,))
    return chain(
        start,
        *([(named, FORMULA.name)] if kernel != gaussian else []),
        Line(in_u, SUBSTITUTION.name, uses=(Equal(x, moved),)),
        Line(target, DOMINATED.name, TENDS, symbol=symbol, point=sympy.S.Zero),
    )


def _value_and_gaussian(integral: Expr) -> tuple[FunctionOfVector, VectorGaussian] | None:
    """The two factors of ∫ f(…) N(x; …) dx; None for anything else."""
    if not isinstance(integral, SumOrIntegral) or len(integral.integrand.args) != 2:
        return None
    kinds = (FunctionOfVector, VectorGaussian)
    found = [next((f for f in integral.integrand.args if isinstance(f, k)), None) for k in kinds]
    is_over_its_own = None not in found and integral.variables == (found[1].variable,)
    return tuple(found) if is_over_its_own else None


def _substitutes(before: Expr, line: Line) -> bool:
    """Whether x = m + σu, which the line is used with, turns N(x; m, σ²I) dx into N(u; 0, I) du."""
    pairs = _value_and_gaussian(before), _value_and_gaussian(line.expression)
    if line.sign != EQUAL or None in pairs or len(line.uses) != 1:
        return False
    (value, gaussian), (moved, standard) = pairs
    x, place = line.uses[0].left, line.uses[0].right
    shift = place[INDEX, 0] - gaussian.mean[INDEX, 0]
    u = standard.variable
    scale = sympy.expand(shift).coeff(u[INDEX, 0])
    is_affine = sympy.expand(shift - scale * u[INDEX, 0]) == 0
    is_standard = alike(standard, VectorGaussian(u, 0, 1))
    return bool(
        x == gaussian.variable
        and is_affine
        and is_standard
        and sympy.expand(scale**2 - gaussian.variance) == 0
        and value.place == x
        and moved.place == place
    )


def _converges(before: Expr, line: Line) -> bool:
    """Whether f is taken at places that tend to this one, under a law that stays as it is."""
    pair = _value_and_gaussian(before)
    if line.sign != TENDS or pair is None or not isinstance(line.expression, FunctionOfVector):
        return False
    value, gaussian = pair
    at_the_end = value.place[INDEX, 0].subs(line.symbol, line.point)
    is_fixed = line.symbol not in gaussian.free_symbols
    return is_fixed and sympy.expand(at_the_end - line.expression.place[INDEX, 0]) == 0


_d = Symbol("d", integer=True, positive=True)
_s = Symbol("sigma", positive=True)
_x, _u, _m = (Vector(name, _d) for name in ("x", "u", "mu"))
_moved = MatAdd(_m, MatMul(_s, _u))
_before = SumOrIntegral(product(FunctionOfVector("f", _x), VectorGaussian(_x, _m, _s**2)), (_x,))
_after = SumOrIntegral(product(FunctionOfVector("f", _moved), VectorGaussian(_u, 0, 1)), (_u,))

SUBSTITUTION = register(
    Rule(
        "substitution",
        "σ > 0",
        (_before, Line(_after, "substitution", uses=(Equal(_x, _moved),))),
        _substitutes,
    )
)

DOMINATED = register(
    Rule(
        "dominated convergence",
        "f is bounded and continuous",
        (
            _after,
            Line(
                FunctionOfVector("f", _m),
                "dominated convergence",
                TENDS,
                symbol=_s,
                point=sympy.S.Zero,
            ),
        ),
        _converges,
    )
)
