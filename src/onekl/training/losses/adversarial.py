"""The losses of a discriminator and a generator (su-16, su-20, su-26), from the logits of D.

D = sigmoid(logit); every loss is right at every finite logit.
Every function takes float32 or float64 tensors; other dtypes, and shapes that are not meant, raise
ValueError.
"""

from __future__ import annotations

import torch
from torch.nn.functional import logsigmoid

from onekl.training.inputs import (
    require_either_fits,
    require_floats,
    require_last_axis,
    require_one_per_example,
    require_same_shape,
    require_weight,
)


def discriminator_loss(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> torch.Tensor:
    """su-16: −log D(x) − log(1 − D(G(z))); of codes it is su-30, of pairs su-38 and minus avb-3.

    `real_logits` are the discriminator's at x ~ p̃(x), `fake_logits` those at G(z); both (...), of
    one shape.
    In su-30 the prior's codes are the real ones, in su-38 and avb-3 the encoder's pairs.
    Returns (...), in nats.
    Different shapes raise ValueError: they would broadcast to pairs that nobody drew.
    """
    require_floats(real_logits=real_logits, fake_logits=fake_logits)
    require_same_shape(real_logits=real_logits, fake_logits=fake_logits)
    return -logsigmoid(real_logits) - logsigmoid(-fake_logits)


def generator_loss(fake_logits: torch.Tensor) -> torch.Tensor:
    """su-20: −log D(G(z)), the generator's usual loss; at the codes E(x) it is su-33.

    su-33 is also the first part of su-32.
    `fake_logits` are the discriminator's at G(z), (...).
    Returns (...), in nats.
    """
    require_floats(fake_logits=fake_logits)
    return -logsigmoid(fake_logits)


def minimax_generator_loss(fake_logits: torch.Tensor) -> torch.Tensor:
    """rq-4 with its sign changed: log(1 − D(G(z))), the generator's loss in the minimax game.

    Its gradient in the logit is −D, so it vanishes where the discriminator is sure that G(z) is not
    data.
    `fake_logits` are the discriminator's at G(z), (...).
    Returns (...), in nats.
    """
    require_floats(fake_logits=fake_logits)
    return logsigmoid(-fake_logits)


def step_penalty(x: torch.Tensor, x_old: torch.Tensor) -> torch.Tensor:
    """su-26, its norm: ‖G(z) − G°(z)‖², summed over the data's dimensions.

    `x` is G(z) and `x_old` is G°(z) at the same z, both (..., D); images are flattened to D first.
    Returns (...), in the data's units squared.
    Different shapes raise ValueError.
    """
    require_floats(x=x, x_old=x_old)
    require_same_shape(x=x, x_old=x_old)
    require_last_axis(x=x)
    return ((x - x_old) ** 2).sum(-1)


def regularised_generator_loss(
    fake_logits: torch.Tensor, x: torch.Tensor, x_old: torch.Tensor, lam: float | torch.Tensor
) -> torch.Tensor:
    """su-26: −log D(G(z)) + λ‖G(z) − G°(z)‖².

    `fake_logits` are the discriminator's at `x` = G(z), (...); `x` and `x_old` = G°(z) are
    (..., D), and `x_old` carries no gradient.
    `lam` is λ ≥ 0, a number or a tensor with the axes of (...), each of their length or of 1, for
    example (S, 1) for one weight per seed.
    Returns (...), in nats.
    A negative λ raises ValueError, as do shapes that do not fit; a tensor's values are looked at on
    the CPU alone, and elsewhere a negative λ gives NaN (see `onekl.training.inputs`).
    """
    require_floats(fake_logits=fake_logits, x=x, x_old=x_old)
    require_same_shape(x=x, x_old=x_old)
    require_last_axis(x=x)
    require_one_per_example(fake_logits=fake_logits, x=x)
    lam = require_weight(lam, tuple(fake_logits.shape))
    return generator_loss(fake_logits) + _weighted_penalty(lam, x, x_old)


def optimal_discriminator_logit(log_p_data: torch.Tensor, log_q: torch.Tensor) -> torch.Tensor:
    """su-18 as a logit: log p̃(x) − log q(x), whose sigmoid is D*(x) = p̃(x) / (p̃(x) + q(x)).

    Both are log densities at the same points, (...); one may have the last axes of the other alone,
    or length 1 along some of them.
    Returns (...): ±∞ where one density vanishes, NaN where both do, because D is free there.
    """
    require_floats(log_p_data=log_p_data, log_q=log_q)
    require_either_fits(log_p_data=log_p_data, log_q=log_q)
    return log_p_data - log_q


def _weighted_penalty(
    lam: float | torch.Tensor, x: torch.Tensor, x_old: torch.Tensor
) -> torch.Tensor:
    """λ‖x − x_old‖², which is 0 at λ = 0 also where the difference or its square overflows."""
    weight = lam[..., None] if isinstance(lam, torch.Tensor) else lam
    half = 0.5 * x - 0.5 * x_old
    return 4 * (weight * half * half).sum(-1)
