"""The probability algebra: names, printing, definitions, and what is refused."""

import pytest
import sympy
from sympy import Symbol, exp, log

from onekl.symbolic.algebra import (
    KL,
    Dirac,
    Entropy,
    Expectation,
    Gaussian,
    Joint,
    SumOrIntegral,
    define,
    instantiate,
    integrate_real,
    kl_div,
    variables_of,
)
from onekl.symbolic.notation import latex
from onekl.symbolic.numeric import Assignment, compiled
from onekl.symbolic.sampling import on_tables

x, z, mu, v = sympy.symbols("x z mu v", real=True)
sigma = Symbol("sigma", positive=True)
P = Joint("p", (x, z), {(x,): r"\tilde{p}"})
Q = Joint("q", (x, z))


def test_densities_print_in_the_books_notation():
    printed = [
        latex(d) for d in (P(x), P(x, z), P(z, given=x), Q(x, given=z), Gaussian(z, mu, sigma**2))
    ]
    assert printed == [
        r"\tilde{p}(x)",
        "p(x, z)",
        "p(z|x)",
        "q(x|z)",
        r"\mathcal{N}(z; \mu, \sigma^{2})",
    ]


def test_functionals_print_in_the_books_notation():
    assert latex(KL(P(x), Q(x))) == r"\mathrm{KL}\left(\tilde{p}(x) \,\Vert\, q(x)\right)"
    assert (
        latex(Expectation(P(x), log(Q(x))))
        == r"\mathbb{E}_{x\sim \tilde{p}(x)}\left[\log q(x)\right]"
    )
    assert latex(Entropy(P(x))) == r"H\left(\tilde{p}(x)\right)"
    assert latex(Dirac(x, z**2)) == r"\delta(x - z^{2})"


def test_what_is_positive_comes_first_and_a_negative_number_last():
    a, b = sympy.symbols("a b", positive=True)
    assert latex(P(x) - Q(x)) == r"\tilde{p}(x) - q(x)" == latex(-Q(x) + P(x))
    assert latex(b - a) == "b - a" and latex(a - 1) == "a - 1" and latex(1 - a) == "1 - a"
    assert latex(sympy.log(a) - 1) == r"\log a - 1"
    source = sympy.Add(-sympy.log(a), b, evaluate=False)  # a loss keeps the order of its source
    assert latex(source) == r"- \log a + b"


def test_the_order_of_variables_does_not_matter():
    assert P(z, x) == P(x, z) and P(x) != Q(x)


@pytest.mark.parametrize(
    "over, given", [((Symbol("y"),), ()), ((x,), (x,)), ((), ()), ((x, x), ())]
)
def test_a_density_over_an_unknown_or_repeated_variable_is_refused(over, given):
    with pytest.raises(ValueError, match=r"p.*(has no variable y|needs variables)"):
        P(*over, given=given)


def test_definitions_expand_from_the_inside_out():
    assert define(KL(P(x), Q(x))) == SumOrIntegral(P(x) * log(P(x) / Q(x)), (x,))
    nested = define(Expectation(P(x), KL(P(z, given=x), Q(z))))
    inner = SumOrIntegral(P(z, given=x) * log(P(z, given=x) / Q(z)), (z,))
    assert nested == SumOrIntegral(P(x) * inner, (x,))


def test_bound_variables_are_not_free():
    assert KL(P(z, given=x), Q(z)).free_symbols == {x}
    assert SumOrIntegral(P(x, z), (z,)).free_symbols == {x}
    assert SumOrIntegral(P(x, z), (z,)).subs(z, 3) == SumOrIntegral(P(x, z), (z,))


def test_a_functional_needs_a_density():
    with pytest.raises(ValueError, match="not a product of densities"):
        variables_of(x**2)


def test_gaussian_integrals_have_their_textbook_values():
    encoder = Gaussian(z, mu, sigma**2)
    assert integrate_real(SumOrIntegral(encoder, (z,))) == 1
    assert (
        sympy.simplify(integrate_real(Expectation(encoder, z**2).definition()) - mu**2 - sigma**2)
        == 0
    )
    entropy = integrate_real(define(Entropy(encoder)))
    assert sympy.simplify(entropy - log(2 * sympy.pi * sympy.E * sigma**2) / 2) == 0


def test_instantiate_turns_unknown_densities_into_gaussians():
    families = {P(z, given=x): Gaussian(z, x, 1), Q(z): Gaussian(z, 0, 1)}
    kl = integrate_real(define(instantiate(KL(P(z, given=x), Q(z)), families)))
    assert sympy.simplify(kl - x**2 / 2) == 0


def test_symbolic_tables_give_a_formula():
    a, b = sympy.symbols("a b", positive=True)
    only_x = Joint("p", (x,)), Joint("q", (x,))
    formula = on_tables(
        KL(only_x[0](x), only_x[1](x)), {only_x[0]: [a, 1 - a], only_x[1]: [b, 1 - b]}
    )
    assert sympy.simplify(formula - a * log(a / b) - (1 - a) * log((1 - a) / (1 - b))) == 0


@pytest.mark.parametrize(
    "table, message",
    [([[0.5, 0.2], [0.2, 0.2]], "sum"), ([[1.2, -0.2], [0, 0]], "negative"), ([0.5, 0.5], "axes")],
)
def test_bad_tables_are_refused_in_one_line(table, message):
    with pytest.raises(ValueError, match=message) as refusal:
        on_tables(KL(P(x), Q(x)), {P: table, Q: [[0.25, 0.25], [0.25, 0.25]]})
    assert "\n" not in str(refusal.value)


def test_tables_of_different_sizes_are_refused():
    with pytest.raises(ValueError, match="letters"):
        on_tables(KL(P(x), Q(x)), {P: [[0.5, 0.5]], Q: [[0.25, 0.25], [0.25, 0.25]]})


def test_a_dirac_map_on_an_alphabet_is_an_indicator():
    pushed = SumOrIntegral(Dirac(x, z) * Q(z), (z,))
    tables = {Q: [[sympy.Rational(1, 2), 0], [0, sympy.Rational(1, 2)]]}
    expected = on_tables(SumOrIntegral(pushed * x, (x,)), tables)
    assert expected == sympy.Rational(1, 2)


def test_kl_div_is_zero_where_its_arguments_agree():
    value = compiled(kl_div(x, z))
    assert value(Assignment(values={x: 2, z: 2})) == 0
    assert value(Assignment(values={x: 0, z: 2})) == 2


def test_exponentials_of_the_log_variance():
    variance = integrate_real(SumOrIntegral((z - mu) ** 2 * Gaussian(z, mu, exp(v)), (z,)))
    assert sympy.simplify(variance - exp(v)) == 0


def test_integrals_of_many_variables_are_printed():
    letters = sympy.symbols("a b c d e", real=True)
    signs = [latex(SumOrIntegral(x, letters[:n])).split(" x")[0] for n in range(1, 6)]
    assert signs == [r"\int", r"\iint", r"\iiint", *[r"\int\!\cdots\!\int"] * 2]


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: SumOrIntegral(P(x), ()), "has no variable"),
        (lambda: SumOrIntegral(P(x), (x, x)), "names a variable twice: x, x"),
        (lambda: SumOrIntegral(P(x), (sympy.S.One,)), "needs symbols as its variables, not 1"),
        (lambda: Joint("p", ()), "the joint p has no variable"),
        (lambda: Joint("p", (x, x)), "names a variable twice"),
        (lambda: Joint("p", (x, 2 * z)), "needs symbols as its variables, not 2[*]z"),
        (lambda: Joint("p", (x,), {(z,): "r"}), "p is a density over x; it has no variable z"),
        (lambda: KL(Gaussian(0, 0, 1), Gaussian(0, 1, 1)), "is a density at 0, not of a variable"),
        (lambda: Expectation(Gaussian(2 * z, 0, 1), z), "is a density at 2[*]z, not of a variable"),
    ],
)
def test_what_has_no_variable_is_refused_in_one_line(make, message):
    with pytest.raises(ValueError, match=message) as refusal:
        make()
    assert "\n" not in str(refusal.value)


def test_a_marginal_is_of_the_same_family_over_fewer_of_the_letters():
    joint = P(x, z)
    assert joint.has_marginal(P(x)) and joint.has_marginal(P(z))
    assert not P(x).has_marginal(joint) and not joint.has_marginal(joint)
    assert not joint.has_marginal(Q(x)) and not P(x).has_marginal(P(z))
