"""Samples moved and scaled so that no distance between their points leaves the dtype."""

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
    """The samples (S, N, D), (S, M, D) … seed by seed in the same unit, and that unit (S, 1, 1).

    The first point of the first sample comes to lie at 0, and the largest coordinate is ±1; the
    unit is what a distance has to be multiplied by to be the one before.
    All are in float64, on the CPU where a device has none.
    """
    moved = [in_float64(sample) for sample in samples]
    origin = 0.5 * moved[0][:, :1]
    moved = [0.5 * sample - origin for sample in moved]  # halves do not overflow
    largest = torch.stack([sample.abs().amax((1, 2), keepdim=True) for sample in moved]).amax(0)
    unit = torch.where(largest > 0, largest, 1.0)
    return 2 * unit, [sample / unit for sample in moved]
