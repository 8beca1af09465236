"""The recorded run of ALI's four objectives: complete, and the figures and words of the chapter's page come from it."""

import json

import pytest
import torch

from conftest import ROOT

from onekl.metrics import confidence_interval, paired_difference
from onekl.results import recorded

OBJECTIVES, KINDS = ("su-40", "su-41", "su-42", "su-43"), ("Gaussian", "Dirac", "normalised")
MEASURES = ("joint", "x", "z", "x → x", "z → z", "neighbour")


@pytest.fixture(scope="module")
def found():
    return recorded("ali")["values"]["found"]


def values(found, title, objective, kind, name):
    one = torch.tensor(found[title][f"{objective}, {kind}"][name], dtype=torch.float64)
    return one.log() if "→" in name else one


def as_well(found, longer):
    """For each condition of the longer runs, or of the others, whether su-41 is worse than neither minimax loss on any measure."""
    conditions = [(title, kind) for title in found if title.endswith("longer") == longer for kind in KINDS]
    return [not any(worse(found, *condition, "su-41", other) for other in ("su-42", "su-43")) for condition in conditions]


def worse(found, title, kind, one, other):
    """The measures on which ``one`` is worse than ``other``, by the notebook's rule."""
    pairs = {name: [values(found, title, objective, kind, name) for objective in (one, other)] for name in MEASURES}
    return {name for name, pair in pairs.items() if paired_difference(*pair, 1 - 0.05 / 12).low > 0}


def test_the_record_has_every_condition_objective_and_measure(found):
    assert set(found) == {f"{name}, {run}" for name in ("ring", "grid", "digits") for run in ("common", "searched", "longer")}
    for title, arms in found.items():
        assert set(arms) == {f"{objective}, {kind}" for objective in OBJECTIVES for kind in KINDS}
        needed = set(MEASURES) | {"scale"} | ({"p joint", "p x", "p z"} if not title.endswith("longer") else set())
        assert all(needed <= set(measures) for measures in arms.values())


def test_the_page_prints_the_recorded_joint(found):
    page = (ROOT / "book/ali.md").read_text(encoding="utf-8")
    for name in ("ring", "grid", "digits"):
        for kind in KINDS:
            ends = [confidence_interval(values(found, f"{name}, searched", objective, kind, "joint")) for objective in OBJECTIVES]
            cells = [f"{end.mean:.3f} ± {end.high - end.mean:.3f}" for end in ends]
            assert f"| {name}, {kind} | {' | '.join(cells)} |" in page


def test_the_page_prints_the_recorded_scale(found):
    page = (ROOT / "book/ali.md").read_text(encoding="utf-8")
    for name in ("ring", "grid", "digits"):
        for kind in ("Gaussian", "Dirac"):
            means = [torch.tensor(found[f"{name}, searched"][f"{objective}, {kind}"]["scale"]).log().mean().exp() for objective in OBJECTIVES]
            assert f"| {name}, {kind} | {' | '.join(f'{mean:.2g}' if mean < 10 else f'{mean:.0f}' for mean in means)} |" in page


def test_the_verdict_follows_from_the_record(found):
    """The finding in the notebook, and the page's count of conditions, by an independent reading of the rule."""
    short = as_well(found, longer=False)
    word = "supported" if all(short) else "mixed" if any(short) else "not supported"
    notebook = json.loads((ROOT / "notebooks/ali-train.ipynb").read_text(encoding="utf-8"))
    outputs = [out["data"] for cell in notebook["cells"] for out in cell.get("outputs", []) if "data" in out]
    finding, = [data["application/vnd.onekl.finding+json"] for data in outputs if "application/vnd.onekl.finding+json" in data]
    assert (finding["id"], finding["verdict"], finding["seeds"]) == ("su-t15", word, len(recorded("ali")["seeds"]))
    assert f"in {sum(short)} of {len(short)} conditions" in finding["effect"]
    page = (ROOT / "book/ali.md").read_text(encoding="utf-8")
    assert f"in {sum(short)} of the {len(short)} conditions" in page
    assert f"in {sum(as_well(found, longer=True))} of the 9 conditions" in page
