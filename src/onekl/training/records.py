"""Recorded runs: what a long run found, as a small file that travels with the package."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import date
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

from onekl.training.commit import commit
from onekl.training.run import provenance

KEYS = {"name", "device", "profile", "versions", "commit", "date", "settings", "seeds", "values"}


def record(
    name: str,
    settings: SimpleNamespace | dict[str, Any],
    seeds: Iterable[int],
    values: dict[str, Any],
) -> None:
    """Write a run's record to NAME.json in the folder ONEKL_RESULTS.

    Without that variable it does nothing.
    `settings` is a namespace or dict of plain values, `seeds` the seeds' numbers, and `values` a
    dict of numbers per seed, lists or tensors (S, …), which may be nested in further dicts.
    They are kept to six significant digits.
    A list of another length than the seeds', or a value that is not finite, raises ValueError.
    """
    folder = os.environ.get("ONEKL_RESULTS")
    if not folder:
        return
    seeds = [int(seed) for seed in seeds]
    plain = settings if isinstance(settings, dict) else vars(settings)
    content = {
        "name": name,
        **provenance(),
        "commit": commit(),
        "date": date.today().isoformat(),
        "settings": plain,
        "seeds": seeds,
        "values": _plain(values, len(seeds), "values"),
    }
    Path(folder).mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in content.items())
    (Path(folder) / f"{name}.json").write_text(f"{{\n{lines}\n}}\n")


def recorded(name: str) -> dict[str, Any]:
    """The record NAME.json that is part of the package, as a dict with the keys of `KEYS`.

    A file that is missing or is no such record raises ValueError.
    """
    try:
        content = json.loads((files("onekl") / "recorded" / f"{name}.json").read_text())
    except FileNotFoundError:
        raise ValueError(f"no recorded run {name!r}; record one with ONEKL_RESULTS set") from None
    except ValueError as error:
        raise ValueError(
            f"the recorded run {name!r} is not JSON ({error}); record it again"
        ) from None
    if not isinstance(content, dict) or content.keys() != KEYS:
        raise ValueError(
            f"the recorded run {name!r} does not have the keys {', '.join(sorted(KEYS))}; "
            "record it again"
        )
    return content


def _plain(values: Any, size: int, where: str) -> dict | list:
    if isinstance(values, dict):
        return {key: _plain(part, size, f"{where}[{key!r}]") for key, part in values.items()}
    tensor = torch.as_tensor(values, dtype=torch.float64)
    if tensor.ndim == 0 or len(tensor) != size:
        raise ValueError(
            f"{where} has shape {tuple(tensor.shape)}; "
            f"it must have one entry for each of {size} seeds"
        )
    if not torch.isfinite(tensor).all():
        raise ValueError(f"{where} has values that are not finite")
    return _rounded(tensor.tolist())


def _rounded(values: list) -> list:
    return [
        _rounded(value) if isinstance(value, list) else float(f"{value:.6g}") for value in values
    ]
