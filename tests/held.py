"""A training loss held against a formula: value and gradient, on random inputs, in float64."""

import numpy as np
import sympy
import torch

SEEDS = range(5)


def random(generator, *shape):
    return torch.randn(*shape, generator=generator, dtype=torch.float64).requires_grad_()


def held_against(formula, symbols, loss, inputs):
    """Value and gradient of `loss` equal those of `formula`, summed over the last axis of the inputs."""
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
