"""What losses and measures take: each refuses by name what it does not mean, in one line.

Shapes, dtypes and plain numbers are known wherever the code runs, and are always looked at.
The values of a tensor are looked at only where that is possible and nobody waits for it.
On a GPU a look would hold up every step, inside `torch.compile` it would break the graph, and under
`torch.func.vmap` there is no single answer.
In these three places a loss of a value that is refused elsewhere is NaN at the examples concerned.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

Shape = tuple[int, ...]

# How far the sum of a table of probabilities may be from one: in float64 what `onekl.tables`
# allows, in float32 about 80 units in the last place, as the logarithms' own digits end there.
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-9}


def require_floats(**tensors: torch.Tensor) -> None:
    """Raise ValueError, with the argument's name, unless each is a tensor of float32 or float64.

    Half precision has too few digits for a sum over pixels, and numbers above 65504 overflow.
    """
    for name, tensor in tensors.items():
        if not isinstance(tensor, torch.Tensor):
            raise ValueError(f"{name} is of type {type(tensor).__name__}; give a tensor")
        if tensor.dtype not in TOLERANCE:
            raise ValueError(
                f"{name} is of {tensor.dtype}; give float32 or float64, for example {name}.float()"
            )


def require_last_axis(**tensors: torch.Tensor) -> None:
    """Raise ValueError, with the argument's name, unless each has a last axis that is not empty."""
    for name, tensor in tensors.items():
        if tensor.ndim == 0 or tensor.shape[-1] == 0:
            raise ValueError(
                f"{name} has shape {tuple(tensor.shape)}; "
                "give it a last axis with one entry or more, over which the sum goes"
            )


def require_same_shape(**shaped: torch.Tensor | Shape) -> None:
    """Raise ValueError, with the arguments' names, unless all have one shape."""
    (first, whole), *others = ((name, tuple(getattr(a, "shape", a))) for name, a in shaped.items())
    for name, shape in others:
        if shape != whole:
            raise ValueError(
                f"{first} has shape {whole} and {name} has shape {shape}; they must be the same"
            )


def require_one_per_example(**tensors: torch.Tensor) -> None:
    """Raise ValueError, with the names, unless the first has the second's shape but its last axis.

    The first is (...), the second (..., D).
    """
    (name, one), (other, examples) = tensors.items()
    if one.shape != examples.shape[:-1]:
        raise ValueError(
            f"{name} has shape {tuple(one.shape)} and {other}, without its last axis, "
            f"has shape {tuple(examples.shape[:-1])}; they must be the same"
        )


def require_fit(whole: Shape, **tensors: torch.Tensor) -> None:
    """Raise ValueError, with the argument's name, unless each is meant for the shape `whole`.

    A tensor is if it has the axes of `whole`, each of its length or of length 1, or only the last
    ones of them, or none: what lacks leading axes and has an axis of length 1 may be either, and
    is refused.
    """
    for name, tensor in tensors.items():
        if not _fits(tensor.shape, whole):
            raise ValueError(
                f"{name} has shape {tuple(tensor.shape)}, which does not fit {tuple(whole)}; "
                "give it all these axes, each of that length or of 1, or the last of them"
            )


def _fits(shape: Shape, whole: Shape) -> bool:
    ones = len(shape) == len(whole) and all(a in (1, b) for a, b in zip(shape, whole))
    return ones or tuple(shape) == tuple(whole[len(whole) - len(shape) :])


def require_either_fits(**tensors: torch.Tensor) -> Shape:
    """The shape of one of two tensors, for which the other is meant.

    Raises ValueError, with their names, if there is none: two that both have length 1 where the
    other has more would make pairs that nobody drew.
    """
    first, second = tensors.values()
    for one, other in ((first, second), (second, first)):
        if _fits(one.shape, other.shape):
            return tuple(other.shape)
    raise _no_fit(tensors)


def shape_of_pairs(**tensors: torch.Tensor) -> Shape:
    """The shape of two tensors' pairs: one fits the other, or both have length 1 in some axes.

    Raises ValueError, with their names, for others.
    """
    first, second = tensors.values()
    pairs = list(zip(first.shape, second.shape))
    if first.ndim != second.ndim:
        return require_either_fits(**tensors)
    if any(a != b and 1 not in (a, b) for a, b in pairs):
        raise _no_fit(tensors)
    return tuple(b if a == 1 else a for a, b in pairs)


def _no_fit(tensors: dict[str, torch.Tensor]) -> ValueError:
    (first, one), (second, other) = tensors.items()
    return ValueError(
        f"{first} has shape {tuple(one.shape)} and {second} has shape {tuple(other.shape)}, "
        "which do not fit; give both the same axes, or one of them length 1 along some, "
        "or the last of them alone"
    )


def require_values(
    tensor: torch.Tensor, good: torch.Tensor, complaint: Callable[[torch.Tensor], str]
) -> torch.Tensor:
    """`tensor`, if `good`, which broadcasts to it, is true everywhere.

    Elsewhere it raises ValueError with the `complaint` about `good`, or, where values are not
    looked at, returns NaN in its place.
    """
    if not torch.compiler.is_compiling() and good.device.type == "cpu":
        try:
            if good.all():
                return tensor
        except RuntimeError:  # under vmap, which has no single answer
            return torch.where(good, tensor, math.nan)
        raise ValueError(complaint(good))
    return torch.where(good, tensor, math.nan)


def require_weight(lam: float | torch.Tensor, whole: Shape) -> float | torch.Tensor:
    """λ, a number or a tensor for the examples `whole`: finite and not negative.

    A tensor has no axes, or all of them, each of that length or of 1.
    Raises ValueError for others, or gives NaN (see the module).
    """
    if not isinstance(lam, torch.Tensor):
        if not 0 <= lam < math.inf:
            raise ValueError(_not_a_weight(lam))
        return lam
    require_floats(lam=lam)
    axes = len(whole) if lam.ndim == len(whole) else 0
    if tuple(lam.shape) != tuple(1 if a == 1 else b for a, b in zip(lam.shape, whole[:axes])):
        raise ValueError(
            f"lam has shape {tuple(lam.shape)}, and the examples have {whole}; "
            "give it all these axes, each of that length or of 1, or a number"
        )
    good = (lam >= 0) & (lam < math.inf)
    return require_values(lam, good, lambda good: _not_a_weight(lam[~good].flatten()[0]))


def _not_a_weight(lam: float | torch.Tensor) -> str:
    return f"lam is {lam:g}; the regulariser's weight λ must not be negative, nor infinite"


def require_normalised(**tables: torch.Tensor) -> torch.Tensor:
    """The logarithm of one table of probabilities (..., Z), which must sum to one over Z.

    Raises ValueError with its name if it does not, or gives NaN (see the module).
    """
    ((name, log_table),) = tables.items()
    total = torch.exp(log_table.detach()).sum(-1, keepdim=True)
    good = (total - 1).abs() <= TOLERANCE[log_table.dtype]

    def complaint(good: torch.Tensor) -> str:
        return (
            f"exp({name}) sums to {total[~good][0]:.9g} over its last axis, not to one; "
            f"give {name}.log_softmax(-1)"
        )

    return require_values(log_table, good, complaint)


def require_finite_values(**tensors: torch.Tensor) -> None:
    """Raise ValueError, with the argument's name, if one has a value that is NaN or infinite.

    It waits for a GPU, so it is for measures, and not for losses.
    """
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise ValueError(
                f"{int((~torch.isfinite(tensor)).sum())} of {tensor.numel()} values of {name} are "
                "not finite; find the missing value, or lower the learning rate that made it"
            )


def in_float64(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor in float64, on the CPU where its device has no such numbers (Apple's GPUs)."""
    return (tensor.cpu() if tensor.device.type == "mps" else tensor).double()
