"""The moving figure of the chapter."""

from onekl.figures.checks import within
from onekl.figures.moving import Checked, MovingFigure


class GaussianKL(MovingFigure):
    """sn-9 with sliders: the parts of KL(N(mu, exp(log_var)) ‖ N(0, 1)), with sn-8 and sn-10.

    A value outside its slider raises ValueError.
    """

    mu = Checked(1.0, within(-2.5, 2.5))
    log_var = Checked(-1.0, within(-6, 2))


FIGURE = GaussianKL
