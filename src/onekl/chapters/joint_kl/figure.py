"""The moving figure of the chapter: su-4 on two joint tables."""

from __future__ import annotations

from onekl.figures.checks import table
from onekl.figures.moving import Checked, MovingFigure

# where the reader starts: [x][z]
P = [[0.30, 0.10], [0.05, 0.25], [0.20, 0.10]]
Q = [[0.12, 0.18], [0.20, 0.15], [0.10, 0.25]]
_table = table((3, 2), "3 values of x by 2 of z")


class JointTable(MovingFigure):
    """The three parts of su-4, in nats, for two joint tables that the reader drags.

    `p` is the data side p(x, z) and `q` the model side q(x, z): lists of 3 rows p[x][z] of 2 cells.
    A bad table raises ValueError, see `onekl.tables.check_table`.
    """

    p = Checked(P, _table)
    q = Checked(Q, _table)


FIGURE = JointTable
