"""The ways in which the densities of some families can vanish together at one point."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import mpmath
from sympy import Expr, Mul

from onekl.symbolic.algebra import Density, Joint
from onekl.symbolic.numeric import Number
from onekl.symbolic.sampling import RandomTables

ZERO = mpmath.mpf(0)
GENERAL = mpmath.pi / 3  # a number near 1, by which no polynomial in the values happens to be 0

Densities = dict[Density, Number]


def by_bayes(expression: Expr, tables: RandomTables) -> Expr:
    """Conditionals as joint over marginal, until none is left."""
    joints = {joint.family: joint for joint in tables.joints}
    conditionals = [d for d in expression.atoms(Density) if d.given]
    if not conditionals:
        return expression
    ratios = {d: joints[d.family].whole(d) / joints[d.family].condition(d) for d in conditionals}
    return by_bayes(expression.xreplace(ratios), tables)


def support_patterns(densities: Iterable[Density], tables: RandomTables) -> Iterator[Densities]:
    """Values of the densities at a point, for every consistent way for them to vanish.

    Among them are those of the densities that a conditional is a ratio of.
    """
    joints = {joint.family: joint for joint in tables.joints}
    every = _with_parts(densities, joints)
    unconditional = [density for density in every if not density.given]
    conditionals = [density for density in every if density.given]
    for values in itertools.product((ZERO, mpmath.mpf("0.25")), repeat=len(unconditional)):
        # The values are made distinct, so that no log of a ratio is 0.
        at_point = {
            density: GENERAL * value * (k + 2) / (k + 1)
            for k, (density, value) in enumerate(zip(unconditional, values))
        }
        if _is_consistent(at_point):
            yield from _with_conditionals(at_point, conditionals, joints)


def _with_parts(densities: Iterable[Density], joints: dict[str, Joint]) -> list[Density]:
    """The densities and all that the conditionals are ratios of, in the order of their names."""
    found: set[Density] = set()
    waiting = list(densities)
    while waiting:
        density = waiting.pop()
        if density not in found:
            found.add(density)
            waiting += _parts(density, joints[density.family]) if density.given else []
    return sorted(found, key=str)


def _parts(density: Density, joint: Joint) -> list[Density]:
    """The densities that a conditional is a ratio of."""
    return [*Mul.make_args(joint.whole(density)), joint.condition(density)]


def _is_consistent(at_point: Densities) -> bool:
    """Whether no density is positive where a marginal of it is 0."""
    return not any(
        at_point[marginal] == 0 and at_point[density] > 0
        for marginal in at_point
        for density in at_point
        if density.has_marginal(marginal)
    )


def _with_conditionals(
    at_point: Densities, conditionals: list[Density], joints: dict[str, Joint]
) -> Iterator[Densities]:
    """The pattern with the conditionals added: ratios, or any value given a null event."""
    if not conditionals:
        yield at_point
        return
    known = (d for d in conditionals if set(_parts(d, joints[d.family])) <= set(at_point))
    density = next(known)
    for value in _values(density, at_point, joints[density.family]):
        left = [other for other in conditionals if other != density]
        yield from _with_conditionals({**at_point, density: value}, left, joints)


def _values(density: Density, at_point: Densities, joint: Joint) -> tuple[Number, ...]:
    """What a conditional can be; nothing where the whole is positive and its condition is not."""
    whole = mpmath.fprod(at_point[part] for part in Mul.make_args(joint.whole(density)))
    condition = at_point[joint.condition(density)]
    if condition != 0:
        return (whole / condition,)
    return (ZERO, mpmath.mpf("0.5")) if whole == 0 else ()
