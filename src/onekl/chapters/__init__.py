"""The chapters in reading order, and the claims that they state."""

from __future__ import annotations

import importlib
from functools import cache
from types import ModuleType

from onekl.claims.claim import Claim
from onekl.claims.inventory import entry

CHAPTERS = (
    "joint_kl",
    "vae",
    "em",
    "gan",
    "missing_term",
    "regulariser",
    "aae",
    "ali",
    "avb",
    "museum",
)


def part(chapter: str, name: str) -> ModuleType | None:
    """The module `name` of a chapter's folder; None where the chapter has none."""
    try:
        return importlib.import_module(f"{__name__}.{chapter}.{name}")
    except ModuleNotFoundError as missing:
        if missing.name != f"{__name__}.{chapter}.{name}":
            raise
        return None


@cache
def stated_claims() -> dict[str, Claim]:
    """Every claim that a chapter states, by id, in reading order.

    ValueError for an id that the inventory lacks.
    """
    claims = [one for chapter in CHAPTERS for one in claims_of(chapter)]
    return {entry(one.id).id: one for one in claims}


def claims_of(chapter: str) -> tuple[Claim, ...]:
    """The `CLAIMS` of a chapter's folder; none where it has no module of claims."""
    found = part(chapter, "claims")
    return found.CLAIMS if found else ()


def claim(id: str) -> Claim:
    """The claim object; ValueError for an id that does not exist or that no chapter states yet."""
    entry(id)
    if id not in stated_claims():
        raise ValueError(f"claim {id!r} is in the inventory, but no chapter states it yet")
    return stated_claims()[id]
