"""The tool that asks how sharp the tests are: what it draws, which tests it takes, its interval."""

import pytest
from cosmic_ray.work_item import MutationSpec

from mutants import AT_MOST, GROUPS, Timed, affordable, bare, reaching, spans, wilson
from paths import ROOT

SOURCE = '''"""What it is about."""
LIMIT = 3


@cache
def clipped(value: int | None, most: int = 2) -> int:
    """At most so much."""
    if value > LIMIT:
        value = (
            most + 1
        )
    return value


def other():
    return 0
'''


def test_annotations_and_docstrings_are_not_counted_and_all_else_is():
    def changed(old, new):
        assert SOURCE.count(old) == 1
        return bare(SOURCE.replace(old, new))

    assert changed("int | None", "int + None") == changed("-> int", "-> 0") == bare(SOURCE)
    assert changed("At most so much", "As much as it is") == bare(SOURCE)
    for old, new in (("> LIMIT", ">= LIMIT"), ("= 2", "= 3"), ("@cache\n", ""), ("LIMIT =", "L =")):
        assert changed(old, new) not in ("", bare(SOURCE))
    assert changed("return 0", "return 0 +") == ""


@pytest.mark.parametrize(
    "line, expected",
    [
        (8, [range(8, 9), range(5, 13)]),  # the head of the `if`, the function from its decorator
        (10, [range(9, 12), range(5, 13)]),  # a statement of three lines
        (5, [range(5, 13)]),
        (2, [range(2, 3)]),
    ],
)
def test_the_lines_that_belong_to_a_change_go_from_the_statement_outwards(line, expected):
    *inner, whole = spans(SOURCE, line)
    assert inner == expected and whole == range(17)


def test_the_tests_that_reach_the_statement_are_taken_and_those_around_it_at_load_alone(tmp_path):
    module = tmp_path / "module.py"
    module.write_text(SOURCE, encoding="utf-8")
    place = module.as_posix()

    def reached(name, *lines):
        return Timed(name, 1.0, {place: frozenset(lines)})

    quick, slow = reached("quick", 8, 12), reached("slow", 8, 9, 10, 12)
    loaded = reached("", 1, 2, 5, 6, 15)
    tests = [quick, slow, loaded]

    def of(line):
        mutant = MutationSpec(module, "core/NumberReplacer", 0, (line, 0), (line, 1))
        return [one.name for one in reaching(mutant, tests)]

    assert of(8) == ["quick", "slow"] and of(10) == ["slow"]
    assert of(5) == of(6) == of(2) == ["quick", "slow"]  # run at load: what is around it counts
    assert of(16) == []


def test_the_fastest_tests_are_taken_up_to_a_limit_and_one_in_any_case():
    tests = [Timed(str(seconds), seconds, {}) for seconds in (1.0, AT_MOST - 2, 2.0)]
    assert affordable(tests) == tests[:2]
    assert affordable([Timed("long", AT_MOST + 1, {})]) != [] and affordable([]) == []


@pytest.mark.parametrize(
    "killed, total, low, high",
    [(57, 60, 0.8630, 0.9829), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1)],
)
def test_wilsons_interval_is_the_textbooks(killed, total, low, high):
    assert wilson(killed, total) == pytest.approx((low, high), abs=1e-4)


def test_the_groups_name_code_and_tests_that_are_there():
    for group in GROUPS.values():
        assert (ROOT / group.code).is_dir()
        assert all((ROOT / place).exists() for place in group.tests)
