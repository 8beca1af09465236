"""Joint, marginals and conditionals of two variables: the ways to write one product of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sympy import Expr, Symbol

from onekl.symbolic.algebra import Density, Joint
from onekl.symbolic.lines.rows import Ratio


@dataclass(frozen=True)
class Basis:
    """The densities of one family in whose product its joint is written: (p(x), p(z|x)) or (p,)."""

    joint: Joint
    parts: tuple[Density, ...]

    def known(self, densities: Iterable[Expr]) -> dict[Expr, Ratio]:
        """What each density of the family is in this basis; nothing for those that stay."""
        own = [d for d in densities if isinstance(d, Density) and d.family == self.joint.family]
        both = [d for d in own if len(d.over + d.given) == 2 and d not in self.parts]
        return {d: Ratio(self.parts, (self.joint.condition(d),) if d.given else ()) for d in both}

    def __call__(self, ratio: Ratio) -> Ratio:
        """The ratio with each density of the family in this basis.

        A marginal that is written down so cancels where it stands.
        """
        total, taken = Ratio(), Ratio()
        known = self.known(ratio.above + ratio.below)
        for factor in ratio.above:
            new = known.get(factor, Ratio((factor,)))
            total, taken = Ratio(total.above + new.above, total.below), taken * Ratio((), new.below)
        for factor in ratio.below:
            new = known.get(factor, Ratio((factor,)))
            total, taken = Ratio(total.above, total.below + new.above), taken * Ratio(new.below)
        return _taken_off(total, taken)


def _taken_off(ratio: Ratio, more: Ratio) -> Ratio:
    """The ratio times another one, whose factors cancel against the first one's where they can."""
    above, below = list(ratio.above), list(ratio.below)
    for factors, against, own in ((more.below, above, below), (more.above, below, above)):
        for factor in factors:
            if factor in against:
                against.remove(factor)
            else:
                own.append(factor)
    return Ratio(tuple(above), tuple(below))


def bases(
    joints: Sequence[Joint], vocabulary: Sequence[Density], every: bool = False
) -> list[list[Basis]]:
    """For each family of two variables the bases that some density of the vocabulary is part of.

    The joint itself is one where there is no conditional; with `every` each one is.
    """
    found = []
    for joint in joints:
        own = [d for d in vocabulary if d.family == joint.family]
        both = {d for d in own if len(d.over + d.given) == 2}
        if len(joint.variables) != 2 or joint.roles or not both:
            continue
        x, z = joint.variables
        ways = ((joint(x), joint(z, given=x)), (joint(z), joint(x, given=z)), (joint(x, z),))
        used = [way for way in ways if every or set(way) & both]
        used = used if every else [way for way in used if len(way) == 2] or used
        found.append([Basis(joint, _in_order(way, own)) for way in used])
    return found


def _in_order(parts: tuple[Density, ...], own: Sequence[Density]) -> tuple[Density, ...]:
    """The parts in the order in which they are written elsewhere."""
    return tuple(sorted(parts, key=lambda d: own.index(d) if d in own else -1))


def marginal_of(
    density: Density, gone: Sequence[Symbol], joints: Sequence[Joint]
) -> Density | None:
    """A joint density without some of its variables; None where the family is not known."""
    own = [joint for joint in joints if joint.family == density.family]
    left = [v for v in density.over if v not in gone]
    return own[0].marginal(density, left) if own and left else None
