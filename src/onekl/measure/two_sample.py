"""Are two samples of one distribution? Distances between them, and a test with its null.

MMD is short for maximum mean discrepancy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch

from onekl.measure.units import in_unit, require_samples
from onekl.training.inputs import require_same_shape
from onekl.training.seeds import Stream


class TwoSample(NamedTuple):
    """What a two-sample test found for each of S seeds."""

    statistic: torch.Tensor  # (S,)
    null: torch.Tensor  # its values on shuffled labels, (S, P)
    p_value: torch.Tensor  # (S,)


def wasserstein(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The Wasserstein-1 distance of each coordinate's two samples: x and y (S, N, D), to (S, D).

    It is the mean distance of the sorted values, exact for these samples, in the unit of x.
    Between two samples of one distribution it is not 0: compare it with that.
    Different shapes raise ValueError, as does what `two_sample_test` refuses of a sample.
    """
    require_samples(x=x, y=y)
    require_same_shape(x=x, y=y)
    unit, (first, second) = in_unit(x, y)
    apart = (first.sort(1).values - second.sort(1).values).abs().mean(1)
    return (apart * unit[:, 0]).to(x)


@torch.no_grad()
def two_sample_test(
    x: torch.Tensor,
    y: torch.Tensor,
    stream: Stream,
    permutations: int = 200,
    widths: Sequence[float] = (0.5, 1.0, 2.0),
) -> TwoSample:
    """The unbiased squared MMD between x (S, N, D) and y (S, M, D), as a `TwoSample`.

    The kernel is the mean of Gaussians exp(−‖a − b‖²/2w²), with w one of `widths` times the median
    distance of the pooled sample.
    Its null distribution is that of shuffled labels; `stream` draws the shuffles.
    Under the null hypothesis that both come from one distribution, the p-value
    (1 + number of shuffles at or above the statistic)/(1 + `permutations`) is at most α with a
    probability of at most α.
    It is computed in float64, on the CPU where a device has none.
    Other shapes, half precision, fewer than two points in a sample, values that are not finite,
    another number of seeds, and points of which half the pairs coincide raise ValueError.
    """
    _check(x, y, stream, permutations, widths)
    _, parts = in_unit(x, y)
    pooled = torch.cat(parts, 1)
    kernel, n = _kernel(pooled, widths), x.shape[1]
    signs = torch.ones(
        len(pooled), permutations + 1, pooled.shape[1], dtype=torch.bool, device=pooled.device
    )
    order = stream.uniform(permutations, pooled.shape[1]).argsort(-1).to(pooled.device)
    signs[:, 0], signs[:, 1:] = torch.arange(pooled.shape[1], device=pooled.device) < n, order < n
    found = _unbiased(kernel, signs.double())
    statistic, null = found[:, 0], found[:, 1:]
    p_value = (1 + (null >= statistic[:, None]).sum(1)) / (1 + permutations)
    return TwoSample(statistic, null, p_value)


def _kernel(pooled: torch.Tensor, widths: Sequence[float]) -> torch.Tensor:
    """(S, K, K), with zeros on the diagonal: a point is not compared with itself."""
    # A matrix product would lose digits where points are close.
    squared = torch.cdist(pooled, pooled, compute_mode="donot_use_mm_for_euclid_dist") ** 2
    middle = squared.flatten(1).median(1).values[:, None, None]
    if not (middle > 0).all():
        raise ValueError(
            "x and y: half of their pairs of points coincide, so the median distance is 0; "
            "leave repeated points out"
        )
    kernel = sum(torch.exp(-squared / (2 * w**2 * middle)) for w in widths) / len(widths)
    return kernel * (1 - torch.eye(kernel.shape[-1], dtype=kernel.dtype, device=kernel.device))


def _unbiased(kernel: torch.Tensor, first: torch.Tensor) -> torch.Tensor:
    """MMD² for each choice (S, P, K) of the points that count as the first sample: (S, P)."""
    second = 1 - first
    n, m = first.sum(-1), second.sum(-1)
    towards = first @ kernel  # the kernel's sum over the first sample, at every point
    within, across = (towards * first).sum(-1), (towards * second).sum(-1)
    other = ((second @ kernel) * second).sum(-1)
    return within / (n * (n - 1)) + other / (m * (m - 1)) - 2 * across / (n * m)


def _check(
    x: torch.Tensor, y: torch.Tensor, stream: Stream, permutations: int, widths: Sequence[float]
) -> None:
    require_samples(x=x, y=y)
    if x.shape[::2] != y.shape[::2] or min(x.shape[1], y.shape[1]) < 2:
        raise ValueError(
            "two samples x (S, N, D) and y (S, M, D) of two points or more are needed, "
            f"got {tuple(x.shape)} and {tuple(y.shape)}"
        )
    if len(stream) != len(x):
        raise ValueError(f"the stream has {len(stream)} seeds, and x has {len(x)}; give as many")
    if permutations < 1 or not widths or not min(widths) > 0:
        raise ValueError(
            f"permutations is {permutations} and widths is {tuple(widths)}; "
            "give one shuffle or more, and widths above 0"
        )
