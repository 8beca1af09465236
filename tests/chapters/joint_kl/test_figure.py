"""The joint KL's figure: its arithmetic against the package, and its controls in a real browser."""

import math

import numpy as np
import pytest

from browser import call
from onekl.chapters.joint_kl.figure import JointTable
from onekl.tables import chain_rule, check_table


def close(a, b):
    return a == b or math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12)


def random_tables(count, zeros):
    rng = np.random.default_rng(0)
    weights = rng.exponential(size=(count, 3, 2)) * (rng.random((count, 3, 2)) >= zeros)
    weights = weights[weights.sum(axis=(1, 2)) > 0]
    return weights / weights.sum(axis=(1, 2), keepdims=True)


@pytest.mark.parametrize("zeros", [0, 0.15, 0.5])
def test_terms_agree_with_the_package(open_page, zeros):
    tables = random_tables(800, zeros)
    pairs = list(zip(tables[::2].tolist(), tables[1::2].tolist(), strict=False))
    answers = call(open_page(""), JointTable, "terms", pairs)
    assert len(answers) > 350
    expected = [chain_rule(p, q) for p, q in pairs]
    for answer, rule in zip(answers, expected, strict=True):
        for key, value in rule._asdict().items():
            assert close(answer[key], value), (key, answer, rule)
    kinds = {(math.isinf(r.marginal), math.isinf(r.remainder)) for r in expected}
    assert len(kinds) == (1 if zeros == 0 else 4)  # with zeros, every kind of infinity was tried


def test_with_cell_keeps_the_sum_and_the_proportions(open_page):
    tables = random_tables(300, 0.3).tolist()
    inputs = [[t, k % 3, k % 2, (k % 13) / 12] for k, t in enumerate(tables)]
    for (before, x, z, value), after in zip(
        inputs, call(open_page(""), JointTable, "withCell", inputs), strict=True
    ):
        check_table(after)
        assert after[x][z] == value
        old, new = np.delete(np.ravel(before), 2 * x + z), np.delete(np.ravel(after), 2 * x + z)
        share = old / old.sum() if old.sum() > 0 else np.full(5, 0.2)
        assert np.allclose(new, share * (1 - value), rtol=0, atol=1e-14)


def bars(page):
    """The bars as drawn, as shares of the track: joint, marginal, remainder."""
    script = """(key) => {
        const width = (element) => element.getBoundingClientRect().width;
        const bar = document.querySelector(`[data-bar=${key}]`);
        return width(bar) / width(bar.parentElement);
    }"""
    return [page.evaluate(script, key) for key in ("joint", "marginal", "remainder")]


def printed(page):
    return [page.inner_text(f"[data-value={key}]") for key in ("joint", "marginal", "remainder")]


def cells(page, side):
    """The table that the tiles hold, on the screen and for assistive technology alike."""
    read = "tiles => tiles.map(t => [Number(t.getAttribute('aria-valuenow')), t.innerText])"
    pairs = page.eval_on_selector_all(f"[role=slider][data-side={side}]", read)
    assert all(abs(value - float(text)) < 0.00501 for value, text in pairs)
    by_z = np.array([value for value, _ in pairs]).reshape(2, 3)
    return by_z.T


def assert_consistent(page, reverse=False):
    p, q = cells(page, "p"), cells(page, "q")
    rule = chain_rule(q, p) if reverse else chain_rule(p, q)
    assert printed(page) == ["∞" if math.isinf(v) else f"{max(0, v):.3f}" for v in rule]
    joint, marginal, remainder = bars(page)
    assert joint == pytest.approx(marginal + remainder, abs=0.004)  # a pixel or two of the track
    assert joint >= marginal - 0.004
    return rule


@pytest.fixture
def table_page(open_page):
    return open_page(JointTable.html("figure"))


def tile(side, x, z):
    return f"[role=slider][data-side={side}][data-x='{x}'][data-z='{z}']"


@pytest.mark.parametrize("side", ["p", "q"])
def test_dragging_with_the_mouse(table_page, side):
    before, start = cells(table_page, side), assert_consistent(table_page)
    box = table_page.locator(tile(side, 1, 0)).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    table_page.mouse.move(x, y)
    table_page.mouse.down()
    for distance in (10, 25, 40, 80):
        table_page.mouse.move(x, y - distance)
        assert_consistent(table_page)
    table_page.mouse.move(x, y - 40)
    table_page.mouse.up()
    after = cells(table_page, side)
    assert after[1, 0] == pytest.approx(before[1, 0] + 40 / (box["height"] - 2), abs=0.01)
    assert assert_consistent(table_page) != start
    table_page.mouse.move(
        x, y - 20
    )  # over the tile, but the button is up: nothing follows the pointer now
    assert (cells(table_page, side) == after).all()


def test_dragging_with_a_finger_on_a_phone(open_page):
    page = open_page(JointTable.html("figure") + "<p style='height: 2000px'>", 390, has_touch=True)
    box = page.locator(tile("p", 2, 1)).bounding_box()
    x, y = box["x"] + 5, box["y"] + 60
    finger = page.context.new_cdp_session(page)
    for kind, distance in [("touchStart", 0), ("touchMove", 15), ("touchMove", 46)]:
        point = {"x": x, "y": y - distance}
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert cells(page, "p")[2, 1] == pytest.approx(0.1 + 46 / (box["height"] - 2), abs=0.01)
    assert page.evaluate("scrollY") == 0  # the finger moved the tile, not the page
    assert_consistent(page)


def test_dragging_far_and_back_changes_nothing(table_page):
    before = cells(table_page, "p")
    box = table_page.locator(tile("p", 0, 1)).bounding_box()
    x, y = box["x"] + 5, box["y"] + 5
    table_page.mouse.move(x, y)
    table_page.mouse.down()
    table_page.mouse.move(x, y - 300)
    assert cells(table_page, "p")[0, 1] == 1
    assert_consistent(table_page)
    table_page.mouse.move(x, y)
    table_page.mouse.up()
    assert np.allclose(cells(table_page, "p"), before, rtol=0, atol=1e-12)


def test_keys(table_page):
    steps = [("ArrowUp", 0.31), ("ArrowRight", 0.32), ("ArrowDown", 0.31), ("ArrowLeft", 0.30)]
    steps += [("PageUp", 0.4), ("PageDown", 0.3), ("End", 1), ("Home", 0)]
    table_page.focus(tile("p", 0, 0))
    for key, value in steps:
        table_page.keyboard.press(key)
        p = cells(table_page, "p")
        assert p[0, 0] == pytest.approx(value, abs=1e-12)
        assert p.sum() == pytest.approx(1, abs=1e-12)
        assert_consistent(table_page)


def test_keys_of_a_tile_do_not_scroll_the_page(open_page):
    page = open_page(JointTable.html("figure") + "<p style='height: 3000px'>")
    page.focus(tile("p", 0, 0))
    for key in ("ArrowDown", "PageDown", "End"):
        page.keyboard.press(key)
        page.wait_for_timeout(100)
    assert page.evaluate("scrollY") == 0
    page.keyboard.press("Tab")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("End")
    page.wait_for_function("scrollY > 20")  # elsewhere the key does what it always does


def test_marginals_are_drawn(table_page):
    for side in "pq":
        texts = table_page.locator(f".okl-sum[data-side={side}]").all_inner_texts()
        assert np.allclose(
            [float(t) for t in texts], cells(table_page, side).sum(axis=1), rtol=0, atol=0.0051
        )


def test_reverse_button(table_page):
    forward = assert_consistent(table_page)
    table_page.click("[data-do=reverse]")
    assert assert_consistent(table_page, reverse=True) != forward
    assert table_page.get_attribute("[data-do=reverse]", "aria-pressed") == "true"
    assert table_page.inner_text("[data-formula=joint]") == "KL(q(x, z) ‖ p(x, z))"
    table_page.click("[data-do=reverse]")
    assert assert_consistent(table_page) == forward


def test_tight_button(table_page):
    marginals = cells(table_page, "q").sum(axis=1)
    table_page.click("[data-do=tighten]")
    rule = assert_consistent(table_page)
    assert rule.remainder == pytest.approx(0, abs=1e-12)
    assert rule.marginal > 0.01
    assert np.allclose(cells(table_page, "q").sum(axis=1), marginals)
    assert "nothing remains" in table_page.inner_text(".okl-status")


def test_zero_button_and_reset(table_page):
    start = [cells(table_page, side) for side in "pq"]
    table_page.click("[data-do=punch]")
    rule = assert_consistent(table_page)
    assert (cells(table_page, "q") == 0).sum() == 1
    assert math.isinf(rule.joint) and math.isinf(rule.remainder) and math.isfinite(rule.marginal)
    assert table_page.locator(".okl-infinite").count() == 2
    table_page.click("[data-do=reverse]")
    assert all(map(math.isfinite, assert_consistent(table_page, reverse=True)))
    table_page.click("[data-do=reset]")
    assert_consistent(table_page)
    assert table_page.locator(".okl-infinite").count() == 0
    assert all(
        (cells(table_page, side) == old).all() for side, old in zip("pq", start, strict=True)
    )


def test_row_without_mass_makes_the_marginal_infinite(table_page):
    for z in (0, 1):
        table_page.focus(tile("q", 0, z))
        table_page.keyboard.press("Home")
    rule = assert_consistent(table_page)
    assert math.isinf(rule.marginal) and math.isfinite(rule.remainder)
    assert "the marginal KL is ∞" in table_page.inner_text(".okl-status")


def test_static_state_is_drawn(open_page):
    p = [[0.5, 0], [0, 0.5], [0, 0]]
    page = open_page(JointTable.html("figure", p=p))
    assert (cells(page, "p") == p).all()
