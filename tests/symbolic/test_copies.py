"""Copies of a variable and transition kernels: true statements and their false neighbours."""

import itertools
import pickle
from random import Random

import mpmath
import pytest
import sympy
from sympy import Add, Function, Rational, Symbol, log

from onekl.symbolic.algebra import KL, Entropy, Expectation, Joint, SumOrIntegral
from onekl.symbolic.copies import (
    alphabet,
    copy_of,
    exchanged,
    fresh,
    level,
    renamings,
    symmetric_function,
)
from onekl.symbolic.kernels import Exchangeable, Moved
from onekl.symbolic.mutants import mutants
from onekl.symbolic.notation import latex
from onekl.symbolic.numeric import DIGITS, Assignment, compiled
from onekl.symbolic.premises import Equal, Support
from onekl.symbolic.proof import NotProved
from onekl.symbolic.renaming import distinct, marginalised
from onekl.symbolic.sampling import RandomTables, all_variables, on_tables
from onekl.symbolic.statements import Bound, Identity, provable
from onekl.symbolic.terms import IntegralTerm

x, z = sympy.symbols("x z", real=True)
x1, x2, z1 = copy_of(x), copy_of(copy_of(x)), copy_of(z)
P, Q = Joint("p", (x, z), {(x,): r"\tilde{p}"}), Joint("q", (x, z))
K, S = Joint("k", (x, x1)), Exchangeable("s", (x, x1))
M, N, R = Moved("p", K), Moved("q", K), Moved("r", S)
TABLES, SYMMETRIC = RandomTables((P, Q)), RandomTables((S,))
STEP, REVERSIBLE = RandomTables((K, M, N)), RandomTables((S, R))
FREE = RandomTables((K, Q))
E, total = Expectation, SumOrIntegral
f, g, h = (Function(name, real=True) for name in "fgh")
c = symmetric_function("c")
kernel, way_back = K(x1, given=x), exchanged(K(x1, given=x), x, x1)
pair, mixed = P(x) * P(x1), P(x) * Q(x1)


def identity(tables, left, right):
    return Identity(tables, left=left, right=right)


def squared_mmd(value):
    return E(pair, value) - 2 * E(mixed, value) + E(Q(x) * Q(x1), value)


def features(value):
    return (P(x) - Q(x)) * (P(x1) - Q(x1)) * value


def three_steps(first, last):
    return E(S(x) * S(x1, given=x) * S(x2, given=x1), first(x) * last(x2))


# A right side for each left one, and wrong ones beside it.
FAMILIES = {
    "a letter is a name": (
        TABLES, E(P(x), f(x)), E(P(x1), f(x1)), [E(Q(x1), f(x1)), E(P(x1), f(x1) ** 2)],
    ),
    "a divergence at another letter": (
        TABLES, KL(P(x), Q(x)), KL(P(x1), Q(x1)), [KL(Q(x1), P(x1)), KL(P(z1), Q(z1))],
    ),
    "a square is a double integral": (
        TABLES, E(P(x), f(x)) ** 2, E(pair, f(x) * f(x1)),
        [E(P(x), f(x) ** 2), E(mixed, f(x) * f(x1)), E(pair, f(x) ** 2)],
    ),
    "a product of two means": (
        TABLES, E(P(x), f(x)) * E(Q(x), g(x)), E(mixed, f(x) * g(x1)),
        [E(mixed, f(x1) * g(x)), E(pair, f(x) * g(x1)), E(mixed, f(x) * g(x))],
    ),
    "a square over two variables": (
        TABLES, E(P(x, z), h(x, z)) ** 2, E(P(x, z) * P(x1, z1), h(x, z) * h(x1, z1)),
        [E(P(x, z) * P(x1, z1), h(x, z1) * h(x1, z)), E(P(x, z) * P(x1), h(x, z) * h(x1, z))],
    ),
    "a cube": (
        TABLES, E(P(x), f(x)) ** 3, E(pair * P(x2), f(x) * f(x1) * f(x2)),
        [E(pair * P(x2), f(x) ** 2 * f(x2)), E(pair * P(x2), f(x) * f(x1))],
    ),
    "the variance": (
        TABLES, E(P(x), f(x) ** 2) - E(P(x), f(x)) ** 2, E(pair, (f(x) - f(x1)) ** 2) / 2,
        [E(pair, (f(x) - f(x1)) ** 2), E(pair, (f(x) + f(x1)) ** 2) / 2,
         E(mixed, (f(x) - f(x1)) ** 2) / 2],
    ),
    "the covariance": (
        TABLES, E(P(x), f(x) * g(x)) - E(P(x), f(x)) * E(P(x), g(x)),
        E(pair, (f(x) - f(x1)) * (g(x) - g(x1))) / 2,
        [E(pair, (f(x) - f(x1)) * (g(x1) - g(x))) / 2, E(pair, (f(x) - f(x1)) * g(x)) / 2],
    ),
    "the MMD": (
        TABLES, squared_mmd(c(x, x1)), total(features(c(x, x1)), (x, x1)),
        [total((P(x) - Q(x)) * (P(x1) + Q(x1)) * c(x, x1), (x, x1)), E(pair, c(x, x1))],
    ),
    "the MMD with a feature": (
        TABLES, squared_mmd(f(x) * f(x1)), (E(P(x), f(x)) - E(Q(x), f(x))) ** 2,
        [E(P(x), f(x)) ** 2 - E(Q(x), f(x)) ** 2, (E(P(x), f(x)) + E(Q(x), f(x))) ** 2],
    ),
    "two draws": (
        TABLES, KL(pair, Q(x) * Q(x1)), 2 * KL(P(x), Q(x)), [KL(P(x), Q(x)), KL(P(x), Q(x)) ** 2],
    ),
    "conditional copies": (
        TABLES, E(P(z) * P(x, given=z) * P(x1, given=z), f(x) * g(x1)),
        E(P(z) * P(x, given=z) * P(x1, given=z), f(x1) * g(x)),
        [E(P(z) * P(x, given=z), f(x) * g(x)), E(pair, f(x) * g(x1))],
    ),
    "stationarity": (
        SYMMETRIC, E(S(x) * S(x1, given=x), f(x1)), E(S(x), f(x)),
        [E(S(x), f(x) ** 2), E(S(x) * S(x1, given=x), f(x) * f(x1))],
    ),
    "detailed balance": (
        SYMMETRIC, total(S(x) * S(x1, given=x) * h(x, x1), (x, x1)),
        total(S(x1) * S(x, given=x1) * h(x, x1), (x, x1)),
        [total(S(x1) * S(x, given=x1) * h(x, x), (x, x1)),
         total(S(x) * S(x1) * h(x, x1), (x, x1))],
    ),
    "the chain run backwards": (
        SYMMETRIC, three_steps(f, g), three_steps(g, f), [three_steps(f, f), three_steps(g, g)],
    ),
    "the Dirichlet form": (
        SYMMETRIC, E(S(x, x1), (f(x) - f(x1)) ** 2) / 2,
        E(S(x), f(x) ** 2) - E(S(x) * S(x1, given=x), f(x) * f(x1)),
        [E(S(x), f(x) ** 2) - E(S(x) * S(x1), f(x) * f(x1)),
         E(S(x), f(x) ** 2) + E(S(x) * S(x1, given=x), f(x) * f(x1))],
    ),
    "a kernel with its letters exchanged": (
        FREE, E(Q(x) * kernel, f(x1)), E(Q(x1) * way_back, f(x)),
        [E(Q(x1) * K(x, given=x1), f(x)), E(Q(x1) * way_back, f(x1)), E(Q(x) * kernel, f(x))],
    ),
    "a marginal of a kernel at another letter": (
        FREE, E(K(x), f(x)), E(exchanged(K(x), x, x1), f(x1)),
        [E(K(x1), f(x1)), E(exchanged(K(x), x, x1), f(x1) ** 2)],
    ),
    "a law after a step at another letter": (
        FREE, E(K(x) * kernel, f(x1)), E(exchanged(K(x1), x, x1), f(x)),
        [E(K(x), f(x)), E(exchanged(K(x1), x, x1) * kernel, f(x1))],
    ),
    "the law after a step": (
        STEP, E(M(x) * kernel, f(x1)), E(M(x1), f(x1)),
        [E(M(x), f(x)), E(exchanged(M(x), x, x1), f(x1)), E(N(x1), f(x1))],
    ),
    "a step and the way back": (
        STEP, KL(M(x), N(x)), KL(M(x1), N(x1)) + E(M(x1), KL(M(x, given=x1), N(x, given=x1))),
        [KL(M(x1), N(x1)), KL(M(x1), N(x1)) + E(N(x1), KL(M(x, given=x1), N(x, given=x1))),
         KL(N(x1), M(x1)) + E(M(x1), KL(M(x, given=x1), N(x, given=x1)))],
    ),
    "a step of a kernel moves no joint divergence": (
        STEP, KL(M(x, x1), N(x, x1)), KL(M(x), N(x)), [KL(M(x1), N(x1)), KL(N(x), M(x))],
    ),
    "a step towards a stationary law": (
        REVERSIBLE, KL(R(x), S(x)),
        KL(R(x1), S(x1)) + E(R(x1), KL(R(x, given=x1), S(x, given=x1))),
        [KL(R(x1), S(x1)), KL(R(x1), S(x1)) - E(R(x1), KL(R(x, given=x1), S(x, given=x1)))],
    ),
}  # fmt: skip
TRUE = [identity(*family[:3]) for family in FAMILIES.values()]
FALSE = [identity(*family[:2], wrong) for family in FAMILIES.values() for wrong in family[3]]
NOT_SYMMETRIC = [
    identity(TABLES, squared_mmd(h(x, x1)), total(features(h(x, x1)), (x, x1))),
    identity(TABLES, E(mixed, h(x, x1)), E(mixed, h(x1, x))),
    identity(FREE, E(K(x) * kernel, f(x1)), E(K(x), f(x))),
    identity(FREE, E(K(x, x1), h(x, x1)), E(K(x, x1), h(x1, x))),
    identity(FREE, E(K(x), f(x)), E(K(x1), f(x1))),
]


def violations(statement, support=(), count=60):
    violation = statement.compile()
    drawn = (statement.instances.draw(Random(f"copies-{k}"), k) for k in range(count))
    with mpmath.workdps(DIGITS):
        for instance in drawn:
            if not any(instance.breaks(premise) for premise in support):
                yield violation(instance)


def holds(statement, support=(), count=60):
    return all(found < mpmath.mpf(10) ** -20 for found in violations(statement, support, count))


def is_refuted(statement, count=60):
    return any(found > mpmath.mpf(10) ** -6 for found in violations(statement, (), count))


def refused(statement, why="."):
    with pytest.raises(NotProved, match=why) as refusal:
        statement.prove()
    message = str(refusal.value)
    return "\n" not in message and "Dummy" not in message and "_x" not in message


@pytest.mark.parametrize("statement", TRUE, ids=FAMILIES)
def test_a_true_statement_is_proved_and_agrees_with_numbers(statement):
    proof = statement.prove()
    found = list(violations(statement, proof.support))
    assert len(found) > 40 and max(found) < mpmath.mpf(10) ** -20


@pytest.mark.parametrize("statement", [*FALSE, *NOT_SYMMETRIC], ids=lambda s: s.latex()[:60])
def test_a_false_neighbour_is_refused_in_one_line_and_refuted_by_numbers(statement):
    assert refused(statement)
    assert is_refuted(statement)


@pytest.mark.parametrize(
    "name", ["the variance", "detailed balance", "a kernel with its letters exchanged",
             "a step and the way back", "two draws"],
)  # fmt: skip
def test_prover_and_numbers_agree_on_every_mutant(name):
    statement = identity(*FAMILIES[name][:3])
    tried = mutants(statement)
    assert len(tried) > 4
    for _, mutant in tried:
        assert provable(mutant) != is_refuted(mutant, count=30), mutant.latex()


def test_a_mutant_exchanges_letters():
    statement = identity(*FAMILIES["detailed balance"][:3])
    assert "letters exchanged" in [name for name, _ in mutants(statement)]


def test_a_step_of_a_chain_does_not_increase_the_divergence():
    for law, other, tables in ((M, N, STEP), (R, S, REVERSIBLE)):
        bound = Bound(
            tables,
            upper=KL(law(x), other(x)),
            lower=KL(law(x1), other(x1)),
            remainder=E(law(x1), KL(law(x, given=x1), other(x, given=x1))),
        )
        proof = bound.prove()
        assert proof.premises == () and holds(bound)
        assert latex(law(x, given=x1)) in proof.equality


def test_the_divergence_does_increase_where_the_kernels_differ():
    other = Joint("q", (x, x1))
    tables = RandomTables((K, M, other))
    bound = Bound(
        tables,
        upper=KL(M(x), other(x)),
        lower=KL(M(x1), other(x1)),
        remainder=E(M(x1), KL(M(x, given=x1), other(x, given=x1))),
    )
    assert refused(bound) and is_refuted(bound)


def test_detailed_balance_as_a_premise_gives_stationarity():
    step = E(Q(x) * kernel, f(x1))
    balance = Equal(kernel, Q(x1) * way_back / Q(x))
    assert Identity(FREE, left=step, right=E(Q(x), f(x)), given=(balance,)).prove()
    assert refused(identity(FREE, step, E(Q(x), f(x))))
    wrong = Equal(kernel, Q(x) * way_back / Q(x1))
    assert refused(Identity(FREE, left=step, right=E(Q(x), f(x)), given=(wrong,)))


def test_a_support_premise_is_told_once_and_imposed_at_both_letters():
    ratio = P(x) / Q(x)
    statement = identity(
        TABLES, E(Q(x) * Q(x1), ratio * exchanged(ratio, x, x1) * h(x, x1)), E(pair, h(x, x1))
    )
    proof = statement.prove()
    assert proof.support == (Support((Q(x),), (P(x),)),)
    assert holds(statement, proof.support)
    assert is_refuted(statement)


def test_premises_that_differ_by_letters_alone_are_one():
    here, there = Support((Q(x),), (P(x),)), Support((Q(x1),), (P(x1),))
    always = Support((Q(x),), (P(x1),))
    assert distinct((here, there, always)) == (here, Support((Q(x),)))
    joint = Support((Q(x),), (P(x, z1), Q(x1)))
    assert distinct((joint,)) == (Support((Q(x),), (P(x, z),)),)


@pytest.mark.parametrize("letters", ["xkpq", "abcd", "dcba", "zqkp"])
def test_a_proof_does_not_depend_on_names(letters):
    u = Symbol(letters[0], real=True)
    v, step = copy_of(u), Joint(letters[1], (u, copy_of(u)))
    first, second = Moved(letters[2], step), Moved(letters[3], step)
    right = KL(first(v), second(v)) + E(first(v), KL(first(u, given=v), second(u, given=v)))
    tables = RandomTables((step, first, second))
    assert identity(tables, KL(first(u), second(u)), right).prove().premises == ()
    assert refused(identity(tables, KL(first(u), second(u)), KL(first(v), second(v))))


# Letters and densities.


def test_a_copy_is_a_symbol_of_its_own():
    assert (x1.name, x2.name, level(x), level(x2)) == ("x'", "x''", 0, 2)
    assert copy_of(x) == x1 and hash(copy_of(x)) == hash(x1) and x1 != Symbol("x'", real=True)
    assert alphabet(x2) == x == alphabet(x) and x1.is_real and copy_of(Symbol("x")) != x1
    assert pickle.loads(pickle.dumps(x2)) == x2 and latex(x2) == "x''"
    assert sympy.diff(x1**2 + x, x1) == 2 * x1


def test_a_density_can_be_taken_at_a_copy():
    assert latex(P(x1)) == r"\tilde{p}(x')" and latex(P(z, given=x1)) == "p(z|x')"
    assert P(x).xreplace({x: x1}) == P(x1) != P(x) and P(x1).free_symbols == {x1}
    assert P(z, x1) == P(x1, z) and KL(P(x1), Q(x1)).free_symbols == set()


def test_expressions_without_copies_are_spelt_as_before():
    assert sympy.srepr(P(x)) == (
        r"Density(Str('\\tilde{p}'), Str('p'), Tuple(Symbol('x', real=True)), Tuple())"
    )
    assert str(P(z, given=x)) == "p(z|x)"


def test_roles_are_told_apart_by_position_and_in_print():
    printed = [latex(d) for d in (kernel, way_back, K(x, given=x1), K(x1), exchanged(K(x), x, x1))]
    assert printed == ["k(x'|x)", "k(x|x')", "k_{1|2}(x|x')", "k_{2}(x')", "k(x')"]
    assert len(set(printed)) == len({kernel, way_back, K(x, given=x1), K(x1)}) + 1
    assert exchanged(way_back, x, x1) == kernel and latex(exchanged(K(x, x1), x, x1)) == "k(x', x)"
    assert latex(Joint("k_0", (x, x1))(x1)) == "{k_0}_{2}(x')"


def test_a_symmetric_joint_does_not_mind_the_order():
    assert S(x1, x) == S(x, x1) == exchanged(S(x, x1), x, x1)
    assert S(x1) == exchanged(S(x), x, x1) and exchanged(S(x1, given=x), x, x1) == S(x, given=x1)
    assert S(x2, given=x1).free_symbols == {x1, x2} and latex(S(x, given=x1)) == "s(x|x')"
    assert c(x, x1) == c(x1, x) and h(x, x1) != h(x1, x)


def test_a_moved_law_has_the_kernel_as_its_conditional():
    assert M(x1, given=x) == kernel and M(x, x1) == M(x) * kernel
    assert latex(M(x1)) == "p_{2}(x')" and M(x1) != exchanged(M(x), x, x1)


TABLE = sympy.Array([[1, 2, 3], [4, 5, 6], [7, 8, 9]]) / 45


@pytest.mark.parametrize("i, j", list(itertools.product(range(3), repeat=2)))
def test_roles_are_looked_up_by_position(i, j):
    rows, columns = [sum(TABLE[k, :]) for k in range(3)], [sum(TABLE[:, k]) for k in range(3)]
    expected = {
        K(x, x1): TABLE[i, j],
        exchanged(K(x, x1), x, x1): TABLE[j, i],
        kernel: TABLE[i, j] / rows[i],
        way_back: TABLE[j, i] / rows[j],
        K(x, given=x1): TABLE[i, j] / columns[j],
        K(x1): columns[j],
        exchanged(K(x1), x, x1): columns[i],
    }
    cells = {(a, b): TABLE[a, b] for a in range(3) for b in range(3)}
    instance = Assignment({x: 3}, {"k": cells}, {"k": (x, x1)}, {x: i, x1: j}, symbolic=True)
    assert {d: compiled(d)(instance) for d in expected} == expected


def test_tables_have_what_their_family_promises():
    nulls = set()
    for index in range(60):
        instance = RandomTables((S, R, K, M, N)).draw(Random(index), index)
        s, r, size = instance.tables["s"], instance.tables["r"], instance.sizes[x]
        assert all(s[i, j] == s[j, i] for i, j in s) and abs(sum(s.values()) - 1) < 1e-14
        nulls.add(any(cell == 0 for cell in s.values()))
        for i, j in r:
            row = sum(s[i, k] for k in range(size))
            share = s[i, j] / row if row else mpmath.mpf(1) / size
            assert abs(r[i, j] - sum(r[i, k] for k in range(size)) * share) < 1e-14
    assert nulls == {True, False}


def test_exact_tables_at_copies():
    half = Rational(1, 2)
    p = Joint("p", (x,))
    assert on_tables(E(p(x) * p(x1), (x - x1) ** 2), {p: [half, half]}) == half
    symmetric = {S: [[half, Rational(1, 8)], [Rational(1, 8), Rational(1, 4)]]}
    assert on_tables(E(S(x) * S(x1, given=x), x1) - E(S(x), x), symmetric) == 0


def test_fresh_letters_avoid_all_others():
    assert fresh((x, z), (x,), ()) == {x: x1}
    assert fresh((x, x1), (x, x1), (x2,)) == {x: copy_of(x2), x1: copy_of(copy_of(x2))}
    assert fresh((z,), (x,), ()) == {}


def test_renamings_move_copies_of_one_variable_alone():
    assert len(renamings((x, x1, x2, z, z1))) == 12 and renamings((x, z)) == [{x: x, z: z}]


def test_all_variables_hold_the_copies_that_occur():
    y1 = copy_of(Symbol("y"))
    assert all_variables(TABLES, f(x2) + f(x1), f(y1)) == (x, z, x1, x2)


def test_the_mean_of_a_product_needs_its_factors_to_be_finite():
    premises = identity(*FAMILIES["a square is a double integral"][:3]).prove().premises
    assert any(r"\int \tilde{p}(x) f(x) \,dx \text{ is finite}" in p for p in premises)
    assert not any("x'" in p and "iint" not in p for p in premises)
    squares = identity(
        TABLES, E(P(x), f(x) ** 2) * E(Q(x), g(x) ** 2), E(mixed, (f(x) * g(x1)) ** 2)
    )
    assert squares.prove().premises == ()


# Bad input.


@pytest.mark.parametrize(
    "make, why",
    [
        (lambda: P(x, x1), "each named once"),
        (lambda: K(x2, given=x1), "no variable x''"),
        (lambda: S(x, z), "a density of x and its copies"),
        (lambda: S(x, x1, x2), "up to 2 letters"),
        (lambda: S(x, given=x), "each named once"),
        (lambda: S(), "a density of x"),
        (lambda: Exchangeable("s", (x, z)), "copies of it"),
        (lambda: Exchangeable("s", (x,)), "copies of it"),
        (lambda: Moved("p", P), "no kernel"),
        (lambda: RandomTables((M, K)), "p needs k to stand before it"),
        (lambda: RandomTables((M,)), "p needs k"),
        (lambda: exchanged(P(x), x, z), "no copies of one variable"),
        (lambda: on_tables(E(S(x), x), {S: [[0, 1], [0, 0]]}), "not symmetric"),
        (lambda: on_tables(E(M(x), x), {M: [[1, 0], [0, 0]]}), "needs the table of k"),
        (
            lambda: on_tables(E(M(x), x), {K: [[0, 1], [0, 0]], M: [[1, 0], [0, 0]]}),
            "not a law moved by its kernel",
        ),
        (
            lambda: on_tables(E(S(x), x), {S: [[0.2, 0.3, 0], [0.3, 0.2, 0]]}),
            "letters",
        ),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_one_line(make, why):
    with pytest.raises(ValueError, match=why) as refusal:
        make()
    assert "\n" not in str(refusal.value)


def test_a_copy_that_is_left_open_is_named():
    assert refused(identity(TABLES, E(P(x), h(x, x1)), E(Q(x), h(x, x1))), "leaves x' open")


def test_a_variable_bound_twice_is_refused():
    assert refused(
        identity(TABLES, total(P(x1) * E(P(x1), f(x1)), (x1,)), E(P(x), f(x))), "bound twice"
    )


def test_an_entropy_of_two_draws_is_the_sum():
    left, right = Entropy(pair), 2 * Entropy(P(x))
    proof = identity(TABLES, left, right).prove()
    assert holds(identity(TABLES, left, right), proof.support)
    assert refused(identity(TABLES, left, Entropy(P(x)))) and refused(
        identity(TABLES, left, Add(Entropy(P(x)), Entropy(Q(x))))
    )


def test_logs_at_two_letters_do_not_mix():
    ratio = log(P(x) / Q(x1))
    assert refused(identity(TABLES, E(pair, ratio), KL(P(x), Q(x)) / 2))


# Any number of variables.

FIVE = sympy.symbols("a1:6", real=True)


def chain(count, first=0):
    """KL of joints of so many variables, and its chain with a term left out for first = 1."""
    own = FIVE[:count]
    joints = Joint("p", own), Joint("q", own)
    terms = [KL(*(d(own[0]) for d in joints))]
    for k in range(1, count):
        after = KL(*(d(own[k], given=own[:k]) for d in joints))
        terms.append(E(joints[0](*own[:k]), after))
    left = KL(*(d(*own) for d in joints))
    return identity(RandomTables(joints), left, Add(*terms[first:], evaluate=False))


@pytest.mark.parametrize("count", [3, 4])
def test_the_chain_rule_for_more_variables(count):
    assert chain(count).prove().premises == () and holds(chain(count), count=4)
    assert refused(chain(count, first=1)) and is_refuted(chain(count, first=1), count=4)


def test_totals_of_five_variables():
    p, q = Joint("p", FIVE), Joint("q", FIVE)
    tables, seen = RandomTables((p, q)), FIVE[:3]
    rest = E(p(*seen), KL(p(*FIVE[3:], given=seen), q(*FIVE[3:], given=seen)))
    left = KL(p(*FIVE), q(*FIVE))
    assert identity(tables, left, KL(p(*seen), q(*seen)) + rest).prove().premises == ()
    assert refused(identity(tables, left, KL(p(*seen), q(*seen)) - rest))
    assert latex(left.definition()).startswith(r"\int\!\cdots\!\int p(a_{1}, a_{2}")
    assert latex(left.definition()).endswith(r"da_{4}\,da_{5}")


def test_the_log_of_a_total_is_refused_in_one_line():
    log_of_mean = log(total(P(x) * sympy.exp(f(x)), (x,)))
    assert refused(identity(TABLES, log_of_mean, E(P(x), f(x))), "function of an integral")
    assert is_refuted(identity(TABLES, log_of_mean, E(P(x), f(x))))


@pytest.mark.parametrize(
    "parts, left, variables",
    [
        ((S(x, x1), f(x)), (S(x), f(x)), (x,)),
        ((S(x), S(x1, given=x), f(x1)), (S(x1), f(x1)), (x1,)),
        ((S(x, x1), f(x), f(x1)), (S(x, x1), f(x), f(x1)), (x, x1)),
        ((S(x1, given=x), f(x1)), (S(x1, given=x), f(x1)), (x, x1)),
    ],
)
def test_a_letter_that_stands_in_a_symmetric_law_alone_is_integrated_out(parts, left, variables):
    found = marginalised(IntegralTerm(sympy.S.One, parts, (x, x1)), (S,))
    assert (set(found.parts), found.variables) == (set(left), variables)
