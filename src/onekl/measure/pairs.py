"""The measures of an encoder and a generator together.

They judge the joint, the reconstruction, and the codes' neighbours.
Samples have a leading seed axis: x is (S, N, D), codes are (S, N, L).
"""

from __future__ import annotations

import torch


def spread(x: torch.Tensor) -> torch.Tensor:
    """The root of E‖x − E x‖² over the N points of each seed, for x (S, N, D): (S,)."""
    return (x - x.mean(1, keepdim=True)).square().sum(-1).mean(1).sqrt()


def scaled_pairs(
    x: torch.Tensor, z: torch.Tensor, x_spread: torch.Tensor, z_spread: torch.Tensor
) -> torch.Tensor:
    """The pairs (x, z) as points (S, N, D + L).

    Each part is divided by its spread (S,), so that neither drowns the other.
    With the data's and the prior's spreads the scale is the same for every model that is judged.
    Parts of different lengths raise ValueError, as does a spread that is not positive.
    """
    if x.shape[:2] != z.shape[:2]:
        raise ValueError(
            f"x has shape {tuple(x.shape)} and z {tuple(z.shape)}; pairs need as many of both"
        )
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
    if target.shape != reconstruction.shape:
        raise ValueError(
            f"the target has shape {tuple(target.shape)} and the reconstruction "
            f"{tuple(reconstruction.shape)}; they must be the same"
        )
    baseline = spread(target) ** 2
    if not (baseline > 0).all():
        raise ValueError(
            "the target's points are all equal; a constant has no error to compare with"
        )
    return (target - reconstruction).square().sum(-1).mean(1) / baseline


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
    if labels.shape != codes.shape[:2] or reference_labels.shape != reference.shape[:2]:
        raise ValueError(
            f"labels {tuple(labels.shape)} and {tuple(reference_labels.shape)} do not fit codes "
            f"{tuple(codes.shape)} and {tuple(reference.shape)}"
        )
    nearest = torch.cdist(codes, reference).argmin(-1)
    return (reference_labels.gather(1, nearest) != labels).double().mean(1)
