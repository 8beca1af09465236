"""What the check of a claim tried, in words: the wrong versions, the instances and the figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from onekl.claims.numbers import Numbers

COUNTS = [field.name for field in fields(Numbers) if field.name != "figure"]


def mutants(report: Mapping[str, Any]) -> str:
    """How many wrong versions were rejected, of how many."""
    equivalent = report["mutants_equivalent"]
    apart = f" ({equivalent} equivalent)" if equivalent else ""
    return f"{report['mutants_rejected']} of {report['mutants_total']} mutants rejected{apart}"


def together(shown: Iterable[Mapping[str, Any]]) -> Numbers:
    """What the numbers showed of several statements: the counts added up, and each other figure."""
    every = [Numbers(**one["numbers"]) for one in shown if one["numbers"]]
    counts = {name: sum(getattr(one, name) for one in every) for name in COUNTS}
    return Numbers(**counts, figure="; ".join(dict.fromkeys(one.figure for one in every)))
