"""Which run it is: every edit that changes what a loop does is seen and named, and no other."""

import importlib
import json
import os
import pkgutil
import subprocess
import sys
import time
import types

import pytest

from onekl.training import losses
from onekl.training import run as runs
from onekl.training.identity import difference
from onekl.training.run import Run

# A notebook in small, with one of each kind of thing that a loop can reach.
CELLS = '''
import functools, math
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from operator import itemgetter
from typing import NamedTuple
import numpy, torch
from torch import nn
from onekl.training.losses.adversarial import discriminator_loss, generator_loss
from onekl.training.run import Run, require_finite
from onekl.training.seeds import Seeds

RATE = 1e-3
LAMBDAS = (0, 0.1, 1)
TABLE = torch.tensor([1.0, 2.0])
ARRAY = numpy.array([3, 4])
NAMES = {"ring", "grid", "digits"}
PLACE = torch.float32
EXACT = Decimal("0.1")
PAIR = itemgetter(0, 1)
NORMAL = torch.distributions.Normal(0.0, 1.0)
sizes = {"hidden": 8, "batch": 4}

class Kind(Enum):
    PLAIN = 1
    NOISY = 2

class Arm(NamedTuple):
    lam: float = 0.5
    kind: Kind = Kind.PLAIN

@dataclass
class Plan:
    weight: float = 2.0
    rates: list = field(default_factory=lambda: [1, 2])

@dataclass(slots=True)
class Slotted:
    depth: int = 31

class Rows(list):
    """A list with a name."""

arm, plan, slotted, rows = Arm(), Plan(), Slotted(), Rows([37, 38])

def helper(x, power=2, *, shift=0.25):
    """What it does."""
    return deeper(x) ** power + shift

def deeper(x):
    return x + 1  # one

def counted(factor):
    def inner(x):
        return x * factor
    return inner

scale = counted(3)
half = functools.partial(torch.mul, other=0.5)
bend = lambda x: x.tanh()

@functools.cache
def cached(x):
    return x - 7

@torch.no_grad()
def judged(x):
    return x.mean() * 11

class Base:
    offset = 13
    def moved(self, x):
        return x + self.offset

class Mover(Base):
    """It moves."""
    def __init__(self, by=17):
        self.by = by
    def __call__(self, x):
        return self.moved(x) * self.by
    @staticmethod
    def still(x):
        return x * 19
    @property
    def name(self):
        return "mover"

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        inner, outer = nn.Linear(2, sizes["hidden"]), nn.Linear(sizes["hidden"], 1)
        self.layers = nn.Sequential(inner, nn.Tanh(), outer)
        self.gain = 23.0
        self.last = torch.sigmoid
    def forward(self, x):
        return self.last(self.layers(x)) * self.gain

mover = Mover()

def train(steps, k=2):
    seeds = Seeds([5, 6])
    net = Net()
    optimiser = torch.optim.Adam(net.parameters(), RATE, betas=(0.5, 0.999))
    decay = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 / (1 + 0.1 * step))
    wait = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.02, 50)
    threshold = 29
    reached = lambda x: x > threshold
    state = {"net": net, "optimiser": optimiser, "decay": decay, "wait": wait}
    run = Run("toy", {"noise": 0.3, **sizes}, state, seeds)
    for step in run.steps(steps):
        x = torch.ones(2, 4, 2)
        x = scale(half(bend(helper(x)))) + TABLE + torch.as_tensor(ARRAY, dtype=PLACE)
        x = mover(x) + mover.still(x) + cached(1) + judged(x) + arm.lam * plan.weight
        loss = discriminator_loss(net(x), net(-x)).mean((1, 2))
        loss = loss + math.log(2) * sum(LAMBDAS) * len(NAMES) + reached(x).sum()
        loss = loss + float(EXACT) + slotted.depth + sum(PAIR(rows)) + NORMAL.log_prob(x).mean()
        if "ring" in {"ring", "grid", "a", "b"}:
            optimiser.zero_grad()
            loss.sum().backward()
        optimiser.step()

def unused(x):
    return x

train(3)
'''
SEEN = [  # an edit: what stands there, what is put in its place, and words that tell it
    ('Decimal("0.1")', 'Decimal("0.2")', "EXACT is Decimal('0.1') there and Decimal('0.2') here"),
    ("itemgetter(0, 1)", "itemgetter(0, 0)", "PAIR is"),
    ("Normal(0.0, 1.0)", "Normal(0.0, 2.0)", "NORMAL is another one"),
    ("depth: int = 31", "depth: int = 32", "slotted.depth is 31 there and 32 here"),
    ("Rows([37, 38])", "Rows([37, 39])", "rows is"),
    ("RATE = 1e-3", "RATE = 2e-3", "RATE is 0.001 there and 0.002 here"),
    ("LAMBDAS = (0, 0.1, 1)", "LAMBDAS = (0, 0.2, 1)", "LAMBDAS is (0, 0.1, 1) there and (0, 0.2"),
    ("[1.0, 2.0]", "[1.0, 2.5]", "TABLE is another one"),
    ("array([3, 4])", "array([3, 5])", "ARRAY is another one"),
    ('{"ring", "grid", "digits"}', '{"ring", "grid"}', "NAMES is"),
    ("torch.float32", "torch.float64", "PLACE is torch.float32 there and torch.float64 here"),
    ('"hidden": 8', '"hidden": 9', "sizes.hidden is 8 there and 9 here"),
    ('"batch": 4', '"batch": 5', "batch is 4 there and 5 here"),
    ("lam: float = 0.5", "lam: float = 0.6", "arm is"),
    ("kind: Kind = Kind.PLAIN", "kind: Kind = Kind.NOISY", "arm is"),
    ("weight: float = 2.0", "weight: float = 3.0", "plan.weight is 2.0 there and 3.0 here"),
    ("lambda: [1, 2]", "lambda: [1, 3]", "plan.rates is [1, 2] there and [1, 3] here"),
    ("power=2", "power=3", "the default power of helper is 2 there and 3 here"),
    ("shift=0.25", "shift=0.5", "the default shift of helper is 0.25 there and 0.5 here"),
    ("return x + 1  # one", "return x + 2", "the function deeper is another one"),
    ("deeper(x) ** power", "deeper(x) * power", "the function helper is another one"),
    ("counted(3)", "counted(4)", "factor in counted.<locals>.inner is 3 there and 4 here"),
    ("return x * factor", "return x / factor", "the function counted.<locals>.inner is another"),
    ("torch.mul, other=0.5", "torch.mul, other=0.6", "half is"),
    ("torch.mul, other=0.5", "torch.div, other=0.5", "half is"),
    ("x.tanh()", "x.sin()", "the function <lambda>"),
    ("return x - 7", "return x - 8", "the function cached is another one"),
    ("x.mean() * 11", "x.mean() * 12", "the function judged is another one"),
    ("offset = 13", "offset = 14", "offset of class Base is 13 there and 14 here"),
    ("x + self.offset", "x - self.offset", "the function Base.moved is another one"),
    ("by=17", "by=18", "mover.by is 17 there and 18 here"),
    ("x * 19", "x * 20", "the function Mover.still is another one"),
    ("class Mover(Base)", "class Mover(object)", "the bases of class Mover"),
    ("nn.Tanh", "nn.ReLU", "net is another one"),
    ("self.gain = 23.0", "self.gain = 24.0", "the function Net.__init__ is another one"),
    ("self.last = torch.sigmoid", "self.last = torch.tanh", "net is another one"),
    ("self.last(self.layers(x))", "self.layers(x)", "the function Net.forward is another one"),
    ("nn.Linear(2,", "nn.Linear(3,", "net is another one"),
    ("betas=(0.5, 0.999)", "betas=(0.9, 0.999)", "optimiser.betas is (0.5, 0.999) there and (0.9"),
    ("torch.optim.Adam", "torch.optim.AdamW", "the kind of optimiser"),
    ("0.1 * step", "0.2 * step", "train.<locals>.<lambda>"),
    ("1.0, 0.02, 50", "1.0, 0.02, 60", "wait"),
    ("threshold = 29", "threshold = 30", "threshold is 29 there and 30 here"),
    ("x > threshold", "x < threshold", "the function train.<locals>.<lambda>"),
    ('"noise": 0.3', '"noise": 0.4', "noise is 0.3 there and 0.4 here"),
    ("Seeds([5, 6])", "Seeds([5, 7])", "seeds.numbers is [5, 6] there and [5, 7] here"),
    ("k=2", "k=3", "k is 2 there and 3 here"),
    ("train(3)", "train(4)", "steps is 3 there and 4 here"),
    ("discriminator_loss(net", "(lambda a, b: a - b)(net", "the loop in train is another one"),
    ("math.log(2)", "math.log(3)", "the loop in train is another one"),
    ('"a", "b"}', '"a", "c"}', "the loop in train is another one"),
    ("import discriminator_loss,", "import generator_loss as discriminator_loss,", "losses"),
    ("torch.ones(2, 4, 2)", "torch.ones(2, 4, 3)", "the loop in train is another one"),
]
UNSEEN = [
    ("# one", "# two"),
    ('    """What it does."""\n', ""),
    ('    """It moves."""\n', '    """It moves, and tells of it\n\n    at length."""\n'),
    ("    threshold = 29", "    # a note\n\n    threshold = (\n        29\n    )"),
    ("def unused(x):\n    return x", "def unused(x):\n    return 2 * x"),
    ("def unused(x):\n    return x", ""),
    ("\nRATE = 1e-3", "\n\n\n# The rate.\nOTHER = 5\nRATE = 0.001"),
    ("train(3)", "train(3)\nprint"),
    (
        'NAMES = {"ring", "grid", "digits"}',
        'NAMES = {"digits", "grid", "ring"}',
    ),
]


class Started(Exception):
    """The loop has begun, and its parts are known."""


@pytest.fixture
def parts(monkeypatch):
    """What parts a run has, whose notebook is given as text."""
    whole = Run._identity

    def watched(self, frame, total):
        raise Started(whole(self, frame, total))

    monkeypatch.setattr(Run, "_identity", watched)

    def of(cells):
        module = types.ModuleType("toy_notebook")
        with pytest.raises(Started) as started:
            exec(compile(cells, "toy_notebook", "exec"), vars(module))
        return started.value.args[0]

    return of


def edited(old, new):
    assert CELLS.count(old) >= 1
    return CELLS.replace(old, new)


@pytest.mark.parametrize("old, new, words", SEEN)
def test_an_edit_that_changes_the_loop_is_named(parts, old, new, words):
    there, here = parts(CELLS), parts(edited(old, new))
    assert there != here
    told = difference(there, here, most=1000)
    assert words in told and "\n" not in told and "0x" not in told
    assert parts(CELLS) == there  # who takes the edit back has the first run again


@pytest.mark.parametrize("old, new", UNSEEN)
def test_an_edit_that_changes_nothing_is_not_seen(parts, old, new):
    assert difference(parts(CELLS), parts(edited(old, new))) == ""


THROUGH_A_GENERATOR = """
from itertools import islice
from onekl.training.run import Run
def phases(run):
    for step in run.steps(4):
        yield 2 * step
def train(rate):
    total = 0
    for step in islice(phases(Run("toy", {}, {}, None)), 3):
        total += rate * step
train(3)
"""


@pytest.mark.parametrize(
    "old, new, words",
    [
        ("2 * step", "3 * step", "the loop in phases is another one"),
        ("total += rate", "total -= rate", "the loop in train is another one"),
        ("train(3)", "train(4)", "rate is 3 there and 4 here"),
    ],
)
def test_a_loop_that_takes_its_steps_from_a_generator_is_followed(parts, old, new, words):
    there, here = parts(THROUGH_A_GENERATOR), parts(THROUGH_A_GENERATOR.replace(old, new))
    assert words in difference(there, here)


def every_loss():
    """The public functions of the losses' modules, found by looking."""
    for found in pkgutil.iter_modules(losses.__path__, f"{losses.__name__}."):
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            own = isinstance(value, types.FunctionType) and value.__module__ == found.name
            if own and not name.startswith("_"):
                yield pytest.param(module, name, id=name)


@pytest.mark.parametrize("module, name", list(every_loss()))
def test_each_loss_of_the_package_is_a_part(parts, monkeypatch, module, name):
    cells = (
        f"from {module.__name__} import {name}\n"
        "from onekl.training.run import Run\n"
        f"for step in Run('toy', {{}}, {{}}, None).steps(1):\n    {name}()"
    )
    there = parts(cells)
    changed = types.FunctionType((lambda *given: 0).__code__, vars(module), name)
    changed.__qualname__ = name
    monkeypatch.setattr(module, name, changed)
    told = difference(there, parts(cells), most=1000)
    assert f"the function {module.__name__}.{name} is another one" in told


def test_the_device_and_the_versions_are_parts(parts, monkeypatch):
    there, made = parts(CELLS), runs.provenance()
    monkeypatch.setattr(runs, "provenance", lambda: {**made, "device": "another chip"})
    assert f"the device is {made['device']} there and another chip here" in difference(
        there, parts(CELLS)
    )
    newer = {**made, "versions": {**made["versions"], "torch": "99"}}
    monkeypatch.setattr(runs, "provenance", lambda: newer)
    assert "the version of torch is" in difference(there, parts(CELLS))


PRINTED = """
import json
from onekl.training.run import Run
whole = Run._identity
def told(self, frame, total):
    print(json.dumps(whole(self, frame, total)))
    raise SystemExit
Run._identity = told
"""


def test_two_processes_find_the_same_parts(tmp_path):
    script = tmp_path / "toy.py"
    script.write_text(PRINTED + CELLS, encoding="utf-8")
    found = [
        subprocess.run(
            [sys.executable, script],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    first, second = map(json.loads, found)
    assert difference(first, second) == "" and len(first) > 100


def test_finding_the_parts_takes_less_than_half_a_second(parts):
    def seconds():
        before = time.process_time()
        parts(CELLS)
        return time.process_time() - before

    assert min(seconds() for _ in range(3)) < 0.5
