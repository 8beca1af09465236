"""Expansions of densities with a parameter about it: jets along vectors, and coefficients."""

from __future__ import annotations

import sympy
from sympy import Expr, Symbol

from onekl.symbolic.parametric.densities import Along, ParametricDensity, VectorSymbol, steps
from onekl.symbolic.parametric.zero_sums import unknowns
from onekl.symbolic.proof import NotProved

SMOOTH = (sympy.Add, sympy.Mul, sympy.Pow, sympy.log, sympy.exp)


def taylor_coefficient(line: Expr, t: Symbol, power: int) -> Expr:
    """The coefficient of a power of t, for unknown densities that t does not stand in."""
    names = {u: sympy.Dummy("u", real=True, positive=u.is_positive) for u in unknowns(line)}
    line = line.xreplace(names)
    _require_smooth(line, t)
    found = sympy.diff(line, t, power).subs(t, 0) / sympy.factorial(power)
    if found.has(sympy.nan, sympy.zoo, sympy.oo):
        raise NotProved("the integrand has no expansion in whole powers of the step")
    return sympy.expand(found).xreplace({name: u for u, name in names.items()})


def _require_smooth(line: Expr, t: Symbol) -> None:
    """NotProved where t stands inside what may have a kink: SymPy differentiates that too."""
    for part in sympy.preorder_traversal(line):
        if t in part.free_symbols and part != t and not isinstance(part, SMOOTH):
            raise NotProved(f"{part.func.__name__} of the step is not seen to be smooth in it")


def jet(density: ParametricDensity, order: int) -> Expr:
    """The Taylor polynomial of a density at θ + Σ cv, by its derivatives along the vectors v."""
    start = density.at_parameter
    if density == start:
        return density
    moves = steps(density.point, density.parameter)
    letters = {v: sympy.Dummy(str(v)) for v in moves}
    line = sympy.Add(*(c * letters[v] for v, c in moves.items()))
    powers = [sympy.expand(line**power / sympy.factorial(power)) for power in range(1, order + 1)]
    terms = [term for power in powers for term in sympy.Add.make_args(power)]
    return sympy.Add(start, *(_jet_term(start, term, letters) for term in terms))


def _jet_term(
    start: ParametricDensity, term: Expr, letters: dict[VectorSymbol, sympy.Dummy]
) -> Expr:
    """A product of coefficients and of letters for directions, as a derivative."""
    degrees = {v: sympy.degree(term, letter) for v, letter in letters.items()}
    size = term.xreplace(dict.fromkeys(letters.values(), sympy.S.One))
    directions = [v for v, degree in degrees.items() for _ in range(degree)]
    return size * Along(start, start.parameter, directions)
