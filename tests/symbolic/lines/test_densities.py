"""The lines of statements on unknown densities: found, led by their rules, and true in numbers."""

import itertools
import re
from dataclasses import replace
from functools import cache
from random import Random

import mpmath
import pytest
from sympy import Add, Mul, log, symbols

from onekl.chapters import claim, stated_claims
from onekl.chapters.gan.claims import HALF, D, data, model, x
from onekl.chapters.joint_kl.claims import P
from onekl.chapters.museum.claims import SPECIMENS
from onekl.symbolic.algebra import KL, SumOrIntegral
from onekl.symbolic.lines.display import display, width
from onekl.symbolic.lines.line import AT_LEAST, EQUAL, RULES, SAME, START, Line, require_rules
from onekl.symbolic.lines.printer import LinePrinter
from onekl.symbolic.lines.rules import (
    DEFINITION,
    DOES_NOT_VARY,
    EQUATION,
    LOG_OF_PRODUCT,
    NEVER_NEGATIVE,
    REWRITES,
)
from onekl.symbolic.mutants import mutants
from onekl.symbolic.numeric import DIGITS, compiled
from onekl.symbolic.objective import SameObjective
from onekl.symbolic.premises import using
from onekl.symbolic.proof import NotProved
from onekl.symbolic.sampling import RandomTables
from onekl.symbolic.statements import Bound, Identity, Pushforward, difference, shortfall

KINDS = (Identity, Bound, Pushforward, SameObjective)
ON_DENSITIES = [*REWRITES, EQUATION, "law of a map", NEVER_NEGATIVE, DOES_NOT_VARY]


def statements():
    """Each statement on unknown densities once, with a name for the test."""
    found = {}
    for one in (*stated_claims().values(), *(specimen.true for specimen in SPECIMENS)):
        for number, statement in enumerate((*one.statements, *one.also)):
            if type(statement) in KINDS and isinstance(statement.instances, RandomTables):
                found.setdefault(statement, f"{one.id}-{number}")
    return [pytest.param(statement, id=name) for statement, name in found.items()]


@cache
def lines_of(statement):
    """The statement's lines, walked once."""
    return statement.derivation()


def ends(statement):
    """What the first and the last line of a statement have to say."""
    if isinstance(statement, Bound):
        return statement.upper, statement.lower
    if isinstance(statement, SameObjective):
        return statement.objective, statement.other
    tested = statement._tested() if isinstance(statement, Pushforward) else statement
    return tested.left, tested.right


def instances(statement, count=3):
    """Random instances on which no density vanishes, so that every line has a value."""
    with mpmath.workdps(DIGITS):
        drawn = (statement.instances.draw(Random(f"lines-{k}"), k) for k in itertools.count(1))
        positive = (one for one in drawn if all(map(all_positive, one.tables.values())))
        return list(itertools.islice(positive, count))


def all_positive(table):
    """Whether no cell of a table is 0."""
    return all(cell > 0 for cell in table.values())


def gaps(before, line, statement, drawn):
    """By how much two lines are apart, or the one before falls short, on each instance."""
    measure = difference if line.sign == EQUAL else shortfall
    given = statement.given
    with mpmath.workdps(DIGITS):
        one, other = (compiled(using(e, given)) for e in (before.expression, line.expression))
        return [measure(one(instance), other(instance)) for instance in drawn]


@pytest.mark.parametrize("statement", statements())
def test_lines_begin_and_end_where_the_statement_does_and_follow_by_their_rules(statement):
    lines = lines_of(statement)
    assert len(lines) <= 12
    assert [line.sign for line in lines].count(START) == 1
    assert (lines[0].expression, lines[-1].expression) == ends(statement)
    kind = {Bound: AT_LEAST, SameObjective: SAME}.get(type(statement), EQUAL)
    assert lines[-1].sign == kind
    assert all(line.sign == EQUAL for line in lines[1:-1])
    require_rules(lines)


@pytest.mark.parametrize("statement", statements())
def test_neighbouring_lines_agree_in_numbers(statement):
    lines, drawn = lines_of(statement), instances(statement)
    for before, line in zip(lines, lines[1:]):
        if line.sign != SAME:
            assert max(gaps(before, line, statement, drawn)) < 1e-20, line.rule


@pytest.mark.parametrize("id", ["su-t3", "su-6", "su-16", "su-31"])
def test_an_objective_is_the_other_one_up_to_its_factor_and_what_does_not_vary(id):
    statement = claim(id).statements[0]
    before, last = lines_of(statement)[-2:]
    scale = mpmath.mpf(statement.scale.p) / statement.scale.q
    with mpmath.workdps(DIGITS):
        for instance in instances(statement):
            whole, rest, other = (
                compiled(using(e, statement.given))(instance)
                for e in (before.expression, statement.rest, last.expression)
            )
            assert difference(whole, scale * other + rest) < 1e-20


@pytest.mark.parametrize("id", ["su-4", "su-6", "su-13", "su-14", "su-19", "su-t5"])
def test_a_wrong_line_does_not_follow(id):
    """Each one-change version of each line is refused, or is equal in numbers all the same."""
    statement = claim(id).statements[-1]
    lines, drawn = lines_of(statement), instances(statement, 2)
    refused = 0
    for place, (before, line) in enumerate(zip(lines, lines[1:]), 1):
        shown = Identity(statement.instances, left=lines[0].expression, right=line.expression)
        every = [(name, wrong) for name, wrong in mutants(shown) if wrong.left == shown.left]
        for name, wrong in every:
            changed = replace(line, expression=wrong.right)
            planted = (*lines[:place], changed, *lines[place + 1 :])
            try:
                require_rules(planted[: place + 1])
            except NotProved as refusal:
                assert "\n" not in str(refusal)
                refused += 1
                continue
            if line.sign != SAME:
                assert max(gaps(before, changed, statement, drawn)) < 1e-20, name
    assert refused > 3


def test_a_refusal_names_the_line_and_its_rule():
    lines = list(claim("su-4").statements[0].derivation())
    lines[3] = replace(lines[3], expression=-lines[3].expression)
    with pytest.raises(NotProved, match="^line 4 does not follow from the one before by 'log"):
        require_rules(tuple(lines))
    lines[3] = replace(lines[3], rule="common sense")
    with pytest.raises(NotProved, match="^line 4 names the unknown rule 'common sense'; known: "):
        require_rules(tuple(lines))


def test_an_equal_line_by_another_rule_is_refused():
    """Two equal expressions are not enough: the named rule has to lead from one to the other."""
    statement = claim("su-4").statements[0]
    first, last = lines_of(statement)[0], lines_of(statement)[-2]
    for rule in REWRITES:
        with pytest.raises(NotProved, match="does not follow"):
            require_rules((first, replace(last, rule=rule)))


@pytest.mark.parametrize("name", ON_DENSITIES)
def test_the_example_of_each_rule_follows_and_a_changed_one_does_not(name):
    before, line = RULES[name].example
    assert RULES[name].premise
    require_rules((Line(before, sign=START), line))
    with pytest.raises(NotProved, match="^line 2 does not follow"):
        require_rules((Line(before, sign=START), replace(line, expression=3 - line.expression)))


@pytest.mark.parametrize("name", [name for name in REWRITES if name != "cancel"])
def test_no_rule_but_cancelling_cancels_under_an_integral(name):
    """p · q/p is q only where p > 0, which is a premise."""
    before = SumOrIntegral(Mul(data, model, 1 / data, evaluate=False), (x,))
    after = Line(SumOrIntegral(model, (x,)), name)
    assert not RULES[name].leads(before, after)
    assert RULES["cancel"].leads(before, replace(after, rule="cancel"))


def test_what_varies_is_not_left_out():
    before, last = claim("su-6").statements[0].derivation()[-2:]
    with pytest.raises(NotProved, match="^line 2 does not follow"):
        require_rules((replace(before, sign=START, rule=""), replace(last, uses=(P(x),))))


def test_a_statement_without_lines_says_so_in_one_line():
    _, bound = claim("su-4").statements
    false = Identity(bound.instances, left=bound.upper, right=bound.lower)
    with pytest.raises(NotProved, match="^the rules lead from neither side to the other"):
        false.derivation()


def test_a_given_equation_is_a_line_of_its_own_that_says_which():
    statement = claim("su-19").statements[0]
    used = [line for line in lines_of(statement) if line.rule == EQUATION]
    assert [line.uses for line in used] == [statement.given]
    assert r"\text{given}\text{:}\; D(x) = " in display(lines_of(statement))


def test_the_lines_of_su_4_are_the_ones_that_a_student_writes():
    apart, bound = ([line.rule for line in one.derivation()] for one in claim("su-4").statements)
    assert apart == [
        "",
        DEFINITION,
        "product rule",
        LOG_OF_PRODUCT,
        "a density integrates to 1",
        "order of integration (Tonelli)",
        DEFINITION,
    ]
    assert bound == [*apart, NEVER_NEGATIVE]


@pytest.mark.parametrize("statement", statements())
def test_a_display_is_narrow_and_begins_no_bracket_that_it_does_not_end(statement):
    shown = display(lines_of(statement))
    assert shown.count("{") == shown.count("}")
    assert shown.count(r"\left") == shown.count(r"\right")
    rows = re.sub(r"\\begin\{array\}.*?\\end\{array\}", "xxxxxxxxxxxxxxxx", shown).split(r"\\")
    assert max(map(width, rows)) <= 80


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        (Add(-model, data), r"\tilde{p}(x) -q(x)"),
        (Add(model, data, evaluate=False), r"\tilde{p}(x) + q(x)"),
        (Mul(HALF, KL(data, model)), r"\tfrac{1}{2} \mathrm{KL}"),
        (SumOrIntegral(Mul(-1, log(D), data), (x,)), r"-\int \tilde{p}(x) \log D(x) \,dx"),
        (log(data / (data + model)), r"\log \frac{\tilde{p}(x)}{\tilde{p}(x) + q(x)}"),
        (Mul(HALF, 1 / D, evaluate=False), r"\frac{1}{2 D(x)}"),
        (Add(4 * data, 4 * model), r"4 \left(\tilde{p}(x) + q(x)\right)"),
    ],
)
def test_what_is_positive_and_the_data_stand_first_and_numbers_before_integrals(expression, shown):
    assert LinePrinter().doprint(expression).startswith(shown)


def test_a_wide_term_without_a_place_to_break_stays_whole():
    letters = symbols("b:70", positive=True)
    wide = Mul(*letters, data, evaluate=False)
    assert width(LinePrinter().doprint(wide)) > 80
    shown = display((Line(wide, sign=START), Line(Mul(*letters) * data, "arithmetic")))
    assert all(shown.count(rf"b_{{{k}}}") == 2 for k in range(70))


def test_a_mixture_that_stands_often_has_a_name():
    shown = display(claim("su-15").statements[1].derivation())
    assert r"\text{with } m(x) = p_1 \tilde{p}(x) + p_0 q(x)" in shown
    assert r"\mathrm{KL}\left(m(x) \,\Vert\, \tilde{p}(x)\right)" in shown
