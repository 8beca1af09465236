"""The first cell of every notebook, run where the package is missing, old, or a mere folder."""

import json
import re
import shutil
import subprocess
import sys

import nbformat
import pytest

import colab
import first_cell
import onekl
import repository
from paths import ROOT

# Runs the cell in IPython, in a folder, with a stand-in for pip; prints what came of it.
PROGRAM = """
import json, pathlib, sys
from IPython.core.interactiveshell import InteractiveShell

cell, here, there, installs = json.loads(sys.stdin.read())
others = [p for p in sys.path if p and not (pathlib.Path(p) / "onekl").is_dir()]
sys.path[:] = [here, *others, there]
sys.meta_path[:] = [f for f in sys.meta_path if "editable" not in repr(f).lower()]
shell, asked = InteractiveShell.instance(), []

def pip(line):
    asked.append(line)
    if installs:
        package = pathlib.Path(there) / "onekl"
        package.mkdir()
        (package / "__init__.py").write_text(f"__version__ = {installs!r}", encoding="utf-8")

shell.register_magic_function(pip, magic_name="pip")
shell.showtraceback = lambda *rest, **named: None
result = shell.run_cell(cell)
error = result.error_before_exec or result.error_in_exec
found = getattr(sys.modules.get("onekl"), "__version__", None)
print(json.dumps([asked, error and f"{type(error).__name__}: {error}", found]))
"""
WANTED = onekl.__version__


def run(tmp_path, *, beside="", installs=""):
    """What pip was asked, what was raised, and the version that is loaded in the end.

    `beside` is the version of a package beside the notebook, or "folder" for a mere folder;
    `installs` the version that pip installs, none where it fails.
    """
    here, there = tmp_path / "notebooks", tmp_path / "site"
    for folder in (here, there):
        folder.mkdir()
    if beside:
        (here / "onekl").mkdir()
    if beside not in ("", "folder"):
        init = here / "onekl" / "__init__.py"
        init.write_text(f"__version__ = {beside!r}", encoding="utf-8")
    situation = json.dumps([first_cell.first_cell(), str(here), str(there), installs])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=here, input=situation, capture_output=True, text=True,
        env={"IPYTHONDIR": str(tmp_path), "PATH": "", "PYTHONPATH": ""}, check=True,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def test_a_package_that_is_there_is_left_alone(tmp_path):
    assert run(tmp_path, beside=WANTED) == [[], None, WANTED]


@pytest.mark.parametrize("beside", ["", "folder"])
def test_a_missing_package_is_installed(tmp_path, beside):
    (line,), error, found = run(tmp_path, beside=beside, installs=WANTED)
    assert error is None and found == WANTED
    assert f'"onekl @ git+{repository.current(ROOT)}@v{WANTED}"' in line and "--no-deps" in line


@pytest.mark.parametrize("beside, installs, finds", [
    ("", "", "none: read what pip says above"),
    ("folder", "", "none: read what pip says above"),
    ("", "0.0.9", "0.0.9"),
    ("0.0.9", WANTED, "0.0.9"),
])  # fmt: skip
def test_what_is_not_as_it_should_be_gets_one_line(tmp_path, beside, installs, finds):
    asked, error, _ = run(tmp_path, beside=beside, installs=installs)
    assert len(asked) == (beside != "0.0.9")
    assert error.startswith(f"ImportError: This notebook needs onekl {WANTED} and finds {finds}.")
    assert "restart the kernel" in error and "\n" not in error


def test_the_cell_is_in_step_with_the_package_and_short():
    text = first_cell.first_cell()
    versions = set(re.findall(r"\d+\.\d+\.\d+", text))
    assert versions == {WANTED}
    assert f"git+{repository.current(ROOT)}@v{WANTED}" in text
    assert f"git tag v{WANTED} " in (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 20
    assert max(len(line) for line in text.splitlines() if "%pip install" not in line) <= 88


@pytest.fixture
def notebook(tmp_path):
    """A notebook of the book, with another text in its first code cell."""
    path = tmp_path / "vae-check.ipynb"
    shutil.copy(ROOT / "notebooks" / "vae-check.ipynb", path)
    made = nbformat.read(path, as_version=4)
    cell = next(cell for cell in made.cells if cell.cell_type == "code")
    cell.source = "%pip install onekl"
    nbformat.write(made, path)
    return path


def test_the_cell_is_put_into_a_notebook_and_nothing_else_changes(notebook):
    before = nbformat.read(notebook, as_version=4)
    assert first_cell.put(notebook) and not first_cell.put(notebook)
    after = nbformat.read(notebook, as_version=4)
    changed = [k for k, pair in enumerate(zip(before.cells, after.cells)) if pair[0] != pair[1]]
    assert len(changed) == 1 and after.cells[changed[0]].source == first_cell.first_cell()
    before.cells[changed[0]].source = first_cell.first_cell()
    assert before == after


def test_a_notebook_that_begins_otherwise_is_left_alone(notebook):
    made = nbformat.read(notebook, as_version=4)
    next(cell for cell in made.cells if cell.cell_type == "code").source = "import sympy"
    nbformat.write(made, notebook)
    before = notebook.read_bytes()
    with pytest.raises(ValueError, match="does not install onekl"):
        first_cell.put(notebook)
    assert notebook.read_bytes() == before


def test_colab_s_run_installs_this_checkout(notebook):
    with pytest.raises(ValueError, match="make first-cell"):
        colab.redirect(notebook)
    first_cell.put(notebook)
    line = next(line for line in colab.redirect(notebook).splitlines() if "%pip install" in line)
    assert line.endswith(f'"onekl @ {ROOT.as_uri()}"')
