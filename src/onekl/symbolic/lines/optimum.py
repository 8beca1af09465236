"""The lines for a best discriminator, density or function.

Of the first two the loss is its least value and ℰ; of a function, the slope is seen to turn once.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy
from sympy import Add, Basic, Derivative, Dummy, Expr, Mul, Symbol, exp, log
from sympy.core.function import AppliedUndef

from onekl.symbolic.algebra import (
    KL,
    ClassProbability,
    Density,
    Expectation,
    LabelledJoint,
    SumOrIntegral,
    kl_div,
)
from onekl.symbolic.lines.arithmetic import ARITHMETIC
from onekl.symbolic.lines.calculus import DERIVATIVE, with_derivatives
from onekl.symbolic.lines.chain import chain
from onekl.symbolic.lines.line import AT_LEAST, Line, Lines
from onekl.symbolic.lines.rules import (
    DEFINITION,
    EQUATION,
    LINEARITY,
    LOG_OF_PRODUCT,
    NEVER_NEGATIVE,
    ORDER,
    TWO_LABELS,
)
from onekl.symbolic.lines.written import (
    alike,
    kl_as_integral,
    mean_as_integral,
    merged,
    negative,
    plain,
    product,
    ratio,
    replaced,
    total,
    with_values,
)
from onekl.symbolic.premises import Equal, using
from onekl.symbolic.proof import NotProved

VALUE = Symbol("D", positive=True)  # the value of D at a point, below 1
LOGIT = Symbol("t", real=True)  # the value of a real function at a point


def discriminator_lines(
    functional: Expr, probability: ClassProbability, at: Expr, given: tuple[Equal, ...] = ()
) -> Lines:
    """loss(D) = ∫ ℰ(a, D s) + ∫ ℰ(b, (1 − D) s) + loss(D*) ≥ loss(D*), with s = a + b.

    Then the slope in D at a point, (D s − a)/(D (1 − D)), which is 0 for D s = a.

    The loss has the weights a of −log D and b of −log(1 − D).  NotProved for any other loss.
    """
    plain = with_values(functional, _values(given))
    nested = _as_integrals(plain)
    integrals = merged(nested)
    inside = _minus_inside(integrals)
    shares = _Shares.of(inside, probability, using(at, given))
    least = shares.least()
    there = with_values(plain, shares.optima)
    is_short = alike(_minus_inside(merged(_as_integrals(there))), total(*least))
    is_flat = alike(nested, integrals)
    ends = [there] if is_short and is_flat else least
    lines = [
        (plain, EQUATION),
        (nested, DEFINITION),
        (integrals, ORDER),
        (inside, LINEARITY),
        (total(*shares.surprises(), *least), LOG_OF_PRODUCT),
        (total(*shares.with_zero(), *least), TWO_LABELS),
        (total(*shares.divergences(), *ends), DEFINITION),
    ]
    best = chain(
        functional,
        *_changes(functional, lines, given),
        Line(total(*ends), NEVER_NEGATIVE, AT_LEAST),
        *([] if is_short else shares.as_one_kl()),
    )
    return *best, *shares.slope_lines()


def _values(given: tuple[Equal, ...]) -> dict[Expr, Expr]:
    """What is given, with both chances of a label where one is."""
    known = {equation.left: equation.right for equation in given}
    labels = [left for left in known if isinstance(left, ClassProbability)]
    return known | {left.other: 1 - known[left] for left in labels}


def _changes(
    start: Expr, lines: list[tuple[Expr, str]], given: tuple[Equal, ...] = ()
) -> list[Line]:
    """The lines without those that are written as the one before."""
    found, before = [], start
    for expression, rule in lines:
        if not alike(expression, before):
            found.append(Line(expression, rule, uses=given if rule == EQUATION else ()))
        before = expression
    return found


def _as_integrals(functional: Expr) -> Expr:
    """The functional with each mean, and each KL of a label, as integrals."""

    def change(part: Basic) -> Basic | None:
        if isinstance(part, Expectation):
            return mean_as_integral(Expectation(part.weight, _as_integrals(part.value)))
        if isinstance(part, KL) and isinstance(part.first, LabelledJoint):
            return total(*map(kl_as_integral, part.cases()))
        return None

    return replaced(functional, change)


def _minus_inside(integrals: Expr) -> Expr:
    """A sum of integrals with the minus of each inside it."""
    return total(*map(_with_minus_inside, Add.make_args(integrals)))


def _with_minus_inside(term: Expr) -> Expr:
    number, rest = term.as_coeff_Mul()
    if number == -1 and isinstance(rest, SumOrIntegral):
        return SumOrIntegral(negative(rest.integrand), rest.variables)
    return term


@dataclass(frozen=True)
class _Shares:
    """A loss as integrals of a (−log D) and b (−log(1 − D)), with what stands beside them.

    `weights` are a and b, by D and 1 − D; `above` are they without a number that both have, with
    the sum `below`, and `optima` the ratios of the two.
    """

    integrals: tuple[SumOrIntegral, ...]
    weights: dict[ClassProbability, Expr]
    above: dict[ClassProbability, Expr]
    below: Expr
    optima: dict[ClassProbability, Expr]

    @staticmethod
    def of(integrals: Expr, probability: ClassProbability, at: Expr) -> _Shares:
        """The parts of a loss; NotProved where it is not of this kind, or has another optimum."""
        values = (probability, probability.other)
        terms = Add.make_args(integrals)
        if not all(isinstance(term, SumOrIntegral) for term in terms):
            raise NotProved("the loss is no sum of integrals: write its lines by hand")
        values = sorted(values, key=lambda value: not terms[0].has(value))
        weights = {value: _weight(terms, value) for value in values}
        above, below = sympy.fraction(at)
        scale = sympy.cancel(weights[probability] / above)
        apart = sympy.expand(Add(*weights.values()) - scale * below)
        if scale.free_symbols or apart != 0:
            raise NotProved("the optimum is not a/(a + b) with the weights a and b of the loss")
        rest = weights[probability.other] / scale
        optima = {probability: at, probability.other: ratio(rest, below)}
        return _Shares(terms, weights, {probability: above, probability.other: rest}, below, optima)

    def surprises(self) -> list[Expr]:
        """∫ a log(a/D s) for both outcomes."""
        return [self._over(self._surprise(value)) for value in self.weights]

    def with_zero(self) -> list[Expr]:
        """∫ [a log(a/D s) − a + D s], where the last two add up to 0 over both outcomes."""
        return [
            self._over(total(self._surprise(v), negative(w), self._share(v)))
            for v, w in self.weights.items()
        ]

    def divergences(self) -> list[Expr]:
        """∫ ℰ(a, D s) for both outcomes."""
        return [self._over(kl_div(w, self._share(v))) for v, w in self.weights.items()]

    def least(self) -> list[Expr]:
        """The integrals of the loss at the optimum, where what cancels is cancelled."""
        return [
            SumOrIntegral(i.integrand.xreplace(self.optima), i.variables) for i in self.integrals
        ]

    def as_one_kl(self) -> tuple[Line, Line]:
        """∫ a log(s/r) + ∫ b log(s/r) as ∫ s log(s/r), which is KL(s ‖ r).

        NotProved where the least value is no such sum.
        """
        integrands = [Mul.make_args(i.integrand) for i in self.least()]
        (inside, *others) = {f for factors in integrands for f in factors if isinstance(f, log)}
        second = sympy.cancel(self.below / inside.args[0])
        if others or not isinstance(second, Density):
            raise NotProved("the least value is no KL: write its lines by hand")
        together = self._over(product(self.below, inside))
        return Line(together, LINEARITY), Line(KL(self.below, second), DEFINITION)

    def slope_lines(self) -> Lines:
        """∂/∂D [−a log D − b log(1 − D)] at a point, for the number D, as one fraction."""
        a, b = (self.above[value] for value in sorted(self.above, key=lambda v: -v.outcome))
        loss = total(product(-1, a, log(VALUE)), product(-1, b, log(1 - VALUE)))
        derivative = Derivative(loss, VALUE, evaluate=False)
        fraction = ratio(total(product(VALUE, self.below), negative(a)), VALUE * (1 - VALUE))
        return chain(
            derivative,
            (with_derivatives(derivative), DERIVATIVE.name),
            (fraction, ARITHMETIC.name),
        )

    def _share(self, value: ClassProbability) -> Expr:
        """D s."""
        return product(self.weights[value] / self.above[value], value, self.below)

    def _surprise(self, value: ClassProbability) -> Expr:
        inside = ratio(self.above[value], product(value, self.below))
        return product(self.weights[value], log(inside, evaluate=False))

    def _over(self, integrand: Expr) -> SumOrIntegral:
        return SumOrIntegral(integrand, self.integrals[0].variables)


def _weight(integrals: tuple[SumOrIntegral, ...], value: ClassProbability) -> Expr:
    """What −log of the value is multiplied with, in the one integral that holds it."""
    held = [i for i in integrals if i.integrand.has(value)]
    if len(held) != 1:
        raise NotProved("D does not stand in one integral, and 1 − D in another")
    factors = Mul.make_args(product(held[0].integrand))
    logs = [f for f in factors if isinstance(f, log) and f.has(value)]
    rest = Mul(*(f for f in factors if f not in logs))
    power = plain(logs[0].args[0]).as_powers_dict().get(value) if len(logs) == 1 else None
    if power is None or rest.has(value):
        raise NotProved("D does not stand in a logarithm, as one factor")
    return -power * rest


def slope_lines(integrals: Expr, function: AppliedUndef, at: Expr) -> Lines:
    """The slope of an integrand in the function's value t, as c · (exp t − exp t*), c of one sign.

    `integrals` is a sum of integrals over what the function is taken at; t* is its optimum.
    NotProved for a slope of another kind.
    """
    terms = [i.integrand.xreplace({function: LOGIT}) for i in Add.make_args(integrals)]
    derivative = Derivative(total(*terms), LOGIT, evaluate=False)
    slope = with_derivatives(derivative)
    densities = slope.atoms(Density) | at.atoms(Density)
    names = {density: Dummy(str(density), positive=True) for density in densities}
    apart = exp(LOGIT) - sympy.simplify(exp(at.xreplace(names)))
    factor = sympy.factor(sympy.simplify(slope.xreplace(names) / apart))
    if not (factor.is_positive or factor.is_negative):
        raise NotProved(f"no lines are found for the slope {slope}: write them by hand")
    before = factor.xreplace({name: density for density, name in names.items()})
    turning = product(before, total(exp(LOGIT), negative(exp(at, evaluate=False))))
    return chain(derivative, (slope, DERIVATIVE.name), (turning, ARITHMETIC.name))


def density_lines(functional: Expr, density: Density, at: Expr) -> Lines:
    """−∫ p log q = KL(p ‖ q) − ∫ p log p ≥ −∫ p log p, for the functional ∫ p log q.

    NotProved for another functional, or another optimum than p.
    """
    wanted = SumOrIntegral(at * log(density), density.over)
    if functional != wanted:
        raise NotProved("the functional is not the mean of log q under the optimum")
    surprise = SumOrIntegral(product(at, log(at / density)), density.over)
    best = functional.xreplace({density: at})
    return chain(
        negative(functional),
        (total(surprise, negative(best)), LOG_OF_PRODUCT),
        (total(KL(at, density), negative(best)), DEFINITION),
        Line(negative(best), NEVER_NEGATIVE, AT_LEAST),
    )
