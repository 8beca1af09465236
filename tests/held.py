"""How a training loss is held to what it computes, and which test holds which loss."""

from functools import update_wrapper
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import sympy
import torch

from onekl.chapters import claim
from onekl.symbolic.algebra import ClassProbability, Expectation

SEEDS = range(5)
EQUATION = "equation"  # what a loss is held to that is no claim of the sources
HELD = {}  # by the test's file and name: filled by `holds` alone


class Holding(NamedTuple):
    """A test (seed, *claims) that holds a loss to some claims."""

    loss: object
    ids: tuple
    test: object

    def run(self, seed, claims=claim):
        self.test(seed, *(claims(id) for id in self.ids if id != EQUATION))


def holds(loss, *ids):
    """Mark a test as one that holds `loss` to the claims `ids`.

    The test is given a seed and the claims' objects.
    `test_every_loss_is_held` tries each marked test with a loss that is slightly off and with
    claims that say nothing, so a mark on a test that compares nothing is found.
    """

    def mark(test):
        holding = Holding(loss, ids, test)
        HELD[Path(test.__code__.co_filename).stem, test.__name__] = holding
        held = update_wrapper(lambda seed: holding.run(seed), test)
        del held.__wrapped__  # pytest would read the arguments of the inner function
        return pytest.mark.parametrize("seed", SEEDS)(held)

    return mark


def random(generator, *shape):
    """Standard normal numbers in float64 that carry a gradient."""
    return torch.randn(*shape, generator=generator, dtype=torch.float64).requires_grad_()


def held_against(formula, symbols, loss, inputs):
    """Value and gradient of `loss` are those of `formula`, summed over the inputs' last axis."""
    numbers = [tensor.detach().numpy() for tensor in inputs]
    value = loss(*inputs)
    expected = sympy.lambdify(symbols, formula, "numpy")(*numbers).sum(-1)
    np.testing.assert_allclose(value.detach().numpy(), expected, rtol=1e-12, atol=1e-12)
    gradients = torch.autograd.grad(value.sum(), inputs)
    for symbol, gradient in zip(symbols, gradients):
        slope = sympy.lambdify(symbols, sympy.diff(formula, symbol), "numpy")(*numbers)
        np.testing.assert_allclose(
            gradient.numpy(), np.broadcast_to(slope, gradient.shape), rtol=1e-12, atol=1e-12
        )


def summand(term):
    """What a mean or an integral is of, with the number before it."""
    number, mean = term.as_coeff_Mul()
    return number * (mean.value if isinstance(mean, Expectation) else mean.integrand)


def by_logit(expression, logit):
    """The expression with D = sigmoid(logit), at whatever point D is taken."""
    return expression.replace(
        lambda e: isinstance(e, ClassProbability),
        lambda e: 1 / (1 + sympy.exp(-logit if e.outcome else logit)),
    )
