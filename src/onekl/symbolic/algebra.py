r"""A small probability algebra on SymPy: what the sources' notation needs, and no more.

A `Joint` names a joint density over named variables; calling it gives its marginals and
conditionals, `Density` objects that stand for an unknown positive function and print as the book
writes them. `Gaussian` is a density with a formula, `Dirac` a map written as a density.
`Expectation`, `KL` and `Entropy` are functionals of densities; each has a `definition` as a
`SumOrIntegral`, the integral (or, on a finite alphabet, the sum) over the whole range of its
variables.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import sympy
from sympy import Expr, Function, Mul, Symbol, Tuple, exp, log, pi, sqrt
from sympy.core.symbol import Str
from sympy.printing.latex import LatexPrinter
from sympy.printing.str import StrPrinter

from onekl.symbolic.copies import alphabet, level, shifted
from onekl.symbolic.integrals import Integrated, integrated_over_line, joined
from onekl.symbolic.nodes import nodes_of

Table = dict[tuple[int, ...], Any]  # a number, or a formula, for each cell


class Density(Expr):
    """One density of a family: `over` given `given`, a positive unknown function.

    Made by a `Joint`, never by hand. Arguments: the name that is printed, the family's name,
    the variables it is a density over, the variables it is conditioned on.
    In a family with two axes of one alphabet the letters do not tell the axes: there `roles` holds
    an axis for each letter, and axes that may be exchanged share one.
    """

    is_positive = True
    is_commutative = True

    def __new__(
        cls,
        name: str | Str,
        family: str | Str,
        over: Iterable[Symbol],
        given: Iterable[Symbol] = (),
        roles: Iterable[int] = (),
    ) -> Density:
        """The density of these names and variables."""
        over, given, roles = tuple(over), tuple(given), tuple(map(int, roles))
        if len(set(roles)) < len(roles):
            over, given = _in_one_order(over, roles), _in_one_order(given, roles[len(over) :])
        arguments = (Str(str(name)), Str(str(family)), Tuple(*over), Tuple(*given))
        return Expr.__new__(cls, *arguments, *([Tuple(*roles)] if roles else []))

    name = property(lambda self: self.args[0].name)
    family = property(lambda self: self.args[1].name)
    over = property(lambda self: tuple(self.args[2]))
    given = property(lambda self: tuple(self.args[3]))
    roles = property(lambda self: tuple(map(int, self.args[4])) if len(self.args) > 4 else ())

    @property
    def free_symbols(self) -> set[Symbol]:
        """All its variables."""
        return set(self.over) | set(self.given)

    def has_marginal(self, other: Density) -> bool:
        """Whether the other is of the same family, at the same letters, over fewer of them."""
        own, others = (
            set(zip(d.over + d.given, d.roles or (None,) * len(d.over + d.given)))
            for d in (self, other)
        )
        return self.family == other.family and others < own

    def axes(self, variables: tuple[Symbol, ...]) -> tuple[int, ...]:
        """For each letter of `over` and `given` its axis, among the family's variables."""
        if not self.roles:
            own = [alphabet(v) for v in variables]
            return tuple(own.index(alphabet(letter)) for letter in self.over + self.given)
        return tuple(role + self.roles[:k].count(role) for k, role in enumerate(self.roles))

    def _latex(self, printer: LatexPrinter) -> str:
        names = ", ".join(printer.doprint(v) for v in self.over)
        bar = "|" + ", ".join(printer.doprint(v) for v in self.given) if self.given else ""
        return rf"{self.name}({names}{bar})"

    def _sympystr(self, printer: StrPrinter) -> str:
        names = ", ".join(map(str, self.over)) + (
            "|" + ", ".join(map(str, self.given)) if self.given else ""
        )
        return f"{self.name if self.roles else self.family}({names})"


def _in_one_order(letters: tuple[Symbol, ...], roles: tuple[int, ...]) -> tuple[Symbol, ...]:
    """The letters with those of one role, which may be exchanged, in the order of their primes."""
    pools = {
        role: sorted((v for v, r in zip(letters, roles) if r == role), key=level)
        for role in set(roles[: len(letters)])
    }
    return tuple(pools[role].pop(0) for role in roles[: len(letters)])


class Joint:
    r"""A joint density over named variables.

    `P = Joint("p", (x, z), {(x,): r"\tilde{p}"})` is p(x, z) whose x-marginal prints as p̃(x):
    `P(x, z)` is the joint, `P(x)` a marginal, `P(z, given=x)` a conditional.
    With x′ = `copy_of(x)`, `P(x′)` is the same marginal at another letter.
    A joint over x and x′ has two axes of one alphabet: `K(x′, given=x)` is the transition kernel
    k(x′|x), and with the letters `exchanged` it is k(x|x′), which is not `K(x, given=x′)`: that is
    the kernel back, k₁|₂(x|x′).
    """

    built_on: tuple[str, ...] = ()  # the families whose tables are part of this one's
    promise = "a joint density"  # what every table of the family is

    def __init__(
        self,
        family: str,
        variables: tuple[Symbol, ...],
        names: dict[tuple[Symbol, ...], str] | None = None,
    ) -> None:
        self.family, self.variables, self.names = family, tuple(variables), names or {}
        _require_symbols(self.variables, "the joint", family)
        for variable in (v for key in self.names for v in key):
            self.axis_of(variable)

    @property
    def roles(self) -> tuple[int, ...]:
        """The role of each axis in a family with two axes of one alphabet; else nothing."""
        alphabets = {alphabet(v) for v in self.variables}
        repeated = len(alphabets) < len(self.variables)
        return tuple(range(len(self.variables))) if repeated else ()

    def axis_of(self, letter: Symbol) -> int:
        """The axis of a variable, or of a copy where its alphabet belongs to one axis alone.

        ValueError for any other letter.
        """
        if letter in self.variables:
            return self.variables.index(letter)
        own = [alphabet(v) for v in self.variables]
        if alphabet(letter) in own and not self.roles:
            return own.index(alphabet(letter))
        known = ", ".join(map(str, self.variables))
        raise ValueError(f"{self.family} is a density over {known}; it has no variable {letter}")

    def __repr__(self) -> str:
        return f"{self.family}({', '.join(map(str, self.variables))})"

    def __call__(self, *over: Symbol, given: Symbol | tuple[Symbol, ...] = ()) -> Density:
        """The density of `over` given `given`.

        ValueError for a variable that the family lacks, for one that is named twice, and for none.
        """
        given = given if isinstance(given, tuple) else (given,)
        axes = [self.axis_of(letter) for letter in (*over, *given)]
        if not over or len(set(axes)) < len(axes):
            raise ValueError(
                f"a density of {self.family} needs variables, each named once; "
                f"got {over} given {given}"
            )
        return self._density(dict(zip(over, axes)), dict(zip(given, axes[len(over) :])))

    def conform(self, table: Table, tables: dict[str, Table]) -> Table:
        """The nearest table that has what the family promises; `tables` are the other families'."""
        return table

    def whole(self, density: Density) -> Expr:
        """The density of all the variables of one of the family's, at its letters."""
        return self._density(self._axes(density, density.over + density.given), {})

    def condition(self, density: Density) -> Expr:
        """The density of the variables that one of the family's is conditioned on."""
        return self._density(self._axes(density, density.given), {})

    def marginal(self, density: Density, letters: Iterable[Symbol]) -> Expr:
        """The density of some of the letters of one of the family's joint densities."""
        return self._density(self._axes(density, tuple(letters)), {})

    def at_own_letters(self, density: Density) -> tuple[Density, dict[Symbol, Symbol]]:
        """One of the family's densities at the family's variables, and the letters that it had.

        The letters of the other axes are those with as many primes more.
        """
        axes = self._axes(density, density.over + density.given)
        more = min(level(v) - level(self.variables[axis]) for v, axis in axes.items())
        letters = {self.variables[axis]: letter for letter, axis in axes.items()}
        for variable in (v for v in self.variables if v not in letters):
            choice = shifted(variable, max(more, 0)), *self.variables
            letters[variable] = next(
                v for v in choice if alphabet(v) == alphabet(variable) and v not in letters.values()
            )
        over, given = (
            {self.variables[axes[v]]: axes[v] for v in some}
            for some in (density.over, density.given)
        )
        return self._density(over, given), letters

    def _axes(self, density: Density, letters: tuple[Symbol, ...]) -> dict[Symbol, int]:
        every = dict(zip(density.over + density.given, density.axes(self.variables)))
        return {letter: every[letter] for letter in letters}

    def _density(self, over: dict[Symbol, int], given: dict[Symbol, int]) -> Density:
        """The density of letters on these axes, given others."""
        ordered, conditions = (sorted(letters, key=letters.get) for letters in (over, given))
        axes = [over[v] for v in ordered], [given[v] for v in conditions]
        roles = [self.roles[axis] for part in axes for axis in part] if self.roles else []
        return Density(self._name(*axes), self.family, ordered, conditions, roles)

    def _name(self, over: list[int], given: list[int]) -> str:
        """The printed name of a density on these axes, with their numbers where letters mislead."""
        own = tuple(self.variables[axis] for axis in over)
        if not given and own in self.names:
            return self.names[own]
        if self._follows_letters(given + over):
            return self.family
        numbers = "|".join(
            "".join(str(axis + 1) for axis in part) for part in (over, given) if part
        )
        family = f"{{{self.family}}}" if "_" in self.family else self.family
        return f"{family}_{{{numbers}}}"

    def _follows_letters(self, axes: list[int]) -> bool:
        """Whether, of the axes of each alphabet, these are the first ones in their order."""
        own = [alphabet(v) for v in self.variables]
        for variable in own if len(set(self.roles)) > 1 else ():
            every = [axis for axis, other in enumerate(own) if other == variable]
            chosen = [axis for axis in axes if axis in every]
            if chosen != every[: len(chosen)]:
                return False
        return True


def _require_symbols(variables: tuple[Symbol, ...], kind: str, of: object) -> None:
    """ValueError, naming what they are the variables of, unless they are distinct symbols."""
    if not variables:
        raise ValueError(f"{kind} {of} has no variable")
    for variable in variables:
        if not sympy.sympify(variable).is_symbol:
            raise ValueError(f"{kind} {of} needs symbols as its variables, not {variable}")
    if len(set(variables)) < len(variables):
        raise ValueError(f"{kind} {of} names a variable twice: {', '.join(map(str, variables))}")


class Gaussian(Expr):
    r"""N(variable; mean, variance), one-dimensional: a density with a formula."""

    is_positive = True
    is_commutative = True

    def __new__(cls, variable: Symbol, mean: Expr | float, variance: Expr | float) -> Gaussian:
        """The normal density of the variable; numbers become SymPy's."""
        return Expr.__new__(cls, *map(sympy.sympify, (variable, mean, variance)))

    variable = property(lambda self: self.args[0])
    mean = property(lambda self: self.args[1])
    variance = property(lambda self: self.args[2])
    over = property(lambda self: (self.args[0],))

    def formula(self) -> Expr:
        """exp(−(z − μ)²/2σ²)/√(2πσ²)."""
        distance = (self.variable - self.mean) ** 2
        return exp(-distance / (2 * self.variance)) / sqrt(2 * pi * self.variance)

    def _latex(self, printer: LatexPrinter) -> str:
        inside = ", ".join(printer.doprint(a) for a in (self.mean, self.variance))
        return rf"\mathcal{{N}}({printer.doprint(self.variable)}; {inside})"


class Dirac(Expr):
    r"""δ(variable − image): the conditional density of a variable that a map determines."""

    is_nonnegative = True
    is_commutative = True

    def __new__(cls, variable: Symbol, image: Expr | float) -> Dirac:
        """The density of a variable that equals its image; numbers become SymPy's."""
        return Expr.__new__(cls, variable, sympy.sympify(image))

    over = property(lambda self: (self.args[0],))
    image = property(lambda self: self.args[1])

    def _latex(self, printer: LatexPrinter) -> str:
        variable, image = map(printer.doprint, self.args)
        return rf"\delta({variable})" if image == "0" else rf"\delta({variable} - {image})"


class ClassProbability(Expr):
    """The probability of an outcome of a binary label at a point: D at outcome 1, 1 − D at 0.

    D is an unknown function with values from 0 to 1, `argument` the point that it is taken at, a
    tuple for a pair.
    With the empty tuple it is the label's own probability, p₁ or p₀ = 1 − p₁, a number strictly
    between 0 and 1.
    """

    is_positive = True
    is_commutative = True

    def __new__(
        cls, name: str | Str, argument: Expr | tuple[Expr, ...], outcome: int = 1
    ) -> ClassProbability:
        """The probability of the outcome, 1 or 0, at the argument."""
        return Expr.__new__(cls, Str(str(name)), sympy.sympify(argument), sympy.Integer(outcome))

    name = property(lambda self: self.args[0].name)
    argument = property(lambda self: self.args[1])
    arguments = property(
        lambda self: tuple(self.argument) if isinstance(self.argument, Tuple) else (self.argument,)
    )
    outcome = property(lambda self: int(self.args[2]))

    @property
    def other(self) -> ClassProbability:
        """The probability of the other outcome."""
        return ClassProbability(self.name, self.argument, 1 - self.outcome)

    def at(self, argument: Expr) -> ClassProbability:
        """The same probability at another point."""
        return ClassProbability(self.name, argument, self.outcome)

    def _latex(self, printer: LatexPrinter) -> str:
        if not self.arguments:
            return rf"{self.name}_{self.outcome}"
        one = rf"{self.name}({', '.join(map(printer.doprint, self.arguments))})"
        return one if self.outcome else rf"(1 - {one})"


class LabelledJoint(Expr):
    """A joint density of x and a binary label: `one` at label 1 and `zero` at label 0."""

    is_commutative = True

    def __new__(cls, label: Symbol, one: Expr, zero: Expr) -> LabelledJoint:
        """The joint that is `one` and `zero` at the two values of the label."""
        return Expr.__new__(cls, label, sympy.sympify(one), sympy.sympify(zero))

    label = property(lambda self: self.args[0])
    one = property(lambda self: self.args[1])
    zero = property(lambda self: self.args[2])

    def _latex(self, printer: LatexPrinter) -> str:
        label, one, zero = map(printer.doprint, self.args)
        rows = rf"{one}, & {label} = 1 \\ {zero}, & {label} = 0"
        return rf"\left\{{\begin{{array}}{{ll}} {rows} \end{{array}}\right\}}"


class kl_div(Function):
    """ℰ(a, b) = a log(a/b) − a + b for a, b > 0: never negative, and 0 where a = b alone."""

    is_real = True

    def formula(self) -> Expr:
        """The right-hand side: a log(a/b) − a + b."""
        a, b = self.args
        return a * log(a / b) - a + b

    def _latex(self, printer: LatexPrinter, exp: str | None = None) -> str:
        return rf"\mathcal{{E}}\left({', '.join(printer.doprint(a) for a in self.args)}\right)"


class SumOrIntegral(Expr):
    """The integral, or the sum, of an integrand over the whole range of some variables."""

    is_commutative = True
    is_real = True

    def __new__(cls, integrand: Expr | float, variables: Iterable[Symbol]) -> SumOrIntegral:
        """The integral of the integrand over the variables, or the sum.

        ValueError unless there are variables, distinct symbols.
        """
        variables = tuple(variables)
        _require_symbols(variables, "the integral of", integrand)
        return Expr.__new__(cls, sympy.sympify(integrand), Tuple(*variables))

    integrand = property(lambda self: self.args[0])
    variables = property(lambda self: tuple(self.args[1]))

    @property
    def free_symbols(self) -> set[Symbol]:
        """The integrand's symbols without the variables."""
        return self.integrand.free_symbols - set(self.variables)

    def _eval_subs(self, old: Expr, new: Expr) -> SumOrIntegral | None:
        return self if old in self.variables else None

    def _latex(self, printer: LatexPrinter) -> str:
        body = _with_brackets(self.integrand, printer)
        signs = {1: r"\int", 2: r"\iint", 3: r"\iiint"}
        sign = signs.get(len(self.variables), r"\int\!\cdots\!\int")
        return rf"{sign} {body} \," + r"\,".join("d" + printer.doprint(v) for v in self.variables)


def _with_brackets(integrand: Expr, printer: LatexPrinter) -> str:
    """An integrand with brackets around a sum, and around integrals that are multiplied."""
    if integrand.is_Add:
        return rf"\left[{printer.doprint(integrand)}\right]"
    parts = Mul.make_args(integrand)
    inner = {
        f: sympy.Symbol(rf"\left[{printer.doprint(f)}\right]")
        for f in parts
        if isinstance(f, SumOrIntegral)
    }
    if not inner:
        return printer.doprint(integrand)
    return printer.doprint(Mul(*(inner.get(f, f) for f in parts), evaluate=False))


def factors(product: Expr) -> list[Expr]:
    """The densities (unknown, Gaussian or Dirac) that a product is made of."""
    return [f for f in Mul.make_args(product) if isinstance(f, (Density, Gaussian, Dirac))]


def variables_of(product: Expr) -> tuple[Symbol, ...]:
    """The variables that a product, or a mixture, of densities is a density over.

    ValueError if there is none.
    """
    if isinstance(product, LabelledJoint):
        return (*variables_of(product.one), product.label)
    if product.is_Add:
        return variables_of(product.args[0])
    names = tuple(dict.fromkeys(v for f in factors(product) for v in f.over))
    for name in (v for v in names if not v.is_symbol):
        raise ValueError(f"{product} is a density at {name}, not of a variable")
    sums = [f for f in Mul.make_args(product) if f.is_Add and f.has(Density)]
    if not names and sums:
        return variables_of(sums[0])
    if not names:
        raise ValueError(f"{product} is not a product of densities")
    return names


class _Functional(Expr):
    """What `Expectation`, `KL` and `Entropy` share: real values, and variables summed away."""

    is_commutative = True
    is_real = True

    def __new__(cls, *args: Expr | float) -> _Functional:
        variables_of(sympy.sympify(args[0]))
        return Expr.__new__(cls, *map(sympy.sympify, args))

    @property
    def variables(self) -> tuple[Symbol, ...]:
        """The variables that are summed away."""
        return variables_of(self.args[0])

    @property
    def free_symbols(self) -> set[Symbol]:
        """The symbols that are not summed away."""
        return set().union(*(a.free_symbols for a in self.args)) - set(self.variables)


class Expectation(_Functional):
    """E_{weight}[value]."""

    weight = property(lambda self: self.args[0])
    value = property(lambda self: self.args[1])

    def definition(self) -> SumOrIntegral:
        """∫ weight · value."""
        return SumOrIntegral(self.weight * self.value, self.variables)

    def _latex(self, printer: LatexPrinter) -> str:
        drawn = ", ".join(
            rf"{','.join(printer.doprint(v) for v in f.over)}\sim {printer.doprint(f)}"
            for f in factors(self.weight)
        )
        return rf"\mathbb{{E}}_{{{drawn}}}\left[{printer.doprint(self.value)}\right]"


class KL(_Functional):
    """KL(first ‖ second): the Kullback–Leibler divergence over the variables of `first`."""

    first = property(lambda self: self.args[0])
    second = property(lambda self: self.args[1])

    def cases(self) -> tuple[KL, ...]:
        """For labelled densities, the KL at each of the label's two values.

        ValueError unless both share their label.
        """
        if not isinstance(self.second, LabelledJoint) or self.first.label != self.second.label:
            raise ValueError(
                f"the KL from a density with the label {self.first.label} "
                "needs a second one with that label"
            )
        return KL(self.first.one, self.second.one), KL(self.first.zero, self.second.zero)

    def definition(self) -> Expr:
        """∫ first log(first/second); for labelled densities the sum of it over the two labels."""
        if isinstance(self.first, LabelledJoint):
            return sympy.Add(*(case.definition() for case in self.cases()))
        return SumOrIntegral(self.first * log(self.first / self.second), self.variables)

    def _latex(self, printer: LatexPrinter) -> str:
        first, second = printer.doprint(self.first), printer.doprint(self.second)
        return rf"\mathrm{{KL}}\left({first} \,\Vert\, {second}\right)"


class Entropy(_Functional):
    """H(density) = −∫ density · log density."""

    def definition(self) -> SumOrIntegral:
        """−∫ density · log density."""
        return SumOrIntegral(-self.args[0] * log(self.args[0]), self.variables)

    def _latex(self, printer: LatexPrinter) -> str:
        return rf"H\left({printer.doprint(self.args[0])}\right)"


FUNCTIONALS = (SumOrIntegral, KL, Expectation, Entropy)  # what sums variables away


@lru_cache(maxsize=4096)  # a statement and its mutants share most of their sides
def bound_variables(expression: Expr) -> frozenset[Symbol]:
    """The variables that some functional in the expression sums away."""
    return frozenset(v for node in nodes_of(FUNCTIONALS, expression) for v in node.variables)


def define(expression: Expr) -> Expr:
    """Every functional and every `kl_div` replaced by its definition, from the inside out."""
    if not expression.args or isinstance(expression, (Density, Gaussian, Dirac)):
        return expression
    rebuilt = expression.func(*(define(a) for a in expression.args))
    if isinstance(rebuilt, _Functional):
        return rebuilt.definition()
    return rebuilt.formula() if isinstance(rebuilt, kl_div) else rebuilt


def instantiate(expression: Expr, families: dict[Density, Expr]) -> Expr:
    """The expression with unknown densities replaced by concrete ones (Gaussians, Dirac maps)."""
    return expression.xreplace(families)


def integrate_real(expression: Expr) -> Expr:
    """Every `SumOrIntegral` carried out over the real line.

    ValueError where one is not seen to converge, has no closed form or may have a pole, for a
    variance that is not known to be positive, and for a variable whose sign is known.
    """
    found = integrated(expression)
    if found.conditions:
        conditions = ", ".join(map(str, found.conditions))
        raise ValueError(f"the integral converges only under the condition {conditions}")
    return found.value


@lru_cache(maxsize=4096)  # a statement and its mutants share most of their integrals
def integrated(expression: Expr) -> Integrated:
    """As `integrate_real`, with the undecided conditions under which the integrals converge."""
    if isinstance(expression, Gaussian):
        if not expression.variance.is_positive:
            raise ValueError(f"the variance {expression.variance} is not seen to be positive")
        return Integrated(expression.formula())
    if not expression.args or isinstance(expression, Density):
        return Integrated(expression)
    if isinstance(expression, SumOrIntegral):
        return _integrated_over(integrated(expression.integrand), expression.variables)
    parts = [integrated(argument) for argument in expression.args]
    value = expression.func(*(part.value for part in parts))
    return Integrated(value, joined(part.conditions for part in parts))


def _integrated_over(integrand: Integrated, variables: tuple[Symbol, ...]) -> Integrated:
    """The integral over the variables in turn; no condition may hold one of them."""
    if integrand.value.has(Density, Dirac, ClassProbability):
        raise ValueError("an unknown density, or a map, has no integral over the real line")
    for variable in variables:
        bound = [c for c in integrand.conditions if variable in c.free_symbols]
        if bound:
            raise ValueError(f"an inner integral converges only where {bound[0]}")
        outer = integrated_over_line(integrand.value, variable)
        conditions = joined((integrand.conditions, outer.conditions))
        integrand = Integrated(outer.value, conditions)
    return Integrated(sympy.expand(integrand.value), integrand.conditions)
