"""A lesson's panel, without a browser: what its controls do, and what a page shows of it."""

import base64
import io
from types import SimpleNamespace

import ipywidgets as widgets
import pytest
from PIL import Image

from onekl.figures import panel as panels
from onekl.figures.panel import VIEW, Panel


def draw(ax, k, loss):
    if k == 3:
        raise ValueError("k is 3 < 4")
    ax.plot(range(k + 2))
    return f"{k} steps of {loss}"


def controls():
    return {
        "k": widgets.IntSlider(1, 1, 5, description="k ="),
        "loss": widgets.Dropdown(options=["su-20", "su-26"]),
    }


STILLS = [{"k": 1, "loss": "su-20"}, {"k": 5, "loss": "su-26"}]


def size(png):
    return Image.open(io.BytesIO(png)).size


def test_the_picture_and_its_words_follow_the_controls():
    panel = Panel(draw, controls(), STILLS)
    first = panel.picture.value
    assert panel.words.value == "1 steps of su-20"
    panel.controls["k"].value = 5
    assert panel.words.value == "5 steps of su-20" and panel.picture.value != first
    panel.controls["loss"].value = "su-26"
    assert panel.words.value == "5 steps of su-26"


def test_with_a_button_the_picture_waits_for_it():
    panel = Panel(draw, controls(), STILLS, button="Train")
    assert panel.picture.value == panel.strip
    panel.controls["k"].value = 5
    assert panel.picture.value == panel.strip
    panel.button.click()
    assert panel.words.value == "5 steps of su-20" and panel.picture.value != panel.strip


def test_the_picture_of_a_button_says_in_its_title_what_it_is_of():
    """The controls may have moved on since."""
    titles = []

    def remember(ax, **values):
        titles.append(ax.title)
        return draw(ax, **values)

    panel = Panel(remember, controls(), STILLS, button="Train")
    panel.button.click()
    assert [title.get_text() for title in titles] == [
        "k = 1, loss su-20",
        "k = 5, loss su-26",
        "k = 1, loss su-20",
    ]


def test_of_two_presses_in_a_row_only_the_first_one_draws(monkeypatch):
    """The second one waits for the end of the first drawing, and is heard right after it."""
    clock, drawn = [10.0], []

    def slowly(ax, **values):
        drawn.append(values)
        clock[0] += 5
        return draw(ax, **values)

    monkeypatch.setattr(panels, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    panel = Panel(slowly, controls(), STILLS[:1], button="Train")
    panel.button.click()
    panel.button.click()
    assert drawn[1:] == [{"k": 1, "loss": "su-20"}]
    panel.controls["k"].value = 2  # moved during the drawing
    panel.button.click()
    assert len(drawn) == 3
    clock[0] += 1
    panel.button.click()  # for a function that was changed in the meantime
    assert len(drawn) == 4


def test_stills_above_a_button_have_a_line_of_words_each():
    panel = Panel(draw, controls(), STILLS, button="Train")
    assert panel.words.value.split("<br>") == panel.captions


def test_the_picture_is_not_stretched_to_the_width_of_the_page():
    """A box stretches its children, unless they say otherwise."""
    assert Panel(draw, controls(), STILLS).picture.layout.align_self == "flex-start"


def test_nothing_is_left_of_a_progress_bar(monkeypatch):
    """A widget that has gone is shown as an error by a front end that draws the panel again."""
    panel = Panel(draw, controls(), STILLS, button="Train")
    heard = []
    monkeypatch.setattr(panel, "draw", lambda ax, **_: heard.append("draws") or "words")
    monkeypatch.setattr(panel.progress, "clear_output", lambda: heard.append("clears"))
    panel.button.click()
    assert heard == ["clears", "draws", "clears"]


def test_a_setting_that_is_refused_says_why_and_keeps_the_picture():
    panel = Panel(draw, controls(), STILLS)
    before = panel.picture.value
    panel.controls["k"].value = 3
    assert panel.words.value == "k is 3 &lt; 4" and panel.picture.value == before


def test_a_page_without_a_kernel_shows_the_stills_with_their_words():
    panel = Panel(draw, controls(), STILLS)
    shown = panel._repr_mimebundle_()
    assert shown[VIEW]["model_id"] == panel.box.model_id
    width, height = size(base64.b64decode(shown["image/png"]))
    assert (width, height) == (2 * size(panel.picture.value)[0], size(panel.picture.value)[1])
    assert shown["text/plain"] == (
        "k = 1, loss su-20: 1 steps of su-20\nk = 5, loss su-26: 5 steps of su-26"
    )


@pytest.mark.parametrize(
    "stills, words", [([], "needs a still"), ([{"k": 1}], "a value for each of k, loss")]
)
def test_a_panel_without_stills_of_all_controls_is_refused(stills, words):
    with pytest.raises(ValueError, match=words):
        Panel(draw, controls(), stills)
