"""Profiles, provenance, and runs that are stopped and go on to the same bits."""

import ast
import math
import os
import re
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest
import torch
from jupyter_client.manager import start_new_kernel
from torch import nn

from onekl.training import run as runs
from onekl.training.run import Run
from onekl.training.seeds import Seeds


@pytest.fixture(autouse=True)
def checkpoints(tmp_path, monkeypatch):
    monkeypatch.setenv("ONEKL_CHECKPOINTS", str(tmp_path / "checkpoints"))
    return tmp_path / "checkpoints"


class Stopped(Exception):
    pass


def stop(step):
    """Raise Stopped at the step of the variable STOP_AT, which is no part of the loop."""
    if str(step) == os.environ.get("STOP_AT"):
        raise Stopped


def small_network(hidden):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(1, hidden), nn.Tanh(), nn.Linear(hidden, 1))


def train(total=20, seconds=0.0, hidden=8, name="small", lr=1e-2, streams=None):
    """A run of two seeds; returns everything that it ends with."""
    random = streams or torch.Generator().manual_seed(1)
    model = small_network(hidden)
    optimiser = torch.optim.Adam(model.parameters(), lr=lr)
    run = Run(name, {"lr": lr}, {"model": model, "optimiser": optimiser}, random, seconds=seconds)
    seen = []
    for step in run.steps(total):
        seen.append(step)
        x = torch.randn(2, 16, 1, generator=getattr(random, "data", random))
        loss = ((model(x) - x**2) ** 2).mean((1, 2))
        optimiser.zero_grad()
        loss.sum().backward()
        stop(step)
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
        "random": random.get_state(),
    }


def stopped_at(step, **changes):
    """Begin a run and stop it in the middle of a step."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Stopped):
        patch.setenv("STOP_AT", str(step))
        train(**changes)


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


def test_stopped_and_resumed_run_ends_with_the_same_bits(checkpoints, capsys):
    whole = train()
    stopped_at(7)
    (path,) = checkpoints.iterdir()
    stopped_at(13)
    said = capsys.readouterr().out
    assert said == f"small resumed at step 7 of 20, from {path}\n"
    resumed = train()
    assert resumed.pop("seen") == list(range(13, 20)) and whole.pop("seen") == list(range(20))
    assert same_bits(resumed, whole)
    assert list(checkpoints.iterdir()) == []


class Streams:
    """Several places in one nest: texts and tensors, as the streams of several seeds have."""

    def __init__(self):
        self.data = torch.Generator().manual_seed(1)

    def get_state(self):
        return {"data": [self.data.get_state()], "inner": {"names": ["data"]}}

    def set_state(self, states):
        assert states["inner"]["names"] == ["data"]
        self.data.set_state(states["data"][0])


def test_random_numbers_are_saved_as_a_nest(capsys):
    whole = train(streams=Streams())
    stopped_at(7, streams=Streams())
    resumed = train(streams=Streams())
    assert line(capsys).startswith("small resumed at step 7")
    assert resumed.pop("seen")[0] == 7 and whole.pop("seen")[0] == 0
    assert same_bits(resumed, whole)


def test_run_without_a_checkpoint_yet_starts_again_from_the_start(checkpoints, capsys):
    stopped_at(7, seconds=1000)
    assert not checkpoints.exists()
    assert train()["seen"] == list(range(20)) and capsys.readouterr().out == ""


def test_history_has_steps_and_seeds():
    steps, values = train()["largest"]
    assert steps.tolist() == [0, 5, 10, 15] and values.shape == (4, 2)


def test_the_bar_shows_the_first_value_of_the_run_whatever_else_is_logged():
    run = Run("several", {}, {}, Seeds([0]))
    for _ in run.steps(1):
        run.log(loss=torch.tensor([0.5, 1.0]), moved=torch.zeros(2))
        run.log(samples=torch.full((2, 3), 7.0))
        assert run._bar.postfix == "loss 0.750"


def test_logged_values_stay_as_they_were():
    run, weight = Run("kept", {}, {}, Seeds([0])), torch.zeros(1)
    for _ in run.steps(3):
        run.log(weight=weight)
        weight += 1  # in place, as an optimiser does
    assert run.history("weight")[1][:, 0].tolist() == [0, 1, 2]


@pytest.fixture
def stopped(checkpoints):
    """The checkpoint of a run that was stopped at step 7."""
    stopped_at(7)
    (path,) = checkpoints.iterdir()
    return path


def line(capsys):
    """The one line that a run has said."""
    (said,) = capsys.readouterr().out.splitlines()
    return said


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"lr": 0.02}, r"lr is 0\.01 there and 0\.02 here"),
        ({"total": 30}, "steps of the loop is 20 there and 30 here"),
        ({"hidden": 9}, "hidden is 8 there and 9 here"),
    ],
)
def test_another_loop_starts_afresh_and_the_first_one_still_goes_on(
    stopped, capsys, changes, words
):
    assert train(**changes)["seen"][0] == 0
    said = line(capsys)
    assert said.startswith(f"small starts afresh: {stopped} is of another loop (")
    assert re.search(words, said) and said.endswith("), and is kept")
    assert train()["seen"] == list(range(7, 20))


def test_a_run_of_another_name_does_not_look_at_the_checkpoint(stopped, capsys):
    assert train(name="smal")["seen"][0] == train(name="small-er")["seen"][0] == 0
    assert capsys.readouterr().out == "" and stopped.exists()


def test_a_state_that_does_not_fit_is_refused(stopped):
    """The parts are the same, and what was saved does not fit: nothing is trained on that."""
    content = torch.load(stopped, weights_only=True)
    content["state"].pop("optimiser")
    torch.save(content, stopped)
    with pytest.raises(ValueError, match="does not fit this model or its seeds; delete it") as told:
        train()
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    "content", [b"", b"not a checkpoint", b"PK\x03\x04 nor this", "half", "other"]
)
def test_a_broken_checkpoint_is_kept_aside(stopped, capsys, content):
    if content == "half":
        content = stopped.read_bytes()[: stopped.stat().st_size // 2]
    if content == "other":
        torch.save([1, 2], stopped)
    else:
        stopped.write_bytes(content)
    broken = stopped.read_bytes()
    assert train()["seen"][0] == 0
    aside = stopped.with_suffix(".broken")
    assert line(capsys) == (
        f"small starts afresh: its checkpoint is cut off or damaged, and lies aside as {aside}"
    )
    assert aside.read_bytes() == broken


def test_a_broken_checkpoint_of_another_loop_is_told(stopped, capsys):
    stopped.write_bytes(b"half")
    assert train(lr=0.02)["seen"][0] == 0
    assert "is of another loop (it cannot be read), and is kept" in line(capsys)


def test_a_failed_write_keeps_the_last_checkpoint_and_the_run(stopped, monkeypatch, capsys):
    def fail(path, content):
        path.open("wb").write(b"half")
        raise OSError(28, "No space left on device")

    before = stopped.read_bytes()
    whole, left = train()["loss"], []
    stopped.write_bytes(before)
    capsys.readouterr()
    monkeypatch.setattr(Path, "write_bytes", fail)
    monkeypatch.setattr(Path, "unlink", lambda path: left.append(path.read_bytes()))
    assert same_bits(train()["loss"], whole) and left == [before, b"half"]
    assert capsys.readouterr().out.splitlines()[1:] == [
        f"small goes on without a checkpoint: {stopped} cannot be written "
        "(No space left on device); set ONEKL_CHECKPOINTS to another folder"
    ]


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_folder_that_cannot_be_made_costs_the_checkpoint_alone(
    tmp_path, monkeypatch, capsys, place
):
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    monkeypatch.setenv("ONEKL_CHECKPOINTS", str(tmp_path / place))
    assert train()["seen"] == list(range(20))
    assert "small goes on without a checkpoint: " in line(capsys)


def test_a_state_that_could_not_be_read_back_is_told_at_once(checkpoints, capsys):
    class Odd:
        def state_dict(self):
            return {"odd": Odd}

    for _ in Run("odd", {}, {"odd": Odd()}, Seeds([0]), seconds=0).steps(3):
        pass
    assert "odd goes on without a checkpoint: its state" in line(capsys)


def test_run_starts_once():
    run = Run("once", {}, {}, Seeds([0]))
    assert list(run.steps(2)) == [0, 1]
    with pytest.raises(RuntimeError, match="make a new Run"):
        run.steps(2)


# A driver whose children are killed one after the other, each where it stands: `PLACES`.
KILLED = """
import os, signal, sys
from pathlib import Path
import torch
from torch import nn
from onekl.training.run import Run

torch.set_num_threads(1)
# Whoever starts the tests in the background may have told them to ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
PLACES = [
    ("SIGKILL", "drawn", 1), ("SIGTERM", "slope", 3), ("SIGINT", "moved", 4),
    ("SIGKILL", "written", 6), ("SIGTERM", "written", 7), ("SIGINT", "written", 9),
    ("SIGINT", "drawn", 11), ("SIGKILL", "moved", 12), ("SIGTERM", "logged", 15),
    ("SIGKILL", "slope", 18),
]
def at(place, step):
    if os.environ.get("END") == f"{place} {step}":
        os.kill(os.getpid(), getattr(signal, os.environ["SIGNAL"]))

def train():
    random = torch.Generator().manual_seed(1)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))
    optimiser = torch.optim.Adam(model.parameters(), 0.01)
    run = Run("killed", {}, {"model": model, "optimiser": optimiser}, random, seconds=0)
    write = Path.write_bytes
    def half(path, content):
        if os.environ.get("END") == f"written {run.step - 1}":
            write(path, bytes(content)[: len(content) // 2])
            at("written", run.step - 1)
        write(path, content)
    Path.write_bytes = half
    for step in run.steps(20):
        x = torch.randn(2, 16, 1, generator=random)
        at("drawn", step)
        loss = ((model(x) - x**2) ** 2).mean((1, 2))
        optimiser.zero_grad()
        loss.sum().backward()
        at("slope", step)
        optimiser.step()
        at("moved", step)
        run.log(loss=loss)
        at("logged", step)
    Path.write_bytes = write
    parts = (model.state_dict(), optimiser.state_dict())
    return [*parts, run.history("loss"), random.get_state()]

folder = Path(os.environ["ONEKL_CHECKPOINTS"])
torch.save(train(), folder.parent / "whole.pt")
for name, place, step in PLACES:
    child = os.fork()
    if not child:
        os.environ |= {"SIGNAL": name, "END": f"{place} {step}"}
        try:
            train()
        except KeyboardInterrupt:
            os._exit(77)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    print(name, os.waitstatus_to_exitcode(status), len(list(folder.glob("*.pt"))), flush=True)
torch.save(train(), folder.parent / "killed.pt")
"""


def test_a_run_that_is_killed_at_ten_places_ends_with_the_same_bits(tmp_path, checkpoints):
    script = tmp_path / "killed.py"
    script.write_text(KILLED, encoding="utf-8")
    told = subprocess.run(
        [sys.executable, "-u", script], capture_output=True, text=True, check=True
    )
    ends = [words.split() for words in told.stdout.splitlines() if words.startswith("SIG")]
    codes = {"SIGKILL": "-9", "SIGTERM": "-15", "SIGINT": "77"}
    assert len(ends) == 10 and all(code == codes[name] for name, code, _ in ends)
    whole, killed = (
        torch.load(tmp_path / f"{name}.pt", weights_only=True) for name in ("whole", "killed")
    )
    assert same_bits(killed, whole)
    assert list(checkpoints.iterdir()) == []
    resumed = re.findall(r"killed resumed at step (\d+) of 20", told.stdout)
    assert list(map(int, resumed)) == [1, 3, 4, 6, 7, 9, 11, 12, 15, 18]


AT_THE_TOP = """
import torch
from torch import nn
from onekl.training.run import Run
random = torch.Generator().manual_seed(1)
net = nn.Linear(2, 1)
nn.init.constant_(net.weight, 0.5)
nn.init.zeros_(net.bias)
optimiser = torch.optim.SGD(net.parameters(), 0.1)
"""
LOOP = """
run = Run("top", {}, {"net": net, "optimiser": optimiser}, random, seconds=0)
for step in run.steps(6):
    x = torch.randn(3, 2, generator=random)
    loss = net(x).square().mean()
    optimiser.zero_grad()
    loss.backward()
    stop(step)
    optimiser.step()
    run.log(loss=loss[None])
"""


@pytest.fixture
def kernel():
    """A kernel in small: a function that executes a cell, one statement after the other."""
    module = types.ModuleType("toy_notebook")
    module.stop = stop

    def execute(cell):
        for statement in compile(cell, "cell", "exec", ast.PyCF_ONLY_AST).body:
            exec(compile(ast.Module([statement], []), "cell", "exec"), vars(module))
        return module

    return execute


def test_the_same_cell_a_second_time_goes_on(kernel, monkeypatch, capsys):
    """Stopped in the middle, networks, random numbers and names are no longer as they were."""
    kernel(AT_THE_TOP)
    whole = kernel(LOOP).run.history("loss")
    kernel(AT_THE_TOP)
    monkeypatch.setenv("STOP_AT", "3")
    with pytest.raises(Stopped):
        kernel(LOOP)
    monkeypatch.delenv("STOP_AT")
    capsys.readouterr()
    assert same_bits(kernel(LOOP).run.history("loss"), whole)
    assert line(capsys).startswith("top resumed at step 3 of 6")


def test_a_finished_run_that_is_run_again_starts_where_it_ended(kernel, monkeypatch, capsys):
    """Its networks are trained by now: a checkpoint of the second run is none of the first."""
    kernel(AT_THE_TOP)
    kernel(LOOP)
    monkeypatch.setenv("STOP_AT", "3")
    with pytest.raises(Stopped):
        kernel(LOOP)
    monkeypatch.delenv("STOP_AT")
    kernel(AT_THE_TOP)
    capsys.readouterr()
    kernel(LOOP)
    assert "the start of net is another one" in line(capsys)


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
