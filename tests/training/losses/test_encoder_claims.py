"""The losses of AAE and ALI against the claim objects, on random tables, in float64."""

import numpy as np
import pytest
import sympy
import torch

from held import SEEDS
from onekl.chapters.aae import claims as aae
from onekl.chapters.ali import claims as ali
from onekl.symbolic.algebra import Expectation, Joint
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
    """Random joint tables of p, q, p°, q°, u and w with the letters of x and z, and the logits log u − log w."""
    made = np.random.default_rng(seed).dirichlet(np.ones(shape[0] * shape[1]), 6).reshape(6, *shape)
    given = dict(
        zip((ali.P, ali.Q, ali.OLD_P, ali.OLD_Q, UP, DOWN), (table.tolist() for table in made))
    )
    return made, given, torch.tensor(np.log(made[4] / made[5]))


def mean_over_pairs(loss, p, q, logits):
    """The mean of loss(encoder_logits, generator_logits) with the encoder's pair from p and the generator's from q."""
    flat = logits.flatten()
    return float(p.ravel() @ loss(flat[:, None], flat).numpy() @ q.ravel())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "formula, loss",
    [
        (ali.article_loss, ali_loss),
        (ali.minimax_loss, ali_minimax_loss),
        (ali.exchanged_loss, ali_exchanged_loss),
        (ali.discriminator_loss, lambda a, b: discriminator_loss(*torch.broadcast_tensors(a, b))),
    ],
)
def test_the_losses_of_ali_are_those_of_the_claims(seed, formula, loss):
    made, given, logits = tables(seed)
    expected = on_tables(formula.xreplace(ANY_D), given)
    assert mean_over_pairs(loss, made[0], made[1], logits) == pytest.approx(
        float(expected), rel=1e-12
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_the_complete_loss_is_su_40(seed):
    made, given, logits = tables(seed)
    p, q, old_p, old_q = made[:4]
    per_code = (q / q.sum(0) * np.log((q / q.sum(0)) / (old_q / old_q.sum(0)))).sum(
        0
    )  # KL(q(x|z) ‖ q°(x|z)), (Z,)
    ratio = np.log((old_p / old_p.sum(1, keepdims=True)) / (p / p.sum(1, keepdims=True)))
    kl = torch.tensor(np.broadcast_to(per_code, q.shape).copy()).flatten()
    found = mean_over_pairs(
        lambda a, b: ali_complete_loss(a, b, kl, torch.tensor(ratio).flatten()), p, q, logits
    )
    assert found == pytest.approx(
        float(on_tables(ali.complete_loss.xreplace(ANY_D), given)), rel=1e-12
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_the_losses_over_codes_are_su_30_and_the_first_part_of_su_32(seed):
    codes, prior, old, up, down = np.random.default_rng(seed).dirichlet(np.ones(5), 5)
    given = {
        aae.CODES: codes.tolist(),
        aae.PRIOR: prior.tolist(),
        CODE_UP: up.tolist(),
        CODE_DOWN: down.tolist(),
    }
    share = CODE_UP(aae.z) / (CODE_UP(aae.z) + CODE_DOWN(aae.z))
    any_d, logits = {aae.D: share, aae.not_D: 1 - share}, torch.tensor(np.log(up / down))
    real, fake = torch.broadcast_tensors(logits[:, None], logits)  # real are the prior's codes
    found = prior @ discriminator_loss(real, fake).numpy() @ codes
    assert found == pytest.approx(
        float(on_tables(aae.discriminator_loss.xreplace(any_d), given)), rel=1e-12
    )
    first = Expectation(aae.codes, -sympy.log(aae.D)).xreplace(any_d)
    assert codes @ generator_loss(logits).numpy() == pytest.approx(
        float(on_tables(first, given)), rel=1e-12
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_aae_loss_is_the_printed_su_34(seed):
    """−log D(E(x)) plus the left side of the box's second statement, coordinate by coordinate."""
    g = torch.Generator().manual_seed(seed)
    logits, x, image = (
        torch.randn(shape, generator=g, dtype=torch.float64) for shape in ((6,), (6, 2), (6, 2))
    )
    squared = sympy.lambdify((aae.x, aae.image, aae.lam), aae.CLAIMS[7].statements[1].left)
    assert aae.CLAIMS[7].id == "su-34"
    expected = -torch.log(torch.sigmoid(logits)) + squared(x, image, 0.7).sum(-1)
    torch.testing.assert_close(aae_loss(logits, x, image, 0.7), expected, rtol=1e-12, atol=1e-12)
