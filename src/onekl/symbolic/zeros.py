"""Where densities vanish: does an identity of integrands still hold among the extended numbers, and if not, what mends it?"""

from __future__ import annotations

import itertools
from dataclasses import replace

import mpmath
from sympy import Expr

from onekl.symbolic.algebra import ClassProbability, Density
from onekl.symbolic.numeric import Assignment, compiled
from onekl.symbolic.proof import NotProved, Positive
from onekl.symbolic.sampling import RandomTables, all_variables


class _Point(Assignment):
    """An instance at one point, where each density is simply a number."""

    def probability(self, density: Density):
        return self.tables[density]

    def chance(self, chance: ClassProbability, point):
        return self.tables[chance]


def support_premises(lifted, gap: Expr, finite: RandomTables) -> tuple[Positive, ...]:
    """No premise if the identity also holds in the extended reals wherever densities vanish, else the fewest that mend it."""
    densities = sorted(
        {d for side in lifted for p in side for d in p.integrand.atoms(Density)}
        | gap.atoms(Density),
        key=str,
    )
    sides = [[(compiled(p.coefficient), compiled(p.integrand)) for p in side] for side in lifted]
    chances = {
        ClassProbability(c.name, c.argument)
        for side in lifted
        for p in side
        for c in p.integrand.atoms(ClassProbability)
    }
    patterns = list(_chance_patterns(sorted(chances, key=str)))
    points = (
        replace(p, tables={**p.tables, **c})
        for p in _support_patterns(densities, finite)
        for c in patterns
    )
    failing = [point for point in points if not _agree_on_support(sides, compiled(gap), point)]
    for able in (
        [d for d in densities if not d.given],
        densities,
    ):  # a premise on conditionals only if none on the others will do
        for count in range(len(able) + 1):
            for chosen in itertools.combinations(able, count):
                if all(any(point.tables[d] == 0 for d in chosen) for point in failing):
                    return tuple(_positive_where(d, failing) for d in chosen)
    raise NotProved("the two sides differ where densities vanish")


def _chance_patterns(chances):
    """Every way for the values of D to be 0, 1 or neither."""
    for values in itertools.product(
        (mpmath.mpf(0), mpmath.mpf("0.3"), mpmath.mpf(1)), repeat=len(chances)
    ):
        yield dict(zip(chances, values))


def _agree_on_support(sides, gap, point) -> bool:
    left, right = (
        sum(coefficient(point) * integrand(point) for coefficient, integrand in side)
        for side in sides
    )
    if mpmath.isnan(left) or mpmath.isnan(right):
        return False
    if mpmath.isinf(left) or mpmath.isinf(right):
        return left == right
    return abs(left - right - gap(point)) < mpmath.mpf(10) ** -9


def _positive_where(density: Density, failing) -> Positive:
    """The weakest form of the premise that excludes the failing points."""
    vanishing = [point for point in failing if point.tables[density] == 0]
    others = [
        d
        for d in vanishing[0].tables
        if isinstance(d, Density)
        and d.family != density.family
        and (d.over, d.given) == (density.over, density.given)
    ]
    where = [d for d in others if all(point.tables[d] > 0 for point in vanishing)]
    return Positive(density, where[0] if where else None)


def _support_patterns(densities, finite: RandomTables):
    """Every consistent way for densities to vanish at a point; conditionals on a null event take any value."""
    joints = {joint.family: joint for joint in finite.joints}
    base = sorted(
        {joints[d.family](*v) for d in densities for v in (d.over + d.given, d.given) if v}, key=str
    )
    for values in itertools.product((mpmath.mpf(0), mpmath.mpf("0.25")), repeat=len(base)):
        table = {
            d: v * (k + 2) / (k + 1) for k, (d, v) in enumerate(zip(base, values))
        }  # distinct, so that no log is 0
        smaller = [
            (a, b) for a in base for b in base if a.family == b.family and set(a.over) < set(b.over)
        ]
        if any(table[a] == 0 and table[b] > 0 for a, b in smaller):
            continue
        free = [d for d in densities if d.given and table[joints[d.family](*d.given)] == 0]
        for chosen in itertools.product((mpmath.mpf(0), mpmath.mpf("0.5")), repeat=len(free)):
            whole = {**table, **dict(zip(free, chosen))}
            for d in densities:
                if d.given and d not in whole:
                    whole[d] = (
                        table[joints[d.family](*d.over, *d.given)]
                        / table[joints[d.family](*d.given)]
                    )
            letters = {v: mpmath.mpf("1.25") for v in (*all_variables(finite), *finite.scalars)}
            yield _Point(
                tables=whole, values=letters, functions=lambda name, *arguments: mpmath.mpf("0.7")
            )
