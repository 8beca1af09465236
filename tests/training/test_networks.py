"""Seed s of a stack is the run of seed s alone."""

import pytest
import torch
from torch import nn

from onekl.training.networks import SeedBatchNorm, SeedLinear, mlp
from onekl.training.seeds import Seeds


def train(numbers, steps=60):
    """Train a small regression for each seed; return the outputs on fixed points, (S, 7, 1)."""
    seeds = Seeds(numbers)
    order, noise = seeds.child("order"), seeds.child("noise")
    network = mlp(seeds.child("network"), [2, 16, 1], nn.Tanh).double()
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    data = torch.randn(100, 2, generator=torch.Generator().manual_seed(99), dtype=torch.float64)
    for _ in range(steps):
        x = data[order.integers(100, 32)]
        target = x.prod(-1, keepdim=True) + 0.1 * noise.normal(32, 1)
        loss = (
            ((network(x) - target) ** 2).mean((1, 2)).sum()
        )  # a mean over the batch, a sum over the seeds
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return network(data[:7].expand(len(seeds), 7, 2)).detach()


def test_seed_of_a_stack_equals_the_seed_alone():
    stack = train([3, 11, 4])
    alone = torch.cat([train([3]), train([11]), train([4])])
    # batched and single products may sum in another order: errors of 1e-16, grown by 60 steps
    torch.testing.assert_close(stack, alone, rtol=0, atol=1e-11)
    # other seeds do differ, so the test above can fail
    assert (stack[0] - stack[1]).abs().max() > 1e-2


def test_first_weights_are_equal_to_the_bit():
    stack, alone = (
        mlp(Seeds([5, 6]).child("network"), [3, 4, 2]),
        mlp(Seeds([6]).child("network"), [3, 4, 2]),
    )
    for of_stack, of_alone in zip(stack.parameters(), alone.parameters()):
        assert torch.equal(of_stack[1:], of_alone)


def test_layer_is_the_linear_layer_of_each_seed():
    layer = SeedLinear(Seeds([0, 1]).child("network"), 3, 4)
    x = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0))
    for s in range(2):
        expected = nn.functional.linear(x[s], layer.weight[s].T, layer.bias[s, 0])
        torch.testing.assert_close(layer(x)[s], expected)


def test_weights_start_on_the_stated_range():
    layer = SeedLinear(Seeds(range(4)).child("network"), 25, 400)
    for values in (layer.weight, layer.bias):
        assert 0.19 < values.abs().max() <= 0.2
        assert abs(values.mean()) < 0.02


def test_mlp_has_no_activation_at_the_end():
    assert [type(layer) for layer in mlp(Seeds([0]).child("network"), [2, 3, 1])] == [
        SeedLinear,
        nn.ReLU,
        SeedLinear,
    ]


@pytest.mark.parametrize("shape", [(5, 3), (1, 5, 3), (2, 5, 4)])
def test_wrong_input_is_refused(shape):
    with pytest.raises(ValueError, match=r"expected an input of shape \(2, B, 3\), got"):
        SeedLinear(Seeds([0, 1]).child("network"), 3, 4)(torch.zeros(shape))


def test_batch_normalisation_is_that_of_each_seed():
    x = 3 + 2 * torch.randn(
        2, 5, 3, 4, generator=torch.Generator().manual_seed(0)
    )  # batches, seeds, examples, n
    stack, alone = SeedBatchNorm(5, 4), [nn.BatchNorm1d(4) for _ in range(5)]
    with torch.no_grad():
        for s, one in enumerate(alone):
            one.weight.copy_(torch.arange(4) + s)
            one.bias.copy_(torch.arange(4) - s)
            stack.weight[s, 0], stack.bias[s, 0] = one.weight, one.bias
    for batch in x:
        torch.testing.assert_close(
            stack(batch), torch.stack([one(part) for one, part in zip(alone, batch)])
        )
    torch.testing.assert_close(
        stack.running_mean[:, 0], torch.stack([one.running_mean for one in alone])
    )
    torch.testing.assert_close(
        stack.running_var[:, 0], torch.stack([one.running_var for one in alone])
    )
    for one in (stack, *alone):
        one.eval()
    torch.testing.assert_close(
        stack(x[0]), torch.stack([one(part) for one, part in zip(alone, x[0])])
    )
    in_evaluation = stack(x[0])
    assert not torch.allclose(stack.train()(x[0]), in_evaluation, atol=0.1)


def test_batch_normalisation_passes_the_gradient_through_the_statistics():
    x = torch.randn(
        2, 5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64, requires_grad=True
    )
    assert torch.autograd.gradcheck(SeedBatchNorm(2, 3).double(), x)


@pytest.mark.parametrize("shape", [(5, 3), (1, 5, 3), (2, 5, 4)])
def test_batch_normalisation_refuses_another_shape(shape):
    with pytest.raises(ValueError, match=r"expected an input of shape \(2, B, 3\), got"):
        SeedBatchNorm(2, 3)(torch.zeros(shape))


def test_batch_normalisation_refuses_a_batch_of_one():
    with pytest.raises(ValueError, match="a batch of 1 has no variance"):
        SeedBatchNorm(2, 3)(torch.zeros(2, 1, 3))
