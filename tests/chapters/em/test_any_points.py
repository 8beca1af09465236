"""EM over all points of a kind: on the line, repeated, shifted, of float32, with a dead component.

The functions are found by looking, so a new one fails here by name until it says which shapes it
means.
"""

import inspect
import math

import mpmath
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import numerics
from numerics import DTYPES, FEW, REFUSED, refusal, streams
from onekl.chapters.em import gaussian_mixture as gm
from onekl.training.losses.joint import joint_kl, negative_log_likelihood

PUBLIC = {
    name: function
    for name, function in inspect.getmembers(gm, inspect.isfunction)
    if function.__module__ == gm.__name__ and not name.startswith("_")
} | {"log_joint": gm.GaussianMixture.log_joint}

MIXTURE = {"weights": "S K", "means": "S K D", "covariances": "S K D D"}
OLD = {f"old {name}": spec for name, spec in MIXTURE.items()}
# The shapes of each function's tensors, with the leading axis S in all; it may be left out.
SPECS = {
    "random_start": {"x": "N D"},
    "log_joint": MIXTURE | {"x": "S N D"},
    "e_step": MIXTURE | {"x": "S N D"},
    "m_step": {"x": "S N D", "log_encoder": "S N K"},
    "mixture_kl": MIXTURE | OLD,
}
each = pytest.mark.parametrize("name", SPECS)


def without_starts(name, shapes):
    """The arguments whose leading axis S is there, and the specs that are left for all."""
    groups = {"x": ["x"], "mixture": list(MIXTURE), "old": list(OLD), "encoder": ["log_encoder"]}
    specs, rest = {}, {}
    for keys in groups.values():
        own = {key: SPECS[name][key] for key in keys if key in SPECS[name]}
        full = all(len(shapes[key]) == len(spec.split()) for key, spec in own.items())
        for key, spec in own.items():
            specs[key] = spec if full else spec.removeprefix("S ")
            rest[key] = full
    return specs, rest


def is_meant(name, shapes):
    specs, starts = without_starts(name, shapes)
    if name == "mixture_kl" and starts["means"] != starts["old means"]:
        return False
    found = {}
    return all(numerics.bound(spec, shapes[key], found) for key, spec in specs.items()) and (
        name != "random_start" or found["N"][0] > 1
    )


def made(shapes, seed=0):
    """Arguments of these shapes: points, p(z|x) tables, weights, positive definite matrices."""
    generator = torch.Generator().manual_seed(seed)
    arguments = {}
    for key, shape in shapes.items():
        value = torch.randn(shape, generator=generator, dtype=torch.float64)
        if key.endswith("weights"):
            value = value.softmax(-1) if value.ndim else value * 0 + 1
        if key == "log_encoder":
            value = value.log_softmax(-1) if value.ndim else value * 0
        if key.endswith("covariances") and len(shape) > 1 and shape[-1] == shape[-2]:
            value = value @ value.mT + torch.eye(shape[-1], dtype=torch.float64)
        arguments[key] = value
    return arguments


def called(name, arguments):
    groups = {"": [], "old ": []}
    for key, value in arguments.items():
        if key.removeprefix("old ") in MIXTURE:
            groups["old " if key.startswith("old ") else ""].append(value)
    mixtures = [gm.GaussianMixture(*group) for group in groups.values() if group]
    others = [value for key, value in arguments.items() if key.removeprefix("old ") not in MIXTURE]
    if name == "random_start":
        return gm.random_start(*others, 2, streams(3))
    return PUBLIC[name](*mixtures, *others)


@pytest.mark.parametrize("name", PUBLIC)
def test_it_says_which_shapes_it_means(name):
    assert name in SPECS, f"{name} has no entry in SPECS"


@each
@settings(max_examples=200)
@given(data=st.data())
def test_shapes_that_are_not_meant_are_refused_by_name_and_others_are_not(name, data):
    shapes = data.draw(numerics.shapes(SPECS[name]))
    arguments = made(shapes)
    names = [key.removeprefix("old ") for key in shapes]
    names += ["mixture", "components"]
    if not is_meant(name, shapes):
        refusal(called, names, name, arguments)
        return
    try:
        called(name, arguments)
    except ValueError as error:  # two or three points may lie in a plane
        assert "component" in str(error) and name in ("m_step", "random_start")


@each
@pytest.mark.parametrize("dtype", REFUSED)
def test_other_dtypes_are_refused_by_name(name, dtype):
    arguments = ordinary(name)
    for key, tensor in arguments.items():
        line = refusal(
            called, [key.removeprefix("old ")], name, arguments | {key: tensor.to(dtype)}
        )
        assert "float32 or float64" in line


@each
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_values_that_are_not_finite_are_refused_by_name(name, bad):
    arguments = ordinary(name)
    for key, tensor in arguments.items():
        broken = tensor.clone()
        broken.view(-1)[0] = bad
        refusal(called, [key.removeprefix("old ")], name, arguments | {key: broken})


def ordinary(name, seed=0):
    found = {letter: (length,) for letter, length in zip("SNKD", (2, 30, 3, 2))}
    return made({key: numerics.shape_of(spec, found) for key, spec in SPECS[name].items()}, seed)


@each
def test_an_apple_gpu_which_has_no_float64_is_enough(name):
    arguments = {key: tensor.float() for key, tensor in ordinary(name).items()}
    there = {key: tensor.as_subclass(numerics.AppleTensor) for key, tensor in arguments.items()}
    for one, other in zip(called(name, there), called(name, arguments)):
        assert one.dtype == torch.float64 and torch.equal(one, other)


def points(seed, count=400, dimension=2):
    """Points of two Gaussians that overlap, in float64."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, dimension, generator=generator, dtype=torch.float64)
    x[: count // 3] = 0.6 * x[: count // 3] + 2
    return x


def objectives(x, mixture, steps):
    """The mean of −log q(x) before each of the steps and after the last, (steps + 1, S)."""
    found = [negative_log_likelihood(mixture.log_joint(x)).mean(-1)]
    for _ in range(steps):
        mixture = gm.m_step(x, gm.e_step(mixture, x))
        found.append(negative_log_likelihood(mixture.log_joint(x)).mean(-1))
    return torch.stack(found)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shift", [0.0, 1e3, 1e6])
def test_no_step_raises_the_objective_whatever_the_shift(dtype, shift):
    x = (points(0) + shift).to(dtype)
    found = objectives(x, gm.random_start(x, 2, streams(4)), 60)
    assert found.dtype == torch.float64
    assert (found.diff(dim=0) < 1e-11).all()
    assert (found[0] - found[-1] > 1e-3).all()


def test_a_shift_changes_no_step():
    x = (points(1) * 2**16).round() / 2**16  # exact when it is shifted
    here, there = (
        objectives(x + shift, gm.random_start(x + shift, 2, streams(3)), 20)
        for shift in (0.0, 2.0**20)
    )
    torch.testing.assert_close(here, there, rtol=0, atol=1e-8)


def test_points_on_the_line_need_their_axis():
    x = points(2, dimension=1)
    for call in (
        lambda: gm.random_start(x[:, 0], 2, streams(1)),
        lambda: gm.random_start(x, 2, streams(1)).log_joint(x[:, 0]),
        lambda: gm.m_step(x[:, 0], torch.zeros(400, 1)),
    ):
        assert "x[:, None]" in refusal(call, ["x"])


@pytest.mark.parametrize("dtype", DTYPES)
def test_em_on_the_line_is_the_textbook_s(dtype):
    """One step by loops, with the variances and densities written out."""
    x = points(2, count=50, dimension=1).to(dtype)
    start = gm.random_start(x, 2, streams(2))
    after = gm.m_step(x, gm.e_step(start, x))
    for s in range(2):
        weights, means, variances = (part[s].flatten().tolist() for part in start)
        assert variances == pytest.approx([x.double().var(correction=0).item()] * 2, rel=1e-12)
        shares = []
        for a in x[:, 0].tolist():
            q = [
                w * math.exp(-((a - m) ** 2) / (2 * v)) / math.sqrt(2 * math.pi * v)
                for w, m, v in zip(weights, means, variances)
            ]
            shares.append([one / sum(q) for one in q])
        for z in range(2):
            mass = sum(share[z] for share in shares)
            mean = sum(share[z] * a for share, a in zip(shares, x[:, 0].tolist())) / mass
            assert after.weights[s, z].item() == pytest.approx(mass / 50, rel=1e-12)
            assert after.means[s, z, 0].item() == pytest.approx(mean, rel=1e-11, abs=1e-12)


@settings(max_examples=60)
@given(
    st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 6), st.integers(1, 2), st.booleans()
)
def test_starts_are_distinct_points_or_there_are_too_few(seed, values, components, dimension, cut):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randint(values, (60, dimension), generator=generator).double()
    x = x[:1].expand(60, -1) if cut else x
    distinct = {tuple(point) for point in x.tolist()}
    if components > len(distinct):
        line = refusal(gm.random_start, ["components"], x, components, streams(20))
        assert f"distinct points of {len(distinct)}, which x has among its 60" in line
        return
    start = gm.random_start(x, components, streams(20))
    for means in start.means.tolist():
        chosen = {tuple(mean) for mean in means}
        assert len(chosen) == components and chosen <= distinct


def test_a_point_that_stands_more_often_is_chosen_more_often():
    x = torch.tensor([[0.0]] * 3 + [[1.0]], dtype=torch.float64)
    chosen = gm.random_start(x, 1, streams(2000)).means.mean().item()
    assert chosen == pytest.approx(0.25, abs=5 * math.sqrt(0.25 * 0.75 / 2000))


def test_where_all_points_differ_the_starts_are_those_of_a_shuffle():
    x = points(3)
    order = streams(5).uniform(len(x)).argsort(-1)
    assert torch.equal(gm.random_start(x, 3, streams(5)).means, x[order[:, :3]])


@pytest.mark.parametrize("components", [0, -1])
def test_a_mixture_has_a_component(components):
    refusal(gm.random_start, ["components"], points(0), components, streams(1))


def dead():
    """A mixture whose second of three components has no weight, and its points."""
    x = points(4)
    start = gm.random_start(x, 3, streams(2))
    return x, start._replace(weights=torch.tensor([[0.5, 0.0, 0.5]] * 2, dtype=torch.float64))


def test_a_dead_component_takes_nothing_and_is_refused_where_it_would_be_moved():
    x, mixture = dead()
    alive = gm.GaussianMixture(*(part[:, [0, 2]] for part in mixture))
    log_encoder = gm.e_step(mixture, x)
    assert (log_encoder[..., 1] == -math.inf).all()
    torch.testing.assert_close(log_encoder[..., [0, 2]], gm.e_step(alive, x), rtol=0, atol=1e-12)
    value = joint_kl(log_encoder, mixture.log_joint(x))
    torch.testing.assert_close(value, joint_kl(gm.e_step(alive, x), alive.log_joint(x)))
    assert "no mass" in refusal(gm.m_step, ["component 1 of start 0"], x, log_encoder)


@pytest.mark.parametrize("log_mass", [-1e4, -740.0])
def test_a_component_with_less_mass_than_has_digits_is_refused(log_mass):
    x = points(4)
    log_encoder = torch.zeros(400, 2, dtype=torch.float64)
    log_encoder[:, 1] = log_mass
    assert "no mass" in refusal(gm.m_step, ["component 1"], x, log_encoder)


def test_a_component_with_little_mass_has_its_moments_still():
    x = points(4)
    log_encoder = torch.zeros(400, 2, dtype=torch.float64)
    log_encoder[:, 1] = -600.0
    after = gm.m_step(x, log_encoder)
    torch.testing.assert_close(after.means[1], x.mean(0), rtol=1e-12, atol=1e-13)


def test_a_component_without_weight_adds_nothing_to_the_distance():
    x, mixture = dead()
    old = gm.random_start(x, 3, streams(2))
    alive, old_alive = (
        gm.GaussianMixture(*(part[:, [0, 2]] for part in one)) for one in (mixture, old)
    )
    # the weights of the old one no longer sum to one: its part of the distance by hand
    expected = math.log(0.5 / (1 / 3)) + gm.mixture_kl(
        alive, old_alive._replace(weights=torch.full_like(alive.weights, 0.5))
    )
    torch.testing.assert_close(gm.mixture_kl(mixture, old), expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(
        gm.mixture_kl(mixture, mixture), torch.zeros(2, dtype=torch.float64), rtol=0, atol=1e-12
    )
    assert (gm.mixture_kl(old, mixture) == math.inf).all()


def test_weights_and_tables_that_do_not_sum_to_one_are_refused():
    x = points(5)
    start = gm.random_start(x, 2, streams(1))
    for weights in ([[0.5, 0.4]], [[1.5, -0.5]]):
        bad = start._replace(weights=torch.tensor(weights, dtype=torch.float64))
        refusal(bad.log_joint, ["weights"], x)
    refusal(gm.m_step, ["log_encoder"], x, torch.zeros(400, 2))


def test_an_encoder_of_float32_is_enough():
    """An amortised one sums to one in float32 and not in float64; the mixture does."""
    x = points(6).float()
    logits = torch.randn(400, 2, generator=torch.Generator().manual_seed(0))
    after = gm.m_step(x, logits.log_softmax(-1))
    assert after.weights.sum().item() == pytest.approx(1, abs=1e-15)
    assert torch.isfinite(after.log_joint(x)).all()


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("shift", [0.0, 1e8])
def test_log_joint_is_its_formula_at_every_scale_and_shift(scale, shift):
    x = scale * points(7, count=20) + scale * shift
    factor = torch.tensor([[1.0, 0.0], [0.4, 0.8]], dtype=torch.float64)
    covariance = scale**2 * factor @ factor.mT
    means = torch.tensor([[0.3, -0.2], [1.0, 2.0]], dtype=torch.float64) * scale + scale * shift
    weights = torch.tensor([0.25, 0.75], dtype=torch.float64)
    found = gm.GaussianMixture(weights, means, covariance.expand(2, 2, 2)).log_joint(x)
    with mpmath.workdps(60):
        matrix = mpmath.matrix(covariance.tolist())
        inverse, log_det = matrix**-1, mpmath.log(mpmath.det(matrix))
        for point, row in zip(x.tolist(), found.tolist()):
            for mean, weight, value in zip(means.tolist(), (0.25, 0.75), row):
                apart = mpmath.matrix([mpmath.mpf(a) - mpmath.mpf(b) for a, b in zip(point, mean)])
                square = (apart.T * inverse * apart)[0]
                right = mpmath.log(weight) - (square + log_det + 2 * mpmath.log(2 * mpmath.pi)) / 2
                # the matrix's condition number is 5
                size = 5 * square + abs(log_det) + 6
                assert abs(value - right) <= FEW * 2.0**-52 * size
