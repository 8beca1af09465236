"""Annealed importance sampling: log q(x) of a model with a continuous z, without an encoder.

The method is Neal's (2001), with Hamiltonian Monte Carlo in between as in Wu et al. (2017).
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch

from onekl.measure.likelihood import LogLikelihood, at_each_code
from onekl.training.inputs import require_floats
from onekl.training.losses.gaussian import gaussian_log_density
from onekl.training.losses.joint import importance_weighted_log_likelihood
from onekl.training.seeds import Stream

# Of the leapfrog steps in the pilot run: the first length, the share of accepted proposals at which
# a length stays as it is, and how much it grows or shrinks where the share is another.
FIRST_LENGTH, ACCEPTED, GAIN = 0.1, 0.7, 0.1


class _Point(NamedTuple):
    """Codes z (S, C, N, L), log q(x|z) at them (S, C, N), and its slope in z."""

    z: torch.Tensor
    log_likelihood: torch.Tensor
    slope: torch.Tensor


def annealed_log_likelihood(
    log_likelihood: LogLikelihood,
    shape: tuple[int, int],
    betas: torch.Tensor,
    stream: Stream,
    chains: int = 4,
    leapfrogs: int = 5,
) -> torch.Tensor:
    """log q(x) for the prior q(z) = N(0, 1), by `chains` chains from the prior for each image.

    A chain starts at z ~ q(z) and goes through the densities q(z) q(x|z)^β for the `betas` (T,),
    which rise from 0 to 1. At each β its weight takes the factor q(x|z)^(β − β′), with β′ the one
    before; then z takes a step of Hamiltonian Monte Carlo, made of `leapfrogs` leapfrog steps.
    A pilot run with other draws finds how long these are. So each weight is q(x) on average, and
    the logarithm of their mean is at most log q(x) on average.

    `log_likelihood` maps z (S, C, N, L) to log q(x|z) (S, C, N); `shape` is (N, L), the number of
    images and of z's coordinates; `betas` is float32 or float64, and so is all that is computed;
    `stream`, of length S, draws the noise.
    Returns (S, N), in nats.
    Raises ValueError for betas that do not rise from 0 to 1, no chains or leapfrog steps, and a
    likelihood of another shape or one that is not finite where a chain stands.
    """
    _check(betas, chains, leapfrogs)
    anneal = _Annealing(log_likelihood, (chains, *shape), betas, stream, leapfrogs)
    _, lengths = anneal.run()
    log_weights, _ = anneal.run(lengths)
    if not torch.isfinite(log_weights).all():
        raise ValueError("log_likelihood is not finite where a chain stands; look at the decoder")
    return importance_weighted_log_likelihood(log_weights.movedim(1, -1))


class _Annealing(NamedTuple):
    log_likelihood: LogLikelihood
    shape: tuple[int, int, int]  # C, N, L
    betas: torch.Tensor
    stream: Stream
    leapfrogs: int

    def run(self, lengths: list[torch.Tensor] | None = None) -> tuple[torch.Tensor, list]:
        """The log weights (S, C, N), and the leapfrog lengths (S, 1, N) at each β before 1.

        Without `lengths` this is the pilot run, whose lengths follow the proposals' acceptance.
        """
        point = self._at(self.stream.normal(*self.shape).to(self.betas))
        log_weights, used = torch.zeros_like(point.log_likelihood), []
        length = torch.full_like(log_weights[:, :1], FIRST_LENGTH)
        for place, (before, beta) in enumerate(pairwise(self.betas.tolist())):
            log_weights = log_weights + (beta - before) * point.log_likelihood
            if beta < 1:
                length = length if lengths is None else lengths[place]
                used.append(length)
                point, accepted = self._move(point, beta, length)
                share = accepted.to(length).mean(1, keepdim=True)
                length = length * torch.exp(GAIN * (share - ACCEPTED))
        return log_weights, used

    def _move(
        self, start: _Point, beta: float, length: torch.Tensor
    ) -> tuple[_Point, torch.Tensor]:
        """One step of Hamiltonian Monte Carlo for q(z) q(x|z)^β, and which proposals it took."""
        step, point = length[..., None], start
        first = momentum = self.stream.normal(*self.shape).to(start.z)
        for _ in range(self.leapfrogs):
            momentum = momentum + 0.5 * step * (beta * point.slope - point.z)
            point = self._at(point.z + step * momentum)
            momentum = momentum + 0.5 * step * (beta * point.slope - point.z)
        gain = _log_density(point, momentum, beta) - _log_density(start, first, beta)
        # a proposal that flew off has no number here, and is not taken
        accepted = torch.log(self.stream.uniform(*self.shape[:2]).to(gain)) < gain
        chosen = [
            torch.where(accepted.view(*accepted.shape, *[1] * (new.ndim - 3)), new, old)
            for new, old in zip(point, start)
        ]
        return _Point(*chosen), accepted

    def _at(self, z: torch.Tensor) -> _Point:
        with torch.enable_grad():
            z = z.detach().requires_grad_()
            value = at_each_code(self.log_likelihood, z)
            (slope,) = torch.autograd.grad(value.sum(), z)
        return _Point(z.detach(), value.detach(), slope)


def _log_density(point: _Point, momentum: torch.Tensor, beta: float) -> torch.Tensor:
    """log q(z) + β log q(x|z) + log N(momentum; 0, 1), (S, C, N)."""
    prior = gaussian_log_density(point.z, 0.0, 0.0)
    return prior + beta * point.log_likelihood + gaussian_log_density(momentum, 0.0, 0.0)


def _check(betas: torch.Tensor, chains: int, leapfrogs: int) -> None:
    require_floats(betas=betas)
    whole = betas.ndim == 1 and len(betas) > 1 and betas[0] == 0 and betas[-1] == 1
    if not whole or not (betas.diff() > 0).all():
        raise ValueError(
            "betas must rise from 0 to 1, for example torch.linspace(0, 1, 101); "
            f"got {betas.flatten()[:4].tolist()} … of shape {tuple(betas.shape)}"
        )
    if chains < 1 or leapfrogs < 1:
        raise ValueError(
            f"chains is {chains} and leapfrogs is {leapfrogs}; give one or more of each"
        )
