"""The regulariser's page prints the numbers of its two recorded runs."""

import torch

from onekl.measure.intervals import confidence_interval, paired_difference
from onekl.training.records import recorded
from paths import ROOT


def halved(values):
    """A mean with half of its interval, as the pages print it."""
    found = confidence_interval(torch.tensor(values))
    return f"{found.mean:.0f} ± {found.high - found.mean:.0f}"


def test_the_regularisers_chapter_prints_the_recorded_faces():
    page = (ROOT / "book/regulariser.md").read_text(encoding="utf-8")
    faces = recorded("faces")["values"]
    assert f"have {halved(faces['held-out faces']['combinations'])}." in page
    for number in (1, 2):
        for kind, words in (("text", "the text describes it"), ("code", "the code ran it")):
            arms = [
                faces[f"experiment {number}"][f"{kind}, {arm}"]["combinations"]
                for arm in ("without", "with")
            ]
            without, with_it = (halved([course[-1] for course in arm]) for arm in arms)
            assert f"| experiment {number}, as {words} | {without} | {with_it}" in page
    for number, arm, words in (
        (1, "code, with", "the runs with the term end with {} more combinations"),
        (2, "code, with, λ × 10", "ten times the code's weight ends with {} more combinations"),
    ):
        arms = (faces[f"experiment {number}"][name] for name in (arm, "code, without"))
        ends = (torch.tensor(one["combinations"])[:, -1] for one in arms)
        gap = paired_difference(*ends)
        assert words.format(f"{gap.mean:.0f} [{gap.low:.0f}, {gap.high:.0f}]") in page


def cost(key):
    """What an arm costs for each discriminator step of the others, in passes."""
    return key["times"] * (7 + 5 * key["k"] + key["k"] * (key["lam"] > 0))


def printed(gap):
    return f"{gap.mean:+z.1f} [{gap.low:z.1f}, {gap.high:z.1f}]".replace("-", "−")


def test_the_regularisers_chapter_prints_the_recorded_trial():
    """Its tables' rows: the term against the same loop, and against the best control twice."""
    page = (ROOT / "book/regulariser.md").read_text(encoding="utf-8")
    values = recorded("regulariser")["values"]
    chosen = {
        (one.key["data"], one.key["k"]): one.key
        for one in values
        if one.key["lam"] and one.measure == "fair"
    }
    settings = [(data, k) for data in ("ring", "grid") for k in (2, 5)]
    assert chosen.keys() == set(settings)
    opponents = {
        "the same loop without it": lambda one, arm: {**one, "lam": arm["lam"]} == arm,
        "the best control, as many discriminator steps": lambda one, arm: one["times"] == 1,
        "the best control, as much computing": lambda one, arm: cost(one) <= 1.02 * cost(arm),
    }
    for measure, title in (("fair", "fair modes"), ("quality", "% of high quality")):
        words = [
            f"{data}, $k = {k}$, $\\lambda = {chosen[data, k]['lam']:g}$" for data, k in settings
        ]
        assert f"| {title}, minus | {' | '.join(words)} |" in page
        for opponent, belongs in opponents.items():
            cells = []
            for data, k in settings:
                arm = chosen[data, k]
                others = [
                    one.numbers
                    for one in values.where(data=data, lam=0)
                    if one.measure == measure and belongs(one.key, arm)
                ]
                gap = paired_difference(values.one(measure, **arm), max(others, key=sum))
                cells.append(printed(gap))
            assert f"| {opponent} | {' | '.join(cells)} |" in page
