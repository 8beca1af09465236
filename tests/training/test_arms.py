"""Arms × seeds in one stack: alike in all that is random, and independent of each other."""

from typing import NamedTuple

import pytest
import torch
from torch import nn

from onekl.training.arms import Arms
from onekl.training.networks import SeedBatchNorm, SeedLinear, mlp
from onekl.training.optimisers import RowAdam, descend
from onekl.training.seeds import Seeds


class Arm(NamedTuple):
    loss: str
    rate: float = 1.0
    lam: float = 0.0
    every: int = 1  # the steps of which it takes one


ARMS = [Arm("squares"), Arm("size", 0.5, 3.0), Arm("squares", 0.1, 0.2, 3), Arm("size", every=2)]
LOSSES = {
    "squares": lambda y, x, lam: (y - x.prod(-1, keepdim=True)).square() + lam * y.abs(),
    "size": lambda y, x, lam: (y + 1).abs() + lam * y.square(),
}


def train(arms, seeds, steps=60):
    """The first layer's weights of each arm, {arm: (S, 2, 16)}, after a small regression."""
    stack = Arms(arms, seeds)
    network = mlp(stack.child("network"), [2, 16, 1], nn.Tanh).double()
    optimiser = RowAdam(network.parameters(), 1e-2, stack.column("rate").double())
    data, lam = stack.child("data"), stack.column("lam").double()[:, None, None]
    every = torch.tensor([arm.every for arm in arms]).repeat_interleave(len(seeds))
    for step in range(steps):
        x = data.normal(32, 2).double()
        loss = stack.apply("loss", LOSSES, network(x), x, lam).mean((1, 2))
        descend(optimiser, loss, rows=step % every == 0)
    return stack.split(network[0].weight.detach())


def test_seed_s_of_an_arm_is_that_arm_alone_on_that_seed():
    together = train(ARMS, [3, 11, 4])
    for arm in ARMS:
        for place, seed in enumerate([3, 11, 4]):
            alone = train([arm], [seed])[arm]
            # batched and single products may sum in another order
            torch.testing.assert_close(together[arm][place : place + 1], alone, rtol=0, atol=1e-11)
    ends = [together[arm] for arm in ARMS]
    apart = [(a - b).abs().max() for i, a in enumerate(ends) for b in ends[:i]]
    assert min(apart) > 1e-2  # the arms do differ, so the test above can fail


def test_arms_draw_what_a_seed_draws_alone():
    stack, alone = Arms(ARMS, [5, 6]), Seeds([5, 6])
    for name, draw in (("a", "normal"), ("b", "uniform")):
        ours, own = (getattr(s.child(name), draw)(3, 2) for s in (stack, alone))
        assert ours.shape == (8, 3, 2) and torch.equal(ours, own.repeat(4, 1, 1))
    assert torch.equal(stack.child("c").integers(9, 4)[:2], alone.child("c").integers(9, 4))
    assert len(stack) == len(stack.child("d")) == 8


def test_fields_become_columns_and_masks():
    stack = Arms(ARMS, [5, 6])
    assert stack.column("lam").tolist() == pytest.approx([0, 0, 3, 3, 0.2, 0.2, 0, 0])
    assert stack.where(loss="size").tolist() == [False] * 2 + [True] * 2 + [False] * 2 + [True] * 2
    assert stack.where(loss="size", every=2).nonzero().flatten().tolist() == [6, 7]


def test_a_loss_sees_the_rows_of_its_own_arms_alone():
    stack, y = Arms(ARMS, [5, 6]), torch.ones(8, 3, requires_grad=True)
    with torch.no_grad():
        y[stack.where(loss="squares")] = -1.0  # where the other arms' loss has no finite gradient
    losses = {"squares": lambda y: y.square(), "size": lambda y: y.log()}
    stack.apply("loss", losses, y).sum().backward()
    assert torch.equal(
        y.grad, torch.where(stack.where(loss="size")[:, None], 1.0, -2.0).expand(8, 3)
    )


def test_one_arm_comes_out_of_a_stack_with_its_buffers():
    stack = Arms(ARMS, [5, 6])
    layers = SeedLinear(stack.child("network"), 2, 4), SeedBatchNorm(len(stack), 4)
    network, x = nn.Sequential(*layers), stack.child("x").normal(7, 2)
    network(x)
    alone = stack.network(network.eval(), ARMS[2])
    torch.testing.assert_close(alone(x[4:6]), network(x)[4:6])
    alone[0].weight.data.zero_()
    assert network[0].weight.abs().min() > 0  # a copy


@pytest.mark.parametrize(
    "arms, message",
    [
        ([], "a stack needs at least one arm"),
        ([Arm("size"), Arm("squares"), Arm("size")], r"two arms are Arm\(loss='size'"),
        ([Arm("size"), "size"], "the arms have different fields"),
    ],
)
def test_bad_arms_are_refused(arms, message):
    with pytest.raises(ValueError, match=message) as caught:
        Arms(arms, [0])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("lam", [-1.0, float("nan"), float("inf"), -1e-9])
def test_a_negative_weight_is_refused_with_its_arm(lam):
    stack = Arms([Arm("size"), Arm("size", lam=lam)], [0, 1])
    with pytest.raises(ValueError, match=r"lam is .* in Arm\(loss='size', rate=1.0, lam="):
        stack.column("lam")


def test_what_does_not_fit_the_arms_is_refused():
    stack = Arms(ARMS, [0, 1])
    with pytest.raises(ValueError, match="no function is given for the arms with loss = 'size'"):
        stack.apply("loss", {"squares": torch.square}, torch.ones(8))
    with pytest.raises(ValueError, match="7 rows are not 4 arms × 2 seeds"):
        stack.split(torch.ones(7))
