"""Premises as objects: what a proof needs beyond the definitions.

`Support` says where densities are positive, and `Finite` that an integral is finite; instances are
held to both.
`Equal` is an equation that a proof uses by putting its right side in the place of its left one.
A premise in words is a line of LaTeX, a `str`, written by the prover that needs it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sympy
from sympy import Expr

from onekl.symbolic.algebra import ClassProbability
from onekl.symbolic.notation import latex


@dataclass(frozen=True)
class Support:
    """At every point where all of `where` are positive, at least one of `any_of` is.

    Both hold densities, or values of a discriminator; an empty `where` means everywhere.
    """

    any_of: tuple[Expr, ...]
    where: tuple[Expr, ...] = ()

    def latex(self) -> str:
        """The premise in LaTeX: a + b > 0 wherever c · d > 0."""
        line = rf"{' + '.join(map(latex, self.any_of))} > 0"
        place = r" \, ".join(map(latex, self.where))
        return line + (rf" \text{{ wherever }} {place} > 0" if self.where else "")

    def follows_from(self, known: Support) -> bool:
        """Whether `known` says at least as much: fewer to choose from, at more places."""
        return set(known.any_of) <= set(self.any_of) and set(known.where) <= set(self.where)


@dataclass(frozen=True)
class Finite:
    """An integral, or a functional, is finite."""

    total: Expr

    def latex(self) -> str:
        """The premise in LaTeX, told without a sign before the integrand."""
        return rf"{latex(self.total)} \text{{ is finite}}"

    def follows_from(self, known: Finite) -> bool:
        """Whether `known` says it of the same integral."""
        return self == known


@dataclass(frozen=True)
class Equal:
    """left = right, where left is one density, one value of D, or one symbol."""

    left: Expr
    right: Expr

    def __post_init__(self) -> None:
        if sympy.sympify(self.right).has(self.left):
            raise ValueError(
                f"the premise {self.latex()} defines {self.left} by itself: "
                "write a right side without it"
            )

    def latex(self) -> str:
        """The equation in LaTeX."""
        return f"{latex(self.left)} = {latex(self.right)}"

    def follows_from(self, known: Equal) -> bool:
        """Whether `known` is the same equation."""
        return self == known


Premise = str | Support | Finite | Equal


def premise_latex(premise: Premise) -> str:
    """Any premise as a line of LaTeX."""
    return premise if isinstance(premise, str) else premise.latex()


def follows(premise: Premise, known: Iterable[Premise]) -> bool:
    """Whether one of the known premises says at least as much."""
    return any(
        premise == other
        if isinstance(premise, str)
        else type(other) is type(premise) and premise.follows_from(other)
        for other in known
    )


def using(expression: Expr, given: Iterable[Equal]) -> Expr:
    """The expression with the left side of each equation replaced by its right side.

    With the probability of one outcome, that of the other is known too.
    """
    for equation in given:
        left, right = equation.left, sympy.sympify(equation.right)
        known = {left: right}
        if isinstance(left, ClassProbability):
            known[left.other] = sympy.together(1 - right)
        expression = sympy.sympify(expression).xreplace(known)
    return expression
