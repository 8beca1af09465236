"""The figures that move: live in a notebook, and as plain HTML on a page that has no kernel."""

import json
import math
import re
from pathlib import Path

import anywidget
import traitlets

from onekl.finite import check_table

_HERE = Path(__file__).parent
_CSS = (_HERE / "figure.css").read_text(encoding="utf-8")

_STATIC = """<div class="onekl-figure" id="{id}"><noscript>This figure needs JavaScript.</noscript></div>
<style>
{css}</style>
<script type="module">
{source}
{{
  const state = {state}, handlers = {{}};
  const model = {{
    get: (key) => state[key],
    set: (key, value) => {{ state[key] = value; (handlers["change:" + key] || []).forEach((call) => call()); }},
    on: (event, call) => {{ (handlers[event] ||= []).push(call); }},
    save_changes() {{}},
  }};
  const el = document.querySelector('[id="{id}"]:not([data-drawn])');
  el.dataset.drawn = "";
  render({{ model, el }});
}}
</script>
"""


def _source(name):
    return (_HERE / f"{name}.js").read_text(encoding="utf-8")


def _table(value, name):
    table = check_table(value, name)
    if table.shape != (3, 2):
        raise ValueError(f"{name} has shape {table.shape}: the figure draws 3 values of x by 2 of z")
    return table.astype(float).tolist()


def _within(low, high):
    def check(value, name):
        if not (math.isfinite(value) and low <= value <= high):
            raise ValueError(f"{name} is {value}: its slider goes from {low} to {high}")
        return float(value)

    return check


P = [[0.30, 0.10], [0.05, 0.25], [0.20, 0.10]]
Q = [[0.12, 0.18], [0.20, 0.15], [0.10, 0.25]]

# for each figure, its state: the value at the start, and the check of another value
FIGURES = {
    "joint_table": {"p": (P, _table), "q": (Q, _table)},
    "gaussian_kl": {"mu": (1.0, _within(-2.5, 2.5)), "log_var": (-1.0, _within(-6, 2))},
}


def static_html(name, element_id, **state):
    """HTML that shows figure `name` on any page, without a kernel and without another file.

    `name` is a key of FIGURES, `element_id` the id of the figure's element, and `state` replaces
    values of the figure's start (p and q of shape (3, 2), or mu and log_var).
    Raises ValueError for an unknown name or state, a bad id and a bad value.
    """
    if name not in FIGURES:
        raise ValueError(f"no figure is called {name!r}: choose one of {', '.join(FIGURES)}")
    if not re.fullmatch(r"[A-Za-z][\w-]*", element_id, re.ASCII):
        raise ValueError(f"{element_id!r} is no element id: use a letter, then letters, digits, - and _")
    start = {key: value for key, (value, _) in FIGURES[name].items()}
    for key, value in state.items():
        if key not in start:
            raise ValueError(f"{name} has no {key!r}: it has {', '.join(start)}")
        start[key] = FIGURES[name][key][1](value, key)
    return _STATIC.format(id=element_id, css=_CSS, source=_source(name), state=json.dumps(start))


class _Figure(anywidget.AnyWidget):
    """A figure that also carries its static HTML, for a page that shows the stored output."""

    _css = _CSS
    _ipython_display_ = None  # ipywidgets 7 has one, which would go before _repr_mimebundle_
    figure = None  # a key of FIGURES
    element_id = traitlets.Unicode()

    @traitlets.default("element_id")
    def _default_element_id(self):
        return "onekl-" + self.figure.replace("_", "-")

    def _check(self, proposal):
        key = proposal.trait.name
        return FIGURES[self.figure][key][1](proposal.value, key)

    def __repr__(self):
        state = ", ".join(f"{key}={getattr(self, key)}" for key in FIGURES[self.figure])
        return f"{type(self).__name__}({state})"

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        state = {key: getattr(self, key) for key in FIGURES[self.figure]}
        data["text/html"] = static_html(self.figure, self.element_id, **state)
        return bundle


class JointTable(_Figure):
    """su-4 on two 3 by 2 tables that the reader drags; `p` and `q` are lists of rows p[x][z].

    A bad table raises ValueError (see `onekl.finite.check_table`).
    """

    figure = "joint_table"
    _esm = _source("joint_table")
    p = traitlets.List(P).tag(sync=True)
    q = traitlets.List(Q).tag(sync=True)
    _checked = traitlets.validate("p", "q")(_Figure._check)


class GaussianKL(_Figure):
    """sn-9 with sliders: the parts of KL(N(mu, exp(log_var)) ‖ N(0, 1)), with sn-8 and sn-10.

    A value outside its slider raises ValueError.
    """

    figure = "gaussian_kl"
    _esm = _source("gaussian_kl")
    mu = traitlets.Float(1.0).tag(sync=True)
    log_var = traitlets.Float(-1.0).tag(sync=True)
    _checked = traitlets.validate("mu", "log_var")(_Figure._check)
