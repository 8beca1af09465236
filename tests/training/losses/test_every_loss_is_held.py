"""Each public loss names in its docstring what it computes, and a test holds it to that.

The tests that hold a loss are marked by `held.holds`, and the marks are tried here: a marked test
has to fail when its loss is slightly off, and when its claim says something else.
"""

import inspect
import pkgutil
import re
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import FunctionType

import pytest
from sympy import Add

from held import EQUATION, HELD, Holding
from onekl.chapters import claim
from onekl.claims.inventory import inventory
from onekl.symbolic.algebra import Expectation
from onekl.training import losses

for path in sorted(Path(__file__).parent.glob("test_*.py")):
    if path != Path(__file__):
        import_module(f"training.losses.{path.stem}")  # marks its tests

MODULES = [
    import_module(f"{losses.__name__}.{one.name}") for one in pkgutil.iter_modules(losses.__path__)
]
LOSSES = {
    name: function
    for module in MODULES
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if function.__module__ == module.__name__ and not name.startswith("_")
}
SOURCES = "|".join({id.split("-")[0] for id in inventory()})
OFF = 1e-6
WRONG = {
    "too large by a factor": lambda value: value * (1 + OFF),
    "too large by a constant": lambda value: value + OFF,
}


def named(loss):
    """What the docstring says that the loss computes: ids of the inventory, or an equation."""
    text = inspect.getdoc(loss) or ""
    ids = set(re.findall(rf"\b(?:{SOURCES})-[a-z]?\d+", text))
    return ids | ({EQUATION} if text.startswith("Equation: ") else set())


def fails(holding, claims=claim):
    """Whether a comparison in the test of `holding` fails at its first seed."""
    try:
        holding.run(0, claims)
    except AssertionError:
        return True
    return False


def put_in_place(monkeypatch, loss, wrong):
    """From now on `loss`, wherever it was imported, returns `wrong` of its value."""
    right = FunctionType(loss.__code__, loss.__globals__)

    def stand_in(*a, **k):
        return globals()["_wrong"](*a, **k)  # as the loss's code this reads the loss's module

    monkeypatch.setitem(loss.__globals__, "_wrong", lambda *a, **k: wrong(right(*a, **k)))
    monkeypatch.setattr(loss, "__code__", stand_in.__code__)


def twice(expression):
    """Twice the expression, in a sum or a mean term by term, so that its parts stay in place."""
    if isinstance(expression, Add):
        return Add(*map(twice, expression.args), evaluate=False)
    if isinstance(expression, Expectation):
        return Expectation(expression.weight, twice(expression.value))
    return 2 * expression


def doubled(claim):
    """The claim with every expression in its statements doubled."""
    return replace(
        claim,
        statements=tuple(map(doubled_statement, claim.statements)),
        also=tuple(map(doubled_statement, claim.also)),
    )


def doubled_statement(statement):
    """The statement with its sides doubled, but not what is varied."""
    sides = {"left", "upper", *statement.mutable} & vars(statement).keys()
    return replace(statement, **{name: twice(getattr(statement, name)) for name in sides})


def test_there_are_losses_in_every_module():
    assert {function.__module__ for function in LOSSES.values()} == {m.__name__ for m in MODULES}


@pytest.mark.parametrize("name", LOSSES)
def test_the_docstring_names_what_tests_hold_the_loss_to(name):
    held = {id for holding in HELD.values() if holding.loss is LOSSES[name] for id in holding.ids}
    assert named(LOSSES[name]) == held
    assert held and held - {EQUATION} <= inventory().keys()


each_holding = pytest.mark.parametrize("holding", HELD.values(), ids=[name for _, name in HELD])


@each_holding
@pytest.mark.parametrize("wrong", WRONG)
def test_a_loss_that_is_slightly_off_is_found(holding, wrong, monkeypatch):
    assert not fails(holding)
    put_in_place(monkeypatch, holding.loss, WRONG[wrong])
    assert fails(holding)


@each_holding
def test_each_claim_that_a_loss_is_held_to_is_read(holding):
    for id in set(holding.ids) - {EQUATION}:
        assert fails(
            holding, lambda other, id=id: doubled(claim(id)) if other == id else claim(other)
        )


def some_loss(x):
    """Equation: 2x."""
    return 2 * x


def test_a_test_that_compares_nothing_is_found(monkeypatch):
    """What the two tests above are good for: marks that are not true."""

    def compares_nothing(seed, su_1):
        some_loss(su_1.statements[0].right)

    def compares_with_no_claim(seed, su_1):
        assert su_1.statements[0] and some_loss(1) == 2

    def wrong(id):
        return doubled(claim(id))

    idle, unread = (
        Holding(some_loss, ("su-1",), test) for test in (compares_nothing, compares_with_no_claim)
    )
    assert not any(fails(one, claims) for one in (idle, unread) for claims in (claim, wrong))
    put_in_place(monkeypatch, some_loss, WRONG["too large by a constant"])
    assert not fails(idle) and fails(unread)
