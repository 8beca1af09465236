"""Statements on smooth bijections of ℝ^d: that they are such, and the laws that they carry over."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import ClassVar

import mpmath
import sympy
from sympy import Expr, Mul

from onekl.symbolic.algebra import Density, Gaussian, factors, variables_of
from onekl.symbolic.maps.bijection import prove_bijection, vanishes
from onekl.symbolic.maps.real_densities import (
    RealAssignment,
    determinant_size,
    flat,
    image_of,
)
from onekl.symbolic.maps.smooth_map import DensityAt, Image, LogDet, MapValue, SmoothMap
from onekl.symbolic.notation import latex
from onekl.symbolic.numeric import Evaluator, Number, compiled
from onekl.symbolic.proof import NotProved, Proof
from onekl.symbolic.statements import Statement, difference


@dataclass(frozen=True, kw_only=True)
class Bijection(Statement):
    """The map is a smooth bijection of ℝ^d with the inverse and log-determinant that it claims."""

    claimed: SmoothMap
    mutable: ClassVar = ("claimed",)

    def latex(self) -> str:
        """The map, its inverse and its log-determinant."""
        return latex(self.claimed)

    def accepts(self, name: str, changed: Expr) -> bool:
        """A change inside the map; −g is no map with its own inverse."""
        return isinstance(changed, SmoothMap)

    def _prove(self) -> Proof:
        return prove_bijection(self.claimed)

    def _compile(self) -> Evaluator:
        """The largest error of the inverse, on either side, and of the log-determinant."""
        return map_errors(self.claimed)


def map_errors(claimed: SmoothMap) -> Evaluator:
    """How far the inverse and the log-determinant are off at random points.

    Each way of undoing the map is tried at a point of its own.
    """
    inverse, log_det = list(map(compiled, claimed.inverse)), compiled(claimed.log_det)

    def violation(instance: RealAssignment) -> Number:
        z, x = (
            flat([instance.values[name] for name in side])
            for side in (claimed.source, claimed.target)
        )
        there = instance.shaped(claimed.target, image_of(instance, claimed, z))
        back = flat([instance.at(claimed.target, there, part) for part in inverse])
        again = image_of(instance, claimed, flat([part(instance) for part in inverse]))
        slope = mpmath.log(determinant_size(instance, claimed, z))
        errors = [difference(a, b) for a, b in chain(zip(z, back), zip(x, again))]
        return max(*errors, difference(slope, log_det(instance)))

    return violation


@dataclass(frozen=True, kw_only=True)
class ImageLaw(Statement):
    """If z is drawn from `under`, then x = g(z) has the density `law`."""

    claimed: SmoothMap
    under: Expr
    law: Expr
    mutable: ClassVar = ("law",)

    def latex(self) -> str:
        """z ∼ under, x = g(z) ⇒ x ∼ law."""
        z, x = (", ".join(map(latex, side)) for side in (self.claimed.source, self.claimed.target))
        g = latex(self.claimed.args[2])
        return rf"{z} \sim {latex(self.under)} \;\Rightarrow\; {x} = {g} \sim {latex(self.law)}"

    def _prove(self) -> Proof:
        """The law at g(z), times |det ∂g/∂z|, must be the density of z."""
        require_density(self.under, self.claimed)
        proof = prove_bijection(self.claimed)
        there = at_image(self.law, self.claimed) * sympy.exp(self.claimed.log_det)
        equal, ratio = _ratio(there, self.under)
        if not equal:
            raise NotProved(f"the claimed law is {latex(ratio)} times the law of the image, not 1")
        return proof

    def _compile(self) -> Evaluator:
        """The larger of the map's errors and of law(g(z)) · |det| less the density of z."""
        errors, claimed = map_errors(self.claimed), self.claimed
        under, law = compiled(self.under), compiled(self.law)

        def violation(instance: RealAssignment) -> Number:
            z = flat([instance.values[name] for name in claimed.source])
            there = instance.shaped(claimed.target, image_of(instance, claimed, z))
            size = determinant_size(instance, claimed, z)
            found = instance.at(claimed.target, there, law) * size
            return max(errors(instance), difference(found, under(instance)))

        return violation


def require_density(under: Expr, claimed: SmoothMap) -> None:
    """NotProved unless a product of densities, each of coordinates of its own, is one of z."""
    parts, source = Mul.make_args(under), set(claimed.source)
    over = [v for part in factors(under) for v in part.over]
    given = set().union(*(part.free_symbols - set(part.over) for part in parts))
    known = all(isinstance(p, (Density, Gaussian)) and not isinstance(p, Image) for p in parts)
    if not known or set(over) != source or len(over) > len(source) or given & source:
        raise NotProved(
            f"{latex(under)} is not seen to be a density of {', '.join(map(latex, claimed.source))}"
        )
    for part in (p for p in parts if isinstance(p, Gaussian)):
        require_gaussian(part, claimed)


def require_gaussian(gaussian: Gaussian, claimed: SmoothMap) -> None:
    """NotProved without a positive variance, and beside an unknown map of points of ℝ^d."""
    if not gaussian.variance.is_positive:
        raise NotProved(f"the variance {latex(gaussian.variance)} is not seen to be positive")
    if claimed.args[2].has(MapValue):
        raise NotProved(f"{latex(gaussian)} is a density of a number, and no point of any ℝ^d")


def require_own_law(law: Image, claimed: SmoothMap) -> None:
    """NotProved for the law of another map's image."""
    if law.carried_by != claimed:
        raise NotProved(f"{latex(law)} is the law of another map")


def at_image(value: Expr, claimed: SmoothMap) -> Expr:
    """A value at x = g(z), written in z, without logarithms of laws.

    NotProved where an unknown density of x, or one that is not taken at g⁻¹(x), stands in it.
    """
    slope = sympy.exp(-claimed.log_det)
    for law in value.atoms(Image):
        require_own_law(law, claimed)
    for gaussian in value.atoms(Gaussian):
        require_gaussian(gaussian, claimed)
    found = {law: law.under * slope for law in value.atoms(Image)}
    found |= {at: _density_at_image(at, claimed) for at in value.atoms(DensityAt)}
    gaussians = value.atoms(Gaussian)
    found |= {g: g.formula() for g in gaussians if g.variable in claimed.target}
    target = set(claimed.target)
    for density in value.atoms(Density):
        if density not in found and target & set(density.over + density.given):
            raise NotProved(f"{latex(density)} is an unknown density at the image: write it in z")
    return value.xreplace(found).xreplace(claimed.to_image)


def _density_at_image(at: DensityAt, claimed: SmoothMap) -> Expr:
    """The density of z that stands at g⁻¹(x); the map has been proved to be a bijection."""
    for name, coordinate in zip(variables_of(at.density), at.place):
        inverse = claimed.to_source.get(name)
        if inverse is None or not _same(coordinate, inverse):
            raise NotProved(f"{latex(at)} is not taken at the point that {latex(name)} comes from")
    return at.density


def _same(one: Expr, other: Expr) -> bool:
    """Whether two coordinates are equal; those of unknown maps have to be the same object."""
    return one == other or not one.has(MapValue) and vanishes(one - other)


def _ratio(found: Expr, expected: Expr) -> tuple[bool, Expr]:
    """Whether two products of densities are equal, and their ratio, simplified."""
    found, expected = (
        side.xreplace({g: g.formula() for g in side.atoms(Gaussian)}) for side in (found, expected)
    )
    unknown = found.atoms(Density, LogDet) | expected.atoms(Density, LogDet)
    numbers = {
        node: sympy.Dummy(positive=True) if isinstance(node, Density) else sympy.Dummy(real=True)
        for node in unknown
    }
    found, expected = found.xreplace(numbers), expected.xreplace(numbers)
    ratio = sympy.simplify(found / expected)
    back = {number: node for node, number in numbers.items()}
    return vanishes(found - expected), ratio.xreplace(back)
