"""Counterexamples: a statement's own two sides, evaluated exactly on one explicit instance."""

from __future__ import annotations

from dataclasses import dataclass

import sympy
from sympy import Add, Expr, Symbol

from onekl.symbolic.algebra import ClassProbability, Density
from onekl.symbolic.instance import Instance
from onekl.symbolic.lines.instance import counterexample_lines
from onekl.symbolic.lines.line import Lines
from onekl.symbolic.notation import latex
from onekl.symbolic.proof import NotProved, Proof
from onekl.symbolic.statements import Statement


@dataclass(frozen=True, kw_only=True)
class Counterexample(Statement):
    """An explicit instance on which the statement `of` fails, exactly.

    Where the statement leaves constants open (`unknowns`, "for some c"), `at` are several
    instances, and no values of the constants satisfy the equation on all of them.
    Two objectives are told apart by their slopes `along` a symbol of the tables: they have opposite
    signs, or one of them alone is 0.
    `where` are relations that the statement supposes, which hold on the instance.
    """

    of: Statement
    at: tuple[Instance, ...]
    unknowns: tuple[Symbol, ...] = ()
    along: Symbol | None = None
    where: tuple[Statement, ...] = ()

    def latex(self) -> str:
        """The negation of the statement's relation, in general."""
        left, negated, right = self._negation()
        return rf"{left} {negated} {right} \text{{ in general}}"

    def display(self) -> str:
        """The negation; where it is long, with its right side on a line of its own."""
        left, negated, right = self._negation()
        if len(left) + len(right) < 160:
            return self.latex()
        lines = rf"& {left} \\ &\quad {negated} {right} \text{{ in general}}"
        return rf"\begin{{aligned}} {lines} \end{{aligned}}"

    def _negation(self) -> tuple[str, str, str]:
        """Left side, sign and right side of the negated relation, in LaTeX."""
        left, sign, right = self.of.plain().relation()
        negated = {"=": r"\neq", r"\geq": r"\not\geq", r"\sim": r"\not\sim"}[sign]
        return latex(left), negated, latex(right)

    def sides(self) -> tuple[Expr, Expr]:
        """The two sides, or their slopes, on the first instance, as exact SymPy numbers."""
        left, _, right = self.of.plain().relation()
        return self.at[0].exact(left, self.along), self.at[0].exact(right, self.along)

    def _prove(self) -> Proof:
        """Evaluate both sides; NotProved where they are no real numbers or satisfy the relation."""
        if not self.at:
            raise NotProved("a counterexample needs an instance")
        for instance in self.at:
            instance.require_in_domain()
            instance.require_tables()
            self._require_supposed(instance)
            self._require_given(instance)
        _, sign, _ = self.of.plain().relation()
        if self.unknowns:
            return self._without_solution(sign)
        if (sign == r"\sim") != (self.along is not None):
            raise NotProved("two objectives, and only they, are compared along a symbol")
        if self.along is not None:
            self._require_rest_unmoved()
        left, right = self.sides()
        if not _fails(left, sign, right):
            raise NotProved(f"no counterexample: the sides are {left} and {right}")
        step = self._slopes(left, right) if self.along else self._step(left, right)
        return Proof(steps=(step,))

    def _derivation(self) -> Lines:
        """Both sides at the instances, down to their numbers."""
        left, _, right = self.of.plain().relation()
        return counterexample_lines((left, right), self.at, self.along)

    def _require_supposed(self, instance: Instance) -> None:
        """NotProved unless the relations that the statement supposes hold on the instance."""
        for supposed in self.where:
            left, sign, right = supposed.plain().relation()
            if _fails(instance.exact(left), sign, instance.exact(right)):
                raise NotProved(f"the instance does not satisfy {supposed.latex()}")

    def _require_given(self, instance: Instance) -> None:
        """NotProved where the instance has a value for what a given equation says otherwise."""
        for equation in self.of.given:
            sides = (equation.left, sympy.sympify(equation.right))
            for place in instance.places(sorted(sides[0].free_symbols, key=str)):
                try:
                    left = place.exact(sides[0])
                except NotProved:  # the instance leaves it open, and the equation gives it
                    continue
                if sides[0] != left and left != place.exact(sides[1]):
                    raise NotProved(f"the instance contradicts the premise {equation.latex()}")

    def _require_rest_unmoved(self) -> None:
        """NotProved where the symbol moves what the two objectives do not vary."""
        objectives = self.of.plain()
        both = Add(objectives.objective, objectives.other, evaluate=False)
        for factor in sorted(both.atoms(Density, ClassProbability), key=str):
            if objectives.varies(factor):
                continue
            letters = sorted(factor.free_symbols, key=str)
            places = self.at[0].places(letters)
            if any(place.exact(factor, self.along) != 0 for place in places):
                raise NotProved(
                    f"{latex(self.along)} moves {latex(factor)}, which the objectives do not vary"
                )

    def _slopes(self, left: Expr, right: Expr) -> str:
        of_left, _, of_right = self.of.plain().relation()
        slopes = [
            rf"\frac{{\partial}}{{\partial {latex(self.along)}}} "
            rf"\left[{latex(side)}\right] = {latex(value)}"
            for side, value in ((of_left, left), (of_right, right))
        ]
        return r" \text{, but } ".join(slopes) + rf"\text{{ at }}{self.at[0].latex()}"

    def _step(self, left: Expr, right: Expr) -> str:
        of_left, sign, of_right = self.of.plain().relation()
        other = latex(of_right)
        if not of_right.is_number:
            other += f" = {latex(right)}"
        words = r"\text{ and not }" if sign == "=" else r"\text{, less than }"
        place = self.at[0].latex()
        where = rf"\text{{ at }}{place}" if place else ""
        return f"{latex(of_left)} = {latex(left)} {words} {other}{where}"

    def _without_solution(self, sign: str) -> Proof:
        """The equations on the instances, as polynomials in the unknowns, have no common root.

        NotProved for a relation that is no equation, and for coefficients that are not rational.
        """
        if sign != "=":
            raise NotProved("constants that are left open have no values only for an equation")
        left, _, right = self.of.plain().relation()
        equations = [instance.exact(left - right) for instance in self.at]
        if not all(_is_rational_polynomial(e, self.unknowns) for e in equations):
            raise NotProved(
                f"an equation is no polynomial with rational coefficients in "
                f"{', '.join(map(latex, self.unknowns))}: a zero among others would not be seen"
            )
        basis = sympy.groebner(equations, *self.unknowns)
        if list(basis.exprs) != [1]:
            raise NotProved(f"the equations on the instances have a solution: {basis.exprs[0]} = 0")
        lines = r",\; ".join(f"{latex(equation)} = 0" for equation in equations)
        names = ", ".join(map(latex, self.unknowns))
        said = rf"{latex(left)} = {latex(right)}"
        step = (
            rf"{lines} \text{{ for no }} {names} \text{{, and that is what }} {said}"
            rf" \text{{ says at {len(self.at)} instances}}"
        )
        return Proof(steps=(step,))


def _is_rational_polynomial(equation: Expr, unknowns: tuple[Symbol, ...]) -> bool:
    """Whether an expression is a polynomial in the unknowns with rational coefficients."""
    return equation.is_polynomial(*unknowns) and all(
        coefficient.is_Rational for coefficient in sympy.Poly(equation, *unknowns).coeffs()
    )


def _fails(left: Expr, sign: str, right: Expr) -> bool:
    """Whether a relation of two exact numbers is false.

    NotProved unless they are real and one of them, at least, is finite.
    """
    if sign == "=" and sympy.S.Infinity in (left, right):
        return left != right and (left.is_finite or right.is_finite)
    gap = sympy.N(left - right, 50)
    if gap.free_symbols or not gap.is_real or not gap.is_finite:
        raise NotProved(f"both sides must be finite numbers, not {left} and {right}")
    small = sympy.Float(10) ** -30
    if sign == r"\sim":
        signs = [sympy.sign(sympy.N(side, 50, chop=small)) for side in (left, right)]
        return signs[0] != signs[1]
    return bool(abs(gap) > small) if sign == "=" else bool(gap < -small)
