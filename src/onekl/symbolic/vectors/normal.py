"""Gaussian densities of vectors with independent coordinates."""

from __future__ import annotations

import sympy
from sympy import Expr, MatrixExpr, exp, log, pi
from sympy.printing.latex import LatexPrinter

from onekl.symbolic.algebra import Gaussian
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
