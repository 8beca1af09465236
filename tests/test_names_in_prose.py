"""A name of the package that pages, notebooks, scripts or docstrings mention exists."""

import importlib
import re

import nbformat
import pytest

from paths import NOTEBOOKS, ROOT

NAME = re.compile(r"(?<![\w./@-])onekl(?:\.[A-Za-z_]\w*)+")
PAPERS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "MAINTAINING.md")]
SOURCES = [
    *PAPERS,
    *(ROOT / "book").glob("*.md"),
    *(ROOT / "book" / "extensions").rglob("*.py"),
    *(ROOT / "src").rglob("*.py"),
    *(ROOT / "src").rglob("*.js"),
    *NOTEBOOKS.glob("*.ipynb"),
]


def text_of(path):
    """What a person wrote: a notebook's cells without their outputs, any other file whole."""
    if path.suffix == ".ipynb":
        return "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
    return path.read_text(encoding="utf-8")


def exists(name):
    """Whether a dotted name is a module of the package, or something in one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for rest in parts[length:]:
            if not hasattr(found, rest):
                return False
            found = getattr(found, rest)
        return True
    return False


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_name_of_the_package_that_is_mentioned_exists(path):
    # NAME stands for any chapter.
    mentioned = {name for name in NAME.findall(text_of(path)) if ".NAME" not in name}
    assert [name for name in sorted(mentioned) if not exists(name)] == []


def test_an_old_name_is_found_out():
    assert not exists("onekl.objectives") and not exists("onekl.training.losses.vae_loss")
    assert exists("onekl.training.losses.gaussian.vae_loss")
