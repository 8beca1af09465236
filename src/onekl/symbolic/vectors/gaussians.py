r"""Gaussian densities of vectors, and the step from one coordinate to d.

The coordinates are independent, so that a KL or a mean under such a Gaussian is a sum over
coordinates; the step from k coordinates to k + 1 is proved for unknown densities, by
`divergence_step` and `mean_step`.
"""

from __future__ import annotations

from functools import cache

import sympy
from sympy import (
    Add,
    Expr,
    Function,
    MatrixExpr,
    Symbol,
    exp,
    log,
    pi,
)
from sympy.printing.latex import LatexPrinter

from onekl.symbolic.algebra import (
    KL,
    Expectation,
    Gaussian,
    Joint,
)
from onekl.symbolic.sampling import RandomTables
from onekl.symbolic.statements import Identity
from onekl.symbolic.vectors.algebra import (
    INDEX,
    CoordinateSum,
    SquaredNorm,
    ZeroVector,
    require_vector,
)


class VectorGaussian(Gaussian):
    r"""N(variable; mean, variance) of a vector with independent coordinates.

    The variance is a scalar, for σ²I, or a vector, the diagonal.
    The variable may be any vector, for the density at a point.
    """

    def __new__(
        cls, variable: MatrixExpr, mean: MatrixExpr | int, variance: Expr | float
    ) -> VectorGaussian:
        """The density; a mean of 0 is the zero vector.

        ValueError for a variable that is no vector, and for a mean or a diagonal of another shape.
        """
        mean = ZeroVector(require_vector(variable).shape[0]) if mean == 0 else mean
        variance = sympy.sympify(variance)
        for vector in (mean, *([variance] if isinstance(variance, MatrixExpr) else [])):
            if require_vector(vector).shape != variable.shape:
                raise ValueError(f"{vector} and {variable} differ in dimension")
        return Expr.__new__(cls, variable, mean, variance)

    dimension = property(lambda self: self.variable.shape[0])

    def parameters(self) -> tuple[Expr, Expr]:
        """The mean and the variance of coordinate i."""
        is_diagonal = isinstance(self.variance, MatrixExpr)
        return self.mean[INDEX, 0], self.variance[INDEX, 0] if is_diagonal else self.variance

    def formula(self) -> Expr:
        """(2πσ²)^(−d/2) exp(−‖x − μ‖²/2σ²); for a diagonal the exponential of a sum."""
        if not isinstance(self.variance, MatrixExpr):
            distance = SquaredNorm(self.variable - self.mean)
            scale = (2 * pi * self.variance) ** (-self.dimension / 2)
            return scale * exp(-distance / (2 * self.variance))
        return exp(self.log_density())

    def log_density(self) -> Expr:
        """−½ Σ (log 2πσ² + (x_i − μ_i)²/σ²)."""
        mean, variance = self.parameters()
        squared = (self.variable[INDEX, 0] - mean) ** 2 / variance
        return -CoordinateSum(log(2 * pi * variance) + squared, self.dimension) / 2

    def _latex(self, printer: LatexPrinter) -> str:
        variable, mean, variance = map(printer.doprint, self.args)
        is_diagonal = isinstance(self.variance, MatrixExpr)
        isotropic = "I" if self.variance == 1 else rf"{variance} I"
        spread = rf"\mathrm{{diag}}({variance})" if is_diagonal else isotropic
        return rf"\mathcal{{N}}({variable}; {mean}, {spread})"


@cache
def divergence_step() -> Identity:
    """The step of the induction for a KL: the first coordinates, x, and the next one, y."""
    p, q, first, next_ = _coordinates_so_far()
    left = KL(p[0](first) * p[1](next_), q[0](first) * q[1](next_))
    right = Add(KL(p[0](first), q[0](first)), KL(p[1](next_), q[1](next_)), evaluate=False)
    return _proved(Identity(RandomTables((*p, *q)), left=left, right=right))


@cache
def mean_step() -> Identity:
    """The step of the induction for a mean of a sum over coordinates, with unknown summands."""
    p, _, first, next_ = _coordinates_so_far()
    f, g = (Function(name, real=True) for name in "fg")
    left = Expectation(p[0](first) * p[1](next_), f(first) + g(next_))
    right = Add(
        Expectation(p[0](first), f(first)), Expectation(p[1](next_), g(next_)), evaluate=False
    )
    return _proved(Identity(RandomTables(p), left=left, right=right))


@cache
def conditional_step() -> Identity:
    """A KL of joints that share the density of z is the mean of the KL at each z."""
    x, z = sympy.symbols("x z")
    p, q = Joint("p", (x, z)), Joint("q", (x, z))
    joint = KL(p(x, given=z) * p(z), q(x, given=z) * p(z))
    right = Expectation(p(z), KL(p(x, given=z), q(x, given=z)))
    return _proved(Identity(RandomTables((p, q)), left=joint, right=right))


def _coordinates_so_far() -> tuple[tuple[Joint, Joint], tuple[Joint, Joint], Symbol, Symbol]:
    """Two products of unknown densities of the first coordinates and of the next one."""
    first, next_ = sympy.symbols("x y")
    p, q = (
        tuple(Joint(f"{name}_{k}", (v,)) for k, v in enumerate((first, next_), 1)) for name in "pq"
    )
    return p, q, first, next_


def _proved(identity: Identity) -> Identity:
    """The identity, once it is proved; NotProved otherwise."""
    identity.prove()
    return identity
