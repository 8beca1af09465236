"""What a code object does, as text: the same with other comments, docstrings and line breaks.

The code that runs is what is read, not its source: the file may have changed since it was loaded.
"""

from __future__ import annotations

import dis
import inspect
from bisect import bisect_left
from collections.abc import Iterator
from itertools import takewhile
from types import CodeType
from typing import Any, NamedTuple

# They carry no meaning of their own: a long argument, a line's mark for debuggers, a cache.
NOTHING = {"EXTENDED_ARG", "NOP", "CACHE"}
# What the body of a class says about its text.
OF_THE_TEXT = {"__doc__", "__firstlineno__", "__static_attributes__"}
GLOBAL = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_GLOBALS"}
ATTRIBUTE = {"LOAD_ATTR", "LOAD_METHOD"}
STORE = {"STORE_NAME", "STORE_GLOBAL"}
FLAGS = (
    inspect.CO_VARARGS
    | inspect.CO_VARKEYWORDS
    | inspect.CO_GENERATOR
    | inspect.CO_COROUTINE
    | inspect.CO_ASYNC_GENERATOR
)


class Reference(NamedTuple):
    """A global name that code reads, with the attributes that it takes of it at once.

    `imported` says that `name` is a module that the code imports itself.
    """

    name: str
    attributes: tuple[str, ...]
    imported: bool = False


def text(code: CodeType) -> str:
    """The code's signature, instructions and handlers of exceptions, one instruction a line."""
    kept = _instructions(code)
    offsets = [one.offset for one in kept]
    jumps = {*dis.hasjrel, *dis.hasjabs}
    lines = [f"{code.co_argcount} {code.co_posonlyargcount} {code.co_kwonlyargcount}"]
    lines.append(f"{code.co_flags & FLAGS} {code.co_varnames[: _arguments(code)]}")
    for one in kept:
        to = bisect_left(offsets, one.argval) if one.opcode in jumps else _constant(one.argval)
        lines.append(f"{one.opname} {to}")
    for entry in dis.Bytecode(code).exception_entries:
        places = [bisect_left(offsets, at) for at in (entry.start, entry.end, entry.target)]
        lines.append(f"handler {places} {entry.depth} {entry.lasti}")
    return "\n".join(lines)


def references(code: CodeType) -> list[Reference]:
    """The global names that the code and the functions inside it read, each once, in order."""
    return list(dict.fromkeys(_references(code)))


def stored_after(code: CodeType, offset: int) -> set[str]:
    """The global names that the code gives a value only after the instruction at `offset`."""
    first: dict[str, int] = {}
    for one in _instructions(code):
        if one.opname in STORE:
            first.setdefault(one.argval, one.offset)
    return {name for name, at in first.items() if at > offset}


def _instructions(code: CodeType) -> list[dis.Instruction]:
    kept: list[dis.Instruction] = []
    for one in dis.get_instructions(code):
        if one.opname in NOTHING:
            continue
        if one.opname == "STORE_NAME" and one.argval in OF_THE_TEXT and kept:
            kept.pop()  # the value that would be stored
        else:
            kept.append(one)
    return kept


def _references(code: CodeType) -> Iterator[Reference]:
    kept = _instructions(code)
    for place, one in enumerate(kept):
        if one.opname in GLOBAL:
            yield Reference(one.argval, tuple(_names(kept[place + 1 :], ATTRIBUTE)))
        elif one.opname == "IMPORT_NAME":
            after = takewhile(lambda later: later.opname != "IMPORT_NAME", kept[place + 1 :])
            for later in after:
                if later.opname == "IMPORT_FROM":
                    yield Reference(one.argval, (later.argval,), imported=True)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _references(constant)


def _names(instructions: list[dis.Instruction], kinds: set[str]) -> Iterator[str]:
    for one in instructions:
        if one.opname not in kinds:
            return
        yield one.argval


def _arguments(code: CodeType) -> int:
    return code.co_argcount + code.co_kwonlyargcount


def _constant(value: Any) -> str:
    if isinstance(value, CodeType):
        return f"({text(value)})"
    if isinstance(value, tuple):
        return f"({', '.join(map(_constant, value))})"
    if isinstance(value, frozenset):  # its order is another one in each process
        return f"{{{', '.join(sorted(map(_constant, value)))}}}"
    return repr(value)
