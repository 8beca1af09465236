"""The training losses against the claim objects: value and gradient, on random inputs, in float64."""

import numpy as np
import pytest
import sympy
import torch
from sympy import exp

from held import SEEDS, held_against, random
from onekl.chapters import claim
from onekl.chapters.joint_kl.claims import P, Q, elbo, x, z
from onekl.chapters.vae import claims as vae
from onekl.chapters.vae.claims import epsilon, mu, one_sample, sigma, v
from onekl.symbolic.algebra import Expectation, Gaussian, define, instantiate, integrate_real
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


@pytest.mark.parametrize("seed", SEEDS)
def test_gaussian_kl_is_sn_9(seed):
    printed = claim("sn-9").statements[0].right.subs(sigma, exp(v / 2))
    assert sympy.simplify(printed - vae.gaussian_kl.subs(sigma, exp(v / 2))) == 0
    g = torch.Generator().manual_seed(seed)
    held_against(printed, (mu, v), gaussian_kl, (random(g, 7, 3), random(g, 7, 3)))


@pytest.mark.parametrize("seed", SEEDS)
def test_vae_loss_is_su_7_for_gaussians(seed):
    families = {
        Q(x, given=z): Gaussian(x, mean, exp(s2)),
        P(z, given=x): Gaussian(z, mu, exp(v)),
        Q(z): Gaussian(z, 0, 1),
    }
    formula = integrate_real(define(instantiate(one_sample, families)))
    assert claim("su-7").printed == Expectation(P(x), one_sample)
    g = torch.Generator().manual_seed(seed)
    inputs = tuple(random(g, 6, 1) for _ in range(5))
    held_against(formula, (x, mean, s2, mu, v), vae_loss, inputs)


@pytest.mark.parametrize("seed", SEEDS)
def test_reconstruction_loss_is_the_first_term_of_su_7(seed):
    formula = -sympy.log(Gaussian(x, mean, exp(s2)).formula())
    g = torch.Generator().manual_seed(seed)
    held_against(
        formula, (x, mean, s2), reconstruction_loss, tuple(random(g, 6, 4) for _ in range(3))
    )


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


@pytest.mark.parametrize("seed", SEEDS)
def test_reparameterise_is_the_map_of_sn_10(seed):
    law = claim("sn-10").statements[0]
    formula = law.value.subs(sigma, exp(v / 2))
    g = torch.Generator().manual_seed(seed)
    held_against(
        formula,
        (mu, v, epsilon),
        lambda *a: reparameterise(*a).sum(-1),
        tuple(random(g, 6, 3) for _ in range(3)),
    )


def table_formulas(k):
    """su-4's left side (without the entropy of the data), its remainder and su-2 at one data point with k letters of z."""
    encoder = sympy.symbols(f"e:{k}", positive=True)
    model = sympy.symbols(f"j:{k}", positive=True)
    # One data point: p̃ is a single letter. The other row of q makes the table sum to one.
    tables = {P: [list(encoder), [0] * k], Q: [list(model), [(1 - sum(model)) / k] * k]}
    remainder = claim("su-4").statements[0].remainder
    bound = on_tables(-Expectation(P(x), elbo), tables)
    gap = on_tables(remainder, tables)
    return encoder, model, bound, gap


@pytest.mark.parametrize("seed", SEEDS)
def test_joint_kl_and_its_gap_are_su_4_on_tables(seed):
    encoder, model, bound, gap = table_formulas(3)
    rng = np.random.default_rng(seed)
    e, j = rng.dirichlet(np.ones(3)), rng.dirichlet(np.ones(4))[:3]
    log_e, log_j = (torch.tensor(np.log(a)).requires_grad_() for a in (e, j))
    point = dict(zip((*encoder, *model), (*e, *j)))
    for formula, loss in ((bound, joint_kl), (gap, bound_gap)):
        value = loss(log_e, log_j)
        assert float(value.detach()) == pytest.approx(float(formula.subs(point)), rel=1e-12)
        got = torch.autograd.grad(value, (log_j,))[0].numpy()
        slopes = [
            float((formula.diff(symbol) * symbol).subs(point)) for symbol in model
        ]  # d/d log j = j · d/dj
        np.testing.assert_allclose(got, slopes, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_negative_log_likelihood_is_su_2_at_one_point(seed):
    rng = np.random.default_rng(seed)
    j = rng.dirichlet(np.ones(4))[:3]
    tables = {
        P: [[1, 0, 0], [0, 0, 0]],
        Q: [list(map(sympy.Float, j)), [sympy.Float((1 - j.sum()) / 3)] * 3],
    }
    likelihood = claim("su-2").statements[0].functional
    expected = -float(on_tables(likelihood, tables))
    assert float(negative_log_likelihood(torch.tensor(np.log(j)))) == pytest.approx(
        expected, rel=1e-12
    )
