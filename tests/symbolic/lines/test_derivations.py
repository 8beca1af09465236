"""The lines of all kinds of statements but those on unknown densities: led by rules, and true."""

from dataclasses import replace
from random import Random

import mpmath
import pytest
import sympy
from sympy import Add, Pow

from onekl.chapters import stated_claims
from onekl.chapters.museum.claims import SPECIMENS
from onekl.symbolic.counterexample import Counterexample
from onekl.symbolic.lines.line import (
    AT_LEAST,
    START,
    TENDS,
    UP_TO_ORDER,
    require_rules,
)
from onekl.symbolic.lines.optimum import LOGIT, VALUE
from onekl.symbolic.lines.written import negative, product, with_values
from onekl.symbolic.maps.change_of_variables import ChangeOfVariables
from onekl.symbolic.numeric import DIGITS, compiled
from onekl.symbolic.objective import SameObjective
from onekl.symbolic.optima.best_density import Optimum
from onekl.symbolic.optima.best_function import OptimalFunction
from onekl.symbolic.optima.discriminator import OptimalDiscriminator
from onekl.symbolic.optima.minimum import Minimum
from onekl.symbolic.parametric.densities import scaled
from onekl.symbolic.premises import using
from onekl.symbolic.proof import NotProved
from onekl.symbolic.real_line import closed_form
from onekl.symbolic.sampling import RandomParameters, RandomTables, all_variables
from onekl.symbolic.statements import Bound, Identity, Pushforward, difference
from onekl.symbolic.vectors.concentration import Concentration
from onekl.symbolic.vectors.laws import VectorSecondOrder
from onekl.symbolic.vectors.numbers import by_quadrature

ON_DENSITIES = (Identity, Bound, Pushforward, SameObjective)
INSTANCES = range(3)
T = sympy.Dummy("t", positive=True)


def statements():
    """Each statement of these kinds, with a name for the test."""
    found = []
    claims = (*stated_claims().values(), *(specimen.true for specimen in SPECIMENS))
    for one in claims:
        for part in ("statements", "also", "refuted"):
            for number, statement in enumerate(getattr(one, part), 1):
                plain_tables = type(statement.instances) is RandomTables
                if not (type(statement) in ON_DENSITIES and plain_tables):
                    found.append(pytest.param(statement, id=f"{one.id}-{part}-{number}"))
    return found


STATEMENTS = statements()
FOUND = {}
TRUE = [p for p in STATEMENTS if not isinstance(p.values[0], Counterexample)]
REFUTED = [p for p in STATEMENTS if isinstance(p.values[0], Counterexample)]


def derivation(statement):
    """The lines, found once."""
    if id(statement) not in FOUND:
        FOUND[id(statement)] = statement.derivation()
    return FOUND[id(statement)]


def chains(lines):
    """The lines, a tuple for each chain."""
    starts = [k for k, line in enumerate(lines) if line.sign == START]
    return [lines[a:b] for a, b in zip(starts, [*starts[1:], len(lines)])]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_derivation_is_short_and_each_line_follows_by_its_rule(statement):
    lines = derivation(statement)
    assert 2 <= len(lines) <= 12
    assert lines[0].sign == START
    require_rules(lines)


# What the first chain starts with, and what a chain ends with.


def ends(statement):
    """The first expression of the derivation, and the last one of its first chain, as claimed."""
    if isinstance(statement, Bound):
        return statement.upper, statement.lower
    if isinstance(statement, Minimum):
        there = statement.plain().expression.subs(statement.symbol, statement.at)
        return statement.expression, there
    if isinstance(statement, OptimalDiscriminator):
        value = {statement.probability: statement.at, statement.probability.other: 1 - statement.at}
        return statement.functional, using(statement.functional, statement.given).xreplace(value)
    if isinstance(statement, OptimalFunction):
        return statement.functional, statement.functional  # its slope is another chain
    if isinstance(statement, Optimum):
        best = statement.functional.xreplace({statement.density: statement.at})
        return -statement.functional, -best
    if isinstance(statement, Pushforward):
        left, _, right = statement.relation()
        return left, right
    if hasattr(statement, "value"):
        return statement.expression, sympy.sympify(statement.value)
    return statement.left, statement.right


SIDED = [p for p in TRUE if not isinstance(p.values[0], (Concentration, VectorSecondOrder))]


@pytest.mark.parametrize("statement", SIDED)
def test_a_derivation_leads_from_one_side_to_the_other(statement):
    first = chains(derivation(statement))[0]
    start, end = ends(statement)
    assert first[0].expression == start
    if not isinstance(statement, (Minimum, OptimalDiscriminator, OptimalFunction)):
        assert first[-1].expression == end
        return
    for instance in drawn(statement):  # the least value stands in another form
        sides = (value(side, statement)(instance) for side in (first[-1].expression, end))
        assert difference(*sides) < 1e-20


# Numbers.


def drawn(statement):
    """A few instances, at the digits that numbers have."""
    for index in INSTANCES:
        with mpmath.workdps(DIGITS):
            yield statement.instances.draw(Random(f"lines-{index}"), index)


def value(expression, statement):
    """An evaluator of a line, with what is given put in."""
    given = {equation.left: equation.right for equation in statement.given}
    expression = using(with_values(sympy.sympify(expression), given), statement.given)
    return compiled(by_quadrature(expression))


def at(evaluate, instance, symbol, place):
    return sum(evaluate(instance) for _ in instance.visit((symbol,), [(place,)]))


def off(before, line, statement, instance):
    """How far two neighbouring lines are from standing as the sign says."""
    sides = [value(side, statement) for side in (before.expression, line.expression)]
    if line.sign == TENDS:
        small = mpmath.mpf(10) ** -12
        near = at(sides[0], instance, line.symbol, mpmath.mpf(int(line.point)) + small)
        if line.expression in (sympy.oo, -sympy.oo):  # it may be as slow as a logarithm
            before = at(sides[0], instance, line.symbol, mpmath.mpf(int(line.point)) + small**0.5)
            return mpmath.mpf((near - before) * int(sympy.sign(line.expression)) < 10)
        instance.values.setdefault(line.symbol, small)
        return difference(near, sides[1](instance))
    if line.sign == AT_LEAST:
        one, other = (side(instance) for side in sides)
        return max(other - one, mpmath.mpf(0)) if one != other else mpmath.mpf(0)
    return difference(*(side(instance) for side in sides))


def remainder(before, line, instance, size):
    """The difference of two lines over t^order, at a step of t times the instance's step."""
    sides = (before.expression, line.expression)
    evaluate = [compiled(scaled(sympy.sympify(side), line.symbol, T)) for side in sides]
    one, other = (at(side, instance, T, size) for side in evaluate)
    return abs(one - other) / size**line.order


def open_places(statement, instance, *expressions):
    """Every letter of the variables that the expressions leave open."""
    if isinstance(statement.instances, RandomParameters):
        return [None]
    free = set().union(*(sympy.sympify(e).free_symbols for e in expressions))
    names = all_variables(statement.instances, *expressions) if instance.sizes else ()
    open_ = tuple(v for v in names if v in free and v not in instance.values)
    return instance.visit(open_, instance.letters(open_)) if open_ else [None]


@pytest.mark.parametrize("statement", TRUE)
def test_neighbouring_lines_agree_in_numbers(statement):
    lines = derivation(statement)
    for instance in drawn(statement):
        for symbol in (getattr(statement, "symbol", T), VALUE, LOGIT):
            instance.values.setdefault(symbol, mpmath.mpf("0.3"))
        for before, line in zip(lines, lines[1:]):
            if line.sign == START or is_tried_elsewhere(statement, before):
                continue
            sides = before.expression, line.expression
            with mpmath.workdps(DIGITS):
                for _ in open_places(statement, instance, *sides):
                    if line.sign == UP_TO_ORDER:
                        coarse, fine = (
                            remainder(before, line, instance, mpmath.mpf(10) ** -k) for k in (3, 6)
                        )
                        assert fine <= 1e-5 + coarse / 100
                    else:
                        assert off(before, line, statement, instance) < 1e-9


def is_tried_elsewhere(statement, line):
    """Whether a line is a mean under a kernel's formula, or one over the image of a map.

    For the first there is no quadrature; the second is tried on arrays, by the examiner's tests.
    """
    if isinstance(statement, ChangeOfVariables):
        return True
    return isinstance(statement, Concentration) and line.expression.has(sympy.exp)


FUNCTIONS = [p for p in TRUE if isinstance(p.values[0], OptimalFunction)]


@pytest.mark.parametrize("statement", FUNCTIONS)
def test_the_slope_of_a_functional_changes_its_sign_at_the_best_value_alone(statement):
    *_, slope = derivation(statement)
    evaluate, best = (value(side, statement) for side in (slope.expression, statement.at))
    seen = 0
    for instance in drawn(statement):
        for _ in open_places(statement, instance, slope.expression):
            place = best(instance)
            found = [at(evaluate, instance, LOGIT, place + step) for step in (-1, 0, 1)]
            if not mpmath.isfinite(place) or not any(found):  # a weight is 0 there
                continue
            seen += 1
            assert abs(found[1]) < 1e-20
            assert found[0] * found[2] < 0
            assert (found[0] > 0) == (statement.sense == "max")
    assert seen > 5


@pytest.mark.parametrize("statement", REFUTED)
def test_the_lines_of_a_counterexample_have_one_value_each_at_the_instance(statement):
    """And that of its chain's end is one of the two sides."""
    left, _, right = statement.of.plain().relation()
    places = [(instance, side) for instance in statement.at for side in (left, right)]
    for chain in chains(derivation(statement)):
        if chain[-1].sign == TENDS:
            assert sympy.Limit(chain[0].expression, chain[-1].symbol, 0).doit() == sympy.oo
            continue
        slope = isinstance(chain[0].expression, sympy.Derivative) and statement.along
        wanted = [
            instance.exact(side, statement.along if slope else None)
            for instance, side in places
            if slope or side == chain[0].expression
        ]
        assert any(is_equal(chain[-1].expression, number, statement) for number in wanted)
        for before, line in zip(chain[1:], chain[2:]):
            assert is_equal(before.expression, line.expression, statement)


def is_equal(one, other, counterexample):
    """Whether two expressions are one number, or one polynomial in open constants."""
    apart = closed_form(sympy.sympify(one).doit() - sympy.sympify(other).doit())
    number = sympy.expand(apart.subs(counterexample.at[0].values))
    return number == 0 or bool(not number.free_symbols and abs(sympy.N(number, 30)) < 1e-20)


# Wrong lines.


def wrong(line):
    """The line with its sign changed, doubled, without a term, and with a square lost."""
    expression = sympy.sympify(line.expression)
    yield "sign", negative(expression)
    yield "half", product(2, expression)
    if isinstance(expression, Add):
        yield "term", Add(*expression.args[1:], evaluate=False)
    squares = sorted((p for p in expression.atoms(Pow) if p.exp == 2), key=str)
    if squares:
        yield "square", with_values(expression, {squares[0]: squares[0].base})


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_wrong_line_in_the_middle_is_refused_in_one_line(statement):
    lines = derivation(statement)
    places = [k for k, line in enumerate(lines) if line.sign != START and not is_zero(line)]
    place = places[(len(places) - 1) // 2]
    line = lines[place]
    for name, expression in wrong(line):
        planted = replace(line, expression=expression)
        with pytest.raises(NotProved, match="^line 2 does not follow") as found:
            require_rules((lines[place - 1], planted))
        assert "\n" not in str(found.value), name
    with pytest.raises(NotProved, match=f"^line {place + 1} does not follow"):
        require_rules((*lines[:place], planted, *lines[place + 1 :]))


def is_zero(line):
    """Whether a line is 0, or the mean of 0, which no factor makes wrong."""
    return 0 in (line.expression, *sympy.sympify(line.expression).args)
