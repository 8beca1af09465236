"""The checkpoints of one run: files that carry the run's name and a digest of its parts.

Another loop of the same name has another file, so nothing is overwritten, and whoever takes an
edit back goes on where that loop was stopped.
"""

from __future__ import annotations

import io
import os
import pickle
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from onekl.training.identity import difference, digest

KEYS = {"identity", "step", "log", "generator", "state"}
# What torch.load and the look into its result raise on a file that is not a whole checkpoint.
BROKEN = (OSError, EOFError, RuntimeError, KeyError, TypeError, ValueError, pickle.UnpicklingError)


class Checkpoints:
    """The checkpoint of the run `name` with the parts `identity`.

    It lies in the folder ONEKL_CHECKPOINTS (default `checkpoints`); `tell` is called with each
    line that the person at the run should read.
    """

    def __init__(self, name: str, identity: Mapping[str, str], tell: Callable[[str], None]) -> None:
        self.folder = Path(os.environ.get("ONEKL_CHECKPOINTS") or "checkpoints")
        self.name, self.identity, self.tell = name, dict(identity), tell
        self.path = self.folder / f"{name}-{digest(self.identity)}.pt"
        self._partial = self.path.with_suffix(".partial")
        self._reads_back = self._said = False

    def load(self) -> dict[str, Any] | None:
        """The run's checkpoint, or None where there is none that can be read.

        A file that is cut off is moved aside, and the line says so; where there are only
        checkpoints of another loop, the line says in what the last one differs.
        """
        if not self._exists(self.path):
            self._tell_of_another()
            return None
        try:
            return _read(self.path)
        except BROKEN:
            aside = self.path.with_suffix(".broken")
            with suppress(OSError):
                os.replace(self.path, aside)
            self.tell(
                f"{self.name} starts afresh: its checkpoint is cut off or damaged, "
                f"and lies aside as {aside}"
            )
            return None

    def save(self, content: dict[str, Any]) -> None:
        """Write the checkpoint; where that cannot be done, say so once and go on."""
        packed = self._packed({"identity": self.identity, **content})
        if packed is None:
            return self._say_once(
                "its state has something that is neither a tensor nor a plain value"
            )
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._partial.write_bytes(packed)
            # atomic: the old checkpoint or the new one, never half of one
            os.replace(self._partial, self.path)
        except OSError as error:
            self._say_once(
                f"{self.path} cannot be written ({error.strerror or error}); "
                "set ONEKL_CHECKPOINTS to another folder"
            )

    def remove(self) -> None:
        """Remove the run's checkpoint, at the end of the run."""
        for path in (self.path, self._partial):
            with suppress(OSError):
                path.unlink()

    def _packed(self, content: dict[str, Any]) -> memoryview | None:
        """The checkpoint's bytes, or None where it could not be read again."""
        buffer = io.BytesIO()
        try:
            torch.save(content, buffer)
            if not self._reads_back:
                buffer.seek(0)
                torch.load(buffer, weights_only=True)
                self._reads_back = True
        except (pickle.PickleError, AttributeError, TypeError):
            return None
        return buffer.getbuffer()

    def _say_once(self, why: str) -> None:
        if not self._said:
            self.tell(f"{self.name} goes on without a checkpoint: {why}")
        self._said = True

    def _tell_of_another(self) -> None:
        others = self._others()
        if not others:
            return
        try:
            told = difference(_read(others[-1])["identity"], self.identity)
        except BROKEN:
            told = "it cannot be read"
        self.tell(
            f"{self.name} starts afresh: {others[-1]} is of another loop ({told}), and is kept"
        )

    def _others(self) -> list[Path]:
        """The checkpoints of other loops of this name, the last one last."""
        name = re.escape(self.path.name.removesuffix(f"{digest(self.identity)}.pt"))
        mine = re.compile(rf"{name}[0-9a-f]{{12}}\.pt")
        try:
            found = [path for path in self.path.parent.iterdir() if mine.fullmatch(path.name)]
            return sorted(found, key=lambda path: path.stat().st_mtime)
        except OSError:
            return []

    def _exists(self, path: Path) -> bool:
        try:
            return path.exists()
        except OSError:  # a folder that may not be looked into
            return False


def _read(path: Path) -> dict[str, Any]:
    content = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(content, dict) or content.keys() != KEYS:
        raise ValueError(f"{path} is no checkpoint")
    return content
