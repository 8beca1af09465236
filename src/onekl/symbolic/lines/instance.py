"""Both sides of a relation at an explicit instance: spelled out letter by letter, then a number."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from functools import partial

import sympy
from sympy import Add, Array, Basic, Derivative, Expr, Mul, Pow, Rational, Symbol, log
from sympy.core.function import AppliedUndef

from onekl.symbolic.algebra import (
    KL,
    ClassProbability,
    Density,
    Entropy,
    Expectation,
    Gaussian,
    Joint,
    LabelledJoint,
    SumOrIntegral,
    integrate_real,
)
from onekl.symbolic.instance import Instance
from onekl.symbolic.lines.arithmetic import ARITHMETIC, LOGARITHMS, same, with_logs_split
from onekl.symbolic.lines.calculus import DERIVATIVE, LIMIT, with_derivatives
from onekl.symbolic.lines.chain import chain
from onekl.symbolic.lines.concrete import WITH_KNOWN_KL, as_lines, walk
from onekl.symbolic.lines.line import EQUAL, TENDS, Line, Lines, Rule, register
from onekl.symbolic.lines.values import VALUES_PUT_IN
from onekl.symbolic.lines.written import alike, product, replaced, total
from onekl.symbolic.numeric import Assignment, compiled
from onekl.symbolic.parametric.densities import ParametricDensity, VectorSymbol
from onekl.symbolic.parametric.families import FamilyInstance, ParametricJoint
from onekl.symbolic.premises import Equal
from onekl.symbolic.proof import NotProved

MOST_TERMS = 6  # of a sum that is spelled out


# An instance as equations, and back.


def equations(at: Instance, side: Expr, other: Expr) -> tuple[Equal, ...]:
    """What an instance says of the densities, functions and symbols of one of two sides.

    Functions are named as either side has them.
    """
    tables = [
        Equal(joint(*joint.variables), _as_array(table)) for joint, table in _joints(at, side)
    ]
    functions = [
        Equal(_named(name, side, other), _of_letters(dict(pairs)))
        for name, pairs in at.functions
        if _taken(name, side)
    ]
    vectors = [Equal(v, Array(c)) for v, c in getattr(at, "coordinates", ()) if side.has(v)]
    free = side.free_symbols.union(*(e.right.free_symbols for e in (*tables, *functions, *vectors)))
    values = [Equal(symbol, value) for symbol, value in at.values if symbol in free]
    return (*tables, *functions, *vectors, *values)


def _joints(at: Instance, side: Expr) -> list[tuple[Joint, object]]:
    """The joints of a side with their tables, and those that alone have letters it sums over."""
    every = (*at.tables, *getattr(at, "families", ()))
    own = {getattr(d, "base", d.family) for d in side.atoms(Density)}
    found = [(joint, table) for joint, table in every if joint.family in own]
    bound = {v for total in side.atoms(SumOrIntegral) for v in total.variables}
    for joint, table in every:
        missing = bound - {v for known, _ in found for v in known.variables}
        if missing & set(joint.variables):
            found.append((joint, table))
    return found


def _taken(name: str, side: Expr) -> list[Expr]:
    """The values of an unknown function, or of a discriminator, in an expression."""
    labels = [c for c in side.atoms(ClassProbability) if c.name == name]
    functions = [f for f in side.atoms(AppliedUndef) if f.func.__name__ == name]
    return sorted([c if c.outcome else c.other for c in labels] + functions, key=str)


def _named(name: str, side: Expr, other: Expr) -> Expr:
    """The function at letters, where it is taken at letters."""
    found = [*_taken(name, side), *_taken(name, other)]
    plain = [f for f in found if all(a.is_Symbol for a in _arguments(f))]
    return (*plain, *found)[0]


def _arguments(function: Expr) -> tuple[Expr, ...]:
    return function.arguments if isinstance(function, ClassProbability) else function.args


def _as_array(table: object) -> Basic:
    """A table, as a matrix where it has two axes."""
    array = Array(table)
    return sympy.ImmutableMatrix(table) if array.rank() == 2 else array


def _of_letters(values: dict[tuple[int, ...], Expr]) -> Basic:
    """The values of a function of letters as an array; one number for a function of none."""
    if () in values:
        return values[()]
    axes = [sorted({place[k] for place in values}) for k in range(len(next(iter(values))))]
    if len(axes) == 1:
        return Array([values[(i,)] for i in axes[0]])
    return sympy.ImmutableMatrix([[values[i, j] for j in axes[1]] for i in axes[0]])


def instance_of(uses: Iterable[Equal]) -> Instance:
    """The instance that equations speak of."""
    tables, functions, values, families, coordinates = [], [], [], [], []
    for equation in uses:
        left, right = equation.left, equation.right
        if isinstance(left, ParametricDensity):
            joint = ParametricJoint(left.base, left.over, left.parameter)
            families.append((joint, tuple(right)))
        elif isinstance(left, Density):
            tables.append((Joint(left.family, left.over), right.tolist()))
        elif isinstance(left, VectorSymbol):
            coordinates.append((left, tuple(right)))
        elif isinstance(left, (ClassProbability, AppliedUndef)):
            name = left.name if isinstance(left, ClassProbability) else left.func.__name__
            functions.append((name, _as_pairs(right)))
        else:
            values.append((left, right))
    parts = {"tables": tuple(tables), "functions": tuple(functions), "values": tuple(values)}
    if not families:
        return Instance(**parts)
    return FamilyInstance(**parts, families=tuple(families), coordinates=tuple(coordinates))


def _as_pairs(right: Basic) -> tuple[tuple[tuple[int, ...], Expr], ...]:
    if not isinstance(right, (sympy.NDimArray, sympy.MatrixBase)):
        return (((), right),)
    places = itertools.product(*map(range, right.shape))
    return tuple((place, right[place]) for place in places)


# What stands at the letters.


def spelled_out(expression: Expr, at: Assignment, values: dict[Symbol, Expr]) -> Expr:
    """The sum over all letters, with numbers for densities and functions; no term that is 0.

    `values` are those of symbols in the cells of tables.
    """
    inner = partial(spelled_out, at=at, values=values)
    if isinstance(expression, KL) and isinstance(expression.first, LabelledJoint):
        return _sum(map(inner, expression.cases()))
    if isinstance(expression, (KL, Expectation, Entropy)):
        return inner(expression.definition())
    if isinstance(expression, SumOrIntegral):
        over = expression.variables
        return _sum(inner(expression.integrand) for _ in at.visit(over, at.letters(over)))
    if isinstance(expression, Add):
        return _sum(map(inner, expression.args))
    if isinstance(expression, Mul):
        kept = [f for f in expression.args if f.has(log, SumOrIntegral, KL, Expectation)]
        number = _number(Mul(*(f for f in expression.args if f not in kept)), at, values)
        return number if number == 0 else product(number, *map(inner, kept))  # 0 · log 0 = 0
    if isinstance(expression, log):
        inside = _number(expression.args[0], at, values)
        return sympy.S.Zero if inside == 1 else log(inside, evaluate=False)
    return _number(expression, at, values)


def _sum(terms: Iterable[Expr]) -> Expr:
    """A sum as it is written, with the multiples of one logarithm together."""
    every = [part for term in terms for part in Add.make_args(term)]
    logs: dict[Expr, Expr] = {}
    for part in every:
        number, rest = part.as_coeff_Mul()
        if rest.has(log):
            logs[rest] = logs.get(rest, sympy.S.Zero) + number
    plain = [part for part in every if not part.has(log)]
    return total(*(product(number, rest) for rest, number in logs.items()), *plain)


def _number(expression: Expr, at: Assignment, values: dict[Symbol, Expr]) -> Expr:
    """The value of an expression at the current letters, exactly."""
    return sympy.sympify(compiled(expression)(at)).subs(values)


def counterexample_lines(
    sides: tuple[Expr, Expr], at: Iterable[Instance], along: Symbol | None = None
) -> Lines:
    """For each instance and each side a chain down to its number, but for a side that is one.

    With a symbol to move along, the chain goes on with the slope of what the side is there.
    """
    lines: list[Line] = []
    at = tuple(at)
    for instance in at:
        for side, other in (sides, sides[::-1]):
            if isinstance(side, sympy.Limit):
                lines += _limit_lines(side)
            elif not side.is_number:
                uses = equations(instance, side, other)
                if along is not None:
                    lines += _slope_lines(side, instance, uses, along)
                elif instance.has_tables:
                    lines += _side_lines(side, instance, uses, spells=len(at) == 1)
                else:
                    lines += _by_calculus(side, uses, instance.exact(side))
    return tuple(lines)


def _limit_lines(limit: sympy.Limit) -> Lines:
    """The limit from above."""
    expression, symbol, point, _ = limit.args
    return chain(expression, Line(limit.doit(), LIMIT.name, TENDS, symbol=symbol, point=point))


def _side_lines(side: Expr, at: Instance, uses: tuple[Equal, ...], spells: bool) -> Lines:
    """A side, spelled out at the instance where that is short, and its number."""
    number = _split_powers(at.exact(side))
    spelled = spelled_out(side, at.assignment(), dict(at.values))
    if not spells or len(Add.make_args(spelled)) > MOST_TERMS or alike(spelled, number):
        return chain(side, Line(number, AT_THE_INSTANCE.name, uses=uses))
    there = Line(spelled, AT_THE_INSTANCE.name, uses=uses)
    return chain(side, there, (number, _rule_between(spelled, number)))


def _split_powers(number: Expr) -> Expr:
    """A number without powers and roots under a logarithm."""
    inside = [part.args[0] for part in number.atoms(log)]
    return number if all(i.is_Rational for i in inside) else sympy.expand(with_logs_split(number))


def _by_calculus(side: Expr, uses: tuple[Equal, ...], number: Expr) -> Lines:
    """A side with concrete densities: values put in, and the steps of a calculation.

    Where there is a derivative it is taken first.
    """
    values = {equation.left: equation.right for equation in uses}
    steps = (*WITH_KNOWN_KL, (DERIVATIVE.name, with_derivatives))
    put_in = (VALUES_PUT_IN, lambda expression: _put_in(expression, values))
    ordered = (*steps, put_in) if side.has(Derivative) else (put_in, *steps)
    walked = walk(side, steps=ordered)
    done = [k for k, (expression, _) in enumerate(walked) if k and same(expression, number)]
    walked = walked[: done[0] + 1] if done else walked
    last, rule = walked[-1]
    if alike(last, number):
        return as_lines([*walked[:-1], (number, rule)], uses)
    return as_lines([*walked, (number, _rule_between(last, number))], uses)


def _put_in(expression: Expr, values: dict[Expr, Expr]) -> Expr:
    """The expression with values for its symbols, and powers of 0 and 1 as numbers."""

    def change(part: Basic) -> Basic | None:
        return part.subs(values) if isinstance(part, Gaussian) else values.get(part)

    def tidied(part: Basic) -> Basic | None:
        is_trivial = isinstance(part, Pow) and part.base in (0, 1)
        return part.func(*part.args) if is_trivial else None

    return replaced(replaced(expression, change), tidied)


def _rule_between(expression: Expr, number: Expr) -> str:
    """The rule by which a number follows: arithmetic, that with logs, or an integral."""
    if same(expression, number):
        return ARITHMETIC.name
    return INTEGRATED.name if expression.has(SumOrIntegral) else LOGARITHMS.name


def _slope_lines(side: Expr, at: Instance, uses: tuple[Equal, ...], along: Symbol) -> Lines:
    """A side as a function of the symbol, and the slope of that at the symbol's value."""
    place = dict(at.values)[along]
    others = {symbol: value for symbol, value in at.values if symbol != along}
    function = spelled_out(side, at.assignment(), others)
    derivative = Derivative(function, along, evaluate=False)
    slope, number = with_derivatives(derivative), _split_powers(at.exact(side, along))
    there = slope.subs(along, place)
    own = tuple(equation for equation in uses if equation.left != along)
    steps = [Line(slope, DERIVATIVE.name)]
    if along in slope.free_symbols:
        steps.append(Line(there, VALUES_PUT_IN, uses=(Equal(along, place),)))
    if not alike(there, number):
        steps.append(Line(number, _rule_between(there, number)))
    return (
        *chain(side, Line(function, AT_THE_INSTANCE.name, uses=own)),
        *chain(derivative, *steps),
    )


# The rules.


def _is_value(before: Expr, line: Line) -> bool:
    """Whether the line is what the one before is at the instance that it is used with."""
    try:
        at = instance_of(line.uses)
        value = at.formula(before).subs(at.values)
    except (KeyError, NotProved, TypeError, ValueError):
        return False
    sides = map(with_logs_split, (value, line.expression))
    return line.sign == EQUAL and same(*sides)


def _is_integrated(before: Expr, line: Line) -> bool:
    """Whether the line is the one before with its integrals over the real line carried out."""
    carries_out = before.has(SumOrIntegral) and not line.expression.has(SumOrIntegral)
    if line.sign != EQUAL or not carries_out:
        return False
    try:
        return same(integrate_real(before), line.expression)
    except ValueError:
        return False


_x = Symbol("x", real=True)
_p = Joint("p", (_x,))(_x)
_table = Array([Rational(1, 4), Rational(3, 4)])

AT_THE_INSTANCE = register(
    Rule(
        "at the instance",
        "the tables are probability tables, and no condition has probability 0",
        (
            SumOrIntegral(_p**2, (_x,)),
            Line(Rational(5, 8), "at the instance", uses=(Equal(_p, _table),)),
        ),
        _is_value,
    )
)

INTEGRATED = register(
    Rule(
        "integrated over the line",
        "the integral converges",
        (
            SumOrIntegral(sympy.exp(-sympy.Abs(_x)), (_x,)),
            Line(sympy.Integer(2), "integrated over the line"),
        ),
        _is_integrated,
    )
)
