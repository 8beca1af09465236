"""The missing term: the families that the expansion is tried on, and when one vector is enough.

And that the neural sampler is a distribution.
"""

from random import Random

import mpmath
import pytest
import sympy

from onekl.chapters.missing_term import claims as chapter
from onekl.claims.numbers import Trials
from onekl.symbolic.mutants import mutants
from onekl.symbolic.numeric import DIGITS
from onekl.symbolic.statements import provable

QUICK = ("Bernoulli", "Gaussian mean", "Gaussian scale")


@pytest.mark.parametrize("name", chapter.FAMILIES)
def test_every_family_is_proved_and_agrees_with_numbers(name):
    family = chapter.FAMILIES[name]
    family.prove()
    violation = family.compile()
    with mpmath.workdps(DIGITS):
        drawn = [
            family.instances.draw(Random(index), index)
            for index in range(1, 30)
            if index % 10 not in (0, 5, 7)
        ]  # those have zeros
        assert max(map(violation, drawn)) == 0


@pytest.mark.parametrize("name", QUICK)
def test_the_mutants_of_a_family_are_rejected(name):
    """The prover accepts a mutant where no instance refutes it, and nowhere else."""
    family, refuted = chapter.FAMILIES[name], 0
    trials = Trials(family, family.prove().imposed)
    with mpmath.workdps(DIGITS):
        for _, mutant in mutants(family):
            found = trials.refute(mutant)
            assert provable(mutant) != found, mutant.latex()
            refuted += found
    assert refuted > 10


def test_no_vector_fits_the_form_unless_its_determinant_vanishes():
    """(Δθ·c)² = ½ΔθᵀFΔθ for all Δθ needs F₁₁F₂₂ = F₁₂², and then one square is left."""
    c_1, c_2 = sympy.symbols("c_1 c_2", real=True)
    apart = sympy.Poly(
        sympy.expand((chapter.v_1 * c_1 + chapter.v_2 * c_2) ** 2 - chapter.form.doit()),
        chapter.v_1,
        chapter.v_2,
    )
    found = sympy.solve(apart.coeffs(), (c_1, c_2, chapter.F_12), dict=True)
    assert found and all(
        sympy.simplify(s[chapter.F_12] ** 2 - chapter.F_11 * chapter.F_22) == 0 for s in found
    )


def test_the_sampler_is_a_distribution():
    law = chapter.sampler(*sympy.symbols("w b", real=True))
    assert sympy.simplify(sum(law) - 1) == 0
