"""The losses that train an encoder against a discriminator: AAE (su-34), ALI (su-40 to su-43), AVB.

AAE's other losses are the GAN's with x and z exchanged: `adversarial.discriminator_loss` is su-30,
with the prior's codes as the real ones, and `adversarial.generator_loss` is su-33.
For ALI `adversarial.discriminator_loss` of pairs is su-38; for AVB, with the encoder's pairs as the
real ones and T as the logit, it is minus avb-3.
Every function takes float32 or float64 tensors; other dtypes, and shapes that are not meant, raise
ValueError.
"""

from __future__ import annotations

import torch

from onekl.training.inputs import (
    require_floats,
    require_one_per_example,
    require_same_shape,
    require_values,
)
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


def avb_loss(logits: torch.Tensor, log_likelihood: torch.Tensor) -> torch.Tensor:
    """avb-5: T(x, z) − log q(x|z), minus the bound with a discriminator for its log ratio.

    `logits` are T's at x and a code z of the encoder, `log_likelihood` is the decoder's log q(x|z)
    there.
    Both are (...), of one shape. Only for the best T the mean is minus a bound.
    Returns (...), in nats.
    Logits with an axis of their own raise ValueError: T gives one number for each pair.
    """
    _require_one_per_pair(logits, log_likelihood=log_likelihood)
    return logits - log_likelihood


def adaptive_contrast_loss(
    logits: torch.Tensor, log_reference: torch.Tensor, log_joint: torch.Tensor
) -> torch.Tensor:
    """avb-7, mended: T + log r(z|x) − log q(x, z), minus the bound with a contrast against r.

    `logits` are those of a T that tells the encoder's codes from the reference's; it may see the
    standardised codes, where the reference is N(0, 1). `log_reference` is log r(z|x) at a code z of
    the encoder, `log_joint` the model's log q(x|z) + log q(z).
    All are (...), of one shape.
    Returns (...), in nats.
    Logits with an axis of their own raise ValueError: T gives one number for each pair. So does an
    infinite log r(z|x), that of a reference with variance 0, or it gives NaN (see
    `onekl.training.inputs`).
    """
    _require_one_per_pair(logits, log_reference=log_reference, log_joint=log_joint)
    has_density = ~torch.isinf(log_reference.detach())
    log_reference = require_values(log_reference, has_density, _no_reference)
    return logits + log_reference - log_joint


def _no_reference(good: torch.Tensor) -> str:
    return (
        f"log_reference is infinite at {int((~good).sum())} of {good.numel()} pairs; a reference "
        "with variance 0 has no density: give the encoder noise, or take more draws for each x"
    )


def _require_one_per_pair(logits: torch.Tensor, **of_pairs: torch.Tensor) -> None:
    require_floats(logits=logits, **of_pairs)
    require_same_shape(**of_pairs)
    (name, pairs), *_ = of_pairs.items()
    if logits.shape != pairs.shape:
        raise ValueError(
            f"logits has shape {tuple(logits.shape)} and {name} has shape {tuple(pairs.shape)}; "
            "T must give one number for each pair (x, z), without an axis of its own: T(…)[..., 0]"
        )


def _require_pairs(**tensors: torch.Tensor) -> None:
    require_floats(**tensors)
    require_same_shape(**tensors)
