"""EM on a mixture of Gaussians with full covariances: the joint q(x, z) and the two half-steps.

z = 1 … K is the component, and p(z|x) the encoder, here without any constraint.
The losses of the half-steps are in `onekl.training.losses.joint`: `joint_kl` is lowered by both,
`negative_log_likelihood` is what it touches after an E half-step, and `bound_gap` is how far above
it lies before.
Shapes may have one leading axis S, of seeds or starts.
Points may be of float32 or float64.
Whatever they are, all is computed in float64, because the steps near the optimum are tiny, and on
the CPU where a device has no float64.
Half precision, other shapes, and points that are not finite raise ValueError.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from onekl.training.inputs import (
    TOLERANCE,
    in_float64,
    require_finite_values,
    require_floats,
    require_normalised,
    require_same_shape,
)
from onekl.training.losses.gaussian import LOG_2PI
from onekl.training.seeds import Stream

# Of the data's variance in a coordinate: a component thinner than that has no density to speak of.
COLLAPSED = 1e-10


class GaussianMixture(NamedTuple):
    """The model's side q(x, z) = q(z) q(x|z).

    q(z) = weights[z] and q(x|z) = N(x; means[z], covariances[z]).
    """

    weights: torch.Tensor  # (..., K), not negative, with the sum 1
    means: torch.Tensor  # (..., K, D)
    covariances: torch.Tensor  # (..., K, D, D), positive definite

    def log_joint(self, x: torch.Tensor) -> torch.Tensor:
        """log q(x, z) in nats, (..., N, K), at the points x (..., N, D).

        Points of another dimension raise ValueError, as does a covariance that is not positive
        definite.
        """
        weights, means, covariances = self._parameters()
        x = _points(x, means.shape[:-2], means.shape[-1])
        dimension = means.shape[-1]
        scale = _scale(covariances)
        difference = (x[..., None, :, :] - means[..., None, :]).mT  # (..., K, D, N)
        squared = torch.linalg.solve_triangular(scale, difference, upper=False).square().sum(-2)
        log_det = 2 * scale.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        # log q(x|z), (..., K, N)
        log_decoder = -0.5 * (squared + (log_det + dimension * LOG_2PI)[..., None])
        return (weights.log()[..., None] + log_decoder).mT

    def _parameters(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The three tensors in float64; raises ValueError, with its name, for one that is not."""
        require_floats(**self._asdict())
        *lead, components, dimension = self.means.shape if self.means.ndim in (2, 3) else (0, 0)
        meant = {
            "weights": (*lead, components),
            "means": (*lead, components, dimension),
            "covariances": (*lead, components, dimension, dimension),
        }
        for name, shape in meant.items():
            if getattr(self, name).shape != shape or 0 in shape:
                raise ValueError(
                    f"{name} has shape {tuple(getattr(self, name).shape)}; a mixture has weights "
                    "(..., K), means (..., K, D) and covariances (..., K, D, D)"
                )
        require_finite_values(**self._asdict())
        weights, means, covariances = map(in_float64, self)
        off = (weights.sum(-1) - 1).abs() > TOLERANCE[self.weights.dtype]
        if off.any() or (weights < 0).any():
            raise ValueError("weights has a negative entry or does not sum to one; take a softmax")
        return weights, means, covariances


def random_start(x: torch.Tensor, components: int, stream: Stream) -> GaussianMixture:
    """A mixture of K = `components` for each of the S seeds, from the points x (N, D).

    It has equal weights, means at distinct points of x, and the covariance of x; its tensors have
    a leading axis S, and are of float64.
    A point that x holds several times is as much more likely to be chosen.
    More components than distinct points raise ValueError.
    """
    x = _points(x)
    if x.ndim != 2:
        raise ValueError(f"x has shape {tuple(x.shape)}; all starts are made from one set (N, D)")
    distinct, place = torch.unique(x, dim=0, return_inverse=True)
    if not 1 <= components <= len(distinct):
        raise ValueError(
            f"{components} components cannot start at distinct points of {len(distinct)}"
            f"{_repeated(x, distinct)}; ask for {'fewer' if components > 1 else 'one or more'}"
        )
    order = place[stream.uniform(len(x)).argsort(-1).to(x.device)]  # (S, N)
    means = torch.stack([distinct[_first_distinct(one, components)] for one in order])
    centred = x - x.mean(0)
    covariance = centred.mT @ centred / len(x)
    weights = x.new_full((len(stream), components), 1 / components)
    return GaussianMixture(weights, means, covariance.expand(len(stream), components, -1, -1))


def _repeated(x: torch.Tensor, distinct: torch.Tensor) -> str:
    return f", which x has among its {len(x)}" if len(distinct) < len(x) else ""


def _first_distinct(order: torch.Tensor, count: int) -> list[int]:
    """The first `count` numbers of `order` (N,) that differ from those before them."""
    return list(dict.fromkeys(order.tolist()))[:count]


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
    `x` is (..., N, D) and `log_encoder` is log p(z|x), (..., N, K), whose probabilities sum to one.
    A component without mass, or whose points lie in a plane, raises ValueError: there the joint KL
    has no minimum.
    """
    encoder = _encoder(log_encoder)
    x = _points(x, encoder.shape[:-2])
    if x.shape[-2] != encoder.shape[-2]:
        raise ValueError(
            f"x has {x.shape[-2]} points and log_encoder has {encoder.shape[-2]}; "
            "give as many of both"
        )
    mass = encoder.sum(-2)  # (..., K)
    # a mass below the smallest normal number has lost its digits
    _refuse(~(mass >= torch.finfo(mass.dtype).tiny), "has no mass: p(z|x) is 0 at every point")
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
    A component without weight in q adds nothing.
    Mixtures of two shapes raise ValueError, as does a covariance that is not positive definite.
    """
    require_same_shape(mixture=mixture.means, old=old.means)
    weights, means, covariances = mixture._parameters()
    old_weights, old_means, old_covariances = old._parameters()
    scale, old_scale = _scale(covariances), _scale(old_covariances)
    ratio = torch.linalg.solve_triangular(old_scale, scale, upper=False)
    shift = torch.linalg.solve_triangular(old_scale, (means - old_means)[..., None], upper=False)
    log_diagonal = ratio.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    squares = ratio.square().sum((-2, -1)) + shift.square().sum((-2, -1))
    decoder_kl = 0.5 * (squares - means.shape[-1]) - log_diagonal  # (..., K)
    weights_kl = torch.xlogy(weights, weights) - torch.xlogy(weights, old_weights)
    return (weights_kl + weights * decoder_kl).sum(-1)


def _encoder(log_encoder: torch.Tensor) -> torch.Tensor:
    """p(z|x), (..., N, K), in float64; raises ValueError unless it sums to one."""
    require_floats(log_encoder=log_encoder)
    if log_encoder.ndim not in (2, 3) or 0 in log_encoder.shape:
        raise ValueError(
            f"log_encoder has shape {tuple(log_encoder.shape)}; give log p(z|x) as (..., N, K)"
        )
    # what sums to one in float32 does not yet in float64
    return torch.softmax(in_float64(require_normalised(log_encoder=log_encoder)), -1)


def _points(
    x: torch.Tensor, lead: tuple[int, ...] = (), dimension: int | None = None
) -> torch.Tensor:
    """The points x (..., N, D) in float64, for a mixture or encoder with the leading axes `lead`.

    Raises ValueError unless x has these leading axes or one side has none, D is `dimension`, if
    that is given, and all is finite.
    """
    require_floats(x=x)
    if x.ndim not in (2, 3) or x.shape[-1] != (dimension or x.shape[-1]) or 0 in x.shape:
        hint = "; give the values on the line as x[:, None]" if x.ndim == 1 else ""
        raise ValueError(
            f"x: expected points of shape (N, {dimension or 'D'}), got {tuple(x.shape)}{hint}"
        )
    if x.ndim == 3 and len(lead) == 1 and x.shape[0] != lead[0]:
        raise ValueError(
            f"x has shape {tuple(x.shape)} for {lead[0]} starts; give (N, D) or as many sets"
        )
    require_finite_values(x=x)
    return in_float64(x)


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
    variance = (x - x.mean(-2, keepdim=True)).square().mean(-2)
    return (info > 0) | ~(pivots > COLLAPSED * variance[..., None, :]).all(-1)


def _refuse(bad: torch.Tensor, what: str) -> None:
    """Raise ValueError, naming the first component, if an entry of `bad` (..., K) is true."""
    if bad.any():
        place = bad.nonzero()[0].tolist()
        where = f" of start {place[0]}" if len(place) > 1 else ""
        raise ValueError(
            f"component {place[-1]}{where} {what}; start elsewhere or use fewer components"
        )
