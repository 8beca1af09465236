"""Samples that can be judged, and in a unit in which no square of them leaves the dtype."""

from __future__ import annotations

import torch

from onekl.training.inputs import in_float64, require_finite_values, require_floats


def require_samples(**samples: torch.Tensor) -> None:
    """Raise ValueError, with the argument's name, unless each is a sample (S, N, D) to judge.

    It is of float32 or float64, not empty along any axis, and finite.
    """
    require_floats(**samples)
    for name, sample in samples.items():
        if sample.ndim != 3 or 0 in sample.shape:
            raise ValueError(
                f"{name} has shape {tuple(sample.shape)}; "
                "give samples (S, N, D), one or more along each axis"
            )
    require_finite_values(**samples)


def in_unit(*samples: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """The samples (S, N, D), (S, M, D) … seed by seed in one unit, and that unit (S, 1, 1).

    The unit is the power of two just above the largest coordinate of a seed, so nothing is rounded.
    All are in float64, on the CPU where a device has none.
    """
    samples = [in_float64(sample) for sample in samples]
    largest = torch.stack([sample.abs().amax((1, 2), keepdim=True) for sample in samples]).amax(0)
    mantissa, _ = torch.frexp(largest)
    unit = torch.where(largest > 0, largest / mantissa, 1.0).clamp_max(2.0**1023)
    return unit, [sample / unit for sample in samples]
