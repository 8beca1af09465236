"""The small words that lead to a line: its rule, and what a reader needs to do the step by hand."""

from __future__ import annotations

from collections import Counter

import sympy
from sympy import Derivative, Dummy, Expr, preorder_traversal

from onekl.symbolic.algebra import (
    FUNCTIONALS,
    KL,
    ClassProbability,
    Density,
    Entropy,
    Expectation,
    LabelledJoint,
    SumOrIntegral,
    kl_div,
)
from onekl.symbolic.lines.form import Rewriting
from onekl.symbolic.lines.gaussians import FORMULA, GAUSSIAN_KL, LOG_OF_A_GAUSSIAN, MOMENTS
from onekl.symbolic.lines.line import AT_LEAST, SAME, TENDS, UP_TO_ORDER, Line
from onekl.symbolic.lines.printer import LinePrinter
from onekl.symbolic.lines.rows import product, ratio_of, total
from onekl.symbolic.lines.rules import DEFINITION, EQUATION, INTEGRATES_TO_1, REWRITES, TWO_LABELS
from onekl.symbolic.lines.written import plain, with_values
from onekl.symbolic.notation import latex
from onekl.symbolic.premises import Equal

SURPRISE = r"\mathcal{E}(a, b) = a \log \frac{a}{b} -a + b"
BENDS = r"\mathcal{E}(a, b) \approx \frac{(a -b)^{2}}{2 a}"
BELL = r"\mathcal{N}(z; \mu, v)"
FORMULAS = {  # by rule; told where a derivation first uses it
    FORMULA.name: rf"{BELL} = \frac{{1}}{{\sqrt{{2 \pi v}}}} e^{{-(z -\mu)^{{2}}/2v}}",
    LOG_OF_A_GAUSSIAN.name: (
        rf"\log {BELL} = -\tfrac{{1}}{{2}} \log (2 \pi v) -\frac{{(z -\mu)^{{2}}}}{{2 v}}"
    ),
    MOMENTS.name: (rf"\int {BELL} \,z \,dz = \mu, \int {BELL} \,(z -\mu)^{{2}} \,dz = v"),
    GAUSSIAN_KL.name: (
        rf"\mathrm{{KL}}({BELL} \,\Vert\, \mathcal{{N}}(z; m, w)) = "
        r"\tfrac{1}{2} \left(\frac{(\mu -m)^{2}}{w} + \frac{v}{w} -\log \frac{v}{w} -1\right)"
    ),
}
NAMES = {
    KL: r"\mathrm{KL}",
    Expectation: r"\mathbb{E}",
    Entropy: r"\mathrm{H}",
    kl_div: r"\mathcal{E}",
}


def words(before: Expr, line: Line, printer: LinePrinter) -> tuple[str, tuple[str, ...]]:
    """The rule's name in LaTeX, and what it is used with, piece by piece."""
    before, after = sympy.sympify(before), sympy.sympify(line.expression)
    pieces = [_equation(one, printer) for one in line.uses if isinstance(one, Equal)]
    name = rf"\text{{{line.rule}}}"
    if line.sign == TENDS:
        pieces = [rf"{latex(line.symbol)} \to {latex(line.point)}", *pieces]
    if line.sign == SAME:
        ends = "varies" if len(line.uses) == 1 else "vary"
        pieces = [rf"{', '.join(map(latex, line.uses))} \text{{ {ends}}}"]
    if line.sign == UP_TO_ORDER:
        name += rf"\text{{ up to order }}{line.order}\text{{ in }}{latex(line.symbol)}"
        pieces += [BENDS] * (before.has(kl_div) and not after.has(kl_div))
    if line.sign == AT_LEAST:
        pieces += [rf"{NAMES[kind]} \geq 0" for kind in (KL, kl_div) if _goes(kind, before, after)]
    if line.rule == DEFINITION:
        name += _of_what(before, after)
        pieces += [SURPRISE] * (before.has(kl_div) != after.has(kl_div))
    if line.rule == EQUATION:
        pieces += _with_it(before, line, printer)
    if line.rule == INTEGRATES_TO_1:
        pieces += _integrals(before, after, printer)
    if line.rule == TWO_LABELS:
        pieces += _labels(before, after, printer)
    pieces += [FORMULAS[line.rule]] if line.rule in FORMULAS else []
    return name, tuple(pieces)


def opening(start: Expr) -> str:
    """The words before a further chain, in LaTeX; empty where it needs none."""
    if not isinstance(start, Derivative):
        return ""
    ((variable, order),) = start.variable_count
    name = "slope" if order == 1 else "second derivative"
    at_a_point = start.expr.has(Density) and not start.expr.has(*FUNCTIONALS)
    place = r"\text{ of what is integrated, at one point:}" if at_a_point else r"\text{:}"
    return rf"\text{{the {name} in }}{latex(variable)}{place}"


def _equation(equation: Equal, printer: LinePrinter) -> str:
    left, right = (printer.doprint(sympy.sympify(s)) for s in (equation.left, equation.right))
    return f"{left} = {right}"


def _count(expression: Expr, *kinds: type) -> Counter[Expr]:
    """How often each node of these kinds stands in an expression."""
    return Counter(node for node in preorder_traversal(expression) if isinstance(node, kinds))


def _goes(kind: type, before: Expr, after: Expr) -> bool:
    return _count(before, kind).total() > _count(after, kind).total()


def _of_what(before: Expr, after: Expr) -> str:
    """What is defined: what stands on one side more often than on the other."""
    sides = [Counter(map(type, _count(side, *NAMES).elements())) for side in (before, after)]
    names = [name for kind, name in NAMES.items() if sides[0][kind] != sides[1][kind]]
    if not names:
        return ""
    over = ""
    if before.has(LabelledJoint) and not after.has(LabelledJoint):
        label = next(iter(before.atoms(LabelledJoint))).label
        over = rf"\text{{, as a sum over }}{latex(label)}"
    listed = r"\text{, }".join(names[:-1]) + r"\text{ and }" * (len(names) > 1) + names[-1]
    return rf"\text{{ of }}{listed}{over}"


def _with_it(before: Expr, line: Line, printer: LinePrinter) -> list[str]:
    """What follows from an equation for D where D is kept, and that something cancels."""
    equations = tuple(one for one in line.uses if isinstance(one, Equal))
    pieces = [_odds(one, printer) for one in equations if _is_kept(one.left, before, line)]
    only = Rewriting(equations=equations)
    cancels = only.form(before) != only.form(line.expression)
    return [*pieces, *[r"\text{and what cancels is left out}"] * cancels]


def _is_kept(left: Expr, before: Expr, line: Line) -> bool:
    """Whether a step puts D for 1 − D."""
    if not isinstance(left, ClassProbability):
        return False
    gone = before.has(left.other) and not line.expression.has(left.other)
    return gone and line.expression.has(left)


def _odds(equation: Equal, printer: LinePrinter) -> str:
    """(1 − D) a = D b, for D = a/(a + b)."""
    best = ratio_of(equation.right)
    (below,) = best.below
    above = product(best.above)
    rest = total(term for term in below.args if plain(term) != plain(above))
    sides = product((equation.left.other, above)), product((equation.left, rest))
    return rf"\text{{so }}{' = '.join(map(printer.doprint, sides))}"


def _integrals(before: Expr, after: Expr, printer: LinePrinter) -> list[str]:
    """∫ p dx = 1 for each density without which the step cannot be done."""
    densities = dict.fromkeys((*_count(before, Density), *_count(after, Density)))
    needed = [
        one
        for one in densities
        if not _alike(INTEGRATES_TO_1, before, after, {one: Dummy(positive=True) * one})
    ]
    pieces = []
    for one in needed:
        family = [other for other in needed if other.family == one.family and not other.given]
        narrow = [other for other in family if set(other.over) < set(one.over)]
        if any(set(one.over) < set(other.over) for other in family):
            continue
        gone = tuple(v for v in one.over if not narrow or v not in narrow[0].over)
        value = printer.doprint(narrow[0]) if narrow else "1"
        pieces.append(f"{printer.doprint(SumOrIntegral(one, gone))} = {value}")
    return pieces


def _labels(before: Expr, after: Expr, printer: LinePrinter) -> list[str]:
    """D + (1 − D) = 1 for each D without which the step cannot be done."""
    chances = (*_count(before, ClassProbability), *_count(after, ClassProbability))
    ones = dict.fromkeys(one if one.outcome else one.other for one in chances)
    return [
        rf"{printer.doprint(one)} + {printer.doprint(one.other)} = 1"
        for one in ones
        if not _alike(TWO_LABELS, before, after, {one.other: Dummy(positive=True)})
    ]


def _alike(rule: str, before: Expr, after: Expr, values: dict[Expr, Expr]) -> bool:
    """Whether the rule leads from one to the other with these values too."""
    rewriting = Rewriting(*REWRITES[rule])
    one, other = (rewriting.form(with_values(side, values)) for side in (before, after))
    return one == other
