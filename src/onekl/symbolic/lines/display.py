"""A derivation as a student would write it: aligned, in the book's order, broken where it is wide.

The words of a rule stand between the two rows that it joins, in small print.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from sympy import Expr, Symbol, preorder_traversal

from onekl.symbolic.algebra import Density
from onekl.symbolic.lines.line import AT_LEAST, EQUAL, SAME, START, TENDS, UP_TO_ORDER, Line, Lines
from onekl.symbolic.lines.printer import LinePrinter, is_mixture
from onekl.symbolic.lines.words import FORMULAS, SURPRISE, opening, words
from onekl.symbolic.notation import latex
from onekl.symbolic.proof import is_density

END, GAP = r" \\ ", r" \\[1em] "  # between two rows, and between two chains
WIDEST = 52  # glyphs in a row: about 700 px on a page
OFTEN = 3  # a sum of densities that stands as often as this in a derivation gets a name
INVISIBLE = "left|right|Bigl|Bigr|text|mathrm|mathcal|mathbb|tilde|small"
TABLE = "(?:array|matrix)"
SIGNS = {EQUAL: "=", AT_LEAST: r"\geq", SAME: r"\sim", TENDS: r"\to", UP_TO_ORDER: r"\approx"}


def display(lines: Lines) -> str:
    """The derivation in LaTeX, in an `aligned`; a further chain is set off from the one before."""
    names = _names(lines)
    printer = LinePrinter(names)
    chains: list[list[str]] = []  # the rows of each
    told: set[Expr | str] = set()
    for before, line in zip((None, *lines), lines):
        new = [one for one in names if one not in told and line.expression.has(one)]
        small = _leading(before, line, printer, told)
        small += [rf"\text{{with }} {names[one]} = {printer.in_full(one)}" for one in new]
        told.update(new)
        if line.sign == START:
            chains.append([])
        chains[-1] += [*(rf"& \quad {{\small {one}}}" for one in small), *_rows(line, printer)]
    return r"\begin{aligned} " + GAP.join(map(END.join, chains)) + r" \end{aligned}"


def _rows(line: Line, printer: LinePrinter) -> list[str]:
    """The rows of a line, the first with its sign."""
    sign = SIGNS.get(line.sign, "")
    first, *others = _broken(line.expression, printer)
    return [f"&{sign} {first}", *(rf"& \quad {{}} {row}" for row in others)]


def _leading(
    before: Line | None, line: Line, printer: LinePrinter, told: set[Expr | str]
) -> list[str]:
    """The rows of small words that lead to a line; a formula that was told is not told again."""
    if line.sign == START:
        return [] if before is None else [one for one in [opening(line.expression)] if one]
    name, pieces = words(before.expression, line, printer)
    pieces = [one for one in pieces if one not in told]
    told.update(one for one in pieces if one in (SURPRISE, *FORMULAS.values()))
    return _joined(name, pieces)


def _joined(name: str, pieces: Sequence[str]) -> list[str]:
    """A rule's name and what it is used with, in as many rows as they need."""
    rows = [name]
    for number, piece in enumerate(pieces):
        mark = "," if number else r"\text{:}"
        if width(f"{rows[-1]} {piece}") <= WIDEST:
            rows[-1] += rf"{mark}\; {piece}"
        else:
            rows[-1] += mark
            rows.append(rf"\quad {piece}")
    return rows


def _names(lines: Lines) -> dict[Expr, str]:
    """The names of sums of densities that stand often: m for a mixture, s for another sum."""
    count: Counter[Expr] = Counter()
    for line in lines:
        for node in preorder_traversal(line.expression):
            if is_mixture(node):
                count[node] += 1
    found: dict[Expr, str] = {}
    for node, times in count.items():
        letter = "m" if is_density(node, _variables(node)) else "s"
        taken = any(name.startswith(letter) for name in found.values())
        if times >= OFTEN and not taken:
            found[node] = f"{letter}({', '.join(map(latex, _variables(node)))})"
    return found


def _variables(total: Expr) -> tuple[Symbol, ...]:
    """The letters of a sum's densities."""
    letters = set().union(*(d.free_symbols for d in total.atoms(Density)))
    return tuple(sorted(letters, key=str))


def _broken(expression: Expr, printer: LinePrinter) -> list[str]:
    """The rows of an expression: one where it fits, else broken at the terms of its sum."""
    whole = printer.doprint(expression)
    if width(whole) <= WIDEST:
        return [whole]
    rows: list[str] = []
    for place, term in enumerate(printer.terms(expression)):
        text = printer.doprint(term)
        text = text if text.startswith("-") or place == 0 else f"+ {text}"
        if rows and width(rows[-1] + text) <= WIDEST:
            rows[-1] += f" {text}"
        else:
            rows += _narrowed(text)
    return rows


def _narrowed(term: str) -> list[str]:
    """A term that is too wide, broken in its brackets, or before its last log."""
    if width(term) <= WIDEST:
        return [term]
    if r"\left[" in term:
        return _in_brackets(term)
    places = [m.start() for m in re.finditer(r"\\log", term) if _is_open(term[: m.start()])]
    if not places:
        return [term]
    return [term[: places[-1]].rstrip(), rf"\quad {term[places[-1] :]}"]


def _in_brackets(term: str) -> list[str]:
    """A term broken before the second summand in its first brackets, which grow no more."""
    start = term.index(r"\left[")
    ends = (m.end() for m in re.finditer(r"\\right\]", term) if _is_open(term[start : m.end()]))
    end = next(ends)
    inside = term[start + len(r"\left[") : end - len(r"\right]")]
    places = [m.start() for m in re.finditer(r" [+-]", inside) if _is_open(inside[: m.start()])]
    if not places:
        return [term]
    first, second = inside[: places[0]], inside[places[0] :]
    before, after = term[:start], term[end:]
    return [rf"{before}\Bigl[{first}", rf"\qquad{second}\Bigr]{after}"]


def _is_open(before: str) -> bool:
    """Whether a row may be broken after this: no brace and no growing bracket is open."""
    braces = before.count("{") == before.count("}")
    return braces and before.count(r"\left") == before.count(r"\right")


def width(text: str) -> int:
    """About how many glyphs wide a piece of LaTeX is; of a fraction the wider part counts."""
    text = re.sub(rf"\\(?:{INVISIBLE})\b", "", text)
    while (start := re.search(r"\\t?frac\{", text)) is not None:
        above, rest = _braced(text[start.end() - 1 :])
        below, rest = _braced(rest)
        wider = max((above, below), key=width)
        text = text[: start.start()] + wider + rest
    text = re.sub(rf"\\begin\{{{TABLE}\}}(?:\{{\w*\}})?(.*?)\\end\{{{TABLE}\}}", _widest_row, text)
    text = re.sub(r"\\log\b", "log ", text)
    text = re.sub(r"\\i+nt\b", lambda sign: "S" * (len(sign[0]) - 2), text)
    text = re.sub(r"_\{([^{}]*)\}", lambda m: m[1][::2], text)
    text = re.sub(r"\\[a-zA-Z]+", "x", text)
    return len(re.sub(r"[{}\\^_&,;! ]", "", text))


def _widest_row(match: re.Match) -> str:
    return "xxxx" + max(match[1].split(r"\\"), key=len)


def _braced(text: str) -> tuple[str, str]:
    """What stands in the braces that a text starts with, and the rest."""
    depth = 0
    for place, letter in enumerate(text):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if depth == 0:
            return text[1:place], text[place + 1 :]
    raise ValueError(f"a brace is not closed: {text}")
