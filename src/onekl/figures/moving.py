"""The base of the figures that move: live in a notebook, plain HTML on a page without a kernel.

What a notebook stores of a figure is the state that it is in and, at the start, a still picture.
The script is not stored: a running kernel sends the figure's own, and the site puts the live figure
where the picture stands, so a change of script or style leaves every notebook as it is.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import anywidget
import traitlets

MIME = "application/vnd.onekl.figure+json"  # which figure a stored output shows, in which state
_HERE = files(__package__)
_CSS = (_HERE / "figure.css").read_text(encoding="utf-8")
_SHARED = "\n".join(
    (_HERE / name).read_text(encoding="utf-8")
    for name in (_HERE / "shared.txt").read_text(encoding="utf-8").split()
)

INSTEAD = """\
This figure moves by JavaScript, and none runs here: either the browser has it switched off, or this
is a notebook that is not trusted yet (File, Trust Notebook, or jupyter trust NAME.ipynb)."""
_STATIC = """\
<div class="onekl-figure" id="{id}"><noscript>{instead}</noscript></div>
<style>
{css}</style>
<script type="module">
{source}
showOnPage(render, "{id}", {state});
</script>
"""


class Checked(traitlets.TraitType):
    """A value of a figure's state: where it starts, and the check of another one.

    `check(value, name)` returns the value in plain Python, or raises ValueError in one line.
    """

    def __init__(self, start: Any, check: Callable[[Any, str], Any]) -> None:
        super().__init__(start)
        self.check = check
        self.tag(sync=True)

    def validate(self, obj: traitlets.HasTraits, value: Any) -> Any:
        """The value as the check returns it."""
        return self.check(value, self.name)


class MovingFigure(anywidget.AnyWidget):
    """A figure that moves, with its script in `figure.js` beside the module of its class.

    Styles that it alone needs stand in `figure.css` there, if there are any.
    A subclass declares its state as `Checked` values; a bad one raises ValueError.
    """

    _ipython_display_ = None  # ipywidgets 7 has one, which would go before _repr_mimebundle_
    element_id = traitlets.Unicode()

    chapter: str  # whose figure it is
    folder: Traversable  # where that chapter lies in the package
    state: dict[str, Checked]  # by name, in the order of the declaration
    script: str  # the whole module, with what all figures share
    style: str  # the same for its CSS

    def __init_subclass__(cls, **kwargs: Any) -> None:
        declared = {name: value for name, value in vars(cls).items() if isinstance(value, Checked)}
        if declared:  # not a class that ipywidgets derives, to add a trait to an object
            package = cls.__module__.rpartition(".")[0]
            cls.chapter, cls.folder = package.rpartition(".")[2], files(package)
            cls.state = declared
            cls.script = _SHARED + (cls.folder / "figure.js").read_text(encoding="utf-8")
            own = cls.folder / "figure.css"
            cls.style = _CSS + (own.read_text(encoding="utf-8") if own.is_file() else "")
            cls._esm, cls._css = cls.script, cls.style
        super().__init_subclass__(**kwargs)

    @classmethod
    def html(cls, element_id: str, **values: Any) -> str:
        """HTML that shows the figure on any page, without a kernel and without another file.

        `element_id` is the id of the figure's element, and `values` replace those of its start.
        Raises ValueError for an unknown name, a bad id and a bad value.
        """
        if not re.fullmatch(r"[A-Za-z][\w-]*", element_id, re.ASCII):
            raise ValueError(
                f"{element_id!r} is no element id: use a letter, then letters, digits, - and _"
            )
        for name in values:
            if name not in cls.state:
                raise ValueError(f"{cls.__name__} has no {name!r}: it has {', '.join(cls.state)}")
        given = {name: cls.state[name].check(value, name) for name, value in values.items()}
        shown = cls._start() | given
        page = {"css": cls.style, "source": cls.script, "state": json.dumps(shown)}
        return _STATIC.format(id=element_id, instead=INSTEAD, **page)

    @classmethod
    def _start(cls) -> dict[str, Any]:
        return {name: trait.default_value for name, trait in cls.state.items()}

    @classmethod
    def still(cls) -> bytes | None:
        """The picture of the figure's start, PNG, as `make stills` draws it; None before that."""
        path = cls.folder / "still.png"
        return path.read_bytes() if path.is_file() else None

    @traitlets.default("element_id")
    def _default_element_id(self) -> str:
        return f"onekl-{self.chapter.replace('_', '-')}"

    def _values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.state}

    def __repr__(self) -> str:
        state = ", ".join(f"{name}={value}" for name, value in self._values().items())
        return f"{type(self).__name__}({state})"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        state = self._values()
        data[MIME] = {"chapter": self.chapter, "id": self.element_id, "state": state}
        # The numbers in the picture are those of the start: of another state they would be false.
        if state == self._start() and (picture := self.still()) is not None:
            data["image/png"] = base64.b64encode(picture).decode("ascii")
        return bundle
