"""The moving figure of the chapter: the GAN on six letters, exactly."""

from __future__ import annotations

from onekl.figures.checks import table
from onekl.figures.moving import Checked, MovingFigure

P_DATA = [0.30, 0.25, 0.20, 0.15, 0.07, 0.03]
Q_START = [0.02, 0.08, 0.10, 0.20, 0.25, 0.35]
_letters = table((6,), "6 letters")


class ExactGAN(MovingFigure):
    """The best discriminator, su-18, and the generator's step in turns, on six letters.

    The step is su-19's, and beside it su-20's, which is without the term KL(q ‖ q°).
    `p` is p̃ and `q` the generator's start, lists of 6 probabilities; a bad one raises ValueError,
    see `onekl.tables.check_table`.
    The computation is that of `onekl.chapters.gan.alternation.alternate`.
    """

    p = Checked(P_DATA, _letters)
    q = Checked(Q_START, _letters)


FIGURE = ExactGAN
