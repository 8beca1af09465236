"""Every training notebook on a pretend GPU: it runs, does not wait, and finds the CPU's numbers.

The notebooks are found by themselves, and cut down to a few seeds and steps by `pretend.cut`.
"""

from __future__ import annotations

import contextlib
import json

import matplotlib
import pytest
import torch

from onekl.training import run as runs
from panels import panels, require_it_follows
from paths import NOTEBOOKS, TRAINING
from pretend.cut import cut_down, replace_everywhere
from pretend.device import Device
from pretend.notebook import play
from pretend.same import differences
from pretend.watch import Watch

# Settings that a notebook's cells cannot do with less of, or that would take long.
GIVEN = {
    "aae-trial": {"steps": 40, "hidden": 16, "samples": 16},
    "avb-trial": {"samples": 32, "betas": 4},
    "em-trial": {"passes": 3},
    "faces-trial": {
        "side": 16,
        "dim": 4,
        "batch": 8,
        "first": 4,
        "faces": 256,
        "held_out": 64,
    },
    "gan-trial": {"seeds": 8},
    "regulariser-trial": {"steps": 40, "hidden": 32, "batch": {"ring": 8, "grid": 8}},
    "vae-train": {"held_out": 64},
}

# How many images are held out at the least, where it is not `FEW_IMAGES`.
IMAGES, FEW_IMAGES = {"ali-trial": 200}, 64

# Notebooks whose runs log each step, so that there is no step that must not wait.
LOUD = {"missing_term-trial"}

# Where a step that logs nothing waits for the device, though it need not: file and line.
# What is mended has to be taken from here.
WAITS = {}


@pytest.fixture
def alone(monkeypatch):
    """Torch and matplotlib as they are, whatever a notebook sets."""
    kept = torch.get_default_dtype(), torch.get_rng_state(), torch.backends.cudnn.deterministic
    monkeypatch.setenv("ONEKL_PROFILE", "quick")
    with matplotlib.rc_context({"backend": "Agg"}):
        yield
    torch.set_default_dtype(kept[0])
    torch.set_rng_state(kept[1])
    torch.backends.cudnn.deterministic = kept[2]


def records(folder):
    """The records in a folder, without their dates."""
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    return {name: {**json.loads(text), "date": None} for name, text in found.items()}


@contextlib.contextmanager
def played_on_both(name, monkeypatch, folder):
    """What the notebook left on the CPU and on the pretend device, and its runs there, watched.

    Of each side it is what was played, and the records.
    """
    path, given, dtype = NOTEBOOKS / f"{name}.ipynb", GIVEN.get(name, {}), torch.get_default_dtype()
    cut_down(monkeypatch, given, IMAGES.get(name, FEW_IMAGES))
    results = folder / "results"
    monkeypatch.setenv("ONEKL_RESULTS", str(results))
    monkeypatch.setenv("ONEKL_CHECKPOINTS", str(folder / "cpu"))
    cpu = play(path, given, draw=False), records(results)
    torch.set_default_dtype(dtype)
    monkeypatch.setenv("ONEKL_CHECKPOINTS", str(folder / "device"))
    with Device() as device:
        watch = Watch(monkeypatch, device, stop=True)
        replace_everywhere(monkeypatch, runs.device, lambda: device.place)
        yield cpu, (play(path, given, draw=True), records(results)), watch


@pytest.mark.parametrize("name", [path.stem for path in TRAINING])
def test_training_notebook_on_a_pretend_gpu(name, alone, monkeypatch, tmp_path):
    """Its runs are stopped and go on, and no step waits; all values are the CPU's, to the bit.

    The lesson's panel follows its controls.
    """
    with played_on_both(name, monkeypatch, tmp_path) as (cpu, device, watch):
        assert differences(cpu, device) == []
        for panel in panels(device[0].ends):
            require_it_follows(panel)
    assert watch.resumed, "no run was stopped and went on"
    assert bool(watch.quiet) == (name not in LOUD), f"{watch.quiet} steps that do not log"
    found = {(wait.line.file, wait.line.text) for wait in watch.waits}
    assert found == WAITS.get(name, set()), "\n".join(sorted(map(str, set(watch.waits))))
