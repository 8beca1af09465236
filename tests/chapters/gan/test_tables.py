"""The exact GAN on finite alphabets: su-14 to su-20, the generator's step, and where it leads."""

import math
from functools import partial

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize

from onekl.chapters.gan.alternation import Partial, alternate, exact_step, limit, partial_step
from onekl.chapters.gan.tables import (
    generator_objective,
    jensen_shannon,
    objective,
    objective_at_optimum,
    optimal_discriminator,
)
from onekl.tables import check_table, kl, kl_div
from strategies import tables

PAIRS = st.integers(1, 6).flatmap(tables)  # with zeros, in either table and in both
FULL = (
    st.integers(2, 6)
    .flatmap(lambda n: st.tuples(*[st.lists(st.floats(1e-3, 1.0), min_size=n, max_size=n)] * 2))
    .map(lambda pair: [np.array(w) / sum(w) for w in pair])
)
P = np.array([0.3, 0.25, 0.2, 0.15, 0.07, 0.03])
Q = np.array([0.02, 0.08, 0.1, 0.2, 0.25, 0.35])


def close(a, b, tolerance=1e-12):
    return a == b or math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance)


def overlap(pair):
    return bool(((pair[0] > 0) & (pair[1] > 0)).any())


# ---- discriminator and objective


def test_discriminator_by_hand_and_where_tables_vanish():
    assert optimal_discriminator([0.5, 0.5, 0, 0], [0.25, 0, 0.75, 0]).tolist() == [2 / 3, 1, 0, 0]


@given(PAIRS, st.integers(0, 10**6))
def test_objective_is_su_14_and_smallest_at_the_optimal_discriminator(pair, seed):
    p, q = pair
    rng = np.random.default_rng(seed)
    best = optimal_discriminator(p, q)
    others = [
        np.full(len(p), 0.5),
        rng.random(len(p)),
        np.clip(best + rng.normal(0, 0.01, len(p)), 0, 1),
    ]
    for d in others:
        assert objective(p, q, best) <= objective(p, q, d) + 1e-12
        printed = [
            p[x] * math.log(1 / d[x]) if d[x] > 0 else math.inf for x in range(len(p)) if p[x] > 0
        ]
        for x in range(len(p)):
            if q[x] > 0:
                below = (1 - d[x]) * p[x]
                printed.append(q[x] * (math.log(q[x]) - math.log(below)) if below > 0 else math.inf)
        assert close(objective(p, q, d), math.fsum(printed) / 2 - math.log(2))


@given(PAIRS)
def test_objective_at_the_optimum_is_the_kl_from_the_mixture(pair):
    p, q = pair
    value = objective_at_optimum(p, q)
    assert close(value, objective(p, q, optimal_discriminator(p, q)))
    assert close(value, kl((p + q) / 2, p))
    assert (value == 0) == bool((p == q).all())
    assert math.isinf(value) == bool(((q > 0) & (p == 0)).any())


@given(PAIRS)
def test_objective_beside_jensen_shannon(pair):
    p, q = pair
    js = jensen_shannon(p, q)
    assert close(js, (kl(p, (p + q) / 2) + kl(q, (p + q) / 2)) / 2)
    assert -1e-15 <= js <= math.log(2) + 1e-12
    assert close(2 * objective_at_optimum(p, q) + 2 * js, kl(q, p))


def test_the_two_divergences_judge_a_missing_and_a_superfluous_mode_differently():
    wide, narrow = [0.5, 0.5], [1, 0]
    assert objective_at_optimum(wide, narrow) == pytest.approx(
        0.75 * math.log(1.5) - 0.25 * math.log(2)
    )
    assert objective_at_optimum(narrow, wide) == math.inf
    assert jensen_shannon(wide, narrow) == jensen_shannon(narrow, wide) < math.log(2)
    assert jensen_shannon([1, 0], [0, 1]) == pytest.approx(math.log(2), abs=1e-15)


@given(
    st.floats(1e-12, 10),
    st.one_of(st.floats(-0.5, 2), st.floats(-1e-6, 1e-6), st.floats(-0.25, 0.25)),
)
def test_excess_keeps_its_digits(b, shift):
    a = b * (1 + shift)
    with mpmath.workdps(50):
        exact = (
            mpmath.mpf(a) * mpmath.log(mpmath.mpf(a) / mpmath.mpf(b))
            - mpmath.mpf(a)
            + mpmath.mpf(b)
        )
    assert float(kl_div(a, b)) == pytest.approx(float(exact), rel=3e-14, abs=0)


def test_excess_at_zero():
    assert kl_div([0, 0, 2, 0.5], [0, 3, 0, 0.5]).tolist() == [0, 3, math.inf, 0]


# ---- the exact step


def random_problem(seed, zeros):
    """D and q° of six letters, some of them zero, and never all of D q°."""
    rng = np.random.default_rng(seed)
    d, q = rng.uniform(0.02, 1, 6), rng.exponential(size=6)
    if zeros:
        d[seed % 6] = 0
        q[(seed + 1 + seed % 5) % 6] = 0
    return d, q / q.sum()


@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_closed_form_of_the_step_against_a_generic_minimiser(seed, zeros):
    d, q_old = random_problem(seed, zeros)
    step = exact_step(d, q_old)
    mixed = [np.eye(6)[x] for x in range(6)]
    free = [
        math.isfinite(generator_objective(q, d, q_old)) for q in mixed
    ]  # elsewhere any mass costs +∞
    assert sum(free) == (4 if zeros else 6)

    def loss(
        q,
    ):  # as a function of weights, so that the minimiser may leave the simplex by its tolerance
        held = np.array(free) & (q > 0)
        return np.sum(q[held] * np.log(q[held] / (d[held] * q_old[held])))

    found = minimize(
        loss,
        np.array(free) / sum(free),
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 500},
        bounds=[(0, 1) if ok else (0, 0) for ok in free],
        constraints={"type": "eq", "fun": lambda q: q.sum() - 1},
    ).x
    assert found == pytest.approx(step, abs=2e-6)
    assert (
        generator_objective(step, d, q_old)
        <= generator_objective(found / found.sum(), d, q_old) + 1e-14
    )
    assert generator_objective(step, d, q_old) == pytest.approx(
        -math.log(np.sum(d * q_old)), abs=1e-14
    )


@given(PAIRS.filter(overlap), st.integers(0, 10**6))
def test_no_table_is_better_than_the_exact_step(pair, seed):
    p, q_old = pair
    d = optimal_discriminator(p, q_old)
    rng = np.random.default_rng(seed)
    for term in (True, False):
        step = exact_step(d, q_old, term)
        for other in (rng.dirichlet(np.ones(len(p))), q_old, p):
            for near in (other, (1 - 1e-3) * step + 1e-3 * other):
                assert (
                    generator_objective(step, d, q_old, term)
                    <= generator_objective(near, d, q_old, term) + 1e-12
                )


@pytest.mark.parametrize("seed", range(8))
def test_without_the_term_the_step_solves_a_linear_programme(seed):
    d, q_old = random_problem(seed, zeros=False)
    step = exact_step(d, q_old, term=False)
    best = linprog(-np.log(d), A_eq=np.ones((1, 6)), b_eq=[1], bounds=(0, 1))
    assert generator_objective(step, d, q_old, term=False) == pytest.approx(best.fun, abs=1e-12)
    assert sorted(step) == [0, 0, 0, 0, 0, 1] and d[step.argmax()] == d.max()


def test_among_equally_good_letters_the_first_is_taken():
    assert exact_step([0.2, 0.7, 0.7], [0.2, 0.3, 0.5], term=False).tolist() == [0, 1, 0]
    # at q° = p̃ every q is a minimiser: the step may stay, and by the rule it collapses
    assert exact_step(optimal_discriminator(P, P), P, term=False).tolist() == [1, 0, 0, 0, 0, 0]
    for q in (P, Q, np.eye(6)[3]):
        assert generator_objective(q, optimal_discriminator(P, P), P, term=False) == pytest.approx(
            math.log(2)
        )


@given(PAIRS.filter(overlap))
def test_the_step_is_one_exponentiated_gradient_step_of_size_one(pair):
    p, q_old = pair
    d = optimal_discriminator(p, q_old)
    with np.errstate(divide="ignore"):
        slope = -np.log(d)  # of su-20 in q(x)
    weights = q_old * np.exp(-slope)
    assert exact_step(d, q_old) == pytest.approx(weights / weights.sum(), abs=1e-14)


# ---- the alternation with the term


@given(FULL)
def test_dynamics_in_closed_form(pair):
    p, q0 = pair
    path = alternate(p, q0, 30)
    u = p / path.q
    assert path.z.max() <= 0.5 + 1e-15
    for t in range(30):
        assert u[t + 1] == pytest.approx(path.z[t] * (1 + u[t]), rel=1e-12)
        assert path.z[t] == pytest.approx(np.sum(p * path.q[t] / (p + path.q[t])), rel=1e-12)
        assert np.ptp(u[t + 1]) <= path.z[t] * np.ptp(u[t]) + 1e-11 * u[t].max()
        assert np.abs(u[t] - 1).max() <= 2.0**-t * np.ptp(u[0]) + 1e-12


@given(PAIRS.filter(overlap), st.booleans())
def test_objective_never_rises(pair, by_gradients):
    partial_steps = Partial(3, 0.5) if by_gradients else None
    values = alternate(*pair, 20, partial=partial_steps).objective
    assert math.isfinite(values[1])  # a letter without data is left in one step
    assert (values[1:] <= values[:-1] * (1 + 1e-12) + 1e-30).all()


@given(PAIRS.filter(overlap))
def test_missing_letters_stay_missing_and_dead_letters_die_in_one_step(pair):
    p, q0 = pair
    path = alternate(p, q0, 100)
    assert (path.q[:, q0 == 0] == 0).all()
    assert (path.q[1:, p == 0] == 0).all()
    assert (path.q[:, (q0 > 0) & (p > 0)] > 0).all()
    assert path.q[-1] == pytest.approx(limit(p, q0), abs=1e-9)


@pytest.mark.parametrize("missing", [(), (0,), (4, 5), (0, 1, 2, 3)])
def test_rates(missing):
    q0 = np.where(np.isin(range(6), missing), 0, Q)
    q0 /= q0.sum()
    covered = P[q0 > 0].sum()
    rate = covered / (1 + covered)
    path = alternate(P, q0, 30)
    goal = limit(P, q0)
    distance = np.abs(path.q - goal).max(axis=1)
    assert path.z[-1] == pytest.approx(rate, abs=1e-12)
    gaps = path.objective - objective_at_optimum(P, goal)
    last = np.flatnonzero(gaps > 1e-11)[
        -1
    ]  # later, a difference of two numbers of order one has no digits left
    slopes = [distance[last] / distance[last - 1], gaps[last] / gaps[last - 1]]
    assert slopes == pytest.approx([rate, rate**2], rel=1e-3)


def test_full_support_has_rate_one_half_and_one_quarter():
    path = alternate(P, Q, 40)
    assert np.diff(np.log2(np.abs(path.q - P).max(axis=1)))[-20:-10] == pytest.approx(
        [-1] * 10, abs=1e-4
    )
    assert np.diff(np.log2(path.objective))[-20:-10] == pytest.approx([-2] * 10, abs=1e-4)
    assert path.objective[-1] < 1e-22


def exact_path(p, q, steps):
    """The same alternation with 50 digits, from the definitions."""
    p, q = ([mpmath.mpf(float(v)) for v in table] for table in (p, q))
    rows, values = [], []
    for _ in range(steps + 1):
        rows.append(q)
        middle = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
        values.append(
            sum(m * mpmath.log(m / a) - m + a for m, a in zip(middle, p, strict=True) if m > 0)
        )
        weights = [b * a / (a + b) if b > 0 else b for a, b in zip(p, q, strict=True)]
        q = [w / sum(weights) for w in weights]
    return rows, values


@pytest.mark.parametrize(
    "q0", [Q, [0, 0.1, 0.2, 0.3, 0.4 - 1e-9, 1e-9], [1e-12, 0.5, 0.2, 0.2, 0.1 - 1e-12, 0]]
)
def test_floats_agree_with_fifty_digits(q0):
    with mpmath.workdps(50):
        rows, values = exact_path(P, q0, 60)
    path = alternate(P, q0, 60)
    for t in range(61):
        assert path.q[t] == pytest.approx(np.array(rows[t], float), rel=5e-15, abs=0)
        # the objective is a square of q − p̃, which rounding knows to 1e-16: its error is in
        # proportion to its root
        value = float(values[t])
        assert path.objective[t] == pytest.approx(
            value, rel=1e-14, abs=2e-16 * math.sqrt(value) + 1e-31
        )


# ---- without the term


@given(FULL)
def test_without_the_term_point_masses_for_ever(pair):
    p, q0 = pair
    path = alternate(p, q0, 200, term=False)
    floor = min(objective_at_optimum(p, point) for point in np.eye(len(p)))
    assert (np.sort(path.q[1:], axis=1)[:, -1] == 1).all()
    assert path.objective[1:].min() >= floor > 0
    assert (np.abs(np.diff(path.q[1:], axis=0)).sum(axis=1) == 2).all()  # it moves at every step
    visited = path.q[1:].argmax(axis=1)
    assert {0, 1} >= set(
        visited[3:]
    )  # the first letter that D says 1 to: letter 0, and when it is occupied, 1


def test_without_the_term_one_letter_of_data_is_found():
    assert alternate([0, 1, 0], [0.5, 0, 0.5], 3, term=False).q[1:].tolist() == [[0, 1, 0]] * 3


# ---- steps by gradients


def torch_steps(d, q_old, count, size, term):
    """The same steps by automatic differentiation of su-19 as printed."""
    logits = torch.tensor(np.log(q_old), requires_grad=True)
    d, q_old = torch.tensor(d), torch.tensor(q_old)
    for _ in range(count):
        log_q = torch.log_softmax(logits, 0)
        loss = -(log_q.exp() * d.log()).sum() + term * (log_q.exp() * (log_q - q_old.log())).sum()
        (slope,) = torch.autograd.grad(loss, logits)
        logits = (logits - size * slope).detach().requires_grad_()
    return torch.softmax(logits, 0).detach().numpy()


@pytest.mark.parametrize("term", [True, False])
@pytest.mark.parametrize(("count", "size"), [(1, 1.0), (5, 0.3), (100, 1.0)])
def test_partial_steps_against_automatic_differentiation(term, count, size):
    for seed in range(5):
        d, q_old = random_problem(seed, zeros=False)
        expected = torch_steps(d, q_old, count, size, term)
        assert partial_step(d, q_old, count, size, term) == pytest.approx(expected, abs=1e-13)


@given(PAIRS.filter(overlap), st.floats(0.01, 3))
def test_first_gradient_step_is_the_same_with_and_without_the_term_bit_for_bit(pair, size):
    p, q_old = pair
    step = partial(partial_step, optimal_discriminator(p, q_old), q_old, size=size)
    assert (step(count=1, term=True) == step(count=1, term=False)).all()


def test_later_gradient_steps_differ():
    step = partial(partial_step, optimal_discriminator(P, Q), Q, size=1.0)
    assert np.abs(step(count=2, term=True) - step(count=2, term=False)).max() > 1e-3
    one = [alternate(P, Q, 50, term, Partial(1, 1.0)).q for term in (True, False)]
    assert (
        one[0] == one[1]
    ).all()  # one generator step per discriminator step: the whole path is the same


@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_many_gradient_steps_reach_the_exact_step_with_the_term_and_collapse_without(seed, zeros):
    d, q_old = random_problem(seed, zeros)
    d, q_old = np.where(d > 0, d + 0.5, 0) / 1.5, np.where(q_old > 0, q_old + 0.5, 0)
    q_old /= (
        q_old.sum()
    )  # logits move in proportion to q: with rare letters the steps would need to be many more
    assert partial_step(d, q_old, 5000, 1.0) == pytest.approx(exact_step(d, q_old), abs=1e-10)
    alone = partial_step(d, q_old, 50_000, 1.0, term=False)
    assert alone[np.where(q_old > 0, d, 0).argmax()] > 0.999


def test_letters_without_mass_and_letters_without_data_in_partial_steps():
    path = alternate([0.5, 0.3, 0, 0.2], [0.4, 0, 0.3, 0.3], 10, partial=Partial(4, 0.5))
    assert (
        (path.q[:, 1] == 0).all() and (path.q[1:, 2] == 0).all() and (path.q[:, [0, 3]] > 0).all()
    )
    for q in path.q:
        check_table(q)


def test_few_steps_converge_without_the_term_and_many_do_not():
    """What the chapter shows: at five gradient steps the term is not needed, at a hundred it is."""
    few, many = (alternate(P, Q, 200, False, Partial(k, 1.0)).objective for k in (5, 100))
    assert few[-1] < 1e-12 and many.min() > 0.01
    assert alternate(P, Q, 200, True, Partial(100, 1.0)).objective[-1] < 1e-25


# ---- bad input


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: optimal_discriminator([0.5, 0.6], [1, 0]), "p_data sums to 1.1, not to one"),
        (
            lambda: optimal_discriminator([0.5, 0.5], [1, 0, 0]),
            "p_data has shape (2,) and q has shape (3,)",
        ),
        (
            lambda: objective([0.5, 0.5], [1, 0], [0.5, 1.5]),
            "discriminator[1] is 1.5: D(x) is a probability",
        ),
        (lambda: objective([0.5, 0.5], [1, 0], [0.5, math.nan]), "discriminator[1] is nan"),
        (lambda: generator_objective([1, 0], [0.5], [1, 0]), "discriminator has shape (1,)"),
        (
            lambda: generator_objective([1, 0], [0.5, 0.5], [-1, 2]),
            "q_old[0] is -1: a probability is not negative",
        ),
        (lambda: exact_step([0, 1], [1, 0]), "the data and the generator share no letter"),
        (lambda: partial_step([0, 1], [1, 0], 1, 1.0, term=False), "share no letter"),
        (
            lambda: partial_step([0.5, 1], [0.5, 0.5], 0, 1.0),
            "count is 0: take at least one gradient step",
        ),
        (
            lambda: partial_step([0.5, 1], [0.5, 0.5], 1, -0.1),
            "size is -0.1: the step size is a positive number",
        ),
        (lambda: alternate([0.5, 0.5], [0.5, 0.5], -1), "steps is -1"),
        (lambda: alternate([0.5, 0.5], [0.5, 0.5], 2.5), "steps is 2.5"),
        (lambda: alternate([0.5, 0.5], [0.5, math.nan], 3), "q0[1] is NaN"),
        (
            lambda: alternate([[1.0]], [[1.0]], 3),
            "q0 has shape (1, 1): give one probability per letter",
        ),
        (lambda: exact_step([[1.0]], [[1.0]]), "q_old has shape (1, 1)"),
        (lambda: limit([1, 0], [0, 1]), "share no letter"),
    ],
)
def test_bad_input_gives_one_clear_line(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
