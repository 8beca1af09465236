"""Adversarial steps on images, as the article's two experiments are made of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.func import functional_call

from onekl.training.losses.adversarial import (
    discriminator_loss,
    generator_loss,
    regularised_generator_loss,
    step_penalty,
)
from onekl.training.optimisers import adam


@dataclass(frozen=True)
class Arm:
    """What one arm of an experiment does in an iteration.

    No step of D or of G, a negative weight or a rate that is not positive raises ValueError.
    """

    batch_norm: bool
    d_steps: int  # of D, each on fresh x and z
    batches: int  # of z for G
    repeats: int  # Adam steps of G on each batch of z
    reuse: bool  # whether G's z is the one on which D was just trained
    weight: float  # of the regulariser's mean over pixels: 0 is without it, 5 is the article's code
    rate: float = 2e-4  # Adam's learning rate of G

    def __post_init__(self) -> None:
        for name in ("d_steps", "batches", "repeats"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"{name} is {getattr(self, name)}; "
                    "an iteration needs at least one step of D and one of G"
                )
        if not self.weight >= 0 or not self.rate > 0:
            raise ValueError(
                f"the weight is {self.weight} and the rate {self.rate}; "
                "give a weight ≥ 0 and a rate > 0"
            )

    def lam(self, side: int) -> float:
        """su-26's λ, of the squares summed over 3 side² numbers, for this weight of their mean."""
        return self.weight / (3 * side**2)

    def passes(self) -> int:
        """How often an iteration takes a batch through G or D.

        That is forwards, or for one of the two gradients backwards.
        7 for D's step: forwards through G, and for data and samples forwards and twice backwards
        through D.
        5 for G's step: forwards and twice backwards through G, forwards and once backwards through
        D.
        1 for each batch on which G° is frozen.
        """
        return 7 * self.d_steps + self.batches * (5 * self.repeats + (self.weight > 0))


class AdversarialTrainer:
    """G and D with their optimisers: the steps of which the experiments consist.

    Images lie channels-last; on a GPU the convolutions run in half precision, and the losses in
    single precision.
    `rate` is Adam's learning rate of D, and of G unless `generator_rate` says otherwise.
    `state` is what `onekl.training.run.Run` has to keep.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        device: torch.device | str,
        rate: float = 2e-4,
        generator_rate: float | None = None,
    ) -> None:
        gpu = torch.device(device).type == "cuda"
        self.generator = generator.to(device, memory_format=torch.channels_last)
        self.discriminator = discriminator.to(device, memory_format=torch.channels_last)
        self.g_adam = adam(self.generator, generator_rate or rate)
        self.d_adam = adam(self.discriminator, rate)
        half = (
            torch.bfloat16 if gpu and torch.cuda.get_device_capability()[0] >= 8 else torch.float16
        )
        self.precision: Callable[[], AbstractContextManager] = (
            (lambda: torch.autocast("cuda", half)) if gpu else nullcontext
        )
        # half precision of the older kind loses small gradients, so the loss is scaled up where it
        # is used
        self.scaler = torch.amp.GradScaler("cuda", enabled=gpu and half == torch.float16)
        self.state = {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "generator's Adam": self.g_adam,
            "discriminator's Adam": self.d_adam,
            "scaler": self.scaler,
        }

    def discriminator_step(self, x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        """One Adam step of D on su-16, with data x (B, 3, side, side) and z (B, 100).

        Returns the loss in nats, (1,).
        Samples of another shape than the data raise ValueError.
        """
        with torch.no_grad(), self.precision():
            fake = self.generator(z)
        if fake.shape != x.shape:
            raise ValueError(
                f"the generator makes images of shape {tuple(fake.shape)}, "
                f"the data have {tuple(x.shape)}"
            )
        with self.precision():
            real_logits, fake_logits = self.discriminator(x), self.discriminator(fake)
        loss = discriminator_loss(real_logits.float(), fake_logits.float()).mean()
        return self._step(loss, self.d_adam)

    def generator_step(
        self, z: torch.Tensor, x_old: torch.Tensor | None = None, lam: float = 0.0
    ) -> torch.Tensor:
        """One Adam step of G on su-26, or on su-20 without `x_old`, at z (B, 100).

        `x_old` (B, 3, side, side) is G°(z), from `frozen`; `lam` weighs the squares summed over all
        pixels.
        Returns the loss in nats, (1,).
        A negative `lam` raises ValueError.
        """
        # a third of the way back through D would be for gradients nobody uses
        self.discriminator.requires_grad_(False)
        with self.precision():
            x = self.generator(z)
            logits = self.discriminator(x)
        loss = self._step(mean_generator_loss(logits.float(), x.float(), x_old, lam), self.g_adam)
        self.discriminator.requires_grad_(True)
        return loss

    def _step(self, loss: torch.Tensor, optimiser: torch.optim.Optimizer) -> torch.Tensor:
        optimiser.zero_grad()
        self.scaler.scale(loss).backward()
        self.scaler.step(optimiser)
        self.scaler.update()
        return loss.detach()[None]

    @torch.no_grad()
    def frozen(self, z: torch.Tensor) -> torch.Tensor:
        """G°(z) for z (B, 100), (B, 3, side, side): the generator as it is now.

        It takes this batch's statistics, and leaves the running averages untouched.
        """
        with self.precision():
            return without_side_effects(self.generator, z).float()

    def gradient_ratio(self, z: torch.Tensor, x_old: torch.Tensor, lam: float) -> torch.Tensor:
        """The lengths of the gradients of su-26's two parts, ‖∇θ λ‖G − G°‖²‖ / ‖∇θ −log D(G)‖.

        It is (1,), of the generator as it is now, with the arguments of `generator_step`, and
        changes nothing.
        """
        with self.precision():
            x = without_side_effects(self.generator, z)
            logits = without_side_effects(self.discriminator, x)
        adversarial = generator_loss(logits.float()).mean()
        penalty = lam * step_penalty(x.float().flatten(1), x_old.flatten(1)).mean()
        return gradient_norm(penalty, self.generator) / gradient_norm(adversarial, self.generator)

    @torch.no_grad()
    def samples(self, z: torch.Tensor, batch: int = 256) -> torch.Tensor:
        """Images (N, 3, side, side) of z (N, 100), `batch` of them at a time.

        They are made with the running averages, as the author's code makes its sheets.
        """
        self.generator.eval()
        images = torch.cat([self.generator(part) for part in z.split(batch)])
        self.generator.train()
        return images


def mean_generator_loss(
    logits: torch.Tensor, x: torch.Tensor, x_old: torch.Tensor | None, lam: float
) -> torch.Tensor:
    """The mean over the batch of su-26, or of su-20 without `x_old`, in nats.

    `logits` are D's at x = G(z), (B,); `x` and `x_old` = G°(z) are (B, 3, side, side).
    """
    if x_old is None:
        return generator_loss(logits).mean()
    return regularised_generator_loss(logits, x.flatten(1), x_old.flatten(1), lam).mean()


def without_side_effects(network: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """The network's output at x (B, ...) in training mode, its running averages left as they are.

    Copies of them are updated in their place.
    Returns what the network returns, with a gradient.
    """
    return functional_call(
        network, {name: buffer.clone() for name, buffer in network.named_buffers()}, (x,)
    )


def gradient_norm(loss: torch.Tensor, network: nn.Module) -> torch.Tensor:
    """The length of the loss's gradient in all weights of the network, (1,); the graph stays."""
    parts = torch.autograd.grad(loss, list(network.parameters()), retain_graph=True)
    return torch.stack([part.square().sum() for part in parts]).sum().sqrt()[None]


def digest(state: dict[str, Any]) -> str:
    """A hash of every number in `state`: equal for equal bits alone.

    `state` holds modules, optimisers and whatever else has a `state_dict`, by name.
    """
    found = hashlib.sha256()

    def visit(part: Any) -> None:
        if isinstance(part, torch.Tensor):
            found.update(part.detach().cpu().contiguous().numpy().tobytes())
        elif isinstance(part, dict):
            for key in part:
                found.update(repr(key).encode())
                visit(part[key])
        elif isinstance(part, (list, tuple)):
            for one in part:
                visit(one)
        else:
            found.update(repr(part).encode())

    visit({name: part.state_dict() for name, part in state.items()})
    return found.hexdigest()
