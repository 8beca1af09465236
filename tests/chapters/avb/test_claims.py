"""AVB's claims on small tables: what the page says beside the boxes, and its exercises."""

import numpy as np
import pytest
from sympy import Rational, log

from onekl.chapters import claim
from onekl.chapters.avb.claims import AT_CONTRAST, TABLES, T, at_the_prior, even, t
from onekl.reading.reader import ARTICLE
from onekl.symbolic.premises import Support, using
from onekl.symbolic.statements import provable
from paths import ROOT

PAGE = (ROOT / "book" / "avb.md").read_text(encoding="utf-8")


@pytest.fixture
def tables():
    """The two joints, p(x, z) and q(x, z), of three x and four z."""
    rng = np.random.default_rng(3)
    return [rng.dirichlet(np.ones(12)).reshape(3, 4) for _ in range(2)]


def test_the_best_T_is_proved_where_both_densities_are_positive():
    (optimum,) = claim("avb-4").statements
    p, q = TABLES.joints
    x, z = optimum.function.args
    assert set(optimum.prove().support) == {
        Support((q(z),), (p(x, z),)),
        Support((p(x, z),), (p(x), q(z))),
    }
    assert optimum.function == T and optimum.sense == "max"


def test_what_the_page_says_of_the_printed_6_at_the_two_instances():
    before = ARTICLE["avb-6"].expression
    after = using(ARTICLE["avb-7"].expression.objective, [AT_CONTRAST])
    assert (even.exact(before), even.exact(after)) == (0, log(2))
    slopes = [at_the_prior.exact(side, t) for side in (before, after)]
    assert slopes[0] == 0 and slopes[1].equals(log(Rational(3, 2)))
    assert r"the slope $\log\frac32$" in PAGE and r"$q(1) = \frac25$" in PAGE


def test_no_counterexample_refutes_the_mended_line():
    slip = claim("avb-7")
    assert all(provable(one) for one in slip.statements)
    assert len(slip.refuted) == 3 and {one.proves for one in slip.refuted} == {"avb-7.a"}


def test_a_frozen_T_has_another_best_encoder():
    """q(z) = ½, q(x|z) = 2/5 and 1/5: the posterior is 2/3, the frozen objective wants 1."""
    prior, likelihood = np.array([0.5, 0.5]), np.array([0.4, 0.2])
    encoders = np.array([[p, 1 - p] for p in np.linspace(0.001, 0.999, 999)])
    reward = np.log(likelihood)
    bound = (encoders * (np.log(prior) - np.log(encoders) + reward)).sum(1)
    frozen = (encoders * reward).sum(1)  # T* of p° = q(z) is 0
    assert encoders[bound.argmax(), 0] == pytest.approx(2 / 3, abs=1e-3)
    assert frozen.argmax() == len(encoders) - 1
    assert r"$p(0|x) = \frac23$" in PAGE


def test_exercise_1_a_blind_T_reports_too_much_by_the_divergence(tables):
    p, q = tables
    data, prior = p.sum(1), q.sum(0)
    encoder, decoder = p / data[:, None], q / prior
    best = np.log(encoder / prior)
    reported = (p * np.log(decoder)).sum()
    bound = (p * (-best + np.log(decoder))).sum()
    divergence = (data * (encoder * best).sum(1)).sum()
    assert reported - bound == pytest.approx(divergence, abs=1e-14) and divergence > 0


def test_exercise_2_the_divergence_is_the_marginal_one_and_the_information(tables):
    p, q = tables
    data, codes, prior = p.sum(1), p.sum(0), q.sum(0)
    mean = (p * np.log(p / data[:, None] / prior)).sum()
    marginal = (codes * np.log(codes / prior)).sum()
    information = (p * np.log(p / np.outer(data, codes))).sum()
    assert mean == pytest.approx(marginal + information, abs=1e-14)


def test_exercise_3_the_logit_of_ali_s_best_discriminator(tables):
    p, q = tables
    data, prior = p.sum(1)[:, None], q.sum(0)
    encoder, decoder = p / data, q / prior
    share = p / (p + q)
    best = np.log(encoder / prior)
    assert np.allclose(np.log(share / (1 - share)), best - np.log(decoder) + np.log(data))
    bound = (p * (-best + np.log(decoder))).sum()
    divergence = (p * np.log(p / q)).sum()
    assert bound == pytest.approx((p * np.log(data)).sum() - divergence, abs=1e-13)
