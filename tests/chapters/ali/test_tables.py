"""The exact dynamics of the four ALI objectives: which converge, to what, and why one does not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onekl.chapters.ali.tables import (
    SLOPES,
    gradient_step,
    joints,
    linearised,
    mismatch,
    simultaneous_descent,
)
from onekl.chapters.gan.tables import objective, objective_at_optimum, optimal_discriminator

MINIMISED = ("su-40", "su-42", "su-43")  # those that lead to p = q
# p̃ and the prior of three pairs of alphabets; on the last, a deterministic encoder could match the
# prior.
WORLDS = (
    ([0.5, 0.3, 0.2], [0.4, 0.35, 0.25]),
    ([0.6, 0.4], [0.1, 0.2, 0.3, 0.4]),
    ([0.1, 0.2, 0.3, 0.4], [0.6, 0.4]),
)


def starts(world, count=300, seed=1):
    """Random tables p(z|x) and q(x|z), a tenth of each uniform, so that no cell is tiny."""
    p_data, prior = map(np.array, world)
    random, (x, z) = np.random.default_rng(seed), (len(p_data), len(prior))
    encoder = random.dirichlet(np.ones(z), (count, x))
    generator = np.swapaxes(random.dirichlet(np.ones(x), (count, z)), -1, -2)
    return p_data, prior, 0.9 * encoder + 0.1 / z, 0.9 * generator + 0.1 / x


def tables(seed, x=3, z=4):
    return np.random.default_rng(seed).dirichlet(np.ones(x * z)).reshape(x, z)


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("name", MINIMISED)
def test_three_objectives_match_the_joint_from_every_start(name, world):
    p_data, prior, encoder, generator = starts(world)
    run = simultaneous_descent(name, p_data, prior, encoder, generator, 2000, size=4.0)
    assert max(gap[-1].max() for gap in run.mismatch) < 1e-10
    p, q = joints(p_data, run.encoder, prior, run.generator)
    assert np.abs(p - q).max() < 1e-10
    assert len(np.unique(p[:, 0, 0].round(3))) > 50  # which joint is reached depends on the start


@pytest.mark.parametrize("world", WORLDS)
def test_the_articles_objective_collapses_the_code_from_every_start(world):
    """The encoder becomes a map that uses few codes, and the generator matches it there alone."""
    p_data, prior, encoder, generator = starts(world, 100)
    run = simultaneous_descent("su-41", p_data, prior, encoder, generator, 20_000, size=4.0)
    assert run.encoder.max(-1).min() > 0.999
    assert (
        run.mismatch.joint[-1].min() > 0.2
        and np.abs(run.mismatch.joint[-1] - run.mismatch.z[-1]).max() < 1e-3
    )
    p, _ = joints(p_data, run.encoder, prior, run.generator)
    assert (p.sum(-2) > 0.01).sum(-1).max() < len(prior)


@pytest.mark.parametrize("world", WORLDS[:2])
@pytest.mark.parametrize("seed", range(3))
def test_the_articles_objective_leaves_the_matched_point_at_the_predicted_rate(world, seed):
    joint = tables(seed, len(world[0]), len(world[1]))
    p_data, prior = joint.sum(1), joint.sum(0)
    values, vectors = np.linalg.eig(linearised("su-41", joint))
    largest = np.argmax(values.real)
    nudge = 1e-7 * vectors[:, largest].real.reshape(2, *joint.shape)
    encoder, generator = (
        table * np.exp(move) for table, move in zip((joint / p_data[:, None], joint / prior), nudge)
    )
    run = simultaneous_descent(
        "su-41",
        p_data,
        prior,
        encoder / encoder.sum(-1, keepdims=True),
        generator / generator.sum(-2, keepdims=True),
        20,
    )
    growth = run.mismatch.joint[1:] / run.mismatch.joint[:-1]
    assert values[largest].real > 1.01 and np.abs(growth - values[largest].real).max() < 1e-5
    still = simultaneous_descent(
        "su-42",
        p_data,
        prior,
        encoder / encoder.sum(-1, keepdims=True),
        generator / generator.sum(-2, keepdims=True),
        2000,
    )
    assert still.mismatch.joint[-1] < still.mismatch.joint[0]


@pytest.mark.parametrize("seed", range(10))
def test_at_the_matched_point_the_articles_encoder_runs_backwards(seed):
    """The three others have one linearisation, and su-41's the encoder's rows with the other sign.

    All to 1e-10.
    """
    joint = tables(seed)
    one, size = np.eye(2 * joint.size), joint.size
    steps = {name: linearised(name, joint) - one for name in SLOPES}
    for name in MINIMISED:
        assert np.abs(steps[name] - steps["su-40"]).max() < 1e-10
    assert np.abs(steps["su-41"][:size] + steps["su-40"][:size]).max() < 1e-10
    assert np.abs(steps["su-41"][size:] - steps["su-40"][size:]).max() < 1e-10
    assert np.linalg.eigvals(one + steps["su-40"]).real.max() < 1 + 1e-10
    assert np.linalg.eigvals(one + steps["su-41"]).real.max() > 1.01


@pytest.mark.parametrize("shape", [(2, 2), (3, 4), (4, 2)])
@pytest.mark.parametrize("seed", range(5))
def test_no_positive_matched_table_is_stable_under_the_articles_objective(seed, shape):
    """The page's proof: growth 1 + λ_max(K)/2, and E_π[f K f] > 0 for an f of the code alone.

    Both to 1e-10.
    """
    joint = tables(seed, *shape)
    weights, one, cells = (
        joint.ravel(),
        np.eye(joint.size),
        np.arange(joint.size).reshape(joint.shape),
    )

    def mean(groups):
        """E_π[·|group] as a matrix on functions of a pair."""
        found = np.zeros_like(one)
        for group in groups:
            found[np.ix_(group, group)] = weights[group] / weights[group].sum()
        return found

    K = sum(
        sign * (one - m) @ np.diag(weights) @ (one - m)
        for sign, m in ((1, mean(cells)), (-1, mean(cells.T)))
    )
    growth = np.linalg.eigvals(linearised("su-41", joint)).real.max()
    assert growth > 1 and abs(growth - 1 - np.linalg.eigvals(K).real.max() / 2) < 1e-10
    f = np.broadcast_to(np.random.default_rng(seed).normal(size=shape[1]), shape).ravel()
    energy, expected = f @ (weights * (K @ f)), weights**2 @ (f - mean(cells) @ f) ** 2
    assert abs(energy - expected) < 1e-10 and energy > 0


@pytest.mark.parametrize("seed", range(5))
def test_at_independence_the_codes_error_grows_as_computed_by_hand(seed):
    """At p = q = p̃(x) q(z), let the logits of p(z|x) be moved by u(z), alike for all x.

    Then the step moves each by p̃(x) q(z)(u − mean)/2 more.
    """
    p_data, prior = tables(seed, 1, 3)[0], tables(seed, 1, 4)[0]
    joint, u = np.outer(p_data, prior), np.random.default_rng(seed).normal(size=4)
    moved = np.concatenate([np.broadcast_to(u, joint.shape).ravel(), np.zeros(joint.size)])
    change = ((linearised("su-41", joint) - np.eye(len(moved))) @ moved)[: joint.size].reshape(
        joint.shape
    )
    assert np.abs(change - joint * (u - prior @ u) / 2).max() < 1e-10


def test_the_slopes_are_those_of_the_losses():
    """Central differences of su-40 to su-43 by one cell of p or of q.

    D and the old densities are held.
    """
    p, q = tables(0), tables(1)
    d, old_p, old_q = p / (p + q), p.copy(), q.copy()
    losses = {
        "su-40": lambda p, q: np.sum(
            -(p + q) * np.log(d) + q * np.log(q / old_q) - q + q * np.log(old_p / p)
        ),
        "su-41": lambda p, q: np.sum(-(p + q) * np.log(d)),
        "su-42": lambda p, q: np.sum(p * np.log(d) + q * np.log(1 - d)),
        "su-43": lambda p, q: np.sum(-p * np.log(1 - d) - q * np.log(d)),
    }
    for name, loss in losses.items():
        for_encoder, for_generator = SLOPES[name](q / p)
        for cell in np.ndindex(p.shape):
            nudge = np.zeros_like(p)
            nudge[cell] = h = 1e-4 * min(p[cell], q[cell])
            assert (loss(p + nudge, q) - loss(p - nudge, q)) / (2 * h) == pytest.approx(
                for_encoder[cell], rel=1e-6, abs=1e-7
            )
            assert (loss(p, q + nudge) - loss(p, q - nudge)) / (2 * h) == pytest.approx(
                for_generator[cell], rel=1e-6, abs=1e-7
            )


@given(st.integers(0, 10**6))
def test_a_small_step_on_the_complete_loss_lowers_the_objective(seed):
    p_data, prior, encoder, generator = (
        part[0] if part.ndim == 3 else part for part in starts(WORLDS[0], 1, seed)
    )
    before = joints(p_data, encoder, prior, generator)
    run = simultaneous_descent("su-40", p_data, prior, encoder, generator, 1, size=1e-3)
    after = joints(p_data, run.encoder, prior, run.generator)
    assert objective_at_optimum(*after) <= objective_at_optimum(*before)
    assert objective(*before, optimal_discriminator(*before)) == pytest.approx(
        objective_at_optimum(*before), abs=1e-12
    )


def test_mismatch_by_hand():
    found = mismatch(np.array([[0.5, 0.0], [0.0, 0.5]]), np.full((2, 2), 0.25))
    assert (found.joint, found.x, found.z) == (0.5, 0.0, 0.0)


def test_starts_beside_each_other_do_not_mix():
    p_data, prior, encoder, generator = starts(WORLDS[0], 5)
    together, alone = (
        simultaneous_descent("su-43", p_data, prior, encoder, generator, 30),
        simultaneous_descent("su-43", p_data, prior, encoder[2], generator[2], 30),
    )
    np.testing.assert_allclose(together.encoder[2], alone.encoder, rtol=0, atol=1e-14)


UNIFORM = np.full((2, 2), 0.5)


@pytest.mark.parametrize(
    "change, complaint",
    [
        ({"objective": "su-44"}, "no objective 'su-44'"),
        ({"p_data": [0.5, 0.6]}, "p_data sums to"),
        ({"encoder": np.full((2, 3), 1 / 3)}, "its last axes must be x and z"),
        ({"encoder": [[0.6, 0.6], [0.5, 0.5]]}, "encoder does not sum to one over z"),
        ({"generator": [[0.6, 0.6], [0.5, 0.5]]}, "generator does not sum to one over x"),
        ({"encoder": [[1.0, 0.0], [0.5, 0.5]]}, "a cell is not positive"),
        ({"rounds": -1}, "a whole number from 0 on"),
        ({"size": 0.0}, "a positive number"),
    ],
)
def test_bad_input_is_one_clear_line(change, complaint):
    right = {
        "objective": "su-40",
        "p_data": [0.5, 0.5],
        "prior": [0.5, 0.5],
        "encoder": UNIFORM,
        "generator": UNIFORM,
        "rounds": 1,
    }
    with pytest.raises(ValueError, match=complaint) as raised:
        simultaneous_descent(**right | change)
    assert "\n" not in str(raised.value)
    if "objective" in change:
        with pytest.raises(ValueError, match=complaint):
            linearised("su-44", UNIFORM / 2)


def test_a_gradient_step_goes_down_the_slopes():
    p_data, prior, encoder, generator = (
        part[0] if part.ndim == 3 else part for part in starts(WORLDS[1], 1)
    )
    logits = np.log(encoder), np.log(generator)
    stepped = gradient_step("su-42", p_data, prior, *logits, size=1e-4)
    p, q = joints(p_data, encoder, prior, generator)
    d = p / (p + q)

    def loss(encoder_logits, generator_logits):
        p, q = joints(
            p_data,
            np.exp(encoder_logits) / np.exp(encoder_logits).sum(-1, keepdims=True),
            prior,
            np.exp(generator_logits) / np.exp(generator_logits).sum(-2, keepdims=True),
        )
        return np.sum(p * np.log(d) + q * np.log(1 - d))

    for part in range(2):
        for cell in np.ndindex(logits[part].shape):
            nudged = [np.array(logit) for logit in logits]
            nudged[part][cell] += 1e-6
            up = loss(*nudged)
            nudged[part][cell] -= 2e-6
            slope = (up - loss(*nudged)) / 2e-6
            assert (logits[part][cell] - stepped[part][cell]) / 1e-4 == pytest.approx(
                slope, abs=1e-6
            )
