"""A name of the package that pages, papers, notebooks, scripts or docstrings mention exists."""

import importlib
import inspect
import re
from functools import reduce

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
    *(ROOT / "tools").glob("*.py"),
    *NOTEBOOKS.glob("*.ipynb"),
]


def text_of(path):
    """What a person wrote: a notebook's cells without their outputs, any other file whole."""
    if path.suffix == ".ipynb":
        return "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
    return path.read_text(encoding="utf-8")


def find(name):
    """The module with a dotted name, or what it names in one; None where there is nothing."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            module = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        return reduce(lambda found, part: getattr(found, part, None), parts[length:], module)
    return None


def exists(name):
    """Whether a file of the repository has this path, or the package has this dotted name.

    NAME stands for any chapter.
    """
    if "/" in name:
        return any(ROOT.glob(name.replace("NAME", "*")))
    return ".NAME" in name or find(name) is not None


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_name_of_the_package_that_is_mentioned_exists(path):
    mentioned = set(NAME.findall(text_of(path)))
    assert [name for name in sorted(mentioned) if not exists(name)] == []


def test_an_old_name_is_found_out():
    assert not exists("onekl.objectives") and not exists("onekl.training.losses.vae_loss")
    assert exists("onekl.training.losses.gaussian.vae_loss")


MODULES = ("old", "new")
DIVIDED = ("old", "names", "new")
NAMES = ("module, as it is now", "old", "new")
FIGURES = ("class", "old", "new")
PARAMETERS = ("function or class, as it is now", "old", "new")
# Tables of verdicts, which name claims and no code.
VERDICTS = ("claim", "old", "new", "premises, old", "premises, new")
PREMISES = ("claim", "word", "premises, old", "premises, new")
REASONS = ("claim", "old", "new", "why")


def tables():
    """The changelog's tables of what is not released yet: the columns' names, and the rows.

    A cell is the list of what it quotes.
    A name that changes again before a release is to be changed in its table too; a released
    version's tables tell of that version.
    """
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    unreleased = changelog.partition("\n## Unreleased\n")[2].partition("\n## ")[0]
    for table in re.findall(r"(?:^\|.*\n)+", unreleased, re.M):
        head, _, *lines = [line.strip("|").split("|") for line in table.splitlines()]
        rows = [[re.findall(r"`([^`]+)`", cell) for cell in line] for line in lines]
        yield tuple(name.strip() for name in head), rows


def rows(columns):
    """The rows of all tables with these columns."""
    return [row for head, found in tables() if head == columns for row in found]


def new_names():
    """Every path and every dotted name that a table of the changelog calls new."""
    renamed = {
        (module, old): new
        for (module,), before, after in rows(NAMES)
        for old, new in zip(before, after, strict=True)
    }
    yield from (name for _, after in rows(MODULES) for name in after)
    yield from (f"{module}.{new}" for (module, _), new in renamed.items())
    for _, names, (module,) in rows(DIVIDED):
        yield from (f"{module}.{renamed.get((module, name), name)}" for name in names)
    yield from (f"onekl.chapters.{name}.figure.{figure}" for (figure,), _, (name,) in rows(FIGURES))


def test_every_table_of_the_changelog_is_read():
    of_names = {MODULES, DIVIDED, NAMES, FIGURES, PARAMETERS}
    assert {head for head, _ in tables()} == of_names | {VERDICTS, PREMISES, REASONS}


def test_every_new_name_of_the_changelog_exists():
    assert [name for name in new_names() if not exists(name)] == []


def test_every_new_parameter_of_the_changelog_exists():
    for (name,), _, after in rows(PARAMETERS):
        assert set(after) <= inspect.signature(find(name)).parameters.keys(), name
