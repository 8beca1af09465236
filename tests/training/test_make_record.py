"""`make record` on toy notebooks: what it writes, and one clear line for what is wrong."""

import os
import subprocess
import sys

import nbformat
import pytest

import record as make_record
from onekl.training.loop import loop_of
from onekl.training.records import read
from paths import ROOT

new = nbformat.v4
SETUP = """\
import torch
from onekl.training.records import record
from onekl.training.run import Run, settings
numbers = settings(quick={"steps": 2}, full={"steps": 5})"""
LOOP = """\
RATE = 0.5
random = torch.Generator().manual_seed(3)
weight = torch.nn.ParameterList([torch.zeros(3)])
run = Run("toy", numbers, {"weight": weight}, random)
for step in run.steps(numbers.steps):
    weight[0].data += RATE * torch.randn(3, generator=random)
    run.log(weight=weight[0])"""
RECORD = """\
print(f"{numbers.steps} steps")
record("toy", numbers, range(3), {"weight": run.history("weight")[1].T})"""


@pytest.fixture
def notebook(tmp_path):
    """Write a notebook whose second cell is the loop."""

    def write(*cells, tags=("loop",), name="toy-train"):
        made = [new.new_code_cell(source) for source in cells]
        if len(made) > 1:
            made[1].metadata.tags = list(tags)
        path = tmp_path / f"{name}.ipynb"
        nbformat.write(new.new_notebook(cells=made), path)
        return path

    return write


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A folder in the place of the package's records."""
    folder = tmp_path / "recorded"
    folder.mkdir()
    monkeypatch.setattr(make_record, "RECORDED", folder)
    monkeypatch.setenv("ONEKL_CHECKPOINTS", str(tmp_path / "checkpoints"))
    return folder


def test_a_record_of_the_full_profile_is_made_with_its_loop_and_constants(
    notebook, package, capsys
):
    path = notebook(SETUP, LOOP, RECORD)
    before = path.read_bytes()
    make_record.main([str(path)])
    found = read(package / "toy.json", "toy")
    assert found["profile"] == "full" and found["settings"] == {"steps": 5}
    assert found["constants"] == {"RATE": 0.5} and found["loop"] == loop_of(path)
    assert {"numbers", "RATE", "weight", "run", "random"} <= found["loop"].keys()
    assert [len(row) for row in found["values"]["weight"]] == [5, 5, 5]
    assert path.read_bytes() == before
    said = capsys.readouterr().out
    assert "cell 3 of 3: " in said and "5 steps\n" in said and said.endswith("toy.json\n")

    make_record.verify(path, package)
    for old, new_text, label in (("= 0.5", "= 0.6", "RATE"), ("(weight=", "(weight=2 *", "step")):
        notebook(SETUP, LOOP.replace(old, new_text), RECORD)
        with pytest.raises(ValueError, match=f"'toy' is of another loop than .*: {label}; make"):
            make_record.verify(path, package)
    notebook(SETUP, f"# A note.\n{LOOP}  # another", RECORD)
    make_record.verify(path, package)


def test_progress_is_told_while_a_bar_moves(capsys, monkeypatch):
    monkeypatch.setattr(make_record, "SECONDS", 0)
    watched = make_record.Watched(new.new_notebook())
    for value in ("ring:  12%", 12.0, " 2400/20000 [00:12&lt;01:00, 200it/s]"):
        message = {"comm_id": "a", "data": {"method": "update", "state": {"value": value}}}
        watched.process_message(
            {"msg_type": "comm_msg", "content": message}, new.new_code_cell(), 0
        )
    assert capsys.readouterr().out == "  ring:  12% 2400/20000 [00:12<01:00, 200it/s]\n"


@pytest.mark.parametrize(
    "cells, words",
    [
        ((SETUP, "RATE = 1", "1 / 0"), 'calls no record("NAME", …): there is nothing to record'),
        ((SETUP, "1 / 0", RECORD), "failed with ZeroDivisionError: division by zero"),
        ((SETUP, "RATE = 1", f"if RATE > 1:\n    {RECORD.splitlines()[1]}"), "without writing"),
    ],
)
def test_a_notebook_that_makes_no_record_is_one_clear_line(notebook, package, cells, words):
    with pytest.raises(ValueError) as told:
        make_record.main([str(notebook(*cells))])
    assert words in str(told.value) and "\n" not in str(told.value)
    assert list(package.iterdir()) == []


def test_a_record_that_does_not_know_its_loop_is_one_clear_line(notebook):
    path = notebook(SETUP, LOOP, RECORD)
    with pytest.raises(ValueError, match="'toy' does not say which loop made it; make record"):
        make_record.require_same_loop(path, {"name": "toy", "loop": None})


def command(*arguments):
    """The command's exit status and what it says on standard error."""
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "record.py", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
    )
    return done.returncode, done.stderr


def test_the_command_says_in_one_line_what_is_wrong(notebook, tmp_path):
    untagged = notebook(SETUP, LOOP, RECORD, tags=(), name="untagged-train")
    unrecorded = notebook(SETUP, LOOP, RECORD, name="unrecorded-train")
    for arguments, words in (
        ((str(tmp_path / "none.ipynb"),), "none.ipynb cannot be read: No such file"),
        ((str(untagged),), "no cell of "),
        (("--check", str(unrecorded)), "no recorded run 'toy'"),
        (("",), "make record NOTEBOOK="),
    ):
        status, said = command(*arguments)
        assert status == 1 and words in said and said.count("\n") == 1


def test_what_comes_after_the_last_record_cannot_cost_it(notebook, package):
    """It reads the record that is there, which may be of another form."""
    path = notebook(SETUP, LOOP, RECORD, "raise ValueError('an old record')")
    make_record.main([str(path)])
    assert read(package / "toy.json", "toy")["loop"] == loop_of(path)
