"""Functionals in x = g(z) written in z: what a change of variables keeps, and what it changes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import sympy
from sympy import Add, Expr, Function, Mul, Symbol, log
from sympy.core.function import AppliedUndef

from onekl.symbolic.algebra import FUNCTIONALS, KL, Entropy, Expectation, Gaussian, SumOrIntegral
from onekl.symbolic.lines.images import image_lines
from onekl.symbolic.lines.line import Line, Lines
from onekl.symbolic.lines.rules import EQUATION
from onekl.symbolic.maps.bijection import prove_bijection, vanishes
from onekl.symbolic.maps.image_law import (
    at_image,
    map_errors,
    require_density,
    require_gaussian,
    require_own_law,
)
from onekl.symbolic.maps.real_densities import (
    STEP,
    RandomDensities,
    RealAssignment,
    determinant_size,
    image_of,
    source_grid,
)
from onekl.symbolic.maps.smooth_map import Image, LogDet, MapValue, SmoothMap
from onekl.symbolic.notation import aligned, latex
from onekl.symbolic.numeric import Evaluator, Number, compiled
from onekl.symbolic.pointwise import prove_pointwise
from onekl.symbolic.proof import NotProved, Proof, has_functional
from onekl.symbolic.sampling import RandomTables, all_variables, require_own_variables
from onekl.symbolic.statements import Statement, difference
from onekl.symbolic.trials import Relation


@dataclass(frozen=True, kw_only=True)
class ChangeOfVariables(Statement):
    """left, a sum of functionals in x = g(z), equals right, one in z.

    The laws of x are written as `Image`s of densities of z.
    """

    claimed: SmoothMap
    left: Expr
    right: Expr
    mutable: ClassVar = ("right",)

    def __post_init__(self) -> None:
        """ValueError for instances on tables, and for an integral over a variable of no joint."""
        if not isinstance(self.instances, RandomDensities):
            raise ValueError("functionals of x = g(z) need instances with random densities")
        require_own_variables(self.instances, self.right)

    def latex(self) -> str:
        """left = right."""
        return f"{latex(self.left)} = {latex(self.right)}"

    def display(self) -> str:
        """left = right, with a line for each term of the right side."""
        return aligned(self.left, *Add.make_args(self.right))

    def _prove(self) -> Proof:
        """Write the left side in z, then compare it with the right one for unknown densities."""
        proof = prove_bijection(self.claimed)
        self._require_one_meaning()
        for law in self.left.atoms(Image) | self.right.atoms(Image):
            require_own_law(law, self.claimed)
            require_density(law.under, self.claimed)
        known = tuple(self.right.atoms(Gaussian))
        terms = [_in_source(term, self.claimed, known) for term in Add.make_args(self.left)]
        compared = self._compared(terms, Add.make_args(self.right))
        return Proof(needs=(*proof.needs, *compared.needs))

    def _require_one_meaning(self) -> None:
        """NotProved for one name of a map and a function, and for what is no Gaussian density."""
        both = Add(self.left, self.right, evaluate=False)
        sides = self.claimed.args[2], both
        maps = {m.name for side in sides for m in side.atoms(MapValue, LogDet)}
        for name in sorted(maps & {f.func.__name__ for f in both.atoms(AppliedUndef)}):
            raise NotProved(f"{name} stands for a map and for a function: rename one")
        for gaussian in sorted(both.atoms(Gaussian), key=str):
            require_gaussian(gaussian, self.claimed)

    def _compared(self, *sides: Iterable[Expr]) -> Proof:
        """The proof that two sums of functionals in z are equal for unknown densities."""
        left, right = (Add(*map(_with_letters, side), evaluate=False) for side in sides)
        if left == right:
            return Proof()
        variables = set(all_variables(self.instances))
        others = (left.free_symbols | right.free_symbols) - variables
        tables = RandomTables(self.instances.joints, scalars=tuple(sorted(others, key=str)))
        return prove_pointwise(left, right, tables)

    def _derivation(self) -> Lines:
        """From the divergence of two laws of x by its definition to that of z."""
        plain = self.plain()
        lines = image_lines(plain.left, plain.right)
        return (*lines, Line(self.right, EQUATION, uses=self.given)) if self.given else lines

    def trials(self) -> tuple[Relation, ...]:
        """left = right."""
        plain = self.plain()
        return (Relation(plain.left, "=", plain.right),)

    def relation(self) -> tuple[Expr, str, Expr]:
        """left = right."""
        return self.left, "=", self.right

    def _compile(self) -> Evaluator:
        """The larger of the map's errors and of the two sides' difference, on a grid in z."""
        errors = map_errors(self.claimed)
        left, right = (_integrated(side, self.claimed) for side in (self.left, self.right))

        def violation(instance: RealAssignment) -> Number:
            return max(errors(instance), difference(left(instance), right(instance)))

        return violation


def _in_source(term: Expr, claimed: SmoothMap, known: tuple[Gaussian, ...]) -> Expr:
    """A functional in x written in z, with the known Gaussians under their names.

    NotProved where x stands outside of an integral over it.
    """
    if not term.has(*claimed.target):
        return term
    if set(claimed.target) & set(_own_variables(term)) and term.free_symbols & set(claimed.source):
        names = ", ".join(map(latex, claimed.source))
        raise NotProved(f"{names} must not stand free under an integral over the image: rename it")
    if isinstance(term, KL) and isinstance(term.first, Image):
        return _kl_in_source(term, claimed, known)
    if isinstance(term, Entropy) and isinstance(term.args[0], Image):
        under = term.args[0].under
        return Expectation(under, claimed.log_det - log(under))
    if isinstance(term, Expectation) and isinstance(term.weight, Image):
        return Expectation(term.weight.under, _value_in_source(term.value, claimed))
    if isinstance(term, SumOrIntegral) and set(term.variables) == set(claimed.target):
        density = _value_in_source(term.integrand, claimed) * sympy.exp(claimed.log_det)
        return SumOrIntegral(density, claimed.source)
    if isinstance(term, Expectation) and not term.weight.has(*claimed.target):
        return Expectation(term.weight, _in_source(term.value, claimed, known))
    if isinstance(term, (Add, Mul)):
        return term.func(*(_in_source(part, claimed, known) for part in term.args))
    raise NotProved(f"{latex(term)} is not seen to be an integral over the law of an image")


def _own_variables(term: Expr) -> tuple[Symbol, ...]:
    """The variables that a functional is over; none for a sum or a product."""
    return term.variables if isinstance(term, FUNCTIONALS) else ()


def _kl_in_source(kl: KL, claimed: SmoothMap, known: tuple[Gaussian, ...]) -> Expr:
    """Between two images the determinants cancel; else the second density is taken back to z."""
    under = kl.first.under
    if isinstance(kl.second, Image):
        return KL(under, kl.second.under)
    second = _value_in_source(kl.second, claimed)
    for gaussian in known:
        if vanishes(gaussian.formula() / (second * sympy.exp(claimed.log_det)) - 1):
            return KL(under, gaussian)
    return Expectation(under, log(under) - claimed.log_det - log(second))


def _value_in_source(value: Expr, claimed: SmoothMap) -> Expr:
    """A function of x at g(z), with the log of a law as log p(z) − log|det|."""
    if has_functional(value):
        raise NotProved(f"{latex(value)} holds an integral under an integral over x")
    laws = {log(law): log(law.under) - claimed.log_det for law in value.atoms(Image)}
    expanded = {a: sympy.expand_log(a) for a in value.atoms(log) if a.has(Image)}
    return at_image(value.xreplace(expanded).xreplace(laws), claimed)


def _with_letters(term: Expr) -> Expr:
    """A functional in z with unknown maps as unknown functions, and Gaussians by their formulas."""
    if isinstance(term, KL) and term.second.has(Gaussian) and not term.first.has(Gaussian):
        logs = log(term.first) - _with_letters(log(term.second))
        return Expectation(term.first, logs)
    if isinstance(term, log) and term.has(Gaussian):
        formulas = {g: g.formula() for g in term.atoms(Gaussian)}
        return sympy.expand_log(term.xreplace(formulas))
    if isinstance(term, (LogDet, MapValue)):
        inverse = isinstance(term, MapValue) and term.power == -1
        kind = r"\log|\det %s'|" if isinstance(term, LogDet) else "%s^{-1}" if inverse else "%s"
        return Function(kind % term.name, real=True)(_with_letters(term.argument))
    if not term.has(LogDet, MapValue, Gaussian):
        return term
    return term.func(*map(_with_letters, term.args))


# Numbers.


def _integrated(side: Expr, claimed: SmoothMap) -> Evaluator:
    """A sum of functionals by their definitions, with integrals over x and z on one grid in z."""
    if not has_functional(side):
        return compiled(side)
    if isinstance(side, SumOrIntegral):
        return _total(side.variables, _integrated(side.integrand, claimed), claimed)
    if not isinstance(side, (Add, Mul)):
        return _integrated(side.definition(), claimed)
    parts = [_integrated(part, claimed) for part in side.args]
    join = sum if isinstance(side, Add) else math.prod
    return lambda instance: join(part(instance) for part in parts)


def _total(variables: tuple[Symbol, ...], integrand: Evaluator, claimed: SmoothMap) -> Evaluator:
    def value(instance: RealAssignment) -> Number:
        letters = tuple(v for v in variables if v in instance.sizes)
        space = set(variables) - set(letters)
        places = instance.visit(letters, instance.letters(letters))
        if not space:
            return sum(integrand(instance) for _ in places)
        of_images = space == set(claimed.target)
        return sum(_over_space(instance, integrand, claimed, of_images) for _ in places)

    return value


def _over_space(
    instance: RealAssignment, integrand: Evaluator, claimed: SmoothMap, of_images: bool
) -> Number:
    """The sum over a grid in z, or over the images of its cells, each with its volume."""
    total, names = 0, claimed.target if of_images else claimed.source
    for z in source_grid(instance, claimed.source):
        x = image_of(instance, claimed, z) if of_images else z
        size = determinant_size(instance, claimed, z) if of_images else 1
        total += size * STEP ** len(z) * instance.at(names, instance.shaped(names, x), integrand)
    return total
