"""Certificates of optimal transport: a plan and a potential with the same value prove both optimal.

A plan γ ≥ 0 with the marginals p and q costs Σ γ c. A potential (f, g) with f(x) + g(y) ≤ c(x, y)
is worth Σ f p + Σ g q, which is at most the cost of any plan (`weak_duality`, for any alphabet).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import ClassVar

import mpmath
import numpy as np
import sympy
from scipy.optimize import linprog
from sympy import Expr, Function

from onekl.symbolic.algebra import Expectation, Joint, SumOrIntegral
from onekl.symbolic.notation import latex
from onekl.symbolic.numeric import Assignment, Evaluator, Number, compiled
from onekl.symbolic.premises import using
from onekl.symbolic.proof import NotProved, Proof
from onekl.symbolic.sampling import RandomTables
from onekl.symbolic.statements import Bound, Statement, difference

Row = tuple[Expr, ...]
Table = tuple[Row, ...]
TINY = 1e-12  # cells of a plan in doubles that are below it are 0

SHARED = {f.name for f in fields(Statement)}  # what every statement has


@dataclass(frozen=True, kw_only=True)
class OptimalTransport(Statement):
    """The least cost Σ γ c of a plan γ with the marginals p and q is `value`.

    `plan` has that cost, and the potential (f, g) shows that no other is cheaper. Cells are exact:
    rational, or symbols of known sign. ValueError for tables that do not fit each other.
    """

    p: Row
    q: Row
    cost: Table
    plan: Table
    f: Row
    g: Row
    value: Expr
    mutable: ClassVar = ("value",)

    def __post_init__(self) -> None:
        for name in ("p", "q", "f", "g"):
            object.__setattr__(self, name, tuple(map(_exact, getattr(self, name))))
        for name in ("cost", "plan"):
            rows = tuple(tuple(map(_exact, row)) for row in getattr(self, name))
            object.__setattr__(self, name, rows)
            if [len(row) for row in rows] != [len(self.q)] * len(self.p):
                raise ValueError(f"the {name} needs {len(self.p)} rows of {len(self.q)} cells")
        object.__setattr__(self, "value", _exact(self.value))
        for table, potential, name in ((self.p, self.f, "f"), (self.q, self.g, "g")):
            if len(table) != len(potential):
                raise ValueError(f"{name} needs {len(table)} values, not {len(potential)}")

    def latex(self) -> str:
        """The least cost = value, with the tables and the plan, in LaTeX."""
        p, q = (rf"\left({', '.join(map(latex, row))}\right)" for row in (self.p, self.q))
        least = r"\min_{\gamma \in \Pi(p, q)} \sum_{x, y} \gamma(x, y)\,c(x, y)"
        given = rf"p = {p},\ q = {q},\ c = {_matrix(self.cost)}"
        return rf"{least} = {latex(self.value)} \quad ({given},\ \gamma = {_matrix(self.plan)})"

    def plain(self) -> OptimalTransport:
        """The statement with its given equations put in, in every cell."""

        def put(cell: object) -> object:
            return tuple(map(put, cell)) if isinstance(cell, tuple) else using(cell, self.given)

        names = [f.name for f in fields(OptimalTransport) if f.name not in SHARED]
        return replace(self, given=(), **{name: put(getattr(self, name)) for name in names})

    def _cells(self) -> itertools.product:
        return itertools.product(range(len(self.p)), range(len(self.q)))

    def _prove(self) -> Proof:
        """Check the plan, the potential and the two values, cell by cell and exactly."""
        self._require_tables()
        self._require_marginals()
        for x, y in self._cells():
            slack = self.cost[x][y] - self.f[x] - self.g[y]
            if not _at_least_zero(slack):
                raise NotProved(
                    f"f + g ≤ c is not seen at {_cell(x, y)}: c − f − g is {_shown(slack)}"
                )
        cost = sum(self.plan[x][y] * self.cost[x][y] for x, y in self._cells())
        worth = _dot(self.f, self.p) + _dot(self.g, self.q)
        for what, amount in (("plan costs", cost), ("potential is worth", worth)):
            if sympy.simplify(amount - self.value) != 0:
                raise NotProved(f"the {what} {_shown(amount)}, not {_shown(self.value)}")
        return Proof()

    def _require_tables(self) -> None:
        """NotProved unless p, q and the plan are tables of numbers that are not negative."""
        for name, table in (("p", self.p), ("q", self.q)):
            if sympy.simplify(sum(table) - 1) != 0:
                raise NotProved(f"{name} sums to {_shown(sum(table))}, not to 1")
        for cell in (*itertools.chain(*self.cost), *self.f, *self.g):
            if not cell.is_real:
                raise NotProved(f"{latex(cell)} is not seen to be a real number")
        for x, y in self._cells():
            if not _at_least_zero(self.plan[x][y]):
                raise NotProved(
                    f"the plan is not seen to be at least 0 at {_cell(x, y)}: "
                    f"it is {_shown(self.plan[x][y])}"
                )

    def _require_marginals(self) -> None:
        """NotProved, with the letter, where the plan's sums are not p and q."""
        for name, letter, table, lines in (
            ("row", "x", self.p, self.plan),
            ("column", "y", self.q, tuple(zip(*self.plan))),
        ):
            for index, (wanted, line) in enumerate(zip(table, lines)):
                if sympy.simplify(sum(line) - wanted) != 0:
                    raise NotProved(
                        f"the plan's {name} at {letter} = {index} sums to {_shown(sum(line))}, "
                        f"not to {_shown(wanted)}"
                    )

    def _compile(self) -> Evaluator:
        """How far value, the plan's cost and the potential's worth are from a solver's optimum.

        Also by how much the plan, or the potential, misses what it must fulfil.
        """
        rows = {name: [compiled(e) for e in getattr(self, name)] for name in ("p", "q", "f", "g")}
        grids = {
            name: [[compiled(e) for e in row] for row in getattr(self, name)]
            for name in ("cost", "plan")
        }
        value = compiled(self.value)

        def violation(instance: Assignment) -> Number:
            p, q, f, g = (tuple(e(instance) for e in rows[name]) for name in rows)
            cost, plan = (
                tuple(tuple(e(instance) for e in row) for row in grids[name]) for name in grids
            )
            least, cells = least_cost(p, q, cost), list(self._cells())
            amounts = (
                value(instance),
                sum(plan[x][y] * cost[x][y] for x, y in cells),
                _dot(f, p) + _dot(g, q),
            )
            missing = [difference(amount, least) for amount in amounts]
            missing += [max(-plan[x][y], f[x] + g[y] - cost[x][y]) for x, y in cells]
            missing += [abs(sum(row) - mass) for row, mass in zip(plan, p)]
            missing += [abs(sum(column) - mass) for column, mass in zip(zip(*plan), q)]
            return max(mpmath.mpf(0), *missing)

        return violation


@cache
def least_cost(p: tuple, q: tuple, cost: tuple) -> Number:
    """The least cost of a plan: a solver's vertex in doubles, computed again with all digits."""
    rows, columns = len(p), len(q)
    sums = np.array(
        [[x == row for x in range(rows) for _ in range(columns)] for row in range(rows)]
        + [[y == column for _ in range(rows) for y in range(columns)] for column in range(columns)],
        dtype=float,
    )
    masses = np.array([float(mass) for mass in (*p, *q)])
    found = linprog(
        [float(c) for row in cost for c in row], A_eq=sums, b_eq=masses, method="highs-ds"
    )
    if not found.success:
        return mpmath.nan
    used = {divmod(int(k), columns) for k in np.flatnonzero(found.x > TINY)}
    return sum(mass * cost[x][y] for (x, y), mass in _filled(p, q, used).items())


def _filled(p: tuple, q: tuple, used: set[tuple[int, int]]) -> dict[tuple[int, int], Number]:
    """The plan with these cells alone, which have no cycle: a last cell takes what is left."""
    left = {("x", k): mass for k, mass in enumerate(p)} | {("y", k): m for k, m in enumerate(q)}
    plan, open_ = {}, set(used)
    while open_:
        ends = [end for x, y in open_ for end in (("x", x), ("y", y))]
        cell, end = next(
            ((x, y), end)
            for x, y in sorted(open_)
            for end in (("x", x), ("y", y))
            if ends.count(end) == 1
        )
        plan[cell] = left[end]
        for other in (("x", cell[0]), ("y", cell[1])):
            left[other] -= plan[cell]
        open_.remove(cell)
    return plan


def weak_duality(plan: Joint, names: tuple[str, str] = ("f", "g")) -> Bound:
    """Every plan costs at least what every potential is worth, on any alphabet.

    `plan` is a joint of x and y, so that its marginals are p and q; the cost is written as
    c = f + g + s with a slack s ≥ 0. Equality holds where s = 0 wherever the plan is positive.
    """
    x, y = plan.variables
    f, g = (Function(name, real=True) for name in names)
    slack = Function("s", nonnegative=True)(x, y)
    return Bound(
        RandomTables((plan,)),
        upper=Expectation(plan(x, y), f(x) + g(y) + slack),
        lower=Expectation(plan(x), f(x)) + Expectation(plan(y), g(y)),
        remainder=SumOrIntegral(plan(x, y) * slack, (x, y)),
    )


def point_masses(distance: Expr) -> tuple[Table, Row]:
    """The cost |x − y| between the letters 0 and `distance`, and a potential for it.

    It is 0 at the first letter and −|distance| at the second.
    """
    apart = sympy.Abs(distance)
    return ((sympy.S.Zero, apart), (apart, sympy.S.Zero)), (sympy.S.Zero, -apart)


def _exact(cell: object) -> Expr:
    """A cell as an exact number or a formula; ValueError for a float."""
    expression = sympy.sympify(cell)
    if expression.has(sympy.Float):
        raise ValueError(f"{cell} is not exact: write it as a fraction")
    return expression


def _at_least_zero(cell: Expr) -> bool:
    """Whether a cell is seen to be at least 0, from the signs of its symbols."""
    return any(bool(form(cell).is_nonnegative) for form in (sympy.expand, sympy.factor))


def _dot(first: tuple, second: tuple) -> Expr | Number:
    return sum(a * b for a, b in zip(first, second))


def _cell(x: int, y: int) -> str:
    return f"(x, y) = ({x}, {y})"


def _shown(amount: Expr) -> str:
    return latex(sympy.simplify(amount))


def _matrix(table: Table) -> str:
    lines = r" \\ ".join(" & ".join(map(latex, row)) for row in table)
    return rf"\begin{{pmatrix}} {lines} \end{{pmatrix}}"
