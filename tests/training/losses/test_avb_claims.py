"""The losses of AVB against the claim objects, on random tables, in float64."""

import numpy as np
import pytest
import torch
from sympy import log

from held import holds
from onekl.chapters.avb.claims import D, P, Q, R, T_best, x, z
from onekl.symbolic.algebra import Joint
from onekl.symbolic.lines.written import replaced
from onekl.symbolic.sampling import on_tables
from onekl.training.losses.adversarial import discriminator_loss
from onekl.training.losses.encoder import adaptive_contrast_loss, avb_loss

UP, DOWN = Joint("u", (x, z)), Joint("w", (x, z))  # log u − log w takes any value
SHARE = UP(x, z) / (UP(x, z) + DOWN(x, z))
ANY_T = {T_best: log(UP(x, z) / DOWN(x, z)), D: SHARE, D.other: 1 - SHARE}


def tables(seed):
    """Random tables (3, 4) by their joints p, q, r, u and w, and any T as a tensor (3, 4)."""
    made = np.random.default_rng(seed).dirichlet(np.ones(12), 5).reshape(5, 3, 4)
    named = dict(zip((P, Q, R, UP, DOWN), made))
    return named, torch.tensor(np.log(named[UP] / named[DOWN]))


def expected(formula, named):
    """The formula's value on the tables, whatever T is."""
    given = {joint: table.tolist() for joint, table in named.items()}
    return pytest.approx(float(on_tables(replaced(formula, ANY_T.get), given)), rel=1e-12)


def conditional(table, axis):
    return torch.tensor(table / table.sum(axis, keepdims=True))


@holds(avb_loss, "avb-5")
def test_avb_loss_is_minus_avb_5(seed, avb_5):
    named, any_T = tables(seed)
    loss = avb_loss(any_T, conditional(named[Q], 0).log())  # log q(x|z)
    found = -(torch.tensor(named[P]) * loss).sum().item()
    assert found == expected(avb_5.statements[0].right, named)


@holds(adaptive_contrast_loss, "avb-7")
def test_adaptive_contrast_loss_is_minus_avb_7_mended(seed, avb_7):
    named, any_T = tables(seed)
    log_reference = conditional(named[R], 1).log()  # log r(z|x)
    loss = adaptive_contrast_loss(any_T, log_reference, torch.tensor(named[Q]).log())
    found = -(torch.tensor(named[P]) * loss).sum().item()
    assert found == expected(avb_7.statements[0].right, named)


@holds(discriminator_loss, "avb-3")
def test_the_loss_of_T_is_minus_avb_3(seed, avb_3):
    named, any_T = tables(seed)
    p = named[P]
    prior_pairs = p.sum(1, keepdims=True) * named[Q].sum(0)  # p̃(x) q(z)
    down, across = torch.broadcast_tensors(any_T.flatten()[:, None], any_T.flatten())
    found = p.ravel() @ discriminator_loss(down, across).numpy() @ prior_pairs.ravel()
    assert found == expected(avb_3.statements[0].functional, named)
