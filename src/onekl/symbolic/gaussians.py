"""Products of Gaussians that are a joint density: each a conditional given variables before it."""

from __future__ import annotations

from sympy import Expr, Mul

from onekl.symbolic.algebra import Gaussian


def gaussian_chain(product: Expr) -> tuple[Gaussian, ...] | None:
    """The Gaussians of a product, each after those that its mean and variance depend on.

    None where the product is no density: another factor, a variable twice, or a circle.
    """
    left = list(Mul.make_args(product))
    variables = [f.variable for f in left if isinstance(f, Gaussian)]
    if len(variables) < len(left) or len(set(variables)) < len(variables):
        return None
    chain: list[Gaussian] = []
    while left:
        waiting = {g.variable for g in left}
        free = [g for g in left if not (g.mean.free_symbols | g.variance.free_symbols) & waiting]
        if not free:
            return None
        chain += free
        left = [g for g in left if g not in free]
    return tuple(chain)


def is_jointly_gaussian(chain: tuple[Gaussian, ...]) -> bool:
    """Whether the joint law is Gaussian: means are affine in the variables, variances free."""
    variables = [g.variable for g in chain]
    return all(
        is_affine(g.mean, variables) and not g.variance.free_symbols & set(variables) for g in chain
    )


def is_affine(expression: Expr, variables: list[Expr]) -> bool:
    """Whether an expression is a polynomial of degree at most 1 in the variables together."""
    return bool(
        expression.is_polynomial(*variables)
        and expression.as_poly(*variables, domain="EX").total_degree() <= 1
    )
