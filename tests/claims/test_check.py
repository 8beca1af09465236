"""The check of a claim: mutants, verdicts, and that each of its parts can fail."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from importlib.resources import files

import pytest
from sympy import Add, Mul, log

from onekl.chapters import claim, stated_claims
from onekl.chapters.joint_kl.claims import SAME_MARGINALS, TABLES, P, Q, x, z
from onekl.claims import check as check_module
from onekl.claims.check import CheckFailed, check, fingerprint
from onekl.claims.claim import Claim
from onekl.claims.inventory import entry, inventory
from onekl.symbolic.algebra import KL, Entropy, Expectation, SumOrIntegral
from onekl.symbolic.counterexample import Counterexample
from onekl.symbolic.mutants import mutants
from onekl.symbolic.proof import Proof
from onekl.symbolic.statements import Bound, Identity
from onekl_site.printed import printed

# How far, at least, the ids of each kind go in the five texts that were read.
LAST = {"su-": 43, "su-t": 16, "rq-": 5, "gt-": 14, "sn-": 12, "avb-": 10, "avb-e": 3}

joint, marginal = KL(P(x, z), Q(x, z)), KL(P(x), Q(x))
remainder = Expectation(P(x), KL(P(z, given=x), Q(z, given=x)))


def test_the_inventory_has_every_field_and_no_id_twice_or_left_out():
    lines = files("onekl.claims").joinpath("inventory.csv").read_text(encoding="utf-8").splitlines()
    assert len(inventory()) == len(lines) - 1  # the first line has the fields' names
    assert all(all(vars(row).values()) for row in inventory().values())
    numbers, sources = {}, {}
    for id, row in inventory().items():
        prefix, number = re.fullmatch(r"([a-z]+-[a-z]?)(\d+)", id).groups()
        numbers.setdefault(prefix, []).append(int(number))
        sources.setdefault(prefix.partition("-")[0], set()).add(row.source)
    for prefix, found in numbers.items():
        assert found == list(range(1, len(found) + 1)), prefix
    assert {f"{prefix}{last}" for prefix, last in LAST.items()} <= inventory().keys()
    assert all(len(named) == 1 for named in sources.values())
    assert set(printed()) == {id for id in inventory() if re.fullmatch(r"su-\d+", id)}


def test_a_refusal_shows_an_id_of_each_kind_in_the_inventory():
    with pytest.raises(ValueError) as refusal:
        entry("su-99")
    kinds = {id.rstrip("0123456789") for id in inventory()}
    shown = str(refusal.value).partition("look like ")[2].partition(" (")[0].split(", ")
    assert {id.rstrip("0123456789") for id in shown} == kinds and len(shown) == len(kinds)
    assert all(id in inventory() for id in shown)


@pytest.mark.parametrize("ask", [entry, claim])
def test_an_unknown_id_is_refused_in_one_line(ask):
    with pytest.raises(ValueError, match="no claim 'su-99'") as refusal:
        ask("su-99")
    assert "\n" not in str(refusal.value)


def test_a_claim_that_no_chapter_states_says_so():
    with pytest.raises(ValueError, match="no chapter states it yet"):
        claim("gt-6")


def test_mutants_of_su_4_are_the_kinds_that_are_promised():
    kinds = {name for name, _ in mutants(claim("su-4").statements[0])}
    assert {"sign", "constant", "p and q exchanged", "KL reversed", "condition dropped"} <= kinds
    kinds = {name for name, _ in mutants(claim("sn-9").statements[0])}
    assert {"sign", "constant", "dropped term", "square lost"} <= kinds


def test_mutants_differ_from_the_statement_and_from_each_other():
    for stated in stated_claims().values():
        for statement in (*stated.statements, *stated.also):
            found = [mutant for _, mutant in mutants(statement)]
            assert statement not in found and len(set(found)) == len(found)


def test_a_false_claim_is_not_passed():
    false = Claim(
        "su-4", (Identity(TABLES, left=joint, right=Add(marginal, -remainder, evaluate=False)),)
    )
    with pytest.raises(CheckFailed, match="su-4 is not proved") as refusal:
        check(false)
    assert "\n" not in str(refusal.value)


def test_a_claim_without_statements_is_not_passed():
    with pytest.raises(CheckFailed, match="no statement"):
        check(Claim("gt-6", ()))


class Credulous(Identity):
    """A prover that believes anything, to see that the numbers and the mutants do not."""

    def prove(self):
        return Proof()


def test_numbers_refute_what_a_credulous_prover_accepts():
    false = Credulous(TABLES, left=joint, right=marginal)
    with pytest.raises(CheckFailed, match="fails on instance"):
        check(Claim("su-4", (false,)))


def test_mutants_expose_a_credulous_prover():
    true = Credulous(TABLES, left=joint, right=Add(marginal, remainder, evaluate=False))
    with pytest.raises(CheckFailed, match="mutant"):
        check(Claim("su-4", (true,)))


def test_mutants_expose_numbers_that_see_nothing(monkeypatch):
    blind = type("Blind", (Identity,), {"compile": lambda self: lambda instance: 0})
    with pytest.raises(CheckFailed, match="no instance refutes"):
        check(
            Claim(
                "su-4", (blind(TABLES, left=joint, right=Add(marginal, remainder, evaluate=False)),)
            )
        )


def test_a_mutant_that_no_instance_refutes_has_to_be_equivalent(monkeypatch):
    monkeypatch.setattr(check_module, "INSTANCES", 40)
    stingy = type("Stingy", (Identity,), {"same_as": lambda self, other: False})
    (rq_3,) = claim("rq-3").statements
    with pytest.raises(CheckFailed, match="no instance refutes"):
        check(Claim("rq-3", (stingy(TABLES, left=rq_3.left, right=rq_3.right),)))


def test_a_premise_that_no_source_states_makes_holds_if(monkeypatch):
    monkeypatch.setattr(check_module, "INSTANCES", 40)
    split = Identity(
        TABLES,
        left=marginal,
        right=Add(-SumOrIntegral(P(x) * log(Q(x)), (x,)), -Entropy(P(x)), evaluate=False),
    )
    report = check(Claim("su-4", (split,)))
    assert report.verdict == "holds if" and all("finite" in line for line in report.premises)


def test_equivalent_mutants_are_counted_apart(monkeypatch):
    monkeypatch.setattr(check_module, "INSTANCES", 40)
    report = check(claim("rq-3"))
    assert report.mutants_equivalent == 3 and report.mutants_rejected == report.mutants_total > 0


def test_the_fingerprint_changes_with_a_symbol():
    original = claim("su-4")
    changed = replace(
        original.statements[0], remainder=Expectation(Q(x), KL(P(z, given=x), Q(z, given=x)))
    )
    assert fingerprint(original) != fingerprint(replace(original, statements=(changed,)))
    assert fingerprint(original) == fingerprint(replace(original))


def test_fingerprints_are_the_same_in_every_process():
    script = """
from onekl.chapters import stated_claims
from onekl.claims.check import fingerprint
print([fingerprint(c) for c in stated_claims().values()])
"""
    runs = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        for seed in ("1", "2")
    ]
    assert runs[0].stdout == runs[1].stdout != ""


def test_left_and_right_are_never_the_same_expression():
    for stated in stated_claims().values():
        for statement in (*stated.statements, *stated.also):
            if isinstance(statement, Identity):
                assert statement.left != statement.right


def test_a_product_of_integrals_is_beyond_the_prover():
    squared = Identity(TABLES, left=marginal, right=Mul(marginal, marginal))
    with pytest.raises(CheckFailed, match="not proved|product"):
        check(Claim("su-4", (squared,)))


# Verdicts from refutations.
OFF = Counterexample(TABLES, of=Identity(TABLES, left=joint, right=marginal), at=(SAME_MARGINALS,))
AS_BOUND = Bound(TABLES, upper=joint, lower=marginal, remainder=remainder)


@pytest.mark.parametrize(
    "relation, statement, word",
    [
        ("=", AS_BOUND, "slip"),
        ("~", AS_BOUND, "bound only"),
        ("~", Identity(TABLES, left=joint, right=Add(marginal, remainder, evaluate=False)), "slip"),
        ("argument", AS_BOUND, "heuristic"),
    ],
)
def test_a_refutation_decides_the_verdict(relation, statement, word, monkeypatch):
    monkeypatch.setattr(check_module, "INSTANCES", 20)
    report = check(Claim("su-4", (statement,), refuted=(OFF,), relation=relation))
    assert report.verdict == word
    assert len(report.refuted) == 1 and r"\text{ and not }" in report.refuted[0]
    assert f"{check_module.REFUTED[word]}: " in report.text()


def test_what_is_not_refuted_exactly_is_no_refutation():
    true = Identity(TABLES, left=joint, right=Add(marginal, remainder, evaluate=False))
    same = Counterexample(TABLES, of=true, at=(SAME_MARGINALS,))
    with pytest.raises(CheckFailed, match="no counterexample"):
        check(Claim("su-4", (AS_BOUND,), refuted=(same,)))


def test_the_fingerprint_covers_refutations_and_the_relation():
    plain = Claim("su-4", (AS_BOUND,))
    others = [
        replace(plain, refuted=(OFF,)),
        replace(plain, relation="~"),
        replace(plain, printed="x"),
    ]
    assert len({fingerprint(c) for c in (plain, *others)}) == 4


def test_an_argument_needs_the_case_where_it_fails():
    with pytest.raises(CheckFailed, match="is an argument"):
        check(Claim("su-4", (AS_BOUND,), relation="argument"))
