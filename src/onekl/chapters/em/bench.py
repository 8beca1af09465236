"""The speed of EM's half-steps, many starts at once, beside scikit-learn's start by start."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as ScikitMixture

from onekl.chapters.em.gaussian_mixture import GaussianMixture, e_step, m_step, random_start
from onekl.data.images import digits
from onekl.measure.timing import Benchmark, apart, apart_text, median_seconds
from onekl.training.losses.joint import negative_log_likelihood
from onekl.training.run import device
from onekl.training.seeds import Seeds

FEATURES, COMPONENTS = 10, 10  # as in the chapter's notebooks


def mixtures(
    counts: Sequence[int] = (1, 8), steps: int = 10, repetitions: int = 3
) -> dict[str, Any]:
    """Milliseconds per start and step of EM on the features of 1,437 digits, for some starts.

    A step is one E and one M half-step of ten Gaussians in ten dimensions, in float64.
    Sides: all starts at once, and scikit-learn's `GaussianMixture`, start by start, from the same
    weights, means and covariances. In "apart" is how far the last likelihoods are apart.
    """
    x = features()
    rows = []
    for count in counts:
        start = random_start(x, COMPONENTS, Seeds(range(count)).child("start"))
        sides = [partial(side, x, start, steps) for side in (ours, scikit)]
        losses = [side() for side in sides]
        times = [1e3 * one / count / steps for one in median_seconds(sides, 1, repetitions)]
        rows.append(
            {
                "starts": count,
                "ours": times[0],
                "scikit-learn": times[1],
                "ratio": times[1] / times[0],
                "apart": apart(*(loss[None] for loss in losses)),
            }
        )
    return {"unit": "ms per start and step", "steps": steps, "repetitions": repetitions} | {
        "rows": rows
    }


def features() -> torch.Tensor:
    """The training digits in their first principal directions, with a grey step's noise: (N, 10).

    Without the noise repeated grey values would make a component as thin as a plane.
    """
    pixels = digits().train.double()
    pixels = pixels + Seeds([0]).child("grey step").uniform(*pixels.shape)[0].double() / 16
    centred = pixels - pixels.mean(0)
    return (centred @ torch.linalg.svd(centred, full_matrices=False).Vh[:FEATURES].mT).to(device())


def ours(x: torch.Tensor, mixture: GaussianMixture, steps: int) -> torch.Tensor:
    """The mean of −log q(x) before the last M half-step, for all starts at once: (S,)."""
    for _ in range(steps):
        before, mixture = mixture, m_step(x, e_step(mixture, x))
    return negative_log_likelihood(before.log_joint(x)).mean(-1).cpu()


def scikit(x: torch.Tensor, start: GaussianMixture, steps: int) -> torch.Tensor:
    """The same by scikit-learn, start by start: (S,)."""
    points, found = x.cpu().numpy(), []
    for weights, means, covariances in zip(*(part.cpu() for part in start)):
        model = ScikitMixture(
            len(weights),
            max_iter=steps,
            tol=0,
            reg_covar=0,
            weights_init=weights.numpy(),
            means_init=means.numpy(),
            precisions_init=torch.linalg.inv(covariances).numpy(),
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # so few steps never converge
            found.append(-model.fit(points).lower_bound_)
    return torch.tensor(found, dtype=torch.float64)


def text(measures: dict[str, Any]) -> list[str]:
    """The measures of `mixtures` as lines of text."""
    return [
        f"EM, ten Gaussians on the digits' features: {measures['unit']}, float64",
        f"{'starts':9}{'ours':9}{'scikit-learn':15}scikit-learn / ours",
        *(
            f"{row['starts']:<9}{row['ours']:<9.3g}{row['scikit-learn']:<15.3g}{row['ratio']:.2f}"
            for row in measures["rows"]
        ),
        apart_text(max(row["apart"] for row in measures["rows"])),
    ]


BENCHMARKS = {"EM": Benchmark(mixtures, text)}
