"""The digits of the AVB chapter: the trial's MNIST path, and the page's numbers by the record."""

import gzip
import hashlib
import struct

import matplotlib
import nbformat
import numpy as np
import pytest
import torch

from onekl.data import images
from onekl.measure.intervals import confidence_interval, paired_difference
from onekl.training.records import recorded
from paths import NOTEBOOKS, ROOT
from pretend.notebook import run_cell

LATENTS, METHODS = (2, 8, 32), ("VAE", "VAE, equal compute", "AVB", "AVB + AC")
CELLS = {
    cell.id: cell.source
    for cell in nbformat.read(NOTEBOOKS / "avb-trial.ipynb", as_version=4).cells
    if cell.cell_type == "code"
}
LOOP = [f"avb-trial-{number:02}" for number in (3, 5, 7, 9, 11, 13, 14)]


@pytest.fixture
def mnist_files(tmp_path, monkeypatch):
    """Small files of MNIST's format where the notebook looks for MNIST's."""
    pytest.importorskip("pooch")
    folder, random = tmp_path / "data" / "mnist", np.random.RandomState(0)
    folder.mkdir(parents=True)
    checksums = {}
    for name in images.CHECKSUMS["mnist"]:
        shape = (140 if "train" in name else 30, *((28, 28) if "images" in name else ()))
        array = random.randint(0, 256 if "images" in name else 10, shape).astype(np.uint8)
        header = b"\0\0\x08" + bytes([len(shape)]) + struct.pack(f">{len(shape)}I", *shape)
        content = gzip.compress(header + array.tobytes(), mtime=0)
        (folder / name).write_bytes(content)
        checksums[name] = hashlib.md5(content).hexdigest()
    monkeypatch.setitem(images.CHECKSUMS, "mnist", checksums)
    monkeypatch.chdir(tmp_path)


def replaced(source, **changes):
    """The source with other values for some of its lines, which have to be there."""
    for name, value in changes.items():
        (line,) = [one for one in source.splitlines() if one.startswith(f"{name} = ")]
        source = source.replace(line, f"{name} = {value}")
    return source


@pytest.mark.parametrize("binarisation", ["dynamic", "fixed"])
def test_the_trial_runs_on_files_of_mnists_format(mnist_files, monkeypatch, binarisation):
    monkeypatch.setenv("ONEKL_PROFILE", "quick")
    names = {"__name__": "__main__"}
    changes = {"DATA": "'mnist'", "BINARISATION": repr(binarisation)}
    sizes = {"HIDDEN, BATCH, HELD_BACK": (8, 16, 40)}
    with matplotlib.rc_context({"backend": "Agg"}):
        for id in LOOP:
            source = CELLS[id]
            if id == LOOP[0]:
                source = replaced(source, **changes, **sizes)
            run_cell(id, source, names)
            if id == LOOP[0]:
                vars(names["numbers"]).update(seeds=2, steps=10, search_steps=10, judged=4)
                names |= {"S": 2, "LATENTS": (2,)}
    assert names["pixels"] == 784 and names["held_out"].shape == (30, 784)
    assert names["held_back"].shape == (40, 784) and len(names["grey"]) == 100
    whole = set(names["grey"].unique().tolist()) == {0.0, 1.0}
    assert whole == (binarisation == "fixed")
    assert set(names["held_out"].unique().tolist()) == {0.0, 1.0}
    columns = names["columns"]
    assert {one.key["data"] for one in columns} == {"mnist"}
    assert {one.key["method"] for one in columns} == set(METHODS)
    assert all(torch.as_tensor(one.numbers).isfinite().all() for one in columns)


def test_what_is_standardised_is_standard():
    """The moments that adaptive contrast uses are those of z, from any v and a."""
    names = {"__name__": "__main__"}
    for id in LOOP[:3]:
        run_cell(id, CELLS[id], names)
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(2, 3, names["BASIS"], 4, generator=generator)
    v = torch.randn(2, 50_000, names["BASIS"], 4, generator=generator).exp()
    mean, log_var = names["moments"](a, v)
    z = torch.einsum("snml,skml->sknl", a, v)
    z = z + names["FLOOR"] * torch.randn(z.shape, generator=generator)
    standard = (z - mean[:, None]) * torch.exp(-0.5 * log_var[:, None])
    assert standard.mean(1).abs().max() < 0.02 and (standard.var(1) - 1).abs().max() < 0.02


@pytest.mark.parametrize("adaptive", [0.0, 1.0])
def test_with_the_best_T_the_reported_kl_is_the_exact_one(adaptive):
    """For a Gaussian encoder, whose best T is known; avb-4, and with adaptive contrast avb-8."""
    names = {"__name__": "__main__"}
    for id in LOOP[:5]:
        run_cell(id, CELLS[id], names)
    latent, basis = 3, names["BASIS"]
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(1, 5, basis, latent, generator=generator)

    def encoder(x, noise):
        v = torch.zeros(1, noise.shape[1], basis, latent)
        v[:, :, 0], v[:, :, 1] = 1.0, noise[..., :latent]
        return a[:, : x.shape[1]], v

    mean = a[:, :, 0]
    log_var = torch.log(a[:, :, 1] ** 2 + names["FLOOR"] ** 2)
    x = torch.zeros(1, 5, 64)
    stream = names["Seeds"]([0]).child
    reference = {}

    def T(x, seen):
        """log p(z|x) minus the log density that z would have if what T sees were N(0, 1)."""
        scale = torch.exp(0.5 * reference["log_var"] * adaptive)
        z = seen * scale + reference["mean"] * adaptive
        log_p = names["gaussian_log_density"](z, mean, log_var)
        return log_p + scale.log().sum(-1) - names["gaussian_log_density"](seen, 0.0, 0.0)

    trained = names["SimpleNamespace"](encoder=encoder, T=T, adaptive=adaptive)
    draw, reference["mean"], reference["log_var"], reported = names["encode"](
        trained, x, stream("encoder"), stream("floor")
    )
    z = draw(20_000)
    found = torch.stack([reported(one[None]) for one in z[0]]).mean(0)
    exact = names["gaussian_kl"](mean, log_var)
    torch.testing.assert_close(found, exact, rtol=0.02, atol=0.02)


VALUES = recorded("avb")["values"]
PAGE = (ROOT / "book/avb.md").read_text(encoding="utf-8")


def of(measure, latent, method):
    found = VALUES.one(measure, data="digits", latent=latent, method=method)
    return torch.tensor(found, dtype=torch.float64)


def few(latent, method):
    """What the trial compares, on the images on which all is measured."""
    names = ("reconstruction", "KL, reported", "KL, Gaussian part", "KL, rest")
    rec, said, gaussian, rest = (of(f"{name}, few", latent, method) for name in names)
    return {
        "reported": rec - said,
        "independent": rec - gaussian - rest,
        "annealed": of("annealed, few", latent, method),
        "KL": said,
        "at least": gaussian,
        "whole": gaussian + rest,
    }


def half(values):
    """A mean with half of its interval, as the page prints it."""
    found = confidence_interval(values)
    return f"{found.mean:.2f} ± {found.high - found.mean:.2f}".replace("-", "−")


def above(found):
    return f"{int((found['reported'] > found['annealed']).sum())} of 8"


def gap(latent, method, name, against="VAE"):
    return paired_difference(few(latent, method)[name], few(latent, against)[name])


def in_brackets(found):
    return f"{found.mean:+.2f} [{found.low:.2f}, {found.high:.2f}]".replace("-", "−")


ROWS = [(latent, method) for latent in LATENTS for method in METHODS]


@pytest.mark.parametrize("latent, method", ROWS)
def test_the_bounds_and_the_likelihoods_on_the_page(latent, method):
    found = few(latent, method)
    cells = [half(found[name]) for name in ("reported", "independent", "annealed")]
    assert f"| {latent}-d, {method} | {' | '.join(cells)} | {above(found)} |" in PAGE


@pytest.mark.parametrize("latent, method", ROWS)
def test_the_kl_terms_on_the_page(latent, method):
    found = few(latent, method)
    cells = [half(found[name]) for name in ("KL", "at least", "whole")]
    assert f"| {latent}-d, {method} | {' | '.join(cells)} |" in PAGE


@pytest.mark.parametrize("latent", LATENTS)
@pytest.mark.parametrize("method", METHODS[2:])
def test_the_differences_on_the_page(latent, method):
    cells = [
        in_brackets(gap(latent, method, name)) for name in ("reported", "independent", "annealed")
    ]
    cells.append(in_brackets(gap(latent, method, "annealed", "VAE, equal compute")))
    assert f"| {latent}-d, {method} | {' | '.join(cells)} |" in PAGE


def test_what_the_text_concludes():
    """The words of the section, as conditions on the record."""
    pairs = [(latent, method) for latent in LATENTS for method in METHODS[2:]]
    assert "it beats it in none, and by the likelihood in none" in PAGE
    assert not any(
        gap(*pair, name).low > 0 for pair in pairs for name in ("independent", "annealed")
    )
    assert "AVB would beat the VAE in four of six" in PAGE
    assert sum(gap(*pair, "reported").low > 0 for pair in pairs) == 4
    assert "and is ahead in all six" in PAGE
    assert all(gap(*pair, "annealed", "VAE, equal compute").high < 0 for pair in pairs)
    assert "above the likelihood on every seed" in PAGE
    assert all(above(few(latent, "AVB")) == "8 of 8" for latent in LATENTS)
    assert "right within 0.04 nats on average" in PAGE
    for latent in LATENTS:
        for method in METHODS[:2]:
            found = few(latent, method)
            assert (found["KL"] - found["whole"]).mean().abs() < 0.045
    assert "in five of six searches AVB took the highest rate that was tried" in PAGE
    highest = max(recorded("avb")["settings"]["rates"])
    assert sum(of("rate", *pair)[0].item() == highest for pair in pairs) == 5
