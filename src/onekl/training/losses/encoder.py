"""The losses that train an encoder against a discriminator: AAE (su-34) and the four of ALI (su-40 to su-43).

AAE's other losses are the GAN's with x and z exchanged: ``objectives.discriminator_loss`` is su-30, with the prior's codes
as the real ones, and ``objectives.generator_loss`` is su-33. For ALI ``discriminator_loss`` of pairs is su-38.
As in ``objectives``, logits go in, any leading axes are allowed, and one value per example comes out, in nats.
"""

from onekl.training.losses.adversarial import (
    generator_loss,
    minimax_generator_loss,
    regularised_generator_loss,
)


def aae_loss(code_logits, x, reconstruction, lam):
    """su-34: −log D(E(x)) + λ‖x − G(E(x))‖².

    ``code_logits`` are the discriminator's at the codes E(x), (...); ``x`` and ``reconstruction`` = G(E(x)) are (..., D).
    ``lam`` is λ ≥ 0, a number or a tensor that broadcasts with (...).
    Returns (...).
    A negative λ raises ValueError, as do shapes that do not fit.
    """
    return regularised_generator_loss(
        code_logits, x, reconstruction, lam
    )  # su-26 has the same form


def ali_loss(encoder_logits, generator_logits):
    """su-41: −log D(x, z) at the encoder's pairs and at the generator's, for generator and encoder.

    ``encoder_logits`` are the discriminator's at x ~ p̃(x), z ~ p(z|x), ``generator_logits`` those at z ~ q(z), x ~ q(x|z).
    Both are (...) of one shape, or broadcast.
    Returns (...).
    """
    return generator_loss(encoder_logits) + generator_loss(generator_logits)


def ali_minimax_loss(encoder_logits, generator_logits):
    """su-42: log D(x, z) at the encoder's pairs plus log(1 − D(x, z)) at the generator's.

    It is minus the discriminator's loss su-38.
    Shapes as in ``ali_loss``.
    """
    return minimax_generator_loss(generator_logits) - generator_loss(encoder_logits)


def ali_exchanged_loss(encoder_logits, generator_logits):
    """su-43: −log(1 − D(x, z)) at the encoder's pairs minus log D(x, z) at the generator's.

    It is su-38 with the two labels exchanged.
    Shapes as in ``ali_loss``.
    """
    return generator_loss(generator_logits) - minimax_generator_loss(encoder_logits)


def ali_complete_loss(encoder_logits, generator_logits, generator_kl, encoder_log_ratio):
    """su-40: su-41 plus KL(q(x|z) ‖ q°(x|z)) plus log [p°(z|x) / p(z|x)] at the generator's pairs.

    ``generator_kl`` is that KL at z ~ q(z), and ``encoder_log_ratio`` that logarithm at z ~ q(z), x ~ q(x|z).
    The old densities carry no gradient; the arguments are (...) and broadcast.
    Returns (...).
    """
    return ali_loss(encoder_logits, generator_logits) + generator_kl + encoder_log_ratio
