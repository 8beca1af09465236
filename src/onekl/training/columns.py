"""The numbers of a record, as columns: a number or a list of numbers for each seed, under a key.

A key is either a path of names, as in a nest of dicts, or a set of named fields, as
`{"data": "ring", "k": 4}`, with the name of a measure.
In a record's file a column is one line of decimal numbers with six significant digits: it can be
read without this package, and a change of one column is a change of one line.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import torch

FIELDS = (str, int, float, bool, type(None))


@dataclass(frozen=True)
class Column:
    """One measure of one setting: `numbers` (S, …) of the setting with the fields `key`.

    A field's value is a text, a number, a truth value or None.
    """

    key: Mapping[str, Any]
    measure: str
    numbers: Any

    def words(self) -> str:
        """The measure and the key as one would write them: `modes (data='ring', k=4)`."""
        return f"{self.measure} ({', '.join(f'{k}={v!r}' for k, v in self.key.items())})"


class Table(Sequence[Column]):
    """The columns of a record, to be asked for by the fields of their keys."""

    def __init__(self, columns: Iterable[Column]) -> None:
        self._columns = list(columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __getitem__(self, place: Any) -> Any:
        return self._columns[place]

    def where(self, **fields: Any) -> Table:
        """The columns whose keys have these fields."""
        return Table(one for one in self if fields.items() <= one.key.items())

    def one(self, measure: str, **fields: Any) -> list:
        """The numbers (S, …) of the only column of a measure with these fields.

        None or several of them raise ValueError.
        """
        found = [column for column in self.where(**fields) if column.measure == measure]
        if len(found) == 1:
            return found[0].numbers
        asked = Column(fields, measure, ()).words()
        if found:
            raise ValueError(f"{len(found)} columns are {asked}; name more fields of the key")
        measures = ", ".join(sorted({column.measure for column in self.where(**fields)}))
        hint = f"with these fields there are {measures}" if measures else "no key has these fields"
        raise ValueError(f"no column is {asked}; {hint}")


def columns_of(measures: Mapping[str, Any], **key: Any) -> list[Column]:
    """A column for each measure of one setting, `measures` by name, `key` the setting's fields."""
    return [Column(key, measure, numbers) for measure, numbers in measures.items()]


def lines(values: Mapping[Any, Any] | Iterable[Column], size: int) -> list[str]:
    """A record's columns as JSON texts, one for each key, with one line for each measure.

    `values` is a nest of dicts or a list of columns, whose innermost values are lists or tensors
    with one entry for each of `size` seeds.
    Another shape, a value that is not finite, a key that is no name, a field that is no plain value
    and a column that is there twice raise ValueError.
    """
    rows = list(_rows(values, ()) if isinstance(values, Mapping) else map(_row, values))
    named = Counter((_json(key), measure) for key, measure, _ in rows)
    for (key, measure), times in named.items():
        if times > 1:
            raise ValueError(f"{key} has {measure!r} twice; give each column its own key")
    texts = []
    for key, group in groupby(rows, lambda row: _json(row[0])):
        measures = [
            f"{_json(measure)}:{_numbers(numbers, size, f'{measure} of {key}')}"
            for _, measure, numbers in group
            if measure is not None
        ]
        inside = ",\n".join(["", *measures])[1:]
        texts.append(f"[{key},{{{inside}}}]")
    return texts


def values_of(rows: Iterable[Any]) -> dict[str, Any] | Table:
    """What `lines` was given, from its texts as JSON: a nest of dicts of lists, or a table.

    A row of another form raises ValueError.
    """
    rows = list(rows)
    for row in rows:
        if not _is_row(row):
            raise ValueError(f"it has a column of an unknown form, {_json(row)[:60]}")
    if rows and isinstance(rows[0][0], dict):
        return Table(
            Column(key, measure, _floats(numbers))
            for key, measures in rows
            for measure, numbers in measures.items()
        )
    nest: dict[str, Any] = {}
    for path, measures in rows:
        inner = nest
        for name in path:
            inner = inner.setdefault(name, {})
        inner |= {measure: _floats(numbers) for measure, numbers in measures.items()}
    return nest


def _is_row(row: Any) -> bool:
    match row:
        case [[*path], dict() as measures]:
            known = all(isinstance(name, str) for name in path)
        case [dict(), dict() as measures]:
            known = True
        case _:
            return False
    return known and all(isinstance(numbers, list) for numbers in measures.values())


def _rows(values: Mapping[Any, Any], path: tuple[str, ...]) -> Iterator[tuple]:
    """Path, measure and numbers of each column of a nest; no measure where a dict is empty."""
    if not values:
        yield list(path), None, None
    for key, value in values.items():
        if isinstance(key, bool) or not isinstance(key, str | int | float):
            raise ValueError(f"{key!r} is no name of a part of a record; take columns with fields")
        if isinstance(value, Mapping):
            yield from _rows(value, (*path, str(key)))
        else:
            yield list(path), str(key), value


def _row(column: Column) -> tuple:
    for name, value in column.key.items():
        if not isinstance(value, FIELDS):
            raise ValueError(
                f"the field {name} of {column.words()} is no plain value; "
                "write it as a text or a number"
            )
    return dict(column.key), column.measure, column.numbers


def _numbers(values: Any, size: int, where: str) -> str:
    tensor = torch.as_tensor(values, dtype=torch.float64)
    if tensor.ndim == 0 or len(tensor) != size:
        raise ValueError(
            f"{where} has shape {tuple(tensor.shape)}; "
            f"it must have one entry for each of {size} seeds"
        )
    if not torch.isfinite(tensor).all():
        raise ValueError(f"{where} has values that are not finite")
    return _compact(tensor.tolist())


def _compact(values: list | float) -> str:
    if not isinstance(values, list):
        return "-0.0" if f"{values:.6g}" == "-0" else f"{values:.6g}"  # JSON's -0 has no sign
    return f"[{','.join(map(_compact, values))}]"


def _floats(values: list) -> list:
    return [_floats(one) if isinstance(one, list) else float(one) for one in values]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
