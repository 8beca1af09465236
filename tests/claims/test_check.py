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
from onekl.claims.check import CheckFailed, check
from onekl.claims.claim import Claim
from onekl.claims.fingerprint import fingerprint
from onekl.claims.inventory import entry, inventory
from onekl.claims.numbers import INSTANCES
from onekl.claims.report import REFUTED
from onekl.examiner.draw import draw
from onekl.reading.nodes import printed
from onekl.symbolic.algebra import KL, Entropy, Expectation, SumOrIntegral
from onekl.symbolic.counterexample import Counterexample
from onekl.symbolic.lines.display import display
from onekl.symbolic.lines.line import RULES, START
from onekl.symbolic.mutants import mutants
from onekl.symbolic.notation import latex
from onekl.symbolic.proof import NotProved, Proof
from onekl.symbolic.statements import Bound, Identity
from onekl.symbolic.trials import Relation

# How far, at least, the ids of each kind go in the five texts that were read.
LAST = {"su-": 43, "su-t": 16, "rq-": 5, "gt-": 14, "sn-": 12, "avb-": 10, "avb-e": 3}
ANY = "su-t2"  # a claim that is no equation: its statements are of no printed step

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
    notes = {f"avb-{n}" for n in range(1, 9)}  # avb-9 and avb-10 are in words
    assert set(printed()) == {id for id in inventory() if re.fullmatch(r"su-\d+", id)} | notes


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
        ANY, (Identity(TABLES, left=joint, right=Add(marginal, -remainder, evaluate=False)),)
    )
    with pytest.raises(CheckFailed, match=f"{ANY} is not proved") as refusal:
        check(false)
    assert "\n" not in str(refusal.value)


def test_a_claim_without_statements_is_not_passed():
    with pytest.raises(CheckFailed, match="no statement"):
        check(Claim("gt-6", ()))


class Credulous(Identity):
    """A prover that believes anything, and shows no lines: numbers and mutants do not believe."""

    def _prove(self):
        return Proof()

    def derivation(self):
        return ()


class Blind(Identity):
    """Numbers that see nothing: they compare the left side with itself."""

    def trials(self):
        return (Relation(self.left, "=", self.left),)


class Stingy(Identity):
    """A statement that calls none of its mutants equivalent, and proves its own wording alone."""

    def _prove(self):
        if (self.left, self.right) != RQ_3:
            raise NotProved("another wording")
        return super()._prove()


RQ_3 = tuple(getattr(claim("rq-3").statements[0], side) for side in ("left", "right"))


TRUE = {"left": joint, "right": Add(marginal, remainder, evaluate=False)}


def test_numbers_refute_what_a_credulous_prover_accepts_and_name_the_instance():
    false = Credulous(TABLES, left=joint, right=marginal)
    with pytest.raises(CheckFailed, match=r"off by \S+ on instance \d+ of \d+$") as refusal:
        check(Claim(ANY, (false,)))
    told = str(refusal.value)
    assert told.startswith(f"{ANY} fails in numbers: ") and "\n" not in told


def test_mutants_expose_a_credulous_prover():
    with pytest.raises(CheckFailed, match="the prover accepts a mutant"):
        check(Claim(ANY, (Credulous(TABLES, **TRUE),)))


def test_mutants_expose_numbers_that_see_nothing():
    with pytest.raises(CheckFailed, match="no instance refutes a mutant"):
        check(Claim(ANY, (Blind(TABLES, **TRUE),)))


def test_a_mutant_that_no_instance_refutes_has_to_be_equivalent():
    left, right = RQ_3
    with pytest.raises(CheckFailed, match="no instance refutes"):
        check(Claim("rq-3", (Stingy(TABLES, left=left, right=right),)))


# The lines of a proof.

EXACT = Identity(TABLES, **TRUE)
LINES = EXACT.derivation()


def with_line(place, **changed):
    """The claim with one line of its proof changed."""
    line = replace(LINES[place], **changed)
    return Claim(ANY, (replace(EXACT, by=(*LINES[:place], line, *LINES[place + 1 :])),))


def test_the_report_shows_every_line_with_its_sign_its_rule_and_what_it_was_tried_on():
    (shown,) = check(Claim(ANY, (EXACT,))).shown
    assert len(LINES) >= 4 and shown.role == "claim" and shown.statement == EXACT.latex()
    assert [(row.sign, row.latex, row.rule) for row in shown.rows] == [
        (line.sign, latex(line.expression), line.rule) for line in LINES
    ]
    assert shown.rows[0].rule == "" and all(row.rule in RULES for row in shown.rows[1:])
    assert shown.derivation == display(LINES)
    assert shown.numbers.tried == INSTANCES
    assert shown.numbers.finite + shown.numbers.infinite == INSTANCES


@pytest.mark.parametrize("place", range(1, len(LINES) - 1))
def test_a_wrong_line_is_not_led_to_by_its_rule(place):
    wrong = with_line(place, expression=Mul(2, LINES[place].expression, evaluate=False))
    with pytest.raises(CheckFailed, match=f"line {place + 1} does not follow") as refusal:
        check(wrong)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("place", range(1, len(LINES) - 1))
def test_numbers_refute_a_wrong_line_where_the_rules_let_everything_pass(place, monkeypatch):
    for name, rule in RULES.items():
        monkeypatch.setitem(RULES, name, replace(rule, leads=lambda before, line: True))
    wrong = with_line(place, expression=Mul(2, LINES[place].expression, evaluate=False))
    named = re.escape(f"line {place + 1} ({LINES[place].rule}): ")
    where = named + r"the two sides are \S+ and \S+ on an instance"
    with pytest.raises(CheckFailed, match=where) as refusal:
        check(wrong)
    told = str(refusal.value)
    assert told.startswith(f"{ANY} fails in numbers: ") and "\n" not in told


@pytest.mark.parametrize(
    "lines, told",
    [
        (LINES[:-1], "end with"),
        (LINES[:1], "begin with"),
        (
            (*LINES[:-1], replace(LINES[-1], expression=Mul(2, LINES[-1].expression))),
            "end with",
        ),
        ((replace(LINES[1], rule="", sign=START), *LINES[2:]), "begin with"),
    ],
)
def test_lines_by_hand_lead_from_one_side_to_the_other(lines, told):
    with pytest.raises(CheckFailed, match=f"the lines by hand {told} .*, not ") as refusal:
        check(Claim(ANY, (replace(EXACT, by=lines),)))
    assert "\n" not in str(refusal.value)


def test_a_line_that_names_an_unknown_rule_is_refused_in_one_line():
    with pytest.raises(CheckFailed, match="line 2 names the unknown rule 'magic'") as refusal:
        check(with_line(1, rule="magic"))
    assert "\n" not in str(refusal.value)


def test_a_true_line_under_the_wrong_rule_is_refused():
    """Two lines that are equal do not prove the rule that is named."""
    assert LINES[1].rule == "definition"
    with pytest.raises(CheckFailed, match="line 2 does not follow .* by 'linearity'"):
        check(with_line(1, rule="linearity"))


def test_a_statement_without_lines_is_not_passed():
    lineless = type("Lineless", (Identity,), {"_derivation": Identity.__bases__[0]._derivation})
    with pytest.raises(CheckFailed, match="no lines are found for .*: write them by hand"):
        check(Claim(ANY, (lineless(TABLES, **TRUE),)))


# The instances.


def test_zeros_strike_each_table_for_itself_and_half_of_the_instances_have_none():
    """Every combination of tables with and without a zero is drawn, also at other cells."""
    struck = {"p": 0, "q": 0, "both": 0, "neither": 0, "elsewhere": 0}
    for batch in draw(TABLES, INSTANCES):
        zero = {family: table == 0 for family, table in batch.tables.items()}
        p, q = (zero[joint.family].reshape(-1, batch.count) for joint in (P, Q))
        has_p, has_q = p.any(axis=0), q.any(axis=0)
        struck["p"] += (has_p & ~has_q).sum()
        struck["q"] += (has_q & ~has_p).sum()
        struck["both"] += (has_p & has_q).sum()
        struck["neither"] += (~has_p & ~has_q).sum()
        struck["elsewhere"] += (has_p & has_q & (p != q).any(axis=0)).sum()
    assert sum(struck[kind] for kind in ("p", "q", "both", "neither")) == INSTANCES
    assert struck["neither"] >= INSTANCES // 2
    assert min(struck["p"], struck["q"]) > 30 and struck["both"] > 100
    assert struck["elsewhere"] > struck["both"] / 2


def test_infinite_agreement_and_zeros_are_counted_apart():
    (shown,) = check(Claim(ANY, (EXACT,))).shown
    found = shown.numbers
    assert found.infinite > 100 and found.finite >= INSTANCES // 2
    assert 300 < found.zeros <= INSTANCES // 2 and found.infinite <= found.zeros
    assert (
        f"({found.finite} finite, {found.infinite} infinite alike; {found.zeros} with a zero)"
        in (found.text())
    )


def test_a_premise_that_no_source_states_makes_holds_if():
    split = Identity(
        TABLES,
        left=marginal,
        right=Add(-SumOrIntegral(P(x) * log(Q(x)), (x,)), -Entropy(P(x)), evaluate=False),
    )
    report = check(Claim(ANY, (split,)))
    assert report.verdict == "holds if" and all("finite" in line for line in report.premises)


def test_equivalent_mutants_are_counted_apart():
    report = check(claim("rq-3"))
    assert report.mutants_equivalent == 3 and report.mutants_rejected == report.mutants_total > 0


def test_the_fingerprint_changes_with_a_symbol():
    original = claim("su-4")
    apart, bound = original.statements
    changed = replace(bound, remainder=Expectation(Q(x), KL(P(z, given=x), Q(z, given=x))))
    assert fingerprint(original) != fingerprint(replace(original, statements=(apart, changed)))
    assert fingerprint(original) == fingerprint(replace(original))


def test_fingerprints_are_the_same_in_every_process():
    script = """
from onekl.chapters import stated_claims
from onekl.claims.fingerprint import fingerprint
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
        check(Claim(ANY, (squared,)))


# Verdicts from refutations.
OFF = Counterexample(TABLES, of=Identity(TABLES, left=joint, right=marginal), at=(SAME_MARGINALS,))
AS_BOUND = Bound(TABLES, upper=joint, lower=marginal, remainder=remainder)


@pytest.mark.parametrize("argument, word", [(False, "slip"), (True, "heuristic")])
def test_a_refutation_decides_the_verdict(argument, word):
    report = check(Claim(ANY, (AS_BOUND,), refuted=(OFF,), argument=argument))
    assert report.verdict == word
    assert len(report.refuted) == 1 and r"\text{ and not }" in report.refuted[0]
    assert f"{REFUTED[word]}: " in report.text()


def test_a_tilde_that_is_refuted_is_a_bound_only_where_a_bound_is_proved():
    refuted = (replace(OFF, proves="su-25.1"),)
    equation = Identity(TABLES, left=joint, right=Add(marginal, remainder, evaluate=False))
    for statement, word in ((AS_BOUND, "bound only"), (equation, "slip")):
        report = check(Claim("su-25", (statement,), refuted=refuted))
        assert report.verdict == word
        assert f"{REFUTED[word]}: " in report.text()


def test_what_is_not_refuted_exactly_is_no_refutation():
    true = Identity(TABLES, left=joint, right=Add(marginal, remainder, evaluate=False))
    same = Counterexample(TABLES, of=true, at=(SAME_MARGINALS,))
    with pytest.raises(CheckFailed, match="no counterexample"):
        check(Claim(ANY, (AS_BOUND,), refuted=(same,)))


def test_the_fingerprint_covers_refutations_arguments_and_the_printed_step():
    plain = Claim(ANY, (AS_BOUND,))
    others = [
        replace(plain, refuted=(OFF,)),
        replace(plain, argument=True),
        replace(plain, statements=(replace(AS_BOUND, proves="su-4.2"),)),
    ]
    assert len({fingerprint(c) for c in (plain, *others)}) == 4


def test_an_argument_needs_the_case_where_it_fails():
    with pytest.raises(CheckFailed, match="is an argument"):
        check(Claim(ANY, (AS_BOUND,), argument=True))


def test_a_printed_sign_that_nothing_proves_is_named():
    half = replace(claim("su-4"), statements=claim("su-4").statements[:1])
    with pytest.raises(CheckFailed, match="^su-4 proves nothing of su-4.2: give it in `proves`$"):
        check(half)


def test_a_refuted_step_in_words_is_told_and_leaves_the_word_of_the_signs():
    one = claim("su-22")
    (counter,) = one.refuted
    quadratic = replace(one.statements[0], proves="su-22.2")
    beside = replace(
        one, refuted=(replace(counter, proves="su-22.a"),), statements=(*one.statements, quadratic)
    )
    report = check(beside)
    assert report.verdict == "holds if" and "refuted: " in report.text()
    assert {s.place: s.verdict for s in report.steps}["su-22.a"] == "slip"
