"""The provers for concrete families: integrals over the real line that SymPy carries out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

import sympy
from sympy import Derivative, Expr, Symbol
from sympy.core.function import AppliedUndef
from sympy.logic.boolalg import Boolean

from onekl.symbolic.algebra import Gaussian, define, integrate_real, integrated, variables_of
from onekl.symbolic.domain import domain
from onekl.symbolic.gaussians import gaussian_chain, is_affine, is_jointly_gaussian
from onekl.symbolic.integrals import Integrated, joined
from onekl.symbolic.notation import latex
from onekl.symbolic.proof import NotProved, Proof
from onekl.symbolic.weakest_signs import condition_latex, needed_premises


@cache
def conditional_form(expression: Expr) -> Integrated:
    """The expression with every functional defined, integrated and differentiated.

    Its conditions are those under which the integrals converge and the formulas are real numbers.
    ValueError where they cannot hold, and for an integral without a closed form.
    """
    found = integrated(define(expression))
    conditions = joined((found.conditions, domain(expression), domain(found.value)))
    return replace(found, value=found.value.doit(), conditions=conditions)


def closed_form(expression: Expr) -> Expr:
    """The value of `conditional_form`; NotProved where an integral may diverge."""
    found = integrated(define(expression))
    if found.conditions:
        conditions = ", ".join(map(condition_latex, found.conditions))
        raise NotProved(f"an integral converges only under the condition {conditions}")
    return found.value.doit()


def require_zero(expression: Expr, what: str, conditions: Iterable[Boolean] = ()) -> None:
    """Nothing, or NotProved naming `what` and what it is instead of 0 under the conditions."""
    conditions = tuple(conditions)
    if is_nonzero_at_a_point(expression, conditions):
        raise NotProved(lambda: f"{what} is {_shortest(_simplified(expression))}, not 0")
    rest = _simplified(expression)
    if rest != 0 and _simplified(_under(conditions, rest)) != 0:
        raise NotProved(lambda: f"{what} is {_shortest(rest)}, not 0")


def _shortest(rest: Expr) -> str:
    """An expression in LaTeX, as a product where that is shorter."""
    plain = {dummy: Symbol(dummy.name) for dummy in rest.atoms(sympy.Dummy)}
    return latex(min(rest, sympy.factor(rest), key=sympy.count_ops).xreplace(plain))


def is_nonzero_at_a_point(expression: Expr, conditions: tuple[Boolean, ...] = ()) -> bool:
    """Whether one point that meets the conditions shows it, without simplifying: never a proof.

    The symbols are positive numbers there, unknown functions and their slopes any numbers.
    """
    derivatives = sorted(expression.atoms(Derivative), key=str)
    if not all(isinstance(d.expr, AppliedUndef) for d in derivatives):
        return False
    free = {d: sympy.Rational(2 * k + 5, 9) for k, d in enumerate(derivatives)}
    plain = expression.xreplace(free)
    functions = sorted(plain.atoms(AppliedUndef), key=str)
    plain = plain.xreplace({f: sympy.Rational(3 * k + 4, 7) for k, f in enumerate(functions)})
    symbols = sorted(plain.free_symbols.union(*(c.free_symbols for c in conditions)), key=str)
    place = {s: _trial_number(s, k) for k, s in enumerate(symbols)}
    if None in place.values():
        return False
    if not all(condition.xreplace(place) is sympy.true for condition in conditions):
        return False
    number = sympy.N(plain.xreplace(place), 30)
    return bool(number.is_number and number.is_finite and abs(number) > sympy.Float(10) ** -20)


def _trial_number(symbol: Symbol, k: int) -> Expr | None:
    """The k-th of some positive numbers, an integer for a symbol for one; None if it may be none.

    It may be none for a negative symbol, and for an even, odd or prime one.
    """
    is_special = (symbol.is_even, symbol.is_odd, symbol.is_prime) != (None, None, None)
    if symbol.is_negative or symbol.is_integer and is_special:
        return None
    return sympy.Integer(k + 3) if symbol.is_integer else sympy.Rational(1, k + 3)


def _simplified(expression: Expr) -> Expr:
    return sympy.simplify(sympy.expand_log(sympy.expand(expression)))


def _under(conditions: Iterable[Boolean], expression: Expr) -> Expr:
    """The expression in letters that are positive by the conditions, such as d for 1 − 2b > 0."""
    for condition in conditions:
        if not isinstance(condition, sympy.Gt) or not condition.free_symbols:
            continue
        slopes = {s: sympy.diff(condition.lhs, s) for s in condition.free_symbols}
        linear = [s for s, slope in slopes.items() if slope.is_number and slope.is_nonzero]
        if linear:
            symbol = min(linear, key=lambda s: s.name)
            slope = slopes[symbol]
            letter = sympy.Dummy(positive=True)
            place = symbol + (letter - condition.lhs + condition.rhs) / slope
            expression = expression.subs(symbol, sympy.expand(place))
    return expression


def prove_concrete(left: Expr, right: Expr, order: tuple[Symbol, ...] = ()) -> Proof:
    """Prove left = right by carrying out every integral; NotProved with what is left over.

    The premises name the symbols in the given order.
    """

    def conditions_of(left: Expr, right: Expr) -> tuple[Boolean, ...]:
        sides = conditional_form(left), conditional_form(right)
        conditions = joined(side.conditions for side in sides)
        require_zero(sides[0].value - sides[1].value, "left less right", conditions)
        return conditions

    signs = needed_premises((left, right), conditions_of, order)
    return Proof(signs=signs)


def prove_change_of_variables(
    value: Expr, under: Expr, variable: Symbol, density: Expr, order: tuple[Symbol, ...] = ()
) -> Proof:
    """Prove that `value` has the density `density` when its arguments are drawn from `under`.

    `variable` names its values. NotProved if the density is another one, or if the value is neither
    a monotone map of the real line onto itself nor an affine map of joint Gaussians.
    """
    if variable in value.free_symbols | under.free_symbols | set(variables_of(under)):
        raise NotProved(
            f"{variable} names the image and stands in the map or in the law drawn from: rename it"
        )
    chain = gaussian_chain(under)
    if chain is None:
        raise NotProved(f"{latex(under)} is no Gaussian, and no product of them in turn")
    if len(chain) > 1:
        return _prove_affine_law(value, under, variable, density, order)

    def conditions_of(value: Expr, under: Expr, density: Expr) -> tuple[Boolean, ...]:
        _require_monotone_onto_the_line(value, under.variable)
        there = integrate_real(density).subs(variable, value)
        moved = _undone(there) * sympy.Abs(sympy.diff(value, under.variable))
        require_zero(moved / integrate_real(under) - 1, "the ratio of the two densities less 1")
        return joined(map(domain, (value, under, density)))

    signs = needed_premises((value, under, density), conditions_of, order, fixed=(variable,))
    return Proof(signs=signs)


def _require_monotone_onto_the_line(value: Expr, source: Symbol) -> None:
    """NotProved unless the slope is never 0 and the map goes from one infinity to the other."""
    slope = sympy.factor(sympy.diff(value, source))
    if not slope.is_nonzero:
        raise NotProved(f"the map is not seen to be monotone: its slope is {slope}")
    top, bottom = (sympy.limit(value, source, end) for end in (sympy.oo, -sympy.oo))
    onto = top.is_infinite and top.is_extended_real and top == -bottom
    if source.is_nonnegative is not None or not onto:
        raise NotProved("the map is not seen to take the real line onto the real line")


def _undone(expression: Expr) -> Expr:
    """The expression with asinh(sinh(u)) = u for real u, which SymPy leaves."""

    def is_pair(node: Expr) -> bool:
        inside = node.args[0] if isinstance(node, sympy.asinh) else None
        return isinstance(inside, sympy.sinh) and bool(inside.args[0].is_real)

    return expression.replace(is_pair, lambda node: node.args[0].args[0])


def _prove_affine_law(
    value: Expr, under: Expr, variable: Symbol, density: Expr, order: tuple[Symbol, ...]
) -> Proof:
    """An affine map of joint Gaussians is Gaussian: its mean and its variance say which."""

    def conditions_of(value: Expr, under: Expr, density: Expr) -> tuple[Boolean, ...]:
        law = _affine_law(value, under, variable)
        if not isinstance(density, Gaussian) or density.variable != variable:
            raise NotProved(
                f"{latex(density)} is no Gaussian in {latex(variable)}, as it has to be"
            )
        require_zero(density.mean - law.mean, "the mean less that of the map")
        require_zero(density.variance - law.variance, "the variance less that of the map")
        integrate_real(law)  # its variance has to be positive
        return joined(map(domain, (value, under, density)))

    signs = needed_premises((value, under, density), conditions_of, order, fixed=(variable,))
    return Proof(signs=signs)


def _affine_law(value: Expr, under: Expr, variable: Symbol) -> Gaussian:
    """The Gaussian law of an affine map of joint Gaussians, by its mean and its variance."""
    chain, sources = gaussian_chain(under), list(variables_of(under))
    if not is_jointly_gaussian(chain) or not is_affine(value, sources):
        raise NotProved(
            f"{latex(value)} is no affine map of joint Gaussians, "
            "and one of several variables has to be"
        )
    mean, variance = value, sympy.S.Zero
    for gaussian in reversed(chain):
        slope = sympy.factor(sympy.diff(mean, gaussian.variable))
        variance += slope**2 * gaussian.variance
        mean = mean.subs(gaussian.variable, gaussian.mean)
    return Gaussian(variable, sympy.expand(mean), variance)
