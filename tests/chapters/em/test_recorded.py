"""The recorded run of the EM notebook, and the tables of the EM chapter that print it."""

import pytest
import torch

from onekl.measure.intervals import confidence_interval, paired_difference
from onekl.training.records import recorded
from paths import ROOT

RUN = recorded("em")
PAGE = (ROOT / "book/em.md").read_text(encoding="utf-8").replace("−", "-")
MODELS = {
    "one Gaussian": "one Gaussian",
    "linear, L = 2": "linear, $L = 2$",
    "linear, L = 5": "linear, $L = 5$",
    "VAE, L = 2": "VAE, $L = 2$",
    "VAE, L = 5": "VAE, $L = 5$",
    "mixture, EM": "mixture of ten, by EM",
    "mixture, Adam": "mixture of ten, by Adam",
    "mixture of 14, EM": "mixture of fourteen, by EM",
}
IMAGES = 1437  # the training images of the digits


def tensor(values):
    return torch.as_tensor(values, dtype=torch.float64)


def printed(values, digits=2):
    found = confidence_interval(tensor(values))
    mean, low, high = (f"{end:.{digits}f}" for end in (found.mean, found.low, found.high))
    return f"{mean} [{low}, {high}]"


@pytest.mark.parametrize("name, words", MODELS.items())
def test_the_chapter_prints_the_recorded_models(name, words):
    one = RUN["values"]["models"][name]
    bound = "the same" if one["bound"] == one["likelihood"] else printed(one["bound"])
    assert (
        f"| {words} | {int(one['trained'][0]):,} | {printed(one['likelihood'])} | {bound} |" in PAGE
    )


def difference(first, second):
    gap = paired_difference(tensor(first), tensor(second))
    return f"{gap.mean:+.2f} [{gap.low:.2f}, {gap.high:.2f}] nats"


def test_the_chapter_prints_the_leads_of_the_vae():
    likelihood = {name: one["likelihood"] for name, one in RUN["values"]["models"].items()}
    assert (
        f"{difference(likelihood['VAE, L = 5'], likelihood['mixture, EM'])} over the mixture of ten"
        in PAGE
    )
    assert (
        f"{difference(likelihood['VAE, L = 5'], likelihood['mixture of 14, EM'])}"
        " over the mixture of fourteen" in PAGE
    )


def test_the_chapter_prints_what_the_images_leave_open():
    models, error = (
        RUN["values"]["models"],
        RUN["values"]["error beside the mixture of 14"]["VAE, L = 5"][0],
    )
    lead = paired_difference(
        models["VAE, L = 5"]["likelihood"], models["mixture of 14, EM"]["likelihood"]
    ).mean
    assert f"by a standard error of {error:.2f} nats" in PAGE
    assert f"the lead is {lead / error:.1f} times that" in PAGE


def test_the_chapter_prints_what_each_training_cost():
    models, asked = RUN["values"]["models"], RUN["settings"]
    ratio = models["VAE, L = 5"]["trained"][0] / models["mixture of 14, EM"]["trained"][0]
    assert f"about {ratio:.0f} times the parameters of the mixture of fourteen" in PAGE
    assert (
        f"saw the images {asked['vae_steps'] * 128 / IMAGES:.0f} times, "
        f"that of the mixtures {asked['passes']} times" in PAGE
    )
    *_, before, last = tensor(RUN["values"]["passes"]["EM"]["training"]).T
    passes = asked["passes_shown"][-1] - asked["passes_shown"][-2]
    rise = difference(last, before).lstrip("+")
    assert f"rose by {rise} in the last {passes} passes" in PAGE


def test_the_words_of_the_chapter_follow_from_the_record():
    models = RUN["values"]["models"]
    mixtures = {name: one for name, one in models.items() if name.startswith("mixture")}
    for name, one in mixtures.items():
        lead = paired_difference(models["VAE, L = 5"]["likelihood"], one["likelihood"])
        assert lead.low < 0 < lead.high if name == "mixture of 14, EM" else lead.low > 0
        assert paired_difference(models["VAE, L = 5"]["bound"], one["likelihood"]).high < 0
        assert paired_difference(models["VAE, L = 2"]["likelihood"], one["likelihood"]).high < 0


def test_the_words_about_the_last_pass_follow_from_the_record():
    gap = {
        (name, key): paired_difference(*(tensor(one[key])[:, -1] for one in (its, of_em)))
        for of_em in [RUN["values"]["passes"]["EM"]]
        for name, its in RUN["values"]["passes"].items()
        for key in its
    }
    assert gap["Adam, −log q(x)", "training"].low > 0  # higher
    undecided = gap["Adam, −log q(x)", "held out"]
    assert undecided.low < 0 < undecided.high
    assert all(gap["Adam, amortised", key].high < 0 for key in ("training", "held out"))  # lower


def test_no_recorded_model_is_left_out():
    assert set(MODELS) == set(RUN["values"]["models"])


@pytest.mark.parametrize(
    "name, words",
    [
        ("EM", "EM"),
        ("Adam, −log q(x)", "Adam on $-\\log q(x)$"),
        ("Adam, amortised", "Adam, amortised encoder"),
    ],
)
@pytest.mark.parametrize("key", ["training", "held out"])
def test_the_chapter_prints_the_recorded_passes(name, words, key):
    columns = tensor(RUN["values"]["passes"][name][key]).T
    heading = (
        "| passes over the data, "
        + key
        + " | "
        + " | ".join(map(str, RUN["settings"]["passes_shown"]))
        + " |"
    )
    assert (
        f"| {words} | " + " | ".join(f"{column.mean():.2f}" for column in columns) + " |"
        in PAGE[PAGE.index(heading) :]
    )


def test_the_chapter_prints_the_recorded_differences():
    last = {
        name: {key: tensor(values)[:, -1] for key, values in one.items()}
        for name, one in RUN["values"]["passes"].items()
    }
    for key in ("training", "held out"):
        for name in ("Adam, −log q(x)", "Adam, amortised"):
            lead = difference(last[name][key], last["EM"][key])
            assert f"{lead} on the {key.replace(' ', '-')} images" in PAGE
    amortised = RUN["values"]["amortised"]
    gap = tensor(amortised["training"]) - tensor(amortised["bound"])
    assert f"a gap of {printed(gap, 4)} nats" in PAGE
