"""ALI's example on one letter of x with the codes 0 and 1, for su-43, su-t13, su-t14 and su-t16.

p(1|x) is ¼ before the step and t after it, q(1) is ½, and D is at its optimum, su-39.
"""

from __future__ import annotations

import sympy
from sympy import Rational, S

from onekl.reading.glossary import OLD_P, OLD_Q, P, Q
from onekl.symbolic.instance import Instance, table_of_pairs

t = sympy.Symbol("t", positive=True)
HALF, QUARTER = Rational(1, 2), Rational(1, 4)

# A place far from the match: the encoder has not moved yet.
FAR = Instance(
    tables=(
        (P, [[1 - t, t]]),
        (Q, [[HALF, HALF]]),
        (OLD_P, [[1 - QUARTER, QUARTER]]),
        (OLD_Q, [[HALF, HALF]]),
    ),
    functions=(table_of_pairs("D", [[Rational(3, 5), Rational(1, 3)]]),),
    values=((t, QUARTER),),
)
# D = ½ at every pair: neither loss is the other's negative.
EVENLY_UNSURE = Instance(
    tables=((P, [[S.One, S.Zero]]), (Q, [[HALF, HALF]])),
    functions=(table_of_pairs("D", [[HALF, HALF]]),),
)
