"""The prover of identities between functionals of unknown densities.

Every term is brought under one integral over all variables, by ∫ p(z|x) dz = 1, and the integrands are compared
as functions of positive numbers; then it is asked what happens where densities vanish.
"""

from __future__ import annotations

from dataclasses import replace

import sympy
from sympy import Add, Derivative, Expr, Mul

from onekl.symbolic.algebra import ClassProbability, Density, Dirac, SumOrIntegral, factors
from onekl.symbolic.notation import latex
from onekl.symbolic.proof import (
    EXTENDED,
    POINTWISE,
    TONELLI,
    NotProved,
    Proof,
    has_functional,
    normalisation,
)
from onekl.symbolic.sampling import RandomTables, all_variables
from onekl.symbolic.terms import IntegralTerm, flat, integral_terms, never_negative
from onekl.symbolic.zeros import support_premises


def prove_pointwise(left: Expr, right: Expr, finite: RandomTables) -> Proof:
    """Prove left = right for all densities of the joints; NotProved with what is left over."""
    open_ = (left.free_symbols | right.free_symbols) & set(all_variables(finite))
    if open_:
        raise NotProved(
            f"the statement leaves {', '.join(map(str, open_))} open: integrate over it or average it"
        )
    if left.has(Derivative) or right.has(Derivative):
        raise NotProved("a derivative in a variable of unknown densities is beyond this prover")
    for side in (left, right):
        _require_no_hidden_zero(side)
    sides = [[_reduced(_sifted(piece)) for piece in integral_terms(side)] for side in (left, right)]
    everything = {v for side in sides for piece in side for v in piece.variables}
    strange = everything - set(all_variables(finite))
    if strange:
        raise NotProved(
            f"{', '.join(map(str, strange))} is integrated over but belongs to no joint"
        )
    variables = tuple(v for v in all_variables(finite) if v in everything)
    lifted = [[_lifted(piece, variables, finite) for piece in side] for side in sides]
    rules = [POINTWISE] + [rule for side in lifted for piece in side for rule in piece.used]
    whole = [sum(piece.coefficient * piece.integrand for piece in side) for side in lifted]
    gap = _simplified(_by_bayes(whole[0] - whole[1], finite))
    require_integral_zero(gap, variables, rules)
    positive = support_premises(lifted, gap, finite)
    rules += [] if positive else [EXTENDED]
    steps = tuple(
        latex(SumOrIntegral(piece.coefficient * piece.integrand, variables))
        for side in lifted
        for piece in side
    )
    premises = (*_finiteness(sides), *(premise.latex() for premise in positive))
    return Proof(
        tuple(dict.fromkeys(rules)), tuple(dict.fromkeys(premises)), steps, positive=positive
    )


def _sifted(piece: IntegralTerm) -> IntegralTerm:
    """The same integral with ∫ δ(x − G(z)) h(x, z) dx = h(G(z), z) carried out; NotProved where x has an unknown density."""
    maps = [
        f for f in factors(piece.integrand) if isinstance(f, Dirac) and f.over[0] in piece.variables
    ]
    if not maps:
        return piece
    variable, image = maps[0].args
    rest = piece.integrand / maps[0]
    if (
        has_functional(rest)
        or image.has(variable)
        or any(variable in density.free_symbols for density in rest.atoms(Density))
    ):
        raise NotProved(
            f"{latex(maps[0])} cannot be sifted: an unknown density of {latex(variable)} or another integral stands beside it"
        )
    left = tuple(v for v in piece.variables if v != variable)
    rule = rf"\int {latex(maps[0])} f({latex(variable)})\,d{latex(variable)} = f({latex(image)})"
    return _sifted(
        replace(
            piece,
            integrand=rest.xreplace({variable: image}),
            variables=left,
            used=(*piece.used, rule),
        )
    )


def _reduced(piece: IntegralTerm) -> IntegralTerm:
    """The same integral without a conditional density whose variables nothing else depends on: it integrates to 1."""
    for density in factors(piece.integrand):
        rest = piece.integrand / density
        if (
            isinstance(density, Density)
            and set(density.over) < set(piece.variables)
            and not rest.free_symbols & set(density.over)
        ):
            left = tuple(v for v in piece.variables if v not in density.over)
            return _reduced(
                replace(
                    piece,
                    integrand=rest,
                    variables=left,
                    used=(*piece.used, normalisation(density)),
                )
            )
    return piece


def _lifted(piece: IntegralTerm, variables, finite: RandomTables) -> IntegralTerm:
    """The same integral over all variables, by a conditional density of the missing ones, which integrates to 1."""
    missing = tuple(v for v in variables if v not in piece.variables)
    if not missing:
        return piece
    families = {f.family for f in factors(piece.integrand) if isinstance(f, Density)}
    able = [j for j in finite.joints if set(missing) <= set(j.variables)]
    fitting = [j for j in able if j.family in families] or able
    if not fitting:
        raise NotProved(
            f"no joint has a density of {', '.join(map(str, missing))} beside {latex(piece.integrand)}"
        )
    joint = fitting[0]
    known = tuple(v for v in joint.variables if v in piece.integrand.free_symbols)
    conditional = joint(*missing, given=known)
    used = (*piece.used, normalisation(conditional))
    return replace(piece, integrand=piece.integrand * conditional, variables=variables, used=used)


def _by_bayes(expression: Expr, finite: RandomTables) -> Expr:
    """Conditionals as joint over marginal."""
    joints = {joint.family: joint for joint in finite.joints}
    conditionals = [d for d in expression.atoms(Density) if d.given]
    return expression.xreplace(
        {d: joints[d.family](*d.over, *d.given) / joints[d.family](*d.given) for d in conditionals}
    )


def _simplified(expression: Expr) -> Expr:
    names = {d: sympy.Dummy(str(d), positive=True) for d in expression.atoms(Density)}
    odds = {
        c: sympy.Dummy(str(c), positive=True)
        for c in expression.atoms(ClassProbability)
        if c.outcome or c.other not in expression.atoms(ClassProbability)
    }
    shares = {
        **{c: o / (1 + o) for c, o in odds.items()},
        **{c.other: 1 / (1 + o) for c, o in odds.items()},
    }
    plain = sympy.expand(
        sympy.expand_log(sympy.together(expression.xreplace(names).xreplace(shares)), deep=True)
    )
    return sympy.expand(sympy.simplify(plain)).xreplace({v: k for k, v in names.items()})


def require_integral_zero(gap: Expr, variables, rules: list) -> None:
    """0 pointwise, or a sum of densities whose integrals cancel by normalisation."""
    total = sympy.S.Zero
    for term in Add.make_args(gap):
        density = [f for f in Mul.make_args(term) if isinstance(f, Density)]
        coefficient = term / Mul(*density)
        if term != 0 and (
            len(density) != 1 or not coefficient.is_number or set(density[0].over) != set(variables)
        ):
            raise NotProved(f"the integrands differ by {gap}")
        if term != 0:
            rules[:] = [rule for rule in rules if rule != POINTWISE] + [normalisation(density[0])]
            total += coefficient
    if total != 0:
        raise NotProved(f"the integrals differ by {total}")


def _finiteness(sides) -> list[str]:
    """A side that is a sum of several integrals needs those that could be −∞ to be finite, unless none could be +∞."""
    return [
        rf"{latex(SumOrIntegral(_unsigned(piece.integrand), piece.variables))} \text{{ is finite}}"
        for side in sides
        if not all(never_negative(-piece.coefficient * piece.integrand) for piece in side)
        for piece in side
        if not piece.finite
        and (
            (len(side) > 1 and piece.variables and not _bounded_below(piece))
            or (TONELLI in piece.used and not (piece.bounded or _bounded_below(piece)))
        )
    ]


def _bounded_below(piece: IntegralTerm) -> bool:
    """Whether coefficient · integral cannot be −∞."""
    return (piece.bounded and piece.coefficient.is_positive) or never_negative(
        piece.coefficient * piece.integrand
    )


def _require_no_hidden_zero(side: Expr) -> None:
    """A factor beside its own inverse would be cancelled, and with it the question of what happens where it vanishes."""
    for product in side.atoms(Mul):
        parts = flat(product)
        if any(f.is_Pow and f.exp.is_negative and f.base in parts for f in parts):
            raise NotProved(
                f"{latex(product)} holds a factor and its inverse: cancel them, or say where the factor is positive"
            )


def _unsigned(integrand: Expr) -> Expr:
    return -integrand if integrand.could_extract_minus_sign() else integrand
