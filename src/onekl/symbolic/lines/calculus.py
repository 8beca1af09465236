"""Rules of calculus: derivatives, limits, another variable under an integral, squares completed."""

from __future__ import annotations

import sympy
from sympy import Add, Basic, Derivative, Expr, Function, Mul, Pow, Symbol, log

from onekl.symbolic.algebra import Gaussian, SumOrIntegral
from onekl.symbolic.lines.arithmetic import by_rewriting, same
from onekl.symbolic.lines.gaussians import with_formulas
from onekl.symbolic.lines.line import AT_LEAST, EQUAL, TENDS, Line, Rule, register
from onekl.symbolic.lines.written import replaced
from onekl.symbolic.premises import Equal
from onekl.symbolic.proof import has_functional

# Derivatives.


def with_derivatives(expression: Expr) -> Expr:
    """Each derivative of a formula carried out; that of a Gaussian is a multiple of it."""

    def change(part: Basic) -> Basic | None:
        if not isinstance(part, Derivative) or has_functional(part.expr):
            return None
        found = part.expr
        for variable in part.variables:
            found = _slope(found, variable)
        return found if found != part else None

    return replaced(expression, change)


def _slope(function: Expr, variable: Symbol) -> Expr:
    """The derivative of a formula, with Gaussians kept as they are."""
    gaussians = sorted((g for g in function.atoms(Gaussian) if variable in g.free_symbols), key=str)
    names = {g: Function(f"g_{k}")(variable) for k, g in enumerate(gaussians)}
    found = sympy.diff(function.xreplace(names), variable)
    for gaussian, name in names.items():
        slope = gaussian * _slope_of_log(gaussian, variable)
        found = found.xreplace({Derivative(name, variable): slope}).xreplace({name: gaussian})
    return Add(*map(_shorter, Add.make_args(found)))


def _shorter(term: Expr) -> Expr:
    """A term, as a product where that is shorter."""
    is_plain = term.is_rational_function(*term.free_symbols)
    return min(term, sympy.factor(term), key=sympy.count_ops) if is_plain else term


def _slope_of_log(gaussian: Gaussian, variable: Symbol) -> Expr:
    """The derivative of −(z − μ)²/2σ² − ½ log σ²."""
    distance, variance = gaussian.variable - gaussian.mean, gaussian.variance
    by_distance = Mul(distance, -sympy.diff(distance, variable), 1 / variance)
    by_variance = (distance**2 / variance - 1) * sympy.diff(variance, variable) / (2 * variance)
    return by_distance + sympy.expand(by_variance, deep=False)


# Limits.


def _tends(before: Expr, line: Line) -> bool:
    """Whether the line before, without integrals, has this limit from above, or at infinity."""
    if line.sign != TENDS or has_functional(before) or line.symbol not in before.free_symbols:
        return False
    letter = sympy.Dummy(line.symbol.name, positive=True)
    formula = with_formulas(before).subs(line.symbol, letter)
    found = sympy.limit(formula, letter, line.point, "+")
    return found == line.expression or (
        bool(found.is_finite) and letter not in found.free_symbols and same(found, line.expression)
    )


# Another variable.


def with_variable(integral: Expr, image: Symbol, value: Expr) -> Expr | None:
    """∫ f(g(ε)) N(ε) dε as ∫ f(z) N((z − b)/a) dz/|a| for the variable z = aε + b.

    None where the integral is over another variable, or the map is not affine with a > 0.
    """
    (source,) = integral.variables
    slope = sympy.diff(value, source)
    if not slope.is_positive or source in slope.free_symbols:
        return None
    place = (image - value.subs(source, 0)) / slope
    place = min(place, sympy.expand(place), key=sympy.count_ops)
    back = {source: place, value: image, sympy.expand(value): image}
    inside = replaced(integral.integrand, lambda part: _moved(part, back))
    return SumOrIntegral(inside / slope, (image,))


def _moved(part: Basic, back: dict[Expr, Expr]) -> Basic | None:
    if part in back:
        return back[part]
    return back.get(sympy.expand(part)) if isinstance(part, (Add, Mul)) else None


def _changes_variable(before: Expr, line: Line) -> bool:
    """Whether the line is the integral before in the variable that it is used with, z = aε + b."""
    if not isinstance(before, SumOrIntegral) or len(before.variables) != 1:
        return False
    equation = _equation_for(line, EQUAL)
    if equation is None:
        return False
    found = with_variable(before, equation.left, equation.right)
    return found is not None and same(found, line.expression)


def _equation_for(line: Line, sign: str) -> Equal | None:
    """The one equation for a symbol that a line of this sign is used with; None without one."""
    is_one = line.sign == sign and len(line.uses) == 1 and isinstance(line.uses[0], Equal)
    return line.uses[0] if is_one and line.uses[0].left.is_Symbol else None


# Squares.


def _completes_the_square(before: Expr, line: Line) -> bool:
    """Whether the two are the same, and the line has a square of a sum that was not there."""
    after = line.expression
    return line.sign == EQUAL and _squares(after) > _squares(before) and same(before, after)


def _squares(expression: Expr) -> int:
    powers = expression.atoms(Pow)
    return sum(1 for power in powers if power.exp == 2 and power.base.is_Add)


# The least value.


def _is_least(before: Expr, line: Line) -> bool:
    """Whether the line is the expression before at u = u*, where its slope changes its sign.

    The slope has to be u − u* times what is seen to be positive for every u > 0.
    """
    equation = _equation_for(line, AT_LEAST)
    if equation is None:
        return False
    symbol, at = equation.left, sympy.sympify(equation.right)
    if not symbol.is_positive or not at.is_positive or has_functional(before):
        return False
    there = before.subs(symbol, at)
    if not same(there, line.expression):
        return False
    return rising_factor(sympy.diff(before, symbol), symbol, at) is not None


def rising_factor(slope: Expr, symbol: Symbol, at: Expr) -> Expr | None:
    """What is positive and times (u − u*) makes a slope; None where there is no such factor."""
    rest = sympy.factor(sympy.cancel(sympy.together(slope / (symbol - at))))
    return rest if rest.is_positive else None


# Positive terms.


def _drops_positive(before: Expr, line: Line) -> bool:
    """Whether the line is the one before without terms that cannot be negative."""
    dropped = [t for t in Add.make_args(sympy.expand(before - line.expression)) if t != 0]
    return (
        line.sign == AT_LEAST and bool(dropped) and all(_is_not_negative(term) for term in dropped)
    )


def _is_not_negative(term: Expr) -> bool:
    """Whether a term is seen not to be negative, such as log(1 + y) with y > 0."""
    number, rest = term.as_coeff_Mul()
    if isinstance(rest, log) and number.is_positive:
        return bool((sympy.expand(rest.args[0]) - 1).is_nonnegative)
    return bool(term.is_nonnegative)


_a, _b, _t = sympy.symbols("a b t", positive=True)
_x, _z, _e = sympy.symbols("x z epsilon", real=True)
_f = Function("f", real=True)

DERIVATIVE = register(
    Rule(
        "derivative",
        "the functions have a derivative",
        (Derivative(_a * _t**2, _t), Line(2 * _a * _t, "derivative")),
        by_rewriting(with_derivatives),
    )
)

LIMIT = register(
    Rule(
        "limit",
        "the limit is taken from above, or at infinity",
        (
            _a + _b * _t**2,
            Line(_a, "limit", TENDS, symbol=_t, point=sympy.S.Zero),
        ),
        _tends,
    )
)

CHANGE_OF_VARIABLES = register(
    Rule(
        "change of variables",
        "the map z = aε + b takes the line onto the line, and a > 0",
        (
            SumOrIntegral(_f(_a * _e + _b) * Gaussian(_e, 0, 1), (_e,)),
            Line(
                SumOrIntegral(_f(_z) * Gaussian((_z - _b) / _a, 0, 1) / _a, (_z,)),
                "change of variables",
                uses=(Equal(_z, _a * _e + _b),),
            ),
        ),
        _changes_variable,
    )
)

COMPLETING_THE_SQUARE = register(
    Rule(
        "completing the square",
        "what is divided by is not 0",
        (
            _x**2 + 2 * _a * _x,
            Line((_x + _a) ** 2 - _a**2, "completing the square"),
        ),
        _completes_the_square,
    )
)

LEAST = register(
    Rule(
        "the slope changes its sign once",
        "it is below 0 before the place, and above 0 after it",
        (
            _t**2 - 2 * _a * _t,
            Line(
                _a**2 - 2 * _a * _a,
                "the slope changes its sign once",
                AT_LEAST,
                uses=(Equal(_t, _a),),
            ),
        ),
        _is_least,
    )
)

POSITIVE_TERMS = register(
    Rule(
        "positive terms dropped",
        "squares are not negative, and log(1 + y) > 0 for y > 0",
        (
            _x + log(1 + _a),
            Line(_x, "positive terms dropped", AT_LEAST),
        ),
        _drops_positive,
    )
)
