"""The lines that lead from one side of an equation to the other.

Both sides are walked down, as a person would: definitions, integrals merged, maps put in, equations
used, the other side's densities, logs split.
What they come by are places; a way from the one side to the other goes from place to place by one
named rule at a time, and the shortest is taken.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence

from sympy import Expr, preorder_traversal

from onekl.symbolic.algebra import Dirac, Joint
from onekl.symbolic.lines import steps
from onekl.symbolic.lines.families import bases
from onekl.symbolic.lines.form import CANCEL, Form, Rewriting
from onekl.symbolic.lines.line import START, Line, Lines
from onekl.symbolic.lines.rows import Rows, defined, rows_of, sifted, written
from onekl.symbolic.lines.rules import EQUATION, LAW_OF_A_MAP, LINEARITY, REWRITES, sifted_form
from onekl.symbolic.premises import Equal
from onekl.symbolic.proof import NotProved

LONGEST = 12  # lines
Forms = dict[str, Callable[[Expr], Form]]


def walk(
    left: Expr, right: Expr, joints: Sequence[Joint] = (), given: Sequence[Equal] = ()
) -> Lines:
    """The lines from left to right, by the equations given; NotProved where none are found."""
    if Rewriting().form(left) == Rewriting().form(right):
        return Line(left, sign=START), Line(right, LINEARITY)
    forms = _forms(tuple(given), left.has(Dirac) or right.has(Dirac))
    for every_basis in (False, True):
        ways = _Ways(left, right, joints, tuple(given), every_basis)
        found = ways.shortest(forms) or ways.with_detours().shortest(forms)
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
        self.places = list(dict.fromkeys((left, right, defined(left), defined(right))))
        self.detours: set[Expr] = set()
        self.sums: list[list[Rows]] = []
        try:
            sides = rows_of(left), rows_of(right)
        except NotProved:
            return
        self.sums = [list(dict.fromkeys(self._own(sides[k], (right, left)[k]))) for k in (0, 1)]
        for own, others in zip(self.sums, reversed(self.sums)):
            self._add(self._plainly(own, others))

    def with_detours(self) -> _Ways:
        """The same with detours among the places, which a person takes for want of another way."""
        known = len(self.places)
        for own in self.sums:
            self._add(self._by_detours(own))
        self.detours = set(self.places[known:])
        return self

    def _add(self, sums: Iterable[Rows]) -> None:
        """Add sums to the places."""
        found = dict.fromkeys(written(rows) for rows in dict.fromkeys(sums))
        self.places = list(dict.fromkeys((*self.places, *found)))

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

    def _plainly(self, own: Sequence[Rows], others: Sequence[Rows]) -> Iterable[Rows]:
        """The sums themselves, with logs split like the other side's, and what integrates to 1."""
        yield from own
        for rows in own:
            like = others[0], steps.cancelled(others[0])
            for one in (rows, *(steps.split(rows, other) for other in like)):
                yield one
                yield steps.without_what_cancels(one)
                yield steps.marginalised(one, self.joints)
            for other in others:
                yield steps.lifted(rows, other, self.joints)

    def _by_detours(self, own: Sequence[Rows]) -> Iterable[Rows]:
        """The sums with each log split into those of its factors."""
        for rows in own:
            for one in (rows, steps.without_what_cancels(rows)):
                apart = steps.split_in_full(one)
                yield apart
                yield steps.marginalised(apart, self.joints)

    def shortest(self, forms: Forms) -> Lines | None:
        """The way with the fewest lines, and of those the one with the shortest lines."""
        alike = self._alike(forms)
        cost_of = [self._cost(place) for place in self.places]
        waiting = [(0.0, 0, ())]
        seen: set[int] = set()
        while waiting:
            cost, here, way = heapq.heappop(waiting)
            if here in seen:
                continue
            seen.add(here)
            if here == 1:
                return self._lines(way)
            for rank, (name, groups) in enumerate(alike.items()):
                for there in groups[here]:
                    if there not in seen:
                        further = cost + cost_of[there] + rank / 10_000
                        heapq.heappush(waiting, (further, there, (*way, (name, there))))
        return None

    def _cost(self, place: Expr) -> float:
        """1 for each line, a little for its length, and more for what nobody would write."""
        length = sum(1 for _ in preorder_traversal(place))
        return 1 + length / 1000 + (0.7 if place in self.detours else 0)

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
