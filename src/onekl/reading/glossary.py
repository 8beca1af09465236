"""What the letters of the article stand for, section by section.

A letter with arguments is a density of a family, the chance of a label, a map or D. Where the
article defines a symbol by an equation or in its text, the glossary names that place, and the
symbol is read from there. The account of every symbol stands beside the audit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sympy
from sympy import Basic, Symbol

from onekl.symbolic.algebra import ClassProbability, Joint
from onekl.symbolic.parametric.densities import ParametricJoint, VectorSymbol
from onekl.symbolic.vectors.algebra import Vector

x, z = sympy.symbols("x z", real=True)
y = Symbol("y", integer=True)  # the label
sigma, lam = sympy.symbols("sigma lambda", positive=True)
d, k = sympy.symbols("d k", integer=True, positive=True)  # the dimensions of a sample and a code
theta, step, c = VectorSymbol("theta"), VectorSymbol(r"\Delta\theta"), VectorSymbol("c")

P = Joint("p", (x, z), {(x,): r"\tilde{p}"})  # the data side: p̃(x) and the encoder p(z|x)
Q = Joint("q", (x, z))  # the model side: the prior q(z) and the decoder q(x|z)
OLD_P, OLD_Q = Joint("p^{o}", (x, z)), Joint("q^{o}", (x, z))  # the same before the step
TILDE_Q = Joint(r"\tilde{q}", (x, z))
MOVING = ParametricJoint("q", (x,), theta)  # the model's densities in (21) and (22)

p_1 = ClassProbability("p", ())
p_0 = p_1.other

LETTERS: Mapping[str, Basic] = {
    "x": x, "y": y, "z": z, "d": d, "c": c, "p_1": p_1, "p_0": p_0, r"\sigma": sigma,
    r"\lambda": lam, r"\pi": sympy.pi, r"\theta": theta, r"\Delta\theta": step,
}  # fmt: skip


@dataclass(frozen=True)
class Glossary:
    """What stands for what in the equations from `first` to `last`.

    `families` takes a letter to the joint whose densities it names. `chances` takes a letter to the
    label at which its chance is D, as in p(1|x) = D(x).
    `defined` takes a symbol to the equation that defines it, and a joint with the label to the
    LaTeX of its cases at y = 1 and y = 0 where the text defines it.
    `images` are the dimensions of the values of maps where these are vectors; `vectors` are the
    variables that are vectors.
    """

    first: int
    last: int
    families: Mapping[str, Joint]
    chances: Mapping[str, int] = field(default_factory=dict)
    defined: Mapping[str, str | tuple[str, str]] = field(default_factory=dict)
    images: Mapping[str, Symbol] = field(default_factory=dict)
    vectors: Mapping[str, Basic] = field(default_factory=dict)


_NOW = {r"\tilde{p}": P, "p": P, "q": Q}
_OLD = {"p^{o}": OLD_P, "q^{o}": OLD_Q}
_OF_SAMPLES = {"G": d, "G^{o}": d}
_SAMPLE = {"x": Vector("x", d)}

GLOSSARIES = (
    Glossary(1, 11, _NOW),
    Glossary(
        12,
        20,
        {**_NOW, **_OLD},
        chances={"p": 1},
        defined={
            "q(x,y)": "su-13",
            "p(x,y)": (r"p(1|x)\tilde{p}(x)", r"p(0|x)\tilde{p}(x)"),  # before (14)
        },
    ),
    Glossary(21, 22, {"q": MOVING}, defined={"q^{o}(x)": "su-21"}),
    Glossary(23, 24, {"q": Q, r"\tilde{q}": TILDE_Q}, images=_OF_SAMPLES, vectors=_SAMPLE),
    Glossary(25, 26, {"q": Q, "q^{o}": OLD_Q}, images=_OF_SAMPLES),
    Glossary(
        27,
        33,
        {**_NOW, **_OLD, r"\tilde{q}": TILDE_Q},
        chances={"q": 0},
        defined={
            "p(z,y)": "su-28",
            "q(z,y)": ("q(1|z)q(z)", "q(0|z)q(z)"),  # before (29)
        },
    ),
    Glossary(34, 34, _NOW, images={"G": d, "E": k}, vectors=_SAMPLE),
    Glossary(
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
)


def glossary_of(number: int) -> Glossary:
    """The glossary of the equation with this number."""
    return next(g for g in GLOSSARIES if g.first <= number <= g.last)
