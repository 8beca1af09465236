"""The lines that lead from one side of an equation to the other.

Both sides are walked down, as a person would: definitions, integrals merged, maps put in, equations
used, the other side's densities, logs split.
What they come by are places; a way from the one side to the other goes from place to place by one
named rule at a time, and the shortest is taken.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence

from sympy import Expr

from onekl.symbolic.algebra import Dirac, Joint
from onekl.symbolic.lines import steps
from onekl.symbolic.lines.families import bases
from onekl.symbolic.lines.form import CANCEL, Form, Rewriting
from onekl.symbolic.lines.line import START, Line, Lines
from onekl.symbolic.lines.rows import Rows, defined, rows_of, sifted, written
from onekl.symbolic.lines.rules import EQUATION, LAW_OF_A_MAP, REWRITES, sifted_form
from onekl.symbolic.premises import Equal
from onekl.symbolic.proof import NotProved

LONGEST = 12  # lines
Forms = dict[str, Callable[[Expr], Form]]


def walk(
    left: Expr, right: Expr, joints: Sequence[Joint] = (), given: Sequence[Equal] = ()
) -> Lines:
    """The lines from left to right, by the equations given; NotProved where none are found."""
    forms = _forms(tuple(given), left.has(Dirac) or right.has(Dirac))
    for every_basis in (False, True):
        found = _Ways(left, right, joints, tuple(given), every_basis).shortest(forms)
        if found is not None:
            break
    if found is None or len(found) > LONGEST:
        raise NotProved("the rules lead from neither side to the other: write the lines by hand")
    return found


def _forms(given: tuple[Equal, ...], maps: bool) -> Forms:
    """By rule, what it makes of a place; it leads between places that it makes alike."""
    found = {name: Rewriting(*kinds).form for name, kinds in REWRITES.items()}
    if maps:
        found[LAW_OF_A_MAP] = lambda place: sifted_form(place) or (("none", place),)
    if given:
        found[EQUATION] = Rewriting(CANCEL, equations=given).form
    return found


class _Ways:
    """The places that both sides come by, and the rules that lead from one to another."""

    def __init__(
        self,
        left: Expr,
        right: Expr,
        joints: Sequence[Joint],
        given: tuple[Equal, ...],
        every_basis: bool,
    ) -> None:
        self.joints, self.given = joints, given
        words = [*steps.vocabulary(right), *steps.vocabulary(left)]
        self.ways = bases(joints, list(dict.fromkeys(words)), every_basis)
        self.places = [left, right]
        for rows in self._rows(left, right):
            place = written(rows)
            if place not in self.places:
                self.places.append(place)
        for side in (left, right):
            if defined(side) not in self.places:
                self.places.append(defined(side))

    def _rows(self, left: Expr, right: Expr) -> Iterable[Rows]:
        """All sums of integrals that the two sides come by."""
        try:
            sides = [rows_of(side) for side in (left, right)]
        except NotProved:
            return
        own = [self._own(rows, (right, left)[k]) for k, rows in enumerate(sides)]
        every = [dict.fromkeys(rows) for rows in own]
        yield from every[0]
        yield from every[1]
        for k, places in enumerate(every):
            for rows in places:
                yield from self._apart(rows, sides[1 - k])
            for rows in places:
                for other in every[1 - k]:
                    yield steps.lifted(rows, other, self.joints)

    def _own(self, rows: Rows, other: Expr) -> Iterable[Rows]:
        """What one side comes by in the words of the other."""
        yield rows
        plain = tuple(map(sifted, rows))
        yield plain
        for start in (plain, *steps.put_in(plain, self.given, other)):
            for one in (start, steps.joined_logs(start), steps.multiplied_out(start)):
                yield one
                yield steps.cancelled(one)
                for changed in steps.in_bases(one, self.ways):
                    yield changed
                    yield steps.cancelled(changed)

    def _apart(self, rows: Rows, like: Rows) -> Iterable[Rows]:
        """The rows with their logs split, and without what integrates to 1."""
        for one in (rows, steps.split(rows, like), steps.split_in_full(rows)):
            yield one
            yield steps.marginalised(one, self.joints)
            yield steps.without_what_cancels(one)

    def shortest(self, forms: Forms) -> Lines | None:
        """The way with the fewest lines, and of those the one with the shortest lines."""
        alike = self._alike(forms)
        size = [len(str(place)) for place in self.places]
        waiting = [(0.0, 0, ())]
        seen: set[int] = set()
        while waiting:
            cost, here, way = heapq.heappop(waiting)
            if here in seen:
                continue
            seen.add(here)
            if here == 1:
                return self._lines(way)
            for name, groups in alike.items():
                for there in groups[here]:
                    if there not in seen:
                        further = cost + 1 + size[there] / 10_000
                        heapq.heappush(waiting, (further, there, (*way, (name, there))))
        return None

    def _alike(self, forms: Forms) -> dict[str, list[list[int]]]:
        """By rule and place, the places that the rule leads to."""
        found = {}
        for name, form in forms.items():
            groups: dict[Form, list[int]] = {}
            made = [form(place) for place in self.places]
            for k, one in enumerate(made):
                groups.setdefault(one, []).append(k)
            found[name] = [groups[one] for one in made]
        return found

    def _lines(self, way: Iterable[tuple[str, int]]) -> Lines:
        """The places on the way as lines."""
        start = Line(self.places[0], sign=START)
        rest = (
            Line(self.places[k], rule, uses=self.given if rule == EQUATION else ())
            for rule, k in way
        )
        return (start, *rest)
