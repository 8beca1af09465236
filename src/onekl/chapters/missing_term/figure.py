"""The moving figure of the chapter."""

from onekl.figures.checks import numbers
from onekl.figures.moving import Checked, MovingFigure


class StepExpansion(MovingFigure):
    """su-22 for three letters with softmax logits (θ₁, θ₂, 0): KL(q_θ ‖ q_{θ−Δθ}) beside its expansion.

    `theta` is [θ₁, θ₂] within ±2 and `delta` is [Δθ₁, Δθ₂] within ±3; others raise ValueError.
    """

    theta = Checked([0.8, -0.2], numbers(2, -2, 2))
    delta = Checked([1.0, 1.2], numbers(2, -3, 3))


FIGURE = StepExpansion
