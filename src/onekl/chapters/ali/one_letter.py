"""ALI's example on one letter of x with the codes 0 and 1, for su-t13 and su-t14.

p(1|x) is b before the step and t after it, q(1) is s, and D is d_0 and d_1 at the two codes.
"""

from __future__ import annotations

import sympy
from sympy import Add, Expr, Mul, Rational, log

from onekl.symbolic.sampling import RandomParameters

b, s, t, r, d_0, d_1 = sympy.symbols("b s t r d_0 d_1", positive=True)
codes = RandomParameters(
    ((b, 0.1, 0.9), (s, 0.1, 0.9), (t, 0.1, 0.9), (r, 0.1, 5), (d_0, 0.1, 0.9), (d_1, 0.1, 0.9))
)


def over_codes(at_1: Expr, at_0: Expr) -> Expr:
    """−t log at_1 − (1 − t) log at_0: the encoder's mean of −log of a value at the two codes."""
    return Add(Mul(-t, log(at_1)), Mul(-(1 - t), log(at_0)), evaluate=False)


kept = over_codes(d_1, d_0)  # the encoder's part of su-41; of su-42 it is −kept
kept_exchanged = over_codes(1 - d_1, 1 - d_0)  # of su-43
# the fourth term of su-40
dropped = Add(Mul(s, log(b / t)), Mul(1 - s, log((1 - b) / (1 - t))), evaluate=False)
# a place far from the match, with D at its optimum
FAR = (
    (b, Rational(1, 4)),
    (s, Rational(1, 2)),
    (t, Rational(1, 4)),
    (d_0, Rational(3, 5)),
    (d_1, Rational(1, 3)),
)
