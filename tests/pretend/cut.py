"""Training notebooks cut down: few seeds, few steps, few images, few shuffles of a test."""

from __future__ import annotations

import sys
from types import SimpleNamespace

from onekl.data import images
from onekl.measure import two_sample
from onekl.training import run as runs

FEW, STEPS, SHUFFLES = 2, 20, 10


def smaller(value):
    """A setting cut down: a count to `FEW`, a length to `STEPS`.

    A power of two above 32 is a size and stays: of a layer, of a batch.
    """
    if isinstance(value, dict):
        return {key: smaller(one) for key, one in value.items()}
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    if value > 32 and value & (value - 1) == 0:
        return value
    return min(value, FEW if value <= 32 else STEPS)


class Cut(SimpleNamespace):
    """Settings that have been cut down."""


def cut_settings(settings, given):
    """Settings cut down; `given` has those that are told."""
    plain = vars(settings)
    return Cut(**{key: given.get(key, smaller(value)) for key, value in plain.items()})


def cut_made_settings(names, given):
    """Cut the settings that a notebook has made by itself, among its `names`."""
    for name, value in names.items():
        if type(value) is SimpleNamespace and all(
            isinstance(one, (int, float, str, tuple, dict)) for one in vars(value).values()
        ):
            names[name] = cut_settings(value, given)


def cut_down(monkeypatch, given, held_out):
    """Cut what notebooks that are run from now on take from the package.

    `given` maps names of settings to values, for what a notebook cannot do with less; of images at
    most `held_out` are held out.
    """
    settings, digits, test = runs.settings, images.digits, two_sample.two_sample_test

    def few(quick, full):
        return cut_settings(settings(quick, full), given)

    def few_images(count=held_out):
        return digits(min(count, held_out))

    def few_shuffles(x, y, seeds, permutations=SHUFFLES, *options):
        return test(x, y, seeds, min(permutations, SHUFFLES), *options)

    for old, new in ((settings, few), (digits, few_images), (test, few_shuffles)):
        replace_everywhere(monkeypatch, old, new)


def replace_everywhere(monkeypatch, old, new):
    """Let every module of the package that has imported the function `old` have `new`."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "onekl":
            for key, value in list(vars(module).items()):
                if value is old:
                    monkeypatch.setattr(module, key, new)
