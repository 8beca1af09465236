"""EM on Gaussian mixtures: scikit-learn's path, the half-steps' sizes, and what is refused."""

import math
import warnings

import numpy as np
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as Oracle
from torch.distributions import MultivariateNormal, kl_divergence

from onekl.chapters.em import gaussian_mixture as gm
from onekl.data.images import digits
from onekl.training.losses.joint import bound_gap, joint_kl, negative_log_likelihood
from onekl.training.seeds import Seeds

STARTS = range(4)
STEPS = 25


def synthetic():
    """900 points of three Gaussians in the plane that overlap: (N, 2)."""
    seeds = Seeds([7]).child("draws")
    factors = torch.tensor(
        [[[1, 0], [0.8, 0.4]], [[0.5, 0], [-0.3, 1]], [[0.7, 0], [0, 0.7]]], dtype=torch.float64
    )
    centres = torch.tensor([[-1.5, 0], [1.5, 0.5], [0, 2]], dtype=torch.float64)
    component = seeds.integers(3, 900)[0]
    return centres[component] + (factors[component] @ seeds.normal(900, 2, 1)[0].double())[..., 0]


def digit_features(dimension=8):
    """The training digits' first principal coordinates: (N, dimension)."""
    x = digits().train.double()
    x = x - x.mean(0)
    return x @ torch.linalg.svd(x, full_matrices=False)[2][:dimension].mT


DATA = {"synthetic": (synthetic(), 3), "digits": (digit_features(), 10)}
data = pytest.mark.parametrize("x, components", DATA.values(), ids=DATA)


def path(mixture, x, steps=STEPS):
    """Each step's mixture before, log p(z|x), and mixture after."""
    for _ in range(steps):
        log_encoder = gm.e_step(mixture, x)
        new = gm.m_step(x, log_encoder)
        yield mixture, log_encoder, new
        mixture = new


def of_start(mixture, s):
    return gm.GaussianMixture(*(part[s] for part in mixture))


def oracle(mixture, x):
    """Scikit-learn's EM from this mixture, one step a fit: its bound and parameters after each."""
    start = {
        "weights_init": mixture.weights,
        "means_init": mixture.means,
        "precisions_init": torch.linalg.inv(mixture.covariances),
    }
    model = Oracle(
        len(mixture.weights),
        max_iter=1,
        tol=0,
        reg_covar=0,
        warm_start=True,
        **{key: value.numpy() for key, value in start.items()},
    )
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # one step never converges
            model.fit(x.numpy())
        yield model


@data
def test_the_path_is_scikit_learns(x, components):
    """`lower_bound_` is the mean log q(x) of the parameters before the M half-step."""
    starts = gm.random_start(x, components, Seeds(STARTS).child("draws"))
    found = list(path(starts, x))
    for s in STARTS:
        for (before, _, after), model in zip(found, oracle(of_start(starts, s), x)):
            before, after = of_start(before, s), of_start(after, s)
            assert (
                abs(-negative_log_likelihood(before.log_joint(x)).mean() - model.lower_bound_)
                < 1e-8
            )
            assert (
                abs(-negative_log_likelihood(after.log_joint(x)).mean() - model.score(x.numpy()))
                < 1e-8
            )
            for ours, theirs in zip(after, (model.weights_, model.means_, model.covariances_)):
                np.testing.assert_allclose(ours.numpy(), theirs, rtol=0, atol=1e-8)


@data
def test_the_starts_differ_and_move(x, components):
    """The comparison above is of several paths, none of which stands still."""
    starts = gm.random_start(x, components, Seeds(STARTS).child("draws"))
    *_, (_, _, last) = path(starts, x)
    likelihood = -negative_log_likelihood(last.log_joint(x)).mean(-1)
    assert (likelihood + negative_log_likelihood(starts.log_joint(x)).mean(-1)).min() > 0.1
    first = torch.stack(
        [-negative_log_likelihood(of_start(starts, s).log_joint(x)).mean() for s in STARTS]
    )
    assert len(set(first.tolist())) == len(STARTS)


@data
def test_each_half_step_lowers_the_joint_kl_by_its_exact_size(x, components):
    found = list(path(gm.random_start(x, components, Seeds(STARTS).child("draws")), x))

    def objective(log_encoder, model):
        return joint_kl(log_encoder, model.log_joint(x)).mean(-1)

    for (_, stale, _), (mixture, fresh, new) in zip(found, found[1:]):
        e_decrease = objective(stale, mixture) - objective(fresh, mixture)
        m_decrease = objective(fresh, mixture) - objective(fresh, new)
        assert (e_decrease > 0).all() and (m_decrease > 0).all()
        torch.testing.assert_close(
            e_decrease, bound_gap(stale, mixture.log_joint(x)).mean(-1), rtol=0, atol=1e-10
        )
        torch.testing.assert_close(m_decrease, gm.mixture_kl(new, mixture), rtol=0, atol=1e-10)
        touch = negative_log_likelihood(mixture.log_joint(x)).mean(-1)
        torch.testing.assert_close(objective(fresh, mixture), touch, rtol=0, atol=1e-10)


@data
def test_the_m_half_step_is_a_minimum(x, components):
    """The joint KL's slopes vanish there, and a step away raises it, for a p(z|x) of no mixture."""
    log_encoder = torch.log_softmax(
        Seeds([3]).child("draws").normal(len(x), components)[0].double(), -1
    )
    best = gm.m_step(x, log_encoder)
    least = joint_kl(log_encoder, best.log_joint(x)).mean()
    noise = Seeds(range(20)).child("draws").normal(components, 1 + x.shape[1]).double()
    for size in (1e-3, 1e-1):
        for draw in size * noise:
            other = gm.GaussianMixture(
                torch.softmax(best.weights.log() + draw[:, 0], 0),
                best.means + draw[:, 1:],
                best.covariances * torch.exp(draw[:, :1, None]),
            )
            rise = joint_kl(log_encoder, other.log_joint(x)).mean() - least
            assert rise > 0
            assert abs(rise - gm.mixture_kl(best, other)) < 1e-9  # Pythagoras, from the other side


def test_a_start_in_a_stack_runs_as_it_does_alone():
    x, components = DATA["synthetic"]
    *_, (_, _, stack) = path(gm.random_start(x, components, Seeds([5, 9]).child("draws")), x)
    *_, (_, _, alone) = path(gm.random_start(x, components, Seeds([9]).child("draws")), x)
    for ours, theirs in zip(stack, alone):
        torch.testing.assert_close(ours[1], theirs[0], rtol=0, atol=1e-12)


def test_each_start_may_have_its_own_points():
    x = torch.stack([DATA["synthetic"][0][:400], DATA["synthetic"][0][400:800]])
    starts = [gm.random_start(one, 3, Seeds([0]).child("draws")) for one in x]
    both = gm.GaussianMixture(*(torch.cat(parts) for parts in zip(*starts)))
    *_, (_, _, last) = path(both, x, 5)
    for s in (0, 1):
        *_, (_, _, alone) = path(of_start(both, s), x[s], 5)
        torch.testing.assert_close(last.covariances[s], alone.covariances, rtol=0, atol=1e-12)


def random_mixtures(components=3, dimension=4):
    """Two random mixtures with a leading axis of 2."""
    for seed in (0, 1):
        seeds = Seeds([seed, seed + 10]).child("draws")
        factor = seeds.normal(components, dimension, dimension).double()
        yield gm.GaussianMixture(
            torch.softmax(seeds.normal(components).double(), -1),
            seeds.normal(components, dimension).double(),
            factor @ factor.mT + 0.1 * torch.eye(dimension),
        )


def test_log_joint_and_kl_are_torchs():
    mixture, old = random_mixtures()
    x = Seeds([4]).child("draws").normal(6, 4)[0].double()
    normals = [MultivariateNormal(m.means, m.covariances) for m in (mixture, old)]
    expected = mixture.weights.log()[:, None] + normals[0].log_prob(x[:, None, None]).movedim(0, 1)
    torch.testing.assert_close(mixture.log_joint(x), expected, rtol=1e-12, atol=1e-12)
    kl = (mixture.weights * ((mixture.weights / old.weights).log() + kl_divergence(*normals))).sum(
        -1
    )
    torch.testing.assert_close(gm.mixture_kl(mixture, old), kl, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(
        gm.mixture_kl(mixture, mixture), torch.zeros(2, dtype=torch.float64), rtol=0, atol=1e-12
    )


def test_the_gradient_of_the_joint_kl_at_the_posterior_is_that_of_the_likelihood():
    x = DATA["synthetic"][0]
    start = of_start(gm.random_start(x, 3, Seeds([0]).child("draws")), 0)
    parameters = [part.clone().requires_grad_() for part in start]
    mixture = gm.GaussianMixture(*parameters)
    posterior = gm.e_step(mixture, x).detach()
    fixed = torch.autograd.grad(joint_kl(posterior, mixture.log_joint(x)).mean(), parameters)
    whole = torch.autograd.grad(negative_log_likelihood(mixture.log_joint(x)).mean(), parameters)
    for one, other in zip(fixed, whole):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)
        assert one.abs().max() > 1e-3


def test_a_component_without_mass_is_one_clear_line():
    log_encoder = torch.tensor([0, -math.inf], dtype=torch.float64).expand(2, 900, 2)
    with pytest.raises(
        ValueError,
        match=r"^component 1 of start 0 has no mass.*start elsewhere or use fewer components$",
    ):
        gm.m_step(DATA["synthetic"][0], log_encoder)


@pytest.mark.parametrize("collapsed", ["a line", "a point", "nearly a line"])
def test_a_singular_component_is_one_clear_line(collapsed):
    x = DATA["synthetic"][0].clone()
    x[:300, 1] = {
        "a line": 3 * x[:300, 0] + 1,
        "a point": torch.tensor(0.2),
        "nearly a line": 1e-6 * x[:300, 1],
    }[collapsed]
    if collapsed == "a point":
        x[:300, 0] = 0.1
    log_encoder = torch.full((900, 2), -math.inf, dtype=torch.float64)
    log_encoder[300:, 0] = log_encoder[:300, 1] = 0
    with pytest.raises(
        ValueError,
        match="^component 1 has a singular covariance: its points coincide or lie in a plane",
    ):
        gm.m_step(x, log_encoder)


def test_a_thin_component_is_no_singular_one():
    x = DATA["synthetic"][0].clone()
    x[:300, 1] *= 1e-4
    log_encoder = torch.full((900, 2), -math.inf, dtype=torch.float64)
    log_encoder[300:, 0] = log_encoder[:300, 1] = 0
    assert torch.isfinite(gm.m_step(x, log_encoder).log_joint(x)).all()


def test_what_does_not_fit_is_one_clear_line():
    x = DATA["synthetic"][0]
    start = gm.random_start(x, 3, Seeds([0]).child("draws"))
    with pytest.raises(ValueError, match=r"expected points of shape \(N, 2\), got \(900, 1\)"):
        start.log_joint(x[:, :1])
    with pytest.raises(ValueError, match="5 components cannot start at distinct points of 4"):
        gm.random_start(x[:4], 5, Seeds([0]).child("draws"))
    broken = start._replace(covariances=-start.covariances)
    with pytest.raises(
        ValueError, match="^component 0 of start 0 has a covariance that is not positive definite"
    ):
        broken.log_joint(x)
