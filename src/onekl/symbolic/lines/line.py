"""A line of a derivation: an expression, and the named rule that leads to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sympy import Expr, Symbol

from onekl.symbolic.premises import Equal
from onekl.symbolic.proof import NotProved

START, EQUAL, AT_LEAST, TENDS, UP_TO_ORDER, SAME = "", "=", ">=", "->", "~", "same"
SIGNS = (START, EQUAL, AT_LEAST, TENDS, UP_TO_ORDER, SAME)


@dataclass(frozen=True)
class Line:
    """An expression, and how it stands to the line before.

    `sign` is "" where a new chain starts, "=", ">=" (the line before is at least this one), "->"
    (it tends to this one as `symbol` goes to `point`, from above or to ∞), "~" (it is this one up
    to terms of higher order than `order` in `symbol`, at 0), or "same" (it is this one times a
    positive number, plus what does not depend on the functions in `uses`: the same objective).
    `rule` is the name of a rule, empty where a chain starts; `uses` is what the rule is used with:
    equations that are put in, or densities that integrate to 1.
    The expression is written as it is printed: with `evaluate=False` where SymPy would cancel.
    """

    expression: Expr
    rule: str = ""
    sign: str = EQUAL
    uses: tuple[Expr | Equal, ...] = ()
    symbol: Symbol | None = None
    point: Expr | None = None
    order: int | None = None

    def __post_init__(self) -> None:
        """ValueError for an unknown sign, and for a line without its rule, symbol or order."""
        if self.sign not in SIGNS:
            raise ValueError(f"no sign {self.sign!r}: take one of {', '.join(map(repr, SIGNS))}")
        if (self.sign == START) == bool(self.rule):
            raise ValueError("the first line of a chain has no rule, and every other has one")
        if self.sign == TENDS and (self.symbol is None or self.point is None):
            raise ValueError("a limit needs its symbol and its point")
        if self.sign == UP_TO_ORDER and (self.symbol is None or self.order is None):
            raise ValueError("an expansion needs its symbol and its order")


Lines = tuple[Line, ...]


@dataclass(frozen=True)
class Rule:
    """A named rule by which one line leads to the next.

    `premise` says in words when it holds; `example` is a line and the one that it leads to.
    `leads` takes the expression before, and the line after, to whether the rule alone leads there:
    it rewrites both and compares them, so that two equal expressions are not enough.
    """

    name: str
    premise: str
    example: tuple[Expr, Line]
    leads: Callable[[Expr, Line], bool]


RULES: dict[str, Rule] = {}  # by name


def register(rule: Rule) -> Rule:
    """The rule, which is now known by its name; ValueError for a name that is taken."""
    if rule.name in RULES:
        raise ValueError(f"the rule {rule.name!r} is there already")
    RULES[rule.name] = rule
    return rule


def require_rules(lines: Lines) -> None:
    """NotProved, with the line's number, unless each line follows by its own rule."""
    for number, (before, line) in enumerate(zip(lines, lines[1:]), 2):
        if line.sign == START:
            continue
        if line.rule not in RULES:
            known = ", ".join(RULES)
            raise NotProved(f"line {number} names the unknown rule {line.rule!r}; known: {known}")
        if not RULES[line.rule].leads(before.expression, line):
            raise NotProved(f"line {number} does not follow from the one before by {line.rule!r}")
