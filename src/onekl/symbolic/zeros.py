"""Where densities vanish: do two sums of integrands that are equal elsewhere stay equal there?

What happens at 0 is asked of numbers, at one point for each way in which the densities can vanish
together; the values compared are extended numbers, of the integrands as they are written.
The weakest premise that excludes the points where the sums differ is put together in `weakest`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import mpmath
from sympy import Expr
from sympy.core.function import AppliedUndef

from onekl.symbolic.algebra import ClassProbability, Density
from onekl.symbolic.examined import require_examined
from onekl.symbolic.numeric import Assignment, Evaluator, Number, Place, compiled
from onekl.symbolic.patterns import GENERAL, ZERO, Densities, support_patterns
from onekl.symbolic.premises import Support
from onekl.symbolic.sampling import RandomTables, all_variables
from onekl.symbolic.terms import IntegralTerm
from onekl.symbolic.weakest import Pattern, weakest_premises

TOLERANCE = mpmath.mpf(10) ** -9
# Of unknown functions.
LEVELS = tuple(GENERAL * mpmath.mpf(level) for level in ("-1.7", "-0.4", "0", "0.7"))

Sides = Sequence[Sequence[IntegralTerm]]  # the left side and the right one, each a sum of terms


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

    def is_positive(self, factor: Expr) -> bool:
        """Whether a density, or the probability of an outcome, is positive at the point."""
        if isinstance(factor, Density):
            return self.densities[factor] > 0
        one = ClassProbability(factor.name, factor.argument)
        return self.outcomes[one] > 0 if factor.outcome else self.outcomes[one] < 1


def support_premises(
    sides: Sides,
    gap: Expr,
    tables: RandomTables,
    stated: Sequence[Expr],
    convergent: Sequence[IntegralTerm] = (),
) -> tuple[Support, ...]:
    """The weakest premises under which left − right = gap also holds wherever densities vanish.

    They are told by densities and discriminators of the `stated` sides.
    Points where a `convergent` term would be infinite need no premise: its integral is finite.
    None where it holds as it is; NotProved where no premise of positivity mends it, and where
    the points of zeros do not show what happens.
    """
    maps = [name for name, _ in tables.maps]
    require_examined((f for side in sides for term in side for f in term.parts), maps)
    densities, discriminators = _densities(sides, gap), _discriminators(sides)
    agree = _comparison(sides, gap)
    named = _named(stated, densities, discriminators, tables)
    failing: dict[Pattern, bool] = {}
    names = _function_names(sides, tables)
    # What a premise says is finite is the integrand with all that cancels cancelled.
    infinite = [compiled(term.integrand) for term in convergent]
    for point in _points(densities, discriminators, names, tables):
        if any(mpmath.isinf(term(point)) for term in infinite):
            continue
        pattern = tuple(point.is_positive(factor) for factor in named)
        failing[pattern] = failing.get(pattern, False) or not agree(point)
    return weakest_premises(named, failing)


def _named(
    stated: Sequence[Expr],
    densities: list[Density],
    discriminators: list[ClassProbability],
    tables: RandomTables,
) -> list[Expr]:
    """What a premise can be about, in an order that does not depend on names.

    Densities in the order of the tables' families and variables, marginals first; then the two
    outcomes of each discriminator.
    """
    written = {d for side in stated for d in side.atoms(Density)}
    families = [joint.family for joint in tables.joints]
    order = {v: k for k, v in enumerate(all_variables(tables, *densities))}

    def place(density: Density) -> tuple:
        over, given = ([order[v] for v in names] for names in (density.over, density.given))
        return bool(given), families.index(density.family), len(over), over, given

    known = sorted((d for d in densities if d in written), key=place)
    outcomes = [o for d in discriminators if d.arguments for o in (d, d.other)]
    return [*known, *outcomes]


def _densities(sides: Sides, gap: Expr) -> list[Density]:
    found = {d for side in sides for term in side for f in term.parts for d in f.atoms(Density)}
    return sorted(found | gap.atoms(Density), key=str)


def _discriminators(sides: Sides) -> list[ClassProbability]:
    """The unknown functions D of the two sides, each by its probability of outcome 1."""
    found = {
        ClassProbability(probability.name, probability.argument)
        for side in sides
        for term in side
        for f in (term.coefficient, *term.parts)
        for probability in f.atoms(ClassProbability)
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
    """The sum of coefficient · product of the parts, where 0 times anything is 0."""
    products = [tuple(map(compiled, (term.coefficient, *term.parts))) for term in side]

    def product(parts: tuple[Evaluator, ...], point: Assignment) -> Number:
        numbers = [part(point) for part in parts]
        return ZERO if any(n == 0 for n in numbers) else mpmath.fprod(numbers)

    def value(point: Assignment) -> Number:
        return sum((product(parts, point) for parts in products), ZERO)

    return value


def _points(
    densities: list[Density],
    discriminators: list[ClassProbability],
    names: Sequence[str],
    tables: RandomTables,
) -> Iterator[_Point]:
    """A point for each way in which densities vanish, each D is 0, 1 or neither, and signs fall."""
    outcomes = (ZERO, GENERAL * mpmath.mpf("0.3"), mpmath.mpf(1))
    variables = all_variables(tables, *densities)
    letters = {s: GENERAL * (5 + k) / 4 for k, s in enumerate((*variables, *tables.scalars))}
    choices = [outcomes if d.arguments else outcomes[1:2] for d in discriminators]
    for at_point in support_patterns(densities, tables):
        for chosen, functions in itertools.product(itertools.product(*choices), _functions(names)):
            yield _Point(
                values=letters,
                functions=functions,
                densities=at_point,
                outcomes=dict(zip(discriminators, chosen)),
            )


def _functions(names: Sequence[str]) -> Iterator[Callable[..., Number]]:
    """Unknown functions by name, each below −1, between −1 and 0, at 0 and above 0 in turn."""
    for chosen in itertools.product(*(LEVELS for _ in names)):
        yield partial(_value, dict(zip(names, chosen)))


def _value(level: dict[str, Number], name: str, *arguments: Number) -> Number:
    """The value of a function near its level: unlike at unlike arguments, so that none cancel."""
    base = level.get(name, LEVELS[-1])
    return base if base == 0 else base + sum(arguments, ZERO) / 100


def _function_names(sides: Sides, tables: RandomTables) -> list[str]:
    """The unknown functions whose values are numbers, and no letters."""
    maps = {name for name, _ in tables.maps}
    every = (part for side in sides for term in side for part in term.parts)
    found = {f.func.__name__ for part in every for f in part.atoms(AppliedUndef)}
    return sorted(found - maps)
