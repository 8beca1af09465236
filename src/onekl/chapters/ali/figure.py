"""The moving figure of the chapter."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from onekl.figures.checks import positive, table
from onekl.figures.moving import Checked, MovingFigure

# logits of p(z|x) and of q(x|z), each [x][z]: six pairs of standard normal tables (default_rng(0)),
# rounded
# fmt: off
ALI_STARTS = [
    [[[0.1, -0.1, 0.6], [0.1, -0.5, 0.4], [1.3, 0.9, -0.7]],
     [[-1.3, -0.6, 0.0], [-2.3, -0.2, -1.2], [-0.7, -0.5, -0.3]]],
    [[[0.4, 1.0, -0.1], [1.4, -0.7, 0.4], [0.9, 0.1, -0.7]],
     [[-0.9, -0.5, 0.2], [-1.0, -0.2, -0.2], [0.5, 0.2, 0.4]]],
    [[[-0.7, -0.1, 0.8], [1.5, -1.3, 1.5], [1.3, 0.8, 0.3]],
     [[-0.3, 1.5, 2.0], [1.8, 1.3, 0.4], [-1.2, 0.0, 0.7]]],
    [[[-1.3, 0.4, 0.4], [0.7, -1.2, -0.7], [-0.4, -1.2, 1.7]],
     [[-0.5, 0.3, -0.3], [1.6, 1.3, 0.6], [-2.2, 0.1, 0.7]]],
    [[[1.0, -0.6, 1.8], [-1.3, -0.7, 0.9], [0.0, 2.0, 0.2]],
     [[-0.6, -0.4, -1.1], [-1.3, 0.6, 0.6], [1.3, -0.8, 1.7]]],
    [[[-0.3, 1.6, -0.4], [-0.7, 0.2, 1.0], [0.2, -0.6, -1.3]],
     [[-1.4, 0.5, 1.0], [-0.2, -1.1, 0.9], [-1.3, -0.7, 0.6]]],
]
# fmt: on

OBJECTIVES = ("su-40", "su-41", "su-42", "su-43")
_three = positive(table((3,), "3 letters"), "3 letters")


def _starts(value: ArrayLike, name: str) -> list:
    """One pair of 3 by 3 tables of logits or more."""
    logits = np.asarray(value, float)
    if logits.ndim != 4 or logits.shape[1:] != (2, 3, 3) or not len(logits):
        raise ValueError(
            f"{name} has shape {logits.shape}: give pairs of 3 by 3 tables of logits, [x][z], "
            "shape (starts, 2, 3, 3)"
        )
    if not np.all(np.abs(logits) <= 5):
        raise ValueError(f"{name} has a logit outside the figure's range: take each from -5 to 5")
    return logits.tolist()


def _objective(value: str, name: str) -> str:
    if value not in OBJECTIVES:
        raise ValueError(f"{name} is {value!r}: choose one of {', '.join(OBJECTIVES)}")
    return value


class ALITables(MovingFigure):
    """su-40 to su-43 on 3 by 3 tables: gradient steps of encoder and generator.

    The discriminator is at its optimum, su-39.
    `p_data` is p̃(x) and `prior` q(z), lists of 3 positive probabilities; `starts` is a list of
    pairs of 3 by 3 tables of logits [x][z] within ±5, of p(z|x) and of q(x|z); `objective` is
    "su-40", "su-41", "su-42" or "su-43".  Others raise ValueError.
    The steps are those of `onekl.chapters.ali.tables`.
    """

    p_data = Checked([0.5, 0.3, 0.2], _three)
    prior = Checked([0.4, 0.35, 0.25], _three)
    starts = Checked(ALI_STARTS, _starts)
    objective = Checked("su-40", _objective)


FIGURE = ALITables
