"""What each test of one file runs: its seconds, and the lines of the code that it reaches.

`python tools/reached.py OUT CODE TESTS`, in the repository's root, runs the file TESTS and writes
OUT as JSON: for each test its `seconds` and its `lines`, the numbers of the lines that it reaches,
by file under the folder CODE.
The test without a name, "", is what runs outside of all tests, when modules are loaded.
It ends with pytest's exit status.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path
from typing import Any

import coverage
import pytest


class Recorder:
    """A plugin of pytest: coverage's context is the test that runs, and each test is timed."""

    def __init__(self, measured: coverage.Coverage) -> None:
        self.measured = measured
        self.seconds = {"": 0.0}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Run a test in a context of its own."""
        self.measured.switch_context(item.nodeid)
        start = time.perf_counter()
        done = yield
        self.seconds[item.nodeid] = time.perf_counter() - start
        self.measured.switch_context("")
        return done


def main(out: str, code: str, tests: str) -> int:
    """Run the tests and write what they reach; the exit status is pytest's."""
    measured = coverage.Coverage(data_file=None, config_file=False, source=[code])
    recorder = Recorder(measured)
    measured.start()
    status = pytest.main(["-q", "-p", "no:cacheprovider", tests], plugins=[recorder])
    measured.stop()
    lines: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    data = measured.get_data()
    for file in data.measured_files():
        place = Path(file).relative_to(Path.cwd()).as_posix()
        for line, contexts in sorted(data.contexts_by_lineno(file).items()):
            for test in contexts:
                lines[test][place].append(line)
    found = {
        test: {"seconds": round(seconds, 3), "lines": lines[test]}
        for test, seconds in recorder.seconds.items()
    }
    Path(out).write_text(json.dumps(found), encoding="utf-8")
    return int(status)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
