"""Premises of a claim: derived, used, stated in the source with its place, or taken on trust."""

from dataclasses import replace
from random import Random

import pytest
from sympy import Add, Expr, Rational, log

from onekl.chapters import stated_claims
from onekl.chapters.gan import claims as gan
from onekl.chapters.joint_kl.claims import TABLES, P, Q, conditional, marginal, x, z
from onekl.claims.check import CheckFailed, check
from onekl.claims.claim import Claim
from onekl.claims.inventory import inventory
from onekl.claims.stated import Stated, places
from onekl.symbolic.algebra import KL, Entropy
from onekl.symbolic.counterexample import Counterexample
from onekl.symbolic.lines.written import plain
from onekl.symbolic.objective import SameObjective
from onekl.symbolic.premises import Equal, Finite, Support, follows, premise_latex
from onekl.symbolic.statements import Bound, Identity, provable

HALF = Rational(1, 2)
EVEN = Equal(gan.p_1, HALF)


def split(given=(EVEN,), **more):
    """su-14's second line: the label's KL and the sum of its two halves are one objective."""
    return SameObjective(
        gan.TABLES,
        given=given,
        objective=gan.joint,
        other=Add(gan.data_side, gan.generator_side, evaluate=False),
        varied=(gan.D, gan.model),
        scale=HALF,
        rest=-log(2),
        **more,
    )


chain_rule = Bound(TABLES, upper=KL(P(x, z), Q(x, z)), lower=marginal, remainder=conditional)
entropy = SameObjective(
    TABLES,
    objective=marginal,
    other=Add(marginal, Entropy(P(x)), evaluate=False),
    varied=(Q(x),),
    rest=-Entropy(P(x)),
)


def test_a_used_premise_makes_holds_if_and_a_stated_one_exact():
    silent = check(Claim("su-t7", (split(),)))
    assert silent.verdict == "holds if" and silent.premises == (EVEN.latex(),)
    stated = check(Claim("su-t7", (split(),), stated=(Stated("even", EVEN),)))
    assert stated.verdict == "exact" and stated.premises == ()
    assert places()["even"].place in stated.stated[0]


def test_a_premise_stated_for_other_claims_is_refused():
    with pytest.raises(CheckFailed, match="not stated for su-37"):
        check(Claim("su-37", (split(),), stated=(Stated("even", EVEN),)))


def test_a_key_that_is_in_no_source_is_refused():
    with pytest.raises(ValueError, match="stated.csv"):
        Stated("no-such-key", EVEN)


def test_a_stated_premise_that_no_proof_needs_is_refused():
    with pytest.raises(CheckFailed, match="no proof needs"):
        check(Claim("su-t7", (chain_rule,), stated=(Stated("even", EVEN),)))


def test_a_given_equation_without_effect_is_refused():
    idle = replace(chain_rule, given=(EVEN,))
    with pytest.raises(CheckFailed, match="is proved without the premise"):
        check(Claim("su-t2", (idle,)))


@pytest.mark.parametrize("wrong", [Rational(1, 3), Rational(2, 3)])
def test_another_value_of_a_given_equation_is_not_proved(wrong):
    assert not provable(split(given=(Equal(gan.p_1, wrong),)))


def test_what_is_taken_on_trust_is_shown_and_decides_nothing():
    words = r"\text{the moon is far}"
    report = check(Claim("su-t2", (replace(chain_rule, trusted=(words,)),)))
    assert report.verdict == "exact" and report.trusted == (words,) and not report.premises
    assert "taken on trust: the moon is far" in report.markdown()


def test_what_the_book_adds_has_its_own_word():
    report = check(Claim("su-t2", (chain_rule,), also=(entropy,)))
    assert report.verdict == "exact" and not report.premises
    (addition,) = report.additions
    assert addition.verdict == "holds if" and "finite" in addition.premises[0]
    assert "Shown beside it, holds if" in report.text()


def test_an_addition_is_proved_and_mutated_like_the_rest():
    false = replace(chain_rule, lower=2 * marginal)
    with pytest.raises(CheckFailed, match="not proved"):
        check(Claim("su-t2", (chain_rule,), also=(false,)))
    alone, both = check(Claim("su-t2", (chain_rule,))), check(
        Claim("su-t2", (chain_rule,), also=(entropy,))
    )  # fmt: skip
    assert both.mutants_total > alone.mutants_total
    assert both.instances == 2 * alone.instances > 0


def test_a_repetition_says_so_and_counts_nothing():
    report = check(stated_claims()["su-20"])
    assert report.verdict == "choice" and report.repeats == "su-19"
    assert report.mutants_total == report.instances == 0
    assert "repeats su-19" in report.text() and "mutants" not in report.text()


def test_an_identity_of_an_object_with_itself_is_refused():
    same = Add(conditional, marginal, evaluate=False)
    with pytest.raises(CheckFailed, match="the same object"):
        check(
            Claim(
                "su-t2", (Identity(TABLES, left=same, right=Add(*same.args[::-1], evaluate=False)),)
            )
        )


# The book's claims.


def statements():
    for id, claim in stated_claims().items():
        for statement in (*claim.statements, *claim.also):
            yield id, statement


def test_every_typed_premise_is_used_or_marked_as_trust():
    for id, statement in statements():
        for equation in statement.given:
            others = tuple(e for e in statement.given if e is not equation)
            assert not provable(replace(statement, given=others)), (id, equation.latex())
        assert all(isinstance(line, str) and line for line in statement.trusted)


def test_every_stated_premise_is_needed_and_taking_it_away_changes_the_word():
    for id, claim in stated_claims().items():
        for stated in claim.stated:
            assert id in places()[stated.key].claims
            needed = [
                premise
                for statement in (*claim.statements, *claim.also)
                for premise in (*statement.given, *statement.prove().needed)
            ]
            assert any(follows(premise, [stated.premise]) for premise in needed), (id, stated.key)


def test_every_line_of_what_is_stated_is_used_by_the_claims_that_it_names():
    used = {(stated.key, id) for id, claim in stated_claims().items() for stated in claim.stated}
    listed = {(key, id) for key, row in places().items() for id in row.claims}
    assert used == listed
    for row in places().values():
        assert row.place and row.quote and all(id in inventory() for id in row.claims)


def said(statement):
    """What a statement says, wherever it is said and in whatever order of factors."""
    parts = {name: part for name, part in vars(statement).items() if isinstance(part, Expr)}
    return replace(statement, proves="", **{name: plain(part) for name, part in parts.items()})


def test_a_repetition_has_the_other_claims_statements():
    claims = stated_claims()
    for id, claim in claims.items():
        if not claim.repeats:
            continue
        ids = claim.repeats.split(", ")
        others = [said(s) for other in ids for s in claims[other].statements]
        for statement in claim.statements:
            assert isinstance(statement, Counterexample) or said(statement) in others, id


def test_a_refutation_is_of_a_statement_that_is_not_proved():
    for claim in stated_claims().values():
        for counterexample in claim.refuted:
            assert not provable(counterexample.of)


# Premises as objects.


def test_a_premise_follows_from_one_that_says_as_much():
    p, q, r = gan.data, gan.model, gan.old
    weak, strong = Support((p, q), (r,)), Support((p,))
    assert follows(weak, [strong]) and not follows(strong, [weak])
    assert follows(EVEN, [EVEN]) and not follows(EVEN, [Equal(gan.p_1, Rational(1, 3))])
    assert follows("words", ["words"]) and not follows("words", [EVEN, weak])
    finite = Finite(KL(p, q))
    assert follows(finite, [finite]) and not follows(finite, [Finite(KL(q, p)), weak])
    assert premise_latex("words") == "words" and "finite" in premise_latex(finite)


def test_an_equation_cannot_define_a_letter_by_itself():
    with pytest.raises(ValueError, match="by itself"):
        Equal(gan.data, gan.data + gan.model)


def test_instances_keep_to_a_premise_of_finiteness():
    infinite = Finite(KL(P(x), Q(x)))
    drawn = [TABLES.draw(Random(f"{k}"), k) for k in range(40)]
    broken = [instance.breaks(infinite) for instance in drawn]
    assert any(broken) and not all(broken)
