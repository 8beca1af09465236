"""The moving figure of the chapter."""

from __future__ import annotations

from onekl.figures.checks import within
from onekl.figures.moving import Checked, MovingFigure


class AAETradeoff(MovingFigure):
    """su-34 on two letters: the adversarial objective, the squared error and their weighted sum.

    They are functions of one probability: x = 1 goes to z = 1, x = 0 goes there with probability a.
    `d` is p̃(1) and `c` is the prior's q(1), both in [0.05, 0.95], and `lam` is λ in [0, 1].
    Others raise ValueError.
    The error is that of the number x: half of `onekl.chapters.aae.tables.reconstruction_error`,
    which reads x as a one-hot vector.
    """

    lam = Checked(0.05, within(0, 1))
    d = Checked(0.3, within(0.05, 0.95))
    c = Checked(0.5, within(0.05, 0.95))


FIGURE = AAETradeoff
