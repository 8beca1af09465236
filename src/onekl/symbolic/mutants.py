"""Wrong versions of a statement, made from its own expressions, which its check must reject.

One change each: a sign, a dropped term, p and q exchanged, a KL reversed, a constant, a condition
dropped, reversed or added, another marginal, a square or a half lost, letters exchanged.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import sympy
from sympy import Add, Basic, Expr, Mul, Pow, exp, log
from sympy.core.function import AppliedUndef

from onekl.symbolic.algebra import (
    KL,
    ClassProbability,
    Density,
    Entropy,
    Expectation,
    Joint,
    LabelledJoint,
    variables_of,
)
from onekl.symbolic.copies import alphabet, copies_in, exchanged
from onekl.symbolic.sampling import RandomTables
from onekl.symbolic.statements import Statement

HALF = sympy.Rational(1, 2)


def mutants(statement: Statement) -> list[tuple[str, Statement]]:
    """Every one-change version of the statement, with the name of the change.

    No two are the same.
    """
    is_on_tables = isinstance(statement.instances, RandomTables)
    joints = statement.instances.joints if is_on_tables else ()
    found = {}
    for field in statement.mutable:
        original = getattr(statement, field)
        whole = [("sign", -original), ("constant", 2 * original)]
        for name, changed in (*whole, *_changes(original, joints)):
            if _same_variables(changed, original, joints) and statement.accepts(field, changed):
                found.setdefault((field, _canonical(changed)), (name, changed))
        found.pop((field, _canonical(original)), None)
    return [
        (name, replace(statement, **{field: changed}))
        for (field, _), (name, changed) in found.items()
    ]


def _canonical(expression: Expr) -> Expr:
    """One form for expressions that differ only in how they are written."""
    return Add(*map(_canonical_term, Add.make_args(expression)))


@lru_cache(maxsize=2**14)  # a mutant differs from the others in one term, and there in one part
def _canonical_term(term: Expr) -> Expr:
    return _expanded(term.doit())


@lru_cache(maxsize=2**14)
def _expanded(expression: Basic) -> Basic:
    """The expression expanded from the inside out."""
    if not expression.args:
        return expression
    rebuilt = expression.func(*map(_expanded, expression.args))
    return sympy.expand(rebuilt, deep=False) if isinstance(rebuilt, Expr) else rebuilt


def _same_variables(changed: Expr, original: Expr, joints: tuple[Joint, ...]) -> bool:
    """A change that leaves a variable unbound makes no sense and is no mutant."""
    variables = {v for joint in joints for v in joint.variables}
    variables |= set(copies_in((changed, original)))
    return changed.free_symbols & variables == original.free_symbols & variables


def _changes(expression: Expr, joints: tuple[Joint, ...]) -> Iterator[tuple[str, Expr]]:
    """Every change at the root of an expression, then every change further down."""
    yield from _at_root(expression, joints)
    if isinstance(expression, (Density, ClassProbability)):
        return
    for index, argument in enumerate(expression.args):
        if not isinstance(argument, Expr) or (isinstance(expression, Pow) and index == 1):
            continue
        for name, changed in _changes(argument, joints):
            if isinstance(expression, log) and name == "sign" and changed == -argument:
                continue  # the log of a negative number
            rebuilt = _rebuilt(expression, index, changed)
            if rebuilt is not None:
                yield name, rebuilt


def _rebuilt(expression: Expr, index: int, changed: Expr) -> Expr | None:
    """The expression with one argument changed; None if it then is no functional of densities."""
    arguments = list(expression.args)
    arguments[index] = changed
    weights = {KL: (0, 1), Expectation: (0,), Entropy: (0,)}.get(type(expression), ())
    if index in weights and not _is_weight(expression.args[index], changed):
        return None
    return expression.func(*arguments)


def _is_weight(original: Expr, changed: Expr) -> bool:
    """Whether a changed weight still is one, over the same variables."""
    if isinstance(original, LabelledJoint):
        pairs = zip(original.args[1:], changed.args[1:])
        return all(itertools.starmap(_is_weight, pairs))
    try:
        return (
            set(variables_of(changed)) == set(variables_of(original))
            and not changed.could_extract_minus_sign()
        )
    except ValueError:
        return False


def _at_root(expression: Expr, joints: tuple[Joint, ...]) -> Iterator[tuple[str, Expr]]:
    if isinstance(expression, Add):
        for term in expression.args:
            yield "sign", expression - 2 * term
            yield "dropped term", expression - term
    elif isinstance(expression, Mul) and not expression.args[0].is_number:
        yield "sign", -expression
    elif isinstance(expression, KL):
        yield from _kl_changes(expression, joints)
    elif isinstance(expression, Entropy) and isinstance(expression.args[0], Density):
        yield from (
            ("another marginal", Entropy(other)) for other in _marginals(expression.args[0], joints)
        )
    elif isinstance(expression, Density):
        yield from _density_changes(expression, joints)
    elif isinstance(expression, AppliedUndef):
        yield from _letters_exchanged(expression)
    elif isinstance(expression, LabelledJoint):
        yield "labels exchanged", LabelledJoint(expression.label, expression.zero, expression.one)
    elif isinstance(expression, ClassProbability):
        yield "D and 1 − D exchanged", expression.other
    elif isinstance(expression, Pow) and expression.exp in (2, HALF):
        yield "square lost" if expression.exp == 2 else "root lost", expression.base
    elif isinstance(expression, exp):
        yield "exponent doubled", exp(2 * expression.args[0])
    elif expression.is_Rational and expression not in (0, -1):
        yield ("half lost" if expression == HALF else "constant"), 2 * expression
    elif expression.is_Symbol and expression.is_positive:
        yield "square added", expression**2


def _kl_changes(kl: KL, joints: tuple[Joint, ...]) -> Iterator[tuple[str, Expr]]:
    if _is_weight(kl.first, kl.second):
        yield "KL reversed", KL(kl.second, kl.first)
    plain = all(isinstance(side, Density) and not side.given for side in (kl.first, kl.second))
    if plain and len(kl.first.over) == 1:
        for pair in zip(_marginals(kl.first, joints), _marginals(kl.second, joints)):
            yield "another marginal", KL(*pair)


def _marginals(density: Density, joints: tuple[Joint, ...]) -> list[Density]:
    """The family's other unconditional densities: the joint, and the other marginals."""
    own = _own(density, joints)
    if own is None:
        return []
    whole = [own(*own.variables)] + [own(v) for v in own.variables]
    return [other for other in whole if other != density]


def _own(density: Density, joints: tuple[Joint, ...]) -> Joint | None:
    """The joint that the density belongs to; None where a false statement holds another's."""
    return next((joint for joint in joints if joint.family == density.family), None)


def _density_changes(density: Density, joints: tuple[Joint, ...]) -> Iterator[tuple[str, Expr]]:
    """The changes at the variables of the density's family, taken back to its letters."""
    own = _own(density, joints)
    if own is None:
        return
    lowered, letters = own.at_own_letters(density)
    for name, changed in _own_density_changes(lowered, joints):
        yield name, changed.xreplace(letters)
    yield from _letters_exchanged(density)


def _letters_exchanged(value: Expr) -> Iterator[tuple[str, Expr]]:
    """The density or function with two letters of one alphabet exchanged."""
    for one, other in itertools.combinations(sorted(value.free_symbols, key=str), 2):
        if alphabet(one) == alphabet(other):
            yield "letters exchanged", exchanged(value, one, other)


def _own_density_changes(density: Density, joints: tuple[Joint, ...]) -> Iterator[tuple[str, Expr]]:
    own = _own(density, joints)
    others = [
        j
        for j in joints
        if j.family != density.family and set(density.over + density.given) <= set(j.variables)
    ]
    for joint in others:
        yield "p and q exchanged", joint(*density.over, given=density.given)
    if density.given:
        yield "condition dropped", own(*density.over)
        yield "condition reversed", own(*density.given, given=density.over)
        yield "joint for conditional", own(*density.over, *density.given)
        for joint in others:
            yield "another density", joint(*density.over)
        return
    for variable in own.variables:
        if variable not in density.over:
            yield "condition added", own(*density.over, given=variable)
        elif len(density.over) > 1:
            yield (
                "conditional for joint",
                own(*(v for v in density.over if v != variable), given=variable),
            )
