"""What the tests over all inputs share: public functions, shapes that are meant, devices without.

A shape is written as in the docstrings: "... D" is any leading axes and then one of length D, and
a letter or "..." stands for the same lengths in all arguments of a call; a digit is a length.
"""

import inspect
import math
import pkgutil
from importlib import import_module

import mpmath
import torch
from hypothesis import strategies as st

from onekl.training.seeds import Seeds

DTYPES = [torch.float32, torch.float64]
REFUSED = [torch.float16, torch.bfloat16, torch.int64, torch.complex64]


def public(package):
    """The package's public functions by name, with those of all its modules."""
    modules = [
        import_module(f"{package.__name__}.{one.name}")
        for one in pkgutil.iter_modules(package.__path__)
    ]
    return {
        name: function
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }


def lengths(letters):
    """Lengths for the axes' letters, and up to two for the leading axes."""
    some = st.integers(1, 3)
    return st.fixed_dictionaries(
        {
            letter: st.lists(some, max_size=2).map(tuple) if letter == "..." else some.map(one)
            for letter in letters
            if not letter.isdigit()
        }
    )


def one(length):
    return (length,)


def streams(count):
    """The random streams of that many seeds."""
    return Seeds(range(count)).child("draws")


def shape_of(spec, found):
    return sum(
        ((int(letter),) if letter.isdigit() else found[letter] for letter in spec.split()), ()
    )


def bound(spec, shape, found):
    """Whether `shape` is written `spec`, with the letters' lengths so far; adds to them."""
    letters = spec.split()
    named = len(letters) - ("..." in letters)
    if len(shape) < named or (named == len(letters) and len(shape) > named):
        return False
    lead = [("...", shape[: len(shape) - named])] if "..." in letters else []  # it stands first
    last = zip(letters[len(letters) - named :], map(one, shape[len(shape) - named :]))
    parts = lead + list(last)
    if any(part == (0,) for _, part in parts[len(lead) :]):
        return False
    return all(
        part == ((int(letter),) if letter.isdigit() else found.setdefault(letter, part))
        for letter, part in parts
    )


def meant(specs, result):
    """The function that says which shape shapes written `specs` give, or None where they do not."""

    def of(**shapes):
        found = {}
        fit = all(bound(spec, shapes[name], found) for name, spec in specs.items())
        return shape_of(result, found) if fit else None

    return of


def fits(shape, whole):
    """The last axes of `whole`, or all of them, some of length 1 (the rule of `require_fit`)."""
    last = any(shape == whole[start:] for start in range(len(whole) + 1))
    return last or (len(shape) == len(whole) and all(a in (1, b) for a, b in zip(shape, whole)))


def joined(first, second):
    """The shape of two shapes of which each may be longer, or None (the rule of `common_shape`)."""
    if len(first) != len(second):
        short, long = sorted((first, second), key=len)
        return long if fits(short, long) else None
    pairs = list(zip(first, second))
    if any(a != b and 1 not in (a, b) for a, b in pairs):
        return None
    return tuple(b if a == 1 else a for a, b in pairs)


CHANGES = {
    "nothing": lambda shape, at: shape,
    "an axis left out": lambda shape, at: shape[:at] + shape[at + 1 :],
    "an axis of length 1": lambda shape, at: shape[:at] + (1,) + shape[at + 1 :],
    "an axis added": lambda shape, at: shape[:at] + (1,) + shape[at:],
    "an axis longer": lambda shape, at: (
        shape[:at] + tuple(n + 1 for n in shape[at : at + 1]) + shape[at + 1 :]
    ),
    "an axis empty": lambda shape, at: shape[:at] + (0,) + shape[at + 1 :],
    "axes turned round": lambda shape, at: shape[::-1],
    "leading axes left out": lambda shape, at: shape[at:],
    "no axes": lambda shape, at: (),
}


@st.composite
def shapes(draw, specs):
    """Shapes for the arguments: those that `specs` mean, of which some are changed in one place."""
    found = draw(lengths({letter for spec in specs.values() for letter in spec.split()}))
    made = {}
    for name, spec in specs.items():
        shape = shape_of(spec, found)
        # nothing is changed about as often as something
        change = draw(st.sampled_from(["nothing"] * 6 + list(CHANGES)))
        made[name] = CHANGES[change](shape, draw(st.integers(0, max(len(shape) - 1, 0))))
    return made


def extremes(dtype):
    """Ordinary and extreme numbers: 0, subnormal, tiny, near 1, and up to the largest there is."""
    info = torch.finfo(dtype)
    tiny = [0.0, info.smallest_normal, info.smallest_normal * 2**-20, info.tiny * info.eps]
    sizes = [*tiny, 1e-30, 1e-8, 0.3, 1.0, 3.0, 30.0, 80.0, 90.0, 180.0, 360.0, 700.0, 1500.0]
    sizes += [1e4, 1e20, math.sqrt(info.max), info.max * 1e-8, 3e38, info.max / 2.5, info.max]
    return torch.tensor([s * a for a in sizes for s in (1, -1)], dtype=torch.float64).to(dtype)


# Units in the last place of the size: each of some ten operations rounds by at most half a one or,
# the exponential, by one, and a sum of four terms by one and a half.
FEW = 12


def wrong(found, value, size, dtype):
    """What is wrong with `found`, or None: its distance in units in the last place of the size."""
    info = torch.finfo(dtype)
    if math.isnan(found):
        return "NaN"
    if math.isinf(found):
        # what is added up, or twice that, is too large for the dtype
        return None if 4 * size > info.max and found * value > 0 else "infinite"
    apart = abs(mpmath.mpf(found) - value)
    # below the smallest normal number digits are lost
    return None if apart <= FEW * (info.eps * size + info.smallest_normal) else "off"


def refusal(call, names, *arguments, **named):
    """The one clear line of the ValueError that the call raises, which names one of `names`."""
    try:
        value = call(*arguments, **named)
    except ValueError as error:
        line = str(error)
    else:
        raise AssertionError(f"nothing was refused; the call returned {value}")
    assert "\n" not in line and 20 < len(line) < 300, line
    assert any(name in line for name in names), f"{line!r} names none of {names}"
    return line


class AppleTensor(torch.Tensor):
    """A tensor as on an Apple GPU: it can have no float64, and does not mix with the CPU's.

    What its methods give lies there too, but for `cpu()`; its values are the CPU's.
    """

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func == torch.Tensor.device.__get__:
            return torch.device("mps")
        if func == torch.Tensor.cpu or (func == torch.Tensor.to and torch.device("cpu") in args):
            with torch._C.DisableTorchFunctionSubclass():
                return args[0].as_subclass(torch.Tensor)
        if func != torch.Tensor.to:
            tensors = [a for a in args if isinstance(a, torch.Tensor)]
            if any(not isinstance(a, cls) and a.ndim > 0 for a in tensors):
                raise RuntimeError("expected all tensors to be on the same device")
        found = super().__torch_function__(func, types, args, kwargs or {})
        if isinstance(found, cls) and found.dtype == torch.float64:
            raise TypeError("cannot convert an MPS tensor to float64")
        return found
