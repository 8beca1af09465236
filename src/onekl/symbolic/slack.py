"""Why the remainder of a bound cannot be negative, told by the case in which it is 0."""

from __future__ import annotations

from collections.abc import Iterable

from sympy import Add, Expr, Mul, log

from onekl.symbolic.algebra import (
    KL,
    ClassProbability,
    Density,
    Expectation,
    Gaussian,
    SumOrIntegral,
    kl_div,
)
from onekl.symbolic.gaussians import gaussian_chain
from onekl.symbolic.notation import latex
from onekl.symbolic.proof import NotProved, has_functional, is_divergence
from onekl.symbolic.terms import is_at_least_zero, never_negative


def equality_case(term: Expr) -> str:
    """Why a term of a remainder cannot be negative, told by the case in which it is 0.

    NotProved if it could be.
    """
    coefficient, rest = term.as_coeff_Mul()
    if not coefficient.is_positive:
        raise NotProved(f"the remainder's term {latex(term)} has a negative sign")
    if not has_functional(rest):
        return _zero_of_product(rest, ())
    return _zero_case(rest, ())


def _zero_case(term: Expr, weights: tuple[Expr, ...]) -> str:
    """The case in which weights · term is 0, for a term that cannot be negative."""
    if isinstance(term, Expectation):
        _require_no_negative(term.weight)
        return _zero_of_terms(term.value, (*weights, term.weight))
    if isinstance(term, SumOrIntegral):
        return _zero_of_terms(term.integrand, weights)
    if isinstance(term, KL):
        return _zero_of_kl(term, weights)
    if isinstance(term, Mul) and has_functional(term):
        functionals = [f for f in term.args if has_functional(f)]
        if len(functionals) == 1:
            others = [f for f in term.args if f is not functionals[0] and not _is_positive(f)]
            for factor in others:
                _require_no_negative(factor)
            return _zero_case(functionals[0], (*weights, *others))
    raise NotProved(f"the remainder's term {latex(term)} is not seen to be at least 0")


def _zero_of_terms(total: Expr, weights: tuple[Expr, ...]) -> str:
    """The case in which every term of an integrand is 0 wherever the weights are positive."""
    cases = [
        _zero_case(term, weights) if has_functional(term) else _zero_of_product(term, weights)
        for term in ([total] if never_negative(total) else Add.make_args(total))
    ]
    return r" \text{ and } ".join(dict.fromkeys(cases))


def _zero_of_product(product: Expr, weights: tuple[Expr, ...]) -> str:
    """The case in which a product without integrals is 0, beside its densities and the weights."""
    gaps = [f for f in Mul.make_args(product) if isinstance(f, kl_div)]
    if len(gaps) == 1 and all(a.is_nonnegative for a in gaps[0].args):
        rest = product / gaps[0]
        _require_no_negative(rest)
        first, second = gaps[0].args
        return f"{latex(first)} = {latex(second)}{_wherever(*weights, rest)}"
    if isinstance(product, log) and is_at_least_zero(product):
        return f"{latex(product.args[0])} = 1{_wherever(*weights)}"
    if gaps or not never_negative(product):
        raise NotProved(f"the remainder's term {latex(product)} is not seen to be at least 0")
    everywhere = r" \text{ everywhere}" if product.has(Density) and not weights else ""
    return f"{latex(product)} = 0{everywhere}{_wherever(*weights)}"


def _zero_of_kl(kl: KL, weights: tuple[Expr, ...]) -> str:
    """The case in which a KL between densities is 0; for two Gaussians in their parameters."""
    chains = gaussian_chain(kl.first), gaussian_chain(kl.second)
    gaussian = None not in chains and {g.variable for g in chains[0]} == {
        g.variable for g in chains[1]
    }
    if not gaussian and not is_divergence(kl):
        raise NotProved(
            f"{latex(kl)} is not seen to be between two densities of the same variables"
        )
    if gaussian and len(chains[0]) == 1:
        pairs = zip(chains[0][0].args[1:], chains[1][0].args[1:])
        equal = [f"{latex(a)} = {latex(b)}" for a, b in pairs if a != b]
        return r" \text{ and } ".join(equal) + _wherever(*weights)
    return f"{latex(kl.first)} = {latex(kl.second)}{_wherever(*weights)}"


def _require_no_negative(factor: Expr) -> None:
    if not never_negative(factor):
        raise NotProved(f"the weight {latex(factor)} is not seen to be at least 0")


def _is_positive(factor: Expr) -> bool:
    """Whether a factor is positive everywhere: a Gaussian is, an unknown density need not be."""
    return bool(factor.is_positive) and not factor.has(Density, ClassProbability)


def _wherever(*weights: Expr) -> str:
    """Where the weights are positive, in LaTeX; nothing where they are positive everywhere."""
    parts: Iterable[Expr] = Mul(*weights).as_coeff_Mul()[1].as_ordered_factors()
    left = [f for f in parts if not _is_positive(f) and not isinstance(f, Gaussian)]
    return rf" \text{{ wherever }} {latex(Mul(*left))} > 0" if left else ""
