"""The columns of a record: what is written is read back, and what is no column is refused."""

import json
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onekl.training.columns import Column, Table, columns_of, lines, values_of

NAMES = st.text(min_size=1, max_size=6)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
SEEDS = 2
LEAVES = st.one_of(
    st.lists(NUMBERS, min_size=SEEDS, max_size=SEEDS),
    st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=SEEDS, max_size=SEEDS),
)
NESTS = st.dictionaries(
    NAMES,
    st.recursive(LEAVES, lambda inner: st.dictionaries(NAMES, inner, max_size=3), max_leaves=8),
    max_size=3,
)
FIELDS = st.one_of(st.text(max_size=4), st.integers(), NUMBERS, st.booleans(), st.none())


def there_and_back(values, size=SEEDS):
    return values_of([json.loads(text) for text in lines(values, size)])


def rounded(values):
    if isinstance(values, dict):
        return {key: rounded(part) for key, part in values.items()}
    if isinstance(values, list):
        return [rounded(part) for part in values]
    return float(f"{values:.6g}")


@given(NESTS)
def test_a_nest_is_read_back_to_six_digits_in_its_order(values):
    found = there_and_back(values)
    assert found == rounded(values) and json.dumps(found) == json.dumps(rounded(values))


@given(st.dictionaries(NAMES, FIELDS, max_size=4), st.dictionaries(NAMES, LEAVES, min_size=1))
def test_columns_with_fields_are_read_back(key, measures):
    found = there_and_back(columns_of(measures, **key))
    assert isinstance(found, Table) and len(found) == len(measures)
    for measure, numbers in measures.items():
        assert found.one(measure, **key) == rounded(numbers)
        assert {name: type(part) for name, part in found[0].key.items()} == {
            name: type(part) for name, part in key.items()
        }


def test_a_number_takes_ten_letters_on_average():
    """A record grows with its numbers alone: there is no size that the next chapter hits."""
    values = torch.randn(100, 100, generator=torch.Generator().manual_seed(0))
    (text,) = lines({"a": values}, 100)
    assert len(text) < 10 * 100 * 100


@pytest.fixture
def table():
    measures = {"modes": [8.0, 7.0], "share": torch.tensor([0.5, 0.25])}
    return there_and_back(
        [
            column
            for data in ("ring", "grid")
            for k in (1, 4)
            for column in columns_of(measures, data=data, k=k)
        ]
    )


def test_a_table_is_asked_by_fields(table):
    assert table.one("share", data="grid", k=4) == [0.5, 0.25]
    ring = table.where(data="ring")
    assert len(ring) == 4 and {column.key["k"] for column in ring} == {1, 4}


@pytest.mark.parametrize(
    "measure, fields, words",
    [
        ("mode", {"k": 1, "data": "ring"}, r"no column is mode \(k=1, data='ring'\); with these"),
        ("modes", {"k": 2}, r"no column is modes \(k=2\); no key has these fields"),
        ("modes", {"arm": 1}, "no key has these fields"),
        ("modes", {"k": 1}, r"2 columns are modes \(k=1\); name more fields"),
    ],
)
def test_an_unknown_column_is_one_clear_line(table, measure, fields, words):
    with pytest.raises(ValueError, match=words) as told:
        table.one(measure, **fields)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    "values, words",
    [
        ({"a": [1.0]}, r"a of \[\] has shape \(1,\).*each of 2 seeds"),
        ({"a": {"b": 3.0}}, r'b of \["a"\] has shape \(\)'),
        ({"a": [1.0, math.nan]}, "not finite"),
        ({("ring", 1): [1.0, 2.0]}, "is no name of a part of a record; take columns with fields"),
        ({1: [1.0, 2.0], "1": [1.0, 2.0]}, "twice"),
        ([Column({"k": 1}, "a", [1, 2]), Column({"k": 1}, "a", [3, 4])], "has 'a' twice"),
        ([Column({"k": (1, 2)}, "a", [1, 2])], r"the field k of a \(k=\(1, 2\)\) is no plain"),
    ],
)
def test_what_is_no_column_is_refused(values, words):
    with pytest.raises(ValueError, match=words) as told:
        lines(values, 2)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    "row", [1, [], [["a"]], [["a"], [1]], [[1], {"a": [1]}], ["a", {}], [{"k": 1}, {"a": 3}]]
)
def test_a_row_of_another_form_is_refused(row):
    with pytest.raises(ValueError, match="a column of an unknown form"):
        values_of([row])
