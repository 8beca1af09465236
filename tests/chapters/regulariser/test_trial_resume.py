"""The loop of the regulariser's trial, as the notebook has it: stopped, resumed, with bad input."""

import itertools
import os
from types import SimpleNamespace

import nbformat
import pytest
import torch

from paths import ROOT

NUMBERS = SimpleNamespace(
    steps=40,
    hidden=8,
    batch={"ring": 8},
    spread={"ring": 1.0},
    learning_rate=1e-2,
    beta_1=0.5,
    average=0.9,
)


class Stopped(Exception):
    pass


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """What the notebook's imports and its loop define, as a dict."""
    monkeypatch.setenv("ONEKL_CHECKPOINTS", str(tmp_path))
    monkeypatch.setenv("ONEKL_PROFILE", "quick")
    cells = nbformat.read(ROOT / "notebooks" / "regulariser-trial.ipynb", as_version=4).cells
    found = {}
    for cell in cells:
        if cell.cell_type == "code" and (
            "\nimport torch\n" in cell.source or "def trial(" in cell.source
        ):
            exec(cell.source, found)
    found["device"] = lambda: torch.device("cpu")
    return found


def two_arms(notebook):
    return [notebook["Arm"](3, lam=1.0), notebook["Arm"](3, lam=10.0, rate=0.5)]


def train(notebook, arms=None, seeds=(1, 2)):
    """A short trial; returns everything that it ends with."""
    run = notebook["trial"]("ring", arms or two_arms(notebook), NUMBERS, seeds, seconds=0.0)
    names = ("fair", "averaged fair", "quality", "moved", "ratio")
    return {
        "log": [run.history(name) for name in names],
        "streams": run.generator.get_state(),
        "state": {name: part.state_dict() for name, part in run.state.items()},
    }


def tensors(value):
    """All tensors in a nest, in order."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (list, tuple)):
        return []
    return [tensor for part in value for tensor in tensors(part)]


@pytest.mark.parametrize(
    "name, calls", [("regularised_generator_loss", 3 * 17 + 2), ("discriminator_loss", 18)]
)
def test_run_stopped_within_a_round_ends_with_the_same_bits(
    notebook, tmp_path, monkeypatch, capsys, name, calls
):
    """Stopped before the second of three generator steps of round 18, or in its step of D."""
    loss = notebook[name]

    def ended():
        """A run whose loss ends it at that call; the count is kept where no loop can see it."""
        count = itertools.count(1)

        def counted(*arguments):
            if str(next(count)) == os.environ.get("STOP_AT"):
                raise Stopped
            return loss(*arguments)

        notebook[name] = counted
        return train(notebook)

    whole = ended()
    monkeypatch.setenv("STOP_AT", str(calls))
    with pytest.raises(Stopped):
        ended()
    monkeypatch.delenv("STOP_AT")
    (path,) = tmp_path.glob("*.pt")
    assert torch.load(path)["step"] == 17  # rounds 0 to 16 are done
    resumed = ended()
    assert capsys.readouterr().out == f"ring-k3-1-term resumed at step 17 of 40, from {path}\n"
    pairs = list(zip(tensors(resumed), tensors(whole), strict=True))
    assert len(pairs) > 60 and all(torch.equal(*pair) for pair in pairs)


def test_arms_do_not_mix(notebook):
    both = train(notebook)["state"]["G"]
    for index, arm in enumerate(two_arms(notebook)):
        for name, alone in train(notebook, [arm])["state"]["G"].items():
            # batched products may round otherwise, and 120 steps of Adam let that grow
            torch.testing.assert_close(
                both[name][2 * index : 2 * index + 2], alone, rtol=0, atol=1e-3
            )
    assert (both["0.weight"][:2] - both["0.weight"][2:]).abs().max() > 0.05


def refused(notebook, message, **changes):
    with pytest.raises(ValueError, match=message) as caught:
        train(notebook, **changes)
    assert "\n" not in str(caught.value)


def test_bad_input_is_refused_in_one_line(notebook):
    Arm = notebook["Arm"]
    arms = [Arm(3, lam=1.0), Arm(3, lam=-1.0)]
    refused(notebook, r"lam is -1 in k = 3, λ = -1; give a number of 0 or more", arms=arms)
    refused(notebook, r"two arms are k = 3, λ = 1; leave one out", arms=[arms[0], arms[0]])
    refused(notebook, "a round of 0 generator steps trains no GAN", arms=[Arm(0)])
    refused(notebook, "one stack takes arms of one k and one length", arms=[Arm(2), Arm(3)])
