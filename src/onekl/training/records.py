"""Recorded runs: what a long run found, as a small file that travels with the package.

A record says which loop made it, by a digest of each of the loop's statements.
`make record` tells the kernel where the notebook's file is; a kernel cannot find that out by
itself.
A reader has no file at hand in a hosted notebook, but it has the cells that were executed: a record
whose loop is not among them is of another loop, and the reader is told.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from onekl.training.columns import Column, lines, values_of
from onekl.training.commit import commit
from onekl.training.loop import constants_of, loop_of, statements
from onekl.training.notebook import shell
from onekl.training.run import provenance

MADE = {"name", "device", "profile", "versions", "commit", "date", "loop"}
KEYS = MADE | {"settings", "constants", "seeds", "values"}


def record(
    name: str,
    settings: SimpleNamespace | dict[str, Any],
    seeds: Iterable[int],
    values: dict[str, Any] | list[Column],
) -> None:
    """Write a run's record to NAME.json in the folder ONEKL_RESULTS.

    Without that variable it does nothing.
    `settings` is a namespace or dict of plain values and `seeds` the seeds' numbers.
    `values` is a nest of dicts, whose innermost values are numbers per seed, lists or tensors
    (S, …), or a list of columns, as `columns_of` makes them.
    They are kept to six significant digits.
    ONEKL_NOTEBOOK is the file of the notebook that makes the record: its loop and its constants
    are kept too; without that variable they are None, and the record is no whole one.
    A list of another length than the seeds', or a value that is not finite, raises ValueError.
    """
    folder = os.environ.get("ONEKL_RESULTS")
    if not folder:
        return
    notebook = os.environ.get("ONEKL_NOTEBOOK")
    seeds = [int(seed) for seed in seeds]
    content = {
        "name": name,
        **provenance(),
        "commit": commit(),
        "date": date.today().isoformat(),
        "loop": loop_of(Path(notebook)) if notebook else None,
        "settings": settings if isinstance(settings, dict) else vars(settings),
        "constants": (
            constants_of(Path(notebook), sys._getframe(1).f_globals) if notebook else None
        ),
        "seeds": seeds,
    }
    text = as_text(content, lines(values, len(seeds)))
    Path(folder).mkdir(parents=True, exist_ok=True)
    (Path(folder) / f"{name}.json").write_text(text, encoding="utf-8")


def as_text(content: Mapping[str, Any], columns: list[str]) -> str:
    """A record's file: each key of `content` on a line, then each column on one, as JSON."""
    head = [
        f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}"
        for key, value in content.items()
    ]
    body = ",\n".join(columns)
    return "{\n" + ",\n".join([*head, f'"columns": [\n{body}\n]']) + "\n}\n"


def recorded(name: str) -> dict[str, Any]:
    """The record NAME.json that is part of the package, as a dict with the keys of `KEYS`.

    "values" is what `record` was given: a nest of dicts of lists, or a `Table`.
    In a notebook that has executed another loop than the record's, a line says in what.
    A file that is missing or is no such record raises ValueError.
    """
    content = read(files("onekl") / "recorded" / f"{name}.json", name)
    differs = _differs(content["loop"] or {})
    if differs:
        print(
            f"the recorded run {name!r} is of another loop than this notebook's: "
            f"{', '.join(differs[:4])}{' …' if len(differs) > 4 else ''}"
        )
    return content


def read(path: Any, name: str) -> dict[str, Any]:
    """The record in a file, whose name is `name`; ValueError where it is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"no recorded run {name!r}; make one with `make record`") from None
    except ValueError as error:
        raise ValueError(
            f"the recorded run {name!r} is not JSON ({error}); record it again"
        ) from None
    keys = content.keys() if isinstance(content, dict) else set()
    expected = KEYS - {"values"} | {"columns"}
    for words, wrong in (("has the unknown", keys - expected), ("lacks the", expected - keys)):
        if wrong:
            raise ValueError(
                f"the recorded run {name!r} {words} keys {', '.join(sorted(wrong))}; "
                "record it again"
            )
    try:
        content["values"] = values_of(content.pop("columns"))
    except (ValueError, TypeError) as error:
        raise ValueError(f"the recorded run {name!r} cannot be read: {error}") from None
    return content


def _differs(loop: Mapping[str, str]) -> list[str]:
    """What of a record's loop is not among the cells that this kernel has executed.

    Nothing where there is no kernel, and where none of the loop was executed: whoever reads another
    notebook's record has not changed its loop.
    """
    running = shell()
    if running is None:
        return []
    executed, last = set(), {}
    for source in running.user_ns.get("In", ()):
        with suppress(SyntaxError):  # a cell that was never executed either
            for statement in statements(source):
                executed.add(statement.digest)
                if statement.is_named:  # what a cell that was edited and executed again names anew
                    last[statement.label] = statement.digest
    missing = [label for label, digest in loop.items() if digest not in executed]
    anew = [label for label in loop if last.get(label, loop[label]) not in loop.values()]
    return list(dict.fromkeys(missing + anew)) if len(missing) < len(loop) else []
