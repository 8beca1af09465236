"""The notebooks' tables: what an entry prints, and that text and HTML have the same entries."""

import pytest
import torch
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from onekl.measure.intervals import confidence_interval
from onekl.measure.table import Table

SEEDS = torch.tensor([1.0, 2.0, 4.5])


@pytest.mark.parametrize(
    "entry, digits, printed",
    [
        ("6.3 ± .5", 2, "6.3 ± .5"),
        (1437, 2, "1,437"),
        (-3, 2, "−3"),
        (True, 2, "yes"),
        (False, 2, "no"),
        (-0.001, 2, "0.00"),
        (0.126, {"c": 1}, "0.1"),
        (0.126, {"other": 1}, "0.13"),
        (torch.tensor(0.5), 1, "0.5"),
        (SEEDS, 2, "2.50 [−1.98, 6.98]"),
        (confidence_interval(SEEDS), 0, "2 [−2, 7]"),
    ],
)
def test_an_entry_is_printed(entry, digits, printed):
    assert Table({"r": {"c": entry}}, digits).lines[1] == ["r", printed]


def test_columns_are_aligned_and_a_row_may_lack_some():
    table = Table({"GAN": {"modes": 8, "quality": 95.8}, "data": {"quality": 98.92}}, 1, "ring")
    assert table.text() == ("ring  modes  quality\nGAN       8     95.8\ndata            98.9")


TEXTS = st.text("abπ<&\"'", max_size=5)
ROWS = st.dictionaries(TEXTS, st.dictionaries(TEXTS, TEXTS, max_size=3), min_size=1, max_size=3)


@given(ROWS)
def test_the_html_has_the_entries_of_the_table(rows):
    table = Table(rows, title="a < b")
    html = BeautifulSoup(table.html(), "html.parser")
    found = [[cell.text for cell in line.find_all(["th", "td"])] for line in html.find_all("tr")]
    assert found == table.lines and html.caption.text == "a < b"
    assert {cell["scope"] for cell in html.find_all("th")} == {"row", "col"}
    assert table._repr_mimebundle_() == {"text/plain": repr(table), "text/html": table.html()}


def test_a_table_without_rows_and_values_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="at least one row"):
        Table({})
    with pytest.raises(ValueError, match="shape"):
        Table({"r": {"c": torch.zeros(2, 2)}})
