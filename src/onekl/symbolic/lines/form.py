"""What an expression is after some kinds of rewriting, so that two expressions can be compared.

The form is a sum of products of nested tuples, so that order and brackets do not matter.
Nothing is cancelled and nothing is simplified but by the rewritings that are asked for: what stands
above a fraction and below it are two lists.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
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


@dataclass(frozen=True, eq=False)
class Atom:
    """What is multiplied: a density, a log, an integral. There is one object for each."""

    kind: str
    parts: tuple
    number: int  # in the order in which they were made

    @cached_property
    def symbols(self) -> frozenset[Symbol]:
        """The symbols that it leaves free."""
        inside = frozenset().union(*map(_symbols, self.parts))
        return inside - frozenset(self.parts[0]) if self.kind in BINDING else inside


Number = int | Fraction
Factors = tuple[tuple[Atom, Number], ...]  # with their exponents, in one order
Monomial = tuple[Factors, Factors]  # above and below
Form = tuple[tuple[Monomial, Number], ...]  # a sum of monomials with numbers, in one order
ONE: Monomial = ((), ())
BINDING = ("integral", "mean", "KL", "entropy")  # the first of their parts are the variables
_made = itertools.count()


@cache
def _atom(kind: str, *parts: Any) -> Atom:
    return Atom(kind, parts, next(_made))


def _symbols(part: Any) -> frozenset[Symbol]:
    """The symbols that an atom, an expression or a form leaves free."""
    if isinstance(part, Atom):
        return part.symbols
    if isinstance(part, Expr):
        return frozenset(part.free_symbols)
    return frozenset().union(*map(_symbols, part)) if isinstance(part, tuple) else frozenset()


def _place(item: tuple[Atom, Number]) -> tuple:
    return item[0].number, item[1]


def _places(item: tuple[Monomial, Number]) -> tuple:
    return tuple(tuple(map(_place, side)) for side in item[0])


def _sum(parts: Iterable[tuple[Monomial, Number]]) -> Form:
    total: dict[Monomial, Number] = {}
    for monomial, number in parts:
        total[monomial] = total.get(monomial, 0) + number
    return tuple(sorted(((m, c) for m, c in total.items() if c), key=_places))


def _factors(exponents: dict[Atom, Number]) -> Factors:
    return tuple(sorted(((a, e) for a, e in exponents.items() if e), key=_place))


def _joined(*many: Factors) -> Factors:
    total: dict[Atom, Number] = {}
    for factors in many:
        for atom, exponent in factors:
            total[atom] = total.get(atom, 0) + exponent
    return _factors(total)


def _inverse(monomial: Monomial) -> Monomial:
    return monomial[1], monomial[0]


def _one(atom: Atom) -> Form:
    return (((((atom, 1),), ()), 1),)


def _scaled(form: Form, number: Number) -> Form:
    return form if number == 1 else tuple((monomial, number * c) for monomial, c in form)


def _plain(number: Number) -> Number:
    """A whole number as an int, which is compared sooner."""
    return number.numerator if number.denominator == 1 else number


def _by_first(form: Form) -> tuple[Number, Form]:
    """The first number of a sum, and the sum divided by it."""
    number = form[0][1]
    return number, _scaled(form, _plain(1 / Fraction(number)))


def _density(family: str, over: Iterable[Symbol], given: Iterable[Symbol]) -> Atom:
    """A density without its printed name, so that a marginal can be written down."""
    over, given = (tuple(sorted(letters, key=str)) for letters in (over, given))
    return _atom("density", family, over, given)


class Rewriting:
    """Rewriting by a choice of rules, and by equations whose right sides are put in."""

    def __init__(self, *kinds: str, equations: tuple[Equal, ...] = ()) -> None:
        self.kinds = frozenset(kinds)
        lefts = [one for e in equations for one in (e.left, getattr(e.left, "other", e.left))]
        self._replaced = {left: using(left, equations) for left in lefts}
        self._known: dict[Expr, Form] = {}  # the terms of sums: many lines share them
        self._within = (
            self if DISTRIBUTE not in kinds
            else Rewriting(*(self.kinds - {DISTRIBUTE, LINEAR}), equations=equations)
        )  # fmt: skip

    def form(self, expression: Expr) -> Form:
        """The form of an expression."""
        return self._settled(self._term(sympy.sympify(expression)))

    def _settled(self, form: Form) -> Form:
        """The form with its conditionals rewritten, where that is asked for."""
        if BAYES not in self.kinds:
            return form
        return _sum((_by_bayes(*monomial), number) for monomial, number in form)

    def _term(self, term: Expr) -> Form:
        if term not in self._known:
            self._known[term] = self._form(term)
        return self._known[term]

    def _form(self, expression: Expr) -> Form:
        if expression in self._replaced:
            return self._form(self._replaced[expression])
        if expression.is_Rational:
            return _sum([(ONE, _plain(Fraction(int(expression.p), int(expression.q))))])
        if isinstance(expression, Add):
            return _sum(part for term in expression.args for part in self._term(term))
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
            one = _one(_atom("leaf", expression if expression.outcome else expression.other))
            if LABEL in self.kinds and not expression.outcome:
                return _sum([(ONE, 1), *_scaled(one, -1)])
            return _one(_atom("leaf", expression))
        if DEFINE in self.kinds:
            return self._defined(expression)
        if isinstance(expression, (Expectation, KL, Entropy, kl_div, LabelledJoint)):
            return self._named(expression)
        return _one(_atom("leaf", expression))

    def _named(self, expression: Expr) -> Form:
        """A functional under its name, with its arguments in their forms."""
        if isinstance(expression, LabelledJoint):
            inside = self._within.form(expression.one), self._within.form(expression.zero)
            return _one(_atom("labels", expression.label, *inside))
        if isinstance(expression, kl_div):
            return _one(_atom("E", *map(self._within.form, expression.args)))
        kind = {Expectation: "mean", KL: "KL", Entropy: "entropy"}[type(expression)]
        variables = tuple(sorted(expression.variables, key=str))
        return _one(_atom(kind, variables, *map(self._within.form, expression.args)))

    def _defined(self, expression: Expr) -> Form:
        """A functional as its integral."""
        if isinstance(expression, KL) and isinstance(expression.first, LabelledJoint):
            return _sum(part for case in expression.cases() for part in self._defined(case))
        if isinstance(expression, KL):
            return self._integral(self._surprise(*expression.args), expression.variables)
        if isinstance(expression, kl_div):
            first, second = map(self._form, expression.args)
            minus = _scaled(first, -1)
            return _sum([*self._surprise(*expression.args), *minus, *second])
        if isinstance(expression, Entropy):
            density = expression.args[0]
            minus = _scaled(self._surprise(density, sympy.S.One), -1)
            return self._integral(minus, expression.variables)
        if isinstance(expression, Expectation):
            parts = [self._form(expression.weight), self._form(expression.value)]
            return self._integral(self._product(parts), variables_of(expression.weight))
        return _one(_atom("leaf", expression))

    def _surprise(self, first: Expr, second: Expr) -> Form:
        """The form of first · log(first/second)."""
        above, below = self._within.form(first), self._within.form(second)
        ratio = self._within._product([above, self._power(below, sympy.S.NegativeOne)])
        return self._product([self._form(first), self._log(ratio)])

    def _product(self, forms: list[Form]) -> Form:
        """The product; a sum stays one factor unless it may be multiplied out."""
        numbers = [f for f in forms if not f or (len(f) == 1 and f[0][0] == ONE)]
        others = [f for f in forms if f not in numbers]
        total: Form = ((ONE, 1),)
        for number in numbers:
            total = _scaled(total, number[0][1]) if number else ()
        if len(others) == 1:
            return _scaled(others[0], total[0][1]) if total else ()
        for form in others:
            factor = form if len(form) == 1 or self._multiplies_out(form) else self._as_atom(form)
            total = _sum((self._monomial(a[0], b[0]), a[1] * b[1]) for a in total for b in factor)
        return _opened(total)

    def _multiplies_out(self, form: Form) -> bool:
        """Whether a sum under an integral is a sum of logs and integrals, not a mixture."""
        terms = any(_is_term(atom) for (above, _), _ in form for atom, _ in above)
        return DISTRIBUTE in self.kinds or (LINEAR in self.kinds and terms)

    def _monomial(self, one: Monomial, other: Monomial) -> Monomial:
        above, below = _joined(one[0], other[0]), _joined(one[1], other[1])
        return _cancelled(above, below) if CANCEL in self.kinds else (above, below)

    def _as_atom(self, form: Form) -> Form:
        """A sum as one factor whose first coefficient is 1, and a number before it."""
        number, inside = _by_first(self._settled(form))
        return _scaled(_one(_atom("sum", inside)), number)

    def _power(self, form: Form, exponent: Any) -> Form:
        power = _plain(Fraction(int(exponent.p), int(exponent.q)))
        if not form:
            return _one(_atom("zero to the power", power))
        if len(form) > 1 and DISTRIBUTE in self.kinds and power.denominator == 1 and power > 0:
            return self._product([form] * power)
        ((monomial, number),) = form if len(form) == 1 else self._as_atom(form)
        above, below = monomial if power > 0 else _inverse(monomial)
        size = abs(power)
        scaled = tuple(tuple((a, e * size) for a, e in part) for part in (above, below))
        if power.denominator == 1:
            return ((scaled, _plain(Fraction(number) ** power)),)
        numeric = () if number == 1 else ((_atom("number", number), power),)
        return ((self._monomial(scaled, (numeric, ())), 1),)

    def _log(self, form: Form) -> Form:
        """The log of a ratio; one of its two directions stands for both."""
        form = self._settled(form)
        if not form:
            return _one(_atom("log of", 0))
        ((monomial, number),) = form if len(form) == 1 else self._as_atom(form)
        if LOGS in self.kinds or monomial == ONE:
            return self._split(monomial, number)
        one, other = (monomial, number), (_inverse(monomial), 1 / Fraction(number))
        if _places(one) <= _places(other):
            return _one(_atom("log", *one))
        return _scaled(_one(_atom("log", *other)), -1)

    def _split(self, monomial: Monomial, number: Number) -> Form:
        """The sum of the logs of all factors, a number by its primes."""
        above, below = monomial
        exponents = [*above, *((atom, -e) for atom, e in below)]
        logs = [_scaled(_one(_atom("log", atom)), e) for atom, e in exponents]
        number = Fraction(number)
        for value, sign in ((number.numerator, 1), (number.denominator, -1)):
            primes = sympy.factorint(value) if value > 1 else {value: int(value != 1)}
            logs += [_scaled(_one(_atom("log of", int(p))), sign * n) for p, n in primes.items()]
        return _sum(part for one in logs for part in one)

    def _absolute(self, form: Form) -> Form:
        """|·| of a sum, whose first number is 1."""
        if not form:
            return ()
        common = _common(form, _is_positive) if ABSOLUTE in self.kinds else ()
        number, inside = _by_first(_sum((_less(monomial, common), c) for monomial, c in form))
        return (((_joined(common, ((_atom("abs", inside), 1),)), ()), abs(number)),)

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
        outside = _common(form, lambda atom: not atom.symbols & variables)
        number, inside = _by_first(_sum((_less(monomial, outside), c) for monomial, c in form))
        atom = _atom("integral", tuple(sorted(variables, key=str)), inside)
        return ((self._monomial((outside, ()), (((atom, 1),), ())), number),)


def _opened(form: Form) -> Form:
    """A sum that is left as the only factor as a sum."""
    if len(form) != 1:
        return form
    (((above, below), number),) = form
    alone = not below and len(above) == 1 and above[0][1] == 1 and above[0][0].kind == "sum"
    return _scaled(above[0][0].parts[0], number) if alone else form


def _is_term(atom: Atom) -> bool:
    return atom.kind in ("log", "log of", *BINDING)


def _is_positive(atom: Atom) -> bool:
    return atom.kind == "density" or bool(atom.kind == "leaf" and atom.parts[0].is_positive)


def _common(form: Form, chosen: Callable[[Atom], bool]) -> Factors:
    """The chosen factors that stand above in every term of a sum."""
    (first, _), _ = form[0]
    shared = {atom: e for atom, e in first if chosen(atom)}
    for (above, _), _ in form[1:]:
        here = dict(above)
        shared = {atom: min(e, here[atom]) for atom, e in shared.items() if atom in here}
    return _factors(shared)


def _less(monomial: Monomial, factors: Factors) -> Monomial:
    return _joined(monomial[0], tuple((a, -e) for a, e in factors)), monomial[1]


def _cancelled(above: Factors, below: Factors) -> Monomial:
    up, down = dict(above), dict(below)
    for atom in set(up) & set(down):
        shared = min(up[atom], down[atom])
        up[atom], down[atom] = up[atom] - shared, down[atom] - shared
    return _factors(up), _factors(down)


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
        if atom.kind == "density" and atom.parts[2]:
            family, over, given = atom.parts
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
    inner = [atom for atom, e in above if atom.kind == "integral" and e == 1]
    if len(inner) != 1 or variables & frozenset(inner[0].parts[0]):
        return form, variables
    letters, integrand = inner[0].parts
    rest = _joined(above, ((inner[0], -1),)), below
    return by._product([((rest, number),), integrand]), variables | frozenset(letters)


def _normalised(form: Form, variables: frozenset[Symbol]) -> tuple[Form, frozenset[Symbol]]:
    """The integral without the variables that only one density depends on."""
    (((above, below), number),) = form
    for atom, exponent in above:
        if atom.kind != "density" or exponent != 1:
            continue
        family, over, given = atom.parts
        others = (other.symbols for other, _ in (*above, *below) if other is not atom)
        gone = (frozenset(over) & variables).difference(*others)
        if gone and (not given or gone == frozenset(over)):
            left = tuple(v for v in over if v not in gone)
            kept = ((_density(family, left, ()), 1),) if left else ()
            rest = _joined(above, ((atom, -1),), kept), below
            return _normalised(((rest, number),), variables - gone)
    return form, variables
