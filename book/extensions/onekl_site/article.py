"""Links into the article: the place of each equation, found by the words before it."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from urllib.parse import quote

from docutils import nodes

from onekl.ledger import Row

ADDRESS = "https://kexue.fm/archives/5716"


@cache
def places() -> dict[str, str]:
    """For each equation some words that stand once in the article, before it."""
    with (Path(__file__).parent / "places.csv").open(encoding="utf-8", newline="") as rows:
        return {row["equation"]: row["words"] for row in csv.DictReader(rows)}


def address(id: str) -> str:
    """The address of an equation in the article: a browser scrolls to the words before it."""
    return f"{ADDRESS}#:~:text={quote(places()[id])}" if id in places() else ADDRESS


def in_the_article(row: Row) -> nodes.Node:
    """The number of an equation as a link to its place; for anything else, where it stands."""
    if row.id not in places():
        return nodes.Text(row.number)
    return nodes.reference("", row.number, refuri=address(row.id), internal=False)
