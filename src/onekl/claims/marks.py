"""The word of each step of an equation, and the equation's own: that of its weakest sign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from onekl.claims.report import StepShown
from onekl.reading.nodes import printed
from onekl.reading.reader import ARTICLE
from onekl.reading.steps import BY_DECISION, steps_of

SAME_UP_TO = (r"\sim", r"\approx")  # the signs that a bound may stand behind

# From the weakest word to the strongest.
WORDS = ("slip", "bound only", "heuristic", "holds if", "exact", "choice", "definition")


@dataclass(frozen=True)
class Outcome:
    """What was shown of one step: whether it was refuted, and what its proofs need unsaid.

    `bounded` says that an inequality is proved in the place of what was refuted.
    """

    refuted: bool
    premises: tuple[str, ...]
    bounded: bool = False


def steps_shown(id: str, outcomes: Mapping[str, Outcome]) -> tuple[StepShown, ...]:
    """The steps of an equation with their words, in the order of the article."""
    if id not in printed():
        return ()
    signs = {step.place: step for step in ARTICLE[id].steps}
    found = []
    for step in steps_of(id):
        sign, outcome = signs.get(step.place), outcomes.get(step.place)
        printed_sign = sign.sign if sign else ""
        found.append(
            StepShown(
                place=step.place,
                kind=step.kind,
                sign=printed_sign,
                at=sign.at if sign else None,
                words=step.words,
                verdict=_word(step.kind, printed_sign, outcome),
                premises=outcome.premises if outcome else (),
                shown=step.shown,
            )
        )
    return tuple(found)


def _word(kind: str, sign: str, outcome: Outcome | None) -> str:
    """The word for what was shown of a step; "" for one that is shown elsewhere."""
    if outcome and outcome.refuted:
        return "bound only" if sign in SAME_UP_TO and outcome.bounded else "slip"
    if kind in BY_DECISION:
        return kind
    if outcome is None:
        return ""
    return "holds if" if outcome.premises else "exact"


def weakest_of(steps: tuple[StepShown, ...]) -> str:
    """The weakest word of the printed signs; of the steps in words where no sign is printed.

    What the text does between two equations has a word of its own, and leaves that of the equation
    alone.
    """
    signs = [step.verdict for step in steps if step.sign]
    words = signs or [step.verdict for step in steps if step.verdict]
    return min(words, key=WORDS.index) if words else ""
