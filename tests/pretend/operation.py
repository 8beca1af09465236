"""What an operation of torch does with a device, as torch's own schema tells it."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import torch

from pretend.tensor import DeviceTensor

COPIES = ("aten::copy_", "aten::_foreach_copy_", "aten::_to_copy")
INDEXED = ("aten::index", "aten::index_put", "aten::index_put_", "aten::_index_put_impl_")
JOINED = ("aten::cat", "aten::stack")
# Tagged by torch; `index` is too, though only a mask makes it wait.
WAITING = (torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape)
# Not tagged: it reads the device's error code.
CHECKS = "aten::_linalg_check_errors"


class Kind(NamedTuple):
    """What an operation does."""

    name: str
    copies: bool  # from one side to the other
    indexes: bool  # with places that may lie on the CPU
    joins: bool  # tensors that must lie on one side, numbers too
    waits: bool  # the host needs the device's answer
    random: bool


@cache
def kind_of(func):
    """The operation's `Kind`."""
    name, tags = func._schema.name, func.tags
    indexes = name in INDEXED
    return Kind(
        name,
        name in COPIES,
        indexes,
        name in JOINED,
        not indexes and (name == CHECKS or any(tag in tags for tag in WAITING)),
        torch.Tag.nondeterministic_seeded in tags,
    )


class Sides:
    """The tensors among an operation's arguments, by the side on which they lie.

    `ours` are those of the device, by the identity of their inner tensor; `others` are the CPU's.
    """

    def __init__(self):
        self.ours, self.others = {}, []

    def inner(self, value):
        """The argument, with each tensor of the device replaced by its inner one."""
        if isinstance(value, DeviceTensor):
            self.ours[id(value.inner)] = value
            return value.inner
        if isinstance(value, torch.Tensor):
            self.others.append(value)
        elif isinstance(value, (tuple, list)):
            return [self.inner(one) for one in value]
        elif isinstance(value, dict):
            return {key: self.inner(one) for key, one in value.items()}
        return value


def waits(kind, args, on_device):
    """Whether the host has to wait for the device; `on_device` is where the result lies."""
    if kind.copies:
        return not _goes_to_device(kind, args, on_device)
    return kind.waits or (kind.indexes and _counts_a_mask(kind, args))


def _goes_to_device(kind, args, on_device):
    if kind.name == "aten::_to_copy":
        return on_device
    targets = args[0] if isinstance(args[0], (tuple, list)) else [args[0]]
    return all(isinstance(one, DeviceTensor) for one in targets)


def _counts_a_mask(kind, args):
    """Whether the true places of a mask have to be counted.

    To write one number to all of them needs no count.
    """
    masks = [one for one in args[1] if one is not None and one.dtype in (torch.bool, torch.uint8)]
    return bool(masks) and not (kind.name != "aten::index" and args[2].numel() == 1)
