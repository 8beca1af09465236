"""Small steps of a parameter: what a functional is to a given order as θ moves to θ − Δθ."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

import sympy
from sympy import Expr, Symbol

from onekl.symbolic.limits import Expansion
from onekl.symbolic.lines.line import Lines
from onekl.symbolic.lines.small_steps import expansion_lines
from onekl.symbolic.notation import latex
from onekl.symbolic.numeric import Assignment, Evaluator, Number
from onekl.symbolic.parametric.densities import (
    Along,
    ParametricDensity,
    VectorSymbol,
    rank,
    scaled,
)
from onekl.symbolic.parametric.jets import jet, taylor_coefficient
from onekl.symbolic.parametric.pieces import Needed, Piece, settled
from onekl.symbolic.parametric.score import pieces
from onekl.symbolic.parametric.statements import (
    proof_of,
    require_in_reach,
    require_known,
    smooth,
)
from onekl.symbolic.parametric.zero_sums import require_zero_sum
from onekl.symbolic.proof import NotProved, Proof
from onekl.symbolic.sampling import all_variables
from onekl.symbolic.statements import Statement
from onekl.symbolic.trials import Expanded


@dataclass(frozen=True, kw_only=True)
class ParametricExpansion(Statement):
    """expression = value + O(‖step‖^(order + 1)) as the vector `step` goes to 0.

    The expression holds densities at θ − step, or at another multiple of it; the value holds the
    derivatives along the step. Proved along the line t ↦ θ − t·step, for every step.
    """

    expression: Expr
    step: VectorSymbol
    order: int
    value: Expr
    mutable: ClassVar = ("value",)

    def __post_init__(self) -> None:
        if self.order < 0 or self.order != int(self.order):
            raise ValueError(f"the order must be 0, 1, 2, ..., not {self.order}")
        sides = sympy.sympify(self.expression), sympy.sympify(self.value)
        require_known(self.instances, *sides)
        if any(rank(side) for side in sides):
            raise ValueError("both sides of an expansion must be numbers")
        if self.step not in sides[0].free_symbols | sides[1].free_symbols:
            raise ValueError(f"neither side depends on the step {self.step}")
        if self.step in self.instances.parameters:
            raise ValueError(f"{self.step} is a parameter, and no step")

    def latex(self) -> str:
        """expression = value + O(‖step‖^(order + 1))."""
        value = "" if self.value == 0 else f"{latex(self.value)} + "
        return rf"{latex(self.expression)} = {value}{self._rest()}"

    def _rest(self) -> str:
        return rf"O(\lVert {latex(self.step)} \rVert^{{{self.order + 1}}})"

    def accepts(self, name: str, changed: Expr) -> bool:
        """Whether the step still stands in the value."""
        return self.step in changed.free_symbols

    def _along_the_line(self, t: Symbol) -> tuple[Expr, Expr]:
        sides = map(sympy.sympify, (self.expression, self.value))
        return tuple(scaled(side, self.step, t) for side in sides)

    def _prove(self) -> Proof:
        """Compare the coefficients of each power of t as integrals."""
        if self.expression == self.value:
            raise NotProved(f"both sides are the same object, {latex(self.value)}")
        require_in_reach(self.expression, self.value)
        t = sympy.Dummy("t", positive=True)
        needed = Needed({joint.family: joint for joint in self.instances.joints})
        left, right = (pieces(side, needed) for side in self._along_the_line(t))
        every = [*left, *(replace(p, integrand=-p.integrand) for p in right)]
        _require_unmoved(every, needed)
        for power in range(self.order + 1):
            where = rf"at the order {power} in {latex(self.step)} "
            found = [settled(_coefficient(p, t, power, self.order), needed) for p in every]
            require_zero_sum(found, needed, where)
        over = dict.fromkeys(latex(v) for piece in every for v in piece.variables)
        remainders = (
            rf"\text{{the remainders at all }} {', '.join(over)} \text{{ together are }} "
            f"{self._rest()}"
        )
        first = smooth((self.expression, self.value), self.order + 1)
        return proof_of(needed, first, (remainders,) if over else ())

    def _derivation(self) -> Lines:
        """Taylor at every point of the integral."""
        return expansion_lines(self.expression, self.step, self.order, self.value)

    def trials(self) -> tuple[Expanded, ...]:
        """The two sides along the line θ − t·step."""
        t = sympy.Dummy("t", positive=True)
        return (Expanded(*self.plain()._along_the_line(t), t, sympy.S.Zero, self.order),)

    def _compile(self) -> Evaluator:
        """The remainder over t^order along the line at a small t; 0 where it is of higher order.

        The largest one over the letters of variables that are left open.
        """
        t = sympy.Dummy("t", positive=True)
        expression, value = self._along_the_line(t)
        line = Expansion(
            self.instances, expression=expression, symbol=t, order=self.order, value=value
        ).compile()
        free = sympy.sympify(expression).free_symbols | sympy.sympify(value).free_symbols
        open_ = tuple(v for v in all_variables(self.instances, expression, value) if v in free)

        def violation(instance: Assignment) -> Number:
            return max(line(instance) for _ in instance.visit(open_, instance.letters(open_)))

        return violation


def _require_unmoved(every: Iterable[Piece], needed: Needed) -> None:
    """The premise that a family's support does not move, where it is divided by or under a log.

    Where no weight moves, what is divided by is positive near the parameter.
    """
    for piece in (p for p in every if p.bases):
        for density in sorted(_shifted(piece), key=str):
            if any(density.parameter in weight.free_symbols for weight in piece.weights):
                needed.stays_zero(density)


def _shifted(piece: Piece) -> set[ParametricDensity]:
    """The densities at another point than θ among what a piece counts on."""
    every = {d for e in (*piece.bases, *piece.weights) for d in e.atoms(ParametricDensity)}
    return {d for d in every if d.point != d.parameter}


def _coefficient(piece: Piece, t: Symbol, power: int, order: int) -> Piece:
    """The coefficient of a power of t in a piece whose densities move along the line."""
    moved = {d for d in piece.integrand.atoms(ParametricDensity) if d.point != d.parameter}
    if any(moved & a.atoms(ParametricDensity) for a in piece.integrand.atoms(Along)):
        raise NotProved("a derivative at another point than the parameter is beyond this prover")
    line = piece.integrand.xreplace({d: jet(d, order) for d in moved})
    here = {d: d.at_parameter for d in _shifted(piece)}
    return replace(
        piece,
        integrand=taylor_coefficient(line, t, power),
        weights=frozenset(w.xreplace(here) for w in piece.weights),
        bases=frozenset(b.xreplace(here) for b in piece.bases),
    )
