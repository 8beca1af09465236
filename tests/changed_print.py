"""The print with one letter, mark, bar, digit or sign changed, which the book has to notice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from onekl.reading.nodes import CLOSING, Node, parse

OTHER_TEXTS = {
    "p": ("q", r"\tilde{p}", "p^{o}"), "q": ("p", r"\tilde{q}", "q^{o}"), "r": ("q", "p"),
    r"\tilde{p}": ("p", r"\tilde{q}", "q"), r"\tilde{q}": ("q", r"\tilde{p}", "p"),
    "p^{o}": ("p", "q^{o}"), "q^{o}": ("q", "p^{o}"), "x": ("z",), "z": ("x",), "y": ("x",),
    "G": ("E",), "E": ("G",), "G^{o}": ("G",), "D": ("G",), r"\theta": (r"\lambda", r"\phi"),
    r"\phi": (r"\theta",), r"\alpha": (r"\phi",), "T": (r"T^{*}",), r"T^{*}": ("T",),
    r"\hat{q}": ("q",), r"\hat{z}": ("z",), r"\max": (r"\mathop{\arg\min}",),
    r"\Delta\theta": (r"\theta",), r"\lambda": (r"\sigma",), r"\sigma": (r"\lambda",),
    r"\pi": (r"\sigma",), r"\delta": ("D",), "d": ("c",), "c": ("d",),
    r"\log": (r"\exp",), r"\exp": (r"\log",), r"\int": (r"\iint",), r"\iint": (r"\int",),
    r"\mathop{\arg\min}": (r"\mathop{\arg\max}",), r"\mathop{\arg\max}": (r"\mathop{\arg\min}",),
    "+": ("-",), "-": ("+",), "=": (r"\sim", r"\geq"), r"\sim": ("=",), r"\approx": ("=",),
    r"\to": ("=",), r"\geq": ("=", r"\sim"), "1": ("0", "2"), "0": ("1",), "2": ("1", "3"),
    "|": (",",), "/": (r"\cdot",),
}  # fmt: skip


def changed_prints(latex: str) -> Iterator[tuple[str, str]]:
    """Each change by its name, with the LaTeX that has it."""
    for name, nodes in _changed(parse(latex)):
        yield name, spelled(nodes)


def spelled(nodes: Sequence[Node]) -> str:
    """LaTeX that is read as these nodes again."""
    return " ".join(map(_spelled, nodes))


def _spelled(node: Node) -> str:
    if node.kind == "differential":
        return "d" + spelled(node.inside)
    if node.kind == "group":
        return f"{node.text} {spelled(node.inside)} {CLOSING[node.text]}"
    below = f"_{{{spelled(node.below)}}}" if node.below else ""
    inside = "" if node.inside is None else f"({spelled(node.inside)})"
    return node.text + below + inside


def _changed(nodes: Sequence[Node]) -> Iterator[tuple[str, tuple[Node, ...]]]:
    """One change anywhere in a sequence of nodes."""
    for k, node in enumerate(nodes):
        for name, other in _of_node(node):
            yield name, (*nodes[:k], *other, *nodes[k + 1 :])
        if node.text == r"\frac":
            above, below = nodes[k + 1 : k + 3]
            yield "a fraction inverted", (*nodes[: k + 1], below, above, *nodes[k + 3 :])
        if node.text == "KL" and "," in map(str, nodes[k + 1].inside):
            pair = nodes[k + 1].inside
            comma = [str(inner) for inner in pair].index(",")
            other = replace(nodes[k + 1], inside=(*pair[comma + 1 :], pair[comma], *pair[:comma]))
            yield "the sides of KL exchanged", (*nodes[: k + 1], other, *nodes[k + 2 :])
    parted = [k for k, node in enumerate(nodes) if node.text in ("|", r"\Vert")]
    if len(parted) == 1:
        (k,) = parted
        yield f"the sides of {nodes[k]} exchanged", (*nodes[k + 1 :], nodes[k], *nodes[:k])


def _of_node(node: Node) -> Iterator[tuple[str, tuple[Node, ...]]]:
    """The changes of one node, and of what is inside it."""
    for text in OTHER_TEXTS.get(node.text, ()):
        yield f"{node.text} → {text} in {node}", (replace(node, text=text),)
    for part in ("below", "inside"):
        for name, nodes in _changed(getattr(node, part) or ()):
            yield name, (replace(node, **{part: nodes}),)
