"""One-variable inequalities, and inequalities of divergences: true ones, and their neighbours."""

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Abs, Max, Min, Rational, S, exp, log, oo, sqrt

from onekl.symbolic.algebra import KL, Joint, SumOrIntegral
from onekl.symbolic.divergences import DivergenceInequality
from onekl.symbolic.inequality import Inequality
from onekl.symbolic.mutants import mutants
from onekl.symbolic.proof import NotProved
from onekl.symbolic.sampling import RandomParameters, RandomTables
from onekl.symbolic.sign_on_interval import Between, Sign, sign_on, strict_sign
from onekl.symbolic.statements import Bound
from provers import refusal, worst

t, p, q = sympy.symbols("t p q", positive=True)
r, x = sympy.symbols("r x", real=True)
HALF_LINE, LINE, UNIT = ((t, 0, oo),), ((r, -oo, oo),), ((r, 0, 1),)
PAIR = ((p, 0, 1), (q, 0, 1))
RANGES = {
    HALF_LINE: ((t, 0.05, 6),),
    LINE: ((r, -3, 3),),
    UNIT: ((r, 0.05, 0.95),),
    PAIR: ((p, 0.05, 0.95), (q, 0.05, 0.95)),
}


def inequality(lower, upper, domain=HALF_LINE, at=S.One, ranges=None):
    return Inequality(
        RandomParameters(ranges or RANGES[domain]),
        lower=sympy.sympify(lower),
        upper=sympy.sympify(upper),
        domain=domain,
        at=at,
    )


phi = t * log(t) - t + 1  # ℰ(t, 1)
binary = p * log(p / q) + (1 - p) * log((1 - p) / (1 - q))
entropy = -r * log(r) - (1 - r) * log(1 - r)
js = t * log(2 * t / (1 + t)) + log(2 / (1 + t))  # 2 JS over q
pinsker = (2 * t + 4) * phi

TRUE = [
    (inequality(log(t), t - 1), "t = 1"),
    (inequality(1 - 1 / t, log(t)), "t = 1"),
    (inequality(t - 1, t * log(t)), "t = 1"),
    (inequality(3 * (t - 1) ** 2, pinsker), "t = 1"),
    (inequality((sqrt(t) - 1) ** 2, phi), "t = 1"),
    (inequality(phi, (t - 1) ** 2), "t = 1"),
    (inequality(phi, (t - 1) * log(t)), "t = 1"),
    (inequality(2 * (1 - sqrt(t)), -log(t)), "t = 1"),
    (inequality(2 * sqrt(t), 1 + t), "t = 1"),
    (inequality(sqrt(t), 1 + t, at=None), ""),
    (inequality(t ** Rational(1, 3), 1 + t, at=None), ""),
    (inequality(2 * (p - q) ** 2, binary, PAIR, q), "p = q"),
    (inequality(2 * p * q, p**2 + q**2, PAIR, q), "p = q"),
    (inequality(js, (1 + t) * log(2), at=None), ""),
    (inequality(js, log(2) * Abs(t - 1) + js.subs(t, 1)), "t = 1"),
    (inequality(1 + r, exp(r), LINE, S.Zero), "r = 0"),
    (inequality(0, log(1 + exp(r)), LINE, None), ""),
    (inequality(log(1 + exp(r)), log(2) + r / 2 + r**2 / 8, LINE, S.Zero), "r = 0"),
    (inequality(r, r**4 + 1, LINE, None), ""),
    (inequality(r * (1 - r), Rational(1, 4), UNIT, S.Half), r"r = \frac{1}{2}"),
    (inequality(entropy, log(2), UNIT, S.Half), r"r = \frac{1}{2}"),
    (inequality(r**3, r**2, UNIT, None), ""),
    (
        inequality(
            p * r,
            p * log(p) - p + exp(r),
            ((p, 0, oo), (r, -oo, oo)),
            exp(r),
            ((p, 0.1, 3), (r, -1, 1)),
        ),
        "p = e^{r}",
    ),  # Fenchel's inequality, by which KL has its dual form
    (inequality(phi, (t - 1) ** 2 / 2, ((t, 1, oo),), None, ((t, 1.5, 5),)), ""),
]


@pytest.mark.parametrize(("statement", "equality"), TRUE, ids=lambda s: getattr(s, "latex", str)())
def test_a_true_inequality_is_proved_and_agrees_with_numbers(statement, equality):
    assert statement.prove().equality == equality
    assert worst(statement, 60) < 1e-18


FALSE = [
    inequality(log(t), (t - 1) / 2),
    inequality(log(t), 1 - 1 / t),
    inequality(log(t), t - 1, at=S(2)),
    inequality(log(t), t - Rational(1001, 1000)),
    inequality(Rational(302, 100) * (t - 1) ** 2, pinsker),
    inequality(3 * (t - 1) ** 2, (2 * t + 3) * phi),
    inequality(2 * (sqrt(t) - 1) ** 2, phi),
    inequality((t - 1) ** 2 / 2, phi),
    inequality(phi, (t - 1) ** 2 / 2),  # true for t > 1 alone
    inequality(Rational(21, 10) * (p - q) ** 2, binary, PAIR, q),
    inequality(binary, 2 * (p - q) ** 2, PAIR, q),
    inequality(2 * (p - q) ** 2, binary, PAIR, S.Half),
    inequality(js, (1 + t) * log(2) * Rational(9, 10), at=None, ranges=((t, 0.001, 0.1),)),
    inequality(js, log(2) * Abs(t - 1) / 2),
    inequality(exp(r), 1 + r, LINE, S.Zero),
    inequality(1 + 2 * r, exp(r), LINE, S.Zero),
    inequality(log(1 + exp(r)), log(2) + r / 2 + r**2 / 9, LINE, S.Zero),
    inequality(r**3, r**2, ((r, 0, 2),), None, ((r, 0.1, 1.9),)),  # the interval is too large
    inequality(r, r**4 + Rational(1, 3), LINE, None),
    inequality(0, 1 + 1 / r, ((r, -1, 1),), None, ((r, -0.9, 0.9),)),  # a pole
    inequality(log(r), r - 1, LINE, S.One),  # the log of a negative number
]


@pytest.mark.parametrize("statement", FALSE, ids=lambda s: s.latex())
def test_a_false_inequality_is_refused_in_one_line_and_refuted_by_numbers(statement):
    refusal(statement)
    assert worst(statement, 60) > 1e-9


def test_a_refusal_names_the_place():
    assert "is -0.00276 at t = 7/2" in refusal(inequality(log(t), (t - 1) / 2))
    assert "not equal at 2" in refusal(inequality(log(t), t - 1, at=S(2)))
    assert "not seen to be defined" in refusal(
        inequality(0, 1 / r**2, ((r, -1, 1),), None, ((r, 0.1, 0.9),))
    )
    assert "inside the domain" in refusal(
        inequality(sympy.S(0), t, ((t, 0, 1),), S(0), ((t, 0.1, 0.9),))
    )


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=4), st.integers(-4, 4))
@settings(max_examples=30)
def test_the_sign_of_a_polynomial_is_that_of_its_values(roots, shift):
    """What is called positive, or never negative, is so at a fine grid; squares are recognised."""
    polynomial = sympy.expand(sympy.prod(r - root for root in roots) + shift)
    found = sign_on(polynomial, (Between(r, S.Zero, S(2)),))
    values = [polynomial.subs(r, Rational(k, 12)) for k in range(1, 24)]
    assert not found or min(values) >= 0
    assert found < Sign.POSITIVE or min(values) > 0
    assert sign_on(polynomial**2, (Between(r, S.Zero, S(2)),))


@pytest.mark.parametrize(("scale", "sign"), [(1, 1), (-1, -1)])
def test_the_strict_sign_of_a_function_with_a_parameter(scale, sign):
    box = (Between(p, q, S.One), Between(q, S.Zero, S.One))
    assert strict_sign(scale * (p - q) / (1 - q), box) == sign
    assert strict_sign(scale * (p - 2 * q), box) == 0


def test_mutants_of_an_inequality_are_refused_and_refuted():
    tried = 0
    for statement in (TRUE[0][0], TRUE[9][0]):
        for _, mutant in mutants(statement):
            refusal(mutant)
            assert worst(mutant, 60) > 1e-9
            tried += 1
    assert tried > 8


def test_a_weaker_inequality_is_no_mutant():
    bound = inequality(0, t + 1, at=None)
    assert not bound.accepts("upper", t + 2) and bound.accepts("upper", t - 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((q, t), "a domain for q"),
        ((0, t, ((t, -1, 1),)), "t must be a real symbol"),
        ((0, t, ((t, 2, 1),)), "the lower one first"),
        ((0, t, HALF_LINE, None, ((t, -1, 1),)), "leave its domain"),
        (
            (0, sympy.Symbol("n", integer=True), ((sympy.Symbol("n", integer=True), 0, 1),)),
            "n must",
        ),
    ],
)
def test_bad_input_has_one_line(arguments, message):
    arguments = (*arguments, *(HALF_LINE, None, RANGES[HALF_LINE])[len(arguments) - 2 :])
    with pytest.raises(ValueError, match=message) as error:
        inequality(*arguments)
    assert "\n" not in str(error.value)


P, Q = Joint("p", (x,)), Joint("q", (x,))
TABLES = RandomTables((P, Q))
mixture = P(x) / 2 + Q(x) / 2


def total(integrand):
    return SumOrIntegral(integrand, (x,))


variation = total(Abs(P(x) - Q(x))) / 2
hellinger = total((sqrt(P(x)) - sqrt(Q(x))) ** 2)
chi_squared = total((P(x) - Q(x)) ** 2 / Q(x))
jensen_shannon = KL(P(x), mixture) / 2 + KL(Q(x), mixture) / 2
both_ways = KL(P(x), Q(x)) + KL(Q(x), P(x))
thirds = P(x) / 3 + 2 * Q(x) / 3


def divergences(lower, upper, weight=mixture):
    lower, upper = map(sympy.sympify, (lower, upper))
    return DivergenceInequality(TABLES, lower=lower, upper=upper, p=P(x), q=Q(x), weight=weight)


PINSKER = divergences(total(Abs(P(x) - Q(x))) ** 2 / 2, KL(P(x), Q(x)), thirds)
TRUE_FOR_ALL = [
    PINSKER,
    divergences(0, KL(P(x), Q(x))),
    divergences(hellinger, KL(P(x), Q(x))),
    divergences(hellinger, both_ways / 2),
    divergences(hellinger / 2, variation),
    divergences(KL(P(x), Q(x)), chi_squared),
    divergences(4 * variation**2, chi_squared, Q(x)),
    divergences(jensen_shannon, log(2)),
    divergences(jensen_shannon, log(2) * variation),
    divergences(variation**2 / 2, jensen_shannon),
    divergences(jensen_shannon, hellinger),
    divergences(4 * jensen_shannon, both_ways),
    divergences(variation, 1),
    divergences(variation, 1 - total(Min(P(x), Q(x)))),
    divergences(1 - total(Min(P(x), Q(x))), variation),
    divergences(total(Max(P(x) - Q(x), 0)), 1, P(x)),
]


@pytest.mark.parametrize("statement", TRUE_FOR_ALL, ids=lambda s: s.latex())
def test_a_true_inequality_of_divergences_is_proved_and_agrees_with_numbers(statement):
    assert statement.prove().premises == ()
    assert worst(statement, 20) < 1e-18


FALSE_FOR_ALL = [
    divergences(total(Abs(P(x) - Q(x))) ** 2, KL(P(x), Q(x)), thirds),
    divergences(variation, KL(P(x), Q(x)), thirds),
    divergences(3 * hellinger, KL(P(x), Q(x))),
    divergences(variation, hellinger / 2),
    divergences(chi_squared, KL(P(x), Q(x))),
    divergences(KL(P(x), Q(x)), jensen_shannon),
    divergences(KL(P(x), Q(x)), log(2)),
    divergences(jensen_shannon, log(2) / 2),
    divergences(jensen_shannon, variation / 2),
    divergences(1, variation),
    divergences(variation, -total(Min(P(x), Q(x))) + Rational(9, 10)),
    divergences(total(Max(P(x) - Q(x), 0)), Rational(1, 4), P(x)),
]


@pytest.mark.parametrize("statement", FALSE_FOR_ALL, ids=lambda s: s.latex())
def test_a_false_inequality_of_divergences_is_refused_and_refuted_by_numbers(statement):
    refusal(statement)
    assert worst(statement, 30) > 1e-9


def test_pinsker_rests_on_cauchy_schwarz_with_the_right_weight():
    assert PINSKER.prove().equality == "p(x) = q(x)"
    refusal(divergences(PINSKER.lower, PINSKER.upper, mixture))
    refusal(divergences(Rational(51, 50) * PINSKER.lower, PINSKER.upper, thirds))


def test_cauchy_schwarz_is_a_square_for_every_constant():
    """∫ h²/w ≥ 2c ∫ h − c² for a density w; c = ∫ h is best, and gives (∫ h)²."""
    c = sympy.Symbol("c", positive=True)
    h, w = Abs(P(x) - Q(x)), Q(x)
    bound = Bound(
        RandomTables((P, Q), scalars=(c,)),
        upper=total(h**2 / w),
        lower=2 * c * total(h) - c**2,
        remainder=total((h - c * w) ** 2 / w),
    )
    bound.prove()
    assert sympy.expand(bound.lower.subs(c, total(h)) - total(h) ** 2) == 0


def test_equality_is_not_claimed_where_disjoint_densities_have_it_too():
    assert divergences(jensen_shannon, log(2) * variation).prove().equality == ""


def test_an_integral_that_may_be_minus_infinity_beside_another_has_to_be_finite():
    proof = divergences(0, 2 * chi_squared + variation - total(Abs(P(x) - Q(x))) / 3).prove()
    assert proof.premises == ()
    strange = divergences(jensen_shannon + both_ways - both_ways, log(2))
    assert strange.prove().premises == ()
    mixed = divergences(-chi_squared + KL(Q(x), P(x)), KL(Q(x), P(x)))
    assert any("is finite" in premise for premise in mixed.prove().premises)


def test_mutants_of_pinskers_inequality_are_refused_and_refuted():
    found = mutants(PINSKER)
    assert len(found) > 4
    for _, mutant in found:
        refusal(mutant)
        assert worst(mutant, 60) > 1e-9


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (divergences(variation, 1, P(x) / 2 + Q(x)), "no mixture"),
        (divergences(-(variation**2), 1), "positive multiple"),
        (divergences(variation * total(P(x) * Q(x)), 1), "not integrated over"),
        (divergences(total(P(x) ** 2), 1), "not q f"),
        (divergences(t * variation, t), "hold more"),
        (
            DivergenceInequality(
                TABLES, lower=S.Zero, upper=variation, p=P(x), q=P(x), weight=mixture
            ),
            "two densities",
        ),
    ],
)
def test_what_is_no_inequality_of_divergences_is_refused(statement, message):
    with pytest.raises(NotProved, match=message):
        statement.prove()


def test_two_symbols_of_one_name_have_two_exponentials():
    other = sympy.Symbol("t", real=True)
    false = (exp(t) - exp(other)) * (t - other) * (t - 10) * (t - 20)
    both = ((t, 0, oo), (other, 0, oo))
    refusal(inequality(0, false, both, None, ((t, 0.1, 3), (other, 0.1, 3))))
