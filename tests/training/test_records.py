"""Recorded runs: what is written, what is read back, and what is refused."""

import ast
import json
import re
import subprocess
from contextlib import nullcontext
from types import SimpleNamespace

import IPython
import nbformat
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import record as make_record
from onekl.training import commit as commits
from onekl.training import records
from onekl.training.columns import columns_of
from onekl.training.commit import commit
from onekl.training.loop import code_cells, loop_of, records_of
from onekl.training.records import KEYS, record, recorded
from onekl.training.run import Run
from onekl.training.seeds import Seeds
from paths import NOTEBOOKS, ROOT

new = nbformat.v4
RECORDED = ROOT / "src" / "onekl" / "recorded"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A package folder of its own that records are written to and read from."""
    monkeypatch.setattr(records, "files", lambda package: tmp_path)
    monkeypatch.setenv("ONEKL_RESULTS", str(tmp_path / "recorded"))
    monkeypatch.setenv("ONEKL_CHECKPOINTS", str(tmp_path / "checkpoints"))
    monkeypatch.setenv("ONEKL_PROFILE", "quick")
    return tmp_path / "recorded"


def test_what_is_recorded_is_read_back(folder):
    values = {
        "ring": {"modes": torch.tensor([8, 7]), "share": [1 / 3, 2e-9]},
        "curve": torch.ones(2, 3),
    }
    record("made", SimpleNamespace(steps=10, rate=1e-3), [0, 1], values)
    found = recorded("made")
    assert found.keys() == KEYS and found["loop"] is found["constants"] is None
    assert found["values"] == {
        "ring": {"modes": [8, 7], "share": [0.333333, 2e-9]},
        "curve": [[1, 1, 1]] * 2,
    }
    assert found["settings"] == {"steps": 10, "rate": 1e-3} and found["seeds"] == [0, 1]
    assert found["profile"] == "quick" and found["device"] and found["date"] and found["versions"]
    assert str(folder) not in (folder / "made.json").read_text(encoding="utf-8")


def test_columns_with_fields_are_read_back(folder):
    record("made", {}, [0, 1], columns_of({"modes": [8, 7], "share": [0.5, 0.25]}, λ=0.1, k=4))
    found = recorded("made")["values"]
    assert found.one("modes", k=4) == [8, 7] and found[0].key == {"λ": 0.1, "k": 4}
    assert "λ" in (folder / "made.json").read_text(encoding="utf-8")


def test_nothing_is_written_without_a_folder(folder, monkeypatch):
    monkeypatch.delenv("ONEKL_RESULTS")
    record("made", {}, [0], {"a": [1.0]})
    assert not folder.exists()


def test_values_that_do_not_fit_the_seeds_leave_no_file(folder):
    with pytest.raises(ValueError, match="each of 2 seeds"):
        record("made", {}, [0, 1], {"a": [1.0]})
    assert not (folder / "made.json").exists()


WHOLE = dict.fromkeys(KEYS - {"values"})


@pytest.mark.parametrize(
    "text, words",
    [
        (None, "no recorded run 'made'; make one with `make record`"),
        ("{", "is not JSON"),
        ("[]", "lacks the keys columns, commit, constants, date"),
        ('{"values": {}}', "has the unknown keys values; record it again"),
        (json.dumps({**WHOLE, "columns": [], "colour": 1}), "has the unknown keys colour"),
        (json.dumps({**WHOLE, "columns": [["a", 1]]}), "has a column of an unknown form"),
        (json.dumps({**WHOLE, "columns": None}), "cannot be read"),
    ],
)
def test_a_missing_or_broken_record_is_one_clear_line(folder, text, words):
    if text is not None:
        folder.mkdir()
        (folder / "made.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=words) as error:
        recorded("made")
    assert "\n" not in str(error.value)


RATE, LABELS, MEASURED = 0.5, ("a", "b"), torch.ones(3)


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """The file of a notebook with a loop, which the kernel is told of."""
    path = tmp_path / "made-train.ipynb"
    cells = [new.new_code_cell("RATE, LABELS, MEASURED = 0.5, ('a', 'b'), torch.ones(3)")]
    cells[0].metadata.tags = ["loop"]
    nbformat.write(new.new_notebook(cells=cells), path)
    monkeypatch.setenv("ONEKL_NOTEBOOK", str(path))
    return path


def test_a_record_has_the_loop_and_its_plain_constants(folder, notebook):
    record("made", {}, [0], {"a": [1.0]})
    found = recorded("made")
    assert found["loop"] == loop_of(notebook) and list(found["loop"]) == ["RATE"]
    assert found["constants"] == {"RATE": 0.5, "LABELS": ["a", "b"]}


@pytest.mark.parametrize(
    "executed, said",
    [
        (["RATE = 1  # the rate", "def train(): return RATE"], ""),
        (["RATE = 2", "def train():\n    'Train.'\n    return RATE"], "RATE"),
        (["RATE = 1", "def train(): return 2 * RATE", "1 +"], "train"),
        (["other = 3"], ""),
        (["RATE = 1", "def train(): return RATE", "def train(): return 3", "x = 1"], "train"),
        (["RATE = 2", "def train(): return RATE", "RATE = 1", "train = 4"], ""),
    ],
)
def test_a_reader_with_another_loop_is_told(folder, notebook, monkeypatch, capsys, executed, said):
    source = "RATE = 1\ndef train():\n    return RATE"
    cell = new.new_code_cell(source, metadata={"tags": ["loop"]})
    nbformat.write(new.new_notebook(cells=[cell]), notebook)
    record("made", {}, [0], {"a": [1.0]})
    shell = SimpleNamespace(user_ns={"In": ["", *executed]})
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    assert recorded("made")["values"] == {"a": [1.0]}
    line = f"the recorded run 'made' is of another loop than this notebook's: {said}\n"
    assert capsys.readouterr().out == (line if said else "")


@pytest.fixture
def asked_anew():
    """The answer of git is forgotten before the test and after it."""
    commit.cache_clear()
    yield
    commit.cache_clear()


def test_the_commit_is_the_last_one_of_the_whole_package(asked_anew):
    of_the_code = ["--", "src/onekl", ":(exclude)src/onekl/recorded"]
    git = ["git", "-C", str(ROOT), "log", "-1", "--format=%h", *of_the_code]
    told = subprocess.run(git, capture_output=True, text=True).stdout.strip()
    # nothing where the files are from an archive
    assert (commit() or "").removesuffix(" with changes") == told


def test_there_is_no_commit_without_a_repository(asked_anew, monkeypatch, tmp_path):
    monkeypatch.setattr(commits, "PACKAGE", tmp_path)
    assert commit() is None


def test_there_is_no_commit_without_git(asked_anew, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit() is None


def test_a_run_asks_for_the_commit_when_it_begins(asked_anew, folder, monkeypatch):
    """A record names the commit of its run's first step, whatever is committed before the last."""
    for _ in Run("made", {}, {}, Seeds([0])).steps(2):
        monkeypatch.setattr(commits.subprocess, "run", None)  # git cannot be asked any more
    record("made", {}, [0], {"a": [1.0]})
    assert recorded("made")["commit"] == commit()


def test_a_run_that_is_not_recorded_asks_for_no_commit(asked_anew, folder, monkeypatch):
    monkeypatch.delenv("ONEKL_RESULTS")
    monkeypatch.setattr(commits.subprocess, "run", None)
    assert list(Run("made", {}, {}, Seeds([0])).steps(2)) == [0, 1]


def test_the_commit_says_that_files_differ_from_it(asked_anew, monkeypatch, tmp_path):
    """A change of a record is none: records are what the code makes."""
    monkeypatch.setattr(commits, "PACKAGE", tmp_path)
    (tmp_path / "recorded").mkdir()
    (tmp_path / "code.py").write_text("1", encoding="utf-8")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=me", "-c", "user.email=me@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *command], check=True)
    (tmp_path / "recorded" / "made.json").write_text("{}", encoding="utf-8")
    clean = commit()
    assert re.fullmatch("[0-9a-f]{7,}", clean)
    commit.cache_clear()
    (tmp_path / "code.py").write_text("2", encoding="utf-8")
    assert commit() == f"{clean} with changes"


RECORDS = sorted(path for path in RECORDED.iterdir() if path.suffix == ".json")


def test_there_are_records():
    assert RECORDS


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_each_committed_record_reads_and_is_as_small_as_its_numbers(path):
    found = recorded(path.stem)
    assert found["name"] == path.stem and len(found["seeds"]) >= 3
    text = path.read_text(encoding="utf-8")
    body = text[text.index('"columns"') :]
    assert len(body) < 11 * (body.count(",") + 1) + 60 * body.count(":[")


def test_each_record_is_made_by_one_notebook():
    made = [name for path in NOTEBOOKS.glob("*.ipynb") for name in records_of(path)]
    assert sorted(made) == [path.stem for path in RECORDS]


RECORDING = [path for path in sorted(NOTEBOOKS.glob("*.ipynb")) if records_of(path)]
of_each = pytest.mark.parametrize("path", RECORDING, ids=lambda path: path.stem)


@of_each
def test_each_record_is_of_the_loop_of_its_notebook(path):
    """After an edit of the loop, record it again."""
    make_record.verify(path)


class Numbers(ast.NodeTransformer):
    """Adds one to the number at a place of a syntax tree, counted from 0."""

    def __init__(self, place):
        self.left = place

    def visit_Constant(self, node):
        if type(node.value) not in (int, float):
            return node
        self.left -= 1
        return ast.Constant(node.value + 1) if self.left == -1 else node


def edited(path, edit, folder):
    """A copy of the notebook with its loop's cells as `edit` makes them."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if "loop" in cell.metadata.get("tags", []):
            cell.source = edit(cell.source)
    nbformat.write(notebook, folder / path.name)
    return folder / path.name


@of_each
@settings(max_examples=5, deadline=None, suppress_health_check=HealthCheck)
@given(data=st.data())
def test_an_edit_of_any_number_in_a_loop_asks_for_a_new_record(path, tmp_path, data):
    sources = [
        "".join(cell["source"])
        for cell in code_cells(path)
        if "loop" in cell["metadata"].get("tags", [])
    ]
    chosen = data.draw(st.sampled_from(sources))
    numbers = [
        node
        for node in ast.walk(ast.parse(chosen))
        if isinstance(node, ast.Constant) and type(node.value) in (int, float)
    ]
    place = data.draw(st.integers(0, max(0, len(numbers) - 1)))

    def edit(source):
        return ast.unparse(Numbers(place).visit(ast.parse(source))) if source == chosen else source

    with pytest.raises(ValueError, match="of another loop") if numbers else nullcontext():
        make_record.verify(edited(path, edit, tmp_path))


@pytest.mark.parametrize(
    "name, old, new",
    [
        ("ali", "ali_minimax_loss(at_p, at_q)", "ali_loss(at_p, at_q)"),  # the loss of su-42
        ("aae", '"learning_rate": 1e-3', '"learning_rate": 2e-3'),
        ("missing_term", "nn.SiLU", "nn.Tanh"),  # the generator's activation
    ],
)
def test_an_edit_of_a_loss_a_rate_or_an_activation_asks_for_a_new_record(name, old, new, tmp_path):
    (path,) = (path for path in RECORDING if name in records_of(path))
    assert make_record.verify(edited(path, lambda source: source, tmp_path)) is None
    copy = edited(path, lambda source: source.replace(old, new), tmp_path)
    with pytest.raises(ValueError, match=f"the record {name!r} is of another loop"):
        make_record.verify(copy)
