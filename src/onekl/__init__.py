"""One KL: a checked derivation companion to variational inference.

Importing this package is light: it loads neither PyTorch nor SymPy.
Import the module that you need, for example `from onekl.training.losses import gaussian`.
"""

from __future__ import annotations

import os

__version__ = "0.1.0"

# SymPy reads this when it is first imported: its own 1,000 entries are too few for a chapter.
os.environ.setdefault("SYMPY_CACHE_SIZE", "100000")
