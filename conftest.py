"""For tests and notebooks: how strictly a notebook is compared, and that CI skips nothing."""

import os

import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_collect_file(file_path):
    """Compare every output of a check notebook; of the others those of the marked cells alone.

    nbval has one switch for a whole run; a notebook's file carries what the switch said.
    """
    outcome = yield
    for file in outcome.get_result() or []:
        if file_path.name.endswith(("-train.ipynb", "-trial.ipynb")):
            assert file.compare_outputs is True, (
                "nbval no longer has the attribute that this hook sets"
            )
            file.compare_outputs = False


def pytest_itemcollected(item):
    """Give a cell's last messages a minute to come: nbval's 5 seconds are few on a busy machine."""
    if hasattr(item, "output_timeout"):
        item.output_timeout = 60


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport():
    """Turn a skip into a failure when CI=true."""
    outcome = yield
    outcome.force_result(no_skip(outcome.get_result()))


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report():
    """The same for a whole file that skips itself."""
    outcome = yield
    outcome.force_result(no_skip(outcome.get_result()))


def no_skip(report):
    """Return the report, as a failure if it is a skip and this is CI."""
    if os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped in CI: {report.longrepr}"
    return report
