"""Statements: relations between expressions of the algebra, with a way to draw instances of them.

Each kind can `prove()` itself symbolically, which lists what the proof used, and can measure its violation on an
instance, straight from the definitions and without the prover.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import mpmath
import sympy
from sympy import Add, Expr, Mul, Symbol

from onekl.algebra import Density, Expect, KL, Total, aligned, excess, latex, variables_of
from onekl.instances import Finite, Ranges, compiled, on_tables
from onekl.proofs.basis import NotProved, Proof, has_functional, is_density, is_divergence
from onekl.proofs.pointwise import prove_pointwise, require_integral_zero
from onekl.proofs.real_line import assumptions, closed_form, prove_change_of_variables, prove_concrete, require_zero


def difference(left, right):
    """How far two numbers are apart, relative to their size; 0 for equal infinities, ∞ where only one is infinite."""
    if mpmath.isnan(left) or mpmath.isnan(right) or mpmath.im(left) or mpmath.im(right):
        return mpmath.inf
    if mpmath.isinf(left) or mpmath.isinf(right):
        return mpmath.mpf(0) if left == right else mpmath.inf
    return abs(left - right) / (1 + abs(left) + abs(right))


def shortfall(large, small):
    """By how much `large` falls short of `small`; ∞ when they cannot be compared."""
    if mpmath.im(large) or mpmath.im(small) or mpmath.isnan(large) or mpmath.isnan(small):
        return mpmath.inf
    return max(small - large, mpmath.mpf(0)) if large != small else mpmath.mpf(0)


@dataclass(frozen=True)
class Statement:
    """What every statement has: where its instances come from, and what it takes for granted (`assuming`)."""

    instances: Finite | Ranges
    assuming: tuple[str, ...] = ()
    mutable: ClassVar[tuple[str, ...]] = ()  # the fields that mutants are made of

    def display(self) -> str:
        """The statement in LaTeX for a page, broken into lines where it is long."""
        return self.latex()

    def compile(self):
        """A function that measures the violation of the statement on an instance."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Identity(Statement):
    """left = right."""

    left: Expr
    right: Expr
    mutable: ClassVar = ("right",)

    def latex(self) -> str:
        return f"{latex(self.left)} = {latex(self.right)}"

    def display(self) -> str:
        long_sum = isinstance(self.right, Add) and self.right.has(Total, KL, Expect)
        return aligned(self.left, *(self.right.args if long_sum else (self.right,)))

    def prove(self) -> Proof:
        if isinstance(self.instances, Ranges):
            return prove_concrete(self.left, self.right, self.instances)
        return prove_pointwise(self.left, self.right, self.instances)

    def compile(self):
        left, right = compiled(self.left), compiled(self.right)
        return lambda instance: difference(left(instance), right(instance))

    def same_as(self, other: Identity) -> bool:
        return _provable(replace(self, left=other.right))


@dataclass(frozen=True, kw_only=True)
class Bound(Statement):
    """upper = lower + remainder with a remainder that cannot be negative, so upper ≥ lower."""

    upper: Expr
    lower: Expr
    remainder: Expr
    mutable: ClassVar = ("lower", "remainder")

    def _identity(self) -> Identity:
        return Identity(instances=self.instances, left=self.upper, right=Add(self.lower, self.remainder, evaluate=False))

    def latex(self) -> str:
        return rf"{self._identity().latex()} \;\geq\; {latex(self.lower)}"

    def display(self) -> str:
        lines = aligned(self.upper, self.lower, self.remainder).removesuffix(r" \end{aligned}")
        return rf"{lines} \\ &\geq {latex(self.lower)} \end{{aligned}}"

    def prove(self) -> Proof:
        equality = [_equality_case(term) for term in Add.make_args(self.remainder)]
        proof = self._identity().prove()
        rules = (*proof.rules, r"\mathcal{E}(a, b) \geq 0 \text{, and } \mathrm{KL} = \int \mathcal{E} \geq 0")
        return replace(proof, rules=rules, equality=r" \text{ and } ".join(equality))

    def compile(self):
        identity, upper, lower = self._identity().compile(), compiled(self.upper), compiled(self.lower)

        return lambda instance: max(identity(instance), shortfall(upper(instance), lower(instance)))

    def same_as(self, other: Bound) -> bool:
        return self._identity().same_as(other._identity())


@dataclass(frozen=True, kw_only=True)
class Law(Statement):
    """If the variables of `under` are drawn from it, `value` has the density `density` in `variable`.

    That is E_under[f(value)] = ∫ f(variable) density for every function f.
    """

    value: Expr
    under: Expr
    variable: Symbol
    density: Expr
    mutable: ClassVar = ("value", "density")

    def latex(self) -> str:
        drawn = ", ".join(latex(v) for v in variables_of(self.under))
        return rf"{drawn} \sim {latex(self.under)} \;\Rightarrow\; {latex(self.value)} \sim {latex(self.density)}"

    def _tested(self) -> Identity:
        f = sympy.Function("f", nonnegative=True)
        right = Total(f(self.variable) * self.density, (self.variable,))
        return Identity(instances=self.instances, left=Expect(self.under, f(self.value)), right=right)

    def prove(self) -> Proof:
        if isinstance(self.instances, Finite):
            proof = self._tested().prove()
            return replace(proof, rules=(r"\text{for every } f \geq 0", *proof.rules))
        return prove_change_of_variables(self)

    def compile(self):
        return self._tested().compile()

    def same_as(self, other: Law) -> bool:
        """Two descriptions of one law: the same map with a density that is equal, or another map with the same law."""
        return _provable(other) if self.density == other.density else False


@dataclass(frozen=True, kw_only=True)
class Optimum(Statement):
    """Over all densities in place of `density`, the functional is largest at `at`, and only there."""

    functional: Total
    density: Density
    at: Expr
    mutable: ClassVar = ("functional", "at")

    def latex(self) -> str:
        return rf"\mathop{{\arg\max}}_{{{latex(self.density)}}} {latex(self.functional)} = {latex(self.at)}"

    def prove(self) -> Proof:
        return _prove_optimum(self)

    def compile(self):
        there = compiled(self.functional.xreplace({self.density: self.at}))
        elsewhere, mass = compiled(self.functional), compiled(Total(self.at, self.density.over))
        apart = compiled(Total((self.at - self.density) ** 2, self.density.over))

        def violation(instance):
            best, other = there(instance), elsewhere(instance)
            tie = mpmath.mpf(1) if best == other and apart(instance) > mpmath.mpf(10) ** -6 else mpmath.mpf(0)
            return max(difference(mass(instance), mpmath.mpf(1)), shortfall(best, other), tie)

        return violation

    def same_as(self, other: Optimum) -> bool:
        ratio = sympy.simplify(other.functional.integrand / self.functional.integrand)
        return self.at == other.at and ratio.is_number and bool(ratio > 0)


@dataclass(frozen=True, kw_only=True)
class Minimum(Statement):
    """As a function of `symbol` > 0, the expression is smallest at `at`, and only there."""

    expression: Expr
    symbol: Symbol
    at: Expr
    mutable: ClassVar = ("expression", "at")

    def latex(self) -> str:
        return rf"{self._left()} = {latex(self.at)}"

    def display(self) -> str:
        return rf"\begin{{aligned}} &{self._left()} \\ &\quad = {latex(self.at)} \end{{aligned}}"

    def _left(self) -> str:
        return rf"\mathop{{\arg\min}}_{{{latex(self.symbol)}>0}} \left[{latex(self.expression)}\right]"

    def prove(self) -> Proof:
        function = closed_form(self.expression)
        slope = sympy.diff(function, self.symbol)
        require_zero(slope.subs(self.symbol, self.at), "the slope at the point")
        bend = sympy.simplify(sympy.diff(slope, self.symbol))
        if not self.symbol.is_positive or not self.at.is_positive:
            raise NotProved(f"{latex(self.at)} is not seen to be positive")
        if not bend.is_positive:
            raise NotProved(f"the second derivative {bend} is not positive everywhere")
        rules = (r"\text{a stationary point, and a positive second derivative everywhere}",)
        return Proof(rules, assumptions(function), (latex(sympy.simplify(slope)),))

    def compile(self):
        expression, at = compiled(self.expression), compiled(self.at)

        def violation(instance):
            here, place = expression(instance), at(instance)
            if not place > 0:
                return mpmath.inf
            return shortfall(here, expression(replace(instance, values={**instance.values, self.symbol: place})))

        return violation

    def same_as(self, other: Minimum) -> bool:
        slopes = [sympy.diff(closed_form(s.expression), self.symbol) for s in (self, other)]
        ratio = sympy.simplify(slopes[1] / slopes[0])
        return sympy.simplify(self.at - other.at) == 0 and not ratio.has(self.symbol) and bool(ratio.is_positive)


@dataclass(frozen=True, kw_only=True)
class Limit(Statement):
    """The expression tends to `value` as `symbol` falls to `point`."""

    expression: Expr
    symbol: Symbol
    point: Expr
    value: Expr
    mutable: ClassVar = ("value",)

    def latex(self) -> str:
        return rf"\lim_{{{latex(self.symbol)}\downarrow {latex(self.point)}}} {latex(self.expression)} = {latex(self.value)}"

    def prove(self) -> Proof:
        if not (self.symbol - self.point).is_positive:
            raise NotProved(f"{latex(self.symbol)} may be on either side of {latex(self.point)}; the limit is taken from above only")
        found = sympy.limit(closed_form(self.expression), self.symbol, self.point, "+")
        require_zero(found - self.value, "the limit less the value")
        return Proof((r"\text{limit taken by SymPy}",), assumptions(self.expression - self.value), (latex(found),))

    def compile(self):
        expression, value, point = compiled(self.expression), compiled(self.value), compiled(sympy.sympify(self.point))

        def violation(instance):
            instance.values[self.symbol] = point(instance) + mpmath.mpf(10) ** -25
            apart = difference(expression(instance), value(instance))
            return apart if apart > mpmath.mpf(10) ** -20 else mpmath.mpf(0)

        return violation

    def same_as(self, other: Limit) -> bool:
        return sympy.simplify(self.value - other.value) == 0


@dataclass(frozen=True, kw_only=True)
class Expansion(Statement):
    """The expression equals `value` up to terms of higher order than `order` in `symbol`, at 0."""

    expression: Expr
    symbol: Symbol
    order: int
    value: Expr
    mutable: ClassVar = ("value",)

    def latex(self) -> str:
        return rf"{latex(self.expression)} = {latex(self.value)} + O({latex(self.symbol)}^{{{self.order + 1}}})"

    def prove(self) -> Proof:
        if not self.symbol.is_positive:
            mirrored = closed_form(self.expression).subs(self.symbol, -self.symbol)
            left = sympy.series(mirrored, self.symbol, 0, self.order + 1).removeO()
            require_zero(left - self.value.subs(self.symbol, -self.symbol), "the series from below less the value")
        function = closed_form(self.expression)
        series = sympy.series(function, self.symbol, 0, self.order + 1).removeO()
        require_zero(series - self.value, "the series less the value")
        return Proof((r"\text{Taylor expansion by SymPy}",), assumptions(function), (latex(series),))

    def compile(self):
        expression, value = compiled(self.expression), compiled(self.value)

        def violation(instance):
            small = mpmath.mpf(10) ** -6
            instance.values[self.symbol] = small
            apart = abs(expression(instance) - value(instance)) / small**self.order
            return apart if apart > small * 1000 else mpmath.mpf(0)

        return violation

    def same_as(self, other: Expansion) -> bool:
        return sympy.simplify(self.value - other.value) == 0


@dataclass(frozen=True, kw_only=True)
class Counterexample(Statement):
    """left ≠ right on the given tables, exactly: it refutes left = right."""

    left: Expr
    right: Expr
    tables: tuple

    def latex(self) -> str:
        return rf"{latex(self.left)} \neq {latex(self.right)} \text{{ in general}}"

    def values(self) -> tuple[Expr, Expr]:
        """The two sides on the tables, as exact SymPy numbers."""
        return tuple(sympy.simplify(on_tables(side, dict(self.tables))) for side in (self.left, self.right))

    def prove(self) -> Proof:
        left, right = self.values()
        gap = sympy.N(left - right, 50)
        if gap.free_symbols or not gap.is_real or not gap.is_finite:
            raise NotProved(f"both sides must be finite numbers, not {left} and {right}")
        if abs(gap) < sympy.Float(10) ** -30:
            raise NotProved(f"no counterexample: both sides are {left}")
        return Proof((r"\text{evaluated exactly on one pair of tables}",), (), (rf"{latex(left)} \neq {latex(right)}",))


def _prove_optimum(statement: Optimum) -> Proof:
    """Pointwise Lagrangian: a stationary point, strict concavity, and no optimum on the boundary."""
    _require_pointwise(statement)
    q = sympy.Dummy("q", positive=True)
    integrand = statement.functional.integrand.xreplace({statement.density: q})
    slope = sympy.diff(integrand, q)
    multiplier = sympy.simplify(slope.subs(q, statement.at))
    if not multiplier.is_number:
        raise NotProved(f"not stationary: the derivative there is {multiplier}, which is not one multiplier for all points")
    bend = sympy.simplify(sympy.diff(slope, q))
    if not bend.is_negative:
        raise NotProved(f"not a maximum: the second derivative is {bend}")
    others = {d: sympy.Dummy(str(d), positive=True) for d in slope.atoms(Density)}
    if sympy.limit(slope.xreplace(others), q, 0, "+") != sympy.oo:
        raise NotProved("the boundary, where the density vanishes, is not excluded")
    require_integral_zero(statement.at - statement.density, statement.density.over, rules := [])
    rules += [r"\text{stationary point of the pointwise Lagrangian, strict concavity, infinite slope at the boundary}"]
    best = statement.functional.xreplace({statement.density: statement.at})
    premises = (rf"{latex(statement.density)} \text{{ ranges over all densities}}", rf"{latex(best)} \text{{ is finite}}")
    return Proof(tuple(dict.fromkeys(rules)), premises)


def _require_pointwise(statement: Optimum) -> None:
    """The functional is one integral of a function of the density at a point, and the optimum is a density."""
    over = statement.density.over
    if set(statement.functional.variables) != set(over) or not is_density(statement.at, over) or statement.at.free_symbols - set(over):
        raise NotProved(f"{latex(statement.at)} is not a density over the variables of the functional")
    relatives = {d for d in statement.functional.atoms(Density) if d.family == statement.density.family} - {statement.density}
    if relatives or has_functional(statement.functional.integrand):
        raise NotProved("the functional is not one integral of a function of the density at a point")


def _equality_case(term: Expr) -> str:
    """Why a term of a remainder cannot be negative, told by the case in which it is 0; NotProved if it could be."""
    coefficient, rest = term.as_coeff_Mul()
    inner = rest.value if isinstance(rest, Expect) else rest
    if not coefficient.is_positive:
        raise NotProved(f"the remainder's term {term} has a negative sign")
    if isinstance(rest, Expect) and not rest.weight.is_nonnegative:
        raise NotProved(f"the weight {rest.weight} is not seen to be at least 0")
    if isinstance(inner, KL) and is_divergence(inner):
        where = rf" \text{{ wherever }} {latex(rest.weight)} > 0" if isinstance(rest, Expect) else ""
        return f"{latex(inner.first)} = {latex(inner.second)}{where}"
    if isinstance(inner, Total):
        gaps = [f for f in Mul.make_args(inner.integrand) if isinstance(f, excess)]
        if len(gaps) == 1 and (inner.integrand / gaps[0]).is_positive and all(a.is_positive for a in gaps[0].args):
            return f"{latex(gaps[0].args[0])} = {latex(gaps[0].args[1])}"
    raise NotProved(f"the remainder's term {term} is not seen to be at least 0")


def _provable(statement: Statement) -> bool:
    try:
        statement.prove()
    except NotProved:
        return False
    return True
