"""The source's own line with a mark at each of its signs, and the list of what the marks say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from docutils import nodes
from sphinx.environment import BuildEnvironment

from onekl.chapters import claim
from onekl.claims.inventory import inventory
from onekl.ledger import Row
from onekl.reading.nodes import printed
from onekl_site.broken_line import broken
from onekl_site.elements import LETTERS, equation, link, mark, word_class

SIGNS = {"=": "=", r"\sim": "∼", r"\approx": "≈", r"\to": "→", r"\geq": "≥"}

Step = Mapping[str, Any]  # a step of a report, as the notebook stores it


def has_print(row: Row) -> bool:
    """Whether the claim is an equation that the article prints."""
    return row.id in printed() and bool(row.steps)


def printed_line(env: BuildEnvironment, row: Row) -> list[nodes.Node]:
    """The line as printed with its marks, each mark once more in a list, the steps in words."""
    signs = [step for step in row.steps if step["sign"]]
    shown: list[nodes.Node] = [equation(env, marked(printed()[row.id], signs))]
    if signs:
        shown.append(_list(_sign(step) for step in signs))
    if len(signs) < len(row.steps):
        words = [step for step in row.steps if not step["sign"]]
        shown.append(_list((_in_words(env, step) for step in words), "onekl-in-words"))
    return shown


def marked(latex: str, signs: Sequence[Step]) -> str:
    """The LaTeX with a letter over each sign in the colour of its word, broken where it is long."""
    return broken(latex, {step["at"]: (step["sign"], _marked(step)) for step in signs})


def _marked(step: Step) -> str:
    over = rf"\overset{{\mathsf{{{LETTERS[step['verdict']]}}}}}{{{step['sign']}}}"
    return rf"\mathrel{{\class{{onekl-sign {word_class(step['verdict'])}}}{{{over}}}}}"


def _sign(step: Step) -> list[nodes.Node]:
    """A mark: its letter, its sign, and its word, with what the sign does where that differs."""
    kind = "" if step["kind"] == step["verdict"] else f" {step['kind']}:"
    return [*mark(step["verdict"]), nodes.Text(f"{SIGNS[step['sign']]}{kind} "), _word(step)]


def _in_words(env: BuildEnvironment, step: Step) -> list[nodes.Node]:
    """A step that the text makes in words: what it does, and its word, or where it is shown."""
    if step["verdict"] == step["kind"]:
        return [*mark(step["verdict"]), nodes.Text("in words: "), _word(step)]
    said = nodes.Text(f"in words, {step['kind']}")
    if step["verdict"]:
        return [*mark(step["verdict"]), said, nodes.Text(": "), _word(step)]
    target = step["shown"].partition(".")[0]
    page = f"book/{inventory()[target].chapter}#claim-{target}"
    return [said, nodes.Text(": shown at "), link(env, page, step["shown"], "onekl-claim-link")]


def _word(step: Step) -> nodes.Node:
    return nodes.strong("", step["verdict"])


def _list(items: Any, *classes: str) -> nodes.bullet_list:
    found = (nodes.list_item("", nodes.paragraph("", "", *item)) for item in items)
    return nodes.bullet_list("", *found, classes=["onekl-marks", *classes])


def true_lines(env: BuildEnvironment, row: Row) -> list[nodes.Node]:
    """What holds in the place of a false line; what was shown, where no sign is printed.

    Nothing for a line that holds as it is printed: its proof shows it once more.
    """
    false = row.verdict in ("slip", "bound only")
    if not false and any(step["sign"] for step in row.steps):
        return []
    heading = nodes.paragraph("", "True instead:" if false else "Shown of it:")
    lines = dict.fromkeys(claim(row.id).equations())
    return [heading, *(equation(env, line) for line in lines)]
