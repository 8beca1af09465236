"""The audit of the printed equations: every symbol is accounted for, every x, y, z bound.

It reads what is printed and knows no mathematics: a wrong symbol that is well bound and introduced
is for the proofs to find.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, takewhile
from pathlib import Path

from onekl.reading.nodes import Node, everything, parse, write

VARIABLES = ("x", "y", "z", r"\hat{z}")
RELATIONS = ("=", r"\sim", r"\approx", r"\to", r"\geq")
VARIED = (r"\mathop", r"\max")  # arg min, arg max, max
MEAN = r"\mathbb{E}"  # with what is drawn under it; a plain E has the density alone
MEANS = (MEAN, "E")
INTEGRALS = {r"\int": 1, r"\iint": 2}  # how many differentials each takes
ENDS = ("+", "-", *RELATIONS)  # where the reach of a mean or a sum without brackets ends
ROLES = (
    "density",
    "conditional density",
    "joint density",
    "chance of the label",
    "map",
    "variable",
    "parameter",
    "constant",
    "name",
)


@dataclass(frozen=True)
class Account:
    """What a symbol of a printed equation is: how often it stands there, its role, and a remark.

    `introduced` is an equation as "(n)", a place in the text as "before (n)" or "after (n)", or
    "nowhere"; for a variable it says what binds it.
    """

    equation: str
    symbol: str
    times: int
    role: str
    introduced: str
    remark: str


@dataclass(frozen=True)
class Slip:
    """A slip in a source's running text: where, what is printed, what must be meant, and why.

    LaTeX stands between $ signs.
    Its kind: a wrong letter, a wrong or missing word, or a sentence that says more than is true.
    """

    source: str
    place: str
    kind: str
    printed: str
    meant: str
    why: str


@dataclass(frozen=True)
class Use:
    """One occurrence of x, y or z: the symbol that it stands in, and what binds it, if anything."""

    variable: str
    within: str
    binder: str


@cache
def accounts() -> tuple[Account, ...]:
    """The account of every symbol of every printed equation."""
    return tuple(Account(**row | {"times": int(row["times"])}) for row in _table("symbols.csv"))


@cache
def running_text() -> tuple[Slip, ...]:
    """The slips in the text between the equations."""
    return tuple(Slip(**row) for row in _table("running_text.csv"))


def _table(name: str) -> list[dict[str, str]]:
    with (Path(__file__).parent / name).open(encoding="utf-8", newline="") as rows:
        return list(csv.DictReader(rows))


def symbols(latex: str) -> Counter[str]:
    """How often each symbol is printed, with its arguments.

    p(z|x) counts once, and so do its z and its x.
    """
    return Counter(str(node) for node in everything(parse(latex)) if node.kind == "letter")


def uses(latex: str) -> list[Use]:
    """Every occurrence of a variable with what binds it.

    That is E, dx, KL, sum, arg (a name under arg min), or the left side.
    """
    return [
        use for clause in _clauses(parse(latex)) for use in _uses(clause, _left_side(clause), "")
    ]


def unbound(latex: str) -> list[Use]:
    """The variables that nothing binds."""
    return [use for use in uses(latex) if not use.binder]


def unnamed(latex: str) -> list[str]:
    """What arg min or arg max varies although what follows does not print it."""
    found = []
    nodes = parse(latex)
    for index, node in enumerate(nodes):
        if node.text.startswith(VARIED):
            following = list(everything(nodes[index + 1 : _end(nodes, index + 1, ("=",))]))
            names = {str(other) for other in following} | {other.text for other in following}
            varied = (str(one) for one in node.below if one.kind == "letter")
            found += [name for name in varied if name not in names]
    return found


def _clauses(nodes: Sequence[Node]) -> Iterator[Sequence[Node]]:
    """The equations of a line that prints several, one after the other."""
    start = 0
    for index, node in enumerate(nodes):
        if node.text == r"\quad":
            yield nodes[start:index]
            start = index + 1
    yield nodes[start:]


def _left_side(clause: Sequence[Node]) -> dict[str, str]:
    """The variables that are free on the left: the equation holds for all of them.

    A left side that is itself an integral, a mean or a sum is one number and has none.
    """
    end = _end(clause, 0, RELATIONS)
    one_number = (*INTEGRALS, MEAN, r"\sum")
    if end == len(clause) or any(node.text in one_number for node in clause[:end]):
        return {}
    return {use.variable: "left side" for use in _uses(clause[:end], {}, "") if not use.binder}


def _end(nodes: Sequence[Node], start: int, signs: Sequence[str]) -> int:
    """The place of the first of the signs from `start` on; the length where there is none."""
    for place in range(start, len(nodes)):
        if nodes[place].kind == "sign" and nodes[place].text in signs:
            return place
    return len(nodes)


def _uses(nodes: Sequence[Node], bound: dict[str, str], within: str) -> Iterator[Use]:
    """The variables' occurrences in nodes that stand side by side.

    `bound` says what binds a variable from outside, `within` is the symbol around the nodes.
    """
    index = 0
    while index < len(nodes):
        node, (binds, end) = nodes[index], _scope(nodes, index)
        if node.kind == "letter" and node.text in VARIABLES:
            yield Use(node.text, within, bound.get(node.text, ""))
        # What is minimised is one number: the left side's variables do not reach into it.
        around = {} if node.text.startswith(VARIED) else bound | binds
        name = str(node) if node.kind == "letter" else within
        yield from _uses(node.below, bound | binds, name)
        yield from _uses(node.inside or (), bound, name)
        yield from _uses(nodes[index + 1 : end], around, within)
        index = end


def _scope(nodes: Sequence[Node], index: int) -> tuple[dict[str, str], int]:
    """What the node binds, in its subscript and in the nodes after it, and where these end."""
    node, following = nodes[index], index + 1
    if node.text in MEANS and node.kind == "operator":
        in_brackets = nodes[following].kind == "group"
        reach = following + 1 if in_brackets else _end(nodes, following, ENDS)
        return dict.fromkeys(_drawn(node), "E"), reach
    if node.text == r"\sum":
        return {under.text: "sum" for under in node.below}, _end(nodes, following, ENDS)
    if node.text.startswith(VARIED):
        return dict.fromkeys(VARIABLES, "arg"), _end(nodes, following, ("=",))
    if node.text in INTEGRALS:
        end = _after_differentials(nodes, index)
        over = (n.inside[0].text for n in nodes[index:end] if n.kind == "differential")
        return {variable: f"d{variable}" for variable in over}, end
    if node.text == "KL":
        return dict.fromkeys(_compared(nodes[following]), "KL"), following + 1
    return {}, following


def _drawn(mean: Node) -> set[str]:
    """What a mean draws: as it says, or the variables of the density that it prints alone."""
    if mean.text == MEAN:
        return {first.text for first, second in pairwise(mean.below) if second.text == r"\sim"}
    density = mean.below[0]
    return _before_the_bar(density.inside or tuple(everything(density.below)))


def _after_differentials(nodes: Sequence[Node], start: int) -> int:
    """Where the integral that begins at `start` ends; ValueError if it has no differential."""
    wanted = INTEGRALS[nodes[start].text]
    later = range(start, len(nodes))
    places = [place for place in later if nodes[place].kind == "differential"][:wanted]
    if len(places) < wanted or any(n.text in INTEGRALS for n in nodes[start + 1 : places[-1]]):
        raise ValueError(f"an integral without its differential: {write(nodes[start:])}")
    return places[-1] + 1


def _compared(group: Node) -> set[str]:
    """What a divergence integrates over: the arguments before the bar of its first density."""
    return _before_the_bar(group.inside[0].inside)


def _before_the_bar(arguments: Sequence[Node]) -> set[str]:
    """The variables that a density is over."""
    before = takewhile(lambda node: node.text != "|", arguments)
    return {node.text for node in before if node.text in VARIABLES}
