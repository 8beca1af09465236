"""The graph of the claims: what each claim rests on, and what rests on it.

Nothing of it is written down by hand: it is found in what the claims are made of, in the list of
the article's steps, and in the lines of the proofs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from typing import Any

from sympy import Add, Basic

from onekl.chapters import CHAPTERS, part, stated_claims
from onekl.claims.inventory import inventory
from onekl.ledger import Row
from onekl.reading.nodes import printed
from onekl.reading.reader import ARTICLE, Article, Best, Equation, Step, Tends
from onekl.reading.steps import steps_of
from onekl.symbolic.algebra import KL, Expectation, SumOrIntegral

WEAK = ("slip", "bound only")  # words of steps that are said wherever something rests on them


@dataclass(frozen=True)
class Link:
    """One claim rests on another, `on`, in one of four ways, `how`.

    It "reads" the other's equation, for its statements or for a symbol that its print has from
    there; `places` are the steps that it takes singly. A side of that equation, or a term of one,
    stands "within" its statements. The other "shows" steps of it that the article makes in words,
    at `places`. Or it "repeats" the other.
    """

    claim: str
    on: str
    how: str
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class Weak:
    """A step that is a slip or only a bound, in an equation that a claim rests on.

    `through` are the claims between the two, none where it rests on the equation itself.
    """

    place: str
    word: str
    through: tuple[str, ...]


@dataclass(frozen=True)
class Node:
    """A claim in the graph, the rules of its proofs, and its premises in LaTeX.

    A source states the `stated` ones, with their place; it leaves the `unsaid` ones out.
    """

    rests_on: tuple[Link, ...]
    used_by: tuple[Link, ...]
    weak: tuple[Weak, ...]
    rules: tuple[str, ...]
    stated: tuple[str, ...]
    unsaid: tuple[str, ...]


def graph(rows: Mapping[str, Row]) -> dict[str, Node]:
    """Every claim that a chapter states, in reading order, then what else they rest on.

    `rows` is the ledger by the claims' ids.
    """
    order = [*inventory()]
    links = [one for id in stated_claims() for one in links_of(id)]
    links.sort(key=lambda link: (order.index(link.on), order.index(link.claim)))
    nodes = {}
    for id in dict.fromkeys([*stated_claims(), *(link.on for link in links)]):
        lines = [line for one in rows[id].shown or () for line in one["rows"]]
        nodes[id] = Node(
            rests_on=tuple(link for link in links if link.claim == id),
            used_by=tuple(link for link in links if link.on == id),
            weak=weak_below(id, links, rows),
            rules=tuple(dict.fromkeys(line["rule"] for line in lines if line["rule"])),
            stated=tuple(rows[id].stated or ()),
            unsaid=tuple(rows[id].premises or ()),
        )
    return nodes


def weak_below(id: str, links: Sequence[Link], rows: Mapping[str, Row]) -> tuple[Weak, ...]:
    """The weak steps of the equations that a claim rests on, each by the shortest way.

    No way leads over what shows a step that is made in words: the equation does not need it.
    """
    ways: dict[str, tuple[str, ...]] = {id: ()}
    for at in (queue := [id]):
        for link in links:
            if link.claim == at and link.how != "shows" and link.on not in ways:
                ways[link.on] = (*ways[at], link.on)
                queue.append(link.on)
    return tuple(
        Weak(step["place"], step["verdict"], way[:-1])
        for other, way in ways.items()
        for step in rows[other].steps or ()
        if other != id and step["verdict"] in WEAK
    )


def links_of(id: str) -> Iterator[Link]:
    """What a claim rests on, in each of the four ways."""
    claim, known = stated_claims()[id], [*stated_claims()]
    if id in _builders():
        _builders()[id](article := _Asked(id))
        for on, places in article.places.items():
            yield Link(id, on, "reads", tuple(sorted(places)))
    else:
        for on in dict.fromkeys(_printed_in((claim.statements, claim.also, claim.refuted))):
            if known.index(on) < known.index(id):
                yield Link(id, on, "within")
    shown: dict[str, list[str]] = {}
    for step in steps_of(id):
        shown.setdefault(step.shown.partition(".")[0], []).append(step.place)
    yield from (Link(id, on, "shows", tuple(shown[on])) for on in shown if on not in ("", id))
    yield from (Link(id, on, "repeats") for on in claim.repeats.split(", ") if on)


def _builders() -> dict[str, Any]:
    """What makes a claim of the article that is read, by the claim's id."""
    parts = (part(chapter, "claims") for chapter in CHAPTERS)
    return {id: read for one in parts for id, read in getattr(one, "READ", {}).items()}


class _Asked(Article):
    """The article; it notes which steps of which other equations than its own a claim asks for."""

    def __init__(self, own: str) -> None:
        super().__init__(printed())
        self.own, self.places = own, {}

    def __getitem__(self, id: str) -> Equation:
        if id == self.own:
            return super().__getitem__(id)
        places = self.places.setdefault(id, set())
        return replace(ARTICLE[id], steps=_Noted(ARTICLE[id].steps, places))


class _Noted:
    """Steps; it notes the places of those that are taken."""

    def __init__(self, steps: Sequence[Step], places: set[str]) -> None:
        self.steps, self.places = steps, places

    def __getitem__(self, number: int) -> Step:
        self.places.add(self.steps[number].place)
        return self.steps[number]


def _printed_in(value: Any) -> Iterator[str]:
    """The equations that print a part of these expressions, the largest parts first."""
    if isinstance(value, Basic):
        known = _parts().get(value)
        yield from [known] if known else _printed_in(value.args)
    elif isinstance(value, (tuple, list)):
        for one in value:
            yield from _printed_in(one)
    elif is_dataclass(value):
        names = [field.name for field in fields(value)]
        said = [name for name in names if name not in ("instances", "at", "by")]
        yield from _printed_in([getattr(value, name) for name in said])


@cache
def _parts() -> dict[Basic, str]:
    """Sides with a sum, an integral, a KL or a mean, and their terms, by who prints them first."""
    found: dict[Basic, str] = {}
    for id in printed():
        for side in (side for clause in ARTICLE[id].clauses for side in clause):
            match side:
                case Best(objective=inside) | Tends(expression=inside):
                    side = inside
            for one in (side, *Add.make_args(side)) if isinstance(side, Basic) else ():
                if one.has(KL, Expectation, SumOrIntegral):
                    found.setdefault(one, id)
    return found
