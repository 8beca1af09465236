"""Neighbouring lines: a wrong one in the middle is caught even where both ends are right."""

from dataclasses import replace

import pytest
from sympy import Add, log

from onekl.chapters import claim
from onekl.claims.numbers import Trials
from onekl.examiner.lines import WrongLine
from onekl.symbolic.algebra import KL
from onekl.symbolic.lines.line import START

# One statement for each kind of proof: an identity, a bound, an objective, a law, an optimum, a
# least value, a limit, a concrete identity, vectors, an expansion.
KINDS = {
    "identity": ("su-19", 0),
    "bound": ("su-4", 0),
    "objective": ("su-6", 0),
    "law": ("su-12", 0),
    "discriminator": ("su-18", 0),
    "density": ("su-2", 0),
    "least value": ("sn-8", 3),
    "limit": ("sn-8", 2),
    "Gaussian": ("sn-9", 0),
    "law on the line": ("sn-10", 0),
    "vectors": ("su-25", 1),
    "small steps": ("su-22", 0),
    "narrowing": ("su-24", 0),
}


def statement(kind):
    id, k = KINDS[kind]
    return claim(id).statements[k]


def lined(one):
    return Trials(one, one.prove().imposed).lined()


@pytest.mark.parametrize("kind", KINDS)
def test_the_lines_of_each_kind_are_tried(kind):
    one = statement(kind)
    lines = one.derivation()
    pairs = sum(line.sign != START for line in lines[1:])
    assert lined(one).require(lines).pairs == pairs > 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_line_between_right_ends_is_caught(kind):
    """Each line but the ends is made wrong in turn: doubled, and with something added."""
    one = statement(kind)
    lines, examined = one.derivation(), lined(one)
    middle = [k for k in range(1, len(lines)) if lines[k].sign != START][:-1] or [len(lines) - 1]
    for k in middle:
        for wrong in (2 * lines[k].expression, lines[k].expression + 1):
            planted = (*lines[:k], replace(lines[k], expression=wrong), *lines[k + 1 :])
            with pytest.raises(WrongLine, match="line") as refusal:
                examined.require(planted)
            assert "\n" not in str(refusal.value)


def test_an_unplanned_wrong_line_is_caught_at_the_boundary_alone():
    """log D for log(p/(p + q)) agrees nowhere; a KL reversed agrees where p = q alone."""
    one = statement("bound")
    lines = one.derivation()
    place = next(k for k, line in enumerate(lines) if line.expression.has(log))
    reversed_ = lines[place].expression.xreplace(
        {kl: KL(kl.second, kl.first) for kl in lines[place].expression.atoms(KL)}
    )
    wrong = reversed_ if reversed_ != lines[place].expression else -lines[place].expression
    with pytest.raises(WrongLine):
        lined(one).require((*lines[:place], replace(lines[place], expression=wrong)))


def test_another_objective_is_not_the_same_one():
    one = statement("objective")
    lines = one.derivation()
    other = Add(lines[-1].expression, -3 * lines[-1].expression, evaluate=False)
    with pytest.raises(WrongLine, match="opposite orders"):
        lined(one).require((*lines[:-1], replace(lines[-1], expression=other)))


def test_a_limit_that_is_another_number_is_caught():
    one = statement("limit")
    *lines, last = one.derivation()
    with pytest.raises(WrongLine, match="on the way"):
        lined(one).require((*lines, replace(last, expression=last.expression + 1)))


def test_a_sign_that_is_turned_round_is_caught():
    one = statement("bound")
    *lines, last = one.derivation()
    higher = 2 * lines[-1].expression
    with pytest.raises(WrongLine):
        lined(one).require((*lines, replace(last, expression=higher)))
