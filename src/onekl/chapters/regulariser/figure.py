"""The moving figure of the chapter: the regulariser above the KL that it stands for, su-25."""

from __future__ import annotations

from onekl.figures.checks import numbers, within
from onekl.figures.moving import Checked, MovingFigure

# where five codes z go, after the generator's step and before it
G = [-2.0, -0.5, 0.3, 1.0, 2.2]
G_OLD = [-1.5, -1.0, 0.5, 2.0, 1.2]
_five = numbers(5, -3, 3)


class TwoGenerators(MovingFigure):
    """KL(q_σ ‖ q°_σ) of two smoothed generators, below (1/2σ²) E‖G − G°‖², su-25, in nats.

    q_σ is q with Gaussian noise of standard deviation σ, on a line.
    `g` and `g_old` are lists of G(z) and G°(z) for five equally likely z, each within ±3; `sigma`
    is σ, in [0.1, 2]. Others raise ValueError.
    """

    g = Checked(G, _five)
    g_old = Checked(G_OLD, _five)
    sigma = Checked(0.5, within(0.1, 2))


FIGURE = TwoGenerators
