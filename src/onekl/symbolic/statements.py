"""Statements: relations between expressions of the algebra, with a way to draw instances of them.

Each kind can `prove()` itself symbolically, which lists what the proof needs, and can measure its
violation on an instance, straight from the definitions and without the prover.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import ClassVar

import mpmath
import sympy
from sympy import Add, Expr, Symbol
from sympy.polys.polyerrors import BasePolynomialError

from onekl.symbolic.algebra import KL, Expectation, SumOrIntegral, variables_of
from onekl.symbolic.lines.concrete import concrete_lines, law_lines
from onekl.symbolic.lines.line import AT_LEAST, START, Line, Lines
from onekl.symbolic.lines.rows import total
from onekl.symbolic.lines.rules import NEVER_NEGATIVE
from onekl.symbolic.lines.walk import walk
from onekl.symbolic.lines.written import alike
from onekl.symbolic.notation import aligned, latex
from onekl.symbolic.numeric import Assignment, Evaluator, Number, compiled
from onekl.symbolic.pointwise import prove_pointwise
from onekl.symbolic.premises import Equal, using
from onekl.symbolic.proof import NotProved, Proof
from onekl.symbolic.real_line import prove_change_of_variables, prove_concrete
from onekl.symbolic.sampling import RandomParameters, RandomTables, require_own_variables
from onekl.symbolic.slack import equality_case
from onekl.symbolic.trials import Relation, Trial
from onekl.symbolic.weakest_signs import declared


def difference(left: Number, right: Number) -> Number:
    """How far two numbers are apart, relative to their size.

    0 for equal infinities; ∞ where only one is infinite, or where one is no real number.
    """
    if mpmath.isnan(left) or mpmath.isnan(right) or mpmath.im(left) or mpmath.im(right):
        return mpmath.inf
    if mpmath.isinf(left) or mpmath.isinf(right):
        return mpmath.mpf(0) if left == right else mpmath.inf
    return abs(left - right) / (1 + abs(left) + abs(right))


def shortfall(large: Number, small: Number) -> Number:
    """By how much `large` falls short of `small`; ∞ when they cannot be compared."""
    if mpmath.im(large) or mpmath.im(small) or mpmath.isnan(large) or mpmath.isnan(small):
        return mpmath.inf
    return max(small - large, mpmath.mpf(0)) if large != small else mpmath.mpf(0)


# What SymPy raises where it has no method; for a prover that is a refusal.
BEYOND = (ArithmeticError, AttributeError, IndexError, KeyError, NotImplementedError,
          RecursionError, TypeError, ValueError, sympy.PoleError,
          BasePolynomialError)  # fmt: skip


@dataclass(frozen=True)
class Statement:
    """A relation, where its instances come from, and the premises that it is typed with.

    The equations in `given` are used: they are put into the statement before it is proved, tried
    with numbers and mutated.
    The lines of LaTeX in `trusted` are used by nothing: they are shown as taken on trust.
    `by` are the lines of its derivation where they are written by hand.
    `proves` is the place of the printed step that it proves, such as su-4.2.
    """

    instances: RandomTables | RandomParameters
    given: tuple[Equal, ...] = field(default=(), kw_only=True)
    trusted: tuple[str, ...] = field(default=(), kw_only=True)
    by: Lines = field(default=(), kw_only=True)
    proves: str = field(default="", kw_only=True)
    mutable: ClassVar[tuple[str, ...]] = ()  # the fields that mutants are made of

    def __post_init__(self) -> None:
        """ValueError where an integral is over a variable that belongs to no joint."""
        if isinstance(self.instances, RandomTables):
            values = (getattr(self, f.name) for f in fields(self))
            require_own_variables(self.instances, *(v for v in values if isinstance(v, Expr)))

    def latex(self) -> str:
        """The statement in LaTeX, in one line."""
        raise NotImplementedError

    def display(self) -> str:
        """The statement in LaTeX for a page, broken into lines where it is long."""
        return self.latex()

    def plain(self) -> Statement:
        """The statement with its given equations put in."""
        if not self.given:
            return self
        changed = {
            f.name: using(getattr(self, f.name), self.given)
            for f in fields(self)
            if isinstance(getattr(self, f.name), Expr)
        }
        return replace(self, given=(), **changed)

    def prove(self) -> Proof:
        """What the proof of the statement needs; NotProved, in one line, with what is left over."""
        return self._found(with_signs=True)

    def accepted(self) -> Proof:
        """The proof, whose signs of symbols are still to be weakened; NotProved as in `prove`."""
        return self._found(with_signs=False)

    def _found(self, *, with_signs: bool) -> Proof:
        try:
            proof = self.plain()._prove()
            if with_signs:
                proof.signs()  # now, because a sign that no line says is a refusal
            return proof
        except NotProved:
            raise
        except BEYOND as error:
            message = str(error).partition("\n")[0] or "SymPy has no method for it"
            raise NotProved(message) from error

    def derivation(self) -> Lines:
        """The lines of the proof, as they are printed.

        NotProved where none are found, and where those by hand do not lead from side to side.
        """
        if not self.by:
            return self._derivation()
        left, _, right = self.relation()
        ends = ("begin", self.by[0], left), ("end", self.by[-1], right)
        for word, line, side in ends:
            if len(self.by) < 2 or not alike(line.expression, sympy.sympify(side)):
                raise NotProved(
                    f"the lines by hand {word} with {latex(line.expression)}, not {latex(side)}"
                )
        return self.by

    def compile(self) -> Evaluator:
        """A function that measures the violation of the statement on an instance, 0 for none."""
        return self.plain()._compile()

    def trials(self) -> tuple[Trial, ...]:
        """What the plain statement says in numbers; nothing for a kind that is only compiled."""
        return ()

    def figure(self, instances: Sequence[Assignment]) -> str:
        """The honest figure of its kind on these instances, in words; empty for an error."""
        return ""

    def relation(self) -> tuple[Expr, str, Expr]:
        """Left side, sign (= or \\geq) and right side, for a counterexample to evaluate.

        NotProved for a kind of statement that no single instance refutes.
        """
        raise NotProved(f"a {type(self).__name__} has no two sides to evaluate on an instance")

    def accepts(self, name: str, changed: Expr) -> bool:
        """Whether a mutant's change of the field still makes a statement of this kind."""
        return True

    def _prove(self) -> Proof:
        """The proof of the plain statement."""
        raise NotImplementedError

    def _derivation(self) -> Lines:
        """The lines that are found for the statement with its given equations."""
        raise NotProved(f"no lines are found for {self.latex()}: write them by hand")

    def _compile(self) -> Evaluator:
        """The violation of the plain statement."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Identity(Statement):
    """left = right."""

    left: Expr
    right: Expr
    mutable: ClassVar = ("left", "right")

    def latex(self) -> str:
        """left = right."""
        return f"{latex(self.left)} = {latex(self.right)}"

    def display(self) -> str:
        """left = right; where it is long, with a line for each term of a sum of functionals."""
        if len(str(self.left)) + len(str(self.right)) < 64:
            return self.latex()
        long_sum = isinstance(self.right, Add) and self.right.has(SumOrIntegral, KL, Expectation)
        return aligned(self.left, *(self.right.args if long_sum else (self.right,)))

    def _prove(self) -> Proof:
        """Carry out the integrals of concrete densities; compare the integrands of unknown ones."""
        if is_one_object(self.left, self.right):
            raise NotProved(f"both sides are the same object, {latex(self.left)}")
        return self.by_integrands()

    def by_integrands(self) -> Proof:
        """The proof of the equation, even where its two sides are one object."""
        if isinstance(self.instances, RandomParameters):
            return prove_concrete(self.left, self.right, declared(self.instances))
        return prove_pointwise(self.left, self.right, self.instances)

    def _derivation(self) -> Lines:
        """The lines that the rules lead by, from the left side to the right one."""
        if isinstance(self.instances, RandomParameters):
            return concrete_lines(self.left, self.right, self.given)
        return walk(self.left, self.right, self.instances.joints, self.given)

    def _compile(self) -> Evaluator:
        """How far the two sides are apart, relative to their size."""
        left, right = compiled(self.left), compiled(self.right)

        def violation(instance: Assignment) -> Number:
            return difference(left(instance), right(instance))

        return violation

    def trials(self) -> tuple[Relation, ...]:
        """left = right."""
        plain = self.plain()
        return (Relation(plain.left, "=", plain.right),)

    def relation(self) -> tuple[Expr, str, Expr]:
        """left = right."""
        return self.left, "=", self.right


@dataclass(frozen=True, kw_only=True)
class Bound(Statement):
    """upper = lower + remainder with a remainder that cannot be negative, so upper ≥ lower."""

    upper: Expr
    lower: Expr
    remainder: Expr
    mutable: ClassVar = ("upper", "lower", "remainder")

    def _identity(self) -> Identity:
        return Identity(
            instances=self.instances,
            left=self.upper,
            right=Add(self.lower, self.remainder, evaluate=False),
        )

    def latex(self) -> str:
        """upper = lower + remainder ≥ lower."""
        return rf"{self._identity().latex()} \;\geq\; {latex(self.lower)}"

    def display(self) -> str:
        """A line for each term; just upper ≥ lower where the remainder is all of upper."""
        if self.upper == self.remainder:
            return rf"{latex(self.upper)} \geq {latex(self.lower)}"
        return aligned(self.upper, self.lower, *Add.make_args(self.remainder), least=self.lower)

    def _prove(self) -> Proof:
        """The proof of the identity, and the case in which each term of the remainder is 0."""
        equality = [equality_case(term) for term in Add.make_args(self.remainder)]
        # Where the remainder is all of upper there is nothing to compare, and it may be infinite.
        whole = self.lower == 0 and self.upper == self.remainder
        proof = Proof() if whole else self._identity().by_integrands()
        return replace(proof, equality=r" \text{ and } ".join(equality))

    def _derivation(self) -> Lines:
        """The lines of the identity, and the one that leaves the remainder out."""
        least = Line(self.lower, NEVER_NEGATIVE, AT_LEAST)
        if self.lower == 0 and self.upper == self.remainder:
            return Line(self.upper, sign=START), least
        parts = (*Add.make_args(self.lower), *Add.make_args(self.remainder))
        both = replace(self._identity(), right=total(parts), given=self.given)
        return *both._derivation(), least

    def _compile(self) -> Evaluator:
        """The larger of how far the identity is off and by how much upper falls short of lower."""
        identity = self._identity().compile()
        upper, lower = compiled(self.upper), compiled(self.lower)

        def violation(instance: Assignment) -> Number:
            return max(identity(instance), shortfall(upper(instance), lower(instance)))

        return violation

    def trials(self) -> tuple[Relation, ...]:
        """The identity, and upper ≥ lower."""
        plain = self.plain()
        return (*plain._identity().trials(), Relation(plain.upper, ">=", plain.lower))

    def relation(self) -> tuple[Expr, str, Expr]:
        """upper ≥ lower."""
        return self.upper, r"\geq", self.lower


@dataclass(frozen=True, kw_only=True)
class Pushforward(Statement):
    """If the variables of `under` are drawn from it, `value` has the density `density`.

    It is a density in `variable`: E_under[f(value)] = ∫ f(variable) density for every f ≥ 0.
    """

    value: Expr
    under: Expr
    variable: Symbol
    density: Expr
    mutable: ClassVar = ("value", "density")

    def latex(self) -> str:
        """Variables ∼ under ⇒ value ∼ density."""
        drawn = ", ".join(latex(v) for v in variables_of(self.under))
        law = rf"{latex(self.value)} \sim {latex(self.density)}"
        return rf"{drawn} \sim {latex(self.under)} \;\Rightarrow\; {law}"

    def accepts(self, name: str, changed: Expr) -> bool:
        """On an alphabet, a changed map could leave it; the law alone is mutated."""
        return name != "value" or not isinstance(self.instances, RandomTables)

    def _tested(self) -> Identity:
        """The identity of the two means of an unknown function."""
        if isinstance(self.instances, RandomTables):
            f = sympy.Function("f", nonnegative=True)
        else:  # quadrature under a Gaussian is exact for polynomials, which have both signs
            f = sympy.Function("f", real=True)
        right = SumOrIntegral(f(self.variable) * self.density, (self.variable,))
        return Identity(
            instances=self.instances, left=Expectation(self.under, f(self.value)), right=right
        )

    def _prove(self) -> Proof:
        """Compare the means of every f ≥ 0; for a law on the real line, change the variable."""
        if isinstance(self.instances, RandomTables):
            return self._tested().prove()
        order = declared(self.instances)
        return prove_change_of_variables(self.value, self.under, self.variable, self.density, order)

    def _derivation(self) -> Lines:
        """The mean of a function of the image, in the variable of the image."""
        if isinstance(self.instances, RandomParameters):
            tested = self._tested()
            return law_lines(tested.left, tested.right, self.variable, self.value)
        return self._tested()._derivation()

    def _compile(self) -> Evaluator:
        """How far the means of a random function are apart, relative to their size."""
        return self._tested().compile()

    def trials(self) -> tuple[Relation, ...]:
        """The two means of the unknown function f."""
        return self.plain()._tested().trials()

    def relation(self) -> tuple[Expr, str, Expr]:
        """The two means of the unknown function f, which the instance has to give."""
        return self._tested().relation()


def is_one_object(left: Expr, right: Expr) -> bool:
    """Whether two sums have the same terms, in whatever order they are written."""
    return sympy.Add(left, -right) == 0


def provable(statement: Statement) -> bool:
    """Whether the prover accepts the statement."""
    try:
        statement.prove()
    except NotProved:
        return False
    return True
