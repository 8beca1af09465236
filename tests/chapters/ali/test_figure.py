"""ALI's figure: its steps against the package's tables, and its controls in a real browser."""

import math

import numpy as np
import pytest

from browser import call, sizes
from onekl.chapters.ali import tables
from onekl.chapters.ali.figure import ALI_STARTS, OBJECTIVES, ALITables
from onekl.chapters.gan.tables import objective_at_optimum
from onekl.tables import check_table, kl

P_DATA, PRIOR = [0.5, 0.3, 0.2], [0.4, 0.35, 0.25]


def near(value, **tolerance):
    return pytest.approx(value, **({"rel": 1e-10, "abs": 1e-10} | tolerance))


def random_sides(count, spread=1.5, seed=0):
    """p̃(x), q(z) and both tables of logits."""
    rng = np.random.default_rng(seed)
    marginals, logits = (
        rng.dirichlet([2, 2, 2], (count, 2)),
        spread * rng.normal(size=(count, 2, 3, 3)),
    )
    return [[*m.tolist(), *pair.tolist()] for m, pair in zip(marginals, logits, strict=True)]


def softmax(logits, axis):
    weights = np.exp(logits)
    return weights / weights.sum(axis=axis, keepdims=True)


def joint_tables(p_data, prior, a, b):
    return tables.joints(p_data, softmax(a, 1), prior, softmax(b, 0))


def test_tables_agree_with_the_package(open_page):
    inputs = random_sides(60)
    for row, answer in zip(inputs, call(open_page(""), ALITables, "tables", inputs), strict=True):
        for key, expected in zip("pq", joint_tables(*row), strict=True):
            assert np.array(answer[key]) == near(expected)
            check_table(answer[key])
        assert np.array(answer["encoder"]).sum(axis=1) == near(np.ones(3))
        assert np.array(answer["generator"]).sum(axis=0) == near(np.ones(3))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_one_step_agrees_with_the_package(open_page, objective):
    sides = random_sides(60, 1.5, 1) + random_sides(20, 6, 2)
    answers = call(open_page(""), ALITables, "step", [[objective, *side] for side in sides])
    for (p_data, prior, a, b), answer in zip(sides, answers, strict=True):
        expected = tables.gradient_step(
            objective, np.array(p_data), np.array(prior), np.array(a), np.array(b)
        )
        assert np.array(answer) == near(np.array(expected))


def losses(objective, p, q, d, old_p, old_q):
    """su-40 to su-43 from their definitions, for frozen D and old tables; constants kept."""
    kept = {"su-41": -np.sum(p * np.log(d)) - np.sum(q * np.log(d))}
    kept["su-40"] = kept["su-41"] + np.sum(q * np.log(q / old_q)) + np.sum(q * np.log(old_p / p))
    kept["su-42"] = np.sum(p * np.log(d)) + np.sum(q * np.log(1 - d))
    kept["su-43"] = -np.sum(p * np.log(1 - d)) - np.sum(q * np.log(d))
    return kept[objective]


def frozen_loss(objective, p_data, prior, logits):
    """The loss as a function of the flattened logits; D and the old tables stay at `logits`."""
    old = joint_tables(p_data, prior, *logits)
    d = old[0] / (old[0] + old[1])

    def loss(flat):
        pair = flat.reshape(2, 3, 3)
        return losses(objective, *joint_tables(p_data, prior, *pair), d, *old)

    return loss


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_step_is_minus_the_gradient_of_the_printed_loss(open_page, objective):
    """Central differences of the losses as printed, D and the old tables frozen: no slopes."""
    sides = random_sides(5, 1, 3)
    answers = call(open_page(""), ALITables, "step", [[objective, *side] for side in sides])
    for (p_data, prior, *logits), answer in zip(sides, answers, strict=True):
        loss = frozen_loss(objective, p_data, prior, logits)
        at, h = np.ravel(logits), 1e-5
        slope = [(loss(at + h * e) - loss(at - h * e)) / (2 * h) for e in np.eye(18)]
        assert np.ravel(answer) - at == pytest.approx(-np.array(slope), abs=1e-8)


def chain(page, objective, a, b, count):
    """The logits after `count` of the module's own steps."""
    script = """async ([source, objective, pData, prior, a, b, count]) => {
        const blob = new Blob([source], { type: "text/javascript" });
        const module = await import(URL.createObjectURL(blob));
        for (let i = 0; i < count; i++) [a, b] = module.step(objective, pData, prior, a, b);
        return [a, b];
    }"""
    return page.evaluate(script, [ALITables.script, objective, P_DATA, PRIOR, a, b, count])


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_three_hundred_steps_agree_with_the_package(open_page, objective):
    page = open_page("")
    for a, b in ALI_STARTS:
        ends = chain(page, objective, a, b, 300)
        played = tables.simultaneous_descent(
            objective, P_DATA, PRIOR, softmax(a, 1), softmax(b, 0), 300
        )
        assert softmax(ends[0], 1) == near(played.encoder)
        assert softmax(ends[1], 0) == near(played.generator)


def test_mismatch_objective_and_information_agree_with_the_package(open_page):
    page, pairs = open_page(""), [joint_tables(*side) for side in random_sides(60, 2, 4)]
    inputs = [[p.tolist(), q.tolist()] for p, q in pairs]
    for (p, q), answer in zip(pairs, call(page, ALITables, "mismatch", inputs), strict=True):
        expected = tables.mismatch(p, q)._asdict()
        assert answer == near({key: float(value) for key, value in expected.items()})
    objectives = call(page, ALITables, "objectiveAt", inputs)
    assert objectives == near([objective_at_optimum(p, q) for p, q in pairs])
    values = call(page, ALITables, "information", [[p.tolist()] for p, _ in pairs])
    assert values == near([kl(p, np.outer(p.sum(1), p.sum(0))) for p, _ in pairs])


# ---- in the browser


@pytest.fixture
def page(open_page):
    return open_page(ALITables.html("figure"))


def number(text):
    return float(text.replace("−", "-"))


def cells(page, side):
    """The table with its margins, (4, 4), [x][z], as printed; the margin's corner is NaN."""
    read = """list => list.map(c =>
        [c.dataset.x, c.dataset.z, c.innerText, c.getAttribute('aria-label')])"""
    table = np.full((4, 4), np.nan)
    for x, z, text, label in page.eval_on_selector_all(f".okl-cell[data-side={side}]", read):
        table[int(x or 3), int(z or 3)] = float(text)
        assert label.endswith(f"= {text}")
    return table


def squares(page, side, part):
    """Areas of the drawn squares [x][z], where probability 1 has area 1.

    The part 'b' is the table's own, 'i' the other's.
    """
    script = f"""list => list.filter(c => c.dataset.x !== '' && c.dataset.z !== '').map(c => {{
        const box = c.querySelector('{part}').getBoundingClientRect();
        return box.width * box.height / 3600; }})"""
    return (
        np.array(page.eval_on_selector_all(f".okl-cell[data-side={side}]", script)).reshape(3, 3).T
    )


def with_margins(table):
    full = np.full((4, 4), np.nan)
    full[:3, :3], full[:3, 3], full[3, :3] = table, table.sum(1), table.sum(0)
    return full


def axis(page):
    """The axis's name, and its ticks as printed beside their lines: values and pixels."""
    texts = page.locator(".okl-curves .okl-tick").all_text_contents()
    lines = page.eval_on_selector_all(
        ".okl-curves .okl-rule", "list => list.map(l => Number(l.getAttribute('y1')))"
    )
    return (
        page.inner_text("[data-value=axis]"),
        np.array([number(text.removeprefix("≤ ")) for text in texts]),
        np.array(lines),
    )


def pixels(page, values):
    """Where the values lie by the printed ticks, each between its two neighbours.

    A value below the last tick lies on it.
    """
    name, ticks, lines = axis(page)
    bend = {"linear": np.array, "logarithmic": np.log10}[name]
    order = np.argsort(ticks)
    return np.interp(bend(np.maximum(values, ticks.min())), bend(ticks[order]), lines[order])


def drawn(page, key):
    points = page.get_attribute(f"[data-path={key}] path", "d")[1:].split("L")
    return np.array([float(point.split(",")[1]) for point in points])


def assert_shows(page, objective, place, steps):
    """Tables, squares, readouts and curves are those of the package from that start."""
    a, b = ALI_STARTS[place]
    played = tables.simultaneous_descent(
        objective, P_DATA, PRIOR, softmax(a, 1), softmax(b, 0), steps
    )
    p, q = tables.joints(P_DATA, played.encoder, PRIOR, played.generator)
    for side, own, other in (("p", p, q), ("q", q, p)):
        assert cells(page, side) == pytest.approx(with_margins(own), abs=5.1e-4, nan_ok=True)
        assert squares(page, side, "b") == pytest.approx(own, abs=0.002)
        assert squares(page, side, "i") == pytest.approx(other, abs=0.002)
    for key, path in played.mismatch._asdict().items():
        assert number(page.inner_text(f"[data-value={key}]")) == pytest.approx(
            float(path[-1]), rel=0.06, abs=1e-16
        )
        every = math.ceil(max(20, steps) / 300)
        shown = sorted({*range(0, steps + 1, every), steps})
        assert drawn(page, key) == pytest.approx(pixels(page, path[shown]), abs=0.051)
    assert page.inner_text("[data-value=steps]") == str(steps)
    assert page.inner_text("[data-value=start]") == f"{place + 1} of 6"
    objective_value = objective_at_optimum(p, q)
    assert number(page.inner_text("[data-value=objective]")) == pytest.approx(
        objective_value, rel=0.06, abs=5.1e-5
    )
    info = kl(p, np.outer(p.sum(1), p.sum(0)))
    assert number(page.inner_text("[data-value=information]")) == pytest.approx(info, abs=5.1e-5)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_steps(open_page, objective):
    page = open_page(ALITables.html("figure", objective=objective))
    assert page.get_by_role("radio", checked=True).input_value() == objective
    assert_shows(page, objective, 0, 0)
    for _ in range(3):
        page.click("[data-do=one]")
    assert_shows(page, objective, 0, 3)
    page.click("[data-do=hundred]")
    assert_shows(page, objective, 0, 103)
    page.click("[data-do=hundred]")
    page.click("[data-do=hundred]")
    assert_shows(page, objective, 0, 303)  # every second step is drawn now


def test_the_axis_goes_with_the_values(open_page):
    """Linear down to 0.01, then logarithmic.

    The lower end is at most a quarter of the axis below the least value, and never below 1e−16.
    """
    script = """async ([source, ranges]) => {
        const blob = new Blob([source], { type: "text/javascript" });
        const { axis } = await import(URL.createObjectURL(blob));
        return ranges.map(([least, most]) => {
            const { name, height, ticks } = axis(least, most);
            const values = ticks.map(([v]) => v);
            const texts = ticks.map(([, text]) => text);
            return [name, values, texts, [...values, least, most].map(height)];
        });
    }"""
    leasts = [0, 1e-300, 1e-17, 1e-16, 3e-16, *np.geomspace(1e-15, 0.6, 60).tolist(), 0.00999, 0.01]
    ranges = [[least, most] for least in leasts for most in (0.05, 0.3, 0.61, 1.0) if least <= most]
    for (least, most), (name, ticks, texts, heights) in zip(
        ranges, open_page("").evaluate(script, [ALITables.script, ranges]), strict=True
    ):
        assert name == ("linear" if least >= 0.01 else "logarithmic")
        assert [number(text.removeprefix("≤ ")) for text in texts] == near(ticks, rel=1e-12)
        bend, low, high = (np.array if name == "linear" else np.log10), min(ticks), max(ticks)
        assert heights[: len(ticks)] == near((bend(ticks) - bend(low)) / (bend(high) - bend(low)))
        assert 0 <= heights[-2] <= heights[-1] <= 1 and high >= most and 3 <= len(ticks) <= 5
        if name == "linear":
            assert low == 0 and heights[-1] >= 0.5
        else:
            assert low >= 1e-16 and low <= max(least, 1e-16) * (1 + 1e-12) and heights[-2] < 1 / 3
            assert texts[-1].startswith("≤") == (low == 1e-16)


def test_the_curves_can_be_read_under_every_loss_and_after_a_switch(page):
    """Values that stay large get a linear axis.

    Values that fall get a logarithmic one, which stays for the path.
    """

    def shares():
        lines = axis(page)[2]
        points = np.concatenate([drawn(page, key) for key in ("joint", "x", "z")])
        lowest, highest = points.max(), points.min()  # pixels grow downwards
        return (lines.max() - lowest) / np.ptp(lines), (lines.max() - highest) / np.ptp(lines)

    page.check("[value=su-41]")
    for _ in range(5):
        page.click("[data-do=hundred]")
        low, high = shares()
        assert axis(page)[0] == "linear" and high - low > 0.4 and high > 0.5
    page.click("[data-do=reset]")
    page.check("[value=su-40]")
    for _ in range(4):
        page.click("[data-do=hundred]")
        low, high = shares()
        assert axis(page)[0] == "logarithmic" and low < 1 / 3 and high > 0.8
    deepest = axis(page)[1].min()
    page.check("[value=su-41]")
    for _ in range(6):
        page.click("[data-do=hundred]")
        name, ticks, _ = axis(page)
        assert name == "logarithmic" and ticks.min() <= deepest and shares()[0] < 1 / 3
    page.click("[data-do=reset]")
    assert axis(page)[0] == "linear"


def test_the_margins_are_named_and_the_losses_called_what_the_article_calls_them(page):

    def box(side, x, z):
        cell = page.locator(f".okl-cell[data-side={side}][data-x='{x}'][data-z='{z}']")
        return cell.bounding_box()

    for side, names in (("p", ["p(z)", "p̃(x)"]), ("q", ["q(z)", "q(x)"])):
        heads = page.locator(f".okl-panel.okl-{side} .okl-head b")
        assert heads.all_inner_texts() == names
        column, row = (head.bounding_box() for head in heads.all())
        for z in "012":
            cell = box(side, "", z)
            assert column["x"] >= cell["x"] and column["y"] < cell["y"]
            assert column["x"] + column["width"] <= cell["x"] + cell["width"]
        for x in "012":
            cell = box(side, x, "")
            assert cell["y"] < row["y"] < cell["y"] + cell["height"] and row["x"] < cell["x"]
    note = page.locator(".okl-note").first.inner_text()
    assert "last column is p(z) on the data side, q(z) on the model side" in note
    labels = page.locator(".okl-radios label").all_inner_texts()
    assert [label.split(":")[0] for label in labels] == [
        "su-40, complete",
        "su-41, the article's",
        "su-42, minimax",
        "su-43, labels exchanged",
    ]
    page.check("[value=su-43]")
    assert "inimax" not in page.inner_text(".okl-status") + labels[3]


def test_starts_come_one_after_the_other_and_reset_stays_at_its_start(page):
    for place in (1, 2, 3, 4, 5, 0, 1):
        page.click("[data-do=start]")
        assert_shows(page, "su-40", place, 0)
    page.click("[data-do=hundred]")
    page.click("[data-do=reset]")
    assert_shows(page, "su-40", 1, 0)


def test_the_radios_are_moved_by_keys_and_the_path_goes_on(page):
    page.click("[data-do=one]")
    before = cells(page, "p")
    page.focus("[value=su-40]")
    page.keyboard.press("ArrowDown")
    assert page.get_by_role("radio", checked=True).input_value() == "su-41"
    assert cells(page, "p") == pytest.approx(before, nan_ok=True)
    # nothing has been done with the new loss yet
    assert page.locator(".okl-curves .okl-ray").count() == 0
    page.click("[data-do=one]")
    assert page.locator(".okl-curves .okl-ray").count() == 1
    page.click("[data-do=reset]")
    page.click("[data-do=one]")
    assert_shows(page, "su-41", 0, 1)


def test_the_article_s_loss_leaves_equality(page):
    for _ in range(6):
        page.click("[data-do=hundred]")
    close = number(page.inner_text("[data-value=joint]"))
    page.check("[value=su-41]")
    for _ in range(10):
        page.click("[data-do=hundred]")
    assert close < 1e-8 and number(page.inner_text("[data-value=joint]")) > 0.1


def test_what_is_said(page):
    status = ".okl-status"
    said = set()
    for objective in OBJECTIVES:
        page.check(f"[value={objective}]")
        said.add(page.inner_text(status))
    assert len(said) == 4
    for _ in range(20):
        page.click("[data-do=hundred]")
    assert "p = q, to rounding" in page.inner_text(status)
    page.click("[data-do=start]")
    page.check("[value=su-41]")
    for _ in range(20):
        page.click("[data-do=hundred]")
    assert "Each x goes to one z" in page.inner_text(status)
    assert (cells(page, "p")[:3, :3].max(axis=1) / P_DATA > 0.99).all()
    assert number(page.inner_text("[data-value=z]")) > 0.05


def test_two_figures_on_one_page_keep_their_own_choice(open_page):
    page = open_page(ALITables.html("one") + ALITables.html("two", objective="su-42"))
    page.check("#one [value=su-43]")
    checked = "list => list.filter(r => r.checked).map(r => r.value)"
    assert page.eval_on_selector_all("[type=radio]", checked) == ["su-43", "su-42"]


def test_reader_of_the_screen_gets_names(page):
    assert page.get_by_role("radiogroup", name="loss of the generator and the encoder").count() == 1
    assert page.get_by_role("img", name="p(x1, z1) = ").count() == 1
    for name in ("p̃(x1) = 0.500", "q(z3) = 0.250"):
        assert page.get_by_role("img", name=name).count() == 1


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_shifts(open_page, width):
    page = open_page(ALITables.html("figure"), width)
    before = sizes(page)
    for objective in OBJECTIVES:
        page.check(f"[value={objective}]")
        for name in ("one", "hundred", "hundred", "hundred", "start"):
            page.click(f"[data-do={name}]")
            assert sizes(page) == before
