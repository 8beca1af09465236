"""The museum's tables and sentences are those of the recorded run."""

import pytest
import torch

from onekl.measure.intervals import confidence_interval, paired_difference
from onekl.training.records import recorded
from paths import ROOT

VALUES = recorded("museum")["values"]
PAGE = (ROOT / "book/museum.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ")
]
VAES = {
    "right": "right",
    r"bug-1, with $(\log\sigma)^2$": "bug-1, log σ",
    r"bug-2, $z = \mu + v\varepsilon$": "bug-2",
    r"bug-2, $z = \mu + e^v\varepsilon$": "bug-2, exp v",
    "bug-3, mean of the error": "bug-3, mean error",
    "bug-3, mean of the KL": "bug-3, mean KL",
    "bug-4": "bug-4",
}
CRITICS = {
    "right": "right",
    r"bug-7, one $\varepsilon$ per pixel": "bug-7, per pixel",
    r"bug-8, normal $\varepsilon$": "bug-8, normal",
    r"bug-9, $\varepsilon = 1$": "bug-9, ε = 1",
}


def cell(values, digits):
    return "{:.{n}f} [{:.{n}f}, {:.{n}f}]".format(*confidence_interval(values), n=digits).replace(
        "-", "−"
    )


def row(name, width):
    return next(found for found in ROWS if found[0] == name and len(found) == width)


@pytest.mark.parametrize("name", VAES)
def test_the_table_of_bounds(name):
    found = VALUES["VAE"][VAES[name]]
    expected = [
        name,
        *(cell(found[key], 1) for key in ("reports", "bound", "likelihood")),
        f"{confidence_interval(found['KL']).mean:.1f}",
    ]
    printed = row(name, 5)
    assert printed == (
        expected if printed[1] != "another unit" else [name, "another unit", *expected[2:]]
    )


@pytest.mark.parametrize("name", CRITICS)
def test_the_table_of_critics(name):
    plane, wide = (VALUES["critic"][dim][CRITICS[name]] for dim in ("2", "64"))
    digits = 0 if "bug-9" in name else 2
    far = "beyond 10,000" if min(wide["distance"]) > 10_000 else cell(wide["distance"], digits)
    assert row(name, 4) == [
        name,
        cell(plane["distance"], digits),
        far,
        cell(plane["steepest"], digits),
    ]


def test_what_the_text_says_of_the_bounds():
    above = {
        name
        for name, found in VALUES["VAE"].items()
        if all(r > q for r, q in zip(found["reports"], found["likelihood"]))
    }
    assert above - {"bug-3, mean error"} == {"bug-2", "bug-4"}  # the mean error is in another unit
    on_all, between = len(VALUES["there"]), {}
    for name in ("bug-1, log σ", "bug-2, exp v", "bug-3, mean KL"):
        found = VALUES["VAE"][name]
        assert all(b < r for b, r in zip(found["bound"], found["reports"])), name
        between[name] = sum(r < q for r, q in zip(found["reports"], found["likelihood"]))
    few = between.pop("bug-3, mean KL")
    assert set(between.values()) == {on_all}
    assert f"on {few} of the {on_all} seeds; on the other {on_all - few} its report" in PAGE
    gain = paired_difference(
        *(torch.tensor(VALUES["VAE"][name]["likelihood"]) for name in ("bug-3, mean KL", "right"))
    )
    assert "{:.2f} [{:.2f}, {:.2f}]".format(*gain) in PAGE
    best = max(
        (n for n in VALUES["VAE"] if n != "bug-3, mean error"),
        key=lambda n: confidence_interval(VALUES["VAE"][n]["reports"]).mean,
    )
    fall = [
        confidence_interval(VALUES["VAE"][name]["likelihood"]).mean for name in ("right", "bug-4")
    ]
    assert best == "bug-4" and f"{fall[0] - fall[1]:.0f} nats below" in PAGE
