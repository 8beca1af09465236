"""The weakest signs of symbols under which a proof goes through, and premises as lines of LaTeX."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

import sympy
from sympy import Expr, PoleError, Symbol
from sympy.logic.boolalg import Boolean

from onekl.symbolic.notation import latex
from onekl.symbolic.sampling import RandomParameters, RandomTables, all_variables

# What SymPy or a prover raises where the weaker symbol is not enough.
REFUSALS = (ArithmeticError, AttributeError, IndexError, KeyError, NotImplementedError,
            PoleError, RecursionError, TypeError, ValueError)  # fmt: skip
SIGNS = {"positive": "> 0", "negative": "< 0", "nonzero": r"\neq 0",
         "nonnegative": r"\geq 0", "nonpositive": r"\leq 0"}  # fmt: skip


def declared(instances: RandomTables | RandomParameters) -> tuple[Symbol, ...]:
    """The symbols of a statement in the order in which its instances declare them."""
    if isinstance(instances, RandomParameters):
        return tuple(symbol for symbol, *_ in instances.ranges)
    return (*instances.scalars, *all_variables(instances))


def in_order(symbols: Iterable[Symbol], order: tuple[Symbol, ...]) -> list[Symbol]:
    """Symbols in the declared order; those that are not declared come after, by name.

    A symbol with a weaker sign stands where the declared one of its name does.
    """
    place = {symbol.name: k for k, symbol in enumerate(order)}
    return sorted(symbols, key=lambda symbol: (place.get(symbol.name, len(place)), symbol.name))


def needed_premises(
    sides: tuple[Expr, ...],
    conditions_of: Callable[..., tuple[Boolean, ...]],
    order: tuple[Symbol, ...] = (),
    fixed: tuple[Symbol, ...] = (),
) -> Callable[[], tuple[str, ...]]:
    """A function for the signs of free symbols that a proof needs, and its conditions, in LaTeX.

    `conditions_of` proves the statement of the sides that it is given, and raises where it cannot;
    it is called at once.
    Each symbol in turn, but the fixed ones, gets the weakest sign that is enough beside those of
    the others, and that leaves no condition on several symbols in its place.
    """
    conditions = conditions_of(*sides)
    return cache(lambda: _weakest(sides, conditions_of, conditions, order, fixed))


def _weakest(
    sides: tuple[Expr, ...],
    conditions_of: Callable[..., tuple[Boolean, ...]],
    conditions: tuple[Boolean, ...],
    order: tuple[Symbol, ...],
    fixed: tuple[Symbol, ...],
) -> tuple[str, ...]:
    """The weakest signs, one symbol after the other, and the conditions that are left."""
    free = set().union(*(side.free_symbols for side in sides)) - set(fixed)
    everything = set().union(*(side.atoms(Symbol) for side in sides))
    ordered = in_order(free, order)
    weakened: dict[Symbol, Symbol] = {}
    for symbol in ordered:
        for weaker in _weaker(symbol, everything):
            trial = {**weakened, symbol: weaker}
            try:
                found = conditions_of(*(side.xreplace(trial) for side in sides))
            except REFUSALS:
                continue
            if all(c in conditions or c.free_symbols == {weaker} for c in found):
                weakened[symbol], conditions = weaker, found
                break
    left = _not_implied(conditions)
    positive = {c.lhs.name for c in left if _says_positive(c)}
    kept = [weakened.get(symbol, symbol) for symbol in ordered]
    lines = [line for s in kept for line in _assumed(s, says_sign=s.name not in positive)]
    return tuple(dict.fromkeys((*lines, *condition_lines(left, order))))


def _says_positive(condition: Boolean) -> bool:
    """Whether a condition is that one symbol is positive."""
    return isinstance(condition, sympy.Gt) and condition.lhs.is_Symbol and condition.rhs == 0


def _not_implied(conditions: tuple[Boolean, ...]) -> tuple[Boolean, ...]:
    """The conditions without those that follow from others that say that something is positive."""
    above = {c.lhs for c in conditions if isinstance(c, sympy.Gt) and c.rhs == 0}
    positive = {c.lhs: sympy.Dummy(positive=True) for c in conditions if _says_positive(c)}

    def follows(condition: Boolean) -> bool:
        if isinstance(condition, sympy.Ne) and {condition.lhs, -condition.lhs} & above:
            return True
        if isinstance(condition, sympy.Ge) and any(
            sympy.cancel(known).is_positive
            for g in above
            for known in (condition.lhs * g, condition.lhs / g)
        ):
            return True
        return not _says_positive(condition) and condition.xreplace(positive) == sympy.true

    return tuple(condition for condition in conditions if not follows(condition))


def condition_lines(conditions: Iterable[Boolean], order: tuple[Symbol, ...]) -> tuple[str, ...]:
    """Conditions in LaTeX, in an order that does not depend on the symbols' names."""
    conditions = tuple(conditions)
    everything = set().union(*(condition.free_symbols for condition in conditions))

    def neutral(condition: Boolean) -> str:
        names = {
            symbol: Symbol(f"s{k:03}")
            for k, symbol in enumerate(in_order(everything, order))
            if symbol in condition.free_symbols
        }
        return f"{list(names.values())} {condition.xreplace(names)}"

    return tuple(condition_latex(c) for c in sorted(conditions, key=neutral))


def condition_latex(condition: Boolean) -> str:
    """A condition in LaTeX: a comparison in the book's notation, all else as SymPy prints it."""
    for kind, sign in ((sympy.Gt, ">"), (sympy.Ge, r"\geq"), (sympy.Lt, "<"), (sympy.Ne, r"\neq")):
        if isinstance(condition, kind):
            return f"{latex(condition.lhs)} {sign} {latex(condition.rhs)}"
    return sympy.latex(condition)


def _weaker(symbol: Symbol, others: Iterable[Symbol]) -> list[Symbol]:
    """The symbol as a real one, and as one that is not 0, and with its sign alone."""
    if not symbol.is_real or any(o.name == symbol.name and o != symbol for o in others):
        return []
    known = [name for name in SIGNS if getattr(symbol, f"is_{name}")]
    ladder = [{"real": True}, *({"real": True, name: True} for name in reversed(known))]
    found = [Symbol(symbol.name, **assumed) for assumed in ladder]
    return [weaker for weaker in found if weaker != symbol]


def _assumed(symbol: Symbol, *, says_sign: bool) -> tuple[str, ...]:
    """What is assumed of a symbol beyond that it is real, in LaTeX; the strongest sign alone.

    ValueError for what no line says, such as that it is even, rational or no real number.
    """
    parity = (symbol.is_even, symbol.is_odd)  # both are False of what is no integer
    strange = (symbol.is_prime, symbol.is_composite, symbol.is_rational and not symbol.is_integer)
    if symbol.is_real is False or any(strange) or parity != (None, None):
        raise ValueError(f"more is assumed of {latex(symbol)} than a sign, or to be an integer")
    sign = next((word for name, word in SIGNS.items() if getattr(symbol, f"is_{name}")), None)
    lines = () if sign is None or not says_sign else (f"{latex(symbol)} {sign}",)
    return (*lines, rf"{latex(symbol)} \in \mathbb{{Z}}") if symbol.is_integer else lines
