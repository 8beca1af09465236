"""The measures of an encoder and a generator together.

They judge the joint, the reconstruction, and the codes' neighbours.
Samples have a leading seed axis: x is (S, N, D), codes are (S, N, L).
Every function takes float32 or float64; other dtypes and shapes, and values that are not finite,
raise ValueError.
"""

from __future__ import annotations

import torch

from onekl.measure.units import in_unit, require_samples
from onekl.training.inputs import (
    in_float64,
    require_finite_values,
    require_floats,
    require_same_shape,
)


def spread(x: torch.Tensor) -> torch.Tensor:
    """The root of E‖x − E x‖² over the N points of each seed, for x (S, N, D): (S,)."""
    require_samples(x=x)
    return _spread(x).to(x)


def scaled_pairs(
    x: torch.Tensor, z: torch.Tensor, x_spread: torch.Tensor, z_spread: torch.Tensor
) -> torch.Tensor:
    """The pairs (x, z) as points (S, N, D + L).

    Each part is divided by its spread (S,), so that neither drowns the other.
    With the data's and the prior's spreads the scale is the same for every model that is judged.
    Parts of different lengths raise ValueError, as does a spread that is not positive.
    """
    require_samples(x=x, z=z)
    require_floats(x_spread=x_spread, z_spread=z_spread)
    require_finite_values(x_spread=x_spread, z_spread=z_spread)
    if x.shape[:2] != z.shape[:2]:
        raise ValueError(
            f"x has shape {tuple(x.shape)} and z {tuple(z.shape)}; pairs need as many of both"
        )
    require_same_shape(seeds=x.shape[:1], x_spread=x_spread, z_spread=z_spread)
    if not ((x_spread > 0).all() and (z_spread > 0).all()):
        raise ValueError(
            "a spread is not positive; a sample whose points are all equal gives no scale"
        )
    return torch.cat([x / x_spread[:, None, None], z / z_spread[:, None, None]], -1)


def relative_error(target: torch.Tensor, reconstruction: torch.Tensor) -> torch.Tensor:
    """E‖target − reconstruction‖² over that of the best constant, the target's mean.

    Both are (S, N, D).
    Returns (S,): 0 is perfect, and 1 no better than a constant.
    Different shapes raise ValueError, as does a target without spread.
    """
    require_samples(target=target, reconstruction=reconstruction)
    require_same_shape(target=target, reconstruction=reconstruction)
    baseline = _spread(target)
    if not (baseline > 0).all():
        raise ValueError(
            "the target's points are all equal; a constant has no error to compare with"
        )
    unit, (points, images) = in_unit(target, reconstruction)
    error = (points - images).square().sum(-1).mean(1).sqrt() * unit[:, 0, 0]
    return ((error / baseline) ** 2).to(target)


def nearest_neighbour_error(
    codes: torch.Tensor,
    labels: torch.Tensor,
    reference: torch.Tensor,
    reference_labels: torch.Tensor,
) -> torch.Tensor:
    """The share of the codes (S, N, L) whose nearest neighbour has another label: (S,).

    The neighbours are the points of `reference` (S, M, L).
    `labels` is (S, N) and `reference_labels` (S, M); of equally near neighbours one counts.
    Labels that do not fit the codes raise ValueError.
    """
    require_samples(codes=codes, reference=reference)
    if labels.shape != codes.shape[:2] or reference_labels.shape != reference.shape[:2]:
        raise ValueError(
            f"labels {tuple(labels.shape)} and reference_labels {tuple(reference_labels.shape)} do "
            f"not fit codes {tuple(codes.shape)} and reference {tuple(reference.shape)}"
        )
    if codes.shape[::2] != reference.shape[::2]:
        raise ValueError(
            f"codes {tuple(codes.shape)} and reference {tuple(reference.shape)} do not fit; "
            "give as many seeds and coordinates of both"
        )
    _, (neighbours, points) = in_unit(reference, codes)
    # A matrix product would lose digits where points are close.
    distance = torch.cdist(points, neighbours, compute_mode="donot_use_mm_for_euclid_dist")
    nearest = distance.argmin(-1)
    labels, reference_labels = labels.to(nearest.device), reference_labels.to(nearest.device)
    return in_float64(reference_labels.gather(1, nearest) != labels).mean(1)


def _spread(x: torch.Tensor) -> torch.Tensor:
    """The spread of x (S, N, D) in float64: (S,)."""
    unit, (points,) = in_unit(x)
    points = points - points[:, :1]  # a common shift costs no digits
    centred = points - points.mean(1, keepdim=True)
    return centred.square().sum(-1).mean(1).sqrt() * unit[:, 0, 0]
