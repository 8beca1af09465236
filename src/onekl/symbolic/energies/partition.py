"""Statements about densities with an energy, p = exp(−E)/Z, and about log Z.

A proof writes log p as −E − log Z, with log Z as a number of which nothing else is known: what
multiplies it is compared apart from the rest.
Where a derivative in a parameter is taken, that of log Z is −∫ p · (the derivative of E).
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy
from sympy import Add, Derivative, Expr, Function, Mul, Symbol, log
from sympy.core.function import AppliedUndef

from onekl.symbolic.algebra import KL, Density, Entropy, Expectation, SumOrIntegral
from onekl.symbolic.energies.gibbs import LOG, EnergyDensity, LogPartition, RandomEnergies
from onekl.symbolic.notation import latex
from onekl.symbolic.pointwise import prove_pointwise
from onekl.symbolic.premises import Premise
from onekl.symbolic.proof import NotProved, Proof, has_functional, is_density
from onekl.symbolic.sampling import all_variables
from onekl.symbolic.statements import Bound, Identity

UNDER_THE_INTEGRAL = r"\text{the derivative may be taken under the integral}"


@dataclass(frozen=True, kw_only=True)
class EnergyIdentity(Identity):
    """left = right, between functionals of densities of which some have an energy."""

    def __post_init__(self) -> None:
        """ValueError as in every statement, and for instances that know no energies."""
        super().__post_init__()
        if not isinstance(self.instances, RandomEnergies):
            raise ValueError("densities with an energy need instances that know energies")

    def by_integrands(self) -> Proof:
        """The proof of the equation: what multiplies each log Z is compared, and the rest is."""
        known = _Energies(self.left, self.right, all_variables(self.instances))
        sides = [known.without_energies(side) for side in (self.left, self.right)]
        proofs = [self._same_factor(number, *sides) for number in known.numbers.values()]
        rest = self._equal(*([term.xreplace(known.zeros) for term in side] for side in sides))
        derived = any(side.has(Derivative) for side in (self.left, self.right))
        premises = (*known.premises(), *((UNDER_THE_INTEGRAL,) if derived else ()))
        return Proof(needs=_distinct(premises, *(proof.needs for proof in (*proofs, rest))))

    def _same_factor(self, number: Symbol, *sides: list[Expr]) -> Proof:
        """The proof that the number has the same factor on both sides."""
        try:
            return self._equal(*([_factor(term, number) for term in side] for side in sides))
        except NotProved as reason:
            raise NotProved(f"what multiplies {number} is not the same: {reason}") from None

    def _equal(self, left: list[Expr], right: list[Expr]) -> Proof:
        """The proof that two sums are equal; nothing is cancelled between their terms."""
        left, right = ([term for term in side if not _is_zero(term)] for side in (left, right))
        if left == right:
            return Proof()
        sides = (Add(*side, evaluate=False) if side else sympy.S.Zero for side in (left, right))
        return prove_pointwise(*sides, self.instances)


@dataclass(frozen=True, kw_only=True)
class EnergyBound(Bound):
    """upper = lower + remainder ≥ lower, where some of the densities have an energy."""

    def _identity(self) -> EnergyIdentity:
        right = Add(self.lower, self.remainder, evaluate=False)
        return EnergyIdentity(instances=self.instances, left=self.upper, right=right)


class _Energies:
    """The densities with an energy in two sides, and the two sides written without them.

    `numbers` has a symbol for each log Z.
    """

    def __init__(self, left: Expr, right: Expr, variables: tuple[Symbol, ...]) -> None:
        found = left.atoms(EnergyDensity, LogPartition) | right.atoms(EnergyDensity, LogPartition)
        self.densities = sorted((e for e in found if isinstance(e, EnergyDensity)), key=str)
        partitions = {e for e in found if isinstance(e, LogPartition)}
        partitions |= {d.log_partition for d in self.densities}
        if not partitions:
            raise NotProved("no density of the statement has an energy")
        for z in sorted(partitions, key=str):
            for variable in sorted(z.free_symbols & set(variables), key=str):
                raise NotProved(f"{latex(z)} is no number: its energy depends on {variable}")
        self._require_one_meaning((left.atoms(Density) | right.atoms(Density)) - found)
        many = len(partitions) > 1
        self.numbers = {
            z: Symbol(latex(z) + (rf"^{{({index})}}" if many else ""), real=True)
            for index, z in enumerate(sorted(partitions, key=str), 1)
        }
        taken = (left.atoms(Symbol) | right.atoms(Symbol)) & set(self.numbers.values())
        for name in sorted(map(str, taken)):
            raise NotProved(f"{name} is the name of a partition function: rename the symbol")
        functions = left.atoms(AppliedUndef) | right.atoms(AppliedUndef)
        self.functions = {f.func.__name__ for f in functions}
        self.zeros = dict.fromkeys(self.numbers.values(), sympy.S.Zero)

    def _require_one_meaning(self, others: set[Density]) -> None:
        """NotProved where a family has two energies, or stands with and without its energy."""
        named = [d.family for d in self.densities]
        twice = [n for n in named if named.count(n) > 1] or [
            d.family for d in others if d.family in named
        ]
        if twice:
            raise NotProved(
                f"{twice[0]} stands for two densities, with another energy or with none: "
                "give each a name of its own"
            )

    def premises(self) -> tuple[str, ...]:
        """Every Z is positive and finite."""
        return tuple(rf"0 < {z.name.removeprefix(LOG)} < \infty" for z in self.numbers.values())

    def without_energies(self, side: Expr) -> list[Expr]:
        """The terms of a side with log p and log Z written out, derivatives taken, p unknown."""
        plain = {d: Density(*d.args[:4]) for d in self.densities}
        written = [self._logs_written(t).xreplace(self.numbers) for t in _terms(side)]
        return [
            term.xreplace(plain) for one in written for term in _terms(self._derivatives_taken(one))
        ]

    def _logs_written(self, side: Expr) -> Expr:
        """The expression with log p as −E − log Z, also in each KL and entropy that holds p."""
        if not self.densities or not side.has(*self.densities) or isinstance(side, Density):
            return side
        if isinstance(side, KL):
            first, second = (self._logs_written(log(density)) for density in side.args)
            return Expectation(side.first, first - second)
        if isinstance(side, Entropy):
            return Expectation(side.args[0], -self._logs_written(log(side.args[0])))
        if isinstance(side, log):
            logs = {log(d): -d.energy - d.log_partition for d in self.densities}
            return sympy.expand_log(side).xreplace(logs)
        return side.func(*map(self._logs_written, side.args))

    def _derivatives_taken(self, side: Expr) -> Expr:
        """Each derivative in a parameter of functionals, taken under their integrals."""
        if isinstance(side, sympy.Subs):
            raise NotProved("an unknown function must be taken at what it is differentiated in")
        if isinstance(side, Derivative):
            if side.derivative_count != 1:
                raise NotProved(f"{latex(side)} is no first derivative")
            if isinstance(side.expr, AppliedUndef):
                return self._slope_function(side)
            return self._derivative(side.expr, side.variables[0])
        return side.func(*map(self._derivatives_taken, side.args)) if _holds(side) else side

    def _slope_function(self, derivative: Derivative) -> Expr:
        """The slope of an unknown function, as another one; NotProved where its name is taken."""
        name = f"{derivative.expr.func.__name__}'_{derivative.variables[0]}"
        if name in self.functions:
            raise NotProved(f"{name} is the name of a derivative: rename the function")
        return Function(name, real=True)(*derivative.expr.args)

    def _derivative(self, inside: Expr, symbol: Symbol) -> Expr:
        """The derivative of a sum of integrals, with that of each log Z written out."""
        self._require_still(inside, symbol)
        total = _slope(inside.xreplace(self.zeros), symbol)
        for z, number in self.numbers.items():
            if inside.has(number) and symbol in z.free_symbols:
                total += _whole(_factor(inside, number)) * self._slope_of(z, symbol)
        return self._derivatives_taken(total)

    def _require_still(self, inside: Expr, symbol: Symbol) -> None:
        """NotProved where a density under the derivative depends on the symbol itself."""
        moving = [d for d in inside.atoms(EnergyDensity) if symbol in d.free_symbols]
        if moving:
            raise NotProved(
                f"{latex(moving[0])} depends on {latex(symbol)}: "
                "the derivative of a mean over it is beyond this prover"
            )

    def _slope_of(self, z: LogPartition, symbol: Symbol) -> Expr:
        """∂ log Z = −∫ p ∂E."""
        own = [d for d in self.densities if d.log_partition == z]
        if not own:
            raise NotProved(f"no density of the statement has the energy {latex(z.energy)}")
        return SumOrIntegral(-own[0] * sympy.diff(z.energy, symbol), z.variables)


def _distinct(*groups: tuple[Premise, ...]) -> tuple[Premise, ...]:
    return tuple(dict.fromkeys(one for group in groups for one in group))


def _terms(side: Expr) -> tuple[Expr, ...]:
    return Add.make_args(side)


def _is_zero(term: Expr) -> bool:
    """Whether a term is 0, or a multiple of the integral of 0."""
    return term == 0 or any(
        isinstance(f, (SumOrIntegral, Expectation)) and 0 in f.args for f in Mul.make_args(term)
    )


def _holds(expression: Expr) -> bool:
    return bool(expression.args) and expression.has(Derivative)


def _slope(expression: Expr, symbol: Symbol) -> Expr:
    """The derivative of a sum of integrals, taken under them."""
    if not expression.has(symbol) or not has_functional(expression):
        return sympy.diff(expression, symbol) if expression.has(symbol) else sympy.S.Zero
    if isinstance(expression, Add):
        return Add(*(_slope(term, symbol) for term in expression.args))
    if isinstance(expression, SumOrIntegral):
        return SumOrIntegral(_slope(expression.integrand, symbol), expression.variables)
    if isinstance(expression, Expectation) and not expression.weight.has(symbol):
        return Expectation(expression.weight, _slope(expression.value, symbol))
    functional = [f for f in Mul.make_args(expression) if has_functional(f)]
    if len(functional) > 1 or functional[0] == expression:
        raise NotProved(f"the derivative of {latex(expression)} is beyond this prover")
    rest = expression / functional[0]
    return sympy.diff(rest, symbol) * functional[0] + rest * _slope(functional[0], symbol)


def _factor(side: Expr, number: Symbol) -> Expr:
    """What multiplies the number in a side; NotProved where the side is not linear in it."""
    factor = _slope(side, number)
    if factor.has(number):
        raise NotProved(f"it stands in {latex(side)} in another way than as a term")
    return factor


def _whole(factor: Expr) -> Expr:
    """A sum of multiples of ∫ density as a number; NotProved where it is none."""
    if isinstance(factor, Add):
        return Add(*map(_whole, factor.args))
    multiple, rest = factor.as_coeff_Mul()
    if isinstance(rest, SumOrIntegral):
        share, density = rest.integrand.as_coeff_Mul()
        variables = rest.variables
    elif isinstance(rest, Expectation):
        share, density, variables = rest.value, rest.weight, rest.variables
    else:
        share, density, variables = sympy.S.One, rest, ()
    is_number = density == 1 and not variables  # ∫ 1 dx is no number that is known
    if share.is_number and (is_number or is_density(density, variables)):
        return multiple * share
    raise NotProved(f"the derivative of {latex(factor)} times a log Z is beyond this prover")
