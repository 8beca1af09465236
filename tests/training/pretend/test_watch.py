"""The watch over a notebook's runs notices what is planted in a small loop."""

from __future__ import annotations

import pytest
import torch

from onekl.training.run import Run
from pretend.device import Device
from pretend.notebook import run_cell
from pretend.same import differences
from pretend.watch import Watch

LOOP = """
seeds = Seeds([1, 2], place)
z = seeds.child("z")
model = mlp(seeds.child("model"), [1, 4, 1])
optimiser = torch.optim.Adam(model.parameters(), 1e-2)
run = Run("small", {}, {"model": model, "optimiser": optimiser}, seeds)
for step in run.steps(8):
    loss = (model(z.normal(4, 1)) ** 2).mean((1, 2))
    optimiser.zero_grad()
    loss.sum().backward()
    optimiser.step()
    if step % 4 == 0:
        require_finite(step, model=loss)
        run.log(loss=loss)
"""
IMPORTS = """
import torch
from onekl.training.networks import mlp
from onekl.training.run import Run, require_finite
from onekl.training.seeds import Seeds
"""


def played(place, loop):
    """The names of the loop after it has run."""
    names = {"place": place}
    run_cell("loop", IMPORTS + loop, names)
    return names


@pytest.fixture
def compared(monkeypatch, tmp_path):
    """A function that gives what differs between CPU and device after a loop, and the watch."""
    monkeypatch.setenv("ONEKL_CHECKPOINTS", str(tmp_path))

    def compare(loop):
        cpu = played(torch.device("cpu"), loop)
        with Device() as device:
            watch = Watch(monkeypatch, device, stop=True)
            return differences(cpu, played(device.place, loop)), watch

    return compare


def test_a_right_loop_is_the_same_and_waits_for_nothing(compared):
    found, watch = compared(LOOP)
    assert (found, watch.waits, watch.quiet, watch.resumed) == ([], [], 6, 1)


def test_a_wait_in_a_quiet_step_is_found_with_its_line(compared):
    found, watch = compared(
        LOOP.replace("    optimiser.step()", "    optimiser.step(); loss.tolist()")
    )
    assert found == [] and len(watch.waits) == 6
    assert {wait.line.text for wait in watch.waits} == {"optimiser.step(); loss.tolist()"}


def test_numbers_that_are_not_the_runs_are_found(compared):
    """They come from the device's own stream, so they are not the CPU's."""
    found, _ = compared(LOOP.replace("(z.normal(4, 1))", "(torch.randn(2, 4, 1, device=place))"))
    assert "['loss']" in found


def test_a_run_that_starts_again_from_its_beginning_is_refused(compared, monkeypatch):
    monkeypatch.setattr(Run, "_resume", lambda *_: None)
    with pytest.raises(AssertionError, match="run 'small' started again from step 0"):
        compared(LOOP)
