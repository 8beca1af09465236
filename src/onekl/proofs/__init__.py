"""The provers: statements that can be proved, tried with numbers, and broken on purpose."""

from onekl.proofs.basis import NotProved, Proof
from onekl.proofs.statements import (
    Bound, Counterexample, Expansion, Identity, Law, Limit, Minimum, Optimum, Statement,
)

__all__ = [
    "Bound", "Counterexample", "Expansion", "Identity", "Law", "Limit", "Minimum", "NotProved", "Optimum", "Proof", "Statement",
]
