"""Make a record: run a notebook's long profile, and put its record into the package.

Usage: `record.py NOTEBOOK`, or `record.py --check NOTEBOOK...`.
A copy of the notebook runs up to its last record, so the committed one keeps its short outputs.
What is stopped goes on when the command is given again: the checkpoints are kept in
ONEKL_CHECKPOINTS (default `checkpoints`).
`--check` runs nothing, and says which records are of another loop than their notebook's.
"""

from __future__ import annotations

import html
import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from onekl.training.loop import loop_of, makes_record, records_of
from onekl.training.records import read

ROOT = Path(__file__).resolve().parents[1]
RECORDED = ROOT / "src" / "onekl" / "recorded"
SECONDS = 30.0  # between two lines of progress
MARKUP = re.compile(r"<[^>]*>")


class Watched(NotebookClient):
    """Prints what the cells print, and from time to time how far a progress bar is."""

    _last = 0.0
    _left: str = ""

    def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
        """Show the message, and treat it as nbclient does."""
        content = msg["content"]
        if msg["msg_type"] == "stream":
            print(content["text"], end="", flush=True)
        elif msg["msg_type"] == "comm_msg":
            self._tell(content["data"].get("state", {}).get("value"))
        return super().process_message(msg, cell, cell_index)

    def _tell(self, value: Any) -> None:
        """A bar's words stand on its left, as `ring:  12%|`, and its times on its right."""
        if not isinstance(value, str):
            return
        words = html.unescape(MARKUP.sub("", value)).strip()
        if words.endswith("%"):
            self._left = words
        elif "[" in words and time.monotonic() - self._last >= SECONDS:
            print(f"  {self._left} {words}", flush=True)
            self._last = time.monotonic()


def make(path: Path, folder: Path) -> list[Path]:
    """Run a copy of the notebook `path` in the full profile; the files that it left in `folder`.

    A notebook that makes no record, has no loop, fails or leaves out a record raises ValueError.
    """
    loop_of(path)  # an hour is too long to wait for what is wrong with the tags
    names = records_of(path)
    if not names:
        raise ValueError(f'{path} calls no record("NAME", …): there is nothing to record')
    copy = folder / path.name
    shutil.copy(path, copy)
    results = folder / "results"
    results.mkdir()
    _run(copy, results)
    for name in names:
        file = results / f"{name}.json"
        if not file.exists():
            raise ValueError(f"{path} ran to its end without writing the record {name!r}")
        require_same_loop(path, read(file, name))
    return sorted(results.iterdir())


def require_same_loop(path: Path, record: dict[str, Any]) -> None:
    """Raise ValueError, in one line, where a record is of another loop than the notebook's."""
    loop, made = loop_of(path), record["loop"]
    if made is None:
        raise ValueError(
            f"the record {record['name']!r} does not say which loop made it; "
            f"make record NOTEBOOK={path}"
        )
    differ = [label for label in {**loop, **made} if loop.get(label) != made.get(label)]
    if differ:
        raise ValueError(
            f"the record {record['name']!r} is of another loop than {path}: "
            f"{', '.join(differ[:4])}{' …' if len(differ) > 4 else ''}; make record NOTEBOOK={path}"
        )


def verify(path: Path, recorded: Path = RECORDED) -> None:
    """Raise ValueError unless each record that the notebook makes is of its loop."""
    for name in records_of(path):
        require_same_loop(path, read(recorded / f"{name}.json", name))


def _run(copy: Path, results: Path) -> None:
    notebook = nbformat.read(copy, as_version=4)
    checkpoints = Path(os.environ.get("ONEKL_CHECKPOINTS") or ROOT / "checkpoints").resolve()
    told = {
        "ONEKL_PROFILE": "full",
        "ONEKL_RESULTS": str(results),
        "ONEKL_NOTEBOOK": str(copy),
        "ONEKL_CHECKPOINTS": str(checkpoints),
    }
    place = {"metadata": {"path": copy.parent}}
    client = Watched(notebook, kernel_name="python3", timeout=None, resources=place)
    with client.setup_kernel(env=os.environ | told):
        # The cells after the last record read the one that is there, which may be of another form.
        last = max(k for k, cell in enumerate(notebook.cells) if makes_record(cell))
        for index, cell in enumerate(notebook.cells[: last + 1]):
            if cell.cell_type == "code":
                print(f"cell {index + 1} of {len(notebook.cells)}: {cell.id}", flush=True)
                try:
                    client.execute_cell(cell, index)
                except CellExecutionError as error:
                    why = f"{error.ename}: {error.evalue}".splitlines()[0]
                    raise ValueError(f"cell {cell.id} failed with {why}") from None


def main(arguments: list[str]) -> None:
    """Make the records of one notebook, or check those of several."""
    if arguments[:1] == ["--check"] and len(arguments) > 1:
        for path in map(Path, arguments[1:]):
            verify(path)
        return
    if len(arguments) != 1 or not arguments[0]:
        raise ValueError("make record NOTEBOOK=notebooks/NAME-trial.ipynb")
    with tempfile.TemporaryDirectory() as folder:
        for file in make(Path(arguments[0]), Path(folder)):
            shutil.copy(file, RECORDED)
            print(RECORDED / file.name)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except ValueError as error:
        sys.exit(str(error))
