"""What the points at which densities vanish cannot show, so that a prover refuses it.

A point gives each density, each D and each unknown function a value that is 0 or is not.
It is blind to a difference that vanishes where all of these do not, such as p − q or x, and to what
is 0 on a whole region, such as max(f − 1, 0): a product with it says nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from sympy import Abs, Add, Expr, Max, Min, Mul, Pow, log, preorder_traversal
from sympy.core.function import AppliedUndef

from onekl.symbolic.algebra import ClassProbability, Density, Dirac, kl_div
from onekl.symbolic.notation import latex
from onekl.symbolic.proof import NotProved


def require_examined(parts: Iterable[Expr], maps: Collection[str]) -> None:
    """NotProved where the factors of integrands hold what the points of zeros are blind to.

    `maps` are the unknown functions whose values are letters.
    """
    parts = tuple(parts)
    singular = [f for part in parts for f in _below_or_in_log(part)]
    vanishing = [f for f in singular if _is_atom(f) or not f.is_nonzero]
    for factor in vanishing:
        if not _is_atom(factor) or (isinstance(factor, AppliedUndef) and _name(factor) in maps):
            raise NotProved(
                f"{latex(factor)}, below a fraction or in a logarithm, is not seen to be other "
                "than 0 where densities are positive"
            )
    for region in (r for part in parts for r in _zero_on_regions(part) if vanishing):
        if all(_is_seen(region, factor) for factor in vanishing):
            continue
        raise NotProved(
            f"{latex(region)} may be 0 on a whole region, and hides what happens where "
            f"{latex(vanishing[0])} vanishes"
        )


def _is_seen(region: Expr, factor: Expr) -> bool:
    """Whether, where the factor is 0, what is 0 on regions is a product of what the points show."""
    there = region.xreplace({factor: 0})
    return there != 0 and all(_is_atom(f) or f.is_number for f in Mul.make_args(there))


def _name(function: AppliedUndef) -> str:
    return function.func.__name__


def _is_atom(factor: Expr) -> bool:
    """Whether a factor is of those that the points give the value 0, among others."""
    return isinstance(factor, (Density, ClassProbability, AppliedUndef))


def _below_or_in_log(part: Expr) -> Iterator[Expr]:
    """The factors of all that the value of a part is infinite or undefined at the zeros of."""
    for node in preorder_traversal(part):
        if isinstance(node, (log, kl_div)):
            yield from (f for argument in node.args for f in _factors(argument))
        elif isinstance(node, Pow) and not node.exp.is_nonnegative:
            found = list(_factors(node.base))
            if any(map(_is_atom, found)) and not (node.exp.is_negative or _is_atom(node.exp)):
                raise NotProved(f"the exponent {latex(node.exp)} has no known sign")
            yield from found


def _factors(product: Expr) -> Iterator[Expr]:
    """The factors of a product, of its powers and of the products in it, without the numbers."""
    for factor in Mul.make_args(product):
        if isinstance(factor, (Mul, Pow)) and factor is not product:
            yield from _factors(factor)
        elif isinstance(factor, Pow):
            yield from _factors(factor.base)
        elif not factor.is_number:
            yield factor


def _zero_on_regions(part: Expr) -> Iterator[Expr]:
    """The maxima, minima and δ, and the sums with one or with an |·|, that may well be 0."""
    for node in preorder_traversal(part):
        kinked = isinstance(node, Add) and node.has(Max, Min, Abs, Dirac)
        if (kinked or isinstance(node, (Max, Min, Dirac))) and not node.is_positive:
            yield node
