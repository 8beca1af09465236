r"""Statements and their provers.

A statement is a relation between expressions of the algebra, with a way to draw instances of it.
Each kind can `prove()` itself symbolically, which lists what the proof used, and can measure its
`violation` on an instance, straight from the definitions.
Proofs of identities between functionals of unknown densities are pointwise: every term is lifted to one
integral over all variables by ∫ p(z|x) dz = 1, and the integrands are compared as functions of positive numbers.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import cache
from typing import ClassVar

import mpmath
import sympy
from sympy import Add, Expr, Mul, Symbol, log

from onekl.algebra import (
    Density, Entropy, Expect, KL, Total, aligned, define, excess, factors, integrate_real, latex, variables_of,
)
from onekl.instances import Finite, Instance, Ranges, compiled, on_tables


POINTWISE = r"\text{the integrands are equal point by point}"
TONELLI = r"\text{a nested integral is one integral (Tonelli)}"
EXTENDED = r"\text{where a density vanishes, both sides are finite or both are infinite alike}"


class NotProved(ValueError):
    """The prover could not prove a statement; the message says what was left over."""


@dataclass(frozen=True)
class Proof:
    """What a proof used: `rules` hold by definition, `premises` could fail, `equality` says when a bound is tight."""

    rules: tuple[str, ...] = ()
    premises: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    equality: str = ""
    positive: bool = False  # whether a premise says that densities do not vanish


def difference(left, right):
    """How far two numbers are apart, relative to their size; 0 for equal infinities, ∞ where only one is infinite."""
    if mpmath.isnan(left) or mpmath.isnan(right) or mpmath.im(left) or mpmath.im(right):
        return mpmath.inf
    if mpmath.isinf(left) or mpmath.isinf(right):
        return mpmath.mpf(0) if left == right else mpmath.inf
    return abs(left - right) / (1 + abs(left) + abs(right))


def shortfall(large, small):
    """By how much `large` falls short of `small`; ∞ when they cannot be compared."""
    if mpmath.im(large) or mpmath.im(small) or mpmath.isnan(large) or mpmath.isnan(small):
        return mpmath.inf
    return max(small - large, mpmath.mpf(0)) if large != small else mpmath.mpf(0)


@dataclass(frozen=True)
class Statement:
    """What every statement has: where its instances come from, and what it takes for granted (`assuming`)."""

    instances: Finite | Ranges
    assuming: tuple[str, ...] = ()
    mutable: ClassVar[tuple[str, ...]] = ()  # the fields that mutants are made of

    def display(self) -> str:
        """The statement in LaTeX for a page, broken into lines where it is long."""
        return self.latex()

    def compile(self):
        """A function that measures the violation of the statement on an instance."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Identity(Statement):
    """left = right."""

    left: Expr
    right: Expr
    mutable: ClassVar = ("right",)

    def latex(self) -> str:
        return f"{latex(self.left)} = {latex(self.right)}"

    def display(self) -> str:
        long_sum = isinstance(self.right, Add) and self.right.has(Total, KL, Expect)
        return aligned(self.left, *(self.right.args if long_sum else (self.right,)))

    def prove(self) -> Proof:
        if isinstance(self.instances, Ranges):
            return _prove_concrete(self.left, self.right, self.instances)
        return _prove_pointwise(self.left, self.right, self.instances)

    def compile(self):
        left, right = compiled(self.left), compiled(self.right)
        return lambda instance: difference(left(instance), right(instance))

    def same_as(self, other: Identity) -> bool:
        return _provable(replace(self, left=other.right))


@dataclass(frozen=True, kw_only=True)
class Bound(Statement):
    """upper = lower + remainder with a remainder that cannot be negative, so upper ≥ lower."""

    upper: Expr
    lower: Expr
    remainder: Expr
    mutable: ClassVar = ("lower", "remainder")

    def _identity(self) -> Identity:
        return Identity(instances=self.instances, left=self.upper, right=Add(self.lower, self.remainder, evaluate=False))

    def latex(self) -> str:
        return rf"{self._identity().latex()} \;\geq\; {latex(self.lower)}"

    def display(self) -> str:
        lines = aligned(self.upper, self.lower, self.remainder).removesuffix(r" \end{aligned}")
        return rf"{lines} \\ &\geq {latex(self.lower)} \end{{aligned}}"

    def prove(self) -> Proof:
        equality = [_equality_case(term) for term in Add.make_args(self.remainder)]
        proof = self._identity().prove()
        rules = (*proof.rules, r"\mathcal{E}(a, b) \geq 0 \text{, and } \mathrm{KL} = \int \mathcal{E} \geq 0")
        return replace(proof, rules=rules, equality=" and ".join(equality))

    def compile(self):
        identity, upper, lower = self._identity().compile(), compiled(self.upper), compiled(self.lower)

        return lambda instance: max(identity(instance), shortfall(upper(instance), lower(instance)))

    def same_as(self, other: Bound) -> bool:
        return self._identity().same_as(other._identity())


@dataclass(frozen=True, kw_only=True)
class Law(Statement):
    """If the variables of `under` are drawn from it, `value` has the density `density` in `variable`.

    That is E_under[f(value)] = ∫ f(variable) density for every function f.
    """

    value: Expr
    under: Expr
    variable: Symbol
    density: Expr
    mutable: ClassVar = ("density",)

    def latex(self) -> str:
        drawn = ", ".join(latex(v) for v in variables_of(self.under))
        return rf"{drawn} \sim {latex(self.under)} \;\Rightarrow\; {latex(self.value)} \sim {latex(self.density)}"

    def _tested(self) -> Identity:
        f = sympy.Function("f", real=True)
        right = Total(f(self.variable) * self.density, (self.variable,))
        return Identity(instances=self.instances, left=Expect(self.under, f(self.value)), right=right)

    def prove(self) -> Proof:
        if isinstance(self.instances, Finite):
            proof = self._tested().prove()
            return replace(proof, rules=(r"\text{for every bounded } f", *proof.rules))
        return _prove_change_of_variables(self)

    def compile(self):
        return self._tested().compile()

    def same_as(self, other: Law) -> bool:
        return _provable(Identity(instances=self.instances, left=self.density, right=other.density))


@dataclass(frozen=True, kw_only=True)
class Optimum(Statement):
    """Over all densities in place of `density`, the functional is largest at `at`, and only there."""

    functional: Total
    density: Density
    at: Expr
    mutable: ClassVar = ("functional", "at")

    def latex(self) -> str:
        return rf"\mathop{{\arg\max}}_{{{latex(self.density)}}} {latex(self.functional)} = {latex(self.at)}"

    def prove(self) -> Proof:
        return _prove_optimum(self)

    def compile(self):
        there = compiled(self.functional.xreplace({self.density: self.at}))
        elsewhere, mass = compiled(self.functional), compiled(Total(self.at, self.density.over))
        apart = compiled(Total((self.at - self.density) ** 2, self.density.over))

        def violation(instance):
            best, other = there(instance), elsewhere(instance)
            tie = mpmath.mpf(1) if best == other and apart(instance) > mpmath.mpf(10) ** -6 else mpmath.mpf(0)
            return max(difference(mass(instance), mpmath.mpf(1)), shortfall(best, other), tie)

        return violation

    def same_as(self, other: Optimum) -> bool:
        ratio = sympy.simplify(other.functional.integrand / self.functional.integrand)
        return self.at == other.at and ratio.is_number and bool(ratio > 0)


@dataclass(frozen=True, kw_only=True)
class Minimum(Statement):
    """As a function of `symbol` > 0, the expression is smallest at `at`, and only there."""

    expression: Expr
    symbol: Symbol
    at: Expr
    mutable: ClassVar = ("expression", "at")

    def latex(self) -> str:
        return rf"{self._left()} = {latex(self.at)}"

    def display(self) -> str:
        return rf"\begin{{aligned}} &{self._left()} \\ &\quad = {latex(self.at)} \end{{aligned}}"

    def _left(self) -> str:
        return rf"\mathop{{\arg\min}}_{{{latex(self.symbol)}>0}} \left[{latex(self.expression)}\right]"

    def prove(self) -> Proof:
        function = _closed_form(self.expression)
        slope = sympy.diff(function, self.symbol)
        _require_zero(slope.subs(self.symbol, self.at), "the slope at the point")
        bend = sympy.simplify(sympy.diff(slope, self.symbol))
        if not bend.is_positive:
            raise NotProved(f"the second derivative {bend} is not positive everywhere")
        rules = (r"\text{a stationary point, and a positive second derivative everywhere}",)
        return Proof(rules, _assumptions(function), (latex(sympy.simplify(slope)),))

    def compile(self):
        here, there = compiled(self.expression), compiled(self.expression.subs(self.symbol, self.at))

        return lambda instance: shortfall(here(instance), there(instance))

    def same_as(self, other: Minimum) -> bool:
        slopes = [sympy.diff(_closed_form(s.expression), self.symbol) for s in (self, other)]
        ratio = sympy.simplify(slopes[1] / slopes[0])
        return sympy.simplify(self.at - other.at) == 0 and not ratio.has(self.symbol) and bool(ratio.is_positive)


@dataclass(frozen=True, kw_only=True)
class Limit(Statement):
    """The expression tends to `value` as `symbol` falls to `point`."""

    expression: Expr
    symbol: Symbol
    point: Expr
    value: Expr
    mutable: ClassVar = ("value",)

    def latex(self) -> str:
        return rf"\lim_{{{latex(self.symbol)}\to {latex(self.point)}}} {latex(self.expression)} = {latex(self.value)}"

    def prove(self) -> Proof:
        found = sympy.limit(_closed_form(self.expression), self.symbol, self.point, "+")
        _require_zero(found - self.value, "the limit less the value")
        return Proof((r"\text{limit taken by SymPy}",), _assumptions(self.expression - self.value), (latex(found),))

    def compile(self):
        expression, value, point = compiled(self.expression), compiled(self.value), compiled(sympy.sympify(self.point))

        def violation(instance):
            instance.values[self.symbol] = point(instance) + mpmath.mpf(10) ** -25
            apart = difference(expression(instance), value(instance))
            return apart if apart > mpmath.mpf(10) ** -20 else mpmath.mpf(0)

        return violation

    def same_as(self, other: Limit) -> bool:
        return sympy.simplify(self.value - other.value) == 0


@dataclass(frozen=True, kw_only=True)
class Expansion(Statement):
    """The expression equals `value` up to terms of higher order than `order` in `symbol`, at 0."""

    expression: Expr
    symbol: Symbol
    order: int
    value: Expr
    mutable: ClassVar = ("value",)

    def latex(self) -> str:
        return rf"{latex(self.expression)} = {latex(self.value)} + O({latex(self.symbol)}^{{{self.order + 1}}})"

    def prove(self) -> Proof:
        function = _closed_form(self.expression)
        series = sympy.series(function, self.symbol, 0, self.order + 1).removeO()
        _require_zero(series - self.value, "the series less the value")
        return Proof((r"\text{Taylor expansion by SymPy}",), _assumptions(function), (latex(series),))

    def compile(self):
        expression, value = compiled(self.expression), compiled(self.value)

        def violation(instance):
            small = mpmath.mpf(10) ** -6
            instance.values[self.symbol] = small
            apart = abs(expression(instance) - value(instance)) / small**self.order
            return apart if apart > small * 1000 else mpmath.mpf(0)

        return violation

    def same_as(self, other: Expansion) -> bool:
        return sympy.simplify(self.value - other.value) == 0


@dataclass(frozen=True, kw_only=True)
class Counterexample(Statement):
    """left ≠ right on the given tables, exactly: it refutes left = right."""

    left: Expr
    right: Expr
    tables: tuple

    def latex(self) -> str:
        return rf"{latex(self.left)} \neq {latex(self.right)} \text{{ in general}}"

    def values(self) -> tuple[Expr, Expr]:
        """The two sides on the tables, as exact SymPy numbers."""
        return tuple(sympy.simplify(on_tables(side, dict(self.tables))) for side in (self.left, self.right))

    def prove(self) -> Proof:
        left, right = self.values()
        if sympy.simplify(left - right) == 0:
            raise NotProved(f"no counterexample: both sides are {left}")
        return Proof((r"\text{evaluated exactly on one pair of tables}",), (), (rf"{latex(left)} \neq {latex(right)}",))


# ---------------------------------------------------------------- the pointwise prover


@dataclass(frozen=True)
class _Piece:
    """coefficient · ∫ integrand over variables; `bounded` when it cannot be −∞, as a KL cannot."""

    coefficient: Expr
    integrand: Expr
    variables: tuple[Symbol, ...]
    bounded: bool
    used: tuple[str, ...] = ()


def _pieces(expression: Expr) -> list[_Piece]:
    """A sum of functionals as a list of single integrals, nested ones merged (Tonelli)."""
    if isinstance(expression, Add):
        return [piece for term in expression.args for piece in _pieces(term)]
    if isinstance(expression, KL):
        return [_Piece(sympy.S.One, expression.definition().integrand, expression.variables, True)]
    if isinstance(expression, Entropy):
        density = expression.args[0]
        return [_Piece(sympy.S.NegativeOne, density * log(density), expression.variables, False)]
    if isinstance(expression, Expect):
        return [_under(piece, expression.weight) for piece in _pieces(expression.value)]
    if isinstance(expression, Total):
        if _has_functional(expression.integrand):
            inner = _pieces(sympy.expand_mul(expression.integrand))
            return [_inside(piece, sympy.S.One, expression.variables) for piece in inner]
        return [_Piece(sympy.S.One, define(expression.integrand), expression.variables, _cannot_be_minus_infinity(expression))]
    if isinstance(expression, Mul) and _has_functional(expression):
        return _product_pieces(expression)
    return [_Piece(sympy.S.One, define(expression), (), True)]


def _product_pieces(expression: Mul) -> list[_Piece]:
    functional = [f for f in expression.args if _has_functional(f)]
    if len(functional) > 1:
        raise NotProved(f"a product of two integrals is beyond this prover: {expression}")
    rest = Mul(*(f for f in expression.args if f not in functional))
    if rest.is_number:
        return [replace(piece, coefficient=rest * piece.coefficient) for piece in _pieces(functional[0])]
    return [_inside(piece, rest, ()) for piece in _pieces(functional[0])]


def _under(piece: _Piece, weight: Expr) -> _Piece:
    """A piece under an expectation; a conditional over variables that the piece has summed away integrates to 1."""
    gone = [f for f in factors(weight) if isinstance(f, Density) and set(f.over) <= set(piece.variables)]
    left = weight / Mul(*gone)
    used = tuple(_normalisation(f) for f in gone)
    return _inside(replace(piece, used=(*piece.used, *used)), left, variables_of(left) if factors(left) else ())


def _normalisation(density: Density) -> str:
    return rf"\int {latex(density)}\,{''.join('d' + latex(v) for v in density.over)} = 1"


def _inside(piece: _Piece, weight: Expr, variables) -> _Piece:
    """A piece inside another integral, with a weight that does not change its sign."""
    used = (TONELLI,) if variables and piece.variables else ()
    everything = (*variables, *piece.variables)
    return replace(piece, integrand=weight * piece.integrand, variables=everything, used=(*piece.used, *used))


def _has_functional(expression: Expr) -> bool:
    return expression.has(Total, KL, Expect, Entropy)


def _cannot_be_minus_infinity(total: Total) -> bool:
    """Whether the integrand is at least 0, or is a log(a/b) with a, b densities over the variables (a KL)."""
    parts = Mul.make_args(total.integrand)
    if all(f.is_nonnegative or isinstance(f, excess) for f in parts):
        return True
    logs = [f for f in parts if isinstance(f, log)]
    if len(logs) != 1:
        return False
    weight = total.integrand / logs[0]
    other = sympy.simplify(weight / logs[0].args[0])
    return all(set(total.variables) == {v for f in factors(side) for v in f.over} for side in (weight, other))


def _prove_pointwise(left: Expr, right: Expr, finite: Finite) -> Proof:
    sides = [[_reduced(piece) for piece in _pieces(side)] for side in (left, right)]
    everything = {v for side in sides for piece in side for v in piece.variables}
    variables = tuple(v for v in _all_variables(finite) if v in everything)
    lifted = [[_lifted(piece, variables, finite) for piece in side] for side in sides]
    rules = [POINTWISE] + [rule for side in lifted for piece in side for rule in piece.used]
    whole = [sum(piece.coefficient * piece.integrand for piece in side) for side in lifted]
    gap = _simplified(_by_bayes(whole[0] - whole[1], finite))
    _require_integral_zero(gap, variables, rules)
    positivity = _positivity(lifted, finite)
    rules += [] if positivity else [EXTENDED]
    steps = tuple(latex(Total(piece.coefficient * piece.integrand, variables)) for side in lifted for piece in side)
    premises = (*_finiteness(sides), *positivity)
    return Proof(tuple(dict.fromkeys(rules)), tuple(dict.fromkeys(premises)), steps, positive=bool(positivity))


def _reduced(piece: _Piece) -> _Piece:
    """The same integral without a conditional density whose variables nothing else depends on: it integrates to 1."""
    for density in factors(piece.integrand):
        rest = piece.integrand / density
        if isinstance(density, Density) and set(density.over) < set(piece.variables) and not rest.free_symbols & set(density.over):
            left = tuple(v for v in piece.variables if v not in density.over)
            return _reduced(replace(piece, integrand=rest, variables=left, used=(*piece.used, _normalisation(density))))
    return piece


def _lifted(piece: _Piece, variables, finite: Finite) -> _Piece:
    """The same integral over all variables, by a conditional density of the missing ones, which integrates to 1."""
    missing = tuple(v for v in variables if v not in piece.variables)
    if not missing:
        return piece
    families = {f.family for f in factors(piece.integrand) if isinstance(f, Density)}
    joint = next(j for j in finite.joints if (j.family in families or not families) and set(missing) <= set(j.variables))
    known = tuple(v for v in joint.variables if v in piece.integrand.free_symbols)
    conditional = joint(*missing, given=known)
    used = (*piece.used, _normalisation(conditional))
    return replace(piece, integrand=piece.integrand * conditional, variables=variables, used=used)


def _by_bayes(expression: Expr, finite: Finite) -> Expr:
    """Conditionals as joint over marginal."""
    joints = {joint.family: joint for joint in finite.joints}
    conditionals = [d for d in expression.atoms(Density) if d.given]
    return expression.xreplace({d: joints[d.family](*d.over, *d.given) / joints[d.family](*d.given) for d in conditionals})


def _simplified(expression: Expr) -> Expr:
    names = {d: sympy.Dummy(str(d), positive=True) for d in expression.atoms(Density)}
    plain = sympy.expand(sympy.expand_log(expression.xreplace(names), force=True))
    return sympy.expand(sympy.simplify(plain)).xreplace({v: k for k, v in names.items()})


def _require_integral_zero(gap: Expr, variables, rules: list) -> None:
    """0 pointwise, or a sum of densities whose integrals cancel by normalisation."""
    total = sympy.S.Zero
    for term in Add.make_args(gap):
        density = [f for f in Mul.make_args(term) if isinstance(f, Density)]
        coefficient = term / Mul(*density)
        if term != 0 and (len(density) != 1 or not coefficient.is_number or set(density[0].over) != set(variables)):
            raise NotProved(f"the integrands differ by {gap}")
        if term != 0:
            rules[:] = [rule for rule in rules if rule != POINTWISE] + [_normalisation(density[0])]
            total += coefficient
    if total != 0:
        raise NotProved(f"the integrals differ by {total}")


def _finiteness(sides) -> list[str]:
    """A side that is a sum of several integrals needs those that could be −∞, or are subtracted, to be finite."""
    return [
        rf"{latex(Total(piece.integrand, piece.variables))} \text{{ is finite}}"
        for side in sides if len(side) > 1
        for piece in side if piece.variables and not (piece.bounded and piece.coefficient.is_positive)
    ]


class _Point(Instance):
    """An instance at one point, where each density is simply a number."""

    def probability(self, density: Density):
        return self.tables[density]


def _positivity(lifted, finite: Finite) -> list[str]:
    """No premise if the identity also holds in the extended reals wherever densities vanish, else the fewest that mend it."""
    densities = sorted({d for side in lifted for p in side for d in p.integrand.atoms(Density)}, key=str)
    sides = [[(compiled(p.coefficient), compiled(p.integrand)) for p in side] for side in lifted]
    failing = [point for point in _support_patterns(densities, finite) if not _agree_on_support(sides, point)]
    plain = [d for d in densities if not d.given]
    for count in range(len(plain) + 1):
        for chosen in itertools.combinations(plain, count):
            if all(any(point.tables[d] == 0 for d in chosen) for point in failing):
                return [_positive_where(d, failing) for d in chosen]
    raise NotProved("the two sides differ where densities vanish")


def _agree_on_support(sides, point) -> bool:
    left, right = (sum(coefficient(point) * integrand(point) for coefficient, integrand in side) for side in sides)
    if mpmath.isnan(left) or mpmath.isnan(right):
        return False
    return mpmath.isinf(left) == mpmath.isinf(right) and (not mpmath.isinf(left) or left == right)


def _positive_where(density: Density, failing) -> str:
    """The premise in words: positive, or positive wherever another density is."""
    vanishing = [point for point in failing if point.tables[density] == 0]
    others = [d for d in vanishing[0].tables if d.family != density.family and d.over == density.over and not d.given]
    where = [d for d in others if all(point.tables[d] > 0 for point in vanishing)]
    return rf"{latex(density)} > 0" + (rf" \text{{ wherever }} {latex(where[0])} > 0" if where else "")


def _support_patterns(densities, finite: Finite):
    """Every consistent way for densities to vanish at a point; conditionals on a null event take any value."""
    joints = {joint.family: joint for joint in finite.joints}
    base = sorted({joints[d.family](*v) for d in densities for v in (d.over + d.given, d.given) if v}, key=str)
    for values in itertools.product((mpmath.mpf(0), mpmath.mpf("0.25")), repeat=len(base)):
        table = dict(zip(base, values))
        smaller = [(a, b) for a in base for b in base if a.family == b.family and set(a.over) < set(b.over)]
        if any(table[a] == 0 and table[b] > 0 for a, b in smaller):
            continue
        free = [d for d in densities if d.given and table[joints[d.family](*d.given)] == 0]
        for chosen in itertools.product((mpmath.mpf(0), mpmath.mpf("0.5")), repeat=len(free)):
            whole = {**table, **dict(zip(free, chosen))}
            for d in densities:
                if d.given and d not in whole:
                    whole[d] = table[joints[d.family](*d.over, *d.given)] / table[joints[d.family](*d.given)]
            letters = {v: mpmath.mpf(1) for v in _all_variables(finite)}
            yield _Point(tables=whole, values=letters, functions=lambda name, *arguments: mpmath.mpf("0.7"))


def _all_variables(finite: Finite) -> tuple[Symbol, ...]:
    return tuple(dict.fromkeys(v for joint in finite.joints for v in joint.variables))


# ---------------------------------------------------------------- concrete families, optima


@cache
def _closed_form(expression: Expr) -> Expr:
    return integrate_real(define(expression)).doit()


def _require_zero(expression: Expr, what: str) -> None:
    rest = sympy.simplify(sympy.expand_log(sympy.expand(expression), force=True))
    if rest != 0:
        raise NotProved(f"{what} is {rest}, not 0")


def _assumptions(expression: Expr) -> tuple[str, ...]:
    """What the symbols of a concrete statement are taken to be, read off the symbols themselves."""
    found = []
    for symbol in sorted(expression.free_symbols, key=str):
        if symbol.is_positive:
            found.append(f"{latex(symbol)} > 0")
        elif symbol.is_nonzero:
            found.append(rf"{latex(symbol)} \neq 0")
    return tuple(found)


def _prove_concrete(left: Expr, right: Expr, ranges: Ranges) -> Proof:
    left_value, right_value = _closed_form(left), _closed_form(right)
    _require_zero(left_value - right_value, "left less right")
    return Proof((r"\text{integrals over the real line by SymPy}",), _assumptions(left - right), (latex(left_value),))


def _prove_change_of_variables(law: Law) -> Proof:
    (source,) = variables_of(law.under)
    slope = sympy.diff(law.value, source)
    if not (slope.is_positive or slope.is_negative):
        raise NotProved(f"the map is not seen to be monotone: its slope is {slope}")
    (inverse,) = sympy.solve(sympy.Eq(law.variable, law.value), source)
    image = law.under.formula().subs(source, inverse) * sympy.Abs(sympy.diff(inverse, law.variable))
    _require_zero(image / integrate_real(law.density) - 1, "the ratio of the two densities less 1")
    rules = (r"\text{change of variables for a monotone map}",)
    return Proof(rules, _assumptions(law.value), (latex(sympy.Eq(source, inverse)), latex(sympy.simplify(image))))


def _prove_optimum(statement: Optimum) -> Proof:
    """Pointwise Lagrangian: a stationary point, strict concavity, and no optimum on the boundary."""
    q = sympy.Dummy("q", positive=True)
    integrand = statement.functional.integrand.xreplace({statement.density: q})
    multiplier = sympy.simplify(sympy.diff(integrand, q).subs(q, statement.at))
    if not multiplier.is_number:
        raise NotProved(f"not stationary: the derivative there is {multiplier}, which is not one multiplier for all points")
    bend = sympy.simplify(sympy.diff(integrand, q, 2))
    if not bend.is_negative:
        raise NotProved(f"not a maximum: the second derivative is {bend}")
    others = {d: sympy.Dummy(str(d), positive=True) for d in integrand.atoms(Density)}
    if sympy.limit(sympy.diff(integrand.xreplace(others), q), q, 0, "+") != sympy.oo:
        raise NotProved("the boundary, where the density vanishes, is not excluded")
    _require_integral_zero(statement.at - statement.density, statement.density.over, rules := [])
    rules += [r"\text{stationary point of the pointwise Lagrangian, strict concavity, infinite slope at the boundary}"]
    return Proof(tuple(dict.fromkeys(rules)), (rf"{latex(statement.density)} \text{{ ranges over all densities}}",))


def _equality_case(term: Expr) -> str:
    """Why a term of a remainder cannot be negative, told by the case in which it is 0; NotProved if it could be."""
    coefficient, rest = term.as_coeff_Mul()
    inner = rest.value if isinstance(rest, Expect) else rest
    if not coefficient.is_positive:
        raise NotProved(f"the remainder's term {term} has a negative sign")
    if isinstance(inner, KL):
        return f"{latex(inner.first)} = {latex(inner.second)}"
    if isinstance(inner, Total):
        gaps = [f for f in Mul.make_args(inner.integrand) if isinstance(f, excess)]
        if len(gaps) == 1 and (inner.integrand / gaps[0]).is_positive:
            return f"{latex(gaps[0].args[0])} = {latex(gaps[0].args[1])}"
    raise NotProved(f"the remainder's term {term} is not seen to be at least 0")


def _provable(statement: Statement) -> bool:
    try:
        statement.prove()
    except NotProved:
        return False
    return True
