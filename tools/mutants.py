"""How many small changes of the code do the tests notice? A seeded sample, made by cosmic-ray.

`python tools/mutants.py [GROUP …] [--sample N] [--seed S]` draws N mutants of each group, runs for
each the tests that reach the changed statement, the fastest first, and prints the share killed
with its interval, and the survivors.
It works in a temporary copy of the tree, on one core; nothing in the tree itself is touched.
What each test reaches is measured first, and kept in `.mutants/` until the code or the test
changes.

All of cosmic-ray's operators count.
Two kinds of mutants are left out of the draw, for no test can tell them from the code: those that
differ in annotations or docstrings alone, since annotations are never evaluated here, and those
that Python cannot parse.
Nothing else is left out, so some survivors mean the same as the code.
A statement that no test reaches is a survivor too.
A mutant whose tests take too long is killed, and counted apart.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import math
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

from cosmic_ray.commands.init import init
from cosmic_ray.mutating import mutate_and_test, mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / ".mutants"
AT_MOST = 60.0  # seconds of tests for one mutant, as measured
# Neither a plugin that is not needed here nor another thread; hypothesis draws the same examples.
PYTEST = "-q -p no:cacheprovider -p _hypothesis_pytestplugin --hypothesis-seed=0 -x --tb=no"


@dataclass(frozen=True)
class Group:
    """Code and the tests that hold it, as folders or files below the repository's root."""

    code: str
    tests: tuple[str, ...]


GROUPS = {
    "symbolic": Group(
        "src/onekl/symbolic", ("tests/symbolic", "tests/claims", "tests/chapters/test_proofs.py")
    ),
    "losses": Group("src/onekl/training/losses", ("tests/training/losses",)),
}


@dataclass(frozen=True)
class Timed:
    """A test with its seconds and the lines that it reaches, by file."""

    name: str
    seconds: float
    lines: dict[str, frozenset[int]]


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant: "killed", "timeout", "survived" or "not reached"."""

    word: str
    mutant: MutationSpec
    changed: str


def copied_tree(folder: Path) -> None:
    """Copy the files that git knows or would add."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():  # git still knows a file that was just deleted
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def python_files(place: str) -> list[Path]:
    """The Python files of a folder, or the file itself, in order."""
    return sorted(Path(place).rglob("*.py")) if Path(place).is_dir() else [Path(place)]


def tests_of(group: Group) -> list[Timed]:
    """The tests of a group, the fastest first, then what runs when modules are loaded."""
    shared = sorted([*Path("src").rglob("*.py"), *Path("tests").glob("*.py")])
    found = []
    for file in (one for place in group.tests for one in python_files(place)):
        if file.name.startswith("test_"):
            found += measured(file, group.code, [*shared, file])
    return sorted(found, key=lambda test: (not test.name, test.seconds))


def measured(file: Path, code: str, rests_on: list[Path]) -> list[Timed]:
    """What the tests of a file reach, measured anew where what it rests on has changed."""
    digest = hashlib.sha256(code.encode())
    for one in rests_on:
        digest.update(one.read_bytes())
    label = "-".join(file.with_suffix("").parts)
    kept = KEPT / f"{label}-{digest.hexdigest()[:16]}.json"
    if not kept.exists():
        KEPT.mkdir(exist_ok=True)
        for old in KEPT.glob(f"{label}-*.json"):
            old.unlink()
        fresh = kept.with_suffix(".new")
        command = [sys.executable, "tools/reached.py", str(fresh), code, str(file)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"the tests of {file} fail without a mutant:\n{done.stdout[-2000:]}")
        fresh.rename(kept)
    return [
        Timed(name, one["seconds"], {place: frozenset(n) for place, n in one["lines"].items()})
        for name, one in json.loads(kept.read_text(encoding="utf-8")).items()
    ]


class _Bare(ast.NodeTransformer):
    """Take away what is never evaluated: annotations and docstrings."""

    def visit(self, node: ast.AST) -> ast.AST:
        """Clear the fields that hold an annotation, and a string that is a statement."""
        for name in ("annotation", "returns"):
            if hasattr(node, name):
                setattr(node, name, None)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = ""
        return self.generic_visit(node)


def bare(source: str) -> str:
    """What a source says but for annotations and docstrings; "" where it is no Python."""
    try:
        return ast.dump(_Bare().visit(ast.parse(source)))
    except SyntaxError:
        return ""


def drawn(group: Group, size: int, seed: int, folder: Path) -> Iterator[MutationSpec]:
    """A sample of the mutants of a group, without those that the module's docstring leaves out."""
    with use_db(str(folder / "mutants.sqlite"), WorkDB.Mode.create) as every:
        init(python_files(group.code), every, {})
        found = [mutant for item in every.work_items for mutant in item.mutations]
    # The same draw for the same code, in whatever order the database keeps it.
    found.sort(key=lambda one: (str(one.module_path), one.operator_name, one.occurrence))
    random.Random(seed).shuffle(found)
    taken = 0
    for mutant in found:
        source = mutant.module_path.read_text(encoding="utf-8")
        operator = get_operator(mutant.operator_name)()
        if bare(mutate_code(source, operator, mutant.occurrence)) not in ("", bare(source)):
            taken += 1
            yield mutant
        if taken == size:
            return


def spans(source: str, line: int) -> Iterator[range]:
    """The lines of the statement at a line, of the functions around it, and of the whole file.

    Of a statement that holds others, like `if` or `def`, they are those before the others; of the
    head of a function, the function's.
    """
    around = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.stmt):
            continue
        first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
        if first <= line <= (node.end_lineno or first):
            whole = range(first, (node.end_lineno or first) + 1)
            body = getattr(node, "body", None)
            head = range(first, body[0].lineno) if body else whole
            if isinstance(node, ast.FunctionDef):
                around.append(whole)
            elif line in head:
                around.append(head)
    yield from sorted(around, key=len)
    yield range(source.count("\n") + 1)


def reaching(mutant: MutationSpec, tests: list[Timed]) -> list[Timed]:
    """The tests that reach the changed statement, the fastest first.

    A statement that runs only when modules are loaded is left to those that reach what is around
    it; one that never runs has no test.
    """
    place = mutant.module_path.as_posix()
    source = mutant.module_path.read_text(encoding="utf-8")
    for number, span in enumerate(spans(source, mutant.start_pos[0])):
        found = [one for one in tests if not one.lines.get(place, frozenset()).isdisjoint(span)]
        named = [one for one in found if one.name]
        if named:
            return named
        if number == 0 and not found:
            return []
    return []


def affordable(tests: list[Timed]) -> list[Timed]:
    """The first tests, as many as take `AT_MOST` seconds together, and one at least."""
    taken, total = [], 0.0
    for one in tests:
        total += one.seconds
        if taken and total > AT_MOST:
            break
        taken.append(one)
    return taken


def command(tests: list[Timed], folder: Path) -> str:
    """The command that runs the tests in their order, until one fails."""
    names = folder / "names.txt"
    names.write_text("\n".join(one.name for one in tests), encoding="utf-8")
    return f"{shlex.quote(sys.executable)} -m pytest {PYTEST} @{shlex.quote(str(names))}"


def require_green(tests: list[Timed], folder: Path) -> None:
    """Stop unless the tests pass, by the same command, without a mutant."""
    done = subprocess.run(shlex.split(command(tests, folder)), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"the tests fail without a mutant:\n{done.stdout[-2000:]}")


def tried(mutant: MutationSpec, tests: list[Timed], folder: Path) -> Outcome:
    """Run the tests that reach a mutant, until one fails."""
    if not tests:
        source = mutant.module_path.read_text(encoding="utf-8").splitlines()
        return Outcome("not reached", mutant, source[mutant.start_pos[0] - 1])
    limit = 60 + 3 * sum(one.seconds for one in tests)
    done = mutate_and_test([mutant], command(tests, folder), limit)
    if done.diff is None or done.test_outcome == TestOutcome.INCOMPETENT:
        sys.exit(f"the tests could not be run:\n{done.output}")
    word = "survived" if done.test_outcome == TestOutcome.SURVIVED else "killed"
    # The lines that changed, without the heads of the diff.
    changed = [line for line in done.diff.splitlines() if re.match(r"[+-](?![+-]{2} )", line)]
    return Outcome("timeout" if done.output == "timeout" else word, mutant, "\n".join(changed))


def sample(group: Group, size: int, seed: int, folder: Path) -> list[Outcome]:
    """Draw and try mutants of a group; a line for each shows that it goes on."""
    tests = tests_of(group)
    mutants = list(drawn(group, size, seed, folder))
    chosen = [affordable(reaching(mutant, tests)) for mutant in mutants]
    used = {one.name for some in chosen for one in some}
    require_green([one for one in tests if one.name in used], folder)
    outcomes = []
    for mutant, some in zip(mutants, chosen):
        outcomes.append(tried(mutant, some, folder))
        place = f"{mutant.module_path}:{mutant.start_pos[0]}"
        print(f"{len(outcomes)} of {len(mutants)}: {outcomes[-1].word}, {place}", flush=True)
    return outcomes


def wilson(killed: int, total: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's interval for a share: unlike the normal one it holds near 0 and 1."""
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share, spread = killed / total, z * z / total
    middle = (share + spread / 2) / (1 + spread)
    half = math.sqrt(share * (1 - share) * spread + spread * spread / 4) / (1 + spread)
    return middle - half, middle + half


def show(name: str, outcomes: list[Outcome]) -> None:
    """Print the share killed with its interval, then the survivors."""
    words = [one.word for one in outcomes]
    killed, total = words.count("killed") + words.count("timeout"), len(words)
    low, high = wilson(killed, total)
    print(
        f"{name}: {killed} of {total} killed, {killed / total:.1%} "
        f"(95 % interval {low:.1%} to {high:.1%}); "
        f"{words.count('timeout')} of them by taking too long, "
        f"{words.count('not reached')} survivors in statements that no test reaches"
    )
    for one in outcomes:
        if one.word in ("survived", "not reached"):
            where = f"{one.mutant.module_path}:{one.mutant.start_pos[0]}"
            print(f"{where}  {one.mutant.operator_name.partition('/')[2]}, {one.word}")
            print("\n".join(f"    {line}" for line in one.changed.splitlines()))


def main() -> None:
    """Draw and try the mutants of each group, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(GROUPS))
    parser.add_argument("--sample", type=int, default=120, help="mutants of each group")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    if unknown := [name for name in asked.groups if name not in GROUPS]:
        parser.error(f"no group {unknown[0]!r}: choose from {', '.join(GROUPS)}")
    with tempfile.TemporaryDirectory() as made:
        tree, folder = Path(made) / "tree", Path(made)
        copied_tree(tree)
        os.chdir(tree)
        os.environ |= {
            "PYTHONPATH": str(tree / "src"),
            "OMP_NUM_THREADS": "1",
            "PYTHONHASHSEED": "0",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }
        for name in asked.groups or GROUPS:
            start = time.perf_counter()
            outcomes = sample(GROUPS[name], asked.sample, asked.seed, folder)
            show(f"{name}, seed {asked.seed}", outcomes)
            print(f"{(time.perf_counter() - start) / 60:.0f} minutes")


if __name__ == "__main__":
    main()
