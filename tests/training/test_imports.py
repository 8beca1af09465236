"""What an import of the package and of its torch half does not do, each in a fresh interpreter."""

import json
import subprocess
import sys

import pytest

# Prints, as JSON, what was loaded and which processes were started by the imports in between.
WATCHED = """
import json, sys
STARTS = ("subprocess.Popen", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system")
started = []
sys.addaudithook(lambda event, _: started.append(event) if event.startswith(STARTS) else None)
{imports}
print(json.dumps({{"started": started, "loaded": sorted(sys.modules)}}))
"""
TORCH_HALF = """
import importlib, pkgutil
for part in ("onekl.training", "onekl.data", "onekl.measure"):
    package = importlib.import_module(part)
    for module in pkgutil.walk_packages(package.__path__, part + "."):
        importlib.import_module(module.name)
"""


def imported(imports):
    """The names of the modules that `imports` loaded, and the processes that it started."""
    code = WATCHED.format(imports=imports)
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = json.loads(told.stdout)
    return set(found["loaded"]), found["started"]


def test_importing_the_package_is_light():
    loaded, started = imported("import onekl")
    assert not {"torch", "sympy", "numpy", "subprocess"} & loaded and started == []


def test_importing_the_torch_half_starts_no_process_and_loads_no_sympy():
    loaded, started = imported(TORCH_HALF)
    assert {"torch", "onekl.training.records", "onekl.data.images", "onekl.measure.pairs"} <= loaded
    assert "sympy" not in loaded and started == []


@pytest.mark.parametrize(
    "call", ["import os; os.system('')", "import subprocess; subprocess.run(['true'])"]
)
def test_a_process_would_be_seen(call):
    assert imported(call)[1]
