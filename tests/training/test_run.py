"""Profiles, provenance, and runs that are stopped and go on to the same bits."""

import math
import time

import pytest
import torch
from jupyter_client.manager import start_new_kernel
from torch import nn

from onekl.training import run as runs
from onekl.training.networks import mlp
from onekl.training.run import Run
from onekl.training.seeds import Seeds


@pytest.fixture(autouse=True)
def checkpoints(tmp_path, monkeypatch):
    monkeypatch.setenv("ONEKL_CHECKPOINTS", str(tmp_path / "checkpoints"))
    return tmp_path / "checkpoints"


class Stopped(Exception):
    pass


def train(total=20, stop_at=None, seconds=0.0, hidden=8, name="small", lr=1e-2):
    """A run of two seeds; returns everything that it ends with."""
    seeds = Seeds([1, 2])
    model = mlp(seeds, [1, hidden, 1], nn.Tanh)
    optimiser = torch.optim.Adam(model.parameters(), lr=lr)
    run = Run(name, {"lr": lr}, {"model": model, "optimiser": optimiser}, seeds, seconds=seconds)
    seen = []
    for step in run.steps(total):
        seen.append(step)
        x = seeds.normal(16, 1)
        loss = ((model(x) - x**2) ** 2).mean((1, 2))
        optimiser.zero_grad()
        loss.sum().backward()
        if step == stop_at:
            raise Stopped
        optimiser.step()
        run.log(loss=loss)
        if step % 5 == 0:
            run.log(largest=x.amax((1, 2)))
    return {
        "seen": seen,
        "model": model.state_dict(),
        "optimiser": optimiser.state_dict()["state"],
        "loss": run.history("loss"),
        "largest": run.history("largest"),
        "streams": seeds.get_state(),
    }


def same_bits(first, second):
    """Whether two nests of tensors and numbers are equal to the bit."""
    if isinstance(first, torch.Tensor):
        return first.dtype == second.dtype and torch.equal(first, second)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(
            same_bits(first[key], second[key]) for key in first
        )
    if isinstance(first, (list, tuple)):
        return len(first) == len(second) and all(map(same_bits, first, second))
    return first == second


def test_stopped_and_resumed_run_ends_with_the_same_bits(checkpoints):
    whole = train()
    with pytest.raises(Stopped):
        train(stop_at=7)
    with pytest.raises(Stopped):
        train(stop_at=13)
    resumed = train()
    assert resumed.pop("seen") == list(range(13, 20)) and whole.pop("seen") == list(range(20))
    assert same_bits(resumed, whole)
    assert list(checkpoints.iterdir()) == []


def test_run_without_a_checkpoint_yet_starts_again_from_the_start(checkpoints):
    with pytest.raises(Stopped):
        train(stop_at=7, seconds=1000)
    assert not checkpoints.exists()
    assert train()["seen"] == list(range(20))


def test_history_has_steps_and_seeds():
    steps, values = train()["largest"]
    assert steps.tolist() == [0, 5, 10, 15] and values.shape == (4, 2)


def test_logged_values_stay_as_they_were():
    run, weight = Run("kept", {}, {}, Seeds([0])), torch.zeros(1)
    for _ in run.steps(3):
        run.log(weight=weight)
        weight += 1  # in place, as an optimiser does
    assert run.history("weight")[1][:, 0].tolist() == [0, 1, 2]


def refused(message, **changes):
    with pytest.raises(ValueError, match=message) as caught:
        train(**changes)
    assert "\n" not in str(caught.value)


@pytest.fixture
def stopped(checkpoints):
    with pytest.raises(Stopped):
        train(stop_at=7)
    return checkpoints / "small.pt"


def test_checkpoint_of_other_settings_is_refused(stopped):
    refused(r"small.pt belongs to another run \(lr is 0.01 there and 0.02 here\)", lr=0.02)
    refused("steps of the loop is 20 there and 30 here", total=30)


def test_checkpoint_of_another_name_is_refused(stopped):
    stopped.rename(stopped.with_name("other.pt"))
    refused("name is small there and other here", name="other")


def test_checkpoint_of_another_model_is_refused(stopped):
    refused("small.pt does not fit this model", hidden=9)


@pytest.mark.parametrize(
    "content", [b"", b"not a checkpoint", b"PK\x03\x04 nor this", "half", "other"]
)
def test_broken_checkpoint_is_refused(stopped, content):
    if content == "half":
        content = stopped.read_bytes()[: stopped.stat().st_size // 2]
    if content == "other":
        torch.save([1, 2], stopped)
    else:
        stopped.write_bytes(content)
    refused("small.pt is not a readable checkpoint; delete it")


def test_failed_write_keeps_the_last_checkpoint(stopped, monkeypatch):
    def fail(checkpoint, path):
        path.write_bytes(b"half")
        raise OSError("disk full")

    before = stopped.read_bytes()
    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        train()
    assert stopped.read_bytes() == before


def test_run_starts_once():
    run = Run("once", {}, {}, Seeds([0]))
    assert list(run.steps(2)) == [0, 1]
    with pytest.raises(RuntimeError, match="make a new Run"):
        next(run.steps(2))


def test_bar_in_a_notebook_sends_few_messages_a_second():
    """Whoever reads them after the cell, as nbval does, has queues for 2,000 in all."""
    code = "import time\nfor _ in run.steps(300): time.sleep(0.01)"
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        client.execute_interactive(
            "from onekl.training.run import Run; run = Run('bar', {}, {}, None)", timeout=120
        )
        began, kinds = time.monotonic(), []
        client.execute_interactive(
            code, timeout=120, output_hook=lambda message: kinds.append(message["msg_type"])
        )
        seconds = time.monotonic() - began
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert kinds.count("comm_open") > 0, "this kernel shows no bar"
    assert kinds.count("comm_msg") <= 15 + 5 * seconds


def test_profile_is_set_by_the_environment_or_the_machine(monkeypatch):
    monkeypatch.delenv("ONEKL_PROFILE", raising=False)
    for gpu, expected in ((False, "quick"), (True, "full")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda gpu=gpu: gpu)
        assert runs.profile() == expected
        assert runs.device().type == ("cuda" if gpu else "cpu")
    monkeypatch.setenv("ONEKL_PROFILE", "quick")
    assert runs.profile() == "quick"


def test_unknown_profile_lists_the_two(monkeypatch):
    monkeypatch.setenv("ONEKL_PROFILE", "fast")
    with pytest.raises(ValueError, match="ONEKL_PROFILE is 'fast'; it must be one of quick, full"):
        runs.profile()


def test_settings_follow_the_profile(monkeypatch):
    for name, steps in (("quick", 10), ("full", 20)):
        monkeypatch.setenv("ONEKL_PROFILE", name)
        assert runs.settings(quick={"steps": 10}, full={"steps": 20}).steps == steps
    with pytest.raises(ValueError, match=r"differ in their settings: \['batch'\]"):
        runs.settings(quick={"steps": 10}, full={"steps": 20, "batch": 3})


def test_provenance_names_device_and_versions(monkeypatch):
    monkeypatch.setenv("ONEKL_PROFILE", "quick")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    found = runs.provenance()
    assert found["profile"] == "quick" and found["device"] == "CPU, 2 threads"
    assert found["versions"]["torch"] == torch.__version__ and set(found["versions"]) == {
        "python",
        "torch",
        "numpy",
        "onekl",
    }


def test_finite_losses_pass_and_others_are_one_clear_line():
    good = torch.zeros(3)
    runs.require_finite(7, generator=good, discriminator=good)
    with pytest.raises(
        ValueError,
        match=r"the discriminator loss is not finite at step 7 for 2 of 3 seeds \(places 1, 2\)",
    ) as error:
        runs.require_finite(
            7, generator=good, discriminator=torch.tensor([0.0, math.nan, math.inf])
        )
    assert "\n" not in str(error.value)
