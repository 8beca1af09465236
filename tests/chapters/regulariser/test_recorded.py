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


def test_the_regularisers_chapter_prints_the_recorded_trial():
    """Its table's rows: the term against the same loop, and against the best control twice."""
    page = (ROOT / "book/regulariser.md").read_text(encoding="utf-8").replace("−", "-")
    rows = {
        "the same loop without it": [],
        "the best control, as many discriminator steps": [],
        "the best control, as much computing": [],
    }
    for data in ("ring", "grid"):
        found = recorded("regulariser")["values"].where(data=data)
        for k, lam, compute in ((2, 10, "fair, 1.6×"), (5, 1, "fair, 3×")):
            same = {"k": k, "d": 1, "rate": 1, "z": "fresh"}
            arm, none = (found.one("fair", lam=weight, **same) for weight in (lam, 0))
            controls = [
                [one.numbers for one in found.where(lam=0) if one.measure == measure]
                for measure in ("fair", compute)
            ]
            best = [max(values, key=sum) for values in controls]
            for row, other in zip(rows.values(), (none, *best)):
                gap = paired_difference(torch.tensor(arm), torch.tensor(other))
                row.append(
                    f"{gap.mean:+.1f} [{gap.low:.1f}, {gap.high:.1f}]".replace("[-0.0,", "[0.0,")
                )
    for words, cells in rows.items():
        assert f"| {words} | {' | '.join(cells)} |" in page
