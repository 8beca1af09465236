"""A training run: its profile, its device, its progress bar and its checkpoints."""

from __future__ import annotations

import os
import pickle
import platform
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy
import torch
from torch import nn
from tqdm.auto import tqdm

from onekl import __version__
from onekl.training.commit import commit
from onekl.training.seeds import Seeds

PROFILES = ("quick", "full")
# What torch.load and the look into its result raise on a file that is not a whole checkpoint.
BROKEN = (OSError, EOFError, RuntimeError, KeyError, TypeError, pickle.UnpicklingError)


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
    """
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


class Run:
    """A loop that logs, shows its progress, and goes on from where it was stopped.

    `name` names the checkpoint; `settings` (a namespace or dict of plain values) says which run it
    is; `state` maps names to modules and optimisers; `generator` is the `Seeds` or
    `torch.Generator` that the loop draws from.
    Everything random in the loop must come from `generator`: then a run that was stopped and
    started again ends with the same bits as one that was not.
    Checkpoints lie in the folder ONEKL_CHECKPOINTS (default `checkpoints`), written after a step
    when `seconds` have passed since the last one, and removed at the end of the run.
    """

    def __init__(
        self,
        name: str,
        settings: SimpleNamespace | dict[str, Any],
        state: Mapping[str, nn.Module | torch.optim.Optimizer],
        generator: Seeds | torch.Generator,
        seconds: float = 10.0,
    ) -> None:
        self.name, self.state, self.generator, self.seconds = name, state, generator, seconds
        plain = settings if isinstance(settings, dict) else vars(settings)
        self.identity = {"name": name, **{key: repr(value) for key, value in plain.items()}}
        self.path = Path(os.environ.get("ONEKL_CHECKPOINTS") or "checkpoints") / f"{name}.pt"
        self.step, self._bar, self._log = 0, None, {}

    def steps(self, total: int) -> Iterator[int]:
        """Yield the steps 0 … total − 1, from the checkpoint's step on if there is a checkpoint.

        A broken checkpoint, or one of another run, raises ValueError; a second call raises
        RuntimeError.
        """
        if self._bar is not None:
            raise RuntimeError(
                f"run {self.name!r} has started already; make a new Run to train again"
            )
        if os.environ.get("ONEKL_RESULTS"):
            commit()  # now: the record is written after the last step
        self.identity["steps of the loop"] = repr(total)
        self._resume()
        # Each update of a notebook's bar is three messages, and a client that reads them after
        # the cell loses what is beyond its queue's 2,000, the cell's end too.
        self._bar = tqdm(total=total, initial=self.step, desc=self.name, leave=False, mininterval=1)
        saved = time.monotonic()
        with self._bar:
            while self.step < total:
                yield self.step
                self.step += 1
                self._bar.update()
                if self.step < total and time.monotonic() - saved >= self.seconds:
                    self._save()
                    saved = time.monotonic()
        self.path.unlink(missing_ok=True)

    def log(self, **values: torch.Tensor) -> None:
        """Keep tensors (S,) under their names at the present step.

        The mean of the first one shows in the progress bar.
        """
        for name, value in values.items():
            steps, rows = self._log.setdefault(name, ([], []))
            steps.append(self.step)
            rows.append(value.detach().cpu().clone())
        name, value = next(iter(values.items()))
        self._bar.set_postfix_str(f"{name} {value.mean().item():.3f}", refresh=False)

    def history(self, name: str) -> tuple[torch.Tensor, torch.Tensor]:
        """What was logged under `name`: the steps (T,) and the values (T, S)."""
        steps, rows = self._log[name]
        return torch.tensor(steps), torch.stack(rows)

    def _save(self) -> None:
        checkpoint = {
            "identity": self.identity,
            "step": self.step,
            "log": self._log,
            "generator": self.generator.get_state(),
            "state": {name: part.state_dict() for name, part in self.state.items()},
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        torch.save(checkpoint, partial)
        # atomic: the old checkpoint or the new one, never half of one
        os.replace(partial, self.path)

    def _resume(self) -> None:
        if not self.path.exists():
            return
        checkpoint = self._read()
        found = checkpoint["identity"]
        keys = sorted(found.keys() | self.identity.keys())
        differ = [key for key in keys if found.get(key) != self.identity.get(key)]
        if differ:
            told = "; ".join(
                f"{key} is {found.get(key)} there and {self.identity.get(key)} here"
                for key in differ
            )
            raise ValueError(
                f"{self.path} belongs to another run ({told}); delete it or move it away"
            )
        try:
            for name, part in self.state.items():
                part.load_state_dict(checkpoint["state"][name])
            self.generator.set_state(checkpoint["generator"])
        except (KeyError, ValueError, RuntimeError) as error:
            raise ValueError(
                f"{self.path} does not fit this model or its seeds; delete it to start again"
            ) from error
        self.step, self._log = checkpoint["step"], checkpoint["log"]

    def _read(self) -> dict[str, Any]:
        try:
            checkpoint = torch.load(self.path, map_location="cpu", weights_only=True)
            return {
                key: checkpoint[key] for key in ("identity", "step", "log", "generator", "state")
            }
        except BROKEN as error:
            raise ValueError(
                f"{self.path} is not a readable checkpoint; delete it to start again"
            ) from error
