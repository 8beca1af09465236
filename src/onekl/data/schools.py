"""The eight schools, as AVB's authors scale them, and draws of their posterior by many chains.

The data are the effects of coaching on a test in eight schools (Rubin, 1981), with their standard
errors.
The classical effects are divided by ten; the errors are those of the authors' notebook, about half
of a tenth of the classical ones.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import torch

EFFECTS = (2.8, 0.8, -0.3, 0.7, -0.1, 0.1, 1.8, 1.2)  # y, one for each school
ERRORS = (0.8, 0.5, 0.8, 0.6, 0.5, 0.6, 0.5, 0.4)  # σ, their standard errors
NAMES = ("mu", "tau", *(f"eta {school}" for school in range(1, 9)))

# What a file of posterior draws has to be of.
MODEL = {
    "effects": list(EFFECTS),
    "errors": list(ERRORS),
    "prior": "N(0, 1) for mu, tau and each eta",
    "mean of an effect": "mu + tau * eta",
    "coordinates": list(NAMES),
}


class Chains(NamedTuple):
    """Draws of the posterior by many chains, and what their sampler says of itself."""

    draws: torch.Tensor  # (N, 10), of mu, tau and the eight eta, thinned, float64
    r_hat: torch.Tensor  # (10,), of all draws, split chains
    effective: torch.Tensor  # (10,), the effective number of all draws
    made: dict[str, Any]  # sampler, versions, chains, draws, warm-up, seed


def reference_chains(path: str | Path | None = None) -> Chains:
    """The chains in the file at `path`, or those that come with the package, as `Chains`.

    `tools/schools_reference.py` makes the file.
    ValueError for a file of another model, with what differs, and for one of another form.
    """
    source = files("onekl") / "data" / "schools.json" if path is None else Path(path)
    try:
        content = json.loads(source.read_text(encoding="utf-8"))
        model, made = content["model"], content["made"]
        columns = (content["draws"], content["r_hat"], content["effective"])
        tensors = [torch.tensor(column, dtype=torch.float64) for column in columns]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{source.name} is no file of posterior draws ({error!r}); "
            "make one with tools/schools_reference.py"
        ) from None
    differs = [key for key in MODEL | model if model.get(key) != MODEL.get(key)]
    if differs:
        raise ValueError(
            f"{source.name} is of another model: its {differs[0]!r} is "
            f"{model.get(differs[0])}, and {MODEL.get(differs[0])} is needed; "
            "make one with tools/schools_reference.py"
        )
    return Chains(*tensors, made)
