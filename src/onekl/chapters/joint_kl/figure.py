"""The moving figure of the chapter."""

from onekl.figures.checks import table
from onekl.figures.moving import Checked, MovingFigure

P = [[0.30, 0.10], [0.05, 0.25], [0.20, 0.10]]
Q = [[0.12, 0.18], [0.20, 0.15], [0.10, 0.25]]
_table = table((3, 2), "3 values of x by 2 of z")


class JointTable(MovingFigure):
    """su-4 on two 3 by 2 tables that the reader drags; `p` and `q` are lists of rows p[x][z].

    A bad table raises ValueError (see `onekl.tables.check_table`).
    """

    p = Checked(P, _table)
    q = Checked(Q, _table)


FIGURE = JointTable
