"""Expressions as they are written: parts replaced and put together without SymPy's evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import sympy
from sympy import Add, Basic, Derivative, Expr, Mul, Pow, log

from onekl.symbolic.algebra import KL, Expectation, SumOrIntegral

Change = Callable[[Basic], Basic | None]  # what a part becomes; None for a part that stays


def replaced(expression: Basic, change: Change) -> Basic:
    """The expression with its outermost parts changed, and sums and products left as they stand.

    Where a term of a sum becomes a sum, or a factor of a product a product, no brackets are left.
    """
    new = change(expression)
    if new is not None:
        return new
    arguments = [replaced(argument, change) for argument in expression.args]
    if all(new is old for new, old in zip(arguments, expression.args)):
        return expression
    if isinstance(expression, (Add, Mul)):
        arguments = [
            inner
            for new, old in zip(arguments, expression.args)
            for inner in ((new,) if new is old else expression.func.make_args(new))
        ]
        return _joined(expression.func, arguments)
    return with_arguments(expression, arguments)


def _joined(kind: type, arguments: list[Expr]) -> Expr:
    """A sum or a product of new parts: its numbers in one, and a minus taken into a sum."""
    if kind is Add:
        return Add(*arguments, evaluate=False)
    found = product(*arguments)
    if len(found.args) == 2 and found.args[0] == -1 and found.args[1].is_Add:
        return Add(*map(negative, found.args[1].args), evaluate=False)
    return found


def with_arguments(expression: Basic, arguments: Iterable[Basic]) -> Basic:
    """The expression with other arguments, as it is written."""
    if isinstance(expression, (Add, Mul, Pow, Derivative, log)):
        return expression.func(*arguments, evaluate=False)
    return expression.func(*arguments)


def with_values(expression: Basic, values: dict[Expr, Expr]) -> Basic:
    """The expression with these parts replaced, as it is written."""
    return replaced(expression, values.get)


def plain(expression: Basic) -> Basic:
    """The expression with sums and products put together as SymPy does, whatever their order.

    Logarithms and derivatives stay: they are the business of rules.
    """
    if isinstance(expression, Derivative):
        return Derivative(plain(expression.expr), *expression.variable_count, evaluate=False)
    if isinstance(expression, log):
        return log(plain(expression.args[0]), evaluate=False)
    if not expression.args:
        return expression
    return expression.func(*map(plain, expression.args))


def alike(one: Basic, other: Basic) -> bool:
    """Whether two expressions differ by order and brackets at most."""
    return _unordered(one) == _unordered(other)


def _unordered(expression: Basic) -> object:
    """A sum or a product as its parts in one order; all else with its arguments."""
    if isinstance(expression, (Add, Mul)):
        kind = expression.func
        parts = [_unordered(part) for part in _flat(expression)]
        return kind.__name__, tuple(sorted(parts, key=str))
    if not expression.args:
        return expression
    return expression.func.__name__, tuple(map(_unordered, expression.args))


def _flat(expression: Expr) -> list[Expr]:
    """The terms of a sum without brackets; the factors of a product, with one number."""
    kind = expression.func
    parts = [inner for part in expression.args for inner in kind.make_args(part)]
    if any(inner not in expression.args for inner in parts):
        return _flat(kind(*parts, evaluate=False))
    if kind is Add:
        return parts
    number = Mul(*(part for part in parts if part.is_Rational))
    return [number, *(part for part in parts if not part.is_Rational)]


def total(*terms: Expr) -> Expr:
    """A sum as it is written, with the terms of inner sums among its own and without zeros."""
    every = [t for term in map(sympy.sympify, terms) for t in Add.make_args(term) if t != 0]
    return Add(*every, evaluate=False) if len(every) > 1 else Add(*every)


def product(*factors: Expr) -> Expr:
    """A product as it is written, with one number before the factors of it and of inner ones."""
    every = [f for factor in map(sympy.sympify, factors) for f in Mul.make_args(factor)]
    number = Mul(*(f for f in every if f.is_Rational))
    rest = [f for f in every if not f.is_Rational]
    if number == 0 or not rest:
        return number
    parts = rest if number == 1 else [number, *rest]
    return Mul(*parts, evaluate=False) if len(parts) > 1 else parts[0]


def ratio(above: Expr, below: Expr) -> Expr:
    """A fraction as it is written, in which nothing is cancelled."""
    inverse = Pow(below, -1, evaluate=False)
    return inverse if above == 1 else Mul(*Mul.make_args(above), inverse, evaluate=False)


def kl_as_integral(kl: KL) -> SumOrIntegral:
    """A KL as it is defined: ∫ first log(first/second)."""
    inside = log(ratio(kl.first, kl.second), evaluate=False)
    return SumOrIntegral(product(kl.first, inside), kl.variables)


def mean_as_integral(mean: Expectation) -> SumOrIntegral:
    """A mean as it is defined: ∫ weight · value."""
    return SumOrIntegral(product(mean.weight, mean.value), mean.variables)


def negative(term: Expr) -> Expr:
    """A term with its sign changed, as it is written."""
    return product(-1, term)


def merged(integrals: Expr) -> Expr:
    """The integrals with one that stands under another as one over all their variables."""

    def change(part: Basic) -> Basic | None:
        factors = Mul.make_args(part.integrand) if isinstance(part, SumOrIntegral) else ()
        inner = [f for f in factors if isinstance(f, SumOrIntegral)]
        if len(inner) != 1:
            return None
        inside = product(*(f for f in factors if f not in inner), inner[0].integrand)
        return merged(SumOrIntegral(inside, (*part.variables, *inner[0].variables)))

    return replaced(integrals, change)
