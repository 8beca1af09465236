"""The AAE chapter's tables are those of the recorded run, and so are the verdicts that its text gives."""

import torch
from conftest import ROOT

from onekl.metrics import confidence_interval, paired_difference
from onekl.results import recorded

VALUES = recorded("aae")["values"]
PAGE = (ROOT / "book/aae.md").read_text(encoding="utf-8")


def half(values, digits=1, scale=1):
    """A mean with half of its interval, as the page prints it."""
    found = confidence_interval(scale * torch.tensor(values, dtype=torch.float64))
    return f"{found.mean:.{digits}f} ± {found.high - found.mean:.{digits}f}".replace("-", "−")


def rejected(found):
    return f"{sum(value <= 0.05 for value in found['p, held-out'])} of {len(found['p, held-out'])}"


def codes(found):
    return [half(found["MMD², held-out"], 1, 1e3), rejected(found)]


def interval(one, other):
    """The paired difference of 1000 MMD² on held-out images, one minus other."""
    return paired_difference(*(1e3 * torch.tensor(found["MMD², held-out"], dtype=torch.float64) for found in (one, other)))


def in_brackets(found):
    return f"{found.mean:+.1f} [{found.low:.1f}, {found.high:.1f}]".replace("-", "−")


def gap(name, runs="codes"):
    """The paired difference of 1000 MMD² to λ = 0, as the page prints it."""
    return in_brackets(interval(VALUES[runs][name], VALUES[runs]["0"]))


def likelihood_gap(name):
    """The paired difference of the summed likelihood to the VAE's, as the page prints it."""
    both = (torch.tensor(VALUES["likelihood"][model]["100 summed"]) for model in (name, "VAE"))
    return in_brackets(paired_difference(*both))


def words(name):
    """k = 5, λ′ = 50 as the page writes it; rates and noise stay words."""
    parts = (f"${part}$" if "=" in part else part for part in name.split(", "))
    return ", ".join(parts).replace("λ′", "\\lambda'").replace("λ", "\\lambda")


def test_the_codes_against_the_prior():
    rows = {"VAE" if name == "VAE" else f"AAE, $\\lambda = {name}$": found for name, found in VALUES["codes"].items()}
    rows |= {f"AAE, $\\lambda = {name}$, three times the steps": found for name, found in VALUES["longer"].items()}
    for name, found in rows.items():
        assert f"| {' | '.join([name, half(found['error, held-out'], 2), *codes(found)])} |" in PAGE
    assert len(rows) == 10


def test_the_level_of_the_test():
    assert f"{half(VALUES['prior']['rejected'], 1, 100)} % of the tests" in PAGE


def test_the_dropped_term():
    for name, found in VALUES["terms"].items():
        assert f"| {' | '.join([words(name), *codes(found), half(found['moved'], 2)])} |" in PAGE


def test_the_likelihoods():
    for key, words in (("bound", "bound su-7"), ("sampled", "likelihood, sampled"), ("100 summed", "likelihood, 100 images summed")):
        cells = [half(found[key], 2) for found in VALUES["likelihood"].values()]
        assert f"| {words} | {' | '.join(cells)} |" in PAGE


def test_the_differences_in_the_text():
    assert f"is {gap('0.1')} at $\\lambda = 0.1$ and {gap('1')} at $\\lambda = 1$." in PAGE
    assert f"disturbs it: {gap('10')} at $\\lambda = 10$, {gap('1000')} at $\\lambda = 1000$," in PAGE
    assert f"the difference is {gap('10', 'longer')}." in PAGE
    for name in ("1", "10", "0.1"):
        assert f"$\\lambda = {name}$ {'has ' * (name == '1')}{likelihood_gap(f'AAE, λ = {name}')}" in PAGE


def test_the_other_figures_in_the_text():
    assert f"at $\\lambda = 1$ is {half(VALUES['likelihood']['AAE, λ = 1']['100 summed, 1/2λ'], 1)}," in PAGE
    whole, information, marginal = (half(values, 2) for values in VALUES["split"].values())
    assert f"KL term, {whole} nats, {information} are $I(x; z)$ and {marginal} are" in PAGE


def test_what_the_text_concludes():
    """The words of the section, as conditions on the record."""
    differ = {name: interval(found, VALUES["codes"]["0"]) for name, found in VALUES["codes"].items()}
    assert all(differ[name].high < 0 for name in ("0.1", "1")) and all(differ[name].low > 0 for name in ("10", "100", "1000"))
    terms = VALUES["terms"]
    for name, without in {"λ′ = 5": "nothing", "λ′ = 50": "nothing", "noise, λ′ = 50": "noise", "noise, KL": "noise"}.items():
        one = terms[f"k = 5, {name}"]
        assert interval(one, terms[f"k = 5, {without}"]).high < 0
        assert interval(one, terms[f"k = 1, {without}"]).high > 0
    vae = VALUES["likelihood"]["VAE"]["100 summed"]
    found = [paired_difference(torch.tensor(VALUES["likelihood"][f"AAE, λ = {name}"]["100 summed"]), torch.tensor(vae)) for name in (0.1, 1, 10)]
    assert found[0].high < 0 and all(one.low < 0 < one.high for one in found[1:])
