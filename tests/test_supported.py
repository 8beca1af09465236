"""`make` refuses a Python or a machine without wheels by its name, in one line."""

import shutil
import subprocess
import sys

import pytest

import supported
from paths import ROOT


@pytest.mark.parametrize("machine", sorted(supported.MACHINES))
@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13), (3, 14)])
def test_what_has_wheels_is_let_through(machine, version):
    assert supported.refusal(version, *machine) == ""


@pytest.mark.parametrize("version, system, machine, named", [
    ((3, 10), "Linux", "x86_64", "this is 3.10: make PYTHON=python3.14"),
    ((3, 15), "Darwin", "arm64", "this is 3.15: make PYTHON=python3.14"),
    ((4, 0), "Linux", "x86_64", "this is 4.0"),
    ((3, 12), "Darwin", "x86_64", "Intel Macs"),
    ((3, 12), "Windows", "ARM64", "Windows on ARM64"),
    ((3, 12), "Linux", "riscv64", "Linux on riscv64"),
])  # fmt: skip
def test_what_has_none_is_named_in_one_line(version, system, machine, named):
    found = supported.refusal(version, system, machine)
    assert named in found and "\n" not in found


def test_make_asks_before_it_makes_the_environment(tmp_path):
    """With a Python that refuses, `make book` ends with its line and has made nothing."""
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "supported.py").write_text(
        "import sys; sys.exit('refused')", encoding="utf-8"
    )
    done = subprocess.run(
        ["make", f"PYTHON={sys.executable}", "book"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode and "refused" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_the_readme_says_the_same():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for version in (supported.OLDEST, supported.NEWEST):
        assert "{}.{}".format(*version) in text
    for word in ("x86_64", "aarch64", "Apple", "Windows", "Intel Macs"):
        assert word in text
