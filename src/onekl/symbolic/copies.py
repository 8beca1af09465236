"""Copies of a variable: further letters, x′ and x″, with the alphabet of x.

Every density of x can be taken at x′, so p(x) and p(x′) are one table at two letters.
The letters that an integral runs over may be renamed: x and x′ exchanged, it keeps its value.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

from sympy import Expr, Symbol, default_sort_key
from sympy.core.function import AppliedUndef, UndefinedFunction

from onekl.symbolic.nodes import nodes_of


class Copy(Symbol):
    """The letter with `level` primes and the alphabet of `original`; made by `copy_of`."""

    __slots__ = ("original", "level")

    def __new__(cls, original: Symbol, level: int) -> Copy:
        """The copy of the original with that many primes, which is assumed to be what it is."""
        copy = Symbol.__xnew__(cls, original.name + "'" * level, **original.assumptions0)
        copy.original, copy.level = original, level
        return copy

    def __getnewargs_ex__(self) -> tuple[tuple[Symbol, int], dict[str, Any]]:
        return (self.original, self.level), {}

    def _hashable_content(self) -> tuple:
        return (self.original, self.level)


def copy_of(variable: Symbol) -> Copy:
    """x′ for x, and x″ for x′."""
    return Copy(alphabet(variable), level(variable) + 1)


def alphabet(variable: Symbol) -> Symbol:
    """The variable whose alphabet a letter has: x for x′ and for x itself."""
    return variable.original if isinstance(variable, Copy) else variable


def level(variable: Symbol) -> int:
    """The number of primes: 0 for x, 1 for x′."""
    return variable.level if isinstance(variable, Copy) else 0


def shifted(variable: Symbol, levels: int) -> Symbol:
    """The letter with that many more primes, or fewer."""
    primes = level(variable) + levels
    return Copy(alphabet(variable), primes) if primes else alphabet(variable)


def exchanged(expression: Expr, one: Symbol, other: Symbol) -> Expr:
    """The expression with two letters of one alphabet exchanged, so that k(x′|x) becomes k(x|x′).

    ValueError for letters of two alphabets.
    """
    if alphabet(one) != alphabet(other):
        raise ValueError(f"{one} and {other} are no copies of one variable")
    return expression.xreplace({one: other, other: one})


def renamings(letters: Iterable[Symbol]) -> list[dict[Symbol, Symbol]]:
    """Every way to rename the letters that only moves copies of one variable among themselves."""
    groups: dict[Symbol, list[Symbol]] = {}
    for letter in letters:
        groups.setdefault(alphabet(letter), []).append(letter)
    choices = [
        [dict(zip(group, order)) for order in itertools.permutations(group)]
        for group in groups.values()
    ]
    return [
        {old: new for part in chosen for old, new in part.items()}
        for chosen in itertools.product(*choices)
    ]


def fresh(
    letters: Iterable[Symbol], taken: Iterable[Symbol], avoided: Iterable[Symbol]
) -> dict[Symbol, Symbol]:
    """For each letter that is taken its first copy that is none of the letters given here."""
    letters, taken = tuple(letters), set(taken)
    used = taken | set(letters) | set(avoided)
    chosen: dict[Symbol, Symbol] = {}
    for letter in letters:
        if letter in taken:
            new = copy_of(letter)
            while new in used:
                new = copy_of(new)
            chosen[letter] = new
            used.add(new)
    return chosen


def copies_in(expressions: Iterable[Expr]) -> tuple[Copy, ...]:
    """The copies that stand in expressions, by their variable's name and their primes."""
    found = {copy for expression in expressions for copy in nodes_of(Copy, expression)}
    return tuple(sorted(found, key=lambda copy: (copy.original.name, copy.level)))


class SymmetricFunction(AppliedUndef):
    """An unknown function of letters whose order does not matter; made by `symmetric_function`."""

    def __new__(cls, *letters: Expr, **options: Any) -> SymmetricFunction:
        """Its value at the letters, which are put into one order."""
        return super().__new__(cls, *sorted(letters, key=default_sort_key), **options)


def symmetric_function(name: str) -> UndefinedFunction:
    """An unknown real function with k(x, x′) = k(x′, x), such as the kernel of an MMD."""
    return UndefinedFunction(name, bases=(SymmetricFunction,), real=True, symmetric=True)


def is_symmetric(value: AppliedUndef) -> bool:
    """Whether an unknown function does not mind the order of its arguments."""
    return isinstance(value, SymmetricFunction)
