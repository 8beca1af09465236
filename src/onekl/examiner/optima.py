"""Optima on batches: other choices must do worse, and a generic minimiser must find none better."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from sympy import Expr, Mul, Symbol
from sympy.core.function import AppliedUndef

from onekl.examiner.bounded import Bounded
from onekl.examiner.evaluate import Known
from onekl.examiner.vectors import Examiner
from onekl.symbolic.algebra import ClassProbability, Density, SumOrIntegral, define
from onekl.symbolic.trials import Best

TIED = 1e-6  # values that are further apart than this are different
HALVINGS = 24  # of the steps of the minimiser, the first of which is FIRST
FIRST = 4.0


def rivals(best: Best, value: Examiner) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """By how much another choice falls below the optimum, with its rounding, and where it ties.

    Each is (count,), the largest so far, after one choice more; a choice that is worse by more than
    rounding has a negative amount. A tie is 1 where another choice does as well, where the optimum
    leaves its range, or where it is not defined and the choice counts.
    """
    optimum, undefined, free = _optimum(best, value)
    filled = Bounded.where(undefined, Bounded(0.5), optimum)
    low = _with(best, value, filled)
    short = np.full(value.batch.count, -np.inf)
    bound, tied = np.zeros(value.batch.count), _out_of_range(best, value, filled)
    for choice, changed in _choices(best, value, filled):
        high = _with(best, value, choice)
        with np.errstate(all="ignore"):
            below = np.where(low.value == high.value, 0.0, low.value - high.value)
            below = np.where(np.isnan(below), np.inf, below)
            rounding = low.error + high.error
            apart = abs(choice.value - filled.value) > TIED
            there = _any(changed & apart & ~undefined & ~free, value)
            counts = _any(changed & undefined & ~free, value) & ~_any(changed & ~undefined, value)
            tie = there & (below == 0) & np.isfinite(low.value)
            tie |= counts & ~(abs(below) <= rounding)
        keeps = ~_any(changed & undefined & ~free, value) | counts
        short = np.maximum(short, np.where(keeps & ~counts, below, -np.inf))
        bound = np.maximum(bound, rounding + np.zeros(value.batch.count))
        tied = tied | tie
        yield short, bound, tied.astype(float)


def _with(best: Best, value: Examiner, choice: Bounded) -> Bounded:
    """The functional with the unknown replaced, (count,)."""
    found = Examiner(value.batch, {**value.known, **_known(best.unknown, choice)})(best.functional)
    return Bounded(found.value.reshape(-1), found.error.reshape(-1))


def _known(unknown: Expr, choice: Bounded) -> Known:
    if isinstance(unknown, ClassProbability):
        return {unknown: choice, unknown.other: Bounded(1.0) - choice}
    return {unknown: choice}


def _optimum(best: Best, value: Examiner) -> tuple[Bounded, np.ndarray, np.ndarray]:
    """The claimed optimum, where it is not defined, and where it is given a null event."""
    at = define(best.at)
    found = value(at)
    undefined = ~np.isfinite(found.value)
    for product in _products(at):
        parts = [value(factor) for factor in product.args]
        zero = np.logical_or.reduce(np.broadcast_arrays(*(p.value == 0 for p in parts)))
        infinite = np.logical_or.reduce(np.broadcast_arrays(*(np.isinf(p.value) for p in parts)))
        undefined = undefined | (zero & infinite)
    free = np.zeros(1, dtype=bool)
    for density in (d for d in best.at.atoms(Density) if d.given):
        k = len(density.over)
        place = [value.letters(v) for v in density.given]
        axes = density.axes(value.batch.axes[density.family])[k:]
        free = free | (value.batch.mass(density.family, axes, place) == 0)
    return found, undefined, free


def _products(expression: Expr) -> list[Expr]:
    """The products in an expression that stand in no integral."""
    if isinstance(expression, SumOrIntegral):
        return []
    inside = [product for part in expression.args for product in _products(part)]
    return [expression, *inside] if isinstance(expression, Mul) else inside


def _out_of_range(best: Best, value: Examiner, optimum: Bounded) -> np.ndarray:
    """Where the optimum is no value of D, no density, no positive and no real number."""
    number, error = optimum.value, optimum.error
    if isinstance(best.unknown, AppliedUndef):
        return _any(~np.isfinite(number), value)
    if isinstance(best.unknown, ClassProbability):
        return _any((number < -error) | (number > 1 + error), value)
    if isinstance(best.unknown, Density):
        mass = optimum
        for variable in best.unknown.over:
            mass = value.batch.total(variable, mass)
        return _any((number < -error) | (abs(mass.value - 1) > 1e-9), value)
    return _any(~(number > 0), value)


def _any(where: np.ndarray, value: Examiner) -> np.ndarray:
    """Whether something holds at some letters, (count,)."""
    count = value.batch.count
    return (
        np.broadcast_to(where, np.broadcast_shapes(where.shape, (count,)))
        .reshape(-1, count)
        .any(axis=0)
    )


def _choices(best: Best, value: Examiner, optimum: Bounded) -> Iterator[tuple[Bounded, np.ndarray]]:
    """Other values of the unknown, and where they are not the optimum's."""
    other = value(best.unknown)
    everywhere = np.ones(1, dtype=bool)
    yield other, everywhere
    if isinstance(best.unknown, Density):
        half = Bounded(0.5)
        yield other * half + optimum * half, everywhere
    if isinstance(best.unknown, (ClassProbability, AppliedUndef)):
        arguments = _arguments(best.unknown)
        for place in np.ndindex(*(value.batch.size(v) for v in arguments)):
            here = everywhere
            for variable, letter in zip(arguments, place):
                here = here & (value.letters(variable) == letter)
            yield Bounded.where(here, other, optimum), here


def _arguments(unknown: ClassProbability | AppliedUndef) -> tuple[Expr, ...]:
    """What D, or a function, is taken at."""
    return unknown.arguments if isinstance(unknown, ClassProbability) else unknown.args


def distance_to_best(best: Best, value: Examiner) -> tuple[np.ndarray, np.ndarray]:
    """The best value that a generic minimiser finds less the value at the optimum, and rounding.

    It is a compass search without derivatives, over numbers that are not bounded: the logits of D,
    the logarithms of a density's or of a number's values, a function's values. Each is (count,).
    """
    optimum, undefined, _ = _optimum(best, value)
    low = _with(best, value, Bounded.where(undefined, Bounded(0.5), optimum))
    reached = _compass(best, value)
    return reached - low.value, low.error + np.zeros(value.batch.count)


def _compass(best: Best, value: Examiner) -> np.ndarray:
    """The value that a compass search reaches on each instance, (count,).

    All moves of one step are tried at once, on as many copies of the instances, and the best one
    is made.
    """
    shape, _ = _unbounded(best.unknown, value)
    cells, count = int(np.prod(shape)), value.batch.count
    copies = Examiner(value.batch.chosen(np.tile(np.arange(count), 2 * cells)))
    _, to_choice = _unbounded(best.unknown, copies)
    moves = np.concatenate([np.eye(cells), -np.eye(cells)])
    place = np.zeros((cells, count))

    def tried(step: float) -> tuple[np.ndarray, np.ndarray]:
        trial = place[:, None, :] + step * moves.T[:, :, None]
        there = _with(best, copies, to_choice(trial.reshape(*shape, -1))).value
        return trial, np.where(np.isnan(there), np.inf, there).reshape(2 * cells, count)

    reached = tried(0.0)[1][0]
    step, instance = FIRST, np.arange(count)
    for _ in range(HALVINGS):
        moved = True
        while moved:
            trial, there = tried(step)
            chosen = there.argmin(axis=0)
            found, to = there[chosen, instance], trial[:, chosen, instance]
            better = found < reached - 1e-12 * (1 + abs(reached))
            moved = bool((better & (abs(to).max(axis=0) < 60)).any())
            place = np.where(better, to, place)
            reached = np.where(better, found, reached)
        step /= 2
    return reached


def _unbounded(
    unknown: Expr, value: Examiner
) -> tuple[tuple[int, ...], Callable[[np.ndarray], Bounded]]:
    """The shape of the numbers that the minimiser moves, and the choice that they stand for."""
    if isinstance(unknown, Symbol):
        return (), lambda numbers: Bounded(np.exp(numbers))
    own = unknown.over if isinstance(unknown, Density) else _arguments(unknown)
    shape = tuple(value.batch.size(v) for v in own)

    def on_axes(numbers: np.ndarray) -> np.ndarray:
        place = tuple(value.batch.letters(v) for v in own)
        return numbers[(*place, np.arange(value.batch.count))]

    if isinstance(unknown, ClassProbability):
        return shape, lambda numbers: Bounded(on_axes(1 / (1 + np.exp(-numbers))))
    if isinstance(unknown, AppliedUndef):
        return shape, lambda numbers: Bounded(on_axes(numbers))

    def density(numbers: np.ndarray) -> Bounded:
        raw = np.exp(numbers - numbers.max(axis=tuple(range(len(shape)))))
        return Bounded(on_axes(raw / raw.sum(axis=tuple(range(len(shape))))))

    return shape, density
