"""The state of each figure: its values at the start, and which others it can draw."""

import math

from onekl.finite import check_table

P = [[0.30, 0.10], [0.05, 0.25], [0.20, 0.10]]
Q = [[0.12, 0.18], [0.20, 0.15], [0.10, 0.25]]
P_DATA = [0.30, 0.25, 0.20, 0.15, 0.07, 0.03]
Q_START = [0.02, 0.08, 0.10, 0.20, 0.25, 0.35]
G = [-2.0, -0.5, 0.3, 1.0, 2.2]
G_OLD = [-1.5, -1.0, 0.5, 2.0, 1.2]


def _table(shape, cells):
    def check(value, name):
        table = check_table(value, name)
        if table.shape != shape:
            raise ValueError(f"{name} has shape {table.shape}: the figure draws {cells}")
        return table.astype(float).tolist()

    return check


def _within(low, high):
    def check(value, name):
        if not (math.isfinite(value) and low <= value <= high):
            raise ValueError(f"{name} is {value}: its slider goes from {low} to {high}")
        return float(value)

    return check


def _list(count, low, high):
    def check(value, name):
        values = list(value)
        if len(values) != count:
            raise ValueError(f"{name} has {len(values)} values: the figure draws {count}")
        return [_within(low, high)(v, f"{name}[{i}]") for i, v in enumerate(values)]

    return check


# for each figure, its state: the value at the start, and the check of another value
_joint, _letters, _five = _table((3, 2), "3 values of x by 2 of z"), _table((6,), "6 letters"), _list(5, -3, 3)
FIGURES = {
    "joint_table": {"p": (P, _joint), "q": (Q, _joint)},
    "gaussian_kl": {"mu": (1.0, _within(-2.5, 2.5)), "log_var": (-1.0, _within(-6, 2))},
    "exact_gan": {"p": (P_DATA, _letters), "q": (Q_START, _letters)},
    "second_order": {"theta": ([0.8, -0.2], _list(2, -2, 2)), "delta": ([1.0, 1.2], _list(2, -3, 3))},
    "two_generators": {"g": (G, _five), "g_old": (G_OLD, _five), "sigma": (0.5, _within(0.1, 2))},
}
