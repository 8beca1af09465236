"""What the museum says of AVB's three mistakes is what the recorded run has."""

import math

import pytest
import torch

from onekl.measure.intervals import confidence_interval
from onekl.training.records import recorded
from paths import ROOT

VALUES = recorded("museum_avb")["values"]
PAGE = (ROOT / "book/museum.md").read_text(encoding="utf-8").split("## Three mistakes in AVB")[1]
BEST = -math.log(4)


def cell(values):
    found = "{:.2f} [{:.2f}, {:.2f}]".format(*confidence_interval(values))
    return found.replace("-0.00", "0.00").replace("-", "−")


@pytest.mark.parametrize("name", VALUES)
def test_the_table(name):
    found = VALUES[name]
    report = "grows for ever" if min(found["report"]) > 1e8 else cell(found["report"])
    rest = " | ".join(cell(found[measure]) for measure in ("likelihood", "reconstruction"))
    assert f"| {name} | {report} | {rest} |" in PAGE


def test_how_often_the_right_report_is_above_what_a_model_can_have():
    reports = VALUES["right"]["report"]
    above = [report for report in reports if report > BEST]
    assert f"on {len(above)} of the {len(reports)} seeds the report is above $-1.39$" in PAGE
    assert f"by {max(above) - BEST:.2f} at most" in PAGE


def test_the_codes_of_exchanged_labels_run_away_on_every_seed():
    assert min(VALUES["bug-12"]["size"]) > 1e8 and "more than $10^8$ from the origin" in PAGE


def test_without_a_code_the_loss_is_that_of_four_coins():
    share = torch.tensor(0.25)
    no_code = 4 * torch.distributions.Bernoulli(share).entropy()
    assert f"would be {no_code:.2f}" in PAGE
    assert all(2 < least <= no_code + 0.01 for least in VALUES["bug-13"]["reconstruction"])


def test_bug_11_reports_too_much_and_has_a_good_model():
    assert min(VALUES["bug-11"]["report"]) > BEST + 1
    gap = confidence_interval(VALUES["right"]["likelihood"]).mean
    assert 0 < gap - confidence_interval(VALUES["bug-11"]["likelihood"]).mean < 0.01
