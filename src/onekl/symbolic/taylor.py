"""Taylor expansions of closed forms, and of integrands, point by point, where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import sympy
from sympy import Derivative, Expr, Symbol
from sympy.core.function import AppliedUndef
from sympy.logic.boolalg import Boolean

from onekl.symbolic.algebra import (
    ClassProbability,
    Density,
    Gaussian,
    SumOrIntegral,
    factors,
    integrate_real,
)
from onekl.symbolic.domain import domain, domain_near
from onekl.symbolic.notation import latex
from onekl.symbolic.pointwise import require_integral_zero
from onekl.symbolic.premises import Finite, Support
from onekl.symbolic.proof import NotProved, Proof
from onekl.symbolic.real_line import require_zero
from onekl.symbolic.sampling import RandomParameters, RandomTables, all_variables
from onekl.symbolic.terms import IntegralTerm, KnownRange, integral_terms
from onekl.symbolic.weakest_signs import REFUSALS, declared, needed_premises

Sides = tuple[list[IntegralTerm], list[IntegralTerm]]

ANALYTIC = (
    sympy.Add,
    sympy.Mul,
    sympy.Pow,
    sympy.exp,
    sympy.log,
    sympy.tanh,
    Symbol,
    sympy.Number,
    sympy.NumberSymbol,
)


def require_taylor(
    function: Expr,
    value: Expr,
    symbol: Symbol,
    order: int,
    require: Callable[[Expr, str], None] = require_zero,
) -> None:
    """NotProved, with what is left over, unless the function's Taylor polynomial at 0 is `value`.

    `require` says whether a difference is as good as 0. A symbol that is not known to be positive
    goes to 0 from both sides.
    """
    series = _by_derivatives(function, symbol, order)
    if series is None:
        if not symbol.is_positive:
            mirrored = _by_sympy(function.subs(symbol, -symbol), symbol, order)
            require(mirrored - value.subs(symbol, -symbol), "the series from below less the value")
        series = _by_sympy(function, symbol, order)
    require(series - value, "the series less the value")


def _by_derivatives(function: Expr, symbol: Symbol, order: int) -> Expr | None:
    """The Taylor polynomial of an elementary function.

    None unless its derivatives at 0, one more than needed, come out finite.
    """
    if not all(isinstance(node, ANALYTIC) for node in sympy.preorder_traversal(function)):
        return None
    derivatives = [sympy.diff(function, symbol, k).subs(symbol, 0) for k in range(order + 2)]
    if any(
        d.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo)
        or any(power.base == 0 for power in d.atoms(sympy.Pow))
        for d in derivatives
    ):
        return None
    return sympy.Add(*(d * symbol**k / sympy.factorial(k) for k, d in enumerate(derivatives[:-1])))


def _by_sympy(function: Expr, symbol: Symbol, order: int) -> Expr:
    """SymPy's series; NotProved unless it, with one term more, is one in whole powers."""
    series, next_one = (
        sympy.series(function, symbol, 0, order + k).removeO().doit() for k in (1, 2)
    )
    if not (series.is_polynomial(symbol) and next_one.is_polynomial(symbol)):
        raise NotProved(
            f"{latex(function)} has no expansion in whole powers of {latex(symbol)} "
            f"up to {order + 1}: {next_one}"
        )
    return series


def smoothness(function: Expr, symbol: Symbol, order: int) -> tuple[str, ...]:
    """The premise that unknown functions of the symbol have one derivative more than the order.

    NotProved for a kink inside one.
    """
    moving = sorted((u for u in function.atoms(AppliedUndef) if symbol in u.free_symbols), key=str)
    if any(not argument.is_polynomial(symbol) for u in moving for argument in u.args):
        raise NotProved(f"{latex(moving[0])} need not be smooth in {latex(symbol)}")
    return tuple(
        rf"{latex(sympy.Symbol(u.func.__name__))} "
        rf"\text{{ is {order + 1} times continuously differentiable}}"
        for u in moving
    )


def expand_under_the_integral(
    expression: Expr,
    value: Expr,
    symbol: Symbol,
    order: int,
    instances: RandomTables | RandomParameters,
) -> Proof:
    """Prove that the integrand of `expression` is that of `value` up to O(symbol^(order+1)).

    It is proved at each point. What is left to assume: that the integrals of the value are finite,
    that the remainders at all points together are as small, and that some densities do not vanish.
    """
    terms = _integrands(expression, value, symbol, instances)
    fragile, vanishing = _fragile_and_vanishing(terms, symbol, order, instances)

    def conditions_of(expression: Expr, value: Expr) -> tuple[Boolean, ...]:
        weaker = _integrands(expression, value, symbol, instances)
        return _conditions_of_series(weaker, symbol, order, vanishing)

    bound = terms[0][0].variables
    sides, fixed = (expression, value), (symbol, *bound)
    signs = needed_premises(sides, conditions_of, declared(instances), fixed)
    support = tuple(Support((d,)) for d in fragile)
    finite = tuple(
        total for term in terms[1] for total in _finite_coefficients(term, symbol, order)
    )
    needs = (*support, *finite, _small_remainders(bound, symbol, order))
    return Proof(needs=needs, signs=signs)


def _conditions_of_series(
    terms: Sides, symbol: Symbol, order: int, vanishing: Iterable[Density]
) -> tuple[Boolean, ...]:
    """The conditions under which the left integrand has the right one as its series.

    NotProved where the series is not the right integrand, and where a density of `vanishing` has to
    be positive.
    """
    left, right, names = _named(terms, symbol, vanishing)
    unnamed = {name: thing for thing, name in names.items()}

    def require(gap: Expr, what: str) -> None:
        """The gap is 0 at each point, or a sum of densities whose integrals cancel."""
        try:
            plain = sympy.expand(sympy.simplify(gap)).xreplace(unnamed)
            require_integral_zero(plain, terms[0][0].variables)
        except NotProved:
            require_zero(gap, what)

    require_taylor(left, right, symbol, order, require)
    conditions = domain_near(left, domain(left), symbol, sympy.S.Zero, smooth=order > 0)
    for density in vanishing:
        if any(names[density] in condition.free_symbols for condition in conditions):
            raise NotProved(f"the expansion does not hold where {latex(density)} is 0")
    return tuple(c.xreplace(unnamed) for c in conditions)


def _named(
    terms: Sides, symbol: Symbol, vanishing: Iterable[Density] = ()
) -> tuple[Expr, Expr, dict[Expr, Symbol]]:
    """The two integrands in symbols for what is unknown in them, and these symbols."""
    sides = [sympy.Add(*(term.coefficient * term.integrand for term in side)) for side in terms]
    names = _names(sides, symbol)
    names |= {d: sympy.Dummy(str(d), nonnegative=True) for d in vanishing}
    left, right = (
        integrate_real(side).xreplace(names) for side in _without_common_gaussians(sides)
    )
    return left, right, names


def _fragile_and_vanishing(
    terms: Sides, symbol: Symbol, order: int, instances: RandomTables | RandomParameters
) -> tuple[list[Density], list[Density]]:
    """The densities that have to be positive, and those at whose zeros the expansion holds too.

    One that is cancelled has to be positive. Of two that cannot both vanish it is the one whose
    family is declared later.
    """
    joints = instances.joints if isinstance(instances, RandomTables) else ()
    place = {joint.family: k for k, joint in enumerate(joints)}
    left, right, names = _named(terms, symbol)
    parts = [part for side in terms for term in side for part in term.parts]
    every = {d for part in parts for d in part.atoms(Density)}
    fragile, vanishing = [], []
    for density in sorted(every, key=lambda d: (place.get(d.family, 0), len(d.over), str(d))):
        if density not in names:
            fragile.append(density)
        elif not _is_mere_weight(names[density], (left, right)):
            try:
                _conditions_of_series(terms, symbol, order, [*vanishing, density])
                vanishing.append(density)
            except REFUSALS:
                fragile.append(density)
    return fragile, vanishing


def _finite_coefficients(term: IntegralTerm, symbol: Symbol, order: int) -> list[Finite]:
    """The premises that the integrals before each power of the symbol are finite."""
    if term.known == KnownRange.BOUNDED:
        return []
    integrands = [sympy.diff(term.integrand, symbol, k).subs(symbol, 0) for k in range(order + 1)]
    varying = [
        part.as_independent(*term.variables, Density, as_Add=False)[1]
        for part in integrands
        if part != 0
    ]
    return [Finite(SumOrIntegral(part, term.variables)) for part in varying]


def _small_remainders(variables: tuple[Symbol, ...], symbol: Symbol, order: int) -> str:
    """The premise that the remainders are small together, not only each at its point."""
    at_all = ", ".join(map(latex, variables))
    together = rf"O({latex(symbol)}^{{{order + 1}}})"
    return rf"\text{{the remainders at all }} {at_all} \text{{ together are }} {together}"


def _integrands(
    expression: Expr, value: Expr, symbol: Symbol, instances: RandomTables | RandomParameters
) -> Sides:
    """The terms of each side; all are integrals over the same variables, or 0.

    NotProved for any other.
    """
    parts = [
        [term for term in integral_terms(side) if term.variables or term.integrand != 0]
        for side in (expression, value)
    ]
    over = {frozenset(term.variables) for side in parts for term in side}
    if len(over) != 1 or not all(over) or not parts[0]:
        raise NotProved("every term of both sides must be an integral over the same variables")
    variables = parts[0][0].variables
    on_tables = isinstance(instances, RandomTables)
    known = (
        all_variables(instances)
        if on_tables
        else tuple(v for v in variables if v.is_real and v.is_nonnegative is None)
    )
    if symbol in variables or not set(variables) <= set(known):
        raise NotProved(
            f"{', '.join(map(str, variables))} must be variables of the joints, "
            f"or real ones of no known sign, and not {symbol}"
        )
    if on_tables and (expression.free_symbols | value.free_symbols) & set(known):
        raise NotProved("the statement leaves a variable open: integrate over it")
    return parts[0], parts[1]


def _without_common_gaussians(sides: list[Expr]) -> list[Expr]:
    """The integrands divided by the Gaussians that stand before every term: they are positive."""
    terms = [term for side in sides for term in sympy.Add.make_args(side)]
    common = [
        g
        for g in factors(terms[0])
        if isinstance(g, Gaussian) and all(g in factors(term) for term in terms)
    ]
    return [
        sympy.Add(*(term / sympy.Mul(*common) for term in sympy.Add.make_args(side)))
        for side in sides
    ]


def _names(sides: list[Expr], symbol: Symbol) -> dict[Expr, Symbol]:
    """A symbol for each unknown density and each value of an unknown function.

    NotProved where one of them moves with `symbol`, and for derivatives and values of D.
    """
    unknown = {u for side in sides for u in side.atoms(Density, AppliedUndef)}
    if any(side.has(Derivative, ClassProbability) for side in sides) or any(
        symbol in u.free_symbols for u in unknown
    ):
        raise NotProved(
            f"an unknown function that moves with {symbol}, or a derivative, "
            "cannot be expanded point by point"
        )
    return {
        u: sympy.Dummy(str(u), positive=u.is_positive or None, real=True)
        for u in unknown
        if u.is_real or u.is_positive
    }


def _is_mere_weight(name: Symbol, sides: tuple[Expr, Expr]) -> bool:
    """Whether a density only multiplies both integrands.

    The points where it vanishes do not count then.
    """
    return not any(sympy.simplify(side / name).has(name) for side in sides)
