"""The adversarial losses against the claim objects: value and gradient, in float64."""

import numpy as np
import pytest
import sympy
import torch
from sympy import exp

from held import by_logit, held_against, holds, random, summand
from onekl.chapters.gan import claims as gan
from onekl.reading.glossary import lam
from onekl.symbolic.algebra import Joint
from onekl.symbolic.sampling import on_tables
from onekl.symbolic.vectors.algebra import SquaredNorm
from onekl.training.losses.adversarial import (
    discriminator_loss,
    generator_loss,
    minimax_generator_loss,
    optimal_discriminator_logit,
    regularised_generator_loss,
    step_penalty,
)

real, fake = sympy.symbols("a b", real=True)
UP, DOWN = Joint("u", (gan.x,)), Joint("w", (gan.x,))  # D = u/(u + w) takes any value
ANY_D = {
    gan.D: UP(gan.x) / (UP(gan.x) + DOWN(gan.x)),
    gan.not_D: DOWN(gan.x) / (UP(gan.x) + DOWN(gan.x)),
}


def tables(seed, letters=4):
    """Random p̃, q, u and w, and the logits log u − log w."""
    p, q, up, down = np.random.default_rng(seed).dirichlet(np.ones(letters), 4)
    return (
        p,
        q,
        {gan.P: p.tolist(), gan.Q: q.tolist(), UP: up.tolist(), DOWN: down.tolist()},
        torch.tensor(np.log(up / down)),
    )


@holds(discriminator_loss, "su-16")
def test_discriminator_loss_is_su_16_on_tables(seed, su_16):
    p, q, given, logits = tables(seed)
    pairs = discriminator_loss(
        *torch.broadcast_tensors(logits[:, None], logits)
    )  # x ~ p̃ down, G(z) ~ q across
    printed = su_16.statements[0].other
    expected = on_tables(printed.xreplace(ANY_D), given)
    assert float(p @ pairs.detach().numpy() @ q) == pytest.approx(float(expected), rel=1e-12)


@holds(discriminator_loss, "su-16")
def test_discriminator_loss_has_the_summands_of_su_16(seed, su_16):
    on_data, on_samples = map(summand, su_16.statements[0].other.args)
    formula = by_logit(on_data, real) + by_logit(on_samples, fake)
    g = torch.Generator().manual_seed(seed)
    inputs = (random(g, 6, 3), random(g, 6, 3))
    held_against(formula, (real, fake), lambda a, b: discriminator_loss(a, b).sum(-1), inputs)


@holds(generator_loss, "su-20")
def test_generator_loss_is_the_summand_of_su_20(seed, su_20):
    printed = by_logit(summand(su_20.statements[0].right), fake)  # a mean over z
    inputs = (random(torch.Generator().manual_seed(seed), 6, 3),)
    held_against(printed, (fake,), lambda a: generator_loss(a).sum(-1), inputs)


@holds(minimax_generator_loss, "rq-4")
def test_minimax_generator_loss_is_minus_the_summand_of_rq_4(seed, rq_4):
    printed = by_logit(rq_4.statements[0].left.value, fake)  # a mean over z
    inputs = (random(torch.Generator().manual_seed(seed), 6, 3),)
    held_against(-printed, (fake,), lambda a: minimax_generator_loss(a).sum(-1), inputs)


@holds(optimal_discriminator_logit, "su-18")
def test_optimal_discriminator_logit_is_su_18(seed, su_18):
    printed = su_18.statements[0].at.xreplace({gan.data: exp(real), gan.old: exp(fake)})
    g = torch.Generator().manual_seed(seed)

    def chance(log_p, log_q):
        return torch.sigmoid(optimal_discriminator_logit(log_p, log_q)).sum(-1)

    held_against(printed, (real, fake), chance, (random(g, 6, 3), random(g, 6, 3)))


NEW, OLD = sympy.symbols("g:2", real=True), sympy.symbols("h:2", real=True)


def printed_terms(su_26):
    """What (26) prints in its mean over z: the squared step, with q(z) before it, and −log D."""
    step, adversarial = (one for one in su_26.statements if one.proves == "su-26.a")
    return summand(step.right), summand(adversarial.right)


def squared_step(su_26, weight):
    """The second term of su-26 for two coordinates of the data, which are NEW now and were OLD."""
    squares = sum((new - old) ** 2 for new, old in zip(NEW, OLD))
    step, _ = printed_terms(su_26)
    (norm,) = step.atoms(SquaredNorm)
    return step.xreplace({norm: squares, gan.PRIOR(gan.z): sympy.S.One}).subs(lam, weight)


@holds(step_penalty, "su-26")
def test_step_penalty_is_the_norm_of_su_26(seed, su_26):
    g = torch.Generator().manual_seed(seed)
    inputs = tuple(random(g, 6, 1) for _ in range(4))

    def loss(a, b, c, d):
        return step_penalty(torch.cat([a, b], -1), torch.cat([c, d], -1))

    held_against(squared_step(su_26, 1), (*NEW, *OLD), loss, inputs)


@holds(regularised_generator_loss, "su-26")
def test_regularised_generator_loss_is_the_printed_su_26(seed, su_26):
    _, adversarial = printed_terms(su_26)
    formula = by_logit(adversarial, fake) + squared_step(su_26, 0.7)
    g = torch.Generator().manual_seed(seed)
    inputs = tuple(random(g, 6, 1) for _ in range(5))

    def loss(logits, a, b, c, d):
        return regularised_generator_loss(
            logits[..., 0], torch.cat([a, b], -1), torch.cat([c, d], -1), 0.7
        )

    held_against(formula, (fake, *NEW, *OLD), loss, inputs)
