"""What the page says of the four points is what the recorded run has."""

import math

import pytest
import torch

from onekl.measure.intervals import confidence_interval
from onekl.training.records import recorded
from paths import ROOT

VALUES = {
    method: {name: torch.tensor(one) for name, one in columns.items()}
    for method, columns in recorded("avb_toy")["values"].items()
}
PAGE = (ROOT / "book/avb.md").read_text(encoding="utf-8")


def bound(of):
    return -of["error"] - of["KL"]


def cell(values):
    return "{:.3f} [{:.3f}, {:.3f}]".format(*confidence_interval(values)).replace("-", "−")


@pytest.mark.parametrize("method", VALUES)
def test_the_table(method):
    of = VALUES[method]
    columns = of["likelihood"], bound(of), of["error"], of["KL of all codes"]
    assert f"| {method} | {' | '.join(map(cell, columns))} |" in PAGE


def test_the_distance_from_the_best_possible():
    gap = -math.log(4) - VALUES["AVB"]["likelihood"].mean()
    assert f"AVB is {gap:.3f} below it" in PAGE


def test_the_claim_holds_on_every_seed():
    vae, avb = VALUES["VAE"], VALUES["AVB"]
    assert "avb-e1 is *supported*" in PAGE
    assert (avb["likelihood"] > vae["likelihood"]).all() and (bound(avb) > bound(vae)).all()


def test_a_quarter_of_the_errors():
    quarters = (f"{VALUES[method]['error'].mean() / 4:.3f}" for method in ("VAE", "AVB"))
    assert f"A quarter of our errors is {' and '.join(quarters)}," in PAGE
    assert 1.697 - 0.0885 - 0.165 > math.log(4) > 1.697 - 4 * 0.0885 - 0.165


def test_what_the_information_leaves_for_the_bound():
    of = VALUES["AVB"]
    highest = -math.log(4) - of["KL of all codes"].mean()
    lowest = highest - of["error"].mean()
    words = f"AVB's bound is between {lowest:.3f} and {highest:.3f}.".replace("-", "−")
    assert words in PAGE
    assert lowest < bound(of).mean() < highest
