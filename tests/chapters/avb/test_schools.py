"""The eight schools' posterior: two densities, the evidence, exact draws, chains, and the page."""

import json
import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from onekl.chapters.avb.couplings import AffineCouplings
from onekl.chapters.avb.schools import (
    DIMENSION,
    centred,
    centred_log_joint,
    log_joint,
    log_likelihood,
    mirrored,
    non_centred,
    posterior_draws,
    tau_posterior,
)
from onekl.claims.findings import MIME
from onekl.data.schools import EFFECTS, ERRORS, reference_chains
from onekl.measure.intervals import confidence_interval, paired_difference
from onekl.measure.two_sample import two_sample_test
from onekl.training.records import recorded
from onekl.training.seeds import Seeds
from paths import ROOT


def prior_draws(count, seed=0):
    return Seeds([seed]).child("prior").normal(count, DIMENSION)[0].double()


def test_the_joint_is_the_product_of_its_normal_densities():
    for z in prior_draws(5):
        mu, tau, *eta = z.tolist()
        likelihood = sum(
            stats.norm.logpdf(y, mu + tau * e, s) for y, s, e in zip(EFFECTS, ERRORS, eta)
        )
        assert log_likelihood(z).item() == pytest.approx(likelihood, rel=1e-12)
        joint = likelihood + stats.norm.logpdf(z.numpy()).sum()
        assert log_joint(z).item() == pytest.approx(joint, rel=1e-12)


def test_a_point_and_its_mirror_image_are_equally_probable_and_have_one_centred_point():
    z = prior_draws(50)
    torch.testing.assert_close(log_joint(mirrored(z)), log_joint(z))
    torch.testing.assert_close(centred(mirrored(z)), centred(z))
    assert (mirrored(z)[:, 1] == -z[:, 1]).all()


def test_the_two_coordinates_are_inverse_where_tau_is_positive():
    z = prior_draws(50)
    z = torch.where(z[:, 1:2] < 0, mirrored(z), z)
    torch.testing.assert_close(non_centred(centred(z)), z)


def test_the_centred_density_is_twice_that_of_z_times_the_jacobian():
    """The determinant is taken of a matrix of derivatives, not from the formula."""
    for v in centred(prior_draws(5)):
        slopes = torch.autograd.functional.jacobian(non_centred, v)
        expected = math.log(2) + log_joint(non_centred(v)) + slopes.logdet()
        torch.testing.assert_close(centred_log_joint(v), expected)


def test_the_evidence_is_that_of_the_plane_and_of_the_prior():
    """By quadrature over μ and τ with SciPy, and by averaging the likelihood over the prior."""

    def integrand(mu, tau):
        density = math.prod(
            stats.norm.pdf(y, mu, math.hypot(s, tau)) for y, s in zip(EFFECTS, ERRORS)
        )
        return density * stats.norm.pdf(mu) * stats.norm.pdf(tau)

    plane, _ = integrate.dblquad(integrand, 0, 8, -6, 6, epsabs=1e-12, epsrel=1e-8)
    line = tau_posterior()
    assert line.log_evidence == pytest.approx(math.log(2 * plane), abs=1e-7)
    assert (line.density.sum() * (line.tau[1] - line.tau[0])).item() == pytest.approx(1, abs=1e-12)
    likelihood = log_likelihood(prior_draws(400_000)).exp()
    error = likelihood.std() / math.sqrt(len(likelihood))
    assert abs(likelihood.mean() - math.exp(line.log_evidence)) < 4 * error


def test_exact_draws_have_the_posterior_s_moments():
    """Against averages over the prior, weighted by the likelihood."""
    drawn = posterior_draws(Seeds([0]).child("draws"), 200_000)[0].double()
    z = prior_draws(1_000_000, 1)
    weight = log_likelihood(z).softmax(0)
    effective = 1 / weight.square().sum()
    for f in (lambda z: z, lambda z: z[:, :1] * z, lambda z: z[:, 1:2] * z):
        expected = weight @ f(z)
        error = (weight @ (f(z) - expected).square() / effective).sqrt()
        assert ((f(drawn).mean(0) - expected).abs() < 5 * error).all()


def test_exact_draws_have_the_law_of_tau():
    line = tau_posterior()
    drawn = posterior_draws(Seeds([0]).child("draws"), 20_000)[0, :, 1].numpy()
    law = torch.cumulative_trapezoid(line.density, line.tau)

    def distribution(tau):
        return np.interp(tau, line.tau[1:].numpy(), law.numpy())

    assert stats.kstest(drawn, distribution).pvalue > 1e-3


def test_a_seed_draws_the_same_whichever_seeds_stand_beside_it():
    both, one = (posterior_draws(Seeds(which).child("draws"), 20) for which in ([3, 7], [7]))
    assert torch.equal(both[1], one[0])


def test_the_chains_agree_with_the_exact_draws():
    chains = reference_chains()
    assert chains.draws.shape == (1984, DIMENSION)
    assert (chains.r_hat < 1.01).all() and (chains.effective > 2000).all()
    exact = posterior_draws(Seeds([0]).child("draws"), 2000).double()
    shuffles = Seeds([0]).child("shuffles")
    assert two_sample_test(chains.draws[None], exact, shuffles).p_value.item() > 1e-3
    shifted = exact + 0.15 * exact.std(1, keepdim=True)
    assert two_sample_test(chains.draws[None], shifted, shuffles).p_value.item() <= 0.005
    for one, other in zip(chains.draws.T, exact[0].T):
        assert stats.ks_2samp(one.numpy(), other.numpy()).pvalue > 1e-4


def test_the_chains_ends_lie_where_the_exact_law_has_them():
    """The share of τ near 0 is where a sampler that does not cross from side to side would fail."""
    tau, line = reference_chains().draws[:, 1], tau_posterior()
    inside = line.density[line.tau.abs() < 0.5].sum().item() * (line.tau[1] - line.tau[0]).item()
    share, error = (tau.abs() < 0.5).double().mean(), math.sqrt(inside * (1 - inside) / len(tau))
    assert abs(share - inside) < 4 * error
    assert abs((tau > 0).double().mean() - 0.5) < 4 * 0.5 / math.sqrt(len(tau))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda content: content["model"].update(errors=[1.0] * 8), "errors"),
        (lambda content: content["model"].pop("prior"), "prior"),
        (lambda content: content["model"].update(schools=9), "schools"),
        (lambda content: content.pop("draws"), "draws"),
    ],
)
def test_a_file_of_another_model_is_refused_in_one_line(tmp_path, change, word):
    from importlib.resources import files

    content = json.loads((files("onekl") / "data" / "schools.json").read_text(encoding="utf-8"))
    change(content)
    path = tmp_path / "other.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ValueError, match=word) as refused:
        reference_chains(path)
    assert "\n" not in str(refused.value) and "other.json" in str(refused.value)


def test_points_of_another_dimension_are_refused_by_name():
    with pytest.raises(ValueError, match=r"z has shape \(3, 9\)"):
        log_joint(torch.zeros(3, 9))
    with pytest.raises(ValueError, match=r"v has shape"):
        centred_log_joint(torch.zeros(3, 9))
    with pytest.raises(ValueError, match="float32 or float64"):
        centred(torch.zeros(3, 10).half())


@pytest.fixture
def flow():
    """Two flows away from the identity."""
    found = AffineCouplings(Seeds([0, 1]).child("flow"), 10, 6, 16).double()
    generator = torch.Generator().manual_seed(0)
    for part in found.parameters():
        noise = torch.randn(part.shape, generator=generator, dtype=part.dtype)
        part.data += 0.2 * noise
    return found


def test_a_flow_has_one_density_forwards_and_backwards(flow):
    points, log_density = flow(Seeds([0, 1]).child("noise").normal(50, 10).double())
    torch.testing.assert_close(flow.log_density(points), log_density)


def test_a_flow_s_density_is_the_noise_s_over_the_determinant(flow):
    noise = Seeds([0, 1]).child("noise").normal(1, 10).double()
    slopes = torch.autograd.functional.jacobian(lambda e: flow(e)[0], noise)
    for s in range(2):
        log_det = slopes[s, 0, :, s, 0].slogdet().logabsdet
        expected = stats.norm.logpdf(noise[s].numpy()).sum() - log_det.item()
        assert flow(noise)[1][s].item() == pytest.approx(expected, rel=1e-10)


def test_every_coordinate_of_a_flow_depends_on_every_other(flow):
    slopes = torch.autograd.functional.jacobian(
        lambda e: flow(e)[0], torch.zeros(2, 1, 10).double()
    )
    assert (slopes[0, 0, :, 0, 0] != 0).all()
    assert (slopes[0, 0, :, 1, 0] == 0).all()  # and no seed on another


def test_a_flow_starts_as_its_noise():
    noise = Seeds([0]).child("noise").normal(20, 10)
    points, log_density = AffineCouplings(Seeds([0]).child("flow"), 10, 4, 16)(noise)
    torch.testing.assert_close(points.sort(-1).values, noise.sort(-1).values)
    expected = torch.distributions.Normal(0, 1).log_prob(noise).sum(-1)
    torch.testing.assert_close(log_density, expected)


METHODS = ("mean-field Gaussian", "full-rank Gaussian", "flow", "AVB", "AVB with contrast")
COORDINATES = {"non-centred": "not centred", "centred": "centred"}
MEASURES = ("KL", "KL of both halves", "judge", "by T", "W1 θ")


@pytest.fixture(scope="module")
def found():
    """{(method, coordinates, length): {measure: one number for each seed}}."""
    nest = {}
    for column in recorded("schools")["values"]:
        nest.setdefault(tuple(column.key.values()), {})[column.measure] = column.numbers
    return nest


@pytest.fixture(scope="module")
def page():
    return (ROOT / "book/avb.md").read_text(encoding="utf-8")


def cell(numbers):
    """A mean with the half-width of its 95 % interval, as the page prints it."""
    end = confidence_interval(numbers)
    return f"{end.mean:.3f} ± {end.high - end.mean:.3f}".replace("-", "−")


def row(found, method, coordinates, length):
    one = found[method, coordinates, length]
    cells = [cell(one[measure]) if measure in one else "" for measure in MEASURES]
    return f" | {' | '.join(cells)} |".replace("  ", " ")


def test_the_record_has_every_family_and_measure(found):
    assert len(recorded("schools")["seeds"]) >= 8
    lengths = {
        (m, c, n)
        for m in METHODS
        for c in COORDINATES
        for n in ("equal steps", "longer")
        if not (m.startswith("AVB") and n == "longer")
    }
    assert set(found) == lengths | {("exact draws", "non-centred", "")}
    for (method, _, _), one in found.items():
        assert {"judge", "W1 μ", "W1 log |τ|", "W1 θ", "MMD", "p-value", "draws"} <= set(one)
        assert ("KL" in one) == (method in METHODS[:3])
        assert ("by T" in one) == method.startswith("AVB")


def test_the_judge_reads_no_more_than_the_known_kl(found):
    """Its bound holds for the true expectations; what is left is the noise of 20,000 draws."""
    for one in found.values():
        for judge, kl in zip(one["judge"], one.get("KL", [])):
            assert judge < kl + 0.05


def test_a_mirror_image_that_counts_as_one_costs_at_most_log_2(found):
    for (_, coordinates, _), one in found.items():
        for kl, halves in zip(one.get("KL", []), one.get("KL of both halves", [])):
            assert -0.01 <= kl - halves <= math.log(2) + 0.01
            assert coordinates != "centred" or kl == halves


def test_the_page_prints_the_recorded_table(found, page):
    for method in METHODS:
        for coordinates, words in COORDINATES.items():
            line = f"| {method}, {words}{row(found, method, coordinates, 'equal steps')}"
            assert line in page


def test_the_verdict_follows_from_the_record(found, page):
    """The notebook's finding, by an independent reading of its rule."""

    def better(method, coordinates):
        gaps = [
            paired_difference(
                found[method, coordinates, "equal steps"]["judge"],
                found[other, coordinates, length]["judge"],
            )
            for other in METHODS[:2]
            for length in ("equal steps", "longer")
        ]
        return max(gap.high for gap in gaps) < 0

    conditions = [better(m, c) for m in METHODS[3:] for c in COORDINATES]
    word = "supported" if all(conditions) else "mixed" if any(conditions) else "not supported"
    notebook = json.loads((ROOT / "notebooks/schools-trial.ipynb").read_text(encoding="utf-8"))
    (finding,) = [
        out["data"][MIME]
        for one in notebook["cells"]
        for out in one.get("outputs", [])
        if MIME in out.get("data", {})
    ]
    assert (finding["id"], finding["verdict"]) == ("avb-e2", word)
    assert f"in {sum(conditions)} of 4 conditions" in finding["effect"]
    assert f"in {sum(conditions)} of the four conditions" in page


def test_the_page_says_how_often_t_is_wrong_and_the_aim_is_met(found, page):
    runs = [found[m, c, "equal steps"] for m in METHODS[3:] for c in COORDINATES]
    by_t = [value for one in runs for value in one["by T"]]
    judge = [value for one in runs for value in one["judge"]]
    assert f"In {sum(v < 0 for v in by_t)} of the {len(by_t)} runs" in page
    above = sum(j > t for j, t in zip(judge, by_t))
    assert f"above $T$'s in {above} of the {len(judge)}" in page
    not_centred, centred = (
        sum(v < 0.2 for v in found[METHODS[-1], c, "equal steps"]["judge"]) for c in COORDINATES
    )
    assert f"by {not_centred} of the 8 runs that are not centred, and by {centred} of" in page


def test_the_page_says_how_much_too_little_the_judge_reads(found, page):
    gaps = [
        kl - judge for one in found.values() for judge, kl in zip(one["judge"], one.get("KL", []))
    ]
    assert f"by {min(gaps):.2f} to {max(gaps):.2f} nats" in page
