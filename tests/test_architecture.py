"""The rules of the house: which part may import which, and what an import may load."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from onekl.chapters import CHAPTERS
from onekl.claims.inventory import inventory
from paths import ROOT, sections

SOURCE = ROOT / "src"
# Each part of the package, from the ground up, with the parts that it may import besides itself.
MAY_IMPORT = {
    "__init__": set(),  # the version, and the size of SymPy's cache
    "tables": set(),
    "symbolic": {"tables"},
    "training": {"__init__"},
    "data": {"training"},
    "measure": {"training", "data"},
    "figures": {"tables"},
    "examiner": {"symbolic"},
    "reading": {"symbolic"},
    "claims": {"symbolic", "examiner", "reading"},
    "chapters": {
        "tables",
        "symbolic",
        "training",
        "data",
        "measure",
        "figures",
        "reading",
        "claims",
    },
    "ledger": {"claims", "chapters"},
    "graph": {"symbolic", "reading", "claims", "chapters", "ledger"},
    "recheck": {"claims", "chapters", "ledger"},
    "seed_axis": {"training", "measure"},
    "bench": {"training", "measure", "chapters", "recheck", "seed_axis"},
    "cli": {"ledger", "recheck", "bench"},
}


def module_name(path):
    """The dotted name of a file of the package."""
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


FILES = {module_name(path): path for path in sorted((SOURCE / "onekl").rglob("*.py"))}


def imported(path):
    """Every module that a file names in an import, wherever in the file that stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} has a relative import"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def imported_files(path):
    """The modules of the package that a file imports."""
    return {name for name in imported(path) if name in FILES and FILES[name] != path}


def part(name):
    """The part of the package that a module belongs to."""
    return (name.split(".") + ["__init__"])[1]


@pytest.mark.parametrize("name", FILES)
def test_imports_point_downwards(name):
    outside = {part(other) for other in imported_files(FILES[name])} - {part(name)}
    # `from onekl.claims.claim import Claim` also names the folder's own __init__, an empty file.
    assert outside - {"__init__"} <= MAY_IMPORT[part(name)], f"{name} imports {outside}"


def test_the_parts_stand_on_each_other_without_a_circle():
    """The list above is in the order of the floors: a part imports only what stands before it."""
    order = [*MAY_IMPORT]
    for name, below in MAY_IMPORT.items():
        assert all(order.index(one) < order.index(name) for one in below)


def test_no_files_import_each_other_in_a_circle():
    graph = {name: imported_files(path) for name, path in FILES.items()}
    done = set()
    while ready := {name for name, to in graph.items() if name not in done and to <= done | {name}}:
        done |= ready
    assert set(graph) - done == set()


@pytest.mark.parametrize("name", [name for name in FILES if part(name) != "chapters"])
def test_nothing_outside_the_chapters_knows_a_chapter(name):
    assert not [
        other
        for other in imported(FILES[name])
        if other.startswith("onekl.chapters.") and other.split(".")[2] in CHAPTERS
    ]


SITE_FILES = [
    path
    for path in sorted((ROOT / "book" / "extensions").rglob("*.py"))
    # The museum has boxes of its own kind; its part of the extension bears its name.
    if path.stem not in ("museum", "__init__")
]
OUTSIDE = [path for name, path in FILES.items() if part(name) != "chapters"] + SITE_FILES


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: path.stem)
def test_nothing_outside_the_chapters_names_a_chapter_in_a_string(path):
    strings = [
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert not set(strings) & set(CHAPTERS)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_imports_only_chapters_before_it(chapter):
    for name, path in FILES.items():
        if name.startswith(f"onekl.chapters.{chapter}."):
            known = {
                other.split(".")[2]
                for other in imported_files(path)
                if other.count(".") > 2 and other.startswith("onekl.chapters.")
            }
            later = set(CHAPTERS[CHAPTERS.index(chapter) + 1 :])
            assert not known & later, f"{name} imports {known & later}"


def test_a_chapter_has_one_spelling():
    """Folder, page, notebooks, tests and rows of the inventory carry the name in the list."""
    folders = {path.name for path in (SOURCE / "onekl" / "chapters").iterdir() if path.is_dir()}
    assert folders - {"__pycache__"} == set(CHAPTERS)
    for chapter in CHAPTERS:
        assert (ROOT / "book" / f"{chapter}.md").exists()
        assert (ROOT / "notebooks" / f"{chapter}-check.ipynb").exists()
        assert (ROOT / "tests" / "chapters" / chapter).is_dir()
    assert [page for page in sections() if page in CHAPTERS] == list(CHAPTERS)
    spelt = {entry.chapter for entry in inventory().values()}
    assert not [one for one in spelt if one.replace("-", "_") in CHAPTERS and one not in CHAPTERS]


def loaded_by(*modules):
    """The names of all modules that a fresh interpreter has loaded after importing these."""
    script = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def of(*parts):
    return [name for name in FILES if part(name) in parts]


def test_the_symbolic_half_never_loads_torch():
    assert "torch" not in loaded_by(*of("symbolic", "claims", "tables", "ledger"))


def test_the_training_half_never_imports_sympy():
    """Its files are read: what torch itself loads is torch's affair, and may change."""
    for name in of("training", "data", "measure", "bench"):
        assert not [one for one in imported(FILES[name]) if one.split(".")[0] == "sympy"], name


def test_the_package_never_loads_sphinx():
    loaded = loaded_by(*FILES)
    assert not {name for name in loaded if name.split(".")[0] in ("sphinx", "docutils", "myst_nb")}


def test_a_rule_that_is_broken_is_seen(tmp_path):
    """The reading of imports finds one in a function, one of a name and one of a module."""
    file = tmp_path / "made.py"
    file.write_text(
        "import torch.nn\ndef f():\n    from onekl.chapters import gan\n", encoding="utf-8"
    )
    assert {"torch.nn", "onekl.chapters", "onekl.chapters.gan"} <= imported(file)


def test_every_path_of_the_package_is_python_or_data():
    """What travels in the wheel: code, the figures' scripts and pictures, tables and records."""
    kinds = {path.suffix for path in (SOURCE / "onekl").rglob("*") if path.is_file()}
    assert kinds - {".pyc"} <= {".py", ".js", ".css", ".png", ".csv", ".toml", ".json", ".txt"}
    assert Path(ROOT / "book" / "extensions" / "onekl_site").is_dir()


def test_sympy_keeps_more_than_its_own_thousand_entries_unless_it_is_told_otherwise():
    script = "import onekl, os; print(os.environ['SYMPY_CACHE_SIZE'])"
    for told, expected in (({}, "100000"), ({"SYMPY_CACHE_SIZE": "500"}, "500")):
        environment = {k: v for k, v in os.environ.items() if k != "SYMPY_CACHE_SIZE"} | told
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, env=environment
        )
        assert done.stdout.strip() == expected, done.stderr
