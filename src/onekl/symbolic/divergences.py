"""Inequalities between divergences of all pairs of densities p and q.

The two sides are brought under one integral ∫ q f(p/q), and f is shown to be never negative; the
square of an integral is bounded by the Cauchy–Schwarz inequality first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import mpmath
import sympy
from sympy import Abs, Add, Dummy, Expr, Mul, Symbol, oo

from onekl.symbolic.absolute import without_max
from onekl.symbolic.algebra import Density, SumOrIntegral
from onekl.symbolic.inequality import refuted_somewhere, require_at_least_zero
from onekl.symbolic.notation import latex
from onekl.symbolic.numeric import Assignment, Evaluator, Number, compiled
from onekl.symbolic.proof import NotProved, Proof, has_functional, is_density
from onekl.symbolic.sign_on_interval import Between, Sign, with_split_logs, without_absolute_values
from onekl.symbolic.statements import Statement, shortfall
from onekl.symbolic.terms import IntegralTerm, integral_terms

_T = Symbol("t", positive=True)  # p/q
_P, _Q = Dummy("p", positive=True), Dummy("q", positive=True)  # p and q at one point
ROUNDING = mpmath.mpf(10) ** -18


@dataclass(frozen=True, kw_only=True)
class DivergenceInequality(Statement):
    """lower ≤ upper for all densities p and q of the same variables.

    Both sides are sums of integrals over them; `lower` may hold squares of such integrals.
    `weight` is a mixture of p and q: a constant c is read as ∫ c · weight, and (∫ h)² is at most
    ∫ h²/weight.
    """

    lower: Expr
    upper: Expr
    p: Density
    q: Density
    weight: Expr
    mutable: ClassVar = ("lower", "upper")

    def latex(self) -> str:
        """Lower ≤ upper, in LaTeX."""
        return rf"{latex(self.lower)} \leq {latex(self.upper)}"

    def accepts(self, name: str, changed: Expr) -> bool:
        """A weaker inequality is no mutant: the change has to be false for some tables."""
        return refuted_somewhere(replace(self, **{name: changed}))

    def _prove(self) -> Proof:
        """Show that the integrand of upper − lower is q f(p/q) with a function f ≥ 0."""
        self._require_weight()
        lower = self._by_cauchy_schwarz()
        sides = [[self._integrand(term) for term in integral_terms(s)] for s in (self.upper, lower)]
        function = self._of_ratio(Add(*sides[0]) - Add(*sides[1]))
        slope = _slope_at_one(function)
        tilted = function - slope * (_T - 1)
        sign = require_at_least_zero(tilted, (Between(_T, sympy.S.Zero, oo),), sympy.S.One)
        upper, lower = (Add(*side) for side in sides)
        self._require_where_one_vanishes(upper, lower + slope * (self.p - self.q))
        finite = dict.fromkeys(line for side in sides for line in self._finiteness(side))
        return Proof(needs=tuple(finite), equality=self._equality(tilted, sign))

    def _require_weight(self) -> None:
        """NotProved unless p and q are densities of the same variables, and `weight` of them."""
        p, q = self.p, self.q
        if p == q or p.given or q.given or p.over != q.over:
            raise NotProved(f"{latex(p)} and {latex(q)} must be two densities of one variable")
        if not is_density(self.weight, p.over) or not self.weight.atoms(Density) <= {p, q}:
            raise NotProved(f"the weight {latex(self.weight)} is no mixture of the two densities")
        strange = (self.upper.atoms(Density) | self.lower.atoms(Density)) - {p, q}
        if strange or self.upper.free_symbols | self.lower.free_symbols:
            raise NotProved(f"the sides hold more than {latex(p)} and {latex(q)}")

    def _by_cauchy_schwarz(self) -> Expr:
        """The lower side with k ∫ h²/weight for each k (∫ h)² with k > 0."""
        terms = []
        for term in Add.make_args(sympy.expand_mul(self.lower, deep=False)):
            squared = [f for f in Mul.make_args(term) if f.is_Pow and has_functional(f)]
            if not squared:
                terms.append(term)
                continue
            (inner, exponent), rest = squared[0].args, term / squared[0]
            if exponent != 2 or not isinstance(inner, SumOrIntegral) or not rest.is_positive:
                raise NotProved(f"{latex(term)} is not a positive multiple of (∫ h)²")
            if has_functional(inner.integrand) or has_functional(rest):
                raise NotProved(f"{latex(term)} is not a positive multiple of (∫ h)²")
            bound = SumOrIntegral(inner.integrand**2 / self.weight, inner.variables)
            terms.append(rest * bound)
        return Add(*terms)

    def _integrand(self, term: IntegralTerm) -> Expr:
        """The integrand of a term; a constant times the weight."""
        if not term.variables:
            return term.coefficient * term.integrand * self.weight
        if set(term.variables) != set(self.p.over):
            raise NotProved(f"{latex(term.integrand)} is not integrated over {self.p.over}")
        return term.coefficient * term.integrand

    def _of_ratio(self, integrand: Expr) -> Expr:
        """The function f of t = p/q with q f(p/q) as the integrand; NotProved if there is none."""
        q = Dummy("q", positive=True)
        box = (Between(_T, sympy.S.Zero, oo), Between(q, sympy.S.Zero, oo))
        plain = without_max(integrand.xreplace({self.p: _T * q, self.q: q})) / q
        function = sympy.expand(with_split_logs(plain, box))
        if function.has(q):
            function = sympy.expand(sympy.cancel(sympy.together(function)))
        if function.has(q):
            raise NotProved(f"the integrand {latex(integrand)} is not q f(p/q)")
        return function

    def _finiteness(self, side: list[Expr]) -> list[str]:
        """The premises that integrals are not −∞ where another one of the side may be ∞."""
        ends = [_signs_of_infinity(self._of_ratio(integrand)) for integrand in side]
        return [
            rf"{latex(SumOrIntegral(integrand, self.p.over))} \text{{ is finite}}"
            for k, integrand in enumerate(side)
            if -1 in ends[k] and any(1 in other for other in ends[:k] + ends[k + 1 :])
        ]

    def _require_where_one_vanishes(self, upper: Expr, lower: Expr) -> None:
        """NotProved where the integrands are the wrong way round at p = 0, or at q = 0."""
        sides = [side.xreplace({self.p: _P, self.q: _Q}) for side in (upper, lower)]
        above, below = map(compiled, sides)
        for name, p, q in ((self.p, 0, 1), (self.q, 1, 0)):
            point = Assignment(values={_P: mpmath.mpf(p), _Q: mpmath.mpf(q)})
            if not shortfall(above(point), below(point)) < ROUNDING:
                raise NotProved(f"the integrands are the wrong way round where {latex(name)} = 0")

    def _equality(self, function: Expr, sign: Sign) -> str:
        """p = q where that is seen to be the only case of equality; nothing where it is not."""
        if sign < Sign.POSITIVE or sympy.simplify(function.subs(_T, 1)) != 0:
            return ""
        only = all(end.is_extended_positive for end in _ends(function))
        return f"{latex(self.p)} = {latex(self.q)}" if only else ""

    def _compile(self) -> Evaluator:
        """By how much upper falls short of lower."""
        lower, upper = compiled(self.lower), compiled(self.upper)

        def violation(instance: Assignment) -> Number:
            return shortfall(upper(instance), lower(instance))

        return violation


def _slope_at_one(function: Expr) -> Expr:
    """The slope at t = 1, without that of each |·|; 0 where the function is not 0 there.

    As ∫ (p − q) = 0, a multiple of t − 1 may be taken off, and this one leaves no slope.
    """
    if sympy.expand(function.subs(_T, 1)) != 0:
        return sympy.S.Zero
    smooth = function.xreplace(dict.fromkeys(function.atoms(Abs), sympy.S.Zero))
    return sympy.expand(sympy.diff(smooth, _T).subs(_T, 1))


def _ends(function: Expr) -> tuple[Expr, Expr]:
    """The limits of f(t) as t → 0, which is where p = 0, and of f(t)/t as t → ∞, where q = 0."""
    below, above = ((Between(_T, low, high),) for low, high in ((0, 1), (1, oo)))
    return (
        sympy.limit(without_absolute_values(function, below), _T, 0, "+"),
        sympy.limit(without_absolute_values(function, above) / _T, _T, oo),
    )


def _signs_of_infinity(function: Expr) -> set[int]:
    """Which of ±∞ the integral of q f(p/q) may be; it is finite if f is bounded by C(1 + t)."""
    ends = _ends(function)
    unknown = {1, -1} if any(end.is_finite is None for end in ends) else set()
    return unknown | {int(sympy.sign(end)) for end in ends if end.is_infinite}
