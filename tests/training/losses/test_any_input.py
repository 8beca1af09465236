"""Every loss over all inputs of a kind: shapes, dtypes, extreme values, NaN, compiled, vectorised.

The losses are found by looking, so a new one fails here by name until it says which shapes it
means, and by which formula of mpmath it can be computed.
"""

import itertools
import math

import mpmath
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import numerics
from numerics import DTYPES, FEW, REFUSED, extremes, fits, joined, meant, refusal, wrong
from onekl.training import losses
from onekl.training.losses.adversarial import regularised_generator_loss
from onekl.training.losses.encoder import aae_loss
from onekl.training.losses.joint import joint_kl

LOSSES = numerics.public(losses)
each = pytest.mark.parametrize("name", LOSSES)

POINT = {"x": "... D", "mean": "... D", "log_var": "... D"}
DECODED = {"x": "... D", "decoder_mean": "... D", "decoder_log_var": "... D"}
PAIR = {"encoder_logits": "...", "generator_logits": "..."}
TABLES = {"log_encoder": "... Z", "log_joint": "... Z"}
# The shapes of each loss's arguments; what else is meant stands in MEANT.
SPECS = {
    "gaussian_log_density": POINT,
    "gaussian_kl": {"mean": "... L", "log_var": "... L"},
    "reparameterise": {"mean": "... L", "log_var": "... L", "noise": "... L"},
    "reconstruction_loss": DECODED,
    "vae_loss": DECODED | {"mean": "... L", "log_var": "... L"},
    "discriminator_loss": {"real_logits": "...", "fake_logits": "..."},
    "generator_loss": {"fake_logits": "..."},
    "minimax_generator_loss": {"fake_logits": "..."},
    "step_penalty": {"x": "... D", "x_old": "... D"},
    "regularised_generator_loss": {
        "fake_logits": "...",
        "x": "... D",
        "x_old": "... D",
        "lam": "...",
    },
    "optimal_discriminator_logit": {"log_p_data": "...", "log_q": "..."},
    "aae_loss": {"code_logits": "...", "x": "... D", "reconstruction": "... D", "lam": "..."},
    "ali_loss": PAIR,
    "ali_minimax_loss": PAIR,
    "ali_exchanged_loss": PAIR,
    "ali_complete_loss": PAIR | {"generator_kl": "...", "encoder_log_ratio": "..."},
    "avb_loss": {"logits": "...", "log_likelihood": "..."},
    "adaptive_contrast_loss": {"logits": "...", "log_reference": "...", "log_joint": "..."},
    "negative_log_likelihood": {"log_joint": "... Z"},
    "joint_kl": TABLES,
    "bound_gap": TABLES,
    "importance_weighted_log_likelihood": {"log_weights": "... K"},
}


def of_gaussian(x, mean, log_var):
    whole = joined(x, mean) if x and x[-1] else None
    if whole is None or (mean and mean[-1] != x[-1]) or not fits(log_var, whole):
        return None
    return whole[:-1]


def of_decoded(x, decoder_mean, decoder_log_var):
    either = fits(x, decoder_mean) or fits(decoder_mean, x)
    return of_gaussian(x, decoder_mean, decoder_log_var) if either else None


def of_vae(x, decoder_mean, decoder_log_var, mean, log_var):
    kl = meant(SPECS["gaussian_kl"], "...")(mean=mean, log_var=log_var)
    return kl if of_decoded(x, decoder_mean, decoder_log_var) == kl else None


def of_densities(log_p_data, log_q):
    return log_q if fits(log_p_data, log_q) else log_p_data if fits(log_q, log_p_data) else None


def of_noise(mean, log_var, noise):
    whole = of_densities(noise, mean)
    return whole if whole is not None and fits(log_var, whole) else None


def of_weighted(lam, **others):
    """A weight has no axes or all of the examples', each of their length or of 1."""
    specs = {name: "..." if name.endswith("logits") else "... D" for name in others}
    whole = meant(specs, "...")(**others)
    if whole is None or (lam and not (len(lam) == len(whole) and fits(lam, whole))):
        return None
    return whole


# Where an argument may also be smaller than its spec: the shape of the value, or None.
MEANT = {
    "gaussian_log_density": of_gaussian,
    "reconstruction_loss": of_decoded,
    "vae_loss": of_vae,
    "reparameterise": of_noise,
    "regularised_generator_loss": of_weighted,
    "aae_loss": of_weighted,
    "optimal_discriminator_logit": of_densities,
}


# Where a number may stand for a tensor that is the same everywhere.
NUMBERS = {
    "gaussian_log_density": ["mean", "log_var"],
    "reconstruction_loss": ["decoder_log_var"],
    "vae_loss": ["decoder_log_var"],
    "regularised_generator_loss": ["lam"],
    "aae_loss": ["lam"],
    "ali_complete_loss": ["generator_kl"],
}


def result_of(name, shapes):
    of = MEANT.get(name) or meant(SPECS[name], "...")
    return of(**shapes)


def made(name, shapes, dtype=torch.float64, seed=0):
    """Arguments of these shapes: ordinary numbers, weights that are not negative, p(z|x) tables."""
    generator = torch.Generator().manual_seed(seed)
    arguments = {
        key: torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)
        for key, shape in shapes.items()
    }
    if "lam" in arguments:
        arguments["lam"] = arguments["lam"].abs()
    if "log_encoder" in arguments:
        table = arguments["log_encoder"]
        arguments["log_encoder"] = torch.log_softmax(table, -1) if table.ndim else 0 * table
    return arguments


def ordinary(name, lead=(2, 3), dtype=torch.float64, seed=0):
    found = {"...": lead} | dict.fromkeys("DLZK", (4,))
    shapes = {key: numerics.shape_of(spec, found) for key, spec in SPECS[name].items()}
    return made(name, shapes, dtype, seed)


@each
def test_it_says_which_shapes_it_means_and_by_which_formula_it_is_computed(name):
    assert name in SPECS and name in FORMULAS, f"{name} has no entry in SPECS or FORMULAS"


def test_nothing_is_stated_of_a_loss_that_is_gone():
    assert SPECS.keys() | FORMULAS.keys() | MEANT.keys() <= LOSSES.keys()


@each
@settings(max_examples=150)
@given(data=st.data())
def test_shapes_that_are_not_meant_are_refused_by_name_and_others_are_not(name, data):
    shapes = data.draw(numerics.shapes(SPECS[name]))
    expected = result_of(name, shapes)
    arguments = made(name, shapes)
    if expected is None:
        refusal(LOSSES[name], shapes, **arguments)
        return
    found = LOSSES[name](**arguments)
    assert tuple(found.shape) == expected
    expanded = {key: arguments[key].expand(shape) for key, shape in spread(name, shapes).items()}
    torch.testing.assert_close(found, LOSSES[name](**expanded), rtol=1e-14, atol=1e-14)


def spread(name, shapes):
    """The arguments' shapes when each of these, which are meant, is as large as it can be."""
    lead = result_of(name, shapes)
    if name == "reparameterise":  # elementwise
        return dict.fromkeys(shapes, lead)
    letters = {key: spec.removeprefix("...").strip() for key, spec in SPECS[name].items()}
    last = {}
    for key, letter in letters.items():
        if letter:
            last[letter] = max(last.get(letter, (1,)), shapes[key][-1:])
    return {key: (*lead, *last.get(letter, ())) for key, letter in letters.items()}


@pytest.mark.parametrize("name", ["reconstruction_loss", "vae_loss", "optimal_discriminator_logit"])
def test_two_that_would_make_all_pairs_are_refused(name):
    arguments = ordinary(name)
    first, second = list(arguments)[:2]
    arguments[first] = arguments[first][:, :1]
    arguments[second] = arguments[second][:1]
    refusal(LOSSES[name], [first], **arguments)


@each
def test_the_draws_of_shapes_hold_both_kinds(name):
    """What the test above rests on: of each loss's draws some are meant, and some are not."""
    seen = set()

    @settings(max_examples=150, database=None, derandomize=True)
    @given(numerics.shapes(SPECS[name]))
    def look(shapes):
        seen.add(result_of(name, shapes) is None)

    look()
    assert seen == (
        {True, False} if len(SPECS[name]) > 1 or "... " in str(SPECS[name]) else {False}
    )


@pytest.mark.parametrize("name, key", [(n, key) for n, keys in NUMBERS.items() for key in keys])
def test_a_number_is_a_tensor_that_is_the_same_everywhere(name, key):
    arguments = ordinary(name)
    tensor = torch.full_like(arguments[key], 0.7)
    same = LOSSES[name](**arguments | {key: tensor})
    assert torch.equal(LOSSES[name](**arguments | {key: 0.7}), same)


@each
def test_elsewhere_a_number_is_refused_by_name(name):
    arguments = ordinary(name)
    for key in arguments:
        if key not in NUMBERS.get(name, ()):
            line = refusal(LOSSES[name], [key], **arguments | {key: 0.7})
            assert "give a tensor" in line


@each
@pytest.mark.parametrize("dtype", REFUSED)
def test_other_dtypes_are_refused_by_name(name, dtype):
    arguments = ordinary(name)
    for key, tensor in arguments.items():
        line = refusal(LOSSES[name], [key], **arguments | {key: tensor.to(dtype)})
        assert "float32 or float64" in line


@each
@pytest.mark.parametrize("dtype", DTYPES)
def test_nan_is_not_swallowed_and_stays_at_its_example(name, dtype):
    for key in SPECS[name]:
        arguments = ordinary(name, dtype=dtype)
        if key in ("lam", "log_encoder"):  # these must be good as a whole
            arguments[key][1, 2] = math.nan
            refusal(LOSSES[name], [key], **arguments)
            continue
        arguments[key][1, 2] = math.nan
        if name == "reparameterise":  # it gives a whole z, not one value
            found = LOSSES[name](**arguments).isnan().all(-1)
        else:
            found = LOSSES[name](**arguments).isnan()
        assert found.nonzero().tolist() == [[1, 2]]


# Formulas: of one example's arguments, lists of mpmath numbers, the value and the size of what is
# added up on the way, which rounding errors are relative to.


def softplus(a):
    """log(1 + eᵃ)."""
    return mpmath.log1p(mpmath.exp(a)) if a < 0 else a + mpmath.log1p(mpmath.exp(-a))


def gaussian(x, mean, log_var):
    constant = mpmath.log(2 * mpmath.pi)
    squares = [(a - m) ** 2 * mpmath.exp(-v) for a, m, v in zip(x, mean, log_var)]
    value = -(sum(squares) + sum(log_var) + constant * len(x)) / 2
    return value, sum(squares) + sum(map(abs, log_var)) + constant * len(x)


def kl(mean, log_var):
    value = sum(m**2 + mpmath.expm1(v) - v for m, v in zip(mean, log_var)) / 2
    return value, sum(m**2 + abs(mpmath.expm1(v)) + abs(v) for m, v in zip(mean, log_var))


def added(*terms):
    return sum(terms), sum(map(abs, terms))


def squared(x, y):
    return sum((a - b) ** 2 for a, b in zip(x, y))


def weighted(logits, x, y, lam):
    return added(softplus(-logits[0]), lam[0] * squared(x, y))


def log_sum(logs):
    """log Σ e^l: its rounding errors are relative to the largest l and to the sum, 1 or more."""
    top = max(logs)
    value = top + mpmath.log(sum(mpmath.exp(one - top) for one in logs))
    return value, abs(top) + mpmath.log(len(logs)) + 1


def table_kl(log_p, log_q):
    shares = [mpmath.exp(p) for p in log_p]
    value = sum(s * (p - q) for s, p, q in zip(shares, log_p, log_q))
    return value, sum(s * (abs(p) + abs(q)) for s, p, q in zip(shares, log_p, log_q))


def gap(log_p, log_joint):
    total, size = log_sum(log_joint)
    value, of_ratio = table_kl(log_p, [one - total for one in log_joint])
    of_joint = sum(mpmath.exp(p) * abs(q) for p, q in zip(log_p, log_joint))
    return value, of_ratio + of_joint + size


def of_pairs(first, second):
    """The sum of softplus(sign · logit) over the two logits."""
    return lambda a, b: added(softplus(first * a[0]), softplus(second * b[0]))


def negative(formula):
    def minus(*arguments):
        value, size = formula(*arguments)
        return -value, size

    return minus


FORMULAS = {
    "gaussian_log_density": gaussian,
    "gaussian_kl": kl,
    "reparameterise": lambda m, v, e: added(m[0], mpmath.exp(v[0] / 2) * e[0]),
    "reconstruction_loss": negative(gaussian),
    "vae_loss": lambda x, m, v, a, b: tuple(
        one + other for one, other in zip(negative(gaussian)(x, m, v), kl(a, b))
    ),
    "discriminator_loss": of_pairs(-1, 1),
    "generator_loss": lambda a: added(softplus(-a[0])),
    "minimax_generator_loss": lambda a: added(-softplus(a[0])),
    "step_penalty": lambda x, y: added(squared(x, y)),
    "regularised_generator_loss": weighted,
    "optimal_discriminator_logit": lambda a, b: added(a[0], -b[0]),
    "aae_loss": weighted,
    "ali_loss": of_pairs(-1, -1),
    "ali_minimax_loss": negative(of_pairs(-1, 1)),
    "ali_exchanged_loss": of_pairs(1, -1),
    "ali_complete_loss": lambda a, b, k, r: added(softplus(-a[0]), softplus(-b[0]), k[0], r[0]),
    "avb_loss": lambda t, g: added(t[0], -g[0]),
    "adaptive_contrast_loss": lambda t, r, j: added(t[0], r[0], -j[0]),
    "negative_log_likelihood": negative(log_sum),
    "joint_kl": table_kl,
    "bound_gap": gap,
    "importance_weighted_log_likelihood": lambda w: (
        log_sum(w)[0] - mpmath.log(len(w)),
        log_sum(w)[1] + mpmath.log(len(w)),
    ),
}


def drawn(name, dtype, count, seed):
    """`count` examples with coordinates from the extremes, half of them ordinary numbers."""
    arguments = ordinary(name, (count,), dtype, seed)
    generator = torch.Generator().manual_seed(seed + 1)
    pool = extremes(dtype)
    for key, tensor in arguments.items():
        place = torch.randint(len(pool), tensor.shape, generator=generator)
        chosen = torch.rand(tensor.shape, generator=generator) < 0.5
        arguments[key] = torch.where(chosen, pool[place], tensor)
        if "log_var" in key:  # their own sum over the coordinates has to stay within the dtype
            arguments[key] = arguments[key].clamp(-torch.finfo(dtype).max / 8, None)
    if "lam" in arguments:
        arguments["lam"] = arguments["lam"].abs()
    if "log_encoder" in arguments:  # extreme logits make tables with cells that underflow
        table = torch.log_softmax(arguments["log_encoder"].clamp(-1e37, 1e37), -1)
        arguments["log_encoder"] = table.clamp_min(-torch.finfo(dtype).max)
    return arguments


@each
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("seed", range(4))
def test_it_is_its_formula_at_all_finite_inputs(name, dtype, seed):
    arguments = drawn(name, dtype, 100, seed)
    found = LOSSES[name](**arguments)
    assert found.dtype == dtype
    found = found.flatten(1)[:, 0] if name == "reparameterise" else found
    with mpmath.workdps(60):
        for index, value in enumerate(found.tolist()):
            rows = [tensor[index].reshape(-1).tolist() for tensor in arguments.values()]
            numbers = [list(map(mpmath.mpf, row)) for row in rows]
            expected, size = FORMULAS[name](*numbers)
            assert wrong(value, expected, size, dtype) is None, (
                f"{value} and not {mpmath.nstr(expected, 12)} at {rows}"
            )


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_comparison_sees_an_error_of_a_few_units(dtype):
    size = mpmath.mpf(3)
    off = 3 * (1 + 2 * FEW * torch.finfo(dtype).eps)
    assert wrong(3.0, size, size, dtype) is None
    assert wrong(off, size, size, dtype) == "off"
    assert wrong(math.inf, size, size, dtype) == "infinite"
    assert wrong(math.nan, size, size, dtype) == "NaN"


@each
@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_it_compiles_without_a_break(name, backend):
    torch._dynamo.reset()
    arguments = ordinary(name, dtype=torch.float32)
    compiled = torch.compile(LOSSES[name], fullgraph=True, backend=backend)
    values = [
        loss(**{key: tensor.clone().requires_grad_() for key, tensor in arguments.items()})
        for loss in (LOSSES[name], compiled)
    ]
    assert torch.equal(*values)
    numbers = {key: 0.7 for key in arguments if key in NUMBERS.get(name, ())}
    assert torch.equal(LOSSES[name](**arguments | numbers), compiled(**arguments | numbers))


@each
def test_it_can_be_vectorised_over_any_argument_and_over_all(name):
    arguments = ordinary(name)
    whole = LOSSES[name](**arguments)
    keys = list(arguments)

    def loss(*tensors):
        return LOSSES[name](**dict(zip(keys, tensors)))

    over_all = torch.func.vmap(loss)(*arguments.values())
    torch.testing.assert_close(over_all, whole, rtol=1e-14, atol=1e-14)
    for key in keys:
        several = torch.stack([arguments[key], arguments[key].flip(0)])
        dims = [0 if other == key else None for other in keys]
        over_one = torch.func.vmap(loss, in_dims=tuple(dims))(
            *(arguments | {key: several}).values()
        )
        apart = torch.stack([loss(*(arguments | {key: one}).values()) for one in several])
        torch.testing.assert_close(over_one, apart, rtol=1e-14, atol=1e-14)


@each
def test_it_does_not_look_at_values_where_that_would_wait_for_a_device(name):
    """On the device "meta", which has no values, whatever asks for one fails."""
    arguments = {key: tensor.to("meta") for key, tensor in ordinary(name).items()}
    with pytest.raises((RuntimeError, NotImplementedError)):
        bool(next(iter(arguments.values())).sum() > 0)
    assert LOSSES[name](**arguments).shape[:2] == (2, 3)


WEIGHTED = {regularised_generator_loss: "fake_logits", aae_loss: "code_logits"}


@pytest.mark.parametrize("loss", WEIGHTED)
@pytest.mark.parametrize("lam", [-1e-9, -math.inf, math.inf, math.nan])
def test_a_weight_that_is_no_weight_is_refused_where_it_can_be_seen_and_else_gives_nan(loss, lam):
    logits, x, y, _ = ordinary(loss.__name__).values()
    for bad in (lam, torch.tensor(lam), torch.tensor([[1.0, 1.0, lam]])):
        assert "must not be negative" in refusal(loss, ["lam"], logits, x, y, bad)
    torch._dynamo.reset()
    compiled = torch.compile(loss, fullgraph=True, backend="eager")
    column = torch.tensor([[1.0], [lam]])
    assert compiled(logits, x, y, column).isnan().tolist() == [[False] * 3, [True] * 3]
    over = torch.func.vmap(lambda one: loss(logits, x, y, one))(column[:, 0])
    assert over.isnan().all((1, 2)).tolist() == [False, True] and not over[0].isnan().any()
    with pytest.raises(Exception, match="must not be negative"):
        compiled(logits, x, y, lam)


@pytest.mark.parametrize("loss", [joint_kl, LOSSES["bound_gap"]])
def test_tables_that_do_not_sum_to_one_are_refused_or_give_nan(loss):
    """Else the value may be below 0, as no KL is."""
    log_encoder, log_joint = ordinary(loss.__name__).values()
    for dtype, off in itertools.product(DTYPES, (-1.0, 2e-5, 1.0)):
        bad = log_encoder.to(dtype).clone()
        bad[1, 0] += off
        line = refusal(loss, ["log_encoder"], bad, log_joint)
        assert "not to one" in line
        torch._dynamo.reset()
        for other in (
            torch.compile(loss, fullgraph=True, backend="eager"),
            torch.func.vmap(loss),
        ):
            assert other(bad, log_joint).isnan().nonzero().tolist() == [[1, 0]]


@settings(max_examples=100)
@given(st.integers(0, 10**6), st.integers(1, 2000), st.floats(0, 30))
def test_tables_that_a_softmax_made_are_never_refused(seed, letters, size):
    logits = size * torch.randn(letters, generator=torch.Generator().manual_seed(seed))
    for dtype in DTYPES:
        table = torch.softmax(logits.to(dtype), -1)
        for log_table in (torch.log_softmax(logits.to(dtype), -1), torch.log(table)):
            assert joint_kl(log_table, log_table).abs() <= 1e-4


def test_a_cell_that_is_possible_and_forbidden_makes_the_joint_kl_infinite():
    """Also where the cell's probability is too small for the dtype."""
    for small in (-1.0, -200.0, -1e4):
        log_encoder = torch.tensor([math.log(-math.expm1(small)), small])
        assert joint_kl(log_encoder, torch.tensor([-1.0, -math.inf])).item() == math.inf


@each
def test_an_apple_gpu_which_has_no_float64_is_enough(name):
    arguments = ordinary(name, dtype=torch.float32)
    there = {key: tensor.as_subclass(numerics.AppleTensor) for key, tensor in arguments.items()}
    found = LOSSES[name](**there)
    assert isinstance(found, numerics.AppleTensor)
    assert torch.equal(found.cpu(), LOSSES[name](**arguments))


def test_gradients_are_finite_where_the_value_is():
    """At log-variances whose variance or precision is beyond the dtype, at a difference of 0."""
    zero = torch.zeros(3)
    for log_var in (-400.0, 400.0):
        inputs = [zero.clone().requires_grad_() for _ in range(2)]
        inputs.append(torch.full((3,), log_var).requires_grad_())
        for name in ("gaussian_log_density", "reparameterise"):
            found = LOSSES[name](*inputs)
            assert found.isfinite().all()
            assert all(g.isfinite().all() for g in torch.autograd.grad(found.sum(), inputs[-1:]))
