"""Rules for vectors, whose dimension may be a letter: from vectors to their coordinates."""

from __future__ import annotations

from sympy import Basic, Expr, MatAdd, Mul, Symbol

from onekl.symbolic.algebra import KL, Gaussian, Joint, SumOrIntegral, factors, variables_of
from onekl.symbolic.lines.arithmetic import by_rewriting
from onekl.symbolic.lines.gaussians import (
    GAUSSIAN_KL,
    LOG_OF_A_GAUSSIAN,
    with_gaussian_kl,
    with_logs_of_gaussians,
)
from onekl.symbolic.lines.line import Line, Rule, register
from onekl.symbolic.lines.written import product, replaced, total
from onekl.symbolic.notation import latex
from onekl.symbolic.vectors.algebra import INDEX, CoordinateSum, Dot, SquaredNorm, Vector
from onekl.symbolic.vectors.normal import VectorGaussian


def with_shared_density_out(expression: Expr) -> Expr:
    """KL(N p ‖ M p), for a density p of other variables, as ∫ p KL(N ‖ M)."""

    def change(part: Basic) -> Basic | None:
        if not isinstance(part, KL):
            return None
        sides = [factors(side) for side in part.args]
        shared = Mul(*(f for f in sides[0] if f in sides[1]))
        first, second = (
            Mul(*(f for f in side if f not in sides[1 - k])) for k, side in enumerate(sides)
        )
        is_pair = isinstance(first, VectorGaussian) and isinstance(second, VectorGaussian)
        if shared == 1 or not is_pair or first.variable != second.variable:
            return None
        return SumOrIntegral(product(shared, KL(first, second)), variables_of(shared))

    return replaced(expression, change)


def by_coordinates(expression: Expr) -> Expr:
    """The KL of two Gaussian vectors with independent coordinates as a sum over coordinates."""

    def change(part: Basic) -> Basic | None:
        if not isinstance(part, KL) or not all(isinstance(s, VectorGaussian) for s in part.args):
            return None
        first, second = part.args
        if first.variable != second.variable or not isinstance(first.variable, Vector):
            return None
        # The variable of a coordinate, which the sum binds with its index.
        name = Symbol(latex(first.variable[INDEX, 0]), real=True)
        one, other = (Gaussian(name, *side.parameters()) for side in (first, second))
        return CoordinateSum(KL(one, other), first.dimension)

    return replaced(expression, change)


def with_norms_as_sums(expression: Expr) -> Expr:
    """‖v‖² as Σ v_i², and ⟨v, w⟩ as Σ v_i w_i."""

    def change(part: Basic) -> Basic | None:
        if isinstance(part, SquaredNorm):
            entry = total(*(v[INDEX, 0] for v in MatAdd.make_args(part.args[0])))
            return CoordinateSum(entry**2, part.args[0].shape[0])
        return part.definition() if isinstance(part, Dot) else None

    return replaced(expression, change)


_d = Symbol("d", integer=True, positive=True)
_s = Symbol("sigma", positive=True)
_z = Symbol("z")
_x, _m = Vector("x", _d), Vector("mu", _d, (_z,))
_q = Joint("q", (_z,))(_z)
_bell, _standard = VectorGaussian(_x, _m, _s**2), VectorGaussian(_x, 0, 1)
_kl = KL(_bell, _standard)

SHARED_DENSITY = register(
    Rule(
        "a density that both sides share",
        "what is left on both sides is a density given its variables",
        (
            KL(_bell * _q, _standard * _q),
            Line(SumOrIntegral(_q * _kl, (_z,)), "a density that both sides share"),
        ),
        by_rewriting(with_shared_density_out),
    )
)

INDEPENDENT = register(
    Rule(
        "independent coordinates",
        "the coordinates are independent under both densities",
        (_kl, Line(by_coordinates(_kl), "independent coordinates")),
        by_rewriting(by_coordinates),
    )
)

NORM = register(
    Rule(
        "a norm by its coordinates",
        "none: it is the definition",
        (SquaredNorm(_x), Line(SquaredNorm(_x).definition(), "a norm by its coordinates")),
        by_rewriting(with_norms_as_sums),
    )
)

VECTOR_STEPS = (
    (SHARED_DENSITY.name, with_shared_density_out),
    (INDEPENDENT.name, by_coordinates),
    (GAUSSIAN_KL.name, with_gaussian_kl),
    (LOG_OF_A_GAUSSIAN.name, with_logs_of_gaussians),
    (NORM.name, with_norms_as_sums),
)
