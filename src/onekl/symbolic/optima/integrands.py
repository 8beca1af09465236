"""A functional of an unknown function as one integral over the function's variables.

What else is integrated over is integrated out at each point: a density to 1, all else to a moment,
such as ∫ y p(y|x) dy.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy
from sympy import Expr, Mul, Symbol

from onekl.symbolic.algebra import Density, SumOrIntegral, define
from onekl.symbolic.notation import latex
from onekl.symbolic.proof import NotProved, is_density
from onekl.symbolic.sampling import RandomTables, all_variables
from onekl.symbolic.terms import IntegralTerm, flat, integral_terms

Product = tuple[Expr, ...]


@dataclass(frozen=True)
class Integrand:
    """A sum of products, and the integrals that have to be finite."""

    products: tuple[Product, ...]
    finite: tuple[SumOrIntegral, ...] = ()

    def premises(self, *unknown: Expr) -> tuple[str, ...]:
        """That the integrals are finite, also the moments beside the unknown function."""
        beside = [p for p in self.products if any(f.has(*unknown) for f in p)]
        moments = [f for p in beside for f in p if isinstance(f, SumOrIntegral)]
        every = dict.fromkeys((*moments, *self.finite))
        return tuple(rf"{latex(total)} \text{{ is finite}}" for total in every)


def require_function_of(
    variables: tuple[Symbol, ...], at: Expr, functional: Expr, tables: object
) -> None:
    """NotProved unless `at` depends on these variables alone, and all densities have tables."""
    if not isinstance(tables, RandomTables):
        raise NotProved("a statement about unknown densities needs random tables as its instances")
    families = {joint.family for joint in tables.joints}
    strange = {d for e in (at, functional) for d in e.atoms(Density)}
    strange = sorted(latex(d) for d in strange if d.family not in families)
    if strange:
        raise NotProved(f"{strange[0]} belongs to no joint of the instances")
    others = (at.free_symbols & set(all_variables(tables))) - set(variables)
    if others:
        raise NotProved(f"{latex(at)} depends on {', '.join(sorted(map(latex, others)))} too")


def integrand_over(
    functional: Expr, variables: tuple[Symbol, ...], unknown: Expr, tables: RandomTables
) -> Integrand:
    """The functional as one integral over the variables.

    NotProved where it is none, or where the unknown function stands in an inner integral.
    """
    products: list[Product] = []
    finite: list[SumOrIntegral] = []
    for term in integral_terms(functional):
        if not set(variables) <= set(term.variables):
            names = ", ".join(map(latex, variables))
            raise NotProved(f"the functional is not an integral over {names} alone")
        finite += term.finite
        products += [
            _integrated_out(product, variables, term.variables, tables)
            for product in _single_products(term, set(term.variables) - set(variables))
        ]
    moments = {f for p in products for f in p if isinstance(f, SumOrIntegral)}
    if any(moment.has(unknown) for moment in moments):
        raise NotProved(f"{latex(unknown)} stands in an integral that is no mean of it")
    return Integrand(tuple(products), tuple(dict.fromkeys(finite)))


def _single_products(term: IntegralTerm, extra: set[Symbol]) -> list[Product]:
    """The term as products; multiplied out only where variables have to be integrated out."""
    parts = (term.coefficient, *map(define, term.parts))
    if not extra:
        return [parts]
    every = [f for part in parts for f in flat(part)]
    if any(f.is_Pow and f.exp.is_negative and f.base.has(Density) for f in every):
        raise NotProved(
            "a denominator stands under an integral that is to be carried out, "
            "which hides where it vanishes"
        )
    total = sympy.expand(Mul(*every), log=False, power_exp=False)
    return [tuple(flat(product)) for product in sympy.Add.make_args(total)]


def _integrated_out(
    product: Product, kept: tuple[Symbol, ...], variables: tuple[Symbol, ...], tables: RandomTables
) -> Product:
    """A product with the other variables integrated out."""
    extra = tuple(v for v in variables if v not in kept)
    if not extra:
        return product
    split = [factor for f in product for factor in _split(f, set(extra), tables)]
    inside = Mul(*(f for f in split if f.free_symbols & set(extra)))
    outside = tuple(f for f in split if not f.free_symbols & set(extra))
    if is_density(inside, extra):
        return outside
    return (*outside, SumOrIntegral(inside, extra))


def _split(factor: Expr, extra: set[Symbol], tables: RandomTables) -> list[Expr]:
    """p(x, y) as p(x) p(y|x), where y is to be integrated out and x is not."""
    if not isinstance(factor, Density) or not set(factor.over) & extra:
        return [factor]
    kept = tuple(v for v in factor.over if v not in extra)
    if not kept:
        return [factor]
    joint = next(j for j in tables.joints if j.family == factor.family)
    rest = tuple(v for v in factor.over if v in extra)
    return [joint(*kept, given=factor.given), joint(*rest, given=(*kept, *factor.given))]
