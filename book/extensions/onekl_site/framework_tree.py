"""The article as a tree: a bound at the root, two directions of the divergence, the models.

Each chapter that opens a branch describes it in its folder, in `branch.toml`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

import onekl.chapters
from onekl.chapters import CHAPTERS
from onekl.claims.inventory import inventory


@dataclass(frozen=True)
class Choice:
    """One choice of a model: its words, the formula in LaTeX, and the claim that says so."""

    words: str
    formula: str
    claim: str


@dataclass(frozen=True)
class Branch:
    """A model with its choices in the order in which they are made, and its chapters.

    The root is a branch without a model and without a direction.
    """

    chapters: tuple[str, ...]
    nodes: tuple[Choice, ...]
    model: str = ""
    direction: str = ""


@dataclass(frozen=True)
class Direction:
    """A direction of the divergence with its hidden variable."""

    words: str
    formula: str


DIRECTIONS = {
    "data to model": Direction(
        "from the data's side to the model's side; hidden: the code z",
        r"\mathrm{KL}(p \,\Vert\, q)",
    ),
    "mixture to target": Direction(
        "from a mixture of both sides to one of them; hidden: the label y, for ALI the code too",
        r"\mathrm{KL}(\text{mixture} \,\Vert\, \text{target})",
    ),
}


@cache
def branches() -> tuple[Branch, ...]:
    """The root and the models' branches in the chapters' order.

    A chapter without a `branch.toml` belongs to the branch before it.
    A chapter that treats no claim of the sources, such as the museum, belongs to none.
    Raises ValueError if the first chapter has no `branch.toml`: it is the root.
    """
    treated = {entry.chapter for entry in inventory().values()}
    found: list[Branch] = []
    for chapter in (one for one in CHAPTERS if one in treated):
        file = files(onekl.chapters).joinpath(chapter, "branch.toml")
        if file.is_file():
            found.append(read_branch(chapter, file.read_text(encoding="utf-8")))
        elif not found:
            raise ValueError(
                f"the first chapter, {chapter}, has no branch.toml: the tree has no root"
            )
        else:
            found[-1] = replace(found[-1], chapters=(*found[-1].chapters, chapter))
    return tuple(found)


def read_branch(chapter: str, text: str) -> Branch:
    """The branch that a chapter's `branch.toml` describes.

    Raises ValueError for a direction that does not exist.
    """
    read = tomllib.loads(text)
    choices = tuple(Choice(**node) for node in read.pop("nodes"))
    branch = Branch(chapters=(chapter,), nodes=choices, **read)
    if branch.direction not in ("", *DIRECTIONS):
        raise ValueError(
            f"the branch of {chapter} has the direction {branch.direction!r}; "
            f"it must be one of {', '.join(DIRECTIONS)}"
        )
    return branch
