"""The printer of lines: a fixed order of factors and terms, numbers and signs before integrals."""

from __future__ import annotations

from collections.abc import Iterable

import sympy
from sympy import Add, Derivative, Expr, Mul, Pow, S, Symbol, log
from sympy.core.function import AppliedUndef

from onekl.symbolic.algebra import (
    FUNCTIONALS,
    ClassProbability,
    Density,
    SumOrIntegral,
    kl_div,
)
from onekl.symbolic.notation import BookPrinter


def is_mixture(expression: Expr) -> bool:
    """Whether an expression is a sum of products of densities, with positive numbers."""
    return isinstance(expression, Add) and all(
        term.has(Density)
        and not term.has(log, Pow, AppliedUndef, *FUNCTIONALS)
        and not term.could_extract_minus_sign()
        for term in expression.args
    )


class LinePrinter(BookPrinter):
    """The book's notation, with names for some sums of densities.

    A number and a sign stand before an integral, data before the model, what is positive first.
    """

    def __init__(self, names: dict[Expr, str] | None = None) -> None:
        super().__init__()
        self.names = names or {}
        self.inside = 0  # how many integrals are open: one inside another has brackets

    def in_full(self, named: Expr) -> str:
        """A sum that has a name, written out."""
        return self._sum(named)

    def _print(self, expr: Expr, **options: object) -> str:
        """A node of this printer's own; all others print themselves."""
        if expr in self.names:
            return self.names[expr]
        if isinstance(expr, SumOrIntegral):
            return self._product([expr])
        if isinstance(expr, Mul) and not expr.has(sympy.MatrixExpr):
            return self._product(list(_factors(expr)))
        if isinstance(expr, Add) and not expr.has(sympy.MatrixExpr):
            number, inside = _number_of_sum(expr)
            return self._sum(expr) if number == 1 else self._product([number, inside])
        return super()._print(expr, **options)

    def _print_log(self, expr: log, exp: str | None = None) -> str:
        """A number has no brackets."""
        bare = expr.args[0].is_Integer and exp is None
        return rf"\log {expr.args[0]}" if bare else super()._print_log(expr, exp)

    def _print_Pow(self, expr: Pow) -> str:
        """A power of a sum that has a name has no brackets."""
        if expr.base in self.names and expr.exp.is_positive:
            return rf"{self.names[expr.base]}^{{{self._print(expr.exp)}}}"
        return super()._print_Pow(expr)

    def terms(self, total: Expr) -> list[Expr]:
        """The terms of a sum: of densities data first; of what is no functional positive first."""
        every = list(Add.make_args(total))
        if total.has(*FUNCTIONALS):
            return every
        if total.has(Density):
            every.sort(key=_family)
        return sorted(every, key=_is_negative)

    def _sum(self, total: Expr) -> str:
        rows = [self._print(term) for term in self.terms(total)]
        signed = (row if row.startswith("-") else f"+ {row}" for row in rows[1:])
        return " ".join([rows[0], *signed])

    def _product(self, factors: list[Expr]) -> str:
        """A product: its number and sign, what stands above over what stands below, logs last."""
        number, factors = _number_before(factors)
        factors = [part for f in factors for part in _without_number(f)]
        number = number * Mul(*(f for f in factors if f.is_Rational))
        factors = [f for f in factors if not f.is_Rational]
        above = sorted((f for f in factors if not _is_below(f)), key=_rank)
        below = [f for f in factors if _is_below(f)]
        if not below:
            beside = len(above) > 1
            body = " ".join(self._factor(f, beside or (number != 1 and f.is_Add)) for f in above)
            return _with_number(number, body)
        weight = [f for f in above if _rank(f) < 3]
        last = [f for f in above if _rank(f) >= 3]
        sign = "-" if number < 0 else ""
        up, down = [S(abs(number).p)] * (abs(number).p != 1), [S(number.q)] * (number.q != 1)
        top = self._joined([*up, *weight]) or "1"
        bottom = self._joined([*down, *(1 / f for f in below)])
        ends = "".join(f" {self._factor(f, True)}" for f in last)
        return rf"{sign}\frac{{{top}}}{{{bottom}}}{ends}"

    def _joined(self, factors: list[Expr]) -> str:
        every = [g for f in factors for g in _factors(f)]
        return " ".join(self._factor(f, len(every) > 1) for f in sorted(every, key=_rank))

    def _factor(self, factor: Expr, among_others: bool) -> str:
        """One factor, in brackets where it is a sum, or an integral beside another factor."""
        if isinstance(factor, SumOrIntegral):
            inner = self._integral(factor)
            return rf"\left[{inner}\right]" if among_others and self.inside else inner
        body = self._print(factor)
        if not isinstance(factor, Add) or not among_others or factor in self.names:
            return body
        if factor.has(*FUNCTIONALS):
            return rf"\left[{body}\right]"
        return rf"\left({body}\right)"

    def _integral(self, total: SumOrIntegral) -> str:
        """An integral whose number stands before it already."""
        integrand = total.integrand
        self.inside += 1
        if isinstance(integrand, Add) and integrand not in self.names:
            body = rf"\left[{self._sum(integrand)}\right]"
        else:
            body = self._product([f for f in _factors(integrand) if not f.is_Rational])
        self.inside -= 1
        signs = {1: r"\int", 2: r"\iint", 3: r"\iiint"}
        sign = signs.get(len(total.variables), r"\int\!\cdots\!\int")
        ends = r"\,".join(f"d{self._print(v)}" for v in total.variables)
        return rf"{sign} {body} \,{ends}"


def _factors(product: Expr) -> Iterable[Expr]:
    """The factors of a product and of the products in it, a quotient's below one by one."""
    for factor in Mul.make_args(product):
        if isinstance(factor, Mul) and factor is not product:
            yield from _factors(factor)
        elif _is_below(factor) and isinstance(factor.base, Mul):
            yield from (Pow(f, factor.exp, evaluate=False) for f in _factors(factor.base))
        else:
            yield factor


def _is_below(factor: Expr) -> bool:
    return isinstance(factor, Pow) and bool(factor.exp.is_Rational and factor.exp.is_negative)


def _number_of_sum(total: Expr) -> tuple[Expr, Expr]:
    """A whole number that every term of a sum has, and the sum without it."""
    parts = [term.as_coeff_Mul() for term in Add.make_args(total)]
    number = parts[0][0]
    whole = number.is_Integer and number > 1
    if not total.is_Add or not whole or {n for n, _ in parts} != {number}:
        return S.One, total
    return number, Add(*(term for _, term in parts), evaluate=False)


def _without_number(factor: Expr) -> tuple[Expr, ...]:
    """A sum below, with the number of its terms apart."""
    if not _is_below(factor) or factor.exp != -1:
        return (factor,)
    number, inside = _number_of_sum(factor.base)
    return (factor,) if number == 1 else (1 / number, Pow(inside, -1, evaluate=False))


def _number_before(factors: list[Expr]) -> tuple[sympy.Rational, list[Expr]]:
    """The number of a product, with that of the integral in it, and the other factors."""
    number, others = S.One, []
    for factor in factors:
        if factor.is_Rational:
            number *= factor
            continue
        if isinstance(factor, SumOrIntegral) and not isinstance(factor.integrand, Add):
            number *= Mul(*(f for f in _factors(factor.integrand) if f.is_Rational))
        others.append(factor)
    return number, others


def _with_number(number: sympy.Rational, body: str) -> str:
    if not body:
        return str(number) if number.q == 1 else _fraction(number)
    if abs(number) == 1:
        return body if number == 1 else f"-{body}"
    return f"{number if number.q == 1 else _fraction(number)} {body}"


def _fraction(number: sympy.Rational) -> str:
    sign = "-" if number < 0 else ""
    return rf"{sign}\tfrac{{{abs(number.p)}}}{{{number.q}}}"


def _rank(factor: Expr) -> int:
    """The place of a factor: constants, chances, densities, functions, logs, integrals.

    A derivative is last, so that it is not read as that of what comes after it.
    """
    if isinstance(factor, Derivative):
        return 3 if isinstance(factor.expr, AppliedUndef) else 6
    if isinstance(factor, FUNCTIONALS):
        return 5
    if isinstance(factor, log):
        return 3 if factor.args[0].is_number else 4
    if isinstance(factor, (AppliedUndef, kl_div)):
        return 3
    if factor.is_number or isinstance(factor, Symbol):
        return 0
    if isinstance(factor, ClassProbability):
        return 1 if factor.arguments else 0
    return 2


def _is_negative(term: Expr) -> bool:
    return bool(term.could_extract_minus_sign())


def _family(term: Expr) -> str:
    """The family of a term's first density: data come before the model."""
    return min((d.family for d in term.atoms(Density)), default="~")
