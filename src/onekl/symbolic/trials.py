"""What a statement says in numbers: relations that can be tried on instances."""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Basic, Expr, Symbol


@dataclass(frozen=True)
class Relation:
    """left = right, or left ≥ right (`sign` ">="), on every instance."""

    left: Expr
    sign: str
    right: Expr


@dataclass(frozen=True)
class Best:
    """The functional is smallest where the unknown is `at`, and nowhere else that counts.

    The unknown is a value of D, with values from 0 to 1, a density, a positive number, or a
    function with real values.
    """

    functional: Expr
    unknown: Expr
    at: Expr


@dataclass(frozen=True)
class Narrowing:
    """The mean of a smooth bounded function of a vector under a kernel tends to its value.

    It does so at `place`, as `symbol` falls to 0.
    """

    kernel: Expr
    variable: Basic
    symbol: Symbol
    place: Basic


@dataclass(frozen=True)
class Expanded:
    """expression = value but for what is of higher order than `order` in symbol − point.

    It holds at every letter of what is left open.
    """

    expression: Expr
    value: Expr
    symbol: Symbol
    point: Expr
    order: int


Trial = Relation | Best | Narrowing | Expanded
