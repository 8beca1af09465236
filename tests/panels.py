"""A lesson's panel moved without a browser: each control to its ends, and the button pressed."""

import io

import ipywidgets as widgets
from PIL import Image

from onekl.figures.panel import Panel


def panels(ends):
    """The panels among what the cells of a played notebook ended in."""
    return [end for end in ends.values() if isinstance(end, Panel)]


def settings(control):
    """The values of a control at its ends, or all of a selection."""
    if isinstance(control, widgets.Checkbox | widgets.ToggleButton):
        return [not control.value, control.value]
    if hasattr(control, "options"):
        return [one[1] if isinstance(one, tuple) else one for one in control.options]
    return [control.min, control.max]


def require_it_follows(panel):
    """Every setting of each control gives a picture and words; pictures of two settings differ."""
    for name, control in panel.controls.items():
        start, seen = control.value, set()
        for value in settings(control):
            control.value = value
            if panel.button:
                panel.button.click()
            assert control.value == value and panel.words.value, f"{name} = {value} says nothing"
            Image.open(io.BytesIO(panel.picture.value)).verify()
            seen.add(panel.picture.value)
        assert len(seen) > 1, f"no picture depends on {name}"
        control.value = start
