r"""Triangular maps of ℝ^d for every d: x_i = step(z_i; z_{<i}), one coordinate after the other.

Coupling layers and autoregressive flows are of this kind. The statement is proved by the step from
k to k + 1 coordinates, where k is a letter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import mpmath
import sympy
from sympy import BlockMatrix, Expr, MatrixSymbol, Q, Symbol, ZeroMatrix
from sympy.assumptions import assuming
from sympy.core.function import AppliedUndef

from onekl.symbolic.maps.bijection import prove_bijection, smoothness
from onekl.symbolic.maps.real_densities import RealAssignment, slope_size
from onekl.symbolic.maps.smooth_map import SmoothMap
from onekl.symbolic.notation import latex
from onekl.symbolic.numeric import Evaluator, Number, compiled
from onekl.symbolic.proof import NotProved, Proof
from onekl.symbolic.statements import Statement, difference


@dataclass(frozen=True, kw_only=True)
class TriangularMap(Statement):
    r"""For every d, the map with x_i = forward is a bijection of ℝ^d, and log|det| = Σ_i log_slope.

    `forward` and `log_slope` are expressions in `coordinate`, z_i, and in unknown functions of
    `before`, which stands for all of z_{<i}; each i has functions of its own. `inverse` is z_i in
    `image`, x_i, and in the same functions.
    With `kept`, the first coordinates, any number of them, stay as they are, and `before` stands
    for these alone: a coupling layer.
    """

    coordinate: Symbol
    image: Symbol
    before: Symbol
    forward: Expr
    inverse: Expr
    log_slope: Expr
    kept: bool = False
    mutable: ClassVar = ("forward", "inverse", "log_slope")

    def __post_init__(self) -> None:
        for name in self.mutable:
            object.__setattr__(self, name, sympy.sympify(getattr(self, name)))

    def latex(self) -> str:
        """The step, its inverse and the sum of its log-slopes."""
        z, x = latex(self.coordinate), latex(self.image)
        first = r"i \leq k" if self.kept else ""
        same = rf"{x} = {z} \text{{ for }} {first}, \quad " if self.kept else ""
        where = r" \text{ for } i > k" if self.kept else ""
        below = "i = k + 1" if self.kept else "i = 1"
        return (
            rf"{same}{x} = {latex(self.forward)}{where} \;\Leftrightarrow\; "
            rf"{z} = {latex(self.inverse)}{where}, \quad "
            r"\log\left|\det \frac{\partial x}{\partial z}\right| = "
            rf"\sum_{{{below}}}^{{d}} {latex(self.log_slope)}"
        )

    def accepts(self, name: str, changed: Expr) -> bool:
        """The functions of the coordinates before may change, these may not stand alone."""
        return not self._bare(changed)

    def _bare(self, side: Expr) -> bool:
        """Whether `before` stands outside of unknown functions."""
        inside = {f: sympy.Dummy() for f in side.atoms(AppliedUndef) if self.before in f.args}
        return side.xreplace(inside).has(self.before)

    def _step(self) -> SmoothMap:
        """The step as a map of the line, with the coordinates before as parameters."""
        return SmoothMap(
            (self.coordinate,), (self.image,), (self.forward,), (self.inverse,), self.log_slope
        )

    def _prove(self) -> Proof:
        """The step is a bijection of the line; each one multiplies the determinant by its slope."""
        for side in (self.forward, self.inverse, self.log_slope):
            if self._bare(side):
                raise NotProved(f"{latex(self.before)} may stand in unknown functions only")
        step = prove_bijection(self._step())
        _require_step_of_determinant(sympy.diff(self.forward, self.coordinate))
        conditioners = (f for f in self.forward.atoms(AppliedUndef) if self.before in f.args)
        return Proof(needs=(*step.needs, *smoothness(conditioners)))

    def _compile(self) -> Evaluator:
        """The largest error of the inverse and of the log-determinant, for a random d."""
        forward, inverse, log_slope = map(compiled, (self.forward, self.inverse, self.log_slope))

        def violation(instance: RealAssignment) -> Number:
            z = list(instance.values[self.before])

            def image(point: list[Number]) -> list[Number]:
                return self._walked(instance, forward, point, point)

            x = image(z)
            back = self._walked(instance, inverse, x)
            again = image(self._walked(instance, inverse, z))
            slopes = self._walked(instance, log_slope, z, z)[self._kept_of(z) :]
            errors = [difference(a, b) for a, b in (*zip(z, back), *zip(z, again))]
            return max(*errors, difference(mpmath.log(slope_size(image, z)), sum(slopes)))

        return violation

    def _kept_of(self, values: list[Number]) -> int:
        """How many coordinates stay as they are."""
        return len(values) // 2 if self.kept else 0

    def _walked(
        self,
        instance: RealAssignment,
        step: Evaluator,
        values: list[Number],
        z: list[Number] | None = None,
    ) -> list[Number]:
        """The step at each value, with the coordinates before it, of z or of what is found so far.

        Its number stands in front of them, so that each coordinate has functions of its own.
        """
        first, names = self._kept_of(values), (self.coordinate, self.image, self.before)
        found: list[Number] = []
        for i, value in enumerate(values):
            seen = (found if z is None else z)[: first if self.kept else i]
            place = (value, value, (mpmath.mpf(i), *seen))
            found.append(value if i < first else instance.at(names, place, step))
        return found


def _require_step_of_determinant(slope: Expr) -> None:
    """NotProved unless det ∂x/∂z of k + 1 coordinates is that of the first k times the slope.

    The first k do not depend on z_{k+1}.
    """
    k = Symbol("k", integer=True, positive=True)
    slopes, below = MatrixSymbol("J_k", k, k), MatrixSymbol("w", 1, k)
    whole = BlockMatrix([[slopes, ZeroMatrix(k, 1)], [below, sympy.Matrix([[slope]])]])
    with assuming(Q.invertible(slopes)):
        found = whole.det().doit()
    if found != slope * sympy.Determinant(slopes):
        raise NotProved(f"the determinant of k + 1 coordinates is {latex(found)}")
