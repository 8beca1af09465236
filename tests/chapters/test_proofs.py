"""Every statement of every claim is proved, with the premises and lines that its notebook reports.

The check of a claim also takes numbers and mutants, and minutes; the proofs alone take seconds.
"""

import pytest

from onekl.chapters import stated_claims
from onekl.claims.report import MIME
from onekl.ledger import outputs
from onekl.reading.nodes import printed
from onekl.reading.reader import ARTICLE
from onekl.symbolic.lines.display import display
from onekl.symbolic.lines.line import require_rules
from onekl.symbolic.notation import latex
from onekl.symbolic.premises import follows, premise_latex
from paths import NOTEBOOKS


def distinct(lines):
    return list(dict.fromkeys(lines))


def unstated(claim, statement, proof):
    """What a proof needs and the source does not state, as the report lists it."""
    known = [stated.premise for stated in claim.stated]
    needed = (*statement.given, *proof.needed)
    return [premise_latex(premise) for premise in needed if not follows(premise, known)]


def counted(claim):
    """The statements whose premises are the claim's: not those of words beside a printed sign."""
    signs = {step.place for step in ARTICLE[claim.id].steps} if claim.id in printed() else set()
    return [one for one in claim.statements if not signs or one.proves in {"", *signs}]


@pytest.fixture(scope="module")
def reports():
    """The report of each claim in the committed notebooks, by id."""
    paths = NOTEBOOKS.glob("*-check.ipynb")
    return {shown["id"]: shown for path in paths for shown in outputs(path, MIME)}


@pytest.mark.parametrize("claim", stated_claims().values(), ids=lambda claim: claim.id)
def test_the_proofs_use_what_the_notebook_reports(claim, reports):
    shown = reports[claim.id]
    main, beside = (
        [(one, one.prove()) for one in statements] for statements in (claim.statements, claim.also)
    )
    refutations = [(one, one.prove()) for one in claim.refuted]
    assert (
        distinct(p for one in counted(claim) for p in unstated(claim, one, one.prove()))
        == (shown["premises"])
    )
    assert distinct(step for _, proof in refutations for step in proof.steps) == (shown["refuted"])
    roles = ("claim", main), ("beside", beside), ("refuted", refutations)
    assert [
        (one["role"], one["statement"], one["proves"], one["equality"]) for one in shown["shown"]
    ] == [
        (role, one.latex(), one.proves, proof.equality)
        for role, some in roles
        for one, proof in some
    ]
    for step in shown["steps"]:
        about = [(one, proof) for _, some in roles for one, proof in some]
        needed = (unstated(claim, *both) for both in about if both[0].proves == step["place"])
        assert step["premises"] == distinct(p for some in needed for p in some), step["place"]
    added = [one["premises"] for one in shown["shown"] if one["role"] == "beside"]
    assert added == [distinct(unstated(claim, one, proof)) for one, proof in beside]


@pytest.mark.parametrize("claim", stated_claims().values(), ids=lambda claim: claim.id)
def test_the_lines_of_the_proofs_are_those_that_the_notebook_reports(claim, reports):
    every = (*claim.statements, *claim.also, *claim.refuted)
    for statement, shown in zip(every, reports[claim.id]["shown"], strict=True):
        lines = statement.derivation()
        require_rules(lines)
        assert [(row["sign"], row["latex"], row["rule"]) for row in shown["rows"]] == [
            (line.sign, latex(line.expression), line.rule) for line in lines
        ]
        assert shown["derivation"] == display(lines)
