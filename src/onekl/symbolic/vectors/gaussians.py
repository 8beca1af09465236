r"""The step from one coordinate of a Gaussian vector to d of them.

The coordinates are independent, so that a KL or a mean under such a Gaussian is a sum over
coordinates; the step from k coordinates to k + 1 is proved for unknown densities, by
`divergence_step` and `mean_step`.
"""

from __future__ import annotations

from functools import cache

import sympy
from sympy import Add, Function, Symbol

from onekl.symbolic.algebra import KL, Expectation, Joint
from onekl.symbolic.sampling import RandomTables
from onekl.symbolic.statements import Identity


@cache
def divergence_step() -> Identity:
    """The step of the induction for a KL: the first coordinates, x, and the next one, y."""
    p, q, first, next_ = _coordinates_so_far()
    left = KL(p[0](first) * p[1](next_), q[0](first) * q[1](next_))
    right = Add(KL(p[0](first), q[0](first)), KL(p[1](next_), q[1](next_)), evaluate=False)
    return _proved(Identity(RandomTables((*p, *q)), left=left, right=right))


@cache
def mean_step() -> Identity:
    """The step of the induction for a mean of a sum over coordinates, with unknown summands."""
    p, _, first, next_ = _coordinates_so_far()
    f, g = (Function(name, real=True) for name in "fg")
    left = Expectation(p[0](first) * p[1](next_), f(first) + g(next_))
    right = Add(
        Expectation(p[0](first), f(first)), Expectation(p[1](next_), g(next_)), evaluate=False
    )
    return _proved(Identity(RandomTables(p), left=left, right=right))


@cache
def conditional_step() -> Identity:
    """A KL of joints that share the density of z is the mean of the KL at each z."""
    x, z = sympy.symbols("x z")
    p, q = Joint("p", (x, z)), Joint("q", (x, z))
    joint = KL(p(x, given=z) * p(z), q(x, given=z) * p(z))
    right = Expectation(p(z), KL(p(x, given=z), q(x, given=z)))
    return _proved(Identity(RandomTables((p, q)), left=joint, right=right))


def _coordinates_so_far() -> tuple[tuple[Joint, Joint], tuple[Joint, Joint], Symbol, Symbol]:
    """Two products of unknown densities of the first coordinates and of the next one."""
    first, next_ = sympy.symbols("x y")
    p, q = (
        tuple(Joint(f"{name}_{k}", (v,)) for k, v in enumerate((first, next_), 1)) for name in "pq"
    )
    return p, q, first, next_


def _proved(identity: Identity) -> Identity:
    """The identity, once it is proved; NotProved otherwise."""
    identity.prove()
    return identity
