"""Statements about limits and expansions in one symbol."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import ClassVar

import mpmath
import sympy
from sympy import Expr, Symbol
from sympy.logic.boolalg import Boolean

from onekl.symbolic.algebra import Density
from onekl.symbolic.domain import domain_near
from onekl.symbolic.integrals import joined
from onekl.symbolic.lines.concrete import limit_lines
from onekl.symbolic.lines.line import Lines
from onekl.symbolic.notation import latex
from onekl.symbolic.numeric import Assignment, Evaluator, Number, compiled
from onekl.symbolic.proof import NotProved, Proof, has_functional
from onekl.symbolic.real_line import conditional_form, require_zero
from onekl.symbolic.statements import Statement, difference
from onekl.symbolic.taylor import expand_under_the_integral, require_taylor, smoothness
from onekl.symbolic.weakest_signs import declared, needed_premises

FASTER = 50  # an order that no power has here


@dataclass(frozen=True, kw_only=True)
class Limit(Statement):
    """The expression tends to `value` as `symbol` falls to `point`, or grows to `point` = ∞.

    The value may be ∞ or −∞.
    """

    expression: Expr
    symbol: Symbol
    point: Expr
    value: Expr
    mutable: ClassVar = ("expression", "value")

    def latex(self) -> str:
        """The limit from above, or to infinity, = value, in LaTeX."""
        arrow = r"\to" if self.point == sympy.oo else r"\downarrow"
        left = rf"\lim_{{{latex(self.symbol)}{arrow} {latex(self.point)}}}"
        return rf"{left} {latex(self.expression)} = {latex(self.value)}"

    def _prove(self) -> Proof:
        """Take the limit of the closed form."""
        self._require_sense()

        def conditions_of(expression: Expr, point: Expr, value: Expr) -> tuple[Boolean, ...]:
            form, claimed = conditional_form(expression), conditional_form(value)
            near = domain_near(form.value, form.conditions, self.symbol, point)
            _require_equal(_limit(form.value, self.symbol, point), claimed.value)
            return joined((near, claimed.conditions))

        sides = (self.expression, sympy.sympify(self.point), sympy.sympify(self.value))
        signs = needed_premises(
            sides, conditions_of, declared(self.instances), fixed=(self.symbol,)
        )
        return Proof(signs=signs)

    def _require_sense(self) -> None:
        """NotProved unless the limit is one from above or to infinity, and says something."""
        if self.expression == self.value:
            raise NotProved(f"both sides are the same object, {latex(self.value)}")
        point = sympy.sympify(self.point)
        from_above = (self.symbol - point).is_positive and point.is_nonnegative
        if not (point == sympy.oo or from_above):
            raise NotProved(
                f"{latex(self.symbol)} may be on either side of {latex(point)}; "
                "the limit is taken from above, or to infinity, only"
            )
        if self.symbol not in self.expression.free_symbols:
            raise NotProved(f"{latex(self.expression)} does not hold {latex(self.symbol)}")
        if self.symbol in sympy.sympify(self.value).free_symbols | point.free_symbols:
            raise NotProved(f"the value and the point may not hold {latex(self.symbol)}")

    def _derivation(self) -> Lines:
        """The closed form, and its limit."""
        return limit_lines(self.expression, self.symbol, self.point, self.value, self.given)

    def _compile(self) -> Evaluator:
        """How far the expression, 1e-25 from the point or at 1e25, is from the value.

        0 below 1e-20. For an infinite value 0 where the expression keeps growing, else 1.
        """
        expression, value = compiled(self.expression), compiled(sympy.sympify(self.value))
        at = _near(expression, self.symbol, compiled(sympy.sympify(self.point)))

        def violation(instance: Assignment) -> Number:
            claimed = value(instance)
            if mpmath.isinf(claimed):
                levels = [at(instance, mpmath.mpf(10) ** -k) for k in (3, 6, 12)]
                return mpmath.mpf(not _keeps_growing(levels, mpmath.sign(claimed)))
            apart = difference(at(instance, mpmath.mpf(10) ** -25), claimed)
            return apart if apart > mpmath.mpf(10) ** -20 else mpmath.mpf(0)

        return violation

    def figure(self, instances: Sequence[Assignment]) -> str:
        """The order at which the expression comes near its limit."""
        expression, value = compiled(self.expression), compiled(sympy.sympify(self.value))
        if sympy.sympify(self.value).is_infinite:
            return "grows on the way"
        at = _near(expression, self.symbol, compiled(sympy.sympify(self.point)))
        return observed_order(
            lambda instance, small: abs(at(instance, small) - value(instance)), instances
        )

    def relation(self) -> tuple[Expr, str, Expr]:
        """The limit = value."""
        return sympy.Limit(self.expression, self.symbol, self.point), "=", self.value


def _near(
    expression: Evaluator, symbol: Symbol, point: Evaluator
) -> Callable[[Assignment, Number], Number]:
    """The expression at a small number from the point, or at one over it for the point ∞."""

    def at(instance: Assignment, small: Number) -> Number:
        end = point(instance)
        place = 1 / small if mpmath.isinf(end) else end + small
        return sum(expression(instance) for _ in instance.visit((symbol,), [(place,)]))

    return at


def observed_order(
    rest: Callable[[Assignment, Number], Number], instances: Sequence[Assignment]
) -> str:
    """The order in a small number of what is left, in the middle of the first 50 instances."""
    large, small = mpmath.mpf(10) ** -3, mpmath.mpf(10) ** -4
    orders = []
    for instance in instances[:50]:
        before, after = rest(instance, large), rest(instance, small)
        if before > 0 and after > 0:
            orders.append(float(mpmath.log10(before / after)))
    if not orders:
        return "no rest is left"
    order = median(orders)
    return f"observed order {order:.1f}" if order < FASTER else "nearer than any power"


def _limit(function: Expr, symbol: Symbol, point: Expr) -> Expr:
    """SymPy's limit from above, or to infinity; NotProved where it is no real number or ±∞."""
    letter = sympy.Dummy(symbol.name, positive=True)  # near the point it is positive
    found = sympy.limit(function.subs(symbol, letter), letter, point, "+")
    if found.has(sympy.Limit, sympy.AccumBounds, sympy.nan, sympy.zoo, letter):
        raise NotProved(f"SymPy finds no limit of {latex(function)}")
    return found


def _require_equal(found: Expr, value: Expr) -> None:
    """NotProved unless a limit is the value; infinite ones have to be the same."""
    if found.has(sympy.oo, -sympy.oo) or value.has(sympy.oo, -sympy.oo):
        if found != value:
            raise NotProved(f"the limit is {latex(found)}, not {latex(value)}")
        return
    require_zero(found - value, "the limit less the value")


def _keeps_growing(levels: list[Number], sign: Number) -> bool:
    """Whether the numbers go towards ±∞, and do not slow down."""
    first, second, third = (sign * level for level in levels)
    if third == mpmath.inf:
        return True
    return bool(third - second > 3 * (second - first) / 4 > 0)


@dataclass(frozen=True, kw_only=True)
class Expansion(Statement):
    """The expression equals `value` up to terms of higher order than `order` in `symbol`, at 0.

    Where the value still holds integrals (over unknown densities, or without a closed form), the
    integrands are expanded point by point, and that the sum of the remainders is as small becomes a
    premise.
    """

    expression: Expr
    symbol: Symbol
    order: int
    value: Expr
    mutable: ClassVar = ("expression", "value")

    def latex(self) -> str:
        """expression = value + O(…), in LaTeX."""
        return rf"{latex(self.expression)} = {latex(self.value)} + {self._rest()}"

    def display(self) -> str:
        """The expansion; where it is long, with the value on its own lines."""
        if len(str(self.expression)) + len(str(self.value)) < 80:
            return self.latex()
        right = rf"{self._broken_value()} + {self._rest()}"
        return rf"\begin{{aligned}} & {latex(self.expression)} \\ &\quad = {right} \end{{aligned}}"

    def _broken_value(self) -> str:
        """The value; where it is a power of the symbol times a long sum, a line for each term."""
        inside, power = self.value.as_independent(self.symbol, as_Add=False)
        if not inside.is_Add or len(str(inside)) < 60:
            return latex(self.value)
        terms = r" \\ &\qquad + ".join(map(latex, inside.args))
        return rf"{latex(power)} \Big({terms}\Big)"

    def _rest(self) -> str:
        power = "" if self.order == 0 else rf"^{{{self.order + 1}}}"
        towards = rf" \quad ({latex(self.symbol)} \downarrow 0)" if self.symbol.is_positive else ""
        return rf"O({latex(self.symbol)}{power}){towards}"

    def _prove(self) -> Proof:
        """Expand the closed form, or each point's integrand where the value holds integrals."""
        if has_functional(self.value) or self.expression.has(Density):
            return expand_under_the_integral(
                self.expression, self.value, self.symbol, self.order, self.instances
            )

        def conditions_of(expression: Expr, value: Expr) -> tuple[Boolean, ...]:
            form, claimed = conditional_form(expression), conditional_form(value)
            near = domain_near(
                form.value,
                form.conditions,
                self.symbol,
                sympy.S.Zero,
                smooth=self.order > 0,
            )
            require_taylor(form.value, value, self.symbol, self.order)
            return joined((near, claimed.conditions))

        sides = (self.expression, sympy.sympify(self.value))
        signs = needed_premises(
            sides, conditions_of, declared(self.instances), fixed=(self.symbol,)
        )
        function = conditional_form(self.expression).value
        return Proof(needs=smoothness(function, self.symbol, self.order), signs=signs)

    def _compile(self) -> Evaluator:
        """The remainder over symbol^order at a small symbol; 0 where it is as small as that."""
        rest = self._compiled_rest()

        def violation(instance: Assignment) -> Number:
            # Rounding is then far below what is asked for.
            small = mpmath.mpf(10) ** -(24 // (self.order + 1))
            apart = rest(instance, small) / small**self.order
            if apart <= small * 1000:
                return mpmath.mpf(0)
            return mpmath.inf if mpmath.isnan(apart) else apart

        return violation

    def figure(self, instances: Sequence[Assignment]) -> str:
        """The order of the remainder in the symbol."""
        return observed_order(self._compiled_rest(), instances)

    def _compiled_rest(self) -> Callable[[Assignment, Number], Number]:
        """The remainder on an instance at a value of the symbol."""
        expression, value = compiled(self.expression), compiled(self.value)

        def rest(instance: Assignment, small: Number) -> Number:
            places = instance.visit((self.symbol,), [(small,)])
            return sum(abs(expression(instance) - value(instance)) for _ in places)

        return rest
