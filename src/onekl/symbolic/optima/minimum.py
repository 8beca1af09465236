"""A statement about the smallest value of a function of one positive number."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import mpmath
import sympy
from sympy import Expr, Mul, Symbol
from sympy.logic.boolalg import Boolean

from onekl.symbolic.domain import domain
from onekl.symbolic.integrals import joined
from onekl.symbolic.lines.concrete import least_lines
from onekl.symbolic.lines.line import Lines
from onekl.symbolic.notation import latex
from onekl.symbolic.numeric import Assignment, Evaluator, Number, compiled
from onekl.symbolic.proof import NotProved, Proof
from onekl.symbolic.real_line import conditional_form, require_zero
from onekl.symbolic.statements import Statement, shortfall
from onekl.symbolic.taylor import ANALYTIC
from onekl.symbolic.trials import Best
from onekl.symbolic.weakest_signs import condition_latex, declared, needed_premises

# Where they are defined they have a slope.
ELEMENTARY = (*ANALYTIC, sympy.sinh, sympy.cosh, sympy.sin, sympy.cos)


@dataclass(frozen=True, kw_only=True)
class Minimum(Statement):
    """As a function of `symbol` > 0, the expression is smallest at `at` alone."""

    expression: Expr
    symbol: Symbol
    at: Expr
    mutable: ClassVar = ("expression", "at")

    def latex(self) -> str:
        """Arg min over the symbol of [expression] = at, in LaTeX."""
        return rf"{self._left()} = {latex(self.at)}"

    def display(self) -> str:
        """The statement with the optimum on a line of its own."""
        return rf"\begin{{aligned}} &{self._left()} \\ &\quad = {latex(self.at)} \end{{aligned}}"

    def _left(self) -> str:
        return (
            rf"\mathop{{\arg\min}}_{{{latex(self.symbol)}>0}} \left[{latex(self.expression)}\right]"
        )

    def _prove(self) -> Proof:
        """Differentiate the closed form: slope 0 at the point, below 0 before it, above 0 after."""
        if not self.symbol.is_positive or self.at.has(self.symbol):
            raise NotProved(f"{latex(self.symbol)} has to be positive, and free of the point")

        def conditions_of(expression: Expr, at: Expr) -> tuple[Boolean, ...]:
            form = conditional_form(expression)
            for condition in form.conditions:
                if self.symbol in condition.free_symbols:
                    raise NotProved(f"the expression asks for {condition_latex(condition)}")
            if not at.is_positive:
                raise NotProved(f"{latex(at)} is not seen to be positive")
            _require_one_change_of_slope(form.value, self.symbol, at)
            return joined((form.conditions, domain(at)))

        sides = (self.expression, sympy.sympify(self.at))
        signs = needed_premises(
            sides, conditions_of, declared(self.instances), fixed=(self.symbol,)
        )
        return Proof(signs=signs)

    def trials(self) -> tuple[Best, ...]:
        """The expression is smallest at the optimum."""
        plain = self.plain()
        return (Best(plain.expression, plain.symbol, plain.at),)

    def _derivation(self) -> Lines:
        """The closed form, at least its value at the optimum; and its slope as one factor."""
        return least_lines(self.expression, self.symbol, self.at, self.given)

    def _compile(self) -> Evaluator:
        """By how much the expression at another number falls below the one at the optimum."""
        expression, at = compiled(self.expression), compiled(self.at)

        def violation(instance: Assignment) -> Number:
            here, place = expression(instance), at(instance)
            if not place > 0:
                return mpmath.inf
            optimal = replace(instance, values={**instance.values, self.symbol: place})
            return shortfall(here, expression(optimal))

        return violation

    def relation(self) -> tuple[Expr, str, Expr]:
        """The expression anywhere ≥ the expression at the optimum."""
        return self.expression, r"\geq", self.expression.subs(self.symbol, self.at)


def _require_one_change_of_slope(function: Expr, symbol: Symbol, at: Expr) -> None:
    """NotProved unless a smooth function is seen to have its minimum at the point alone.

    Its slope is below 0 before the point, and above 0 after it.
    """
    if not all(isinstance(node, ELEMENTARY) for node in sympy.preorder_traversal(function)):
        raise NotProved(f"{latex(function)} is not seen to have a slope everywhere")
    slope = sympy.diff(function, symbol)
    require_zero(slope.subs(symbol, at), "the slope at the point")
    slope = sympy.simplify(slope)
    bend = sympy.simplify(sympy.diff(slope, symbol))
    if bend.is_positive:
        return  # the slope rises everywhere
    # Roots of the symbol become whole powers of a root of it, which rises with it.
    root = _common_root(slope)
    sign, rising = _sign_and_rest(slope.subs(symbol, symbol**root), symbol)
    if sign > 0 and len(rising) == 1 and _rises(rising[0], symbol):
        factor = rising[0].subs(symbol, symbol ** sympy.Rational(1, root))
        require_zero(factor.subs(symbol, at), "the part of the slope that changes its sign")
        return  # the other factors of the slope are positive
    raise NotProved(
        f"no minimum is seen: the second derivative {latex(bend)} is not positive everywhere, "
        f"and the slope {latex(slope)} is not a rising factor times positive ones"
    )


def _common_root(slope: Expr) -> int:
    """The least number whose multiple every rational exponent's denominator divides."""
    exponents = [power.exp for power in slope.atoms(sympy.Pow) if power.exp.is_Rational]
    return math.lcm(*(int(exponent.q) for exponent in exponents))


def _sign_and_rest(slope: Expr, symbol: Symbol) -> tuple[int, list[Expr]]:
    """The sign of the factors of a slope whose sign is known, and the other factors.

    An odd power stands for its base; an even one stays, and is no rising factor.
    """
    sign, rest = 1, []
    numerator, denominator = sympy.fraction(sympy.factor(sympy.together(slope)))
    for factor in (*Mul.make_args(numerator), *Mul.make_args(denominator)):
        base, exponent = factor.as_base_exp()
        if factor.is_positive or _has_no_root(factor, symbol):
            continue
        if factor.is_negative or _has_no_root(-factor, symbol):
            sign = -sign
        else:
            rest.append(base if exponent.is_odd else factor)
    return sign, rest


def _has_no_root(factor: Expr, symbol: Symbol) -> bool:
    """Whether a polynomial with rational coefficients is positive at every positive number."""
    if factor.free_symbols != {symbol} or not factor.is_polynomial(symbol):
        return False
    polynomial = sympy.Poly(factor, symbol)
    if not (polynomial.domain.is_ZZ or polynomial.domain.is_QQ):
        return False
    # A root at 0 itself is none at a positive number.
    _, plain = polynomial.terms_gcd()
    return plain.count_roots(0, sympy.oo) == 0 and bool(plain.eval(1) > 0)


def _rises(function: Expr, symbol: Symbol) -> bool:
    """Whether the slope of a function is seen to be positive at every positive number."""
    sign, rest = _sign_and_rest(sympy.diff(function, symbol), symbol)
    return sign > 0 and not rest
