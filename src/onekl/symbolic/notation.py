"""The book's notation: expressions of the algebra as LaTeX, for pages and notebooks."""

from __future__ import annotations

import re
from collections.abc import Iterable

from IPython.display import Math
from sympy import Add, Derivative, Expr, Function, Pow, Symbol, log
from sympy.core.function import AppliedUndef
from sympy.printing.latex import LatexPrinter

from onekl.symbolic.algebra import (
    FUNCTIONALS,
    ClassProbability,
    Density,
    Dirac,
    Gaussian,
    SumOrIntegral,
)


class BookPrinter(LatexPrinter):
    """SymPy's LaTeX printer in the book's notation, with terms in the order that they have.

    What is positive comes first where a sum has no log and no integral: there the order is SymPy's,
    and elsewhere that of the source. A negative number comes last.
    """

    def __init__(self) -> None:
        super().__init__({"order": "none", "ln_notation": False})

    def _as_ordered_terms(self, expr: Add, order: str | None = None) -> list[Expr]:
        every = list(expr.args)
        if not expr.has(log, *FUNCTIONALS):
            return sorted(every, key=lambda term: bool(term.could_extract_minus_sign()))
        return sorted(every, key=lambda term: bool(term.is_Rational and term.is_negative))

    def _print_log(self, expr: log, exp: str | None = None) -> str:
        inside = expr.args[0]
        body = self.doprint(inside)
        bare = isinstance(inside, (ClassProbability, Density, Gaussian, Dirac, Symbol)) or (
            body.startswith(r"\frac") and not inside.is_Add
        )
        line = rf"\log {body}" if bare else rf"\log\left({body}\right)"
        return line if exp is None else rf"\left({line}\right)^{{{exp}}}"

    def _print_Pow(self, expr: Pow) -> str:
        """A power of an integral has brackets around the integral."""
        if isinstance(expr.base, SumOrIntegral) and expr.exp.is_positive:
            return rf"\left({self.doprint(expr.base)}\right)^{{{self.doprint(expr.exp)}}}"
        return super()._print_Pow(expr)

    def _print_Function(self, expr: Function, exp: str | None = None) -> str:
        if isinstance(expr, AppliedUndef):
            name = self.doprint(Symbol(expr.func.__name__))
            body = f"{name}({', '.join(map(self.doprint, expr.args))})"
            return body if exp is None else f"{body}^{{{exp}}}"
        return super()._print_Function(expr, exp)

    def _print_Derivative(self, expr: Derivative) -> str:
        """f′(z) for an unknown function of one variable; ∂/∂z, with brackets, for all else."""
        inside, ((variable, order), *others) = expr.expr, expr.variable_count
        if isinstance(inside, AppliedUndef) and inside.args == (variable,) and order.is_Integer:
            primes = "'" * int(order)
            return rf"{self.doprint(inside.func)}{primes}({self.doprint(variable)})"
        body = self.doprint(inside)
        body = rf"\left[{body}\right]" if inside.is_Mul or inside.is_Add else body
        every = (
            (self.doprint(name), self._power(times)) for name, times in ((variable, order), *others)
        )
        signs = (rf"\frac{{\partial{power}}}{{\partial {name}{power}}}" for name, power in every)
        return rf"{' '.join(signs)} {body}"

    def _power(self, times: Expr) -> str:
        return "" if times == 1 else rf"^{{{self.doprint(times)}}}"


def latex(expression: Expr) -> str:
    """The expression in the book's notation."""
    return BookPrinter().doprint(expression)


def signed(terms: Iterable[Expr]) -> list[str]:
    """The terms of a sum in LaTeX, each but the first with its sign before it."""
    lines = [latex(term) for term in terms]
    return [
        line if line.startswith("-") or not index else f"+ {line}"
        for index, line in enumerate(lines)
    ]


def aligned(left: Expr, *terms: Expr, least: Expr | None = None) -> str:
    """left = the sum of the terms (≥ least), for a page, with a line for each of the terms.

    A long sum on the left has a line for each of its terms too.
    """
    is_long = isinstance(left, Add) and len(str(left)) > 80
    first = r" \\ &\quad ".join(signed(left.args)) if is_long else latex(left)
    right = r" \\ &\quad ".join(signed(terms))
    last = "" if least is None else rf" \\ &\geq {latex(least)}"
    return rf"\begin{{aligned}} & {first} \\ &= {right}{last} \end{{aligned}}"


def words_and_maths(line: str) -> list[tuple[str, str]]:
    r"""LaTeX taken apart into ("words", …) and ("maths", …).

    A page can then break a long line between words.
    """
    parts = re.split(r"\\text\{([^{}]*)\}", line)
    kinds = ("maths", "words") * len(parts)
    return [(kind, part) for kind, part in zip(kinds, parts) if part.strip()]


def written(line: str, mark: str = "") -> str:
    """A line of LaTeX with its words as words, and a mark, such as $, around its formulas."""
    return "".join(
        part if kind == "words" else f"{mark}{part.strip()}{mark}"
        for kind, part in words_and_maths(line)
    )


def show(*lines: Expr | str) -> Math:
    """Expressions, or LaTeX, in the book's notation for a notebook: one line each."""
    body = r" \\ ".join(line if isinstance(line, str) else latex(line) for line in lines)
    return Math(rf"\begin{{gathered}} {body} \end{{gathered}}")
