"""The best value of an unknown function at one point: where is the integrand smallest?

The function's value is written by a parameter, and the integrand's slope in the parameter has to
change its sign once, at the claimed place; at an end of the range it has to keep one sign. That is
asked for every way in which densities can vanish at the point.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import sympy
from sympy import Add, Dummy, Expr, Mul, Pow, Symbol, exp, log

from onekl.symbolic.algebra import ClassProbability, Density, SumOrIntegral
from onekl.symbolic.notation import latex
from onekl.symbolic.optima.at_a_point import (
    Infinite,
    Values,
    infinities_cancel,
    label_values,
    patterns,
    product_at,
    unknowns,
    with_conditions,
)
from onekl.symbolic.premises import Support
from onekl.symbolic.proof import NotProved
from onekl.symbolic.sampling import RandomTables
from onekl.symbolic.weakest import weakest_premises

_NOT_ZERO = 1e-6
_UNDEFINED = (sympy.nan, sympy.zoo, sympy.oo)
Product = tuple[Expr, ...]  # the factors of a term, as they are written


@dataclass(frozen=True)
class End:
    """An end of the range: the function's value, and where the parameter tends to."""

    value: Expr
    limit: Expr


@dataclass(frozen=True)
class Range:
    """The values that the function may take: `value(parameter)`, and the ends that belong to it."""

    parameter: Symbol
    value: Callable[[Expr], Expr]
    inverse: Callable[[Expr], Expr]
    ends: tuple[End, ...] = ()


_ODDS, _SIZE = (Dummy(name, positive=True) for name in ("odds", "size"))
ZERO_TO_ONE = Range(
    _ODDS,
    lambda odds: odds / (1 + odds),
    lambda share: sympy.cancel(share / (1 - share)),
    (End(sympy.S.Zero, sympy.S.Zero), End(sympy.S.One, sympy.oo)),
)
REAL = Range(Dummy("t", real=True), lambda t: t, lambda t: t)
NOT_NEGATIVE = Range(
    _SIZE, lambda size: size, lambda size: size, (End(sympy.S.Zero, sympy.S.Zero),)
)


@dataclass(frozen=True)
class BestAtAPoint:
    """The claim that a sum of products is smallest where the unknown function is `at`, and no more.

    "No more" is meant wherever `at` is defined; where it is not, the function must not count.
    `unknown` takes a value of the function to the values of what stands for it in the products.
    """

    products: tuple[Product, ...]
    at: Expr
    range: Range
    unknown: Callable[[Expr], Values]
    tables: RandomTables

    def support(self) -> tuple[Support, ...]:
        """The weakest premises on where densities are positive under which the claim holds.

        NotProved, with the reason, where it fails though all densities are positive.
        """
        found = unknowns(self.at).union(*(unknowns(f) for every in self.products for f in every))
        found -= set(self.unknown(self.range.parameter))
        _require_known(found)
        conditions = {self._condition(d) for d in self.at.atoms(Density) if d.given}
        densities = {d for d in found if isinstance(d, Density)} | conditions
        named = with_conditions(densities, self.tables)
        moments = {f: Dummy("m", real=True) for f in found if isinstance(f, SumOrIntegral)}
        failing = {}
        for pattern in patterns(named, self.tables):
            values = {**label_values(found), **moments, **pattern.values}
            complaint = self._complaint(values)
            if complaint and not failing:
                raise NotProved(complaint)
            failing[tuple(values[d] != 0 for d in named)] = bool(complaint)
        return weakest_premises(named, failing)

    def _condition(self, density: Density) -> Density:
        joints = {joint.family: joint for joint in self.tables.joints}
        return joints[density.family].condition(density)

    def _complaint(self, values: Values) -> str:
        """What speaks against the claim where the densities have these values; "" for nothing."""
        parameter = self.range.parameter
        inside = values | self.unknown(self.range.value(parameter))
        terms = [(f, product_at(f, inside)) for f in self.products]
        counting = [(f, value) for f, value in terms if value.has(parameter)]
        slope = sympy.diff(Add(*(value for _, value in counting)), parameter)
        undefined = any(value.has(sympy.nan) for _, value in terms)
        if undefined or infinities_cancel([value for _, value in counting]):
            return "the integrand is an infinity less an infinity"
        infinite = slope.has(Infinite)
        if not infinite and not slope.has(sympy.nan, sympy.zoo) and _is_zero(slope):
            return f"{latex(self.at)} is not the only optimum" if self._is_defined(values) else ""
        place = self.at.xreplace(values)
        if not infinite and self._is_seen_to_slope(slope, place):
            return self._not_stationary()
        place = _simplified(place)
        if place.has(*_UNDEFINED):
            return f"{latex(self.at)} is not defined where the function counts"
        inside = [value for _, value in counting]
        ends = [
            (end, [product_at(f, values | self.unknown(end.value)) for f, _ in counting])
            for end in self.range.ends
        ]
        if infinite:
            return self._where_infinite(inside, ends, place)
        # What is infinite beside the function is the same for all its values, and drops out.
        beside = dict.fromkeys(Add(*inside).atoms(Infinite), sympy.S.Zero)
        ends = [(end, [value.xreplace(beside) for value in there]) for end, there in ends]
        return self._where_finite([value.xreplace(beside) for value in inside], slope, ends, place)

    def _is_defined(self, values: Values) -> bool:
        """Whether the claimed place is not 0/0, and not given an event of mass 0."""
        lost = {
            atom: Dummy("lost", positive=True)
            for atom in unknowns(self.at)
            if any(d.given and values[self._condition(d)] == 0 for d in atom.atoms(Density))
        }
        if self.at.xreplace(values).has(*_UNDEFINED):
            return False
        return not self.at.xreplace(values | lost).has(*_UNDEFINED, *lost.values())

    def _where_finite(
        self, terms: list[Expr], slope: Expr, ends: list[tuple[End, list[Expr]]], place: Expr
    ) -> str:
        """What speaks against a place where the integrand is finite inside the range."""
        parameter = self.range.parameter
        if not all(is_smooth(term, parameter) for term in terms):
            return "the integrand is not seen to be real and smooth"
        at_an_end = [end for end, _ in ends if place == end.value]
        where = None if at_an_end else self.range.inverse(place)
        if not at_an_end and not _is_zero(slope.xreplace({parameter: where})):
            return self._not_stationary()
        if not at_an_end and self._is_seen_to_fall(slope, where):
            return self._not_rising()
        for end, there in ends:
            if not _is_continuous(terms, there, parameter, end.limit):
                return f"the integrand is not seen to be continuous at {end.value}"
        signs = {sympy.S.Zero: 1, sympy.oo: -1}
        for end in at_an_end:
            fits = is_seen_positive(signs[end.limit] * slope)
            return "" if fits else f"the slope at {latex(self.at)} has the wrong sign"
        if parameter.is_positive and not is_seen_positive(where) or not where.is_real:
            return f"{latex(self.at)} is not seen to be within the range"
        return "" if turns_once(slope, parameter) else self._not_rising()

    def _is_seen_to_slope(self, slope: Expr, place: Expr) -> bool:
        """Whether numbers show at once that a place within the range is not stationary."""
        numbers = _numbers(slope.free_symbols | place.free_symbols)
        where = self.range.inverse(place.xreplace(numbers))
        if not where.is_real or where.is_zero:
            return False
        return _is_far_from_zero(slope.xreplace({**numbers, self.range.parameter: where}))

    def _is_seen_to_fall(self, slope: Expr, where: Expr) -> bool:
        """Whether numbers show at once that the slope is below 0 beyond the claimed place."""
        numbers = _numbers(slope.free_symbols | where.free_symbols)
        there = where.xreplace(numbers)
        beyond = slope.xreplace({**numbers, self.range.parameter: there + abs(there) / 2}).evalf()
        return bool(beyond.is_Float and beyond < -_NOT_ZERO)

    def _not_rising(self) -> str:
        return f"the slope is not seen to rise through 0 at {latex(self.at)} alone"

    def _not_stationary(self) -> str:
        return f"not stationary: the slope at {latex(self.at)} is not 0"

    def _where_infinite(
        self, terms: list[Expr], ends: list[tuple[End, list[Expr]]], place: Expr
    ) -> str:
        """What speaks against an end as the only place where the integrand is not infinite."""
        chosen = [there for end, there in ends if end.value == place]
        others = [Add(*there) for end, there in ends if end.value != place]
        infinite = all(map(_is_plus_infinite, (Add(*terms), *others))) and all(
            is_smooth(term, self.range.parameter) for term in terms
        )
        if infinite and chosen and not Add(*chosen[0]).has(Infinite, sympy.nan, sympy.zoo):
            return ""
        return f"the integrand is infinite beside {latex(self.at)}"


def _require_known(found: set[Expr]) -> None:
    """NotProved where another function with values from 0 to 1 is left unknown."""
    others = [f for f in found if isinstance(f, ClassProbability) and f.arguments]
    if others:
        raise NotProved(f"{latex(min(others, key=str))} is unknown too")


def _is_plus_infinite(total: Expr) -> bool:
    """Whether a sum is linear in infinite symbols, with positive coefficients."""
    symbols = total.atoms(Infinite)
    coefficients = [sympy.diff(total, symbol) for symbol in symbols]
    return bool(symbols) and all(
        is_seen_positive(c) and not c.has(Infinite, sympy.nan, sympy.zoo) for c in coefficients
    )


def _is_continuous(inside: list[Expr], there: list[Expr], parameter: Symbol, to: Expr) -> bool:
    """Whether each term tends to its value at the end, and no two to opposite infinities."""
    infinities = set()
    for term, value in zip(inside, there):
        value = value.xreplace(dict.fromkeys(value.atoms(Infinite), sympy.oo))
        limit = _limit(term, parameter, to)
        if limit != value and not _is_zero(limit - value):
            return False
        infinities |= {value} & {sympy.oo, -sympy.oo}
    return len(infinities) < 2


@lru_cache(maxsize=1000)
def _simplified(expression: Expr) -> Expr:
    return sympy.simplify(expression)


def _numbers(symbols: set[Symbol]) -> Values:
    """A number for each symbol, the same whenever it is asked."""
    return {s: sympy.Rational(k + 2, 3) for k, s in enumerate(sorted(symbols, key=str))}


def _is_far_from_zero(number: Expr) -> bool:
    found = number.evalf()
    return bool(found.is_Float and abs(found) > _NOT_ZERO)


@lru_cache(maxsize=1000)
def _is_zero(expression: Expr) -> bool:
    """Whether an expression is seen to be 0; numbers at one point settle most others at once."""
    if _is_far_from_zero(expression.xreplace(_numbers(expression.free_symbols))):
        return False
    if sympy.expand(sympy.numer(sympy.together(expression))) == 0:
        return True
    return _simplified(expression) == 0


@lru_cache(maxsize=1000)
def _limit(term: Expr, parameter: Symbol, to: Expr) -> Expr:
    constant, moving = term.as_independent(parameter, as_Add=False)
    return constant * sympy.limit(moving, parameter, to, "-" if to == sympy.oo else "+")


@lru_cache(maxsize=1000)
def is_seen_positive(expression: Expr) -> bool:
    """Whether SymPy sees that the expression is positive, perhaps after it has factored it."""
    plain = expression.is_positive or sympy.factor(sympy.together(expression)).is_positive
    return bool(plain or sympy.factor(sympy.simplify(expression)).is_positive)


@lru_cache(maxsize=1000)
def is_smooth(term: Expr, parameter: Symbol) -> bool:
    """Whether a term is a real and smooth function of the parameter on its whole range.

    It is where it is made of sums, products, exponentials, logs of what is positive, and powers
    that have no pole.
    """
    if not term.has(parameter) or term == parameter:
        return term.is_real is not False
    if isinstance(term, log):
        fits = is_seen_positive(term.args[0])
    elif isinstance(term, Pow):
        whole = term.exp.is_Integer and term.exp.is_positive
        fits = whole or is_seen_positive(term.base)
    else:
        fits = isinstance(term, (Add, Mul, exp))
    return fits and all(is_smooth(part, parameter) for part in term.args)


@lru_cache(maxsize=1000)
def turns_once(slope: Expr, parameter: Symbol) -> bool:
    """Whether a slope that is 0 somewhere is negative before that and positive after it.

    It is where it rises everywhere, or does without its positive factors.
    """
    factored = sympy.factor(sympy.together(slope))
    rest = Mul(*(f for f in Mul.make_args(factored) if not is_seen_positive(f)))
    return any(is_seen_positive(sympy.diff(part, parameter)) for part in (rest, slope))
