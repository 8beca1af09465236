"""Every measure over all inputs of a kind: shapes, dtypes, extreme values, NaN, Apple's GPUs.

The measures are found by looking, so a new one fails here by name until it says which shapes it
means, and by which formula of mpmath it can be computed.
"""

import math

import mpmath
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

import numerics
from numerics import DTYPES, FEW, REFUSED, extremes, fits, refusal, streams, wrong
from onekl import measure
from onekl.data.mixtures import ring
from onekl.measure.coverage import FAIR, HIGH_QUALITY, mode_counts
from onekl.measure.intervals import confidence_interval, paired_difference, verdict
from onekl.measure.likelihood import (
    importance_sampled_log_likelihood,
    importance_sampled_log_marginal,
)
from onekl.measure.pairs import spread
from onekl.measure.timing import TOLERANCE, apart
from onekl.measure.two_sample import two_sample_test
from onekl.measure.units import in_unit
from onekl.training.losses.gaussian import gaussian_log_density

MEASURES = numerics.public(measure)
each = pytest.mark.parametrize("name", MEASURES)

SAMPLE, SAMPLES = {"x": "S N 2"}, {"x": "S N D", "y": "S M D"}
# The shapes of each measure's tensors, and of what it returns; what else is meant stands in MEANT.
SPECS = {
    "coverage": (SAMPLE, ["S"] * 4),
    "mode_counts": (SAMPLE, ["S 8"]),
    "verdict": ({"passed": "S"}, [""]),
    "confidence_interval": ({"values": "S"}, ["", "", ""]),
    "paired_difference": ({"first": "S", "second": "S"}, ["", "", ""]),
    "importance_sampled_log_likelihood": (
        {"x": "N D", "decoder_log_var": "S 2 N D", "mean": "S N L", "log_var": "S N L"},
        ["S N"],
    ),
    "importance_sampled_log_marginal": ({"mean": "S N L", "log_var": "S N L"}, ["S N"]),
    "spread": ({"x": "S N D"}, ["S"]),
    "scaled_pairs": (
        {"x": "S N D", "z": "S N L", "x_spread": "S", "z_spread": "S"},
        ["S N D+L"],
    ),
    "relative_error": ({"target": "S N D", "reconstruction": "S N D"}, ["S"]),
    "nearest_neighbour_error": (
        {"codes": "S N L", "labels": "S N", "reference": "S M L", "reference_labels": "S M"},
        ["S"],
    ),
    "two_sample_test": (SAMPLES, ["S", "S 5", "S"]),
    "wasserstein": ({"x": "S N D", "y": "S N D"}, ["S D"]),
    "apart": ({"ours": "...", "other": "..."}, [""]),
    "require_samples": ({"x": "S N D"}, []),
    "in_unit": (SAMPLES, ["S 1 1", "S N D", "S M D"]),
    "median_seconds": ({}, []),  # it takes functions
    "apart_text": ({}, []),  # it takes a number and makes words
    "annealed_log_likelihood": ({}, []),  # it takes a function
    "at_each_code": ({}, []),  # it takes a function
    "kl_to_prior": ({}, []),  # it takes more points than are drawn here
}
# These give no number that a formula could give: all but the last have tests of their own.
NO_NUMBER = {
    "median_seconds",
    "apart_text",
    "annealed_log_likelihood",
    "at_each_code",
    "kl_to_prior",
    "require_samples",
}
# in_unit is for samples that `require_samples` has let through.
UNCHECKED = {"in_unit"}
CHECKED = [name for name in MEASURES if name not in UNCHECKED and name in SPECS and SPECS[name][0]]
each_checked = pytest.mark.parametrize("name", CHECKED)

also = {
    "confidence_interval": lambda values: values[0] > 1,
    "paired_difference": lambda first, second: first[0] > 1,
    "relative_error": lambda target, reconstruction: target[1] > 1,  # else all points are equal
    "two_sample_test": lambda x, y: x[1] > 1 and y[1] > 1,
    "apart": lambda ours, other: 0 not in ours,
}


def result_of(name, shapes):
    """The shapes that the measure returns for these, or None where they are not meant."""
    specs, results = SPECS[name]
    if name == "importance_sampled_log_likelihood":
        specs = {key: spec for key, spec in specs.items() if key != "decoder_log_var"}
    found = {}
    if not all(numerics.bound(spec, shapes[key], found) for key, spec in specs.items()):
        return None
    if name == "importance_sampled_log_likelihood":
        whole = (*found["S"], 2, *shapes["x"])
        if not fits(shapes["decoder_log_var"], whole):
            return None
    if name in also and not also[name](**shapes):
        return None
    if name == "scaled_pairs":
        found["D+L"] = (found["D"][0] + found["L"][0],)
    return [numerics.shape_of(spec, found) for spec in results]


def made(name, shapes, dtype=torch.float64, seed=0):
    """Arguments of these shapes: ordinary numbers, labels, truth values, positive spreads."""
    generator = torch.Generator().manual_seed(seed)
    arguments = {}
    for key, shape in shapes.items():
        tensor = torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)
        if "labels" in key:
            tensor = (tensor > 0).long()
        if key == "passed":
            tensor = tensor > 0
        arguments[key] = tensor.exp() if key.endswith("spread") else tensor
    if name == "apart":  # the two sides agree, as far as they have the same shape
        ours, other = arguments.values()
        arguments["ours"] = other.clone() if ours.shape == other.shape else ours
    return arguments


def ordinary(name, dtype=torch.float64, seed=0):
    found = {letter: (length,) for letter, length in zip("SNMDL", (3, 4, 5, 2, 2))}
    found["..."] = (3, 2)
    shapes = {key: numerics.shape_of(spec, found) for key, spec in SPECS[name][0].items()}
    return made(name, shapes, dtype, seed)


def constant(x):
    """A decoder that gives the same image for every code."""
    return lambda z: z.new_full((*z.shape[:2], x.shape[-1]), 0.25)


def flat_likelihood(z):
    """log q(x|z) that is the same for every code."""
    return z.new_full(z.shape[:-1], -2.0)


def called(name, arguments, seeds=None):
    """What the measure returns, as a list, with all that it needs beside tensors."""
    measure = MEASURES[name]
    count = next((a.shape[0] for key, a in arguments.items() if key in ("y", "mean") and a.ndim), 1)
    seeds = seeds or streams(max(count, 1))
    if name in ("coverage", "mode_counts"):
        found = measure(ring(), **arguments)
    elif name == "importance_sampled_log_likelihood":
        x = arguments["x"]
        decoder = constant(x) if x.ndim else None
        found = measure(decoder=decoder, stream=seeds, samples=4, chunk=2, **arguments)
    elif name == "importance_sampled_log_marginal":
        found = measure(flat_likelihood, stream=seeds, samples=4, chunk=2, **arguments)
    elif name == "two_sample_test":
        found = measure(stream=seeds, permutations=5, **arguments)
    elif name == "apart":
        found = torch.tensor(measure(**arguments))
    elif name == "in_unit":
        unit, samples = measure(*arguments.values())
        found = (unit, *samples)
    else:
        found = measure(**arguments)
    return [] if found is None else list(found) if isinstance(found, tuple) else [found]


@each
def test_it_says_which_shapes_it_means_and_by_which_formula_it_is_computed(name):
    assert name in SPECS, f"{name} has no entry in SPECS"
    assert name in FORMULAS or name in NO_NUMBER, f"{name} has no entry in FORMULAS"


def test_nothing_is_stated_of_a_measure_that_is_gone():
    assert SPECS.keys() | FORMULAS.keys() | NO_NUMBER | UNCHECKED | also.keys() <= MEASURES.keys()


@each_checked
@settings(max_examples=120)
@given(data=st.data())
def test_shapes_that_are_not_meant_are_refused_by_name_and_others_are_not(name, data):
    shapes = data.draw(numerics.shapes(SPECS[name][0]))
    expected, arguments = result_of(name, shapes), made(name, shapes)
    if expected is None:
        refusal(called, shapes, name, arguments)
        return
    found = called(name, arguments)
    assert [tuple(getattr(one, "shape", ())) for one in found] == expected


@each_checked
def test_the_draws_of_shapes_hold_both_kinds(name):
    """What the test above rests on: of each measure's draws some are meant, and some are not."""
    seen = set()

    @settings(max_examples=120, database=None, derandomize=True)
    @given(numerics.shapes(SPECS[name][0]))
    def look(shapes):
        seen.add(result_of(name, shapes) is None)

    look()
    assert seen == {True, False}


SEEDED = [
    "importance_sampled_log_likelihood",
    "importance_sampled_log_marginal",
    "two_sample_test",
]


@pytest.mark.parametrize("name", SEEDED)
@pytest.mark.parametrize("count", [1, 2, 4])
def test_another_number_of_streams_than_seeds_is_refused(name, count):
    assert "give as many" in refusal(called, ["seeds"], name, ordinary(name), streams(count))


ANY_NUMBERS = {"confidence_interval", "paired_difference"}


@each_checked
@pytest.mark.parametrize("dtype", REFUSED)
def test_other_dtypes_are_refused_by_name(name, dtype):
    arguments = ordinary(name)
    floats = {key: tensor for key, tensor in arguments.items() if tensor.is_floating_point()}
    for key, tensor in floats.items():
        if name in ANY_NUMBERS and not dtype.is_complex:
            exact = {other: one.to(dtype) for other, one in arguments.items()}
            double = {other: one.double() for other, one in exact.items()}
            assert called(name, exact) == called(name, double)
        else:
            refusal(called, [key], name, arguments | {key: tensor.to(dtype)})


@each_checked
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_values_that_are_not_finite_are_refused_by_name(name, bad):
    arguments = ordinary(name)
    for key, tensor in arguments.items():
        if tensor.is_floating_point():
            broken = tensor.clone()
            broken.view(-1)[-1] = bad
            if name == "apart":  # the two sides are then infinitely far apart
                assert called(name, arguments | {key: broken})[0] == math.inf
                continue
            refusal(called, [key, "samples are not finite"], name, arguments | {key: broken})


def test_a_truth_value_is_no_number():
    """NaN counts as true in Python."""
    for bad in ([True, math.nan], [1.0], [0], torch.ones(3), [torch.tensor(math.nan)]):
        refusal(verdict, ["passed"], bad)


def test_a_decoder_that_gives_nan_or_another_shape_is_refused():
    x, noise, mean, log_var = ordinary("importance_sampled_log_likelihood").values()
    for decoder in (lambda z: z.new_full((3, 8, 2), math.nan), lambda z: z[:, :1, :1]):
        refusal(
            importance_sampled_log_likelihood,
            ["decoder"],
            x,
            decoder,
            noise[:, :, :1, :1],
            mean,
            log_var,
            streams(3),
            2,
            2,
        )


@pytest.mark.parametrize("level", [0, 1, 95, -0.5, math.nan])
def test_a_level_is_a_probability(level):
    refusal(confidence_interval, ["level"], [1.0, 2.0], level)


def test_points_that_coincide_have_no_median_distance():
    x = torch.zeros(1, 6, 2)
    x[0, 0] = 1
    refusal(two_sample_test, ["x"], x, torch.zeros(1, 5, 2), streams(1))


def test_an_apple_gpu_has_no_float64():
    with pytest.raises(TypeError, match="float64"):
        torch.zeros(2).as_subclass(numerics.AppleTensor).double()


@each_checked
def test_what_lies_on_an_apple_gpu_is_judged_alike(name):
    arguments = ordinary(name, torch.float32)
    there = {key: tensor.as_subclass(numerics.AppleTensor) for key, tensor in arguments.items()}
    for found, here in zip(called(name, there), called(name, arguments)):
        assert torch.equal(found.cpu(), here) if isinstance(here, torch.Tensor) else found == here


# Formulas: of one seed's arguments as nested lists of mpmath numbers, what is compared, each a
# value with the size that rounding errors are relative to.


def exactly(value):
    return value, abs(value)


def squared(a, b):
    return sum((one - other) ** 2 for one, other in zip(a, b))


def mean_of(values):
    return sum(values) / len(values)


def spread_of(x):
    centre = [mean_of(column) for column in zip(*x)]
    return mpmath.sqrt(mean_of([squared(point, centre) for point in x]))


def counts_of(x):
    centres = [[mpmath.mpf(c) for c in centre] for centre in ring().centres.tolist()]
    counts = [0] * len(centres)
    for point in x:
        distances = [squared(point, centre) for centre in centres]
        nearest = min(range(len(centres)), key=distances.__getitem__)
        counts[nearest] += distances[nearest] < (HIGH_QUALITY * mpmath.mpf(ring().std)) ** 2
    return counts


def coverage_of(x):
    counts = counts_of(x)
    total, size = sum(counts), len(counts)
    shares = [mpmath.mpf(count) / total for count in counts if count]
    kl = sum(s * mpmath.log(size * s) for s in shares) if total else mpmath.log(size)
    fair = sum(count >= FAIR * len(x) / size for count in counts)
    values = [sum(map(bool, counts)), fair, mpmath.mpf(total) / len(x), kl]
    return [(mpmath.mpf(value), 1 + abs(value)) for value in values]


def interval_of(values):
    count, mean = len(values), mean_of(values)
    deviation = mpmath.sqrt(sum((v - mean) ** 2 for v in values) / (count - 1))
    half = mpmath.mpf(float(special.stdtrit(count - 1, 0.975))) * deviation / mpmath.sqrt(count)
    size = max(map(abs, values)) + half  # SciPy's two quantiles differ in their last digits
    return [(mean, abs(mean) + half), (mean - half, size), (mean + half, size)]


def pairs_of(x, z, x_spread, z_spread):
    rows = [[a / x_spread for a in one] + [b / z_spread for b in two] for one, two in zip(x, z)]
    return [exactly(value) for row in rows for value in row]


def neighbour_error_of(codes, labels, reference, reference_labels):
    """The least and the largest share, as of neighbours that are as near in float64 any counts."""
    least = most = 0
    for code, label in zip(codes, labels):
        distances = [squared(code, other) for other in reference]
        limit = min(distances) * (1 + 2**-48) + (2**-52 * max(map(abs, code))) ** 2
        near = [x != label for x, d in zip(reference_labels, distances) if d <= limit]
        least, most = least + min(near), most + max(near)
    return least / len(codes), most / len(codes)


def statistic_of(x, y):
    pooled = x + y
    middle = sorted(squared(a, b) for a in pooled for b in pooled)[(len(pooled) ** 2 - 1) // 2]

    def within(points):
        pairs = [kernel(a, b) for i, a in enumerate(points) for j, b in enumerate(points) if i != j]
        return mean_of(pairs)

    def kernel(a, b):
        widths = (0.5, 1, 2)
        return mean_of([mpmath.exp(-squared(a, b) / (2 * w**2 * middle)) for w in widths])

    return [(within(x) + within(y) - 2 * mean_of([kernel(a, b) for a in x for b in y]), 4)]


def wasserstein_of(x, y):
    pairs = [(sorted(one), sorted(other)) for one, other in zip(zip(*x), zip(*y))]
    size = max(abs(value) for row in x + y for value in row)
    return [(mean_of([abs(a - b) for a, b in zip(*pair)]), size) for pair in pairs]


def units_of(x, y):
    top = max(abs(value) for row in x + y for value in row)
    unit = mpmath.mpf(2) ** (mpmath.floor(mpmath.log(top, 2)) + 1) if top else mpmath.mpf(1)
    unit = min(unit, mpmath.mpf(2) ** 1023)
    return [exactly(unit)] + [exactly(value / unit) for row in x + y for value in row]


FORMULAS = {
    "coverage": coverage_of,
    "mode_counts": lambda x: [exactly(mpmath.mpf(count)) for count in counts_of(x)],
    "confidence_interval": interval_of,
    "paired_difference": lambda a, b: interval_of([one - other for one, other in zip(a, b)]),
    "spread": lambda x: [exactly(spread_of(x))],
    "scaled_pairs": pairs_of,
    "relative_error": lambda x, y: [
        exactly(mean_of([squared(a, b) for a, b in zip(x, y)]) / spread_of(x) ** 2)
    ],
    "two_sample_test": statistic_of,
    "wasserstein": wasserstein_of,
    "in_unit": units_of,
    # these are compared in tests of their own below
    "verdict": lambda passed: "supported" if min(passed) else "mixed" if max(passed) else "not",
    "apart": lambda a, b: max(0 if p == q else abs(p - q) / abs(q) for p, q in zip(a, b)),
    "nearest_neighbour_error": neighbour_error_of,
    **dict.fromkeys(
        ("importance_sampled_log_likelihood", "importance_sampled_log_marginal"),
        lambda weights: mean_of(list(map(mpmath.exp, weights))),
    ),
}
APART = {
    "verdict",
    "apart",
    "nearest_neighbour_error",
    "importance_sampled_log_likelihood",
    "importance_sampled_log_marginal",
}
BY_SEED = [name for name in MEASURES if name in FORMULAS and name not in APART]
OVER_SEEDS = {"confidence_interval", "paired_difference"}  # one number for all of them


def drawn(name, dtype, seed):
    """Arguments with coordinates from the extremes, half of them ordinary numbers."""
    arguments = ordinary(name, dtype, seed)
    generator = torch.Generator().manual_seed(seed + 1)
    pool = extremes(dtype)
    if dtype == torch.float64 and name not in OVER_SEEDS | {"spread", "in_unit"}:
        # squares of differences in one unit span what float64 spans: for coordinates half of that
        pool = pool[(pool == 0) | ((pool.abs() > 1e-60) & (pool.abs() < 1e60))]
    for key, tensor in arguments.items():
        if tensor.is_floating_point():
            place = torch.randint(len(pool), tensor.shape, generator=generator)
            share = torch.rand(1, generator=generator).item()
            chosen = torch.rand(tensor.shape, generator=generator) < share
            tensor = torch.where(chosen, pool[place], tensor)
            arguments[key] = tensor.abs() + 1 if key.endswith("spread") else tensor
    return arguments


def numbers(tensor):
    """A tensor as nested lists of mpmath numbers."""
    if tensor.ndim:
        return [numbers(one) for one in tensor]
    return mpmath.mpf(tensor.item()) if tensor.is_floating_point() else tensor.item()


def flat(parts):
    return torch.cat([torch.as_tensor(part, dtype=torch.float64).reshape(-1) for part in parts])


@pytest.mark.parametrize("name", BY_SEED)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("seed", range(12))
def test_it_is_its_formula_at_all_finite_inputs_or_refuses_them_by_name(name, dtype, seed):
    arguments = drawn(name, dtype, seed)
    try:
        parts = called(name, arguments)
    except ValueError as error:
        assert any(key in str(error) for key in arguments) and "\n" not in str(error)
        return
    parts = parts[:1] if name == "two_sample_test" else parts
    rows = [list(arguments.values())]
    found = [flat(parts)]
    if name not in OVER_SEEDS:
        rows = list(zip(*arguments.values()))
        found = [flat(part[s] for part in parts) for s in range(len(rows))]
    coarse = next((p.dtype for p in parts if isinstance(p, torch.Tensor)), torch.float64)
    with mpmath.workdps(400):
        for row, values in zip(rows, found):
            expected = FORMULAS[name](*map(numbers, row))
            assert len(values) == len(expected)
            for value, (right, size) in zip(values.tolist(), expected):
                assert wrong(value, right, size, coarse) is None, f"{value}, not {float(right)}"


@pytest.mark.parametrize("name", BY_SEED)
@pytest.mark.parametrize("dtype", DTYPES)
def test_not_all_extremes_are_refused(name, dtype):
    """What the test above rests on."""
    for seed in range(12):
        try:
            called(name, drawn(name, dtype, seed))
        except ValueError:
            continue
        return
    raise AssertionError("all were refused")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("seed", range(30))
def test_neighbours_are_the_nearest_at_all_finite_codes(dtype, seed):
    arguments = drawn("nearest_neighbour_error", dtype, seed)
    (found,) = called("nearest_neighbour_error", arguments)
    with mpmath.workdps(400):
        for row, value in zip(zip(*arguments.values()), found.tolist()):
            least, most = FORMULAS["nearest_neighbour_error"](*map(numbers, row))
            assert least <= value <= most


@given(st.lists(st.booleans(), min_size=1))
def test_a_verdict_counts(passed):
    expected = FORMULAS["verdict"](passed)
    assert verdict(passed).startswith(expected)
    assert verdict(torch.tensor(passed)) == verdict(passed)


@settings(max_examples=200)
@given(st.integers(0, 10**6), st.sampled_from(DTYPES))
def test_how_far_two_sides_are_apart(seed, dtype):
    generator = torch.Generator().manual_seed(seed)
    pool = extremes(dtype)
    other = pool[torch.randint(len(pool), (2,), generator=generator)]
    off = 1 + 3 * TOLERANCE * (torch.rand(2, generator=generator, dtype=torch.float64) - 0.5)
    ours = (other * off).to(dtype)
    if not ours.isfinite().all():
        assert apart(ours, other) == math.inf
        return
    with mpmath.workdps(60):
        expected = FORMULAS["apart"](numbers(ours), numbers(other))
    # the difference of numbers so near to each other is exact, their ratio is rounded once
    assert apart(ours, other) == pytest.approx(float(expected), rel=2 * torch.finfo(dtype).eps)


LOG_VARS = [0.0, -1.0, 20.0, -80.0, 80.0, -700.0, 700.0, 1e4, -1e4, 3e37, -3e37]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("log_var", LOG_VARS)
@pytest.mark.parametrize("centre", [0.0, 1.5, -1e3, 1e20])
def test_the_sampled_likelihood_is_that_of_its_draws_at_any_log_variance(dtype, log_var, centre):
    """With the weights of mpmath at the same noise; for a decoder that gives one image."""
    x = torch.tensor([[0.5, -1.0]], dtype=dtype)
    mean = torch.full((2, 1, 2), centre, dtype=dtype)
    spread_out = torch.full_like(mean, log_var)
    decoder_log_var = torch.tensor(-0.5, dtype=dtype)
    found = importance_sampled_log_likelihood(
        x, constant(x), decoder_log_var, mean, spread_out, streams(2), 6, 6
    )
    noise = streams(2).normal(6, 1, 2)[:, :, 0].double()
    with mpmath.workdps(60):
        centre, log_var = (mpmath.mpf(one[0, 0, 0].item()) for one in (mean, spread_out))
        image = sum(log_normal(a, mpmath.mpf(0.25), mpmath.mpf(-0.5)) for a in numbers(x[0]))
        for s in range(2):
            weights = [
                log_weight(numbers(row), k < 3, centre, log_var) for k, row in enumerate(noise[s])
            ]
            formula = FORMULAS["importance_sampled_log_likelihood"]
            ratio = mpmath.log(formula([max(w, FORGOTTEN) for w in weights]))
            size = 40 + abs(image + ratio)
            assert wrong(found[s, 0].item(), image + ratio, size, dtype) is None
            assert found[s, 0] <= float(image) + math.log(2) + FEW * 40 * torch.finfo(dtype).eps


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("log_var", LOG_VARS)
def test_any_decoder_is_sampled_as_a_gaussian_one_is(dtype, log_var):
    """So what the test above says of one function holds for the other."""
    x = torch.tensor([[0.5, -1.0]], dtype=dtype)
    mean = torch.full((2, 1, 2), 1.5, dtype=dtype)
    spread_out = torch.full_like(mean, log_var)
    gaussian = importance_sampled_log_likelihood(
        x, constant(x), torch.tensor(-0.5, dtype=dtype), mean, spread_out, streams(2), 6, 6
    )

    def log_likelihood(z):
        return gaussian_log_density(x, x.new_full((2, 6, 1, 2), 0.25), -0.5)

    general = importance_sampled_log_marginal(log_likelihood, mean, spread_out, streams(2), 6, 6)
    assert torch.equal(general, gaussian)


FORGOTTEN = -(10**9)  # e to that power is nothing beside the draws of the prior


def log_normal(x, mean, log_var):
    return -((x - mean) ** 2 * mpmath.exp(-log_var) + log_var + mpmath.log(2 * mpmath.pi)) / 2


def log_weight(noise, near, centre, log_var):
    """log q(z) − log r(z|x) at the draw that this noise makes."""
    z = [centre + mpmath.exp(log_var / 2) * e for e in noise] if near else noise
    prior = sum(log_normal(a, 0, 0) for a in z)
    near = sum(log_normal(a, centre, log_var) for a in z)
    top = max(prior, near)
    parts = [mpmath.exp(max(one - top, FORGOTTEN)) for one in (prior, near)]
    return prior - top - mpmath.log(mean_of(parts))


def test_a_common_shift_changes_no_measure():
    """In float64 the shifted data are the same to their last digits, so the measures are."""
    x, y = (torch.randn(2, 40, 2, generator=torch.Generator().manual_seed(s)) for s in (0, 1))
    x, y = (torch.round(one * 2**10).double() / 2**10 for one in (x, y))  # exact when shifted
    shift = 2.0**40
    torch.testing.assert_close(spread(x + shift), spread(x), rtol=1e-12, atol=0)
    here, there = (two_sample_test(x + s, y + s, streams(2), 20) for s in (0, shift))
    for one, other in zip(here, there):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)
    many = ring().sample(streams(2), 50).double()
    assert torch.equal(mode_counts(ring(), many).sum(-1) > 40, torch.tensor([True, True]))


def test_an_interval_keeps_the_digits_of_lists_and_of_shifted_values():
    assert confidence_interval([0.1, 0.3]).mean == pytest.approx(0.2, rel=1e-15)
    assert paired_difference([0.1, 0.3], [0.0, 0.1]).mean == pytest.approx(0.15, rel=1e-15)
    large = confidence_interval([1e15 + 1, 1e15 + 2, 1e15 + 3])
    assert large.high - large.mean == pytest.approx(2.484, abs=0.13)  # 1e15's last digit is 1/8


def test_the_unit_is_a_power_of_two():
    unit, (points,) = in_unit(torch.tensor([[[3.0], [5e-324]]], dtype=torch.float64))
    assert unit.item() == 4 and points.flatten().tolist() == [0.75, 5e-324 / 4]
