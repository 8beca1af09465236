"""The losses of AAE and ALI: each is its printed formula, and what one says of another."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from onekl.training.losses.adversarial import discriminator_loss
from onekl.training.losses.encoder import (
    aae_loss,
    ali_complete_loss,
    ali_exchanged_loss,
    ali_loss,
    ali_minimax_loss,
)

LOGITS = st.lists(st.floats(-30, 30), min_size=6, max_size=6).map(
    lambda values: torch.tensor(values, dtype=torch.float64).reshape(2, 3)
)


def log_d(logits):
    return torch.log(torch.sigmoid(logits))


@given(LOGITS, LOGITS)
@settings(deadline=None)
def test_the_four_losses_are_the_printed_ones(encoder, generator):
    torch.testing.assert_close(ali_loss(encoder, generator), -log_d(encoder) - log_d(generator))
    torch.testing.assert_close(
        ali_minimax_loss(encoder, generator), log_d(encoder) + log_d(-generator)
    )
    torch.testing.assert_close(
        ali_exchanged_loss(encoder, generator), -log_d(-encoder) - log_d(generator)
    )
    complete = ali_complete_loss(encoder, generator, encoder, generator)
    torch.testing.assert_close(complete, ali_loss(encoder, generator) + encoder + generator)


@given(LOGITS, LOGITS)
@settings(deadline=None)
def test_the_minimax_loss_is_minus_the_discriminators(encoder, generator):
    torch.testing.assert_close(
        ali_minimax_loss(encoder, generator), -discriminator_loss(encoder, generator)
    )
    torch.testing.assert_close(
        ali_exchanged_loss(encoder, generator), discriminator_loss(generator, encoder)
    )


@given(LOGITS, LOGITS)
@settings(deadline=None)
def test_the_articles_loss_and_the_minimax_loss_pull_the_encoder_apart(encoder, generator):
    """Their sum does not depend on the encoder's logits (su-t14).

    For every D the two gradients are opposite.
    """
    moved = encoder + 1
    total = ali_loss(encoder, generator) + ali_minimax_loss(encoder, generator)
    torch.testing.assert_close(
        total, ali_loss(moved, generator) + ali_minimax_loss(moved, generator)
    )


def test_aae_loss():
    x, reconstruction = torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 4.0]])
    torch.testing.assert_close(
        aae_loss(torch.zeros(1), x, reconstruction, 3.0), torch.log(torch.tensor([2.0])) + 15
    )
    with pytest.raises(ValueError, match="must not be negative"):
        aae_loss(torch.zeros(1), x, reconstruction, -1.0)
    with pytest.raises(ValueError, match="must be the same"):
        aae_loss(torch.zeros(1), x, reconstruction[:, :1], 1.0)
