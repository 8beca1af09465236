"""The prover of identities between functionals of unknown densities.

Every term is brought under one integral over all variables, by ∫ p(z|x) dz = 1, and the integrands
are compared as functions of positive numbers; then it is asked what happens where densities vanish.
"""

from __future__ import annotations

from dataclasses import replace

import sympy
from sympy import Add, Derivative, Expr, Mul, Symbol

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
from onekl.symbolic.terms import IntegralTerm, KnownRange, flat, integral_terms, never_negative
from onekl.symbolic.zeros import support_premises


def prove_pointwise(left: Expr, right: Expr, tables: RandomTables) -> Proof:
    """Prove left = right for all densities of the joints; NotProved with what is left over."""
    _require_closed(left, right, tables)
    sides = [[_reduced(_sifted(term)) for term in integral_terms(side)] for side in (left, right)]
    variables = _all_integrated(sides, tables)
    lifted = [[_lifted(term, variables, tables) for term in side] for side in sides]
    rules = [POINTWISE] + [rule for side in lifted for term in side for rule in term.used]
    integrands = [sum(term.coefficient * term.integrand for term in side) for side in lifted]
    gap = _simplified(_by_bayes(integrands[0] - integrands[1], tables))
    require_integral_zero(gap, variables, rules)
    support = support_premises(lifted, gap, tables)
    rules += [] if support else [EXTENDED]
    steps = tuple(
        latex(SumOrIntegral(term.coefficient * term.integrand, variables))
        for side in lifted
        for term in side
    )
    premises = (*_finiteness(sides), *(premise.latex() for premise in support))
    return Proof(
        tuple(dict.fromkeys(rules)), tuple(dict.fromkeys(premises)), steps, support=support
    )


def _require_closed(left: Expr, right: Expr, tables: RandomTables) -> None:
    """NotProved where a variable is left open, or where the sides hold what is not compared."""
    open_ = (left.free_symbols | right.free_symbols) & set(all_variables(tables))
    if open_:
        raise NotProved(
            f"the statement leaves {', '.join(map(str, open_))} open: "
            "integrate over it or average it"
        )
    if left.has(Derivative) or right.has(Derivative):
        raise NotProved("a derivative in a variable of unknown densities is beyond this prover")
    for side in (left, right):
        _require_no_hidden_zero(side)


def _all_integrated(sides: list[list[IntegralTerm]], tables: RandomTables) -> tuple[Symbol, ...]:
    """The variables that some term is integrated over, in the joints' order."""
    everything = {v for side in sides for term in side for v in term.variables}
    strange = everything - set(all_variables(tables))
    if strange:
        raise NotProved(
            f"{', '.join(map(str, strange))} is integrated over but belongs to no joint"
        )
    return tuple(v for v in all_variables(tables) if v in everything)


def _sifted(term: IntegralTerm) -> IntegralTerm:
    """The same integral with ∫ δ(x − G(z)) h(x, z) dx = h(G(z), z) carried out.

    NotProved where x has an unknown density.
    """
    maps = [
        f for f in factors(term.integrand) if isinstance(f, Dirac) and f.over[0] in term.variables
    ]
    if not maps:
        return term
    variable, image = maps[0].args
    rest = term.integrand / maps[0]
    if (
        has_functional(rest)
        or image.has(variable)
        or any(variable in density.free_symbols for density in rest.atoms(Density))
    ):
        raise NotProved(
            f"{latex(maps[0])} cannot be sifted: an unknown density of {latex(variable)} "
            "or another integral stands beside it"
        )
    rule = rf"\int {latex(maps[0])} f({latex(variable)})\,d{latex(variable)} = f({latex(image)})"
    sifted = replace(
        term,
        integrand=rest.xreplace({variable: image}),
        variables=tuple(v for v in term.variables if v != variable),
        used=(*term.used, rule),
    )
    return _sifted(sifted)


def _reduced(term: IntegralTerm) -> IntegralTerm:
    """The same integral without densities whose variables nothing else depends on.

    Each of them integrates to 1.
    """
    for density in factors(term.integrand):
        rest = term.integrand / density
        if (
            isinstance(density, Density)
            and set(density.over) < set(term.variables)
            and not rest.free_symbols & set(density.over)
        ):
            reduced = replace(
                term,
                integrand=rest,
                variables=tuple(v for v in term.variables if v not in density.over),
                used=(*term.used, normalisation(density)),
            )
            return _reduced(reduced)
    return term


def _lifted(
    term: IntegralTerm, variables: tuple[Symbol, ...], tables: RandomTables
) -> IntegralTerm:
    """The same integral over all variables: a conditional of the missing ones integrates to 1."""
    missing = tuple(v for v in variables if v not in term.variables)
    if not missing:
        return term
    families = {f.family for f in factors(term.integrand) if isinstance(f, Density)}
    able = [j for j in tables.joints if set(missing) <= set(j.variables)]
    fitting = [j for j in able if j.family in families] or able
    if not fitting:
        raise NotProved(
            f"no joint has a density of {', '.join(map(str, missing))} "
            f"beside {latex(term.integrand)}"
        )
    joint = fitting[0]
    known = tuple(v for v in joint.variables if v in term.integrand.free_symbols)
    conditional = joint(*missing, given=known)
    used = (*term.used, normalisation(conditional))
    return replace(term, integrand=term.integrand * conditional, variables=variables, used=used)


def _by_bayes(expression: Expr, tables: RandomTables) -> Expr:
    """Conditionals as joint over marginal."""
    joints = {joint.family: joint for joint in tables.joints}
    conditionals = [d for d in expression.atoms(Density) if d.given]
    return expression.xreplace(
        {d: joints[d.family](*d.over, *d.given) / joints[d.family](*d.given) for d in conditionals}
    )


def _simplified(expression: Expr) -> Expr:
    """The expression simplified as one of positive numbers, with D written by its odds."""
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
    together = sympy.together(expression.xreplace(names).xreplace(shares))
    plain = sympy.expand(sympy.expand_log(together, deep=True))
    unnamed = {name: density for density, name in names.items()}
    return sympy.expand(sympy.simplify(plain)).xreplace(unnamed)


def require_integral_zero(gap: Expr, variables: tuple[Symbol, ...], rules: list[str]) -> None:
    """NotProved unless the gap is 0 pointwise, or a sum of densities whose integrals cancel.

    In the second case `rules` loses the one of pointwise equality and gains normalisations.
    """
    total = sympy.S.Zero
    for term in Add.make_args(gap):
        if term == 0:
            continue
        densities = [f for f in Mul.make_args(term) if isinstance(f, Density)]
        coefficient = term / Mul(*densities)
        if (
            len(densities) != 1
            or not coefficient.is_number
            or set(densities[0].over) != set(variables)
        ):
            raise NotProved(f"the integrands differ by {gap}")
        rules[:] = [rule for rule in rules if rule != POINTWISE] + [normalisation(densities[0])]
        total += coefficient
    if total != 0:
        raise NotProved(f"the integrals differ by {total}")


def _finiteness(sides: list[list[IntegralTerm]]) -> list[str]:
    """The premises that integrals are finite, so that neither ∞ − ∞ nor a wrong exchange occurs.

    A side without terms above 0 cannot be +∞ and needs none.
    """
    return [
        rf"{latex(SumOrIntegral(_unsigned(term.integrand), term.variables))} \text{{ is finite}}"
        for side in sides
        if not all(never_negative(-term.coefficient * term.integrand) for term in side)
        for term in side
        if _must_be_finite(term, alone=len(side) == 1)
    ]


def _must_be_finite(term: IntegralTerm, alone: bool) -> bool:
    """Whether a term needs the premise: it could be −∞, and was nested or stands in a sum."""
    if term.known == KnownRange.BOUNDED or not term.may_be_minus_infinity:
        return False
    nested = TONELLI in term.used and term.known < KnownRange.BOUNDED_BELOW
    return nested or (not alone and bool(term.variables))


def _require_no_hidden_zero(side: Expr) -> None:
    """NotProved where a factor stands beside its own inverse.

    It would be cancelled, and with it the question of what happens where it vanishes.
    """
    for product in side.atoms(Mul):
        parts = flat(product)
        if any(f.is_Pow and f.exp.is_negative and f.base in parts for f in parts):
            raise NotProved(
                f"{latex(product)} holds a factor and its inverse: "
                "cancel them, or say where the factor is positive"
            )


def _unsigned(integrand: Expr) -> Expr:
    return -integrand if integrand.could_extract_minus_sign() else integrand
