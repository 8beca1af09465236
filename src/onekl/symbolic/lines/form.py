"""What an expression is after some kinds of rewriting, so that two expressions can be compared.

The form is a sum of products of nested tuples, so that order and brackets do not matter.
Nothing is cancelled and nothing is simplified but by the rewritings that are asked for: what stands
above a fraction and below it are two lists.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import cache
from typing import Any

import sympy
from sympy import Abs, Add, Expr, Mul, Pow, Symbol, log

from onekl.symbolic.algebra import (
    KL,
    ClassProbability,
    Density,
    Entropy,
    Expectation,
    LabelledJoint,
    SumOrIntegral,
    kl_div,
    variables_of,
)
from onekl.symbolic.premises import Equal, using

# The rewritings.
DEFINE = "define"  # KL, mean, entropy and ℰ by their integrals, a label by its two cases
LINEAR = "linear"  # the integral of a sum
DISTRIBUTE = "distribute"  # a product with a sum
MERGE = "merge"  # an integral inside an integral
LOGS = "logs"  # the log of a product, of a quotient and of a power
CANCEL = "cancel"  # a factor above and below
BAYES = "bayes"  # a conditional as joint over marginal
NORMALISE = "normalise"  # a density that nothing else depends on integrates to 1
LABEL = "label"  # 1 − D as a difference
ABSOLUTE = "absolute"  # positive factors out of |·|

Factors = tuple[tuple[Any, Fraction], ...]  # atoms and exponents, sorted
Monomial = tuple[Factors, Factors]  # above and below
Form = tuple[tuple[Monomial, Fraction], ...]  # a sum of monomials, sorted
ONE: Monomial = ((), ())


@cache
def _key(part: Any) -> str:
    return repr(part)


def _sorted(items: Iterable[tuple[Any, Fraction]]) -> tuple:
    return tuple(sorted(items, key=_key))


def _sum(parts: Iterable[tuple[Monomial, Fraction]]) -> Form:
    total: dict[Monomial, Fraction] = {}
    for monomial, number in parts:
        total[monomial] = total.get(monomial, Fraction(0)) + number
    return _sorted((m, c) for m, c in total.items() if c)


def _joined(*many: Factors) -> Factors:
    total: dict[Any, Fraction] = {}
    for factors in many:
        for atom, exponent in factors:
            total[atom] = total.get(atom, Fraction(0)) + exponent
    return _sorted(total.items())


def _inverse(monomial: Monomial) -> Monomial:
    return monomial[1], monomial[0]


def _one(atom: Any) -> Form:
    return ((((((atom, Fraction(1)),), ()), Fraction(1))),)


def _density(family: str, over: Iterable[Symbol], given: Iterable[Symbol]) -> tuple:
    """A density without its printed name, so that a marginal can be written down."""
    return ("density", family, tuple(sorted(over, key=str)), tuple(sorted(given, key=str)))


def _is_density(atom: Any) -> bool:
    return isinstance(atom, tuple) and atom[0] == "density"


def _symbols(part: Any) -> frozenset[Symbol]:
    """The symbols that an atom, or a form, leaves free."""
    if isinstance(part, Expr):
        return frozenset(part.free_symbols)
    if not isinstance(part, tuple) or not part:
        return frozenset()
    inside = frozenset().union(*map(_symbols, part))
    return inside - frozenset(part[1]) if part[0] in ("integral", "mean", "KL") else inside


class Rewriting:
    """Rewriting by a choice of rules, with equations whose left sides are put away."""

    def __init__(self, *kinds: str, equations: tuple[Equal, ...] = ()) -> None:
        self.kinds, self.equations = frozenset(kinds), equations
        self._within = (
            self if DISTRIBUTE not in kinds
            else Rewriting(*(self.kinds - {DISTRIBUTE, LINEAR}), equations=equations)
        )  # fmt: skip

    def form(self, expression: Expr) -> Form:
        """The form of an expression."""
        return self._settled(self._form(sympy.sympify(expression)))

    def _settled(self, form: Form) -> Form:
        """The form with its conditionals rewritten, where that is asked for."""
        if BAYES not in self.kinds:
            return form
        return _sum((_by_bayes(*monomial), number) for monomial, number in form)

    def _form(self, expression: Expr) -> Form:
        replaced = using(expression, self.equations) if expression.is_Atom or isinstance(
            expression, (ClassProbability, Density)
        ) else expression  # fmt: skip
        if replaced != expression:
            return self._form(replaced)
        if expression.is_Rational:
            return _sum([(ONE, Fraction(int(expression.p), int(expression.q)))])
        if isinstance(expression, Add):
            return _sum(part for term in expression.args for part in self._form(term))
        if isinstance(expression, Mul):
            return self._product([self._form(factor) for factor in expression.args])
        if isinstance(expression, Pow) and expression.exp.is_Rational:
            return self._power(self._form(expression.base), expression.exp)
        if isinstance(expression, log):
            return self._log(self._within.form(expression.args[0]))
        if isinstance(expression, Abs):
            return self._absolute(self._form(expression.args[0]))
        return self._functional(expression)

    def _functional(self, expression: Expr) -> Form:
        """The form of a density, of a chance, and of all that is summed over variables."""
        if isinstance(expression, SumOrIntegral):
            return self._integral(self._form(expression.integrand), expression.variables)
        if isinstance(expression, Density) and not expression.roles:
            return _one(_density(expression.family, expression.over, expression.given))
        if isinstance(expression, ClassProbability):
            one = _one(expression if expression.outcome else expression.other)
            if LABEL in self.kinds and not expression.outcome:
                return _sum([(ONE, Fraction(1)), *self._scaled(one, Fraction(-1))])
            return _one(expression)
        if DEFINE in self.kinds:
            return self._defined(expression)
        if isinstance(expression, (Expectation, KL, Entropy, kl_div, LabelledJoint)):
            return self._named(expression)
        return _one(expression)

    def _named(self, expression: Expr) -> Form:
        """A functional under its name, with its arguments in their forms."""
        if isinstance(expression, LabelledJoint):
            inside = self._within.form(expression.one), self._within.form(expression.zero)
            return _one(("labels", expression.label, *inside))
        if isinstance(expression, kl_div):
            return _one(("E", *map(self._within.form, expression.args)))
        kind = {Expectation: "mean", KL: "KL", Entropy: "entropy"}[type(expression)]
        variables = tuple(sorted(expression.variables, key=str))
        return _one((kind, variables, *map(self._within.form, expression.args)))

    def _defined(self, expression: Expr) -> Form:
        """A functional as its integral."""
        if isinstance(expression, KL) and isinstance(expression.first, LabelledJoint):
            return _sum(part for case in expression.cases() for part in self._defined(case))
        if isinstance(expression, KL):
            return self._integral(self._surprise(*expression.args), expression.variables)
        if isinstance(expression, kl_div):
            first, second = map(self._form, expression.args)
            minus = self._scaled(first, Fraction(-1))
            return _sum([*self._surprise(*expression.args), *minus, *second])
        if isinstance(expression, Entropy):
            density = expression.args[0]
            minus = self._scaled(self._surprise(density, sympy.S.One), Fraction(-1))
            return self._integral(minus, expression.variables)
        if isinstance(expression, Expectation):
            parts = [self._form(expression.weight), self._form(expression.value)]
            return self._integral(self._product(parts), variables_of(expression.weight))
        return _one(expression)

    def _surprise(self, first: Expr, second: Expr) -> Form:
        """The form of first · log(first/second)."""
        above, below = self._within.form(first), self._within.form(second)
        ratio = self._within._product([above, self._power(below, -1)])
        return self._product([self._form(first), self._log(ratio)])

    @staticmethod
    def _scaled(form: Form, number: Fraction) -> Form:
        return tuple((monomial, number * c) for monomial, c in form)

    def _product(self, forms: list[Form]) -> Form:
        """The product; a sum stays one factor unless it may be multiplied out."""
        numbers = [f for f in forms if not f or (len(f) == 1 and f[0][0] == ONE)]
        others = [f for f in forms if f not in numbers]
        total: Form = ((ONE, Fraction(1)),)
        for number in numbers:
            total = self._scaled(total, number[0][1]) if number else ()
        if len(others) == 1:
            return self._scaled(others[0], total[0][1]) if total else ()
        for form in others:
            factor = form if len(form) == 1 or self._multiplies_out(form) else self._as_atom(form)
            total = _sum((self._monomial(a[0], b[0]), a[1] * b[1]) for a in total for b in factor)
        return total

    def _multiplies_out(self, form: Form) -> bool:
        """Whether a sum under an integral is a sum of logs and integrals, not a mixture."""
        terms = any(_is_term(atom) for (above, _), _ in form for atom, _ in above)
        return DISTRIBUTE in self.kinds or (LINEAR in self.kinds and terms)

    def _monomial(self, one: Monomial, other: Monomial) -> Monomial:
        above, below = _joined(one[0], other[0]), _joined(one[1], other[1])
        return _cancelled(above, below) if CANCEL in self.kinds else (above, below)

    def _as_atom(self, form: Form) -> Form:
        """A sum as one factor whose first coefficient is 1, and a number before it."""
        form = self._settled(form)
        number = form[0][1]
        return self._scaled(_one(("sum", self._scaled(form, 1 / number))), number)

    def _power(self, form: Form, exponent: Any) -> Form:
        power = Fraction(int(sympy.Rational(exponent).p), int(sympy.Rational(exponent).q))
        if not form:
            return _one(("zero to the power", power))
        if len(form) > 1 and DISTRIBUTE in self.kinds and power.denominator == 1 and power > 0:
            return self._product([form] * int(power))
        ((monomial, number),) = form if len(form) == 1 else self._as_atom(form)
        above, below = monomial if power > 0 else _inverse(monomial)
        size = abs(power)
        scaled = tuple(tuple((a, e * size) for a, e in part) for part in (above, below))
        if power.denominator == 1:
            return ((scaled, number ** int(power)),)
        numeric = () if number == 1 else ((("number", number), power),)
        return ((self._monomial(scaled, (numeric, ())), Fraction(1)),)

    def _log(self, form: Form) -> Form:
        """The log of a ratio; one of its two directions stands for both."""
        form = self._settled(form)
        ((monomial, number),) = form if len(form) == 1 else self._as_atom(form)
        if LOGS in self.kinds:
            return self._split(monomial, number)
        if monomial == ONE and number == 1:
            return ()
        one, other = (monomial, number), (_inverse(monomial), 1 / number)
        if _key(one) <= _key(other):
            return _one(("log", one))
        return self._scaled(_one(("log", other)), Fraction(-1))

    def _split(self, monomial: Monomial, number: Fraction) -> Form:
        parts = [((((("log", atom), Fraction(1)),), ()), e) for atom, e in monomial[0]]
        parts += [((((("log", atom), Fraction(1)),), ()), -e) for atom, e in monomial[1]]
        for value, sign in ((number.numerator, 1), (number.denominator, -1)):
            primes = sympy.factorint(value) if value > 0 else {value: 1}
            parts += [
                ((((("log", int(prime)), Fraction(1)),), ()), Fraction(sign * times))
                for prime, times in primes.items()
                if prime != 1
            ]
        return _sum(parts)

    def _absolute(self, form: Form) -> Form:
        """|·| of a sum, whose first coefficient is 1."""
        if not form:
            return ()
        number = form[0][1]
        inside = self._scaled(form, 1 / number)
        common = _common(inside, _is_positive) if ABSOLUTE in self.kinds else ()
        inside = _sum((_less(monomial, common), c) for monomial, c in inside)
        number, inside = number * inside[0][1], self._scaled(inside, 1 / inside[0][1])
        return (((_joined(common, ((("abs", inside), Fraction(1)),)), ()), abs(number)),)

    def _integral(self, form: Form, variables: Iterable[Symbol]) -> Form:
        """The integral, with what does not depend on the variables before it."""
        variables, form = frozenset(variables), self._settled(form)
        if LINEAR in self.kinds:
            pieces = [((monomial, number),) for monomial, number in form]
        else:
            pieces = [form] if form else []
        return _sum(part for piece in pieces for part in self._piece(piece, variables))

    def _piece(self, form: Form, variables: frozenset[Symbol]) -> Form:
        if MERGE in self.kinds and len(form) == 1:
            form, variables = _merged(form, variables, self)
        if NORMALISE in self.kinds and len(form) == 1:
            form, variables = _normalised(form, variables)
        if not form or not variables:
            return form
        number = form[0][1]
        inside = self._scaled(form, 1 / number)
        outside = _common(inside, lambda atom: not _symbols(atom) & variables)
        inside = _sum((_less(monomial, outside), c) for monomial, c in inside)
        number, inside = number * inside[0][1], self._scaled(inside, 1 / inside[0][1])
        atom = ("integral", tuple(sorted(variables, key=str)), inside)
        return ((self._monomial((outside, ()), _one(atom)[0][0]), number),)


def _is_term(atom: Any) -> bool:
    return isinstance(atom, tuple) and atom[0] in ("log", "integral", "mean", "KL", "entropy")


def _is_positive(atom: Any) -> bool:
    return _is_density(atom) or bool(getattr(atom, "is_positive", False))


def _common(form: Form, chosen: Any) -> Factors:
    """The chosen factors that stand above in every term of a sum."""
    shared: dict[Any, Fraction] | None = None
    for (above, _), _ in form:
        here = {atom: e for atom, e in above if chosen(atom)}
        shared = here if shared is None else {
            atom: min(e, here[atom]) for atom, e in shared.items() if atom in here
        }  # fmt: skip
    return _sorted((shared or {}).items())


def _less(monomial: Monomial, factors: Factors) -> Monomial:
    left = dict(monomial[0])
    for atom, exponent in factors:
        left[atom] -= exponent
    return _sorted((a, e) for a, e in left.items() if e), monomial[1]


def _cancelled(above: Factors, below: Factors) -> Monomial:
    up, down = dict(above), dict(below)
    for atom in set(up) & set(down):
        shared = min(up[atom], down[atom])
        up[atom], down[atom] = up[atom] - shared, down[atom] - shared
    return tuple(_sorted((a, e) for a, e in part.items() if e) for part in (up, down))


def _by_bayes(above: Factors, below: Factors) -> Monomial:
    """Conditionals as joint over marginal; a marginal that is written down so cancels."""
    up, new_down = _without_conditionals(above)
    down, new_up = _without_conditionals(below)
    up, new_down = _cancelled(up, new_down)
    down, new_up = _cancelled(down, new_up)
    return _joined(up, new_up), _joined(down, new_down)


def _without_conditionals(factors: Factors) -> tuple[Factors, Factors]:
    up, down = [], []
    for atom, exponent in factors:
        if _is_density(atom) and atom[3]:
            _, family, over, given = atom
            up.append((_density(family, over + given, ()), exponent))
            down.append((_density(family, given, ()), exponent))
        else:
            up.append((atom, exponent))
    return _joined(tuple(up)), _joined(tuple(down))


def _merged(
    form: Form, variables: frozenset[Symbol], by: Rewriting
) -> tuple[Form, frozenset[Symbol]]:
    """One integral for an integral that is a factor of the integrand of another."""
    ((((above, below), number)),) = form
    inner = [a for a, e in above if isinstance(a, tuple) and a[0] == "integral" and e == 1]
    if len(inner) != 1 or variables & frozenset(inner[0][1]):
        return form, variables
    rest = tuple((a, e) for a, e in above if a != inner[0]), below
    product = by._product([((rest, number),), inner[0][2]])
    return product, variables | frozenset(inner[0][1])


def _normalised(form: Form, variables: frozenset[Symbol]) -> tuple[Form, frozenset[Symbol]]:
    """The integral without the variables that only one density depends on."""
    (((above, below), number),) = form
    for atom, exponent in above:
        if not _is_density(atom) or exponent != 1:
            continue
        others = [a for a, _ in (*above, *below) if a != atom]
        used = frozenset().union(*map(_symbols, others)) if others else frozenset()
        gone = frozenset(atom[2]) & variables - used
        if gone and (gone == frozenset(atom[2]) or not atom[3]):
            left = tuple(v for v in atom[2] if v not in gone)
            rest = tuple((a, e) for a, e in above if a != atom)
            kept = ((_density(atom[1], left, ()), Fraction(1)),) if left else ()
            return _normalised((((_joined(rest, kept), below), number),), variables - gone)
    return form, variables
