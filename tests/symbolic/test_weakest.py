"""Premises of positivity: exactly what excludes the failing patterns, whatever the letters are."""

import itertools
from dataclasses import fields, is_dataclass, replace
from random import Random

import mpmath
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from onekl.chapters import stated_claims
from onekl.symbolic.algebra import Density, Joint
from onekl.symbolic.counterexample import Counterexample
from onekl.symbolic.lines.written import with_arguments
from onekl.symbolic.numeric import DIGITS, Assignment
from onekl.symbolic.premises import Support
from onekl.symbolic.proof import NotProved
from onekl.symbolic.sampling import RandomTables, all_variables
from onekl.symbolic.statements import Identity
from onekl.symbolic.weakest import weakest_premises
from onekl.symbolic.weakest_signs import _weaker

LETTERS = sympy.symbols("a b c d", positive=True)  # stand for densities
WRONG = mpmath.mpf(10) ** -9


@st.composite
def outcomes(draw):
    """Patterns of up to four densities that can occur, each with whether a proof fails there."""
    count = draw(st.integers(1, 4))
    patterns = list(itertools.product((False, True), repeat=count))
    possible = draw(st.sets(st.sampled_from(patterns))) | {(True,) * count}
    return {pattern: False if all(pattern) else draw(st.booleans()) for pattern in sorted(possible)}


def holds(clause, named, pattern):
    positive = {factor for factor, is_positive in zip(named, pattern) if is_positive}
    return not set(clause.where) <= positive or bool(set(clause.any_of) & positive)


@given(outcomes())
@settings(max_examples=150, deadline=None)
def test_the_premises_exclude_the_failing_patterns_and_no_others(failing):
    named = LETTERS[: len(next(iter(failing)))]
    clauses = weakest_premises(named, failing)
    for pattern, fails in failing.items():
        assert fails != all(holds(clause, named, pattern) for clause in clauses)


@given(outcomes())
@settings(max_examples=150, deadline=None)
def test_none_of_the_premises_can_be_left_out(failing):
    named = LETTERS[: len(next(iter(failing)))]
    clauses = weakest_premises(named, failing)
    for left_out in clauses:
        others = [clause for clause in clauses if clause != left_out]
        assert any(
            fails and all(holds(clause, named, pattern) for clause in others)
            for pattern, fails in failing.items()
        )


@given(outcomes())
@settings(max_examples=100, deadline=None)
def test_the_premises_go_by_place_and_not_by_name(failing):
    named = LETTERS[: len(next(iter(failing)))]
    renamed = dict(zip(named, reversed(sympy.symbols("p q r s", positive=True))))
    there = [
        Support(*(tuple(map(renamed.get, some)) for some in (clause.any_of, clause.where)))
        for clause in weakest_premises(named, failing)
    ]
    assert there == list(weakest_premises(list(renamed.values()), failing))


def test_a_proof_that_fails_where_all_are_positive_has_no_premise():
    with pytest.raises(NotProved, match="all densities are positive"):
        weakest_premises(LETTERS[:1], {(True,): True, (False,): False})


# The claims of the book, with every letter renamed so that the order of names is turned round.


def on_tables():
    """Each statement on unknown densities whose proof has premises that instances are held to."""
    for id, claim in stated_claims().items():
        for index, statement in enumerate((*claim.statements, *claim.also)):
            if type(statement.instances) is RandomTables and not isinstance(
                statement, Counterexample
            ):
                yield pytest.param(statement, id=f"{id}-{index}")


def renaming(tables):
    """New names for families and variables, in the opposite order of the alphabet."""
    old = [*(joint.family for joint in tables.joints), *map(str, all_variables(tables))]
    fresh = [f"n{k:02d}" for k in range(len(old))]
    names = dict(zip(sorted(old), reversed(fresh)))
    symbols = {v: sympy.Symbol(names[str(v)], real=True) for v in all_variables(tables)}
    return names, symbols


def renamed(value, names, symbols):
    """Any part of a statement, as it is written, with its families and its variables renamed."""
    if isinstance(value, Density):
        over, given_ = ([symbols.get(v, v) for v in some] for some in (value.over, value.given))
        family = names[value.family]
        return Density(family, family, over, given_)
    if isinstance(value, sympy.Basic):
        if value in symbols:
            return symbols[value]
        if not value.args or isinstance(value, sympy.core.symbol.Str):
            return value
        return with_arguments(value, [renamed(a, names, symbols) for a in value.args])
    if isinstance(value, Joint):
        return Joint(names[value.family], tuple(symbols[v] for v in value.variables))
    if isinstance(value, tuple):
        return tuple(renamed(part, names, symbols) for part in value)
    if is_dataclass(value):
        changed = {
            f.name: renamed(getattr(value, f.name), names, symbols) for f in fields(value) if f.init
        }
        return replace(value, **changed)
    return value


def spelt(premise, names, symbols):
    """A premise as comparable parts; the order of a sum's terms is no part of it."""
    if isinstance(premise, Support):
        return frozenset(premise.any_of), frozenset(premise.where)
    return sympy.srepr(premise.total.integrand.doit())


@pytest.mark.parametrize("statement", list(on_tables()))
def test_no_premise_changes_when_every_letter_is_renamed(statement):
    names, symbols = renaming(statement.instances)
    proof = statement.prove()
    there = renamed(statement, names, symbols).prove()
    here = [renamed(premise, names, symbols) for premise in proof.imposed]
    assert {spelt(p, names, symbols) for p in here} == {
        spelt(p, names, symbols) for p in there.imposed
    }
    assert len(proof.premises) == len(there.premises)


# Each derived premise is needed: without it there is an instance on which the statement fails.


def with_many_zeros(tables, random):
    """An instance whose cells are 0 with a chance of a half, whatever the family."""
    instance = tables.draw(random, 1)
    for joint in tables.joints:
        cells = instance.tables[joint.family]
        raw = {cell: value * random.randint(0, 1) for cell, value in cells.items()}
        whole = sum(raw.values())
        if whole:
            instance.tables[joint.family] = {cell: value / whole for cell, value in raw.items()}
    instance._sums.clear()
    return instance


def is_needed(premise, others, violation, tables):
    random = Random("one-kl")
    for _ in range(4000):
        instance = with_many_zeros(tables, random)
        if instance.breaks(premise) and not any(instance.breaks(p) for p in others):
            if violation(instance) > WRONG:
                return True
    return False


def with_support():
    return [
        pytest.param(*one.values, id=one.id)
        for one in on_tables()
        if isinstance(one.values[0], Identity) and one.values[0].prove().support
    ]


@pytest.mark.parametrize("statement", with_support())
def test_without_a_premise_the_statement_is_false(statement):
    proof, violation = statement.prove(), statement.compile()
    with mpmath.workdps(DIGITS):
        for premise in proof.support:
            others = [p for p in proof.imposed if p != premise]
            assert is_needed(premise, others, violation, statement.instances), premise.latex()


def test_an_instance_breaks_a_disjunction_only_where_both_vanish():
    x = sympy.Symbol("x", real=True)
    families = [Joint(name, (x,)) for name in "pqr"]
    p, q, r = (family(x) for family in families)
    cells = {"p": (1, 0, 0), "q": (0, 1, 0), "r": (1, 1, 0)}
    instance = Assignment({x: 3}, axes=dict.fromkeys(cells, (x,)))
    instance.tables = {
        name: {(k,): mpmath.mpf(v) for k, v in enumerate(row)} for name, row in cells.items()
    }
    assert not instance.breaks(Support((p, q), (r,)))
    assert instance.breaks(Support((p,), (r,))) and instance.breaks(Support((p, q)))


def test_a_weaker_symbol_is_real_and_keeps_its_name_and_at_most_its_sign():
    positive, plain = sympy.Symbol("a", positive=True), sympy.Symbol("a")
    found = _weaker(positive, {positive})
    assert found[0] == sympy.Symbol("a", real=True) and found[-1].is_nonzero
    assert all(one.name == "a" and one.is_real and not one.is_positive for one in found)
    assert _weaker(plain, {plain}) == [] and _weaker(found[0], set()) == []
    assert _weaker(positive, {positive, plain}) == []  # two symbols of one name are two
