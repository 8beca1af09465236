"""Sums of integrals of densities with a parameter that are 0: ∫ q = 1 and ∫ v·∇q = 0."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sympy
from sympy import Add, Expr, Mul, Symbol
from sympy.core.function import AppliedUndef

from onekl.symbolic.algebra import Density, SumOrIntegral
from onekl.symbolic.notation import latex
from onekl.symbolic.parametric.densities import Along, ParametricDensity, ParametricJoint
from onekl.symbolic.parametric.pieces import Needed, Piece
from onekl.symbolic.proof import NotProved

Variables = frozenset[Symbol]


def require_zero_sum(found: Sequence[Piece], needed: Needed, where: str = "") -> None:
    """Nothing if the sum of settled pieces is 0; NotProved with what is left over.

    What cancels point by point does so first; the rest is integrated out as far as it goes.
    """
    rests = {}
    for variables, total in _by_variables((p.variables, p.integrand) for p in found).items():
        monomials = [m for m in Add.make_args(_normal_form(total)) if m != 0]
        for monomial in monomials:
            kept, rest = _reduced(monomial, variables, needed)
            rests.setdefault(kept, []).append(rest)
            if len(monomials) > 1 and kept != variables and not rest.is_number:
                needed.finite(SumOrIntegral(monomial, _in_order(variables)))
    for variables, terms in rests.items():
        rest = _normal_form(Add(*terms))
        if rest != 0:
            left = SumOrIntegral(rest, _in_order(variables)) if variables else rest
            raise NotProved(f"{where}the two sides differ by {latex(left)}")


def _by_variables(terms: Iterable[tuple[tuple[Symbol, ...], Expr]]) -> dict[Variables, Expr]:
    """The sums of the integrands that are integrated over the same variables."""
    totals = {}
    for variables, integrand in terms:
        key = frozenset(variables)
        totals[key] = totals.get(key, sympy.S.Zero) + integrand
    return totals


def _in_order(variables: Variables) -> tuple[Symbol, ...]:
    return tuple(sorted(variables, key=str))


def _reduced(monomial: Expr, variables: Variables, needed: Needed) -> tuple[Variables, Expr]:
    """The same integral without the variables of one density alone, which are integrated out."""
    for factor in Mul.make_args(monomial):
        density = factor.expr if isinstance(factor, Along) else factor
        if not isinstance(density, Density):
            continue
        rest = monomial / factor
        alone = [v for v in density.over if v in variables and v not in rest.free_symbols]
        left = [v for v in density.over if v not in alone]
        if not alone or (left and density.roles):
            continue
        smaller = _marginal(density, left, needed)
        if isinstance(factor, Along):
            integral = SumOrIntegral(density, alone)
            needed.exchange(integral, factor.parameter, len(factor.directions))
            if not left:
                return variables, sympy.S.Zero
            smaller = Along(smaller, factor.parameter, factor.directions)
        return _reduced(rest * smaller, variables - set(alone), needed)
    return variables, monomial


def _marginal(density: Density, left: Sequence[Symbol], needed: Needed) -> Expr:
    """The density of the variables that are left; 1 if none are."""
    if not left:
        return sympy.S.One
    if not isinstance(density, ParametricDensity):
        return needed.joints[density.family](*left, given=density.given)
    joint = needed.joints[density.base]
    if not isinstance(joint, ParametricJoint):
        raise NotProved(f"{density.base} has no parameter among the joints of the statement")
    return joint.at(density.point)(*left, given=density.given)


def _normal_form(expression: Expr) -> Expr:
    """The expression simplified as one of positive and of real numbers."""
    unknown = unknowns(expression)
    names = {u: sympy.Dummy("u", real=True, positive=u.is_positive) for u in unknown}
    plain = sympy.expand(sympy.expand_log(sympy.together(expression.xreplace(names))))
    back = {name: u for u, name in names.items()}
    return sympy.expand(sympy.simplify(plain)).xreplace(back)


def unknowns(expression: Expr) -> set[Expr]:
    """The densities, their derivatives and the unknown functions, not those inside one another."""
    if isinstance(expression, (Density, Along, AppliedUndef)):
        return {expression}
    return set().union(*(unknowns(a) for a in expression.args))
