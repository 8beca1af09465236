"""Rules that need no calculus: arithmetic, and the logarithms of products.

`same` is what every rule of this folder allows on the way: sums and products are multiplied out and
fractions cancelled, and constants are taken out of integrals over concrete densities.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy
from sympy import Add, Basic, Derivative, Expr, MatrixExpr, Mul, Pow, Symbol, exp, log

from onekl.symbolic.algebra import (
    KL,
    ClassProbability,
    Density,
    Expectation,
    Gaussian,
    SumOrIntegral,
)
from onekl.symbolic.lines.line import EQUAL, Line, Rule, register
from onekl.symbolic.lines.written import alike, replaced
from onekl.symbolic.real_line import is_nonzero_at_a_point
from onekl.symbolic.vectors.algebra import INDEX, CoordinateSum, SquaredNorm

OPAQUE = (log, KL, Expectation, SumOrIntegral, Gaussian, Derivative, CoordinateSum, SquaredNorm)

Leads = Callable[[Expr, Line], bool]
Rewrite = Callable[[Expr], Expr]


def same(one: Expr, other: Expr) -> bool:
    """Whether two expressions are equal by arithmetic alone, with all else as letters.

    Where one divides by an unknown density, or by a value of D, which may be 0, they have to be
    written alike.
    """
    if _may_divide_by_zero(one) or _may_divide_by_zero(other):
        return alike(one, other)
    apart = normal(one) - normal(other)
    apart = sympy.expand(apart.xreplace(_as_letters(apart)))
    if apart == 0 or is_nonzero_at_a_point(apart):  # most others differ in numbers
        return apart == 0
    return sympy.cancel(sympy.together(apart)) == 0


def _may_divide_by_zero(expression: Expr) -> bool:
    below = (p.base for p in expression.atoms(Pow) if p.exp.could_extract_minus_sign())
    return any(base.has(Density, ClassProbability) for base in below)


def opened(expression: Expr) -> Expr:
    """The expression multiplied out, with its logarithms, integrals and norms as they are."""
    letters = _as_letters(expression)
    back = {letter: part for part, letter in letters.items()}
    return sympy.expand(expression.xreplace(letters)).xreplace(back)


def _as_letters(expression: Expr) -> dict[Expr, sympy.Dummy]:
    """A letter for each part that arithmetic does not look into."""
    return {part: sympy.Dummy(real=True) for part in expression.atoms(*OPAQUE)}


def normal(expression: Basic) -> Basic:
    """The expression evaluated, each mean as an integral, and each integral term by term."""
    if isinstance(expression, Derivative):
        inside = opened(normal(expression.expr))
        return Derivative(inside, *expression.variable_count, evaluate=False)
    if isinstance(expression, MatrixExpr):
        return expression.doit()  # sums of vectors in one order
    if not expression.args:
        return expression
    arguments = [normal(argument) for argument in expression.args]
    if isinstance(expression, log):
        return log(sympy.cancel(opened(arguments[0])), evaluate=False)
    rebuilt = expression.func(*arguments)
    if isinstance(rebuilt, CoordinateSum):
        return _term_by_term(rebuilt, (INDEX,))
    is_total = isinstance(rebuilt, (Expectation, SumOrIntegral))
    if is_total and (0 in rebuilt.args or rebuilt.has(Gaussian, CoordinateSum, SquaredNorm)):
        whole = rebuilt.definition() if isinstance(rebuilt, Expectation) else rebuilt
        return _term_by_term(whole, whole.variables)
    return rebuilt


def _term_by_term(whole: SumOrIntegral | CoordinateSum, variables: tuple[Symbol, ...]) -> Expr:
    """An integral, or a sum over coordinates, as a sum of constants times such totals."""
    inside, over = whole.args
    if inside == 0:
        return inside
    split = (t.as_independent(*variables, as_Add=False) for t in Add.make_args(opened(inside)))
    return Add(*(constant * whole.func(rest, over) for constant, rest in split))


def as_it_is(expression: Expr) -> Expr:
    """The expression itself."""
    return expression


def by_rewriting(rewrite: Rewrite, settle: Rewrite = as_it_is) -> Leads:
    """The rule that both sides become the same when they are rewritten, and not before.

    Before and afterwards they are settled, which alone may not be enough.
    """

    def leads(before: Expr, line: Line) -> bool:
        sides = [settle(side) for side in (before, line.expression)]
        return (
            line.sign == EQUAL
            and not same(*sides)
            and same(*(settle(rewrite(side)) for side in sides))
        )

    return leads


def with_logs_split(expression: Expr) -> Expr:
    """The logarithm of a product of positive factors as a sum, that of a power as a multiple."""

    def split(part: Basic) -> Basic | None:
        return log_of_product(part.args[0]) if isinstance(part, log) else None

    return replaced(expression, split)


def log_of_product(inside: Expr) -> Expr:
    """The sum of the logarithms of the positive factors of a product; log of it for all else."""
    inside = with_logs_split(inside)
    if isinstance(inside, Mul) and all(factor.is_positive for factor in inside.args):
        return Add(*map(log_of_product, inside.args))
    if isinstance(inside, exp) and inside.args[0].is_real:
        return inside.args[0]
    if isinstance(inside, Pow) and inside.base.is_positive and inside.exp.is_real:
        return inside.exp * log_of_product(inside.base)
    if inside.is_Rational and inside.is_positive:
        return Add(*(k * log(prime) for prime, k in sympy.factorrat(inside).items()))
    return log(inside)


def _arithmetic(before: Expr, line: Line) -> bool:
    """Whether the two are the same, and are not written alike."""
    return line.sign == EQUAL and before != line.expression and same(before, line.expression)


_a, _b = sympy.symbols("a b", positive=True)

ARITHMETIC = register(
    Rule(
        "arithmetic",
        "sums, products and fractions of numbers",
        (Pow(_a + _b, 2), Line(_a**2 + 2 * _a * _b + _b**2, "arithmetic")),
        _arithmetic,
    )
)

LOGARITHMS = register(
    Rule(
        "logarithms of numbers",
        "the log of a product of positive numbers is a sum, and log(exp(v)) = v",
        (log(_a**2 * _b), Line(2 * log(_a) + log(_b), "logarithms of numbers")),
        by_rewriting(with_logs_split),
    )
)
