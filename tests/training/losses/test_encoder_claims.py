"""The losses of AAE and ALI against the claim objects, on random tables, in float64."""

import numpy as np
import pytest
import sympy
import torch
from sympy import Function

from held import by_logit, held_against, holds, random, summand
from onekl.chapters.aae import claims as aae
from onekl.chapters.ali import claims as ali
from onekl.symbolic.algebra import Dirac, Joint
from onekl.symbolic.lines.written import with_values
from onekl.symbolic.sampling import on_tables
from onekl.training.losses.adversarial import discriminator_loss, generator_loss
from onekl.training.losses.encoder import (
    aae_loss,
    ali_complete_loss,
    ali_exchanged_loss,
    ali_loss,
    ali_minimax_loss,
)

UP, DOWN = Joint("u", (ali.x, ali.z)), Joint("w", (ali.x, ali.z))  # D = u/(u + w) takes any value
SHARE = UP(ali.x, ali.z) / (UP(ali.x, ali.z) + DOWN(ali.x, ali.z))
ANY_D = {ali.D: SHARE, ali.not_D: 1 - SHARE}
CODE_UP, CODE_DOWN = Joint("u", (aae.z,)), Joint("w", (aae.z,))


def tables(seed, shape=(3, 4)):
    """Random joint tables of p, q, p°, q°, u and w over x and z, and the logits log u − log w."""
    made = np.random.default_rng(seed).dirichlet(np.ones(shape[0] * shape[1]), 6).reshape(6, *shape)
    given = dict(
        zip((ali.P, ali.Q, ali.OLD_P, ali.OLD_Q, UP, DOWN), (table.tolist() for table in made))
    )
    return made, given, torch.tensor(np.log(made[4] / made[5]))


def mean_over_pairs(loss, p, q, logits):
    """The mean of `loss` with the encoder's pair drawn from p and the generator's from q."""
    flat = logits.flatten()
    pairs = torch.broadcast_tensors(
        flat[:, None], flat
    )  # the encoder's down, the generator's across
    return float(p.ravel() @ loss(*pairs).numpy() @ q.ravel())


def held_on_tables(formula, loss, seed):
    """The mean of `loss` over pairs is `formula`, for a D that may take any value."""
    (p, q, *_), given, logits = tables(seed)
    expected = float(on_tables(formula.xreplace(ANY_D), given))
    assert mean_over_pairs(loss, p, q, logits) == pytest.approx(expected, rel=1e-12)


@holds(discriminator_loss, "su-38")
def test_the_discriminators_loss_of_pairs_is_su_38(seed, su_38):
    printed = su_38.statements[0].other
    held_on_tables(printed, discriminator_loss, seed)


# su-41 is stated for maps, by their densities; these are the printed ones again.
DENSITIES = {
    Dirac(ali.z, Function("E")(ali.x)): ali.P(ali.z, given=ali.x),
    Dirac(ali.x, Function("G")(ali.z)): ali.Q(ali.x, given=ali.z),
}
LOGITS = sympy.symbols("a b", real=True)


@holds(ali_loss, "su-41")
def test_ali_loss_is_su_41(seed, su_41):
    at_maps = su_41.statements[0].left
    held_on_tables(with_values(at_maps, DENSITIES), ali_loss, seed)
    summands = map(summand, su_41.statements[0].right.args)
    formula = sum(map(by_logit, summands, LOGITS))
    g = torch.Generator().manual_seed(seed)
    inputs = (random(g, 6, 3), random(g, 6, 3))
    held_against(formula, LOGITS, lambda a, b: ali_loss(a, b).sum(-1), inputs)


@holds(ali_minimax_loss, "su-42")
def test_ali_minimax_loss_is_su_42(seed, su_42):
    held_on_tables(-su_42.statements[0].upper, ali_minimax_loss, seed)  # D raises it


@holds(ali_exchanged_loss, "su-43")
def test_ali_exchanged_loss_is_su_43(seed, su_43):
    held_on_tables(su_43.statements[0].upper, ali_exchanged_loss, seed)


@holds(ali_complete_loss, "su-40")
def test_ali_complete_loss_is_su_40(seed, su_40):
    (p, q, old_p, old_q, *_), _, _ = tables(seed)
    decoder, old_decoder = q / q.sum(0), old_q / old_q.sum(0)
    encoder, old_encoder = (one / one.sum(1, keepdims=True) for one in (p, old_p))
    per_code = (decoder * np.log(decoder / old_decoder)).sum(0)  # KL(q(x|z) ‖ q°(x|z)), (Z,)
    kl = torch.tensor(np.broadcast_to(per_code, q.shape).copy()).flatten()
    log_ratio = torch.tensor(np.log(old_encoder / encoder)).flatten()
    printed = su_40.statements[0].right

    def loss(a, b):
        return ali_complete_loss(a, b, kl.expand_as(b), log_ratio.expand_as(b))

    held_on_tables(printed, loss, seed)


@holds(discriminator_loss, "su-30")
def test_the_discriminators_loss_of_codes_is_su_30(seed, su_30):
    codes, prior, up, down = np.random.default_rng(seed).dirichlet(np.ones(5), 4)
    share = CODE_UP(aae.z) / (CODE_UP(aae.z) + CODE_DOWN(aae.z))
    printed = su_30.statements[0].other.xreplace({aae.D: share, aae.not_D: 1 - share})
    given = {aae.CODES: codes, aae.PRIOR: prior, CODE_UP: up, CODE_DOWN: down}
    expected = on_tables(printed, {joint: table.tolist() for joint, table in given.items()})
    logits = torch.tensor(np.log(up / down))
    real, fake = torch.broadcast_tensors(logits[:, None], logits)  # real are the prior's codes
    found = prior @ discriminator_loss(real, fake).numpy() @ codes
    assert found == pytest.approx(float(expected), rel=1e-12)


@holds(generator_loss, "su-32")
def test_the_encoders_loss_is_the_first_part_of_su_32(seed, su_32):
    logit = sympy.Symbol("a", real=True)
    _, _, at_data = su_32.statements  # beside the KL of the two codes
    printed = by_logit(summand(at_data.right), logit)
    inputs = (random(torch.Generator().manual_seed(seed), 6, 3),)
    held_against(printed, (logit,), lambda a: generator_loss(a).sum(-1), inputs)


@holds(generator_loss, "su-33")
def test_the_encoders_loss_is_the_summand_of_su_33(seed, su_33):
    logit = sympy.Symbol("a", real=True)
    printed = by_logit(summand(su_33.statements[0].right), logit)  # a mean over x
    inputs = (random(torch.Generator().manual_seed(seed), 6, 3),)
    held_against(printed, (logit,), lambda a: generator_loss(a).sum(-1), inputs)


@holds(aae_loss, "su-34")
def test_aae_loss_is_the_printed_su_34(seed, su_34):
    """The summand of (34), for two coordinates; the claim has a cost for the squared norm."""
    g = torch.Generator().manual_seed(seed)
    logits, x, image = (
        torch.randn(shape, generator=g, dtype=torch.float64) for shape in ((6,), (6, 2), (6, 2))
    )
    logit, norm = sympy.symbols("a n", real=True)
    printed = by_logit(summand(su_34.statements[0].left).xreplace({aae.error: norm}), logit)
    squares = ((x - image) ** 2).sum(-1)
    formula = sympy.lambdify((logit, norm, aae.lam), printed)
    expected = torch.tensor(formula(logits.numpy(), squares.numpy(), 0.7))
    torch.testing.assert_close(aae_loss(logits, x, image, 0.7), expected, rtol=1e-12, atol=1e-12)
