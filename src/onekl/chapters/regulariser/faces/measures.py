"""What a generator of drawn faces covers, counted by a classifier that knows the drawn faces.

A classifier names attributes of any picture, of garbage too.
So each measure is to be read beside the same measure of held-out drawn faces, and beside the
classifier's confidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from onekl.chapters.regulariser.faces.drawing import SIZES, Faces
from onekl.training.seeds import Stream

# A picture is clear if the classifier gives each of its attributes at least this probability.
CLEAR = 0.9


class Classifier(nn.Module):
    """Images (B, 3, side, side) to one row of logits per attribute, each (B, number of values).

    Two convolutions and a layer of 64 features, whose output is what `frechet_distance` compares.
    """

    def __init__(self, side: int) -> None:
        super().__init__()
        last = side // 4
        self.trunk = nn.Sequential(
            nn.Conv2d(3, 16, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(32 * last * last, 64),
            nn.ReLU(),
        )
        self.heads = nn.ModuleList(nn.Linear(64, size) for size in SIZES)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """The logits of each attribute's values."""
        features = self.trunk(x)
        return [head(features) for head in self.heads]


def train_classifier(faces: Faces, steps: int, stream: Stream, batch: int = 128) -> Classifier:
    """A classifier trained on `faces` for `steps` steps of Adam, the rate falling to 0.

    Its start and its batches are drawn from `stream`, which is of one seed.
    """
    x, truth = faces.images, faces.attributes.to(faces.images.device)
    with torch.random.fork_rng():
        torch.manual_seed(stream.integers(2**31).item())
        classifier = Classifier(x.shape[-1]).to(x.device)
    adam = torch.optim.Adam(classifier.parameters(), 3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
    for _ in range(steps):
        rows = stream.integers(len(x), batch)[0].to(x.device)
        loss = sum(map(cross_entropy, classifier(x[rows]), truth[rows].T))
        adam.zero_grad()
        loss.backward()
        adam.step()
        schedule.step()
    return classifier.eval()


class Classified(NamedTuple):
    """What the classifier sees in N images."""

    attributes: torch.Tensor  # (N, 7), the likeliest values
    probabilities: torch.Tensor  # (N, 7), of these values
    features: torch.Tensor  # (N, 64)


@torch.no_grad()
def classify(classifier: Classifier, images: torch.Tensor, batch: int = 512) -> Classified:
    """What the classifier sees in `images` (N, 3, side, side), `batch` of them at a time."""
    features = torch.cat([classifier.trunk(part) for part in images.split(batch)])
    best = [head(features).softmax(-1).max(-1) for head in classifier.heads]
    return Classified(
        *(
            torch.stack([getattr(one, name) for one in best], 1).cpu()
            for name in ("indices", "values")
        ),
        features.cpu(),
    )


def sample_measures(seen: Classified, reference: Classified) -> dict[str, float]:
    """The measures of a sample `seen`, by name.

    - combinations: different combinations of attributes among the images;
    - clear combinations: those among the clear images alone;
    - clear: the share of clear images;
    - one attribute, two attributes: the total variation between the attributes' distribution and
      the truth, which is uniform; the mean over attributes and over pairs of attributes;
    - confidence: the mean probability of the values named;
    - distance: the Fréchet distance between the features and those of `reference`, which is drawn
      faces, in units of the reference's variance.
    """
    clear = (seen.probabilities >= CLEAR).all(1)
    pairs = list(combinations(range(len(SIZES)), 2))
    return {
        "combinations": len(torch.unique(seen.attributes, dim=0)),
        "clear combinations": len(torch.unique(seen.attributes[clear], dim=0)),
        "clear": clear.double().mean().item(),
        "one attribute": sum(total_variation(seen.attributes, [i]) for i in range(len(SIZES)))
        / len(SIZES),
        "two attributes": sum(total_variation(seen.attributes, pair) for pair in pairs)
        / len(pairs),
        "confidence": seen.probabilities.double().mean().item(),
        "distance": frechet_distance(seen.features, reference.features),
    }


def total_variation(attributes: torch.Tensor, columns: Sequence[int]) -> float:
    """½ Σ |share − uniform| over the joint values of `columns` in `attributes` (N, 7).

    It is 0 if they are even, and near 1 if there is one value only.
    """
    place, count = torch.zeros(len(attributes), dtype=torch.int64), 1
    for column in columns:
        place, count = place * SIZES[column] + attributes[:, column], count * SIZES[column]
    share = torch.bincount(place, minlength=count) / len(attributes)
    return 0.5 * (share - 1 / count).abs().sum().item()


def frechet_distance(first: torch.Tensor, second: torch.Tensor) -> float:
    """The Fréchet distance between two sets of features (N, F), (M, F), in units of tr C₂.

    It is that of the Gaussians with their means and covariances,
    [‖μ₁ − μ₂‖² + tr(C₁ + C₂ − 2 (C₁ C₂)^½)] / tr C₂: near 0 if they agree, 1 if all first rows are
    the second's mean.
    """
    first, second = first.double(), second.double()
    one, two = first.T.cov(), second.T.cov()
    values, vectors = torch.linalg.eigh(one)
    root = vectors * values.clamp_min(0).sqrt() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ two @ root).clamp_min(0).sqrt().sum()
    squares = ((first.mean(0) - second.mean(0)) ** 2).sum() + one.trace() + two.trace() - 2 * cross
    return (squares / two.trace()).item()
