"""A profile that is too large for the memory gets one line; other errors keep their traceback."""

import nbformat
import pytest
import torch
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from onekl.training.memory import out_of_memory

SETTINGS = """\
from onekl.training.run import settings
numbers = settings(quick={"seeds": 10**15}, full={"seeds": 10**15})"""


@pytest.mark.parametrize(
    "error, words",
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried …"), "the GPU's memory"),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
            "this",
        ),
        (MemoryError(), "this machine's memory"),
    ],
)
@pytest.mark.parametrize("profile", ["quick", "full"])
def test_it_says_which_profile_and_what_to_do(error, words, profile):
    line = out_of_memory(error, profile)
    assert line.startswith(f"the {profile} profile does not fit into {words}")
    assert ("ONEKL_PROFILE=quick" in line) == (profile == "full") and "\n" not in line


def test_other_errors_are_none_of_its_business():
    assert out_of_memory(RuntimeError("shapes do not fit"), "full") is None


@pytest.mark.parametrize(
    "cell, name, lines",
    [
        ("import torch; torch.empty(numbers.seeds)", "MemoryError", 1),
        ("raise RuntimeError('another')", "RuntimeError", 3),
    ],
)
def test_a_cell_that_runs_out_of_memory_ends_in_one_line(cell, name, lines, monkeypatch):
    monkeypatch.setenv("ONEKL_PROFILE", "quick")
    new = nbformat.v4
    notebook = new.new_notebook(cells=[new.new_code_cell(SETTINGS), new.new_code_cell(cell)])
    with pytest.raises(CellExecutionError):
        NotebookClient(notebook, kernel_name="python3").execute()
    (shown,) = notebook.cells[1].outputs
    assert shown.ename == name and ("fewer seeds" in shown.evalue) == (lines == 1)
    assert (len("\n".join(shown.traceback).splitlines()) == 1) == (lines == 1)
