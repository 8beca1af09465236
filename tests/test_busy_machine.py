"""On a busy machine the messages of a notebook's cell may come late: that is no failure."""

import os
import shutil
import subprocess
import sys

import nbformat
import pytest

from paths import ROOT

# Messages that a cell's end waits for come 20 seconds late, without the waiting.
LATE = """
from queue import Empty

import nbval.kernel

real = nbval.kernel.RunningKernel.get_message

def late(self, stream, timeout=None):
    if stream == "iopub" and self.started and timeout is not None and timeout < 20:
        raise Empty
    return real(self, stream, timeout)

def execute(self, *rest, **named):
    self.started = True
    return run(self, *rest, **named)

nbval.kernel.RunningKernel.started = False
run = nbval.kernel.RunningKernel.execute_cell_input
nbval.kernel.RunningKernel.get_message = late
nbval.kernel.RunningKernel.execute_cell_input = execute
"""


@pytest.mark.parametrize("has_hook, result", [(True, "1 passed"), (False, "1 failed")])
def test_late_output_is_waited_for(tmp_path, has_hook, result):
    """With the hook of conftest.py, and not without it, so that it is there for a reason."""
    if has_hook:
        shutil.copy(ROOT / "conftest.py", tmp_path)
    (tmp_path / "late.py").write_text(LATE, encoding="utf-8")
    cell = nbformat.v4.new_code_cell("1 + 1", id="late-01")
    cell.outputs = [
        nbformat.v4.new_output("execute_result", {"text/plain": "2"}, execution_count=1)
    ]
    cell.execution_count = 1
    path = tmp_path / "late-check.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "late", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "--nbval", "--nbval-current-env", "--rootdir", tmp_path, path],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "CI": ""},
        capture_output=True,
        text=True,
    )
    assert result in done.stdout, done.stdout + done.stderr
