"""The article's networks, their steps, and what the regulariser does to them, bit by bit."""

import math
import os

import pytest
import torch
from torch import nn

from onekl.chapters.regulariser.faces.dcgan import (
    LATENT,
    START_STD,
    Discriminator,
    Generator,
    multiplications,
    widths,
)
from onekl.chapters.regulariser.faces.training import (
    AdversarialTrainer,
    Arm,
    digest,
    without_side_effects,
)
from onekl.training.run import Run, require_finite
from onekl.training.seeds import Seeds

TINY = {"side": 16, "dim": 2}


def trainer(batch_norm=True, seed=0, **changes):
    seeds = Seeds([seed])
    return AdversarialTrainer(
        Generator(seeds.child("generator"), batch_norm=batch_norm, **TINY),
        Discriminator(seeds.child("discriminator"), batch_norm=batch_norm, **TINY),
        "cpu",
        **changes,
    )


def batch(seed=1):
    seeds = Seeds([seed])
    return images_and_codes(seeds.child("data"), seeds.child("z"))


def images_and_codes(of_data, of_z):
    return 2 * of_data.uniform(8, 3, 16, 16)[0] - 1, of_z.normal(8, LATENT)[0]


def stream():
    return Seeds([0]).child("network")


def test_layers_at_the_article_s_size():
    """Shapes from the article's code: 512, 256, 128, 64 channels, no bias beside normalisation."""
    shapes = [tuple(p.shape) for p in Generator(stream()).parameters() if p.ndim > 1]
    assert shapes == [
        (8192, 100),
        (512, 256, 5, 5),
        (256, 128, 5, 5),
        (128, 64, 5, 5),
        (64, 3, 5, 5),
    ]
    shapes = [tuple(p.shape) for p in Discriminator(stream()).parameters() if p.ndim > 1]
    assert shapes == [(64, 3, 5, 5), (128, 64, 5, 5), (256, 128, 5, 5), (512, 256, 5, 5), (1, 8192)]
    assert widths(64, 64) == [512, 256, 128, 64] and widths(16, 8) == [16, 8]


@pytest.mark.parametrize("batch_norm, norms", [(True, 7), (False, 0)])
def test_normalisation_and_biases(batch_norm, norms):
    layers = [
        layer
        for network in (Generator, Discriminator)
        for layer in network(stream(), 64, 2, batch_norm).modules()
    ]
    normal = [layer for layer in layers if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d))]
    assert len(normal) == norms  # four in G, three in D
    assert all(layer.momentum == 0.1 and layer.eps == 1e-5 for layer in normal)
    with_bias = [
        layer
        for layer in layers
        if isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)) and layer.bias is not None
    ]
    assert len(with_bias) == 3 and all((layer.bias == 0).all() for layer in with_bias)


def test_starts_are_those_of_the_code():
    """N(0, .02²), for convolutions cut at two standard deviations, which leaves .8796 of it."""
    generator, discriminator = Generator(stream(), 32, 16), Discriminator(stream(), 32, 16)
    free = torch.cat([p.detach().flatten() for p in generator.parameters() if p.ndim > 1])
    cut = torch.cat(
        [
            layer.weight.detach().flatten()
            for layer in discriminator.layers
            if isinstance(layer, nn.Conv2d)
        ]
    )
    assert (
        abs(free.std() / START_STD - 1) < 5 / math.sqrt(2 * len(free))
        and free.abs().max() > 3 * START_STD
    )
    assert (
        abs(cut.std() / START_STD - 0.8796) < 5 / math.sqrt(2 * len(cut))
        and cut.abs().max() <= 2 * START_STD
    )


@pytest.mark.parametrize("side", [16, 32, 64])
@pytest.mark.parametrize("batch_norm", [True, False])
def test_shapes_at_every_side(side, batch_norm):
    x = Generator(stream(), side, 2, batch_norm)(torch.randn(5, LATENT))
    assert x.shape == (5, 3, side, side) and x.abs().max() <= 1
    assert Discriminator(stream(), side, 2, batch_norm)(x).shape == (5,)


def test_another_side_is_refused():
    with pytest.raises(ValueError, match="a side of 16, 32, 64 pixels, got 48"):
        Generator(stream(), 48)


def test_a_stream_of_several_seeds_is_refused():
    with pytest.raises(ValueError, match="of 2 seeds; one network needs one"):
        Discriminator(Seeds([0, 1]).child("network"), **TINY)


def test_generator_of_another_shape_is_refused():
    one, (_, z) = trainer(), batch()
    with pytest.raises(
        ValueError, match=r"images of shape \(8, 3, 16, 16\), the data have \(8, 3, 32, 32\)"
    ) as caught:
        one.discriminator_step(torch.zeros(8, 3, 32, 32), z)
    assert "\n" not in str(caught.value)


def test_negative_weight_is_refused():
    one, (_, z) = trainer(), batch()
    with pytest.raises(ValueError, match="must not be negative"):
        one.generator_step(z, one.frozen(z), -1.0)


GOOD = {"batch_norm": True, "d_steps": 1, "batches": 1, "repeats": 1, "reuse": False, "weight": 5}


@pytest.mark.parametrize(
    "change, message",
    [
        ({"repeats": 0}, "repeats is 0; an iteration needs"),
        ({"d_steps": 0}, "d_steps is 0"),
        ({"batches": 0}, "batches is 0"),
        ({"weight": -1}, "the weight is -1"),
        ({"weight": math.nan}, "the weight is nan"),
        ({"rate": 0}, "the rate 0"),
    ],
)
def test_impossible_arms_are_refused(change, message):
    with pytest.raises(ValueError, match=message) as caught:
        Arm(**{**GOOD, **change})
    assert "\n" not in str(caught.value)


def test_the_weight_of_the_mean_in_the_article_s_units():
    """λ times the summed squares is 5 times the mean square."""
    x, other = torch.rand(2, 3 * 64**2, dtype=torch.float64)
    assert Arm(**GOOD).lam(64) * ((x - other) ** 2).sum() == pytest.approx(
        5 * ((x - other) ** 2).mean()
    )
    assert Arm(**GOOD).lam(64) == pytest.approx(4.07e-4, rel=1e-3)


def test_cost_of_an_iteration():
    """The formula's multiplications are those of the layers.

    The article's iteration takes about 250 GFLOP.
    """
    counted = []

    def count(layer, inputs, output):
        spatial = inputs[0] if isinstance(layer, nn.ConvTranspose2d) else output
        places = spatial[0, 0].numel() if spatial.ndim == 4 else 1
        counted.append(layer.weight.numel() * places)

    for network, x in (
        (Generator, torch.zeros(2, LATENT)),
        (Discriminator, torch.zeros(2, 3, 32, 32)),
    ):
        made = network(stream(), 32, 4)
        for layer in made.modules():
            if isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
                layer.register_forward_hook(count)
        made(x)
        assert sum(counted) == multiplications(32, 4)[network is Discriminator]
        counted.clear()
    assert Arm(**{**GOOD, "weight": 0}).passes() * sum(
        multiplications()
    ) / 2 * 2 * 64 == pytest.approx(250e9, rel=0.02)


def everything(one):
    return digest(one.state)


@pytest.mark.parametrize("batch_norm", [True, False])
def test_one_generator_step_is_the_same_with_and_without_the_term(batch_norm):
    """Weights, running averages and Adam's moments, to the bit, whatever λ; a second step parts."""
    ends = {}
    for repeats in (1, 2):
        for lam in (0.0, 0.01, 100.0):
            one = trainer(batch_norm)
            for step in range(4):
                x, z = batch(step)
                one.discriminator_step(x, z)
                old = one.frozen(z) if lam else None
                for _ in range(repeats):
                    one.generator_step(z, old, lam)
            ends[repeats, lam] = everything(one)
    assert ends[1, 0.0] == ends[1, 0.01] == ends[1, 100.0]
    assert len({ends[2, 0.0], ends[2, 0.01], ends[2, 100.0]}) == 3


def test_other_z_or_running_averages_undo_the_identity():
    """The gradient at the freeze is 0 only where G° is the same function of the same batch."""
    one, (_, z) = trainer(), batch()
    for _ in range(3):
        one.generator_step(z)
    assert one.gradient_ratio(z, one.frozen(z), 1.0) == 0
    assert one.gradient_ratio(z, one.frozen(z.flip(0)), 1.0) > 0
    assert one.gradient_ratio(z, one.samples(z), 1.0) > 0


def test_freezing_and_measuring_change_nothing():
    one, (_, z) = trainer(), batch()
    one.generator_step(z)
    before = everything(one)
    old = one.frozen(z)
    one.gradient_ratio(z, old, 1.0)
    one.samples(z)
    assert everything(one) == before and one.generator.training
    assert torch.equal(old, without_side_effects(one.generator, z))
    assert torch.equal(old, one.generator(z))  # this does move the running averages
    assert everything(one) != before


def test_gradient_ratio_is_that_of_the_two_losses():
    """Against the gradients of su-26's two parts, written out and taken one after the other."""
    one, (_, z) = trainer(batch_norm=False), batch()
    old = one.frozen(z)
    for _ in range(3):
        one.generator_step(z)
    penalty = 0.5 * ((one.generator(z) - old) ** 2).sum((1, 2, 3)).mean()
    adversarial = -nn.functional.logsigmoid(one.discriminator(one.generator(z))).mean()
    weights = list(one.generator.parameters())
    lengths = [
        torch.cat([g.flatten() for g in torch.autograd.grad(loss, weights)]).norm()
        for loss in (penalty, adversarial)
    ]
    assert lengths[0] > 0
    assert one.gradient_ratio(z, old, 0.5).item() == pytest.approx(
        (lengths[0] / lengths[1]).item(), rel=1e-4
    )


def test_samples_use_the_running_averages():
    one, (x, z) = trainer(), batch()
    for _ in range(3):
        one.discriminator_step(x, z)
    assert torch.allclose(one.samples(z)[:2], one.samples(z[:2]), atol=1e-6)
    assert not torch.allclose(one.frozen(z)[:2], one.frozen(z[:2]), atol=1e-3)


class Stopped(Exception):
    pass


def train(total=6, rate=2e-4):
    """Experiment 1 as the code ran it, at a tiny size; returns a hash of all that it ends with."""
    seeds = Seeds([3])
    of_data, of_z = seeds.child("data"), seeds.child("z")
    one = trainer(rate=rate)
    run = Run("tiny", {"rate": rate}, one.state, seeds, seconds=0.0)
    for step in run.steps(total):
        x, z = images_and_codes(of_data, of_z)
        d_loss = one.discriminator_step(x, z)
        old = one.frozen(z)
        for _ in range(2):
            g_loss = one.generator_step(z, old, 0.01)
        require_finite(step, discriminator=d_loss, generator=g_loss)
        run.log(d_loss=d_loss, g_loss=g_loss, ratio=one.gradient_ratio(z, old, 0.01))
        if str(step) == os.environ.get("STOP_AT"):  # the machine's, and no part of the loop
            raise Stopped
    return (
        everything(one),
        [run.history(name)[1].tolist() for name in ("d_loss", "g_loss", "ratio")],
        seeds.get_state()["data"],
        seeds.get_state()["z"],
    )


@pytest.fixture
def checkpoints(tmp_path, monkeypatch):
    monkeypatch.setenv("ONEKL_CHECKPOINTS", str(tmp_path))
    return tmp_path


def test_stopped_and_resumed_run_ends_with_the_same_bits(checkpoints, monkeypatch, capsys):
    """Weights, running averages, both Adams, the log and the random stream."""
    whole = train()
    for stop_at in ("2", "4"):
        monkeypatch.setenv("STOP_AT", stop_at)
        with pytest.raises(Stopped):
            train()
    monkeypatch.delenv("STOP_AT")
    assert train() == whole
    said = capsys.readouterr().out
    assert "tiny resumed at step 2 of 6" in said and "tiny resumed at step 4 of 6" in said


def test_loss_that_is_not_finite_stops_the_run(checkpoints):
    with pytest.raises(ValueError, match="loss is not finite at step") as caught:
        train(total=200, rate=1e30)
    assert "\n" not in str(caught.value)


def test_digest_sees_a_single_bit():
    one, two = trainer(), trainer()
    assert everything(one) == everything(two)
    with torch.no_grad():
        one.discriminator.layers[0].weight[0, 0, 0, 0] *= 1 + 1e-7
    assert everything(one) != everything(two)
