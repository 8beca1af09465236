"""A sum of integrals as it is written: its terms, and their factors in the order that they have.

SymPy cancels p/p as soon as it builds a product, and reorders it; a row keeps what stands above and
below apart, and in order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import sympy
from sympy import Add, Expr, Mul, Pow, S, Symbol, log

from onekl.symbolic.algebra import (
    KL,
    Density,
    Dirac,
    Entropy,
    Expectation,
    LabelledJoint,
    SumOrIntegral,
    kl_div,
)
from onekl.symbolic.proof import NotProved, has_functional

Factors = tuple[Expr, ...]


@dataclass(frozen=True)
class Ratio:
    """A product above and a product below, each in order."""

    above: Factors = ()
    below: Factors = ()

    def __mul__(self, other: Ratio) -> Ratio:
        return Ratio(self.above + other.above, self.below + other.below)

    def inverse(self) -> Ratio:
        """Below over above."""
        return Ratio(self.below, self.above)

    def cancelled(self) -> Ratio:
        """The ratio without the factors that stand above and below."""
        above, below = list(self.above), list(self.below)
        for factor in self.above:
            if factor in below:
                above.remove(factor)
                below.remove(factor)
        return Ratio(tuple(above), tuple(below))

    def put_in(self, known: dict[Expr, Ratio]) -> Ratio:
        """The ratio with some of its factors replaced in their places."""
        total = Ratio()
        for factor in self.above:
            total = total * known.get(factor, Ratio((factor,)))
        for factor in self.below:
            total = total * known.get(factor, Ratio((factor,))).inverse()
        return total

    def expression(self) -> Expr:
        """The ratio as SymPy prints it, uncancelled."""
        below = [Pow(product(self.below), -1, evaluate=False)] if self.below else []
        return product((*self.above, *below))


@dataclass(frozen=True)
class Row:
    """number · ∫ weight · log(inside) over the variables; no log where there is none."""

    number: Expr
    weight: Ratio
    inside: Ratio | None
    variables: tuple[Symbol, ...]

    def expression(self) -> Expr:
        """The row as it is printed, with the number before the integral."""
        logs = () if self.inside is None else (log(self.inside.expression(), evaluate=False),)
        body = product((*self.weight.above, *_below(self.weight), *logs))
        if self.variables:
            body = SumOrIntegral(body, self.variables)
        return scaled(self.number, body)


Rows = tuple[Row, ...]


def _below(ratio: Ratio) -> Factors:
    return (Pow(product(ratio.below), -1, evaluate=False),) if ratio.below else ()


def product(factors: Iterable[Expr]) -> Expr:
    """The product of the factors as they stand."""
    every = tuple(factors)
    if len(every) < 2:
        return every[0] if every else S.One
    return Mul(*every, evaluate=False)


def scaled(number: Expr, body: Expr) -> Expr:
    """A number before an expression; the expression where the number is 1."""
    if number == 1 or body == 0:
        return body
    return number * body if body.is_number and body.is_Rational else product((number, body))


def total(terms: Iterable[Expr]) -> Expr:
    """The sum of the terms as they stand."""
    every = [term for term in terms if term != 0]
    if len(every) < 2:
        return every[0] if every else S.Zero
    return Add(*every, evaluate=False)


def written(rows: Rows) -> Expr:
    """The sum of the rows, as it is printed."""
    return total(row.expression() for row in rows)


def ratio_of(expression: Expr) -> Ratio:
    """The factors of a product above and below, in order, with those of products inside it."""
    if isinstance(expression, Mul):
        parts = Ratio()
        for factor in expression.args:
            parts = parts * ratio_of(factor)
        return parts
    if isinstance(expression, Pow) and expression.exp.is_Integer:
        inside = ratio_of(expression.base)
        inside = inside if expression.exp.is_positive else inside.inverse()
        return Ratio(
            inside.above * abs(int(expression.exp)), inside.below * abs(int(expression.exp))
        )
    if expression.is_Rational and expression.q != 1:
        above = () if expression.p == 1 else (sympy.Integer(expression.p),)
        return Ratio(above, (sympy.Integer(expression.q),))
    return Ratio() if expression == 1 else Ratio((expression,))


def defined(expression: Expr) -> Expr:
    """KL, mean, entropy and ℰ by their definitions, with numbers before the integrals."""
    if isinstance(expression, Add):
        return total(map(defined, expression.args))
    if isinstance(expression, Mul):
        parts = [factor for one in expression.args for factor in _flat(defined(one))]
        number = Mul(*(f for f in parts if f.is_Rational))
        return scaled(number, product(f for f in parts if not f.is_Rational))
    if isinstance(expression, SumOrIntegral):
        return integral(defined(expression.integrand), expression.variables)
    if isinstance(expression, Expectation):
        weight = Mul.make_args(expression.weight)
        return integral(product((*weight, defined(expression.value))), _sorted(expression))
    if isinstance(expression, Entropy):
        (density,) = expression.args
        body = product((*Mul.make_args(density), log(density)))
        return product((S.NegativeOne, SumOrIntegral(body, _sorted(expression))))
    if isinstance(expression, KL) and isinstance(expression.first, LabelledJoint):
        return total(map(defined, expression.cases()))
    if isinstance(expression, KL):
        return integral(_surprise(*expression.args), _sorted(expression))
    if isinstance(expression, kl_div):
        first, second = expression.args
        return total((_surprise(first, second), product((S.NegativeOne, first)), second))
    return expression


def _sorted(functional: Expr) -> tuple[Symbol, ...]:
    """The variables of a functional in the order in which they are printed."""
    return tuple(sorted(functional.variables, key=str))


def _surprise(first: Expr, second: Expr) -> Expr:
    """first · log(first/second)."""
    inside = ratio_of(first) * ratio_of(second).inverse()
    number = Mul(*_numbers(inside.above)) / Mul(*_numbers(inside.below))
    above, below = (
        tuple(f for f in part if not f.is_number) for part in (inside.above, inside.below)
    )
    front = () if number == 1 else (number,)
    ratio = Ratio((*front, *above), below)
    return product((*Mul.make_args(first), log(ratio.expression(), evaluate=False)))


def _numbers(factors: Factors) -> Factors:
    return tuple(f for f in factors if f.is_number)


def integral(integrand: Expr, variables: tuple[Symbol, ...]) -> Expr:
    """The integral, with a number of the integrand before it."""
    parts = list(_flat(integrand))
    number = Mul(*(f for f in parts if f.is_Rational))
    others = [f for f in parts if not f.is_Rational]
    return scaled(number, SumOrIntegral(product(others), variables))


def _flat(expression: Expr) -> Iterable[Expr]:
    for factor in Mul.make_args(expression):
        if isinstance(factor, Mul) and factor is not expression:
            yield from _flat(factor)
        else:
            yield factor


def rows_of(expression: Expr) -> Rows:
    """The terms of a sum of integrals, nested ones as one; NotProved for what is no such sum."""
    expression = defined(expression)
    if isinstance(expression, Add):
        return tuple(row for term in expression.args for row in rows_of(term))
    if isinstance(expression, SumOrIntegral):
        return tuple(_inside(row, expression.variables) for row in rows_of(expression.integrand))
    factors = list(_flat(expression))
    sums = [f for f in factors if has_functional(f) or (f.is_Add and f.has(log))]
    logs = [f for f in factors if isinstance(f, log)]
    if len(sums) > 1 or len(logs) > 1:
        raise NotProved("a product of two integrals or of two logs has no rows")
    if any(f.is_Pow for f in sums):
        raise NotProved("a power of an integral has no rows")
    rest = [f for f in factors if f not in sums and f not in logs]
    number = Mul(*(f for f in rest if f.is_Rational))
    weight = ratio_of(product(f for f in rest if not f.is_Rational))
    inside = ratio_of(logs[0].args[0]) if logs else None
    if sums:
        return tuple(_weighted(row, number, weight, inside) for row in rows_of(sums[0]))
    return (Row(number, weight, inside, ()),)


def _inside(row: Row, variables: tuple[Symbol, ...]) -> Row:
    if set(row.variables) & set(variables):
        raise NotProved("a variable is bound twice: no rows")
    return replace(row, variables=tuple(sorted((*variables, *row.variables), key=str)))


def _weighted(row: Row, number: Expr, weight: Ratio, inside: Ratio | None) -> Row:
    if inside and row.inside:
        raise NotProved("a product of two logs has no rows")
    outside = Ratio() if inside is None else inside
    factors = (*weight.above, *weight.below, *outside.above, *outside.below)
    if set(row.variables) & set().union(*(f.free_symbols for f in factors)):
        raise NotProved("a variable is bound twice: no rows")
    number = number * row.number
    return Row(number, weight * row.weight, row.inside or inside, row.variables)


def sifted(row: Row) -> Row:
    """The row with ∫ δ(x − G(z)) h(x, z) dx = h(G(z), z) carried out."""
    for factor in row.weight.above:
        if not isinstance(factor, Dirac) or factor.over[0] not in row.variables:
            continue
        (variable,), value = factor.over, factor.image
        rest = tuple(f for f in row.weight.above if f is not factor)
        if value.has(variable) or any(
            variable in d.free_symbols for f in rest for d in f.atoms(Density)
        ):
            continue
        move = {variable: value}

        def moved(factors: Factors, move: dict[Expr, Expr] = move) -> Factors:
            return tuple(f.xreplace(move) for f in factors)

        inside = row.inside and Ratio(moved(row.inside.above), moved(row.inside.below))
        weight = Ratio(moved(rest), moved(row.weight.below))
        variables = tuple(v for v in row.variables if v != variable)
        return sifted(replace(row, weight=weight, inside=inside, variables=variables))
    return row
