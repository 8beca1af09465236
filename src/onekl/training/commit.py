"""The commit whose code a process runs."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


# The records are what a commit of the package makes, and no part of what makes them.
CODE = ("--", ".", ":(exclude)recorded")


@cache
def commit() -> str | None:
    """The commit of the code when the run begins: the last one that changed the package.

    "with changes" stands after it where files of the package differ from that commit.
    None where the package is not in a repository, and where there is no git.
    The first call of a process asks git, and the later ones repeat its answer: a long run may end
    after the next commit, so a run that will be recorded asks when it begins.
    """
    found = _git("log", "-1", "--format=%h", *CODE)
    changed = found and _git("status", "--porcelain", *CODE)
    return f"{found} with changes" if changed else found


def _git(*command: str) -> str | None:
    """What git says, or None where it says nothing or is not there."""
    try:
        found = subprocess.run(["git", *command], cwd=PACKAGE, capture_output=True, text=True)
    except OSError:
        return None
    return found.stdout.strip() or None
