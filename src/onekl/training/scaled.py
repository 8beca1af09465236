"""A product with an exponential that is right where the exponential alone leaves the dtype."""

from __future__ import annotations

import math

import torch


def times_exp(value: torch.Tensor, exponent: torch.Tensor) -> torch.Tensor:
    """`value` · exp(`exponent`), which broadcast: no NaN from 0 · ∞, no overflow on the way.

    At ordinary exponents it is `value * torch.exp(exponent)` to the last bit.
    Every finite value and exponent of float32 or float64 gives the product, or ±∞ or 0 where
    that is beyond the dtype; an infinite value gives ±∞.
    """
    dtype = value.dtype if exponent.ndim == 0 else torch.promote_types(value.dtype, exponent.dtype)
    exponent = exponent.to(dtype)
    limit = math.floor(math.log(torch.finfo(dtype).max))  # 88 or 709
    first = exponent.clamp(-limit, limit)
    # What is over is 0 at ordinary exponents; in two equal factors it takes the smallest number
    # there is to the largest and back.
    rest = torch.exp((0.5 * (exponent - first)).clamp(-limit, limit))
    return value * torch.exp(first) * rest * rest
