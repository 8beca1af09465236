"""Whether an expression depends on an unknown function that is varied."""

from __future__ import annotations

from collections.abc import Sequence

from sympy import Expr

from onekl.symbolic.algebra import ClassProbability, Density, Joint


def varies(part: Expr, varied: Expr, joints: Sequence[Joint] = ()) -> bool:
    """Whether a part holds the discriminator, or a density that moves with the varied one.

    A conditional leaves the density of its condition as it is; a kernel moves the law after its
    step, and not the one before.
    """
    if isinstance(varied, ClassProbability):
        return any(c.name == varied.name for c in part.atoms(ClassProbability))
    moved = {joint.family for joint in joints if varied.family in joint.built_on}
    return any(
        (d.family in moved and set(d.roles) != {0})
        or (d.family == varied.family and not set(d.over + d.given) <= set(varied.given))
        for d in part.atoms(Density)
    )
