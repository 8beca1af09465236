"""Exact theory on finite alphabets: divergences, su-4, and the GAN of su-14 to su-20, in 64-bit floats.

Sums over tables: no sampling, no networks, no approximation.
"""

from .alternation import Partial, Path, alternate, exact_step, limit, partial_step
from .gan import generator_loss, jensen_shannon, objective, objective_at_optimum, optimal_discriminator
from .tables import TOLERANCE, ChainRule, chain_rule, check_table, excess, kl

__all__ = [
    "TOLERANCE", "ChainRule", "Partial", "Path", "alternate", "chain_rule", "check_table", "exact_step", "excess",
    "generator_loss", "jensen_shannon", "kl", "limit", "objective", "objective_at_optimum",
    "optimal_discriminator", "partial_step",
]
