"""The provers: statements that can be proved, tried with numbers, and broken on purpose."""

from onekl.proofs.basis import NotProved, Proof
from onekl.proofs.labels import BestChance
from onekl.proofs.limits import Expansion, Limit
from onekl.proofs.optima import Minimum, Optimum
from onekl.proofs.statements import Bound, Counterexample, Identity, Law, Statement, provable

__all__ = [
    "BestChance", "Bound", "Counterexample", "Expansion", "Identity", "Law", "Limit", "Minimum", "NotProved", "Optimum", "Proof", "Statement", "provable",
]
