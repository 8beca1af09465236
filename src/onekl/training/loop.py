"""The loop of a notebook: its statements, each with a digest that tells one loop from another.

A cell with the tag `loop` is part of it, and so is each statement of an earlier cell that gives a
value to a name which the loop uses, directly or through others.
A digest is of the statement's syntax tree, so comments, docstrings and line breaks do not matter;
it is the same for every version of Python.
"""

from __future__ import annotations

import ast
import copy
import hashlib
import json
import re
import symtable
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import Any

TAG = "loop"
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
HIDDEN = "counted_in_a_comprehension_"
MAGIC = re.compile(r"^(\s*)[%!].*$", re.MULTILINE)


@dataclass(frozen=True)
class Statement:
    """One statement at the top of a cell: what it sets, what it reads, and its digest."""

    node: ast.stmt
    sets: frozenset[str]
    reads: frozenset[str]

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits of what the statement says."""
        return hashlib.sha256(_told(self.node).encode()).hexdigest()[:12]

    @property
    def label(self) -> str:
        """The first name that the statement sets, or else the kind of statement that it is."""
        if isinstance(self.node, DEFINITIONS):
            return self.node.name
        names = [one.id for one in ast.walk(self.node) if isinstance(one, ast.Name)]
        first = [name for name in names if name in self.sets] or sorted(self.sets)
        return first[0] if first else type(self.node).__name__.lower()

    @property
    def is_named(self) -> bool:
        """Whether it gives a function, a class or a constant its name, which no other thing has."""
        return isinstance(self.node, DEFINITIONS) or self.label.isupper()


def loop_of(path: Path) -> dict[str, str]:
    """The digests of the notebook's loop, by what each statement sets, in the notebook's order.

    A path that is no notebook, code that is no Python, and a notebook without the tag raise
    ValueError.
    """
    found: dict[str, str] = {}
    for statement in _loop(path):
        label, number = statement.label, 1
        while label in found:
            number += 1
            label = f"{statement.label} ({number})"
        found[label] = statement.digest
    return found


def constants_of(path: Path, names: Mapping[str, Any]) -> dict[str, Any]:
    """The loop's constants, with the values that they have in the namespace `names`.

    A constant is a name in capitals, or one that is set to a literal, whose value is plain: a
    number, a text, or a nest of them.
    """
    found = {}
    for statement in _loop(path):
        if not isinstance(statement.node, (*DEFINITIONS, ast.Import, ast.ImportFrom)):
            for name in sorted(statement.sets & names.keys()):
                if name.isupper() or _is_literal(statement.node):
                    found[name] = _plain(names[name])
    return {name: value for name, value in found.items() if value is not NotImplemented}


def records_of(path: Path) -> list[str]:
    """The names of the records that the notebook's code makes with `record(NAME, …)`."""
    return [name for cell in code_cells(path) for name in _records(cell)]


def makes_record(cell: Mapping[str, Any]) -> bool:
    """Whether a cell of a notebook is code that makes a record."""
    return cell["cell_type"] == "code" and bool(_records(cell))


def _records(cell: Mapping[str, Any]) -> list[str]:
    return [
        node.args[0].value
        for statement in statements(_source(cell))
        for node in ast.walk(statement.node)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "record"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    ]


def code_cells(path: Path) -> list[dict[str, Any]]:
    """The notebook's code cells; ValueError for a path that is no notebook."""
    try:
        notebook = json.loads(Path(path).read_text(encoding="utf-8"))
        return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{path} is no notebook of format 4; give one with cells") from None


def statements(source: str) -> list[Statement]:
    """The statements of a cell, an import of several names as several; magics are left out.

    Code that is no Python raises SyntaxError.
    """
    tree = ast.parse(MAGIC.sub(r"\1pass", source))
    return [
        Statement(part, *_names(part))
        for node in tree.body
        for part in _parts(node)
        if not isinstance(part, ast.Pass)
    ]


def _loop(path: Path) -> list[Statement]:
    cells = code_cells(path)
    tagged = [TAG in cell["metadata"].get("tags", ()) for cell in cells]
    if not any(tagged):
        raise ValueError(
            f"no cell of {path} has the tag {TAG!r}; tag those that the record rests on"
        )
    last = len(tagged) - tagged[::-1].index(True)
    all_of_them = [
        (statement, of_loop)
        for cell, of_loop in zip(cells[:last], tagged)
        for statement in _parsed(cell, path)
    ]
    return _reached(all_of_them)


def _reached(all_of_them: list[tuple[Statement, bool]]) -> list[Statement]:
    """The statements of the loop, and those that set what it reads, in their order."""
    taken = {place for place, (_, of_loop) in enumerate(all_of_them) if of_loop}
    while True:
        read = {name for place in taken for name in all_of_them[place][0].reads}
        more = {p for p, (statement, _) in enumerate(all_of_them) if statement.sets & read}
        if more <= taken:
            return [all_of_them[place][0] for place in sorted(taken)]
        taken |= more


def _parsed(cell: dict[str, Any], path: Path) -> list[Statement]:
    try:
        return statements(_source(cell))
    except SyntaxError as error:
        raise ValueError(
            f"the cell {cell.get('id')} of {path} is no Python: {error.msg}, line {error.lineno}"
        ) from None


def _source(cell: dict[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def _parts(node: ast.stmt) -> Iterator[ast.stmt]:
    if isinstance(node, ast.Import):
        yield from (ast.Import([alias]) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from (ast.ImportFrom(node.module, [alias], node.level) for alias in node.names)
    else:
        yield node


def _names(node: ast.stmt) -> tuple[frozenset[str], frozenset[str]]:
    """The global names that a statement sets or changes, and those that it reads."""
    plain = _without_comprehensions_names(node)
    table = symtable.symtable(ast.unparse(plain), "cell", "exec")
    top = table.get_symbols()
    sets = {one.get_name() for one in top if one.is_assigned() or one.is_imported()}
    reads = {one.get_name() for one in top if one.is_referenced()} | set(_loads(plain))
    for inner in _inner(table):
        of_all = [one for one in inner.get_symbols() if one.is_global()]
        reads |= {one.get_name() for one in of_all}
        sets |= {one.get_name() for one in of_all if one.is_assigned()}
    hidden = {name for name in sets | reads if name.startswith(HIDDEN)}
    return frozenset((sets | _changed(node)) - hidden), frozenset(reads - hidden)


def _loads(node: ast.AST) -> Iterator[str]:
    """The names that are read outside of functions and classes, in comprehensions too."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield node.id
    if not isinstance(node, (*DEFINITIONS, ast.Lambda)):
        for child in ast.iter_child_nodes(node):
            yield from _loads(child)


def _without_comprehensions_names(node: ast.stmt) -> ast.stmt:
    """The statement with other names for what its comprehensions count with.

    Since Python 3.12 a table of symbols has them among the names around the comprehension.
    """
    node = copy.deepcopy(ast.fix_missing_locations(node))
    for one in ast.walk(node):
        generators = getattr(one, "generators", None)
        if not generators:
            continue
        counted = {
            part.id
            for generator in generators
            for part in ast.walk(generator.target)
            if isinstance(part, ast.Name)
        }
        outside = {id(part) for part in ast.walk(generators[0].iter)}
        for part in ast.walk(one):
            if isinstance(part, ast.Name) and part.id in counted and id(part) not in outside:
                part.id = f"{HIDDEN}{part.id}"
    return node


def _inner(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for child in table.get_children():
        yield child
        yield from _inner(child)


def _changed(node: ast.stmt) -> set[str]:
    """The names whose values the statement changes in place: `a.b = …`, `a[0] = …`, `a.add(…)`."""
    if isinstance(node, ast.Assign):
        places: Iterable[ast.expr] = node.targets
    elif isinstance(node, ast.AugAssign):
        places = [node.target]
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        places = [node.value.func]
    else:
        return set()
    return {name for place in places if (name := _owner(place))}


def _owner(place: ast.expr) -> str | None:
    if not isinstance(place, ast.Attribute | ast.Subscript):
        return None
    while isinstance(place, ast.Attribute | ast.Subscript):
        place = place.value
    return place.id if isinstance(place, ast.Name) else None


def _told(node: Any) -> str:
    """A syntax tree as text, without places, docstrings and what only some versions have."""
    if isinstance(node, list):
        return f"[{' '.join(map(_told, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = {name: getattr(node, name, None) for name in node._fields}
    if isinstance(node, DEFINITIONS):
        if ast.get_docstring(node, clean=False) is not None:
            fields["body"] = node.body[1:]
    inside = [
        f"{name}={_told(value)}"
        for name, value in fields.items()
        if value not in (None, []) and name not in ("ctx", "kind", "type_comment")
    ]
    if isinstance(node, ast.Constant):
        inside = [repr(node.value)]
    return f"{type(node).__name__}({' '.join(inside)})"


def _is_literal(node: ast.stmt) -> bool:
    """Whether the statement sets a name to a literal."""
    if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
        return False
    try:
        ast.literal_eval(node.value)
    except (ValueError, TypeError):
        return False
    return True


def _plain(value: Any) -> Any:
    """The value in JSON's kinds, or NotImplemented where it has others."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        found = {str(key): _plain(part) for key, part in value.items()}
        return NotImplemented if NotImplemented in found.values() else found
    if isinstance(value, tuple | list):
        parts = [_plain(part) for part in value]
        return NotImplemented if any(part is NotImplemented for part in parts) else parts
    return NotImplemented
