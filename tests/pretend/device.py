"""The pretend device: it runs what a GPU would run, refuses what one would, and counts waits."""

from __future__ import annotations

import contextlib
from functools import cache
from typing import NamedTuple

import torch
from torch.optim import optimizer
from torch.utils import _foreach_utils, backend_registration
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes

from pretend.lines import Line, line_now
from pretend.operation import Sides, kind_of, waits
from pretend.tensor import NAME, DeviceTensor, Refused

DOUBLE = (torch.float64, torch.complex128)
VALUES_ONLY = ("eigvalsh", "svdvals")


class Sync(NamedTuple):
    """A place where the host waits for the device."""

    operation: str
    line: Line


class Device(TorchDispatchMode):
    """The pretend device, present within `with Device() as device:`.

    Every operation is done on the CPU with the tensors' numbers, so results are those of the CPU to
    the bit; only numbers drawn without a generator are others, as they are on a GPU.
    `place` is the device for torch, and `syncs` lists where the host waited for it.
    `double` is whether the device has float64.
    """

    present = None

    @classmethod
    def _should_skip_dynamo(cls):
        return False  # else each operation passes through the compiler's switch, for nothing

    def __init__(self, double=True):
        super().__init__()
        self.place, self.double, self.syncs = _registered(), double, []
        self._within = contextlib.ExitStack()

    def __enter__(self):
        self._within.enter_context(_installed(self))
        return super().__enter__()

    def __exit__(self, *error):
        super().__exit__(*error)
        self._within.close()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        to, stream = kwargs.get("device"), kwargs.get("generator")
        reads = DeviceTensor in types
        on_device = reads if to is None else to.type == NAME
        if stream is not None and (stream._cdata in DeviceGenerator.made) != on_device:
            where, other = (self.place, "the CPU") if on_device else ("the CPU", self.place)
            self.refuse(func, f"draws numbers on {where} from a stream of {other}")
        if not reads and not on_device:
            return func(*args, **kwargs)
        kind, sides = kind_of(func), Sides()
        inner_args, inner_kwargs = sides.inner(args), sides.inner(kwargs)
        self._check_sides(func, kind, args, sides)
        if waits(kind, args, on_device):
            self.syncs.append(Sync(str(func), line_now()))
        if on_device and to is not None:
            inner_kwargs["device"] = torch.device("cpu")
        with _own_stream() if kind.random and on_device and stream is None else _AS_IT_IS:
            found = func(*inner_args, **inner_kwargs)
        return self._outer(func, found, sides) if on_device else found

    def _outer(self, func, found, sides):
        """What an operation returned, with its tensors on the device."""
        if isinstance(found, (tuple, list)):
            return type(found)(self._outer(func, one, sides) for one in found)
        if not isinstance(found, torch.Tensor):
            return found
        if (known := sides.ours.get(id(found))) is not None:  # changed in place, or `out`
            if known.size() != found.size() or known.stride() != found.stride():
                self.refuse(func, "changes a shape in place, which this device cannot follow")
            return known
        if not self.double and found.dtype in DOUBLE:
            self.refuse(func, f"makes {found.dtype}, which {self.place} does not have")
        # the zeros that forward derivatives start from have no memory
        found = torch.zeros_like(found) if found._is_zerotensor() else found
        return DeviceTensor(found, self.place)

    def refuse(self, func, what):
        """Raise `Refused` in one line: the operation, what is wrong with it, and where it is."""
        raise Refused(f"{func} {what}; {line_now()}")

    def _check_sides(self, func, kind, args, sides):
        if kind.copies or not sides.ours or not sides.others:
            return
        if kind.indexes and isinstance(args[0], DeviceTensor):
            return
        if kind.joins or any(other.ndim > 0 for other in sides.others):
            shapes = ", ".join(str(tuple(other.shape)) for other in sides.others)
            self.refuse(func, f"mixes a tensor of the CPU, {shapes}, with one of {self.place}")


class Hook(torch._C._acc.PrivateUse1Hooks):
    """The device as torch sees it: for tests without it, it is not there."""

    def is_available(self):
        return Device.present is not None

    def has_primary_context(self, index):
        return Device.present is not None

    def is_built(self):
        return True


class Module(backend_registration._DummyBackendModule):
    """What torch asks of a device's module: its default stream, which is not the CPU's."""

    stream = torch.Generator().manual_seed(4711)

    def is_available(self):
        return Device.present is not None

    def manual_seed_all(self, seed):
        Module.stream.manual_seed(seed + 1)

    def get_rng_state(self, device=NAME):
        return Module.stream.get_state()

    def set_rng_state(self, state, device=NAME):
        Module.stream.set_state(state)


class DeviceGenerator(torch.Generator):
    """A random stream of the device."""

    made = {}  # by address, as an operation is given another object for the same stream
    device = property(lambda self: _registered())


class _AnyGenerator(type(torch.Generator)):
    def __instancecheck__(cls, one):
        return isinstance(one, torch._C.Generator)


class Generator(torch.Generator, metaclass=_AnyGenerator):
    """torch.Generator as long as the device is there: it makes the device's streams too."""

    def __new__(cls, device="cpu"):
        if torch.device(device).type == NAME:
            made = torch._C.Generator.__new__(DeviceGenerator)
            return DeviceGenerator.made.setdefault(made._cdata, made)
        return torch._C.Generator(device)


@cache
def _registered():
    """The device, of a type that torch learns here; a process can learn one."""
    backend_registration._setup_privateuseone_for_python_backend(NAME, Module(), Hook())
    # optimisers shall take the path that they take on a GPU, over lists of tensors
    optimizer._foreach_supported_types.append(DeviceTensor)
    _foreach_utils._foreach_supported_types.append(DeviceTensor)
    _KERNELS.impl("_local_scalar_dense", _number_in_a_list, "PrivateUse1")
    for name in filter(_would_be_split, torch._C._dispatch_get_all_op_names()):
        _KERNELS.impl(name, _never_reached, "PrivateUse1")
    return torch.device(NAME, 0)


_AS_IT_IS = contextlib.nullcontext()
_KERNELS = torch.library.Library("aten", "IMPL")


def _number_in_a_list(tensor):
    """A number that torch reads past the mode, where it makes a tensor of a list of tensors."""
    Device.present.syncs.append(Sync("aten._local_scalar_dense.default", line_now()))
    return tensor.inner.item()


def _would_be_split(name):
    """Whether torch has a kernel for the operation, and splits it up where a device has none."""
    has = torch._C._dispatch_has_kernel_for_dispatch_key
    return name.startswith("aten::") and has(name, "CPU") and has(name, "CompositeImplicitAutograd")


def _never_reached(*args, **kwargs):
    """A kernel that stands there only so that torch leaves the operation whole."""
    raise Refused("an operation went past the pretend device")


@contextlib.contextmanager
def _own_stream():
    """Let the CPU's default stream be the device's."""
    kept = torch.default_generator.get_state()
    torch.default_generator.set_state(Module.stream.get_state())
    try:
        yield
    finally:
        Module.stream.set_state(torch.default_generator.get_state())
        torch.default_generator.set_state(kept)


def _values_only(function):
    """`function`, one of `VALUES_ONLY`, as torch computes it for tensors of no other class.

    For tensors of a subclass, or within a mode, it takes the routine that finds the vectors too,
    whose values differ in the last bits.
    """

    def values(matrix, *args, **options):
        if matrix.requires_grad:
            return function(matrix, *args, **options)
        inner = matrix.inner if isinstance(matrix, DeviceTensor) else matrix
        with _disable_current_modes():
            found = function(inner, *args, **options)
        return found if inner is matrix else DeviceTensor(found, matrix.device)

    return values


@contextlib.contextmanager
def _installed(device):
    """Torch with the device: its streams, its copies, and backward passes in the caller's thread.

    In another thread a backward pass would have no line that can be named.
    """
    before = Device.present, torch.Generator, torch._C._only_lift_cpu_tensors()
    values = [getattr(torch.linalg, name) for name in VALUES_ONLY]
    for name, function in zip(VALUES_ONLY, values):
        setattr(torch.linalg, name, _values_only(function))
    Device.present, torch.Generator = device, Generator
    torch._C._set_only_lift_cpu_tensors(True)
    try:
        with torch.autograd.set_multithreading_enabled(False):
            yield
    finally:
        for name, function in zip(VALUES_ONLY, values):
            setattr(torch.linalg, name, function)
        Device.present, torch.Generator = before[:2]
        DeviceGenerator.made.clear()
        torch._C._set_only_lift_cpu_tensors(before[2])
