"""The AAE's figure: its curves against the tables, its minimiser in 40 digits, its controls."""

import math

import mpmath
import numpy as np
import pytest

from browser import call, sizes
from onekl.chapters.aae.figure import AAETradeoff
from onekl.chapters.aae.tables import adversarial_value, reconstruction_error

RNG = np.random.default_rng(0)
INPUTS = np.column_stack(
    [RNG.uniform(0, 1, 200), RNG.uniform(0, 1, 200), RNG.uniform(0.05, 0.95, (200, 2))]
).tolist()


def tables(a, d, c):
    """The figure's two-letter example as tables: p̃(x), p(z|x) and q(z)."""
    return [1 - d, d], [[1 - a, a], [0, 1]], [1 - c, c]


def adversarial(a, d, c):
    return adversarial_value(*tables(a, d, c))


def error(a, d):
    """Half of the one-hot error: there both coordinates of x miss by the same amount."""
    return reconstruction_error(*tables(a, d, d)[:2]) / 2


def test_the_curves_are_those_of_the_tables(open_page):
    page = open_page("")
    curves = {
        "adversarial": ([(a, d, c) for a, _, d, c in INPUTS], adversarial),
        "error": ([(a, d) for a, _, d, _ in INPUTS], error),
        "total": (INPUTS, lambda a, lam, d, c: adversarial(a, d, c) + lam * error(a, d)),
    }
    for name, (inputs, expected) in curves.items():
        values = call(page, AAETradeoff, name, inputs)
        assert values == pytest.approx([expected(*row) for row in inputs], rel=1e-10, abs=1e-14)


def test_the_error_is_that_of_the_best_decoder(open_page):
    """The least of E(x − G(z))² over decoders is the mean of the variances of x given z."""
    for a, _, d, c in INPUTS[:50]:
        p_data, encoder, _ = tables(a, d, c)
        joint = np.array(p_data)[:, None] * encoder
        given = joint[1] / joint.sum(axis=0)
        assert error(a, d) == pytest.approx(
            np.sum(joint.sum(axis=0) * given * (1 - given)), abs=1e-14
        )
        assert error(a, d) == pytest.approx(d * (1 - d) * a / (d + (1 - d) * a), abs=1e-14)


def in_forty_digits(lam, d, c):
    """The total as a function of a, from its definition."""
    lam, d, c = map(mpmath.mpf, (lam, d, c))

    def total(a):
        p = d + (1 - d) * a
        m = (p + c) / 2
        kl = m * mpmath.log(m / c) + (1 - m) * mpmath.log((1 - m) / (1 - c))
        return kl + lam * d * (1 - d) * a / p

    return total


def test_the_slope_is_the_derivative(open_page):
    inputs = INPUTS[:60]
    with mpmath.workdps(40):
        for (a, *rest), value in zip(
            inputs, call(open_page(""), AAETradeoff, "slope", inputs), strict=True
        ):
            assert value == pytest.approx(
                float(mpmath.diff(in_forty_digits(*rest), a)), rel=1e-10, abs=1e-12
            )


def golden(f, low, high):
    """The minimiser of f between low and high, by golden-section search in 40 digits."""
    share = (mpmath.sqrt(5) - 1) / 2
    low, high = mpmath.mpf(float(low)), mpmath.mpf(float(high))
    while high - low > 1e-14:
        left, right = high - share * (high - low), low + share * (high - low)
        low, high = (low, right) if f(left) <= f(right) else (left, high)
    return float((low + high) / 2)


def least(lam, d, c):
    """The minimiser over [0, 1]: a fine grid, then golden section around its best point."""
    points = np.linspace(0, 1, 4001)
    p = d + (1 - d) * points
    m = (p + c) / 2
    best = np.argmin(
        m * np.log(m / c) + (1 - m) * np.log((1 - m) / (1 - c)) + lam * d * (1 - d) * points / p
    )
    with mpmath.workdps(40):
        return golden(
            in_forty_digits(lam, d, c), points[max(0, best - 1)], points[min(4000, best + 1)]
        )


def test_the_minimiser_agrees_with_golden_section(open_page):
    rng = np.random.default_rng(1)
    inputs = np.column_stack(
        [rng.uniform(0, 1, 40) ** 3, rng.uniform(0.05, 0.95, (40, 2))]
    ).tolist()
    inputs += [[0.05, 0.3, 0.5], [0, 0.3, 0.5], [0.3, 0.3, 0.5], [0.9, 0.05, 0.95], [0.2, 0.6, 0.2]]
    answers = call(open_page(""), AAETradeoff, "minimiser", inputs)
    assert answers == pytest.approx([least(*row) for row in inputs], abs=1e-8)
    assert sum(0 < a < 1 for a in answers) > 10 and answers.count(0) > 10


def test_who_is_moved(open_page):
    """With c = d nobody, for every λ; with c > d everybody, for every λ > 0.

    With c < d the minimum stays at the end a = 0.
    """
    page, rng = open_page(""), np.random.default_rng(2)
    weights = [0, 1e-6, 1e-3, 0.03, 0.3, 1]
    for d, c in rng.uniform(0.05, 0.95, (30, 2)).tolist():
        answers = call(page, AAETradeoff, "minimiser", [[lam, d, c] for lam in weights])
        same = call(page, AAETradeoff, "minimiser", [[lam, d, d] for lam in weights])
        assert same == [0] * len(weights)
        if c < d:
            assert answers == [0] * len(weights)
            continue
        alone = (c - d) / (1 - d)
        assert answers[0] == pytest.approx(alone, abs=1e-12)
        assert answers == sorted(answers, reverse=True) and answers[1] < alone - 1e-8


# ---- in the browser


@pytest.fixture
def page(open_page):
    return open_page(AAETradeoff.html("figure"))


def slide(page, **values):
    for key, value in values.items():
        page.locator(f"[data-key={key}]").fill(str(value))


def number(text):
    return float(text.replace("−", "-"))


def read(page, key):
    """The printed value, or the pair of values."""
    values = [
        number(part) for part in page.inner_text(f"[data-value={key}]").strip("()").split(", ")
    ]
    return values if len(values) > 1 else values[0]


def drawn(page, key):
    """A drawn curve as points (a, pixels)."""
    points = page.get_attribute(f"[data-path={key}]", "d")[1:].replace("M", "L").split("L")
    return np.array([[float(v) for v in point.split(",")] for point in points])


def scale(page):
    """Pixels of the curves to (a, value)."""
    width = float(page.get_attribute(".okl-curves", "viewBox").split()[2])
    a = np.linspace(0, 1, 201)
    d, c, lam = (float(page.input_value(f"[data-key={key}]")) for key in ("d", "c", "lam"))
    curves = [[adversarial(v, d, c) for v in a], [error(v, d) for v in a]]
    curves.append(np.add(curves[0], np.multiply(lam, curves[1])))
    top = np.max(curves)
    return lambda x, y: ((x - 40) / (width - 52), (170 - y) / 158 * top)


def assert_shows(page, lam, d, c):
    a, at = least(lam, d, c), scale(page)
    alone = max(0, (c - d) / (1 - d))
    p = d + (1 - d) * a
    assert [read(page, "a"), read(page, "alone")] == pytest.approx([a, alone], abs=5.1e-5)
    assert read(page, "p") == pytest.approx([1 - p, p], abs=5.1e-4)
    assert read(page, "q") == pytest.approx([1 - c, c], abs=5.1e-4)
    assert read(page, "adversarial") == pytest.approx(adversarial(a, d, c), abs=5.1e-5)
    assert read(page, "error") == pytest.approx(error(a, d), abs=5.1e-5)
    curves = {"adversarial": adversarial, "error": lambda v, d, c: error(v, d)}
    curves["total"] = lambda v, d, c: adversarial(v, d, c) + lam * error(v, d)
    for key, f in curves.items():
        for x, y in drawn(page, key)[::20]:
            place, height = at(x, y)
            assert height == pytest.approx(f(min(1, max(0, place)), d, c), abs=0.004)
    ring = [float(page.get_attribute(".okl-curves .okl-best", key)) for key in ("cx", "cy")]
    assert at(*ring) == pytest.approx((a, curves["total"](a, d, c)), abs=1e-6)
    tiles = [float(text) for text in page.locator(".okl-tile").all_inner_texts()]
    assert tiles == pytest.approx([1 - p, p], abs=5.1e-4)


def test_sliders(page):
    for values in (
        (0.05, 0.3, 0.5),
        (0, 0.3, 0.5),
        (0.1, 0.3, 0.5),
        (1, 0.3, 0.5),
        (0.2, 0.1, 0.9),
        (0.5, 0.6, 0.2),
    ):
        slide(page, **dict(zip(("lam", "d", "c"), values, strict=True)))
        assert_shows(page, *values)


def test_what_is_said(page):
    status = ".okl-status"
    assert "moves the minimum to a = 0.2579" in page.inner_text(status)
    # λ · 0.252, the error's slope at a = 2/7
    assert "the slope of the sum is 0.0126" in page.inner_text(status)
    slide(page, lam=1)
    assert "all the way to a = 0" in page.inner_text(status)
    slide(page, lam=0)
    assert "still grows with a" in page.inner_text(status)
    page.click("[data-do=equal]")
    assert "each x has its own z" in page.inner_text(status)
    slide(page, lam=0.6)
    assert read(page, "a") == 0 and "each x has its own z" in page.inner_text(status)
    slide(page, c=0.2)
    assert "does not reach 0" in page.inner_text(status) and read(page, "adversarial") > 0
    page.click("[data-do=reset]")
    assert_shows(page, 0.05, 0.3, 0.5)


def test_the_best_a_for_each_weight(page):
    width = float(page.get_attribute(".okl-best-a", "viewBox").split()[2])
    x, y = drawn(page, "best").T
    lam, a = (x - 30) / (width - 40), (110 - y) / 100
    expected = [least(min(1, max(0, v)), 0.3, 0.5) for v in lam[::7]]
    assert a[::7] == pytest.approx(expected, abs=0.01)
    # the minimum jumps to a = 0, and no line crosses the jump
    assert page.get_attribute("[data-path=best]", "d").count("M") == 2
    page.click("[data-do=equal]")
    assert page.get_attribute("[data-path=best]", "d").count("M") == 1
    assert set(drawn(page, "best")[:, 1]) == {110}


def test_the_weight_is_twice_the_tables(page):
    """Said in the figure, and so: the sum here at λ is that of one-hot letters at λ/2."""
    assert "λ here is twice the table's λ" in page.inner_text(".okl-note >> nth=0")
    answers = call(page, AAETradeoff, "total", INPUTS)
    one_hot = [
        adversarial(a, d, c) + lam / 2 * reconstruction_error(*tables(a, d, c)[:2])
        for a, lam, d, c in INPUTS
    ]
    assert answers == pytest.approx(one_hot, rel=1e-10, abs=1e-14)


def test_keys_move_a_slider(page):
    page.focus("[data-key=c]")
    page.keyboard.press("ArrowRight")
    assert_shows(page, 0.05, 0.3, 0.51)
    assert page.get_by_role("slider").count() == 3


def test_slider_limits_are_those_that_python_checks(page):
    for key in AAETradeoff.state:
        for end, past in (("min", -0.01), ("max", 0.01)):
            limit = float(page.get_attribute(f"[data-key={key}]", end))
            AAETradeoff(**{key: limit})
            with pytest.raises(ValueError, match=f"{key} is"):
                AAETradeoff(**{key: limit + past})
    with pytest.raises(ValueError, match="lam is nan"):
        AAETradeoff(lam=math.nan)


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_shifts(open_page, width):
    page = open_page(AAETradeoff.html("figure"), width)
    before = sizes(page)
    for values in ({"lam": 0}, {"lam": 1}, {"c": 0.1}, {"d": 0.95}, {"c": 0.95}):
        slide(page, **values)
        assert sizes(page) == before
    page.click("[data-do=equal]")
    assert sizes(page) == before
