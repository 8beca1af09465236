"""One KL: a checked derivation companion to variational inference.

Importing this package is light: it loads neither PyTorch nor SymPy.
Import the module that you need, for example `from onekl.training.losses import gaussian`.
"""

from __future__ import annotations

__version__ = "0.1.0"
