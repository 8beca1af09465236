"""The printed equations of two sources, the article and the AVB notes, read into nodes.

A letter has its marks and its arguments with it. A line break is a node where it parts the cases
of a brace; elsewhere it is layout. The notes have another notation: E_p for a mean under p, log and
max without a backslash.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

LAYOUT = r"\s+|&|\\,|\\(?:left|Big)(?![a-zA-Z])|\\right(?![a-zA-Z.])|\\(?:begin|end)\{aligned\}"
TOKENS = {
    "break": r"\\\\",
    "differential": r"d(?=[xyz])",
    "operator": (
        r"\\mathbb\{E\}|\\mathop\{\\arg\\(?:min|max)\}|E(?=_\{)|\\?(?:log|max)(?![a-zA-Z])|"
        r"\\i?int|\\sum|\\lim|\\exp|\\frac|\\nabla|KL"
    ),
    "letter": (
        r"\\tilde\{[pq]\}|\\hat\{[qz]\}|\\Delta\s*\\theta|"
        r"\\(?:theta|phi|alpha|delta|lambda|sigma|pi)\b|[pqrDGETcdxyz]"
    ),
    "mark": r"\^\{o\}|\^o|\^\*|\^\{\*\}",
    "open": r"\\\{|[(\[{]",
    "close": r"\\right\.|[)\]}]",
    "sign": r"\\(?:sim|approx|to|geq|cdot|Vert|vert|quad)(?![a-zA-Z])|[-+=/|,^_0-9]",
}
TOKEN = re.compile(
    rf"(?P<layout>{LAYOUT})|"
    + "|".join(f"(?P<{kind}>{pattern})" for kind, pattern in TOKENS.items())
)
CLOSING = {"(": ")", "[": "]", "{": "}", r"\{": r"\right."}
# Letters that take arguments; others are multiplied.
CALLED = (
    "p", "q", "r", r"\tilde{p}", r"\tilde{q}", r"\hat{q}", "D", "G", "E", "T", r"\delta", r"\sigma"
)  # fmt: skip
SPELLINGS = {"log": r"\log", "max": r"\max", r"\vert": "|", "^o": "^{o}", "^*": "^{*}"}
SOURCES = ("article.toml", "avb_notes.toml")
CASES = r"\{"
Token = tuple[str, str, int]  # its kind, its text and where it starts


@dataclass(frozen=True)
class Node:
    """A letter with its arguments inside, an operator, a sign, or a group in brackets.

    A differential has its variable inside. `at` is where it starts in the LaTeX.
    """

    kind: str
    text: str
    below: tuple[Node, ...] = ()  # the subscript
    inside: tuple[Node, ...] | None = None
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        if self.kind == "group":
            return self.text + write(self.inside) + CLOSING[self.text]
        below = write(self.below)
        below = f"_{{{below}}}" if len(below) > 1 else below and f"_{below}"
        arguments = "" if self.inside is None else f"({write(self.inside)})"
        return self.text + below + arguments


def write(nodes: Iterable[Node]) -> str:
    """Nodes as LaTeX again, without layout: one spelling for one symbol."""
    return "".join(map(str, nodes))


@cache
def printed() -> dict[str, str]:
    """The equations in LaTeX by the claims' ids, letter by letter as the sources print them."""
    texts = ((files(__package__) / name).read_text(encoding="utf-8") for name in SOURCES)
    return {id: latex for text in texts for id, latex in tomllib.loads(text).items()}


def parse(latex: str) -> tuple[Node, ...]:
    """The nodes of an equation; ValueError for anything that is not in the sources' notation."""
    tokens = _tokens(latex)
    nodes = _sequence(tokens)
    if tokens:
        raise ValueError(f"cannot read {latex!r}: there is a {tokens[0][1]} too many")
    return nodes


def everything(nodes: Iterable[Node]) -> Iterator[Node]:
    """All nodes, those in subscripts, arguments and brackets too."""
    for node in nodes:
        yield node
        yield from everything(node.below)
        yield from everything(node.inside or ())


def _tokens(latex: str) -> list[Token]:
    found, at = [], 0
    while at < len(latex):
        match = TOKEN.match(latex, at)
        if not match:
            raise ValueError(f"cannot read {latex!r}: unknown notation at {latex[at : at + 12]!r}")
        if match.lastgroup != "layout":
            text = re.sub(r"\s", "", match[0])
            found.append((match.lastgroup, SPELLINGS.get(text, text), at))
        at = match.end()
    return found


def _sequence(tokens: list[Token], opening: str | None = None) -> tuple[Node, ...]:
    nodes = []
    while tokens and tokens[0][0] != "close":
        node = _node(tokens)
        if node.kind != "break" or opening == CASES:
            nodes.append(node)
    closing = opening and CLOSING[opening]
    if closing and (not tokens or tokens.pop(0)[1] != closing):
        raise ValueError(f"cannot read {write(nodes)!r}: there is no {closing} after it")
    return tuple(nodes)


def _node(tokens: list[Token]) -> Node:
    kind, text, at = tokens.pop(0)
    if kind == "open":
        return Node("group", text, inside=_sequence(tokens, text), at=at)
    if kind == "differential":
        return Node(kind, text, inside=(_node(tokens),), at=at)
    if kind not in ("letter", "operator"):
        return Node(kind, text, at=at)
    if _next(tokens, "mark"):
        text += tokens.pop(0)[1]
    below = _below(tokens) if _next(tokens, "sign", "_") else ()
    takes_arguments = kind == "letter" and text.partition("^")[0] in CALLED
    called = takes_arguments and _next(tokens, "open", "(")
    return Node(kind, text, below, _node(tokens).inside if called else None, at)


def _below(tokens: list[Token]) -> tuple[Node, ...]:
    tokens.pop(0)
    node = _node(tokens)
    return node.inside if node.kind == "group" else (node,)


def _next(tokens: list[Token], kind: str, text: str | None = None) -> bool:
    return bool(tokens) and tokens[0][0] == kind and text in (None, tokens[0][1])
