"""Equations between functionals of vectors whose dimension is a letter: proofs and numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import ClassVar

import sympy
from sympy import Add, Basic, Derivative, Dummy, Expr, Mul, Symbol, log

from onekl.symbolic.algebra import FUNCTIONALS, Expectation, factors
from onekl.symbolic.lines.concrete import concrete_lines
from onekl.symbolic.lines.line import Lines
from onekl.symbolic.lines.vectors import VECTOR_STEPS
from onekl.symbolic.notation import latex
from onekl.symbolic.numeric import Assignment, Evaluator, Number, compiled
from onekl.symbolic.proof import NotProved, Proof, has_functional
from onekl.symbolic.real_line import is_nonzero_at_a_point
from onekl.symbolic.statements import Statement, difference
from onekl.symbolic.trials import Relation
from onekl.symbolic.vectors.algebra import (
    INDEX,
    Coordinate,
    CoordinateSum,
    NonzeroVector,
    PositiveVector,
    Vector,
)
from onekl.symbolic.vectors.numbers import by_quadrature
from onekl.symbolic.vectors.reduction import reduced
from onekl.symbolic.weakest_signs import REFUSALS, SIGNS


@dataclass(frozen=True, kw_only=True)
class VectorIdentity(Statement):
    """left = right, for vectors of every dimension.

    It may hold Gaussians of vectors, their KL, entropies and means, and means under unknown
    densities of the variables that unknown maps are taken at.
    """

    left: Expr
    right: Expr
    mutable: ClassVar = ("left", "right")

    def __post_init__(self) -> None:
        """ValueError where a mean or an integral is over a symbol that belongs to no joint."""
        for name in ("left", "right"):
            object.__setattr__(self, name, sympy.sympify(getattr(self, name)))
        functionals = self.left.atoms(*FUNCTIONALS) | self.right.atoms(*FUNCTIONALS)
        known = {v for joint in self.instances.joints for v in joint.variables}
        for variable in (v for total in functionals for v in total.variables):
            if variable not in known and not isinstance(variable, Vector):
                raise ValueError(f"{variable} is integrated over but belongs to no joint")

    def latex(self) -> str:
        """left = right."""
        return f"{latex(self.left)} = {latex(self.right)}"

    def _prove(self) -> Proof:
        """Reduce both sides to sums over coordinates and compare them."""
        if self.left == self.right:
            raise NotProved(f"both sides are the same object, {latex(self.left)}")
        if INDEX in self.left.free_symbols | self.right.free_symbols:
            raise NotProved(f"the coordinate {INDEX} is left open: sum over it")
        finite = require_equal(self.left, self.right)
        signs = needed_signs((self.left, self.right), require_equal, self.instances.scalars)
        return Proof(needs=(*signs, *finite))

    def trials(self) -> tuple[Relation, ...]:
        """left = right."""
        plain = self.plain()
        return (Relation(plain.left, "=", plain.right),)

    def _derivation(self) -> Lines:
        """Both sides walked to sums over coordinates until they meet."""
        return concrete_lines(self.left, self.right, self.given, VECTOR_STEPS)

    def _compile(self) -> Evaluator:
        """How far the two sides are apart, relative to their size."""
        left, right = (compiled(by_quadrature(side)) for side in (self.left, self.right))

        def violation(instance: Assignment) -> Number:
            return difference(left(instance), right(instance))

        return violation


# The comparison.

Means = dict[Expr, list[Expr]]  # by weight, the values whose means stand in a sum


def require_equal(left: Expr, right: Expr) -> tuple[str, ...]:
    """The premises of left = right that means are finite; NotProved with what is left over."""
    sides, finite = zip(*map(reduced, (left, right)))
    (rest, means), (other_rest, other_means) = map(_taken_apart, sides)
    gap = rest - other_rest
    for weight in dict.fromkeys((*means, *other_means)):
        apart = sympy.expand(Add(*means.get(weight, ())) - Add(*other_means.get(weight, ())))
        if not is_zero(apart):
            gap += _constant(apart, weight)
    if not is_zero(gap):
        _require_equal_logarithms(sides, gap)
    return tuple(dict.fromkeys(chain(*finite)))


def _taken_apart(side: Expr) -> tuple[Expr, Means]:
    """What stands outside of means under unknown densities, and the means with their factors."""
    rest, means = sympy.S.Zero, {}
    for term in Add.make_args(sympy.expand(side)):
        held = [f for f in Mul.make_args(term) if isinstance(f, Expectation)]
        coefficient = term / Mul(*held)
        if has_functional(coefficient) or len(held) > 1:
            raise NotProved(f"{latex(term)} is no mean times a number")
        if held:
            variables = set(held[0].variables)
            if coefficient.free_symbols & variables:
                raise NotProved(f"a variable is bound twice in {latex(term)}: rename one")
            means.setdefault(held[0].weight, []).append(coefficient * held[0].value)
        else:
            rest += term
    return rest, means


def _constant(apart: Expr, weight: Expr) -> Expr:
    """A difference of two values that does not depend on the weight's variables.

    NotProved for any other.
    """
    variables = {v for f in factors(weight) for v in f.over}
    if apart.free_symbols & variables:
        raise NotProved(f"the values under the mean over {latex(weight)} differ by {apart}")
    return apart


def is_zero(expression: Expr) -> bool:
    """Whether an expression is 0, with sums over coordinates and coordinates as real numbers."""
    kinds = (CoordinateSum, Coordinate, Derivative)
    plain = _with_names(sympy.expand(sympy.expand_log(expression)), kinds, {})
    return not is_nonzero_at_a_point(plain) and sympy.simplify(plain) == 0


def _with_names(expression: Expr, kinds: tuple[type, ...], names: dict[Expr, Dummy]) -> Expr:
    """The expression with its outermost parts of these kinds named."""
    if isinstance(expression, kinds):
        sign = {"positive": True} if expression.is_positive else {}
        return names.setdefault(expression, Dummy(real=True, **sign))
    if not expression.args or not expression.has(*kinds):
        return expression
    return expression.func(*(_with_names(a, kinds, names) for a in expression.args))


def _require_equal_logarithms(sides: Iterable[Expr], gap: Expr) -> None:
    """NotProved, with what is left over, unless both sides are positive and have one logarithm."""
    if any(has_functional(side) or not side.is_positive for side in sides):
        raise NotProved(f"left less right is {sympy.expand(gap)}, not 0")
    apart = sympy.expand(sympy.expand_log(log(sides[0]) - log(sides[1])))
    if not is_zero(apart):
        raise NotProved(f"the logarithm of left over right is {apart}, not 0")


def needed_signs(
    sides: tuple[Basic, ...],
    prove: Callable[..., object],
    order: tuple[Symbol, ...],
    fixed: tuple[Symbol, ...] = (),
) -> tuple[str, ...]:
    """The signs without which a proof of the sides fails, each as weak as the proof bears.

    Symbols come in the order that they are declared in, then the rest; the fixed ones stay.
    A sign that tells two symbols of one name apart stays too.
    """
    found = []
    place = {symbol: k for k, symbol in enumerate(order)}
    names = [n for n in _signed(*sides) if n not in fixed]
    for name in sorted(names, key=lambda n: place.get(n, len(place))):
        for weaker, premise in _weaker(name):
            trial = tuple(side.xreplace({name: weaker}) for side in sides)
            is_taken = weaker != name and any(side.has(weaker) for side in sides)
            if weaker == name or not is_taken and _goes_through(prove, trial):
                sides = trial
                found += [premise] if premise else []
                break
    return tuple(found)


def _signed(*sides: Basic) -> list[Basic]:
    """The symbols and vectors of known sign in expressions, without dimensions, by first use."""
    nodes = [n for side in sides for n in sympy.preorder_traversal(side)]
    sizes = {n.shape[0] for n in nodes if isinstance(n, Vector)}
    sizes |= {n.dimension for n in nodes if isinstance(n, CoordinateSum)}
    return [
        n
        for n in dict.fromkeys(nodes)
        if isinstance(n, PositiveVector | NonzeroVector) or (isinstance(n, Symbol) and _sign(n))
        if n not in sizes
    ]


def _sign(symbol: Symbol) -> str:
    """What is known of a symbol's sign, in LaTeX; empty for nothing."""
    return next((word for name, word in SIGNS.items() if getattr(symbol, f"is_{name}")), "")


def _weaker(name: Basic) -> Iterator[tuple[Basic, str]]:
    """The name without a sign, as not 0, and as it is, each with its premise."""
    if isinstance(name, Vector):
        yield Vector(name.name, name.shape[0], name.of), ""
        nonzero = rf"{latex(name[INDEX, 0])} \neq 0 \text{{ for every }} {INDEX}"
        yield NonzeroVector(name.name, name.shape[0], name.of), nonzero
        yield name, rf"{latex(name[INDEX, 0])} > 0 \text{{ for every }} {INDEX}"
        return
    yield Symbol(name.name, real=True), ""
    if name.is_nonzero:
        yield Symbol(name.name, real=True, nonzero=True), rf"{latex(name)} \neq 0"
    yield name, f"{latex(name)} {_sign(name)}"


def _goes_through(prove: Callable[..., object], sides: tuple[Basic, ...]) -> bool:
    try:
        prove(*sides)
    except REFUSALS:
        return False
    return True
