"""Kernels that narrow down to δ: the limit of the mean of every bounded continuous function."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import mpmath
import sympy
from sympy import Add, Dummy, Expr, MatrixExpr, Mul, Symbol, log, pi

from onekl.symbolic.lines.concentration import narrowing_lines
from onekl.symbolic.lines.line import Lines
from onekl.symbolic.notation import latex
from onekl.symbolic.numeric import Assignment, Evaluator, Number, Place, compiled
from onekl.symbolic.proof import NotProved, Proof
from onekl.symbolic.statements import Statement, difference
from onekl.symbolic.trials import Narrowing
from onekl.symbolic.vectors.algebra import INDEX, Coordinate, CoordinateSum, Vector
from onekl.symbolic.vectors.functions import bounded_function
from onekl.symbolic.vectors.normal import VectorGaussian
from onekl.symbolic.vectors.numbers import coordinates
from onekl.symbolic.vectors.reduction import Reduction, summed
from onekl.symbolic.vectors.statements import is_zero, needed_signs

CONTINUOUS = r"f \text{ is continuous}"
BOUNDED = r"f \text{ is bounded}"
SMALL = mpmath.mpf(10) ** -30  # where the numbers take a limit at 0
PRECISION = 200  # digits, of which differences of logarithms at that size lose two in three
REST = mpmath.mpf(10) ** -20  # what is left there of a limit that holds is less


@dataclass(frozen=True, kw_only=True)
class Concentration(Statement):
    """∫ f(variable) kernel → f(place) as `symbol` falls to 0, for every f as assumed.

    The kernel is a Gaussian, or a formula, in the variable; it may be diagonal.
    """

    kernel: Expr
    variable: Vector
    symbol: Symbol
    place: MatrixExpr
    assumed: tuple[str, ...] = (BOUNDED, CONTINUOUS)
    mutable: ClassVar = ("kernel", "place")

    def __post_init__(self) -> None:
        unknown = set(self.assumed) - {BOUNDED, CONTINUOUS}
        if unknown:
            raise ValueError(f"{unknown.pop()} is not used: assume BOUNDED and CONTINUOUS")

    def latex(self) -> str:
        """lim ∫ f kernel = f(place), in LaTeX."""
        x = latex(self.variable)
        left = rf"\lim_{{{latex(self.symbol)}\downarrow 0}} \int f({x}) \, {latex(self.kernel)}"
        return rf"{left} \,d{x} = f({latex(self.place)})"

    def _prove(self) -> Proof:
        """Substitute x = m + √v u, and take the limit under the integral."""
        for needed, otherwise in ((BOUNDED, "unbounded"), (CONTINUOUS, "discontinuous")):
            if needed not in self.assumed:
                raise NotProved(f"f may be {otherwise}: the limit needs that {needed}")
        if not self.symbol.is_positive or self.symbol in self.place.free_symbols:
            raise NotProved(f"{latex(self.symbol)} must be positive and not in the limit")
        sides = self.kernel, self.place
        self._narrowing(*sides)
        signs = needed_signs(sides, self._narrowing, self.instances.scalars, (self.symbol,))
        return Proof(needs=(BOUNDED, CONTINUOUS, *signs))

    def _narrowing(self, kernel: Expr, place: MatrixExpr) -> tuple[Expr, Expr]:
        """The mean and the variance of a coordinate; NotProved unless they tend to place and 0."""
        mean, variance = _gaussian_shape(kernel, self.variable)
        for what, found, limit in (
            ("variance", variance, sympy.S.Zero),
            ("mean", mean, place[INDEX, 0]),
        ):
            at_0 = _limit(found, self.symbol)
            if not is_zero(at_0 - limit):
                raise NotProved(f"the {what} of a coordinate tends to {at_0}, not to {limit}")
        return mean, variance

    def trials(self) -> tuple[Narrowing, ...]:
        """The mean of a smooth bounded function on its way to the limit."""
        return (Narrowing(self.kernel, self.variable, self.symbol, self.place),)

    def _derivation(self) -> Lines:
        """A substitution into the standard Gaussian, and the limit under the integral."""
        mean, variance = self._narrowing(self.kernel, self.place)
        gaussian = self.kernel
        if not isinstance(gaussian, VectorGaussian):
            if mean != 0 or variance.has(INDEX):
                raise NotProved(f"{latex(self.kernel)} is not N(x; 0, σ²I): write lines by hand")
            gaussian = VectorGaussian(self.variable, 0, variance)
        return narrowing_lines(self.kernel, gaussian, self.symbol, self.place)

    def _compile(self) -> Evaluator:
        """How far means of f are from f(place) at a small symbol; ∞ where one diverges.

        Besides a smooth bounded f, one that jumps at the place if f may, and one that outgrows
        every Gaussian if f may.
        """
        with mpmath.workdps(PRECISION):
            kernel, place = compiled(self.kernel), coordinates(self.place)

        def violation(instance: Assignment) -> Number:
            with mpmath.workdps(PRECISION):
                instance.values[self.symbol] = SMALL
                target = place(instance)
                nodes = _nodes(_density_at(instance, self.variable, kernel), target)
                if nodes is None or (BOUNDED not in self.assumed and outgrown(instance, target)):
                    return mpmath.inf
                return max(_error(f, nodes, target) for f in self._tested(instance, target))

        def outgrown(instance: Assignment, target: Place) -> bool:
            """Whether exp(‖x − place‖⁴) kernel still grows far out: its integral is infinite."""
            far = SMALL**-2
            density = _density_at(instance, self.variable, kernel)((target[0] + far, *target[1:]))
            return density * mpmath.exp(far**4) > 1

        return violation

    def _tested(self, instance: Assignment, target: Place) -> list[Callable[[Place], Number]]:
        """Functions of the class that is assumed."""

        def smooth(x: Place) -> Number:
            return bounded_function(instance, "f", x)

        def jumping(x: Place) -> Number:
            return mpmath.mpf(x != target)

        return [smooth] if CONTINUOUS in self.assumed else [smooth, jumping]


def _gaussian_shape(kernel: Expr, variable: Vector) -> tuple[Expr, Expr]:
    """The mean and the variance of coordinate i, for a kernel that is a Gaussian's density.

    NotProved for any other kernel, and for one whose integral is not 1.
    """
    reduction, x = Reduction(), variable[INDEX, 0]
    if not kernel.is_positive:
        raise NotProved(f"{latex(kernel)} is not seen to be positive")
    exponent = reduction.of(log(kernel))
    plain = sympy.S.Zero
    for term in Add.make_args(sympy.expand(exponent)):
        held = [f for f in Mul.make_args(term) if variable in f.free_symbols]
        if held:
            if len(held) > 1 or not isinstance(held[0], CoordinateSum):
                raise NotProved(f"{latex(kernel)} is no product over coordinates")
            plain += term / held[0] * held[0].summand
    if not plain.is_polynomial(x) or sympy.degree(plain, x) != 2:
        raise NotProved(f"the logarithm of {latex(kernel)} is not of second degree in its variable")
    constant, slope, bend = sympy.Poly(plain, x).all_coeffs()[::-1]
    variance = sympy.simplify(-1 / (2 * bend))
    mean = sympy.simplify(slope * variance)
    if variable in mean.free_symbols | variance.free_symbols or not variance.is_positive:
        raise NotProved(f"{latex(kernel)} is not seen to be a Gaussian of {latex(variable)}")
    density = -(log(2 * pi * variance) + (x - mean) ** 2 / variance) / 2
    apart = sympy.expand(exponent - summed(reduction.of(density), variable.shape[0]))
    if not is_zero(apart):
        raise NotProved(f"the kernel's integral is not 1: its logarithm is {apart}, not 0")
    return mean, variance


def _limit(expression: Expr, symbol: Symbol) -> Expr:
    """The limit from above at 0, with coordinates as numbers."""
    names = {c: Dummy(real=True, positive=c.is_positive) for c in expression.atoms(Coordinate)}
    found = sympy.limit(expression.xreplace(names), symbol, 0, "+")
    return found.xreplace({name: coordinate for coordinate, name in names.items()})


def _density_at(
    instance: Assignment, variable: Vector, density: Evaluator
) -> Callable[[Place], Number]:
    """The density as a function of the place of its variable."""

    def value(place: Place) -> Number:
        return sum(density(instance) for _ in instance.visit((variable,), [(place,)]))

    return value


def _nodes(density: Callable[[Place], Number], target: Place) -> list[tuple[Place, Number]] | None:
    """Places of a quadrature of means under a density of Gaussian shape, with their weights.

    The shape is measured by differences of the logarithm about the target; None where it has no
    maximum.  ValueError for a density of another shape.
    """
    at_target = density(target)
    if mpmath.im(at_target) or at_target <= 0:
        return None
    peak, centre, variances = mpmath.log(at_target), [], []
    for i, c in enumerate(target):
        up, down = (
            mpmath.log(density((*target[:i], c + h, *target[i + 1 :]))) for h in (SMALL, -SMALL)
        )
        bend, slope = (2 * peak - up - down) / SMALL**2, (up - down) / (2 * SMALL)
        if bend <= 0:
            return None
        variances.append(1 / bend)
        centre.append(c + slope / bend)
    normal = mpmath.fprod(mpmath.exp(-0.5) / mpmath.sqrt(2 * mpmath.pi * v) for v in variances)
    signs = itertools.product((-1, 1), repeat=len(target))
    places = [
        tuple(m + sign * mpmath.sqrt(v) for m, v, sign in zip(centre, variances, chosen))
        for chosen in signs
    ]
    ratios = [density(place) / normal for place in places]
    if max(abs(ratio / ratios[0] - 1) for ratio in ratios) > REST:
        raise ValueError("the numbers take means under kernels of Gaussian shape alone")
    return [(place, ratio / len(places)) for place, ratio in zip(places, ratios)]


def _error(
    function: Callable[[Place], Number], nodes: list[tuple[Place, Number]], target: Place
) -> Number:
    """How far the mean is from the value at the target; 0 for what is as small as the symbol."""
    apart = difference(sum(w * function(place) for place, w in nodes), function(target))
    return apart if apart > REST else mpmath.mpf(0)
