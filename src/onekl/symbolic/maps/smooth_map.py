r"""Smooth bijections x = g(z) of ℝ^d, with inverse and log-determinant, and laws under them.

A `SmoothMap` has formulas that claim to be these; `unknown_map` has letters for them, where z
stands for a point of ℝ^d with d unknown. `image` is the law of g(z) for z drawn from a density.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

import sympy
from sympy import Expr, Integer, Symbol, Tuple
from sympy.core.symbol import Str
from sympy.printing.latex import LatexPrinter

from onekl.symbolic.algebra import Density, variables_of


class Coordinates(Expr):
    """The coordinates of a point: one expression each."""

    is_commutative = True

    def _latex(self, printer: LatexPrinter) -> str:
        inside = ", ".join(map(printer.doprint, self.args))
        return inside if len(self.args) == 1 else rf"\left({inside}\right)"


class SmoothMap(Expr):
    """x = forward(z) with z = inverse(x) and log|det ∂x/∂z| = log_det(z), as it is claimed."""

    is_commutative = True

    def __new__(
        cls,
        source: Iterable[Symbol],
        target: Iterable[Symbol],
        forward: Iterable[Expr] | Coordinates,
        inverse: Iterable[Expr] | Coordinates,
        log_det: Expr,
    ) -> SmoothMap:
        """The map with these formulas.

        ValueError unless there are as many coordinates everywhere, under different names, with the
        forward map in those of the source and the inverse in those of the target.
        """
        source, target = Tuple(*source), Tuple(*target)
        forward, inverse = (_coordinates(side) for side in (forward, inverse))
        names = (*source, *target)
        if len({len(side.args) for side in (source, target, forward, inverse)}) > 1 or not names:
            raise ValueError(
                "a bijection needs as many coordinates of x as of z, "
                "and a formula for each in both directions"
            )
        if len(set(names)) < len(names):
            raise ValueError(f"the coordinates {', '.join(map(str, names))} need different names")
        log_det = sympy.sympify(log_det)
        for what, side, others in (
            ("the map", forward, target),
            ("the inverse", inverse, source),
            ("the log-determinant", log_det, target),
        ):
            if strange := side.free_symbols & set(others):
                raise ValueError(f"{what} must not depend on {', '.join(map(str, strange))}")
        return Expr.__new__(cls, source, target, forward, inverse, log_det)

    source = property(lambda self: tuple(self.args[0]))
    target = property(lambda self: tuple(self.args[1]))
    forward = property(lambda self: self.args[2].args)
    inverse = property(lambda self: self.args[3].args)
    log_det = property(lambda self: self.args[4])

    @property
    def free_symbols(self) -> set[Symbol]:
        """The parameters."""
        found = set().union(*(argument.free_symbols for argument in self.args[2:]))
        return found - {*self.source, *self.target}

    @property
    def to_image(self) -> dict[Symbol, Expr]:
        """Each coordinate of x by those of z."""
        return dict(zip(self.target, self.forward))

    @property
    def to_source(self) -> dict[Symbol, Expr]:
        """Each coordinate of z by those of x."""
        return dict(zip(self.source, self.inverse))

    def _latex(self, printer: LatexPrinter) -> str:
        z, x = (printer.doprint(Coordinates(*side)) for side in (self.source, self.target))
        forward, inverse, log_det = map(printer.doprint, self.args[2:])
        return (
            rf"{x} = {forward} \;\Leftrightarrow\; {z} = {inverse}, \quad "
            rf"\log\left|\det \frac{{\partial {x}}}{{\partial {z}}}\right| = {log_det}"
        )


def _coordinates(side: Iterable[Expr] | Coordinates) -> Coordinates:
    return side if isinstance(side, Coordinates) else Coordinates(*map(sympy.sympify, side))


def composed(*maps: SmoothMap) -> SmoothMap:
    """The first map, then the second on its image, and so on: the log-determinants add.

    ValueError unless each map starts from the coordinates that the one before it leads to.
    """
    return reduce(_then, maps)


def _then(first: SmoothMap, second: SmoothMap) -> SmoothMap:
    if first.target != second.source:
        raise ValueError(
            f"the second map starts from {', '.join(map(str, second.source))}, "
            f"the first leads to {', '.join(map(str, first.target))}"
        )
    return SmoothMap(
        first.source,
        second.target,
        [f.xreplace(first.to_image) for f in second.forward],
        [f.xreplace(second.to_source) for f in first.inverse],
        first.log_det + second.log_det.xreplace(first.to_image),
    )


class MapValue(Expr):
    """g(z) for an unknown bijection g, or, with power −1, its inverse at a point."""

    is_commutative = True

    def __new__(cls, name: str | Str, argument: Expr, power: int | Integer = 1) -> Expr:
        """The value; just the point z for g(g⁻¹(z)) and g⁻¹(g(z)).

        ValueError for another power than 1 and −1.
        """
        if power not in (1, -1):
            raise ValueError(f"the power of {name} must be 1, or -1 for the inverse, not {power}")
        undone = isinstance(argument, MapValue) and argument.name == str(name)
        if undone and argument.power == -power:
            return argument.argument
        return Expr.__new__(cls, Str(str(name)), argument, sympy.sympify(power))

    name = property(lambda self: self.args[0].name)
    argument = property(lambda self: self.args[1])
    power = property(lambda self: int(self.args[2]))

    def _latex(self, printer: LatexPrinter) -> str:
        raised = self.name if self.power == 1 else rf"{self.name}^{{-1}}"
        return rf"{raised}({printer.doprint(self.argument)})"


class LogDet(Expr):
    """log|det ∂g/∂z| of an unknown bijection g at a point."""

    is_commutative = True
    is_real = True

    def __new__(cls, name: str | Str, argument: Expr) -> LogDet:
        """The log-determinant of the named map at the point."""
        return Expr.__new__(cls, Str(str(name)), argument)

    name = property(lambda self: self.args[0].name)
    argument = property(lambda self: self.args[1])

    def _latex(self, printer: LatexPrinter) -> str:
        at = printer.doprint(self.argument)
        return rf"\log\left|\det \frac{{\partial {self.name}}}{{\partial z}}({at})\right|"


def unknown_map(name: str, source: Symbol, target: Symbol) -> SmoothMap:
    """Any smooth bijection of ℝ^d, for any d, with letters for its inverse and log-determinant."""
    forward, inverse = MapValue(name, source), MapValue(name, target, -1)
    return SmoothMap((source,), (target,), (forward,), (inverse,), LogDet(name, source))


class DensityAt(Expr):
    """A density at a point that is given by expressions, such as p(g⁻¹(x))."""

    is_nonnegative = True
    is_commutative = True

    def __new__(cls, density: Expr, place: Iterable[Expr]) -> DensityAt:
        """The density at the place; ValueError unless that has a coordinate for each variable."""
        place = Tuple(*place)
        if len(place) != len(variables_of(density)):
            raise ValueError(f"{density} needs {len(variables_of(density))} coordinates: {place}")
        return Expr.__new__(cls, density, place)

    density = property(lambda self: self.args[0])
    place = property(lambda self: tuple(self.args[1]))

    @property
    def free_symbols(self) -> set[Symbol]:
        """What the place and the density's conditions hold."""
        others = self.density.free_symbols - set(variables_of(self.density))
        return self.args[1].free_symbols | others

    def _latex(self, printer: LatexPrinter) -> str:
        there = ", ".join(map(printer.doprint, self.place))
        if not isinstance(self.density, Density):
            names = ", ".join(map(printer.doprint, variables_of(self.density)))
            return rf"\left.{printer.doprint(self.density)}\right|_{{{names} = {there}}}"
        given = ", ".join(map(printer.doprint, self.density.given))
        return f"{self.density.name}({there}{'|' + given if given else ''})"


class Image(Density):
    """The law of g(z) for z drawn from a density, as a density in x; `image` makes one."""

    def __new__(
        cls,
        name: Str,
        family: Str,
        over: Iterable[Symbol],
        given: Iterable[Symbol],
        under: Expr,
        carried_by: SmoothMap,
    ) -> Image:
        """The law with this name."""
        return Expr.__new__(cls, name, family, Tuple(*over), Tuple(*given), under, carried_by)

    roles = ()  # the coordinates of the image differ by their names
    under = property(lambda self: self.args[4])
    carried_by = property(lambda self: self.args[5])

    @property
    def free_symbols(self) -> set[Symbol]:
        """Its variables, the conditions and the map's parameters."""
        inner = self.under.free_symbols - set(self.carried_by.source)
        return set(self.over) | inner | self.carried_by.free_symbols

    def formula(self) -> Expr:
        """p(g⁻¹(x)) / |det ∂g/∂z| at g⁻¹(x)."""
        to_source = self.carried_by.to_source
        slope = sympy.exp(-self.carried_by.log_det.xreplace(to_source))
        return DensityAt(self.under, self.carried_by.inverse) * slope


def image(name: str, under: Expr, carried_by: SmoothMap) -> Image:
    """The law of g(z), printed with the name, for z drawn from `under`.

    ValueError unless that is a density over the coordinates that the map starts from.
    """
    if set(variables_of(under)) != set(carried_by.source):
        raise ValueError(
            f"{under} is no density over {', '.join(map(str, carried_by.source))}, "
            "which the map starts from"
        )
    given = under.given if isinstance(under, Density) else ()
    return Image(Str(name), Str(name), carried_by.target, given, under, carried_by)
