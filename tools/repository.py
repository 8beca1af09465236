"""Set the repository's address in the configuration, the papers, the pages and the notebooks.

Usage: `repository.py URL`.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = re.compile(r"https://github\.com/[A-Za-z0-9-]+/[A-Za-z0-9._-]*[A-Za-z0-9_-]")


def current(root: Path) -> str:
    """The address that `_config.yml` in the folder `root` holds; ValueError without one."""
    found = re.search(r"^  url: (\S+)$", (root / "_config.yml").read_text(), re.MULTILINE)
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
    ]


def rewrite(root: Path, url: str) -> list[Path]:
    """Replace the address by `url` in every file that names it and return those files.

    Raises ValueError when `url` is not of the form https://github.com/OWNER/NAME (without .git or
    a last slash), which is the form that Colab and pip both take.
    """
    if not ADDRESS.fullmatch(url) or url.endswith(".git"):
        raise ValueError(f"not an address of the form https://github.com/OWNER/NAME: {url!r}")
    # not followed by more of a name, so that one-kl is not found within one-kl-2
    old = re.compile(re.escape(current(root)) + r"(?![\w-])")
    changed = []
    for path in holders(root):
        text = path.read_text()
        if old.search(text):
            path.write_text(old.sub(url, text))
            changed.append(path)
    return changed


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: make repository URL=https://github.com/NAME/REPOSITORY")
    try:
        for path in rewrite(ROOT, sys.argv[1]):
            print(path.relative_to(ROOT))
    except ValueError as error:
        sys.exit(str(error))
