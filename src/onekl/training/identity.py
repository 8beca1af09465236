"""Which run it is: everything that a loop's result rests on, as parts with names.

The parts are found from the frame of the loop: its code, and what that reaches through names,
defaults, closures and attributes.
Code of the notebook, of `onekl` and of files of one's own is followed; of an installed package the
name and the version are parts.
Nothing in a part is an address, an order of a set or a place in a file, so two processes of one
Python version find the same parts.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import inspect
import json
import re
import sys
import sysconfig
import types
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date
from enum import Enum
from fractions import Fraction
from pathlib import Path, PurePath
from typing import Any
from weakref import WeakKeyDictionary

import numpy
import torch
from torch import nn

from onekl.training import bytecode

PLAIN = (
    *(type(None), bool, int, float, complex, str, bytes, range, slice, type(...)),
    *(torch.device, torch.dtype, numpy.generic, numpy.dtype, PurePath, Fraction, date),
)
CODE = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type)
SHORT = 60  # a longer text is kept as a digest
DEPTH = 3  # how far the attributes of an installed package's objects are followed
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
OF_EVERY_MODULE = frozenset(vars(nn.Module()))
OF_EVERY_CLASS = frozenset(vars(type("", (), {}))) | bytecode.OF_THE_TEXT | {"__annotations__"}
BRACKETS = {list: "[]", tuple: "()"}
RUN = "onekl.training.run"  # it watches the loop, and is no part of it
# What a run had moved already when it was stopped starts where it started then.
_STARTS: WeakKeyDictionary[Any, dict[str, str]] = WeakKeyDictionary()


def parts_of(
    frame: types.FrameType,
    name: str,
    settings: Mapping[str, Any],
    state: Mapping[str, Any],
    generator: Any,
) -> dict[str, str]:
    """The parts of the run `name` whose loop stands in `frame`, each a name and a text.

    `state` and `generator` are what the run saves: their values are parts as they are when the run
    starts, and on a second try in the same process as they were on the first.
    """
    walk = _Walk(frame, state)
    for key, value in settings.items():
        walk.add(key, value)
    for key, value in state.items():
        walk.add(key, value)
    for one in walk.frames_of_the_loop(frame):
        walk.add_frame(one)
    for key, value in {**state, "the random numbers": generator}.items():
        walk.parts[f"the start of {key}"] = _start(name, value, walk)
    return walk.finished()


def forget_start(name: str, objects: Iterable[Any]) -> None:
    """The run `name` is over: what it moved starts from where it is now."""
    for one in objects:
        with suppress(KeyError, TypeError):
            _STARTS[one].pop(name, None)


def digest(parts: Any) -> str:
    """Twelve hexadecimal digits of a dict of parts, or of a text."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]


def difference(there: Mapping[str, str], here: Mapping[str, str], most: int = 4) -> str:
    """In words, on one line, what two dicts of parts differ in; the first `most` are named."""
    keys = [key for key in {**here, **there} if here.get(key) != there.get(key)]
    keys.sort(key=lambda key: _vague(key, there.get(key), here.get(key)))
    told = [_told(key, there.get(key), here.get(key)) for key in keys[:most]]
    more = [f"{len(keys) - most} more"] if len(keys) > most else []
    return "; ".join(told + more)


def _vague(key: str, there: str | None, here: str | None) -> int:
    """0 for a part whose values can be told, 2 for one that follows from others."""
    if key.startswith("the start of"):
        return 2
    return int(any(text is None or text.startswith("#") for text in (there, here)))


def _told(key: str, there: str | None, here: str | None) -> str:
    if there is None or here is None:
        return f"{key} is only {'here' if there is None else 'there'}"
    if there.startswith("#") or here.startswith("#"):
        return f"{key} is another one"
    return f"{key} is {there} there and {here} here"


def _start(name: str, part: Any, walk: _Walk) -> str:
    """Where a part of the state starts, found once for each run."""
    try:
        known = _STARTS.setdefault(part, {})
    except TypeError:  # it has no weak references, as None has not
        known = {}
    if name not in known:
        known[name] = f"#{digest(walk.start(part))}"
    return known[name]


def _short(text: str) -> str:
    return text if len(text) <= SHORT and "#" not in text else f"#{digest(text)}"


@functools.cache
def _followed(module: str | None) -> bool:
    """Whether the code of a module is read: the notebook's, ours, and files of one's own."""
    top = (module or "").partition(".")[0]
    if top in ("__main__", "onekl"):
        return True
    file = getattr(sys.modules.get(module or ""), "__file__", None)
    if file is None:
        return False
    path = Path(file).resolve()
    installed = {"site-packages", "dist-packages"} & {*path.parts}
    return not installed and not path.is_relative_to(Path(sysconfig.get_path("stdlib")).resolve())


class _Walk:
    """Collects parts; what is met twice is described once."""

    def __init__(self, frame: types.FrameType, state: Mapping[str, Any]) -> None:
        self.parts: dict[str, str] = {}
        self._home = frame.f_globals.get("__name__")
        self._moving = {
            _memory(tensor)
            for part in state.values()
            if isinstance(part, nn.Module)
            for tensor in part.state_dict(keep_vars=True).values()
            if isinstance(tensor, torch.Tensor)
        } - {0}
        self._texts: dict[int, tuple[Any, str]] = {}
        self._open: set[int] = set()
        self._seen: set[tuple[int, bytecode.Reference]] = set()
        self._depth = 0
        self._packages: set[str] = set()

    def finished(self) -> dict[str, str]:
        """The parts, with the versions of the packages that were met."""
        for package in sorted(self._packages):
            version = getattr(sys.modules.get(package), "__version__", None)
            if version is not None:
                self._put(f"the version of {package}", str(version))
        return self.parts

    def add(self, key: str, value: Any) -> None:
        """Make a part of a value, or one of each of its fields where they have names."""
        fields = self._fields(value)
        if fields is None or id(value) in self._open:
            self._put(key, _short(self.text(value)))
            return
        self._open.add(id(value))
        if not isinstance(value, dict):
            self._put(f"the kind of {key}", _short(self._class(type(value))))
        for name, part in fields.items():
            self.add(f"{key}.{name}", part)
        self._open.discard(id(value))

    def frames_of_the_loop(self, frame: types.FrameType | None) -> Iterator[types.FrameType]:
        """The frame itself, and where it is a generator's also the one that asks it for values."""
        while frame is not None:
            if self._follows(frame.f_globals.get("__name__")):
                yield frame
                if not frame.f_code.co_flags & inspect.CO_GENERATOR:
                    return
            frame = frame.f_back

    def add_frame(self, frame: types.FrameType) -> None:
        """The code of the loop, its local values, and what it reads from outside."""
        code = frame.f_code
        self._put(f"the loop in {code.co_name}", f"#{digest(bytecode.text(code))}")
        # Of an earlier try in the same process, names of the loop may have values.
        later = bytecode.stored_after(code, frame.f_lasti)
        if code.co_flags & inspect.CO_OPTIMIZED:
            for name, value in frame.f_locals.items():
                if not name.startswith("."):
                    self.add(name, value)
        self._add_references(code, frame.f_globals, later)

    def start(self, part: Any) -> str:
        """The values that a part of the state has now."""
        if isinstance(part, torch.optim.Optimizer):
            return self._values(part.state_dict()["state"])
        if hasattr(part, "state_dict"):
            return self._values(part.state_dict())
        return self._values(part.get_state()) if hasattr(part, "get_state") else self.text(part)

    def text(self, value: Any) -> str:
        """A value as text; functions and classes by their names, and parts of their own."""
        if isinstance(value, PLAIN) and not isinstance(value, Enum):
            return ADDRESS.sub("", repr(value))
        if id(value) not in self._texts:
            if id(value) in self._open:
                return "itself"
            self._open.add(id(value))
            # the value is kept, so that no other one gets its id
            self._texts[id(value)] = value, self._described(value)
            self._open.remove(id(value))
        return self._texts[id(value)][1]

    def _described(self, value: Any) -> str:
        for kinds, describe in self.KINDS:
            if isinstance(value, kinds):
                return describe(self, value)
        if hasattr(value, "__wrapped__"):
            return f"{type(value).__name__}({self.text(value.__wrapped__)})"
        return self._object(value)

    # What a value is made of

    def _fields(self, value: Any) -> dict[str, Any] | None:
        """The fields of a value that is told field by field."""
        if isinstance(value, torch.optim.Optimizer):
            return self._optimizer_fields(value)
        if isinstance(value, dict):
            return value if value and all(isinstance(key, str) for key in value) else None
        if isinstance(value, types.SimpleNamespace):
            return vars(value)
        told_whole = any(isinstance(value, kinds) for kinds, _ in self.KINDS)
        if told_whole or self._is_run(value) or not self._follows(type(value).__module__):
            return None
        return self._attributes(value)

    def _optimizer_fields(self, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for number, group in enumerate(optimizer.param_groups):
            of_group = f" of group {number}" if number else ""
            plain = {key: value for key, value in group.items() if key != "params"}
            if "initial_lr" in plain:  # a schedule moves the rate itself
                plain["lr"] = plain.pop("initial_lr")
            shapes = [tuple(one.shape) for one in group["params"]]
            fields |= {f"{key}{of_group}": value for key, value in plain.items()}
            fields[f"shapes{of_group}"] = shapes
        return fields

    def _attributes(self, value: Any) -> dict[str, Any]:
        """An object's attributes; of one with a random state, which moves, the public ones."""
        slots = {
            name: getattr(value, name)
            for kind in type(value).__mro__
            for name in getattr(kind, "__slots__", ())
            if hasattr(value, name) and name not in ("__dict__", "__weakref__")
        }
        found = {**slots, **getattr(value, "__dict__", {})}
        if hasattr(value, "get_state") and hasattr(value, "set_state"):
            return {key: part for key, part in found.items() if not key.startswith("_")}
        return found

    def _follows(self, module: str | None) -> bool:
        return module == self._home or _followed(module)

    def _is_run(self, value: Any) -> bool:
        return any(kind.__module__ == RUN for kind in type(value).__mro__)

    def _object(self, value: Any) -> str:
        kind = self._class(type(value))
        if self._is_run(value):
            return kind
        if self._follows(type(value).__module__):
            return f"{kind} {self._mapping(self._attributes(value))}"
        if hasattr(value, "__array__") or hasattr(value, "__array_interface__"):
            return f"{kind} {self._array(numpy.asarray(value))}"
        if hasattr(value, "__dict__"):
            return f"{kind} {self._public(value)}"
        return kind if ADDRESS.search(repr(value)) else repr(value)

    def _public(self, value: Any) -> str:
        """The public attributes of an installed package's object, down to the depth `DEPTH`."""
        if self._depth >= DEPTH:
            return "…"
        self._depth += 1
        fields = self._attributes(value)
        found = self._mapping({key: fields[key] for key in fields if not key.startswith("_")})
        self._depth -= 1
        return found

    def _mapping(self, value: Mapping[Any, Any]) -> str:
        inside = ", ".join(f"{self.text(key)}: {self.text(part)}" for key, part in value.items())
        return f"{{{inside}}}"

    def _sequence(self, value: Iterable[Any]) -> str:
        left, right = BRACKETS.get(type(value)) or (f"{self._class(type(value))}(", ")")
        return f"{left}{', '.join(map(self.text, value))}{right}"

    def _set(self, value: Iterable[Any]) -> str:
        return f"{type(value).__name__}({', '.join(sorted(map(self.text, value)))})"

    def _enum(self, value: Enum) -> str:
        return f"{self._class(type(value))}.{value.name}"

    def _tensor(self, value: torch.Tensor) -> str:
        kind = f"tensor {str(value.dtype)[6:]} {tuple(value.shape)}"
        if value.layout != torch.strided or value.is_meta:
            return f"{kind} {value.layout}"
        if _memory(value) in self._moving:
            return kind
        return f"{kind} {_bytes(value)}"

    def _values(self, value: Any) -> str:
        """A nest of tensors with their bytes, those of the state too."""
        moving, self._moving, texts, self._texts = self._moving, set(), self._texts, {}
        found = self.text(value)
        self._moving, self._texts = moving, texts
        return found

    def _array(self, value: numpy.ndarray) -> str:
        kind = f"array {value.dtype} {value.shape}"
        if value.dtype.hasobject:
            return f"{kind} {self._sequence(value.ravel().tolist())}"
        return f"{kind} {hashlib.sha256(value.tobytes()).hexdigest()}"

    def _module(self, value: nn.Module) -> str:
        """How it prints, its tensors, and of each part the class, the attributes and the hooks."""
        parts = list(value.modules())
        own = [
            {key: part for key, part in vars(one).items() if key not in OF_EVERY_MODULE}
            for one in parts
        ]
        hooks = [
            [*vars(one)["_forward_pre_hooks"].values(), *vars(one)["_forward_hooks"].values()]
            for one in parts
        ]
        kinds = [self._class(type(one)) for one in parts]
        told = [kinds, value.state_dict(keep_vars=True), own, hooks]
        return ADDRESS.sub("", repr(value)) + self.text(told)

    def _optimizer(self, value: torch.optim.Optimizer) -> str:
        return f"{self._class(type(value))} {self._mapping(self._optimizer_fields(value))}"

    def _schedule(self, value: Any) -> str:
        return f"{self._class(type(value))} {self.text(getattr(value, 'lr_lambdas', None))}"

    def _generator(self, value: torch.Generator) -> str:
        return f"generator of seed {value.initial_seed()}"

    def _python_module(self, value: types.ModuleType) -> str:
        self._met(value.__name__)
        return f"module {value.__name__}"

    # Functions and classes

    def _function(self, value: types.FunctionType) -> str:
        module = value.__globals__.get("__name__")
        cells = self._cells(value)
        if not self._follows(module):
            self._met(module)
            inside = [self.text(part) for part in cells.values()]
            inside += [self.text(value.__wrapped__)] if hasattr(value, "__wrapped__") else []
            return f"function {module}.{value.__qualname__}({', '.join(inside)})"
        name = self._full(module, value.__qualname__)
        key = self._put(f"the function {name}", f"#{digest(bytecode.text(value.__code__))}")
        self._texts[id(value)] = value, key  # now: it may call itself
        for argument, default in self._defaults(value).items():
            self.add(f"the default {argument} of {name}", default)
        for variable, part in cells.items():
            self.add(f"{variable} in {name}", part)
        self._add_references(value.__code__, value.__globals__, set())
        return key

    def _defaults(self, value: types.FunctionType) -> dict[str, Any]:
        code, defaults = value.__code__, value.__defaults__ or ()
        names = code.co_varnames[code.co_argcount - len(defaults) : code.co_argcount]
        return {**dict(zip(names, defaults)), **(value.__kwdefaults__ or {})}

    def _cells(self, value: types.FunctionType) -> dict[str, Any]:
        found = {}
        for name, cell in zip(value.__code__.co_freevars, value.__closure__ or ()):
            with suppress(ValueError):  # a name that has no value yet
                found[name] = cell.cell_contents
        return found

    def _method(self, value: types.MethodType) -> str:
        return f"{self.text(value.__func__)} of {self.text(value.__self__)}"

    def _builtin(self, value: Any) -> str:
        owner = getattr(value, "__self__", None)
        if owner is None or isinstance(owner, types.ModuleType | type):
            self._met(getattr(value, "__module__", None))
            return f"function {getattr(value, '__module__', None)}.{value.__qualname__}"
        return f"{value.__qualname__} of {self.text(owner)}"

    def _partial(self, value: functools.partial) -> str:
        given = f"{self.text(list(value.args))} {self._mapping(value.keywords)}"
        return f"partial({self.text(value.func)}, {given})"

    def _descriptor(self, value: Any) -> str:
        names = ("__func__", "fget", "fset", "func")
        inside = [self.text(getattr(value, name)) for name in names if hasattr(value, name)]
        return f"{type(value).__name__}({', '.join(inside)})"

    def _class(self, value: type) -> str:
        if id(value) in self._texts:
            return self._texts[id(value)][1]
        name = f"class {self._full(value.__module__, value.__qualname__)}"
        self._texts[id(value)] = value, name
        if not self._follows(value.__module__):
            self._met(value.__module__)
        elif value.__module__ != RUN:
            bases = [self._class(base) for base in value.__bases__]
            self._put(f"the bases of {name}", _short(str(bases)))
            for key, part in vars(value).items():
                if key not in OF_EVERY_CLASS:
                    self.add(f"{key} of {name}", part)
        return name

    def _full(self, module: str | None, name: str) -> str:
        return name if module in (self._home, "__main__", "builtins") else f"{module}.{name}"

    def _met(self, module: str | None) -> None:
        top = (module or "").partition(".")[0]
        if top not in ("", "builtins", "onekl", "__main__"):
            self._packages.add(top)

    def _add_references(
        self, code: types.CodeType, names: dict[str, Any], left_out: set[str]
    ) -> None:
        for reference in bytecode.references(code):
            known = (id(names), reference)
            if known in self._seen or reference.name in left_out:
                continue
            self._seen.add(known)
            self._add_reference(reference, names)

    def _add_reference(self, reference: bytecode.Reference, names: dict[str, Any]) -> None:
        if reference.imported:
            if not self._follows(reference.name):
                return self._met(reference.name)
            value, told = importlib.import_module(reference.name), reference.name
        elif reference.name in names:
            told = self._full(names.get("__name__"), reference.name)
            value = names[reference.name]
        else:
            return None  # Python's own, or a name that has no value yet
        for attribute in reference.attributes:
            if not isinstance(value, types.ModuleType):
                break
            self._met(value.__name__)
            told, installed = f"{value.__name__}.{attribute}", not self._follows(value.__name__)
            value = getattr(value, attribute, None)
            if installed and not isinstance(value, (*CODE, *PLAIN)):
                return None  # as os.environ, which is the machine's
        return self.add(told, value)

    def _put(self, key: str, text: str) -> str:
        """Add a part; another one of the same name, as lambdas have it, is counted."""
        number, told = 1, key
        while self.parts.get(told, text) != text:
            number += 1
            told = f"{key} ({number})"
        self.parts[told] = text
        return told

    KINDS = (
        (nn.Module, _module),
        (torch.Tensor, _tensor),
        (numpy.ndarray, _array),
        (torch.optim.Optimizer, _optimizer),
        (torch.optim.lr_scheduler.LRScheduler, _schedule),
        (torch.Generator, _generator),
        (types.ModuleType, _python_module),
        (types.FunctionType, _function),
        (types.MethodType, _method),
        (functools.partial, _partial),
        ((types.BuiltinFunctionType, types.MethodDescriptorType, numpy.ufunc), _builtin),
        ((staticmethod, classmethod, property, functools.cached_property), _descriptor),
        (type, _class),
        (Enum, _enum),
        ((dict, types.MappingProxyType), _mapping),
        ((set, frozenset), _set),
        ((list, tuple, deque), _sequence),
    )


def _memory(value: torch.Tensor) -> int:
    """A number of the memory that a tensor's numbers lie in; of the tensor, where that has none."""
    try:
        return value.untyped_storage().data_ptr()
    except RuntimeError:  # a device that is served from Python
        return id(value)


def _bytes(value: torch.Tensor) -> str:
    plain = value.detach().resolve_conj().resolve_neg().cpu().contiguous().reshape(-1)
    return hashlib.sha256(plain.view(torch.uint8).numpy().tobytes()).hexdigest()
