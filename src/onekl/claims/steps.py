"""Statements made of the steps that a source prints: both sides are the objects that were read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sympy import Add, Basic, Expr, Function, Mul, Pow, S, Symbol, log

from onekl.reading.reader import Best, Equation, Name, NotRead, Step
from onekl.symbolic.algebra import KL, Density, Expectation, LabelledJoint, SumOrIntegral
from onekl.symbolic.lines.written import mean_as_integral, product, replaced, total, with_values
from onekl.symbolic.objective import SameObjective
from onekl.symbolic.sampling import RandomParameters, RandomTables
from onekl.symbolic.statements import Bound, Identity


def expression(side: object) -> Expr:
    """A side of a step as an expression, an optimum by its objective; NotRead for a name."""
    side = side.objective if isinstance(side, Best) else side
    if not isinstance(side, Basic):
        raise NotRead(f"{side} is no expression")
    return side


def best(step: Step, kind: str, varied: str) -> Expr:
    """What a step's right side lowers or raises.

    NotRead for another optimum, or none, and where the left side names something else.
    """
    side, named = signed(step, "=").right, step.left
    if not isinstance(side, Best) or (side.kind, side.varied) != (kind, varied):
        raise NotRead(f"{step.place} has no arg {kind} over {varied}")
    if named != Name(varied) and not isinstance(named, Density):
        raise NotRead(f"{step.place} names something else than what it varies, {varied}")
    return side.objective


def best_of(equation: Equation, kind: str, varied: str) -> Expr:
    """What an equation without a sign lowers or raises; NotRead for another optimum, or none."""
    side = equation.expression
    if not isinstance(side, Best) or (side.kind, side.varied) != (kind, varied):
        raise NotRead(f"{equation.id} prints no {kind} over {varied}")
    return side.objective


def signed(step: Step, sign: str) -> Step:
    """The step, if this is its sign; NotRead for another one."""
    if step.sign != sign:
        raise NotRead(f"{step.place} has the sign {step.sign}, not {sign}")
    return step


def identity(step: Step, instances: RandomTables | RandomParameters, **more: Any) -> Identity:
    """The equation of the two sides as they are printed."""
    left, right = expression(signed(step, "=").left), expression(step.right)
    return Identity(instances, left=left, right=right, proves=step.place, **more)


def lifted(
    step: Step, instances: RandomTables, over: tuple[Symbol, ...], weight: Expr = S.One, **more: Any
) -> Identity:
    """An equation of functions: the integrals of both sides against any f ≥ 0 are equal.

    `over` are the variables that the printed sides leave open; f may be weighted.
    """
    f = Function("f", nonnegative=True)(*over)
    left, right = (
        SumOrIntegral(product(f, weight, expression(side)), over)
        for side in (signed(step, "=").left, step.right)
    )
    return Identity(instances, left=left, right=right, proves=step.place, **more)


def at_least(step: Step, instances: RandomTables, start: Expr) -> Bound:
    """A bound in a chain that starts with `start`: what is left out has to be never negative."""
    left, right = expression(signed(step, r"\geq").left), expression(step.right)
    terms = list(Add.make_args(left))
    if right not in terms:
        raise NotRead(f"{step.place} does not leave out terms of its left side")
    rest = [term for term in terms if term != right]
    return Bound(instances, upper=start, lower=right, remainder=total(*rest), proves=step.place)


def same_value(step: Step, instances: RandomTables) -> Identity:
    """Two optima over the same thing, whose objectives are equal."""
    require_optima(step)
    return identity(step, instances)


def same_optimum(
    step: Step, instances: RandomTables, varied: tuple[Expr, ...], rest: Expr
) -> SameObjective:
    """Two optima over the same thing, whose objectives differ by what does not vary."""
    require_optima(step)
    return SameObjective(
        instances,
        objective=step.left.objective,
        other=step.right.objective,
        varied=varied,
        rest=rest,
        proves=step.place,
    )


def require_optima(step: Step) -> None:
    """NotRead unless both sides are optima of one kind over one thing."""
    sides = step.left, step.right
    kinds = {(s.kind, s.varied) if isinstance(s, Best) else None for s in sides}
    if step.sign != "=" or len(kinds) > 1 or None in kinds:
        raise NotRead(f"{step.place} does not compare two optima of one kind over one thing")


def cases(step: Step) -> tuple[Expr, Expr]:
    """The two cases of a joint with the label; NotRead for anything else."""
    joint = signed(step, "=").right
    if not isinstance(joint, LabelledJoint) or not isinstance(step.left, Name):
        raise NotRead(f"{step.place} gives no case for each value of the label")
    return joint.one, joint.zero


def of_samples(step: Step, instances: RandomTables, laws: dict[Expr, Expr]) -> Identity:
    """An equation of means over samples and over codes, with the samples' laws put in.

    Terms that both sides print alike are left out.
    """
    sides = [list(Add.make_args(expression(s))) for s in (signed(step, "=").left, step.right)]
    common = [term for term in sides[0] if term in sides[1]]
    left, right = (total(*(t for t in side if t not in common)) for side in sides)
    as_integrals = replaced(
        left, lambda part: mean_as_integral(part) if isinstance(part, Expectation) else None
    )
    at_laws = with_values(as_integrals, laws)
    return Identity(instances, left=at_laws, right=right, proves=step.place)


def as_kl(integral: object) -> KL:
    """∫ a r log(a/b) as KL(a r ‖ b r), the definition of KL read backwards; NotRead otherwise."""
    if isinstance(integral, SumOrIntegral):
        parts = Mul.make_args(integral.integrand)
        logs = [part for part in parts if isinstance(part, log)]
        weight = [part for part in parts if part not in logs]
        above, below = _fraction(logs[0].args[0]) if len(logs) == 1 else ([], [])
        rest = [factor for factor in weight if factor not in above]
        if above and below and sorted((*rest, *above), key=str) == sorted(weight, key=str):
            return KL(product(*above, *rest), product(*below, *rest))
    raise NotRead(f"{integral} is no KL written as an integral")


def _fraction(inside: Expr) -> tuple[list[Expr], list[Expr]]:
    """The factors above and below, as they are printed."""
    parts = Mul.make_args(inside)
    under = [p for p in parts if isinstance(p, Pow) and p.exp == -1]
    return (
        [p for p in parts if p not in under],
        [factor for p in under for factor in Mul.make_args(p.base)],
    )


def drawn_from_its_own(side: Best) -> Best:
    """A mend: what is drawn from a density is that density's variable, whatever letter is printed.

    NotRead where every letter is drawn from its own density.
    """

    def change(part: Basic) -> Basic | None:
        if not isinstance(part, SumOrIntegral):
            return None
        weight, *value = Mul.make_args(part.integrand)
        if isinstance(weight, Density) and weight.over != part.variables:
            return Expectation(weight, product(*value))
        return None

    mended = replaced(side.objective, change)
    if mended == side.objective:
        raise NotRead("every letter is drawn from its own density: there is nothing to mend")
    return replace(side, objective=mended)
