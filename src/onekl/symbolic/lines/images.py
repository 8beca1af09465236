"""The rule for integrals over x = g(z): in z, with the law of x by the density of z."""

from __future__ import annotations

import sympy
from sympy import Basic, Expr, Function, Mul

from onekl.symbolic.algebra import KL, Expectation, Gaussian, Joint, SumOrIntegral
from onekl.symbolic.lines.chain import chain
from onekl.symbolic.lines.gaussians import FORMULA
from onekl.symbolic.lines.line import EQUAL, Line, Lines, Rule, register
from onekl.symbolic.lines.rules import CANCELLING, DEFINITION
from onekl.symbolic.lines.written import alike, kl_as_integral, product, replaced, with_values
from onekl.symbolic.maps.smooth_map import Image, SmoothMap, image, unknown_map
from onekl.symbolic.proof import NotProved


def in_source(expression: Expr) -> Expr:
    """Each ∫ p̂(x) h(x) dx, with p̂ the law of x = g(z), as ∫ p(z) h(g(z)) dz.

    In h the law is p(z)/|det ∂g/∂z|.
    """
    return replaced(expression, _in_source)


def _in_source(part: Basic) -> Basic | None:
    if not isinstance(part, SumOrIntegral):
        return None
    weights = [f for f in Mul.make_args(part.integrand) if isinstance(f, Image)]
    if not weights or set(weights[0].over) != set(part.variables):
        return None
    law = weights[0]
    rest = product(*(f for f in Mul.make_args(part.integrand) if f is not law))
    return SumOrIntegral(product(law.under, _at_image(rest, law.carried_by)), law.carried_by.source)


def _at_image(value: Expr, smooth: SmoothMap) -> Expr:
    """A function of x at g(z), as it is written."""
    shrunk = sympy.exp(-smooth.log_det)
    laws = {law: product(law.under, shrunk) for law in value.atoms(Image)}
    return with_values(with_values(value, laws), smooth.to_image)


def _leads(before: Expr, line: Line) -> bool:
    """Whether the line is the one before with its integrals over images in the source."""
    found = in_source(before)
    return line.sign == EQUAL and found != before and alike(found, line.expression)


def image_lines(left: Expr, right: Expr) -> Lines:
    """From a mean of KL(p̂ ‖ r̂) over x = g(z) to one over z.

    NotProved for anything else than a divergence of two laws, alone or in a mean.
    """
    before, after = (_divergence(side) for side in (left, right))
    integrals = [with_values(left, {before: kl_as_integral(before)})]
    integrals += [in_source(integrals[0]), with_values(right, {after: kl_as_integral(after)})]
    known = before.second.has(Gaussian) and not isinstance(before.second, Image)
    return chain(
        left,
        (integrals[0], DEFINITION),
        (integrals[1], LAW_OF_AN_IMAGE.name),
        (integrals[2], FORMULA.name if known else CANCELLING),
        (right, DEFINITION),
    )


def _divergence(side: Expr) -> KL:
    found = side.value if isinstance(side, Expectation) else side
    if not isinstance(found, KL):
        raise NotProved("no lines are found for what is no divergence: write them by hand")
    return found


_z, _x = sympy.symbols("z x", real=True)
_g, _f = unknown_map("g", _z, _x), Function("f", real=True)
_law = image("p_x", Joint("p", (_z,))(_z), _g)
_before = SumOrIntegral(product(_law, _f(_x)), (_x,))

LAW_OF_AN_IMAGE = register(
    Rule(
        "law of an image",
        "g is a bijection, differentiable in both directions",
        (_before, Line(in_source(_before), "law of an image")),
        _leads,
    )
)
