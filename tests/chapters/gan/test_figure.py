"""The GAN's figure: its arithmetic against the package, and its controls in a real browser."""

import math

import numpy as np
import pytest

from browser import call, sizes
from onekl.chapters.gan.alternation import Partial, alternate, exact_step, partial_step
from onekl.chapters.gan.figure import P_DATA as P
from onekl.chapters.gan.figure import Q_START as Q
from onekl.chapters.gan.figure import ExactGAN
from onekl.chapters.gan.tables import objective_at_optimum, optimal_discriminator
from onekl.tables import check_table

STEPS = 40


def close(a, b, tolerance=1e-9):
    return a == b or math.isclose(a, b, rel_tol=tolerance, abs_tol=1e-30)


def random_letters(count, zeros, seed=0):
    rng = np.random.default_rng(seed)
    weights = rng.exponential(size=(count, 6)) * (rng.random((count, 6)) >= zeros)
    weights = weights[weights.sum(axis=1) > 0]
    return weights / weights.sum(axis=1, keepdims=True)


@pytest.fixture
def pairs():
    tables = [*random_letters(150, 0), *random_letters(150, 0.3, 1), *random_letters(150, 0.7, 2)]
    tables = tables[: len(tables) // 2 * 2]
    return list(
        zip([t.tolist() for t in tables[::2]], [t.tolist() for t in tables[1::2]], strict=True)
    )


def test_discriminator_and_objective_agree_with_the_package(open_page, pairs):
    page = open_page("")
    kinds = set()
    for (p, q), d, value in zip(
        pairs,
        call(page, ExactGAN, "discriminator", pairs),
        call(page, ExactGAN, "objective", pairs),
        strict=True,
    ):
        assert d == optimal_discriminator(p, q).tolist()
        expected = objective_at_optimum(p, q)
        assert close(value, expected, 1e-12)
        kinds.add(math.isinf(expected))
    assert kinds == {True, False}


@pytest.mark.parametrize("term", [True, False])
def test_exact_step_agrees_with_the_package(open_page, pairs, term):
    inputs = [[optimal_discriminator(p, q).tolist(), q, term] for p, q in pairs]
    nulls = 0
    for (d, q, _), step in zip(
        inputs, call(open_page(""), ExactGAN, "exactStep", inputs), strict=True
    ):
        if step is None:
            nulls += 1
            with pytest.raises(ValueError, match="share no letter"):
                exact_step(d, q, term)
        else:
            assert step == pytest.approx(exact_step(d, q, term), rel=1e-13, abs=0)
    assert (nulls > 0) == term


@pytest.mark.parametrize("term", [True, False])
@pytest.mark.parametrize("count", [1, 7, 100])
def test_partial_step_agrees_with_the_package(open_page, pairs, term, count):
    inputs = [[optimal_discriminator(p, q).tolist(), q, count, 0.8, term] for p, q in pairs]
    for (d, q, *_), step in zip(
        inputs, call(open_page(""), ExactGAN, "partialStep", inputs), strict=True
    ):
        if step is None:
            with pytest.raises(ValueError, match="share no letter"):
                partial_step(d, q, count, 0.8, term)
        else:
            assert step == pytest.approx(partial_step(d, q, count, 0.8, term), rel=1e-9, abs=0)


@pytest.mark.parametrize("term", [True, False])
@pytest.mark.parametrize("count", [None, 1, 5])
def test_alternation_agrees_with_the_package(open_page, pairs, term, count):
    joined = [(p, q) for p, q in pairs if np.multiply(p, q).any()][:60]
    inputs = [[p, q, 30, term, count] for p, q in joined]
    partial = None if count is None else Partial(count, 1.0)
    for (p, q), path in zip(
        joined, call(open_page(""), ExactGAN, "alternate", inputs), strict=True
    ):
        expected = alternate(p, q, 30, term, partial)
        assert np.array(path["q"]) == pytest.approx(expected.q, rel=1e-9, abs=0)
        for value, ours in zip(path["objective"], expected.objective, strict=True):
            assert (
                value == ours or abs(value - ours) < 1e-9 * ours + 1e-14 * math.sqrt(ours) + 1e-30
            )


def test_with_value_keeps_the_sum_and_the_proportions(open_page):
    tables = random_letters(200, 0.3).tolist() + np.eye(6).tolist()
    inputs = [[t, k % 6, (k % 13) / 12] for k, t in enumerate(tables)]
    answers = call(open_page(""), ExactGAN, "withValue", inputs)
    for (before, x, value), after in zip(inputs, answers, strict=True):
        check_table(after)
        old = np.delete(before, x)
        share = old / old.sum() if old.sum() > 0 else np.full(5, 0.2)
        assert after[x] == value and np.delete(after, x) == pytest.approx(
            share * (1 - value), abs=1e-14
        )


# ---- in the browser


@pytest.fixture
def page(open_page):
    return open_page(ExactGAN.html("figure"))


def cells(page, row):
    read = "tiles => tiles.map(t => Number(t.getAttribute('aria-valuenow')))"
    return np.array(page.eval_on_selector_all(f"[role=slider][data-row={row}]", read))


def texts(page, row):
    return [float(t) for t in page.locator(f".okl-tile[data-row={row}]").all_inner_texts()]


def number(text):
    return math.inf if text == "∞" else float(text.replace("−", "-"))


def value(page, key):
    return page.inner_text(f"[data-value={key}]")


def curve(page, kind):
    """The objective along the iterations as drawn: log10 of it, between −16 and 1."""
    points = page.get_attribute(f"[data-path={kind}] .okl-faint", "d")[1:].split("L")
    height = np.array([float(p.split(",")[1]) for p in points])
    return -16 + (196 - height) * 17 / 188


def assert_consistent(page, p, q0, t, term=True, partial=None):
    """What is drawn is what the package computes from p̃ and the start q0."""
    paths = {
        kind: alternate(p, q0, STEPS, on, partial)
        for kind, on in [("with", True), ("without", False)]
    }
    path = paths["with" if term else "without"]
    q, d = path.q[t], optimal_discriminator(p, path.q[t])
    assert cells(page, "p") == pytest.approx(np.array(p), abs=1e-12)
    assert cells(page, "q") == pytest.approx(q, abs=1e-9)
    step = exact_step(d, q, term) if partial is None else partial_step(d, q, *partial, term)
    for row, table in [("p", p), ("q", q), ("d", d), ("next", step)]:
        assert texts(page, row) == pytest.approx(np.array(table), abs=0.00501)
    assert number(value(page, "objective")) == pytest.approx(
        path.objective[t], abs=5.1e-5, rel=0.06
    )
    assert number(value(page, "z")) == pytest.approx(path.z[t], abs=5.1e-5)
    if t and math.isfinite(path.objective[t - 1]):
        assert number(value(page, "factor")) == pytest.approx(
            path.objective[t] / path.objective[t - 1], abs=1e-4
        )
    else:
        assert value(page, "factor") == "–"
    for kind, expected in paths.items():
        with np.errstate(divide="ignore"):
            logs = np.clip(np.log10(expected.objective), -16, 1)
        assert curve(page, kind) == pytest.approx(logs, abs=0.01)


def test_step_and_slider_follow_the_iteration(page):
    assert_consistent(page, P, Q, 0)
    for t in (1, 2, 3):
        page.click("[data-do=step]")
        assert_consistent(page, P, Q, t)
    page.locator("[data-key=t]").fill("17")
    assert_consistent(page, P, Q, 17)
    page.locator("[data-key=t]").fill("40")
    assert page.is_disabled("[data-do=step]")


def test_switches(page):
    page.locator("[data-key=t]").fill("4")
    assert page.is_disabled("[data-key=k]")
    page.uncheck("[data-switch=term]")
    assert_consistent(page, P, Q, 4, term=False)
    assert "all mass where D* is largest" in page.inner_text(".okl-status")
    page.check("[data-switch=partial]")
    for index, count in enumerate([1, 2, 5, 10, 20, 50, 100, 200]):
        page.locator("[data-key=k]").fill(str(index))
        if count in (
            1,
            5,
            20,
        ):  # with more steps, rounding decides where a path without convergence goes
            assert_consistent(page, P, Q, 4, False, Partial(count, 1.0))
        assert page.locator("[data-key=k] + output").inner_text() == str(count)
    page.locator("[data-key=k]").fill("0")
    assert "the term changes nothing" in page.inner_text(".okl-status")
    page.check("[data-switch=term]")
    assert_consistent(page, P, Q, 4, True, Partial(1, 1.0))


def test_run_and_pause(page):
    page.click("[data-do=run]")
    page.wait_for_function("document.querySelector('[data-key=t]').value >= 3")
    page.click("[data-do=run]")
    t = int(page.input_value("[data-key=t]"))
    page.wait_for_timeout(500)
    assert int(page.input_value("[data-key=t]")) == t
    assert_consistent(page, P, Q, t)
    page.click("[data-do=run]")
    page.click("[data-do=reset]")
    page.wait_for_timeout(500)
    assert_consistent(page, P, Q, 0)


def test_run_goes_to_the_end_at_once_for_readers_who_want_no_motion(open_page):
    page = open_page(ExactGAN.html("figure"), reduced_motion="reduce")
    page.click("[data-do=run]")
    assert_consistent(page, P, Q, STEPS)


def test_missing_letter_stays_missing(page):
    page.click("[data-do=missing]")
    q0 = cells(page, "q")
    assert q0[2] == 0 and q0.sum() == pytest.approx(1)
    assert "x₃: q has no mass, and gets none" in page.inner_text(".okl-status")
    page.locator("[data-key=t]").fill("40")
    assert_consistent(page, P, q0, 40)
    assert number(value(page, "z")) == pytest.approx(0.8 / 1.8, abs=5.1e-5)  # P/(1 + P)
    assert number(value(page, "objective")) > 0.01


def test_dead_letter_is_left_in_one_step(page):
    page.click("[data-do=dead]")
    p = cells(page, "p")
    assert p[4] == 0 and value(page, "objective") == "∞"
    assert "x₅: q has mass where p̃ has none" in page.inner_text(".okl-status")
    assert_consistent(page, p, Q, 0)
    page.click("[data-do=step]")
    assert_consistent(page, p, Q, 1)
    assert cells(page, "q")[4] == 0 and "x₅" not in page.inner_text(".okl-status")


def test_disjoint_tables_have_no_step_with_the_term(open_page):
    page = open_page(ExactGAN.html("figure", p=[1, 0, 0, 0, 0, 0], q=[0, 1, 0, 0, 0, 0]))
    assert "share no letter" in page.inner_text(".okl-status")
    page.click("[data-do=step]")
    assert cells(page, "q").tolist() == [0, 1, 0, 0, 0, 0] and value(page, "objective") == "∞"
    page.uncheck("[data-switch=term]")
    assert cells(page, "q").tolist() == [1, 0, 0, 0, 0, 0]


def tile(row, x):
    return f"[role=slider][data-row={row}][data-x='{x}']"


def test_a_drawn_table_is_a_new_start(page):
    page.locator("[data-key=t]").fill("2")
    before = cells(page, "q")
    box = page.locator(tile("q", 5)).bounding_box()
    x, y = box["x"] + 10, box["y"] + 80
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 45)
    page.mouse.up()
    q0 = cells(page, "q")
    assert q0[5] == pytest.approx(before[5] + 45 / (box["height"] - 2), abs=0.01)
    assert q0[:5] / q0[:5].sum() == pytest.approx(before[:5] / before[:5].sum())
    assert page.input_value("[data-key=t]") == "0"
    assert_consistent(page, P, q0, 0)
    page.click("[data-do=reset]")
    assert_consistent(page, P, Q, 0)


def test_data_are_redrawn_around_the_generator_of_the_moment(page):
    page.locator("[data-key=t]").fill("3")
    q0 = cells(page, "q")
    page.focus(tile("p", 0))
    for key, expected in [
        ("ArrowUp", 0.31),
        ("PageUp", 0.41),
        ("ArrowLeft", 0.4),
        ("End", 1),
        ("Home", 0),
    ]:
        page.keyboard.press(key)
        p = cells(page, "p")
        assert p[0] == pytest.approx(expected, abs=1e-12)
        assert_consistent(page, p, q0, 0)


def test_dragging_with_a_finger_on_a_phone(open_page):
    page = open_page(ExactGAN.html("figure") + "<p style='height: 2000px'>", 390, has_touch=True)
    box = page.locator(tile("p", 3)).bounding_box()
    x, y = box["x"] + 5, box["y"] + 60
    finger = page.context.new_cdp_session(page)
    for kind, distance in [("touchStart", 0), ("touchMove", 15), ("touchMove", 46)]:
        point = {"x": x, "y": y - distance}
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    p = cells(page, "p")
    assert p[3] == pytest.approx(0.15 + 46 / (box["height"] - 2), abs=0.01)
    assert page.evaluate("scrollY") == 0  # the finger moved the tile, not the page
    assert_consistent(page, p, Q, 0)


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_shifts(open_page, width):
    page = open_page(ExactGAN.html("figure"), width)
    before = sizes(page)
    actions = [
        lambda name=name: page.click(f"[data-do={name}]")
        for name in ("step", "missing", "dead", "step", "run")
    ]
    actions += [
        lambda name=name: page.click(f"[data-switch={name}]")
        for name in ("partial", "term", "partial")
    ]
    actions += [lambda: page.click("[data-do=missing]"), lambda: page.click("[data-do=dead]")]
    for action in actions:
        action()
        assert sizes(page) == before
