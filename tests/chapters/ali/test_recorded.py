"""The recorded run of ALI's four objectives is complete, and the page tells what it shows."""

import json

import numpy as np
import pytest
import torch

from onekl.measure.intervals import confidence_interval, paired_difference
from onekl.training.records import recorded
from paths import ROOT

OBJECTIVES, KINDS = ("su-40", "su-41", "su-42", "su-43"), ("Gaussian", "Dirac", "normalised")
BASELINE_KINDS = ("Gaussian", "Gaussian E")
MEASURES = ("joint", "x", "z", "x → x", "z → z", "neighbour")


def nest_of(name):
    """{(data, run): {(objective, kind): {measure: its numbers}}} of a record."""
    nest = {}
    for column in recorded(name)["values"]:
        data, run, objective, kind = column.key.values()
        of_arm = nest.setdefault((data, run), {}).setdefault((objective, kind), {})
        of_arm[column.measure] = column.numbers
    return nest


@pytest.fixture(scope="module")
def found():
    return nest_of("ali")


@pytest.fixture(scope="module")
def baseline():
    return nest_of("ali_baseline")


@pytest.fixture(scope="module")
def page():
    return (ROOT / "book/ali.md").read_text(encoding="utf-8")


def values(found, title, objective, kind, name):
    one = torch.tensor(found[title][objective, kind][name], dtype=torch.float64)
    return one.log() if "→" in name else one


def as_well(found, *runs, one="su-41"):
    """For each condition whether the objective `one` is worse than neither minimax loss.

    It has to be so on every measure.
    """
    conditions = [
        (title, kind)
        for title, arms in found.items()
        if title[1] in runs
        for kind in dict.fromkeys(kind for _, kind in arms)
    ]
    return [
        not any(worse(found, *condition, one, other) for other in ("su-42", "su-43"))
        for condition in conditions
    ]


def worse(found, title, kind, one, other):
    """The measures on which `one` is worse than `other`, by the notebook's rule."""
    pairs = {
        name: [values(found, title, objective, kind, name) for objective in (one, other)]
        for name in MEASURES
    }
    return {name for name, pair in pairs.items() if paired_difference(*pair, 1 - 0.05 / 12).low > 0}


def test_the_record_has_every_condition_objective_and_measure(found):
    assert set(found) == {
        (name, run)
        for name in ("ring", "grid", "digits")
        for run in ("common", "searched", "longer")
    }
    for title, arms in found.items():
        assert set(arms) == {(objective, kind) for objective in OBJECTIVES for kind in KINDS}
        needed = (
            set(MEASURES)
            | {"scale"}
            | ({"p joint", "p x", "p z"} if title[1] != "longer" else set())
        )
        assert all(needed <= set(measures) for measures in arms.values())


def test_the_baseline_has_every_objective_and_measure(baseline):
    assert set(baseline) == {("ring", "baseline"), ("grid", "baseline")}
    needed = {*MEASURES, "scale", "modes", "fair", "quality", "reverse KL"}
    for arms in baseline.values():
        assert set(arms) == {
            (objective, kind) for objective in OBJECTIVES for kind in BASELINE_KINDS
        }
        assert all(needed <= set(measures) for measures in arms.values())


def test_the_page_prints_the_recorded_joint(found):
    page = (ROOT / "book/ali.md").read_text(encoding="utf-8")
    for name in ("ring", "grid", "digits"):
        for kind in KINDS:
            ends = [
                confidence_interval(values(found, (name, "searched"), objective, kind, "joint"))
                for objective in OBJECTIVES
            ]
            cells = [f"{end.mean:.3f} ± {end.high - end.mean:.3f}" for end in ends]
            assert f"| {name}, {kind} | {' | '.join(cells)} |" in page


def test_the_page_prints_the_recorded_scale(found):
    page = (ROOT / "book/ali.md").read_text(encoding="utf-8")
    for name in ("ring", "grid", "digits"):
        for kind in ("Gaussian", "Dirac"):
            runs = [found[name, "searched"][objective, kind] for objective in OBJECTIVES]
            means = [torch.tensor(run["scale"]).log().mean().exp() for run in runs]
            cells = [f"{mean:.2g}" if mean < 10 else f"{mean:.0f}" for mean in means]
            assert f"| {name}, {kind} | {' | '.join(cells)} |" in page


def test_the_verdict_follows_from_the_records(found, baseline):
    """The notebook's finding and the page's count, by an independent reading of the rule."""
    short, better = as_well(found, "common", "searched"), as_well(baseline, "baseline")
    every = short + better
    word = "supported" if all(every) else "mixed" if any(every) else "not supported"
    notebook = json.loads((ROOT / "notebooks/ali-trial.ipynb").read_text(encoding="utf-8"))
    outputs = [
        out["data"]
        for cell in notebook["cells"]
        for out in cell.get("outputs", [])
        if "data" in out
    ]
    (finding,) = [
        data["application/vnd.onekl.finding+json"]
        for data in outputs
        if "application/vnd.onekl.finding+json" in data
    ]
    assert (finding["id"], finding["verdict"], finding["seeds"]) == (
        "su-t15",
        word,
        len(recorded("ali")["seeds"]),
    )
    assert f"in {sum(every)} of {len(every)} conditions" in finding["effect"]
    page = (ROOT / "book/ali.md").read_text(encoding="utf-8")
    assert f"in {sum(short)} of the {len(short)} conditions" in page
    assert f"in {sum(better)} of the {len(better)} conditions on this baseline" in page
    complete = as_well(baseline, "baseline", one="su-40")
    assert f"su-40 does so in {sum(complete)} of the {len(complete)}, at a rate" in page
    later = as_well(found, "longer")
    assert f"in {sum(later)} of the {len(later)} conditions" in page


def test_the_page_prints_the_baseline(baseline, page):
    """The generated x of the objectives that are named there, with 95 % intervals."""
    places = {"modes": (1, 1), "quality": (1, 100), "reverse KL": (2, 1)}
    for name in ("ring", "grid"):
        for kind in BASELINE_KINDS:
            for objective in OBJECTIVES:
                run = baseline[name, "baseline"][objective, kind]
                ends = [
                    (
                        confidence_interval(
                            scale * torch.tensor(run[measure], dtype=torch.float64)
                        ),
                        digits,
                    )
                    for measure, (digits, scale) in places.items()
                ]
                cells = [
                    f"{end.mean:.{digits}f} ± {end.high - end.mean:.{digits}f}"
                    for end, digits in ends
                ]
                assert f"| {name}, {kind}, {objective} | {' | '.join(cells)} |" in page


def joints(found, objective, run):
    """{condition: the joint's statistic (S,)} for the nine pairs of data and kind."""
    return {
        f"{name}, {kind}": values(found, (name, run), objective, kind, "joint")
        for name in ("ring", "grid", "digits")
        for kind in KINDS
    }


def test_the_page_names_every_searched_rate_that_is_worse(found):
    page = (ROOT / "book/ali.md").read_text(encoding="utf-8")
    for objective in OBJECTIVES:
        common, searched = joints(found, objective, "common"), joints(found, objective, "searched")
        larger = [
            f"{common[key].mean():.3f} ({key})"
            for key in common
            if searched[key].mean() > common[key].mean()
        ]
        some = f"{objective} in {len(larger)} condition{'s' * (len(larger) > 1)}"
        assert f"{some}, {', '.join(larger)}" in page if larger else f"{objective} in none" in page


def test_the_page_counts_the_smallest_means(found):
    """At the searched rates, and with the better of the two rates for each objective."""
    means = {
        run: {
            one: {key: value.mean() for key, value in joints(found, one, run).items()}
            for one in OBJECTIVES
        }
        for run in ("common", "searched")
    }
    better = {
        one: {key: min(means[run][one][key] for run in means) for key in means["common"][one]}
        for one in OBJECTIVES
    }
    wins = [
        sum(min(OBJECTIVES, key=lambda one: table[one][key]) == "su-40" for key in table["su-40"])
        for table in (better, means["searched"])
    ]
    better_rates = f"and in {wins[0]} with the better of its two rates for each objective"
    page = (ROOT / "book/ali.md").read_text(encoding="utf-8")
    assert f"su-40 has the smallest mean in {wins[1]} of the 9 rows, {better_rates}" in page


def test_the_page_counts_the_repeated_runs(found):
    same = [
        sum(
            found[name, "common"][one, kind]["joint"] == found[name, "searched"][one, kind]["joint"]
            for name in ("ring", "grid", "digits")
            for kind in KINDS
        )
        for one in OBJECTIVES
    ]
    assert same == [4, 0, 2, 1]
    page = (ROOT / "book/ali.md").read_text(encoding="utf-8")
    assert "four times for su-40, twice for su-42, once for su-43, never for su-41" in page


def test_the_page_tells_how_the_complete_loss_fares(found):
    page = (ROOT / "book/ali.md").read_text(encoding="utf-8")
    counts = [sum(as_well(found, run, one="su-40")) for run in ("common", "searched", "longer")]
    common, searched = (f"in {count} of the 9" for count in counts[:2])
    assert f"{common} conditions at the common rate and {searched} at the searched one" in page
    assert f"In the longer runs it does so in {counts[2]} of the 9:" in page
    grown = {
        one: [
            paired_difference(joints(found, one, "longer")[key], old)
            for key, old in joints(found, one, "common").items()
        ]
        for one in OBJECTIVES
    }
    means = {one: sum(gap.mean > 0 for gap in gaps) for one, gaps in grown.items()}
    shown = sum(gap.low > 0 for gap in grown["su-40"])
    interval = f"with a 95 % interval above 0 in {shown} of them"
    assert f"grown in {means['su-40']} of the 9, {interval}" in page
    assert f"those of su-42 and su-43 have grown in {means['su-42']} and {means['su-43']}" in page


def test_no_p_value_is_printed_for_normalised_codes():
    notebook = json.loads((ROOT / "notebooks/ali-trial.ipynb").read_text(encoding="utf-8"))
    (text,) = [
        "".join(out.get("text", ""))
        for cell in notebook["cells"]
        for out in cell.get("outputs", [])
        if "seeds of 16 on which" in "".join(out.get("text", ""))
    ]
    rows = [
        line.split() for line in text.split("normalised")[1].splitlines() if line.startswith("su-")
    ]
    assert len(rows) == 4 and all(
        set(row[1::3] + row[3::3]) == {"–"} and all(cell.isdigit() for cell in row[2::3])
        for row in rows
    )


@pytest.fixture(scope="module")
def curve():
    """{data: {steps: {measure: its numbers (S,)}}} of the runs of growing length."""
    nest = {}
    for column in recorded("ali_steps")["values"]:
        measures = nest.setdefault(column.key["data"], {}).setdefault(column.key["steps"], {})
        measures[column.measure] = np.array(column.numbers)
    return nest


def test_the_curve_has_every_length_and_measure(curve):
    lengths = [2000 * 2**doubling for doubling in range(5)]
    assert {name: list(runs) for name, runs in curve.items()} == {"ring": lengths, "grid": lengths}
    measures = {"modes", "fair_modes", "high_quality", "reverse_kl"}
    assert all(set(run) == measures for runs in curve.values() for run in runs.values())


def test_the_page_prints_the_ends_of_the_curve(curve, page):
    seeds = len(recorded("ali_steps")["seeds"])
    first, last = list(curve["ring"])[:: len(curve["ring"]) - 1]
    assert f"su-42 with {seeds} seeds from {first:,} to {last:,} steps: on the ring" in page
    words = {}
    for name, runs in curve.items():
        ends = {key: confidence_interval(runs[last][key]) for key in ("high_quality", "modes")}
        quality, modes = (
            f"{scale * end.mean:.1f} ± {scale * (end.high - end.mean):.1f}"
            for scale, end in zip((100, 1), ends.values())
        )
        grows = f"from {100 * runs[first]['high_quality'].mean():.1f} to {quality} %"
        words[name] = grows, modes, f"{runs[first]['modes'].mean():.1f}"
    grows, modes, _ = words["ring"]
    assert f"on the ring its share of high quality grows {grows}, with {modes} modes" in page
    grows, modes, before = words["grid"]
    assert f"on the grid {grows}, while the modes fall from {before} to {modes}." in page


def test_the_page_prints_where_the_curve_points(curve, page):
    """The lengths at which a power law for what is missing meets PacGAN's shares."""
    ceiling, at = 100 * (1 - np.exp(-4.5)), []
    for count in (5, 3):
        for name, share in (("ring", 97.6), ("grid", 95.7)):
            steps = list(curve[name])[-count:]
            missing = [ceiling - 100 * curve[name][one]["high_quality"].mean() for one in steps]
            slope, start = np.polyfit(np.log(steps), np.log(missing), 1)
            assert slope < 0
            length = np.exp((np.log(ceiling - share) - start) / slope)
            at.append(f"{float(f'{length:.2g}'):,.0f}")
    assert f"at about {at[0]} steps on the ring and {at[1]} on the grid" in page
    assert f"and one through the last three at {at[2]} and {at[3]}:" in page
