"""What a person would write next in a sum of integrals: the steps that a walk tries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product as choices

import sympy
from sympy import Add, Expr, Mul, S, log, preorder_traversal
from sympy.core.function import AppliedUndef

from onekl.symbolic.algebra import ClassProbability, Density, Joint
from onekl.symbolic.lines.families import Basis, marginal_of
from onekl.symbolic.lines.form import LOGS, Form, Rewriting
from onekl.symbolic.lines.rows import Factors, Ratio, Row, Rows, ratio_of, total
from onekl.symbolic.premises import Equal

Vector = dict[tuple, Fraction]  # the log of each factor, and how often it stands there
_SPLIT = Rewriting(LOGS)
_PLAIN = Rewriting()


def vocabulary(expression: Expr) -> list[Density]:
    """The densities of an expression in the order in which they are written."""
    found = (node for node in preorder_traversal(expression) if isinstance(node, Density))
    return list(dict.fromkeys(found))


def in_bases(rows: Rows, ways: Sequence[Sequence[Basis]]) -> Iterator[Rows]:
    """The rows in each choice of a basis for each family."""
    for chosen in choices(*ways):
        yield tuple(_in_basis(row, chosen) for row in rows)


def _in_basis(row: Row, chosen: Sequence[Basis]) -> Row:
    for basis in chosen:
        inside = row.inside and basis(row.inside)
        row = replace(row, weight=basis(row.weight), inside=inside)
    return row


def cancelled(rows: Rows) -> Rows:
    """The rows with what stands above and below in a weight, or in a log, cancelled."""
    return tuple(
        replace(row, weight=row.weight.cancelled(), inside=row.inside and row.inside.cancelled())
        for row in rows
    )


def put_in(rows: Rows, equations: Sequence[Equal], words: Expr) -> Iterator[Rows]:
    """The rows with the equations put in.

    Where the words hold D and not 1 − D, the latter is written by D times the odds.
    """
    if not equations:
        return
    known: dict[Expr, Ratio] = {}
    by_odds: dict[Expr, Ratio] = {}
    for equation in equations:
        left, right = equation.left, sympy.sympify(equation.right)
        known[left] = ratio_of(right)
        if isinstance(left, ClassProbability):
            other = ratio_of(sympy.together(1 - right))
            known[left.other] = other
            odds = Ratio((left,)) * other * known[left].inverse()
            is_number = right.is_number
            by_odds[left.other] = other if is_number else odds.cancelled()
            if is_number:
                by_odds[left] = known[left]
    yield tuple(_replaced(row, by_odds) for row in rows)
    yield cancelled(tuple(_replaced(row, by_odds) for row in rows))
    yield tuple(_replaced(row, known) for row in rows)
    yield cancelled(tuple(_replaced(row, known) for row in rows))


def _replaced(row: Row, known: dict[Expr, Ratio]) -> Row:
    number, weight = _number_and_rest(row.weight.put_in(known))
    inside = row.inside and _with_one_number(row.inside.put_in(known))
    return replace(row, number=row.number * number, weight=weight, inside=inside)


def _number_and_rest(ratio: Ratio) -> tuple[Expr, Ratio]:
    """The number that a ratio's numbers make, and the ratio without them."""
    number = Mul(*_rational(ratio.above)) / Mul(*_rational(ratio.below))
    rest = (tuple(f for f in side if not f.is_Rational) for side in (ratio.above, ratio.below))
    return number, Ratio(*rest)


def _rational(factors: Factors) -> Factors:
    return tuple(f for f in factors if f.is_Rational)


def _with_one_number(ratio: Ratio) -> Ratio:
    """The ratio with its numbers as one number, above."""
    number, rest = _number_and_rest(ratio)
    return rest if number == 1 else Ratio((number,)) * rest


def multiplied_out(rows: Rows) -> Rows:
    """The rows with a row for each term of a mixture that is a weight."""
    return tuple(part for row in rows for part in _terms(row))


def _terms(row: Row) -> Iterator[Row]:
    sums = [f for f in row.weight.above if f.is_Add]
    if not sums:
        yield row
        return
    others = list(row.weight.above)
    others.remove(sums[0])
    for term in sums[0].args:
        number, weight = _number_and_rest(ratio_of(term))
        weight = weight * Ratio(tuple(others), row.weight.below)
        yield from _terms(replace(row, number=row.number * number, weight=weight))


def joined_logs(rows: Rows) -> Rows:
    """One row for all rows of one weight, with the log of the product."""
    total: list[Row] = []
    for row in rows:
        same = [k for k, other in enumerate(total) if _may_join(other, row)]
        if not same:
            total.append(row)
            continue
        other = total[same[0]]
        number = abs(other.number)
        parts = [r.inside if r.number > 0 else r.inside.inverse() for r in (other, row)]
        inside = parts[0] * parts[1]
        total[same[0]] = replace(other, number=number, inside=inside)
    return tuple(total)


def _may_join(one: Row, other: Row) -> bool:
    return (
        one.inside is not None
        and other.inside is not None
        and set(one.variables) == set(other.variables)
        and abs(one.number) == abs(other.number)
        and _weight_form(one) == _weight_form(other)
    )


def _weight_form(row: Row) -> Form:
    return _PLAIN.form(row.weight.expression())


def vector(ratio: Ratio) -> Vector:
    """The exponents of the factors of a ratio, which add up where logs do."""
    return dict(_SPLIT.form(log(ratio.expression(), evaluate=False)))


def split(rows: Rows, like: Rows) -> Rows:
    """Each log split into those of the other rows, and what is left over by itself."""
    return tuple(part for row in rows for part in _parts(row, like))


def _parts(row: Row, like: Rows) -> Iterator[Row]:
    if row.inside is None:
        yield row
        return
    left, found = vector(row.inside), []
    for other in like:
        group = {} if other.inside is None else vector(other.inside)
        share = _share(left, group)
        if share:
            found.append(replace(row, number=row.number * share, inside=other.inside))
            left = {a: e for a, e in left.items() if a not in group}
    if not found:
        yield row
        return
    yield from found
    yield from _left_over(row, left)


def _share(whole: Vector, part: Vector) -> Expr | None:
    """How often a part is contained in a whole; None where it is not."""
    if not part or not set(part) <= set(whole):
        return None
    shares = {whole[a] / e for a, e in part.items()}
    return sympy.Rational(shares.pop()) if len(shares) == 1 else None


def _left_over(row: Row, left: Vector) -> Iterator[Row]:
    """What is left of a log: the numbers, and the ratio of all else."""
    factors = (*row.inside.above, *row.inside.below)
    number, _ = _number_and_rest(row.inside)
    rest = {f: vector(Ratio((f,))) for f in dict.fromkeys(factors) if not f.is_Rational}
    kept = Ratio(
        tuple(f for f in row.inside.above if f in rest and set(rest[f]) <= set(left)),
        tuple(f for f in row.inside.below if f in rest and set(rest[f]) <= set(left)),
    )
    if kept.above or kept.below:
        yield from _with_log(row, kept)
    if number != 1 and set(vector(Ratio((number,)))) <= set(left):
        yield from _with_log(row, Ratio((number,)))


def _with_log(row: Row, inside: Ratio) -> Iterator[Row]:
    """The row with another log; −log a for the log of 1/a, and a log of a number before it."""
    if not inside.above:
        row, inside = replace(row, number=-row.number), inside.inverse()
    (first, *others) = inside.above
    if first.is_Rational and not others and not inside.below:
        sign = 1 if first > 1 else -1
        number = first if first > 1 else 1 / first
        weight = Ratio((log(number), *row.weight.above), row.weight.below)
        yield replace(row, number=sign * row.number, weight=weight, inside=None)
        return
    yield replace(row, inside=inside)


def split_in_full(rows: Rows) -> Rows:
    """A row for the log of each factor; what adds up to 0 is left out."""
    found: list[Row] = []
    for row in rows:
        if row.inside is None:
            found.append(row)
            continue
        above, below = (
            [f for part in side for f in _number_and_sum(part)]
            for side in (row.inside.above, row.inside.below)
        )
        for factor, sign in (*((f, 1) for f in above), *((f, -1) for f in below)):
            one = next(_with_log(replace(row, number=sign * row.number), Ratio((factor,))))
            _add(found, one)
    return tuple(found)


def _number_and_sum(factor: Expr) -> tuple[Expr, ...]:
    """For a sum whose terms have one number before them, the number and the sum without it."""
    numbers = {term.as_coeff_Mul()[0] for term in Add.make_args(factor)}
    if not factor.is_Add or len(numbers) > 1 or numbers == {1}:
        return (factor,)
    return numbers.pop(), total(term.as_coeff_Mul()[1] for term in factor.args)


def _add(rows: list[Row], one: Row) -> None:
    """Add a row to others; two that differ by a number are one."""
    for k, row in enumerate(rows):
        if row.variables == one.variables and _same_but_number(row, one):
            number = row.number + one.number
            rows[k : k + 1] = [] if number == 0 else [replace(row, number=number)]
            return
    rows.append(one)


def _same_but_number(one: Row, other: Row) -> bool:
    return _PLAIN.form(replace(one, number=S.One).expression()) == _PLAIN.form(
        replace(other, number=S.One).expression()
    )


def without_what_cancels(rows: Rows) -> Rows:
    """The rows without those of densities and chances alone, such as those of ℰ(a, b) less a KL."""
    return tuple(row for row in rows if not _is_measure(row))


def _is_measure(row: Row) -> bool:
    unknown = any(f.has(AppliedUndef) for f in row.weight.above)
    return row.inside is None and bool(row.variables) and not unknown


def marginalised(rows: Rows, joints: Sequence[Joint]) -> Rows:
    """The rows with each density integrated out that nothing else depends on."""
    return tuple(_marginalised(row, joints) for row in rows)


def _marginalised(row: Row, joints: Sequence[Joint]) -> Row:
    for factor in row.weight.above:
        if not isinstance(factor, Density):
            continue
        others = [f for f in (*row.weight.above, *row.weight.below) if f is not factor]
        others += [] if row.inside is None else [*row.inside.above, *row.inside.below]
        used = set().union(*(f.free_symbols for f in others))
        gone = [v for v in factor.over if v in row.variables and v not in used]
        if not gone or (factor.given and len(gone) < len(factor.over)):
            continue
        kept = () if len(gone) == len(factor.over) else (marginal_of(factor, gone, joints),)
        if None in kept:
            continue
        place = row.weight.above.index(factor)
        above = (*row.weight.above[:place], *kept, *row.weight.above[place + 1 :])
        variables = tuple(v for v in row.variables if v not in gone)
        weight = Ratio(above, row.weight.below)
        return _marginalised(replace(row, weight=weight, variables=variables), joints)
    return row


def lifted(rows: Rows, like: Rows, joints: Sequence[Joint]) -> Rows:
    """Each row under the weight of another sum's row of which it is a marginal."""
    return tuple(_lifted(row, like, joints) for row in rows)


def _lifted(row: Row, like: Rows, joints: Sequence[Joint]) -> Row:
    for other in like:
        wider = replace(row, weight=other.weight, variables=other.variables)
        if set(row.variables) < set(other.variables):
            narrow = _marginalised(wider, joints)
            same = set(narrow.variables) == set(row.variables)
            if same and _weight_form(narrow) == _weight_form(row):
                return wider
    return row
