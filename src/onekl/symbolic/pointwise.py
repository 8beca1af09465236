"""The prover of identities between functionals of unknown densities.

Every term is brought under one integral over all variables, by ∫ p(z|x) dz = 1, and the integrands
are compared as functions of positive numbers; then it is asked what happens where densities vanish.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

import sympy
from sympy import Add, Derivative, Expr, Symbol
from sympy.core.function import AppliedUndef

from onekl.symbolic.absolute import without_max
from onekl.symbolic.algebra import ClassProbability, Density, Dirac, SumOrIntegral
from onekl.symbolic.copies import copies_in
from onekl.symbolic.nodes import nodes_of
from onekl.symbolic.notation import latex
from onekl.symbolic.patterns import by_bayes
from onekl.symbolic.premises import Finite
from onekl.symbolic.proof import (
    NotProved,
    Proof,
    is_finite_measure,
)
from onekl.symbolic.renaming import (
    alone,
    completing,
    distinct,
    marginalised,
    mean_over_renamings,
)
from onekl.symbolic.sampling import RandomTables, all_variables
from onekl.symbolic.terms import IntegralTerm, KnownRange, integral_terms, never_negative
from onekl.symbolic.trial_points import could_be_additive
from onekl.symbolic.zeros import support_premises

Sides = list[list[IntegralTerm]]  # the left side and the right one, each a sum of terms
Spread = Callable[[IntegralTerm], list[IntegralTerm]]


def prove_pointwise(left: Expr, right: Expr, tables: RandomTables) -> Proof:
    """Prove left = right for all densities of the joints; NotProved with what is left over."""
    _require_closed(left, right, tables)
    sides = [_prepared_terms(left, tables), _prepared_terms(right, tables)]
    variables = _all_integrated(sides, tables)
    seen = [f for side in sides for term in side for f in term.parts if isinstance(f, Density)]
    whole = [[_lifted(term, variables, tables, seen) for term in side] for side in sides]
    spread, gap = _compared(whole, variables, tables)
    lifted = _spread_out(whole, spread)
    require_integral_zero(gap, variables)
    stated = [part for side in sides for term in side for part in term.parts]
    needed = _needed(sides)
    marked = [t for row, marks in zip(whole, needed) for t, mark in zip(row, marks) if mark]
    convergent = [one for term in marked for one in spread(term)]
    support = distinct(support_premises(lifted, gap, tables, stated, convergent))
    return Proof(needs=(*_finiteness(sides, needed), *support))


@lru_cache(maxsize=4096)  # a mutant leaves one of the sides as it is
def _prepared_terms(side: Expr, tables: RandomTables) -> list[IntegralTerm]:
    """A side's terms, with all integrals carried out that do not depend on the rest of a term."""
    terms = integral_terms(side)
    return [marginalised(_reduced(_sifted(term)), tables.joints) for term in terms]


def _require_closed(left: Expr, right: Expr, tables: RandomTables) -> None:
    """NotProved where a variable is left open, or where the sides hold what is not compared."""
    open_, strange, differentiated = (
        found | others for found, others in zip(_left_open(left, tables), _left_open(right, tables))
    )
    if open_:
        names = ", ".join(sorted(map(str, open_)))
        raise NotProved(f"the statement leaves {names} open: integrate over it or average it")
    if strange:
        names = ", ".join(sorted(strange))
        raise NotProved(f"the tables have no joint and no constant of the name {names}")
    if differentiated:
        raise NotProved("a derivative in a variable of unknown densities is beyond this prover")


@lru_cache(maxsize=4096)  # a mutant leaves one of the sides as it is
def _left_open(side: Expr, tables: RandomTables) -> tuple[frozenset, frozenset, frozenset]:
    """The variables that a side leaves open, the names it may not hold, and its derivatives."""
    variables, free = set(all_variables(tables, side)), side.free_symbols
    families = {d.family for d in nodes_of(Density, side)}
    strange = families - {joint.family for joint in tables.joints}
    strange |= set(map(latex, free - variables - set(tables.scalars)))
    return frozenset(free & variables), frozenset(strange), nodes_of(Derivative, side)


def _all_integrated(sides: list[list[IntegralTerm]], tables: RandomTables) -> tuple[Symbol, ...]:
    """The variables that some term is integrated over, in the joints' order."""
    everything = {v for side in sides for term in side for v in term.variables}
    known = all_variables(tables, *everything)
    strange = everything - set(known)
    if strange:
        raise NotProved(
            f"{', '.join(map(str, strange))} is integrated over but belongs to no joint"
        )
    return tuple(v for v in known if v in everything)


def _sifted(term: IntegralTerm) -> IntegralTerm:
    """The same integral with ∫ δ(x − G(z)) h(x, z) dx = h(G(z), z) carried out.

    NotProved where x has an unknown density.
    """
    maps = [f for f in term.parts if isinstance(f, Dirac) and f.over[0] in term.variables]
    if not maps:
        return term
    variable, image = maps[0].args
    rest = _without(term.parts, maps[0])
    if image.has(variable) or any(
        variable in density.free_symbols for part in rest for density in part.atoms(Density)
    ):
        raise NotProved(
            f"{latex(maps[0])} cannot be sifted: an unknown density of {latex(variable)} "
            "or another integral stands beside it"
        )
    sifted = replace(
        term,
        parts=tuple(part.xreplace({variable: image}) for part in rest),
        variables=tuple(v for v in term.variables if v != variable),
    )
    return _sifted(sifted)


def _without(parts: tuple[Expr, ...], one: Expr) -> tuple[Expr, ...]:
    """The parts without the first that is this one."""
    place = parts.index(one)
    return parts[:place] + parts[place + 1 :]


def _reduced(term: IntegralTerm) -> IntegralTerm:
    """The same integral without densities whose variables nothing else depends on.

    Each of them integrates to 1.
    """
    for density in term.parts:
        if not isinstance(density, Density) or not set(density.over) < set(term.variables):
            continue
        rest = _without(term.parts, density)
        if not any(part.free_symbols & set(density.over) for part in rest):
            reduced = replace(
                term,
                parts=rest,
                variables=tuple(v for v in term.variables if v not in density.over),
            )
            return _reduced(reduced)
    return term


def _lifted(
    term: IntegralTerm,
    variables: tuple[Symbol, ...],
    tables: RandomTables,
    seen: Sequence[Density],
) -> IntegralTerm:
    """The same integral over all variables, times densities that integrate to 1."""
    factors = completing(term, variables, tables.joints, seen)
    return replace(term, parts=(*term.parts, *factors), variables=variables)


def _compared(
    sides: Sides, variables: tuple[Symbol, ...], tables: RandomTables
) -> tuple[Spread, Expr]:
    """How the terms are to be spread over renamings, and the left integrand less the right one.

    They stay as they are where the integrands are equal, or where there are no copies.
    """
    if not copies_in(variables):
        is_seen = could_be_additive(sides, tables.joints)
        if is_seen is False:
            raise NotProved(lambda: _difference(_gap(sides, tables)))
        gap = _gap(sides, tables)
        return alone, _in_full(gap) if is_seen else _simplified(gap)
    gap = _simplified(_gap(sides, tables))
    if gap == 0:
        return alone, gap
    spread = _spread_out(sides, mean_over_renamings)
    return mean_over_renamings, _simplified(_gap(spread, tables))


def _spread_out(sides: Sides, spread: Spread) -> Sides:
    return [[one for term in side for one in spread(term)] for side in sides]


def _gap(sides: Sides, tables: RandomTables) -> Expr:
    """The left integrand less the right one, with conditionals as ratios."""
    left, right = (sum(t.coefficient * t.integrand for t in side) for side in sides)
    return by_bayes(left - right, tables)


def _simplified(expression: Expr) -> Expr:
    """A difference in its simplest form, if it could be 0 or a sum of densities; else as it is."""
    bare, names, _ = _positive_numbers(expression)
    return _in_full(expression) if _is_additive(bare, names) else expression


def _positive_numbers(expression: Expr) -> tuple[Expr, list[Symbol], dict[Symbol, Expr]]:
    """The expression as one of positive numbers, with D written by its odds.

    Also the symbols that stand for densities, and what each symbol stands for.
    """
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
    unnamed = {name: density for density, name in names.items()}
    unnamed |= {odd: chance / chance.other for chance, odd in odds.items()}
    return expression.xreplace(names).xreplace(shares), list(names.values()), unnamed


def _in_full(expression: Expr) -> Expr:
    """The expression simplified as one of positive numbers."""
    bare, _, unnamed = _positive_numbers(expression)
    together = sympy.together(without_max(bare))
    plain = sympy.expand(sympy.expand_log(together, deep=True))
    if sympy.expand(sympy.fraction(sympy.together(plain))[0]) == 0:
        return sympy.S.Zero
    return sympy.expand(sympy.cancel(plain)).xreplace(unnamed)


def _is_additive(expression: Expr, densities: list[Symbol]) -> bool:
    """Whether the expression could be a sum of densities times constants, tried at two points.

    Only then can a difference have the integral 0; to simplify any other takes long.
    """
    others = sorted(expression.free_symbols - set(densities), key=str)
    fixed = {s: sympy.Rational(2 * k + 3, 7) for k, s in enumerate(others)}
    unknown = sorted(expression.atoms(AppliedUndef), key=str)
    fixed |= {f: sympy.Rational(3 * k + 2, 11) for k, f in enumerate(unknown)}

    one, two = (
        {d: sympy.Rational((k + 2) ** power + k, 13) for k, d in enumerate(densities)}
        for power in (1, 2)
    )
    both = {d: one[d] + two[d] for d in densities}
    values = [sympy.N(expression.xreplace(fixed).xreplace(p), 30) for p in (one, two, both)]
    if not all(value.is_number and value.is_finite for value in values):
        return True
    return abs(values[0] + values[1] - values[2]) < sympy.Float(10) ** -15


def require_integral_zero(gap: Expr, variables: tuple[Symbol, ...]) -> None:
    """NotProved unless the gap is 0 pointwise, or a sum of densities whose integrals cancel."""
    total = sympy.S.Zero
    for term in Add.make_args(gap):
        if term == 0:
            continue
        coefficient, density = term.as_independent(Density, as_Add=False)
        if (
            not isinstance(density, Density)
            or coefficient.free_symbols & set(variables)
            or set(density.over) != set(variables)
        ):
            raise NotProved(lambda: _difference(gap))
        total += coefficient
    if _simplified(total) != 0:
        raise NotProved(f"the integrals differ by {latex(total)}")


def _difference(gap: Expr) -> str:
    return f"the integrands differ by {latex(_in_full(gap))}"


def _needed(sides: list[list[IntegralTerm]]) -> list[list[bool]]:
    """Which terms of both sides have to be finite.

    A nested integral that is alone on its side needs it not, if the other side is steady: its
    integrand then has an integrable negative part, and the order of integration does not matter.
    """
    left, right = (_must_be_finite(side) for side in sides)
    if len(sides[0]) == 1 and _is_steady(sides[1], right):
        left = [False]
    elif len(sides[1]) == 1 and _is_steady(sides[0], left):
        right = [False]
    return [left, right]


def _is_steady(side: list[IntegralTerm], finite: list[bool]) -> bool:
    """Whether each term is finite by a premise, or bounded below as it is."""
    return all(
        mark or not term.variables or not term.may_be_minus_infinity
        for term, mark in zip(side, finite)
    )


def _must_be_finite(side: list[IntegralTerm]) -> list[bool]:
    """Which terms of a side have to be finite, so that neither ∞ − ∞ nor a wrong exchange occurs.

    A side without terms above 0 cannot be +∞ and needs none.
    A term needs it if it could be −∞, and was nested or stands in a sum.
    """
    if all(never_negative(-term.coefficient * term.integrand) for term in side):
        return [False] * len(side)
    alone = len(side) == 1
    return [
        term.known != KnownRange.BOUNDED
        and term.may_be_minus_infinity
        and not _is_mass(term)
        and (
            (term.nested and term.known < KnownRange.BOUNDED_BELOW)
            or (not alone and bool(term.variables))
        )
        for term in side
    ]


def _is_mass(term: IntegralTerm) -> bool:
    """Whether a term is a number times the mass of a density, so that it is finite."""
    measure = term.integrand.as_coeff_Mul()[1]
    return is_finite_measure(measure, term.variables, frozenset(term.variables))


def _finiteness(sides: list[list[IntegralTerm]], needed: list[list[bool]]) -> tuple[Finite, ...]:
    """The premises of finiteness: of the terms that need it, and of the factors of products."""
    in_sums = [
        is_finite(term.total)
        for side, marks in zip(sides, needed)
        for term, mark in zip(side, marks)
        if mark
    ]
    factors = [is_finite(total) for side in sides for term in side for total in term.finite]
    return distinct((*in_sums, *factors))


def is_finite(total: SumOrIntegral) -> Finite:
    """The premise that an integral is finite, told without a sign before it."""
    return Finite(SumOrIntegral(_unsigned(total.integrand), total.variables))


def _unsigned(integrand: Expr) -> Expr:
    return -integrand if integrand.could_extract_minus_sign() else integrand
