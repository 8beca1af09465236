"""The value of an integrand at one point, with a symbol for each density there.

A density is 0 at the point, or a positive symbol. Products are read as the numbers read them: 0
times anything is 0. What is infinite is a positive symbol of its own, so that it can be followed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import sympy
from sympy import Add, Dummy, Expr, Mul, Pow, log
from sympy.core.function import AppliedUndef

from onekl.symbolic.algebra import ClassProbability, Density, Gaussian, Joint, SumOrIntegral
from onekl.symbolic.sampling import RandomTables
from onekl.symbolic.terms import flat

Values = Mapping[Expr, Expr]


class Infinite(Dummy):
    """A symbol for an infinite value."""


@cache
def _infinite(expression: Expr) -> Infinite:
    """The symbol for an expression that is infinite; always the same for the same expression."""
    return Infinite(str(expression), positive=True)


@dataclass(frozen=True)
class Pattern:
    """Which densities are 0 at a point, and a positive symbol, or a product, for the others."""

    values: Values

    def vanishes(self, density: Density) -> bool:
        """Whether the density is 0."""
        return self.values[density] == 0


def value_at(expression: Expr, values: Values) -> Expr:
    """The expression with the values put in from the inside out, as the numbers would do it."""
    if expression in values:
        return values[expression]
    if not expression.args or isinstance(expression, (AppliedUndef, Gaussian)):
        return expression
    if isinstance(expression, log):
        return _log_at(expression.args[0], values)
    if isinstance(expression, Mul):
        return product_at(expression.args, values)
    parts = [value_at(part, values) for part in expression.args]
    if isinstance(expression, Pow) and parts[0] == 0 and parts[1].is_negative:
        return _infinite(expression)
    if expression.is_Add and infinities_cancel(parts):
        return sympy.nan
    return expression.func(*parts)


def infinities_cancel(terms: list[Expr]) -> bool:
    """Whether an infinite symbol of some terms is lost in their sum: infinity less infinity."""
    every = set().union(*(term.atoms(Infinite) for term in terms))
    return every != sympy.expand(Add(*terms)).atoms(Infinite)


def product_at(factors: Iterable[Expr], values: Values) -> Expr:
    """The product of the factors' values, which is 0 where one of them is."""
    parts = [value_at(factor, values) for factor in factors]
    return sympy.S.Zero if sympy.S.Zero in parts else Mul(*parts)


def _log_at(inside: Expr, values: Values) -> Expr:
    """The log of a product as the sum of the logs of its factors, that of 0 minus infinite."""
    total = sympy.S.Zero
    for base, exponent in (factor.as_base_exp() for factor in flat(inside)):
        value = value_at(base, values)
        one = -_infinite(log(base)) if value == 0 else log(value)
        total += value_at(exponent, values) * one
    return total


def unknowns(expression: Expr) -> set[Expr]:
    """The densities and label probabilities of an expression that no integral in it binds."""
    if isinstance(expression, (Density, ClassProbability, SumOrIntegral)):
        return {expression}
    return set().union(*map(unknowns, expression.args))


@cache
def _symbol(name: str) -> Dummy:
    """The positive symbol of that name; always the same, so that results can be kept."""
    return Dummy(name, positive=True)


def label_values(found: Iterable[Expr]) -> dict[Expr, Expr]:
    """Values for the probabilities of labels, p₁ and p₀ = 1 − p₁, by their positive odds."""
    values = {}
    for name in sorted({c.name for c in found if _is_label(c)}):
        odds = _symbol(name)
        one = ClassProbability(name, ())
        values |= {one: odds / (1 + odds), one.other: 1 / (1 + odds)}
    return values


def _is_label(found: Expr) -> bool:
    return isinstance(found, ClassProbability) and not found.arguments


def with_conditions(densities: Iterable[Density], tables: RandomTables) -> list[Density]:
    """The densities, with the condition and the joint density of each conditional one.

    They stand in the order of the tables' families and variables, whatever their names.
    """
    joints = {joint.family: joint for joint in tables.joints}
    every = set(densities)
    for density in [d for d in every if d.given]:
        joint = joints[density.family]
        every |= {joint.condition(density), joint.whole(density)}

    def place(density: Density) -> tuple:
        axes = density.axes(joints[density.family].variables)
        return bool(density.given), list(joints).index(density.family), len(density.over), axes

    return sorted(every, key=place)


def patterns(densities: list[Density], tables: RandomTables) -> Iterator[Pattern]:
    """Every way in which the densities can vanish at a point, first that none does."""
    joints = {joint.family: joint for joint in tables.joints}
    products = _joints_as_products(densities, joints)
    free = [d for d in densities if d not in products]
    symbols = {d: _symbol(f"density{k}") for k, d in enumerate(free)}
    for zeros in itertools.product((False, True), repeat=len(free)):
        values = {d: sympy.S.Zero if zero else symbols[d] for d, zero in zip(free, zeros)}
        for whole in sorted(products, key=lambda d: len(d.over)):
            values[whole] = Mul(*(values[factor] for factor in products[whole]))
        pattern = Pattern(values)
        if _is_consistent(pattern, joints):
            yield pattern


def _joints_as_products(
    densities: list[Density], joints: dict[str, Joint]
) -> dict[Density, tuple[Density, Density]]:
    """p(x, z) = p(x) p(z|x) for the first conditional of each joint density."""
    products = {}
    for density in (d for d in densities if d.given):
        joint = joints[density.family]
        products.setdefault(joint.whole(density), (joint.condition(density), density))
    return products


def _is_consistent(pattern: Pattern, joints: dict[str, Joint]) -> bool:
    """Whether no density is positive where a marginal is 0, and each joint is a product."""
    for density in pattern.values:
        if density.given:
            joint = joints[density.family]
            factors = (joint.condition(density), density)
            if pattern.vanishes(joint.whole(density)) != any(map(pattern.vanishes, factors)):
                return False
        elif not pattern.vanishes(density) and any(
            pattern.vanishes(other)
            for other in pattern.values
            if other.family == density.family
            and not other.given
            and set(other.over) < set(density.over)
        ):
            return False
    return True
