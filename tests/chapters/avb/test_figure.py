"""AVB's figure: the package's numbers against quadrature and searches, the script, the controls."""

import math

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from browser import call, sizes
from onekl.chapters.avb import one_axis
from onekl.chapters.avb.figure import BlackBoxEncoder
from onekl.chapters.avb.one_axis import EPSILON, HIGHEST, LOWEST, WEIGHTS, Knobs

PLACES = [(-1.0, 0.3), (0.0, 0.5), (1.0, 0.3), (1.0, 0.5), (2.0, 0.5), (3.0, 0.3), (3.0, 1.0)]
BIMODAL = Knobs(0.1, 0.25, 0.8, 0.9)
GAUSSIAN = Knobs(1.3, 0.2, 0.0, 0.0)
FLAT = {"abs": 1e-9, "rel": 1e-9}


def random_knobs(count, seed=0):
    rng = np.random.default_rng(seed)
    return [Knobs(*map(float, row)) for row in rng.uniform(LOWEST, HIGHEST, (count, 4))]


# ---- the package


def map_of(knobs, e):
    c, a, b, log_k = knobs
    k = math.exp(log_k)
    return c + a * e + b * k * e / math.sqrt(1 + (k * e) ** 2)


def density_of(knobs, z):
    """p(z|x) from the distribution function of f(ε), by a root and a difference: no derivative."""

    def below(v):
        return stats.norm.cdf(optimize.brentq(lambda e: map_of(knobs, e) - v, -60, 60, xtol=1e-14))

    h = 1e-4
    return (below(z - 2 * h) - 8 * below(z - h) + 8 * below(z + h) - below(z + 2 * h)) / (12 * h)


@pytest.mark.parametrize("knobs", [BIMODAL, GAUSSIAN, *random_knobs(4)])
def test_the_encoder_s_density_is_that_of_its_samples(knobs):
    z, log = one_axis.encode(knobs)
    for i in (250, 360, 399, 400, 430, 520):
        assert math.exp(log[i]) == pytest.approx(density_of(knobs, z[i]), rel=1e-5, abs=1e-9)


@pytest.mark.parametrize(("x", "noise"), PLACES)
def test_evidence_and_gap_agree_with_quadrature(x, noise):
    """log q(x) − bound is KL(p(z|x) ‖ q(z|x)), both integrals by another rule, over z."""

    def joint(z):
        return stats.norm.pdf(z) * stats.norm.pdf(x, z**2, noise)

    roots = [-math.sqrt(max(x, 0)), 0, math.sqrt(max(x, 0))]
    evidence = integrate.quad(joint, -9, 9, points=roots, epsabs=1e-14, epsrel=1e-11)[0]
    assert one_axis.log_evidence(x, noise) == pytest.approx(math.log(evidence), abs=1e-9)
    for knobs in (Knobs(0.5, 0.3, 0.0, 0.0), Knobs(-1.2, 1.0, 0.0, 0.0)):
        encoder = stats.norm(knobs.c, knobs.a)

        def integrand(z, encoder=encoder):
            log_posterior = (
                stats.norm.logpdf(z) + stats.norm.logpdf(x, z**2, noise) - math.log(evidence)
            )
            return encoder.pdf(z) * (encoder.logpdf(z) - log_posterior)

        ends = knobs.c - 12 * knobs.a, knobs.c + 12 * knobs.a
        gap = integrate.quad(integrand, *ends, epsabs=1e-10, limit=200)[0]
        found = one_axis.log_evidence(x, noise) - one_axis.bound(x, noise, knobs)
        assert found == pytest.approx(gap, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("x", "noise"), PLACES)
def test_the_best_gaussian_is_the_best(x, noise):
    best = one_axis.best_gaussian(x, noise)

    def loss(free):
        return -one_axis.bound(x, noise, Knobs(free[0], math.exp(free[1]), 0.0, 0.0))

    starts = [(c, s) for c in (0.0, 0.8, 1.6) for s in (-2.5, -1.5, -0.5)]
    ends = [optimize.minimize(loss, start, method="BFGS", tol=1e-9) for start in starts]
    assert one_axis.bound(x, noise, best) == pytest.approx(-min(end.fun for end in ends), abs=1e-7)


@pytest.mark.parametrize(("x", "noise"), PLACES)
def test_the_search_for_the_best_black_box_misses_little(x, noise):
    def loss(free):
        return -one_axis.bound(x, noise, Knobs(*np.clip(free, LOWEST, HIGHEST)))

    starts = [(0, 0.2, math.sqrt(max(x, 0.1)), k) for k in (-0.5, 1, 2.5)] + [(1, 0.2, 0.1, 0)]
    ends = [
        optimize.minimize(loss, start, method="Nelder-Mead", options={"maxfev": 1500})
        for start in starts
    ]
    found = one_axis.bound(x, noise, one_axis.best_black_box(x, noise))
    assert found > -min(end.fun for end in ends) - 5e-4
    assert found >= one_axis.bound(x, noise, one_axis.best_gaussian(x, noise))


def discriminator_objective(heights, z, pieces):
    """avb-3 for one x, with the decay, from its definition."""
    knots = np.linspace(-4, 4, pieces + 1)
    shown, noise = np.interp(z, knots, heights), np.interp(EPSILON, knots, heights)
    won = WEIGHTS @ np.log(stats.logistic.cdf(shown)) + WEIGHTS @ np.log(stats.logistic.sf(noise))
    return won - one_axis.DECAY * np.sum(heights**2) / 2


@pytest.mark.parametrize("pieces", [1, 4, 9])
@pytest.mark.parametrize("knobs", [BIMODAL, GAUSSIAN])
def test_no_other_line_discriminates_better(knobs, pieces):
    z, _ = one_axis.encode(knobs)
    best = one_axis.best_line(z, pieces)
    most = discriminator_objective(best, z, pieces)
    rng = np.random.default_rng(4)
    for size in (1e-3, 0.1, 1):
        for _ in range(20):
            other = best + size * rng.normal(size=pieces + 1)
            assert discriminator_objective(other, z, pieces) < most


@pytest.mark.parametrize(("x", "noise"), PLACES)
def test_the_true_logit_reports_the_bound(x, noise):
    """log p(z|x) − log q(z) in T's place, with and without adaptive contrast: exact."""
    for knobs in (BIMODAL, GAUSSIAN, *random_knobs(3, 5)):
        z, log = one_axis.encode(knobs)
        mean, deviation = one_axis.moments(z)
        log_reference = stats.norm(mean, deviation).logpdf(z)
        likelihood = one_axis.log_likelihood(x, noise, z)
        plain = WEIGHTS @ (likelihood - (log - stats.norm.logpdf(z)))
        hat = log + math.log(deviation) - stats.norm.logpdf((z - mean) / deviation)
        contrasted = WEIGHTS @ (stats.norm.logpdf(z) + likelihood - log_reference - hat)
        exact = one_axis.bound(x, noise, knobs)
        assert [plain, contrasted] == pytest.approx([exact, exact], rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("pieces", [1, 2, 5, 16])
def test_adaptive_contrast_is_exact_for_a_gaussian(pieces):
    for x, noise in PLACES:
        exact = one_axis.bound(x, noise, GAUSSIAN)
        contrasted = one_axis.contrasted_bound(x, noise, GAUSSIAN, pieces)
        assert contrasted == pytest.approx(exact, rel=1e-9)
        assert abs(one_axis.reported_bound(x, noise, GAUSSIAN, pieces) - exact) > 0.001


def test_a_line_that_is_blind_to_the_shape_misses_the_negentropy():
    """One piece, and an encoder that is even: T̂ = 0, and the report is off by KL(p̂ ‖ N(0, 1))."""
    even = BIMODAL._replace(c=0.0)
    z, log = one_axis.encode(even)
    mean, deviation = one_axis.moments(z)
    negentropy = WEIGHTS @ (log - stats.norm(mean, deviation).logpdf(z))
    off = one_axis.contrasted_bound(1, 0.5, even, 1) - one_axis.bound(1, 0.5, even)
    assert off == pytest.approx(negentropy, abs=1e-9) and off > 0.2


def test_more_pieces_report_better_and_adaptive_contrast_may_be_worse():
    """The best boxes of five places: what the page says of adaptive contrast, both ways."""
    off = {}
    for x, noise in PLACES[2:]:
        box = one_axis.best_black_box(x, noise)
        exact = one_axis.bound(x, noise, box)
        for name in ("reported_bound", "contrasted_bound"):
            report = getattr(one_axis, name)
            coarse, fine = (abs(report(x, noise, box, pieces) - exact) for pieces in (2, 64))
            assert fine < max(coarse / 3, 1e-3)
        for pieces in (4, 8):
            pair = (one_axis.reported_bound, one_axis.contrasted_bound)
            off[x, noise, pieces] = [abs(report(x, noise, box, pieces) - exact) for report in pair]
    plain, contrasted = off[2.0, 0.5, 4]
    assert contrasted > plain + 0.1
    plain, contrasted = off[2.0, 0.5, 8]
    assert contrasted < plain - 0.1


# ---- the script


@pytest.fixture(scope="module")
def inputs():
    rng = np.random.default_rng(1)
    places = [(x, noise) for x, noise in PLACES]
    more = [(float(rng.uniform(-1, 3)), float(rng.uniform(0.3, 1))) for _ in range(8)]
    return [*places, *more]


def test_evidence_bound_and_best_gaussian_agree_with_the_package(open_page, inputs):
    page = open_page("")
    evidence = call(page, BlackBoxEncoder, "logEvidence", inputs)
    assert evidence == pytest.approx([one_axis.log_evidence(*row) for row in inputs], **FLAT)
    knobs = random_knobs(len(inputs), 2)
    rows = [[*row, list(k)] for row, k in zip(inputs, knobs, strict=True)]
    bounds = call(page, BlackBoxEncoder, "bound", rows)
    expected = [one_axis.bound(x, noise, Knobs(*k)) for x, noise, k in rows]
    assert bounds == pytest.approx(expected, **FLAT)
    gaussians = np.array(call(page, BlackBoxEncoder, "bestGaussian", inputs))
    assert gaussians == pytest.approx(
        np.array([one_axis.best_gaussian(*row) for row in inputs]), **FLAT
    )


def test_the_encoder_agrees_with_the_package(open_page):
    knobs = random_knobs(20, 3)
    answers = call(open_page(""), BlackBoxEncoder, "encode", [[list(k)] for k in knobs])
    for one, answer in zip(knobs, answers, strict=True):
        z, log = one_axis.encode(one)
        assert np.array(answer["z"]) == pytest.approx(z, **FLAT)
        assert np.array(answer["log"]) == pytest.approx(log, **FLAT)


def test_the_best_black_box_is_as_good_as_the_package_s(open_page):
    found = call(open_page(""), BlackBoxEncoder, "bestBlackBox", PLACES)
    for (x, noise), knobs in zip(PLACES, found, strict=True):
        expected = one_axis.bound(x, noise, one_axis.best_black_box(x, noise))
        # the two searches may part where two steps are equally good
        assert one_axis.bound(x, noise, Knobs(*knobs)) == pytest.approx(expected, abs=3e-4)


@pytest.mark.parametrize("contrast", [False, True])
def test_the_discriminator_agrees_with_the_package(open_page, contrast):
    places = [*PLACES, *PLACES]
    pieces = [1, 2, 3, 4, 5, 8, 16] * 2
    knobs = [BIMODAL, GAUSSIAN, *random_knobs(12, 6)]
    rows = [
        [x, noise, list(k), n, contrast]
        for (x, noise), k, n in zip(places, knobs, pieces, strict=True)
    ]
    answers = call(open_page(""), BlackBoxEncoder, "discriminator", rows)
    report = one_axis.contrasted_bound if contrast else one_axis.reported_bound
    for (x, noise, k, n, _), answer in zip(rows, answers, strict=True):
        z, log = one_axis.encode(Knobs(*k))
        mean, deviation = one_axis.moments(z) if contrast else (0, 1)
        seen = (z - mean) / deviation
        best = log + math.log(deviation) - one_axis.log_normal(seen)
        assert np.array(answer["seen"]) == pytest.approx(seen, **FLAT)
        assert np.array(answer["best"]) == pytest.approx(best, **FLAT)
        heights = one_axis.best_line(seen, n)
        assert np.array(answer["heights"]) == pytest.approx(heights, rel=1e-6, abs=1e-6)
        assert answer["reported"] == pytest.approx(report(x, noise, Knobs(*k), n), abs=1e-8)


# ---- in the browser


@pytest.fixture
def page(open_page):
    return open_page(BlackBoxEncoder.html("figure"))


def number(text):
    return float(text.replace("−", "-"))


def value(page, key):
    return number(page.inner_text(f"[data-value={key}]"))


def slide(page, key, to):
    page.locator(f"[data-key={key}]").fill(str(to))


def assert_shows(page, x, noise, knobs, pieces):
    """Both tables are the package's, to three decimals."""
    evidence = one_axis.log_evidence(x, noise)
    exact = one_axis.bound(x, noise, knobs)
    near = {"abs": 5.1e-4}
    assert value(page, "evidence") == pytest.approx(evidence, **near)
    boxes = {
        "best-gaussian": one_axis.best_gaussian(x, noise),
        "best-box": one_axis.best_black_box(x, noise),
        "now": knobs,
    }
    for key, box in boxes.items():
        found = one_axis.bound(x, noise, box)
        room = {"abs": 8.1e-4} if key == "best-box" else near
        assert value(page, key) == pytest.approx(found, **room)
        assert value(page, f"{key}-gap") == pytest.approx(evidence - found, **room)
    reports = {
        "true": exact,
        "plain": one_axis.reported_bound(x, noise, knobs, pieces),
        "contrasted": one_axis.contrasted_bound(x, noise, knobs, pieces),
    }
    for key, report in reports.items():
        assert value(page, key) == pytest.approx(report, **near)
        assert value(page, f"{key}-gap") == pytest.approx(report - exact, **near)


def test_the_sliders_move_the_numbers(page):
    assert_shows(page, 1.0, 0.5, Knobs(0, 0.25, 0.8, 0.9), 4)
    for key, to in {"x": 2, "noise": 0.4, "c": 0.1, "a": 0.3, "b": 1.1, "log_k": 2}.items():
        slide(page, key, to)
    slide(page, "pieces", 7)
    assert_shows(page, 2.0, 0.4, Knobs(0.1, 0.3, 1.1, 2.0), 7)
    page.click("[data-do=reset]")
    assert_shows(page, 1.0, 0.5, Knobs(0, 0.25, 0.8, 0.9), 4)


def test_a_gaussian_has_no_split(page):
    page.check("[value=gaussian]")
    assert page.is_disabled("[data-key=b]") and page.is_disabled("[data-key=log_k]")
    assert_shows(page, 1.0, 0.5, Knobs(0, 0.25, 0, 0), 4)
    page.check("[value=black-box]")
    assert page.is_enabled("[data-key=b]")
    assert_shows(page, 1.0, 0.5, Knobs(0, 0.25, 0.8, 0.9), 4)


def test_the_buttons_reach_what_the_table_promises(page):
    slide(page, "x", 2)
    for button, row, encoder in (
        ("gaussian", "best-gaussian", "gaussian"),
        ("box", "best-box", "black-box"),
    ):
        page.click(f"[data-do={button}]")
        assert page.get_by_role("radio", checked=True).input_value() == encoder
        assert value(page, "now") == value(page, row)
    assert value(page, "best-gaussian-gap") > value(page, "best-box-gap") + 0.5


def drawn(page, selector):
    points = page.get_attribute(selector, "d")[1:].split("L")
    return np.array([[float(v) for v in point.split(",")] for point in points])


def test_the_three_densities_are_drawn(page):
    """The curves at their highest, in proportion: pixels above the axis against densities."""
    knobs = Knobs(0, 0.25, 0.8, 0.9)
    z, log = one_axis.encode(knobs)
    zs = np.linspace(-4, 4, 401)
    posterior = np.exp(
        one_axis.log_normal(zs)
        + one_axis.log_likelihood(1.0, 0.5, zs)
        - one_axis.log_evidence(1, 0.5)
    )
    peaks = [np.exp(log).max(), posterior.max(), 1 / math.sqrt(2 * math.pi)]
    floor = float(page.locator(".okl-density .okl-rule").first.get_attribute("y1"))
    paths = (".okl-shown", ".okl-marginal path", ".okl-q path")
    heights = [floor - drawn(page, f".okl-density {p}")[:, 1].min() for p in paths]
    assert np.array(heights) / heights[2] == pytest.approx(np.array(peaks) / peaks[2], abs=0.02)


def test_the_logits_are_drawn_where_the_discriminator_sees(page):
    """T* at a mode and the line's knots, by the axis's own ticks."""
    for contrast in (False, True):
        page.set_checked("[data-switch=contrast]", contrast)
        z, log = one_axis.encode(Knobs(0, 0.25, 0.8, 0.9))
        mean, deviation = one_axis.moments(z) if contrast else (0, 1)
        seen = (z - mean) / deviation
        best = log + math.log(deviation) - one_axis.log_normal(seen)
        read = "list => list.map(t => Number(t.getAttribute('y')) - 4)"
        ticks = page.eval_on_selector_all(".okl-logits .okl-tick", read)
        pixel = np.polyfit([-8, -4, 0, 4], ticks, 1)
        highest = drawn(page, ".okl-logits .okl-whole")[:, 1].min()
        assert highest == pytest.approx(np.polyval(pixel, best.max()), abs=0.2)
        knots = page.eval_on_selector_all(
            ".okl-logits .okl-dot", "list => list.map(d => Number(d.getAttribute('cy')))"
        )
        heights = np.clip(one_axis.best_line(seen, 4), -8, 6)
        assert knots == pytest.approx(np.polyval(pixel, heights), abs=0.1)


def test_what_is_said(page):
    said = page.locator(".okl-status")
    gap = page.inner_text("[data-value=contrasted-gap]")
    assert "too much, and more than log q(x): the report is no bound." in said.inner_text()
    assert f"With adaptive contrast it is off by {gap}, which is nearer." in said.inner_text()
    page.check("[data-switch=contrast]")
    gap = page.inner_text("[data-value=plain-gap]")
    assert f"Without adaptive contrast it is off by {gap}, which is further" in said.inner_text()
    page.click("[data-do=gaussian]")
    assert "there T* = 0" in said.inner_text()
    assert page.inner_text("[data-value=contrasted-gap]") == "0.000"
    page.uncheck("[data-switch=contrast]")
    assert "With adaptive contrast it is exact." in said.inner_text()


def test_adaptive_contrast_that_is_further_off_is_called_so(page):
    slide(page, "x", 2)
    page.click("[data-do=box]")
    assert value(page, "contrasted-gap") > value(page, "plain-gap") + 0.1
    assert "which is further off" in page.inner_text(".okl-status")


def test_a_switch_moves_the_full_dot(page):
    def full():
        return page.eval_on_selector(".okl-reported", "dot => Number(dot.getAttribute('cy'))")

    before = full()
    page.focus("[data-switch=contrast]")
    page.keyboard.press("Space")
    assert full() > before


def test_slider_limits_are_those_that_python_checks(page):
    for key in ("x", "noise", "c", "a", "b", "log_k", "pieces"):
        for end, beyond in (("min", -0.01), ("max", 0.01)):
            limit = float(page.get_attribute(f"[data-key={key}]", end))
            BlackBoxEncoder(**{key: limit})
            with pytest.raises(ValueError, match=f"{key} is"):
                BlackBoxEncoder(**{key: limit + beyond})


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"encoder": "flow"}, "encoder is 'flow': choose one of gaussian, black-box"),
        ({"pieces": 2.5}, "pieces is 2.5: a line has a whole number of pieces, from 1 to 16"),
        ({"contrast": 1}, "contrast is 1: it is a switch, True or False"),
        ({"noise": 0}, "noise is 0: its slider goes from 0.3 to 1"),
    ],
)
def test_bad_state_gives_one_clear_line(state, message):
    with pytest.raises(ValueError, match=message):
        BlackBoxEncoder(**state)


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_shifts(open_page, width):
    page = open_page(BlackBoxEncoder.html("figure"), width)
    before = sizes(page)
    for act in (
        lambda: page.check("[data-switch=contrast]"),
        lambda: slide(page, "x", 3),
        lambda: slide(page, "noise", 0.3),
        lambda: page.click("[data-do=gaussian]"),
        lambda: slide(page, "c", -2),
        lambda: slide(page, "a", 0.05),
        lambda: page.uncheck("[data-switch=contrast]"),
        lambda: page.click("[data-do=box]"),
        lambda: slide(page, "pieces", 16),
    ):
        act()
        assert sizes(page) == before
