"""The figures that move, in a real browser: their arithmetic, their controls, and that they fit."""

import math
import re

import numpy as np
import pytest

from browser import call
from onekl.chapters.aae.figure import AAETradeoff
from onekl.chapters.ali.figure import ALITables
from onekl.chapters.em.figure import EMMixture
from onekl.chapters.gan.figure import ExactGAN
from onekl.chapters.joint_kl.figure import JointTable
from onekl.chapters.missing_term.figure import StepExpansion
from onekl.chapters.regulariser.figure import TwoGenerators
from onekl.chapters.vae.figure import GaussianKL
from onekl.figures.checks import P, Q
from onekl.figures.moving import FIGURES, _source, static_html
from onekl.tables import chain_rule, check_table


def close(a, b):
    return a == b or math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12)


def random_tables(count, zeros):
    rng = np.random.default_rng(0)
    weights = rng.exponential(size=(count, 3, 2)) * (rng.random((count, 3, 2)) >= zeros)
    weights = weights[weights.sum(axis=(1, 2)) > 0]
    return weights / weights.sum(axis=(1, 2), keepdims=True)


@pytest.mark.parametrize("zeros", [0, 0.15, 0.5])
def test_terms_agree_with_finite(open_page, zeros):
    tables = random_tables(800, zeros)
    pairs = list(zip(tables[::2].tolist(), tables[1::2].tolist(), strict=False))
    answers = call(open_page(""), "joint_table", "terms", pairs)
    assert len(answers) > 350
    expected = [chain_rule(p, q) for p, q in pairs]
    for answer, rule in zip(answers, expected, strict=True):
        for key, value in rule._asdict().items():
            assert close(answer[key], value), (key, answer, rule)
    kinds = {(math.isinf(r.marginal), math.isinf(r.remainder)) for r in expected}
    assert len(kinds) == (1 if zeros == 0 else 4)  # with zeros, every kind of infinity was tried


def test_parts_agree_with_the_closed_form(open_page):
    rng = np.random.default_rng(1)
    inputs = np.column_stack([rng.normal(0, 3, 500), rng.uniform(-12, 6, 500)]).tolist()
    for (mu, log_var), part in zip(
        inputs, call(open_page(""), "gaussian_kl", "parts", inputs), strict=True
    ):
        terms = [mu**2 / 2, math.exp(log_var) / 2, -log_var / 2, -0.5]
        assert all(
            map(close, [part[k] for k in ("mean", "variance", "log_variance", "constant")], terms)
        )
        assert close(part["kl"], (mu**2 + math.exp(log_var) - log_var - 1) / 2)


def test_squared_error_agrees_with_quadrature(open_page):
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    inputs = np.random.default_rng(2).uniform(0.1, 2, (200, 4)).tolist()
    answers = call(open_page(""), "gaussian_kl", "squared_error", inputs)
    for (x, w, mu, variance), answer in zip(inputs, answers, strict=True):
        z = mu + math.sqrt(variance) * nodes
        assert close(answer, ((x - w * z) ** 2 * weights).sum() / weights.sum())


def test_best_variance_is_the_minimum_of_the_loss(open_page):
    inputs = np.random.default_rng(3).uniform(0.1, 2, (200, 2)).tolist()
    answers = call(open_page(""), "gaussian_kl", "best_variance", inputs)
    for (w, s2), best in zip(inputs, answers, strict=True):

        def loss(variance):
            return w**2 * variance / (2 * s2) + (variance - math.log(variance)) / 2

        assert all(loss(best) < loss(best * factor) for factor in (0.01, 0.5, 0.99, 1.01, 2, 100))


def test_with_cell_keeps_the_sum_and_the_proportions(open_page):
    tables = random_tables(300, 0.3).tolist()
    inputs = [[t, k % 3, k % 2, (k % 13) / 12] for k, t in enumerate(tables)]
    for (before, x, z, value), after in zip(
        inputs, call(open_page(""), "joint_table", "withCell", inputs), strict=True
    ):
        check_table(after)
        assert after[x][z] == value
        old, new = np.delete(np.ravel(before), 2 * x + z), np.delete(np.ravel(after), 2 * x + z)
        share = old / old.sum() if old.sum() > 0 else np.full(5, 0.2)
        assert np.allclose(new, share * (1 - value), rtol=0, atol=1e-14)


def bars(page):
    """The bars as drawn, as shares of the track: joint, marginal, remainder."""
    script = """(key) => { const bar = document.querySelector(`[data-bar=${key}]`);
        return bar.getBoundingClientRect().width / bar.parentElement.getBoundingClientRect().width; }"""
    return [page.evaluate(script, key) for key in ("joint", "marginal", "remainder")]


def printed(page):
    return [page.inner_text(f"[data-term={key}]") for key in ("joint", "marginal", "remainder")]


def cells(page, side):
    """The table that the tiles hold, for a reader of the screen and for assistive technology alike."""
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
    return open_page(static_html("joint_table", "figure"))


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
    page = open_page(
        static_html("joint_table", "figure") + "<p style='height: 2000px'>", 390, has_touch=True
    )
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
    page = open_page(static_html("joint_table", "figure") + "<p style='height: 3000px'>")
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


def slide(page, key, value):
    page.locator(f"[data-key={key}]").fill(str(value))


def test_gaussian_sliders_move_the_bars(open_page):
    page = open_page(static_html("gaussian_kl", "figure"))
    for mu, log_var in [(0, 0), (-2, 1.5), (2.5, -6), (0.5, 2)]:
        slide(page, "mu", mu)
        slide(page, "log_var", log_var)
        rows = page.locator("[data-part] output").all_inner_texts()
        values = [float(text.replace("−", "-")) for text in rows]
        expected = [mu**2 / 2, math.exp(log_var) / 2, -log_var / 2, -0.5]
        assert np.allclose(values, [*expected, sum(expected)], rtol=0, atol=0.00051)
        assert_waterfall(page, [*expected, sum(expected)])


def assert_waterfall(page, values):
    """Widths in proportion to the values, each bar from the last one's end, all inside the track."""
    script = """bars => bars.map(bar => { const b = bar.getBoundingClientRect(),
        t = bar.parentElement.getBoundingClientRect(); return [(b.left - t.left) / t.width, b.width / t.width]; })"""
    boxes = page.eval_on_selector_all("[data-part] .okl-bar", script)
    largest = max(range(5), key=lambda k: boxes[k][1])
    unit = boxes[largest][1] / abs(values[largest])
    starts = [0, *np.cumsum(values[:3]), 0]
    for (left, width), start, value in zip(boxes, starts, values, strict=True):
        assert width == pytest.approx(abs(value) * unit, abs=0.01)
        assert left == pytest.approx(min(start, start + value) * unit, abs=0.01)
        assert left > -0.01 and left + width < 1.01


def test_samples_are_mu_plus_sigma_epsilon(open_page):
    page = open_page(static_html("gaussian_kl", "figure", mu=-1.5, log_var=1.2))
    read = "dots => dots.map(dot => Number(dot.getAttribute('cx')))"
    pixels = [np.array(page.eval_on_selector_all(f".okl-dot.okl-{side}", read)) for side in "pq"]
    width = float(page.get_attribute(".okl-density", "viewBox").split()[2])
    z, epsilon = ((x / width - 0.5) * 14 for x in pixels)
    assert len(epsilon) == 9
    assert np.allclose(z, -1.5 + math.exp(0.6) * epsilon, rtol=0, atol=1e-9)


def test_switch_moves_the_minimum_to_zero_and_back(open_page):
    page = open_page(static_html("gaussian_kl", "figure"))
    slide(page, "w", 1.5)
    slide(page, "s2", 0.6)

    def best_sigma():
        width = float(page.get_attribute(".okl-loss", "viewBox").split()[2])
        return (float(page.get_attribute(".okl-best", "cx")) - 8) / (width - 16) * math.e

    best = 1 / (1 + 1.5**2 / 0.6)
    assert best_sigma() == pytest.approx(math.sqrt(best), abs=1e-9)
    page.click(".okl-panel button")
    assert f"Now σ² = {best:.3f}" in page.inner_text(".okl-status")
    page.check("[data-switch]")
    assert best_sigma() == pytest.approx(0, abs=1e-9)
    page.click(".okl-panel button")
    assert f"Now σ² = {math.exp(-6):.3f}" in page.inner_text(".okl-status")
    page.uncheck("[data-switch]")
    assert best_sigma() == pytest.approx(math.sqrt(best), abs=1e-9)


def test_slider_limits_are_those_that_python_checks(open_page):
    page = open_page(static_html("gaussian_kl", "figure"))
    for key in FIGURES["gaussian_kl"]:
        for end in ("min", "max"):
            limit = float(page.get_attribute(f"[data-key={key}]", end))
            GaussianKL(**{key: limit})
            with pytest.raises(ValueError, match=f"{key} is"):
                GaussianKL(**{key: limit * 1.01})


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_figure_fits_a_phone_and_its_text_is_readable(open_page, name, theme):
    page = open_page(f"<div>{static_html(name, 'figure')}</div>", width=390)
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    script = """elements => elements.filter(e => e.innerText !== '' && e.clientWidth
        && parseFloat(getComputedStyle(e).fontSize) < 12).map(e => e.outerHTML)"""
    assert page.eval_on_selector_all(".onekl-figure, .onekl-figure *", script) == []
    wide = "es => es.filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth).map(e => e.outerHTML)"
    assert page.eval_on_selector_all(".onekl-figure div", wide) == []


def test_several_figures_share_a_page(open_page):
    names = [("joint_table", "one"), ("gaussian_kl", "two"), ("joint_table", "one")]
    page = open_page("".join(static_html(*name) for name in names))
    assert page.locator("[data-do=reset]").count() == 2  # the same id twice: each is drawn once
    assert page.locator(".okl-density path").count() == 2
    page.locator("[data-do=punch]").first.click()
    untouched = f"{chain_rule(P, Q).joint:.3f}"
    assert page.locator("[data-term=joint]").all_inner_texts() == ["∞", untouched]


def test_static_state_is_drawn(open_page):
    p = [[0.5, 0], [0, 0.5], [0, 0]]
    page = open_page(static_html("joint_table", "figure", p=p))
    assert (cells(page, "p") == p).all()


@pytest.mark.parametrize(
    ("arguments", "state", "message"),
    [
        (
            ("join_table", "a"),
            {},
            "no figure is called 'join_table': choose one of joint_table, gaussian_kl",
        ),
        (("joint_table", "a b"), {}, "'a b' is no element id"),
        (("joint_table", "a"), {"mu": 1}, "joint_table has no 'mu': it has p, q"),
        (("joint_table", "a"), {"q": [[1, 0]]}, "q has shape (1, 2)"),
        (("joint_table", "a"), {"p": [[1, 1], [0, 0], [0, 0]]}, "p sums to 2"),
        (("gaussian_kl", "a"), {"mu": math.nan}, "mu is nan"),
        (("exact_gan", "a"), {"q": [0.5, 0.5]}, "q has shape (2,): the figure draws 6 letters"),
        (("exact_gan", "a"), {"p": [0.5, 0.6, 0, 0, 0, -0.1]}, "p[5] is -0.1"),
        (
            ("second_order", "a"),
            {"delta": [0, 3.1]},
            "delta[1] is 3.1: its slider goes from -3 to 3",
        ),
        (("two_generators", "a"), {"g": [0, 1]}, "g has 2 values: the figure draws 5"),
        (("two_generators", "a"), {"sigma": 0}, "sigma is 0: its slider goes from 0.1 to 2"),
        (("em_mixture", "a"), {"means": [0, 1, 2]}, "means has 3 values: the figure draws 2"),
        (("em_mixture", "a"), {"means": [0, 5]}, "means[1] is 5: its slider goes from -4 to 4"),
        (("em_mixture", "a"), {"stds": [1, 0]}, "stds[1] is 0: take one from 0.05 to 4"),
        (("em_mixture", "a"), {"weights": [0.5, 0.6]}, "weights sums to 1.1"),
        (
            ("em_mixture", "a"),
            {"weights": [1, 0]},
            "weights has a cell without mass: give each of the 2 components some",
        ),
        (("em_mixture", "a"), {"data": [0.5]}, "data has 1 values: the figure draws 40"),
        (("aae_tradeoff", "a"), {"lam": -0.1}, "lam is -0.1: its slider goes from 0 to 1"),
        (("aae_tradeoff", "a"), {"d": 0}, "d is 0: its slider goes from 0.05 to 0.95"),
        (("aae_tradeoff", "a"), {"c": math.nan}, "c is nan"),
        (
            ("ali_tables", "a"),
            {"prior": [0.5, 0.5]},
            "prior has shape (2,): the figure draws 3 letters",
        ),
        (("ali_tables", "a"), {"p_data": [0.5, 0.5, 0]}, "p_data has a cell without mass"),
        (
            ("ali_tables", "a"),
            {"starts": []},
            "starts has shape (0,): give pairs of 3 by 3 tables of logits",
        ),
        (
            ("ali_tables", "a"),
            {"starts": [[[[0, 0, 9]] * 3] * 2]},
            "starts has a logit outside the figure's range",
        ),
        (
            ("ali_tables", "a"),
            {"objective": "su-39"},
            "objective is 'su-39': choose one of su-40, su-41, su-42, su-43",
        ),
    ],
)
def test_bad_figure_gives_one_clear_line(arguments, state, message):
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        static_html(*arguments, **state)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("widget", "name"),
    [
        *zip(
            [
                JointTable,
                GaussianKL,
                ExactGAN,
                StepExpansion,
                TwoGenerators,
                EMMixture,
                AAETradeoff,
                ALITables,
            ],
            FIGURES,
            strict=True,
        )
    ],
)
def test_widget_carries_its_static_page(widget, name):
    figure = widget()
    data = figure._repr_mimebundle_()[0]
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/html"] == static_html(name, "onekl-" + name.replace("_", "-"))
    assert data["text/plain"].startswith(widget.__name__)
    assert figure._esm == _source(name)
    assert widget(element_id="other")._repr_mimebundle_()[0]["text/html"] == static_html(
        name, "other"
    )


def test_widget_state_is_checked_and_reaches_the_page():
    figure = JointTable()
    with pytest.raises(ValueError, match="p sums to"):
        figure.p = [[1, 1], [0, 0], [0, 0]]
    figure.p = [[1, 0], [0, 0], [0, 0]]
    assert '"p": [[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]]' in figure._repr_mimebundle_()[0]["text/html"]


def test_modules_stand_alone():
    for name in FIGURES:
        source = _source(name)
        assert not re.search(r"^import\b|console\.|https?:|</script", source, re.MULTILINE)
        assert "export default { render }" in source
