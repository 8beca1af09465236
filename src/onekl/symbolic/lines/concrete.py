"""The lines between two expressions with concrete densities: both sides walked until they meet.

The steps of a walk are those of a calculation by hand: what is given is put in, KL is defined, the
log of a Gaussian is written out, polynomials are written about the mean and their means taken,
derivatives are carried out, and logs are split.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import sympy
from sympy import Add, Basic, Derivative, Expr, Symbol

from onekl.symbolic.algebra import KL, Gaussian, SumOrIntegral
from onekl.symbolic.lines.arithmetic import ARITHMETIC, LOGARITHMS, same, with_logs_split
from onekl.symbolic.lines.calculus import (
    CHANGE_OF_VARIABLES,
    DERIVATIVE,
    LEAST,
    LIMIT,
    rising_factor,
    with_derivatives,
    with_variable,
)
from onekl.symbolic.lines.chain import chain
from onekl.symbolic.lines.gaussians import (
    FORMULA,
    GAUSSIAN_KL,
    LOG_OF_A_GAUSSIAN,
    MOMENTS,
    about_the_means,
    with_formulas,
    with_gaussian_kl,
    with_logs_of_gaussians,
    with_moments,
)
from onekl.symbolic.lines.line import AT_LEAST, START, TENDS, Line, Lines
from onekl.symbolic.lines.rules import DEFINITION
from onekl.symbolic.lines.values import VALUES_PUT_IN
from onekl.symbolic.lines.written import (
    alike,
    kl_as_integral,
    plain,
    product,
    replaced,
    total,
    with_values,
)
from onekl.symbolic.notation import latex
from onekl.symbolic.premises import Equal
from onekl.symbolic.proof import NotProved

Step = tuple[str, Callable[[Expr], Expr]]
Walk = list[tuple[Expr, str]]  # expressions, each with the rule between it and the one before


def concrete_lines(
    left: Expr,
    right: Expr,
    given: Iterable[Equal] = (),
    steps: tuple[Step, ...] | None = None,
) -> Lines:
    """The lines from left to right; NotProved where the two walks do not meet."""
    given = tuple(given)
    down, up = _meeting(walk(left, given, steps), walk(right, given, steps))
    if len(down) == len(up) == 1:
        down = _multiplied_out(down, right)
    rules = [rule for _, rule in up[1:]]
    back = [(expression, rule) for (expression, _), rule in zip(reversed(up[:-1]), reversed(rules))]
    joined = [] if alike(down[-1][0], up[-1][0]) else [(up[-1][0], ARITHMETIC.name)]
    return as_lines([*down, *joined, *back], given)


def as_lines(walked: Walk, given: tuple[Equal, ...] = ()) -> Lines:
    """The expressions as lines of one chain, the first without a rule."""
    steps = []
    for (before, _), (after, rule) in zip(walked, walked[1:]):
        used = [e for e in given if before.has(e.left) or after.has(e.left)]
        steps.append(Line(after, rule, uses=tuple(used) if rule == VALUES_PUT_IN else ()))
    return chain(walked[0][0], *steps)


def _meeting(down: Walk, up: Walk) -> tuple[Walk, Walk]:
    """The two walks up to the first place where they are written alike, in the words of `up`.

    Else up to the first place where arithmetic leads from one to the other; NotProved without one.
    """
    pairs = [(i, j) for i in range(len(down)) for j in range(len(up))]
    pairs.sort(key=sum)
    for i, j in pairs:
        if alike(down[i][0], up[j][0]):
            last = up[j][0] if i else down[0][0]
            return [*down[:i], (last, down[i][1])], up[: j + 1]
    for i, j in pairs:
        if same(down[i][0], up[j][0]):
            return down[: i + 1], up[: j + 1]
    raise NotProved("the two sides do not meet by the rules for concrete densities")


def _multiplied_out(down: Walk, right: Expr) -> Walk:
    """A sum of products multiplied out, each term by itself, unless that is the right side."""
    between = multiplied_out(down[0][0])
    if alike(between, down[0][0]) or alike(between, right):
        return down
    return [*down, (between, ARITHMETIC.name)]


def multiplied_out(expression: Expr) -> Expr:
    """Each term of a sum multiplied out, with nothing put together between them."""
    return total(*(sympy.expand(plain(term)) for term in Add.make_args(expression)))


def walk(start: Expr, given: tuple[Equal, ...] = (), steps: tuple[Step, ...] | None = None) -> Walk:
    """The expression, and what each step that changes it makes of it."""
    values = {equation.left: equation.right for equation in given}
    every = (
        (VALUES_PUT_IN, lambda e: with_values(e, values)),
        *(STEPS if steps is None else steps),
    )
    found = [(start, "")]
    for rule, step in every:
        after = step(found[-1][0])
        if after != found[-1][0]:
            found.append((after, rule))
    return found


def defined(expression: Expr) -> Expr:
    """Each KL of two Gaussians as ∫ first log(first/second)."""

    def change(part: Basic) -> Basic | None:
        if not isinstance(part, KL) or not all(isinstance(side, Gaussian) for side in part.args):
            return None
        return kl_as_integral(part)

    return replaced(expression, change)


STEPS: tuple[Step, ...] = (
    (DEFINITION, defined),
    (LOG_OF_A_GAUSSIAN.name, with_logs_of_gaussians),
    (ARITHMETIC.name, about_the_means),
    (MOMENTS.name, with_moments),
    (LOGARITHMS.name, with_logs_split),
    (DERIVATIVE.name, with_derivatives),
)
# In the place of the definition, where the KL of two Gaussians is known already.
WITH_KNOWN_KL: tuple[Step, ...] = (
    (ARITHMETIC.name, about_the_means),
    (MOMENTS.name, with_moments),
    (GAUSSIAN_KL.name, with_gaussian_kl),
)


def limit_lines(
    expression: Expr, symbol: Symbol, point: Expr, value: Expr, given: tuple[Equal, ...] = ()
) -> Lines:
    """The expression without its integrals, and the limit of that."""
    walked = walk(expression, given, (*STEPS, (FORMULA.name, with_formulas)))
    end = Line(sympy.sympify(value), LIMIT.name, TENDS, symbol=symbol, point=sympy.sympify(point))
    return *as_lines(walked, given), end


def least_lines(expression: Expr, symbol: Symbol, at: Expr, given: tuple[Equal, ...] = ()) -> Lines:
    """The expression without its integrals, at least what it is at the optimum; then its slope.

    The slope is a positive factor times (u − u*).  NotProved where it is not.
    """
    walked = walk(expression, given, WITH_KNOWN_KL)
    closed = walked[-1][0]
    slope = with_derivatives(Derivative(closed, symbol, evaluate=False))
    factor = rising_factor(slope, symbol, at)
    if factor is None:
        raise NotProved(f"the slope {latex(slope)} is no positive factor times a rising one")
    there = min(with_values(closed, {symbol: at}), closed.subs(symbol, at), key=_length)
    least = Line(there, LEAST.name, AT_LEAST, (Equal(symbol, at),))
    return (
        *as_lines(walked, given),
        least,
        Line(Derivative(closed, symbol, evaluate=False), sign=START),
        Line(slope, DERIVATIVE.name),
        Line(product(factor, total(symbol, -at)), ARITHMETIC.name),
    )


def _length(expression: Expr) -> int:
    return len(latex(expression))


def law_lines(left: Expr, right: Expr, variable: Symbol, value: Expr) -> Lines:
    """The mean of f(aε + b) under a Gaussian as ∫ f(z) times the density of z = aε + b."""
    integral = SumOrIntegral(product(left.value, left.weight), left.variables)
    moved = with_variable(integral, variable, value)
    if moved is None:
        raise NotProved(f"{latex(value)} is no rising affine map: write the lines by hand")
    return chain(
        left,
        (integral, DEFINITION),
        Line(moved, CHANGE_OF_VARIABLES.name, uses=(Equal(variable, value),)),
        (right, FORMULA.name),
    )
