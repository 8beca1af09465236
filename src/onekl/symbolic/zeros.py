"""Where densities vanish: do two sums of integrands that are equal elsewhere stay equal there?

What happens at 0 is asked of numbers, at one point for each way in which the densities can vanish
together; the values compared are extended numbers. Where the sums differ, a premise mends it: that
some of the densities are positive.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import mpmath
from sympy import Expr

from onekl.symbolic.algebra import ClassProbability, Density, Joint
from onekl.symbolic.numeric import Assignment, Evaluator, Number, Place, compiled
from onekl.symbolic.premises import Support
from onekl.symbolic.proof import NotProved
from onekl.symbolic.sampling import RandomTables, all_variables
from onekl.symbolic.terms import IntegralTerm

ZERO = mpmath.mpf(0)
TOLERANCE = mpmath.mpf(10) ** -9

Sides = Sequence[Sequence[IntegralTerm]]  # the left side and the right one, each a sum of terms
Densities = dict[Density, Number]


@dataclass
class _Point(Assignment):
    """An instance at one point, where each density and each D is simply a number."""

    densities: Densities = field(default_factory=dict)
    outcomes: dict[ClassProbability, Number] = field(default_factory=dict)

    def probability(self, density: Density) -> Number:
        """The number that stands for the density."""
        return self.densities[density]

    def class_probability(self, outcome_one: ClassProbability, point: Place) -> Number:
        """The number that stands for D, wherever it is taken."""
        return self.outcomes[outcome_one]


def support_premises(sides: Sides, gap: Expr, tables: RandomTables) -> tuple[Support, ...]:
    """The fewest premises under which left − right = gap also holds wherever densities vanish.

    None where it holds as it is; NotProved where no premise of positivity mends it.
    """
    densities = _densities(sides, gap)
    points = _points(densities, _discriminators(sides), tables)
    agree = _comparison(sides, gap)
    failing = [point for point in points if not agree(point)]
    return tuple(_weakest(density, failing) for density in _fewest(densities, failing))


def _densities(sides: Sides, gap: Expr) -> list[Density]:
    found = {d for side in sides for term in side for d in term.integrand.atoms(Density)}
    return sorted(found | gap.atoms(Density), key=str)


def _discriminators(sides: Sides) -> list[ClassProbability]:
    """The unknown functions D of the two sides, each by its probability of outcome 1."""
    found = {
        ClassProbability(probability.name, probability.argument)
        for side in sides
        for term in side
        for probability in term.integrand.atoms(ClassProbability)
    }
    return sorted(found, key=str)


def _comparison(sides: Sides, gap: Expr) -> Callable[[_Point], bool]:
    """Whether left − right = gap at a point, or both sides are infinite alike."""
    left, right = (_sum_of_integrands(side) for side in sides)
    distance = compiled(gap)

    def agree(point: _Point) -> bool:
        on_left, on_right = left(point), right(point)
        if mpmath.isnan(on_left) or mpmath.isnan(on_right):
            return False
        if mpmath.isinf(on_left) or mpmath.isinf(on_right):
            return on_left == on_right
        return abs(on_left - on_right - distance(point)) < TOLERANCE

    return agree


def _sum_of_integrands(side: Sequence[IntegralTerm]) -> Evaluator:
    products = [(compiled(term.coefficient), compiled(term.integrand)) for term in side]

    def value(point: Assignment) -> Number:
        return sum(coefficient(point) * integrand(point) for coefficient, integrand in products)

    return value


def _fewest(densities: list[Density], failing: list[_Point]) -> tuple[Density, ...]:
    """The fewest densities of which at least one vanishes at each failing point."""
    unconditional = [density for density in densities if not density.given]
    # A premise on conditionals only if none on the others will do.
    for candidates in (unconditional, densities):
        for count in range(len(candidates) + 1):
            for chosen in itertools.combinations(candidates, count):
                if all(any(point.densities[d] == 0 for d in chosen) for point in failing):
                    return chosen
    raise NotProved("the two sides differ where densities vanish")


def _weakest(density: Density, failing: list[_Point]) -> Support:
    """The weakest premise on the density that excludes the failing points where it vanishes.

    It is enough that the density is positive wherever another family's density of the same
    variables is, if that one is positive at all these points.
    """
    vanishing = [point for point in failing if point.densities[density] == 0]
    others = [
        other
        for other in vanishing[0].densities
        if other.family != density.family
        and (other.over, other.given) == (density.over, density.given)
    ]
    where = [other for other in others if all(point.densities[other] > 0 for point in vanishing)]
    return Support((density,), tuple(where[:1]))


def _points(
    densities: list[Density], discriminators: list[ClassProbability], tables: RandomTables
) -> Iterator[_Point]:
    """A point for each way in which densities vanish and each D is 0, 1 or neither."""
    outcomes = (ZERO, mpmath.mpf("0.3"), mpmath.mpf(1))
    letters = dict.fromkeys((*all_variables(tables), *tables.scalars), mpmath.mpf("1.25"))
    for at_point in _support_patterns(densities, tables):
        for chosen in itertools.product(outcomes, repeat=len(discriminators)):
            yield _Point(
                values=letters,
                functions=_constant_function,
                densities=at_point,
                outcomes=dict(zip(discriminators, chosen)),
            )


def _constant_function(name: str, *arguments: Number) -> Number:
    return mpmath.mpf("0.7")


def _support_patterns(densities: list[Density], tables: RandomTables) -> Iterator[Densities]:
    """Values of the densities at a point, for every consistent way for them to vanish."""
    joints = {joint.family: joint for joint in tables.joints}
    for unconditional in _unconditional_patterns(densities, joints):
        yield from _with_conditionals(unconditional, densities, joints)


def _unconditional_patterns(
    densities: list[Density], joints: dict[str, Joint]
) -> Iterator[Densities]:
    """Every consistent pattern of zeros of the joint and marginal densities that occur.

    Those of which the conditionals are ratios are among them.
    """
    needed = {
        joints[d.family](*variables)
        for d in densities
        for variables in (d.over + d.given, d.given)
        if variables
    }
    ordered = sorted(needed, key=str)
    for values in itertools.product((ZERO, mpmath.mpf("0.25")), repeat=len(ordered)):
        # The values are made distinct, so that no log of a ratio is 0.
        at_point = {
            density: value * (k + 2) / (k + 1)
            for k, (density, value) in enumerate(zip(ordered, values))
        }
        if _is_consistent(at_point):
            yield at_point


def _is_consistent(at_point: Densities) -> bool:
    """Whether no density is positive where a marginal of it is 0."""
    return not any(
        at_point[marginal] == 0 and at_point[density] > 0
        for marginal in at_point
        for density in at_point
        if marginal.family == density.family and set(marginal.over) < set(density.over)
    )


def _with_conditionals(
    unconditional: Densities, densities: list[Density], joints: dict[str, Joint]
) -> Iterator[Densities]:
    """The pattern with the conditionals added: ratios, or any value given a null event."""

    def condition(density: Density) -> Number:
        return unconditional[joints[density.family](*density.given)]

    conditionals = [density for density in densities if density.given]
    free = [density for density in conditionals if condition(density) == 0]
    ratios = {
        density: unconditional[joints[density.family](*density.over, *density.given)]
        / condition(density)
        for density in conditionals
        if density not in free
    }
    for values in itertools.product((ZERO, mpmath.mpf("0.5")), repeat=len(free)):
        yield {**unconditional, **dict(zip(free, values)), **ratios}
