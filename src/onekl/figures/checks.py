"""Checks of a figure's state: each makes a function (value, name) that returns plain Python or raises ValueError."""

import math

from onekl.tables import check_table


def table(shape, cells):
    def check(value, name):
        table = check_table(value, name)
        if table.shape != shape:
            raise ValueError(f"{name} has shape {table.shape}: the figure draws {cells}")
        return table.astype(float).tolist()

    return check


def positive(table, cells):
    def check(value, name):
        values = table(value, name)
        if not all(v > 0 for v in values):
            raise ValueError(f"{name} has a cell without mass: give each of the {cells} some")
        return values

    return check


def within(low, high, rule="its slider goes"):
    def check(value, name):
        if not (math.isfinite(value) and low <= value <= high):
            raise ValueError(f"{name} is {value}: {rule} from {low} to {high}")
        return float(value)

    return check


def numbers(count, low, high, rule="its slider goes"):
    def check(value, name):
        values = list(value)
        if len(values) != count:
            raise ValueError(f"{name} has {len(values)} values: the figure draws {count}")
        return [within(low, high, rule)(v, f"{name}[{i}]") for i, v in enumerate(values)]

    return check
