"""A profile that does not fit the memory at hand says so in one line, with what to do."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import torch

from onekl.training.notebook import shell

# Where there is not enough memory, torch raises OutOfMemoryError for a GPU, and for the CPU a
# RuntimeError with these words.
OF_THE_CPU = "can't allocate memory"


def out_of_memory(error: BaseException, profile: str) -> str | None:
    """What to do about an error, in one line; None for one that has another reason."""
    if isinstance(error, torch.OutOfMemoryError):
        place = "the GPU's memory"
    elif isinstance(error, MemoryError) or OF_THE_CPU in str(error):
        place = "this machine's memory"
    else:
        return None
    hint = (
        "set ONEKL_PROFILE=quick, or fewer seeds in the settings"
        if profile == "full"
        else "take fewer seeds in the settings"
    )
    return f"the {profile} profile does not fit into {place}: {hint}; then restart the kernel"


def say_it_in_notebooks(profile: str) -> None:
    """From now on a cell that runs out of memory ends in that line and not in torch's own pages.

    Nothing happens outside of a notebook.
    """
    running = shell()
    if running is None:
        return

    def tell(
        running: Any,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType,
        tb_offset: int | None = None,
    ) -> None:
        line = out_of_memory(error, profile)
        if line is None:
            running.showtraceback((kind, error, trace), tb_offset=tb_offset)
        else:
            running._showtraceback(MemoryError, MemoryError(line), [f"MemoryError: {line}"])

    running.set_custom_exc((RuntimeError, MemoryError), tell)
