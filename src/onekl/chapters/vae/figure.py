"""The moving figure of the chapter: the encoder's KL, sn-9, with sliders."""

from __future__ import annotations

from onekl.figures.checks import within
from onekl.figures.moving import Checked, MovingFigure


class GaussianKL(MovingFigure):
    """The parts of sn-9, KL(N(μ, σ²) ‖ N(0, 1)) in nats, with sn-8 and sn-10.

    `mu` is μ, in [−2.5, 2.5], and `log_var` is log σ², in [−6, 2]; others raise ValueError.
    """

    mu = Checked(1.0, within(-2.5, 2.5))
    log_var = Checked(-1.0, within(-6, 2))


FIGURE = GaussianKL
