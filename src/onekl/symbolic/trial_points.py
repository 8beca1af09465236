"""Integrands at three trial points, in doubles: most false equations are seen there at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import sympy
from sympy import Add, Expr, Mul, Pow, Symbol, log
from sympy.core.function import AppliedUndef

from onekl.symbolic.algebra import ClassProbability, Density, Joint, kl_div
from onekl.symbolic.terms import IntegralTerm

CLOSE = 1e-9  # relative to the sizes of what is added

Point = Mapping[Expr, float]


class NoValue(Exception):
    """An expression that has no value here: its kind is unknown, or it is infinite."""


def could_be_additive(sides: Sequence[Sequence[IntegralTerm]], joints: Iterable[Joint]) -> bool:
    """Whether left less right could be a sum of densities times constants: 0 is one.

    The densities of the third point are the sums of those of the other two; what else depends on a
    variable, such as D, is another number at each. False is certain up to rounding; True says
    nothing.
    """
    every = [part for side in sides for term in side for part in (term.coefficient, *term.parts)]
    families = {joint.family: joint for joint in joints}
    try:
        atoms = sorted(_atoms(every, families), key=str)
        one, two, both = (_point(atoms, power) for power in (1, 2, 3))
        both |= {d: one[d] + two[d] for d in one if _is_free(d)}
        gaps, sizes = zip(*(_gap(sides, _with_conditionals(p, families)) for p in (one, two, both)))
    except (NoValue, OverflowError, ZeroDivisionError, ValueError):
        return True
    return abs(gaps[0] + gaps[1] - gaps[2]) <= CLOSE * (1 + sum(sizes))


def _is_free(atom: Expr) -> bool:
    return isinstance(atom, Density) and not atom.given


def _point(ordered: Sequence[Expr], power: int) -> dict[Expr, float]:
    """A number for each density, D, function and symbol; a conditional stands for itself."""
    point = {}
    for k, atom in enumerate(ordered):
        moves = power if isinstance(atom, Density) or atom.args else 1
        point[atom] = ((k + 2) ** moves + k) / 13
    for atom in (a for a in ordered if isinstance(a, ClassProbability)):
        one = atom if atom.outcome else atom.other
        odds = (1 + len(str(one)) + (ordered.index(one) if one in ordered else 0)) / 7
        odds **= power if atom.arguments else 1
        point[atom] = (odds if atom.outcome else 1.0) / (1 + odds)
    return point


def _atoms(parts: Iterable[Expr], families: Mapping[str, Joint]) -> set[Expr]:
    """What stands for a number, with the densities that conditionals are made of."""
    kinds = (Density, ClassProbability, AppliedUndef, Symbol)
    found: set[Expr] = set()
    waiting = [atom for part in parts for atom in part.atoms(*kinds)]
    while waiting:
        atom = waiting.pop()
        if atom not in found:
            found.add(atom)
            if isinstance(atom, Density) and atom.given:
                joint = families[atom.family]
                waiting += [*joint.whole(atom).atoms(Density), joint.condition(atom)]
    return found


def _with_conditionals(point: Point, families: Mapping[str, Joint]) -> Point:
    """The point with each conditional as the joint density over its condition's."""
    found = dict(point)

    def value(density: Density) -> float:
        joint = families[density.family]
        above = math.prod(
            value(d) if d.given else point[d] for d in Mul.make_args(joint.whole(density))
        )
        return above / point[joint.condition(density)]

    for atom in point:
        if isinstance(atom, Density) and atom.given:
            found[atom] = value(atom)
    return found


def _gap(sides: Sequence[Sequence[IntegralTerm]], point: Point) -> tuple[float, float]:
    """The left integrand less the right one, and the size of what is added."""
    terms = [
        sign * math.prod(_value(part, point) for part in (term.coefficient, *term.parts))
        for sign, side in zip((1, -1), sides)
        for term in side
    ]
    return math.fsum(terms), math.fsum(map(abs, terms))


def _value(expression: Expr, point: Point) -> float:
    if expression in point:
        return point[expression]
    rule = _RULES.get(expression.func)
    if rule is not None:
        return rule([_value(argument, point) for argument in expression.args])
    if expression.is_number:
        number = complex(expression)
        if number.imag or not math.isfinite(number.real):
            raise NoValue
        return number.real
    raise NoValue


def _power(arguments: list[float]) -> float:
    base, exponent = arguments
    if base < 0 and exponent != round(exponent):
        raise NoValue
    return base**exponent


def _divergence(arguments: list[float]) -> float:
    a, b = arguments
    return a * math.log(a / b) - a + b


_RULES = {
    Add: math.fsum,
    Mul: math.prod,
    Pow: _power,
    log: lambda arguments: math.log(arguments[0]),
    sympy.exp: lambda arguments: math.exp(arguments[0]),
    sympy.Abs: lambda arguments: abs(arguments[0]),
    sympy.Max: max,
    sympy.Min: min,
    kl_div: _divergence,
}
