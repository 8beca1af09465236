"""Optimisers of stacks: every row of a weight is the weight of a network of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn


def adam(network: nn.Module, rate: float) -> torch.optim.Adam:
    """Adam for the network's weights with the decays .5 and .999 of the article's GAN code.

    All weights are moved by one fused kernel.
    """
    return torch.optim.Adam(network.parameters(), rate, betas=(0.5, 0.999), fused=True)


class RowAdam(torch.optim.Optimizer):
    """Adam with a learning rate, and a number of steps, of its own for each row of a stack.

    All weights are (R, …); a row's learning rate is `rate`, which a scheduler may change, times its
    `share` (R,), 1 where none is given. Each row is moved as `torch.optim.Adam` moves it alone, and
    a row that is left out of a step stays as it is, its moments too.
    ValueError for a share of another shape.
    """

    EPSILON = 1e-8

    def __init__(
        self,
        weights: Iterable[nn.Parameter],
        rate: float,
        share: torch.Tensor | None = None,
        betas: tuple[float, float] = (0.5, 0.999),
    ) -> None:
        super().__init__(weights, {"lr": rate, "betas": betas})
        self.share = share  # of the arms, and no state: what is saved lies on the CPU when loaded
        for weight in (weight for group in self.param_groups for weight in group["params"]):
            if share is not None and share.shape != weight.shape[:1]:
                raise ValueError(
                    f"the share has shape {tuple(share.shape)}, and a weight "
                    f"{tuple(weight.shape)}; give one number for each row"
                )
            self.state[weight] = {
                "mean": torch.zeros_like(weight),
                "square": torch.zeros_like(weight),
                "steps": weight.new_zeros(len(weight)),
            }

    @torch.no_grad()
    def step(self, rows: torch.Tensor | None = None) -> None:
        """Move all rows, or those that are True in `rows` (R,), down their gradients."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._move(weight, group, rows)

    def _move(
        self,
        weight: nn.Parameter,
        group: dict[str, Any],
        rows: torch.Tensor | None,
    ) -> None:
        state, slope, betas = self.state[weight], weight.grad, group["betas"]
        each = (-1,) + (1,) * (weight.ndim - 1)  # one number for each row, beside the weight
        moves = torch.ones_like(state["steps"]) if rows is None else rows.to(slope.dtype)
        if rows is not None:
            slope = torch.where(rows.view(each), slope, 0)
        state["mean"].lerp_(slope, (1 - betas[0]) * moves.view(each))
        state["square"].lerp_(slope.square(), (1 - betas[1]) * moves.view(each))
        state["steps"] += moves
        steps = state["steps"].clamp_min(1)  # a row that has never moved does not divide by 0
        rate = group["lr"] * (moves if self.share is None else moves * self.share)
        length = rate / (1 - betas[0] ** steps)
        scale = (1 - betas[1] ** steps).sqrt()
        below = state["square"].sqrt().div_(scale.view(each)).add_(self.EPSILON)
        weight.sub_(length.view(each) * state["mean"] / below)


def descend(optimiser: torch.optim.Optimizer, loss: torch.Tensor, **which: torch.Tensor) -> None:
    """One step of the optimiser down the gradient of a loss (R,), one value for each row.

    The rows stay independent of each other: the loss is summed over them.
    `which` is handed to the optimiser's step: `rows` of `RowAdam`.
    """
    optimiser.zero_grad()
    # Into these weights alone: otherwise the slopes of the other networks are computed as well.
    weights = [weight for group in optimiser.param_groups for weight in group["params"]]
    loss.sum().backward(inputs=weights)
    optimiser.step(**which)
