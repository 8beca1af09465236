"""Equations between gradients of functionals of unknown densities with a parameter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import mpmath
import sympy
from sympy import Derivative, Expr, Symbol
from sympy.core.function import AppliedUndef

from onekl.symbolic.algebra import ClassProbability, Dirac, Gaussian, LabelledJoint
from onekl.symbolic.notation import latex
from onekl.symbolic.numeric import Evaluator, Number, compiled
from onekl.symbolic.parametric.densities import (
    Along,
    Gradient,
    Hessian,
    ParametricDensity,
    VectorSymbol,
    in_directions,
    rank,
)
from onekl.symbolic.parametric.families import FamilyAssignment, RandomFamilies
from onekl.symbolic.parametric.pieces import Needed, settled
from onekl.symbolic.parametric.score import pieces
from onekl.symbolic.parametric.zero_sums import require_zero_sum
from onekl.symbolic.proof import NotProved, Proof, has_functional
from onekl.symbolic.sampling import all_variables
from onekl.symbolic.statements import Identity, difference

ROW, COLUMN = VectorSymbol("e_{i}"), VectorSymbol("e_{j}")  # the unit vectors of an entry
ORDINALS = {1: "", 2: "twice ", 3: "three times ", 4: "four times "}


def require_known(instances: RandomFamilies, *expressions: Expr) -> None:
    """ValueError where an expression and the instances do not belong together."""
    if not isinstance(instances, RandomFamilies):
        raise ValueError("a statement on densities with a parameter needs RandomFamilies")
    known = {j.family: getattr(j, "parameter", None) for j in instances.joints}
    for expression in expressions:
        for density in expression.atoms(ParametricDensity):
            if known.get(density.base) != density.parameter:
                raise ValueError(
                    f"{density.base} is no family of the instances with the parameter "
                    f"{density.parameter}"
                )
        _require_known_vectors(instances, expression)


def _require_known_vectors(instances: RandomFamilies, expression: Expr) -> None:
    """ValueError for a derivative in what is no family's parameter, and for an unknown vector."""
    own = {d.parameter for d in expression.atoms(Along, Gradient, Hessian)}
    strange = sorted(map(str, own - set(instances.parameters)))
    if strange:
        raise ValueError(f"no family of the instances has the parameter {strange[0]}")
    vectors = {*instances.parameters, *instances.directions}
    for reserved in sorted({ROW, COLUMN} & vectors, key=str):
        raise ValueError(f"the name {reserved} is taken: it stands for a unit vector")
    strange = sorted(map(str, expression.atoms(VectorSymbol) - vectors))
    if strange:
        raise ValueError(f"the instances give no value to the vector {strange[0]}")


def require_in_reach(*sides: Expr) -> None:
    """NotProved for kinds of nodes that are beyond this prover."""
    beyond = (Gaussian, Dirac, ClassProbability, LabelledJoint, Derivative)
    for node in (n for side in sides for n in side.atoms(*beyond)):
        raise NotProved(f"{latex(node)} is beyond the prover for densities with a parameter")


def smooth(sides: Iterable[Expr], order: int) -> list[str]:
    """The premises that what moves is so many times differentiable in its parameter."""
    times = ORDINALS.get(order, f"{order} times ")
    densities = {(d.at_parameter, d.parameter) for s in sides for d in s.atoms(ParametricDensity)}
    functions = {
        (f, v) for s in sides for f in s.atoms(AppliedUndef) for v in f.atoms(VectorSymbol)
    }  # fmt: skip
    return [
        rf"{latex(moving)} \text{{ is {times}continuously differentiable in }} {latex(parameter)}"
        for moving, parameter in sorted(densities | functions, key=str)
    ]


def proof_of(needed: Needed, first: Iterable[str], last: Iterable[str] = ()) -> Proof:
    """The proof with what it needed, between the first premises and the last ones."""
    return Proof(needs=(*first, *needed.support, *needed.lines, *last))


@dataclass(frozen=True, kw_only=True)
class ParametricIdentity(Identity):
    """left = right, numbers, vectors or matrices, with derivatives in a family's parameter.

    It holds for every value of the variables that are left open.
    ValueError where the two sides are not of one kind, or hold what the instances lack.
    """

    def __post_init__(self) -> None:
        sides = [sympy.sympify(side) for side in (self.left, self.right)]
        require_known(self.instances, *sides)
        if len({rank(side) for side in sides if side != 0}) > 1:
            raise ValueError("the two sides must both be numbers, vectors or matrices")
        nodes = {n for side in sides for n in side.atoms(Gradient, Hessian)}
        if len({n.parameter for n in nodes}) > 1:
            raise ValueError("the gradients of one statement must be in one parameter")

    @property
    def mutable(self) -> tuple[str, ...]:
        """The right side, or the left one where the right one is 0."""
        return ("left",) if self.right == 0 else ("right",)

    def latex(self) -> str:
        """left = right, for every value of what is left open."""
        open_ = ", ".join(map(latex, self._open()))
        every = rf" \quad \text{{for every }} {open_}" if open_ else ""
        return super().latex() + every

    def display(self) -> str:
        """The same line."""
        return self.latex()

    def accepts(self, name: str, changed: Expr) -> bool:
        """Whether the changed side is of the other one's kind, and differs once differentiated.

        A side that is to be 0 must not become 0 because nothing in it moves any more.
        """
        try:
            found = replace(self, **{name: changed})._differentiated(name)
            is_plain_zero = self.right == 0 and all(integrand == 0 for integrand, _ in found)
            return found != self._differentiated(name) and not is_plain_zero
        except NotProved:
            return True
        except ValueError:
            return False

    def _differentiated(self, name: str) -> set[tuple[Expr, tuple[Symbol, ...]]]:
        """A side with its derivatives carried out, as integrands and what they are over."""
        entry = in_directions(sympy.sympify(getattr(self, name)), ROW, COLUMN)
        return {(p.integrand, p.variables) for p in pieces(entry, self._needed())}

    def _needed(self) -> Needed:
        return Needed({joint.family: joint for joint in self.instances.joints})

    def _open(self) -> tuple[Symbol, ...]:
        """The variables that are left open."""
        sides = self.left, self.right
        free = set().union(*(sympy.sympify(side).free_symbols for side in sides))
        return tuple(v for v in all_variables(self.instances, *sides) if v in free)

    def _entries(self) -> list[Expr]:
        """Both sides as one entry of the vector or the matrix."""
        sides = map(sympy.sympify, (self.left, self.right))
        return [in_directions(side, ROW, COLUMN) for side in sides]

    def _prove(self) -> Proof:
        """Differentiate under the integrals, along any two directions; compare the integrands."""
        if self.left == self.right:
            raise NotProved(f"both sides are the same object, {latex(self.left)}")
        require_in_reach(self.left, self.right)
        left, right = self._entries()
        needed = self._needed()
        found = [settled(piece, needed) for piece in pieces(left, needed)]
        taken = [settled(piece, needed) for piece in pieces(right, needed)]
        require_zero_sum([*found, *(replace(p, integrand=-p.integrand) for p in taken)], needed)
        self._require_finite(needed)
        derivatives = left.atoms(Along) | right.atoms(Along)
        order = max((_depth(d) for d in derivatives), default=0)
        first = smooth((self.left, self.right), order) if order else []
        return proof_of(needed, first)

    def _require_finite(self, needed: Needed) -> None:
        """The premises that the terms of a side with several are finite, each by itself."""
        for side in map(sympy.sympify, (self.left, self.right)):
            terms = [t for t in sympy.Add.make_args(sympy.expand_mul(side)) if has_functional(t)]
            for term in terms if len(terms) > 1 else ():
                plain = term.as_coeff_Mul()[1]
                if not isinstance(plain, (Along, Gradient, Hessian)):
                    needed.finite(plain)

    def _compile(self) -> Evaluator:
        """The largest difference over the entries and the letters of open variables."""
        left, right = map(compiled, self._entries())
        open_ = self._open()

        def violation(instance: FamilyAssignment) -> Number:
            size = len(instance.values[self.instances.parameters[0]])
            units = [tuple(mpmath.mpf(k == n) for k in range(size)) for n in range(size)]
            pairs = [(row, column) for row in units for column in units]
            return max(
                difference(left(instance), right(instance))
                for _ in instance.visit((ROW, COLUMN), pairs)
                for _ in instance.visit(open_, instance.letters(open_))
            )

        return violation


def _depth(derivative: Along) -> int:
    """How many derivatives stand in one another."""
    inner = [_depth(d) for d in derivative.expr.atoms(Along)]
    return len(derivative.directions) + max(inner, default=0)
