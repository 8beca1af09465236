"""A printed line broken where a person would: before a sign, and before a plus where it is long.

A plus in square brackets is such a place only where the line is too long without it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from onekl.reading.nodes import CASES, Node, parse
from onekl.reading.reader import SIGNS
from onekl_site.audit import VARIED

LONG = 28  # letters that fit into a line on a phone
INDENT = 3  # letters, of a line that goes on below its start
SHORT = 12  # letters of a left side that has the first sign beside it
LAYOUT = re.compile(r"\\begin\{aligned\}|\\end\{aligned\}|\\\\|&")
UNSEEN = re.compile(r"\\(?:left|right|Big|begin\{aligned\}|end\{aligned\})|[{}&^_\s]|\\[,;]")
COMMAND = re.compile(r"\\(?:mathbb|tilde|frac|mathop)|\\[a-zA-Z]+")


@dataclass(frozen=True)
class _Cut:
    """A place where a line may be broken: before a sign, before a term, or between equations."""

    at: int
    kind: str  # "sign", "term" or "equation"


def broken(latex: str, marks: Mapping[int, tuple[str, str]]) -> str:
    """The line in LaTeX with each sign at one of the places replaced by its mark, and broken.

    `marks` takes the place of a sign to the sign and what is printed for it. A joint with cases is
    left in its lines.
    """
    nodes = parse(latex)
    if any(node.text == CASES for node in nodes):
        return _edited(latex, 0, len(latex), marks)
    cuts = _within(latex, [_Cut(0, "start"), *_cuts(nodes), _Cut(len(latex), "end")], nodes)
    pieces = [
        (cut.kind, _apart(_edited(latex, cut.at, after.at, marks, keeps_layout=False)))
        for cut, after in zip(cuts, cuts[1:])
    ]
    lengths = [_letters(latex[cut.at : after.at]) for cut, after in zip(cuts, cuts[1:])]
    if sum(lengths) <= LONG and "equation" not in {kind for kind, _ in pieces}:
        return "".join(piece for _, piece in pieces)
    return rf"\begin{{aligned}} {_lines(pieces, lengths)} \end{{aligned}}"


def _cuts(nodes: Sequence[Node]) -> list[_Cut]:
    """The places, in order, where a line may be broken."""
    found, in_norm = [], False
    for before, node in zip((None, *nodes), nodes):
        in_norm ^= node.text == r"\Vert"
        starts = before is None or before.text in (*SIGNS, r"\quad") or _is_optimum(before)
        if node.text in SIGNS:
            found.append(_Cut(node.at, "sign"))
        elif node.text == r"\quad":
            found.append(_Cut(node.at + len(node.text), "equation"))
        elif node.kind == "sign" and node.text in "+-" and not (starts or in_norm):
            found.append(_Cut(node.at, "term"))
    return found


def _within(latex: str, cuts: Sequence[_Cut], nodes: Sequence[Node]) -> list[_Cut]:
    """The places, and those in the square brackets of a piece that is too long for a line."""
    found = []
    for cut, after in zip(cuts, cuts[1:]):
        found.append(cut)
        if _letters(latex[cut.at : after.at]) > LONG - INDENT:
            here = (node for node in nodes if cut.at <= node.at < after.at and node.text == "[")
            found += (place for node in here for place in _cuts(node.inside or ()))
    return [*found, cuts[-1]]


def _apart(piece: str) -> str:
    """A piece with a bracket of its own size where the one that belongs to it is in another."""
    if piece.count(r"\left") == piece.count(r"\right"):
        return piece
    return piece.replace(r"\left[", r"\Bigl[").replace(r"\right]", r"\Bigr]")


def _is_optimum(node: Node) -> bool:
    return node.text.startswith(VARIED)


def _lines(pieces: Sequence[tuple[str, str]], lengths: Sequence[int]) -> str:
    """The pieces in lines, aligned at the signs, or below the left side where that is long."""
    rows = [letters for (kind, _), letters in zip(pieces, lengths) if kind == "sign"]
    gains = lengths[0] > 2 * INDENT and lengths[0] + max(rows, default=0) > LONG
    below = lengths[0] > SHORT or gains
    lines = ["& " + pieces[0][1] if below else pieces[0][1]]
    in_line, has_sign = lengths[0], False
    for (kind, piece), letters in zip(pieces[1:], lengths[1:]):
        if kind == "equation":
            lines.append(piece)
            in_line, has_sign, below = letters, False, False
        elif kind == "sign" and not has_sign and not below:
            lines[-1] += f" & {piece}"
            in_line, has_sign = letters, True
        elif kind == "sign" or in_line + letters > LONG:
            lines.append(rf"& \enspace {piece}" if below or kind == "term" else f"& {piece}")
            in_line, has_sign = letters, True
        else:
            lines[-1] += piece
            in_line += letters
    return r" \\ ".join(lines)


def _edited(
    latex: str,
    start: int,
    end: int,
    marks: Mapping[int, tuple[str, str]],
    *,
    keeps_layout: bool = True,
) -> str:
    """A part of the line with its marks, and without its own line breaks where others are made."""
    part = latex[start:end]
    for at in sorted((at for at in marks if start <= at < end), reverse=True):
        sign, mark = marks[at]
        part = part[: at - start] + mark + part[at - start + len(sign) :]
    return part if keeps_layout else LAYOUT.sub("", part).replace(r",\quad", ",").strip()


def _letters(latex: str) -> int:
    """About how many letters wide a part is: a fraction is as wide as its wider half."""
    fraction = re.search(r"\\frac", latex)
    if fraction:
        above, below, rest = _fraction(latex[fraction.end() :])
        return (
            _letters(latex[: fraction.start()])
            + max(_letters(above), _letters(below))
            + _letters(rest)
        )
    return len(COMMAND.sub("x", UNSEEN.sub("", latex)))


def _fraction(latex: str) -> tuple[str, str, str]:
    """The two parts in braces that a string begins with, and what follows."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(latex):
        depth += (letter == "{") - (letter == "}")
        if letter == "{" and depth == 1:
            start = place + 1
        if letter == "}" and depth == 0:
            parts.append(latex[start:place])
            if len(parts) == 2:
                return parts[0], parts[1], latex[place + 1 :]
    return "", "", latex
