"""Optimal transport by certificates: exact values, and certificates that certify nothing."""

from dataclasses import replace

import mpmath
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Abs, Rational, Symbol, log

from onekl.symbolic.algebra import KL, Expectation, Joint
from onekl.symbolic.certificates import OptimalTransport, least_cost, point_masses, weak_duality
from onekl.symbolic.mutants import mutants
from onekl.symbolic.premises import Equal
from onekl.symbolic.proof import NotProved
from onekl.symbolic.sampling import RandomParameters, on_tables
from provers import named, worst

x, y, theta = sympy.symbols("x y theta", real=True)
a, b = sympy.symbols("a b", positive=True)
NONE = RandomParameters(())
THIRD = Rational(1, 3)
LINE = ((0, 1, 2), (1, 0, 1), (2, 1, 0))  # |x − y| on three letters


def transport(**changed):
    """(½, ½, 0) to (0, ⅓, ⅔) on the line: all mass moves to the right, at cost 7/6."""
    parts = dict(
        p=(Rational(1, 2), Rational(1, 2), 0),
        q=(0, THIRD, 2 * THIRD),
        cost=LINE,
        plan=((0, THIRD, Rational(1, 6)), (0, 0, Rational(1, 2)), (0, 0, 0)),
        f=(0, -1, -2),
        g=(0, 1, 2),
        value=Rational(7, 6),
    )
    return OptimalTransport(NONE, **{**parts, **changed})


def masses(distance, value):
    """All mass at 0 moved to `distance`."""
    cost, f = point_masses(distance)
    ranges = RandomParameters(((theta, -2, 2),))
    plan = ((0, 1), (0, 0))
    g = tuple(-number for number in f)
    return OptimalTransport(
        ranges, p=(1, 0), q=(0, 1), cost=cost, plan=plan, f=f, g=g, value=sympy.sympify(value)
    )


# A table with symbols: the share a/(a + b) of the mass goes from the first letter to the second.
share = a / (a + b)
SYMBOLIC = OptimalTransport(
    RandomParameters(((a, 0.2, 2), (b, 0.2, 2))),
    p=(1, 0),
    q=(1 - share, share),
    cost=((0, a), (a, 0)),
    plan=((b / (a + b), share), (0, 0)),
    f=(0, -a),
    g=(0, a),
    value=a**2 / (a + b),
)
UNEQUAL = transport(
    p=(Rational(1, 4), Rational(3, 4)),
    q=(Rational(1, 2), Rational(1, 3), Rational(1, 6)),
    cost=((1, 4, 2), (3, 0, 5)),
    plan=((Rational(1, 12), 0, Rational(1, 6)), (Rational(5, 12), THIRD, 0)),
    f=(0, 2),
    g=(1, -2, 2),
    value=Rational(5, 3),
)


@pytest.mark.parametrize(
    "statement", [transport(), UNEQUAL, SYMBOLIC, masses(theta, Abs(theta))], ids=lambda s: s.value
)
def test_a_certificate_is_proved_and_agrees_with_a_solver(statement):
    statement.prove()
    assert worst(statement, 25) < 1e-25


half, sixth = Rational(1, 2), Rational(1, 6)
FALSE = [
    (transport(plan=((0, THIRD, sixth), (0, 0, THIRD), (0, 0, 0))), "row at x = 1 sums to"),
    (transport(plan=((0, sixth, THIRD), (0, 0, half), (0, 0, 0))), "column at y = 1 sums to"),
    (transport(plan=((0, half, 0), (0, -sixth, 2 * THIRD), (0, 0, 0))), r"\(x, y\) = \(1, 1\)"),
    (transport(f=(0, -1, -1)), r"c is not seen at \(x, y\) = \(2, 2\)"),
    (transport(f=(sixth, -1, -2)), r"c is not seen at \(x, y\) = \(0, 0\)"),
    (transport(f=(0, -1, -2), g=(0, sixth, 2)), "potential is worth"),
    (transport(value=Rational(8, 7)), "not .frac.8..7."),
    (transport(cost=((0, 1, 4), (1, 0, 1), (4, 1, 0))), "plan costs"),
    (transport(cost=((0, 1, 1), (1, 0, 1), (1, 1, 0))), r"c is not seen at \(x, y\) = \(0, 2\)"),
    (transport(p=(half, THIRD, 0)), "p sums to"),
    (replace(SYMBOLIC, value=a**2 / (a + 2 * b)), "plan costs"),
    (replace(SYMBOLIC, f=(0, a)), r"\(x, y\) = \(1, 1\)"),
    (masses(theta, theta), "plan costs"),
    (masses(theta, -Abs(theta)), "plan costs"),
    (masses(theta, theta**2), "plan costs"),
]


@pytest.mark.parametrize(("statement", "message"), FALSE, ids=[message for _, message in FALSE])
def test_a_false_certificate_is_refused_with_the_cell_and_refuted_by_numbers(statement, message):
    with pytest.raises(NotProved, match=message) as refusal:
        statement.prove()
    assert "\n" not in str(refusal.value)
    assert not worst(statement, 25) < 1e-9


def test_a_plan_that_is_not_the_cheapest_has_no_certificate():
    """Half of the mass goes a longer way; its cost is no worth of a potential."""
    worse = transport(
        q=(THIRD, half, sixth),
        plan=((THIRD, sixth, 0), (0, THIRD, sixth), (0, 0, 0)),
        value=THIRD,
    )
    worse.prove()
    crossed = replace(worse, plan=((0, half, 0), (THIRD, 0, sixth), (0, 0, 0)), value=Rational(1))
    with pytest.raises(NotProved, match="potential is worth"):
        crossed.prove()
    assert worst(crossed, 25) > 0.1


table = st.lists(st.integers(0, 5), min_size=2, max_size=4).filter(any)


@given(table, table)
@settings(max_examples=25)
def test_on_the_line_the_least_cost_is_the_distance_of_the_distribution_functions(first, second):
    """W₁ = Σ |F − G|, with the potential that falls where F > G and rises where F < G."""
    size = max(len(first), len(second))
    p, q = (
        [Rational(mass, sum(row)) for mass in (*row, *[0] * (size - len(row)))]
        for row in (first, second)
    )
    gaps = [sum(p[: k + 1]) - sum(q[: k + 1]) for k in range(size - 1)]
    f = [sympy.S.Zero]
    for gap in gaps:
        f.append(f[-1] - sympy.sign(gap))
    plan, left = sympy.zeros(size, size), list(q)
    for k, mass in enumerate(p):  # from left to right, which is optimal on the line
        for other in range(size):
            moved = min(mass, left[other])
            plan[k, other], mass, left[other] = moved, mass - moved, left[other] - moved
    statement = OptimalTransport(
        NONE,
        p=tuple(p),
        q=tuple(q),
        cost=tuple(tuple(abs(i - j) for j in range(size)) for i in range(size)),
        plan=tuple(map(tuple, plan.tolist())),
        f=tuple(f),
        g=tuple(-number for number in f),
        value=sum(map(abs, gaps)),
    )
    statement.prove()
    assert worst(statement, 25) < 1e-25


def test_mutants_have_another_value_and_are_refused():
    for statement in (transport(), SYMBOLIC, masses(theta, Abs(theta))):
        found = mutants(statement)
        assert found
        for _, mutant in found:
            with pytest.raises(NotProved):
                mutant.prove()
            assert worst(mutant, 25) > 1e-9


def test_a_given_equation_is_put_into_every_cell():
    numbers = replace(SYMBOLIC, given=(Equal(a, 2 * b),))
    numbers.prove()
    assert numbers.plain().q == (THIRD, 2 * THIRD) and worst(numbers, 25) < 1e-25
    with pytest.raises(NotProved, match="plan costs"):
        replace(SYMBOLIC, given=(Equal(a, 2 * b),), value=b).prove()


def test_a_sign_that_is_not_known_is_not_guessed():
    mass = Symbol("m", real=True)
    with pytest.raises(NotProved, match=r"not seen to be at least 0 at \(x, y\) = \(0, 0\)"):
        replace(
            SYMBOLIC, q=(mass, 1 - mass), plan=((mass, 1 - mass), (0, 0)), value=a * (1 - mass)
        ).prove()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (dict(plan=((0, 1, 0),)), "the plan needs 3 rows of 3 cells"),
        (dict(cost=((0, 1), (1, 0), (1, 1))), "the cost needs 3 rows of 3 cells"),
        (dict(f=(0, 1)), "f needs 3 values, not 2"),
        (dict(value=1.5), "1.5 is not exact"),
    ],
)
def test_tables_that_do_not_fit_are_named(changed, message):
    with pytest.raises(ValueError, match=message) as error:
        transport(**changed)
    assert "\n" not in str(error.value)


def test_a_solver_that_finds_no_plan_is_a_violation():
    one = mpmath.mpf(1)
    assert mpmath.isnan(least_cost((one,), (2 * one,), ((one,),)))


PLAN = Joint("gamma", (x, y), {(x,): "p", (y,): "q"})


def test_every_plan_costs_at_least_what_every_potential_is_worth():
    duality = weak_duality(PLAN)
    proof = duality.prove()
    assert "s(x, y) = 0" in proof.equality
    assert worst(duality, 25) < 1e-18
    lower = Expectation(PLAN(x), sympy.Function("f", real=True)(x))
    false = replace(duality, lower=lower)  # the other potential is forgotten
    with pytest.raises(NotProved):
        false.prove()
    assert worst(false, 25) > 1e-9


def test_point_masses_apart_have_a_constant_jensen_shannon_divergence():
    """W₁ = |θ| moves with θ; JS is log 2 for every θ ≠ 0, as its two letters stay apart."""
    masses(theta, Abs(theta)).prove()
    p, q = Joint("p", (x,)), Joint("q", (x,))
    middle = p(x) / 2 + q(x) / 2
    divergence = KL(p(x), middle) / 2 + KL(q(x), middle) / 2
    assert sympy.simplify(on_tables(divergence, {p: [1, 0], q: [0, 1]}) - log(2)) == 0
    assert on_tables(divergence, {p: [1], q: [1]}) == 0  # θ = 0


@pytest.mark.parametrize(
    "amount", [sympy.sqrt(theta), 1 / theta, log(theta), sympy.I, Symbol("z"), sympy.oo], ids=named
)
def test_what_is_not_seen_to_be_a_real_number_is_no_cost(amount):
    """θ may be negative or 0: there is no smallest cost then."""
    table = ((0, amount), (-amount, 0))
    parts = dict(p=(1, 0), q=(0, 1), plan=((0, 1), (0, 0)), f=(0, -amount), g=(0, amount))
    certificate = OptimalTransport(
        RandomParameters(((theta, -2, 2),)), cost=table, value=amount, **parts
    )
    with pytest.raises(NotProved, match="not seen to be a real number") as refusal:
        certificate.prove()
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("amount", [sympy.sqrt(a), 1 / a, log(a), theta**2], ids=named)
def test_a_cost_that_is_real_for_all_values_is_one(amount):
    table = ((0, amount), (-amount, 0))
    parts = dict(p=(1, 0), q=(0, 1), plan=((0, 1), (0, 0)), f=(0, -amount), g=(0, amount))
    ranges = RandomParameters(((theta, -2, 2), (a, 0.2, 2)))
    certificate = OptimalTransport(ranges, cost=table, value=amount, **parts)
    certificate.prove()
    assert worst(certificate, 25) < 1e-25
