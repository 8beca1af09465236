"""The losses of AAE and ALI: each is its printed formula, and what one says of another."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from onekl.training.losses.adversarial import discriminator_loss
from onekl.training.losses.encoder import (
    aae_loss,
    adaptive_contrast_loss,
    ali_complete_loss,
    ali_exchanged_loss,
    ali_loss,
    ali_minimax_loss,
    avb_loss,
)
from onekl.training.losses.gaussian import gaussian_log_density

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


def test_a_T_that_gives_more_than_one_number_a_pair_is_refused():
    """Also the usual slip, an axis of length 1 that the last layer leaves."""
    of_pairs = torch.zeros(2, 3)
    for logits in (torch.zeros(2, 3, 1), torch.zeros(2, 3, 2), torch.zeros(2, 1)):
        for loss in (
            lambda logits: avb_loss(logits, of_pairs),
            lambda logits: adaptive_contrast_loss(logits, of_pairs, of_pairs),
        ):
            with pytest.raises(ValueError, match="one number for each pair") as refused:
                loss(logits)
            assert "\n" not in str(refused.value)


def test_a_reference_with_variance_0_is_refused_where_it_can_be_seen_and_else_gives_nan():
    """That of two codes at one place, as they come from an encoder without noise."""
    codes, prior = torch.tensor([[[1.0], [1.0]], [[1.0], [2.0]]]), torch.zeros(2, 2)
    mean, log_var = codes.mean(1, keepdim=True), codes.var(1, keepdim=True).log()
    log_reference = gaussian_log_density(codes, mean, log_var)
    with pytest.raises(ValueError, match="2 of 4 pairs; a reference with variance 0") as refused:
        adaptive_contrast_loss(prior, log_reference, prior)
    assert "\n" not in str(refused.value)
    torch._dynamo.reset()
    compiled = torch.compile(adaptive_contrast_loss, fullgraph=True, backend="eager")
    found = compiled(prior, log_reference, prior)
    assert found.isnan().tolist() == [[True, True], [False, False]]
