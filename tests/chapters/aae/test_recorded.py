"""The AAE chapter's tables and the verdicts of its text are those of the recorded run."""

import torch
from scipy import stats

from onekl.measure.intervals import confidence_interval, paired_difference
from onekl.training.records import recorded
from paths import ROOT

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


def thousandths(found, where="held-out"):
    return 1e3 * torch.tensor(found[f"MMD², {where}"], dtype=torch.float64)


def interval(one, other, where="held-out"):
    """The paired difference of 1000 MMD², one minus other."""
    return paired_difference(thousandths(one, where), thousandths(other, where))


def in_brackets(found, digits=1):
    return f"{found.mean:+.{digits}f} [{found.low:.{digits}f}, {found.high:.{digits}f}]".replace(
        "-", "−"
    )


def gap(name, runs="codes"):
    """The paired difference of 1000 MMD² to λ = 0, as the page prints it."""
    return in_brackets(interval(VALUES[runs][name], VALUES[runs]["0"]))


def likelihood_gap(lam, key):
    """The paired difference of a likelihood to the VAE's, over the seeds."""
    return paired_difference(
        *(torch.tensor(VALUES["likelihood"][model][key]) for model in (f"AAE, λ = {lam}", "VAE"))
    )


def words(name):
    """k = 5, λ′ = 50 as the page writes it; rates and noise stay words."""
    parts = (f"${part}$" if "=" in part else part for part in name.split(", "))
    return ", ".join(parts).replace("λ′", "\\lambda'").replace("λ", "\\lambda")


def test_the_codes_against_the_prior():
    rows = {
        "VAE" if name == "VAE" else f"AAE, $\\lambda = {name}$": found
        for name, found in VALUES["codes"].items()
    }
    rows |= {
        f"AAE, $\\lambda = {name}$, three times the steps": found
        for name, found in VALUES["longer"].items()
    }
    for name, found in rows.items():
        assert f"| {' | '.join([name, half(found['error, held-out'], 2), *codes(found)])} |" in PAGE
    assert len(rows) == 10


def test_the_level_of_the_test():
    assert f"{half(VALUES['prior']['rejected'], 1, 100)} % of the tests" in PAGE


def test_the_dropped_term():
    for name, found in VALUES["terms"].items():
        assert f"| {' | '.join([words(name), *codes(found), half(found['moved'], 2)])} |" in PAGE


def test_the_likelihoods():
    for key, words in (
        ("bound", "bound su-7"),
        ("sampled", "likelihood, sampled"),
        ("100 summed", "likelihood, 100 images summed"),
    ):
        cells = [half(found[key], 2) for found in VALUES["likelihood"].values()]
        assert f"| {words} | {' | '.join(cells)} |" in PAGE


def test_the_differences_in_the_text():
    assert f"is {gap('0.1')} at $\\lambda = 0.1$ and {gap('1')} at $\\lambda = 1$." in PAGE
    assert (
        f"disturbs the game: {gap('10')} at $\\lambda = 10$, {gap('1000')} at $\\lambda = 1000$,"
        in PAGE
    )
    assert f"the difference is {gap('10', 'longer')}." in PAGE
    assert all(
        interval(VALUES["longer"]["10"], VALUES["longer"]["0"], where).low < 0
        for where in ("held-out", "training")
    )  # "not supported"


def test_the_pure_game_of_other_lengths():
    codes, longer, short = VALUES["codes"], VALUES["longer"]["0"], VALUES["terms"]["k = 1, nothing"]
    tenth, one = (interval(codes[name], short) for name in ("0.1", "1"))
    end = half(short["MMD², held-out"], 1, 1e3)
    gap = f"{tenth.mean:+.1f} [{tenth.low:.1f}, {tenth.high:.2f}]".replace("-", "−")
    difference = f"and beside that the difference is {gap}"
    assert f"ends at {end}, {difference}" in PAGE
    assert f"$\\lambda = 0.1$ and {in_brackets(one)} at $\\lambda = 1$ (on training images" in PAGE
    training = [in_brackets(interval(codes[name], short, "training")) for name in ("0.1", "1")]
    assert f"(on training images {' and '.join(training)})" in PAGE
    late, early = interval(longer, codes["0"]), interval(codes["0"], short)
    assert f"do not show it: 9,000 steps minus 3,000 is {in_brackets(late)}," in PAGE
    assert f"and 3,000 minus 600 is {in_brackets(early)}." in PAGE
    assert all(gap.low < 0 < gap.high for gap in (one, late, early)) and tenth.high < 0
    grown = (thousandths(longer) > thousandths(codes["0"])).sum()
    *others, farthest = sorted(thousandths(longer))
    assert f"than with 3,000 on {grown} of 12 seeds" in PAGE
    assert f"one seed ends at {farthest:.0f}, and all others below 25." in PAGE and max(others) < 25


def test_the_codes_of_the_vae_and_the_aae():
    vae, codes = VALUES["codes"]["VAE"], VALUES["codes"]
    assert f"VAE minus AAE is {in_brackets(interval(vae, codes['1']))}." in PAGE
    both = [in_brackets(interval(vae, found)) for found in (codes["10"], VALUES["longer"]["10"])]
    assert f"nearer: {both[0]}, and {both[1]} beside three times the steps" in PAGE
    assert all(interval(vae, codes[name]).low > 0 for name in ("0", "0.01", "0.1", "1"))
    assert all(
        half(codes[name]["error, held-out"], 1) == half(vae["error, held-out"], 1)
        for name in ("1", "10")
    )


def test_the_differences_of_the_likelihoods():
    for key, words in (("100 summed", "100 images, summed"), ("sampled", "360 images, sampled")):
        cells = [in_brackets(likelihood_gap(lam, key), 2) for lam in ("0.1", "1", "10")]
        assert f"| {words} | {' | '.join(cells)} |" in PAGE
    lost = [
        (torch.tensor(found["100 summed"]) - torch.tensor(found["100 sampled"])).mean()
        for found in (VALUES["likelihood"][name] for name in ("AAE, λ = 1", "VAE"))
    ]
    assert f"{lost[0]:.2f} and {lost[1]:.2f} nats on the 100 images" in PAGE


def test_the_divergence_on_training_images():
    one, plain = (VALUES["terms"][name] for name in ("k = 5, noise, KL", "k = 1, noise"))
    found = interval(plain, one, "training")
    p = stats.ttest_rel(thousandths(one, "training"), thousandths(plain, "training")).pvalue
    assert (
        f"ahead by {found.mean:.1f} [{found.low:.2f}, {found.high:.1f}], with p = {p:.3f}" in PAGE
    )


def test_the_other_numbers_in_the_text():
    assert (
        f"at $\\lambda = 1$ is {half(VALUES['likelihood']['AAE, λ = 1']['100 summed, 1/2λ'], 1)},"
        in PAGE
    )
    whole, information, marginal = (half(values, 2) for values in VALUES["split"].values())
    assert f"KL term, {whole} nats, {information} are $I(x; z)$ and {marginal} are" in PAGE


def test_what_the_text_concludes():
    """The words of the section, as conditions on the record."""
    differ = {
        name: interval(found, VALUES["codes"]["0"]) for name, found in VALUES["codes"].items()
    }
    assert differ["0.1"].high < 0 and differ["1"].low < 0 < differ["1"].high
    assert all(differ[name].low > 0 for name in ("10", "100", "1000"))
    terms = VALUES["terms"]
    for name, without in {
        "λ′ = 5": "nothing",
        "λ′ = 50": "nothing",
        "noise, λ′ = 50": "noise",
        "noise, KL": "noise",
    }.items():
        one = terms[f"k = 5, {name}"]
        assert interval(one, terms[f"k = 5, {without}"]).high < 0
        assert interval(one, terms[f"k = 1, {without}"]).high > 0
    for key in ("100 summed", "sampled"):
        assert likelihood_gap("0.1", key).high < 0
        assert likelihood_gap("10", key).low < 0 < likelihood_gap("10", key).high
        assert likelihood_gap("1", key).low > 0
