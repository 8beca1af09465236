"""A short hash of what a claim says, so that a report of an older wording is recognised."""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass
from typing import Any

import sympy

from onekl.claims.claim import Claim
from onekl.symbolic.algebra import Joint


def fingerprint(claim: Claim) -> str:
    """Twelve hexadecimal digits, the same in every process."""
    said = [_spelt(getattr(claim, f.name)) for f in fields(claim)]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:12]


def _spelt(value: Any) -> str:
    """An expression with its symbols' assumptions, anything else by its kind and its fields."""
    if isinstance(value, sympy.Basic):
        return sympy.srepr(value)
    if isinstance(value, Joint):
        return value.family
    if is_dataclass(value):
        inside = " ".join(_spelt(getattr(value, f.name)) for f in fields(value))
        return f"{type(value).__name__}({inside})"
    if isinstance(value, (tuple, list)):
        return "(" + " ".join(map(_spelt, value)) + ")"
    return repr(value)
