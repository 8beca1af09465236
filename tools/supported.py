"""Whether torch, at the version of `requirements.txt`, has a wheel for this Python and machine.

Run by `make` before it makes `.venv`: one line says what is wrong, and what to do.
"""

from __future__ import annotations

import platform
import sys

OLDEST, NEWEST = (3, 11), (3, 14)
# System and processor, as `platform` names them: Linux, Macs with Apple's chips, Windows.
MACHINES = {
    ("Linux", "x86_64"),
    ("Linux", "aarch64"),
    ("Darwin", "arm64"),
    ("Windows", "AMD64"),
}


def refusal(version: tuple[int, int], system: str, machine: str) -> str:
    """Why there is no wheel for this Python and machine, in one line; empty where there is one."""
    if not OLDEST <= version <= NEWEST:
        oldest, newest, this = ("{}.{}".format(*one) for one in (OLDEST, NEWEST, version))
        return (
            f"One KL needs Python {oldest} to {newest}, for which torch has wheels, and this is "
            f"{this}: make PYTHON=python{newest}"
        )
    if (system, machine) == ("Darwin", "x86_64"):
        return (
            "torch has no wheels for Intel Macs (macOS on x86_64): use Linux, Windows or Colab; "
            "on a Mac with Apple's chip, use an arm64 Python"
        )
    if (system, machine) not in MACHINES:
        return (
            f"torch has no wheels for {system} on {machine}: "
            "use Linux on x86_64 or aarch64, a Mac with Apple's chip, Windows on x86_64, or Colab"
        )
    return ""


if __name__ == "__main__":
    sys.exit(refusal(sys.version_info[:2], platform.system(), platform.machine()) or 0)
