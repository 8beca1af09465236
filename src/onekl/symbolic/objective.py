"""Two expressions that are one objective: they differ by a factor and by what does not vary."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import sympy
from sympy import Add, Expr, Mul

from onekl.symbolic.algebra import ClassProbability, Density
from onekl.symbolic.lines.line import SAME, Line, Lines
from onekl.symbolic.lines.rules import DOES_NOT_VARY
from onekl.symbolic.lines.varied import varies
from onekl.symbolic.notation import aligned, latex
from onekl.symbolic.numeric import Evaluator
from onekl.symbolic.pointwise import is_finite
from onekl.symbolic.premises import Finite
from onekl.symbolic.proof import NotProved, Proof
from onekl.symbolic.statements import Identity, Statement, is_one_object
from onekl.symbolic.terms import KnownRange, integral_terms
from onekl.symbolic.trials import Relation


@dataclass(frozen=True, kw_only=True)
class SameObjective(Statement):
    """objective = scale · other + rest, with scale > 0 and a rest that is free of `varied`.

    So whatever lowers the one lowers the other, as long as the rest is finite.
    `varied` are the unknown functions that are chosen: discriminators by one of their values, and
    densities, whose whole family varies.
    """

    objective: Expr
    other: Expr
    varied: tuple[Expr, ...]
    scale: Expr = sympy.S.One
    rest: Expr = sympy.S.Zero
    mutable: ClassVar = ("objective", "other", "scale", "rest")

    def __post_init__(self) -> None:
        """ValueError for what cannot be varied, and for a given equation of what is varied."""
        super().__post_init__()
        for one in self.varied:
            if not isinstance(one, (ClassProbability, Density)):
                raise ValueError(
                    f"{latex(one)} cannot be varied: it is no density and no value of D"
                )
        for equation in self.given:
            if self.varies(sympy.sympify(equation.left)):
                raise ValueError(f"{equation.latex()} is given, so its left side cannot be varied")

    def varies(self, part: Expr) -> bool:
        """Whether a part changes where one of the varied functions does."""
        joints = getattr(self.instances, "joints", ())
        return any(varies(part, one, joints) for one in self.varied)

    def _right(self) -> Expr:
        """scale · other + rest, term by term."""
        scaled = [
            term if self.scale == 1 else Mul(self.scale, term, evaluate=False)
            for term in Add.make_args(self.other)
        ]
        rest = Add.make_args(self.rest) if self.rest != 0 else ()
        return Add(*scaled, *rest, evaluate=False)

    def _identity(self) -> Identity:
        """objective − rest = scale · other: what has to be finite for it is the rest alone."""
        rest = [-term for term in Add.make_args(self.rest)] if self.rest != 0 else []
        left = Add(self.objective, *rest, evaluate=False) if rest else self.objective
        return Identity(self.instances, left=left, right=self.scale * self.other)

    def latex(self) -> str:
        """objective = scale · other + rest ∼ other."""
        line = f"{latex(self.objective)} = {latex(self._right())}"
        return rf"{line} \;\sim\; {latex(self.other)}"

    def display(self) -> str:
        """A line for each term, and the other objective last."""
        body = aligned(self.objective, *Add.make_args(self._right()))
        end = rf" \\ &\sim {latex(self.other)} \end{{aligned}}"
        return body.removesuffix(r"\end{aligned}").rstrip() + end

    def relation(self) -> tuple[Expr, str, Expr]:
        """objective ∼ other."""
        return self.objective, r"\sim", self.other

    def _prove(self) -> Proof:
        """The proof of the identity; the rest has to be finite, or nothing would be left to lower.

        NotProved for a factor that is not positive and a rest that varies.
        """
        if not self.scale.is_positive:
            raise NotProved(f"the factor {latex(self.scale)} is not seen to be positive")
        for part in (self.scale, self.rest):
            if self.varies(part):
                raise NotProved(f"{latex(part)} varies with {latex(self.varied[0])}")
        identity = self._identity()
        split = is_one_object(identity.left, identity.right)  # the sum is only taken apart
        proof = Proof() if split else identity.accepted()
        needs = tuple(dict.fromkeys((*proof.needs, *self._finite_rest())))
        return replace(proof, needs=needs)

    def _derivation(self) -> Lines:
        """The lines to scale · other + rest, and the one that leaves the rest and the scale out."""
        identity = replace(self._identity(), left=self.objective, right=self._right())
        lines = replace(identity, given=self.given)._derivation()
        return *lines, Line(self.other, DOES_NOT_VARY, SAME, self.varied)

    def _finite_rest(self) -> tuple[Finite, ...]:
        """The premise that each integral of the rest is finite."""
        terms = [t for t in integral_terms(self.rest) if t.variables]
        return tuple(is_finite(t.total) for t in terms if t.known < KnownRange.BOUNDED)

    def trials(self) -> tuple[Relation, ...]:
        """The identity."""
        return self.plain()._identity().trials()

    def _compile(self) -> Evaluator:
        """How far the identity is off."""
        return self._identity().compile()
