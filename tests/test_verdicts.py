"""A verdict on a recorded run stands in a notebook as a finding, and as nothing else."""

import ast

import pytest

from onekl.training.loop import DEFINITIONS, code_cells, statements
from paths import TRAINING


def simple(nodes):
    """The statements without those in which others stand: a loop gives its names, then its body."""
    for node in nodes:
        if isinstance(node, ast.For):
            yield ast.Assign([node.target], node.iter)
        elif isinstance(node, ast.If | ast.While):
            yield ast.Expr(node.test)
        elif isinstance(node, ast.With):
            yield from (ast.Expr(item.context_expr) for item in node.items)
        else:
            yield node
            continue
        yield from simple([*node.body, *getattr(node, "orelse", ())])


def loose_verdicts(cells):
    """The labels of the statements that make a verdict of a record's numbers without a Finding.

    `cells` are the sources of a notebook's code cells. A name is a record's where `recorded` or
    another such name went into it; a function gives a verdict where `verdict` or another such
    function is used in it, and none that makes a Finding.
    """
    of_record, verdicts, found = {"recorded"}, {"verdict"}, []
    nodes = [one.node for source in cells for one in statements(source)]
    for node in simple(nodes):
        (statement,) = statements(ast.unparse(ast.fix_missing_locations(node)))
        gives = bool(statement.reads & verdicts) and "Finding" not in statement.reads
        reads_record = bool(statement.reads & of_record)
        if gives and reads_record:
            found.append(statement.label)
        if isinstance(node, DEFINITIONS):
            verdicts = verdicts | statement.sets if gives else verdicts - statement.sets
        if reads_record:
            of_record |= statement.sets
        elif isinstance(node, (ast.Assign, ast.AnnAssign, *DEFINITIONS)):
            of_record -= statement.sets
    return found


@pytest.mark.parametrize("path", TRAINING, ids=lambda path: path.stem)
def test_a_verdict_on_a_record_is_a_finding(path):
    assert loose_verdicts("".join(cell["source"]) for cell in code_cells(path)) == []


LIVE = "live = run()\nprint(verdict(live))"
FINDING = "Finding.from_record(long, id='su-t9', verdict=verdict(long['values']))"


@pytest.mark.parametrize(
    "source, found",
    [
        (LIVE, []),
        ("for name in recorded('gan'):\n    print(name)\nfor name in live:\n    verdict(name)", []),
        ("long = recorded('gan')\n" + FINDING, []),
        ("long = recorded('gan')\nlong = run()\nprint(verdict(long))", []),
        ("long = recorded('gan')\nprint(verdict(long['values']))", ["expr"]),
        (
            "long = recorded('gan')\nfor name, one in long.items():\n    gap = one - 1\n"
            "print(verdict(gap))",
            ["expr"],
        ),
        ("def word(x):\n    return verdict(x)\nprint(word(recorded('gan')))", ["expr"]),
        ("long = recorded('gan')\ndef word():\n    return verdict(long)\nprint(1)", ["word"]),
    ],
)
def test_a_loose_verdict_is_found(source, found):
    """In plain reads, through a loop, through a function, and inside one."""
    assert loose_verdicts([source]) == found
