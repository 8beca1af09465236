"""The figures second_order and two_generators: their arithmetic against Python, and their controls in a browser."""

import math

import mpmath
import numpy as np
import pytest
from scipy.integrate import quad

from browser import call, sizes
from onekl.chapters.missing_term.figure import StepExpansion
from onekl.chapters.regulariser.figure import TwoGenerators
from onekl.figures.checks import G_OLD, G
from onekl.figures.moving import static_html
from onekl.tables import kl

# ---- second_order: q_θ of three letters, logits (θ₁, θ₂, 0)


def family(theta):
    weights = np.exp([*theta, 0])
    return weights / weights.sum()


def exact(theta, delta):
    return kl(family(theta), family(np.subtract(theta, delta)))


def fisher(theta):
    """F = Σ ∇q ∇qᵀ/q, by differences: central, in 40 digits."""
    with mpmath.workdps(40):
        h = mpmath.mpf(10) ** -12

        def q(a, b):
            weights = [mpmath.exp(a), mpmath.exp(b), mpmath.mpf(1)]
            return [w / sum(weights) for w in weights]

        a, b = map(mpmath.mpf, theta)
        slopes = [
            [(up - down) / (2 * h) for up, down in zip(q(a + h, b), q(a - h, b), strict=True)],
            [(up - down) / (2 * h) for up, down in zip(q(a, b + h), q(a, b - h), strict=True)],
        ]
        here = q(a, b)
        return np.array(
            [
                [sum(u * v / w for u, v, w in zip(s, t, here, strict=True)) for t in slopes]
                for s in slopes
            ],
            float,
        )


def taylor(theta, delta):
    """Coefficients of t², t³ in KL(q_θ ‖ q_{θ−tΔθ}), by differentiation in 40 digits."""
    with mpmath.workdps(40):
        q = [mpmath.mpf(float(v)) for v in family(theta)]

        def along(t):
            logits = [mpmath.log(v) - t * d for v, d in zip(q, [*delta, 0], strict=True)]
            total = mpmath.log(sum(map(mpmath.exp, logits)))
            return sum(
                v * (mpmath.log(v) - logit + total) for v, logit in zip(q, logits, strict=True)
            )

        return [float(c) for c in mpmath.taylor(along, 0, 3)][2:]


INPUTS = (
    np.random.default_rng(0)
    .uniform([-2, -2, -3, -3], [2, 2, 3, 3], (60, 4))
    .reshape(-1, 2, 2)
    .tolist()
)


def test_kl_and_its_orders_agree_with_python(open_page):
    page = open_page("")
    answers = zip(
        INPUTS,
        call(page, "second_order", "kl", INPUTS),
        call(page, "second_order", "orders", INPUTS),
        strict=True,
    )
    for (theta, delta), value, orders in answers:
        assert value == pytest.approx(exact(theta, delta), rel=1e-9, abs=1e-15)
        assert [orders["quadratic"], orders["third"]] == pytest.approx(
            taylor(theta, delta), rel=1e-9
        )
        assert orders["quadratic"] == pytest.approx(
            np.array(delta) @ fisher(theta) @ delta / 2, rel=1e-9
        )


def test_fisher_agrees_with_its_definition(open_page):
    inputs = [[theta] for theta, _ in INPUTS]
    for (theta,), f in zip(
        inputs, call(open_page(""), "second_order", "fisher", inputs), strict=True
    ):
        assert np.array(f) == pytest.approx(fisher(theta), rel=1e-9)


def test_the_vector_is_the_nearest_rank_one(open_page):
    inputs = [[theta, single] for theta, _ in INPUTS for single in (True, False)]
    for (theta, single), c in zip(
        inputs, call(open_page(""), "second_order", "vector", inputs), strict=True
    ):
        half = fisher(theta) / 2
        if single:
            assert c == pytest.approx([math.sqrt(half[0, 0]), 0], rel=1e-9)
            continue
        values, vectors = np.linalg.eigh(half)
        assert np.outer(c, c) == pytest.approx(
            values[1] * np.outer(vectors[:, 1], vectors[:, 1]), abs=1e-9
        )
        nearest = np.linalg.norm(half - np.outer(c, c))
        for other in np.add(c, np.random.default_rng(1).normal(0, 0.05, (20, 2))):
            assert nearest < np.linalg.norm(half - np.outer(other, other))


def test_the_contour_is_where_kl_has_the_level(open_page):
    inputs = [
        [theta, angle, level]
        for theta, _ in INPUTS[:20]
        for angle in (0, 1, 2.5, 4)
        for level in (0.001, 0.3, 1)
    ]
    for (theta, angle, level), r in zip(
        inputs, call(open_page(""), "second_order", "reach", inputs), strict=True
    ):
        delta = [r * math.cos(angle), r * math.sin(angle)]
        assert exact(theta, delta) == pytest.approx(level, rel=1e-9)


def test_values_are_the_four_forms(open_page):
    inputs = [[*pair, single] for pair in INPUTS for single in (True, False)]
    for (theta, delta, single), v in zip(
        inputs, call(open_page(""), "second_order", "values", inputs), strict=True
    ):
        second, third = taylor(theta, delta)
        assert [v["exact"], v["quadratic"], v["cubic"]] == pytest.approx(
            [exact(theta, delta), second, second + third], rel=1e-9, abs=1e-12
        )
        half = fisher(theta) / 2
        top = np.linalg.eigh(half)[1][:, 1] * math.sqrt(np.linalg.eigvalsh(half)[1])
        c = [math.sqrt(half[0, 0]), 0] if single else top
        assert v["single"] == pytest.approx(np.dot(delta, c) ** 2, rel=1e-6, abs=1e-12)


@pytest.fixture
def plane(open_page):
    return open_page(static_html("second_order", "figure"))


def number(text):
    return float(text.replace("−", "-"))


def assert_plane(page, theta, delta, single=False):
    shown = {
        key: number(page.inner_text(f"[data-value={key}]"))
        for key in ("exact", "quadratic", "cubic", "single")
    }
    ratios = {key: number(page.inner_text(f"[data-ratio={key}]")) for key in shown}
    second, third = taylor(theta, delta)
    value, f = exact(theta, delta), fisher(theta)
    square = (
        delta[0] ** 2 * f[0, 0] / 2
        if single
        else float(np.linalg.eigh(f)[1][:, 1] @ delta) ** 2 * np.linalg.eigvalsh(f)[1] / 2
    )
    for key, expected in zip(shown, [value, second, second + third, square], strict=True):
        assert shown[key] == pytest.approx(expected, abs=5.1e-5)
        assert ratios[key] == pytest.approx(expected / value, abs=6e-4)


def test_sliders_move_the_numbers(plane):
    assert_plane(plane, [0.8, -0.2], [1.0, 1.2])
    for theta, delta in [([1, -1.5], [-0.5, 2]), ([-2, 0], [0.1, -0.1]), ([2, 2], [3, -3])]:
        for key, state in (("theta", theta), ("delta", delta)):
            for i in (0, 1):
                plane.locator(f"[data-key={key}{i + 1}]").fill(str(state[i]))
        assert_plane(plane, theta, delta)


def level_points(page, key):
    """Points of a drawn level set, in the plane of the step."""
    read = "e => e.tagName === 'path' ? e.getAttribute('d') : ['x1', 'y1', 'x2', 'y2'].map(k => e.getAttribute(k)).join()"
    drawn = page.eval_on_selector_all(f"[data-level={key}]", f"list => list.map({read})")
    pixels = np.array(
        [v for d in drawn for v in d.strip("MZ").replace("L", ",").split(",")], float
    ).reshape(-1, 2)
    return (pixels - 165) / 55 * [1, -1]


@pytest.mark.parametrize("theta", [[0.8, -0.2], [0, 0], [-1.5, 1]])
def test_each_level_set_holds_steps_of_one_value(open_page, theta):
    delta = [0.9, 0.7]
    page = open_page(static_html("second_order", "figure", theta=theta, delta=delta))
    f = fisher(theta)
    level = np.array(delta) @ f @ delta / 2
    for point in level_points(page, "exact"):
        assert exact(theta, point) == pytest.approx(level, rel=0.01)
    for point in level_points(page, "quadratic"):
        assert point @ f @ point / 2 == pytest.approx(level, rel=0.01)
    c = np.linalg.eigh(f)[1][:, 1] * math.sqrt(np.linalg.eigvalsh(f)[1] / 2)
    strip = level_points(page, "single")
    assert len(strip) == 4 and (strip @ c) ** 2 == pytest.approx([level] * 4, rel=0.01)
    assert np.abs(strip).max() > 3  # the lines leave the plane: no closed curve


def test_one_parameter_makes_the_square_exact(plane):
    plane.click("[data-switch]")
    assert_plane(plane, [0.8, -0.2], [1.0, 0], single=True)
    assert plane.inner_text("[data-value=single]") == plane.inner_text("[data-value=quadratic]")
    assert plane.is_disabled("[data-key=delta2]")
    ends = level_points(plane, "single")
    assert np.abs(ends[:, 0]) == pytest.approx([1] * 4, abs=0.01)  # vertical, through the step
    plane.click("[data-do=reset]")
    assert_plane(plane, [0.8, -0.2], [1.0, 1.2])


def test_dragging_the_step(plane):
    box, size = (
        plane.locator(".okl-grip").bounding_box(),
        plane.locator(".okl-plane").bounding_box()["width"],
    )
    x, y = box["x"] + 14, box["y"] + 14
    plane.mouse.move(x, y)
    plane.mouse.down()
    plane.mouse.move(x - size / 6, y + size / 12)
    plane.mouse.up()
    delta = [number(plane.inner_text(f"[data-key=delta{i}] + output")) for i in (1, 2)]
    assert delta == pytest.approx([0.0, 0.7], abs=0.03)
    plane.mouse.move(x, y)
    assert [number(plane.inner_text(f"[data-key=delta{i}] + output")) for i in (1, 2)] == delta
    plane.mouse.click(x, y)
    assert number(plane.inner_text("[data-key=delta2] + output")) == pytest.approx(1.2, abs=0.03)


def test_a_finger_moves_the_ring_and_scrolls_beside_it(open_page):
    page = open_page(
        static_html("second_order", "figure") + "<p style='height: 2000px'>", 390, has_touch=True
    )
    finger = page.context.new_cdp_session(page)

    def drag(box, distance):
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        for kind, moved in [
            ("touchStart", 0),
            ("touchMove", distance / 3),
            ("touchMove", distance),
        ]:
            finger.send(
                "Input.dispatchTouchEvent",
                {"type": kind, "touchPoints": [{"x": x, "y": y - moved}]},
            )
        finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        return number(page.inner_text("[data-key=delta2] + output"))

    size = page.locator(".okl-plane").bounding_box()["width"]
    assert drag(page.locator(".okl-grip").bounding_box(), size / 12) == pytest.approx(1.7, abs=0.03)
    assert page.evaluate("scrollY") == 0
    after = drag(page.locator(".okl-plane").bounding_box(), 120)
    page.wait_for_function("scrollY > 20")
    assert after == pytest.approx(1.7, abs=0.03)


def test_no_step_is_all_zero(plane):
    for i in (1, 2):
        plane.locator(f"[data-key=delta{i}]").fill("0")
    assert number(plane.inner_text("[data-value=exact]")) == 0
    assert plane.inner_text("[data-ratio=quadratic]") == "–"
    assert "No step" in plane.inner_text(".okl-status")


# ---- two_generators


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
    middles = [
        round((a + b) / 2, 6) for a in centres for b in centres
    ]  # rounding must not leave slivers between cuts
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
    for state, value in zip(
        inputs, call(open_page(""), "two_generators", "kl", inputs), strict=True
    ):
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
        inputs, call(open_page(""), "two_generators", "terms", inputs), strict=True
    ):
        assert t["joint"] == pytest.approx(
            np.mean(np.subtract(g, old) ** 2) / (2 * sigma**2), rel=1e-12
        )
        assert t["marginal"] <= t["joint"]
        assert t["remainder"] == pytest.approx(remainder(g, old, sigma), rel=1e-8)


def test_nearest_is_the_limit_of_small_sigma(open_page):
    inputs = [state[:2] for state in random_generators(8)] + [[G, G_OLD]]
    page = open_page("")
    limits = call(page, "two_generators", "nearest", inputs)
    sigmas = (0.02, 0.01)
    scaled = [
        [
            2 * s**2 * v
            for v in call(page, "two_generators", "kl", [[g, old, s, 0.5] for g, old in inputs])
        ]
        for s in sigmas
    ]
    assert min(limits) > 0
    for limit, coarse, fine in zip(limits, *scaled, strict=True):
        assert fine == pytest.approx(limit, abs=0.02)
        assert abs(fine - limit) < 0.75 * abs(coarse - limit) + 1e-6


@pytest.fixture
def pair_page(open_page):
    return open_page(static_html("two_generators", "figure"))


def generators(page):
    read = "list => list.map(h => Number(h.getAttribute('aria-valuenow')))"
    g, old = (page.eval_on_selector_all(f"[data-side={side}]", read) for side in ("g", "g_old"))
    return g, old, float(page.input_value("[data-key=sigma]"))


def assert_pair(page):
    """The printed terms and the drawn bars belong to the handles and the slider; returns the three terms."""
    g, old, sigma = generators(page)
    joint = np.mean(np.subtract(g, old) ** 2) / (2 * sigma**2)
    marginal = smoothed_kl(g, old, sigma) if sorted(g) != sorted(old) else 0
    values = {"joint": joint, "marginal": marginal, "remainder": joint - marginal}
    for key, value in values.items():
        assert number(page.inner_text(f"[data-value={key}]")) == pytest.approx(
            value, rel=0.06, abs=5.1e-5
        )
        script = """bar => bar.getBoundingClientRect().width / bar.parentElement.getBoundingClientRect().width"""
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
    assert terms["joint"] == pytest.approx(8 / (2 * 0.25)) and terms["marginal"] == pytest.approx(
        0, abs=1e-12
    )
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
        static_html("two_generators", "figure") + "<p style='height: 2000px'>", 390, has_touch=True
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


# ---- both


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_shifts(open_page, width):
    page = open_page(static_html("two_generators", "figure"), width)
    before = sizes(page)
    for name in ("exchange", "shift", "equal", "reset"):
        page.click(f"[data-do={name}]")
        for sigma in ("0.1", "0.5", "2"):
            page.locator("[data-key=sigma]").fill(sigma)
            assert sizes(page) == before
    page = open_page(static_html("second_order", "figure"), width)
    before = sizes(page)
    page.click("[data-switch]")
    assert sizes(page) == before
    for key, value in [("delta1", "0"), ("theta1", "-2"), ("delta1", "-3")]:
        page.locator(f"[data-key={key}]").fill(value)
        assert sizes(page) == before


def test_slider_limits_are_those_that_python_checks(open_page):
    page = open_page(static_html("second_order", "figure") + static_html("two_generators", "other"))
    for key, limit in [("theta1", 2), ("delta1", 3)]:
        assert [page.get_attribute(f"[data-key={key}]", end) for end in ("min", "max")] == [
            f"-{limit}",
            str(limit),
        ]
    StepExpansion(theta=[-2, 2], delta=[3, -3])
    TwoGenerators(sigma=float(page.get_attribute("[data-key=sigma]", "min")), g=[-3, 3, 0, 0, 0])
    TwoGenerators(sigma=float(page.get_attribute("[data-key=sigma]", "max")))
    for bad in ({"sigma": 2.01}, {"sigma": 0.09}, {"g_old": [0, 0, 0, 0, -3.01]}):
        with pytest.raises(ValueError, match="its slider goes from"):
            TwoGenerators(**bad)
