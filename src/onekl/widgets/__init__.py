"""The figures that move: live in a notebook, and as plain HTML on a page that has no kernel."""

import json
import re
from pathlib import Path

import anywidget
import traitlets

from .states import FIGURES

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
    """The figure's whole module: what all figures share, then its own lines."""
    return "".join((_HERE / f"{part}.js").read_text(encoding="utf-8") for part in ("prelude", name))


def static_html(name, element_id, **state):
    """HTML that shows figure `name` on any page, without a kernel and without another file.

    `name` is a key of FIGURES, `element_id` the id of the figure's element, and `state` replaces
    values of the figure's start (see the figure's class for their names and shapes).
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


def _trait(figure, key):
    """The trait for one value of a figure's state, which starts where FIGURES says."""
    start, _ = FIGURES[figure][key]
    kind = {list: traitlets.List, float: traitlets.Float, str: traitlets.Unicode}[type(start)]
    return kind(start).tag(sync=True)


class JointTable(_Figure):
    """su-4 on two 3 by 2 tables that the reader drags; `p` and `q` are lists of rows p[x][z].

    A bad table raises ValueError (see `onekl.finite.check_table`).
    """

    figure = "joint_table"
    _esm = _source("joint_table")
    p, q = _trait("joint_table", "p"), _trait("joint_table", "q")
    _checked = traitlets.validate("p", "q")(_Figure._check)


class GaussianKL(_Figure):
    """sn-9 with sliders: the parts of KL(N(mu, exp(log_var)) ‖ N(0, 1)), with sn-8 and sn-10.

    A value outside its slider raises ValueError.
    """

    figure = "gaussian_kl"
    _esm = _source("gaussian_kl")
    mu, log_var = _trait("gaussian_kl", "mu"), _trait("gaussian_kl", "log_var")
    _checked = traitlets.validate("mu", "log_var")(_Figure._check)


class ExactGAN(_Figure):
    """su-18 and su-19 on six letters, exactly: step by step, with the term KL(q ‖ q°) and without it.

    `p` is p̃ and `q` the generator's start, lists of 6 probabilities; a bad one raises ValueError.
    The computation is `onekl.finite.alternate`'s.
    """

    figure = "exact_gan"
    _esm = _source("exact_gan")
    p, q = _trait("exact_gan", "p"), _trait("exact_gan", "q")
    _checked = traitlets.validate("p", "q")(_Figure._check)


class SecondOrder(_Figure):
    """su-22 for three letters with softmax logits (θ₁, θ₂, 0): KL(q_θ ‖ q_{θ−Δθ}) beside its expansion.

    `theta` is [θ₁, θ₂] within ±2 and `delta` is [Δθ₁, Δθ₂] within ±3; others raise ValueError.
    """

    figure = "second_order"
    _esm = _source("second_order")
    theta, delta = _trait("second_order", "theta"), _trait("second_order", "delta")
    _checked = traitlets.validate("theta", "delta")(_Figure._check)


class TwoGenerators(_Figure):
    """su-25 on a line: KL(q_σ ‖ q°_σ) of two smoothed generators, below (1/2σ²) E‖G − G°‖².

    `g` and `g_old` hold G(z) and G°(z) for five equally likely z, within ±3; `sigma` is σ in [0.1, 2].
    Others raise ValueError.
    """

    figure = "two_generators"
    _esm = _source("two_generators")
    g, g_old, sigma = (_trait("two_generators", key) for key in ("g", "g_old", "sigma"))
    _checked = traitlets.validate("g", "g_old", "sigma")(_Figure._check)


class EMMixture(_Figure):
    """su-8 to su-11 on a mixture of two Gaussians on a line: E and M half-steps, with the bound and the log-likelihood.

    `means` (within ±4), `stds` (0.05 to 4) and `weights` (positive, sum 1) are lists of 2, where q(x, z) starts;
    `data` holds 40 points within ±4.  Others raise ValueError.
    The half-steps are `onekl.gaussian_mixture`'s; an M half-step to a standard deviation below 0.05 is not taken.
    """

    figure = "em_mixture"
    _esm = _source("em_mixture")
    means, stds, weights, data = (_trait("em_mixture", key) for key in ("means", "stds", "weights", "data"))
    _checked = traitlets.validate("means", "stds", "weights", "data")(_Figure._check)


class AAETradeoff(_Figure):
    """su-34 on two letters: the adversarial objective, the squared error and their weighted sum, as functions of one probability.

    x = 1 goes to z = 1, x = 0 goes there with probability a; `d` is p̃(1) and `c` is the prior's q(1), both in [0.05, 0.95],
    and `lam` is λ in [0, 1].  Others raise ValueError.
    The error is that of the number x: half of `onekl.finite.reconstruction_error`, which reads x as a one-hot vector.
    """

    figure = "aae_tradeoff"
    _esm = _source("aae_tradeoff")
    lam, d, c = (_trait("aae_tradeoff", key) for key in ("lam", "d", "c"))
    _checked = traitlets.validate("lam", "d", "c")(_Figure._check)


class ALITables(_Figure):
    """su-40 to su-43 on 3 by 3 tables: gradient steps of encoder and generator, with the discriminator at its optimum (su-39).

    `p_data` is p̃(x) and `prior` q(z), lists of 3 positive probabilities; `starts` is a list of pairs of 3 by 3 tables of logits
    [x][z] within ±5, of p(z|x) and of q(x|z); `objective` is "su-40", "su-41", "su-42" or "su-43".  Others raise ValueError.
    The steps are `onekl.finite.ali`'s.
    """

    figure = "ali_tables"
    _esm = _source("ali_tables")
    p_data, prior, starts, objective = (_trait("ali_tables", key) for key in ("p_data", "prior", "starts", "objective"))
    _checked = traitlets.validate("p_data", "prior", "starts", "objective")(_Figure._check)
