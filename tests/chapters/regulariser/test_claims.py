"""The regulariser's claims: what the check notebook does not hold."""

import copy
from dataclasses import replace
from random import Random

import mpmath
import numpy as np
import pytest
import sympy
import torch
from sympy import Abs, Add, Derivative, Function, Mul, S

from onekl.chapters.joint_kl.claims import Q, x, z
from onekl.chapters.regulariser.claims import (
    CLAIMS,
    image,
    lam,
    old_image,
    r,
    sigma,
    smoothed_kl,
    t,
    w,
)
from onekl.symbolic.algebra import KL, Gaussian
from onekl.symbolic.numeric import DIGITS
from onekl.symbolic.proof import NotProved
from onekl.symbolic.real_line import closed_form
from onekl.symbolic.second_order import SecondOrder, SmoothFunctions
from onekl.training.losses.adversarial import regularised_generator_loss, step_penalty

claims = {claim.id: claim for claim in CLAIMS}
g = Function("g", real=True)
move = Add(g(t, z), -g(0, z), evaluate=False)
STILL = SecondOrder(
    SmoothFunctions((Q,)),
    weight=Q(z),
    value=move**2,
    symbol=t,
    point=S.Zero,
    bend=2 * Derivative(g(t, z), t) ** 2,
)


def violation(statement):
    """The largest violation on a few instances."""
    with mpmath.workdps(DIGITS):
        measure = statement.compile()
        return max(measure(statement.instances.draw(Random(index), index)) for index in range(5))


def test_the_mean_square_of_a_move_is_stationary_where_it_starts():
    STILL.prove()
    assert violation(STILL) < 1e-18


@pytest.mark.parametrize(
    "wrong, why",
    [
        (dict(value=move), "slope"),
        (dict(value=Mul(move, g(t, z))), "slope"),
        (dict(value=move**2 + 1), "value"),
        (dict(value=move**4), "second derivative"),
        (dict(bend=2 * Derivative(g(t, z), t)), "second derivative"),
        (dict(bend=S.Zero), "second derivative"),
        (dict(value=g(t, z) ** 2), "value"),
    ],
)
def test_stationary_refuses_what_is_false(wrong, why):
    false = replace(STILL, **wrong)
    with pytest.raises(NotProved, match=why):
        false.prove()
    assert violation(false) > 1e-9


def test_stationary_refuses_a_weight_that_moves_along_the_curve():
    with pytest.raises(NotProved, match="density"):
        replace(STILL, symbol=z, value=z**2, bend=S(2)).prove()


def test_curves_draw_another_cubic_for_each_function_and_letter():
    instance = SmoothFunctions((Q,), scalars=(lam,)).draw(Random(0), 0)
    values = {
        instance.functions(name, S.Zero, letter) for name in ("g_1", "g_2") for letter in (0, 1)
    }
    assert len(values) == 4 and instance.values[lam] > 0


def test_the_trained_penalty_is_the_divergence_of_su_25_per_coordinate():
    formula = (image - old_image) ** 2 / (2 * sigma**2)
    assert sympy.simplify(closed_form(smoothed_kl) - formula) == 0
    generator = torch.Generator().manual_seed(0)
    new, old = (torch.randn(6, 4, generator=generator, dtype=torch.float64) for _ in range(2))
    width = 0.7
    expected = sympy.lambdify((image, old_image, sigma), formula, "numpy")(
        new.numpy(), old.numpy(), width
    ).sum(-1)
    np.testing.assert_allclose(
        step_penalty(new, old).numpy() / (2 * width**2), expected, rtol=1e-12
    )


def test_k_gradient_steps_go_as_far_as_su_t8_says():
    slope, mass, rate, weight = 0.8, 1.3, 0.1, 1.7
    law = claims["su-t8"].statements[-1].left  # w (1 − r^(k + 1))
    shrink, limit = 1 - 2 * weight * mass * rate, slope / (2 * weight * mass)
    u = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.SGD([u], lr=rate)
    for steps in range(6):
        optimiser.zero_grad()
        (-slope * u + weight * mass * u**2).backward()
        optimiser.step()
        (count,) = law.free_symbols - {r, w}
        assert u.item() == pytest.approx(
            float(law.subs({r: shrink, w: limit, count: steps})), rel=1e-12
        )


def test_the_kernel_of_su_23_has_to_be_gaussian_for_the_lines_to_agree():
    divergence, line = claims["su-23"].also[-1].sides()
    assert divergence == sympy.exp(-1) and line == 1
    same = KL(Gaussian(x, 0, 1), Gaussian(x, 1, 1))
    assert closed_form(same) == S.Half


def trained(steps, lam, optimiser, old_mode="train", freezes=8):
    """G's parameters and buffers after `freezes` copies of G° with `steps` steps each, D fixed."""
    torch.manual_seed(0)
    generator = torch.nn.Sequential(
        torch.nn.Linear(3, 8), torch.nn.BatchNorm1d(8), torch.nn.ReLU(), torch.nn.Linear(8, 2)
    )
    judge = torch.nn.Sequential(
        torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1)
    ).requires_grad_(False)
    stepper = optimiser(generator.parameters())
    for _ in range(freezes):
        codes = torch.randn(16, 3)
        with torch.no_grad():
            frozen = copy.deepcopy(generator)
            frozen.train(old_mode == "train")
            old = frozen(codes)
        for _ in range(steps):
            stepper.zero_grad()
            sample = generator(codes)
            regularised_generator_loss(judge(sample)[:, 0], sample, old, lam).mean().backward()
            stepper.step()
    moments = [
        value
        for state in stepper.state.values()
        for value in state.values()
        if torch.is_tensor(value)
    ]
    return [*generator.state_dict().values(), *moments]


OPTIMISERS = {
    "SGD": lambda parameters: torch.optim.SGD(parameters, lr=0.05),
    "momentum": lambda parameters: torch.optim.SGD(parameters, lr=0.05, momentum=0.9),
    "Adam": lambda parameters: torch.optim.Adam(parameters, lr=0.01, betas=(0.5, 0.999)),
}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_with_one_step_per_freeze_the_regulariser_changes_no_bit(name):
    without, with_term = (trained(1, lam_, OPTIMISERS[name]) for lam_ in (0.0, 50.0))
    assert len(without) == len(with_term) and all(
        torch.equal(a, b) for a, b in zip(without, with_term)
    )


@pytest.mark.parametrize("steps, old_mode", [(2, "train"), (1, "eval")])
def test_with_two_steps_or_running_averages_it_does(steps, old_mode):
    without, with_term = (
        trained(steps, lam_, OPTIMISERS["Adam"], old_mode) for lam_ in (0.0, 50.0)
    )
    assert not all(torch.equal(a, b) for a, b in zip(without, with_term))


def test_a_value_without_a_second_derivative_is_refused():
    with pytest.raises(NotProved, match="no second derivative"):
        SecondOrder(
            SmoothFunctions((Q,)),
            weight=Q(z),
            value=t * Abs(t),
            symbol=t,
            point=S.Zero,
            bend=S.Zero,
        ).prove()
