"""What every prover shares: the result of a proof, its refusal, and what counts as a density."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import sympy
from sympy import Expr, Mul, Symbol
from sympy.core.function import AppliedUndef

from onekl.symbolic.algebra import (
    FUNCTIONALS,
    KL,
    ClassProbability,
    Density,
)
from onekl.symbolic.premises import Finite, Premise, Support, premise_latex


class NotProved(ValueError):
    """The prover could not prove a statement; the message says what was left over.

    A message that takes long to write is a function, called only where someone reads it.
    """

    def __init__(self, message: str | Callable[[], str]) -> None:
        super().__init__(message)

    def __str__(self) -> str:
        (message,) = self.args
        return message() if callable(message) else message


@dataclass(frozen=True)
class Proof:
    """What a proof needs, and what the report shows of it.

    `needs` are the premises that could fail, `steps` are lines of a refutation in LaTeX, and
    `equality` says when a bound is tight.
    `signs` finds the weakest signs of symbols that are enough; it takes long, so it is called only
    where someone reads them.
    """

    needs: tuple[Premise, ...] = ()
    steps: tuple[str, ...] = ()
    equality: str = ""
    signs: Callable[[], tuple[str, ...]] = field(default=tuple, compare=False)

    @property
    def needed(self) -> tuple[Premise, ...]:
        """All premises: the signs of symbols, then the others."""
        return (*self.signs(), *self.needs)

    @property
    def premises(self) -> tuple[str, ...]:
        """The premises in LaTeX, each once."""
        return tuple(dict.fromkeys(map(premise_latex, self.needed)))

    @property
    def support(self) -> tuple[Support, ...]:
        """The premises on where densities are positive."""
        return tuple(premise for premise in self.needs if isinstance(premise, Support))

    @property
    def finite(self) -> tuple[Finite, ...]:
        """The premises that integrals are finite."""
        return tuple(premise for premise in self.needs if isinstance(premise, Finite))

    @property
    def imposed(self) -> tuple[Support | Finite, ...]:
        """The premises that instances are held to."""
        return (*self.support, *self.finite)


def has_functional(expression: Expr) -> bool:
    """Whether an integral of any kind stands in the expression."""
    return expression.has(*FUNCTIONALS)


def is_density(product: Expr, variables: tuple[Symbol, ...]) -> bool:
    """Whether a product, or a mixture, of unknown densities integrates to 1 over the variables.

    The factors of a product are integrated out in turn.
    """
    if product.is_Add:
        return _is_mixture(product, variables)
    parts = list(Mul.make_args(product))
    if not all(isinstance(f, Density) for f in parts):
        return False
    if sorted(map(str, variables)) != sorted(str(v) for f in parts for v in f.over):
        return False
    while parts:
        last = [
            f for f in parts if not any(set(f.over) & g.free_symbols for g in parts if g is not f)
        ]
        if not last:
            return False
        parts.remove(last[0])
    return True


def _is_mixture(total: Expr, variables: tuple[Symbol, ...]) -> bool:
    """Whether a sum is a weighted mean of densities, with positive weights that sum to one.

    The weights are free of the variables: D(x) p(x) + (1 − D(x)) q(x) may have any mass up to 2.
    """
    shares = [term.as_independent(Density, as_Add=False) for term in total.args]
    whole = sympy.Add(*(share for share, _ in shares))
    labels = {c: 1 - c.other for c in whole.atoms(ClassProbability) if not c.outcome}
    return sympy.simplify(whole.xreplace(labels) - 1) == 0 and all(
        share.is_positive
        and not share.free_symbols & set(variables)
        and is_density(part, variables)
        for share, part in shares
    )


def is_constant(factor: Expr, bound: frozenset[Symbol]) -> bool:
    """Whether a factor is a positive number, or made of symbols for numbers alone.

    `bound` are the variables that are integrated over; a function of one is no constant.
    """
    unknown = [f for f in factor.atoms(AppliedUndef, Density, ClassProbability) if f.free_symbols]
    return bool(factor.is_positive) and not unknown and not factor.free_symbols & bound


def is_finite_measure(
    product: Expr, variables: tuple[Symbol, ...], bound: frozenset[Symbol]
) -> bool:
    """Whether a product is a density of the variables, times constants and shares of at most 1.

    A sum of such products is one too.
    """
    kept = [
        f
        for f in _without_shares(list(Mul.make_args(product)))
        if not isinstance(f, ClassProbability) and not is_constant(f, bound)
    ]
    measure = sympy.expand(Mul(*kept)) if len(kept) == 1 else Mul(*kept)
    if measure.is_Add:
        return all(is_finite_measure(term, variables, bound) for term in measure.args)
    return is_density(measure, variables)


def _without_shares(parts: list[Expr]) -> list[Expr]:
    """The factors of a product without those that make up a share a/(a + b), with a, b ≥ 0."""
    for below in parts:
        if not (below.is_Pow and below.exp == -1 and below.base.is_Add):
            continue
        if not all(term.is_nonnegative for term in below.base.args):
            continue
        for term in below.base.args:
            above = Mul.make_args(term)
            if all(f in parts for f in above):
                return _without_shares([f for f in parts if f not in (below, *above)])
    return parts


def is_divergence(kl: KL) -> bool:
    """Whether a KL is between two densities over the same variables: it cannot be negative then."""
    return is_density(kl.first, kl.variables) and is_density(kl.second, kl.variables)
