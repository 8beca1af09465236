"""Labels, maps and mixtures: the optimal discriminator is found, false statements are refused."""

from random import Random

import mpmath
import pytest
import sympy
from sympy import Abs, Add, Function, Mul, Rational, S, Symbol, log

from onekl.chapters.gan.claims import (
    ALL_D,
    HALF,
    MAPPED,
    OLD,
    PRIOR,
    STEP,
    TABLES,
    D,
    G,
    P,
    Q,
    best_D,
    data,
    discriminator_loss,
    joint,
    mixture,
    model,
    not_D,
    old,
    p_1,
    pushed,
    x,
    z,
)
from onekl.symbolic.algebra import (
    KL,
    ClassProbability,
    Dirac,
    Expectation,
    Joint,
    LabelledJoint,
    SumOrIntegral,
    define,
    variables_of,
)
from onekl.symbolic.mutants import mutants
from onekl.symbolic.notation import latex
from onekl.symbolic.numeric import DIGITS, compiled
from onekl.symbolic.optima.discriminator import OptimalDiscriminator
from onekl.symbolic.proof import NotProved, is_density, is_divergence, is_finite_measure
from onekl.symbolic.sampling import RandomTables
from onekl.symbolic.statements import Bound, Identity
from onekl.symbolic.terms import KnownRange, integral_terms
from provers import accepted, worst

f, h = Function("f", nonnegative=True), Function("h", positive=True)
H = Function("H")
PRODUCTS = Add(
    SumOrIntegral(-data * old * log(D), (x,)),
    SumOrIntegral(-model * log(not_D), (x,)),
    evaluate=False,
)


def best(functional=discriminator_loss, at=best_D, probability=D, instances=TABLES):
    return OptimalDiscriminator(instances, functional=functional, probability=probability, at=at)


def identity(left, right, instances=TABLES):
    return Identity(instances, left=left, right=right)


def test_a_chance_prints_as_d_and_one_minus_d():
    assert latex(D) == "D(x)" and latex(log(not_D)) == r"\log (1 - D(x))"
    assert D.other == not_D and not_D.other == D and D.at(G(z)) == ClassProbability("D", G(z))


def test_chances_add_up_to_one_at_every_letter_and_reach_the_ends():
    seen = set()
    with mpmath.workdps(DIGITS):
        one, other = compiled(D), compiled(not_D)
        for index in range(200):
            instance = TABLES.draw(Random(index), index)
            for _ in instance.visit((x,), instance.letters((x,))):
                assert one(instance) + other(instance) == 1 and 0 <= one(instance) <= 1
                seen.add(one(instance) if one(instance) in (0, 1) else "between")
    assert seen == {0, 1, "between"}


def test_a_map_takes_letters_to_letters():
    instance = MAPPED.draw(Random(3), 3)
    for letter in range(instance.sizes[z]):
        assert instance.functions("G", letter) in range(instance.sizes[x])


def test_the_kl_of_labelled_densities_is_the_sum_over_the_labels():
    y = Symbol("y")
    halves = LabelledJoint(y, data / 2, model / 2)
    found = KL(halves, LabelledJoint(y, D * data, not_D * data))
    assert define(found) == SumOrIntegral(data / 2 * log(1 / (2 * D)), (x,)) + SumOrIntegral(
        model / 2 * log(model / (2 * not_D * data)), (x,)
    )
    assert found.free_symbols == set()


def test_mixtures_are_densities_and_constants_make_finite_measures():
    assert (
        is_density(data / 2 + model / 2, (x,))
        and not is_density(data / 2 + model / 3, (x,))
        and not is_density(2 * data - model, (x,))
    )
    assert is_divergence(KL(mixture, data)) and variables_of(mixture) == (x,)
    assert (
        is_finite_measure(3 * D * data, (x,), frozenset({x}))
        and not is_finite_measure(data**2, (x,), frozenset({x}))
        and not is_finite_measure(-data, (x,), frozenset({x}))
    )


FALSE = {
    "the label's other value": best(at=model / (data + model)),
    "a weight forgotten": best(
        Add(2 * Expectation(data, -log(D)), Expectation(model, -log(not_D)), evaluate=False)
    ),
    "a maximum": best(-discriminator_loss),
    "one density squared": best(at=data**2 / (data**2 + model**2)),
    "a complex logarithm": best(
        Add(Expectation(data, -log(-D)), Expectation(model, -log(not_D)), evaluate=False)
    ),
    "D at another point as well": best(
        Add(discriminator_loss, Expectation(data, -log(D.at(H(x)))), evaluate=False),
        instances=RandomTables((P, Q), maps=(("H", x),)),
    ),
    "another generator's optimum": best(at=data / (data + old), instances=STEP),
    "no term at all": best(Expectation(data, f(x)), at=best_D),
}


@pytest.mark.parametrize("name", FALSE)
def test_a_false_optimum_is_refused(name):
    with pytest.raises(NotProved):
        FALSE[name].prove()


@pytest.mark.parametrize(
    "name", [n for n in FALSE if n not in ("a complex logarithm", "no term at all")]
)
def test_numbers_refute_the_false_optimum_too(name):
    with mpmath.workdps(DIGITS):
        violation = FALSE[name].compile()
        found = max(
            violation(FALSE[name].instances.draw(Random(index), index)) for index in range(50)
        )
    assert found > 1e-9


def test_an_optimum_that_may_be_infinite_says_so():
    finite = r"\text{the smallest value is finite}"
    smallest = best(joint, WEIGHTED)
    assert finite in smallest.prove().premises and finite not in best().prove().premises


def test_the_optimum_says_what_ranges_over_what():
    proof = best().prove()
    assert proof.premises == (ALL_D.premise,)


FALSE_IDENTITIES = {
    "a Dirac beside an unknown density": identity(
        SumOrIntegral(Dirac(x, G(z)) * data * PRIOR(z), (x, z)), Expectation(PRIOR(z), data), MAPPED
    ),
    "a map forgotten": identity(
        SumOrIntegral(pushed * -log(D), (x,)), Expectation(PRIOR(z), -log(D.at(z))), MAPPED
    ),
    "D for 1 − D": identity(
        SumOrIntegral(pushed * -log(D), (x,)), Expectation(PRIOR(z), -log(D.at(G(z)).other)), MAPPED
    ),
    "log 2 forgotten": identity(
        joint,
        Add(
            HALF * Expectation(data, -log(D)),
            HALF * SumOrIntegral(model * log(model / (not_D * data)), (x,)),
            evaluate=False,
        ),
    ),
    "half a distance": identity(
        SumOrIntegral(Abs(data / 2 + model / 2 - data), (x,)),
        SumOrIntegral(Abs(model - data), (x,)),
    ),
    "D at its optimum without saying so": identity(joint, KL(mixture, data)),
}


@pytest.mark.parametrize("name", FALSE_IDENTITIES)
def test_a_false_identity_is_refused(name):
    with pytest.raises((NotProved, ValueError)):
        FALSE_IDENTITIES[name].prove()


def test_a_logarithm_of_unknown_sign_is_no_remainder():
    with pytest.raises(NotProved, match="not seen to be at least 0"):
        Bound(
            TABLES,
            upper=Expectation(model, -log(D)),
            lower=S.Zero,
            remainder=Expectation(model, log(D)),
        ).prove()


def test_an_integral_that_may_be_infinite_is_not_taken_for_bounded():
    """∫ p̃ log(1/q) may be −∞ for a density q above 1; ∫ p̃ log((p̃ + q)/p̃) may not."""
    left = SumOrIntegral(data * log(data / model**2), (x,))
    assert (
        identity(
            left, Add(KL(data, model), SumOrIntegral(data * log(1 / model), (x,)), evaluate=False)
        )
        .prove()
        .premises
    )
    below = Add(Expectation(data, -log(best_D)), KL(model, data), evaluate=False)
    above = Add(
        KL(model, data), SumOrIntegral(data * log((data + model) / data), (x,)), evaluate=False
    )
    assert identity(below, above).prove().premises == ()


def test_a_weight_that_is_no_density_unbounds_a_mean():
    """∫ p log(p/(h q)) is bounded below for one h > 0, and not averaged over the h of many z."""
    R = Joint("r", (z,))
    inner = SumOrIntegral(data * log(data / (h(z) * model)), (x,))
    split = Add(KL(data, model), Expectation(R(z), -log(h(z))), evaluate=False)
    assert any(
        "finite" in p
        for p in identity(Expectation(R(z), inner), split, RandomTables((P, Q, R))).prove().premises
    )
    for inside, known in (
        (h(x) + data / model, KnownRange.BOUNDED_BELOW),
        (S.Half + model, KnownRange.BOUNDED_BELOW),
        (h(x) + model, KnownRange.UNKNOWN),
    ):
        (term,) = integral_terms(SumOrIntegral(data * log(inside), (x,)))
        assert term.known == known


def test_a_nonnegative_function_is_drawn_nonnegative():
    instance = TABLES.draw(Random(1), 1)
    with mpmath.workdps(DIGITS):
        value = compiled(f(x))
        assert all(value(instance) >= 0 for _ in instance.visit((x,), [(k,) for k in range(20)]))


def test_names_that_clash_are_refused():
    with pytest.raises(ValueError, match="share a name"):
        RandomTables((Q, PRIOR))
    with pytest.raises(ValueError, match="with that label"):
        KL(
            LabelledJoint(Symbol("y"), data, model), LabelledJoint(Symbol("w"), data, model)
        ).definition()


def test_a_scalar_is_drawn_positive():
    scale = Symbol("Z", positive=True)
    found = identity(
        Expectation(data, log(scale * model)),
        Add(log(scale), Expectation(data, log(model)), evaluate=False),
        RandomTables((P, Q), scalars=(scale,)),
    )
    found.prove()
    with mpmath.workdps(DIGITS):
        violation = found.compile()
        assert max(violation(found.instances.draw(Random(k), k)) for k in range(20)) < 1e-25


def test_d_and_one_minus_d_are_exchanged_in_mutants():
    assert "D and 1 − D exchanged" in {name for name, _ in mutants(best())}


def test_a_joint_over_the_label_alone_has_no_density():
    y = Symbol("y")
    assert LabelledJoint(y, Mul(HALF, data), Mul(HALF, model)).one == data / 2
    with pytest.raises(ValueError, match="not a product of densities"):
        KL(LabelledJoint(y, S.One, S.Zero), joint)


def test_the_old_generators_optimum_needs_its_own_letter():
    assert OLD(x) == old and old.family != model.family
    assert Joint("q^{o}", (x,))(x) == old


PAIRS, SIDES = Joint("p", (x, z)), Joint("q", (x, z))
ON_PAIRS = RandomTables((PAIRS, SIDES))
first, second = PAIRS(x) * PAIRS(z, given=x), SIDES(z) * SIDES(x, given=z)
D_PAIR = ClassProbability("D", (x, z))


def best_of_pairs(probability=D_PAIR, at=first / (first + second)):
    functional = Add(
        SumOrIntegral(first * -log(probability), (x, z)),
        SumOrIntegral(second * -log(probability.other), (x, z)),
        evaluate=False,
    )
    return OptimalDiscriminator(ON_PAIRS, functional=functional, probability=D_PAIR, at=at)


@pytest.mark.parametrize(
    "found", [best_of_pairs(), best(PRODUCTS, at=data * old / (data * old + model), instances=STEP)]
)
def test_the_best_d_is_proved_also_where_factors_vanish(found):
    """Where all the weights vanish it is 0/0 and D does not count."""
    found.prove()
    with mpmath.workdps(DIGITS):
        violation = found.compile()
        assert max(violation(found.instances.draw(Random(k), k)) for k in range(40)) < 1e-20


ONLY_ON_DATA = best(SumOrIntegral(data * Add(-log(D), -log(D.other)), (x,)), at=HALF)
WITH_A_FOREIGN_DENSITY = best(
    Add(Expectation(data, -log(D)), Expectation(model, -log(D.other)), evaluate=False),
    at=data * old / (data * old + model * old),
    instances=STEP,
)


@pytest.mark.parametrize(
    "statement, complaint",
    [
        (best_of_pairs(probability=ClassProbability("D", (z, x))), "something else"),
        (best_of_pairs(at=PAIRS(x) / (PAIRS(x) + SIDES(x))), "not stationary"),
        (best(at=PAIRS(z) / (PAIRS(z) + SIDES(z)), instances=ON_PAIRS), "depends on z too"),
        (best(Expectation(Joint("s", (x,))(x), -log(D))), "belongs to no joint"),
        (best(SumOrIntegral(data / (D - HALF) ** 2, (x,)), at=HALF), "real and smooth"),
        (best(SumOrIntegral(-model * log(not_D) / D, (x,)), at=S.Zero), "continuous at 0"),
    ],
)
def test_a_best_d_that_makes_no_sense_is_refused(statement, complaint):
    with pytest.raises(NotProved, match=complaint) as refusal:
        statement.prove()
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "statement, premises",
    [
        # Where p vanishes, ½ is defined and D does not count: "only there" needs p > 0.
        (ONLY_ON_DATA, {r"\tilde{p}(x) > 0"}),
        # Where the foreign density vanishes, the quotient is 0/0 and D counts.
        (
            WITH_A_FOREIGN_DENSITY,
            {
                r"q^{o}(x) > 0 \text{ wherever } \tilde{p}(x) > 0",
                r"q^{o}(x) > 0 \text{ wherever } q(x) > 0",
            },
        ),
    ],
)
def test_a_best_d_that_is_not_the_only_one_or_not_defined_needs_a_premise(statement, premises):
    proof = statement.prove()
    assert {premise.latex() for premise in proof.support} == premises
    assert premises <= set(proof.premises)
    with mpmath.workdps(DIGITS):
        violation = statement.compile()
        for index in range(40):
            instance = statement.instances.draw(Random(index), index)
            broken = any(instance.breaks(premise) for premise in proof.support)
            assert (violation(instance) > 1e-9) == broken


SMOOTHED = Rational(9, 10)
ONE = p_1
EVEN = best(Add(ONE * Expectation(data, -log(D)), ONE.other * Expectation(model, -log(not_D))))
WEIGHTED = ONE * data / (ONE * data + ONE.other * model)
SQUARES = Expectation(data, (D - 1) ** 2) + Expectation(model, D**2)
SMOOTH = Expectation(data, -SMOOTHED * log(D) - (1 - SMOOTHED) * log(not_D)) + Expectation(
    model, -log(not_D)
)
CUBES = Expectation(data, not_D**3) + Expectation(model, D**3)
TEMPERED = SumOrIntegral(data * (D * log(D / model) + not_D * log(not_D / old)), (x,))
OTHER_WEIGHTED = ONE.other * data / (ONE.other * data + ONE * model)
FOUND = {
    "labels' probabilities": (
        best(EVEN.functional, WEIGHTED),
        best(EVEN.functional, OTHER_WEIGHTED),
    ),
    "labels' probabilities lost": (best(EVEN.functional, WEIGHTED), best(EVEN.functional, best_D)),
    "smoothed labels": (best(SMOOTH, SMOOTHED * best_D), best(SMOOTH, best_D)),
    "least squares": (best(SQUARES), best(-SQUARES)),
    "least squares, upside down": (best(SQUARES), best(SQUARES, 1 - best_D)),
    "cubes": (
        best(CUBES, sympy.sqrt(data) / (sympy.sqrt(data) + sympy.sqrt(model))),
        best(CUBES),
    ),
    "weights of 2 and 3": (
        best(
            Expectation(data, -2 * log(D)) - Expectation(model, 3 * log(not_D)),
            2 * data / (2 * data + 3 * model),
        ),
        best(
            Expectation(data, -2 * log(D)) - Expectation(model, 3 * log(not_D)),
            3 * data / (3 * data + 2 * model),
        ),
    ),
    "two entropies": (
        best(TEMPERED, model / (model + old), instances=STEP),
        best(TEMPERED, old / (model + old), instances=STEP),
    ),
    "an end": (
        best(Expectation(model, -log(not_D)), S.Zero),
        best(Expectation(model, -log(not_D)), S.One),
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_optima_at_any_value_are_proved_and_their_false_neighbours_refused(name):
    right, wrong = FOUND[name]
    assert worst(right, 60, right.prove().support) < 1e-25
    with pytest.raises(NotProved) as refusal:
        wrong.prove()
    assert "\n" not in str(refusal.value) and "density0" not in str(refusal.value)
    assert worst(wrong, 60) > 1e-9


@pytest.mark.parametrize("name", ["labels' probabilities", "smoothed labels", "least squares"])
def test_an_optimum_inside_needs_no_premise_where_one_density_vanishes(name):
    right, _ = FOUND[name]
    assert right.prove().support == ()


@pytest.mark.parametrize("name", ["labels' probabilities", "smoothed labels"])
def test_mutants_are_rejected_by_proof_and_by_numbers_or_are_the_same(name):
    right, _ = FOUND[name]
    found = mutants(right)
    assert len(found) > 5
    for _, mutant in found:
        assert (worst(mutant, 30) < 1e-9) == accepted(right, mutant)


def test_a_factor_beside_its_inverse_hides_no_zero():
    hidden = SumOrIntegral(Mul(model, data, 1 / data, evaluate=False), (x,))
    (premise,) = identity(hidden, S.One).prove().support
    assert premise.latex() == r"\tilde{p}(x) > 0 \text{ wherever } q(x) > 0"


def test_sums_of_integrals_that_are_never_positive_need_no_finiteness():
    on_data, on_samples = (
        SumOrIntegral(Mul(data, -log(D), evaluate=False), (x,)),
        SumOrIntegral(Mul(model, -log(D.other), evaluate=False), (x,)),
    )
    lower = Add(
        SumOrIntegral(data * log(D), (x,)),
        SumOrIntegral(model * log(D.other), (x,)),
        evaluate=False,
    )
    assert (
        identity(lower, Mul(-1, Add(on_data, on_samples, evaluate=False), evaluate=False))
        .prove()
        .premises
        == ()
    )
    mixed = Add(SumOrIntegral(data * log(D), (x,)), on_samples, evaluate=False)
    assert (
        len(
            identity(mixed, Add(on_samples, Expectation(data, log(D)), evaluate=False))
            .prove()
            .premises
        )
        == 1
    )


def test_d_stands_in_the_functional_and_never_in_its_optimum():
    D = ClassProbability("D", Symbol("x"))
    loss = OptimalDiscriminator(
        RandomTables((Joint("p", (Symbol("x"),)),)),
        functional=Expectation(Joint("p", (Symbol("x"),))(Symbol("x")), -log(D)),
        probability=D,
        at=S.One,
    )
    for expression in (D, 1 - D, D.other, log(D) + 1):
        assert loss.accepts("functional", expression) and not loss.accepts("at", expression)
    assert loss.accepts("at", S.Half) and not loss.accepts("functional", S.Half)
