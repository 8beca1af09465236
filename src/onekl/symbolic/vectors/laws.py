"""Images of Gaussian vectors, and how a mean of squared norms bends along a curve."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import sympy
from sympy import Derivative, Expr, Function, MatrixExpr, Symbol

from onekl.symbolic.algebra import Dirac, Expectation, Gaussian, Joint, SumOrIntegral
from onekl.symbolic.lines.line import Lines
from onekl.symbolic.lines.second_order import second_order_lines
from onekl.symbolic.notation import latex
from onekl.symbolic.numeric import Assignment, Evaluator, Number
from onekl.symbolic.proof import NotProved, Proof, is_density
from onekl.symbolic.sampling import RandomParameters, RandomTables
from onekl.symbolic.second_order import UNDER_THE_INTEGRAL, SecondOrder
from onekl.symbolic.statements import Identity, Pushforward, difference
from onekl.symbolic.vectors.algebra import INDEX, Coordinate, CoordinateSum, Vector
from onekl.symbolic.vectors.normal import VectorGaussian
from onekl.symbolic.vectors.numbers import THREE_NODES, coordinates, quadrature
from onekl.symbolic.vectors.reduction import Reduction
from onekl.symbolic.vectors.statements import is_zero


@cache
def law_step() -> Identity:
    """The step for laws: one coordinate, x, is replaced by its image while the rest, y, stays."""
    x, y, image = sympy.symbols("x y u")
    first, rest, law = (Joint(f"p_{k}", (v,)) for k, v in enumerate((x, y, image), 1))
    moved, f = Function("A", real=True)(x), Function("f", nonnegative=True)
    both = first(x) * rest(y)
    left = SumOrIntegral(Dirac(image, moved) * both * f(image, y), (image, x, y))
    drawn = RandomTables((first, rest, law), maps=(("A", image),))
    step = Identity(drawn, left=left, right=Expectation(both, f(moved, y)))
    step.prove()
    return step


@dataclass(frozen=True, kw_only=True)
class VectorPushforward(Pushforward):
    """If the Gaussian vector of `under` is drawn from it, `value` has the Gaussian law `density`.

    The map acts coordinate by coordinate.
    """

    def accepts(self, name: str, changed: Expr) -> bool:
        """A map that is still a vector, and a law that is still a Gaussian."""
        return isinstance(changed, VectorGaussian if name == "density" else MatrixExpr)

    def _prove(self) -> Proof:
        """Change the variable in one coordinate, and one coordinate after the other."""
        source, image = _variable(self.under), _variable(self.density)
        if image != self.variable or source == image:
            raise NotProved(f"{latex(self.variable)} must name the image, and nothing else")
        pair = source[INDEX, 0], image[INDEX, 0]
        moved = self.value[INDEX, 0]
        parts = (moved, *self.under.parameters(), *self.density.parameters())
        names = {c: _named(c) for e in (*parts, *pair) for c in e.atoms(Coordinate)}
        plain = [part.xreplace(names) for part in parts]
        if any({source, image} & e.free_symbols for e in plain):
            raise NotProved(f"{latex(self.value)} does not act coordinate by coordinate")
        x, u = (names[coordinate] for coordinate in pair)
        one = Pushforward(
            RandomParameters(()),
            value=plain[0],
            under=Gaussian(x, *plain[1:3]),
            variable=u,
            density=Gaussian(u, *plain[3:]),
        )
        law_step()  # proved: the other coordinates stay as they are while one is moved
        return one.prove()

    def _compile(self) -> Evaluator:
        """How far the means of a random polynomial are apart, relative to their size."""
        under = quadrature(self.under, THREE_NODES)
        law = quadrature(self.density, THREE_NODES)
        value = coordinates(self.value)

        def violation(instance: Assignment) -> Number:
            source, pairs = self.under.variable, list(under(instance))
            places = instance.visit((source,), ((place,) for place, _ in pairs))
            images = [value(instance) for _ in places]
            weights = [weight for _, weight in pairs]
            return difference(
                _mean_of_polynomial(instance, images, weights),
                _mean_of_polynomial(instance, *zip(*law(instance))),
            )

        return violation


def _mean_of_polynomial(
    instance: Assignment, places: list[tuple[Number, ...]], weights: list[Number]
) -> Number:
    """The mean of a random polynomial of degree four in a random linear form."""
    at = instance.functions
    forms = [sum(at("a", i) * c for i, c in enumerate(place, 1)) for place in places]
    values = [sum(at("c", k) * form**k for k in range(5)) for form in forms]
    return sum(w * v for w, v in zip(weights, values)) / sum(weights)


def _variable(density: Expr) -> Vector:
    """The variable of a Gaussian of a vector; NotProved for anything else."""
    if not isinstance(density, VectorGaussian) or not isinstance(density.variable, Vector):
        raise NotProved(f"{latex(density)} is no Gaussian density of a vector variable")
    return density.variable


def _named(coordinate: Coordinate) -> Symbol:
    """A real symbol that is named, and signed, as the coordinate is."""
    known = {
        k: v for k in ("positive", "zero") if (v := getattr(coordinate, f"is_{k}")) is not None
    }
    return Symbol(latex(coordinate), real=True, **known)


@dataclass(frozen=True, kw_only=True)
class VectorSecondOrder(SecondOrder):
    """A `SecondOrder` whose value is made of squared norms and scalar products of unknown maps."""

    def _prove(self) -> Proof:
        """Differentiate the sum over coordinates twice under the mean, coordinate by coordinate."""
        if not is_density(self.weight, self.weight.over) or self.symbol in self.weight.free_symbols:
            raise NotProved(
                f"{latex(self.weight)} is not a density that stays as it is along the curve"
            )
        value = Reduction().of(self.value)
        if not value.is_polynomial(*value.atoms(CoordinateSum)):
            raise NotProved(f"{latex(self.value)} is no polynomial in sums over coordinates")
        slope = sympy.diff(value, self.symbol)
        bend = sympy.diff(slope, self.symbol) - Reduction().of(self.bend)
        for what, found in (("value", value), ("slope", slope), ("second derivative", bend)):
            rest = self._at_the_point(found)
            if not is_zero(rest):
                raise NotProved(
                    f"the {what} at {self.symbol} = {self.point} is off by {rest} under the mean"
                )
        return Proof(needs=(UNDER_THE_INTEGRAL,))

    def _derivation(self) -> Lines:
        """The mean, its slope and its second derivative, each at the point."""
        mean = Expectation(self.weight, self.value)
        return second_order_lines(mean, self.symbol, self.point, self.bend)

    def _at_the_point(self, expression: Expr) -> Expr:
        """The expression at the point, with each derivative as the value of another map."""
        derivatives = {d: self._map_of(d) for d in expression.atoms(Derivative)}
        there = expression.xreplace(derivatives).subs(self.symbol, self.point)
        return Reduction().of(there)

    def _map_of(self, derivative: Derivative) -> Coordinate:
        """The derivative of a map in the symbol; NotProved unless that is its own argument."""
        inner, order = derivative.expr, derivative.derivative_count
        places = [k for k, a in enumerate(inner.vector.of) if self.symbol in a.free_symbols]
        if len(places) != 1 or inner.vector.of[places[0]] != self.symbol:
            raise NotProved(f"{latex(inner.vector)} must be taken at {self.symbol} itself, once")
        vector = inner.vector
        name = f"{vector.name}^{{({order}, {places[0]})}}"
        if name in {v.name for side in (self.value, self.bend) for v in side.atoms(Vector)}:
            raise NotProved(f"{name} is the name of a derivative: rename the map")
        return Coordinate(Vector(name, vector.shape[0], vector.of), inner.index)
