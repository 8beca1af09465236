"""A tensor of the pretend device, and what such a device refuses."""

from __future__ import annotations

import torch

from pretend.lines import line_now

NAME = "pretend"


class Refused(RuntimeError):
    """What a GPU would refuse: one line that names the operation and the line of code."""


class NotOnTheHost(Refused, TypeError):
    """numpy was asked to read a tensor of the device, for which torch raises TypeError."""


class DeviceTensor(torch.Tensor):
    """A tensor of the device `place`, with its numbers in `inner`, a tensor of the CPU.

    A view's `inner` is a view of the other's, so that what is written to one is seen in both.
    """

    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, inner, place):
        made = torch.Tensor._make_wrapper_subclass(
            cls,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            layout=inner.layout,
            device=place,
        )
        made.inner = inner
        return made

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        raise Refused(f"{func} reads a tensor of the pretend device, which has been taken away")

    @property
    def data(self):
        """The tensor without its history; to set it needs another tensor of the device."""
        return torch.Tensor.data.__get__(self)

    @data.setter
    def data(self, other):
        if not isinstance(other, DeviceTensor):
            raise Refused(f"a tensor of {other.device} was set as the data of one of {self.device}")
        torch.Tensor.data.__set__(self, other)
        self.inner = other.inner

    def numpy(self, **options):
        """Refuse, as torch does for a GPU's tensor."""
        raise NotOnTheHost(
            f"numpy was asked to read a tensor of {self.device}; use Tensor.cpu(); {line_now()}"
        )

    def __array__(self, *options, **more):
        return self.numpy()

    def tolist(self):
        """The numbers as lists, by way of the CPU."""
        return self.cpu().tolist()

    def __format__(self, form):
        return format(self.item() if self.ndim == 0 else repr(self), form)

    def __repr__(self, *, tensor_contents=None):
        return f"{repr(self.cpu())[:-1]}, device='{self.device}')"

    def __reduce_ex__(self, protocol):
        return self.cpu().__reduce_ex__(protocol)  # as torch.load with map_location="cpu" has it
