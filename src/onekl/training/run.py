"""A training run: its profile, its device, its progress bar and its checkpoints."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Iterator, Mapping
from types import FrameType, SimpleNamespace
from typing import Any, Protocol

import numpy
import torch
from torch import nn
from tqdm.auto import tqdm

from onekl import __version__
from onekl.training.checkpoints import Checkpoints
from onekl.training.commit import commit
from onekl.training.identity import forget_start, parts_of
from onekl.training.memory import say_it_in_notebooks
from onekl.training.starts import require_own_starts

PROFILES = ("quick", "full")


def profile() -> str:
    """The profile, "quick" (for two CPU cores) or "full" (for a GPU).

    It is ONEKL_PROFILE's value; without that variable it is "full" where there is a GPU, else
    "quick".
    Another name in ONEKL_PROFILE raises ValueError.
    """
    name = os.environ.get("ONEKL_PROFILE") or ("full" if torch.cuda.is_available() else "quick")
    if name not in PROFILES:
        raise ValueError(f"ONEKL_PROFILE is {name!r}; it must be one of {', '.join(PROFILES)}")
    return name


def device() -> torch.device:
    """The GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def settings(quick: dict[str, Any], full: dict[str, Any]) -> SimpleNamespace:
    """The numbers of the current profile, as a namespace.

    `quick` and `full` are dicts with the same keys; other keys raise ValueError.
    In a notebook a cell that needs more memory than there is then says so in one line.
    """
    say_it_in_notebooks(profile())
    if quick.keys() != full.keys():
        raise ValueError(
            f"the profiles differ in their settings: {sorted(quick.keys() ^ full.keys())}"
        )
    return SimpleNamespace(**(quick if profile() == "quick" else full))


def provenance() -> dict[str, Any]:
    """What made the outputs: {"profile", "device", "versions"}.

    The device is told in words, without a machine's name; the versions are a dict by package.
    """
    gpu = device().type == "cuda"
    threads = torch.get_num_threads()
    words = torch.cuda.get_device_name() if gpu else f"CPU, {threads} thread{'s' * (threads != 1)}"
    versions = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "onekl": __version__,
    }
    return {"profile": profile(), "device": words, "versions": versions}


def require_finite(step: int, **losses: torch.Tensor) -> None:
    """Raise ValueError, naming the loss, the step and the seeds, unless each loss (S,) is finite.

    A discriminator that saturates, or a step that was too large, ends here rather than in samples
    that mean nothing.
    """
    for name, loss in losses.items():
        broken = (~torch.isfinite(loss.detach())).reshape(-1).nonzero().flatten().tolist()
        if broken:
            raise ValueError(
                f"the {name} loss is not finite at step {step} for {len(broken)} of "
                f"{loss.numel()} seeds (places {', '.join(map(str, broken[:8]))}); "
                "lower the learning rate or clip the gradients"
            )


class RandomNumbers(Protocol):
    """What a run draws from: anything whose place can be saved and set."""

    def get_state(self) -> Any:
        """The place, a nest of dicts, lists and tensors."""

    def set_state(self, state: Any) -> None:
        """Go to a place that `get_state` returned."""


class Run:
    """A loop that logs, shows its progress, and goes on from where it was stopped.

    `name` names the checkpoint; `settings` (a namespace or dict of plain values) is what the loop
    was told; `state` maps names to modules, optimisers and schedules; `generator` is what the loop
    draws from.
    Everything random in the loop must come from `generator`, and everything that it changes must be
    in `state`: then a run that was stopped and started again ends with the same bits as one that
    was not.

    A stopped run goes on only under the same loop, on the same device with the same versions: with
    the settings, the code of the loop and of all that it calls in the notebook and in this package
    also its constants, defaults, networks and optimisers are compared, comments and docstrings are
    not.
    Otherwise it starts afresh and says why, and the other loop's checkpoint is kept.
    Checkpoints lie in the folder ONEKL_CHECKPOINTS (default `checkpoints`), written after a step
    when `seconds` have passed since the last one, and removed at the end of the run.
    A folder that cannot be written costs the checkpoint, and not the run.
    """

    def __init__(
        self,
        name: str,
        settings: SimpleNamespace | dict[str, Any],
        state: Mapping[str, nn.Module | torch.optim.Optimizer],
        generator: RandomNumbers,
        seconds: float = 10.0,
    ) -> None:
        self.name, self.state, self.generator, self.seconds = name, state, generator, seconds
        self.settings = settings if isinstance(settings, dict) else vars(settings)
        self.step, self._bar, self._log = 0, None, {}

    def steps(self, total: int) -> Iterator[int]:
        """The steps 0 … total − 1, from the checkpoint's step on if there is a checkpoint.

        The loop is the code that calls this.
        A second call raises RuntimeError; two networks that start alike, and a checkpoint that does
        not fit the model, raise ValueError.
        """
        if self._bar is not None:
            raise RuntimeError(
                f"run {self.name!r} has started already; make a new Run to train again"
            )
        networks = {k: part for k, part in self.state.items() if isinstance(part, nn.Module)}
        require_own_starts(networks)
        if os.environ.get("ONEKL_RESULTS"):
            commit()  # now: the record is written after the last step
        checkpoints = Checkpoints(self.name, self._identity(sys._getframe(1), total), tqdm.write)
        self._resume(checkpoints, total)
        # Each update of a notebook's bar is three messages, and a client that reads them after
        # the cell loses what is beyond its queue's 2,000, the cell's end too.
        self._bar = tqdm(total=total, initial=self.step, desc=self.name, leave=False, mininterval=1)
        return self._steps(total, checkpoints)

    def log(self, **values: torch.Tensor) -> None:
        """Keep tensors (S, …) under their names at the present step.

        The mean of the run's first one shows in the progress bar.
        """
        for name, value in values.items():
            steps, rows = self._log.setdefault(name, ([], []))
            steps.append(self.step)
            rows.append(value.detach().cpu().clone())
        first = next(iter(self._log))
        if first in values:
            shown = f"{first} {values[first].mean().item():.3f}"
            self._bar.set_postfix_str(shown, refresh=False)

    def history(self, name: str) -> tuple[torch.Tensor, torch.Tensor]:
        """What was logged under `name`: the steps (T,) and the values (T, S, …)."""
        steps, rows = self._log[name]
        return torch.tensor(steps), torch.stack(rows)

    def _identity(self, frame: FrameType, total: int) -> dict[str, str]:
        made = provenance()
        versions = {f"the version of {name}": str(told) for name, told in made["versions"].items()}
        parts = parts_of(frame, self.name, self.settings, self.state, self.generator)
        return {
            **parts,
            **versions,
            "the device": made["device"],
            "steps of the loop": repr(total),
        }

    def _steps(self, total: int, checkpoints: Checkpoints) -> Iterator[int]:
        saved = time.monotonic()
        with self._bar:
            while self.step < total:
                yield self.step
                self.step += 1
                self._bar.update()
                if self.step < total and time.monotonic() - saved >= self.seconds:
                    checkpoints.save(self._content())
                    saved = time.monotonic()
        checkpoints.remove()
        forget_start(self.name, [*self.state.values(), self.generator])

    def _content(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "log": self._log,
            "generator": self.generator.get_state(),
            "state": {name: part.state_dict() for name, part in self.state.items()},
        }

    def _resume(self, checkpoints: Checkpoints, total: int) -> None:
        found = checkpoints.load()
        if found is None:
            return
        try:
            for name, part in self.state.items():
                part.load_state_dict(found["state"][name])
            self.generator.set_state(found["generator"])
        except (KeyError, ValueError, RuntimeError) as error:
            raise ValueError(
                f"{checkpoints.path} does not fit this model or its seeds; delete it to start again"
            ) from error
        self.step, self._log = found["step"], found["log"]
        tqdm.write(f"{self.name} resumed at step {self.step} of {total}, from {checkpoints.path}")
