"""EM on a mixture of Gaussians with full covariances: the joint q(x, z) and the two half-steps.

z = 1 … K is the component, and p(z|x) the encoder, here without any constraint.
The losses of the half-steps are in `onekl.training.losses.joint`: `joint_kl` is lowered by both,
`negative_log_likelihood` is what it touches after an E half-step, and `bound_gap` is how far above
it lies before.
Shapes may have one leading axis S, of seeds or starts; use float64, because the steps near the
optimum are tiny.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from onekl.training.losses.gaussian import LOG_2PI
from onekl.training.seeds import Seeds

# Of the data's variance in a coordinate: a component thinner than that has no density to speak of.
COLLAPSED = 1e-10


class GaussianMixture(NamedTuple):
    """The model's side q(x, z) = q(z) q(x|z).

    q(z) = weights[z] and q(x|z) = N(x; means[z], covariances[z]).
    """

    weights: torch.Tensor  # (..., K), positive, with the sum 1
    means: torch.Tensor  # (..., K, D)
    covariances: torch.Tensor  # (..., K, D, D), positive definite

    def log_joint(self, x: torch.Tensor) -> torch.Tensor:
        """log q(x, z) in nats, (..., N, K), at the points x (..., N, D).

        Points of another dimension raise ValueError, as does a covariance that is not positive
        definite.
        """
        dimension = self.means.shape[-1]
        if x.ndim < 2 or x.shape[-1] != dimension:
            raise ValueError(f"expected points of shape (N, {dimension}), got {tuple(x.shape)}")
        scale = _scale(self.covariances)
        difference = (x[..., None, :, :] - self.means[..., None, :]).mT  # (..., K, D, N)
        squared = torch.linalg.solve_triangular(scale, difference, upper=False).square().sum(-2)
        log_det = 2 * scale.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        # log q(x|z), (..., K, N)
        log_decoder = -0.5 * (squared + (log_det + dimension * LOG_2PI)[..., None])
        return (self.weights.log()[..., None] + log_decoder).mT


def random_start(x: torch.Tensor, components: int, seeds: Seeds) -> GaussianMixture:
    """A mixture of K = `components` for each of the S seeds, from the points x (N, D).

    It has equal weights, means at distinct points of x, and the covariance of x; its tensors have
    a leading axis S.
    More components than points raise ValueError.
    """
    if components > len(x):
        raise ValueError(
            f"{components} components cannot start at distinct points of {len(x)}; ask for fewer"
        )
    chosen = seeds.uniform(len(x)).argsort(-1)[:, :components]
    covariance = torch.cov(x.mT, correction=0)
    weights = torch.full((len(seeds), components), 1 / components, dtype=x.dtype, device=x.device)
    return GaussianMixture(weights, x[chosen], covariance.expand(len(seeds), components, -1, -1))


def e_step(mixture: GaussianMixture, x: torch.Tensor) -> torch.Tensor:
    """su-11, the E half-step: log p(z|x) = log q(x, z) − log Σ_z q(x, z), in nats.

    `x` is (..., N, D), and the result is (..., N, K).
    It raises what `log_joint` raises.
    """
    return torch.log_softmax(mixture.log_joint(x), -1)


def m_step(x: torch.Tensor, log_encoder: torch.Tensor) -> GaussianMixture:
    """su-8 with the weights free, the M half-step.

    It is the mixture that minimises the mean of `joint_kl` for this p(z|x).
    Its weights, means and covariances are the moments of p̃(x) p(z|x): those of the points, weighted
    by p(z|x).
    `x` is (..., N, D) and `log_encoder` is log p(z|x), (..., N, K).
    A component without mass, or whose points lie in a plane, raises ValueError: there the joint KL
    has no minimum.
    """
    encoder = torch.exp(log_encoder)
    mass = encoder.sum(-2)  # (..., K)
    _refuse(~(mass > 0), "has no mass: p(z|x) is 0 at every point")
    share = (encoder / mass[..., None, :]).mT  # (..., K, N)
    means = share @ x
    centred = x[..., None, :, :] - means[..., None, :]  # (..., K, N, D)
    covariances = (share[..., None] * centred).mT @ centred
    _refuse(
        _flat(covariances, x), "has a singular covariance: its points coincide or lie in a plane"
    )
    return GaussianMixture(mass / x.shape[-2], means, covariances)


def mixture_kl(mixture: GaussianMixture, old: GaussianMixture) -> torch.Tensor:
    """KL(q(x, z) ‖ q°(x, z)) in nats, (...), from the parameters of q, `mixture`, and q°, `old`.

    It is Σ_z q(z) [log q(z)/q°(z) + KL(q(x|z) ‖ q°(x|z))], the exact decrease of the mean of
    `joint_kl` in an M half-step from q° to q.
    A covariance that is not positive definite raises ValueError.
    """
    scale, old_scale = _scale(mixture.covariances), _scale(old.covariances)
    ratio = torch.linalg.solve_triangular(old_scale, scale, upper=False)
    shift = torch.linalg.solve_triangular(
        old_scale, (mixture.means - old.means)[..., None], upper=False
    )
    log_diagonal = ratio.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    squares = ratio.square().sum((-2, -1)) + shift.square().sum((-2, -1))
    decoder_kl = 0.5 * (squares - mixture.means.shape[-1]) - log_diagonal  # (..., K)
    return (mixture.weights * (mixture.weights.log() - old.weights.log() + decoder_kl)).sum(-1)


def _scale(covariances: torch.Tensor) -> torch.Tensor:
    """The Cholesky factors of covariances (..., K, D, D)."""
    scale, info = torch.linalg.cholesky_ex(covariances)
    _refuse(info > 0, "has a covariance that is not positive definite")
    return scale


def _flat(covariances: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Whether a component has next to no variance in a coordinate, (..., K).

    The variance is that given the coordinates before it.
    """
    scale, info = torch.linalg.cholesky_ex(covariances)
    pivots = scale.diagonal(dim1=-2, dim2=-1).square()
    return (info > 0) | ~(pivots > COLLAPSED * x.var(-2, correction=0)[..., None, :]).all(-1)


def _refuse(bad: torch.Tensor, what: str) -> None:
    """Raise ValueError, naming the first component, if an entry of `bad` (..., K) is true."""
    if bad.any():
        place = bad.nonzero()[0].tolist()
        where = f" of start {place[0]}" if len(place) > 1 else ""
        raise ValueError(
            f"component {place[-1]}{where} {what}; start elsewhere or use fewer components"
        )
