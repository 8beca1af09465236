"""What a page shows of a statement: the same signs and terms as its one line, broken into rows."""

import re

import pytest
from sympy import Abs, Function, S, Symbol, exp, log, symbols

from onekl.chapters import stated_claims
from onekl.symbolic.algebra import KL, Expectation, Joint, SumOrIntegral
from onekl.symbolic.certificates import OptimalTransport, point_masses
from onekl.symbolic.limits import Expansion
from onekl.symbolic.maps.smooth_map import SmoothMap
from onekl.symbolic.maps.triangular import TriangularMap
from onekl.symbolic.notation import aligned, latex, show
from onekl.symbolic.sampling import RandomParameters, RandomTables
from onekl.symbolic.second_order import SecondOrder
from onekl.symbolic.statements import Bound, Identity

x, z, u, v, b = symbols("x z u v b", real=True)
t = Symbol("t", positive=True)
P, Q = Joint("p", (x, z)), Joint("q", (x, z))
PAIR = RandomTables((P, Q))
EVERY = [
    (one.id, statement)
    for one in stated_claims().values()
    for statement in (*one.statements, *one.also, *one.refuted)
]
LAYOUT = r"\\(begin|end)\{aligned\}|\\\\|\\(left|right|Big)?[.()\[\]]|\\[;!,]|\\q?quad|[&\s,()\[\]]"


def said(line):
    """A line of LaTeX without what only places and brackets it."""
    return re.sub(LAYOUT, "", line)


def is_shown_in_part(statement):
    """A bound whose remainder is all of its upper side is shown as upper ≥ lower alone."""
    return isinstance(statement, Bound) and statement.upper == statement.remainder


@pytest.mark.parametrize("id, statement", EVERY, ids=lambda value: str(value)[:40])
def test_breaking_a_line_changes_nothing_of_what_it_says(id, statement):
    if is_shown_in_part(statement):
        assert statement.display() == rf"{latex(statement.upper)} \geq {latex(statement.lower)}"
    else:
        assert said(statement.display()) == said(statement.latex())


def rows(display):
    """The rows of an aligned display, without what opens and closes it."""
    inside = re.fullmatch(r"\\begin\{aligned\} (.*) \\end\{aligned\}", display)
    return inside.group(1).split(r" \\ ")


def test_a_short_identity_stays_in_one_line_and_a_long_sum_has_a_row_for_each_term():
    short = Identity(PAIR, left=SumOrIntegral(P(x), (x,)), right=S.One)
    assert short.display() == r"\int p(x) \,dx = 1"
    marginal, rest = KL(P(x), Q(x)), Expectation(P(x), KL(P(z, given=x), Q(z, given=x)))
    chain = Identity(PAIR, left=KL(P(x, z), Q(x, z)), right=marginal + rest)
    assert rows(chain.display()) == [
        f"& {latex(chain.left)}",
        *(f"&{sign} {latex(one)}" for sign, one in zip(("=", r"\quad +"), chain.right.args)),
    ]


def test_a_long_sum_of_plain_terms_stays_in_one_row():
    value = sum(log(1 + (b + k) ** 2) for k in range(6))
    long = Identity(RandomParameters(((b, 0, 1),)), left=log(exp(value)), right=value)
    assert rows(long.display()) == [f"& {latex(long.left)}", f"&= {latex(value)}"]


def test_a_minus_takes_the_place_of_a_plus():
    left, terms = SumOrIntegral(P(x), (x,)), (-KL(P(x), Q(x)), KL(Q(x), P(x)), -b)
    assert rows(aligned(left, *terms)) == [
        rf"& {latex(left)}",
        f"&= {latex(terms[0])}",
        rf"&\quad + {latex(terms[1])}",
        rf"&\quad {latex(terms[2])}",
    ]


def test_the_rows_of_a_bound_end_with_its_lower_side():
    lower, rest = KL(P(x), Q(x)), Expectation(P(x), KL(P(z, given=x), Q(z, given=x)))
    bound = Bound(PAIR, upper=KL(P(x, z), Q(x, z)), lower=lower, remainder=rest)
    assert rows(bound.display()) == [
        f"& {latex(bound.upper)}",
        f"&= {latex(lower)}",
        rf"&\quad + {latex(rest)}",
        rf"&\geq {latex(lower)}",
    ]


def test_an_expansion_is_broken_where_it_is_long():
    def expansion(expression, value, order):
        return Expansion(PAIR, expression=expression, symbol=t, order=order, value=value)

    short = expansion(SumOrIntegral(P(x) * t, (x,)), t, 1)
    assert short.display() == r"\int t p(x) \,dx = t + O(t^{2}) \quad (t \downarrow 0)"
    f, g = (Function(name, real=True)(x) for name in "fg")
    terms = [SumOrIntegral(P(x) * (f + k * g) ** 2, (x,)) for k in (1, 2, 3)]
    long = expansion(t**2 * sum(terms, S.Zero), t**2 * sum(terms, S.Zero), 2)
    first, *others = rows(long.display())
    assert first == rf"& {latex(long.expression)}" and len(others) == 3
    assert others[0].startswith(r"&\quad = t^{2} \Big(") and r"O(t^{3})" in others[-1]
    assert all(row.startswith(r"&\qquad + \int") for row in others[1:])


def test_the_order_of_a_remainder_is_printed_without_a_power_of_one():
    moving = Symbol("s", real=True)
    first = Expansion(PAIR, expression=b + moving, symbol=moving, order=0, value=b)
    assert first.latex().endswith("+ O(s)")


def test_an_optimal_transport_prints_its_tables():
    cost, f = point_masses(S(3))
    moved = OptimalTransport(
        RandomParameters(()), p=(1, 0), q=(0, 1), cost=cost,
        plan=((0, 1), (0, 0)), f=f, g=(0, 3), value=3,
    )  # fmt: skip
    plan = r"\begin{pmatrix} 0 & 1 \\ 0 & 0 \end{pmatrix}"
    given = r"p = \left(1, 0\right),\ q = \left(0, 1\right),\ c = \begin{pmatrix} 0 & 3 \\ 3 & 0"
    assert f"= 3 \\quad ({given}" in moved.latex() and plan in moved.latex()


def test_a_map_prints_its_two_directions_and_its_determinant():
    line = SmoothMap((z,), (x,), (2 * z,), (x / 2,), log(2))
    assert latex(line) == (
        r"x = 2 z \;\Leftrightarrow\; z = \frac{x}{2}, \quad "
        r"\log\left|\det \frac{\partial x}{\partial z}\right| = \log\left(2\right)"
    )
    plane = SmoothMap((z, v), (x, u), (v, z), (u, x), 0)
    assert latex(plane).startswith(
        r"\left(x, u\right) = \left(v, z\right) \;\Leftrightarrow\; "
        r"\left(z, v\right) = \left(u, x\right)"
    )


@pytest.mark.parametrize("kept, start", [(False, "i = 1"), (True, "i = k + 1")])
def test_a_triangular_map_says_where_its_sum_starts(kept, start):
    shift = Function("m", real=True)(v)
    step = TriangularMap(
        RandomParameters(()), coordinate=z, image=x, before=v,
        forward=z + shift, inverse=x - shift, log_slope=S.Zero, kept=kept,
    )  # fmt: skip
    printed = step.latex()
    assert rf"\sum_{{{start}}}^{{d}} 0" in printed
    assert (r"x = z \text{ for } i \leq k" in printed) == kept
    assert printed.count(r"\text{ for } i > k") == (2 if kept else 0)


def test_the_step_of_a_triangular_map_starts_at_the_first_coordinate_unless_it_says_so():
    step = TriangularMap(
        RandomParameters(()), coordinate=z, image=x, before=v,
        forward=2 * z, inverse=x / 2, log_slope=log(2),
    )  # fmt: skip
    assert not step.kept and r"\sum_{i = 1}^{d}" in step.latex()


def test_the_rows_of_a_bend_have_their_first_signs_below_each_other():
    bend = SecondOrder(PAIR, weight=P(x), value=b**2, symbol=b, point=S.Zero, bend=S(2))
    value, start, second = rows(bend.display())
    assert value.startswith("R(b) &= ") and second.startswith("R''(0) &= ")
    assert start == "R(0) &= R'(0) = 0"


def test_a_notebook_shows_formulas_and_lines_below_each_other():
    shown = show(Abs(b), r"\text{and}")._repr_latex_()
    assert r"\begin{gathered} \left|{b}\right| \\ \text{and} \end{gathered}" in shown
