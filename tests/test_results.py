"""Recorded runs: what is written, what is read back, and what is refused."""

import math
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from conftest import ROOT

from onekl import results
from onekl.metrics import confidence_interval
from onekl.results import KEYS, record, recorded


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A package folder of its own that records are written to and read from."""
    monkeypatch.setattr(results, "files", lambda package: tmp_path)
    monkeypatch.setenv("ONEKL_RESULTS", str(tmp_path / "recorded"))
    monkeypatch.setenv("ONEKL_PROFILE", "quick")
    return tmp_path / "recorded"


def test_what_is_recorded_is_read_back(folder):
    values = {"ring": {"modes": torch.tensor([8, 7]), "share": [1 / 3, 2e-9]}, "curve": torch.ones(2, 3)}
    record("made", SimpleNamespace(steps=10, rate=1e-3), [0, 1], values)
    found = recorded("made")
    assert found.keys() == KEYS
    assert found["values"] == {"ring": {"modes": [8, 7], "share": [0.333333, 2e-9]}, "curve": [[1, 1, 1]] * 2}
    assert found["settings"] == {"steps": 10, "rate": 1e-3} and found["seeds"] == [0, 1]
    assert found["profile"] == "quick" and found["device"] and found["date"] and found["versions"]
    assert str(folder) not in (folder / "made.json").read_text()


def test_nothing_is_written_without_a_folder(folder, monkeypatch):
    monkeypatch.delenv("ONEKL_RESULTS")
    record("made", {}, [0], {"a": [1.0]})
    assert not folder.exists()


@pytest.mark.parametrize("values, words", [
    ({"a": [1.0]}, r"values\['a'\] has shape \(1,\).*each of 2 seeds"),
    ({"a": {"b": 3.0}}, r"values\['a'\]\['b'\] has shape \(\)"),
    ({"a": [1.0, math.nan]}, "not finite"),
])
def test_values_that_do_not_fit_the_seeds_are_refused(folder, values, words):
    with pytest.raises(ValueError, match=words):
        record("made", {}, [0, 1], values)
    assert not (folder / "made.json").exists()


@pytest.mark.parametrize("text, words", [
    (None, "no recorded run 'made'"), ("{", "is not JSON"), ("[]", "does not have the keys"), ('{"values": {}}', "does not have the keys"),
])
def test_a_missing_or_broken_record_is_one_clear_line(folder, text, words):
    if text is not None:
        folder.mkdir()
        (folder / "made.json").write_text(text)
    with pytest.raises(ValueError, match=words) as error:
        recorded("made")
    assert "\n" not in str(error.value)


def test_the_commit_is_that_of_the_package_or_none(monkeypatch, tmp_path):
    monkeypatch.setattr(results, "__file__", str(tmp_path / "results.py"))
    assert results._commit() is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert results._commit() is None


def test_each_committed_record_reads_and_is_small():
    for path in (Path(results.__file__).parent / "recorded").glob("*.json"):
        found = recorded(path.stem)
        assert found["name"] == path.stem and len(found["seeds"]) >= 3
        assert path.stat().st_size < 200_000


def test_the_chapter_prints_the_recorded_figures():
    """The rows of the GAN chapter's tables are those of the recorded run."""
    page = (ROOT / "book/gan.md").read_text(encoding="utf-8")
    for values in recorded("gan")["values"].values():
        cells = [confidence_interval(scale * torch.tensor(values[key])) for key, scale in (("modes", 1), ("high_quality", 100), ("reverse_kl", 1))]
        printed = [f"{c.mean:.{n}f} [{c.low:.{n}f}, {c.high:.{n}f}]" for c, n in zip(cells, (1, 1, 2))]
        assert f"| ours, 32 seeds | {' | '.join(printed)} |" in page
