"""What the letters of the two sources stand for, section by section, in the book's vocabulary.

A letter with arguments is a density of a family, the chance of a label, a map or D. Where a
source defines a symbol by an equation or in its text, the glossary names that place, and the
symbol is read from there. The account of every symbol stands beside the audit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sympy
from sympy import Basic, Function, Symbol

from onekl.symbolic.algebra import ClassProbability, Gaussian, Joint
from onekl.symbolic.maps.smooth_map import SmoothMap, image
from onekl.symbolic.parametric.densities import ParametricJoint, VectorSymbol
from onekl.symbolic.vectors.algebra import Vector

x, z = sympy.symbols("x z", real=True)
y = Symbol("y", integer=True)  # the label
sigma, lam = sympy.symbols("sigma lambda", positive=True)
d, k = sympy.symbols("d k", integer=True, positive=True)  # the dimensions of a sample and a code
theta, step, c = VectorSymbol("theta"), VectorSymbol(r"\Delta\theta"), VectorSymbol("c")
phi, alpha = VectorSymbol("phi"), VectorSymbol("alpha")

P = Joint("p", (x, z), {(x,): r"\tilde{p}"})  # the data side: p̃(x) and the encoder p(z|x)
Q = Joint("q", (x, z))  # the model side: the prior q(z) and the decoder q(x|z)
OLD_P, OLD_Q = Joint("p^{o}", (x, z)), Joint("q^{o}", (x, z))  # the same before the step
TILDE_Q = Joint(r"\tilde{q}", (x, z))
MOVING = ParametricJoint("q", (x,), theta)  # the model's densities in (21) and (22)
R = Joint("r", (x, z))  # adaptive contrast: the reference r(z|x)

# z standardised with the mean and the standard deviation of the encoder's codes of x.
hat_z = Symbol(r"\hat{z}", real=True)
mu_x, sigma_x = Function("mu", real=True)(x), Function("sigma", positive=True)(x)
STANDARDISING = SmoothMap(
    (z,), (hat_z,), ((z - mu_x) / sigma_x,), (mu_x + sigma_x * hat_z,), -sympy.log(sigma_x)
)
STANDARDISED = image(r"\hat{p}", P(z, given=x), STANDARDISING)

p_1 = ClassProbability("p", ())
p_0 = p_1.other

LETTERS: Mapping[str, Basic] = {
    "x": x, "y": y, "z": z, "d": d, "c": c, "p_1": p_1, "p_0": p_0, r"\sigma": sigma,
    r"\lambda": lam, r"\pi": sympy.pi, r"\theta": theta, r"\Delta\theta": step, r"\phi": phi,
    r"\alpha": alpha,
}  # fmt: skip


@dataclass(frozen=True)
class Glossary:
    """What stands for what in the equations of a source from `first` to `last`.

    `source` is what the source's ids start with.

    `families` takes a letter to the joint whose densities it names, `parameters` to the parameter
    that it may be printed with. `chances` takes a letter to the label at which its chance is D, as
    in p(1|x) = D(x).
    `defined` takes a symbol to the equation that defines it, and a joint with the label to the
    LaTeX of its cases at y = 1 and y = 0 where the text defines it.
    `images` are the dimensions of the values of maps where these are vectors; `vectors` are the
    variables that are vectors. `symbols` are known as they are printed, with all their arguments.
    `logits` are real functions of a pair. `apart` parts the two densities of a KL.
    """

    source: str
    first: int
    last: int
    families: Mapping[str, Joint]
    chances: Mapping[str, int] = field(default_factory=dict)
    defined: Mapping[str, str | tuple[str, str]] = field(default_factory=dict)
    images: Mapping[str, Symbol] = field(default_factory=dict)
    vectors: Mapping[str, Basic] = field(default_factory=dict)
    symbols: Mapping[str, Basic] = field(default_factory=dict)
    parameters: Mapping[str, Symbol] = field(default_factory=lambda: {"q": theta})
    logits: tuple[str, ...] = ()
    apart: str = r"\Vert"


_NOW = {r"\tilde{p}": P, "p": P, "q": Q}
_OLD = {"p^{o}": OLD_P, "q^{o}": OLD_Q}
_OF_SAMPLES = {"G": d, "G^{o}": d}
_SAMPLE = {"x": Vector("x", d)}

GLOSSARIES = (
    Glossary("su-", 1, 11, _NOW),
    Glossary(
        "su-",
        12,
        20,
        {**_NOW, **_OLD},
        chances={"p": 1},
        defined={
            "q(x,y)": "su-13",
            "p(x,y)": (r"p(1|x)\tilde{p}(x)", r"p(0|x)\tilde{p}(x)"),  # before (14)
        },
    ),
    Glossary("su-", 21, 22, {"q": MOVING}, defined={"q^{o}(x)": "su-21"}),
    Glossary("su-", 23, 24, {"q": Q, r"\tilde{q}": TILDE_Q}, images=_OF_SAMPLES, vectors=_SAMPLE),
    Glossary("su-", 25, 26, {"q": Q, "q^{o}": OLD_Q}, images=_OF_SAMPLES),
    Glossary(
        "su-",
        27,
        33,
        {**_NOW, **_OLD, r"\tilde{q}": TILDE_Q},
        chances={"q": 0},
        defined={
            "p(z,y)": "su-28",
            "q(z,y)": ("q(1|z)q(z)", "q(0|z)q(z)"),  # before (29)
        },
    ),
    Glossary("su-", 34, 34, _NOW, images={"G": d, "E": k}, vectors=_SAMPLE),
    Glossary(
        "su-",
        35,
        43,
        {**_NOW, **_OLD},
        chances={"p": 1},
        defined={
            "q(x,z,y)": "su-35",
            # before (36)
            "p(x,z,y)": (r"p(1|x,z)p(z|x)\tilde{p}(x)", r"p(0|x,z)p(z|x)\tilde{p}(x)"),
        },
    ),
    Glossary(
        "avb-",
        1,
        8,
        {"q": P, "p": Q, "r": R},  # the notes' letters for the data side and the model side
        symbols={
            "p_{D(x)}": P(x),
            r"\hat{q}_{\phi}(\hat{z}|x)": STANDARDISED,  # after (6)
            r"r_0(\hat{z})": Gaussian(hat_z, 0, 1),
        },
        parameters={"q": phi, "p": theta, "r": alpha},
        logits=("T", "T^{*}"),
        apart=",",
    ),
)


def glossary_of(id: str) -> Glossary:
    """The glossary of an equation by its id, such as su-4."""
    own = ((g, id.removeprefix(g.source)) for g in GLOSSARIES if id.startswith(g.source))
    return next(g for g, number in own if g.first <= int(number) <= g.last)
