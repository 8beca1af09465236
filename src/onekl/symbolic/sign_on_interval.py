"""The sign of a function of one variable on an interval, with other symbols as parameters.

A rational function is decided by its factors: by Sturm's theorem where a factor has one letter, by
the signs of its coefficients where it has more. Any other function is decided by its derivative:
if it starts at 0 or above at one end of the interval and rises from there, it is never negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cache

import sympy
from sympy import Abs, Add, Dummy, Expr, Mul, Poly, Pow, Symbol, exp, log, oo

Factor = tuple[Expr, int]  # a factor and its power


class Sign(IntEnum):
    """What is known of a function on the open interval, for each value of the parameters."""

    UNKNOWN = 0
    NONNEGATIVE = 1
    ISOLATED = 2  # never negative, and 0 at isolated points at most
    POSITIVE = 3


@dataclass(frozen=True)
class Between:
    """low < symbol < high; the ends may hold the symbols that stand after this one in a box."""

    symbol: Symbol
    low: Expr
    high: Expr

    def by_letter(self) -> tuple[Expr, Symbol]:
        """The symbol as a function of a positive letter; of a real one for the whole line."""
        ends = (self.low != -oo, self.high != oo)
        letter = Dummy("u", positive=True) if any(ends) else Dummy("u", real=True)
        if all(ends):
            return (self.low + self.high * letter) / (1 + letter), letter
        if any(ends):
            return self.low + letter if ends[0] else self.high - letter, letter
        return letter, letter


Box = tuple[Between, ...]  # the variable first, then the parameters


def sign_on(function: Expr, box: Box, depth: int = 3) -> Sign:
    """What is known of the sign of a regular function of the box's first symbol.

    At most `depth` derivatives are taken.
    """
    function = _tidy(with_split_logs(function, box), box)
    found = direct_sign(function, box)
    if found or not depth:
        return found
    for way, form in [(_by_slope, form) for form in _forms(function, box)] + [(_by_bend, function)]:
        found = way(form, box, depth)
        if found:
            return found
    return Sign.UNKNOWN


def _tidy(function: Expr, box: Box) -> Expr:
    """A positive multiple of a function, with one reduced fraction before each logarithm."""
    variable = box[0].symbol
    if any(node.has(variable) for node in function.atoms(exp)):
        numerator, denominator = sympy.fraction(sympy.together(function))
        function = (strict_sign(denominator, box) or 1 / denominator) * numerator
    logs = [node for node in function.atoms(log) if node.has(variable)]
    return sympy.collect(sympy.expand(function), logs, func=sympy.cancel)


def _by_slope(function: Expr, box: Box, depth: int) -> Sign:
    """The sign of a function that is at least 0 at one end and does not fall from there."""
    variable = box[0].symbol
    slope = sympy.factor(sympy.diff(function, variable))
    for end, direction in ((box[0].low, 1), (box[0].high, -1)):
        if not _starts_at_least_at_zero(function, box, end, direction):
            continue
        below = sign_on(direction * slope, box, depth - 1)
        if below:
            return Sign.POSITIVE if below >= Sign.ISOLATED else Sign.NONNEGATIVE
    return Sign.UNKNOWN


def _by_bend(function: Expr, box: Box, depth: int) -> Sign:
    """The sign of a concave function that is at least 0 at both ends."""
    ends = ((box[0].low, 1), (box[0].high, -1))
    if not all(_starts_at_least_at_zero(function, box, *end) for end in ends):
        return Sign.UNKNOWN
    bend = sympy.factor(sympy.diff(function, box[0].symbol, 2))
    below = sign_on(-bend, box, depth - 1)
    if not below:
        return Sign.UNKNOWN
    return Sign.POSITIVE if below >= Sign.ISOLATED else Sign.NONNEGATIVE


def _forms(function: Expr, box: Box) -> list[Expr]:
    """The function over its logarithm's coefficient, where it has one of known sign; the function.

    The first has a rational slope.
    """
    logs = [node for node in function.atoms(log) if node.has(box[0].symbol)]
    if len(logs) != 1:
        return [function]
    coefficient, rest = function.coeff(logs[0]), function.subs(logs[0], 0)
    linear = sympy.expand(function - coefficient * logs[0] - rest) == 0
    if not linear or not coefficient.has(box[0].symbol):
        return [function]
    side = strict_sign(coefficient, box)
    return [side * (logs[0] + sympy.cancel(rest / coefficient)), function] if side else [function]


def _starts_at_least_at_zero(function: Expr, box: Box, end: Expr, direction: int) -> bool:
    """Whether the limit at an end of the interval, from inside, is at least 0."""
    variable, parameters = box[0].symbol, box[1:]
    if sympy.sympify(end).is_finite is not False and is_regular(function, box, end):
        value = sympy.expand(with_split_logs(function.xreplace({variable: end}), parameters))
        return bool(direct_sign(value, parameters))
    if function.free_symbols - {variable} or end.free_symbols or function.has(Abs):
        return False
    limit = _limit(function, variable, end, "+" if direction > 0 else "-")
    return limit == oo or bool(sympy.simplify(limit).is_nonnegative)


_limit = cache(sympy.limit)


def is_regular(function: Expr, box: Box, at: Expr | None = None) -> bool:
    """Whether the function is smooth, up to |·|, all over the box; or at one value of its variable.

    Its logarithms are of positive numbers, and its denominators are not 0.
    """
    if at is not None:
        place, box = {box[0].symbol: at}, box[1:]
    else:
        place = {}
    above = [node.args[0].xreplace(place) for node in function.atoms(log)]
    below = [
        node.base.xreplace(place)
        for node in function.atoms(Pow)
        if not (node.exp.is_Integer and node.exp.is_positive) and not node.is_number
    ]
    smooth = all(
        isinstance(node, (Add, Mul, log, exp, Abs, Symbol))
        or node.is_number
        or (node.is_Pow and node.exp.is_Integer)
        for node in sympy.preorder_traversal(function)
    )
    # The logarithm's own argument may be a product of two negative factors.
    return (
        smooth
        and all(strict_sign(node, box) == 1 for node in above)
        and all(strict_sign(node, box) for node in below)
    )


def without_absolute_values(function: Expr, box: Box) -> Expr:
    """The function with u or −u for each |u| whose sign is known all over the box."""
    signs = {node: strict_sign(node.args[0], box) for node in function.atoms(Abs)}
    return function.xreplace({node: s * node.args[0] for node, s in signs.items() if s})


def direct_sign(function: Expr, box: Box) -> Sign:
    """The sign of a function on a box by its factors, without derivatives."""
    if function.is_number:
        return _sign_of_number(function)
    coefficient, found = _factors(function, box)
    if coefficient == 0:
        return Sign.NONNEGATIVE
    sign, least = int(sympy.sign(coefficient)), Sign.POSITIVE
    for factor, power in found:
        side = _sign_of_factor(factor, box)
        if side:
            sign *= side**power
        elif power > 0 and power % 2 == 0:
            alone = factor.is_polynomial(box[0].symbol) and factor.free_symbols == {box[0].symbol}
            least = min(least, Sign.ISOLATED if alone else Sign.NONNEGATIVE)
        else:
            return Sign.UNKNOWN
    return least if sign > 0 else Sign.UNKNOWN


def _sign_of_number(number: Expr) -> Sign:
    if number.is_positive:
        return Sign.POSITIVE
    return Sign.NONNEGATIVE if sympy.simplify(number) == 0 else Sign.UNKNOWN


def strict_sign(function: Expr, box: Box) -> int:
    """1 or −1 where the function is positive, or negative, all over the box; 0 if not seen."""
    for side in (1, -1):
        if direct_sign(side * sympy.sympify(function), box) == Sign.POSITIVE:
            return side
    return 0


def _factors(function: Expr, box: Box) -> tuple[Expr, list[Factor]]:
    """The constant and the irreducible factors of a function, with negative powers for those below.

    Exponentials, and logarithms of known sign, count as letters that are positive.
    """
    plain = _with_letters(function)
    plain = plain.xreplace({node: _letter_of_log(node, box) for node in plain.atoms(log)})
    numerator, denominator = sympy.fraction(sympy.cancel(sympy.together(plain)))
    above, below = sympy.factor_list(numerator), sympy.factor_list(denominator)
    powers = [*above[1], *((factor, -power) for factor, power in below[1])]
    return above[0] / below[0], powers


def _with_letters(function: Expr) -> Expr:
    """The function with one positive letter for each exponential."""
    return function.xreplace({node: _letter_of_exponential(node) for node in function.atoms(exp)})


@cache
def _letter_of_exponential(node: exp) -> Dummy:
    """The positive letter for an exponential; the same one for the same exponential alone."""
    return Dummy("e", positive=True)


def _letter_of_log(node: log, box: Box) -> Expr:
    """± a positive letter for a logarithm of known sign, or the node."""
    side = strict_sign(node.args[0] - 1, box)
    return side * Dummy("l", positive=True) if side else node


def _sign_of_factor(factor: Expr, box: Box) -> int:
    """The sign that an irreducible factor has all over the box; 0 if it is not seen."""
    for between in box:
        factor = _with_letters(factor.xreplace({between.symbol: between.by_letter()[0]}))
    numerator, denominator = sympy.fraction(sympy.together(factor))
    letters = sorted(factor.free_symbols, key=sympy.default_sort_key)
    if not letters:
        return int(sympy.sign(factor)) if factor.is_real else 0
    if not (numerator.is_polynomial(*letters) and denominator.is_polynomial(*letters)):
        return 0
    return _sign_of_polynomial(Poly(numerator, *letters)) * _sign_of_polynomial(
        Poly(denominator, *letters)
    )


def _sign_of_polynomial(polynomial: Poly) -> int:
    """The sign of a polynomial in letters that are positive, or real; 0 if it is not seen."""
    for side in (1, -1):
        if _has_positive_terms(side * polynomial):
            return side
    if polynomial.is_univariate and (polynomial.domain.is_ZZ or polynomial.domain.is_QQ):
        return _sign_by_sturm(polynomial)
    return 0


def _has_positive_terms(polynomial: Poly) -> bool:
    """Whether no term of a polynomial is ever negative, and one of them is positive everywhere."""
    signed = [bool(letter.is_positive) for letter in polynomial.gens]
    terms = polynomial.terms()
    even = all(k % 2 == 0 or known for powers, _ in terms for k, known in zip(powers, signed))
    never_zero = any(
        all(k == 0 or known for k, known in zip(powers, signed)) for powers, _ in terms
    )
    return even and never_zero and all(coefficient.is_positive for _, coefficient in terms)


def _sign_by_sturm(polynomial: Poly) -> int:
    """The sign of a polynomial without a real root, or, in a positive letter, a positive one."""
    if not polynomial.gen.is_positive:
        return 0 if polynomial.count_roots() else int(sympy.sign(polynomial.eval(0)))
    while polynomial.eval(0) == 0:
        polynomial = polynomial.exquo(Poly(polynomial.gen))
    return 0 if polynomial.count_roots(0, oo) else int(sympy.sign(polynomial.eval(1)))


def with_split_logs(function: Expr, box: Box) -> Expr:
    """The function with the log of a product as a sum of logs of positive irreducible factors."""
    return function.xreplace({node: _split_log(node, box) for node in function.atoms(log)})


def _split_log(node: log, box: Box) -> Expr:
    """Σ k log f over the factors f of a positive argument; the node where it is not seen to be."""
    if node.args[0].has(exp, log, Abs):
        return node
    coefficient, found = _factors(node.args[0], box)
    signs = [_sign_of_factor(factor, box) for factor, _ in found]
    sign = sympy.prod(s**k for (_, k), s in zip(found, signs) if s)
    if not (coefficient.is_Rational and all(signs) and coefficient * sign > 0):
        return node
    primes = sympy.factorrat(abs(coefficient))
    constant = Add(*(power * log(prime) for prime, power in primes.items()))
    return constant + Add(*(k * log(sympy.expand(s * f)) for (f, k), s in zip(found, signs)))
