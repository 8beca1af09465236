"""Continuous instances: mixtures of Gaussians on a line and in a plane, summed by quadrature.

The marginals of a mixture are formulas of their own, not sums over the joint density's values, so
that an integral that is carried out by a proof is tried too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from sympy import Symbol

from onekl.examiner.batch import Batch
from onekl.examiner.bounded import EPS, Bounded
from onekl.examiner.evaluate import NoRule
from onekl.symbolic.algebra import ClassProbability, Density, Joint
from onekl.symbolic.copies import alphabet
from onekl.symbolic.sampling import RandomParameters, RandomTables

COMPONENTS = 3
FAR, STEP = 9.0, 0.2  # of the grid on which integrals are sums
ON_A_LINE, IN_A_PLANE = 40, 10  # instances


@dataclass(frozen=True)
class Mixture:
    """A mixture of Gaussians: weights (k, n), means (k, d, n) and covariances (k, d, d, n)."""

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    def density(self, axes: tuple[int, ...], place: list[np.ndarray]) -> np.ndarray:
        """The marginal density of some coordinates, one or two of them, at real numbers."""
        found = 0.0
        for weight, mean, covariance in zip(self.weights, self.means, self.covariances):
            apart = [x - mean[axis] for x, axis in zip(place, axes)]
            spread = covariance[np.ix_(axes, axes)]
            if len(axes) == 1:
                squared, determinant = apart[0] ** 2 / spread[0, 0], spread[0, 0]
            else:
                determinant = spread[0, 0] * spread[1, 1] - spread[0, 1] ** 2
                squared = (
                    spread[1, 1] * apart[0] ** 2
                    - 2 * spread[0, 1] * apart[0] * apart[1]
                    + spread[0, 0] * apart[1] ** 2
                ) / determinant
            scale = np.sqrt((2 * np.pi) ** len(axes) * determinant)
            found = found + weight * np.exp(-squared / 2) / scale
        return found


@dataclass
class ContinuousBatch(Batch):
    """A batch whose variables are real numbers, on the nodes of a grid."""

    real: ClassVar[bool] = True

    mixtures: dict[str, Mixture] = field(default_factory=dict)

    def size(self, variable: Symbol) -> int:
        """The number of nodes."""
        return int(2 * FAR / STEP) + 1

    def letters(self, variable: Symbol) -> np.ndarray:
        """The nodes of the grid, on the variable's axis."""
        return self.along(variable, np.linspace(-FAR, FAR, self.size(variable)))

    def place(self, number: Bounded) -> np.ndarray:
        """Real numbers as they are."""
        return number.value

    def total(self, variable: Symbol, number: Bounded) -> Bounded:
        """The trapezoidal rule over the grid."""
        return super().total(variable, number) * Bounded(STEP)

    def probability(self, density: Density, place: list[np.ndarray]) -> Bounded:
        """The values of a density: a mixture, or a joint mixture over one of the condition."""
        axes, k = density.axes(self.axes[density.family]), len(density.over)
        mixture = self.mixtures[density.family]
        found = mixture.density(axes, place)
        if density.given:
            found = found / mixture.density(axes[k:], place[k:])
        return Bounded(found, 100 * EPS * found)

    def function(self, name: str, place: list[np.ndarray]) -> np.ndarray:
        """A smooth positive function of real numbers; NoRule for a map to letters."""
        if name in self.maps:
            raise NoRule(f"{name} maps letters to letters")
        a, b = self.random("smooth", name).random((2, len(place) + 1, self.count))
        angle = b[0] + sum((2 * slope - 1) * at for slope, at in zip(a[1:], place))
        return 1.1 + np.sin(angle)

    def class_probability(self, outcome_one: ClassProbability, place: list[np.ndarray]) -> Bounded:
        """A smooth D with values between 0.1 and 0.9."""
        if not place:
            return super().class_probability(outcome_one, place)
        number = self.function(outcome_one.name, place)
        return Bounded(0.1 + 0.8 * number / 2.1, 4 * EPS * np.ones_like(number))


def continuous(source: RandomTables | RandomParameters) -> ContinuousBatch | None:
    """Mixtures for the joints of a source; None where it has none, or maps or three variables."""
    if type(source) is not RandomTables:
        return None
    plain = all(type(joint).conform is Joint.conform for joint in source.joints)
    most = max((len(joint.variables) for joint in source.joints), default=0)
    if source.maps or not plain or not 1 <= most <= 2:
        return None
    own = {alphabet(v) for joint in source.joints for v in joint.variables}
    batch = ContinuousBatch(ON_A_LINE if len(own) == 1 else IN_A_PLANE, 0)
    batch.sizes = dict.fromkeys(own, 0)
    for joint in source.joints:
        batch.tables[joint.family] = np.ones((1, batch.count))
        batch.axes[joint.family] = joint.variables
        batch.mixtures[joint.family] = _mixture(
            batch.random("mixture", joint.family), len(joint.variables), batch.count
        )
    uniform = batch.random("scalars").random
    batch.values = {scalar: 0.1 + 1.9 * uniform(batch.count) for scalar in source.scalars}
    return batch


def _mixture(random: np.random.Generator, dimension: int, count: int) -> Mixture:
    """A random mixture whose components are dependent and not narrow."""
    weights = random.random((COMPONENTS, count)) + 0.1
    means = 3 * random.random((COMPONENTS, dimension, count)) - 1.5
    spread = 0.5 + 0.5 * random.random((COMPONENTS, dimension, count))
    covariances = np.zeros((COMPONENTS, dimension, dimension, count))
    for axis in range(dimension):
        covariances[:, axis, axis] = spread[:, axis] ** 2
    if dimension == 2:
        correlation = 1.2 * random.random((COMPONENTS, count)) - 0.6
        covariances[:, 0, 1] = correlation * spread[:, 0] * spread[:, 1]
        covariances[:, 1, 0] = covariances[:, 0, 1]
    return Mixture(weights / weights.sum(axis=0), means, covariances)
