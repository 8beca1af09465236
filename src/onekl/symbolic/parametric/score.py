"""Functionals of unknown densities with a parameter taken apart, their derivatives carried out.

A statement becomes a sum of pieces, ∫ integrand, with every derivative taken under the integral,
down to the derivatives of the densities themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import sympy
from sympy import Add, Expr, Mul, Pow, exp, log
from sympy.core.function import AppliedUndef

from onekl.symbolic.algebra import KL, Density, Entropy, Expectation, SumOrIntegral, kl_div
from onekl.symbolic.notation import latex
from onekl.symbolic.parametric.densities import Along, ParametricDensity, VectorSymbol
from onekl.symbolic.parametric.pieces import Needed, Piece, settled
from onekl.symbolic.proof import NotProved, has_functional, is_divergence
from onekl.symbolic.terms import flat


def pieces(expression: Expr, needed: Needed) -> list[Piece]:
    """A sum of functionals as single integrals, with the derivatives of integrals carried out.

    NotProved for what stands in no such sum.
    """
    if isinstance(expression, Add):
        return [piece for term in expression.args for piece in pieces(term, needed)]
    if isinstance(expression, Expectation):
        inner = pieces(expression.value, needed)
        return [piece.over(expression.weight, expression.variables) for piece in inner]
    if isinstance(expression, SumOrIntegral):
        inner = pieces(expression.integrand, needed)
        return [piece.over(sympy.S.One, expression.variables) for piece in inner]
    if isinstance(expression, KL):
        return _pieces_of_kl(expression, needed)
    if isinstance(expression, Entropy):
        (density,) = expression.args
        return pieces(Expectation(density, -log(density)), needed)
    if not has_functional(expression):
        return [_plain(term) for term in Add.make_args(_with_formulas(expression))]
    if isinstance(expression, Along):
        return _differentiated(expression, needed)
    if isinstance(expression, Mul):
        return _pieces_of_product(expression, needed)
    raise NotProved(f"{latex(expression)} is no sum of means and integrals")


def _pieces_of_kl(kl: KL, needed: Needed) -> list[Piece]:
    """KL = ∫ ℰ between two densities: ℰ(a, b) = a log(a/b) − a + b."""
    if not is_divergence(kl):
        raise NotProved(f"{latex(kl)} is not seen to be between two densities")
    inner = pieces(Expectation(kl.first, log(kl.first) - log(kl.second)), needed)
    return [*inner, Piece(-kl.first, kl.variables), Piece(kl.second, kl.variables)]


def _pieces_of_product(product: Mul, needed: Needed) -> list[Piece]:
    functional = [f for f in product.args if has_functional(f)]
    if len(functional) > 1:
        raise NotProved(f"a product of two integrals is beyond this prover: {latex(product)}")
    rest = Mul(*(f for f in product.args if f not in functional))
    inner = pieces(functional[0], needed)
    factors = [_plain(term) for term in Add.make_args(_with_formulas(rest))]
    return [piece.times(factor) for factor in factors for piece in inner]


def _with_formulas(expression: Expr) -> Expr:
    """Every ℰ by its formula, and products with it multiplied out."""
    if not expression.has(kl_div):
        return expression
    plain = expression.replace(lambda e: isinstance(e, kl_div), lambda e: e.formula())
    return sympy.expand_mul(plain)


def _plain(term: Expr) -> Piece:
    """A term without integrals, its derivatives carried out, and where it counts."""
    carried = [carried_out(f) for f in flat(term)]
    powers = [f.as_base_exp() for f in carried]
    own = [base for base, power in powers if power.is_positive]
    firsts = [b.expr for b in own if isinstance(b, Along) and len(b.directions) == 1]
    weights = {d for d in (*own, *firsts) if isinstance(d, Density)}
    return Piece(Mul(*carried), (), frozenset(weights), frozenset(_bases(term)))


def _bases(expression: Expr) -> Iterator[Expr]:
    """What logs are taken of and what is divided by or under a root, also inside derivatives."""
    if isinstance(expression, log):
        yield expression.args[0]
    is_power = isinstance(expression, Pow)
    if is_power and not (expression.exp.is_integer and expression.exp.is_nonnegative):
        yield expression.base
    if not isinstance(expression, Density):
        for argument in expression.args:
            yield from _bases(argument)


# Derivatives.


def carried_out(expression: Expr) -> Expr:
    """An expression without integrals, its derivatives carried out down to unknown functions.

    NotProved for what is not seen to be differentiable.
    """
    if isinstance(expression, Along):
        found = carried_out(expression.expr)
        for direction in expression.directions:
            found = derived(found, expression.parameter, direction)
        return found
    if not expression.args or not expression.has(Along):
        return expression
    return expression.func(*map(carried_out, expression.args))


def derived(expression: Expr, parameter: VectorSymbol, direction: VectorSymbol) -> Expr:
    """The derivative in the parameter along a direction, by the chain rule.

    NotProved for what is not seen to be differentiable.
    """
    t = sympy.Dummy("t", real=True)
    moving = sorted(_moving(expression, parameter), key=sympy.default_sort_key)
    names = {
        a: sympy.Function(f"a{k}", real=True, positive=a.is_positive)(t)
        for k, a in enumerate(moving)
    }
    slope = sympy.diff(expression.xreplace(names), t)
    back = {name.diff(t): Along(a, parameter, direction) for a, name in names.items()}
    return slope.xreplace(back).xreplace({name: a for a, name in names.items()})


def _moving(expression: Expr, parameter: VectorSymbol) -> set[Expr]:
    """The unknown functions of the parameter that the expression is made of."""
    if parameter not in expression.free_symbols:
        return set()
    if isinstance(expression, (ParametricDensity, Along)):
        return {expression}
    if isinstance(expression, AppliedUndef):
        if any(parameter in a.free_symbols and a != parameter for a in expression.args):
            raise NotProved(f"{latex(expression)} must be a function of {latex(parameter)} itself")
        return {expression}
    if not isinstance(expression, (Add, Mul, Pow, log, exp)):
        raise NotProved(
            f"{latex(expression)} is not seen to be differentiable in {latex(parameter)}"
        )
    if isinstance(expression, Pow) and not expression.exp.is_number:
        raise NotProved(f"the power {latex(expression)} is not differentiated: its exponent moves")
    return set().union(*(_moving(a, parameter) for a in expression.args))


def _differentiated(expression: Along, needed: Needed) -> list[Piece]:
    """The pieces of a derivative of integrals, which is taken under them."""
    parameter, order = expression.parameter, len(expression.directions)
    for integral in _integrals(expression.expr):
        needed.exchange(integral, parameter, order)
    return [
        _derivative(settled(piece, needed), expression, needed)
        for piece in pieces(expression.expr, needed)
    ]


def _integrals(expression: Expr) -> list[Expr]:
    """The outermost integrals of a sum."""
    if isinstance(expression, KL):
        return [SumOrIntegral(kl_div(*expression.args), expression.variables)]
    if isinstance(expression, (Expectation, Entropy)):
        return [expression.definition()]
    if isinstance(expression, SumOrIntegral):
        return [expression]
    return [integral for a in expression.args for integral in _integrals(a)]


def _derivative(piece: Piece, along: Along, needed: Needed) -> Piece:
    """The derivative of a settled piece.

    A denominator that moves is 0 with its numerator, where no premise makes it positive: the
    derivative is then 0 only if both stay 0.
    """
    integrand = piece.integrand
    for direction in along.directions:
        integrand = derived(integrand, along.parameter, direction)
    for base in {p.base for p in sympy.expand(integrand).atoms(Pow) if p.exp.is_negative}:
        for density in base.atoms(ParametricDensity) - piece.fixed:
            needed.stays_zero(density)
    return replace(piece, integrand=integrand)
