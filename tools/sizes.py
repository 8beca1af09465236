"""A mirror, not a law: print the longest files, functions, lines and chapters of the package."""

from __future__ import annotations

import ast
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "onekl"
KINDS = (".py", ".js", ".css")
APART = ("symbolic", "chapters", "the site")  # what is not in the shared part
SHOWN = 5


def files() -> list[Path]:
    """The code of the package and of the site's extension."""
    found = [*PACKAGE.rglob("*"), *(ROOT / "book" / "extensions").rglob("*")]
    return sorted(path for path in found if path.suffix in KINDS)


def lines_of(path: Path) -> list[str]:
    """A file's lines."""
    return path.read_text(encoding="utf-8").splitlines()


def width(line: str) -> int:
    """How many columns a line takes: a combining character stands on the one before it."""
    return sum(not unicodedata.combining(letter) for letter in line)


def functions(path: Path) -> Iterator[tuple[int, str]]:
    """The length and the place of each function of a Python file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            yield (node.end_lineno or 0) - node.lineno + 1, f"{place(path)}: {node.name}"


def place(path: Path) -> str:
    """A path as it is printed."""
    return path.relative_to(ROOT).as_posix()


def room(path: Path) -> str:
    """The part of the house that a file belongs to: a folder or a file of the package."""
    return path.relative_to(PACKAGE).parts[0] if path.is_relative_to(PACKAGE) else "the site"


def show(title: str, rows: list[tuple[int, str]], count: int = SHOWN) -> None:
    """Print the largest rows under a title."""
    print(f"{title}:")
    for size, name in sorted(rows, reverse=True)[:count]:
        print(f"  {size:5}  {name}")


def show_table(title: str, sizes: dict[str, Counter[str]]) -> None:
    """Print a row for each name, the largest first, with its lines by kind of file."""
    print(f"{title + ':':14}" + "".join(f"{kind:>8}" for kind in KINDS))
    for name, by_kind in sorted(sizes.items(), key=lambda row: -row[1].total()):
        print(f"  {name:12}" + "".join(f"{by_kind[kind] or '':>8}" for kind in KINDS))


def main() -> None:
    """Print the longest, then how many lines each chapter and each room has."""
    code = files()
    rooms: dict[str, Counter[str]] = {}
    chapters: dict[str, Counter[str]] = {}
    for path in code:
        size, where = len(lines_of(path)), room(path)
        rooms.setdefault(where, Counter())[path.suffix] += size
        if where == "chapters" and path.parent.name != where:
            chapter = path.relative_to(PACKAGE).parts[1]
            chapters.setdefault(chapter, Counter())[path.suffix] += size
    shared = sum((rooms[name] for name in rooms if name not in APART), Counter())
    python = [path for path in code if path.suffix == ".py"]
    show("longest files", [(len(lines_of(path)), place(path)) for path in code])
    show("longest functions", [one for path in python for one in functions(path)])
    lines = ((path, number, line) for path in code for number, line in enumerate(lines_of(path), 1))
    show("longest lines", [(width(line), f"{place(path)}:{n}") for path, n, line in lines], 3)
    show_table("chapters", chapters)
    show_table("rooms", rooms)
    show_table("shared", {"no provers": shared})


if __name__ == "__main__":
    main()
