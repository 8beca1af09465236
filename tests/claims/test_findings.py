"""A finding that rests on a record says which one."""

import pytest

from onekl.claims.findings import MIME, Finding

RECORD = {
    "name": "toy",
    "profile": "full",
    "device": "CPU, 1 thread",
    "date": "2026-11-30",
    "commit": "abc1234",
    "seeds": [3, 4, 5, 6],
}


def test_a_finding_from_a_record_has_its_seeds_and_says_where_it_is_from():
    found = Finding.from_record(RECORD, "su-t9", "mixed", "0.1 [0, 0.2]", ("drawn faces",))
    assert (found.seeds, found.record) == (4, "toy")
    assert found.conditions == (
        "recorded run 'toy': full profile, CPU, 1 thread, 2026-11-30, commit abc1234",
        "drawn faces",
    )
    assert found._repr_mimebundle_()[MIME]["record"] == "toy"


def test_a_finding_from_a_record_is_refused_like_any_other():
    for wrong in ({"seeds": []}, {}):
        with pytest.raises(ValueError, match="su-t9"):
            Finding.from_record(RECORD | wrong, "su-t9", "mixed" if wrong else "proved", "1", ())


def test_a_finding_of_no_record_names_none():
    shown = Finding("su-t9", "mixed", 3, "0.1 [0, 0.2]", ("quick",))._repr_mimebundle_()[MIME]
    assert "record" not in shown
