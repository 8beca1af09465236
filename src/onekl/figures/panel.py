"""A panel of controls at the end of a lesson, which drives the lesson's own Python.

In a running kernel the picture follows the controls. A page without a kernel shows a strip of
stills: the same pictures, drawn for a few settings when the notebook ran.
"""

from __future__ import annotations

import base64
import io
import math
import time
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import ipywidgets as widgets
from matplotlib.figure import Figure

VIEW = "application/vnd.jupyter.widget-view+json"
WIDTH, HEIGHT = 4.2, 3.4  # inches, of one picture
WAITED = 0.2  # seconds after a picture; a press that comes sooner was made while it was drawn


class Panel:
    """Controls, the picture that `draw` makes of their values, and its words beneath.

    `draw(ax, **values)` draws into the axes and returns a line of words that says what is seen; a
    ValueError that it raises stands there in their place.
    `controls` are widgets with a value, by the names of draw's arguments; a selection whose values
    have names is asked for the values. For a choice take ToggleButtons: a Dropdown needs the arrow
    keys, and JupyterLab keeps them for itself.
    `stills` are settings of all controls, {name: value} each.
    With `button`, the picture waits until the button of that name is pressed: for what takes
    seconds, such as training again, whose progress bar then stands above the picture. The picture's
    title says which values it is of, and of two presses in a row only the first one draws.
    ValueError for no stills, and for a still that does not set every control.
    """

    def __init__(
        self,
        draw: Callable[..., str],
        controls: Mapping[str, widgets.ValueWidget],
        stills: Sequence[Mapping[str, Any]],
        button: str | None = None,
    ) -> None:
        self.draw, self.controls, self.stills = draw, dict(controls), list(stills)
        self._require_stills()
        # at its own size: stretched to the page's width it would push its words off the screen
        self.picture = widgets.Image(format="png", layout={"align_self": "flex-start"})
        self.words = widgets.HTML()
        self.progress = widgets.Output()
        self.button = widgets.Button(description=button) if button else None
        driving = [self.button] if self.button else []
        self.box = widgets.VBox(
            [*self.controls.values(), *driving, self.progress, self.picture, self.words]
        )
        self.strip, self.captions = self._stills()
        if self.button:
            self._drawn: tuple[dict[str, Any], float] = {}, -math.inf
            self.button.on_click(lambda _: self._press())
            self._show(self.strip, *self.captions)
        else:
            for control in self.controls.values():
                control.observe(lambda _: self.update(), names="value")
            self.update()

    def update(self) -> None:
        """Draw the picture for the values that the controls have now."""
        values, figure = self._values(), Figure((WIDTH, HEIGHT))
        ax = figure.subplots()
        self.progress.clear_output()
        with self.progress:
            try:
                words = self.draw(ax, **values)
            except ValueError as problem:
                self.words.value = escape(str(problem))
            else:
                if self.button:
                    ax.set_title(self._set_to(values))
                self._show(_png(figure), words)
            # a bar that has gone would be reported as a widget that cannot be displayed
            self.progress.clear_output()

    def _press(self) -> None:
        """Draw, unless the press is the second one of a double click.

        The kernel hears of a press that was made during the drawing as soon as it has drawn.
        """
        values, (last, ended) = self._values(), self._drawn
        if values != last or time.monotonic() - ended > WAITED:
            self.update()
            self._drawn = values, time.monotonic()

    def _values(self) -> dict[str, Any]:
        return {name: control.value for name, control in self.controls.items()}

    def _show(self, picture: bytes, *lines: str) -> None:
        self.picture.value, self.words.value = picture, "<br>".join(map(escape, lines))

    def _require_stills(self) -> None:
        if not self.stills:
            raise ValueError("a panel needs a still: a page without a kernel shows nothing else")
        for still in self.stills:
            if still.keys() != self.controls.keys():
                raise ValueError(
                    f"a still sets {', '.join(still)}; give it a value for each of "
                    f"{', '.join(self.controls)}"
                )

    def _stills(self) -> tuple[bytes, list[str]]:
        """The pictures of the stills side by side, and a line of words for each."""
        figure = Figure((WIDTH * len(self.stills), HEIGHT))
        places = figure.subplots(1, len(self.stills), squeeze=False)[0]
        captions = []
        for ax, still in zip(places, self.stills):
            set_to = self._set_to(still)
            captions.append(f"{set_to}: {self.draw(ax, **still)}")
            ax.set_title(set_to)
        return _png(figure), captions

    def _set_to(self, values: Mapping[str, Any]) -> str:
        """The values with the names that their controls have on the page."""
        named = {self.controls[name].description or name: one for name, one in values.items()}
        return ", ".join(f"{name} {value}" for name, value in named.items())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        view = {"version_major": 2, "version_minor": 0, "model_id": self.box.model_id}
        return {
            VIEW: view,
            "image/png": base64.b64encode(self.strip).decode("ascii"),
            "text/plain": "\n".join(self.captions),
        }


def _png(figure: Figure) -> bytes:
    kept = io.BytesIO()
    figure.savefig(kept, format="png")
    return kept.getvalue()
