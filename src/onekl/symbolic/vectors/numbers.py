"""Numbers for vectors: random instances, coordinates, and quadrature under Gaussians."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random

import mpmath
from sympy import Basic, Expr, MatrixExpr, Mul, Symbol, log

from onekl.symbolic.algebra import KL, Entropy, Expectation, Joint, SumOrIntegral, factors
from onekl.symbolic.numeric import DIGITS, Assignment, Evaluator, Number, compiled, evaluates
from onekl.symbolic.sampling import RandomTables
from onekl.symbolic.vectors.algebra import (
    INDEX,
    Coordinate,
    CoordinateSum,
    Dot,
    SquaredNorm,
    Vector,
)
from onekl.symbolic.vectors.normal import VectorGaussian

MOST_COORDINATES = 4  # of random instances
# Gauss–Hermite: exact up to degree five in each coordinate.
with mpmath.workdps(DIGITS + 5):
    THREE_NODES = ((-mpmath.sqrt(3), 1), (mpmath.mpf(0), 4), (mpmath.sqrt(3), 1))


@evaluates(Coordinate)
def _coordinate(expression: Coordinate) -> Evaluator:
    """A coordinate of a bound variable, or a random number kept for the map's arguments."""
    vector, index = expression.vector, compiled(expression.index)
    arguments = [_argument(a) for a in vector.of]

    def value(instance: Assignment) -> Number:
        here = instance.values.get(vector)
        if isinstance(here, tuple):
            return here[int(index(instance)) - 1]
        # A variable of a table has a letter; its vectors are random ones, one for each letter.
        place = [here] if here is not None else [argument(instance) for argument in arguments]
        number = instance.functions(vector.name, int(index(instance)), *place)
        return abs(number) + mpmath.mpf("0.25") if expression.is_positive else number

    return value


def _argument(argument: Basic) -> Callable[[Assignment], Number | tuple[Number, ...]]:
    """The value of an argument of a map, for a vector the tuple of its coordinates."""
    if not isinstance(argument, MatrixExpr):
        return compiled(argument)
    return coordinates(argument)


def coordinates(vector: MatrixExpr) -> Callable[[Assignment], tuple[Number, ...]]:
    """A function that gives all coordinates of a vector on an instance."""
    dimension, coordinate = compiled(vector.shape[0]), compiled(vector[INDEX, 0])

    def value(instance: Assignment) -> tuple[Number, ...]:
        places = [(index,) for index in range(1, int(dimension(instance)) + 1)]
        return tuple(coordinate(instance) for _ in instance.visit((INDEX,), places))

    return value


@evaluates(CoordinateSum)
def _coordinate_sum(expression: CoordinateSum) -> Evaluator:
    dimension, summand = compiled(expression.dimension), compiled(expression.summand)

    def value(instance: Assignment) -> Number:
        places = [(index,) for index in range(1, int(dimension(instance)) + 1)]
        return sum(summand(instance) for _ in instance.visit((INDEX,), places))

    return value


@evaluates(SquaredNorm)
@evaluates(Dot)
def _defined(expression: SquaredNorm | Dot) -> Evaluator:
    return compiled(expression.definition())


@dataclass(frozen=True)
class RandomVectors(RandomTables):
    """Instances as of `RandomTables`, with random vectors of 1 to 4 coordinates.

    `dimensions` are the letters for dimensions.  The value of a map is random, and a cubic in an
    argument that is a real number.  A variable that a statement leaves open has a random letter.
    """

    joints: tuple[Joint, ...] = ()
    dimensions: tuple[Symbol, ...] = ()

    def __post_init__(self) -> None:
        """ValueError where the joints do not fit together; there may be none."""
        if self.joints:
            super().__post_init__()

    def draw(self, random: Random, index: int) -> Assignment:
        """The instance with this index."""
        instance = super().draw(random, index)
        sizes = {d: random.randint(1, MOST_COORDINATES) for d in self.dimensions}
        letters = {v: random.randrange(size) for v, size in instance.sizes.items()}
        values = {**instance.values, **sizes, **letters}
        return replace(instance, values=values, functions=_random_maps(random))


def _random_maps(random: Random) -> Callable[..., Number]:
    """Random functions, by name and coordinate, kept once drawn."""
    cubics: dict[tuple, list[Number]] = {}

    def value(name: str, *place: Number | tuple[Number, ...]) -> Number:
        smooth = [a for a in place if isinstance(a, mpmath.mpf)]
        rest = tuple(a for a in place if not isinstance(a, mpmath.mpf))
        if (name, *rest) not in cubics:
            cubics[name, *rest] = [mpmath.mpf(random.uniform(-1, 1)) for _ in range(4)]
        return mpmath.polyval(cubics[name, *rest], sum(smooth, mpmath.mpf(0)))

    return value


class VectorMean(Expr):
    """The mean of a value under one Gaussian of a vector, which numbers take by quadrature."""

    is_commutative = True

    gaussian = property(lambda self: self.args[0])
    value = property(lambda self: self.args[1])


def by_quadrature(expression: Expr) -> Expr:
    """The expression with every mean under Gaussians of vectors written as a `VectorMean`."""
    if not isinstance(expression, Expr) or not expression.has(VectorGaussian):
        return expression
    if isinstance(expression, KL):
        first, second = expression.args
        return by_quadrature(Expectation(first, log(first / second)))
    if isinstance(expression, Entropy):
        (density,) = expression.args
        return by_quadrature(Expectation(density, -log(density)))
    if isinstance(expression, Expectation):
        rest, value = _nested(expression.weight, by_quadrature(expression.value))
        return value if rest == 1 else Expectation(rest, value)
    if isinstance(expression, SumOrIntegral):
        own = [f for f in factors(expression.integrand) if isinstance(f, VectorGaussian)]
        own = Mul(*(f for f in own if f.variable in expression.variables))
        _, value = _nested(own, by_quadrature(expression.integrand / own))
        left = [v for v in expression.variables if not isinstance(v, Vector) or v not in own.over]
        return SumOrIntegral(value, left) if left else value
    if isinstance(expression, VectorGaussian):
        return expression
    return expression.func(*map(by_quadrature, expression.args))


def _nested(weight: Expr, value: Expr) -> tuple[Expr, Expr]:
    """The weight without its Gaussians, and the mean of the value under them, one in the other.

    ValueError where each depends on another's variable.
    """
    gaussians = [f for f in factors(weight) if isinstance(f, VectorGaussian)]
    rest = weight / Mul(*gaussians)
    while gaussians:
        inner = [
            g
            for g in gaussians
            if not any(g.variable in f.free_symbols for f in gaussians if f is not g)
        ]
        if not inner:
            raise ValueError(f"no variable of {weight} can be integrated first")
        value = VectorMean(inner[0], value)
        gaussians.remove(inner[0])
    return rest, value


@evaluates(VectorMean)
def _vector_mean(expression: VectorMean) -> Evaluator:
    value, gaussian = compiled(expression.value), expression.gaussian
    grid = quadrature(gaussian, THREE_NODES)

    def mean(instance: Assignment) -> Number:
        places, weights = zip(*grid(instance))
        visited = instance.visit((gaussian.variable,), ((place,) for place in places))
        return sum(w * value(instance) for w, _ in zip(weights, visited)) / sum(weights)

    return mean


Grid = Callable[[Assignment], Iterator[tuple[tuple[Number, ...], Number]]]


def quadrature(gaussian: VectorGaussian, nodes: tuple[tuple[Number, int], ...]) -> Grid:
    """The places of a product rule under a Gaussian, each with its weight (not normalised)."""
    mean = coordinates(gaussian.mean)
    variance = gaussian.variance
    is_diagonal = isinstance(variance, MatrixExpr)
    spread = coordinates(variance) if is_diagonal else compiled(variance)

    def grid(instance: Assignment) -> Iterator[tuple[tuple[Number, ...], Number]]:
        centre, variances = mean(instance), spread(instance)
        scales = [mpmath.sqrt(v) for v in (variances if is_diagonal else [variances] * len(centre))]
        for chosen in itertools.product(nodes, repeat=len(centre)):
            place = (m + s * node for m, s, (node, _) in zip(centre, scales, chosen))
            yield tuple(place), mpmath.fprod(weight for _, weight in chosen)

    return grid
