"""The article as a tree: one bound at the root, two directions of the divergence, and a branch for each model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    """One choice of a model: what it is about, the formula in LaTeX, and the claim that says so."""

    words: str
    formula: str
    claim: str


@dataclass(frozen=True)
class Branch:
    """A model with its choices in the order in which they are made, and the chapters that treat it."""

    model: str
    chapters: tuple[str, ...]
    nodes: tuple[Choice, ...]


@dataclass(frozen=True)
class Direction:
    """A direction of the divergence with its hidden variable, and the models that choose it."""

    words: str
    formula: str
    branches: tuple[Branch, ...]


ROOT = Choice(
    "a joint divergence bounds the marginal one",
    r"\mathrm{KL}(p(x, z) \Vert q(x, z)) \geq \mathrm{KL}(\tilde{p}(x) \Vert q(x))",
    "su-4",
)

EM = Branch("EM", ("em",), (
    Choice("joint", r"\mathrm{KL}(p(x, z) \Vert q(x, z))", "su-10"),
    Choice("encoder: free", r"p(z|x) = q(z|x)", "su-11"),
    Choice("decoder: free as printed, a family in use", r"q(x|z)\, q(z)", "su-8"),
    Choice("what comes out: an alternation", r"\text{su-8, su-11, su-8, } \dots", "su-11"),
))  # fmt: skip
VAE = Branch("VAE", ("vae",), (
    Choice("joint", r"\mathrm{KL}(p(x, z) \Vert q(x, z))", "su-5"),
    Choice("encoder: Gaussian", r"p(z|x) = \mathcal{N}(z; \mu(x), \sigma^2(x))", "sn-7"),
    Choice("decoder: Gaussian, prior: standard", r"q(x|z)\, \mathcal{N}(z; 0, 1)", "su-6"),
    Choice("loss that comes out, and is trained", r"-\log q(x|z) + \mathrm{KL}(p(z|x) \Vert q(z))", "su-7"),
))  # fmt: skip
GAN = Branch("GAN", ("gan", "missing_term", "regulariser"), (
    Choice("joint", r"\mathrm{KL}(q(x, y) \Vert p(x, y))", "su-14"),
    Choice("generator: a map", r"q(x|z) = \delta(x - G(z))", "su-12"),
    Choice("label: free", r"p(1|x) = D(x)", "su-18"),
    Choice("loss that comes out", r"-\mathbb{E}_q \log D + \mathrm{KL}(q \Vert q^{o})", "su-19"),
    Choice("loss that is trained", r"-\mathbb{E}_q \log D", "su-20"),
))  # fmt: skip
AAE = Branch("AAE", ("aae",), (
    Choice("joint", r"\mathrm{KL}(p(z, y) \Vert q(z, y))", "su-29"),
    Choice("encoder: a map", r"p(z|x) = \delta(z - E(x))", "su-27"),
    Choice("label: free", r"q(0|z) = D(z)", "su-30"),
    Choice("loss that comes out", r"-\mathbb{E}_p \log D + \mathrm{KL}(p(z) \Vert p^{o}(z))", "su-32"),
    Choice("loss that is trained", r"-\mathbb{E}_p \log D + \lambda \Vert x - G(E(x)) \Vert^2", "su-34"),
))  # fmt: skip
ALI = Branch("ALI / BiGAN", ("ali",), (
    Choice("joint", r"\mathrm{KL}(q(x, z, y) \Vert p(x, z, y))", "su-36"),
    Choice("encoder and generator: Gaussians or maps", r"p(z|x),\; q(x|z)", "su-35"),
    Choice("label: free", r"p(1|x, z) = D(x, z)", "su-39"),
    Choice("loss that comes out", r"-\mathbb{E}_p \log D - \mathbb{E}_q \log D + \mathrm{KL} + \mathbb{E}_q \log \frac{p^{o}}{p}", "su-40"),
    Choice("the article's shorter loss", r"-\mathbb{E}_p \log D - \mathbb{E}_q \log D", "su-t13"),
    Choice("what is trained elsewhere: minimax", r"\mathbb{E}_p \log D + \mathbb{E}_q \log (1 - D)", "su-42"),
))  # fmt: skip

DIRECTIONS = (
    Direction(
        "from the data's side to the model's side; hidden: the code z",
        r"\mathrm{KL}(p \,\Vert\, q)",
        (EM, VAE),
    ),
    Direction(
        "from a mixture of both sides to one of them; hidden: the label y, for ALI the code too",
        r"\mathrm{KL}(\text{mixture} \,\Vert\, \text{target})",
        (GAN, AAE, ALI),
    ),
)
