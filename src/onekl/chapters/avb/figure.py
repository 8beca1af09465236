"""The moving figure of the chapter: a posterior with two modes, an encoder, a discriminator."""

from __future__ import annotations

from onekl.figures.checks import within
from onekl.figures.moving import Checked, MovingFigure

ENCODERS = ("gaussian", "black-box")


def _encoder(value: str, name: str) -> str:
    if value not in ENCODERS:
        raise ValueError(f"{name} is {value!r}: choose one of {', '.join(ENCODERS)}")
    return value


def _pieces(value: int, name: str) -> int:
    pieces = within(1, 16)(value, name)
    if pieces != int(pieces):
        raise ValueError(f"{name} is {value}: a line has a whole number of pieces, from 1 to 16")
    return int(pieces)


def _switch(value: bool, name: str) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{name} is {value!r}: it is a switch, True or False")
    return value


class BlackBoxEncoder(MovingFigure):
    """AVB for one x on one axis: the bound, and what a weak discriminator reports of it, in nats.

    The prior is N(0, 1) and the decoder N(x; z², s²); `x` is in [−1, 3] and `noise` is s, in
    [0.3, 1].
    `encoder` is "gaussian" or "black-box". Its knobs are `c` in [−2, 2], `a` in [0.05, 1.5],
    `b` in [0, 2] and `log_k` in [−1, 2.7]; the Gaussian N(c, a²) has only the first two.
    The discriminator T is a broken line of `pieces` pieces, 1 to 16, and `contrast` says whether
    it sees z or, with adaptive contrast, the standardised z.
    Others raise ValueError.
    The numbers are those of `onekl.chapters.avb.one_axis`.
    """

    x = Checked(1.0, within(-1, 3))
    noise = Checked(0.5, within(0.3, 1))
    encoder = Checked("black-box", _encoder)
    c = Checked(0.0, within(-2, 2))
    a = Checked(0.25, within(0.05, 1.5))
    b = Checked(0.8, within(0, 2))
    log_k = Checked(0.9, within(-1, 2.7))
    pieces = Checked(4, _pieces)
    contrast = Checked(False, _switch)


FIGURE = BlackBoxEncoder
