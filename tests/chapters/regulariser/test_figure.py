"""The regulariser's figure: its arithmetic against Python, and its controls in a browser."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

from browser import call, sizes
from onekl.chapters.regulariser.figure import G_OLD, G, TwoGenerators


def number(text):
    return float(text.replace("−", "-"))


def log_parts(x, centres, sigma):
    """log q(x, z) for each z."""
    return [
        -(((x - c) / sigma) ** 2) / 2 - math.log(sigma * math.sqrt(2 * math.pi) * len(centres))
        for c in centres
    ]


def log_density(x, centres, sigma):
    return float(np.logaddexp.reduce(log_parts(x, centres, sigma)))


def smoothed_kl(g, old, sigma):
    """KL(q_σ ‖ q°_σ) by adaptive quadrature, cut where either density changes its form."""

    def integrand(x):
        a = log_density(x, g, sigma)
        return math.exp(a) * (a - log_density(x, old, sigma))

    centres = sorted({*g, *old})
    # rounding must not leave slivers between cuts
    middles = [round((a + b) / 2, 6) for a in centres for b in centres]
    cuts = sorted({*middles, min(centres) - 10 * sigma, max(centres) + 10 * sigma})
    parts = [
        quad(integrand, a, b, epsabs=1e-12, epsrel=1e-11, limit=200)[0]
        for a, b in zip(cuts, cuts[1:], strict=False)
    ]
    return math.fsum(parts)


def random_generators(count):
    rng = np.random.default_rng(5)
    sigma = np.exp(rng.uniform(math.log(0.1), math.log(2), count))
    return [[*np.round(rng.uniform(-3, 3, (2, 5)), 2).tolist(), float(s)] for s in sigma]


def test_smoothed_kl_agrees_with_adaptive_quadrature(open_page):
    inputs = random_generators(12) + [[G, G_OLD, s] for s in (0.1, 0.5, 2)]
    for state, value in zip(inputs, call(open_page(""), TwoGenerators, "kl", inputs), strict=True):
        assert value == pytest.approx(smoothed_kl(*state), rel=1e-9, abs=1e-12)


def remainder(g, old, sigma):
    """E_x KL(q(z|x) ‖ q°(z|x)) from its definition."""

    def integrand(x):
        a = log_density(x, g, sigma)
        given = np.array(log_parts(x, g, sigma)) - a
        given_old = np.array(log_parts(x, old, sigma)) - log_density(x, old, sigma)
        return math.exp(a) * np.sum(np.exp(given) * (given - given_old))

    cuts = sorted({*g, *old, -3 - 10 * sigma, 3 + 10 * sigma})
    return math.fsum(
        quad(integrand, a, b, epsabs=1e-12, limit=200)[0]
        for a, b in zip(cuts, cuts[1:], strict=False)
    )


def test_terms_are_bound_marginal_and_what_the_marginals_do_not_see(open_page):
    inputs = [[g, old, max(s, 0.3)] for g, old, s in random_generators(10)]
    for (g, old, sigma), t in zip(
        inputs, call(open_page(""), TwoGenerators, "terms", inputs), strict=True
    ):
        assert t["joint"] == pytest.approx(
            np.mean(np.subtract(g, old) ** 2) / (2 * sigma**2), rel=1e-12
        )
        assert t["marginal"] <= t["joint"]
        assert t["remainder"] == pytest.approx(remainder(g, old, sigma), rel=1e-8)


def test_nearest_is_the_limit_of_small_sigma(open_page):
    inputs = [state[:2] for state in random_generators(8)] + [[G, G_OLD]]
    page = open_page("")
    limits = call(page, TwoGenerators, "nearest", inputs)
    sigmas = (0.02, 0.01)
    scaled = []
    for s in sigmas:
        values = call(page, TwoGenerators, "kl", [[g, old, s, 0.5] for g, old in inputs])
        scaled.append([2 * s**2 * v for v in values])
    assert min(limits) > 0
    for limit, coarse, fine in zip(limits, *scaled, strict=True):
        assert fine == pytest.approx(limit, abs=0.02)
        assert abs(fine - limit) < 0.75 * abs(coarse - limit) + 1e-6


@pytest.fixture
def pair_page(open_page):
    return open_page(TwoGenerators.html("figure"))


def generators(page):
    read = "list => list.map(h => Number(h.getAttribute('aria-valuenow')))"
    g, old = (page.eval_on_selector_all(f"[data-side={side}]", read) for side in ("g", "g_old"))
    return g, old, float(page.input_value("[data-key=sigma]"))


def assert_pair(page):
    """The printed terms and drawn bars belong to handles and slider; returns the three terms."""
    g, old, sigma = generators(page)
    joint = np.mean(np.subtract(g, old) ** 2) / (2 * sigma**2)
    marginal = smoothed_kl(g, old, sigma) if sorted(g) != sorted(old) else 0
    values = {"joint": joint, "marginal": marginal, "remainder": joint - marginal}
    for key, value in values.items():
        assert number(page.inner_text(f"[data-value={key}]")) == pytest.approx(
            value, rel=0.06, abs=5.1e-5
        )
        script = """bar => bar.getBoundingClientRect().width
            / bar.parentElement.getBoundingClientRect().width"""
        share = page.eval_on_selector(f"[data-bar={key}]", script)
        assert share == pytest.approx(value / joint if joint else 0, abs=0.004)
    return values


def test_handles_and_slider(pair_page):
    assert generators(pair_page) == (G, G_OLD, 0.5)
    assert_pair(pair_page)
    for sigma in ("0.1", "1.3", "2"):
        pair_page.locator("[data-key=sigma]").fill(sigma)
        assert_pair(pair_page)
    pair_page.focus("[data-side=g][data-i='2']")
    for key, value in [
        ("ArrowUp", 0.35),
        ("ArrowLeft", 0.3),
        ("PageUp", 0.8),
        ("End", 3),
        ("ArrowRight", 3),
        ("Home", -3),
    ]:
        pair_page.keyboard.press(key)
        assert generators(pair_page)[0][2] == pytest.approx(value)
        assert_pair(pair_page)


def test_presets(pair_page):
    pair_page.click("[data-do=exchange]")
    terms = assert_pair(pair_page)
    assert terms["joint"] == pytest.approx(8 / (2 * 0.25))
    assert terms["marginal"] == pytest.approx(0, abs=1e-12)
    assert "q does not change at all" in pair_page.inner_text(".okl-status")
    pair_page.click("[data-do=shift]")
    assert_pair(pair_page)
    assert "and alike" in pair_page.inner_text(".okl-status")
    pair_page.click("[data-do=equal]")
    assert set(assert_pair(pair_page).values()) == {0}
    assert "G = G°" in pair_page.inner_text(".okl-status")
    pair_page.click("[data-do=reset]")
    assert generators(pair_page) == (G, G_OLD, 0.5)
    assert "0.124" in pair_page.inner_text(".okl-status")


def test_limit_curve_starts_at_the_nearest_distance(pair_page):
    points = pair_page.get_attribute(".okl-limit .okl-marginal path", "d")[1:].split("L")
    top = np.mean(np.subtract(G, G_OLD) ** 2) * 1.15
    heights = [(110 - float(p.split(",")[1])) / 102 * top for p in points]
    nearest = np.mean([min((a - b) ** 2 for b in G_OLD) for a in G])
    sigmas = [0, *np.linspace(0.1, 2, 39)]
    expected = [nearest, *(2 * s**2 * smoothed_kl(G, G_OLD, s) for s in sigmas[1::6])]
    assert [heights[0], *heights[1::6]] == pytest.approx(expected, abs=0.01 * top)


def test_dragging_a_handle_with_the_mouse_and_with_a_finger(open_page):
    page = open_page(
        TwoGenerators.html("figure") + "<p style='height: 2000px'>", 390, has_touch=True
    )
    unit = page.locator(".okl-rail").first.bounding_box()["width"] / 10
    box = page.locator("[data-side=g_old][data-i='3']").bounding_box()
    x, y = box["x"] + 14, box["y"] + 14
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + unit / 2, y)
    page.mouse.up()
    page.mouse.move(x, y)
    assert generators(page)[1][3] == pytest.approx(2.5, abs=0.02)
    box = page.locator("[data-side=g][data-i='0']").bounding_box()
    x, y = box["x"] + 14, box["y"] + 14
    finger = page.context.new_cdp_session(page)
    for kind, distance in [("touchStart", 0), ("touchMove", 15), ("touchMove", unit)]:
        finger.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": x + distance, "y": y - distance}]},
        )
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert generators(page)[0][0] == pytest.approx(-1, abs=0.03)
    assert page.evaluate("scrollY") == 0  # the finger moved the handle, not the page
    assert_pair(page)


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_shifts(open_page, width):
    page = open_page(TwoGenerators.html("figure"), width)
    before = sizes(page)
    for name in ("exchange", "shift", "equal", "reset"):
        page.click(f"[data-do={name}]")
        for sigma in ("0.1", "0.5", "2"):
            page.locator("[data-key=sigma]").fill(sigma)
            assert sizes(page) == before


def test_slider_limits_are_those_that_python_checks(open_page):
    page = open_page(TwoGenerators.html("figure"))
    TwoGenerators(sigma=float(page.get_attribute("[data-key=sigma]", "min")), g=[-3, 3, 0, 0, 0])
    TwoGenerators(sigma=float(page.get_attribute("[data-key=sigma]", "max")))
    for bad in ({"sigma": 2.01}, {"sigma": 0.09}, {"g_old": [0, 0, 0, 0, -3.01]}):
        with pytest.raises(ValueError, match="its slider goes from"):
            TwoGenerators(**bad)
