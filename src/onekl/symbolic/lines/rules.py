"""The rules on densities: each rewrites two lines by itself alone, and compares what comes out."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import sympy
from sympy import Abs, Add, Expr, Function, Mul, Rational, log

from onekl.symbolic.algebra import (
    KL,
    ClassProbability,
    Dirac,
    Entropy,
    Expectation,
    Joint,
    SumOrIntegral,
    kl_div,
)
from onekl.symbolic.lines.form import (
    ABSOLUTE,
    BAYES,
    CANCEL,
    DEFINE,
    DISTRIBUTE,
    LABEL,
    LINEAR,
    LOGS,
    MERGE,
    NORMALISE,
    Form,
    Rewriting,
)
from onekl.symbolic.lines.line import AT_LEAST, EQUAL, SAME, Line, Rule, register
from onekl.symbolic.lines.rows import Ratio, product, rows_of, sifted, total, written
from onekl.symbolic.lines.varied import varies
from onekl.symbolic.premises import Equal
from onekl.symbolic.proof import NotProved, has_functional
from onekl.symbolic.slack import equality_case

DEFINITION = "definition"
LINEARITY = "linearity"
MULTIPLY_OUT = "multiply out"
ORDER = "order of integration (Tonelli)"
LOG_OF_PRODUCT = "log of a product"
PRODUCT_RULE = "product rule"
CANCELLING = "cancel"
INTEGRATES_TO_1 = "a density integrates to 1"
TWO_LABELS = "the labels' chances add up to 1"
EQUATION = "given"
LAW_OF_A_MAP = "law of a map"
OUT_OF_ABS = "a positive factor out of |·|"
NEVER_NEGATIVE = "what is left out is never negative"
DOES_NOT_VARY = "what does not vary is left out"

# What each rule of equality rewrites.
REWRITES = {  # where two rules lead to a line, the first is named
    DEFINITION: (DEFINE,),
    MULTIPLY_OUT: (DISTRIBUTE,),
    LINEARITY: (LINEAR, DISTRIBUTE),
    ORDER: (LINEAR, MERGE),
    CANCELLING: (CANCEL,),
    PRODUCT_RULE: (BAYES,),
    LOG_OF_PRODUCT: (LINEAR, LOGS),
    INTEGRATES_TO_1: (LINEAR, NORMALISE),
    TWO_LABELS: (LINEAR, DISTRIBUTE, LABEL),
    OUT_OF_ABS: (ABSOLUTE,),
}


def _rewritten_alike(*kinds: str) -> Callable[[Expr, Line], bool]:
    rewriting = Rewriting(*kinds)

    def leads(before: Expr, line: Line) -> bool:
        return line.sign == EQUAL and rewriting.form(before) == rewriting.form(line.expression)

    return leads


def _by_equation(before: Expr, line: Line) -> bool:
    """Whether the two lines are one when the equations are put in and what cancels is cancelled."""
    equations = tuple(e for e in line.uses if isinstance(e, Equal))
    rewriting = Rewriting(CANCEL, equations=equations)
    same = rewriting.form(before) == rewriting.form(line.expression)
    return line.sign == EQUAL and bool(equations) and same


def sifted_form(expression: Expr) -> Form | None:
    """What an expression is when all ∫ δ(x − G(z)) h(x, z) dx are carried out.

    None for what has to be defined, or merged into one integral, first.
    """
    inside = [node.integrand for node in expression.atoms(SumOrIntegral)]
    if expression.has(KL, Expectation, Entropy, kl_div) or any(map(has_functional, inside)):
        return None
    try:
        rows = rows_of(expression)
    except NotProved:
        return None
    return Rewriting(LINEAR).form(written(tuple(map(sifted, rows))))


def _by_sifting(before: Expr, line: Line) -> bool:
    """Whether the two lines are one when the maps are put in, and a map is put in."""
    one, other = sifted_form(before), sifted_form(line.expression)
    maps = [len(side.atoms(Dirac)) for side in (before, line.expression)]
    return line.sign == EQUAL and one is not None and one == other and maps[0] != maps[1]


def _never_negative(before: Expr, line: Line) -> bool:
    """Whether the line before is this one and terms of which none can be negative."""
    left = _without(before, line.expression)
    if line.sign != AT_LEAST or not left:
        return False
    try:
        for term in left:
            equality_case(term)
    except NotProved:
        return False
    return True


def _without(whole: Expr, part: Expr) -> list[Expr] | None:
    """The terms of a sum that are not among those of another; None where some of those lack."""
    left, plain = list(Add.make_args(whole)), Rewriting()
    for term in Add.make_args(part):
        same = [one for one in left if plain.form(one) == plain.form(term)]
        if term != 0 and not same:
            return None
        left = left if term == 0 else _removed(left, same[0])
    return left


def _removed(terms: list[Expr], one: Expr) -> list[Expr]:
    place = next(k for k, term in enumerate(terms) if term is one)
    return terms[:place] + terms[place + 1 :]


def _does_not_vary(before: Expr, line: Line) -> bool:
    """Whether the line before is a positive number times this one, and what does not vary."""
    if line.sign != SAME or not line.uses:
        return False
    terms = [Rewriting().form(term) for term in Add.make_args(before)]
    aims = [Rewriting().form(term) for term in Add.make_args(line.expression)]
    for scale in {_quotient(term, aims[0]) for term in terms} - {None}:
        wanted = [tuple((m, c * scale) for m, c in aim) for aim in aims]
        left = [t for t, f in zip(Add.make_args(before), terms) if f not in wanted]
        if scale > 0 and all(f in terms for f in wanted):
            return not any(varies(t, one) for t in left for one in line.uses)
    return False


def _quotient(form: Form, other: Form) -> Fraction | None:
    """The number by which a form is another one."""
    if not form or [m for m, _ in form] != [m for m, _ in other]:
        return None
    numbers = {c / d for (_, c), (_, d) in zip(form, other)}
    return numbers.pop() if len(numbers) == 1 else None


# The densities of the examples.
_x, _z = sympy.symbols("x z", real=True)
_P, _Q = Joint("p", (_x, _z), {(_x,): r"\tilde{p}"}), Joint("q", (_x, _z))
_p, _q, _encoder = _P(_x), _Q(_x), _P(_z, given=_x)
_D, _G = ClassProbability("D", _x), Function("G")(_z)
_half_D = Equal(_D, Rational(1, 2))


def _over(factors: tuple[Expr, ...], *variables: sympy.Symbol) -> SumOrIntegral:
    return SumOrIntegral(product(factors), variables)


def _log_of(above: tuple[Expr, ...], below: tuple[Expr, ...] = ()) -> Expr:
    return log(Ratio(above, below).expression(), evaluate=False)


_kl = KL(_p, _q)
_log_ratio = _over((_p, log(_p / _q)), _x)
_EXAMPLES = {
    DEFINITION: (_kl, _log_ratio),
    LINEARITY: (
        _over((Add(_p, _q, evaluate=False), log(_D)), _x),
        total((_over((_p, log(_D)), _x), _over((_q, log(_D)), _x))),
    ),
    MULTIPLY_OUT: (
        _over((Add(_p, _q, evaluate=False), Add(_p, _q, evaluate=False)), _x),
        SumOrIntegral(Add(_p**2, 2 * _p * _q, _q**2, evaluate=False), (_x,)),
    ),
    ORDER: (
        _over((_p, _over((_encoder, log(_Q(_z))), _z)), _x),
        _over((_p, _encoder, log(_Q(_z))), _x, _z),
    ),
    LOG_OF_PRODUCT: (
        _log_ratio,
        total((_over((_p, log(_p)), _x), Mul(-1, _over((_p, log(_q)), _x)))),
    ),
    PRODUCT_RULE: (
        _over((_P(_x, _z), log(_q)), _x, _z),
        _over((_p, _encoder, log(_q)), _x, _z),
    ),
    CANCELLING: (
        _over((_p, _log_of((_q,), (_D, _q))), _x),
        _over((_p, _log_of((), (_D,))), _x),
    ),
    INTEGRATES_TO_1: (_over((_p, _encoder, log(_q)), _x, _z), _over((_p, log(_q)), _x)),
    TWO_LABELS: (
        total((_over((_p, _D), _x), _over((_p, _D.other), _x))),
        _over((_p,), _x),
    ),
    EQUATION: (_over((_p, log(_D)), _x), _over((_p, log(Rational(1, 2), evaluate=False)), _x)),
    LAW_OF_A_MAP: (
        _over((Dirac(_x, _G), _Q(_z), log(_D)), _x, _z),
        _over((_Q(_z), log(_D.at(_G))), _z),
    ),
    OUT_OF_ABS: (Abs(product((_p, Add(_D, -2)))), product((_p, Abs(Add(_D, -2))))),
    NEVER_NEGATIVE: (total((Expectation(_p, log(1 / _D)), _kl)), Expectation(_p, log(1 / _D))),
    DOES_NOT_VARY: (total((Mul(2, _kl), Expectation(_p, log(_p)))), _kl),
}
_PREMISES = {
    DEFINITION: "the integral has a value, finite or infinite",
    LINEARITY: "no two of the integrals are infinite with opposite signs",
    MULTIPLY_OUT: "none: it is the distributive law",
    ORDER: "the integrand is never negative, or the integral is finite",
    LOG_OF_PRODUCT: "the factors are positive, and no two of the integrals are infinite with "
    "opposite signs",
    PRODUCT_RULE: "none: where p(x) = 0, p(z|x) may be any density",
    CANCELLING: "the factor is positive wherever the weight of the integral is",
    INTEGRATES_TO_1: "nothing else under the integral depends on the density's variables",
    TWO_LABELS: "none: D and 1 − D are the chances of the two labels",
    EQUATION: "the equation is given",
    LAW_OF_A_MAP: "x is the image of z under the map, and has no unknown density",
    OUT_OF_ABS: "the factor is positive",
    NEVER_NEGATIVE: "what is left out is a KL, an ∫ ℰ(a, b), or the mean of what is never negative",
    DOES_NOT_VARY: "the factor is positive, and the rest is finite",
}
_LEADS = {
    **{name: _rewritten_alike(*kinds) for name, kinds in REWRITES.items()},
    EQUATION: _by_equation,
    LAW_OF_A_MAP: _by_sifting,
    NEVER_NEGATIVE: _never_negative,
    DOES_NOT_VARY: _does_not_vary,
}
_SIGNS = {NEVER_NEGATIVE: AT_LEAST, DOES_NOT_VARY: SAME}
_USES = {EQUATION: (_half_D,), DOES_NOT_VARY: (_q,)}

for _name, (_before, _after) in _EXAMPLES.items():
    _line = Line(_after, _name, _SIGNS.get(_name, EQUAL), _USES.get(_name, ()))
    register(Rule(_name, _PREMISES[_name], (_before, _line), _LEADS[_name]))
