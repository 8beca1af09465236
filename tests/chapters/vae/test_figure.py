"""The VAE's figure: its arithmetic against closed forms and quadrature, and its controls."""

import math

import numpy as np
import pytest

from browser import call
from onekl.chapters.vae.figure import GaussianKL


def close(a, b):
    return a == b or math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12)


def test_parts_agree_with_the_closed_form(open_page):
    rng = np.random.default_rng(1)
    inputs = np.column_stack([rng.normal(0, 3, 500), rng.uniform(-12, 6, 500)]).tolist()
    for (mu, log_var), part in zip(
        inputs, call(open_page(""), GaussianKL, "parts", inputs), strict=True
    ):
        terms = [mu**2 / 2, math.exp(log_var) / 2, -log_var / 2, -0.5]
        assert all(
            map(close, [part[k] for k in ("mean", "variance", "logVariance", "constant")], terms)
        )
        assert close(part["kl"], (mu**2 + math.exp(log_var) - log_var - 1) / 2)


def test_squared_error_agrees_with_quadrature(open_page):
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    inputs = np.random.default_rng(2).uniform(0.1, 2, (200, 4)).tolist()
    answers = call(open_page(""), GaussianKL, "squaredError", inputs)
    for (x, w, mu, variance), answer in zip(inputs, answers, strict=True):
        z = mu + math.sqrt(variance) * nodes
        assert close(answer, ((x - w * z) ** 2 * weights).sum() / weights.sum())


def test_best_variance_is_the_minimum_of_the_loss(open_page):
    inputs = np.random.default_rng(3).uniform(0.1, 2, (200, 2)).tolist()
    answers = call(open_page(""), GaussianKL, "bestVariance", inputs)
    for (w, s2), best in zip(inputs, answers, strict=True):
        variance = best * np.array([1, 0.01, 0.5, 0.99, 1.01, 2, 100])
        loss = w**2 * variance / (2 * s2) + (variance - np.log(variance)) / 2
        assert (loss[0] < loss[1:]).all()


def slide(page, key, value):
    page.locator(f"[data-key={key}]").fill(str(value))


def test_gaussian_sliders_move_the_bars(open_page):
    page = open_page(GaussianKL.html("figure"))
    for mu, log_var in [(0, 0), (-2, 1.5), (2.5, -6), (0.5, 2)]:
        slide(page, "mu", mu)
        slide(page, "log_var", log_var)
        rows = page.locator(".okl-part output").all_inner_texts()
        values = [float(text.replace("−", "-")) for text in rows]
        expected = [mu**2 / 2, math.exp(log_var) / 2, -log_var / 2, -0.5]
        assert np.allclose(values, [*expected, sum(expected)], rtol=0, atol=0.00051)
        assert_waterfall(page, [*expected, sum(expected)])


def assert_waterfall(page, values):
    """Widths in proportion to the values, each bar from the last one's end, inside the track."""
    script = """bars => bars.map(bar => {
        const b = bar.getBoundingClientRect();
        const track = bar.parentElement.getBoundingClientRect();
        return [(b.left - track.left) / track.width, b.width / track.width];
    })"""
    boxes = page.eval_on_selector_all("[data-bar]", script)
    largest = max(range(5), key=lambda k: boxes[k][1])
    unit = boxes[largest][1] / abs(values[largest])
    starts = [0, *np.cumsum(values[:3]), 0]
    for (left, width), start, value in zip(boxes, starts, values, strict=True):
        assert width == pytest.approx(abs(value) * unit, abs=0.01)
        assert left == pytest.approx(min(start, start + value) * unit, abs=0.01)
        assert left > -0.01 and left + width < 1.01


def test_samples_are_mu_plus_sigma_epsilon(open_page):
    page = open_page(GaussianKL.html("figure", mu=-1.5, log_var=1.2))
    read = "dots => dots.map(dot => Number(dot.getAttribute('cx')))"
    pixels = [np.array(page.eval_on_selector_all(f".okl-dot.okl-{side}", read)) for side in "pq"]
    width = float(page.get_attribute(".okl-density", "viewBox").split()[2])
    z, epsilon = ((x / width - 0.5) * 14 for x in pixels)
    assert len(epsilon) == 9
    assert np.allclose(z, -1.5 + math.exp(0.6) * epsilon, rtol=0, atol=1e-9)


def test_switch_moves_the_minimum_to_zero_and_back(open_page):
    page = open_page(GaussianKL.html("figure"))
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
    page = open_page(GaussianKL.html("figure"))
    for key in GaussianKL.state:
        for end in ("min", "max"):
            limit = float(page.get_attribute(f"[data-key={key}]", end))
            GaussianKL(**{key: limit})
            with pytest.raises(ValueError, match=f"{key} is"):
                GaussianKL(**{key: limit * 1.01})
