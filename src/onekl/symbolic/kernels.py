"""Families of joints over x and x′ for transition kernels.

An `Exchangeable` joint is symmetric: its conditional is a kernel that satisfies detailed balance
with its marginal. A `Moved` joint is a law and one step of a kernel.
"""

from __future__ import annotations

from sympy import Expr, Symbol

from onekl.symbolic.algebra import Density, Joint, Table
from onekl.symbolic.copies import alphabet, level


class Exchangeable(Joint):
    """A symmetric joint over copies of one variable: p(x, x′) = p(x′, x).

    It has one marginal, p(x), and one kernel, p(x′|x), for which p(x) p(x′|x) = p(x′) p(x|x′), and
    its densities can be taken at any copies. Any kernel that satisfies detailed balance with a law
    is that of a symmetric joint, their product.
    """

    promise = "symmetric"

    def __init__(
        self,
        family: str,
        variables: tuple[Symbol, ...],
        names: dict[tuple[Symbol, ...], str] | None = None,
    ) -> None:
        super().__init__(family, variables, names)
        if len({alphabet(v) for v in variables}) > 1 or len(variables) < 2:
            raise ValueError(
                f"{family} is symmetric, so it needs a variable and copies of it, not {variables}"
            )

    roles = property(lambda self: (0,) * len(self.variables))

    def __call__(self, *over: Symbol, given: Symbol | tuple[Symbol, ...] = ()) -> Density:
        """The density of `over` given `given`, at any copies of the variable.

        ValueError for another variable, for one that is named twice, and for too many or none.
        """
        given = given if isinstance(given, tuple) else (given,)
        letters = (*over, *given)
        own = {alphabet(v) for v in self.variables}
        if not over or any(alphabet(v) not in own for v in letters):
            raise ValueError(f"{self.family} is a density of {self.variables[0]} and its copies")
        if len(set(letters)) < len(letters) or len(letters) > len(self.variables):
            raise ValueError(
                f"a density of {self.family} needs up to {len(self.variables)} letters, "
                f"each named once; got {over} given {given}"
            )
        ordered = (*sorted(over, key=level), *sorted(given, key=level))
        axes = {letter: axis for axis, letter in enumerate(ordered)}
        return self._density({v: axes[v] for v in over}, {v: axes[v] for v in given})

    def conform(self, table: Table, tables: dict[str, Table]) -> Table:
        """Each cell from the one with its letters in order; 0 where any order of them has a 0."""
        orders: dict[tuple[int, ...], list] = {}
        for cell in table:
            orders.setdefault(tuple(sorted(cell)), []).append(cell)
        one = {
            first: 0 * table[first] if any(table[c] == 0 for c in cells) else table[first]
            for first, cells in orders.items()
        }
        whole = sum(one[tuple(sorted(cell))] for cell in table)
        return {cell: one[tuple(sorted(cell))] / whole for cell in table}


class Moved(Joint):
    """A law p(x) and one step of a kernel from x to x′: p(x, x′) = p(x) k(x′|x).

    `kernel` is the family of k, a joint over x and x′. P = `Moved("p", K)` has the law P(x), the
    law P(x′) after the step, which prints as p₂(x′), and the way back, P(x, given=x′); P(x, x′) is
    the product.
    """

    promise = "a law moved by its kernel"

    def __init__(
        self, family: str, kernel: Joint, names: dict[tuple[Symbol, ...], str] | None = None
    ) -> None:
        if len(kernel.variables) != 2 or len({alphabet(v) for v in kernel.variables}) != 1:
            raise ValueError(f"{kernel.family} is no kernel: it needs a variable and its copy")
        self.kernel, self.built_on = kernel, (kernel.family,)
        super().__init__(family, kernel.variables, names)

    def _density(self, over: dict[Symbol, int], given: dict[Symbol, int]) -> Expr:
        """The density of letters on these axes: the kernel's for x′ given x, a product for both."""
        if len(over) + len(given) < 2:
            return super()._density(over, given)
        before, after = ({v: a for v, a in (over | given).items() if a == axis} for axis in (0, 1))
        step = self.kernel._density(after, before)
        if not given:
            return super()._density(before, {}) * step
        return step if over == after else super()._density(over, given)

    def conform(self, table: Table, tables: dict[str, Table]) -> Table:
        """The table's first marginal times the kernel; the kernel is uniform given a null event."""
        kernel, size = tables[self.kernel.family], 1 + max(first for first, _ in table)
        law, given = (
            [sum(cells[first, second] for second in range(size)) for first in range(size)]
            for cells in (table, kernel)
        )
        return {
            (i, j): law[i] * kernel[i, j] / given[i] if given[i] != 0 else law[i] / size
            for i, j in table
        }
