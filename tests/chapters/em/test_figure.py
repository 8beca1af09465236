"""EM's figure: its half-steps against the package's mixture, and its controls in a real browser."""

import numpy as np
import pytest
import torch

from browser import call, sizes
from onekl.chapters.em import gaussian_mixture
from onekl.chapters.em.figure import EM_DATA, EMMixture
from onekl.training.losses.joint import bound_gap, joint_kl, negative_log_likelihood

START = {"means": [-0.5, 0.5], "stds": [1.0, 1.0], "weights": [0.5, 0.5]}
X = torch.tensor(EM_DATA, dtype=torch.float64)[:, None]


def random_mixtures(count, seed=0, narrowest=0.2):
    rng = np.random.default_rng(seed)
    first = rng.uniform(0.05, 0.95, count)
    columns = zip(
        rng.uniform(-4, 4, (count, 2)), rng.uniform(narrowest, 3, (count, 2)), first, strict=True
    )
    return [{"means": m.tolist(), "stds": s.tolist(), "weights": [w, 1 - w]} for m, s, w in columns]


def mixture(q):
    """The figure's q as a GaussianMixture."""
    means, stds, weights = (
        torch.tensor(q[key], dtype=torch.float64) for key in ("means", "stds", "weights")
    )
    return gaussian_mixture.GaussianMixture(weights, means[:, None], stds.square()[:, None, None])


def parameters(model):
    return {
        "means": model.means[:, 0].tolist(),
        "stds": model.covariances[:, 0, 0].sqrt().tolist(),
        "weights": model.weights.tolist(),
    }


def expected_terms(p, q):
    log_p, log_joint = torch.tensor(p, dtype=torch.float64).log(), mixture(q).log_joint(X)
    return {
        "likelihood": -float(negative_log_likelihood(log_joint).mean()),
        "bound": -float(joint_kl(log_p, log_joint).mean()),
        "gap": float(bound_gap(log_p, log_joint).mean()),
    }


def near(value, **tolerance):
    return pytest.approx(value, **({"rel": 1e-10, "abs": 1e-10} | tolerance))


def test_both_half_steps_agree_with_the_package(open_page):
    page, mixtures = open_page(""), random_mixtures(40)
    encoders = call(page, EMMixture, "eStep", [[EM_DATA, q] for q in mixtures])
    new = call(page, EMMixture, "mStep", [[EM_DATA, p] for p in encoders])
    taken = 0
    for q, p, after in zip(mixtures, encoders, new, strict=True):
        log_p = gaussian_mixture.e_step(mixture(q), X)
        assert np.array(p) == near(log_p.exp().numpy())
        expected = parameters(gaussian_mixture.m_step(X, log_p))
        if min(expected["stds"]) < 0.05:
            assert after is None
            continue
        taken += 1
        for key, value in expected.items():
            assert after[key] == near(value)
    assert taken > 30


def test_terms_agree_with_the_objectives(open_page):
    page, mixtures = open_page(""), random_mixtures(40, 1)
    encoders = call(page, EMMixture, "eStep", [[EM_DATA, q] for q in random_mixtures(40, 2)])
    pairs = list(zip(encoders, mixtures, strict=True))
    for (p, q), terms in zip(
        pairs, call(page, EMMixture, "terms", [[EM_DATA, *pair] for pair in pairs]), strict=True
    ):
        expected = expected_terms(p, q)
        for key, value in expected.items():
            assert terms[key] == near(value)
        assert terms["gap"] == near(terms["likelihood"] - terms["bound"])


def test_a_posterior_that_underflows_leaves_the_gap_finite(open_page):
    q = {"means": [-4, 4], "stds": [0.05, 0.05], "weights": [0.5, 0.5]}
    start = call(open_page(""), EMMixture, "beginning", [[EM_DATA, q]])[0]
    assert 1000 < start["gap"] < 1e5
    assert start["gap"] == pytest.approx(start["likelihood"] - start["bound"], rel=1e-12)


def test_mixture_kl_is_the_package_s(open_page):
    pairs = list(zip(random_mixtures(40, 3), random_mixtures(40, 4), strict=True))
    for (q, old), value in zip(
        pairs, call(open_page(""), EMMixture, "mixtureKl", pairs), strict=True
    ):
        assert value == near(float(gaussian_mixture.mixture_kl(mixture(q), mixture(old))))


def test_each_half_step_lowers_the_joint_kl_by_what_it_says(open_page):
    page = open_page("")
    states = call(
        page,
        EMMixture,
        "beginning",
        [[EM_DATA, q] for q in [START, *random_mixtures(8, 5, 0.8)]],
    )
    for kind in "EM" * 15:
        after = call(page, EMMixture, "halfStep", [[EM_DATA, state, kind] for state in states])
        for old, new in zip(states, after, strict=True):
            assert new["decrease"] >= 0
            assert new["bound"] - old["bound"] == near(new["decrease"], abs=1e-13)
            if kind == "E":
                assert new["gap"] == near(0, abs=1e-15) and new["likelihood"] == old["likelihood"]
            else:
                assert new["likelihood"] - old["likelihood"] == near(
                    new["decrease"] + new["gap"], abs=1e-13
                )
        states = after


def em_path(q, rounds):
    """Parameters and log-likelihood after the rounds, from the package; rounds of E, then M."""
    model = mixture(q)
    for _ in range(rounds):
        model = gaussian_mixture.m_step(X, gaussian_mixture.e_step(model, X))
    return parameters(model), -float(negative_log_likelihood(model.log_joint(X)).mean())


def test_forty_rounds_are_the_package_s(open_page):
    page, starts = open_page(""), [START, *random_mixtures(4, 6, 0.8)]
    states = call(page, EMMixture, "beginning", [[EM_DATA, q] for q in starts])
    for kind in "EM" * 40:
        states = call(page, EMMixture, "halfStep", [[EM_DATA, state, kind] for state in states])
    for start, state in zip(starts, states, strict=True):
        expected, likelihood = em_path(start, 40)
        assert state["likelihood"] == near(likelihood)
        for key, value in expected.items():
            assert state["q"][key] == near(value)


# ---- in the browser


@pytest.fixture
def page(open_page):
    return open_page(EMMixture.html("figure"))


def number(text):
    return float(text.replace("−", "-"))


def shown(page, key):
    return number(page.inner_text(f"[data-value={key}]"))


def listed(page, key):
    return [number(text) for text in page.locator(f"[data-list={key}]").all_inner_texts()]


def means(page):
    return page.eval_on_selector_all(
        ".okl-handle", "list => list.map(h => Number(h.getAttribute('aria-valuenow')))"
    )


def assert_shows(page, p, q):
    """The readouts, handles and data points are those of p(z|x) and q(x, z)."""
    for key, value in expected_terms(p, q).items():
        assert shown(page, key) == pytest.approx(value, abs=5.1e-5)
    for key in START:
        assert listed(page, key) == pytest.approx(q[key], abs=5.1e-4)
    assert means(page) == pytest.approx(q["means"], abs=1e-12)
    heights = page.eval_on_selector_all(
        ".okl-point", "list => list.map(c => Number(c.getAttribute('cy')))"
    )
    assert (190 - np.array(heights)) / 48 == pytest.approx(np.array(p)[:, 1], abs=1e-9)


def encoder(q):
    return gaussian_mixture.e_step(mixture(q), X).exp().tolist()


def uniform(q):
    return [q["weights"]] * len(EM_DATA)


def test_half_steps_by_hand(page):
    assert_shows(page, uniform(START), START)
    assert page.inner_text("[data-value=decrease]") == "–"
    gap = shown(page, "gap")
    page.click("[data-do=E]")
    assert_shows(page, encoder(START), START)
    assert shown(page, "gap") == 0 and shown(page, "decrease") == gap
    assert "E half-step" in page.inner_text(".okl-status")
    page.click("[data-do=M]")
    after = em_path(START, 1)[0]
    assert_shows(page, encoder(START), after)
    decrease = float(gaussian_mixture.mixture_kl(mixture(after), mixture(START)))
    assert shown(page, "decrease") == pytest.approx(decrease, abs=5.1e-5)
    assert "rose by that and by the gap that opened" in page.inner_text(".okl-status")


def curve(page, key):
    points = page.get_attribute(f"[data-path={key}] path", "d")[1:].split("L")
    return np.array([float(point.split(",")[1]) for point in points])


def test_ten_rounds_are_drawn(page):
    page.click("[data-do=rounds]")
    path = [em_path(START, rounds) for rounds in range(11)]
    before, after = path[9][0], path[10][0]
    assert_shows(page, encoder(before), after)
    likelihood, bound = curve(page, "likelihood"), curve(page, "bound")
    assert len(bound) == 13  # the last 12 half-steps: from the 8th to the 20th
    last = [value for _, value in path[4:] for _ in "ME"][
        :-1
    ]  # an E half-step leaves the likelihood where it is
    low, high = expected_terms(encoder(path[3][0]), path[4][0])["bound"], last[-1]
    assert likelihood == pytest.approx(142 - 128 * (np.array(last) - low) / (high - low), abs=0.051)
    assert bound[1::2] == pytest.approx(likelihood[1::2], abs=0.11)  # after E it touches
    assert all(bound[0::2] > likelihood[0::2])  # and after M it lies below, further down the page
    tip = float(page.get_attribute("[data-path=likelihood] circle", "cy"))
    assert tip == pytest.approx(likelihood[-1], abs=0.051)
    assert (
        page.locator("[data-path=bound] rect").count() == 7
        and page.locator("[data-path=bound] circle").count() == 6
    )


def test_two_starts_end_at_two_stationary_points(page):
    ends = []
    for start in ([-0.5, 0.5], [0.0, 3.0]):
        for z, value in enumerate(start):
            page.focus(f".okl-handle[data-z='{z}']")
            page.keyboard.press("Home")
            for _ in range(round((value + 4) / 0.5)):
                page.keyboard.press("PageUp")
        assert means(page) == pytest.approx(start)
        for _ in range(8):
            page.click("[data-do=rounds]")
        assert "a stationary point" in page.inner_text(".okl-status")
        ends.append(shown(page, "likelihood"))
        expected = em_path(START | {"means": start}, 80)[1]
        assert ends[-1] == pytest.approx(expected, abs=5.1e-5)
        page.click("[data-do=reset]")
    assert ends[0] - ends[1] > 0.05


def test_m_first_makes_the_components_equal(page):
    page.click("[data-do=M]")
    average = [np.mean(EM_DATA)] * 2
    assert means(page) == pytest.approx(average)
    assert "no half-step can tell them apart" in page.inner_text(".okl-status")
    page.click("[data-do=rounds]")
    assert means(page) == pytest.approx(average)


def test_an_m_half_step_with_an_open_gap_says_so(open_page):
    page = open_page(EMMixture.html("figure", weights=[0.3, 0.7]))
    page.click("[data-do=E]")
    page.click("[data-do=M]")
    page.click("[data-do=M]")
    assert shown(page, "decrease") == 0 and "need not rise" in page.inner_text(".okl-status")


def test_a_component_on_one_point_is_refused(open_page):
    page = open_page(EMMixture.html("figure", means=[-3.2, 0.5], stds=[0.05, 1.0]))
    page.click("[data-do=E]")
    before = means(page), shown(page, "bound")
    page.click("[data-do=M]")
    assert (means(page), shown(page, "bound")) == before
    assert "closes in on one point" in page.inner_text(".okl-status")
    page.click("[data-do=E]")
    assert "closes in" not in page.inner_text(".okl-status")


def test_where_a_dragged_path_ends_does_not_depend_on_what_came_before(page):
    ends = []
    for before in ([], ["rounds"], ["E", "M", "E"], ["M"]):
        for name in before:
            page.click(f"[data-do={name}]")
        for z, ups in ((0, 8), (1, 14)):
            page.focus(f".okl-handle[data-z='{z}']")
            page.keyboard.press("Home")
            for _ in range(ups):
                page.keyboard.press("PageUp")
        assert_shows(page, uniform(START), START | {"means": [0.0, 3.0]})
        page.click("[data-do=rounds]")
        ends.append(shown(page, "likelihood"))
    assert ends == pytest.approx([em_path(START | {"means": [0.0, 3.0]}, 10)[1]] * 4, abs=5.1e-5)


def test_one_name_for_the_bound_and_its_constant_is_told(page):
    text = page.inner_text(".onekl-figure")
    assert text.count("bound, −joint KL without constant") == text.count("bound, −joint KL") == 2
    assert "E log p̃(x), is left out" in text
    assert "weights and stds of the start" in text


def test_keys_move_the_means_and_start_afresh(page):
    page.click("[data-do=rounds]")
    page.focus(".okl-handle[data-z='1']")
    for key, value in [
        ("Home", -4),
        ("PageUp", -3.5),
        ("ArrowUp", -3.45),
        ("ArrowLeft", -3.5),
        ("End", 4),
        ("ArrowRight", 4),
    ]:
        page.keyboard.press(key)
        assert means(page)[1] == pytest.approx(value)
        assert page.inner_text("[data-value=decrease]") == "–"
    q = START | {
        "means": [em_path(START, 10)[0]["means"][0], 4.0]
    }  # the other mean stays, weights and stds do not
    assert_shows(page, uniform(q), q)
    page.click("[data-do=reset]")
    assert_shows(page, uniform(START), START)


def test_reset_takes_back_half_steps_alone(page):
    page.click("[data-do=E]")
    page.click("[data-do=reset]")
    assert_shows(page, uniform(START), START)
    assert "knows nothing of x yet" in page.inner_text(".okl-status")


def test_reset_works_where_equal_values_fire_no_event(open_page):
    """A notebook's model says nothing when a value stays what it was."""
    page = open_page("<div id='figure'></div>")
    script = """async ([source, state]) => {
        const blob = new Blob([source], { type: "text/javascript" });
        const module = await import(URL.createObjectURL(blob));
        const calls = {}, model = {
            get: (key) => state[key],
            set(key, value) {
                if (JSON.stringify(state[key]) === JSON.stringify(value)) return;
                state[key] = value;
                (calls["change:" + key] || []).forEach((call) => call());
            },
            on: (event, call) => { (calls[event] ||= []).push(call); },
            save_changes() {},
        };
        module.default.render({ model, el: document.getElementById("figure") });
    }"""
    page.evaluate(script, [EMMixture.script, START | {"data": EM_DATA}])
    page.click("[data-do=E]")
    page.click("[data-do=reset]")
    assert_shows(page, uniform(START), START)
    page.focus(".okl-handle")
    page.keyboard.press("ArrowRight")
    assert means(page) == pytest.approx([-0.45, 0.5])
    page.click("[data-do=reset]")
    assert_shows(page, uniform(START), START)


def test_dragging_with_the_mouse_and_with_a_finger(open_page):
    page = open_page(EMMixture.html("figure") + "<p style='height: 2000px'>", 390, has_touch=True)
    unit = page.locator(".okl-rail").bounding_box()["width"] / 10
    box = page.locator(".okl-handle[data-z='0']").bounding_box()
    x, y = box["x"] + 14, box["y"] + 14
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 2 * unit, y)
    page.mouse.up()
    page.mouse.move(x, y)
    assert means(page)[0] == pytest.approx(-2.5, abs=0.02)
    box = page.locator(".okl-handle[data-z='1']").bounding_box()
    x, y = box["x"] + 14, box["y"] + 14
    finger = page.context.new_cdp_session(page)
    for kind, distance in [("touchStart", 0), ("touchMove", 15), ("touchMove", unit)]:
        point = {"x": x + distance, "y": y - distance}
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert means(page)[1] == pytest.approx(1.5, abs=0.03)
    assert page.evaluate("scrollY") == 0  # the finger moved the handle, not the page
    q = START | {"means": means(page)}
    assert_shows(page, uniform(q), q)


def test_what_a_drag_writes_is_a_state_that_python_takes(open_page):
    """After M half-steps the mean that is not dragged becomes the state."""
    page, starts = open_page(""), random_mixtures(10, 7)
    states = call(page, EMMixture, "beginning", [[EM_DATA, q] for q in starts])
    for kind in "EM" * 3:
        stepped = call(page, EMMixture, "halfStep", [[EM_DATA, state, kind] for state in states])
        states = [state for state in stepped if state]
    for state in states:
        assert EMMixture(means=state["q"]["means"]).means == state["q"]["means"]
    assert len(states) > 5


def test_reader_of_the_screen_gets_names_and_values(page):
    for z, value in enumerate(START["means"]):
        handle = page.get_by_role("slider", name=f"mean of component {z + 1}")
        assert handle.get_attribute("aria-valuetext") == f"{value:.2f}".replace("-", "−")
    assert page.get_by_role("img").count() == 2


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_shifts(open_page, width):
    page = open_page(EMMixture.html("figure"), width)
    before = sizes(page)
    for name in ("E", "M", "rounds", "rounds", "rounds", "rounds", "rounds", "reset", "M", "reset"):
        page.click(f"[data-do={name}]")
        assert sizes(page) == before
