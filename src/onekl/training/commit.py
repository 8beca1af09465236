"""The commit whose code a process runs."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


@cache
def commit() -> str | None:
    """The commit of the code when the run begins: the last one that changed the package.

    None where the package is not in a repository, and where there is no git.
    The first call of a process asks git, and the later ones repeat its answer: a long run may end
    after the next commit, so a run that will be recorded asks when it begins.
    """
    command = ["git", "log", "-1", "--format=%h", "--", "."]
    try:
        found = subprocess.run(command, cwd=PACKAGE, capture_output=True, text=True)
    except OSError:
        return None
    return found.stdout.strip() or None
