"""Statements: relations between expressions of the algebra, with a way to draw instances of them.

Each kind can `prove()` itself symbolically, which lists what the proof used, and can measure its violation on an
instance, straight from the definitions and without the prover.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import mpmath
import sympy
from sympy import Add, Expr, Mul, Symbol, log

from onekl.symbolic.algebra import KL, Expectation, SumOrIntegral, kl_div, variables_of
from onekl.symbolic.notation import aligned, latex
from onekl.symbolic.numeric import compiled
from onekl.symbolic.pointwise import prove_pointwise
from onekl.symbolic.proof import NotProved, Proof, is_divergence
from onekl.symbolic.real_line import closed_form, prove_change_of_variables, prove_concrete
from onekl.symbolic.sampling import RandomParameters, RandomTables, on_tables
from onekl.symbolic.terms import is_at_least_zero, never_negative

DOMAIN = ("real", "integer", "positive", "negative", "nonnegative", "nonpositive", "nonzero")


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

    instances: RandomTables | RandomParameters
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
        if len(str(self.left)) + len(str(self.right)) < 64:
            return self.latex()
        long_sum = isinstance(self.right, Add) and self.right.has(SumOrIntegral, KL, Expectation)
        return aligned(self.left, *(self.right.args if long_sum else (self.right,)))

    def prove(self) -> Proof:
        if isinstance(self.instances, RandomParameters):
            return prove_concrete(self.left, self.right)
        return prove_pointwise(self.left, self.right, self.instances)

    def compile(self):
        left, right = compiled(self.left), compiled(self.right)
        return lambda instance: difference(left(instance), right(instance))

    def same_as(self, other: Identity) -> bool:
        return provable(replace(self, left=other.right))


@dataclass(frozen=True, kw_only=True)
class Bound(Statement):
    """upper = lower + remainder with a remainder that cannot be negative, so upper ≥ lower."""

    upper: Expr
    lower: Expr
    remainder: Expr
    mutable: ClassVar = ("lower", "remainder")

    def _identity(self) -> Identity:
        return Identity(
            instances=self.instances,
            left=self.upper,
            right=Add(self.lower, self.remainder, evaluate=False),
        )

    def latex(self) -> str:
        return rf"{self._identity().latex()} \;\geq\; {latex(self.lower)}"

    def display(self) -> str:
        if self.upper == self.remainder:
            return rf"{latex(self.upper)} \geq {latex(self.lower)}"
        return aligned(self.upper, self.lower, *Add.make_args(self.remainder), least=self.lower)

    def prove(self) -> Proof:
        equality = [_equality_case(term) for term in Add.make_args(self.remainder)]
        proof = self._identity().prove()
        rules = (
            *proof.rules,
            r"\mathcal{E}(a, b) \geq 0 \text{, and } \mathrm{KL} = \int \mathcal{E} \geq 0",
        )
        return replace(proof, rules=rules, equality=r" \text{ and } ".join(equality))

    def compile(self):
        identity, upper, lower = (
            self._identity().compile(),
            compiled(self.upper),
            compiled(self.lower),
        )

        return lambda instance: max(identity(instance), shortfall(upper(instance), lower(instance)))

    def same_as(self, other: Bound) -> bool:
        return self._identity().same_as(other._identity())


@dataclass(frozen=True, kw_only=True)
class Pushforward(Statement):
    """If the variables of `under` are drawn from it, `value` has the density `density` in `variable`.

    That is E_under[f(value)] = ∫ f(variable) density for every f ≥ 0.
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
        # Quadrature under a Gaussian is exact for polynomials, which have both signs.
        f = (
            sympy.Function("f", nonnegative=True)
            if isinstance(self.instances, RandomTables)
            else sympy.Function("f", real=True)
        )
        right = SumOrIntegral(f(self.variable) * self.density, (self.variable,))
        return Identity(
            instances=self.instances, left=Expectation(self.under, f(self.value)), right=right
        )

    def prove(self) -> Proof:
        if isinstance(self.instances, RandomTables):
            proof = self._tested().prove()
            return replace(proof, rules=(r"\text{for every } f \geq 0", *proof.rules))
        return prove_change_of_variables(self)

    def compile(self):
        return self._tested().compile()

    def same_as(self, other: Pushforward) -> bool:
        """Whether the other map has the same law."""
        return self.density == other.density and provable(other)


@dataclass(frozen=True, kw_only=True)
class Counterexample(Statement):
    """left ≠ right on the given tables, or at the given values of symbols, exactly: it refutes left = right."""

    left: Expr
    right: Expr
    tables: tuple = ()
    values: tuple[tuple[Symbol, Expr], ...] = ()

    def latex(self) -> str:
        return rf"{latex(self.left)} \neq {latex(self.right)} \text{{ in general}}"

    def sides(self) -> tuple[Expr, Expr]:
        """The two sides on the tables or at the values, as exact SymPy numbers."""
        if self.tables:
            return tuple(
                sympy.simplify(on_tables(side, dict(self.tables)))
                for side in (self.left, self.right)
            )
        return tuple(
            sympy.simplify(closed_form(side).subs(self.values)) for side in (self.left, self.right)
        )

    def prove(self) -> Proof:
        for symbol, value in self.values:
            if any(
                known != getattr(value, f"is_{name}")
                for name, known in symbol.assumptions0.items()
                if name in DOMAIN
            ):
                raise NotProved(
                    f"{latex(symbol)} = {latex(value)} is not in the domain of {latex(symbol)}"
                )
        left, right = self.sides()
        gap = sympy.N(left - right, 50)
        if gap.free_symbols or not gap.is_real or not gap.is_finite:
            raise NotProved(f"both sides must be finite numbers, not {left} and {right}")
        if abs(gap) < sympy.Float(10) ** -30:
            raise NotProved(f"no counterexample: both sides are {left}")
        where = (
            r"\text{ at }"
            + ", ".join(f"{latex(symbol)} = {latex(value)}" for symbol, value in self.values)
            if self.values
            else ""
        )
        other = (
            latex(self.right) if self.right.is_number else rf"{latex(self.right)} = {latex(right)}"
        )
        step = rf"{latex(self.left)} = {latex(left)} \text{{ and not }} {other}{where}"
        return Proof((r"\text{evaluated exactly at one instance}",), (), (step,))


def _equality_case(term: Expr) -> str:
    """Why a term of a remainder cannot be negative, told by the case in which it is 0; NotProved if it could be."""
    coefficient, rest = term.as_coeff_Mul()
    inner = rest.value if isinstance(rest, Expectation) else rest
    if not coefficient.is_positive:
        raise NotProved(f"the remainder's term {term} has a negative sign")
    if isinstance(rest, Expectation) and not rest.weight.is_nonnegative:
        raise NotProved(f"the weight {rest.weight} is not seen to be at least 0")
    where = (
        rf" \text{{ wherever }} {latex(rest.weight)} > 0" if isinstance(rest, Expectation) else ""
    )
    if isinstance(inner, log) and is_at_least_zero(inner):
        return f"{latex(inner.args[0])} = 1{where}"
    if isinstance(inner, KL) and is_divergence(inner):
        return f"{latex(inner.first)} = {latex(inner.second)}{where}"
    if isinstance(inner, SumOrIntegral):
        gaps = [f for f in Mul.make_args(inner.integrand) if isinstance(f, kl_div)]
        if (
            len(gaps) == 1
            and (inner.integrand / gaps[0]).is_positive
            and all(a.is_positive for a in gaps[0].args)
        ):
            weight = Mul(
                inner.integrand / gaps[0], rest.weight if isinstance(rest, Expectation) else 1
            ).as_coeff_Mul()[1]
            where = "" if weight.is_number else rf" \text{{ wherever }} {latex(weight)} > 0"
            return f"{latex(gaps[0].args[0])} = {latex(gaps[0].args[1])}{where}"
        if not gaps and never_negative(inner.integrand):
            return rf"{latex(inner.integrand)} = 0 \text{{ everywhere}}{where}"
    raise NotProved(f"the remainder's term {term} is not seen to be at least 0")


def provable(statement: Statement) -> bool:
    """Whether the prover accepts the statement."""
    try:
        statement.prove()
    except NotProved:
        return False
    return True
