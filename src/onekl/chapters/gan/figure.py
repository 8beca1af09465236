"""The moving figure of the chapter."""

from onekl.figures.checks import table
from onekl.figures.moving import Checked, MovingFigure

P_DATA = [0.30, 0.25, 0.20, 0.15, 0.07, 0.03]
Q_START = [0.02, 0.08, 0.10, 0.20, 0.25, 0.35]
_letters = table((6,), "6 letters")


class ExactGAN(MovingFigure):
    """su-18 and su-19 on six letters, exactly: step by step, with the term KL(q ‖ q°) and without it.

    `p` is p̃ and `q` the generator's start, lists of 6 probabilities; a bad one raises ValueError.
    The computation is `onekl.chapters.gan.alternation.alternate`'s.
    """

    p = Checked(P_DATA, _letters)
    q = Checked(Q_START, _letters)


FIGURE = ExactGAN
