"""Integrals of unknown densities with a parameter, as pieces, and where densities vanish in them.

`Needed` collects the premises of a proof on the way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import sympy
from sympy import Add, Expr, Mul, Pow, Symbol

from onekl.symbolic.algebra import Density, Joint
from onekl.symbolic.notation import latex
from onekl.symbolic.parametric.densities import Along, ParametricDensity, VectorSymbol
from onekl.symbolic.premises import Support
from onekl.symbolic.proof import NotProved
from onekl.symbolic.terms import flat

Densities = frozenset[Density]


@dataclass
class Needed:
    """The premises that a proof has needed so far, each once, in order."""

    joints: dict[str, Joint]
    lines: dict[str, None] = field(default_factory=dict)
    support: dict[Support, None] = field(default_factory=dict)

    def exchange(self, integral: Expr, parameter: VectorSymbol, order: int) -> None:
        """The premise that an integral may be differentiated under its sign."""
        times = {1: "", 2: "twice "}.get(order, f"{order} times ")
        self.lines[
            rf"\text{{differentiation in }} {latex(parameter)} "
            rf"\text{{ may be taken {times}under }} {latex(integral)}"
        ] = None

    def stays_zero(self, density: ParametricDensity) -> None:
        """The premise that the support of a family does not move."""
        self.lines[
            rf"\text{{where }} {latex(density.at_parameter)} = 0 "
            r"\text{ it stays 0: the support does not move}"
        ] = None

    def finite(self, term: Expr) -> None:
        """The premise that a term is finite."""
        self.lines[rf"{latex(term)} \text{{ is finite}}"] = None

    def positive(self, any_of: Iterable[Density], where: Iterable[Density]) -> None:
        """The premise that one of the densities is positive where all of the others are."""
        first, second = (tuple(sorted(some, key=str)) for some in (any_of, where))
        self.support[Support(first, second)] = None


@dataclass(frozen=True)
class Piece:
    """∫ integrand over the variables, the integrand being 0 where one of the weights is.

    There all `bases` have to be positive: logs are taken of them, or they are divided by.
    `fixed` are densities that a premise makes positive wherever the integrand counts.
    """

    integrand: Expr
    variables: tuple[Symbol, ...] = ()
    weights: Densities = frozenset()
    bases: frozenset[Expr] = frozenset()
    fixed: Densities = frozenset()

    def times(self, factor: Piece) -> Piece:
        """The piece times a factor without an integral."""
        if factor.integrand.free_symbols & set(self.variables):
            raise NotProved(
                f"a variable is bound twice in {latex(factor.integrand)} "
                "and the integral that it multiplies: rename one"
            )
        return replace(
            self,
            integrand=factor.integrand * self.integrand,
            weights=self.weights | factor.weights,
            bases=self.bases | factor.bases,
        )

    def over(self, weight: Expr, variables: tuple[Symbol, ...]) -> Piece:
        """The piece times a weight, integrated over the variables."""
        if (weight.free_symbols | set(variables)) & set(self.variables):
            raise NotProved(
                f"a variable is bound twice in {latex(weight)} "
                "and the integral under it: rename one"
            )
        densities = [f for f in Mul.make_args(weight) if not f.is_number]
        if not all(isinstance(f, Density) for f in densities):
            raise NotProved(f"the weight {latex(weight)} is not a product of unknown densities")
        return replace(
            self,
            integrand=weight * self.integrand,
            variables=(*variables, *self.variables),
            weights=self.weights | set(densities),
        )


# Where densities vanish.


def settled(piece: Piece, needed: Needed) -> Piece:
    """The piece as an integral of its integrand over all points, with the premises for that."""
    bases = sorted(piece.bases, key=sympy.default_sort_key)
    weights = sorted(piece.weights, key=str) if bases else []  # else it vanishes where they do
    fixed = [d for base in bases for d in _require_positive(base, piece.weights, needed)]
    for monomial in Add.make_args(sympy.expand(piece.integrand)):
        for weight in weights:
            _require_vanishing(monomial, weight, needed)
    return replace(
        piece, weights=frozenset(), bases=frozenset(), fixed=piece.fixed | frozenset(fixed)
    )


def _implies(density: Density, other: Density) -> bool:
    """Whether the other is positive wherever the density is."""
    unconditional = not density.given and not other.given
    return density == other or (unconditional and density.has_marginal(other))


def _require_positive(base: Expr, weights: Densities, needed: Needed) -> list[Density]:
    """Premises that make a base positive where the weights are; the densities that they fix."""
    if not base.is_positive:
        raise NotProved(f"{latex(base)} is not seen to be positive")
    if isinstance(base, Density):
        return _require_density(base, weights, needed)
    if isinstance(base, Mul):
        return [d for f in base.args for d in _require_positive(f, weights, needed)]
    if isinstance(base, Pow):
        return _require_positive(base.base, weights, needed)
    if isinstance(base, Add):
        _require_one_positive(base, weights, needed)
    elif base.has(Density):
        raise NotProved(f"where {latex(base)} vanishes is beyond this prover")
    return []


def _require_density(density: Density, weights: Densities, needed: Needed) -> list[Density]:
    """The premise that a density is positive where the weights are, unless one of them says so."""
    if any(_implies(weight, density) for weight in weights):
        return []
    needed.positive([density], weights)
    return [] if _moves_with(weights, density) else [density]


def _moves_with(weights: Densities, density: Density) -> bool:
    """Whether a weight moves with the density's parameter."""
    return isinstance(density, ParametricDensity) and any(
        density.parameter in weight.free_symbols for weight in weights
    )


def _require_one_positive(total: Add, weights: Densities, needed: Needed) -> None:
    """The premise that a term of a sum of densities is positive where the weights are."""
    terms = [term.as_independent(Density, as_Add=False)[1] for term in total.args]
    if any(not term.has(Density) for term in terms):
        return
    if not all(isinstance(term, Density) for term in terms):
        raise NotProved(f"where {latex(total)} vanishes is beyond this prover")
    if not any(_implies(weight, term) for term in terms for weight in weights):
        needed.positive(terms, weights)


def _require_vanishing(monomial: Expr, weight: Density, needed: Needed) -> None:
    """Premises under which a monomial is 0 where the weight is.

    It is if the weight, or what vanishes with it, still stands there; or its first derivative,
    for where a density is 0 it is smallest.
    """
    own = [base for base, power in (f.as_base_exp() for f in flat(monomial)) if power.is_positive]
    along = [b for b in own if isinstance(b, Along) and isinstance(b.expr, Density)]
    survivors = {b for b in own if isinstance(b, Density)}
    firsts = {a.expr for a in along if len(a.directions) == 1}
    if monomial == 0 or any(_implies(d, weight) for d in survivors | firsts):
        return
    later = [a.expr for a in along if _implies(a.expr, weight)]
    if later:
        needed.stays_zero(later[0])
    else:
        needed.positive([weight], survivors | firsts)
