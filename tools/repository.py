"""Set the repository's address in the configuration, the papers, the pages and the notebooks.

Usage: `repository.py URL`.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = re.compile(r"https://github\.com/[A-Za-z0-9-]+/[A-Za-z0-9._-]*[A-Za-z0-9_-]")

PLACEHOLDER = "https://github.com/OWNER/one-kl"  # what a file has that an earlier run left out


def current(root: Path) -> str:
    """The address that `_config.yml` in the folder `root` holds; ValueError without one."""
    found = re.search(
        r"^  url: (\S+)$", (root / "_config.yml").read_text(encoding="utf-8"), re.MULTILINE
    )
    if not found:
        raise ValueError(
            f"{root / '_config.yml'} has no line '  url: https://github.com/OWNER/NAME'"
        )
    return found[1]


def holders(root: Path) -> list[Path]:
    """The files under `root` that may name the address."""
    return [
        root / "_config.yml",
        *(root / name for name in ("README.md", "CITATION.cff", "MAINTAINING.md")),
        *sorted(root.glob("book/*.md")),
        *sorted(root.glob("notebooks/*.ipynb")),
        root / "tools" / "first_cell.ipy",
    ]


def rewrite(root: Path, url: str) -> list[Path]:
    """Replace the address by `url` in every file that names it and return those files.

    All of them change or none does: what is written is put back where one cannot be.
    Raises ValueError when `url` is not of the form https://github.com/OWNER/NAME (without .git or
    a last slash), which is the form that Colab and pip both take, and for a file that is no UTF-8.
    """
    if not ADDRESS.fullmatch(url) or url.endswith(".git"):
        raise ValueError(f"not an address of the form https://github.com/OWNER/NAME: {url!r}")
    olds = {current(root), PLACEHOLDER} - {url}
    # not followed by more of a name, so that one-kl is not found within one-kl-2
    old = re.compile(rf"(?:{'|'.join(map(re.escape, sorted(olds)))})(?![\w-])")
    before = {path: path.read_bytes() for path in holders(root)}
    after = {path: old.sub(url, _text(path, data)).encode() for path, data in before.items()}
    changed = [path for path in before if before[path] != after[path]]
    # The configuration comes last: as long as it has the old address, another run finds the rest.
    changed.sort(key=lambda path: path.name == "_config.yml")
    try:
        for path in changed:
            path.write_bytes(after[path])
    except BaseException:
        for path in changed:
            if path.read_bytes() != before[path]:
                path.write_bytes(before[path])
        raise
    return changed


def _text(path: Path, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no UTF-8: {error}; save it as UTF-8") from error


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: make repository URL=https://github.com/NAME/REPOSITORY")
    try:
        for path in rewrite(ROOT, sys.argv[1]):
            print(path.relative_to(ROOT))
    except (ValueError, OSError) as error:
        sys.exit(f"no file is changed: {error}")
