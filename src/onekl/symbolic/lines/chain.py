"""A chain of lines that is written by hand."""

from __future__ import annotations

from sympy import Expr

from onekl.symbolic.lines.line import START, Line, Lines


def chain(start: Expr, *steps: tuple[Expr, str] | Line) -> Lines:
    """The start, and each expression with the rule that makes it equal to the one before.

    A step that is more than an equation is a `Line`.
    """
    lines = (step if isinstance(step, Line) else Line(*step) for step in steps)
    return Line(start, sign=START), *lines
