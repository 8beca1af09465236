"""The adversarial losses against the claim objects: value and gradient, on random inputs, in float64."""

import numpy as np
import pytest
import sympy
import torch
from sympy import exp

from held import SEEDS, held_against, random
from onekl.chapters import claim
from onekl.chapters.gan import claims as gan
from onekl.chapters.regulariser import claims as regulariser
from onekl.symbolic.algebra import Joint
from onekl.symbolic.sampling import on_tables
from onekl.training.losses.adversarial import (
    discriminator_loss,
    generator_loss,
    minimax_generator_loss,
    optimal_discriminator_logit,
    regularised_generator_loss,
)

real, fake, lam = sympy.symbols("a b lambda", real=True)
UP, DOWN = Joint("u", (gan.x,)), Joint("w", (gan.x,))  # D = u/(u + w) takes any value
ANY_D = {
    gan.D: UP(gan.x) / (UP(gan.x) + DOWN(gan.x)),
    gan.not_D: DOWN(gan.x) / (UP(gan.x) + DOWN(gan.x)),
}


def by_logit(expression, logit):
    """The expression with D = sigmoid(logit), at whatever point D is taken."""
    return expression.replace(
        lambda e: isinstance(e, type(gan.D)),
        lambda e: 1 / (1 + exp(-logit if e.outcome else logit)),
    )


def tables(seed, letters=4):
    """Random p̃, q, u and w, and the logits log u − log w."""
    p, q, up, down = np.random.default_rng(seed).dirichlet(np.ones(letters), 4)
    return (
        p,
        q,
        {gan.P: p.tolist(), gan.Q: q.tolist(), UP: up.tolist(), DOWN: down.tolist()},
        torch.tensor(np.log(up / down)),
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_discriminator_loss_is_su_16_on_tables(seed):
    p, q, given, logits = tables(seed)
    pairs = discriminator_loss(
        *torch.broadcast_tensors(logits[:, None], logits)
    )  # x ~ p̃ down, G(z) ~ q across
    expected = on_tables(gan.discriminator_loss.xreplace(ANY_D), given)
    assert float(p @ pairs.numpy() @ q) == pytest.approx(float(expected), rel=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_discriminator_loss_has_the_summands_of_su_16(seed):
    on_data, on_samples = (term.value for term in gan.discriminator_loss.args)
    formula = by_logit(on_data, real) + by_logit(on_samples, fake)
    g = torch.Generator().manual_seed(seed)
    loss = lambda a, b: discriminator_loss(a, b).sum(-1)
    held_against(formula, (real, fake), loss, (random(g, 6, 3), random(g, 6, 3)))


@pytest.mark.parametrize("seed", SEEDS)
def test_generator_losses_are_the_summands_of_su_20_and_rq_4(seed):
    usual, minimax = (
        claim("su-20").statements[0].right,
        claim("rq-4").statements[0].left,
    )  # means over z
    inputs = (random(torch.Generator().manual_seed(seed), 6, 3),)
    held_against(by_logit(usual.value, fake), (fake,), lambda a: generator_loss(a).sum(-1), inputs)
    held_against(
        by_logit(-minimax.value, fake), (fake,), lambda a: minimax_generator_loss(a).sum(-1), inputs
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_optimal_discriminator_logit_is_su_18(seed):
    printed = claim("su-18").statements[0].at.xreplace({gan.data: exp(real), gan.old: exp(fake)})
    g = torch.Generator().manual_seed(seed)
    chance = lambda log_p, log_q: torch.sigmoid(optimal_discriminator_logit(log_p, log_q)).sum(-1)
    held_against(printed, (real, fake), chance, (random(g, 6, 3), random(g, 6, 3)))


@pytest.mark.parametrize("seed", SEEDS)
def test_regularised_generator_loss_is_the_printed_su_26(seed):
    new, old = sympy.symbols("g:2", real=True), sympy.symbols("h:2", real=True)
    r = regulariser
    at_t = {g(r.t, r.z): s for g, s in zip((r.g_1, r.g_2), new)}
    at_0 = {g(0, r.z): s for g, s in zip((r.g_1, r.g_2), old)}
    formula = by_logit(r.adversarial.value, fake) + lam * r.moved_squared.xreplace(at_t | at_0)
    g = torch.Generator().manual_seed(seed)
    inputs = tuple(random(g, 6, 1) for _ in range(5))

    def loss(logits, a, b, c, d):
        return regularised_generator_loss(
            logits[..., 0], torch.cat([a, b], -1), torch.cat([c, d], -1), 0.7
        )

    held_against(formula.subs(lam, 0.7), (fake, *new, *old), loss, inputs)
