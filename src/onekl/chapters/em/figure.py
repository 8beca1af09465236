"""The moving figure of the chapter: EM's half-steps on a mixture of two Gaussians."""

from __future__ import annotations

from onekl.figures.checks import numbers, positive, table
from onekl.figures.moving import Checked, MovingFigure

# 40 points: 14, 12 and 14 draws around −2, 0.2 and 1.9 with standard deviation 0.5
# (default_rng(0)), rounded
# fmt: off
EM_DATA = [
    -3.16, -2.63, -2.35, -2.31, -2.27, -2.11, -2.07, -1.98, -1.95, -1.94,
    -1.82, -1.68, -1.53, -1.35, -0.42, -0.17, -0.13, -0.07, 0.04, 0.14,
    0.25, 0.38, 0.41, 0.65, 0.72, 0.88, 1.4, 1.44, 1.53, 1.57,
    1.67, 1.8, 1.82, 1.84, 2.01, 2.01, 2.08, 2.17, 2.29, 2.65,
]
# fmt: on


class EMMixture(MovingFigure):
    """E and M half-steps, su-8 to su-11, of a mixture of two Gaussians on a line.

    Shown beside them are the bound and the log-likelihood, in nats.
    `means` (within ±4), `stds` (0.05 to 4) and `weights` (positive, sum 1) are lists of 2: the
    mixture q(x, z) that EM starts from. `data` is a list of 40 points within ±4.
    Others raise ValueError.
    The half-steps are those of `onekl.chapters.em.gaussian_mixture`; an M half-step to a standard
    deviation below 0.05 is not taken.
    """

    means = Checked([-0.5, 0.5], numbers(2, -4, 4))
    stds = Checked([1.0, 1.0], numbers(2, 0.05, 4, "take one"))
    weights = Checked([0.5, 0.5], positive(table((2,), "2 components"), "2 components"))
    data = Checked(EM_DATA, numbers(40, -4, 4, "take points"))


FIGURE = EMMixture
