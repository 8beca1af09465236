"""Recorded runs: what is written, what is read back, and what is refused."""

import math
import subprocess
from importlib.resources import files
from types import SimpleNamespace

import pytest
import torch

from onekl.training import commit as commits
from onekl.training import records
from onekl.training.commit import commit
from onekl.training.records import KEYS, record, recorded
from onekl.training.run import Run
from onekl.training.seeds import Seeds
from paths import ROOT


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A package folder of its own that records are written to and read from."""
    monkeypatch.setattr(records, "files", lambda package: tmp_path)
    monkeypatch.setenv("ONEKL_RESULTS", str(tmp_path / "recorded"))
    monkeypatch.setenv("ONEKL_CHECKPOINTS", str(tmp_path / "checkpoints"))
    monkeypatch.setenv("ONEKL_PROFILE", "quick")
    return tmp_path / "recorded"


def test_what_is_recorded_is_read_back(folder):
    values = {
        "ring": {"modes": torch.tensor([8, 7]), "share": [1 / 3, 2e-9]},
        "curve": torch.ones(2, 3),
    }
    record("made", SimpleNamespace(steps=10, rate=1e-3), [0, 1], values)
    found = recorded("made")
    assert found.keys() == KEYS
    assert found["values"] == {
        "ring": {"modes": [8, 7], "share": [0.333333, 2e-9]},
        "curve": [[1, 1, 1]] * 2,
    }
    assert found["settings"] == {"steps": 10, "rate": 1e-3} and found["seeds"] == [0, 1]
    assert found["profile"] == "quick" and found["device"] and found["date"] and found["versions"]
    assert str(folder) not in (folder / "made.json").read_text(encoding="utf-8")


def test_nothing_is_written_without_a_folder(folder, monkeypatch):
    monkeypatch.delenv("ONEKL_RESULTS")
    record("made", {}, [0], {"a": [1.0]})
    assert not folder.exists()


@pytest.mark.parametrize(
    "values, words",
    [
        ({"a": [1.0]}, r"values\['a'\] has shape \(1,\).*each of 2 seeds"),
        ({"a": {"b": 3.0}}, r"values\['a'\]\['b'\] has shape \(\)"),
        ({"a": [1.0, math.nan]}, "not finite"),
    ],
)
def test_values_that_do_not_fit_the_seeds_are_refused(folder, values, words):
    with pytest.raises(ValueError, match=words):
        record("made", {}, [0, 1], values)
    assert not (folder / "made.json").exists()


@pytest.mark.parametrize(
    "text, words",
    [
        (None, "no recorded run 'made'"),
        ("{", "is not JSON"),
        ("[]", "does not have the keys"),
        ('{"values": {}}', "does not have the keys"),
    ],
)
def test_a_missing_or_broken_record_is_one_clear_line(folder, text, words):
    if text is not None:
        folder.mkdir()
        (folder / "made.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=words) as error:
        recorded("made")
    assert "\n" not in str(error.value)


@pytest.fixture
def asked_anew():
    """The answer of git is forgotten before the test and after it."""
    commit.cache_clear()
    yield
    commit.cache_clear()


def test_the_commit_is_the_last_one_of_the_whole_package(asked_anew):
    git = ["git", "-C", str(ROOT), "log", "-1", "--format=%h", "--", "src/onekl"]
    told = subprocess.run(git, capture_output=True, text=True).stdout
    assert commit() == (told.strip() or None)  # nothing where the files are from an archive


def test_there_is_no_commit_without_a_repository(asked_anew, monkeypatch, tmp_path):
    monkeypatch.setattr(commits, "PACKAGE", tmp_path)
    assert commit() is None


def test_there_is_no_commit_without_git(asked_anew, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit() is None


def test_a_run_asks_for_the_commit_when_it_begins(asked_anew, folder, monkeypatch):
    """A record names the commit of its run's first step, whatever is committed before the last."""
    for _ in Run("made", {}, {}, Seeds([0])).steps(2):
        monkeypatch.setattr(commits.subprocess, "run", None)  # git cannot be asked any more
    record("made", {}, [0], {"a": [1.0]})
    assert recorded("made")["commit"] == commit()


def test_a_run_that_is_not_recorded_asks_for_no_commit(asked_anew, folder, monkeypatch):
    monkeypatch.delenv("ONEKL_RESULTS")
    monkeypatch.setattr(commits.subprocess, "run", None)
    assert list(Run("made", {}, {}, Seeds([0])).steps(2)) == [0, 1]


def test_each_committed_record_reads_and_is_small():
    paths = [path for path in (files("onekl") / "recorded").iterdir() if path.suffix == ".json"]
    assert paths
    for path in paths:
        found = recorded(path.stem)
        assert found["name"] == path.stem and len(found["seeds"]) >= 3
        assert path.stat().st_size < 200_000
