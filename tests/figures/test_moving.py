"""What holds for every figure that moves: it fits a phone, stands alone, and checks its state."""

import base64
import io
import json
import math
import re
from importlib import resources
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from browser import call
from onekl.chapters import CHAPTERS, part
from onekl.chapters.aae.figure import AAETradeoff
from onekl.chapters.ali.figure import ALITables
from onekl.chapters.em.figure import EMMixture
from onekl.chapters.gan.figure import ExactGAN
from onekl.chapters.joint_kl.figure import JointTable, P, Q
from onekl.chapters.missing_term.figure import StepExpansion
from onekl.chapters.regulariser.figure import TwoGenerators
from onekl.chapters.vae.figure import GaussianKL
from onekl.figures.moving import MIME
from onekl.tables import chain_rule, kl_div
from onekl_site.moving_figures import put_live_figures

FIGURES = [found.FIGURE for chapter in CHAPTERS if (found := part(chapter, "figure"))]


def test_kl_div_agrees_with_the_package(open_page):
    rng = np.random.default_rng(3)
    b = rng.uniform(1e-9, 2, 500)
    a = b * (1 + rng.choice([1e-8, 1e-3, 0.15, 0.25, 1], 500) * rng.uniform(-1, 1, 500))
    inputs = [*zip(a.tolist(), b.tolist(), strict=True), (0, 0), (0, 2), (2, 0)]
    for (x, y), value in zip(inputs, call(open_page(""), JointTable, "klDiv", inputs), strict=True):
        expected = float(kl_div(x, y))
        assert value == expected or math.isclose(value, expected, rel_tol=1e-12, abs_tol=1e-30)


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_figure_fits_a_phone_and_its_text_is_readable(open_page, figure, theme):
    page = open_page(f"<div>{figure.html('figure')}</div>", width=390)
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    script = """elements => elements.filter(e => e.innerText !== '' && e.clientWidth
        && parseFloat(getComputedStyle(e).fontSize) < 12).map(e => e.outerHTML)"""
    assert page.eval_on_selector_all(".onekl-figure, .onekl-figure *", script) == []
    wide = """elements => elements.filter(e => e.scrollWidth > e.clientWidth + 1
        && e.clientWidth).map(e => e.outerHTML)"""
    assert page.eval_on_selector_all(".onekl-figure div", wide) == []


def test_several_figures_share_a_page(open_page):
    figures = [(JointTable, "one"), (GaussianKL, "two"), (JointTable, "one")]
    page = open_page("".join(figure.html(name) for figure, name in figures))
    assert page.locator("[data-do=reset]").count() == 2  # the same id twice: each is drawn once
    assert page.locator(".okl-density path").count() == 2
    page.locator("[data-do=punch]").first.click()
    untouched = f"{chain_rule(P, Q).joint:.3f}"
    assert page.locator("[data-value=joint]").all_inner_texts() == ["∞", untouched]


@pytest.mark.parametrize(
    ("figure", "state", "message"),
    [
        (JointTable, {"mu": 1}, "JointTable has no 'mu': it has p, q"),
        (JointTable, {"q": [[1, 0]]}, "q has shape (1, 2)"),
        (JointTable, {"p": [[1, 1], [0, 0], [0, 0]]}, "p sums to 2"),
        (GaussianKL, {"mu": math.nan}, "mu is nan"),
        (GaussianKL, {"mu": "x"}, "mu is a str, not a real number: its slider goes from -2.5"),
        (ExactGAN, {"q": [0.5, 0.5]}, "q has shape (2,): the figure draws 6 letters"),
        (ExactGAN, {"p": [0.5, 0.6, 0, 0, 0, -0.1]}, "p[5] is -0.1"),
        (
            StepExpansion,
            {"delta": [0, 3.1]},
            "delta[1] is 3.1: its slider goes from -3 to 3",
        ),
        (TwoGenerators, {"g": [0, 1]}, "g has 2 values: the figure draws 5"),
        (TwoGenerators, {"sigma": 0}, "sigma is 0: its slider goes from 0.1 to 2"),
        (EMMixture, {"means": [0, 1, 2]}, "means has 3 values: the figure draws 2"),
        (EMMixture, {"means": None}, "means is a NoneType, not a list: the figure draws 2 numbers"),
        (EMMixture, {"means": [0, 5]}, "means[1] is 5: its slider goes from -4 to 4"),
        (EMMixture, {"stds": [1, 0]}, "stds[1] is 0: take one from 0.05 to 4"),
        (EMMixture, {"weights": [0.5, 0.6]}, "weights sums to 1.1"),
        (
            EMMixture,
            {"weights": [1, 0]},
            "weights has a cell without mass: give each of the 2 components some",
        ),
        (EMMixture, {"data": [0.5]}, "data has 1 values: the figure draws 40"),
        (AAETradeoff, {"lam": -0.1}, "lam is -0.1: its slider goes from 0 to 1"),
        (AAETradeoff, {"d": 0}, "d is 0: its slider goes from 0.05 to 0.95"),
        (AAETradeoff, {"c": math.nan}, "c is nan"),
        (
            ALITables,
            {"prior": [0.5, 0.5]},
            "prior has shape (2,): the figure draws 3 letters",
        ),
        (ALITables, {"p_data": [0.5, 0.5, 0]}, "p_data has a cell without mass"),
        (
            ALITables,
            {"starts": []},
            "starts has shape (0,): give pairs of 3 by 3 tables of logits",
        ),
        (
            ALITables,
            {"starts": [[[[0, 0, 9]] * 3] * 2]},
            "starts has a logit outside the figure's range",
        ),
        (
            ALITables,
            {"objective": "su-39"},
            "objective is 'su-39': choose one of su-40, su-41, su-42, su-43",
        ),
    ],
)
def test_bad_state_gives_one_clear_line(figure, state, message):
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        figure.html("a", **state)
    assert "\n" not in str(caught.value)


def test_bad_element_id_gives_one_clear_line():
    with pytest.raises(ValueError, match="^'a b' is no element id: use a letter"):
        JointTable.html("a b")


@pytest.mark.parametrize("figure", FIGURES)
def test_what_stands_in_its_place_says_both_reasons(figure):
    (instead,) = re.findall("<noscript>(.*?)</noscript>", figure.html("one"), re.DOTALL)
    assert "JavaScript" in instead and "browser" in instead
    assert "Trust Notebook" in instead and "jupyter trust" in instead


@pytest.mark.parametrize("figure", FIGURES)
def test_widget_carries_its_state(figure):
    widget = figure(element_id="other")
    data = widget._repr_mimebundle_()[0]
    assert "application/vnd.jupyter.widget-view+json" in data
    start = {name: trait.default_value for name, trait in figure.state.items()}
    assert data[MIME] == {"chapter": figure.chapter, "id": "other", "state": start}
    assert data["text/plain"].startswith(figure.__name__)
    assert figure().element_id == f"onekl-{figure.chapter}".replace("_", "-")
    assert widget._esm == figure.script


@pytest.mark.parametrize("figure", FIGURES)
def test_the_still_picture_is_of_the_start(figure):
    """`make stills` writes the start state into the picture; a notebook stores that picture."""
    with Image.open(io.BytesIO(figure.still())) as picture:
        drawn = json.loads(picture.text["start"])
        assert picture.width > 600 and picture.height > 200
    assert drawn == {name: trait.default_value for name, trait in figure.state.items()}
    stored = base64.b64decode(figure()._repr_mimebundle_()[0]["image/png"])
    assert stored == figure.still() and len(stored) < 60_000


def test_what_a_notebook_stores_holds_no_script():
    data = JointTable()._repr_mimebundle_()[0]
    stored = {kind: content for kind, content in data.items() if "widget-view" not in kind}
    assert set(stored) == {"text/plain", "image/png", MIME}


def test_only_a_figure_at_its_start_is_stored_with_the_picture_of_it():
    figure = JointTable(p=[[1, 0], [0, 0], [0, 0]])
    assert "image/png" not in figure._repr_mimebundle_()[0]
    figure.p = P
    assert "image/png" in figure._repr_mimebundle_()[0]


def test_widget_state_is_checked_and_reaches_the_page():
    figure = JointTable()
    with pytest.raises(ValueError, match="p sums to"):
        figure.p = [[1, 1], [0, 0], [0, 0]]
    figure.p = [[1, 0], [0, 0], [0, 0]]
    stored = json.dumps({"cells": [{"outputs": [{"data": figure._repr_mimebundle_()[0]}]}]})
    page, app = [stored], SimpleNamespace(env=SimpleNamespace(doc2path="notebooks/{}.ipynb".format))
    put_live_figures(app, "made", page)
    html = json.loads(page[0])["cells"][0]["outputs"][0]["data"]["text/html"]
    state = '{"p": [[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]], "q": [[0.12,'
    assert f'showOnPage(render, "onekl-joint-kl", {state}' in html


@pytest.mark.parametrize("figure", FIGURES)
def test_module_stands_alone(figure):
    assert not re.search(r"^import\b|console\.|https?:|</script", figure.script, re.MULTILINE)
    assert figure.script.count("export default { render }") == 1


def test_every_shared_file_is_listed():
    folder = resources.files("onekl.figures")
    listed = (folder / "shared.txt").read_text(encoding="utf-8").split()
    assert sorted(listed) == sorted(f.name for f in folder.iterdir() if f.name.endswith(".js"))
