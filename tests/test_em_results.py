"""The recorded run of the EM notebook, and the tables of the EM chapter that print it."""

import pytest
import torch
from conftest import ROOT

from onekl.metrics import confidence_interval, paired_difference
from onekl.results import recorded

RUN = recorded("em")
PAGE = (ROOT / "book/em.md").read_text(encoding="utf-8").replace("−", "-")
MODELS = {"one Gaussian": "one Gaussian", "linear, L = 2": "linear, $L = 2$", "linear, L = 5": "linear, $L = 5$",
          "VAE, L = 2": "VAE, $L = 2$", "VAE, L = 5": "VAE, $L = 5$", "mixture, EM": "mixture of ten, by EM",
          "mixture, Adam": "mixture of ten, by Adam"}


def tensor(values):
    return torch.as_tensor(values, dtype=torch.float64)


def printed(values):
    found = confidence_interval(tensor(values))
    return f"{found.mean:.2f} [{found.low:.2f}, {found.high:.2f}]"


@pytest.mark.parametrize("name, words", MODELS.items())
def test_the_chapter_prints_the_recorded_models(name, words):
    one = RUN["values"]["models"][name]
    bound = "the same" if one["bound"] == one["likelihood"] else printed(one["bound"])
    assert f"| {words} | {int(one['trained'][0]):,} | {printed(one['likelihood'])} | {bound} |" in PAGE


def test_the_chapter_prints_what_the_images_leave_open():
    models = RUN["values"]["models"]
    assert f"by a standard error of {models['VAE, L = 5']['error'][0]:.2f} nats" in PAGE
    assert f"about {models['VAE, L = 5']['trained'][0] / models['mixture, EM']['trained'][0]:.0f} times the mixture's parameters" in PAGE


def test_no_recorded_model_is_left_out():
    assert set(MODELS) == set(RUN["values"]["models"])


@pytest.mark.parametrize("name, words", [("EM", "EM"), ("Adam, −log q(x)", "Adam on $-\\log q(x)$"), ("Adam, amortised", "Adam, amortised encoder")])
@pytest.mark.parametrize("key", ["training", "held out"])
def test_the_chapter_prints_the_recorded_passes(name, words, key):
    columns = tensor(RUN["values"]["passes"][name][key]).T
    heading = "| passes over the data, " + key + " | " + " | ".join(map(str, RUN["settings"]["passes_shown"])) + " |"
    assert f"| {words} | " + " | ".join(f"{column.mean():.2f}" for column in columns) + " |" in PAGE[PAGE.index(heading):]


def test_the_chapter_prints_the_recorded_differences():
    last = {name: {key: tensor(values)[:, -1] for key, values in one.items()} for name, one in RUN["values"]["passes"].items()}
    for key in ("training", "held out"):
        gap = paired_difference(last["Adam, −log q(x)"][key], last["EM"][key])
        assert f"{gap.mean:+.2f} [{gap.low:.2f}, {gap.high:.2f}] nats on the {key.replace(' ', '-')} images" in PAGE
    amortised = RUN["values"]["amortised"]
    assert f"a gap of {printed(tensor(amortised['training']) - tensor(amortised['bound']))} nats" in PAGE
