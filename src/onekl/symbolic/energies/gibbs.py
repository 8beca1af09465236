"""Densities with an energy, p(x) = exp(−E(x))/Z with Z = ∫ exp(−E(x)) dx, and their instances."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

import mpmath
import sympy
from sympy import Expr, Symbol, Tuple
from sympy.core.symbol import Str
from sympy.printing.latex import LatexPrinter
from sympy.printing.str import StrPrinter

from onekl.symbolic.algebra import Density
from onekl.symbolic.notation import latex
from onekl.symbolic.numeric import Assignment, Evaluator, Number, compiled, evaluates
from onekl.symbolic.second_order import SmoothFunctions

LOG = r"\log "


class LogPartition(Expr):
    """Log Z = log ∫ exp(−energy) over the variables."""

    is_commutative = True
    is_real = True

    def __new__(cls, energy: Expr, variables: Iterable[Symbol]) -> LogPartition:
        """The log of the partition function; ValueError for an energy without the variables."""
        energy, variables = sympy.sympify(energy), Tuple(*variables)
        if not variables or not set(variables) <= energy.free_symbols:
            raise ValueError(
                f"the energy {energy} must depend on each of the variables {variables}"
            )
        return Expr.__new__(cls, energy, variables)

    energy = property(lambda self: self.args[0])
    variables = property(lambda self: tuple(self.args[1]))

    @property
    def free_symbols(self) -> set[Symbol]:
        """The energy's parameters."""
        return self.energy.free_symbols - set(self.variables)

    def _eval_subs(self, old: Expr, new: Expr) -> LogPartition | None:
        return self if old in self.variables else None

    def _latex(self, printer: LatexPrinter) -> str:
        return f"{LOG}Z{_subscript(self.free_symbols)}"

    def _sympystr(self, printer: StrPrinter) -> str:
        return f"log Z[{printer.doprint(self.energy)}]"


class EnergyDensity(Density):
    """A density exp(−energy)/Z of all variables of a joint; `gibbs` makes one."""

    def __new__(
        cls, name: Str, family: Str, over: Iterable[Symbol], given: Iterable[Symbol], energy: Expr
    ) -> EnergyDensity:
        """The density of these names and variables with this energy."""
        return Expr.__new__(cls, name, family, Tuple(*over), Tuple(*given), energy)

    roles = ()  # no two of its variables share an alphabet
    energy = property(lambda self: self.args[4])

    @property
    def log_partition(self) -> LogPartition:
        """The log of the integral of exp(−energy)."""
        return LogPartition(self.energy, self.over)

    @property
    def free_symbols(self) -> set[Symbol]:
        """Its variables and the energy's parameters."""
        return set(self.over) | self.energy.free_symbols

    def _latex(self, printer: LatexPrinter) -> str:
        names = ", ".join(map(printer.doprint, self.over))
        return f"{self.name}{_subscript(self.log_partition.free_symbols)}({names})"


def gibbs(density: Density, energy: Expr) -> EnergyDensity:
    """The density exp(−energy)/Z under the name of an unknown one.

    ValueError for a conditional, for two variables of one alphabet, and for an energy that lacks
    one of the variables.
    """
    if density.roles:
        raise ValueError(f"{density} has two variables of one alphabet: give it no energy")
    if density.given:
        raise ValueError(f"{density} is a conditional: give the energy of a joint or a marginal")
    LogPartition(energy, density.over)
    return EnergyDensity(*density.args[:4], sympy.sympify(energy))


def _subscript(parameters: set[Symbol]) -> str:
    names = ", ".join(latex(p) for p in sorted(parameters, key=str))
    return f"_{{{names}}}" if names else ""


@dataclass(frozen=True)
class RandomEnergies(SmoothFunctions):
    """Random tables and functions that are smooth in their first argument.

    A density with an energy has the table exp(−energy)/Z in the place of a random one.
    """

    def draw(self, random: Random, index: int) -> Assignment:
        """The instance with this index."""
        return _WithEnergies(**vars(super().draw(random, index)))


@dataclass
class _WithEnergies(Assignment):
    """An instance that knows densities with an energy."""

    def probability(self, density: Density) -> Number:
        """The cell of the table, or exp(−energy)/Z."""
        if not isinstance(density, EnergyDensity):
            return super().probability(density)
        return mpmath.exp(-compiled(density.energy)(self)) / _partition(density.log_partition, self)


def _partition(log_partition: LogPartition, instance: Assignment) -> Number:
    energy, variables = compiled(log_partition.energy), log_partition.variables
    places = instance.visit(variables, instance.letters(variables))
    return sum(mpmath.exp(-energy(instance)) for _ in places)


@evaluates(LogPartition)
def _log_partition(expression: LogPartition) -> Evaluator:
    def value(instance: Assignment) -> Number:
        return instance.log(_partition(expression, instance))

    return value
