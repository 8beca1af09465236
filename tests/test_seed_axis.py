"""The seed axis, the loop and torch.func train the same networks; how fast, no test asserts."""

import copy

import torch

from onekl import seed_axis
from onekl.measure.timing import TOLERANCE
from onekl.training.seeds import Seeds

TINY = {"widths": (4,), "batch": 3, "steps": 1, "repetitions": 1}


def test_the_loop_and_torch_func_train_the_same_networks_as_the_seed_axis(monkeypatch):
    """In double precision, after ten steps, every weight of every seed."""
    axis = tuple(network.double() for network in seed_axis.pair(Seeds([4, 9]), 8))
    draws = Seeds([0, 1])
    x, z = (draws.child(name).normal(16, 2).double() for name in ("x", "z"))
    loop = [tuple(seed_axis.plain(network, s).double() for network in axis) for s in range(2)]
    stacked = tuple(seed_axis.Stacked(networks) for networks in zip(*loop))
    first = copy.deepcopy(axis[0][0].weight.data)
    sides = (
        seed_axis.TimedSide([axis], [(x, z)]),
        seed_axis.TimedSide(loop, [(x[s], z[s]) for s in range(2)]),
        seed_axis.TimedSide([stacked], [(x, z)]),
    )
    ours, *others = (torch.stack([side() for _ in range(10)]) for side in sides)
    for other in others:
        torch.testing.assert_close(ours, other, rtol=1e-10, atol=0)
    for s in range(2):
        for network, alone, func in zip(axis, loop[s], stacked):
            weights = (alone[0].weight, func.weights["0.weight"][s])
            for weight in weights:
                torch.testing.assert_close(network[0].weight[s].T, weight, rtol=0, atol=1e-10)
    assert (axis[0][0].weight - first).abs().min() > 1e-4  # they did move


def test_unequal_arithmetic_is_said_beside_its_times(monkeypatch):
    """With another learning rate on one side there are measures still, and a line that says so."""
    made, real = [], seed_axis.adam

    def uneven(network, rate):
        made.append(network)
        return real(network, rate if len(made) > 2 else 20 * rate)

    monkeypatch.setattr(seed_axis, "adam", uneven)
    measures = seed_axis.small_networks((2,), **TINY)
    (row,) = measures["rows"]
    assert row["apart"] > TOLERANCE and row["loop"] > 0
    assert seed_axis.small_networks_text(measures)[-1].endswith("may be of different arithmetic")


def test_equal_arithmetic_is_said_beside_its_times():
    measures = seed_axis.small_networks((1, 2), **TINY)
    assert all(row["apart"] <= TOLERANCE for row in measures["rows"])
    text = seed_axis.small_networks_text(measures)
    assert text[-1].endswith(" apart") and max(map(len, text)) <= 100
