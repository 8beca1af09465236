"""Exact theory on finite alphabets: divergences, su-4, EM, the AAE of su-29 to su-34, and the GAN of su-14 to su-20, in 64-bit floats.

Sums over tables: no sampling, no networks, no approximation.
The four objectives of ALI are in ``onekl.finite.ali``, whose names belong to pairs of tables.
"""

from .aae import (
    adversarial_value, aggregated, best_decoder, can_be_perfect, descend, grouping, perfect_encoder, reconstruction_error, total_value,
)
from .alternation import Partial, Path, alternate, exact_step, limit, partial_step
from .em import EMPath, alternate_em, e_step, em_limit, em_rate, m_step, product_step
from .gan import generator_loss, jensen_shannon, objective, objective_at_optimum, optimal_discriminator
from .tables import TOLERANCE, ChainRule, chain_rule, check_table, excess, kl

__all__ = [
    "ChainRule", "EMPath", "Partial", "Path", "TOLERANCE", "adversarial_value", "aggregated", "alternate", "alternate_em",
    "best_decoder", "can_be_perfect", "chain_rule", "check_table", "descend", "e_step", "em_limit", "em_rate", "exact_step",
    "excess", "generator_loss", "grouping", "jensen_shannon", "kl", "limit", "m_step", "objective", "objective_at_optimum",
    "optimal_discriminator", "partial_step", "perfect_encoder", "product_step", "reconstruction_error", "total_value",
]
