"""The losses that train an encoder against a discriminator: AAE (su-34) and ALI (su-40 to su-43).

AAE's other losses are the GAN's with x and z exchanged: `adversarial.discriminator_loss` is su-30,
with the prior's codes as the real ones, and `adversarial.generator_loss` is su-33.
For ALI `adversarial.discriminator_loss` of pairs is su-38.
Every function takes float32 or float64 tensors; other dtypes, and shapes that are not meant, raise
ValueError.
"""

from __future__ import annotations

import torch

from onekl.training.inputs import require_floats, require_one_per_example, require_same_shape
from onekl.training.losses.adversarial import (
    generator_loss,
    minimax_generator_loss,
    regularised_generator_loss,
)


def aae_loss(
    code_logits: torch.Tensor,
    x: torch.Tensor,
    reconstruction: torch.Tensor,
    lam: float | torch.Tensor,
) -> torch.Tensor:
    """su-34: −log D(E(x)) + λ‖x − G(E(x))‖².

    `code_logits` are the discriminator's at the codes E(x), (...); `x` and `reconstruction` =
    G(E(x)) are (..., D).
    `lam` is λ ≥ 0, as in `regularised_generator_loss`, which refuses the same.
    Returns (...), in nats.
    """
    require_floats(code_logits=code_logits, x=x, reconstruction=reconstruction)
    require_same_shape(x=x, reconstruction=reconstruction)
    require_one_per_example(code_logits=code_logits, x=x)
    # the regularised loss of a generator has the same form
    return regularised_generator_loss(code_logits, x, reconstruction, lam)


def ali_loss(encoder_logits: torch.Tensor, generator_logits: torch.Tensor) -> torch.Tensor:
    """su-41: −log D(x, z) at the encoder's and at the generator's pairs, for both of them.

    `encoder_logits` are the discriminator's at x ~ p̃(x), z ~ p(z|x), `generator_logits` those at
    z ~ q(z), x ~ q(x|z).
    Both are (...), of one shape.
    Returns (...), in nats.
    """
    _require_pairs(encoder_logits=encoder_logits, generator_logits=generator_logits)
    return generator_loss(encoder_logits) + generator_loss(generator_logits)


def ali_minimax_loss(encoder_logits: torch.Tensor, generator_logits: torch.Tensor) -> torch.Tensor:
    """su-42: log D(x, z) at the encoder's pairs plus log(1 − D(x, z)) at the generator's.

    It is minus `discriminator_loss` of the same logits.
    Both are the discriminator's logits, (...), of one shape.
    Returns (...), in nats.
    """
    _require_pairs(encoder_logits=encoder_logits, generator_logits=generator_logits)
    return minimax_generator_loss(generator_logits) - generator_loss(encoder_logits)


def ali_exchanged_loss(
    encoder_logits: torch.Tensor, generator_logits: torch.Tensor
) -> torch.Tensor:
    """su-43: −log(1 − D(x, z)) at the encoder's pairs minus log D(x, z) at the generator's.

    It is `discriminator_loss` with the two labels exchanged.
    Both are the discriminator's logits, (...), of one shape.
    Returns (...), in nats.
    """
    _require_pairs(encoder_logits=encoder_logits, generator_logits=generator_logits)
    return generator_loss(generator_logits) - minimax_generator_loss(encoder_logits)


def ali_complete_loss(
    encoder_logits: torch.Tensor,
    generator_logits: torch.Tensor,
    generator_kl: torch.Tensor | float,
    encoder_log_ratio: torch.Tensor,
) -> torch.Tensor:
    """su-40: `ali_loss` plus KL(q(x|z) ‖ q°(x|z)) plus log [p°(z|x) / p(z|x)] where q draws.

    `generator_kl` is that KL at z ~ q(z), and `encoder_log_ratio` that logarithm at z ~ q(z),
    x ~ q(x|z).
    The old densities carry no gradient; the arguments are (...), all of one shape, but a KL that
    is the same everywhere may be a number.
    Returns (...), in nats.
    """
    if not isinstance(generator_kl, torch.Tensor):
        generator_kl = encoder_logits.new_full(encoder_logits.shape, generator_kl)
    _require_pairs(
        encoder_logits=encoder_logits,
        generator_logits=generator_logits,
        generator_kl=generator_kl,
        encoder_log_ratio=encoder_log_ratio,
    )
    return ali_loss(encoder_logits, generator_logits) + generator_kl + encoder_log_ratio


def _require_pairs(**tensors: torch.Tensor) -> None:
    require_floats(**tensors)
    require_same_shape(**tensors)


def avb_loss(logits: torch.Tensor, log_likelihood: torch.Tensor) -> torch.Tensor:
    """Equation: T(x, z) − log p(x|z), minus AVB's bound with T for the log ratio.

    `logits` are T at x and z ~ encoder, `log_likelihood` the decoder's at the same, both (...).
    Returns (...), in nats.
    """
    _require_pairs(logits=logits, log_likelihood=log_likelihood)
    return logits - log_likelihood


def adaptive_contrast_loss(
    logits: torch.Tensor, log_reference: torch.Tensor, log_joint: torch.Tensor
) -> torch.Tensor:
    """Equation: T + log r(z|x) − log p(x, z), minus AVB's bound with the contrast against r.

    `logits` are T at the standardised ẑ, `log_reference` is log r at z and `log_joint` the model's
    log p(x, z), all (...).
    Returns (...), in nats.
    """
    _require_pairs(logits=logits, log_reference=log_reference, log_joint=log_joint)
    return logits + log_reference - log_joint
