"""The nodes of an expression by their kind, kept for all that share a part."""

from __future__ import annotations

from functools import lru_cache

from sympy import Basic


@lru_cache(maxsize=2**15)
def nodes_of(kind: type | tuple[type, ...], expression: Basic) -> frozenset[Basic]:
    """The nodes of a kind in an expression, as `atoms` finds them.

    They are kept for each part of it: a mutant has most of its parts from the statement.
    """
    own = frozenset((expression,) if isinstance(expression, kind) else ())
    return own.union(*(nodes_of(kind, part) for part in expression.args))
