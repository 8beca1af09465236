"""The notebook that runs this program, if one does."""

from __future__ import annotations

import sys
from typing import Any


def shell() -> Any | None:
    """IPython's shell; None outside of it, and IPython is not imported to find that out."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None
