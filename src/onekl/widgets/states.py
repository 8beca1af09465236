"""The state of each figure: its values at the start, and which others it can draw."""

import math

import numpy as np

from onekl.finite import check_table

P = [[0.30, 0.10], [0.05, 0.25], [0.20, 0.10]]
Q = [[0.12, 0.18], [0.20, 0.15], [0.10, 0.25]]
P_DATA = [0.30, 0.25, 0.20, 0.15, 0.07, 0.03]
Q_START = [0.02, 0.08, 0.10, 0.20, 0.25, 0.35]
G = [-2.0, -0.5, 0.3, 1.0, 2.2]
G_OLD = [-1.5, -1.0, 0.5, 2.0, 1.2]
# 40 points: 14, 12 and 14 draws around −2, 0.2 and 1.9 with standard deviation 0.5 (default_rng(0)), rounded
EM_DATA = [
    -3.16, -2.63, -2.35, -2.31, -2.27, -2.11, -2.07, -1.98, -1.95, -1.94, -1.82, -1.68, -1.53, -1.35, -0.42, -0.17, -0.13, -0.07, 0.04, 0.14,
    0.25, 0.38, 0.41, 0.65, 0.72, 0.88, 1.4, 1.44, 1.53, 1.57, 1.67, 1.8, 1.82, 1.84, 2.01, 2.01, 2.08, 2.17, 2.29, 2.65,
]
# logits of p(z|x) and of q(x|z), each [x][z]: six pairs of standard normal tables (default_rng(0)), rounded
ALI_STARTS = [
    [[[0.1, -0.1, 0.6], [0.1, -0.5, 0.4], [1.3, 0.9, -0.7]], [[-1.3, -0.6, 0.0], [-2.3, -0.2, -1.2], [-0.7, -0.5, -0.3]]],
    [[[0.4, 1.0, -0.1], [1.4, -0.7, 0.4], [0.9, 0.1, -0.7]], [[-0.9, -0.5, 0.2], [-1.0, -0.2, -0.2], [0.5, 0.2, 0.4]]],
    [[[-0.7, -0.1, 0.8], [1.5, -1.3, 1.5], [1.3, 0.8, 0.3]], [[-0.3, 1.5, 2.0], [1.8, 1.3, 0.4], [-1.2, 0.0, 0.7]]],
    [[[-1.3, 0.4, 0.4], [0.7, -1.2, -0.7], [-0.4, -1.2, 1.7]], [[-0.5, 0.3, -0.3], [1.6, 1.3, 0.6], [-2.2, 0.1, 0.7]]],
    [[[1.0, -0.6, 1.8], [-1.3, -0.7, 0.9], [0.0, 2.0, 0.2]], [[-0.6, -0.4, -1.1], [-1.3, 0.6, 0.6], [1.3, -0.8, 1.7]]],
    [[[-0.3, 1.6, -0.4], [-0.7, 0.2, 1.0], [0.2, -0.6, -1.3]], [[-1.4, 0.5, 1.0], [-0.2, -1.1, 0.9], [-1.3, -0.7, 0.6]]],
]


def _table(shape, cells):
    def check(value, name):
        table = check_table(value, name)
        if table.shape != shape:
            raise ValueError(f"{name} has shape {table.shape}: the figure draws {cells}")
        return table.astype(float).tolist()

    return check


def _positive(table, cells):
    def check(value, name):
        values = table(value, name)
        if not all(v > 0 for v in values):
            raise ValueError(f"{name} has a cell without mass: give each of the {cells} some")
        return values

    return check


def _within(low, high, rule="its slider goes"):
    def check(value, name):
        if not (math.isfinite(value) and low <= value <= high):
            raise ValueError(f"{name} is {value}: {rule} from {low} to {high}")
        return float(value)

    return check


def _list(count, low, high, rule="its slider goes"):
    def check(value, name):
        values = list(value)
        if len(values) != count:
            raise ValueError(f"{name} has {len(values)} values: the figure draws {count}")
        return [_within(low, high, rule)(v, f"{name}[{i}]") for i, v in enumerate(values)]

    return check


def _starts(value, name):
    """One pair of 3 by 3 tables of logits or more."""
    logits = np.asarray(value, float)
    if logits.ndim != 4 or logits.shape[1:] != (2, 3, 3) or not len(logits):
        raise ValueError(f"{name} has shape {logits.shape}: give pairs of 3 by 3 tables of logits, [x][z], shape (starts, 2, 3, 3)")
    if not np.all(np.abs(logits) <= 5):
        raise ValueError(f"{name} has a logit outside the figure's range: take each from -5 to 5")
    return logits.tolist()


def _objective(value, name):
    if value not in OBJECTIVES:
        raise ValueError(f"{name} is {value!r}: choose one of {', '.join(OBJECTIVES)}")
    return value


OBJECTIVES = ("su-40", "su-41", "su-42", "su-43")

# for each figure, its state: the value at the start, and the check of another value
_joint, _letters, _five = _table((3, 2), "3 values of x by 2 of z"), _table((6,), "6 letters"), _list(5, -3, 3)
_two, _three = _positive(_table((2,), "2 components"), "2 components"), _positive(_table((3,), "3 letters"), "3 letters")
FIGURES = {
    "joint_table": {"p": (P, _joint), "q": (Q, _joint)},
    "gaussian_kl": {"mu": (1.0, _within(-2.5, 2.5)), "log_var": (-1.0, _within(-6, 2))},
    "exact_gan": {"p": (P_DATA, _letters), "q": (Q_START, _letters)},
    "second_order": {"theta": ([0.8, -0.2], _list(2, -2, 2)), "delta": ([1.0, 1.2], _list(2, -3, 3))},
    "two_generators": {"g": (G, _five), "g_old": (G_OLD, _five), "sigma": (0.5, _within(0.1, 2))},
    "em_mixture": {
        "means": ([-0.5, 0.5], _list(2, -4, 4)), "stds": ([1.0, 1.0], _list(2, 0.05, 4, "take one")), "weights": ([0.5, 0.5], _two),
        "data": (EM_DATA, _list(40, -4, 4, "take points")),
    },
    "aae_tradeoff": {"lam": (0.05, _within(0, 1)), "d": (0.3, _within(0.05, 0.95)), "c": (0.5, _within(0.05, 0.95))},
    "ali_tables": {
        "p_data": ([0.5, 0.3, 0.2], _three), "prior": ([0.4, 0.35, 0.25], _three), "starts": (ALI_STARTS, _starts),
        "objective": ("su-40", _objective),
    },
}
