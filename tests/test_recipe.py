"""The chapter recipe of CONTRIBUTING.md, followed for a toy chapter in a copy of the repository."""

import json
import os
import re
import subprocess
import sys
from difflib import ndiff
from pathlib import Path
from shutil import copy2, copytree, ignore_patterns, which

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup

from first_cell import first_cell
from paths import ROOT

PARTS = ("book", "notebooks", "src", "tests", "tools")
NOT_SOURCE = ignore_patterns("__pycache__", ".*")
CHROMIUM = os.environ.get("CHROMIUM") or which("chromium") or which("google-chrome")

FOLDER = "src/onekl/chapters/toy"
FILES = {
    f"{FOLDER}/__init__.py": '"""A toy chapter."""\n',
    f"{FOLDER}/claims.py": '''\
"""The claims of the chapter "A toy": toy-1."""

from __future__ import annotations

from sympy import log, symbols

from onekl.claims.claim import Claim
from onekl.symbolic.algebra import KL, Expectation, Joint
from onekl.symbolic.sampling import RandomTables
from onekl.symbolic.statements import Identity

x, z = symbols("x z", real=True)
P, Q = Joint("p", (x, z)), Joint("q", (x, z))

CLAIMS = (
    Claim(
        "toy-1",
        (
            Identity(
                RandomTables((P, Q)),
                left=KL(P(x), Q(x)),
                right=Expectation(P(x), log(P(x) / Q(x))),
            ),
        ),
    ),
)
''',
    f"{FOLDER}/figure.py": '''\
"""The moving figure of the chapter."""

from __future__ import annotations

from onekl.figures.checks import within
from onekl.figures.moving import Checked, MovingFigure


class ToyFigure(MovingFigure):
    """toy-1 for two coins: `p` and `q` are the chances of heads."""

    p = Checked(0.5, within(0.01, 0.99))
    q = Checked(0.2, within(0.01, 0.99))


FIGURE = ToyFigure
''',
    f"{FOLDER}/figure.js": """\
// toy-1 for two coins.

export function divergence(p, q) {
  return p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q));
}

function render({ model, el }) {
  fill(el, '<p class="okl-status okl-toy" aria-live="polite"></p>');
  const kl = () => divergence(model.get("p"), model.get("q"));
  return redrawWhen(model, ["p", "q"], el, () => say(el, `KL = ${kl().toFixed(4)}`));
}

export default { render };
""",
    f"{FOLDER}/figure.css": ".okl-toy {\n  min-height: 240px;\n}\n",
    "book/toy.md": """\
# A toy

The divergence is a mean.

```{claim} toy-1
```

```{moving-figure} toy
```

## Readers ask

**Is the toy a toy?**
It is, and {claim}`toy-1` says so.
""",
    f"{FOLDER}/branch.toml": """\
model = "Toy"
direction = "data to model"

[[nodes]]
words = "joint"
formula = '\\mathrm{KL}(p(x) \\Vert q(x))'
claim = "toy-1"
""",
    "tests/chapters/toy/test_claims.py": '''\
"""The toy's claim, checked again."""

from onekl.chapters import claim
from onekl.claims.check import check


def test_the_claim_is_exact():
    assert check(claim("toy-1")).verdict == "exact"
''',
}
STILL = f"{FOLDER}/still.png"
FIRST_CELL = first_cell()
LOGIT = """\
import ipywidgets as widgets
import torch

from onekl.figures.panel import Panel
from onekl.measure.table import Table

logit = torch.zeros((), requires_grad=True)
Table({"toy": {"logit": logit.item()}})"""
PANEL = """\
def draw(ax, k):
    ax.plot(range(k))
    return f"{k} points"


Panel(draw, {"k": widgets.IntSlider(2, 2, 5)}, [{"k": 2}, {"k": 5}])"""
TRY = """\
## Change it and see

<details><summary>Outcome</summary>

The logit is 1.

</details>

<details><summary>Outcome</summary>

The logit is 2.

</details>"""
ALT = {"mystnb": {"image": {"alt": "Two lines that rise, of two and of five points, the stills."}}}
NOTEBOOKS = {  # a cell's source, and its metadata where it has some
    "toy-check": [
        ("# Check: a toy", None),
        (FIRST_CELL, {}),
        ("from onekl.chapters import claim\nfrom onekl.claims.check import check", {}),
        ("## toy-1: the divergence is a mean", None),
        ('check(claim("toy-1"))', {}),
    ],
    "toy-train": [
        ("# A toy", None),
        (FIRST_CELL, {}),
        ("## What to look for", None),
        (LOGIT, {}),
        ("## Verdict", None),
        ("print(logit.item() == 0)", {"tags": ["nbval-check-output"]}),
        ("## A panel", None),
        (PANEL, {"tags": ["panel"], **ALT}),
        (TRY, None),
    ],
}
LISTS = {  # in each of them, one line more, after the one that is named
    "src/onekl/chapters/__init__.py": ('    "ali",', '    "toy",'),
    "_toc.yml": (
        "          - file: notebooks/ali_steps-trial",
        "      - {file: book/toy, sections: "
        "[{file: notebooks/toy-check}, {file: notebooks/toy-train}]}",
    ),
    "src/onekl/claims/inventory.csv": (
        None,
        "toy-1,A toy,(1),identity,toy,The divergence is the mean of the logarithm of the ratio.",
    ),
}


def contents(root):
    """Every file of the copied parts, by its path."""
    paths = [*root.glob("*.*"), *(path for part in PARTS for path in (root / part).rglob("*"))]
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in paths
        if path.is_file() and "__pycache__" not in path.parts
    }


def run(root, *arguments):
    """Run Python in the copy, with the copy's package; the process, which has succeeded."""
    path = os.pathsep.join(str(root / part) for part in ("src", "book/extensions"))
    environment = os.environ | {"PYTHONPATH": path, "ONEKL_PROFILE": "quick", "CI": ""}
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done


def with_a_line(text, after, line):
    """The text with one line more: after another one, or at the end."""
    lines = text.splitlines()
    lines.insert(len(lines) if after is None else lines.index(after) + 1, line)
    return "\n".join(lines) + "\n"


def follow_the_recipe(root):
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    for name, (after, line) in LISTS.items():
        text = (root / name).read_text(encoding="utf-8")
        (root / name).write_text(with_a_line(text, after, line), encoding="utf-8")
    for name, parts in NOTEBOOKS.items():
        cells = [
            nbformat.v4.new_markdown_cell(source)
            if metadata is None
            else nbformat.v4.new_code_cell(source, metadata=metadata)
            for source, metadata in parts
        ]
        for number, cell in enumerate(cells, start=1):
            cell.id = f"{name}-{number:02}"
        nbformat.write(nbformat.v4.new_notebook(cells=cells), root / f"notebooks/{name}.ipynb")
    if CHROMIUM:
        run(root, "tools/stills.py", "toy")
    run(root, "tools/execute.py", *(f"notebooks/{name}.ipynb" for name in NOTEBOOKS))


@pytest.fixture(scope="module")
def before_and_copy(tmp_path_factory):
    """What the copy held before the recipe, and the copy after it."""
    root = tmp_path_factory.mktemp("recipe") / "copy"
    for part in PARTS:
        copytree(ROOT / part, root / part, ignore=NOT_SOURCE)
    for path in ROOT.glob("*.*"):
        if path.is_file():
            copy2(path, root)
    before = contents(root)
    follow_the_recipe(root)
    return before, root


@pytest.fixture(scope="module")
def copy(before_and_copy):
    return before_and_copy[1]


def test_a_chapter_touches_its_own_files_and_three_lines(before_and_copy):
    before, root = before_and_copy
    after = contents(root)
    assert before.keys() <= after.keys()
    made = {f"notebooks/{name}.ipynb" for name in NOTEBOOKS} | ({STILL} if CHROMIUM else set())
    assert after.keys() - before.keys() == FILES.keys() | made
    changed = {
        name: [
            line
            for line in ndiff(before[name].decode().splitlines(), after[name].decode().splitlines())
            if line[0] in "+-"
        ]
        for name in before
        if before[name] != after[name]
    }
    assert changed == {name: [f"+ {line}"] for name, (_, line) in LISTS.items()}


def test_the_ledger_has_the_claim(copy):
    command = "import sys; from onekl.cli import main; sys.exit(main(sys.argv[1:]))"
    said = run(copy, "-c", command, "claims", "--json", "--notebooks", "notebooks")
    row = {row["id"]: row for row in json.loads(said.stdout)}["toy-1"]
    assert (row["verdict"], row["chapter"], row["check"]) == (
        "exact",
        "toy",
        "notebooks/toy-check.ipynb#toy-1",
    )
    assert row["mutants_rejected"] == row["mutants_total"] > 0
    (shown,) = row["shown"]
    assert shown["numbers"]["tried"] == 1000 and shown["rows"][-1]["rule"] == "definition"


@pytest.fixture(scope="module")
def page(copy):
    """The pages of the copy that show the toy, built; a function from a page's name to its HTML."""
    contents = {
        "format": "jb-book",
        "root": "book/index",
        "chapters": [
            {"file": name}
            for name in (
                "book/toy",
                *(f"notebooks/{name}" for name in NOTEBOOKS),
                "book/readers-ask",
                "book/rules",
                "book/ledger",
            )
        ],
    }
    place = copy.parent / "toc.yml"
    place.write_text(yaml.safe_dump(contents, sort_keys=False), encoding="utf-8")
    out = copy.parent / "site"
    command = Path(sys.executable).with_name("jupyter-book")
    done = run(copy, command, "build", ".", "--toc", place, "--path-output", out)
    # The pages that are left out here are missing; of the toy nothing is.
    assert [line for line in done.stderr.splitlines() if "WARNING" in line and "toy" in line] == []
    built = out / "_build/html"
    return lambda name: BeautifulSoup((built / f"{name}.html").read_bytes(), "html.parser")


def test_the_page_has_the_box_and_the_figure(page):
    toy = page("book/toy")
    box = toy.find(id="claim-toy-1")
    assert box and "onekl-claim" in box["class"] and box.find("strong").text == "toy-1"
    assert box.find("a", href="graph.html#toy-1")
    badge = box.find(class_="onekl-badge")
    assert badge.text == "exact" and badge["href"] == "../notebooks/toy-check.html#toy-1"
    assert r"\text{definition}" in box.find("details").text
    used = page("book/rules").find(id="rule-definition")
    assert used.find("a", href="../notebooks/toy-check.html#toy-1")
    assert page("notebooks/toy-check").find(id="toy-1"), "the badge leads nowhere"
    assert ".okl-toy" in toy.find("style", string=re.compile("onekl-figure")).text
    figure = toy.find(class_="onekl-figure")
    assert figure["id"] == "moving-toy" and "KL = " in toy.find("script", type="module").text


def test_the_front_page_the_readers_list_and_the_ledger_have_the_toy(page):
    branches = page("book/index").find_all(class_="onekl-branch")
    assert "Toy" in [branch.find(class_="onekl-model").text.strip() for branch in branches]
    listed = page("book/readers-ask").find("a", href="toy.html#readers-ask")
    assert listed.text == "Is the toy a toy?"
    answer = listed.parent.find("a", href="toy.html#claim-toy-1")
    assert answer.text == "toy-1"
    row = page("book/ledger").find(id="ledger-toy-1")
    assert row.find(class_="onekl-badge").text == "exact"
    assert row.find("a", href="toy.html#claim-toy-1")


def test_the_other_tests_hold_in_the_copy(copy):
    """Those that hold notebooks, inventory and chapters against each other, and the toy's own."""
    general = ("architecture", "chapters", "ledger", "notebooks")
    lesson = "tests/test_lessons.py"
    named = [*(f"tests/test_{name}.py" for name in general), "tests/chapters/toy", lesson]
    of_the_tool = "tests/test_notebooks.py::test_execute_strips_what_differs_from_run_to_run"
    # What the whole package loads is tested outside the copy, in fresh interpreters.
    chosen = ("--deselect", of_the_tool, "-k", "not loads")
    run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", *named, *chosen)


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine draws the still picture")
def test_the_still_picture_holds_in_the_copy(copy):
    stills = ("tests/figures/test_moving.py", "-k", "still and ToyFigure")
    run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", *stills)


def test_the_recipe_names_each_file_and_each_list():
    recipe = re.search(
        r"^## A chapter\n(.*?)^## ",
        (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"),
        re.M | re.S,
    )[1]
    named = set(re.findall(r"`([\w./-]+)`", recipe))
    paths = [*FILES, STILL, *(f"notebooks/{name}.ipynb" for name in NOTEBOOKS)]
    general = {str(Path(path)).replace("toy", "NAME") for path in paths} - {
        "tests/chapters/NAME/test_claims.py"
    }
    assert general | {"tests/chapters/NAME/", *LISTS} <= named
