"""Adam with a rate and a number of steps for each row, against torch's Adam on the row alone."""

import copy
from functools import partial

import pytest
import torch
from torch import nn

from onekl.training.optimisers import RowAdam, descend


def start():
    generator = torch.Generator().manual_seed(3)
    return torch.randn(3, 4, 2, generator=generator, dtype=torch.float64)


def loss_of(weight):
    return (weight**4 - weight.sin()).flatten(1).sum(1)


def moved(make, values, steps, **which):
    """Where steps of the optimiser take weights that start at these values."""
    weight = nn.Parameter(values.clone())
    optimiser = make([weight])
    for step in range(steps):
        descend(optimiser, loss_of(weight), **{key: of(step) for key, of in which.items()})
    return weight.detach()


@pytest.mark.parametrize("betas", [(0.5, 0.999), (0.0, 0.9), (0.9, 0.99)])
def test_a_row_moves_as_torchs_adam_moves_it_alone(betas):
    share = torch.tensor([1.0, 0.3, 0.0], dtype=torch.float64)
    ours = moved(lambda w: RowAdam(w, 0.02, share, betas), start(), 50)
    for row, rate in enumerate((0.02 * share).tolist()):
        adam = partial(torch.optim.Adam, lr=rate, betas=betas)
        alone = moved(adam, start()[row : row + 1], 50)
        torch.testing.assert_close(ours[row : row + 1], alone, rtol=0, atol=1e-13)


def test_a_row_that_is_left_out_stays_and_goes_on_as_if_it_had_not_been_asked():
    every = torch.tensor([1, 2, 5])
    ours = moved(lambda w: RowAdam(w, 0.02), start(), 40, rows=lambda step: step % every == 0)
    for row, k in enumerate(every.tolist()):
        alone = moved(
            lambda w: torch.optim.Adam(w, 0.02, (0.5, 0.999)), start()[row : row + 1], 40 // k
        )
        torch.testing.assert_close(ours[row : row + 1], alone, rtol=0, atol=1e-13)
    still = moved(lambda w: RowAdam(w, 0.02), start(), 9, rows=lambda step: torch.zeros(3) > 0)
    assert torch.equal(still, start())


def test_a_scheduler_changes_the_rate():
    def run(make):
        weight = nn.Parameter(start())
        optimiser = make([weight])
        decay = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.1, 30)
        for _ in range(30):
            descend(optimiser, loss_of(weight))
            decay.step()
        return weight.detach()

    ours, torchs = (
        run(lambda w: RowAdam(w, 0.02)),
        run(lambda w: torch.optim.Adam(w, 0.02, (0.5, 0.999))),
    )
    torch.testing.assert_close(ours, torchs, rtol=0, atol=1e-13)
    assert not torch.allclose(ours, moved(lambda w: RowAdam(w, 0.02), start(), 30))


def test_its_state_can_be_saved_and_loaded():
    weight = nn.Parameter(start())
    optimiser = RowAdam([weight], 0.02)
    for _ in range(5):
        descend(optimiser, loss_of(weight))
    other = nn.Parameter(weight.detach().clone())
    again = RowAdam([other], 0.5)
    again.load_state_dict(copy.deepcopy(optimiser.state_dict()))  # as a checkpoint has it
    for one, of_one in ((weight, optimiser), (other, again)):
        descend(of_one, loss_of(one))
    assert torch.equal(weight, other)


def test_a_share_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"the share has shape \(2,\), and a weight \(3, 4, 2\)"):
        RowAdam([nn.Parameter(start())], 0.1, torch.ones(2))
