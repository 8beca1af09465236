"""The losses of VAE and EM against the claim objects: value and gradient, in float64."""

import numpy as np
import pytest
import sympy
import torch
from sympy import exp

from held import SEEDS, held_against, holds, random, summand
from onekl.chapters.joint_kl.claims import P, Q, x, z
from onekl.chapters.vae import claims as vae
from onekl.chapters.vae.claims import epsilon, mu, sigma, v
from onekl.symbolic.algebra import Gaussian, define, instantiate, integrate_real
from onekl.symbolic.sampling import on_tables
from onekl.training.losses.gaussian import (
    gaussian_kl,
    reconstruction_loss,
    reparameterise,
    vae_loss,
)
from onekl.training.losses.joint import bound_gap, joint_kl, negative_log_likelihood

mean, noise = sympy.symbols("m epsilon", real=True)
s2 = sympy.Symbol("r", real=True)  # the decoder's log-variance


@holds(gaussian_kl, "sn-9")
def test_gaussian_kl_is_sn_9(seed, sn_9):
    printed = sn_9.statements[0].right.subs(sigma, exp(v / 2))
    assert sympy.simplify(printed - vae.gaussian_kl.subs(sigma, exp(v / 2))) == 0
    g = torch.Generator().manual_seed(seed)
    held_against(printed, (mu, v), gaussian_kl, (random(g, 7, 3), random(g, 7, 3)))


FAMILIES = {
    Q(x, given=z): Gaussian(x, mean, exp(s2)),
    P(z, given=x): Gaussian(z, mu, exp(v)),
    Q(z): Gaussian(z, 0, 1),
}


def of_one_draw(su_7):
    """What (7) prints in its mean over x, for one z."""
    return summand(summand(su_7.statements[0].right))


@holds(vae_loss, "su-7")
def test_vae_loss_is_su_7_for_gaussians(seed, su_7):
    formula = integrate_real(define(instantiate(of_one_draw(su_7), FAMILIES)))
    g = torch.Generator().manual_seed(seed)
    inputs = tuple(random(g, 6, 1) for _ in range(5))
    held_against(formula, (x, mean, s2, mu, v), vae_loss, inputs)


@holds(reconstruction_loss, "su-7")
def test_reconstruction_loss_is_the_first_term_of_su_7(seed, su_7):
    first, _ = of_one_draw(su_7).args
    formula = integrate_real(define(instantiate(first, FAMILIES)))
    g = torch.Generator().manual_seed(seed)
    inputs = tuple(random(g, 6, 4) for _ in range(3))
    held_against(formula, (x, mean, s2), reconstruction_loss, inputs)


@pytest.mark.parametrize("seed", SEEDS)
def test_vae_loss_sums_over_the_coordinates_of_data_and_code(seed):
    g = torch.Generator().manual_seed(seed)
    data, decoded, log_var, code, spread = (
        random(g, 5, 8),
        random(g, 5, 8),
        random(g, 5, 8),
        random(g, 5, 2),
        random(g, 5, 2),
    )
    whole = vae_loss(data, decoded, log_var, code, spread)
    columns = sum(
        reconstruction_loss(data[:, [i]], decoded[:, [i]], log_var[:, [i]]) for i in range(8)
    )
    codes = sum(gaussian_kl(code[:, [i]], spread[:, [i]]) for i in range(2))
    torch.testing.assert_close(whole, columns + codes, rtol=1e-12, atol=1e-12)


@holds(reparameterise, "sn-10")
def test_reparameterise_is_the_map_of_sn_10(seed, sn_10):
    formula = sn_10.statements[0].value.subs(sigma, exp(v / 2))
    g = torch.Generator().manual_seed(seed)
    held_against(
        formula,
        (mu, v, epsilon),
        lambda *a: reparameterise(*a).sum(-1),
        tuple(random(g, 6, 3) for _ in range(3)),
    )


def one_point(k):
    """The cells of p(z|x) and of q(x, z) at one data point with k letters of z, and the tables."""
    encoder = sympy.symbols(f"e:{k}", positive=True)
    model = sympy.symbols(f"j:{k}", positive=True)
    # p̃ is a single letter; the other row of q makes the table sum to one
    tables = {P: [list(encoder), [0] * k], Q: [list(model), [(1 - sum(model)) / k] * k]}
    return encoder, model, tables


def held_on_tables(formula, loss, seed):
    """`loss` and its slopes in log q(x, z) are those of `formula` at one data point."""
    encoder, model, tables = one_point(3)
    rng = np.random.default_rng(seed)
    e, j = rng.dirichlet(np.ones(3)), rng.dirichlet(np.ones(4))[:3]
    log_e, log_j = (torch.tensor(np.log(a)).requires_grad_() for a in (e, j))
    point = dict(zip((*encoder, *model), (*e, *j)))
    formula, value = on_tables(formula, tables), loss(log_e, log_j)
    assert float(value.detach()) == pytest.approx(float(formula.subs(point)), rel=1e-12)
    slopes = [  # d/d log j = j · d/dj
        float((formula.diff(symbol) * symbol).subs(point)) for symbol in model
    ]
    got = torch.autograd.grad(value, (log_j,))[0].numpy()
    np.testing.assert_allclose(got, slopes, rtol=1e-10, atol=1e-12)


@holds(joint_kl, "su-4")
def test_joint_kl_is_the_left_side_of_su_4_on_tables(seed, su_4):
    apart, _ = su_4.statements
    held_on_tables(apart.left, joint_kl, seed)  # one point has no entropy


@holds(bound_gap, "su-4")
def test_bound_gap_is_the_remainder_of_su_4_on_tables(seed, su_4):
    _, bound = su_4.statements
    held_on_tables(bound.remainder, bound_gap, seed)


@holds(negative_log_likelihood, "su-1", "su-2")
def test_negative_log_likelihood_is_su_2_with_the_density_of_su_1(seed, su_1, su_2):
    any_f = sympy.Function("f", nonnegative=True)(x)  # (1) is an equation of functions of x
    density = summand(su_1.statements[0].right).xreplace({any_f: sympy.S.One})
    likelihood = su_2.statements[0].functional.subs(Q(x), density)
    held_on_tables(-likelihood, lambda log_e, log_j: negative_log_likelihood(log_j), seed)
