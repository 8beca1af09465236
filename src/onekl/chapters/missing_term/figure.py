"""The moving figure of the chapter: the missing term beside its expansion, su-22."""

from __future__ import annotations

from onekl.figures.checks import numbers
from onekl.figures.moving import Checked, MovingFigure


class StepExpansion(MovingFigure):
    """KL(q_θ ‖ q_{θ−Δθ}) beside its expansion su-22, in nats, for three letters.

    q_θ is the softmax of the logits (θ₁, θ₂, 0).
    `theta` is [θ₁, θ₂], each within ±2, and `delta` is the step [Δθ₁, Δθ₂], each within ±3; others
    raise ValueError.
    """

    theta = Checked([0.8, -0.2], numbers(2, -2, 2))
    delta = Checked([1.0, 1.2], numbers(2, -3, 3))


FIGURE = StepExpansion
