"""Every statement of every claim is proved, with the premises that its notebook reports.

The check of a claim also takes numbers and mutants, and minutes; the proofs alone take seconds.
"""

import pytest

from onekl.chapters import stated_claims
from onekl.claims.check import MIME
from onekl.ledger import outputs
from onekl.symbolic.premises import follows, premise_latex
from paths import NOTEBOOKS


def distinct(lines):
    return list(dict.fromkeys(lines))


def unstated(claim, statement, proof):
    """What a proof needs and the source does not state, as the report lists it."""
    known = [stated.premise for stated in claim.stated]
    needed = (*statement.given, *proof.needs)
    return [premise_latex(premise) for premise in needed if not follows(premise, known)]


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
    refutations = [one.prove() for one in claim.refuted]
    assert [one.latex() for one in claim.statements] == shown["statements"]
    assert (
        distinct(p for one, proof in main for p in unstated(claim, one, proof))
        == (shown["premises"])
    )
    assert [(one.latex(), distinct(unstated(claim, one, proof))) for one, proof in beside] == [
        (added["statement"], added["premises"]) for added in shown["additions"]
    ]
    assert distinct(step for proof in refutations for step in proof.steps) == shown["refuted"]
    proofs = [proof for _, proof in (*main, *beside)]
    assert distinct(rule for proof in proofs for rule in proof.rules) == shown["rules"]
    assert distinct(filter(None, (proof.equality for proof in proofs))) == shown["equality"]
