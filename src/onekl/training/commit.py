"""The commit whose code a process runs."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


@cache
def commit() -> str | None:
    """The last commit that changed the package, or None where it is not in a repository.

    The first call of a process asks git, and the later ones repeat its answer: a long run may end
    after the next commit, so a run asks when it begins.
    """
    command = ["git", "log", "-1", "--format=%h", "--", "."]
    try:
        found = subprocess.run(command, cwd=PACKAGE, capture_output=True, text=True)
    except OSError:
        return None
    return found.stdout.strip() or None
