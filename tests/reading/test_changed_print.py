"""A change of what is printed is noticed: by the reading, by what binds a letter, or by a proof."""

from collections import Counter, defaultdict

import pytest

from changed_print import OTHER_TEXTS, changed_prints, spelled
from onekl.chapters import CHAPTERS, part
from onekl.claims.check import accepts
from onekl.reading.nodes import everything, parse, printed
from onekl.reading.reader import ARTICLE, Article, NotRead
from onekl.reading.steps import KINDS_OF_SIGNS, shape, steps_of
from onekl.symbolic.counterexample import Counterexample
from onekl.symbolic.proof import NotProved
from onekl_site.audit import unbound

READ = {
    id: read for name in CHAPTERS for id, read in getattr(part(name, "claims"), "READ", {}).items()
}
# Changes that leave the line as true as it was, and why.
EQUIVALENT = {
    ("su-22", r"the sides of \Vert exchanged"): "to second order a KL is the same both ways",
}


class Traced(Article):
    """The sources; they know which of their equations were asked for."""

    def __init__(self):
        super().__init__(printed())
        self.asked = set()

    def __getitem__(self, id):
        self.asked.add(id)
        return super().__getitem__(id)


@pytest.fixture(scope="module")
def users():
    """The claims that rest on the reading of each equation, its own first."""
    found = defaultdict(list)
    for id, read in READ.items():
        article = Traced()
        read(article)
        for asked in article.asked:
            found[asked].append(id)
    return {id: sorted(some, key=lambda user: user != id) for id, some in found.items()}


@pytest.fixture(scope="module")
def known():
    """The statements as they are, with the premises that their instances are held to."""
    claims = {id: read(ARTICLE) for id, read in READ.items()}
    return {
        id: [
            (s, () if isinstance(s, Counterexample) else s.prove().imposed)
            for s in (*claim.statements, *claim.refuted)
        ]
        for id, claim in claims.items()
    }


def noticed(id, latex, users, known):
    """What notices that this equation is printed otherwise; "" where nothing does."""
    article = Article({**printed(), id: latex})
    try:
        found = article[id]
    except NotRead:
        return "not read"
    if unbound(latex) != unbound(printed()[id]):
        return "a letter that nothing binds"
    signs = [step for step in steps_of(id) if not step.words]
    if len(signs) != len(found.steps) or any(
        shape(step) not in KINDS_OF_SIGNS[listed.kind] for step, listed in zip(found.steps, signs)
    ):
        return "another kind of step"
    for user in users[id]:
        try:
            claim = READ[user](article)
        except ValueError:  # NotRead is one, and so is a statement that makes no sense
            return "not read as such a step"
        now, old = (*claim.statements, *claim.refuted), [s for s, _ in known[user]]
        changed = [s for s in now if s not in old]
        before = [premises for s, premises in known[user] if s not in now]
        if not all(_holds(s, premises) for s, premises in zip(changed, before, strict=True)):
            return "not proved"
    return ""


def _holds(statement, premises):
    if not isinstance(statement, Counterexample):
        return accepts(statement.plain(), premises)
    try:
        statement.prove()
    except NotProved:
        return False
    return True


def test_the_51_equations_are_each_a_claim_that_is_made_of_what_is_read():
    assert set(READ) == set(printed())


@pytest.mark.parametrize("id", printed())
def test_what_is_spelled_is_read_as_the_same_nodes(id):
    nodes = parse(printed()[id])
    assert parse(spelled(nodes)) == nodes
    letters = [node for node in everything(nodes) if node.kind == "letter"]
    assert all(node.text in OTHER_TEXTS for node in letters)


@pytest.mark.parametrize("id", printed())
def test_every_change_of_an_equation_is_noticed(id, users, known):
    """One letter, mark, bar, digit, operator or sign at a time, wherever it stands."""
    by, survivors = Counter(), []
    for name, latex in changed_prints(printed()[id]):
        if parse(latex) == parse(printed()[id]):  # two sides that are alike
            continue
        found = noticed(id, latex, users, known)
        by[found] += 1
        if not found and (id, name) not in EQUIVALENT:
            survivors.append((name, latex))
    assert not survivors
    letters = [node for node in everything(parse(printed()[id])) if node.kind == "letter"]
    assert by.total() >= len(letters)


def test_what_is_called_equivalent_is_a_change_and_is_not_noticed(users, known):
    for id, name in EQUIVALENT:
        changes = [latex for other, latex in changed_prints(printed()[id]) if other == name]
        assert "" in {noticed(id, latex, users, known) for latex in changes}
