"""The graph of the claims: what each rests on is found, and a slip below it is said."""

from types import SimpleNamespace

import pytest

from onekl.chapters import CHAPTERS, part, stated_claims
from onekl.claims.inventory import inventory
from onekl.graph import Link, Weak, graph, weak_below
from onekl.ledger import ledger
from onekl.reading.nodes import printed
from onekl.reading.steps import steps_of
from onekl.symbolic.lines.line import RULES
from paths import NOTEBOOKS

READ = {id for name in CHAPTERS for id in getattr(part(name, "claims"), "READ", {})}
# What rests on something later, and the step that says why: the article makes it in words, and
# shows it only there, or the book does.
LATER = {
    ("su-3", "su-t3"): "su-3.a",  # "which is equivalent to": the sentence is a claim of its own
    ("su-4", "su-t2"): "su-4.c",  # "then q(x,z) → p(x,z)"
    ("su-6", "su-7"): "su-6.b",  # "is turned into sampling", which (7) writes down
    ("su-22", "su-t6"): "su-22.b",  # "all to stabilise the gradient": an experiment
    ("su-27", "su-t11"): "su-27.a",  # "exchange x and z in what was said of the GAN"
    ("su-34", "su-t12"): "su-34.a",  # "does not disturb the training"
    ("su-40", "su-t13"): "su-40.b",  # what dropping the last two terms does
    ("su-43", "su-t14"): "su-43.b",  # "not equivalent"
    ("avb-3", "avb-10"): "avb-3.b",  # "in equilibrium … close to the prior"
}


@pytest.fixture(scope="module")
def rows():
    return {row.id: row for row in ledger(NOTEBOOKS)}


@pytest.fixture(scope="module")
def nodes(rows):
    return graph(rows)


def below(node, how):
    """What a claim rests on in one way, with the places."""
    return {link.on: link.places for link in node.rests_on if link.how == how}


@pytest.mark.parametrize(
    "id, how, wanted",
    [
        ("su-14", "reads", {"su-13": ()}),  # its print has q(x,y) from there
        ("su-19", "reads", {"su-17": ("su-17.1",), "su-18": ("su-18.1",)}),
        ("su-15", "reads", {"su-13": (), "su-14": ("su-14.1",)}),
        ("su-16", "reads", {"su-14": ("su-14.1",)}),  # and not what (14) reads
        ("su-32", "reads", {"su-30": ("su-30.1",), "su-31": ("su-31.1",)}),
        ("su-40", "reads", {"su-37": (), "su-39": ("su-39.1",)}),
        ("su-40", "shows", {"su-t13": ("su-40.b",)}),
        ("su-t14", "within", {"su-41": (), "su-42": (), "su-43": ()}),  # not whose terms they have
        ("su-t5", "within", {"su-19": ()}),  # (25) prints that term too, and comes later
        ("gt-12", "within", {"su-16": ()}),
        ("su-20", "repeats", {"su-19": ()}),
        ("su-t11", "repeats", {"su-27": (), "su-32": ()}),
    ],
)
def test_a_claim_rests_on_what_it_is_made_of(nodes, id, how, wanted):
    assert below(nodes[id], how) == wanted


def test_every_claim_is_there_with_ids_that_exist_and_none_rests_on_itself(nodes):
    assert list(nodes)[: len(stated_claims())] == list(stated_claims())
    assert set(nodes) <= set(inventory())
    for id, node in nodes.items():
        assert all(link.claim == id and link.on in nodes for link in node.rests_on)
        assert id not in [link.on for link in node.rests_on]
        assert len(set(node.rests_on)) == len(node.rests_on)


def test_what_uses_a_claim_is_what_rests_on_it(nodes):
    down = {link for node in nodes.values() for link in node.rests_on}
    assert down == {link for node in nodes.values() for link in node.used_by} and len(down) > 60
    assert all(link.on == id for id, node in nodes.items() for link in node.used_by)


def test_equations_are_read_or_stand_within_and_a_place_is_a_step_of_its_own_equation(nodes):
    for id, node in nodes.items():
        assert not below(node, "reads" if id not in READ else "within"), id
        for link in node.rests_on:
            places = {step.place for step in steps_of(id if link.how == "shows" else link.on)}
            assert set(link.places) <= places
            assert link.how in ("shows", "repeats") or link.on in printed()


def test_nothing_rests_on_what_comes_later_unless_it_is_listed_with_its_step(nodes):
    order = list(nodes)
    later = {
        (id, link.on): (link.how, link.places)
        for id, node in nodes.items()
        for link in node.rests_on
        if order.index(link.on) > order.index(id)
    }
    assert later == {pair: ("shows", (place,)) for pair, place in LATER.items()}


def test_a_claim_that_rests_on_a_slip_says_so(rows, nodes):
    """Whatever is linked to an equation with a weak step names it; these are all of them."""
    weak = {
        step["place"]: step["verdict"]
        for row in rows.values()
        for step in row.steps or ()
        if step["verdict"] in ("slip", "bound only")
    }
    assert weak == {
        "su-22.2": "slip", "su-25.1": "bound only", "su-27.2": "slip", "su-30.2": "slip",
        "avb-7.a": "slip",
    }  # fmt: skip
    for node in nodes.values():
        on = {link.on for link in node.rests_on if link.how != "shows"}
        direct = {(one.place, one.word) for one in node.weak if not one.through}
        assert direct == {(p, word) for p, word in weak.items() if p.partition(".")[0] in on}
    assert {id: node.weak for id, node in nodes.items() if node.weak} == {
        "su-32": (Weak("su-30.2", "slip", ()),),
        "su-33": (Weak("su-30.2", "slip", ("su-32",)),),
        "su-t11": (Weak("su-27.2", "slip", ()), Weak("su-30.2", "slip", ())),
    }


def test_no_check_reads_a_step_that_is_weak(rows, nodes):
    """The page says so: what rests on an equation with a slip reads another line of it."""
    read = {place for node in nodes.values() for link in node.rests_on for place in link.places}
    verdicts = {step["place"]: step["verdict"] for row in rows.values() for step in row.steps or ()}
    assert len(read) > 20
    assert not [place for place in read if verdicts[place] in ("slip", "bound only")]


def test_a_weak_step_is_found_by_the_shortest_way_and_not_over_what_shows_a_step():
    rows = {id: SimpleNamespace(steps=None) for id in "abcd"}
    rows["a"].steps = [
        {"place": "a.1", "verdict": "exact"},
        {"place": "a.2", "verdict": "bound only"},
    ]
    links = [Link("d", "c", "within"), Link("c", "b", "reads"), Link("b", "a", "repeats")]
    assert weak_below("d", links, rows) == (Weak("a.2", "bound only", ("c", "b")),)
    shorter = [*links, Link("d", "b", "reads"), Link("a", "d", "reads")]
    assert weak_below("d", shorter, rows) == (Weak("a.2", "bound only", ("b",)),)
    assert weak_below("a", shorter, rows) == ()  # its own step is no step below it
    assert weak_below("d", [*links[:2], Link("b", "a", "shows")], rows) == ()


def test_the_rules_and_the_premises_are_those_of_the_reports(rows, nodes):
    for id in stated_claims():
        lines = [line["rule"] for one in rows[id].shown for line in one["rows"]]
        assert set(nodes[id].rules) == set(lines) - {""} <= set(RULES), id
        assert len(nodes[id].rules) == len(set(nodes[id].rules))
        assert nodes[id].unsaid == tuple(rows[id].premises)
        assert all(r"\text{ (" in premise for premise in nodes[id].stated)  # its place
    assert "(in (18))" in nodes["su-19"].stated[0]
    assert nodes["su-t6"].rules == ()  # an experiment has no proof
