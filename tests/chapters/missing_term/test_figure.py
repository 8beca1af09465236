"""The missing term's figure: its arithmetic against Python, and its controls in a browser."""

import math

import mpmath
import numpy as np
import pytest

from browser import call, sizes
from onekl.chapters.missing_term.figure import StepExpansion
from onekl.tables import kl


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
        call(page, StepExpansion, "kl", INPUTS),
        call(page, StepExpansion, "orders", INPUTS),
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
        inputs, call(open_page(""), StepExpansion, "fisher", inputs), strict=True
    ):
        assert np.array(f) == pytest.approx(fisher(theta), rel=1e-9)


def test_the_vector_is_the_nearest_rank_one(open_page):
    inputs = [[theta, single] for theta, _ in INPUTS for single in (True, False)]
    for (theta, single), c in zip(
        inputs, call(open_page(""), StepExpansion, "vector", inputs), strict=True
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
        inputs, call(open_page(""), StepExpansion, "reach", inputs), strict=True
    ):
        delta = [r * math.cos(angle), r * math.sin(angle)]
        assert exact(theta, delta) == pytest.approx(level, rel=1e-9)


def test_values_are_the_four_forms(open_page):
    inputs = [[*pair, single] for pair in INPUTS for single in (True, False)]
    for (theta, delta, single), v in zip(
        inputs, call(open_page(""), StepExpansion, "values", inputs), strict=True
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
    return open_page(StepExpansion.html("figure"))


def number(text):
    return float(text.replace("−", "-"))


def assert_plane(page, theta, delta, single=False):
    shown = {
        key: number(page.inner_text(f"[data-value={key}]"))
        for key in ("exact", "quadratic", "cubic", "single")
    }
    ratios = {key: number(page.inner_text(f"[data-value={key}-ratio]")) for key in shown}
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
    read = """e => e.tagName === 'path' ? e.getAttribute('d')
        : ['x1', 'y1', 'x2', 'y2'].map(k => e.getAttribute(k)).join()"""
    drawn = page.eval_on_selector_all(f"[data-level={key}]", f"list => list.map({read})")
    pixels = np.array(
        [v for d in drawn for v in d.strip("MZ").replace("L", ",").split(",")], float
    ).reshape(-1, 2)
    return (pixels - 165) / 55 * [1, -1]


@pytest.mark.parametrize("theta", [[0.8, -0.2], [0, 0], [-1.5, 1]])
def test_each_level_set_holds_steps_of_one_value(open_page, theta):
    delta = [0.9, 0.7]
    page = open_page(StepExpansion.html("figure", theta=theta, delta=delta))
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
        StepExpansion.html("figure") + "<p style='height: 2000px'>", 390, has_touch=True
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
    assert plane.inner_text("[data-value=quadratic-ratio]") == "–"
    assert "No step" in plane.inner_text(".okl-status")


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_shifts(open_page, width):
    page = open_page(StepExpansion.html("figure"), width)
    before = sizes(page)
    page.click("[data-switch]")
    assert sizes(page) == before
    for key, value in [("delta1", "0"), ("theta1", "-2"), ("delta1", "-3")]:
        page.locator(f"[data-key={key}]").fill(value)
        assert sizes(page) == before


def test_slider_limits_are_those_that_python_checks(open_page):
    page = open_page(StepExpansion.html("figure"))
    for key, limit in [("theta1", 2), ("delta1", 3)]:
        assert [page.get_attribute(f"[data-key={key}]", end) for end in ("min", "max")] == [
            f"-{limit}",
            str(limit),
        ]
    StepExpansion(theta=[-2, 2], delta=[3, -3])
    for bad in ({"theta": [2.01, 0]}, {"delta": [0, -3.01]}):
        with pytest.raises(ValueError, match="its slider goes from"):
            StepExpansion(**bad)
