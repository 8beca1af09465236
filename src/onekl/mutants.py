"""Wrong versions of a statement, made from its own expressions, which its check must reject.

One change each: a sign, a dropped term, p and q exchanged, a KL reversed, a constant, a conditioning variable,
a square or a half lost.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Iterator

import sympy
from sympy import Add, Expr, Mul, Pow, exp

from onekl.algebra import Density, Expect, KL, Total, variables_of
from onekl.instances import Finite
from onekl.proofs import Optimum, Statement


def mutants(statement: Statement) -> list[tuple[str, Statement]]:
    """Every one-change version of the statement, with the name of the change; no two are the same."""
    joints = statement.instances.joints if isinstance(statement.instances, Finite) else ()
    found = {}
    for field in statement.mutable:
        original = getattr(statement, field)
        whole = [("sign", -original), ("constant", 2 * original)]
        for name, changed in (*whole, *_changes(original, joints)):
            if changed != original and _same_variables(changed, original, joints):
                found.setdefault((field, changed), name)
    return [(name, replace(statement, **{field: changed})) for (field, changed), name in found.items()
            if _fits(statement, field, changed)]


def _fits(statement, field, changed) -> bool:
    """A functional stays one, and an optimum is not said to lie at whatever it is optimised over."""
    if isinstance(statement, Optimum):
        return isinstance(changed, Total) if field == "functional" else not changed.has(statement.density)
    return True


def _same_variables(changed: Expr, original: Expr, joints) -> bool:
    """A change that leaves a variable unbound makes no sense and is no mutant."""
    variables = {v for joint in joints for v in joint.variables}
    return changed.free_symbols & variables == original.free_symbols & variables


def _changes(expression: Expr, joints) -> Iterator[tuple[str, Expr]]:
    yield from _at_root(expression, joints)
    for index, argument in enumerate(expression.args):
        if isinstance(argument, Expr) and not isinstance(expression, Density):
            for name, changed in _changes(argument, joints):
                rebuilt = _rebuilt(expression, index, changed)
                if rebuilt is not None:
                    yield name, rebuilt


def _rebuilt(expression: Expr, index: int, changed: Expr) -> Expr | None:
    """The expression with one argument changed, unless it then is no functional of densities any more."""
    arguments = list(expression.args)
    arguments[index] = changed
    if isinstance(expression, (Expect, KL)) and index < 2 and not _is_weight(expression, index, changed):
        return None
    return expression.func(*arguments)


def _is_weight(expression, index, changed) -> bool:
    if isinstance(expression, Expect) and index == 1:
        return True
    try:
        return set(variables_of(changed)) == set(variables_of(expression.args[index])) and not changed.could_extract_minus_sign()
    except ValueError:
        return False


def _at_root(expression: Expr, joints) -> Iterator[tuple[str, Expr]]:
    if isinstance(expression, Add):
        for term in expression.args:
            yield "sign", expression - 2 * term
            yield "dropped term", expression - term
    elif isinstance(expression, Mul) and not expression.args[0].is_number:
        yield "sign", -expression
    elif isinstance(expression, KL):
        if set(variables_of(expression.first)) == set(variables_of(expression.second)):
            yield "KL reversed", KL(expression.second, expression.first)
    elif isinstance(expression, Density):
        yield from _density_changes(expression, joints)
    elif isinstance(expression, Pow) and expression.exp in (2, sympy.Rational(1, 2)):
        yield "square lost" if expression.exp == 2 else "root lost", expression.base
    elif isinstance(expression, exp):
        yield "exponent doubled", exp(2 * expression.args[0])
    elif expression.is_Rational and expression not in (0, -1):
        yield ("half lost" if expression == sympy.Rational(1, 2) else "constant"), 2 * expression


def _density_changes(density: Density, joints) -> Iterator[tuple[str, Expr]]:
    own = next(joint for joint in joints if joint.family == density.family)
    for joint in joints:
        if joint.family != density.family and set(density.over + density.given) <= set(joint.variables):
            yield "p and q exchanged", joint(*density.over, given=density.given)
    if density.given:
        yield "condition dropped", own(*density.over)
        yield "condition reversed", own(*density.given, given=density.over)
