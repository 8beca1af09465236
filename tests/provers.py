"""What the tests of the provers share: refusals in one line, and violations on instances."""

from random import Random

import mpmath
import pytest

from onekl.symbolic.mutants import mutants
from onekl.symbolic.numeric import DIGITS
from onekl.symbolic.premises import follows
from onekl.symbolic.proof import NotProved
from onekl.symbolic.statements import provable


def refusal(statement, why="."):
    """The message of a statement that is refused: one line, in the statement's own letters."""
    with pytest.raises(NotProved, match=why) as refused:
        statement.prove()
    message = str(refused.value)
    assert "\n" not in message and "Dummy" not in message
    return message


def worst(statement, count, imposed=()):
    """The largest violation on the first `count` instances, of those that keep to the premises."""
    with mpmath.workdps(DIGITS):
        violation = statement.compile()
        drawn = (statement.instances.draw(Random(k), k) for k in range(count))
        found = (violation(i) for i in drawn if not any(i.breaks(one) for one in imposed))
        return max(mpmath.inf if mpmath.isnan(one) else one for one in found)


def accepted(statement, mutant):
    """Whether the prover accepts a mutant under no more premises than the statement has."""
    known = statement.prove().imposed
    return provable(mutant) and all(follows(one, known) for one in mutant.prove().imposed)


def assert_mutants_agree(statement, count):
    """Each mutant is accepted by the prover exactly where it is not refuted."""
    found = mutants(statement)
    assert found
    for _, mutant in found:
        assert provable(mutant) == (worst(mutant, count) < 1e-9), mutant.latex()


def named(value):
    """The name of a test's parameter, the same in every process: a set's members in one order."""
    return str(sorted(value, key=str)) if isinstance(value, (set, frozenset)) else str(value)
