"""A mirror, not a law: print the longest files, functions, lines and chapters of the package."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "onekl"
CODE = (".py", ".js")
SHOWN = 5


def files() -> list[Path]:
    """The code of the package and of the site's extension, without what is vendored."""
    found = [*PACKAGE.rglob("*"), *(ROOT / "book" / "extensions").rglob("*")]
    return sorted(path for path in found if path.suffix in CODE and "vendor" not in path.parts)


def length(path: Path) -> int:
    """How many lines a file has."""
    return len(path.read_text(encoding="utf-8").splitlines())


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


def main() -> None:
    """Print the four lists, and how many lines each room has."""
    code = files()
    rooms: Counter[str] = Counter()
    chapters: Counter[str] = Counter()
    for path in code:
        rooms[room(path)] += length(path)
        if room(path) == "chapters":
            chapters[path.relative_to(PACKAGE).parts[1]] += length(path)
    python = [path for path in code if path.suffix == ".py"]
    lines = [
        (len(line), f"{place(path)}:{number}")
        for path in code
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    ]
    show("longest files", [(length(path), place(path)) for path in code])
    show("longest functions", [one for path in python for one in functions(path)])
    show("longest lines", lines, 3)
    show("chapters", [(size, name) for name, size in chapters.items()], len(chapters))
    show("rooms", [(size, name) for name, size in rooms.items()], len(rooms))


if __name__ == "__main__":
    main()
