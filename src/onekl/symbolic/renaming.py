"""What a prover does with copies: integrals are compared up to the names of their letters.

A term over fewer letters than the others is completed by densities that integrate to 1, and each
term is replaced by the mean over all exchanges of x, x′, …, which leaves its value as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sympy import Expr, Rational, Symbol

from onekl.symbolic.algebra import Density, Joint
from onekl.symbolic.copies import alphabet, level, renamings, shifted
from onekl.symbolic.notation import latex
from onekl.symbolic.premises import Finite, Support
from onekl.symbolic.proof import NotProved
from onekl.symbolic.terms import IntegralTerm


def alone(term: IntegralTerm) -> list[IntegralTerm]:
    """The term as it is, where nothing has to be renamed."""
    return [term]


def mean_over_renamings(term: IntegralTerm) -> list[IntegralTerm]:
    """Terms whose sum is the term: itself under each exchange of copies, with an equal share."""
    every = renamings(term.variables)
    if len(every) == 1:
        return [term]
    share = Rational(1, len(every))
    return [
        replace(
            term,
            coefficient=share * term.coefficient,
            parts=tuple(part.xreplace(renaming) for part in term.parts),
        )
        for renaming in every
    ]


def marginalised(term: IntegralTerm, joints: Sequence[Joint]) -> IntegralTerm:
    """The term with letters integrated out that stand in a symmetric or two-step law alone.

    ∫ p(x, x′) dx is a marginal, and p(x) p(x′|x) = p(x, x′).
    """
    for density in (f for f in term.parts if isinstance(f, Density) and f.roles):
        joint = next(j for j in joints if j.family == density.family)
        law = joint.condition(density) if density.given else None
        whole = joint.whole(density)
        rest = list(term.parts)
        for part in (density, law) if law is not None else (density,):
            if part not in rest:
                break
            rest.remove(part)
        else:
            kept = _used_letters(whole, rest, term.variables)
            if isinstance(whole, Density) and kept and len(kept) < len(whole.over):
                return marginalised(_with_marginal(term, rest, whole, joint, kept), joints)
    return term


def _used_letters(
    whole: Expr, rest: Sequence[Expr], variables: tuple[Symbol, ...]
) -> tuple[Symbol, ...]:
    """The letters of a joint density that are not integrated out, or stand in the other parts."""
    elsewhere = set().union(*(part.free_symbols for part in rest))
    return tuple(v for v in whole.free_symbols if v in elsewhere or v not in variables)


def _with_marginal(
    term: IntegralTerm,
    rest: Sequence[Expr],
    whole: Density,
    joint: Joint,
    kept: tuple[Symbol, ...],
) -> IntegralTerm:
    """The term with a joint density replaced by its marginal over the kept letters."""
    marginal = joint.marginal(whole, kept)
    gone = tuple(v for v in whole.over if v not in kept)
    return replace(
        term,
        parts=(marginal, *rest),
        variables=tuple(v for v in term.variables if v not in gone),
    )


def completing(
    term: IntegralTerm,
    variables: Iterable[Symbol],
    joints: Sequence[Joint],
    seen: Iterable[Density] = (),
) -> list[Density]:
    """Densities of the variables that the term lacks, by which it may be multiplied.

    Each integrates to 1. First choice are those of the term's own families, then densities that
    are `seen` in other terms, then densities at copies of a joint's variables.
    NotProved where no joint has such a density.
    """
    missing = tuple(v for v in variables if v not in term.variables)
    if not missing:
        return []
    free = set().union(*(part.free_symbols for part in term.parts))
    families = {part.family for part in term.parts if isinstance(part, Density)}
    own = [joint for joint in joints if joint.family in families]
    beside = [f for f in term.parts if isinstance(f, Density) and f.roles]
    fitting = [d for d in seen if set(d.over) == set(missing) and set(d.given) <= free]
    ways = (
        _beside(missing, beside, {joint.family: joint for joint in joints}),
        _at_own_letters(missing, free, own),
        fitting[:1] if any(map(level, missing)) else [],
        _at_copies(missing, free, own),
        _at_own_letters(missing, free, joints),
        _at_copies(missing, free, joints),
    )
    found = next((way for way in ways if way), [])
    if not found:
        names = ", ".join(map(latex, missing))
        raise NotProved(f"no joint has a density of {names} beside {latex(term.integrand)}")
    return found


def _beside(
    missing: tuple[Symbol, ...], densities: Sequence[Density], joints: dict[str, Joint]
) -> list[Density]:
    """The missing letters given a density's own, in a family with two axes of one alphabet."""
    for density in (d for d in densities if not d.given):
        joint = joints[density.family]
        lowered, letters = joint.at_own_letters(density)
        names = {own: letters[own] for own in lowered.over}
        for letter in missing:
            free = [
                v for v in joint.variables if v not in names and alphabet(v) == alphabet(letter)
            ]
            names |= {free[0]: letter} if free else {}
        absent = [v for v, letter in names.items() if letter in missing]
        if len(absent) == len(missing):
            return [joint(*absent, given=lowered.over).xreplace(names)]
    return []


def _at_own_letters(
    missing: tuple[Symbol, ...], free: set[Symbol], joints: Sequence[Joint], primes: int = 0
) -> list[Density]:
    """The density of the letters, lowered by the primes, of the first joint that has them all."""
    lowered = tuple(shifted(v, -primes) for v in missing)
    for joint in joints:
        if set(lowered) <= set(joint.variables):
            raised = {v: shifted(v, primes) for v in joint.variables}
            known = tuple(v for v, up in raised.items() if up in free and v not in lowered)
            return [joint(*lowered, given=known).xreplace(raised)]
    return []


def _at_copies(
    missing: tuple[Symbol, ...], free: set[Symbol], joints: Sequence[Joint]
) -> list[Density]:
    """Densities of the letters with one number of primes at a time; none where one has no joint."""
    found = []
    for primes in sorted(set(map(level, missing))):
        letters = tuple(v for v in missing if level(v) == primes)
        density = _at_own_letters(letters, free, joints, primes)
        if not density:
            return []
        found += density
    return found


def distinct(premises: Iterable[Support | Finite]) -> tuple[Support | Finite, ...]:
    """The premises without idle conditions, and without those that only repeat another.

    A premise repeats another where it says the same at other letters; support is told at the
    lowest ones.
    """
    kept: dict[frozenset, Support | Finite] = {}
    for premise in premises:
        if isinstance(premise, Finite):
            said = (frozenset({getattr(premise.total, "integrand", premise.total)}),)
        else:
            premise = _lowered(_without_idle_conditions(premise))
            said = (frozenset(premise.any_of), frozenset(premise.where))
        kept.setdefault(_at_lowest_letters(*said), premise)
    return tuple(kept.values())


def _without_idle_conditions(premise: Support) -> Support:
    """Without densities at letters that the rest of the premise lacks: each is positive somewhere.

    Where p(x) p(x′) > 0, q(x′) > 0 says no less than where p(x′) > 0.
    """

    def is_idle(factor: Expr) -> bool:
        others = [f for f in (*premise.any_of, *premise.where) if f != factor]
        apart = not any(f.free_symbols & factor.free_symbols for f in others)
        return isinstance(factor, Density) and not factor.given and apart

    return Support(premise.any_of, tuple(f for f in premise.where if not is_idle(f)))


def _lowered(premise: Support) -> Support:
    """The premise at x, x′, … for the letters of each alphabet in the order of their primes."""
    letters = set().union(*(f.free_symbols for f in (*premise.any_of, *premise.where)))
    names = _lowest(sorted(letters, key=level))
    any_of, where = (
        tuple(f.xreplace(names) for f in some) for some in (premise.any_of, premise.where)
    )
    return Support(any_of, where)


def _lowest(letters: Iterable[Symbol]) -> dict[Symbol, Symbol]:
    """For the letters of each alphabet x, x′, … in turn."""
    places = Counter[Symbol]()
    names = {}
    for letter in letters:
        names[letter] = shifted(alphabet(letter), places[alphabet(letter)])
        places[alphabet(letter)] += 1
    return names


def _at_lowest_letters(*groups: frozenset[Expr]) -> frozenset[tuple[frozenset[Expr], ...]]:
    """What some expressions are at every choice of x, x′, … for the letters of each alphabet."""
    lowest = _lowest({v for group in groups for one in group for v in one.free_symbols})
    every = renamings(lowest.values())
    choices = [{v: renaming[low] for v, low in lowest.items()} for renaming in every]
    return frozenset(
        tuple(frozenset(one.xreplace(names) for one in group) for group in groups)
        for names in choices
    )
